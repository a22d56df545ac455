//! A conference that nobody wants any more before it exists: CANCEL of the factory INVITE, early BYE, and what crosses
//! them (RFC 3261 sections 9 and 15, RFC 5407 sections 3.1.2 and 3.1.3, RFC 3262).

mod common;

use std::time::Duration;

use common::{FOCUS, Net, at, edited, summary};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::error::CommandError;
use imsconf::role::focus;
use imsconf::role::ue::{Command, Event, SecondOffer};
use imsconf::view::{CallState, Counts, FocusCallState};
use imsconf::wire::{Message, Method};

fn calling(second_offer: SecondOffer) -> Net {
    let mut net = Net::new();
    net.ue.handle_command(net.now, Command::Create { second_offer }).expect("create");
    net.collect();
    net
}

fn give_up(net: &mut Net) {
    net.ue.handle_command(net.now, Command::Cancel).expect("cancel");
    net.collect();
}

/// Delivers what is in flight, in order, until a datagram to `to` that is a `what` is next.
fn until(net: &mut Net, to: &str, what: &str) {
    net.collect();
    for _ in 0..200 {
        let Some((from, transmit)) = net.queue.pop_front() else { panic!("no {what}:\n{}", net.ladder.join("\n")) };
        if transmit.to == at(to) && summary(&transmit.bytes).starts_with(what) {
            net.queue.push_front((from, transmit));
            return;
        }
        net.deliver(from, &transmit);
    }
    panic!("no {what}");
}

fn is_request(message: &Message<'_>, wanted: Method<'_>) -> bool {
    message.method() == Some(wanted)
}

/// Nothing is left anywhere, not even the memory of a conference, when there never was one.
fn assert_nothing_left(net: &mut Net) {
    net.run_dry();
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
    assert!(net.ue.handle_command(net.now, Command::Subscribe).is_err(), "no conference, no subscription");
    assert_eq!(net.ue.view().conference, None);
}

/// Of the datagrams that match these header fields, by name.
fn lines<'q>(queue: impl Iterator<Item = &'q Transmit>, method: &str, wanted: &[&str]) -> Vec<Vec<String>> {
    let matching = queue.filter(|transmit| transmit.bytes.starts_with(method.as_bytes()));
    let fields = |transmit: &Transmit| {
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        let of_interest = |line: &&str| wanted.iter().any(|name| line.starts_with(&format!("{name}: ")));
        let mut own: Vec<_> = text.lines().filter(of_interest).map(|line| line.replace("CANCEL", "INVITE")).collect();
        // Among themselves the values of Route keep their order.
        own.sort_by_key(|line| line.split(':').next().map(str::to_owned));
        own
    };
    matching.map(fields).collect()
}

/// RFC 3261 section 9.1: no CANCEL before a provisional response; here the reliable 183, which is acknowledged too.
#[test]
fn a_call_that_is_given_up_at_once_is_cancelled_when_the_183_came() {
    let mut net = calling(SecondOffer::Prack);
    give_up(&mut net);
    assert_eq!(net.ue.view().call, CallState::Abandoned { code: 487, cancelled: false });
    assert!(!net.ladder.iter().any(|line| line.contains("CANCEL")));
    net.settle();
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().call, CallState::Failed { code: 487 });
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 487 }]);
    assert_eq!(net.focus_events, [focus::Event::CreationRefused { code: 487 }]);
    assert_nothing_left(&mut net);
}

/// A 100 suffices.
#[test]
fn a_call_that_is_given_up_after_a_100_is_cancelled_at_once() {
    let mut net = calling(SecondOffer::Prack);
    let (from, invite) = net.queue.pop_front().expect("the INVITE");
    let text = String::from_utf8(invite.bytes.clone()).expect("text");
    let copied =
        |line: &&str| ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "].iter().any(|name| line.starts_with(name));
    let head: Vec<&str> = text.lines().filter(copied).collect();
    let trying = format!("SIP/2.0 100 Trying\r\n{}\r\nContent-Length: 0\r\n\r\n", head.join("\r\n"));
    net.ue.handle_datagram(net.now, at(common::PCSCF), trying.as_bytes());
    give_up(&mut net);
    assert_eq!(net.ue.view().call, CallState::Abandoned { code: 487, cancelled: true });
    let wanted = ["Via", "Route", "From", "To", "Call-ID", "CSeq", "Max-Forwards"];
    let sent = lines([&invite].into_iter(), "INVITE", &wanted);
    let cancels = lines(net.queue.iter().map(|(_, transmit)| transmit), "CANCEL", &wanted);
    assert_eq!(cancels, sent, "it takes over what names its INVITE, and goes the same way");
    net.queue.push_front((from, invite));
    net.settle();
    assert_eq!(net.ue.view().call, CallState::Failed { code: 487 });
    assert_nothing_left(&mut net);
}

/// Whatever goes on in the early dialog, the CANCEL ends it: the PRACK or the UPDATE that it overtakes is refused.
#[test]
fn a_call_is_given_up_at_any_time_before_its_2xx() {
    let moments = [
        (SecondOffer::Prack, "ue", "183"),
        (SecondOffer::Prack, "focus", "PRACK"),
        (SecondOffer::Update, "focus", "PRACK"),
        (SecondOffer::Update, "ue", "200 OK (PRACK)"),
        (SecondOffer::Update, "focus", "UPDATE"),
    ];
    for (second_offer, to, what) in moments {
        let mut net = calling(second_offer);
        until(&mut net, if to == "ue" { common::UE } else { FOCUS }, what);
        // What the caller's CANCEL overtakes.
        let overtaken = net.queue.pop_front().filter(|_| to == "focus");
        give_up(&mut net);
        net.settle();
        let late = overtaken.into_iter().chain(None::<(_, Transmit)>);
        for (from, transmit) in late {
            net.deliver(from, &transmit);
            net.settle();
        }
        // The 183 that was taken away above comes again.
        net.pass(Duration::from_secs(1));
        assert_eq!(net.ue.view().call, CallState::Failed { code: 487 }, "{what}:\n{}", net.ends());
        assert!(net.focus.view().conferences.is_empty(), "{what}");
        assert!(!net.ladder.iter().any(|line| line.contains("BYE")), "{what}");
        assert_nothing_left(&mut net);
    }
}

/// RFC 5407 section 3.1.2: the 200 is under way when the CANCEL is sent.
#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended_at_once() {
    let mut net = calling(SecondOffer::Prack);
    until(&mut net, common::UE, "200 OK (INVITE)");
    give_up(&mut net);
    net.ladder.clear();
    net.settle();
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 487 }], "nobody hears of a conference");
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    assert_nothing_left(&mut net);
}

/// RFC 3261 section 9.1: no final response within 64*T1 of the CANCEL (T1 is 2 s at a UE): the transaction is dropped.
/// The focus, which never heard of the CANCEL, takes its promise back when nothing more comes.
#[test]
fn a_cancel_that_never_arrives_ends_the_call_all_the_same() {
    let mut net = calling(SecondOffer::Update);
    until(&mut net, FOCUS, "UPDATE");
    net.queue.clear();
    give_up(&mut net);
    let start = net.now;
    let deaf = |message: &Message<'_>| is_request(message, Method::Cancel) || is_request(message, Method::Update);
    net.run_until_unless(start + Duration::from_millis(127_999), deaf);
    assert_eq!(net.ue.view().call, CallState::Abandoned { code: 487, cancelled: true });
    net.run_until_unless(start + Duration::from_millis(128_000), deaf);
    assert_eq!(net.ue.view().call, CallState::Failed { code: 487 });
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Pracked);
    net.pass(Duration::from_secs(180));
    assert!(net.focus.view().conferences.is_empty());
    assert_nothing_left(&mut net);
}

/// An INVITE that never arrives is not cancelled: Timer B ends it.
#[test]
fn an_invite_that_never_arrives_is_given_up_without_a_cancel() {
    let mut net = calling(SecondOffer::Prack);
    give_up(&mut net);
    net.run_until_unless(net.now + Duration::from_secs(128), |message| is_request(message, Method::Invite));
    assert_eq!(net.ue.view().call, CallState::Failed { code: 487 });
    assert!(!net.ladder.iter().any(|line| line.contains("CANCEL")));
    assert_nothing_left(&mut net);
}

#[test]
fn what_is_not_being_made_cannot_be_given_up() {
    let refused = |net: &mut Net| net.ue.handle_command(net.now, Command::Cancel);
    let mut net = Net::new();
    assert!(matches!(refused(&mut net), Err(CommandError::NotNow { command: "cancel", .. })));
    net.create(SecondOffer::Prack);
    assert!(refused(&mut net).is_err(), "a call that is up is left");
    net.leave();
    assert!(refused(&mut net).is_err());
    let mut net = calling(SecondOffer::Prack);
    give_up(&mut net);
    assert!(refused(&mut net).is_err(), "once is enough");
}

/// RFC 5407 section 3.1.3: a caller may end an early dialog by BYE. The focus answers it 200 and the INVITE 487; one
/// that crosses the 200 to the INVITE ends the confirmed dialog.
#[test]
fn an_early_bye_ends_the_promise() {
    for (what, code) in [("PRACK", Some(487)), ("ACK", None)] {
        let mut net = calling(SecondOffer::Prack);
        until(&mut net, FOCUS, what);
        let (from, transmit) = net.queue.pop_front().expect("the request");
        // This UE ends no early dialog by BYE: its request is made into one, of the same dialog.
        let text = String::from_utf8(transmit.bytes.clone()).expect("text");
        let head = text.split("\r\n\r\n").next().expect("a head");
        let kept = |line: &&str| !["RAck", "Require", "Content-", "CSeq"].iter().any(|name| line.starts_with(name));
        let head: Vec<&str> = head.lines().filter(kept).collect();
        let bye = format!("{}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n", head.join("\r\n"));
        let bye = edited(bye.as_bytes(), &format!("{what} sip:"), "BYE sip:");
        let bye = edited(&bye, "branch=z9hG4bK", "branch=z9hG4bKbye");
        net.ladder.clear();
        net.deliver(from, &Transmit { bytes: bye, ..transmit });
        let answers = net.ladder.join("\n");
        assert!(answers.contains("200 OK (BYE)"), "{answers}");
        match code {
            Some(code) => {
                assert!(answers.contains(&format!("{code} Request Terminated (INVITE)")), "{answers}");
                assert!(net.focus.view().conferences.is_empty());
            }
            None => {
                assert!(!answers.contains("(INVITE)"), "{answers}");
                assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
            }
        }
        assert!(!net.focus.view().conferences.iter().any(|conference| conference.call == FocusCallState::Confirmed));
    }
}
