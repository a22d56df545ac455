//! What goes wrong with peers and networks, and what must not follow from it (RFC 5057, RFC 6665 section 4.2.2, RFC
//! 3262 section 3, RFC 3261 sections 8.2, 9.2 and 13.3.1.4).

mod common;

use std::time::Duration;

use common::{BOB, FOCUS, Net, SCSCF, UE, at, edited, focus_config, summary, ue_config, uri};
use imsconf::agent::{Agent, Discard, Receipt, Transmit};
use imsconf::role::config::{Hosts, Profile};
use imsconf::role::focus;
use imsconf::role::participant::{self, Command};
use imsconf::role::ue::{self, Event, InvitationOutcome, InviteMode, SecondOffer, Ue};
use imsconf::time::Time;
use imsconf::transaction::TimerSettings;
use imsconf::view::{
    CallState, Counts, FocusCallState, LegState, NotifierState, ReferralState, ReportState, SubscriberState,
};
use imsconf::wire::{Message, Method, Name};

fn method(message: &Message<'_>) -> String {
    message.cseq().map(|cseq| cseq.method.to_string()).unwrap_or_default()
}

fn is_request(message: &Message<'_>, wanted: Method<'_>) -> bool {
    message.method() == Some(wanted)
}

/// The status of the last response that the focus sent.
fn last_status(net: &Net) -> u16 {
    let line = net.ladder.iter().rev().find(|line| line.starts_with("focus") && line.contains(" ("));
    let status = line.and_then(|line| line.split_whitespace().nth(3)).unwrap_or_default();
    status.parse().unwrap_or_default()
}

fn confirmed() -> Net {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net
}

/// Lets the UE's REFER reach the focus with one header changed.
fn refer_with(old: &str, new: &str) -> Net {
    let mut net = confirmed();
    let command = ue::Command::Invite { target: uri("sip:bob@home.example"), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    let (from, refer) = net.queue.pop_front().expect("a REFER");
    net.deliver(from, &Transmit { bytes: edited(&refer.bytes, old, new), ..refer });
    net.settle();
    net
}

#[test]
fn a_ue_that_lost_its_memory_answers_481_and_is_not_told_any_more() {
    let mut net = confirmed();
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.ue = Ue::new(ue_config());
    net.bob(Command::Answer);
    let conference = &net.focus.view().conferences[0];
    assert_eq!(conference.subscriptions[0].state, NotifierState::Removed);
    assert_eq!(conference.invitations[0].report, ReportState::Removed);
    assert_eq!(conference.invitations[0].leg, LegState::Joined, "the reference goes on unreported");
    net.ladder.clear();
    net.bob(Command::Leave);
    assert!(net.ladder.iter().all(|line| !line.contains("NOTIFY")), "{:?}", net.ladder);
}

#[test]
fn a_ue_out_of_reach_is_given_up_when_its_notify_times_out() {
    let mut net = confirmed();
    net.subscribe();
    let command = ue::Command::Invite { target: uri("sip:bob@home.example"), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.run_until_unless(net.now + Duration::from_secs(40), |message| is_request(message, Method::Notify));
    assert_eq!(net.focus.view().conferences[0].invitations[0].report, ReportState::Removed);
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Accepted);
    net.pass(Duration::from_secs(100));
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Unknown, "Timer N: 128 s");
    let ended = Event::InvitationEnded { target: uri("sip:bob@home.example"), outcome: InvitationOutcome::Unknown };
    assert!(net.ue_events.contains(&ended));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

#[test]
fn a_gap_in_the_versions_asks_for_the_whole_state() {
    let mut net = confirmed();
    net.subscribe();
    net.invite("sip:bob@home.example");
    net.bob.handle_command(net.now, Command::Answer).expect("answer");
    net.collect();
    net.ladder.clear();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        let text = String::from_utf8_lossy(&transmit.bytes);
        if transmit.to == at(UE) && text.contains("version=\"2\"") {
            transmit.bytes = edited(&transmit.bytes, "version=\"2\"", "version=\"9\"");
        }
        net.deliver(from, &transmit);
    }
    assert!(net.ladder.iter().any(|line| line.starts_with("ue") && line.contains("SUBSCRIBE")), "{:#?}", net.ladder);
    let (ue, focus) = (net.ue.view().subscription, net.focus.view());
    assert_eq!(ue.version, Some(3), "the whole state came after the gap");
    assert_eq!(ue.roster, focus.conferences[0].roster);
}

#[test]
fn a_broken_document_leaves_the_roster_as_it_was() {
    let mut net = confirmed();
    net.subscribe();
    net.invite("sip:bob@home.example");
    let before = net.ue.view().subscription;
    net.bob.handle_command(net.now, Command::Answer).expect("answer");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.to == at(UE) && String::from_utf8_lossy(&transmit.bytes).contains("</user>") {
            transmit.bytes = edited(&transmit.bytes, "</user>", "<!---->");
        }
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().subscription, before);
    assert!(net.ladder.iter().any(|line| line.contains("ue    -> pcscf 400 Bad Request (NOTIFY)")));
    let subscription = &net.focus.view().conferences[0].subscriptions[0];
    assert_eq!(subscription.state, NotifierState::Active, "a 400 hurts the transaction only");
}

#[test]
fn a_subscription_is_refreshed_before_it_ends() {
    let mut net = confirmed();
    net.subscribe();
    net.pass(Duration::from_secs(10_000));
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Active);
    let subscribes = net.ladder.iter().filter(|line| line.starts_with("ue") && line.contains("SUBSCRIBE")).count();
    assert_eq!(subscribes, 2, "at 6600 of 7200 s");
    assert_eq!(net.focus.view().conferences[0].subscriptions.len(), 1);
}

#[test]
fn a_focus_that_hides_makes_a_plain_call() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.to == at(UE)
            && transmit.bytes.starts_with(b"SIP/2.0 200 OK")
            && !transmit.bytes.ends_with(b"240\r\n")
        {
            transmit.bytes = edited(&transmit.bytes, ";isfocus", "");
        }
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert_eq!(net.ue_events, [Event::IsFocusLost]);
    assert!(net.ue.handle_command(net.now, ue::Command::Subscribe).is_err());
}

#[test]
fn a_prack_that_never_comes_ends_the_promise() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.run_until_unless(net.now + Duration::from_secs(40), |message| is_request(message, Method::Prack));
    assert_eq!(net.ue.view().call, CallState::Failed { code: 504 });
    assert!(net.focus.view().conferences.is_empty(), "nothing survives");
    net.run_dry();
    assert_eq!(net.focus.view().counts, Counts::default());
    assert_eq!(net.ue.view().counts, Counts::default());
}

#[test]
fn a_refused_prack_ends_the_call() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.to == at(FOCUS) && transmit.bytes.starts_with(b"PRACK") {
            transmit.bytes = edited(&transmit.bytes, " 1 INVITE", " 7 INVITE");
        }
        net.deliver(from, &transmit);
    }
    // The dialog is gone, says the 481; the final response, which the focus owes without a PRACK, ends the call.
    net.run_dry();
    assert_eq!(net.ue.view().call, CallState::Failed { code: 504 });
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 504 }]);
    assert!(net.focus.view().conferences.is_empty());
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

/// RFC 5407 section 3.1.2: the 2xx crosses the CANCEL of a UE that gave up; every copy of it is acknowledged.
#[test]
fn a_2xx_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let (mut ue, mut focus) = (ue_config(), focus_config());
    (ue.timers, focus.timers) = (TimerSettings::rfc3261(), TimerSettings::ims());
    let mut net = Net::with(ue, focus);
    let start = net.now;
    net.ue.handle_command(start, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    let ok = |message: &Message<'_>, to: &str| message.status() == Some(200) && method(message) == to;
    net.run_until_unless(start + Duration::from_secs(33), |message| ok(message, "PRACK") || ok(message, "INVITE"));
    assert_eq!(net.ue.view().call, CallState::Abandoned { code: 408, cancelled: true });
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Answered);
    net.run_until_unless(start + Duration::from_secs(60), |message| is_request(message, Method::Ack));
    net.pass(Duration::from_secs(60));
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    assert_eq!(net.ue_events, [Event::CreationFailed { code: 408 }]);
    let sent = |what: &str| net.ladder.iter().filter(|line| line.starts_with("ue") && line.contains(what)).count();
    assert!(sent("ACK") > 1, "one for each copy:\n{}", net.ladder.join("\n"));
    net.run_dry();
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

#[test]
fn an_offer_that_never_comes_ends_the_promise() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Update }).expect("create");
    net.settle_unless(|message| is_request(message, Method::Update));
    net.ue = Ue::new(ue_config());
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Pracked);
    net.pass(Duration::from_secs(180));
    assert!(net.focus.view().conferences.is_empty());
    net.run_dry();
    assert_eq!(net.focus.view().counts, Counts::default());
}

#[test]
fn a_focus_that_falls_silent_is_given_up() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    let end = net.now + Duration::from_secs(400);
    net.run_until_unless(end, |message| message.status() == Some(200) && method(message) == "INVITE");
    assert_eq!(net.ue.view().call, CallState::Failed { code: 408 });
    assert_eq!(net.ue.view().counts, Counts::default());
}

#[test]
fn a_refer_whose_answer_denies_the_dialog_ends_the_call() {
    let mut net = confirmed();
    let command = ue::Command::Invite { target: uri("sip:bob@home.example"), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.to == at(UE) && transmit.bytes.starts_with(b"SIP/2.0 202 Accepted") {
            transmit.bytes = edited(&transmit.bytes, "202 Accepted", "404 Not Found");
        }
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue.view().counts.dialogs, 0);
}

#[test]
fn nobody_is_invited_twice_nor_the_creator_at_all() {
    let mut net = confirmed();
    net.invite("sip:alice@home.example");
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Refused(603));
    assert_eq!(net.focus.view().conferences[0].roster.len(), 1);
}

#[test]
fn an_ack_that_never_comes_ends_the_conference() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.run_until_unless(net.now + Duration::from_secs(40), |message| is_request(message, Method::Ack));
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue_events.last(), Some(&Event::Ejected));
    net.run_dry();
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

#[test]
fn an_invited_user_without_an_ack_gives_up_by_bye() {
    let mut net = confirmed();
    net.invite("sip:bob@home.example");
    net.bob.handle_command(net.now, Command::Answer).expect("answer");
    net.run_until_unless(net.now + Duration::from_secs(40), |message| is_request(message, Method::Ack));
    assert!(net.bob_events.contains(&participant::Event::Abandoned));
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Over);
}

#[test]
fn a_refer_that_cannot_be_carried_out_is_refused_without_harm_to_the_dialog() {
    let refer_to = "Refer-To: <sip:bob@home.example>";
    let cases = [
        ("Refer-To: <sip:bob@home.example>, <sip:carol@home.example>", 400),
        ("Refer-To: <http://home.example/bob>", 603),
        ("Refer-To: <cid:list@home.example>", 603),
        ("Refer-To: <sip:bob@home.example;method=SUBSCRIBE>", 603),
        ("Refer-To: <sip:alice@home.example;method=BYE>", 403),
        ("Refer-To: <sip:bob@home.example?Require=tdialog>", 603),
        ("X-Nothing: 1", 400),
        ("Refer-To: <sip:bob@home.example>\r\nRequire: explicitsub", 420),
        ("Refer-To: <sip:bob@home.example>\r\nRequire: nosub", 420),
        ("Refer-To: <cid:list@home.example>\r\nRequire: multiple-refer, norefersub", 420),
    ];
    for (replacement, code) in cases {
        let net = refer_with(refer_to, replacement);
        assert_eq!(last_status(&net), code, "{replacement}");
        assert_eq!(net.ue.view().referrals[0].state, ReferralState::Refused(code));
        assert_eq!(net.ue.view().call, CallState::Confirmed);
        assert!(net.focus.view().conferences[0].invitations.is_empty());
    }
}

#[test]
fn what_a_refer_says_about_the_invite_is_carried_over() {
    let replaces = "Refer-To: <sip:bob@home.example;user=phone?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    let mut net = confirmed();
    let command = ue::Command::Invite { target: uri("sip:bob@home.example"), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    let mut invite = None;
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.to == at(FOCUS) && transmit.bytes.starts_with(b"REFER") {
            transmit.bytes = edited(&transmit.bytes, "Refer-To: <sip:bob@home.example>", replaces);
        }
        if transmit.to == at(BOB) && transmit.bytes.starts_with(b"INVITE") {
            invite.get_or_insert_with(|| transmit.bytes.clone());
        }
        net.deliver(from, &transmit);
    }
    let invite = invite.expect("an INVITE");
    let invite = Message::parse(&invite).expect("SIP");
    assert_eq!(invite.request_uri().map(|uri| uri.to_string()), Ok("sip:bob@home.example;user=phone".to_owned()));
    assert_eq!(invite.field(Name::Replaces), Some(&b"a@b;to-tag=1;from-tag=2"[..]));
    assert!(invite.requires("replaces"));
    assert_eq!(invite.field(Name::ReferredBy), Some(&b"<sip:alice@home.example>"[..]));
    // He has no such call: nobody rings twice.
    assert_eq!(net.focus.view().conferences[0].invitations[0].outcome, Some(481));
}

#[test]
fn a_user_whom_nobody_can_find_is_reported_as_such() {
    let mut net = confirmed();
    net.invite("sip:dave@elsewhere.example");
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(503));
    net.run_dry();
    assert_eq!(net.focus.view().counts, Counts { transactions: 0, dialogs: 1, usages: 1 });
}

#[test]
fn a_tel_uri_is_dialled_where_it_is_registered() {
    let mut config = focus_config();
    config.hosts = Hosts::new().with_name("scscf.home.example", at(SCSCF)).with_user("tel:+15551234567", at(BOB));
    config.profile = Profile::Ietf;
    let mut net = Net::with(ue_config(), config);
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite("tel:+15551234567");
    assert!(net.ladder.iter().any(|line| line.contains("200 OK (REFER)")), "RFC 7647: not 202");
    net.bob(Command::Answer);
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(200));
    let users: Vec<_> = net.ue.view().subscription.roster.into_iter().map(|row| row.entity).collect();
    assert_eq!(users, ["sip:alice@home.example", "tel:+15551234567"]);
}

#[test]
fn a_full_conference_takes_nobody_else() {
    let mut config = focus_config();
    config.maximum_users = 2;
    let mut net = Net::with(ue_config(), config);
    net.create(SecondOffer::Prack);
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    net.invite("sip:carol@home.example");
    assert_eq!(net.ue.view().referrals[1].state, ReferralState::Refused(486));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

#[test]
fn requests_that_make_no_sense_are_refused_by_their_code() {
    let mut net = confirmed();
    net.subscribe();
    net.ladder.clear();
    let sent = std::cell::Cell::new(0);
    let request = |first: &str, rest: &str| {
        let number = sent.replace(sent.get() + 1);
        format!(
            "{first} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.6:5060;branch=z9hG4bKx{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:eve@home.example>;tag=e\r\nTo: <sip:x@home.example>\r\nCall-ID: c{number}\r\n\
             CSeq: 1 {}\r\nContact: <sip:eve@192.0.2.6>\r\n{rest}Content-Length: 0\r\n\r\n",
            first.split(' ').next().unwrap_or_default()
        )
    };
    let conference = net.focus.view().conferences[0].uri.clone();
    let inside = |text: String| text.replacen("To: <sip:x@home.example>", "To: <sip:x@home.example>;tag=x", 1);
    let cases = [
        (request("OPTIONS sip:mmtel@conf-factory.home.example", ""), 405),
        (inside(request(&format!("BYE {conference}"), "")), 481),
        (request("INVITE sip:mmtel@conf-factory.home.example", ""), 421),
        (request("INVITE sip:mmtel@conf-factory.home.example", "Supported: 100rel\r\n"), 488),
        (request("INVITE sip:mmtel@conf-factory.home.example", "Require: teleport\r\n"), 420),
        // What cannot be named in Unsupported is no extension that is not known, but a message that is none.
        (request("INVITE sip:mmtel@conf-factory.home.example", "Require: tele\rport\r\n"), 400),
        (request("INVITE sip:nobody@conf-factory.home.example", ""), 404),
        (request(&format!("INVITE {conference}"), ""), 403),
        (request(&format!("SUBSCRIBE {conference}"), ""), 489),
        (request(&format!("SUBSCRIBE {conference}"), "Event: Conference\r\n"), 489),
        (request(&format!("SUBSCRIBE {conference}"), "Event: conference\r\nAccept: text/plain\r\n"), 406),
        (request("SUBSCRIBE sip:final@conf-factory.home.example", "Event: conference\r\n"), 404),
        (request(&format!("REFER {conference}"), "Refer-To: <sip:bob@home.example>\r\n"), 403),
        (request(&format!("BYE {conference}"), ""), 481),
        (request(&format!("CANCEL {conference}"), ""), 481),
        (request(&format!("NOTIFY {conference}"), "Event: conference\r\n"), 481),
    ];
    let before = net.focus.view().conferences;
    for (text, code) in cases {
        let receipt = net.focus.handle_datagram(net.now, at(SCSCF), text.as_bytes());
        assert_eq!(receipt, Receipt::Consumed, "{text}");
        let answer = net.focus.poll_transmit().unwrap_or_else(|| panic!("no answer to\n{text}"));
        let answer = Message::parse(&answer.bytes).expect("SIP").status();
        assert_eq!(answer, Some(code), "{text}");
    }
    assert_eq!(net.focus.view().conferences, before);
    let stray = request(&format!("ACK {conference}"), "");
    let receipt = net.focus.handle_datagram(net.now, at(SCSCF), stray.as_bytes());
    assert_eq!(receipt, Receipt::Discarded(Discard::StrayAck));
}

/// RFC 3261 section 8.2: the method is looked at before what is required. A CANCEL of nothing is 481 (section 9.2).
#[test]
fn every_user_agent_inspects_requests_in_the_same_order() {
    fn answer<A: Agent>(agent: &mut A, now: Time, text: &str) -> Option<u16> {
        agent.handle_datagram(now, at(SCSCF), text.as_bytes());
        let answer = agent.poll_transmit().unwrap_or_else(|| panic!("no answer to\n{text}"));
        Message::parse(&answer.bytes).expect("SIP").status()
    }
    let mut net = confirmed();
    net.invite("sip:bob@home.example");
    net.bob(Command::Answer);
    let table = [
        ("OPTIONS", "", "", 405),
        ("OPTIONS", ";tag=x", "", 405),
        ("OPTIONS", "", "Require: teleport\r\n", 405),
        ("INFO", "", "Replaces: none\r\n", 405),
        ("X-NEW", ";tag=x", "Require: teleport\r\n", 405),
        ("CANCEL", "", "", 481),
        ("CANCEL", ";tag=x", "Require: teleport\r\n", 481),
        ("BYE", "", "", 481),
        ("BYE", ";tag=x", "", 481),
        ("BYE", ";tag=x", "Require: teleport\r\n", 420),
    ];
    for (place, (method, tag, rest, code)) in table.into_iter().enumerate() {
        let text = format!(
            "{method} sip:x@home.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.6:5060;branch=z9hG4bKo{place}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:eve@home.example>;tag=e\r\nTo: <sip:x@home.example>{tag}\r\n\
             Call-ID: o{place}\r\nCSeq: 1 {method}\r\n{rest}Content-Length: 0\r\n\r\n"
        );
        let answers = [
            answer(&mut net.ue, net.now, &text),
            answer(&mut net.focus, net.now, &text),
            answer(&mut net.bob, net.now, &text),
        ];
        assert_eq!(answers, [Some(code); 3], "{text}");
    }
}

#[test]
fn the_same_invite_on_another_branch_is_a_loop_and_no_second_conference() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    let mut twin = None;
    for _ in 0..3 {
        let (from, transmit) = net.queue.pop_front().expect("the INVITE on its way");
        if transmit.to == at(FOCUS) {
            twin = Some((from, transmit.clone()));
        }
        net.deliver(from, &transmit);
    }
    let (from, transmit) = twin.expect("the INVITE reached the focus");
    let message = Message::parse(&transmit.bytes).expect("SIP");
    let branch = String::from_utf8_lossy(message.via().expect("Via").branch().expect("branch")).into_owned();
    let bytes = edited(&transmit.bytes, &branch, "z9hG4bKanotherway");
    net.focus.handle_datagram(net.now, from, &bytes);
    let answers: Vec<_> = std::iter::from_fn(|| net.focus.poll_transmit()).collect();
    let statuses: Vec<_> = answers.iter().map(|answer| Message::parse(&answer.bytes).expect("SIP").status()).collect();
    assert_eq!(statuses, [Some(482)]);
    assert_eq!(net.focus.view().conferences.len(), 1);
}

#[test]
fn a_host_that_is_full_refuses_until_something_ends() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    let (_, invite) = net.queue.pop_front().expect("an INVITE");
    let message = Message::parse(&invite.bytes).expect("SIP");
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.expect("there")).into_owned();
    let (call_id, branch) = (text(message.call_id().ok()), text(message.via().expect("Via").branch()));
    let call = |net: &mut Net, number: usize| {
        let bytes =
            edited(&edited(&invite.bytes, &call_id, &format!("c{number}")), &branch, &format!("z9hG4bK{number}"));
        net.focus.handle_datagram(net.now, at(UE), &bytes);
        let answer = net.focus.poll_transmit().expect("an answer");
        Message::parse(&answer.bytes).expect("SIP").status()
    };
    for number in 0..focus::MAX_CONFERENCES {
        assert_eq!(call(&mut net, number), Some(183));
    }
    assert_eq!(call(&mut net, focus::MAX_CONFERENCES), Some(503));
    assert_eq!(net.focus.view().conferences.len(), focus::MAX_CONFERENCES);
    // None of them is ever acknowledged.
    let end = net.now + Duration::from_secs(200);
    while let Some(deadline) = net.focus.poll_timeout().filter(|deadline| *deadline <= end) {
        net.now = deadline;
        net.focus.handle_timeout(deadline);
        while net.focus.poll_transmit().is_some() {}
    }
    assert_eq!(net.focus.view().counts, Counts::default());
    assert_eq!(call(&mut net, focus::MAX_CONFERENCES + 1), Some(183));
}

#[test]
fn two_creators_get_two_conferences() {
    let mut net = confirmed();
    let mut config = ue_config();
    config.identity.incarnation = 1;
    net.ue = Ue::new(config);
    net.create(SecondOffer::Prack);
    let view = net.focus.view();
    assert_eq!(view.conferences.len(), 2);
    assert_ne!(view.conferences[0].uri, view.conferences[1].uri);
    assert!(view.conferences.iter().all(|conference| conference.call == FocusCallState::Confirmed));
}

#[test]
fn a_conference_that_is_over_is_remembered_and_refuses() {
    let mut net = confirmed();
    let conference = net.focus.view().conferences[0].uri.clone();
    net.leave();
    net.run_dry();
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Over);
    assert_eq!(net.focus_events.last(), Some(&focus::Event::ConferenceEnded { conference: conference.clone() }));
    let subscribe = format!(
        "SUBSCRIBE {conference} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.6:5060;branch=z9hG4bKlate\r\nMax-Forwards: 70\r\n\
         From: <sip:eve@home.example>;tag=e\r\nTo: <{conference}>\r\nCall-ID: late\r\nCSeq: 1 SUBSCRIBE\r\n\
         Contact: <sip:eve@192.0.2.6>\r\nEvent: conference\r\nContent-Length: 0\r\n\r\n"
    );
    net.focus.handle_datagram(net.now, at(SCSCF), subscribe.as_bytes());
    let answer = net.focus.poll_transmit().expect("an answer");
    assert_eq!(Message::parse(&answer.bytes).expect("SIP").status(), Some(404));
}

/// RFC 6665 section 4.4.3: a poll gets one NOTIFY with the whole state, and nothing stays.
#[test]
fn a_subscription_of_no_length_is_a_poll() {
    let mut net = confirmed();
    let conference = net.focus.view().conferences[0].uri.clone();
    let poll = format!(
        "SUBSCRIBE {conference} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.6:5060;branch=z9hG4bKpoll\r\nMax-Forwards: 70\r\n\
         From: <sip:eve@home.example>;tag=e\r\nTo: <{conference}>\r\nCall-ID: poll\r\nCSeq: 1 SUBSCRIBE\r\n\
         Contact: <sip:eve@192.0.2.6>\r\nEvent: conference\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n"
    );
    net.focus.handle_datagram(net.now, at(SCSCF), poll.as_bytes());
    let sent: Vec<_> = std::iter::from_fn(|| net.focus.poll_transmit()).collect();
    let lines: Vec<_> = sent.iter().map(|transmit| summary(&transmit.bytes)).collect();
    let notify = "NOTIFY sip:eve@192.0.2.6 [conference] terminated;reason=timeout +full v1";
    assert_eq!(lines, ["200 OK (SUBSCRIBE)", notify]);
}

/// RFC 3329 section 2.3.1, TS 34.229-1 A.2.1 condition A1; the CANCEL and the ACK have no part in it.
#[test]
fn a_security_agreement_is_verified_in_every_request() {
    let mut config = ue_config();
    config.security_verify = Some("ipsec-3gpp;q=0.1;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;port-s=4".to_owned());
    let mut net = Net::with(config, focus_config());
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Update }).expect("create");
    net.collect();
    let mut seen = Vec::new();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        if from == at(UE) && message.is_request() {
            let agreed = message.requires("sec-agree") && message.field(Name::SecurityVerify).is_some();
            seen.push((method(&message), agreed && message.field(Name::ProxyRequire) == Some(b"sec-agree")));
        }
        net.deliver(from, &transmit);
    }
    let expected = [("INVITE", true), ("PRACK", true), ("UPDATE", true), ("ACK", false)];
    assert_eq!(seen, expected.map(|(method, agreed)| (method.to_owned(), agreed)));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

#[test]
fn a_notify_may_come_before_the_2xx_to_its_subscribe() {
    let mut net = confirmed();
    net.ue.handle_command(net.now, ue::Command::Subscribe).expect("subscribe");
    let late = std::cell::RefCell::new(Vec::new());
    net.collect();
    while let Some((from, transmit)) = net.queue.pop_front() {
        let message = Message::parse(&transmit.bytes).expect("SIP");
        if transmit.to == at(UE) && message.status() == Some(200) && method(&message) == "SUBSCRIBE" {
            late.borrow_mut().push((from, transmit.clone()));
            continue;
        }
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Active);
    for (from, transmit) in late.into_inner() {
        net.deliver(from, &transmit);
    }
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Active);
    assert_eq!(net.focus.view().conferences[0].subscriptions[0].state, NotifierState::Active);
}
