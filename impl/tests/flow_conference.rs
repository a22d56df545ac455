//! The life of a conference after its creation: subscribing, inviting, leaving (TS 34.229-5 A.16 steps 10 to 13 and
//! A.20, RFC 4579 sections 5.5, 5.11 and 5.12).

mod common;

use std::time::Duration;

use common::{Net, uri};
use imsconf::agent::Agent as _;
use imsconf::error::CommandError;
use imsconf::role::focus;
use imsconf::role::participant::{self, Command};
use imsconf::role::ue::{self, Event, InvitationOutcome, InviteMode, SecondOffer};
use imsconf::view::{
    CallState, Counts, FocusCallState, LegState, NotifierState, ParticipantState, ReferralState, ReportState,
    RosterEntry, SubscriberState,
};
use imsconf::wire::{Message, Method};

const BOB: &str = "sip:bob@home.example";
const CAROL: &str = "sip:carol@home.example";

/// A conference with a subscriber; the ladder starts after that.
fn subscribed() -> Net {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.ladder.clear();
    net
}

fn connected(entity: &str) -> RosterEntry {
    RosterEntry { entity: entity.to_owned(), connected: true, on_hold: false }
}

fn outcome(net: &Net, target: &str) -> Option<InvitationOutcome> {
    net.ue_events.iter().find_map(|event| match event {
        Event::InvitationEnded { target: ended, outcome } if *ended == uri(target) => Some(*outcome),
        _ => None,
    })
}

/// When everything has run dry only subscriptions that are meant to last are left.
fn assert_settled(net: &mut Net) {
    net.run_dry();
    let subscribed = net.ue.view().subscription.state == SubscriberState::Active;
    let in_call = net.ue.view().call == CallState::Confirmed;
    let here = usize::from(subscribed) + usize::from(in_call);
    assert_eq!(net.ue.view().counts, Counts { transactions: 0, dialogs: here, usages: here });
    let joined = [&net.bob, &net.carol].iter().filter(|user| user.view().call == ParticipantState::InCall).count();
    let there = here + joined;
    assert_eq!(net.focus.view().counts, Counts { transactions: 0, dialogs: there, usages: there });
    for user in [&net.bob, &net.carol] {
        let held = usize::from(user.view().call == ParticipantState::InCall);
        assert_eq!(user.view().counts, Counts { transactions: 0, dialogs: held, usages: held });
    }
}

#[test]
fn subscribing_gives_the_whole_roster_at_once() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.ladder.clear();
    net.subscribe();
    insta::assert_snapshot!(net.ladder.join("\n"));
    let view = net.ue.view().subscription;
    assert_eq!((view.state, view.version), (SubscriberState::Active, Some(1)));
    assert_eq!(view.roster, [connected("sip:alice@home.example")]);
    assert_settled(&mut net);
}

#[test]
fn an_invited_user_answers() {
    let mut net = subscribed();
    net.invite(BOB);
    net.bob(Command::Ring);
    net.bob(Command::Answer);
    insta::assert_snapshot!(net.ends());
    let view = net.ue.view();
    assert_eq!(view.referrals[0].state, ReferralState::Done(200));
    assert_eq!(view.subscription.version, Some(2));
    assert_eq!(view.subscription.roster, [connected("sip:alice@home.example"), connected(BOB)]);
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(200)));
    assert_eq!(net.bob.view().call, ParticipantState::InCall);
    let invitation = &net.focus.view().conferences[0].invitations[0];
    assert_eq!((invitation.leg, invitation.report), (LegState::Joined, ReportState::Closed));
    assert_settled(&mut net);
}

#[test]
fn an_invited_user_refuses() {
    for (command, code) in [(Command::Busy, 486), (Command::Decline, 603)] {
        let mut net = subscribed();
        net.invite(BOB);
        net.bob(command);
        assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(code)));
        assert_eq!(net.ue.view().subscription.version, Some(1), "who never came is not shown");
        assert_eq!(net.bob.view().call, ParticipantState::Over);
        assert_settled(&mut net);
    }
}

#[test]
fn an_invited_user_never_answers() {
    let mut net = subscribed();
    net.invite(BOB);
    net.bob(Command::Ring);
    net.pass(Duration::from_secs(61));
    insta::assert_snapshot!(net.ends());
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(487)));
    assert_eq!(net.bob_events.last(), Some(&participant::Event::Cancelled));
    assert_settled(&mut net);
}

#[test]
fn an_invited_user_is_out_of_reach() {
    let mut net = subscribed();
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    let end = net.now + Duration::from_secs(40);
    net.run_until_unless(end, |message| message.request_uri().is_ok_and(|target| target.user() == Some("bob")));
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(408)));
    assert_eq!(net.bob.view().call, ParticipantState::Idle);
    assert_settled(&mut net);
}

#[test]
fn a_refused_refer_leaves_the_call_as_it_was() {
    let mut net = subscribed();
    let policy = focus::Command::Policy { admit_creation: true, admit_refer: false };
    net.focus.handle_command(net.now, policy).expect("policy");
    net.invite(BOB);
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().referrals[0].state, ReferralState::Refused(603));
    assert_eq!(net.ue.view().call, CallState::Confirmed);
    assert!(net.focus.view().conferences[0].invitations.is_empty());
    assert_settled(&mut net);
}

#[test]
fn two_users_are_invited_at_once() {
    let mut net = subscribed();
    for target in [BOB, CAROL] {
        let command = ue::Command::Invite { target: uri(target), mode: InviteMode::ReferToFocus };
        net.ue.handle_command(net.now, command).expect("invite");
    }
    net.settle();
    net.carol(Command::Answer);
    net.bob(Command::Answer);
    insta::assert_snapshot!(net.ends());
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(200)));
    assert_eq!(outcome(&net, CAROL), Some(InvitationOutcome::Reported(200)));
    assert_eq!(net.ue.view().subscription.version, Some(3));
    assert_settled(&mut net);
}

#[test]
fn a_user_leaves() {
    let mut net = subscribed();
    net.invite(BOB);
    net.bob(Command::Answer);
    net.ladder.clear();
    net.bob(Command::Leave);
    insta::assert_snapshot!(net.ends());
    let gone = RosterEntry { entity: BOB.to_owned(), connected: false, on_hold: false };
    assert_eq!(net.ue.view().subscription.roster, [connected("sip:alice@home.example"), gone]);
    assert_eq!(net.bob_events.last(), Some(&participant::Event::Left));
    assert_settled(&mut net);
}

#[test]
fn the_creator_leaves_and_the_conference_ends() {
    let mut net = subscribed();
    net.invite(BOB);
    net.bob(Command::Answer);
    net.invite(CAROL);
    net.carol(Command::Ring);
    net.ladder.clear();
    net.leave();
    insta::assert_snapshot!(net.ends());
    assert_eq!(net.ue.view().call, CallState::Over);
    assert_eq!(net.ue.view().subscription.state, SubscriberState::Ended);
    assert_eq!(outcome(&net, CAROL), Some(InvitationOutcome::Reported(487)));
    assert_eq!(net.bob_events.last(), Some(&participant::Event::Ended));
    assert_eq!(net.carol_events.last(), Some(&participant::Event::Cancelled));
    let conference = &net.focus.view().conferences[0];
    assert_eq!(conference.call, FocusCallState::Over);
    assert_eq!(conference.subscriptions[0].state, NotifierState::Closed);
    assert_settled(&mut net);
    assert_eq!(net.focus.view().counts, Counts::default());
}

#[test]
fn the_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut net = subscribed();
    let gives_up = net.now + Duration::from_secs(60);
    net.invite(BOB);
    net.bob(Command::Ring);
    net.run_until(gives_up - Duration::from_millis(1));
    // The CANCEL is on its way when the user answers.
    net.now = gives_up;
    net.focus.handle_timeout(net.now);
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Cancelling);
    net.bob.handle_command(net.now, Command::Answer).expect("answer");
    net.settle();
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(487)));
    assert_eq!(net.ue.view().subscription.version, Some(1), "he was never in the conference");
    assert_eq!(net.bob_events.last(), Some(&participant::Event::Ended));
    assert_settled(&mut net);
}

#[test]
fn the_end_of_the_conference_waits_for_a_provisional_response() {
    let mut net = subscribed();
    let command = ue::Command::Invite { target: uri(BOB), mode: InviteMode::ReferToFocus };
    net.ue.handle_command(net.now, command).expect("invite");
    net.settle_unless(|message| message.request_uri().is_ok_and(|target| target.user() == Some("bob")));
    net.leave();
    assert_eq!(net.focus.view().conferences[0].invitations[0].leg, LegState::Abandoned);
    // A copy of the INVITE gets through, the 100 follows after 200 ms, then the CANCEL.
    net.pass(Duration::from_secs(3));
    assert_eq!(net.bob_events.last(), Some(&participant::Event::Cancelled));
    assert_eq!(outcome(&net, BOB), Some(InvitationOutcome::Reported(487)));
    assert_settled(&mut net);
    assert_eq!(net.focus.view().counts, Counts::default());
}

#[test]
fn commands_that_do_not_fit_change_nothing() {
    let mut net = Net::new();
    let invite = |target: &str, mode| ue::Command::Invite { target: uri(target), mode };
    let refused = |net: &mut Net, command: ue::Command| {
        let before = net.ue.clone();
        let result = net.ue.handle_command(net.now, command);
        assert!(matches!(result, Err(CommandError::NotNow { .. })), "{result:?}");
        assert_eq!(net.ue, before);
    };
    refused(&mut net, ue::Command::Subscribe);
    refused(&mut net, ue::Command::Leave);
    refused(&mut net, invite(BOB, InviteMode::ReferToFocus));
    net.create(SecondOffer::Prack);
    net.subscribe();
    net.invite(BOB);
    refused(&mut net, ue::Command::Subscribe);
    refused(&mut net, ue::Command::Create { second_offer: SecondOffer::Prack });
    refused(&mut net, invite(BOB, InviteMode::ReferToFocus));
    refused(&mut net, invite(CAROL, InviteMode::ReferToUser));
    net.leave();
    refused(&mut net, ue::Command::Leave);
    for command in [Command::Ring, Command::Answer, Command::Busy, Command::Decline, Command::Leave] {
        let before = net.carol.clone();
        assert!(net.carol.handle_command(net.now, command).is_err());
        assert_eq!(net.carol, before);
    }
}

/// TS 34.229-1 C.10 waits for it 3 s long; the protocol knows no such limit.
#[test]
fn a_late_subscription_is_served() {
    let mut net = Net::new();
    net.create(SecondOffer::Prack);
    net.pass(Duration::from_secs(3600));
    net.subscribe();
    assert_eq!(net.ue.view().subscription.roster, [connected("sip:alice@home.example")]);
}

/// TS 34.229-1 15.21: ACK and SUBSCRIBE belong to different dialogs and come in any order.
#[test]
fn a_subscription_does_not_wait_for_the_ack() {
    let mut net = Net::new();
    let acknowledges = |message: &Message<'_>| message.method() == Some(Method::Ack);
    net.ue.handle_command(net.now, ue::Command::Create { second_offer: SecondOffer::Prack }).expect("create");
    net.settle_unless(acknowledges);
    net.ue.handle_command(net.now, ue::Command::Subscribe).expect("subscribe");
    net.settle_unless(acknowledges);
    assert_eq!(net.ue.view().subscription.roster, [connected("sip:alice@home.example")]);
    assert_ne!(net.focus.view().conferences[0].call, FocusCallState::Confirmed, "the ACK is still missing");
    net.pass(Duration::from_secs(10));
    assert_eq!(net.focus.view().conferences[0].call, FocusCallState::Confirmed);
}
