//! Wrong models of giving up the creation.

use imsconf_model::{Action, Call, CallFailure, CallMessage, Message, Subscription, SubscriptionMessage};

use super::{Fault, How};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the UE acknowledges the 200 that crossed its CANCEL and leaves it at that",
        claim: "CR-67",
        model: (0, 0),
        how: How::After(|before, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Ok)) && before.ue.gives_up() {
                next.network.call.remove(CallMessage::Bye);
                next.ue.call = Call::Failed(CallFailure::GivenUp);
            }
        }),
    },
    Fault {
        what: "the UE subscribes to the conference that it gave up",
        claim: "CR-67",
        model: (0, 0),
        how: How::Also(
            |state, _| {
                let unused = state.ue.subscription == Subscription::None;
                (state.ue.gives_up() && unused).then_some(Action::Subscribe)
            },
            |state, _| {
                let mut next = *state;
                next.ue.subscription = Subscription::Subscribing { answered: false };
                next.network.subscription.insert(SubscriptionMessage::Subscribe);
                next
            },
        ),
    },
    Fault {
        what: "the UE cancels an INVITE that has not arrived",
        claim: "CR-62",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Cancel && next.ue.call == Call::Abandoned {
                next.ue.call = Call::Cancelling;
                next.network.call.insert(CallMessage::Cancel);
            }
        }),
    },
    Fault {
        what: "the UE goes on after a failure response in its early dialog",
        claim: "I-TIMEOUT",
        model: (0, 0),
        how: How::After(|before, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Reject))
                && matches!(before.ue.call, Call::Early { .. })
            {
                next.ue.call = before.ue.call;
            }
        }),
    },
    Fault {
        what: "the focus answers the CANCEL 200 and the INVITE never",
        claim: "I-TIMEOUT",
        model: (0, 0),
        how: How::After(|_, action, next| {
            if action == Action::Deliver(Message::Call(CallMessage::Cancel)) {
                next.network.call.remove(CallMessage::Reject);
            }
        }),
    },
    Fault {
        what: "the focus keeps its promise for a UE that is gone",
        claim: "I-TIMEOUT",
        model: (0, 1),
        how: How::Never(|action| action == Action::CreationExpires),
    },
];
