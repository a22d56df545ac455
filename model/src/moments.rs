//! What must be seen to happen: who overtakes whom, which message is lost; the state after it may look like any other.
//!
//! The shortest way to a moment is a witness (`scope.rs`): a run that an implementation must be able to follow. Read
//! first: `sightings.rs`. Next: `scope.rs`.

use crate::action::Action;
use crate::conference::Conference;
use crate::hold::{Change, End, HoldMessage};
use crate::message::{CallMessage, DialMessage, Kind as _, Message, PlainMessage, ReferMessage, SubscriptionMessage};
use crate::participant::Participant;
use crate::procedures::Procedure;
use crate::sightings::{any, calls, has_left, notes};
use crate::system::{Leg, State};
use crate::terms::{Invited, Outcome};
use crate::ue::{Call, Refer};
/// Something that must be seen to happen.
#[derive(Clone, Debug)]
pub struct Moment {
    /// What it is called.
    pub name: String,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The action, in the state before it.
    Is(fn(&State, Action) -> bool),
    /// This message is lost, of whichever invited user.
    Lost(Message),
}

impl Moment {
    fn new(name: &str, is: fn(&State, Action) -> bool) -> Self {
        Self { name: name.to_owned(), what: What::Is(is) }
    }

    fn lost(message: Message) -> Self {
        Self { name: format!("lost: {message}"), what: What::Lost(message) }
    }

    /// Whether taking `action` in `state` is this moment.
    #[must_use]
    pub fn is(&self, state: &State, action: Action) -> bool {
        match (self.what, action) {
            (What::Is(is), _) => is(state, action),
            // After the BYE the 500 might as well be a 481.
            (
                What::Lost(Message::Refer(_, ReferMessage::OutOfOrder) | Message::Expel(_, ReferMessage::OutOfOrder)),
                Action::Lose(_),
            ) if !state.focus.is_up() => false,
            (What::Lost(message), Action::Lose(lost)) => lost.of_first() == message,
            (What::Lost(_), _) => false,
        }
    }
}

/// What the CANCEL of the creation can cross and overtake.
fn crossings_of_the_cancel() -> [Moment; 6] {
    [
        Moment::new("refused after the 183", |state, action| {
            arrives(action, CallMessage::Reject) && matches!(state.ue.call, Call::Early { .. })
        }),
        Moment::new("200 crosses the CANCEL of the creation", |state, action| {
            arrives(action, CallMessage::Ok) && state.ue.gives_up()
        }),
        Moment::new("a refusal crosses the wish to give up", |state, action| {
            arrives(action, CallMessage::Reject) && state.ue.call == Call::Abandoned
        }),
        Moment::new("CANCEL overtakes the PRACK", |state, action| {
            arrives(action, CallMessage::Cancel)
                && (calls(state, CallMessage::Prack) || calls(state, CallMessage::PrackWithOffer))
        }),
        Moment::new("CANCEL overtakes the UPDATE", |state, action| {
            arrives(action, CallMessage::Cancel) && calls(state, CallMessage::Update)
        }),
        Moment::new("given up when the UPDATE is under way", |state, action| {
            action == Action::Cancel && calls(state, CallMessage::Update)
        }),
    ]
}

fn arrives(action: Action, message: CallMessage) -> bool {
    action == Action::Deliver(Message::Call(message))
}

/// The moments that a model with so many invited users and losses has to have.
#[must_use]
pub fn moments(model: Conference) -> Vec<Moment> {
    let Conference { invited, losses, procedures } = model;
    let mut all = vec![
        Moment::new("200 overtakes the 200 to the PRACK", |state, action| {
            action == Action::Deliver(Message::Call(CallMessage::Ok)) && calls(state, CallMessage::PrackOkWithAnswer)
        }),
        Moment::new("200 overtakes the 200 to the UPDATE", |state, action| {
            action == Action::Deliver(Message::Call(CallMessage::Ok)) && calls(state, CallMessage::UpdateOk)
        }),
        Moment::new("BYE overtakes the ACK", |state, action| {
            action == Action::Deliver(Message::Call(CallMessage::Bye)) && calls(state, CallMessage::Ack)
        }),
        Moment::new("conference NOTIFY overtakes the 200 to SUBSCRIBE", |state, action| {
            action == Action::Deliver(Message::Subscription(SubscriptionMessage::Notify))
                && notes(state, SubscriptionMessage::SubscribeOk)
        }),
    ];
    if procedures.has(Procedure::GivingUp) {
        all.extend(crossings_of_the_cancel());
    }
    if invited >= 1 {
        all.extend([
            Moment::new("subscribed after an outcome", |state, action| {
                action == Action::Subscribe && any(state, |leg| matches!(leg.ue.refer, Refer::Done(_)))
            }),
            Moment::new("the creator leaves last", |state, action| {
                action == Action::Leave
                    && any(state, has_left)
                    && !any(state, |leg| matches!(leg.participant, Participant::Answered | Participant::InCall))
            }),
            Moment::new("NOTIFY overtakes the 202", |state, action| match action {
                Action::Deliver(Message::Refer(invited, ReferMessage::Trying)) => {
                    state.in_flight(Message::Refer(invited, ReferMessage::Accepted))
                }
                _ => false,
            }),
            Moment::new("BYE of the focus overtakes the ACK", |state, action| match action {
                Action::Deliver(Message::Dial(invited, DialMessage::FocusBye)) => {
                    state.in_flight(Message::Dial(invited, DialMessage::Ack))
                }
                _ => false,
            }),
        ]);
    }
    if invited >= 1 && model.procedures.has(Procedure::QuietReferral) {
        all.push(Moment::new("a report although none was wanted", |state, action| match action {
            Action::FocusAcceptsRefer(invited) => state.leg(invited).network.quiet,
            _ => false,
        }));
    }
    if invited >= 1 && model.procedures.has(Procedure::ManySubscribers) {
        all.push(Moment::new(
            "conference NOTIFY to an invited user overtakes the 200 to SUBSCRIBE",
            |state, action| match action {
                Action::Deliver(Message::Subscriber(invited, SubscriptionMessage::Notify)) => {
                    state.in_flight(Message::Subscriber(invited, SubscriptionMessage::SubscribeOk))
                }
                _ => false,
            },
        ));
    }
    if invited >= 1 && model.procedures.has(Procedure::Replacement) {
        all.push(Moment::new("BYE of the replaced call overtakes the answer", |state, action| match action {
            Action::Deliver(Message::Plain(invited, PlainMessage::UserBye)) => {
                state.in_flight(Message::Dial(invited, DialMessage::Answer)) && state.leg(invited).plain.user.gave_way()
            }
            _ => false,
        }));
    }
    if invited >= 1 && model.procedures.has(Procedure::Hold) {
        all.extend([
            Moment::new("a re-INVITE overtakes the ACK to the first INVITE", |state, action| match action {
                Action::Deliver(Message::Hold(invited, HoldMessage::Request(End::Focus))) => {
                    state.in_flight(Message::Dial(invited, DialMessage::Ack))
                }
                _ => false,
            }),
            Moment::new("a re-INVITE overtakes the ACK to the one before", |state, action| match action {
                Action::Deliver(Message::Hold(invited, HoldMessage::Request(End::User))) => {
                    state.in_flight(Message::Hold(invited, HoldMessage::Ack(End::User)))
                }
                _ => false,
            }),
            Moment::new("a refused change is not wanted any more", |_, action| {
                matches!(action, Action::UserThinksBetter(_))
            }),
            Moment::new("a change is wanted anew, and has to wait", |state, action| match action {
                Action::FocusAsks(invited) => state.leg(invited).focus.hold.change == Change::Resting,
                _ => false,
            }),
            Moment::new("the conference ends while a hold is asked for", |state, action| {
                action == Action::Deliver(Message::Call(CallMessage::Bye)) && any(state, Leg::wants_change)
            }),
        ]);
    }
    if losses >= 1 {
        all.push(Moment::new("conference NOTIFY too late", |_, action| action == Action::NotifyTooLate));
        if invited >= 1 {
            all.push(Moment::new("refer NOTIFY too late", |_, action| matches!(action, Action::ReferNotifyTooLate(_))));
        }
        let first = Invited::ALL[0];
        if model.procedures.has(Procedure::SubscriptionControl) {
            let too_late = |_: &State, action| action == Action::RefreshNotifyTooLate;
            all.push(Moment::new("NOTIFY of a refresh too late", too_late));
        }
        let many = invited >= 1 && model.procedures.has(Procedure::ManySubscribers);
        if many {
            let too_late = |_: &State, action| matches!(action, Action::UserNotifyTooLate(_));
            all.push(Moment::new("conference NOTIFY to an invited user too late", too_late));
        }
        let messages = CallMessage::ALL.iter().copied().map(Message::Call);
        let messages = messages.chain(SubscriptionMessage::ALL.iter().copied().map(Message::Subscription));
        let legs = ReferMessage::ALL.iter().map(|kind| Message::Refer(first, *kind));
        let legs = legs.chain(DialMessage::ALL.iter().map(|kind| Message::Dial(first, *kind)));
        let subscribers = SubscriptionMessage::ALL
            .iter()
            .filter(|kind| !kind.is_control())
            .map(|kind| Message::Subscriber(first, *kind));
        let legs = legs.chain(ReferMessage::ALL.iter().map(|kind| Message::Expel(first, *kind)));
        let legs = legs.chain(PlainMessage::ALL.iter().map(|kind| Message::Plain(first, *kind)));
        let legs = legs.filter(|message| invited >= 1 && message.is_said()).chain(subscribers.filter(|_| many));
        // A message that only a first loss brings about needs a second to get lost.
        let second = |message: &Message| {
            matches!(
                message,
                Message::Subscription(SubscriptionMessage::NotifyRefused)
                    | Message::Subscriber(_, SubscriptionMessage::NotifyRefused)
                    | Message::Refer(_, ReferMessage::NotifyRefused | ReferMessage::Report(Outcome::TimedOut))
                    | Message::Expel(_, ReferMessage::NotifyRefused | ReferMessage::Report(Outcome::TimedOut))
            )
        };
        // And one REFER overtakes another only where there are two.
        let overtaken = |message: &Message| matches!(message, Message::Refer(_, ReferMessage::OutOfOrder));
        let known = |message: &Message| message.procedure().is_none_or(|procedure| model.procedures.has(procedure));
        let lost = messages.chain(legs).filter(|message| message.may_be_lost() && known(message));
        let lost = lost.filter(|message| invited >= 2 || !overtaken(message));
        all.extend(lost.filter(|message| losses >= 2 || !second(message)).map(Moment::lost));
    }
    all
}
