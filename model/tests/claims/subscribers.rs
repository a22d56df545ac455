//! Wrong models of several subscribers: each serves the first one, the UE, and wrongs another.

use imsconf_model::{Action, DialOut, Message, Notifier, Subscription, SubscriptionMessage};

use super::{Fault, How, leg_of};

/// Its message of this kind, to or from an invited user, is delivered.
fn delivered(action: Action, wanted: SubscriptionMessage) -> Option<imsconf_model::Invited> {
    match action {
        Action::Deliver(Message::Subscriber(invited, kind)) if kind == wanted => Some(invited),
        _ => None,
    }
}

/// It takes expulsion too.
pub(super) static EXPELLED: Fault = Fault {
    what: "the focus forgets the subscription of whom it expels without a word to him",
    claim: "I-EXPEL",
    model: (1, 0),
    how: How::After(|before, action, next| {
        if let Action::FocusAcceptsExpulsion(invited) = action
            && before.leg(invited).focus.dial == DialOut::Joined
            && next.leg(invited).subscription.notifier == Notifier::Active
        {
            leg_of(next, invited).subscription.notifier = Notifier::None;
        }
    }),
};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the focus tells changes to its first subscriber only",
        claim: "I-ROSTER",
        model: (1, 0),
        how: How::Never(|action| matches!(action, Action::NotifyUser(_))),
    },
    Fault {
        what: "the focus drops a subscriber without a word when something changed while a NOTIFY to him was open",
        claim: "I-NO-LEAK",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, SubscriptionMessage::NotifyOk) {
                let leg = leg_of(next, invited);
                if leg.subscription.notifier == Notifier::Active && leg.subscription.behind {
                    leg.subscription.behind = false;
                    leg.subscription.notifier = Notifier::None;
                }
            }
        }),
    },
    Fault {
        what: "the focus has one version counter for all subscribers",
        claim: "I-VERSION",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if action == Action::NotifyRoster {
                for leg in &mut next.legs {
                    leg.subscription.ahead += u8::from(leg.subscription.notifier.is_live());
                }
            }
        }),
    },
    Fault {
        what: "the focus tells the end of the conference to its first subscriber only",
        claim: "I-NO-LEAK",
        model: (1, 0),
        how: How::Never(|action| matches!(action, Action::NotifyUserEnd(_))),
    },
    Fault {
        what: "an invited user answers 481 to a conference NOTIFY that comes before the 200 to SUBSCRIBE",
        claim: "I-EARLY-NOTIFY",
        model: (1, 0),
        how: How::After(|before, action, next| {
            if let Some(invited) = delivered(action, SubscriptionMessage::Notify)
                && before.leg(invited).network.subscription.contains(SubscriptionMessage::SubscribeOk)
            {
                let leg = leg_of(next, invited);
                leg.subscription.subscriber = Subscription::Subscribing { answered: false };
                leg.network.subscription.remove(SubscriptionMessage::NotifyOk);
                leg.network.subscription.insert(SubscriptionMessage::NotifyRefused);
                leg.network.subscription.insert(SubscriptionMessage::SubscribeOk);
            }
        }),
    },
    Fault {
        what: "the focus accepts the SUBSCRIBE of a second subscriber and sends him no document",
        claim: "I-FIRST-NOTIFY",
        model: (1, 0),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, SubscriptionMessage::Subscribe) {
                let leg = leg_of(next, invited);
                if leg.network.subscription.remove(SubscriptionMessage::Notify) {
                    leg.subscription.notifier = Notifier::Active;
                }
            }
        }),
    },
    Fault {
        what: "an invited user who refuses a NOTIFY keeps his subscription at the focus",
        claim: "I-481-REMOVES",
        model: (1, 2),
        how: How::After(|_, action, next| {
            if let Some(invited) = delivered(action, SubscriptionMessage::NotifyRefused) {
                leg_of(next, invited).subscription.notifier = Notifier::Active;
            }
        }),
    },
];
