//! The simulated world: real agents, the datagrams in flight between them, a virtual clock.
//!
//! Any datagram in flight may arrive next, be dropped or be doubled; a timer fires only when nothing is in flight. The
//! world is a plain value (`Clone + Eq + Hash`), so that it can be explored as well as run. What happened is returned
//! as an [`Outcome`], taken at the boundary of the agents and never from their inside.
//!
//! Read first: `schedule.rs` (what a step is), then [`World::apply`].

mod challenge;
mod clock;
mod command;
mod fingerprint;
mod hold;
mod ledger;
mod parts;
mod plain;
mod rough;
mod subject;
pub(crate) mod topology;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use imsconf::agent::{Addr, Agent, Transmit, Transport};
use imsconf::role::focus::Focus;
use imsconf::role::participant::Participant;
use imsconf::role::proxy::Proxy;
use imsconf::role::ue::Ue;
use imsconf::time::{Time, TimerClass};

pub use self::fingerprint::Fingerprint;
pub(crate) use self::fingerprint::fingerprint;
pub(crate) use self::ledger::Pool;
pub use self::ledger::{Content, Entry, Exchange, Identity, Ledger, Reply, Told};
pub(crate) use self::parts::{Parts, Setting};
pub use self::rough::Rough;
pub use self::subject::Subject;
pub use self::topology::{Node, creator_uri, user_uri};
use crate::deviation::Deviation;
use crate::observe::Party;
use crate::oracle::Sip;
use crate::schedule::{SecondOffer, Settings, Step};

/// The most datagrams that can be in flight; one more is dropped, as a full queue of a router would do.
pub const MAX_IN_FLIGHT: usize = 256;

/// A datagram on its way to its next hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Datagram {
    /// The hop that sent it.
    pub from: Node,
    /// The next hop.
    pub to: Node,
    /// How it travels: what TCP carries is neither lost nor doubled.
    pub transport: Transport,
    /// The message.
    pub bytes: Vec<u8>,
}

/// The agents, what is between them, and what time it is. Cloning is cheap: the parts are shared until they change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    settings: Settings,
    now: Time,
    ue: Arc<Ue>,
    p_cscf: Arc<Proxy>,
    s_cscf: Arc<Proxy>,
    focus: Arc<Focus>,
    users: Vec<Arc<Participant>>,
    refuses: Refuses,
    flight: Vec<Datagram>,
    lost: BTreeSet<Identity>,
    ledger: Arc<Ledger>,
    second_offer: SecondOffer,
    /// How often an agent came back without memory.
    restarts: u64,
    deviation: Option<Deviation>,
}

/// What the focus refuses at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Refuses {
    creation: bool,
    refer: bool,
}

/// One indivisible step: what a [`Step`] of a schedule is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// A user's or operator's command: one of the command steps.
    Command(Step),
    /// The datagram at this place arrives at its next hop.
    Deliver(usize),
    /// The datagram at this place is dropped.
    Drop(usize),
    /// The datagram at this place is doubled.
    Duplicate(usize),
    /// The message of which the datagram at this place is a copy never arrives.
    Lose(usize),
    /// The P-CSCF challenges the request with this number of those that it may challenge, counted round.
    Challenge(u16),
    /// What no procedure provides for.
    Rough(Rough),
    /// The next timer of one agent fires.
    Fire,
}

impl Move {
    /// The move that `step` is with so many datagrams in flight, which it counts round; none if it is several.
    pub fn of(step: Step, in_flight: usize) -> Option<Self> {
        let pick = |number: u16| usize::from(number).checked_rem(in_flight).unwrap_or(0);
        match step {
            Step::Deliver(number) => Some(Self::Deliver(pick(number))),
            Step::Drop(number) => Some(Self::Drop(pick(number))),
            Step::Duplicate(number) => Some(Self::Duplicate(pick(number))),
            Step::Lose(number) => Some(Self::Lose(pick(number))),
            Step::Challenge(number) => Some(Self::Challenge(number)),
            Step::Damage(number, bit) => Some(Self::Rough(Rough::Damage(pick(number), bit))),
            Step::Truncate(number, at) => Some(Self::Rough(Rough::Truncate(pick(number), at))),
            Step::Restart(number) => Some(Self::Rough(Rough::Restart(number))),
            Step::Fire => Some(Self::Fire),
            Step::CutOff(_) | Step::Flush | Step::Settle | Step::Idle => None,
            command => Some(Self::Command(command)),
        }
    }
}

/// What kind of thing a move turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happened {
    /// Nothing: the command was not possible, or there was no such datagram.
    Nothing,
    /// An agent took a command.
    Command(Step),
    /// A proxy was handed a datagram.
    Hop,
    /// A user agent was handed a message.
    Arrival(Entry),
    /// A copy was dropped.
    Dropped,
    /// A copy was doubled.
    Doubled,
    /// A message was lost for good.
    Lost,
    /// The P-CSCF challenged a request, or the UE was handed the challenge.
    Challenged,
    /// Something that no procedure provides for.
    Rough,
    /// A timer fired.
    Fired,
}

impl Happened {
    /// Whether it is a new call beside the conference, which is answered at once.
    pub(crate) const fn is_picked_up(self) -> bool {
        matches!(self, Self::Arrival(Entry { subject: Subject::PlainInvite(_), reply: None, first: true }))
    }
}

/// A message at the boundary of a user agent.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// Whose boundary.
    pub party: Party,
    /// The message.
    pub message: Arc<Sip>,
    /// What the ledger says of it.
    pub entry: Entry,
    /// The hop that it goes to or came from.
    pub hop: Addr,
    /// The datagram.
    pub bytes: Arc<[u8]>,
}

/// What a move did, as seen from outside the agents.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What kind of thing it was.
    pub happened: Happened,
    /// How much time passed before it.
    pub elapsed: Duration,
    /// The message that a user agent was handed, and from whom.
    pub arrived: Option<(Crossing, Party)>,
    /// What user agents sent in reaction, in order.
    pub sent: Vec<Crossing>,
}

impl Outcome {
    const fn of(happened: Happened) -> Self {
        Self { happened, elapsed: Duration::ZERO, arrived: None, sent: Vec::new() }
    }
}

impl World {
    /// A world in which nothing has happened yet; `deviation` makes it deliberately wrong.
    pub fn new(settings: Settings, deviation: Option<Deviation>) -> Self {
        let users = (0..settings.invited).map(|user| Arc::new(Participant::new(topology::participant(settings, user))));
        Self {
            settings,
            now: Time::EPOCH,
            ue: Arc::new(Ue::new(topology::ue(settings))),
            p_cscf: Arc::new(Proxy::new(topology::p_cscf(settings))),
            s_cscf: Arc::new(Proxy::new(topology::s_cscf(settings))),
            focus: Arc::new(Focus::new(topology::focus(settings))),
            users: users.collect(),
            refuses: Refuses::default(),
            flight: Vec::new(),
            lost: BTreeSet::new(),
            ledger: Arc::new(Ledger::new((0..settings.invited).map(user_uri).collect())),
            second_offer: SecondOffer::Prack,
            restarts: 0,
            deviation,
        }
    }

    /// The world's settings.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Virtual time.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The UE.
    pub fn ue(&self) -> &Ue {
        &self.ue
    }

    /// The focus.
    pub fn focus(&self) -> &Focus {
        &self.focus
    }

    /// The invited users.
    pub fn users(&self) -> &[Arc<Participant>] {
        &self.users
    }

    /// The datagrams in flight, oldest first.
    pub fn in_flight(&self) -> &[Datagram] {
        &self.flight
    }

    /// What was said so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where the UE was last told to put its second offer.
    pub const fn second_offer(&self) -> SecondOffer {
        self.second_offer
    }

    /// Whether some message was lost for good: on purpose, or because each of its copies was dropped.
    pub fn has_losses(&self) -> bool {
        !self.lost.is_empty() || !self.ledger.everything_arrived()
    }

    /// Whether nothing is in flight and nobody waits for anything but refreshes, expiries and late copies.
    pub fn is_quiescent(&self) -> bool {
        self.flight.is_empty() && !self.timer_pending(TimerClass::Protocol)
    }

    /// Whether a timer of this class is pending at any agent.
    pub fn timer_pending(&self, class: TimerClass) -> bool {
        let user_timers = self.users.iter().flat_map(|user| user.timers());
        self.ue.timers().into_iter().chain(self.focus.timers()).chain(user_timers).any(|timer| timer.class == class)
    }

    /// When the next timer fires.
    pub fn next_timer_at(&self) -> Option<Time> {
        self.next_timer().map(|(at, _, _)| at)
    }

    /// Makes one move.
    pub fn apply(&mut self, step: Move) -> Outcome {
        match step {
            Move::Command(command) => self.command(command),
            Move::Deliver(index) if index < self.flight.len() => self.deliver(index),
            Move::Drop(index) if self.is_lossy(index) => {
                self.flight.remove(index);
                Outcome::of(Happened::Dropped)
            }
            Move::Duplicate(index) => match self.flight.get(index).cloned() {
                Some(copy) if self.is_lossy(index) && self.flight.len() < MAX_IN_FLIGHT => {
                    self.flight.insert(index + 1, copy);
                    Outcome::of(Happened::Doubled)
                }
                _ => Outcome::of(Happened::Nothing),
            },
            Move::Lose(index) if self.is_lossy(index) => self.lose(index),
            Move::Challenge(number) => self.challenge(number),
            Move::Rough(fault) => self.rough(fault),
            Move::Fire => self.fire(),
            Move::Deliver(_) | Move::Drop(_) | Move::Lose(_) => Outcome::of(Happened::Nothing),
        }
    }

    fn deliver(&mut self, index: usize) -> Outcome {
        let datagram = self.flight.remove(index);
        if let Some(outcome) = self.stopped(&datagram) {
            return outcome;
        }
        let party = party(datagram.to);
        let message = party.and_then(|party| Some((party, Sip::read(&datagram.bytes).ok()?)));
        let (happened, arrived) = match message {
            Some((party, message)) => {
                let entry = Arc::make_mut(&mut self.ledger).arrived(&message);
                let from = self.ledger.origin(&message, datagram.from);
                let (hop, bytes) = (datagram.from.address(), datagram.bytes.as_slice().into());
                let challenge = self.ledger.is_challenge(&message);
                let happened = if challenge { Happened::Challenged } else { Happened::Arrival(entry) };
                let message = Arc::new(message);
                (happened, Some((Crossing { party, message, entry, hop, bytes }, from)))
            }
            None => (Happened::Hop, None),
        };
        let to = datagram.to;
        let picks_up = happened.is_picked_up();
        let sent = self.take_in(datagram, picks_up);
        Outcome { happened, elapsed: Duration::ZERO, arrived, sent: self.put(to, sent) }
    }

    /// Hands a datagram to the agent that it is for, which answers a call beside the conference if it `picks_up`; what
    /// it wants sent then.
    pub(crate) fn take_in(&mut self, datagram: Datagram, picks_up: bool) -> Vec<Transmit> {
        let received = match &mut self.deviation {
            Some(deviation) => deviation.received(datagram.to, datagram.bytes),
            None => vec![datagram.bytes],
        };
        for bytes in received {
            self.hand(datagram.to, datagram.from.address().over(datagram.transport), &bytes);
        }
        if picks_up {
            self.pick_up(datagram.to);
        }
        self.collect(datagram.to)
    }

    fn hand(&mut self, to: Node, from: Addr, bytes: &[u8]) {
        let now = self.now;
        match to {
            Node::Ue => Arc::make_mut(&mut self.ue).handle_datagram(now, from, bytes),
            Node::PCscf => Arc::make_mut(&mut self.p_cscf).handle_datagram(now, from, bytes),
            Node::SCscf => Arc::make_mut(&mut self.s_cscf).handle_datagram(now, from, bytes),
            Node::Focus => Arc::make_mut(&mut self.focus).handle_datagram(now, from, bytes),
            Node::User(user) => match self.users.get_mut(usize::from(user)) {
                Some(user) => Arc::make_mut(user).handle_datagram(now, from, bytes),
                None => return,
            },
        };
    }

    /// Whether there is a datagram at this place, and it travels in a way that loses and doubles.
    fn is_lossy(&self, index: usize) -> bool {
        self.flight.get(index).is_some_and(|datagram| !datagram.transport.is_reliable())
    }

    /// The message at this place, and whether it may be lost for good: of the others only a copy may be.
    pub(crate) fn losable(&self, index: usize) -> Option<(Sip, bool)> {
        let message = Sip::read(&self.flight.get(index)?.bytes).ok()?;
        let may_be_lost = self.ledger.may_be_lost(&message);
        Some((message, may_be_lost))
    }

    fn lose(&mut self, index: usize) -> Outcome {
        let message = self.flight.get(index).and_then(|datagram| Sip::read(&datagram.bytes).ok());
        let identity =
            message.filter(|message| self.ledger.may_be_lost(message)).and_then(|message| Identity::of(&message));
        let Some(identity) = identity else { return Outcome::of(Happened::Nothing) };
        self.flight.retain(|datagram| {
            Sip::read(&datagram.bytes).ok().and_then(|message| Identity::of(&message)).as_ref() != Some(&identity)
        });
        self.lost.insert(identity);
        Outcome::of(Happened::Lost)
    }

    /// What the agent at `node` wants sent, as it leaves it; its events are thrown away.
    fn collect(&mut self, node: Node) -> Vec<Transmit> {
        let mut sent = Vec::new();
        while let Some(Transmit { to, bytes }) = self.poll(node) {
            let datagrams = match &mut self.deviation {
                Some(deviation) => deviation.sent(node, bytes),
                None => vec![bytes],
            };
            sent.extend(datagrams.into_iter().map(|bytes| Transmit { to, bytes }));
        }
        sent
    }

    /// Puts in flight what an agent wants sent.
    fn put(&mut self, node: Node, sent: Vec<Transmit>) -> Vec<Crossing> {
        sent.into_iter().filter_map(|Transmit { to, bytes }| self.send(node, to, bytes)).collect()
    }

    fn send(&mut self, from: Node, to: Addr, bytes: Vec<u8>) -> Option<Crossing> {
        // A hop's datagram is read only when it could be a copy of something lost.
        let of_interest = party(from).is_some() || !self.lost.is_empty();
        let message = of_interest.then(|| Sip::read(&bytes).ok()).flatten();
        let identity = message.as_ref().and_then(Identity::of);
        let crossing = party(from).zip(message).map(|(party, message)| {
            let entry = Arc::make_mut(&mut self.ledger).sent(party, &message);
            Crossing { party, message: Arc::new(message), entry, hop: to, bytes: bytes.as_slice().into() }
        });
        let lost = identity.is_some_and(|identity| self.lost.contains(&identity));
        let (transport, reachable) = (to.transport, Node::at(to, self.settings.invited));
        if let Some(to) = reachable.filter(|_| !lost && self.flight.len() < MAX_IN_FLIGHT) {
            self.flight.push(Datagram { from, to, transport, bytes });
        }
        crossing
    }

    fn poll(&mut self, node: Node) -> Option<Transmit> {
        match node {
            Node::Ue => drain(&mut self.ue),
            Node::PCscf => drain(&mut self.p_cscf),
            Node::SCscf => drain(&mut self.s_cscf),
            Node::Focus => drain(&mut self.focus),
            Node::User(user) => self.users.get_mut(usize::from(user)).and_then(drain),
        }
    }
}

/// The next datagram; events are for users, and the world's users look at the wire.
fn drain<A: Agent>(agent: &mut Arc<A>) -> Option<Transmit> {
    let agent = Arc::make_mut(agent);
    while agent.poll_event().is_some() {}
    agent.poll_transmit()
}

/// The user agent at a node; a proxy is no party.
pub(crate) const fn party(node: Node) -> Option<Party> {
    match node {
        Node::Ue => Some(Party::Ue),
        Node::Focus => Some(Party::Focus),
        Node::User(user) => Some(Party::Participant(user)),
        Node::PCscf | Node::SCscf => None,
    }
}
