//! One transaction machine alone, against a peer, a network and a user that do anything: every sequence of inputs up to
//! [`DEPTH`].
//!
//! The machine is seen from outside only: [`Transactions`] is given messages, a user's wishes and the time, and what it
//! sends and says is held to the rules of RFC 3261 section 17 and RFC 6026 as `rules` writes them down, independently
//! of the machine. Read first: RFC 3261 figures 5 to 8. Next: `rules.rs`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use imsconf::agent::{Addr, Transmit, Transport};
use imsconf::time::Time;
use imsconf::transaction::{
    ClientKey, Inbound, ServerKey, TimerSettings, TransactionError, TransactionEvent, Transactions,
};
use imsconf::wire::{Message, response_to};
use stateright::{Checker, Model, Property};

use super::rules::{Heard, Rules, Saw};
use super::tally::Tally;
use super::{Counterexample, Explored};
use crate::world::Fingerprint;

/// The longest sequence of inputs.
pub(super) const DEPTH: usize = 12;

/// A wait that is no multiple of any timer, so that inputs come at many different times.
const PAUSE: Duration = Duration::from_millis(130);

/// The most timers that run out one after the other when nothing else happens.
const MOST_TIMERS: usize = 64;

/// One of the four machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// RFC 3261 figure 5, RFC 6026 figure 5.
    InviteClient,
    /// RFC 3261 figure 6.
    NonInviteClient,
    /// RFC 3261 figure 7, RFC 6026 figure 7.
    InviteServer,
    /// RFC 3261 figure 8.
    NonInviteServer,
}

impl Machine {
    /// All four.
    pub const ALL: [Self; 4] = [Self::InviteClient, Self::NonInviteClient, Self::InviteServer, Self::NonInviteServer];

    pub(super) const fn is_client(self) -> bool {
        matches!(self, Self::InviteClient | Self::NonInviteClient)
    }

    pub(super) const fn is_invite(self) -> bool {
        matches!(self, Self::InviteClient | Self::InviteServer)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::InviteClient => "INVITE client",
            Self::NonInviteClient => "non-INVITE client",
            Self::InviteServer => "INVITE server",
            Self::NonInviteServer => "non-INVITE server",
        }
    }

    const fn method(self) -> &'static str {
        if self.is_invite() { "INVITE" } else { "REFER" }
    }

    fn inputs(self) -> &'static [Input] {
        match self {
            Self::InviteClient => &[
                Input::Response(100),
                Input::Response(180),
                Input::Response(200),
                Input::Forked,
                Input::Response(486),
                Input::Response(503),
                Input::OtherBranch,
                Input::OtherMethod,
                Input::Cancelled,
                Input::GiveUp,
                Input::TransportError,
            ],
            Self::NonInviteClient => &[
                Input::Response(100),
                Input::Response(200),
                Input::Response(481),
                Input::OtherBranch,
                Input::OtherMethod,
                Input::GiveUp,
                Input::TransportError,
            ],
            Self::InviteServer => &[
                Input::Copy,
                Input::Ack,
                Input::AckOfSuccess,
                Input::Cancel,
                Input::Answer(180),
                Input::Answer(200),
                Input::Answer(486),
                Input::TransportError,
            ],
            Self::NonInviteServer => &[
                Input::Copy,
                Input::Ack,
                Input::Cancel,
                Input::Answer(100),
                Input::Answer(200),
                Input::Answer(603),
                Input::TransportError,
            ],
        }
    }
}

/// What can happen to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Input {
    /// A response of the peer with this status.
    Response(u16),
    /// A 2xx with another To tag: of another branch of the call.
    Forked,
    /// A response that has another branch parameter.
    OtherBranch,
    /// A response that has this branch parameter and another method.
    OtherMethod,
    /// The 200 to the CANCEL.
    Cancelled,
    /// The user of a client gives up.
    GiveUp,
    /// The request once more.
    Copy,
    /// An ACK with the branch of the request.
    Ack,
    /// An ACK with a branch of its own, as for a 2xx.
    AckOfSuccess,
    /// A CANCEL of the request; its own transaction is answered at once.
    Cancel,
    /// The user of a server answers with this status.
    Answer(u16),
    /// The transport cannot deliver.
    TransportError,
    /// The next timer fires.
    Clock,
    /// Time passes, and no timer fires.
    Pause,
}

/// What is deliberately wrong at the boundary of a machine: the rules have to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It sends no ACK.
    NoAck,
    /// It sends everything twice.
    SendsTwice,
    /// It repeats nothing when a timer fires.
    NeverRepeats,
    /// Its copies differ from the first sending.
    CopiesDiffer,
    /// It does not see responses with a failure.
    DeafToFailure,
    /// It says that it timed out whenever a timer fires.
    Hasty,
    /// It forgets that the request has arrived.
    Forgetful,
}

/// A machine, the time, and what was seen of it.
#[derive(Clone, Debug, PartialEq)]
struct Alone {
    table: Transactions,
    /// The machine's, if it is a client.
    client: Option<ClientKey>,
    /// The machine's, if it is a server.
    server: Option<ServerKey>,
    now: Time,
    seen: Saw,
    broken: Option<&'static str>,
}

impl Hash for Alone {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut own = Fingerprint::new(self.now);
        (&self.table, &self.seen, self.broken).hash(&mut own);
        hasher.write_u64(own.finish());
    }
}

/// A machine and its surroundings.
#[derive(Debug)]
struct Setting {
    machine: Machine,
    transport: Transport,
    fault: Option<Fault>,
    request: Vec<u8>,
    tally: Arc<Tally>,
}

fn peer(transport: Transport) -> Addr {
    Addr { socket: ([192, 0, 2, 2], 5060).into(), transport }
}

/// A request of a client at 192.0.2.1.
fn request(method: &str, branch: &str, transport: Transport, to_tag: &str) -> Vec<u8> {
    format!(
        "{method} sip:bob@biloxi.example SIP/2.0\r\n\
         Via: SIP/2.0/{} 192.0.2.1;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\n\
         From: Alice <sip:alice@atlanta.example>;tag=88sja8x\r\n\
         To: Bob <sip:bob@biloxi.example>{to_tag}\r\n\
         Call-ID: 987asjd97y7atg\r\n\
         CSeq: 986759 {method}\r\n\
         Content-Length: 0\r\n\r\n",
        transport.via_token()
    )
    .into_bytes()
}

fn response(request: &[u8], status: u16, tag: &str) -> Vec<u8> {
    let message = Message::parse(request).ok();
    let tag = (status > 100).then_some(tag);
    message.and_then(|request| response_to(&request, status, "Reason", tag).render().ok()).unwrap_or_default()
}

const BRANCH: &str = "1";
const TAG: &str = "99sa0xk";

impl Setting {
    fn new(machine: Machine, transport: Transport, fault: Option<Fault>, tally: Arc<Tally>) -> Self {
        let request = request(machine.method(), BRANCH, transport, "");
        Self { machine, transport, fault, request, tally }
    }

    const fn rules(&self) -> Rules<'_> {
        Rules { machine: self.machine, reliable: self.transport.is_reliable(), request: self.request.as_slice() }
    }

    fn start(&self) -> Alone {
        let table = Transactions::new(TimerSettings::rfc3261());
        let seen = Saw::default();
        let mut alone = Alone { table, client: None, server: None, now: Time::EPOCH, seen, broken: None };
        let heard = if self.machine.is_client() {
            let started = alone.table.request(alone.now, self.request.clone(), peer(self.transport));
            let refused = started.clone().err();
            alone.client = started.ok();
            Heard { refused, ..Heard::default() }
        } else {
            let inbound = self.receive(&mut alone, &self.request);
            if let Inbound::Request(key) = &inbound {
                alone.server = Some(key.clone());
            }
            Heard { inbound: Some(inbound), ..Heard::default() }
        };
        let heard = self.collect(&mut alone, heard, None);
        alone.broken = self.rules().start(&heard).err();
        alone
    }

    fn receive(&self, alone: &mut Alone, bytes: &[u8]) -> Inbound {
        let Ok(message) = Message::parse(bytes) else { return Inbound::Absorbed };
        let deaf = self.fault == Some(Fault::DeafToFailure) && message.status().is_some_and(|status| status >= 300);
        if deaf {
            return Inbound::Absorbed;
        }
        alone.table.receive(alone.now, peer(self.transport), &message)
    }

    /// What came out of the machine, as the fault lets it through.
    fn collect(&self, alone: &mut Alone, heard: Heard, input: Option<Input>) -> Heard {
        let mut sent: Vec<Transmit> = std::iter::from_fn(|| alone.table.poll_transmit()).collect();
        let mut events: Vec<TransactionEvent> = std::iter::from_fn(|| alone.table.poll_event()).collect();
        let by_timer = input == Some(Input::Clock);
        match self.fault {
            Some(Fault::NoAck) => sent.retain(|transmit| !transmit.bytes.starts_with(b"ACK ")),
            Some(Fault::SendsTwice) => {
                sent = sent.iter().flat_map(|transmit| [transmit.clone(), transmit.clone()]).collect()
            }
            Some(Fault::NeverRepeats) if by_timer => sent.clear(),
            Some(Fault::CopiesDiffer) if by_timer => {
                sent.iter_mut().for_each(|transmit| transmit.bytes.extend_from_slice(b"\r\n"));
            }
            Some(Fault::Hasty) if by_timer => events.extend(alone.client.clone().map(TransactionEvent::TimedOut)),
            Some(
                Fault::NeverRepeats | Fault::CopiesDiffer | Fault::Hasty | Fault::DeafToFailure | Fault::Forgetful,
            )
            | None => {}
        }
        let inbound = match (self.fault, heard.inbound, input) {
            (Some(Fault::Forgetful), Some(Inbound::Absorbed), Some(Input::Copy)) => {
                alone.server.clone().map(Inbound::Request)
            }
            (_, inbound, _) => inbound,
        };
        Heard { sent: sent.into_iter().map(|transmit| transmit.bytes).collect(), events, inbound, ..heard }
    }

    /// Lets one input happen; none if it cannot happen now.
    fn step(&self, before: &Alone, input: Input) -> Option<Alone> {
        let mut after = before.clone();
        let heard = self.apply(&mut after, input)?;
        let heard = self.collect(&mut after, heard, Some(input));
        match self.rules().check(&before.seen, input, &heard) {
            Ok(seen) => after.seen = seen,
            Err(rule) => after.broken = Some(rule),
        }
        Some(after)
    }

    fn apply(&self, after: &mut Alone, input: Input) -> Option<Heard> {
        let arrives =
            |after: &mut Alone, bytes: &[u8]| Heard { inbound: Some(self.receive(after, bytes)), ..Heard::default() };
        let said = |refused: Option<TransactionError>| Heard { refused, ..Heard::default() };
        let other = |method: &str, branch: &str| request(method, branch, self.transport, "");
        Some(match input {
            Input::Response(status) => arrives(after, &response(&self.request, status, TAG)),
            Input::Forked => arrives(after, &response(&self.request, 200, "other")),
            Input::OtherBranch => arrives(after, &response(&other(self.machine.method(), "2"), 200, TAG)),
            Input::OtherMethod => arrives(after, &response(&other("NOTIFY", BRANCH), 200, TAG)),
            Input::Cancelled => arrives(after, &response(&other("CANCEL", BRANCH), 200, TAG)),
            Input::GiveUp => {
                let key = after.client.clone()?;
                said(after.table.cancel(after.now, &key).err())
            }
            Input::Copy => arrives(after, &self.request),
            Input::Ack => arrives(after, &request("ACK", BRANCH, self.transport, ";tag=99sa0xk")),
            Input::AckOfSuccess => arrives(after, &request("ACK", "3", self.transport, ";tag=99sa0xk")),
            Input::Cancel => {
                let cancel = other("CANCEL", BRANCH);
                let heard = arrives(after, &cancel);
                if let Some(Inbound::Cancel { cancel: key, .. } | Inbound::CancelWithoutEffect { cancel: key, .. }) =
                    &heard.inbound
                {
                    // The transaction of the CANCEL is not what this is about.
                    after.table.respond(after.now, key, response(&cancel, 200, TAG)).ok()?;
                    after.table.poll_transmit()?;
                }
                heard
            }
            Input::Answer(status) => {
                let bytes = response(&self.request, status, TAG);
                let key = after.server.clone()?;
                said(after.table.respond(after.now, &key, bytes).err())
            }
            Input::TransportError => {
                let to = if self.machine.is_client() { peer(self.transport) } else { self.asker() };
                after.table.transport_failed(after.now, to);
                Heard::default()
            }
            Input::Clock => {
                after.now = after.table.poll_timeout()?;
                after.table.timeout(after.now);
                Heard::default()
            }
            Input::Pause => {
                let later = after.now + PAUSE;
                if after.table.poll_timeout().is_none_or(|timer| timer <= later) {
                    return None;
                }
                after.now = later;
                after.table.timeout(later);
                Heard::default()
            }
        })
    }

    /// Where a server's responses go.
    fn asker(&self) -> Addr {
        if self.transport.is_reliable() {
            peer(self.transport)
        } else {
            Addr { socket: ([192, 0, 2, 1], 5060).into(), transport: self.transport }
        }
    }

    /// From every state the end is reached when the clock runs; where nothing runs, after what is waited for.
    fn ends(&self, alone: &Alone) -> Result<(), &'static str> {
        let mut end = self.run_clock(alone.clone())?;
        if !end.seen.is_over() {
            let awaited = if self.machine.is_client() { Input::Response(486) } else { Input::Answer(486) };
            end = self.step(&end, awaited).ok_or("what is waited for cannot come")?;
            end.broken.map_or(Ok(()), Err)?;
            end = self.run_clock(end)?;
        }
        let left = end.table.client_count() + end.table.server_count();
        if end.broken.is_none() && left > 0 {
            Err("a transaction is left when every timer has run out")
        } else {
            Ok(())
        }
    }

    fn run_clock(&self, mut alone: Alone) -> Result<Alone, &'static str> {
        for _ in 0..MOST_TIMERS {
            match self.step(&alone, Input::Clock) {
                Some(next) if next.broken.is_none() => alone = next,
                Some(broken) => return Err(broken.broken.unwrap_or_default()),
                None => return Ok(alone),
            }
        }
        Err("the clock runs for ever")
    }
}

impl Model for Setting {
    type State = Alone;
    type Action = Input;

    fn init_states(&self) -> Vec<Alone> {
        vec![self.start()]
    }

    fn actions(&self, alone: &Alone, actions: &mut Vec<Input>) {
        if alone.broken.is_some() {
            return;
        }
        let inputs = self.machine.inputs().iter().copied();
        // A request that comes again when everything is forgotten is another transaction.
        actions.extend(inputs.filter(|input| !(alone.seen.is_over() && matches!(input, Input::Copy | Input::Cancel))));
        actions.extend([Input::Clock, Input::Pause]);
    }

    fn next_state(&self, alone: &Alone, input: Input) -> Option<Alone> {
        let mut next = self.step(alone, input)?;
        if next.broken.is_none() {
            next.broken = self.ends(&next).err();
        }
        self.tally.evaluated(1);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("conforming", |_, alone: &Alone| alone.broken.is_none())]
    }
}

/// Every machine on both transports.
pub(super) fn all() -> impl Iterator<Item = (Machine, Transport)> {
    Machine::ALL.into_iter().flat_map(|machine| [Transport::Udp, Transport::Tcp].map(|transport| (machine, transport)))
}

/// Explores one machine.
pub(super) fn explore(machine: Machine, transport: Transport, fault: Option<Fault>) -> Explored {
    let tally = Arc::new(Tally::default());
    let setting = Setting::new(machine, transport, fault, Arc::clone(&tally));
    // Breadth first, since only so the depth of a state is that of the shortest way to it. A path of n inputs has n + 1
    // states, and the last ones are not looked at any more.
    let checker = setting.checker().threads(1).target_max_depth(DEPTH + 2).spawn_bfs().join();
    let failure = checker.discoveries().remove("conforming").map(|path| Counterexample::Inputs {
        rule: path.last_state().broken.unwrap_or_default(),
        inputs: path.into_actions().iter().map(|input| format!("{input:?}")).collect(),
    });
    Explored {
        name: format!("{}, {}", machine.name(), transport.via_token()),
        unique_states: checker.unique_state_count(),
        transitions: checker.state_count().saturating_sub(1),
        depth: checker.max_depth().saturating_sub(1).min(DEPTH),
        evaluations: tally.evaluations(),
        invariants: 0,
        actions: 0,
        complete: failure.is_none(),
        expected: None,
        failure,
    }
}
