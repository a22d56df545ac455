//! Session timers (RFC 4028): what is agreed, who refreshes and how, and what ends a session that nobody refreshes.

mod common;

use std::time::Duration;

use common::{Net, at, edited, focus_config, participant_config, summary, ue_config};
use imsconf::agent::{Agent as _, Transmit};
use imsconf::role::config::{Renegotiation, SessionTimer, UeConfig};
use imsconf::role::focus::Focus;
use imsconf::role::participant::{Command, Participant};
use imsconf::role::ue::{self, Event, SecondOffer};
use imsconf::time::Time;
use imsconf::view::{CallState, Counts, FocusCallState, LegState, ParticipantState};
use imsconf::wire::{Message, Method, Name};

const BOB: &str = "sip:bob@home.example";
const HALF: Duration = Duration::from_secs(900);

/// Asks for `interval` and accepts `minimum` or longer.
const fn timer(interval: Option<u32>, minimum: u32, refreshes: bool) -> Option<SessionTimer> {
    Some(SessionTimer { interval, minimum, refreshes })
}

/// A network in which UE, focus and Bob have these session timers.
fn net(ue: Option<SessionTimer>, focus: Option<SessionTimer>, bob: Option<SessionTimer>) -> Net {
    let mut configs = (ue_config(), focus_config(), participant_config("bob", common::BOB));
    (configs.0.session_timer, configs.1.session_timer, configs.2.session_timer) = (ue, focus, bob);
    let mut net = Net::with(configs.0, configs.1);
    net.bob = Participant::new(configs.2);
    net
}

/// A conference whose creator and focus have these session timers; the ladder starts after its creation.
fn created(ue: Option<SessionTimer>, focus: Option<SessionTimer>) -> Net {
    let mut net = net(ue, focus, None);
    net.create(SecondOffer::Prack);
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    net.ladder.clear();
    net
}

/// Delivers what is on its way and what follows from it, each message as `edit` makes it.
fn deliver_edited(net: &mut Net, edit: impl Fn(&Transmit) -> Vec<u8>) {
    while let Some((from, transmit)) = net.queue.pop_front() {
        let bytes = edit(&transmit);
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
}

/// What every message of the ends that says something of the session timer says, in order: sender, message,
/// Session-Expires, Min-SE, and whether it requires the extension.
fn said(net: &Net) -> String {
    let mut lines = Vec::new();
    for (from, transmit) in net.said.iter().filter(|(from, _)| !["pcscf", "scscf"].contains(&common::name(*from))) {
        let message = Message::parse(&transmit.bytes).expect("agents send SIP");
        let value = |name: Name<'static>| message.field(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let (expires, least) = (value(Name::SessionExpires), value(Name::MinSe));
        if expires.is_none() && least.is_none() {
            continue;
        }
        let mut line = format!("{:<5} {}", common::name(*from), summary(&transmit.bytes));
        line += &format!("; cseq {}", message.cseq().expect("a CSeq").number);
        line += &expires.map_or_else(String::new, |expires| format!("; Session-Expires: {expires}"));
        line += &least.map_or_else(String::new, |least| format!("; Min-SE: {least}"));
        line += if message.requires("timer") { "; required" } else { "" };
        lines.push(line);
    }
    lines.join("\n")
}

/// The requests of an end that do not say that it has the extension.
fn silent(net: &Net, sender: &str) -> Vec<String> {
    let own = net.said.iter().filter(|(from, _)| common::name(*from) == sender);
    let requests = own.map(|(_, transmit)| (transmit, Message::parse(&transmit.bytes).expect("SIP")));
    let lacking = requests.filter(|(_, message)| message.method().is_some() && !message.supports("timer"));
    lacking.map(|(transmit, _)| summary(&transmit.bytes)).collect()
}

#[test]
fn the_caller_refreshes_by_update_at_half_the_interval() {
    let mut net = net(timer(Some(1_800), 90, false), timer(None, 90, false), None);
    net.create(SecondOffer::Update);
    net.pass(HALF * 5);
    assert_eq!(
        (net.ue.view().call, net.focus.view().conferences[0].call),
        (CallState::Confirmed, FocusCallState::Confirmed)
    );
    insta::assert_snapshot!(said(&net));
    let acks = silent(&net, "ue");
    assert!(acks.iter().all(|request| request.starts_with("ACK ")) && acks.len() == 1, "{acks:?}");
}

/// Who refreshes is written relative to the request, so that the role does not flip (section 7.4).
#[test]
fn the_focus_refreshes_where_it_is_asked_to_and_the_roles_stay() {
    let mut net = net(timer(Some(1_800), 90, false), timer(Some(600), 90, true), timer(Some(1_200), 90, true));
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.bob(Command::Answer);
    net.pass(HALF);
    assert_eq!((net.bob.view().call, net.ue.view().call), (ParticipantState::InCall, CallState::Confirmed));
    // A change of the media refreshes too, and leaves the roles as they are.
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.settle();
    net.pass(Duration::from_secs(299));
    insta::assert_snapshot!(said(&net));
}

/// Without UPDATE in the peer's Allow the refresh is a re-INVITE whose offer has the version of the last one.
#[test]
fn without_update_the_refresh_is_a_re_invite_that_changes_nothing() {
    let mut net = net(None, timer(Some(1_800), 90, true), timer(Some(1_800), 90, true));
    net.create(SecondOffer::Prack);
    let target = BOB.parse().expect("a URI");
    let mode = ue::InviteMode::ReferToFocus;
    net.ue.handle_command(net.now, ue::Command::Invite { target, mode }).expect("invite");
    net.collect();
    // What the focus says it allows reaches Bob without UPDATE.
    while let Some((from, transmit)) = net.queue.pop_front() {
        let toward_bob = transmit.to == at(common::BOB);
        let has_allow = String::from_utf8_lossy(&transmit.bytes).contains(", UPDATE");
        let bytes =
            if toward_bob && has_allow { edited(&transmit.bytes, ", UPDATE", "") } else { transmit.bytes.clone() };
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
    net.bob(Command::Answer);
    net.run_dry();
    net.said.clear();
    net.pass(HALF * 2);
    insta::assert_snapshot!(said(&net));
    let mut origins: Vec<String> = Vec::new();
    for (_, transmit) in &net.said {
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        origins.extend(text.lines().filter(|line| line.starts_with("o=")).map(str::to_owned));
    }
    origins.sort_unstable();
    origins.dedup();
    assert_eq!(origins.len(), 2, "each side keeps its version: {origins:?}");
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
}

#[test]
fn a_422_is_followed_by_the_same_call_with_a_longer_interval() {
    let mut net = net(timer(Some(1_800), 90, false), timer(None, 3_600, false), timer(None, 90, false));
    net.create(SecondOffer::Prack);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    let invites: Vec<_> = net
        .said
        .iter()
        .filter(|(from, _)| common::name(*from) == "ue")
        .map(|(_, transmit)| Message::parse(&transmit.bytes).expect("SIP"))
        .filter(|message| message.method() == Some(Method::Invite))
        .map(|invite| (invite.call_id().map(<[u8]>::to_vec), invite.from().map(|from| from.tag().map(<[u8]>::to_vec))))
        .collect();
    assert_eq!(invites.len(), 2);
    assert_eq!(invites[0], invites[1], "the same Call-ID and the same tag");
    insta::assert_snapshot!(said(&net));
    net.leave();
    net.run_dry();
    assert_eq!(net.ue.view().counts, Counts::default());
}

#[test]
fn an_invited_user_who_finds_the_interval_too_small_is_called_again() {
    let mut net = net(None, timer(Some(1_800), 90, false), timer(None, 7_200, false));
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.bob(Command::Answer);
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Joined);
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
    insta::assert_snapshot!(said(&net));
}

/// A hop that asks for more and more is not followed for ever, nor one that asks for nothing more.
#[test]
fn a_422_that_asks_for_nothing_more_ends_the_creation() {
    let mut net = net(timer(Some(1_800), 90, false), timer(None, 3_600, false), None);
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let small = String::from_utf8_lossy(&transmit.bytes).contains("Min-SE: 3600") && transmit.to == at(common::UE);
        let bytes =
            if small { edited(&transmit.bytes, "Min-SE: 3600", "Min-SE: 1800") } else { transmit.bytes.clone() };
        net.deliver(from, &Transmit { bytes, ..transmit });
    }
    assert_eq!(net.ue.view().call, CallState::Failed { code: 422 });
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 422 }]);
}

#[test]
fn nobody_has_a_session_timer_when_one_side_lacks_the_extension() {
    for (ue, focus) in [(timer(Some(1_800), 90, false), None), (None, None)] {
        let mut net = created(ue, focus);
        net.pass(HALF * 8);
        assert_eq!(net.ladder, Vec::<String>::new());
        assert_eq!(net.ue.view().call, CallState::Confirmed);
    }
    // The called side may want one all the same: then it refreshes itself (section 9, table 2).
    let mut net = created(None, timer(Some(1_800), 90, false));
    net.pass(HALF);
    assert_eq!(net.ends(), "focus -> ue    UPDATE sip:alice@[2001:db8::9]:5060\nue    -> focus 200 OK (UPDATE)");
}

/// The refresh gets no answer: its sender hangs up. Had he fallen silent himself, the other end would.
#[test]
fn a_refresh_without_an_answer_ends_the_session() {
    let mut net = created(timer(Some(1_800), 90, false), timer(None, 90, false));
    let end = net.now + Duration::from_secs(1_100);
    net.run_until_unless(end, |message| message.method() == Some(Method::Update));
    assert_eq!(net.ue_events.last(), Some(&Event::Left));
    assert!(net.ue_events.contains(&Event::CallLost { code: 408 }), "{:?}", net.ue_events);
    assert_eq!((net.ue.view().call, net.focus.view().conferences[0].call), (CallState::Over, FocusCallState::Over));
}

#[test]
fn who_waits_for_a_refresh_hangs_up_before_the_end() {
    let mut net = created(timer(Some(1_800), 90, false), timer(None, 90, false));
    // The creation took no time.
    let start = Time::from_millis(1_000);
    let silence =
        |message: &Message<'_>| message.from().is_ok_and(|from| from.uri.as_bytes() == b"sip:alice@home.example");
    net.run_until_unless(start + Duration::from_secs(1_767), |message| {
        silence(message) && matches!(message.method(), Some(Method::Update | Method::Bye))
    });
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
    let bye = |net: &Net| net.ladder.iter().filter(|line| line.starts_with("focus ->") && line.contains("BYE")).count();
    assert_eq!(bye(&net), 0);
    net.run_until_unless(start + Duration::from_secs(1_768), |message| message.method() == Some(Method::Update));
    assert_eq!(bye(&net), 1, "{}", net.ladder.join("\n"));
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
}

/// A refresh that crosses a change of the other side: as an UPDATE without an offer both succeed (FA-32).
#[test]
fn a_refresh_crosses_a_re_invite() {
    let mut net = created(timer(Some(1_800), 90, false), timer(None, 90, true));
    // Both at once: the refresh of the focus is due, and Alice holds.
    net.now = net.focus.poll_timeout().expect("a refresh");
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.focus.handle_timeout(net.now);
    net.settle();
    let codes: Vec<&str> = net.ladder.iter().filter_map(|line| line.split(" 200 OK ").nth(1)).collect();
    assert!(codes.contains(&"(UPDATE)") && codes.contains(&"(INVITE) +sdp"), "{}", net.ladder.join("\n"));
    assert!(net.ue.view().media.holds && net.focus.view().conferences[0].media.held);
}

/// A refresh that becomes due while a change is under way follows it, also if the change is refused.
#[test]
fn a_refresh_follows_a_change_that_is_refused() {
    let (mut ue, mut focus) = (ue_config(), focus_config());
    (ue.session_timer, focus.session_timer) = (timer(Some(1_800), 90, false), timer(None, 90, false));
    ue.renegotiation = Renegotiation::Update;
    let mut net = Net::with(ue, focus);
    net.create(SecondOffer::Prack);
    net.run_dry();
    let start = net.now;
    net.ladder.clear();
    let refresh = net.ue.poll_timeout().expect("a refresh");
    // A moment before it is due.
    net.now = Time::from_millis(refresh.as_millis() - 100);
    net.ue.handle_command(net.now, ue::Command::Hold).expect("hold");
    net.collect();
    net.now = refresh;
    net.ue.handle_timeout(net.now);
    deliver_edited(&mut net, |transmit| {
        let text = String::from_utf8_lossy(&transmit.bytes);
        let answer = transmit.to == at(common::UE) && text.starts_with("SIP/2.0 200") && text.contains("m=audio");
        if answer { edited(&transmit.bytes, "200 OK", "488 Not Acceptable Here") } else { transmit.bytes.clone() }
    });
    let sent = net.ladder.iter().filter(|line| line.starts_with("ue ") && line.contains("UPDATE sip")).count();
    assert_eq!(sent, 2, "{}", net.ladder.join("\n"));
    assert!(!net.ue.view().media.holds);
    net.run_until(start + Duration::from_secs(1_801));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

/// A refresh may be refused for a while, or for good: only a 2xx prolongs the session.
#[test]
fn a_refused_refresh_prolongs_nothing() {
    for (status, extra, refreshes, over_at) in [
        ("500 Server Internal Error", "Retry-After: 5\r\n", 2, None),
        ("488 Not Acceptable Here", "", 1, Some(1_800)),
        ("481 Call/Transaction Does Not Exist", "", 1, Some(900)),
    ] {
        let mut net = created(timer(Some(1_800), 90, false), timer(None, 90, false));
        let start = net.now;
        net.now = net.ue.poll_timeout().expect("a refresh");
        net.ue.handle_timeout(net.now);
        net.collect();
        deliver_edited(&mut net, |transmit| {
            let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
            let answer = text.starts_with("SIP/2.0 200") && text.contains(" UPDATE\r\n");
            if !answer || transmit.to != at(common::UE) {
                return transmit.bytes.clone();
            }
            let refused = edited(&transmit.bytes, "200 OK\r\n", &format!("{status}\r\n{extra}"));
            let text = String::from_utf8(refused).expect("text");
            let kept = text.split("\r\n").filter(|line| !line.starts_with("Session-Expires"));
            kept.collect::<Vec<_>>().join("\r\n").into_bytes()
        });
        net.run_until(start + Duration::from_secs(910));
        let sent = net.ladder.iter().filter(|line| line.starts_with("ue ") && line.contains("UPDATE sip")).count();
        assert_eq!(sent, refreshes, "{status}: {}", net.ladder.join("\n"));
        let over = |net: &Net| net.ue.view().call == CallState::Over;
        assert_eq!(over(&net), over_at == Some(900), "{status}");
        net.run_until(start + Duration::from_secs(1_801));
        assert_eq!(over(&net), over_at.is_some(), "{status}");
    }
}

/// An agent with session timers understands a peer that requires them; others say that they do not (RFC 3261 8.2.2.3).
#[test]
fn a_request_that_requires_session_timers_is_refused_without_them() {
    for (focus, refused) in [(None, true), (timer(None, 90, false), false)] {
        let mut config: UeConfig = ue_config();
        config.session_timer = timer(Some(1_800), 90, false);
        let mut net = Net::with(config, focus_config());
        let mut own = focus_config();
        own.session_timer = focus;
        net.focus = Focus::new(own);
        net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
        net.collect();
        let mut answers = Vec::new();
        while let Some((from, transmit)) = net.queue.pop_front() {
            let invite = transmit.bytes.starts_with(b"INVITE ") && transmit.to == at(common::FOCUS);
            let option = "Supported: timer\r\n";
            let bytes = if invite {
                edited(&transmit.bytes, option, &format!("{option}Require: timer\r\n"))
            } else {
                transmit.bytes.clone()
            };
            if common::name(from) == "focus" {
                answers.push(summary(&transmit.bytes));
            }
            net.deliver(from, &Transmit { bytes, ..transmit });
        }
        assert_eq!(answers.iter().any(|answer| answer.starts_with("420 ")), refused, "{answers:?}");
    }
}
