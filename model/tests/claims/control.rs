//! Wrong models of refreshing and unsubscribing.

use imsconf_model::{Action, Message, Owed, Subscription, SubscriptionMessage};

use super::{Fault, How};

const fn delivered(kind: SubscriptionMessage) -> Action {
    Action::Deliver(Message::Subscription(kind))
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the focus accepts a refresh and forgets its NOTIFY while another is unanswered",
        claim: "I-FIRST-NOTIFY",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == delivered(SubscriptionMessage::Refresh) {
                next.focus.owed = Owed::Nothing;
            }
        }),
    },
    Fault {
        what: "who unsubscribed refuses the active NOTIFY that crosses",
        claim: "I-EARLY-NOTIFY",
        model: (0, 0),
        how: How::After(|before, action, next| {
            if action == delivered(SubscriptionMessage::Notify) && before.ue.subscription == Subscription::Leaving {
                next.network.subscription.remove(SubscriptionMessage::NotifyOk);
                next.network.subscription.insert(SubscriptionMessage::NotifyRefused);
            }
        }),
    },
    Fault {
        what: "the focus never sends the last NOTIFY that it owes",
        claim: "I-TIMEOUT",
        model: (0, 0),
        how: How::Never(|action| action == Action::NotifyLast),
    },
    Fault {
        what: "the focus says terminated in the NOTIFY that answers a refresh",
        claim: "I-SS-HDR",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == delivered(SubscriptionMessage::Refresh)
                && next.network.subscription.remove(SubscriptionMessage::Notify)
            {
                next.network.subscription.insert(SubscriptionMessage::NotifyLast);
            }
        }),
    },
];
