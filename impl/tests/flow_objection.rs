//! Offers that cannot be accepted at all: no medium in common, or a precondition that nobody here knows (RFC 3261
//! sections 13.3.1.3 and 14.2, RFC 3311 section 5.2, RFC 3312 sections 8 and 9).

mod common;

use common::{Net, name, ue_config, uri, with_body};
use imsconf::agent::{Addr, Agent as _, Transmit};
use imsconf::role::config::Renegotiation;
use imsconf::role::participant::{self, Command};
use imsconf::role::ue::{self, InviteMode, SecondOffer};
use imsconf::view::{CallState, ParticipantState, PlainCallState};
use imsconf::wire::{Message, Method};

const ALICE: &str = "sip:alice@home.example";
const BOB: &str = "sip:bob@home.example";
const STRANGE: &str = "a=curr:x remote none\r\na=des:x mandatory remote sendrecv\r\na=ptime:20";

/// What is done to an offer of ours, the code that refuses it, and a line of the refusal.
const OFFERS: [(&str, &str, u16, &str); 4] = [
    ("m=audio", "m=video", 488, "Warning: 304 imsconf \"Media type not available\""),
    ("RTP/AVP", "RTP/SAVP", 488, "Warning: 302 imsconf \"Incompatible transport protocol\""),
    ("/16000", "/32000", 488, "Warning: 305 imsconf \"Incompatible media format\""),
    ("a=ptime:20", STRANGE, 580, "a=des:x unknown local sendrecv"),
];

/// An offer, changed; of formats all have to go.
fn changed(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let bytes = with_body(bytes, old, new);
    if old == "/16000" { with_body(&bytes, "/8000", "/32000") } else { bytes }
}

/// The first request with an offer that is about to reach `callee`, with its sender.
fn offer_to(net: &mut Net, callee: &str, method: Method) -> (Addr, Transmit) {
    net.collect();
    loop {
        let (from, transmit) = net.queue.pop_front().expect("it gets there");
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        if name(transmit.to) == callee && message.method() == Some(method) && !message.body().is_empty() {
            return (from, transmit);
        }
        net.deliver(from, &transmit);
    }
}

/// The last final response that `callee` sent.
fn refusal(net: &Net, callee: &str) -> String {
    let of_callee = net.said.iter().rev().filter(|(from, _)| name(*from) == callee);
    let texts = of_callee.map(|(_, transmit)| String::from_utf8_lossy(&transmit.bytes).into_owned());
    texts.into_iter().find(|text| text.starts_with("SIP/2.0 ")).expect("a response")
}

fn ask(net: &mut Net, command: ue::Command) {
    net.ue.handle_command(net.now, command).expect("alice");
}

fn tell(net: &mut Net, command: Command) {
    net.bob.handle_command(net.now, command).expect("bob");
}

/// Who is called and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Factory,
    Invitation,
    CallToBob,
    CallToAlice,
}

impl Way {
    /// The INVITE on its way, and whose refusal it will get.
    fn begin(self, net: &mut Net) -> (&'static str, (Addr, Transmit)) {
        let callee = match self {
            Self::Factory => "focus",
            Self::Invitation | Self::CallToBob => "bob",
            Self::CallToAlice => "ue",
        };
        match self {
            Self::Factory => ask(net, ue::Command::Create { second_offer: SecondOffer::Prack }),
            Self::Invitation => {
                net.create(SecondOffer::Prack);
                ask(net, ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus });
            }
            Self::CallToBob => ask(net, ue::Command::Call { target: uri(BOB) }),
            Self::CallToAlice => tell(net, Command::Call { target: uri(ALICE) }),
        }
        (callee, offer_to(net, callee, Method::Invite))
    }
}

/// Nobody is alerted, nothing is left, and whoever asked hears why.
#[test]
fn what_cannot_be_accepted_is_refused_at_once() {
    for way in [Way::Factory, Way::Invitation, Way::CallToBob, Way::CallToAlice] {
        let mut net = Net::new();
        let (callee, (from, invite)) = way.begin(&mut net);
        for (old, new, code, line) in OFFERS {
            let mut net = net.clone();
            let bytes = changed(&invite.bytes, old, new);
            net.deliver(from, &Transmit { bytes, ..invite.clone() });
            let refused = refusal(&net, callee);
            assert!(refused.starts_with(&format!("SIP/2.0 {code} ")), "{way:?} {new}: {refused}");
            assert!(refused.contains(&format!("\r\n{line}\r\n")), "{way:?} {new}: {refused}");
            net.settle();
            let (told, called) = (&net.bob_events, &net.ue_events);
            assert!(!told.iter().any(|event| matches!(event, participant::Event::Invited { .. })), "{told:?}");
            assert!(!told.iter().any(|event| matches!(event, participant::Event::Called { .. })), "{told:?}");
            assert!(!called.iter().any(|event| matches!(event, ue::Event::Called { .. })), "{called:?}");
            net.run_dry();
            assert_eq!(net.bob.view().call, ParticipantState::Idle);
            assert!(
                net.bob.view().calls.iter().chain(&net.ue.view().calls).all(|call| call.state != PlainCallState::Up)
            );
            assert_eq!(net.focus.view().conferences.len(), usize::from(way == Way::Invitation), "{way:?} {new}");
        }
    }
}

/// An offer without a stream in use asks for nothing that could be refused (RFC 3264 section 5).
#[test]
fn a_call_may_begin_without_media() {
    let mut net = Net::new();
    let (_, (from, invite)) = Way::CallToBob.begin(&mut net);
    let bytes = with_body(&invite.bytes, "m=audio 49152", "m=audio 0");
    net.deliver(from, &Transmit { bytes, ..invite });
    assert!(net.bob_events.contains(&participant::Event::Called { by: uri(ALICE) }));
}

/// Inside the dialog only the request is refused, and the session is as it was.
#[test]
fn what_cannot_be_accepted_later_changes_nothing() {
    for (by, method) in [(Renegotiation::ReInvite, Method::Invite), (Renegotiation::Update, Method::Update)] {
        let mut config = ue_config();
        config.renegotiation = by;
        let mut net = Net::with(config, common::focus_config());
        net.create(SecondOffer::Prack);
        net.run_dry();
        let before = net.focus.view().conferences;
        ask(&mut net, ue::Command::Hold);
        let (from, request) = offer_to(&mut net, "focus", method);
        for (old, new, code, line) in OFFERS {
            let mut net = net.clone();
            let bytes = changed(&request.bytes, old, new);
            net.deliver(from, &Transmit { bytes, ..request.clone() });
            let refused = refusal(&net, "focus");
            assert!(refused.starts_with(&format!("SIP/2.0 {code} ")), "{by:?} {new}: {refused}");
            assert!(refused.contains(&format!("\r\n{line}\r\n")), "{by:?} {new}: {refused}");
            net.run_dry();
            assert_eq!(net.focus.view().conferences, before, "{by:?} {new}");
            assert_eq!(net.ue.view().call, CallState::Confirmed, "{by:?} {new}");
        }
    }
}
