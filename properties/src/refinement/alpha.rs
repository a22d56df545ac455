//! α: which state of the model a world is in.
//!
//! What is in flight is read from the ledger of datagrams; what an agent believes comes from its read-only view. An
//! agent that believes to have sent something that was never on the wire is therefore caught: α then shows its belief
//! without the message. Every translation is an exhaustive match, so a new state on either side does not compile
//! unnoticed.

use imsconf::view::{
    CallState, ConferenceView, EarlyStage, FocusCallState, InvitationView, LegState, NotifierState, NotifierView,
    ParticipantState, PlainCallState, PlainCallView, ReferralPurpose, ReferralState, ReferralView, ReportState,
    RosterEntry, SubscriberState, SubscriptionView, UeView,
};
use imsconf_model as model;
use imsconf_model::{
    CallMessage, DialMessage, End, HoldMessage, Message, Outcome, PlainMessage, ReferMessage, SubscriptionMessage,
};

use super::change::{about_change, changes, hold_end};
use crate::observe::Party;
use crate::oracle::Sip;
use crate::schedule::SecondOffer;
use crate::world::{Datagram, Exchange, Ledger, Subject, Told, World, creator_uri, user_uri};

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

fn outcome(code: u16) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.is_of_invitation() && outcome.status_code() == code)
}

fn expelled(code: u16) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.is_of_expulsion() && outcome.status_code() == code)
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

/// Whether a message of the call beside the conference can still have an effect.
const fn plain_is_awaited(message: Message, call: model::PlainCall) -> bool {
    match message {
        Message::Plain(_, PlainMessage::UeBye | PlainMessage::UeByeAnswered) => call.ue.is_waiting(),
        Message::Plain(_, PlainMessage::UserBye | PlainMessage::UserByeAnswered) => call.user.is_waiting(),
        Message::Call(_)
        | Message::Subscription(_)
        | Message::Refer(..)
        | Message::Expel(..)
        | Message::Dial(..)
        | Message::Subscriber(..)
        | Message::Hold(..) => false,
    }
}

/// Adds the messages that were sent and have not arrived, as long as somebody still waits for them.
fn put_in_flight(world: &World, state: &mut model::State) {
    let ledger = world.ledger();
    let calls =
        [Subject::Create, Subject::Prack, Subject::Update, Subject::CallCancel, Subject::CallAck, Subject::CallBye];
    for subject in calls {
        for message in pending(ledger, subject) {
            if call_is_awaited(message, state) {
                insert(state, message);
            }
        }
    }
    if state.ue.subscription == (model::Subscription::Subscribing { answered: false }) {
        pending(ledger, Subject::Subscribe).for_each(|message| insert(state, message));
    }
    if world.ue().view().subscription.open && ledger.is_controlled() {
        pending(ledger, Subject::Refresh).for_each(|message| insert(state, message));
    }
    if matches!(state.focus.notifier, model::Notifier::Notifying | model::Notifier::Ending) {
        pending(ledger, Subject::RosterNotify).for_each(|message| insert(state, message));
    }
    for user in 0..world.settings().invited {
        let Some(leg) = state.legs.get(usize::from(user)).copied() else { continue };
        let refer = pending(ledger, Subject::Refer(user)).filter(|_| leg.ue.refer == model::Refer::Sent);
        let notify = pending(ledger, Subject::ReferNotify(user)).filter(|_| leg.focus.report.is_open());
        let expel = pending(ledger, Subject::Expel(user)).filter(|_| leg.expel.ue == model::Refer::Sent);
        let expelled = pending(ledger, Subject::ExpelNotify(user)).filter(|_| leg.expel.report.is_open());
        let dialog = [
            Subject::Dial(user),
            Subject::DialAck(user),
            Subject::Cancel(user),
            Subject::FocusBye(user),
            Subject::UserBye(user),
        ];
        let dial = dialog.into_iter().flat_map(|subject| pending(ledger, subject));
        let dial = dial.filter(|message| dial_is_awaited(*message, &leg));
        let model::LegSubscription { subscriber, notifier, .. } = leg.subscription;
        let subscribing = subscriber == model::Subscription::Subscribing { answered: false };
        let subscribe = pending(ledger, Subject::UserSubscribe(user)).filter(|_| subscribing);
        let notified = matches!(notifier, model::Notifier::Notifying | model::Notifier::Ending);
        let tell = pending(ledger, Subject::UserNotify(user)).filter(|_| notified);
        let plain = [Subject::PlainUeBye(user), Subject::PlainUserBye(user)];
        let plain = plain.into_iter().flat_map(|subject| pending(ledger, subject));
        let plain = plain.filter(|message| plain_is_awaited(*message, leg.plain));
        let subscription = subscribe.chain(tell).chain(plain).chain(changes(world, user));
        refer
            .chain(notify)
            .chain(expel)
            .chain(expelled)
            .chain(dial)
            .chain(subscription)
            .for_each(|message| insert(state, message));
    }
    rank_refers(ledger, state, world.settings().invited);
    name_calls(ledger, state, world.settings().invited);
}

fn insert(state: &mut model::State, message: Message) {
    match message {
        Message::Call(kind) => state.network.call.insert(kind),
        Message::Subscription(kind) => state.network.subscription.insert(kind),
        Message::Refer(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.refer.insert(kind);
            }
        }
        Message::Expel(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.expel.network.insert(kind);
            }
        }
        Message::Dial(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.dial.insert(kind);
            }
        }
        Message::Plain(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.plain.insert(kind);
            }
        }
        Message::Hold(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.hold.insert(kind);
            }
        }
        Message::Subscriber(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.subscription.insert(kind);
            }
        }
    }
}

/// Whether a message of the creator's call can still have an effect.
fn call_is_awaited(message: Message, state: &model::State) -> bool {
    let Message::Call(kind) = message else { return false };
    match kind {
        CallMessage::Invite => matches!(state.ue.call, model::Call::Calling { .. } | model::Call::Abandoned),
        CallMessage::Progress => matches!(state.ue.call, model::Call::Calling { .. }) || state.ue.gives_up(),
        CallMessage::Reject => {
            matches!(state.ue.call, model::Call::Calling { .. } | model::Call::Early { .. }) || state.ue.gives_up()
        }
        CallMessage::Cancel => state.ue.call == model::Call::Cancelling,
        CallMessage::Bye | CallMessage::ByeAnswered => state.ue.call == model::Call::Leaving,
        CallMessage::Ack => state.focus.hosting == model::Hosting::Answered,
        CallMessage::Prack
        | CallMessage::PrackWithOffer
        | CallMessage::PrackOk
        | CallMessage::PrackOkWithAnswer
        | CallMessage::Update
        | CallMessage::UpdateOk
        | CallMessage::Ok => true,
    }
}

/// Whether a message of a dial-out dialog can still have an effect.
fn dial_is_awaited(message: Message, leg: &model::Leg) -> bool {
    let Message::Dial(_, kind) = message else { return false };
    match kind {
        DialMessage::Invite => matches!(leg.focus.dial, model::DialOut::Calling | model::DialOut::Abandoned),
        DialMessage::Ringing => matches!(leg.focus.dial, model::DialOut::Calling | model::DialOut::Abandoned),
        DialMessage::Answer | DialMessage::Busy | DialMessage::Decline | DialMessage::Terminated => matches!(
            leg.focus.dial,
            model::DialOut::Calling | model::DialOut::Alerting | model::DialOut::Abandoned | model::DialOut::Cancelling
        ),
        DialMessage::Ack => leg.participant == model::Participant::Answered,
        DialMessage::Cancel => true,
        DialMessage::FocusBye | DialMessage::FocusByeAnswered => leg.focus.dial == model::DialOut::Leaving,
        DialMessage::UserBye | DialMessage::UserByeAnswered => leg.participant == model::Participant::Leaving,
    }
}

/// The messages about `subject` that were sent and have not arrived.
pub(super) fn pending(ledger: &Ledger, subject: Subject) -> impl Iterator<Item = Message> + '_ {
    let exchange = ledger.exchange(subject);
    let request =
        exchange.filter(|exchange| !exchange.arrived).and_then(|exchange| message(ledger, subject, exchange, None));
    let replies = exchange.into_iter().flat_map(move |exchange| {
        let waiting = exchange.replies.iter().filter(|reply| !reply.arrived);
        waiting.filter_map(move |reply| message(ledger, subject, exchange, Some(reply.code)))
    });
    request.into_iter().chain(replies)
}

/// The model's name of the message of which `datagram` is a copy.
pub(super) fn named(world: &World, datagram: &Datagram) -> Option<Message> {
    let sip = Sip::read(&datagram.bytes).ok()?;
    let (subject, exchange) = world.ledger().of(&sip)?;
    message(world.ledger(), subject, exchange, sip.status())
}

/// The model's name of a message of the ledger; `None` for what is invisible at its level.
pub(super) fn message(ledger: &Ledger, subject: Subject, exchange: &Exchange, reply: Option<u16>) -> Option<Message> {
    let success = reply.is_some_and(|code| (200..300).contains(&code));
    let answers = exchange.replies.iter().any(|own| Some(own.code) == reply && own.answer);
    let quiet = exchange.replies.iter().any(|own| Some(own.code) == reply && own.quiet);
    let leg = |user: u8| model::Invited::new(usize::from(user));
    match (subject, reply) {
        (Subject::Create, None) => Some(Message::Call(CallMessage::Invite)),
        (Subject::Create, Some(code)) => match code {
            100 => None,
            101..=199 => Some(Message::Call(CallMessage::Progress)),
            200..=299 => Some(Message::Call(CallMessage::Ok)),
            _ => Some(Message::Call(CallMessage::Reject)),
        },
        (Subject::Prack, None) if exchange.content.offer => Some(Message::Call(CallMessage::PrackWithOffer)),
        (Subject::Prack, None) => Some(Message::Call(CallMessage::Prack)),
        (Subject::Prack, Some(_)) if !success => None,
        (Subject::Prack, Some(_)) if answers => Some(Message::Call(CallMessage::PrackOkWithAnswer)),
        (Subject::Prack, Some(_)) => Some(Message::Call(CallMessage::PrackOk)),
        (Subject::Update, None) => Some(Message::Call(CallMessage::Update)),
        (Subject::Update, Some(_)) => (success && answers).then_some(Message::Call(CallMessage::UpdateOk)),
        (Subject::CallCancel, None) => Some(Message::Call(CallMessage::Cancel)),
        (Subject::CallAck, None) => Some(Message::Call(CallMessage::Ack)),
        (Subject::CallBye, None) => Some(Message::Call(CallMessage::Bye)),
        (Subject::CallBye, Some(_)) => Some(Message::Call(CallMessage::ByeAnswered)),
        (Subject::Subscribe, _) => Some(Message::Subscription(subscribe(reply))),
        (Subject::Refresh, _) => Some(Message::Subscription(refresh(exchange, reply))),
        (Subject::RosterNotify, _) => Some(Message::Subscription(notify(exchange, reply))),
        (Subject::UserSubscribe(user), _) => Some(Message::Subscriber(leg(user)?, subscribe(reply))),
        (Subject::UserNotify(user), _) => Some(Message::Subscriber(leg(user)?, notify(exchange, reply))),
        (Subject::Refer(user), _) => {
            Some(Message::Refer(leg(user)?, about_refer(reply, ledger.overtakes(exchange.cseq), success, quiet)))
        }
        (Subject::Expel(user), _) => {
            Some(Message::Expel(leg(user)?, about_refer(reply, ledger.overtakes(exchange.cseq), success, false)))
        }
        (Subject::ReferNotify(user), None) => Some(Message::Refer(leg(user)?, report(exchange, outcome)?)),
        (Subject::ReferNotify(user), Some(_)) => Some(Message::Refer(leg(user)?, notify_reply(success))),
        (Subject::ExpelNotify(user), None) => Some(Message::Expel(leg(user)?, report(exchange, expelled)?)),
        (Subject::ExpelNotify(user), Some(_)) => Some(Message::Expel(leg(user)?, notify_reply(success))),
        (Subject::PlainUeBye(user), None) => Some(Message::Plain(leg(user)?, PlainMessage::UeBye)),
        (Subject::PlainUeBye(user), Some(_)) => Some(Message::Plain(leg(user)?, PlainMessage::UeByeAnswered)),
        (Subject::PlainUserBye(user), None) => Some(Message::Plain(leg(user)?, PlainMessage::UserBye)),
        (Subject::PlainUserBye(user), Some(_)) => Some(Message::Plain(leg(user)?, PlainMessage::UserByeAnswered)),
        (Subject::PlainInvite(_) | Subject::PlainAck(_) | Subject::RefusalAck(_) | Subject::ChallengeAck, _) => None,
        (Subject::UserChange(user), _) => Some(Message::Hold(leg(user)?, about_change(End::User, reply)?)),
        (Subject::FocusChange(user), _) => Some(Message::Hold(leg(user)?, about_change(End::Focus, reply)?)),
        (Subject::UserChangeAck(user), None) => Some(Message::Hold(leg(user)?, HoldMessage::Ack(End::User))),
        (Subject::FocusChangeAck(user), None) => Some(Message::Hold(leg(user)?, HoldMessage::Ack(End::Focus))),
        (Subject::Dial(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Invite)),
        (Subject::Dial(user), Some(code)) => Some(Message::Dial(leg(user)?, dial_reply(code)?)),
        (Subject::DialAck(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Ack)),
        (Subject::Cancel(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Cancel)),
        (Subject::FocusBye(user), None) => Some(Message::Dial(leg(user)?, DialMessage::FocusBye)),
        (Subject::FocusBye(user), Some(_)) => Some(Message::Dial(leg(user)?, DialMessage::FocusByeAnswered)),
        (Subject::UserBye(user), None) => Some(Message::Dial(leg(user)?, DialMessage::UserBye)),
        (Subject::UserBye(user), Some(_)) => Some(Message::Dial(leg(user)?, DialMessage::UserByeAnswered)),
        (
            Subject::CallCancel
            | Subject::CallAck
            | Subject::DialAck(_)
            | Subject::Cancel(_)
            | Subject::UserChangeAck(_)
            | Subject::FocusChangeAck(_),
            Some(_),
        )
        | (Subject::CallRefresh | Subject::SessionRefresh(_) | Subject::Other, _) => None,
    }
}

const fn subscribe(reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None => SubscriptionMessage::Subscribe,
        Some(200..=299) => SubscriptionMessage::SubscribeOk,
        Some(_) => SubscriptionMessage::SubscribeRefused,
    }
}

const fn refresh(exchange: &Exchange, reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None if exchange.content.ends => SubscriptionMessage::Unsubscribe,
        None => SubscriptionMessage::Refresh,
        Some(200..=299) => SubscriptionMessage::RefreshOk,
        Some(_) => SubscriptionMessage::RefreshRefused,
    }
}

const fn notify(exchange: &Exchange, reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None if exchange.content.terminated && exchange.content.document => SubscriptionMessage::NotifyLast,
        None if exchange.content.terminated => SubscriptionMessage::NotifyEnd,
        None => SubscriptionMessage::Notify,
        Some(200..=299) => SubscriptionMessage::NotifyOk,
        Some(_) => SubscriptionMessage::NotifyRefused,
    }
}

/// A REFER or a response to one.
const fn about_refer(reply: Option<u16>, overtaken: bool, success: bool, quiet: bool) -> ReferMessage {
    match reply {
        None if overtaken => ReferMessage::OvertakenRefer,
        None => ReferMessage::Refer,
        Some(500) => ReferMessage::OutOfOrder,
        Some(_) if success && quiet => ReferMessage::AcceptedQuietly,
        Some(_) if success => ReferMessage::Accepted,
        Some(_) => ReferMessage::Refused,
    }
}

const fn notify_reply(success: bool) -> ReferMessage {
    if success { ReferMessage::NotifyOk } else { ReferMessage::NotifyRefused }
}

fn report(exchange: &Exchange, outcome: fn(u16) -> Option<Outcome>) -> Option<ReferMessage> {
    match (exchange.content.reported?, exchange.content.terminated) {
        (100, false) => Some(ReferMessage::Trying),
        (code, true) => outcome(code).map(ReferMessage::Report),
        _ => None,
    }
}

const fn dial_reply(code: u16) -> Option<DialMessage> {
    match code {
        180 => Some(DialMessage::Ringing),
        200..=299 => Some(DialMessage::Answer),
        486 => Some(DialMessage::Busy),
        487 => Some(DialMessage::Terminated),
        603 => Some(DialMessage::Decline),
        _ => None,
    }
}

/// What the REFERs and INVITEs in flight say of calls that are to be replaced.
fn name_calls(ledger: &Ledger, state: &mut model::State, invited: u8) {
    for (user, leg) in (0..invited).zip(&mut state.legs) {
        let names = |subject: Subject| ledger.exchange(subject).is_some_and(|exchange| exchange.content.replaces);
        let refer = leg.network.refer;
        let asked = refer.contains(ReferMessage::Refer) || refer.contains(ReferMessage::OvertakenRefer);
        leg.plain.named = (asked && names(Subject::Refer(user)))
            || (leg.network.dial.contains(DialMessage::Invite) && names(Subject::Dial(user)));
    }
}

/// Gives the REFERs in flight their places in the order in which they were sent, and what they ask for.
fn rank_refers(ledger: &Ledger, state: &mut model::State, invited: u8) {
    let mut waiting: Vec<u32> = Vec::new();
    for (user, leg) in (0..invited).zip(&state.legs) {
        let own = [(Subject::Refer(user), leg.network.refer), (Subject::Expel(user), leg.expel.network)];
        let own = own.into_iter().filter(|(_, network)| network.contains(ReferMessage::Refer));
        waiting.extend(own.filter_map(|(subject, _)| ledger.exchange(subject)).map(|refer| refer.cseq));
    }
    let rank = |subject: Subject| {
        let cseq = ledger.exchange(subject).map_or(0, |refer| refer.cseq);
        u8::try_from(waiting.iter().filter(|other| **other < cseq).count()).unwrap_or(u8::MAX)
    };
    for (user, leg) in (0..invited).zip(&mut state.legs) {
        if leg.network.refer.contains(ReferMessage::Refer) {
            leg.network.rank = rank(Subject::Refer(user));
            leg.network.quiet = ledger.exchange(Subject::Refer(user)).is_some_and(|refer| refer.content.quiet);
        }
        if leg.expel.network.contains(ReferMessage::Refer) {
            leg.expel.rank = rank(Subject::Expel(user));
        }
    }
}
