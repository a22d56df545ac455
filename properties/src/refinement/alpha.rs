//! α: which state of the model a world is in.
//!
//! What is in flight is read from the ledger of datagrams (`flight.rs`); what an agent believes comes from its
//! read-only view. An agent that believes to have sent something that was never on the wire is therefore caught: α then
//! shows its belief without the message. Every translation is an exhaustive match, so a new state on either side does
//! not compile unnoticed.

use imsconf::view::{
    CallState, ConferenceView, EarlyStage, FocusCallState, InvitationView, LegState, NotifierState, NotifierView,
    ParticipantState, PlainCallState, PlainCallView, ReferralPurpose, ReferralState, ReferralView, ReportState,
    RosterEntry, SubscriberState, SubscriptionView, UeView,
};
use imsconf_model as model;

use super::change::hold_end;
use super::flight::{expelled, outcome, put_in_flight};
use crate::observe::Party;
use crate::schedule::SecondOffer;
use crate::world::{Subject, Told, World, creator_uri, user_uri};

/// Losses that the model is given: more than any schedule can use, so that the budget never decides.
pub(super) const LOSSES: u8 = u8::MAX;

/// The model to which a world is held.
pub const fn conference(world: &World) -> model::Conference {
    model::Conference::new(world.settings().invited, LOSSES).with(model::Procedures::ALL)
}

/// The state of the model that `world` is in.
pub fn alpha(world: &World) -> model::State {
    let ledger = world.ledger();
    let ue = world.ue().view();
    let focus = world.focus().view();
    let conference = focus.conferences.last();
    let mut state = model::State::default();
    state.ue.call = call(&ue, world);
    state.ue.subscription = controlled(&ue.subscription, ledger.is_controlled());
    if let Some(conference) = conference {
        state.focus.hosting = hosting(conference.call);
        state.focus.notifier = notifier(conference, &creator_uri());
        state.focus.ahead = ahead(ledger.told(Party::Ue), &ue.subscription);
        state.focus.owed = owed(conference, &creator_uri());
    }
    for (user, leg) in (0..world.settings().invited).zip(&mut state.legs) {
        let uri = user_uri(user);
        let referred = |purpose: ReferralPurpose| {
            let own = |view: &&ReferralView| view.purpose == purpose && ledger.user(&view.target) == Some(user);
            ue.referrals.iter().find(own).map_or(model::Refer::Idle, refer)
        };
        leg.ue.refer = referred(ReferralPurpose::Invite);
        leg.expel.ue = referred(ReferralPurpose::Expel);
        leg.ue.known = known(&ue.subscription.roster, &uri);
        let invitation = conference.and_then(|conference| {
            conference.invitations.iter().find(|invitation| ledger.user(&invitation.target) == Some(user))
        });
        leg.focus = invitation.map_or_else(model::FocusLeg::default, focus_leg);
        leg.focus.told = told(ledger.told(Party::Ue), &uri);
        let expulsion = conference.and_then(|conference| {
            conference.expulsions.iter().find(|expulsion| ledger.user(&expulsion.target) == Some(user))
        });
        if let Some(expulsion) = expulsion {
            leg.expel.report = report_state(expulsion.report);
            leg.expel.outcome = expulsion.outcome.and_then(expelled);
        }
        let Some(own) = world.users().get(usize::from(user)).map(|own| own.view()) else { continue };
        leg.participant = participant(own.call);
        leg.hold = hold_end(own.media);
        leg.subscription.subscriber = subscription(&own.subscription);
        leg.plain = plain(&ue.calls, &uri, &own.calls);
        if let Some(conference) = conference {
            let told = ledger.told(Party::Participant(user));
            leg.subscription.notifier = notifier(conference, &uri);
            leg.subscription.ahead = ahead(told, &own.subscription);
            leg.subscription.behind = is_behind(world, conference, told, &uri);
        }
    }
    if let Some(conference) = conference {
        state.focus.behind = is_told_again(conference, &creator_uri());
    }
    put_in_flight(world, &mut state);
    state.normal_form()
}

/// How the UE names a call that its user gave up: no focus here refuses with this code on its own.
const GIVEN_UP: u16 = 487;

fn call(ue: &UeView, world: &World) -> model::Call {
    let second_offer = match world.second_offer() {
        SecondOffer::Prack => model::SecondOffer::InPrack,
        SecondOffer::Update => model::SecondOffer::InUpdate,
    };
    match ue.call {
        CallState::Idle => model::Call::Idle,
        CallState::Calling => model::Call::Calling { second_offer },
        CallState::Early { stage } => model::Call::Early {
            second_offer,
            stage: match stage {
                EarlyStage::Pracking => model::Stage::PrackSent,
                EarlyStage::Updating | EarlyStage::Answered => model::Stage::PrackAnswered,
            },
        },
        CallState::Abandoned { code: GIVEN_UP, cancelled: false } => model::Call::Abandoned,
        CallState::Abandoned { code: GIVEN_UP, cancelled: true } => model::Call::Cancelling,
        // The model takes PRACK and UPDATE to arrive and to be accepted: getting here is a divergence.
        CallState::Abandoned { .. } => model::Call::Failed(model::CallFailure::TimedOut),
        CallState::Confirmed => model::Call::Confirmed,
        CallState::Leaving => model::Call::Leaving,
        CallState::Over => model::Call::Over,
        CallState::Failed { code: GIVEN_UP } => model::Call::Failed(model::CallFailure::GivenUp),
        CallState::Failed { .. } => {
            let answered = world
                .ledger()
                .exchange(Subject::Create)
                .is_some_and(|invite| invite.replies.iter().any(|reply| reply.arrived && reply.code >= 300));
            model::Call::Failed(if answered { model::CallFailure::Rejected } else { model::CallFailure::TimedOut })
        }
    }
}

const fn subscription(view: &SubscriptionView) -> model::Subscription {
    match view.state {
        SubscriberState::None => model::Subscription::None,
        SubscriberState::Subscribing { answered } => model::Subscription::Subscribing { answered },
        SubscriberState::Active => model::Subscription::Active,
        SubscriberState::Ended => model::Subscription::Ended,
        SubscriberState::Failed => model::Subscription::Failed,
    }
}

/// The UE's subscription, in which a SUBSCRIBE inside the dialog counts if it was its user's wish.
const fn controlled(view: &SubscriptionView, is_controlled: bool) -> model::Subscription {
    match view.state {
        SubscriberState::Active if is_controlled && view.leaving => model::Subscription::Leaving,
        SubscriberState::Active if is_controlled && view.refreshing => model::Subscription::Refreshing,
        SubscriberState::Ended if is_controlled && view.unnotified => model::Subscription::Lapsed,
        _ => subscription(view),
    }
}

/// What the focus owes this subscriber because of a SUBSCRIBE.
fn owed(conference: &ConferenceView, subscriber: &str) -> model::Owed {
    match subscribed(conference, subscriber) {
        Some(view) if view.in_flight && view.state == NotifierState::Terminating => model::Owed::Last,
        Some(view) if view.in_flight && view.full => model::Owed::Full,
        _ => model::Owed::Nothing,
    }
}

/// The latest subscription of this user at the focus.
fn subscribed<'v>(conference: &'v ConferenceView, subscriber: &str) -> Option<&'v NotifierView> {
    conference.subscriptions.iter().rfind(|view| view.subscriber == subscriber)
}

fn notifier(conference: &ConferenceView, subscriber: &str) -> model::Notifier {
    let view = subscribed(conference, subscriber);
    view.map_or(model::Notifier::None, |view| notifier_state(view.state, view.in_flight))
}

/// Whether a subscriber has to learn of something: the focus says so, or what it sent is not what is.
fn is_behind(world: &World, conference: &ConferenceView, sent: Option<&Told>, subscriber: &str) -> bool {
    let owing = subscribed(conference, subscriber).is_some_and(|view| view.owing);
    let users = (0..world.settings().invited).map(user_uri);
    owing || users.into_iter().any(|uri| told(sent, &uri) != known(&conference.roster, &uri))
}

/// Whether a subscriber is owed a document that answers no SUBSCRIBE.
fn is_told_again(conference: &ConferenceView, subscriber: &str) -> bool {
    subscribed(conference, subscriber).is_some_and(|view| view.owing && !view.full)
}

const fn hosting(call: FocusCallState) -> model::Hosting {
    match call {
        FocusCallState::Early => model::Hosting::Early,
        FocusCallState::Pracked => model::Hosting::Pracked,
        FocusCallState::Answered => model::Hosting::Answered,
        FocusCallState::Confirmed => model::Hosting::Confirmed,
        FocusCallState::Over => model::Hosting::Over,
    }
}

const fn notifier_state(state: NotifierState, in_flight: bool) -> model::Notifier {
    match state {
        NotifierState::Active | NotifierState::Terminating if in_flight => model::Notifier::Notifying,
        NotifierState::Active | NotifierState::Terminating => model::Notifier::Active,
        NotifierState::Terminated => model::Notifier::Ending,
        NotifierState::Closed => model::Notifier::Terminated,
        NotifierState::Removed => model::Notifier::Removed,
    }
}

/// How many versions the last document sent is ahead of the last one applied.
fn ahead(told: Option<&Told>, subscription: &SubscriptionView) -> u8 {
    let Some((told, sent)) = told.and_then(|told| Some((told, told.roster.version?))) else { return 0 };
    let applied = subscription.version.or_else(|| told.first_version.and_then(|first| first.checked_sub(1)));
    let ahead = applied.and_then(|applied| sent.checked_sub(applied));
    // A UE ahead of its focus is no state of the model: any large number makes the check fail.
    ahead.and_then(|ahead| u8::try_from(ahead).ok()).unwrap_or(u8::MAX)
}

fn refer(view: &ReferralView) -> model::Refer {
    let outcome = match view.purpose {
        ReferralPurpose::Invite => outcome,
        ReferralPurpose::Expel => expelled,
    };
    match view.state {
        ReferralState::Sent => model::Refer::Sent,
        ReferralState::Accepted => model::Refer::Accepted,
        ReferralState::Trying => model::Refer::Trying,
        ReferralState::Done(code) => match outcome(code) {
            Some(outcome) => model::Refer::Done(outcome),
            None => model::Refer::Unknown,
        },
        ReferralState::Unreported => model::Refer::Unreported,
        ReferralState::Refused(408) | ReferralState::Unknown => model::Refer::Unknown,
        ReferralState::Refused(_) => model::Refer::Refused,
    }
}

fn known(roster: &[RosterEntry], uri: &str) -> model::Presence {
    match roster.iter().find(|entry| entry.entity == uri) {
        Some(entry) if entry.on_hold => model::Presence::OnHold,
        Some(entry) if entry.connected => model::Presence::Connected,
        Some(_) => model::Presence::Disconnected,
        None => model::Presence::Absent,
    }
}

fn told(told: Option<&Told>, uri: &str) -> model::Presence {
    match told.and_then(|told| told.roster.users.get(uri)) {
        Some(endpoints) => {
            let is = |status: &str| endpoints.values().any(|endpoint| endpoint.status.as_deref() == Some(status));
            match (is("connected"), is("on-hold")) {
                (true, _) => model::Presence::Connected,
                (false, true) => model::Presence::OnHold,
                (false, false) => model::Presence::Disconnected,
            }
        }
        None => model::Presence::Absent,
    }
}

fn focus_leg(view: &InvitationView) -> model::FocusLeg {
    let dial = match view.leg {
        LegState::Calling { .. } => model::DialOut::Calling,
        LegState::Alerting => model::DialOut::Alerting,
        LegState::Abandoned => model::DialOut::Abandoned,
        LegState::Cancelling => model::DialOut::Cancelling,
        LegState::Joined => model::DialOut::Joined,
        LegState::Leaving => model::DialOut::Leaving,
        LegState::Over => model::DialOut::Over,
    };
    let report = report_state(view.report);
    let (outcome, hold) = (view.outcome.and_then(outcome), hold_end(view.media));
    model::FocusLeg { dial, outcome, report, told: model::Presence::Absent, hold }
}

const fn report_state(state: ReportState) -> model::Report {
    match state {
        ReportState::None => model::Report::None,
        ReportState::OwesTrying => model::Report::OwesTrying,
        ReportState::TryingSent => model::Report::TryingSent,
        ReportState::Waiting => model::Report::Waiting,
        ReportState::FinalSent => model::Report::FinalSent,
        ReportState::Closed => model::Report::Closed,
        ReportState::Removed => model::Report::Removed,
    }
}

const fn participant(call: ParticipantState) -> model::Participant {
    match call {
        ParticipantState::Idle => model::Participant::Idle,
        ParticipantState::Offered => model::Participant::Offered,
        ParticipantState::Ringing => model::Participant::Ringing,
        ParticipantState::Answered => model::Participant::Answered,
        ParticipantState::InCall => model::Participant::InCall,
        ParticipantState::Leaving => model::Participant::Leaving,
        ParticipantState::Over => model::Participant::Over,
    }
}

/// The call that the UE and the user at `uri` have beside the conference: none as long as either end is setting it up.
fn plain(ue: &[PlainCallView], uri: &str, user: &[PlainCallView]) -> model::PlainCall {
    let end = |calls: &[PlainCallView], peer: &str| {
        let call = calls.iter().rev().find(|call| call.peer == peer)?;
        match (call.state, call.replaced) {
            (PlainCallState::Calling, _) => None,
            (PlainCallState::Up, _) => Some(model::PlainEnd::Up),
            (PlainCallState::Leaving, false) => Some(model::PlainEnd::Leaving),
            (PlainCallState::Leaving, true) => Some(model::PlainEnd::GivingWay),
            (PlainCallState::Over, false) => Some(model::PlainEnd::Over),
            (PlainCallState::Over, true) => Some(model::PlainEnd::Replaced),
        }
    };
    match (end(ue, uri), end(user, &creator_uri())) {
        (Some(ue), Some(user)) => model::PlainCall { ue, user, named: false },
        _ => model::PlainCall::default(),
    }
}
