//! What a REFER may ask for besides a plain invitation: no report (RFC 4488), a BYE (RFC 4579 section 5.11).

mod common;

use common::{Net, uri};
use imsconf::agent::Agent as _;
use imsconf::role::config::Profile;
use imsconf::role::focus;
use imsconf::role::participant::Command;
use imsconf::role::ue::{self, Event, InvitationOutcome, InviteMode, SecondOffer};
use imsconf::view::{CallState, Counts, LegState, ParticipantState, ReferralState, ReportState};

const BOB: &str = "sip:bob@home.example";

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
