//! The model: which actions are possible in a state, and what they do.
//!
//! Read first: `system.rs` (the state and how each part of it reacts), `action.rs`. Next: `claims.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::claims::claims;
use crate::focus::{DialOut, Hosting, Report};
use crate::hold::{Change, End};
use crate::message::{CallMessage, DialMessage, Message, ReferMessage, SubscriptionMessage};
use crate::participant::Participant;
use crate::plain::PlainEnd;
use crate::procedures::{Procedure, Procedures};
use crate::sightings::sightings;
use crate::subscription::{LegSubscription, Notifier, Owed, Subscription};
use crate::system::{Decision, Leg, State};
use crate::terms::{Invited, SecondOffer};
use crate::ue::{Call, CallFailure, Refer};

/// The model: one UE, one focus, some users to invite, and a budget of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conference {
    /// How many users may be invited, 0 to [`MAX_INVITED`](crate::MAX_INVITED).
    pub invited: u8,
    /// How many messages may be lost in a run.
    pub losses: u8,
    /// Which optional procedures there are.
    pub procedures: Procedures,
}

impl Conference {
    /// The plain procedures for `invited` users, with at most `losses` messages lost.
    #[must_use]
    pub const fn new(invited: u8, losses: u8) -> Self {
        Self { invited, losses, procedures: Procedures::NONE }
    }

    /// The same with these optional procedures.
    #[must_use]
    pub const fn with(self, procedures: Procedures) -> Self {
        Self { procedures, ..self }
    }

    /// The invited users of this configuration.
    pub fn invited(&self) -> impl Iterator<Item = Invited> {
        Invited::ALL.into_iter().take(usize::from(self.invited))
    }

    /// Whether `action` can happen in `state`.
    #[must_use]
    pub fn enabled(&self, state: &State, action: Action) -> bool {
        if action.procedure().is_some_and(|procedure| !self.procedures.has(procedure)) {
            return false;
        }
        let confirmed = state.ue.call == Call::Confirmed;
        match action {
            Action::Create(_) => state.ue.call == Call::Idle,
            Action::Subscribe => confirmed && self.may_subscribe(state),
            Action::Refresh | Action::Unsubscribe => {
                let open = SubscriptionMessage::OF_REFRESH;
                matches!(state.ue.subscription, Subscription::Active | Subscription::Refreshing)
                    && !open.into_iter().any(|kind| state.network.subscription.contains(kind))
            }
            Action::RefreshNotifyTooLate => {
                let network = state.network.subscription;
                let coming =
                    [SubscriptionMessage::Notify, SubscriptionMessage::NotifyEnd, SubscriptionMessage::NotifyLast];
                state.lost < self.losses
                    && matches!(state.ue.subscription, Subscription::Refreshing | Subscription::Leaving)
                    && !SubscriptionMessage::OF_REFRESH.into_iter().any(|kind| network.contains(kind))
                    // It may also wait behind another one that does not get through.
                    && (state.focus.owes_subscriber() || coming.into_iter().any(|kind| network.contains(kind)))
            }
            Action::Invite(i) | Action::InviteQuietly(i) => {
                confirmed && i.index() < usize::from(self.invited) && state.leg(i).ue.refer == Refer::Idle
            }
            Action::Cancel => matches!(state.ue.call, Call::Calling { .. } | Call::Early { .. }),
            Action::Expel(i) => {
                confirmed && i.index() < usize::from(self.invited) && state.leg(i).expel.ue == Refer::Idle
            }
            Action::FocusWithdraws => state.focus.is_promised(),
            Action::Leave => confirmed,
            Action::Ring(i) => state.leg(i).participant == Participant::Offered,
            Action::Answer(i) | Action::Busy(i) | Action::Decline(i) => state.leg(i).participant.is_offered(),
            // Not before the ACK to his 200 (RFC 3261 15).
            Action::UserLeaves(i) => state.leg(i).may_hang_up(),
            Action::Deliver(message) => {
                let choice = matches!(
                    message,
                    Message::Call(CallMessage::Invite)
                        | Message::Refer(_, ReferMessage::Refer)
                        | Message::Expel(_, ReferMessage::Refer)
                );
                !choice && state.in_flight(message)
            }
            Action::FocusAdmitsCreation | Action::FocusRejectsCreation => {
                state.in_flight(Message::Call(CallMessage::Invite))
            }
            Action::FocusAcceptsRefer(i) => state.in_flight(Message::Refer(i, ReferMessage::Refer)),
            Action::FocusAcceptsReferQuietly(i) => {
                state.in_flight(Message::Refer(i, ReferMessage::Refer)) && state.leg(i).network.quiet
            }
            Action::FocusRefusesRefer(i) => {
                let message = if state.focus.is_up() { ReferMessage::Refer } else { ReferMessage::OvertakenRefer };
                state.in_flight(Message::Refer(i, message))
            }
            // What the UE said before its CANCEL has arrived when it no longer waits for what becomes of it.
            Action::Lose(message @ Message::Call(CallMessage::Cancel)) => {
                state.lost < self.losses && state.in_flight(message) && state.network.call.len() == 1
            }
            Action::FocusAcceptsExpulsion(i) => state.in_flight(Message::Expel(i, ReferMessage::Refer)),
            Action::FocusRefusesExpulsion(i) => {
                let message = if state.focus.is_up() { ReferMessage::Refer } else { ReferMessage::OvertakenRefer };
                state.in_flight(Message::Expel(i, message))
            }
            Action::Lose(message) => state.lost < self.losses && message.may_be_lost() && state.in_flight(message),
            Action::NotifyTooLate => {
                state.lost < self.losses
                    && state.ue.subscription == (Subscription::Subscribing { answered: true })
                    && state.network.subscription.contains(SubscriptionMessage::Notify)
            }
            Action::ReferNotifyTooLate(i) => {
                let leg = state.leg(i);
                // It may also wait behind a NOTIFY about somebody else that does not get through.
                let coming = leg.focus.report == Report::OwesTrying || leg.network.refer.contains(ReferMessage::Trying);
                state.lost < self.losses && leg.ue.refer == Refer::Accepted && coming
            }
            Action::UserSubscribes(i) => {
                let leg = state.leg(i);
                self.procedures.has(Procedure::ManySubscribers)
                    && leg.participant == Participant::InCall
                    && leg.subscription.subscriber == Subscription::None
            }
            Action::UserNotifyTooLate(i) => {
                let leg = state.leg(i);
                state.lost < self.losses
                    && leg.subscription.subscriber == (Subscription::Subscribing { answered: true })
                    && leg.network.subscription.contains(SubscriptionMessage::Notify)
            }
            Action::ExpulsionNotifyTooLate(i) => {
                let expel = state.leg(i).expel;
                let coming = expel.report == Report::OwesTrying || expel.network.contains(ReferMessage::Trying);
                state.lost < self.losses && expel.ue == Refer::Accepted && coming
            }
            Action::Converse(i) => state.ue.call == Call::Idle && state.leg(i).plain.ue == PlainEnd::None,
            Action::HangUp(i) => state.leg(i).plain.ue == PlainEnd::Up,
            Action::UserHangsUp(i) => state.leg(i).plain.user == PlainEnd::Up,
            Action::UserAsks(i) => may_want(state.leg(i), End::User),
            Action::FocusAsks(i) => may_want(state.leg(i), End::Focus),
            Action::UserThinksBetter(i) => state.leg(i).hold.change == Change::BackingOff,
            Action::FocusThinksBetter(i) => state.leg(i).focus.hold.change == Change::BackingOff,
            Action::UserAsksAgain(i) => is_due(state.leg(i), End::User),
            Action::FocusAsksAgain(i) => is_due(state.leg(i), End::Focus),
            Action::UserRestEnds(i) => state.leg(i).hold.change == Change::Resting,
            Action::FocusRestEnds(i) => state.leg(i).focus.hold.change == Change::Resting,
            _ => Self::due(state, action),
        }
    }

    /// Whether the UE may subscribe: for the first time, or again when nothing is left of the subscription before.
    fn may_subscribe(&self, state: &State) -> bool {
        match state.ue.subscription {
            Subscription::None => true,
            Subscription::Ended | Subscription::Failed | Subscription::Lapsed => {
                let over = matches!(state.focus.notifier, Notifier::None | Notifier::Terminated | Notifier::Removed);
                self.procedures.has(Procedure::SubscriptionControl) && over && state.network.subscription.is_empty()
            }
            Subscription::Subscribing { .. }
            | Subscription::Active
            | Subscription::Refreshing
            | Subscription::Leaving => false,
        }
    }

    /// [`Self::enabled`] for what the focus sends on its own and for the timers.
    fn due(state: &State, action: Action) -> bool {
        let notifier = state.focus.notifier;
        match action {
            Action::CreationExpires => {
                state.focus.is_promised()
                    && state.ue.call == Call::Failed(CallFailure::GivenUp)
                    && state.network.call.is_empty()
            }
            Action::NotifyRoster => {
                notifier == Notifier::Active
                    && state.focus.is_up()
                    && match state.focus.owed {
                        Owed::Nothing => {
                            state.focus.behind || state.legs.iter().any(|leg| leg.focus.told != leg.focus.row())
                        }
                        Owed::Full => true,
                        Owed::Last => false,
                    }
            }
            Action::NotifyLast => notifier == Notifier::Active && state.focus.is_up() && state.focus.owed == Owed::Last,
            Action::RefreshExpires => {
                let network = state.network.subscription;
                matches!(state.ue.subscription, Subscription::Refreshing | Subscription::Leaving)
                    && notifier == Notifier::Removed
                    && !SubscriptionMessage::OF_REFRESH.into_iter().any(|kind| network.contains(kind))
            }
            Action::NotifyEnd => notifier == Notifier::Active && state.focus.hosting == Hosting::Over,
            Action::NotifyUser(i) => {
                let subscription = state.leg(i).subscription;
                subscription.notifier == Notifier::Active && state.tells(i) && subscription.behind
            }
            Action::NotifyUserEnd(i) => {
                let leg = state.leg(i);
                leg.subscription.notifier == Notifier::Active && state.is_over_for(leg)
            }
            Action::UserSubscribeExpires(i) => {
                let LegSubscription { subscriber, notifier, .. } = state.leg(i).subscription;
                subscriber == (Subscription::Subscribing { answered: true }) && notifier == Notifier::Removed
            }
            Action::UserSubscriptionExpires(i) => {
                let LegSubscription { subscriber, notifier, .. } = state.leg(i).subscription;
                subscriber == Subscription::Active && notifier == Notifier::Removed
            }
            Action::NotifyReferrer(i) => {
                let leg = state.leg(i).focus;
                leg.report.is_owed(leg.outcome) && !state.referrals().any(|referral| referral.report.is_open())
            }
            Action::NotifyExpulsion(i) => {
                let expel = state.leg(i).expel;
                expel.report.is_owed(expel.outcome) && !state.referrals().any(|referral| referral.report.is_open())
            }
            Action::ExpulsionExpires(i) => {
                let expel = state.leg(i).expel;
                matches!(expel.ue, Refer::Accepted | Refer::Trying) && expel.report == Report::Removed
            }
            Action::GiveUp(i) => {
                let leg = state.leg(i);
                matches!(leg.focus.dial, DialOut::Calling | DialOut::Alerting)
                    && !leg.network.dial.contains(DialMessage::Invite)
            }
            Action::FocusCancels(i) => {
                let leg = state.leg(i);
                leg.focus.dial == DialOut::Abandoned && !leg.network.dial.contains(DialMessage::Invite)
            }
            Action::SubscribeExpires => {
                state.ue.subscription == (Subscription::Subscribing { answered: true }) && notifier == Notifier::Removed
            }
            Action::SubscriptionExpires => {
                state.ue.subscription == Subscription::Active && notifier == Notifier::Removed
            }
            Action::ReferExpires(i) => {
                let leg = state.leg(i);
                matches!(leg.ue.refer, Refer::Accepted | Refer::Trying) && leg.focus.report == Report::Removed
            }
            _ => false,
        }
    }
}

/// Whether this end can send its re-INVITE, its change being where it has to be for that.
fn may_want(leg: &Leg, end: End) -> bool {
    matches!(leg.hold_of(end).change, Change::None | Change::Resting) && leg.may_ask(end)
}

fn is_due(leg: &Leg, end: End) -> bool {
    leg.hold_of(end).change == Change::BackingOff && leg.may_ask(end)
}

impl Model for Conference {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut offer = |action| {
            if self.enabled(state, action) {
                actions.push(action);
            }
        };
        for action in [
            Action::Create(SecondOffer::InPrack),
            Action::Create(SecondOffer::InUpdate),
            Action::Subscribe,
            Action::Cancel,
            Action::Refresh,
            Action::Unsubscribe,
            Action::Leave,
            Action::FocusWithdraws,
            Action::CreationExpires,
            Action::FocusAdmitsCreation,
            Action::FocusRejectsCreation,
            Action::NotifyRoster,
            Action::NotifyEnd,
            Action::NotifyLast,
            Action::RefreshExpires,
            Action::RefreshNotifyTooLate,
            Action::SubscribeExpires,
            Action::SubscriptionExpires,
            Action::NotifyTooLate,
        ] {
            offer(action);
        }
        for message in state.network.call.iter().map(Message::Call) {
            offer(Action::Deliver(message));
            offer(Action::Lose(message));
        }
        for message in state.network.subscription.iter().map(Message::Subscription) {
            offer(Action::Deliver(message));
            offer(Action::Lose(message));
        }
        for i in self.invited() {
            for action in [
                Action::Invite(i),
                Action::InviteQuietly(i),
                Action::FocusAcceptsRefer(i),
                Action::FocusAcceptsReferQuietly(i),
                Action::FocusRefusesRefer(i),
                Action::NotifyReferrer(i),
                Action::Expel(i),
                Action::FocusAcceptsExpulsion(i),
                Action::FocusRefusesExpulsion(i),
                Action::NotifyExpulsion(i),
                Action::ExpulsionExpires(i),
                Action::ExpulsionNotifyTooLate(i),
                Action::Ring(i),
                Action::Answer(i),
                Action::Busy(i),
                Action::Decline(i),
                Action::UserLeaves(i),
                Action::UserSubscribes(i),
                Action::Converse(i),
                Action::HangUp(i),
                Action::UserHangsUp(i),
                Action::UserAsks(i),
                Action::FocusAsks(i),
                Action::UserThinksBetter(i),
                Action::FocusThinksBetter(i),
                Action::UserAsksAgain(i),
                Action::FocusAsksAgain(i),
                Action::UserRestEnds(i),
                Action::FocusRestEnds(i),
                Action::NotifyUser(i),
                Action::NotifyUserEnd(i),
                Action::GiveUp(i),
                Action::FocusCancels(i),
                Action::ReferExpires(i),
                Action::ReferNotifyTooLate(i),
                Action::UserSubscribeExpires(i),
                Action::UserSubscriptionExpires(i),
                Action::UserNotifyTooLate(i),
            ] {
                offer(action);
            }
            let network = state.leg(i).network;
            for message in network.refer.iter().map(|kind| Message::Refer(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
            for message in state.leg(i).expel.network.iter().map(|kind| Message::Expel(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
            for message in network.dial.iter().map(|kind| Message::Dial(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
            for message in network.subscription.iter().map(|kind| Message::Subscriber(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
            for message in network.hold.iter().map(|kind| Message::Hold(i, kind)) {
                offer(Action::Deliver(message));
            }
            for message in network.plain.iter().map(|kind| Message::Plain(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        if !self.enabled(state, action) {
            return None;
        }
        let mut next = *state;
        match action {
            Action::Create(_)
            | Action::Subscribe
            | Action::Refresh
            | Action::Unsubscribe
            | Action::Invite(_)
            | Action::InviteQuietly(_)
            | Action::Cancel
            | Action::Expel(_)
            | Action::Leave
            | Action::Ring(_)
            | Action::Answer(_)
            | Action::Busy(_)
            | Action::Decline(_)
            | Action::UserLeaves(_)
            | Action::UserSubscribes(_)
            | Action::Converse(_)
            | Action::HangUp(_)
            | Action::UserHangsUp(_)
            | Action::UserAsks(_)
            | Action::FocusAsks(_)
            | Action::UserThinksBetter(_)
            | Action::FocusThinksBetter(_) => next.command(action),
            Action::UserAsksAgain(i) => next.leg_mut(i).ask_again(End::User),
            Action::FocusAsksAgain(i) => next.leg_mut(i).ask_again(End::Focus),
            Action::UserRestEnds(i) => next.leg_mut(i).end_rest(End::User),
            Action::FocusRestEnds(i) => next.leg_mut(i).end_rest(End::Focus),
            Action::Deliver(message) => next.deliver(message),
            Action::FocusAdmitsCreation => {
                next.take(Message::Call(CallMessage::Invite));
                next.network.call.insert(CallMessage::Progress);
                next.focus.hosting = Hosting::Early;
            }
            Action::FocusRejectsCreation => {
                next.take(Message::Call(CallMessage::Invite));
                next.network.call.insert(CallMessage::Reject);
            }
            Action::FocusAcceptsRefer(i) => next.decide_refer(i, Decision::Accept),
            Action::FocusAcceptsReferQuietly(i) => next.decide_refer(i, Decision::AcceptQuietly),
            Action::FocusRefusesRefer(i) => next.decide_refer(i, Decision::Refuse),
            Action::FocusWithdraws | Action::CreationExpires => next.focus.refuse(&mut next.network.call),
            Action::NotifyRoster => next.tell_roster(),
            Action::NotifyLast => next.tell_last(),
            Action::RefreshExpires => next.ue.subscription = Subscription::Lapsed,
            Action::RefreshNotifyTooLate => {
                next.lost += 1;
                next.ue.subscription = Subscription::Lapsed;
            }
            Action::NotifyEnd => {
                next.network.subscription.insert(SubscriptionMessage::NotifyEnd);
                next.focus.notifier = Notifier::Ending;
            }
            Action::NotifyUser(i) => {
                let leg = next.leg_mut(i);
                leg.subscription.send_document(&mut leg.network.subscription);
            }
            Action::NotifyUserEnd(i) => {
                let leg = next.leg_mut(i);
                leg.subscription.send_end(&mut leg.network.subscription);
            }
            Action::NotifyReferrer(i) => {
                let leg = next.leg_mut(i);
                leg.focus.report.send(leg.focus.outcome, &mut leg.network.refer);
            }
            Action::FocusAcceptsExpulsion(i) => next.decide_expulsion(i, true),
            Action::FocusRefusesExpulsion(i) => next.decide_expulsion(i, false),
            Action::NotifyExpulsion(i) => {
                let expel = &mut next.leg_mut(i).expel;
                expel.report.send(expel.outcome, &mut expel.network);
            }
            Action::ExpulsionExpires(i) => next.leg_mut(i).expel.ue = Refer::Unknown,
            Action::ExpulsionNotifyTooLate(i) => {
                next.lost += 1;
                next.leg_mut(i).expel.ue = Refer::Unknown;
            }
            Action::GiveUp(i) | Action::FocusCancels(i) => {
                let leg = next.leg_mut(i);
                leg.focus.cancel(&mut leg.network.dial);
            }
            Action::SubscribeExpires => next.ue.subscription = Subscription::Failed,
            Action::SubscriptionExpires => next.ue.subscription = Subscription::Ended,
            Action::ReferExpires(i) => next.leg_mut(i).ue.refer = Refer::Unknown,
            Action::NotifyTooLate => {
                next.lost += 1;
                next.ue.subscription = Subscription::Failed;
            }
            Action::ReferNotifyTooLate(i) => {
                next.lost += 1;
                next.leg_mut(i).ue.refer = Refer::Unknown;
            }
            Action::UserSubscribeExpires(i) => next.leg_mut(i).subscription.subscriber = Subscription::Failed,
            Action::UserSubscriptionExpires(i) => next.leg_mut(i).subscription.subscriber = Subscription::Ended,
            Action::UserNotifyTooLate(i) => {
                next.lost += 1;
                next.leg_mut(i).subscription.subscriber = Subscription::Failed;
            }
            Action::Lose(message) => next.lose(message),
        }
        next.note_changes(state);
        Some(next.normal_form())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = claims();
        properties.extend(sightings(*self));
        properties
    }
}
