//! A call outside the conference: what its caller does with forks (RFC 3261 section 13.2.2.4, RFC 3262), and what
//! either end answers to a request that would change it (RFC 3311, RFC 3261 section 14.2).

mod common;

use common::{BOB, Net, PCSCF, at, edited, uri};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, SecondOffer};
use imsconf::view::{ParticipantState, PlainCallState};
use imsconf::wire::{Message, Method};

const ALICE: &str = "sip:alice@home.example";
const BOB_URI: &str = "sip:bob@home.example";

/// What an agent sends next.
fn sent(net: &mut Net) -> Vec<Transmit> {
    std::iter::from_fn(|| net.ue.poll_transmit()).collect()
}

/// Alice calls Bob, whose 180 is on its way from her P-CSCF.
fn ringing() -> (Net, Vec<u8>) {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Call { target: uri(BOB_URI) }).expect("a call");
    net.settle();
    let mut ahead = net.clone();
    ahead.bob(Command::Ring);
    let ringing = |bytes: &[u8]| Message::parse(bytes).is_ok_and(|message| message.status() == Some(180));
    let last = ahead.said.iter().rev().find(|(from, one)| from == &at(PCSCF) && ringing(&one.bytes));
    let bytes = last.expect("Bob's phone rings").1.bytes.clone();
    (net, bytes)
}

/// A reliable 180 with this number, of the fork that has this tag.
fn reliable(ringing: &[u8], tag: &str, rseq: u32) -> Vec<u8> {
    let text = String::from_utf8_lossy(ringing).into_owned();
    let to = text.lines().find(|line| line.starts_with("To:")).expect("To").to_owned();
    let (name, _) = to.split_once(";tag=").expect("a tag");
    edited(ringing, &to, &format!("{name};tag={tag}\r\nRequire: 100rel\r\nRSeq: {rseq}"))
}

/// RFC 3262 section 4: a PRACK for the dialog that the caller has, none for another that it has not.
#[test]
fn a_reliable_180_is_acknowledged_in_the_dialog_of_the_call() {
    let (mut net, ringing) = ringing();
    net.ue.handle_datagram(net.now, at(PCSCF), &reliable(&ringing, "one", 17));
    let answers = sent(&mut net);
    let [prack] = answers.as_slice() else { panic!("{} sent", answers.len()) };
    let prack = Message::parse(&prack.bytes).expect("SIP");
    assert_eq!(prack.method(), Some(Method::Prack));
    assert_eq!(prack.rack().expect("RAck").rseq, 17);
    assert_eq!(prack.to().expect("To").tag(), Some(&b"one"[..]));

    net.ue.handle_datagram(net.now, at(PCSCF), &reliable(&ringing, "two", 18));
    assert!(sent(&mut net).is_empty(), "the call has its dialog");
    assert_eq!(net.ue.view().calls[0].state, PlainCallState::Calling);
}

/// RFC 3261 section 16.11: the proxies on the way keep no state, so nothing ever falls due there.
#[test]
fn proxies_have_no_timers() {
    let (net, _) = ringing();
    assert!(net.ue.poll_timeout().is_some(), "the UE waits for its answer");
    assert_eq!((net.pcscf.poll_timeout(), net.scscf.poll_timeout()), (None, None));
}

/// Two phones ring at Bob's: he says which one he takes.
#[test]
fn a_call_is_picked_up_while_a_conference_invites() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite(BOB_URI);
    net.carol(Command::Call { target: uri(BOB_URI) });
    assert_eq!(net.bob.view().calls[0].state, PlainCallState::Calling);
    net.bob(Command::PickUp);
    assert_eq!((net.bob.view().call, net.bob.view().calls[0].state), (ParticipantState::Offered, PlainCallState::Up));
    assert!(net.bob.handle_command(net.now, Command::PickUp).is_err(), "nobody else calls");
    net.bob(Command::Answer);
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
}

/// RFC 3311 section 5.2: a refresh of the target changes no media; what would is not acceptable here.
#[test]
fn an_update_may_refresh_but_not_change_the_call() {
    let mut net = Net::new();
    net.bob(Command::Call { target: uri(ALICE) });
    net.ue.handle_command(net.now, ue::Command::Answer).expect("an answer");
    net.settle();
    let mut leaving = net.bob.clone();
    leaving.handle_command(net.now, Command::HangUp { peer: uri(ALICE) }).expect("a call");
    let bye = leaving.poll_transmit().expect("a BYE").bytes;
    let update = edited(&bye, "BYE", "UPDATE");
    let offer = "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
    let with_offer = edited(&update, "Content-Length: 0\r\n\r\n", offer);
    for (update, expected) in [(update, 200), (with_offer, 488)] {
        let mut net = net.clone();
        net.ue.handle_datagram(net.now, at(BOB), &update);
        let answer = net.ue.poll_transmit().expect("an answer");
        assert_eq!(Message::parse(&answer.bytes).expect("SIP").status(), Some(expected));
        assert_eq!(net.ue.view().calls[0].state, PlainCallState::Up);
    }
}
