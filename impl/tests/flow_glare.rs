//! Changes of a session that cross: re-INVITE and UPDATE of both sides, with and without an offer, the back-off, and a
//! change that overtakes the ACK (RFC 5407 sections 3.1.4, 3.1.5, 3.3.1 and 3.3.2; RFC 3261 section 14; RFC 3311
//! section 5.2).

mod common;

use std::time::Duration;

use common::{Net, focus_config, ue_config, uri};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::config::Renegotiation;
use imsconf::role::focus;
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, SecondOffer};
use imsconf::view::{CallState, FocusCallState, MediaChange, ParticipantState};
use imsconf::wire::{Message, Method};

const ALICE: &str = "sip:alice@home.example";
const BOB: &str = "sip:bob@home.example";

fn created(ue: Renegotiation, focus: Renegotiation) -> Net {
    let (mut ue_config, mut focus_config) = (ue_config(), focus_config());
    (ue_config.renegotiation, focus_config.renegotiation) = (ue, focus);
    let mut net = Net::with(ue_config, focus_config);
    net.create(SecondOffer::Prack);
    net.run_dry();
    net.ladder.clear();
    net.said.clear();
    net
}

/// Both ends want a change of the creator's call at the same time.
fn cross(net: &mut Net) {
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.focus.handle_command(net.now, focus::Command::Hold { user: uri(ALICE) }).expect("hold");
    net.collect();
}

/// Final responses to what was asked in the creator's call, as each end got them.
fn answers(net: &Net, receiver: &str) -> Vec<u16> {
    let finals = net.said.iter().filter(|(_, transmit)| common::name(transmit.to) == receiver);
    let code = |(_, transmit): &(_, Transmit)| {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        let asked = message.cseq().is_ok_and(|cseq| matches!(cseq.method, Method::Invite | Method::Update));
        message.status().filter(|code| asked && *code >= 200)
    };
    finals.filter_map(code).collect()
}

/// How long after `start` the second attempts leave their ends.
fn back_offs(net: &mut Net) -> (Duration, Duration) {
    let start = net.now;
    let (mut ue, mut focus) = (None, None);
    for _ in 0..500 {
        let requested = |change| matches!(change, MediaChange::Requested { again: true, .. });
        if requested(net.ue.view().media.change) || net.ue.view().media.holds {
            ue = ue.or_else(|| Some(net.now.since(start)));
        }
        let view = net.focus.view().conferences[0].media;
        if requested(view.change) || view.holds {
            focus = focus.or_else(|| Some(net.now.since(start)));
        }
        net.pass(Duration::from_millis(10));
    }
    (ue.expect("a second attempt"), focus.expect("a second attempt"))
}

/// RFC 5407 section 3.3.1. The UE owns the Call-ID of this call, so it waits longer.
#[test]
fn re_invites_cross_and_both_changes_come_about() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    cross(&mut net);
    net.settle();
    assert_eq!((answers(&net, "ue"), answers(&net, "focus")), (vec![491], vec![491]));
    assert_eq!(net.ue.view().media.change, MediaChange::BackingOff { hold: true });
    let (ue, focus) = back_offs(&mut net);
    let owner = Duration::from_millis(2_100)..=Duration::from_millis(4_000);
    assert!(owner.contains(&ue), "{ue:?}");
    assert!(focus <= Duration::from_millis(2_010), "{focus:?}");
    net.run_dry();
    insta::assert_snapshot!(net.ends());
    let (here, there) = (net.ue.view().media, net.focus.view().conferences[0].media);
    assert_eq!((here.holds, here.held, there.holds, there.held), (true, true, true, true));
    assert_eq!((here.change, there.change), (MediaChange::None, MediaChange::None));
}

/// RFC 3261 section 14.1, from the focus' side of a call that it made: now its wait is the longer one.
#[test]
fn the_owner_of_the_call_id_waits_longer() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.bob(Command::Answer);
    net.bob.handle_command(net.now, Command::Hold).expect("hold");
    net.focus.handle_command(net.now, focus::Command::Hold { user: uri(BOB) }).expect("hold");
    let start = net.now;
    net.settle();
    let wait = |timers: Vec<imsconf::time::Timer>| {
        let protocol = timers.into_iter().filter(|timer| timer.class == imsconf::time::TimerClass::Protocol);
        protocol.map(|timer| timer.at.since(start)).min().expect("a back-off")
    };
    let (bob, focus) = (wait(net.bob.timers()), wait(net.focus.timers()));
    assert!(bob <= Duration::from_secs(2), "{bob:?}");
    assert!(focus >= Duration::from_millis(2_100) && focus <= Duration::from_secs(4), "{focus:?}");
}

/// RFC 5407 sections 3.3.1 and 3.3.2, RFC 3311 section 5.2: an offer that meets another is refused by both; an UPDATE
/// without one crosses anything.
#[test]
fn every_pair_of_requests_that_cross() {
    use Renegotiation::{ReInvite, Update};
    let mut table = String::new();
    for (ue, focus) in [(ReInvite, ReInvite), (ReInvite, Update), (Update, ReInvite), (Update, Update)] {
        for (ue_offers, focus_offers) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut net = created(ue, focus);
            cross(&mut net);
            for (from, transmit) in &mut net.queue {
                let keeps = if common::name(*from) == "ue" { ue_offers } else { focus_offers };
                if !keeps {
                    transmit.bytes = without_body(&transmit.bytes);
                }
            }
            net.settle();
            let word = |by: Renegotiation, offers| {
                let method = if by == ReInvite { "re-INVITE" } else { "UPDATE" };
                format!("{method}{}", if offers { "" } else { " without offer" })
            };
            table += &format!(
                "{} of the UE {:?}, {} of the focus {:?}\n",
                word(ue, ue_offers),
                answers(&net, "ue"),
                word(focus, focus_offers),
                answers(&net, "focus")
            );
        }
    }
    insta::assert_snapshot!(table);
}

fn without_body(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let head = text.split("\r\n\r\n").next().expect("a head");
    let kept: String =
        head.lines().filter(|line| !line.starts_with("Content-")).map(|line| format!("{line}\r\n")).collect();
    format!("{kept}Content-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn a_change_that_is_not_wanted_any_more_is_not_tried_again() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    cross(&mut net);
    net.settle();
    net.ue.handle_command(net.now, ue::Command::Resume).expect("the user changed his mind");
    net.ladder.clear();
    net.run_dry();
    assert!(!net.ladder.iter().any(|line| line.starts_with("ue    -> pcscf INVITE")), "{}", net.ladder.join("\n"));
    let view = net.ue.view().media;
    assert_eq!((view.holds, view.held, view.change), (false, true, MediaChange::None));
}

/// The wait is not over because the user thought better of it in between (RFC 3261 section 14.1).
#[test]
fn a_change_that_is_wanted_again_waits_all_the_same() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    cross(&mut net);
    let start = net.now;
    net.settle();
    net.ue.handle_command(net.now, ue::Command::Resume).expect("the user changed his mind");
    assert_eq!(net.ue.view().media.change, MediaChange::Resting);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("and back");
    assert_eq!(net.ue.view().media.change, MediaChange::BackingOff { hold: true });
    net.collect();
    assert!(net.queue.is_empty(), "asked at once");
    while net.ue.view().media.change == (MediaChange::BackingOff { hold: true }) {
        net.pass(Duration::from_millis(10));
    }
    let wait = net.now.since(start);
    assert!(wait >= Duration::from_millis(2_100) && wait <= Duration::from_millis(4_010), "{wait:?}");
    net.run_dry();
    let (here, there) = (net.ue.view().media, net.focus.view().conferences[0].media);
    assert_eq!((here.holds, here.held, there.holds, there.held), (true, true, true, true));
}

/// Nobody tries for ever: a change that crosses twice is refused.
#[test]
fn a_second_crossing_is_the_last() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    for _ in 0..2 {
        net.collect();
        while let Some((from, mut transmit)) = net.queue.pop_front() {
            let message = Message::parse(&transmit.bytes).expect("SIP");
            if message.status() == Some(200) && message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) {
                let text = String::from_utf8(without_body(&transmit.bytes)).expect("text");
                transmit.bytes = text.replacen("200 OK", "491 Request Pending", 1).into_bytes();
            }
            net.deliver(from, &transmit);
        }
        while matches!(net.ue.view().media.change, MediaChange::BackingOff { .. }) {
            net.now = net.ue.poll_timeout().expect("the back-off");
            net.ue.handle_timeout(net.now);
        }
    }
    net.collect();
    assert!(net.ue_events.contains(&ue::Event::HoldRefused { code: 491 }), "{:?}", net.ue_events);
    assert_eq!(net.ue.view().media.change, MediaChange::Resting);
    net.pass(Duration::from_secs(4));
    assert_eq!(net.ue.view().media.change, MediaChange::None);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

/// RFC 3261 section 14.2: while the first INVITE rings, a second one of the same side has to come again later.
#[test]
fn a_second_invite_of_the_same_side_comes_too_early() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.bob(Command::Ring);
    let sent = |net: &Net, code: Option<u16>| {
        let of = |bytes: &[u8]| {
            let message = Message::parse(bytes).expect("SIP");
            let invite = message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            invite && (message.status() == code) && (code.is_some() || message.method() == Some(Method::Invite))
        };
        let found = net.said.iter().rev().find(|(_, transmit)| of(&transmit.bytes)).expect("sent");
        (found.0, found.1.clone())
    };
    let (focus, invite) = sent(&net, None);
    let ringing = String::from_utf8(sent(&net, Some(180)).1.bytes).expect("text");
    let to = ringing.lines().find(|line| line.starts_with("To:")).expect("a To").to_owned();
    let text = String::from_utf8(invite.bytes.clone()).expect("text");
    let second: String = text
        .split_inclusive("\r\n")
        .map(|line| {
            if line.starts_with("To:") {
                format!("{to}\r\n")
            } else if line.starts_with("CSeq:") {
                "CSeq: 2 INVITE\r\n".to_owned()
            } else {
                line.replace("z9hG4bK", "z9hG4bKsecond")
            }
        })
        .collect();
    net.said.clear();
    net.deliver(focus, &Transmit { bytes: second.into_bytes(), ..invite });
    let (_, refusal) = net.said.last().expect("an answer").clone();
    let refusal = Message::parse(&refusal.bytes).expect("SIP");
    assert_eq!(refusal.status(), Some(500));
    assert!(refusal.retry_after().expect("a time to wait").seconds <= 10);
    assert_eq!(net.bob.view().call, ParticipantState::Ringing, "the first one rings on");
    net.settle();
    net.bob(Command::Answer);
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
}

/// A 500 with Retry-After means to come again after that time, once.
#[test]
fn a_change_that_came_too_early_is_tried_again_after_the_time_asked_for() {
    let mut net = created(Renegotiation::Update, Renegotiation::Update);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        if message.status() == Some(200) {
            let text = String::from_utf8(without_body(&transmit.bytes)).expect("text");
            let status = "500 Server Internal Error\r\nRetry-After: 7";
            transmit.bytes = text.replacen("200 OK", status, 1).into_bytes();
        }
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().media.change, MediaChange::BackingOff { hold: true });
    net.pass(Duration::from_millis(6_990));
    assert!(!net.ue.view().media.holds);
    net.pass(Duration::from_millis(20));
    assert!(net.ue.view().media.holds);
}

/// RFC 3261 section 14.1: no re-INVITE while one of the peer waits for its ACK.
#[test]
fn a_change_waits_for_the_ack_of_the_peers() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    net.focus.handle_command(net.now, focus::Command::Hold { user: uri(ALICE) }).expect("hold");
    net.settle_unless(|message| message.method() == Some(Method::Ack));
    assert!(net.ue.view().media.unacknowledged.is_some());
    assert!(net.ue.handle_command(net.now, ue::Command::Hold).is_err());
    net.run_dry();
    assert_eq!(net.ue.view().media.unacknowledged, None, "the next copy of the 2xx had its ACK");
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.settle();
    assert!(net.ue.view().media.holds);
}

/// RFC 5407 section 3.1.4: the exchange was complete with the 200, so a hold that overtakes the ACK is served, and the
/// ACK is taken although its number is lower.
#[test]
fn a_hold_overtakes_the_ack() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    let mut late = Vec::new();
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        if message.method() == Some(Method::Ack) && common::name(transmit.to) == "focus" {
            late.push((from, transmit));
        } else {
            net.deliver(from, &transmit);
        }
    }
    net.ladder.clear();
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.settle();
    let conference = net.focus.view().conferences[0].clone();
    assert_eq!((conference.call, conference.media.held), (FocusCallState::Answered, true));
    for (from, transmit) in late {
        net.deliver(from, &transmit);
    }
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
    net.run_dry();
    insta::assert_snapshot!(net.ends());
}

/// RFC 3261 section 13.3.1.4: the 200 whose ACK was lost comes again until it is acknowledged, though a further
/// re-INVITE was served meanwhile.
#[test]
fn a_200_is_repeated_after_the_next_change_was_served() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.settle_unless(|message| message.method() == Some(Method::Ack));
    net.ue.handle_command(net.now, ue::Command::Resume).expect("resume");
    net.settle();
    assert_eq!(net.focus.view().conferences[0].media.unacknowledged, None);
    net.said.clear();
    net.run_dry();
    assert_eq!(answers(&net, "ue"), [200], "the one to the first, once more: now its ACK arrives");
    let view = net.focus.view().conferences[0].clone();
    assert_eq!((view.call, view.media.held), (FocusCallState::Confirmed, false));
}

/// RFC 5407 section 3.1.5: the ACK has the answer, and what overtakes it meets our open offer.
#[test]
fn a_hold_that_overtakes_an_ack_with_the_answer_is_refused() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.collect();
    for (_, transmit) in &mut net.queue {
        transmit.bytes = without_body(&transmit.bytes);
    }
    net.settle_unless(|message| message.method() == Some(Method::Ack));
    assert!(net.focus.view().conferences[0].media.unacknowledged.is_some());
    net.said.clear();
    net.ue.handle_command(net.now, ue::Command::Resume).expect("resume");
    net.settle();
    assert_eq!(answers(&net, "ue"), [491]);
}

/// RFC 5407 section 3.2.2: whoever has sent a BYE has no session to change.
#[test]
fn a_bye_meets_a_re_invite() {
    let mut net = created(Renegotiation::ReInvite, Renegotiation::ReInvite);
    net.focus.handle_command(net.now, focus::Command::Hold { user: uri(ALICE) }).expect("hold");
    net.ue.handle_command(net.now, ue::Command::Leave).expect("leave");
    net.settle();
    assert_eq!(answers(&net, "focus"), [481]);
    net.run_dry();
    assert_eq!((net.ue.view().call, net.focus.view().terminations), (CallState::Over, 0));
    assert_eq!(net.focus.view().counts.dialogs, 0);
}
