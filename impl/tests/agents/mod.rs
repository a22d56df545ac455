//! The agents alone: a UE, a focus and invited users joined back to back. No proxy, no world, no ledger, no oracle;
//! each message is rendered by its sender and parsed by its receiver.
//!
//! The loop does what a driver with sockets has to do: after every input it takes what is to be sent, what is to be
//! told, and asks for the next deadline. A hop takes one millisecond.

#![allow(dead_code, reason = "a module of a test and of a bench, each of which uses another part of it")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use imsconf::agent::{Addr, Agent, PathMtu, Receipt, Transmit};
use imsconf::role::config::{FocusConfig, Hosts, Identity, ParticipantConfig, UeConfig};
use imsconf::role::focus::Focus;
use imsconf::role::participant::{self, Participant};
use imsconf::role::ue::{self, InviteMode, SecondOffer, Ue};
use imsconf::time::Time;
use imsconf::wire::OwnedUri;

const UE_PORT: u16 = 5060;
const FOCUS_PORT: u16 = 5070;
const FIRST_PARTICIPANT_PORT: u16 = 6000;
const HOP: Duration = Duration::from_millis(1);

fn at(port: u16) -> Addr {
    Addr::udp(SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), port)))
}

fn uri(text: &str) -> OwnedUri {
    text.parse().expect("a URI")
}

fn user(number: u16) -> String {
    format!("sip:user{number}@home.example")
}

/// What crossed the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

/// A UE, a focus and those whom the UE will invite.
#[derive(Clone)]
pub(crate) struct Agents {
    now: Time,
    ue: Ue,
    focus: Focus,
    participants: Vec<Participant>,
    in_flight: VecDeque<(Addr, Transmit)>,
    traffic: Traffic,
}

/// One input to an agent and everything that a driver does after it.
fn drive<A: Agent>(
    agent: &mut A,
    own: Addr,
    in_flight: &mut VecDeque<(Addr, Transmit)>,
    input: impl FnOnce(&mut A),
) -> Vec<A::Event> {
    input(agent);
    while let Some(transmit) = agent.poll_transmit() {
        in_flight.push_back((own, transmit));
    }
    black_box(agent.poll_timeout());
    std::iter::from_fn(|| agent.poll_event()).collect()
}

/// Lets every timer fire, one deadline after the other, until none is left.
fn run_dry<A: Agent>(agent: &mut A) {
    while let Some(deadline) = agent.poll_timeout() {
        agent.handle_timeout(deadline);
        assert!(agent.poll_transmit().is_none(), "something was left to be said");
        while let Some(event) = agent.poll_event() {
            black_box(event);
        }
    }
}

impl Agents {
    /// Idle agents; `participants` is at most 64, see `MAX_INVITATIONS` of the focus and `MAX_REFERRALS` of the UE.
    pub(crate) fn new(participants: u16) -> Self {
        let users = (0..participants).map(|number| (user(number), at(FIRST_PARTICIPANT_PORT + number)));
        let hosts = Hosts::new().with_name("conf-factory.home.example", at(FOCUS_PORT));
        let factory = uri("sip:mmtel@conf-factory.home.example");
        let contact = uri("sip:alice@192.0.2.1:5060");
        let mut ue =
            UeConfig::new(Identity::new(1, "ue"), at(UE_PORT), uri("sip:alice@home.example"), contact, factory.clone());
        ue.hosts = hosts.clone();
        ue.path_mtu = PathMtu::Unlimited;
        let mut focus =
            FocusConfig::new(Identity::new(1, "focus"), at(FOCUS_PORT), factory, "conf-factory.home.example");
        focus.hosts = users.fold(hosts.clone(), |hosts, (user, address)| hosts.with_user(&user, address));
        focus.path_mtu = PathMtu::Unlimited;
        focus.maximum_users = usize::from(participants) + 1;
        let participants = (0..participants).map(|number| {
            let (name, address) = (format!("user{number}"), at(FIRST_PARTICIPANT_PORT + number));
            let contact = uri(&format!("sip:{name}@{}", address.socket));
            let mut config = ParticipantConfig::new(Identity::new(1, name), address, contact);
            config.hosts = hosts.clone();
            config.path_mtu = PathMtu::Unlimited;
            Participant::new(config)
        });
        Self {
            now: Time::from_millis(1_000),
            ue: Ue::new(ue),
            focus: Focus::new(focus),
            participants: participants.collect(),
            in_flight: VecDeque::new(),
            traffic: Traffic::default(),
        }
    }

    /// Create, subscribe, invite everyone in turn, leave, and wait until nobody remembers anything.
    pub(crate) fn procedure(&mut self) -> Traffic {
        self.command(ue::Command::Create { second_offer: SecondOffer::Prack });
        self.command(ue::Command::Subscribe);
        for number in 0..self.participants.len() {
            let target = uri(&user(u16::try_from(number).expect("few")));
            self.command(ue::Command::Invite { target, mode: InviteMode::ReferToFocus });
        }
        self.command(ue::Command::Leave);
        run_dry(&mut self.ue);
        run_dry(&mut self.focus);
        self.participants.iter_mut().for_each(run_dry);
        self.traffic
    }

    /// Whether everyone came and went, and nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        let focus = self.focus.view();
        let came = focus.conferences.iter().map(|conference| conference.roster.len()).sum::<usize>();
        let live = |transactions: usize, dialogs: usize| transactions + dialogs == 0;
        came == self.participants.len() + 1
            && live(focus.counts.transactions, focus.counts.dialogs)
            && live(self.ue.view().counts.transactions, self.ue.view().counts.dialogs)
    }

    fn command(&mut self, command: ue::Command) {
        let now = self.now;
        let input = |ue: &mut Ue| ue.handle_command(now, command).expect("a command that fits");
        black_box(drive(&mut self.ue, at(UE_PORT), &mut self.in_flight, input));
        while let Some((from, transmit)) = self.in_flight.pop_front() {
            self.now = self.now + HOP;
            self.deliver(from, &transmit);
        }
    }

    fn deliver(&mut self, from: Addr, transmit: &Transmit) {
        self.traffic.messages += 1;
        self.traffic.bytes += transmit.bytes.len() as u64;
        let (now, to, bytes) = (self.now, transmit.to, transmit.bytes.as_slice());
        match to.socket.port() {
            UE_PORT => {
                black_box(drive(&mut self.ue, to, &mut self.in_flight, |ue| take(ue, now, from, bytes)));
            }
            FOCUS_PORT => {
                black_box(drive(&mut self.focus, to, &mut self.in_flight, |focus| take(focus, now, from, bytes)));
            }
            port => {
                let invited = &mut self.participants[usize::from(port - FIRST_PARTICIPANT_PORT)];
                let events = drive(invited, to, &mut self.in_flight, |invited| take(invited, now, from, bytes));
                if events.iter().any(|event| matches!(event, participant::Event::Invited { .. })) {
                    for command in [participant::Command::Ring, participant::Command::Answer] {
                        let input = |invited: &mut Participant| invited.handle_command(now, command).expect("a call");
                        black_box(drive(invited, to, &mut self.in_flight, input));
                    }
                }
            }
        }
    }
}

fn take<A: Agent>(agent: &mut A, now: Time, from: Addr, bytes: &[u8]) {
    assert_eq!(agent.handle_datagram(now, from, bytes), Receipt::Consumed);
}
