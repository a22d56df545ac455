//! What a REFER may ask for besides a plain invitation: no report (RFC 4488), a BYE (RFC 4579 section 5.11); what may
//! be done about its report (RFC 3515 section 2.4.4); how it is refused, and what that does (RFC 5057 section 5.1).

mod common;

use std::time::Duration;

use common::{Net, edited, name, uri};
use imsconf::agent::Agent as _;
use imsconf::role::config::Profile;
use imsconf::role::focus;
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, Event, InvitationOutcome, InviteMode, SecondOffer};
use imsconf::view::{CallState, Counts, LegState, ParticipantState, ReferralState, ReportState, SubscriberState};
use imsconf::wire::MAX_LINE;

const BOB: &str = "sip:bob@home.example";
const CAROL: &str = "sip:carol@home.example";

/// A conference with a subscriber; the ladder starts after that.
fn subscribed(profile: Profile) -> Net {
    let mut focus = common::focus_config();
    focus.profile = profile;
    let mut net = Net::with(common::ue_config(), focus);
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.ladder.clear();
    net
}

fn invite_quietly(net: &mut Net) {
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocusQuietly };
    net.ue.handle_command(net.now, command).expect("invite");
    net.settle();
}

fn outcome_of(net: &Net, user: &str) -> Option<InvitationOutcome> {
    net.ue_events.iter().find_map(|event| match event {
        Event::InvitationEnded { target, outcome } if *target == uri(user) => Some(*outcome),
        _ => None,
    })
}

fn outcome(net: &Net) -> Option<InvitationOutcome> {
    net.ue_events.iter().find_map(|event| match event {
        Event::InvitationEnded { outcome, .. } => Some(*outcome),
        _ => None,
    })
}

#[test]
fn a_quiet_invitation_is_carried_out_and_not_reported() {
    for (profile, accepted) in [(Profile::ThreeGpp, "202 Accepted (REFER)"), (Profile::Ietf, "200 OK (REFER)")] {
        let mut net = subscribed(profile);
        invite_quietly(&mut net);
        net.bob(Command::Ring);
        net.bob(Command::Answer);
        assert!(net.ends().contains(accepted), "{}", net.ends());
        assert!(!net.ends().contains("[refer"), "{}", net.ends());
        assert_eq!(net.ue.view().referrals[0].state, ReferralState::Unreported);
        assert_eq!(outcome(&net), Some(InvitationOutcome::Unreported));
        let invitation = &net.focus.view().conferences[0].invitations[0];
        assert_eq!((invitation.leg, invitation.report), (LegState::Joined, ReportState::None));
        assert_eq!(net.bob.view().call, ParticipantState::InCall);
        assert_eq!(net.ue.view().subscription.roster.len(), 2, "the roster tells it all the same");
        net.leave();
        net.run_dry();
        assert_eq!((net.ue.view().call, net.ue.view().counts), (CallState::Over, Counts::default()));
        assert_eq!(net.focus.view().counts, Counts::default());
    }
}

/// The INVITE says what the REFER says, under a longer name: a line that just could be read in the REFER cannot in the
/// INVITE. It is not sent, as nobody could acknowledge its refusal, and the referrer is told.
#[test]
fn an_invite_too_long_to_be_acknowledged_is_not_sent() {
    for (spare, ends) in [("Referred-By".len() + 1, 200), ("Referred-By".len(), 503)] {
        let mut net = subscribed(Profile::ThreeGpp);
        let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
        net.ue.handle_command(net.now, command).expect("invite");
        net.collect();
        let long = "b: <sip:alice@home.example>;x=";
        let referred_by = format!("{long}{}", "y".repeat(MAX_LINE - spare - long.len()));
        let (from, mut refer) = loop {
            let (from, transmit) = net.queue.pop_front().expect("the REFER comes to the focus");
            if name(transmit.to) == "focus" {
                break (from, transmit);
            }
            net.deliver(from, &transmit);
        };
        refer.bytes = edited(&refer.bytes, "Referred-By: <sip:alice@home.example>", &referred_by);
        net.deliver(from, &refer);
        net.settle();
        if ends == 200 {
            net.bob(Command::Answer);
        }
        assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(ends), "{}", net.ends());
    }
}

#[test]
fn a_focus_that_insists_reports_as_ever() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.focus.handle_command(net.now, focus::Command::InsistOnReports(true)).expect("a policy");
    invite_quietly(&mut net);
    net.bob(Command::Decline);
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Done(603));
    assert_eq!(outcome(&net), Some(InvitationOutcome::Reported(603)));
}

fn expel(net: &mut Net, target: &str) {
    let command = ue::Command::Expel { target: uri(target) };
    net.ue.handle_command(net.now, command).expect("expel");
    net.settle();
}

fn expelled(net: &Net) -> Option<InvitationOutcome> {
    net.ue_events.iter().find_map(|event| match event {
        Event::ExpulsionEnded { outcome, .. } => Some(*outcome),
        _ => None,
    })
}

#[test]
fn an_expelled_user_is_sent_a_bye() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.bob(Command::Answer);
    net.ladder.clear();
    expel(&mut net, BOB);
    insta::assert_snapshot!(net.ends());
    assert_eq!(expelled(&net), Some(InvitationOutcome::Reported(200)));
    assert_eq!(net.bob.view().call, ParticipantState::Over);
    let roster = &net.ue.view().subscription.roster;
    assert_eq!(roster.iter().map(|entry| entry.connected).collect::<Vec<_>>(), [true, false]);
    assert_eq!(net.ue.view().call, CallState::Confirmed, "the creator stays");
    net.leave();
    net.run_dry();
    assert_eq!(net.focus.view().counts, Counts::default());
}

#[test]
fn who_is_not_there_is_reported_as_not_found() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.bob(Command::Ring);
    expel(&mut net, BOB);
    assert_eq!(expelled(&net), Some(InvitationOutcome::Reported(404)));
    assert_eq!(net.bob.view().call, ParticipantState::Ringing, "an accepted REFER cannot be withdrawn");
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

#[test]
fn nobody_expels_himself() {
    let mut net = subscribed(Profile::ThreeGpp);
    let command = ue::Command::Expel { target: uri("sip:alice@home.example") };
    assert!(net.ue.handle_command(net.now, command).is_err());
}

#[test]
fn an_echo_that_was_not_asked_for_means_nothing() {
    let mut net = subscribed(Profile::ThreeGpp);
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    let mut echoed = false;
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.bytes.starts_with(b"SIP/2.0 202") {
            echoed = true;
            transmit.bytes = common::edited(&transmit.bytes, "\r\n\r\n", "\r\nRefer-Sub: false\r\n\r\n");
        }
        net.deliver(from, &transmit);
    }
    assert!(echoed);
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Trying);
}

fn control(net: &mut Net, command: ue::Command) {
    net.ladder.clear();
    net.ue.handle_command(net.now, command).expect("the report is open");
    net.settle();
}

#[test]
fn a_refreshed_report_tells_the_present_status_and_the_time_left() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.bob(Command::Ring);
    net.pass(Duration::from_secs(10));
    control(&mut net, ue::Command::RefreshReport { target: uri(BOB) });
    insta::assert_snapshot!(net.ends());
    net.bob(Command::Answer);
    assert_eq!(outcome(&net), Some(InvitationOutcome::Reported(200)));
    net.leave();
    net.run_dry();
    assert_eq!((net.ue.view().counts, net.focus.view().counts), (Counts::default(), Counts::default()));
}

#[test]
fn who_wants_no_more_reports_withdraws_nothing() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.bob(Command::Ring);
    control(&mut net, ue::Command::EndReport { target: uri(BOB) });
    insta::assert_snapshot!(net.ends());
    assert_eq!(outcome(&net), Some(InvitationOutcome::Unknown));
    assert_eq!(net.bob.view().call, ParticipantState::Ringing, "the focus does not cancel");
    net.bob(Command::Answer);
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Joined);
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    let again = net.ue.handle_command(net.now, ue::Command::EndReport { target: uri(BOB) });
    assert!(again.is_err(), "it is over");
}

#[test]
fn a_report_that_runs_out_says_so_and_the_invitation_goes_on() {
    let mut focus = common::focus_config();
    focus.refer_expires = 20;
    let mut net = Net::with(common::ue_config(), focus);
    net.create(SecondOffer::Prack);
    net.invite(BOB);
    net.bob(Command::Ring);
    net.ladder.clear();
    net.pass(Duration::from_secs(30));
    assert!(net.ends().contains("terminated;reason=timeout +\"SIP/2.0 100 Trying\""), "{}", net.ends());
    assert_eq!(net.bob.view().call, ParticipantState::Ringing);
}

#[test]
fn without_a_refer_there_is_nothing_to_subscribe_to() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.ue.handle_command(net.now, ue::Command::RefreshReport { target: uri(BOB) }).expect("the report is open");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.bytes.starts_with(b"SUBSCRIBE") && name(transmit.to) == "focus" {
            transmit.bytes = common::edited(&transmit.bytes, "refer;id=3", "refer;id=7");
        }
        net.deliver(from, &transmit);
    }
    assert!(net.ends().contains("focus -> ue    403 Forbidden (SUBSCRIBE)"), "{}", net.ends());
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

/// RFC 5057 section 5.1: what each code leaves of the call that the REFER was sent in.
#[test]
fn a_refusal_harms_the_call_as_its_code_says() {
    let harmless = [400, 403, 405, 420, 421, 429, 480, 486, 488, 489, 491, 500, 501, 503, 600, 603];
    let fatal = [404, 410, 416, 482, 483, 484, 485, 502, 604];
    let cases = harmless.into_iter().map(|code| (code, false)).chain(fatal.into_iter().map(|code| (code, true)));
    for (code, dies) in cases {
        let mut net = subscribed(Profile::ThreeGpp);
        let refuse = focus::Command::Policy { admit_creation: true, admit_refer: false };
        net.focus.handle_command(net.now, refuse).expect("a policy");
        let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
        net.ue.handle_command(net.now, command).expect("invite");
        net.collect();
        while let Some((from, mut transmit)) = net.queue.pop_front() {
            if transmit.bytes.starts_with(b"SIP/2.0 603") {
                transmit.bytes = common::edited(&transmit.bytes, "SIP/2.0 603", &format!("SIP/2.0 {code}"));
            }
            net.deliver(from, &transmit);
        }
        assert_eq!(net.ue.view().referrals[0].state, ReferralState::Refused(code));
        assert_eq!(outcome(&net), Some(InvitationOutcome::Refused(code)));
        let call = net.ue.view().call;
        assert_eq!(call, if dies { CallState::Over } else { CallState::Confirmed }, "{code}");
        assert_eq!(net.ue.view().subscription.state, SubscriberState::Active, "its dialog is another: {code}");
        // What is gone is not ended by a BYE, and does not end by one.
        let leaves = net.ue.handle_command(net.now, ue::Command::Leave).is_ok();
        assert_eq!(leaves, !dies, "{code}");
    }
}

#[test]
fn a_locked_conference_takes_nobody_and_lets_everybody_go() {
    let mut net = subscribed(Profile::ThreeGpp);
    net.invite(BOB);
    net.bob(Command::Answer);
    net.focus.handle_command(net.now, focus::Command::Lock(true)).expect("a conference");
    net.settle();
    net.invite(CAROL);
    assert_eq!(outcome_of(&net, CAROL), Some(InvitationOutcome::Refused(403)));
    expel(&mut net, BOB);
    assert_eq!(expelled(&net), Some(InvitationOutcome::Reported(200)));
    net.leave();
    assert_eq!(net.ue.view().call, CallState::Over);
}

#[test]
fn who_subscribes_is_told_that_the_conference_is_locked() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    for (locked, told) in [(true, true), (false, false)] {
        net.focus.handle_command(net.now, focus::Command::Lock(locked)).expect("a conference");
        let mut other = net.clone();
        other.ue.handle_command(other.now, ue::Command::Subscribe).expect("subscribe");
        other.collect();
        let mut documents = Vec::new();
        while let Some((from, transmit)) = other.queue.pop_front() {
            if transmit.bytes.starts_with(b"NOTIFY") {
                documents.push(String::from_utf8_lossy(&transmit.bytes).contains("<locked>true</locked>"));
            }
            other.deliver(from, &transmit);
        }
        assert_eq!(documents.last(), Some(&told));
    }
}

/// Users are invited inside the creator's call; elsewhere the focus cannot know who asks, whatever Target-Dialog says.
#[test]
fn a_refer_outside_the_dialog_is_forbidden() {
    let mut net = subscribed(Profile::ThreeGpp);
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.bytes.starts_with(b"REFER") && name(transmit.to) == "focus" {
            let text = String::from_utf8(transmit.bytes).expect("text");
            let tag = text.split("\r\nTo: ").nth(1).and_then(|to| to.split("\r\n").next()).expect("To");
            let bare = tag.split(";tag=").next().expect("a URI").to_owned();
            let with = format!("To: {bare}\r\nTarget-Dialog: x;local-tag=a;remote-tag=b");
            transmit.bytes = text.replace(&format!("To: {tag}"), &with).into_bytes();
        }
        net.deliver(from, &transmit);
    }
    assert!(net.ends().contains("403 Forbidden (REFER)"), "{}", net.ends());
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert!(net.focus.view().conferences[0].invitations.is_empty());
}

/// What the focus does not know it names (RFC 3261 section 8.2.2.3): lists of users (RFC 5366, RFC 5368).
#[test]
fn what_is_not_supported_is_named() {
    let mut net = subscribed(Profile::ThreeGpp);
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.collect();
    let mut refusal = String::new();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        if transmit.bytes.starts_with(b"REFER") && name(transmit.to) == "focus" {
            let list = "Refer-To: <cid:list@home.example>\r\nRequire: multiple-refer";
            transmit.bytes = common::edited(&transmit.bytes, "Refer-To: <sip:bob@home.example>", list);
        }
        if transmit.bytes.starts_with(b"SIP/2.0 420") {
            refusal = String::from_utf8_lossy(&transmit.bytes).into_owned();
        }
        net.deliver(from, &transmit);
    }
    assert!(refusal.contains("\r\nUnsupported: multiple-refer"), "{refusal}");
    assert_eq!(net.ue.view().call, CallState::Confirmed);
}

#[test]
fn a_focus_with_a_gruu_is_sent_no_refer_in_its_dialog() {
    let mut net = Net::new();
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.collect();
    while let Some((from, mut transmit)) = net.queue.pop_front() {
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        if text.starts_with("SIP/2.0 200") && text.contains("INVITE") && name(transmit.to) == "ue" {
            transmit.bytes = text.replace("home.example>;isfocus", "home.example;gr>;isfocus").into_bytes();
        }
        net.deliver(from, &transmit);
    }
    assert!(net.ue.view().conference.is_some_and(|uri| uri.ends_with(";gr")));
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocusQuietly };
    assert!(net.ue.handle_command(net.now, command).is_err(), "asking for no subscription does not lift the ban");
}
