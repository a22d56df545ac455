//! A tiny network for flow tests: first in, first out, no loss unless a test asks for it, time jumps to the next
//! deadline.

#![allow(dead_code, unreachable_pub, reason = "a module of several test crates, each of which uses another part of it")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use imsconf::agent::{Addr, Agent, PathMtu, Receipt, Transmit};
use imsconf::role::config::{FocusConfig, Hosts, Identity, ParticipantConfig, ProxyConfig, Served, UeConfig};
use imsconf::role::focus::{self, Focus};
use imsconf::role::participant::{self, Participant};
use imsconf::role::proxy::Proxy;
use imsconf::role::ue::{self, InviteMode, SecondOffer, Ue};
use imsconf::time::{Time, TimerClass};
use imsconf::wire::{Message, Name, OwnedUri};

/// Addresses of the default topology.
pub const UE: &str = "[2001:db8::9]:5060";
pub const PCSCF: &str = "[2001:db8::5]:5060";
pub const SCSCF: &str = "192.0.2.6:5060";
pub const FOCUS: &str = "192.0.2.17:5070";
pub const BOB: &str = "192.0.2.41:5060";
pub const CAROL: &str = "192.0.2.42:5060";

pub fn at(text: &str) -> Addr {
    Addr::udp(text.parse::<SocketAddr>().expect("a socket address"))
}

pub fn uri(text: &str) -> OwnedUri {
    text.parse().expect("a URI")
}

pub fn hosts() -> Hosts {
    Hosts::new()
        .with_name("pcscf.home.example", at(PCSCF))
        .with_name("scscf.home.example", at(SCSCF))
        .with_name("conf-factory.home.example", at(FOCUS))
        .with_user("sip:alice@home.example", at(UE))
        .with_user("sip:bob@home.example", at(BOB))
        .with_user("sip:carol@home.example", at(CAROL))
}

pub fn ue_config() -> UeConfig {
    let mut config = UeConfig::new(
        Identity::new(1, "ue"),
        at(UE),
        uri("sip:alice@home.example"),
        uri("sip:alice@[2001:db8::9]:5060"),
        uri("sip:mmtel@conf-factory.home.example"),
    );
    config.route = vec![uri("sip:pcscf.home.example;lr"), uri("sip:orig@scscf.home.example;lr")];
    config.hosts = hosts();
    config.path_mtu = PathMtu::Unlimited;
    config
}

pub fn focus_config() -> FocusConfig {
    let mut config = FocusConfig::new(
        Identity::new(1, "focus"),
        at(FOCUS),
        uri("sip:mmtel@conf-factory.home.example"),
        "conf-factory.home.example",
    );
    config.hosts = hosts();
    config.path_mtu = PathMtu::Unlimited;
    config
}

pub fn participant_config(name: &str, address: &str) -> ParticipantConfig {
    let contact = uri(&format!("sip:{name}@{address}"));
    let mut config = ParticipantConfig::new(Identity::new(1, name), at(address), contact);
    config.user = uri(&format!("sip:{name}@home.example"));
    config.hosts = hosts();
    config.path_mtu = PathMtu::Unlimited;
    config
}

pub fn proxy_config(name: &str, address: &str, own: &str) -> ProxyConfig {
    let mut config = ProxyConfig::new(Identity::new(1, name), at(address), uri(own));
    config.hosts = hosts();
    config
}

/// The UE's P-CSCF, which knows it by its registration.
pub fn pcscf_config() -> ProxyConfig {
    let mut config = proxy_config("pcscf", PCSCF, "sip:pcscf.home.example;lr");
    config.served = Some(Served { address: at(UE).socket.ip(), identity: uri("sip:alice@home.example") });
    config
}

/// The default topology and what travels in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Net {
    pub now: Time,
    pub ue: Ue,
    pub pcscf: Proxy,
    pub scscf: Proxy,
    pub focus: Focus,
    pub bob: Participant,
    pub carol: Participant,
    /// Sender, next hop, bytes.
    pub queue: VecDeque<(Addr, Transmit)>,
    /// Everything that was sent, with its sender, in order.
    pub said: Vec<(Addr, Transmit)>,
    /// One line per datagram sent, in the order of sending.
    pub ladder: Vec<String>,
    pub ue_events: Vec<ue::Event>,
    pub focus_events: Vec<focus::Event>,
    pub bob_events: Vec<participant::Event>,
    pub carol_events: Vec<participant::Event>,
    /// How often every datagram is delivered.
    pub copies: usize,
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! drain {
    ($self:ident, $field:ident, $address:expr, $events:expr) => {{
        while let Some(transmit) = $self.$field.poll_transmit() {
            $self.sent(at($address), transmit);
        }
        while let Some(event) = $self.$field.poll_event() {
            $events.push(event);
        }
    }};
}

impl Net {
    pub fn new() -> Self {
        Self::with(ue_config(), focus_config())
    }

    pub fn with(ue: UeConfig, focus: FocusConfig) -> Self {
        Self {
            now: Time::from_millis(1_000),
            ue: Ue::new(ue),
            pcscf: Proxy::new(pcscf_config()),
            scscf: Proxy::new(proxy_config("scscf", SCSCF, "sip:orig@scscf.home.example;lr")),
            focus: Focus::new(focus),
            bob: Participant::new(participant_config("bob", BOB)),
            carol: Participant::new(participant_config("carol", CAROL)),
            queue: VecDeque::new(),
            said: Vec::new(),
            ladder: Vec::new(),
            ue_events: Vec::new(),
            focus_events: Vec::new(),
            bob_events: Vec::new(),
            carol_events: Vec::new(),
            copies: 1,
        }
    }

    fn sent(&mut self, from: Addr, transmit: Transmit) {
        let line = format!("{:<5} -> {:<5} {}", name(from), name(transmit.to), summary(&transmit.bytes));
        self.ladder.push(line);
        self.said.push((from, transmit.clone()));
        self.queue.push_back((from.over(transmit.to.transport), transmit));
    }

    /// Collects what every agent wants sent and told.
    pub fn collect(&mut self) {
        let mut none = Vec::new();
        drain!(self, ue, UE, self.ue_events);
        drain!(self, pcscf, PCSCF, none);
        drain!(self, scscf, SCSCF, none);
        drain!(self, focus, FOCUS, self.focus_events);
        drain!(self, bob, BOB, self.bob_events);
        drain!(self, carol, CAROL, self.carol_events);
        assert!(none.is_empty());
    }

    /// Gives one datagram to whom it is addressed.
    pub fn deliver(&mut self, from: Addr, transmit: &Transmit) -> Receipt {
        let (now, bytes) = (self.now, transmit.bytes.as_slice());
        let receipt = match name(transmit.to) {
            "ue" => self.ue.handle_datagram(now, from, bytes),
            "pcscf" => self.pcscf.handle_datagram(now, from, bytes),
            "scscf" => self.scscf.handle_datagram(now, from, bytes),
            "focus" => self.focus.handle_datagram(now, from, bytes),
            "bob" => self.bob.handle_datagram(now, from, bytes),
            "carol" => self.carol.handle_datagram(now, from, bytes),
            other => panic!("nobody at {other}"),
        };
        self.collect();
        receipt
    }

    /// Delivers everything that is in flight and what follows from it; no time passes.
    pub fn settle(&mut self) {
        self.settle_unless(|_| false);
    }

    /// As [`Net::settle`], but what `lost` picks is not delivered.
    pub fn settle_unless(&mut self, lost: impl Fn(&Message<'_>) -> bool) {
        self.collect();
        for _ in 0..10_000 {
            let Some((from, transmit)) = self.queue.pop_front() else { return };
            let message = Message::parse(&transmit.bytes).expect("agents send SIP");
            if lost(&message) {
                self.ladder.push(format!("(lost) {}", summary(&transmit.bytes)));
                continue;
            }
            for _ in 0..self.copies {
                self.deliver(from, &transmit);
            }
        }
        panic!("it does not settle:\n{}", self.ladder.join("\n"));
    }

    fn next_deadline(&self) -> Option<Time> {
        [self.ue.poll_timeout(), self.focus.poll_timeout(), self.bob.poll_timeout(), self.carol.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets every timer due until `end` fire at its time, settling after each.
    pub fn run_until(&mut self, end: Time) {
        self.run_until_unless(end, |_| false);
    }

    /// As [`Net::run_until`], with loss.
    pub fn run_until_unless(&mut self, end: Time, lost: impl Fn(&Message<'_>) -> bool) {
        self.settle_unless(&lost);
        while let Some(deadline) = self.next_deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now, "a deadline lies in the past");
            self.now = deadline;
            self.ue.handle_timeout(deadline);
            self.focus.handle_timeout(deadline);
            self.bob.handle_timeout(deadline);
            self.carol.handle_timeout(deadline);
            self.settle_unless(&lost);
            let progress = self.next_deadline().is_none_or(|next| next > deadline);
            assert!(progress, "a timer that is due did not fire:\n{}", self.ladder.join("\n"));
        }
        self.now = end;
    }

    /// Lets `duration` pass.
    pub fn pass(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Runs until only refresh and expiry timers are pending.
    pub fn run_dry(&mut self) {
        self.settle();
        for _ in 0..10_000 {
            let pending = [self.ue.timers(), self.focus.timers(), self.bob.timers(), self.carol.timers()]
                .into_iter()
                .flatten()
                .filter(|timer| matches!(timer.class, TimerClass::Protocol | TimerClass::Linger))
                .map(|timer| timer.at)
                .min();
            let Some(deadline) = pending else { return };
            self.run_until(deadline.max(self.now));
        }
        panic!("timers never run dry");
    }

    /// Creates a conference.
    pub fn create(&mut self, second_offer: SecondOffer) {
        self.ue.handle_command(self.now, ue::Command::Create { second_offer }).expect("create");
        self.settle();
    }

    pub fn subscribe(&mut self) {
        self.ue.handle_command(self.now, ue::Command::Subscribe).expect("subscribe");
        self.settle();
    }

    /// Sends a REFER for `target`.
    pub fn invite(&mut self, target: &str) {
        let target = uri(target);
        let command = ue::Command::Invite { target, mode: InviteMode::ReferToFocus };
        self.ue.handle_command(self.now, command).expect("invite");
        self.settle();
    }

    pub fn leave(&mut self) {
        self.ue.handle_command(self.now, ue::Command::Leave).expect("leave");
        self.settle();
    }

    pub fn bob(&mut self, command: participant::Command) {
        self.bob.handle_command(self.now, command).expect("bob");
        self.settle();
    }

    pub fn carol(&mut self, command: participant::Command) {
        self.carol.handle_command(self.now, command).expect("carol");
        self.settle();
    }

    /// The ladder without the hops through the proxies: what the UE and the focus receive and what the users do.
    pub fn ends(&self) -> String {
        self.ladder
            .iter()
            .filter(|line| !line.contains("-> pcscf") && !line.contains("-> scscf"))
            .map(|line| line.replace("pcscf ->", "focus ->").replace("scscf ->", "ue    ->"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The same message with `old` replaced by `new`, which must be of the same length as far as the body is concerned.
pub fn edited(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains(old), "`{old}` is not in\n{text}");
    text.replace(old, new).into_bytes()
}

/// The same message with `old` replaced by `new` in its body, and its Content-Length with it.
pub fn with_body(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a body");
    assert!(body.contains(old), "`{old}` is not in\n{body}");
    let changed = body.replace(old, new);
    let head = head.replace(&format!("Content-Length: {}", body.len()), &format!("Content-Length: {}", changed.len()));
    format!("{head}\r\n\r\n{changed}").into_bytes()
}

/// The agent at an address.
pub fn name(address: Addr) -> &'static str {
    let known = [(UE, "ue"), (PCSCF, "pcscf"), (SCSCF, "scscf"), (FOCUS, "focus"), (BOB, "bob"), (CAROL, "carol")];
    known.into_iter().find(|(text, _)| at(text).socket == address.socket).map_or("?", |(_, name)| name)
}

/// One line that says what a message is.
pub fn summary(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let start = head.lines().next().unwrap_or_default();
    let message = Message::parse(bytes).expect("agents send SIP");
    let value = |name: Name<'_>| message.field(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let mut line = match start.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let cseq = value(Name::CSeq).unwrap_or_default();
            format!("{status} ({})", cseq.split(' ').nth(1).unwrap_or_default())
        }
        None => start.trim_end_matches(" SIP/2.0").to_owned(),
    };
    if start.starts_with("REFER") {
        line += &format!(" to {}", value(Name::ReferTo).unwrap_or_default());
    }
    if let (Some(event), Some(state)) = (value(Name::Event), value(Name::SubscriptionState)) {
        line += &format!(" [{event}] {state}");
    }
    if body.starts_with("v=0") {
        line += " +sdp";
    } else if body.starts_with("SIP/2.0") {
        line += &format!(" +\"{}\"", body.trim_end());
    } else if let Some(at) = body.find("<conference-info") {
        let root = body[at..].split('>').next().unwrap_or_default();
        let pick = |key: &str| root.split(&format!(" {key}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        line += &format!(" +{} v{}", pick("state").unwrap_or("full"), pick("version").unwrap_or("?"));
    }
    line
}
