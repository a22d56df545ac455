//! Hold and resume of a call with the conference: by the creator, by an invited user, by the focus (RFC 3264 section
//! 8.4, RFC 3261 section 14, RFC 4575 section 5.7.3), and what becomes of a change that fails.

mod common;

use std::time::Duration;

use common::{Net, edited, focus_config, ue_config, uri};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::config::Renegotiation;
use imsconf::role::focus;
use imsconf::role::participant::{self, Command};
use imsconf::role::ue::{self, SecondOffer};
use imsconf::time::{Timer, TimerClass};
use imsconf::view::{CallState, FocusCallState, LegState, MediaChange, MediaView, ParticipantState};
use imsconf::wire::{Message, Method, Name};

const ALICE: &str = "sip:alice@home.example";
const BOB: &str = "sip:bob@home.example";

/// A conference with a subscriber and an invited user; the ladder starts after that.
fn joined(renegotiation: Renegotiation) -> Net {
    let (mut ue, mut focus) = (ue_config(), focus_config());
    ue.renegotiation = renegotiation;
    focus.renegotiation = renegotiation;
    let mut net = Net::with(ue, focus);
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite(BOB);
    net.bob(Command::Answer);
    net.run_dry();
    net.ladder.clear();
    net.said.clear();
    net
}

fn alice(net: &mut Net, command: ue::Command) {
    net.ue.handle_command(net.now, command).expect("alice");
    net.settle();
}

fn operator(net: &mut Net, command: focus::Command) {
    net.focus.handle_command(net.now, command).expect("the focus");
    net.settle();
}

/// Who is in the conference on hold, as the subscriber knows it; and as the focus does.
fn on_hold(net: &Net) -> Vec<String> {
    let held = |roster: Vec<imsconf::view::RosterEntry>| {
        roster.into_iter().filter(|row| row.on_hold).map(|row| row.entity).collect::<Vec<_>>()
    };
    let told = held(net.ue.view().subscription.roster);
    assert_eq!(told, held(net.focus.view().conferences[0].roster.clone()), "the subscriber knows what is so");
    told
}

/// What flows between the mixer and each user: whether it sends to him, whether it takes what he sends.
fn mixed(net: &Net) -> Vec<(bool, bool)> {
    net.focus.view().conferences[0].context.iter().map(|view| (view.sends, view.receives)).collect()
}

/// The `o=` versions and directions of what `sender` said in this dialog, in order.
fn descriptions(net: &Net, sender: &str) -> Vec<(u64, &'static str)> {
    let mut found = Vec::new();
    for (from, transmit) in &net.said {
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        let Some(origin) = text.lines().find_map(|line| line.strip_prefix("o=")) else { continue };
        if common::name(*from) != sender {
            continue;
        }
        let version = origin.split(' ').nth(2).and_then(|version| version.parse().ok()).expect("a version");
        let directions = ["sendrecv", "sendonly", "recvonly", "inactive"];
        let direction = directions.into_iter().find(|direction| text.contains(&format!("a={direction}\r\n")));
        found.push((version, direction.expect("a direction")));
    }
    found
}

fn idle(holds: bool, held: bool) -> MediaView {
    MediaView { holds, held, change: MediaChange::None, unacknowledged: None }
}

/// Delivers what is in flight; what `rewrite` gives another form is delivered in that form.
fn settle_rewriting(net: &mut Net, mut rewrite: impl FnMut(&Message<'_>, &[u8]) -> Option<Vec<u8>>) {
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let bytes = rewrite(&message, &transmit.bytes).unwrap_or_else(|| transmit.bytes.clone());
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
}

/// The response without its body, with another status line and perhaps another header field.
fn refused(bytes: &[u8], status: &str, field: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let kept = head.lines().skip(1).filter(|line| !line.starts_with("Content-"));
    let kept: String = kept.map(|line| format!("{line}\r\n")).collect();
    format!("SIP/2.0 {status}\r\n{kept}{field}Content-Length: 0\r\n\r\n").into_bytes()
}

/// Each change waits for late copies of its 2xx to be ruled out, and for no longer.
#[test]
fn there_is_no_last_change() {
    let mut net = joined(Renegotiation::ReInvite);
    for _ in 0..20 {
        alice(&mut net, ue::Command::Hold);
        alice(&mut net, ue::Command::Resume);
        operator(&mut net, focus::Command::Hold { user: uri(BOB) });
        operator(&mut net, focus::Command::Resume { user: uri(BOB) });
        net.bob(Command::Hold);
        net.bob(Command::Resume);
        net.run_dry();
    }
    assert_eq!(on_hold(&net), [""; 0]);
}

#[test]
fn the_creator_holds_and_resumes() {
    let mut net = joined(Renegotiation::ReInvite);
    alice(&mut net, ue::Command::Hold);
    assert_eq!((net.ue.view().media, net.focus.view().conferences[0].media), (idle(true, false), idle(false, true)));
    assert_eq!(on_hold(&net), [ALICE]);
    assert_eq!(
        mixed(&net),
        [(false, true), (true, true)],
        "he plays to the conference what he likes, and hears nothing"
    );
    alice(&mut net, ue::Command::Resume);
    assert_eq!(on_hold(&net), [""; 0]);
    assert_eq!(mixed(&net), [(true, true); 2]);
    insta::assert_snapshot!(net.ends());
    // The two offers of the set-up were 1 and 2; what is the same on the way has the same version.
    assert_eq!(descriptions(&net, "ue"), [(3, "sendonly"), (4, "sendrecv")]);
    let events: Vec<_> = net.ue_events.iter().filter(|event| matches!(event, ue::Event::HoldChanged { .. })).collect();
    let changed = |holds| ue::Event::HoldChanged { holds, held: false };
    assert_eq!(events, [&changed(true), &changed(false)]);
}

#[test]
fn an_update_does_the_same() {
    let mut net = joined(Renegotiation::Update);
    alice(&mut net, ue::Command::Hold);
    assert_eq!(on_hold(&net), [ALICE]);
    operator(&mut net, focus::Command::Hold { user: uri(BOB) });
    assert_eq!(on_hold(&net), [ALICE, BOB]);
    alice(&mut net, ue::Command::Resume);
    operator(&mut net, focus::Command::Resume { user: uri(BOB) });
    assert_eq!(on_hold(&net), [""; 0]);
    insta::assert_snapshot!(net.ends());
}

#[test]
fn an_invited_user_and_the_focus_hold_the_same_call() {
    let mut net = joined(Renegotiation::ReInvite);
    net.bob(Command::Hold);
    assert_eq!(net.bob.view().media, idle(true, false));
    operator(&mut net, focus::Command::Hold { user: uri(BOB) });
    assert_eq!(net.bob.view().media, idle(true, true));
    assert_eq!(mixed(&net), [(true, true), (false, false)]);
    net.bob(Command::Resume);
    assert_eq!(on_hold(&net), [BOB], "the focus still holds him");
    assert_eq!(mixed(&net)[1], (true, false));
    operator(&mut net, focus::Command::Resume { user: uri(BOB) });
    assert_eq!(on_hold(&net), [""; 0]);
    assert_eq!(mixed(&net)[1], (true, true));
    // An offer says what he wants, whatever the focus does; an answer only what both want (RFC 3264 section 6.1).
    let bob = [(2, "sendonly"), (3, "inactive"), (4, "sendrecv"), (5, "sendrecv")];
    assert_eq!(descriptions(&net, "bob"), bob);
}

#[test]
fn who_leaves_on_hold_is_not_on_hold_any_more() {
    let mut net = joined(Renegotiation::ReInvite);
    net.bob(Command::Hold);
    net.bob(Command::Leave);
    assert_eq!(on_hold(&net), [""; 0]);
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Confirmed, "who holds and leaves takes nobody with him");
    assert_eq!(net.bob.view().counts, imsconf::view::Counts::default());
}

#[test]
fn nothing_can_be_held_before_the_call_stands_or_while_a_change_is_open() {
    let mut net = Net::new();
    assert!(net.ue.handle_command(net.now, ue::Command::Hold).is_err());
    assert!(net.focus.handle_command(net.now, focus::Command::Hold { user: uri(ALICE) }).is_err());
    let mut net = joined(Renegotiation::ReInvite);
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    assert!(net.bob.handle_command(net.now, Command::Hold).is_err());
    assert!(net.bob.handle_command(net.now, Command::Resume).is_err());
    net.settle();
    net.bob.handle_command(net.now, Command::Hold).expect("held already: nothing to be done");
    net.settle();
    assert_eq!(net.ladder.iter().filter(|line| line.contains("INVITE sip")).count(), 1);
}

/// RFC 3261 section 14.1: the session goes on as it was; the next description differs from the refused one.
#[test]
fn a_refused_hold_changes_nothing() {
    let mut net = joined(Renegotiation::ReInvite);
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    settle_rewriting(&mut net, |message, bytes| {
        let refuse = message.status() == Some(200) && message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        refuse.then(|| refused(bytes, "488 Not Acceptable Here", ""))
    });
    assert_eq!(net.bob.view().media, idle(false, false));
    assert_eq!(net.bob_events.last(), Some(&participant::Event::HoldRefused { code: 488 }));
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
}

/// RFC 3261 section 12.2.1.2: whoever hears that there is no such dialog, or nothing at all, ends it.
#[test]
fn a_lost_session_is_ended() {
    for code in ["481 Call/Transaction Does Not Exist", "408 Request Timeout"] {
        let mut net = joined(Renegotiation::ReInvite);
        net.bob.handle_command(net.now, Command::Hold).expect("hold");
        settle_rewriting(&mut net, |message, bytes| {
            let invited = message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            (message.status() == Some(200) && invited).then(|| refused(bytes, code, ""))
        });
        net.run_dry();
        assert_eq!(net.bob.view().call, ParticipantState::Over, "{code}");
        assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Over);
        assert!(on_hold(&net).is_empty());
    }
    let mut net = joined(Renegotiation::ReInvite);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    let end = net.now + Duration::from_secs(200);
    net.run_until_unless(end, |message| message.method() == Some(Method::Invite));
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Over);
    assert!(net.ue_events.contains(&ue::Event::CallLost { code: 408 }));
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
}

/// A receiver that says only that it tries may take its time, but not for ever: after 64*T1 the session is given up as
/// after no answer (RFC 3261 section 12.2.1.2).
#[test]
fn a_re_invite_that_is_only_tried_is_given_up() {
    let is_answer = |message: &Message<'_>| {
        message.status() == Some(200) && message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite)
    };
    let mut net = joined(Renegotiation::ReInvite);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    settle_rewriting(&mut net, |message, bytes| is_answer(message).then(|| refused(bytes, "100 Trying", "")));
    let lost = |message: &Message<'_>| is_answer(message) || message.method() == Some(Method::Bye);
    let end = net.now + Duration::from_secs(128);
    let due = |timer: &Timer| (timer.at, timer.class) == (end, TimerClass::Protocol);
    assert!(net.ue.timers().iter().any(due), "its own patience ends, not only that of the others");
    net.run_until_unless(end - Duration::from_millis(1), lost);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    net.run_until_unless(end, lost);
    assert!(net.ue_events.contains(&ue::Event::CallLost { code: 408 }));
    assert_eq!(net.ue.view().call, CallState::Leaving);
}

/// RFC 3261 section 13.3.1.4, also for a re-INVITE (section 14.2).
#[test]
fn the_2xx_to_a_re_invite_is_repeated_until_its_ack() {
    let mut net = joined(Renegotiation::ReInvite);
    net.copies = 2;
    net.bob(Command::Hold);
    net.run_dry();
    assert_eq!(on_hold(&net), [BOB]);
    net.copies = 1;
    net.ladder.clear();
    net.bob.handle_command(net.now, Command::Resume).expect("resume");
    let end = net.now + Duration::from_secs(3);
    net.run_until_unless(end, |message| message.method() == Some(Method::Ack));
    assert!(net.focus.view().conferences[0].invitations[0].media.unacknowledged.is_some());
    net.run_dry();
    insta::assert_snapshot!(net.ends());
    assert!(net.focus.view().conferences[0].invitations[0].media.unacknowledged.is_none());
    // Nobody acknowledges at all: the focus ends the call.
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    let end = net.now + Duration::from_secs(33);
    net.run_until_unless(end, |message| message.method() == Some(Method::Ack));
    net.run_dry();
    assert_eq!(net.bob.view().call, ParticipantState::Over);
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Over);
    assert_eq!(net.focus.view().terminations, 1);
}

/// RFC 3264 section 8.4: the old way to say hold, still understood.
#[test]
fn an_address_of_zeros_holds() {
    let mut net = joined(Renegotiation::ReInvite);
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    settle_rewriting(&mut net, |message, bytes| {
        let offer = message.method() == Some(Method::Invite);
        offer.then(|| {
            let bytes = edited(bytes, "a=sendonly", "a=sendrecv");
            // As long as before.
            edited(&bytes, "c=IN IP4 192.0.2.41\r\n", "c=IN IP4 0.0.0.0   \r\n")
        })
    });
    assert_eq!(on_hold(&net), [BOB]);
}

/// RFC 3261 section 14.2: without an offer the 2xx has one, and its answer is in the ACK.
#[test]
fn a_re_invite_without_offer_is_answered_with_one() {
    let mut net = joined(Renegotiation::ReInvite);
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    let mut answered = Vec::new();
    settle_rewriting(&mut net, |message, bytes| {
        let body = message.body().to_vec();
        match message.method() {
            Some(Method::Invite) => {
                answered = body;
                Some(without_body(bytes))
            }
            Some(Method::Ack) => Some(with_body(bytes, &answered)),
            _ => None,
        }
    });
    assert_eq!(on_hold(&net), [BOB]);
    assert_eq!(net.focus.view().conferences[0].invitations[0].media, idle(false, true));
}

fn without_body(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let kept: String =
        head.lines().filter(|line| !line.starts_with("Content-")).map(|line| format!("{line}\r\n")).collect();
    format!("{kept}Content-Length: 0\r\n\r\n").into_bytes()
}

fn with_body(bytes: &[u8], body: &[u8]) -> Vec<u8> {
    let mut message = without_body(bytes);
    let ends = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n", body.len());
    message.truncate(message.len() - "Content-Length: 0\r\n\r\n".len());
    message.extend_from_slice(ends.as_bytes());
    message.extend_from_slice(body);
    message
}

/// Every message of a change has the Contact of its sender, which stays what it was, and the focus says that it is one.
#[test]
fn a_change_moves_no_target() {
    let mut net = joined(Renegotiation::ReInvite);
    alice(&mut net, ue::Command::Hold);
    operator(&mut net, focus::Command::Hold { user: uri(ALICE) });
    for (_, transmit) in &net.said {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        if message.body().is_empty() || !message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) {
            continue;
        }
        let contact = String::from_utf8_lossy(message.field(Name::Contact).expect("a Contact")).into_owned();
        let of_the_focus = contact.contains("final-");
        assert!(of_the_focus == contact.contains("isfocus"), "{contact}");
        assert!(of_the_focus || contact.contains("alice@[2001:db8::9]"), "{contact}");
    }
}
