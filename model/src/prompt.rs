//! The same conference among agents that do not dawdle: where witnesses are looked for first.
//!
//! The model lets whoever owes a message take his time and lets timers race with messages, because other people's
//! agents and real networks do. An implementation under test does neither: it sends what it owes at once, and its
//! timers are far longer than a message travels. A run of this model is one that such an implementation can be led
//! along. Read first: `system.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::claims::claims;
use crate::conference::Conference;
use crate::message::{Message, ReferMessage, SubscriptionMessage};
use crate::subscription::Subscription;
use crate::system::State;
use crate::ue::Refer;

/// A [`Conference`] without delay: every run of it is one of the conference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prompt(pub Conference);

/// Whether the focus sends it as soon as it can.
const fn is_urgent(action: Action) -> bool {
    matches!(
        action,
        Action::NotifyRoster
            | Action::NotifyEnd
            | Action::NotifyReferrer(_)
            | Action::NotifyExpulsion(_)
            | Action::NotifyLast
            | Action::NotifyUser(_)
            | Action::NotifyUserEnd(_)
    )
}

impl Prompt {
    /// Whether `action`, possible in the conference, happens without anybody's delay.
    fn is_prompt(state: &State, action: Action) -> bool {
        match action {
            // A timer fires when nothing is under way.
            Action::GiveUp(_)
            | Action::CreationExpires
            | Action::FocusCancels(_)
            | Action::SubscribeExpires
            | Action::SubscriptionExpires
            | Action::RefreshExpires
            | Action::UserSubscribeExpires(_)
            | Action::UserSubscriptionExpires(_)
            | Action::ReferExpires(_)
            | Action::ExpulsionExpires(_)
            | Action::UserAsksAgain(_)
            | Action::UserRestEnds(_)
            // And talk begins when the telephones are quiet.
            | Action::Converse(_) => state.is_silent(),
            // The wait of the focus, whose Call-ID it is, is the longer one.
            Action::FocusAsksAgain(i) | Action::FocusRestEnds(i) => {
                state.is_silent() && !state.leg(i).hold.change.is_waiting()
            }
            // And so does the time-out by which a loss shows.
            Action::NotifyTooLate
            | Action::ReferNotifyTooLate(_)
            | Action::UserNotifyTooLate(_)
            | Action::ExpulsionNotifyTooLate(_)
            | Action::RefreshNotifyTooLate
            | Action::Lose(_) => state.in_flight_count() == 1,
            // What came too late because it was lost does not come at all.
            Action::Deliver(Message::Subscription(SubscriptionMessage::Notify)) => {
                !matches!(state.ue.subscription, Subscription::Failed | Subscription::Lapsed)
            }
            Action::Deliver(Message::Subscription(
                SubscriptionMessage::NotifyLast | SubscriptionMessage::NotifyEnd,
            )) => state.ue.subscription != Subscription::Lapsed,
            Action::Deliver(Message::Subscriber(i, SubscriptionMessage::Notify)) => {
                state.leg(i).subscription.subscriber != Subscription::Failed
            }
            Action::Deliver(Message::Refer(i, ReferMessage::Trying)) => state.leg(i).ue.refer != Refer::Unknown,
            Action::Deliver(Message::Expel(i, ReferMessage::Trying)) => state.leg(i).expel.ue != Refer::Unknown,
            _ => true,
        }
    }
}

impl Model for Prompt {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.0.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
        if actions.iter().any(|action| is_urgent(*action)) {
            actions.retain(|action| is_urgent(*action));
            // Of the NOTIFYs that share the call's dialog the one about the earlier REFER goes first.
            if actions.iter().any(|action| matches!(action, Action::NotifyReferrer(_))) {
                actions.retain(|action| !matches!(action, Action::NotifyExpulsion(_)));
            }
        } else {
            actions.retain(|action| Self::is_prompt(state, *action));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.0.next_state(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        claims()
    }
}
