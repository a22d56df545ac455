//! What must be seen in some state: every branch of the procedure is really taken.
//!
//! A sighting is a `sometimes` property, about a state. A moment is about an action in a state: who overtakes whom,
//! which message is lost; the state after it may look like any other. The shortest way to either is a witness
//! (`scope.rs`): a run that an implementation must be able to follow. Read first: `system.rs`. Next: `scope.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::conference::Conference;
use crate::focus::{DialOut, Hosting, Report};
use crate::hold::{Change, End, HoldMessage};
use crate::message::{CallMessage, DialMessage, Kind, Message, PlainMessage, ReferMessage, SubscriptionMessage};
use crate::participant::Participant;
use crate::plain::PlainEnd;
use crate::procedures::Procedure;
use crate::subscription::{Notifier, Owed, Subscription};
use crate::system::{Leg, State};
use crate::terms::{Invited, Outcome, Presence};
use crate::ue::{Call, CallFailure, Refer};

/// The sightings that a loss-free model with so many invited users has to have.
#[must_use]
pub fn sightings<M: Model<State = State, Action = Action>>(model: Conference) -> Vec<Property<M>> {
    let invited = model.invited;
    let mut all = creation();
    if model.procedures.has(Procedure::GivingUp) {
        all.extend(giving_up());
    }
    if invited >= 1 {
        all.extend(subscription());
        all.extend(refer());
        all.extend(dial_out());
        all.extend(leaving());
    }
    if invited >= 2 {
        all.extend(several());
    }
    if invited >= 1 && model.procedures.has(Procedure::QuietReferral) {
        all.extend(quiet_referral());
    }
    if invited >= 1 && model.procedures.has(Procedure::SubscriptionControl) {
        all.extend(subscription_control());
    }
    if invited >= 1 && model.procedures.has(Procedure::ManySubscribers) {
        all.extend(many_subscribers());
    }
    if invited >= 1 && model.procedures.has(Procedure::Expulsion) {
        all.extend(expulsion());
    }
    if invited >= 1 && model.procedures.has(Procedure::Replacement) {
        all.extend(replacement());
    }
    if invited >= 1 && model.procedures.has(Procedure::Hold) {
        all.extend(hold());
    }
    all
}

fn calls(state: &State, message: CallMessage) -> bool {
    state.network.call.contains(message)
}

fn notes(state: &State, message: SubscriptionMessage) -> bool {
    state.network.subscription.contains(message)
}

fn any(state: &State, condition: impl Fn(&Leg) -> bool) -> bool {
    state.legs.iter().any(condition)
}

fn count(state: &State, condition: impl Fn(&Leg) -> bool) -> usize {
    state.legs.iter().filter(|leg| condition(leg)).count()
}

/// Subscribed on both sides, nothing in flight about it.
fn subscribed(state: &State) -> bool {
    state.ue.subscription == Subscription::Active && state.focus.notifier == Notifier::Active && state.focus.is_up()
}

/// The focus has ended the conference and the UE's call is over.
fn over(state: &State) -> bool {
    state.ue.call == Call::Over && state.focus.hosting == Hosting::Over
}

fn has_left(leg: &Leg) -> bool {
    leg.focus.dial == DialOut::Over
        && leg.focus.outcome == Some(Outcome::Joined)
        && leg.participant == Participant::Over
}

fn creation<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("second offer in the PRACK", |_, state: &State| {
            calls(state, CallMessage::PrackOkWithAnswer)
        }),
        Property::sometimes("second offer in an UPDATE", |_, state: &State| calls(state, CallMessage::UpdateOk)),
        Property::sometimes("creation rejected", |_, state: &State| {
            state.ue.call == Call::Failed(CallFailure::Rejected)
        }),
        Property::sometimes("conference created", |_, state: &State| {
            state.ue.call == Call::Confirmed && state.focus.hosting == Hosting::Confirmed
        }),
        Property::sometimes("conference over", |_, state: &State| over(state)),
    ]
}

fn giving_up<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("given up before any answer", |_, state: &State| {
            state.ue.call == Call::Abandoned && calls(state, CallMessage::Invite)
        }),
        Property::sometimes("given up: 487", |_, state: &State| {
            state.ue.call == Call::Failed(CallFailure::GivenUp) && state.lost == 0 && state.is_silent()
        }),
        Property::sometimes("given up and answered all the same", |_, state: &State| {
            state.ue.gives_up() && state.focus.hosting == Hosting::Answered
        }),
    ]
}

fn subscription<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("subscribed before the ACK arrived", |_, state: &State| {
            calls(state, CallMessage::Ack) && state.focus.notifier != Notifier::None
        }),
        Property::sometimes("first document already shows somebody", |_, state: &State| {
            matches!(state.ue.subscription, Subscription::Subscribing { .. })
                && notes(state, SubscriptionMessage::Notify)
                && any(state, |leg| leg.focus.told == Presence::Connected)
        }),
        Property::sometimes("never subscribed", |_, state: &State| {
            over(state) && state.is_silent() && state.ue.subscription == Subscription::None && any(state, has_left)
        }),
        Property::sometimes("subscribed too late: 404", |_, state: &State| {
            state.ue.subscription == Subscription::Failed
        }),
        Property::sometimes("joined and left between two documents", |_, state: &State| {
            any(state, |leg| leg.ue.known == Presence::Absent && leg.focus.told == Presence::Disconnected)
        }),
        Property::sometimes("joining was told", |_, state: &State| {
            subscribed(state) && any(state, |leg| leg.ue.known == Presence::Connected)
        }),
        Property::sometimes("leaving was told", |_, state: &State| {
            subscribed(state) && any(state, |leg| leg.ue.known == Presence::Disconnected)
        }),
        Property::sometimes("end of the conference was told", |_, state: &State| {
            over(state) && state.ue.subscription == Subscription::Ended && state.focus.notifier == Notifier::Terminated
        }),
        Property::sometimes("BYE crosses a conference NOTIFY", |_, state: &State| {
            calls(state, CallMessage::Bye) && notes(state, SubscriptionMessage::Notify)
        }),
    ]
}

fn refer<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("REFER refused", |_, state: &State| {
            state.focus.is_up() && any(state, |leg| leg.ue.refer == Refer::Refused)
        }),
        Property::sometimes("REFER overtaken by the BYE", |_, state: &State| {
            // 500 as long as the dialog lives, 481 when nothing else holds it: the focus' affair.
            let refused = |leg: &Leg| {
                let refer = leg.network.refer;
                refer.contains(ReferMessage::OutOfOrder) || refer.contains(ReferMessage::Refused)
            };
            state.focus.hosting == Hosting::Over && any(state, refused)
        }),
        Property::sometimes("roster tells of the joining before the referrer hears", |_, state: &State| {
            subscribed(state) && any(state, |leg| leg.ue.known == Presence::Connected && leg.ue.refer == Refer::Trying)
        }),
        Property::sometimes("referrer hears of the joining before the roster tells", |_, state: &State| {
            state.ue.subscription == Subscription::Active
                && state.focus.is_up()
                && any(state, |leg| {
                    leg.ue.known == Presence::Absent
                        && leg.ue.refer == Refer::Done(Outcome::Joined)
                        && leg.focus.dial == DialOut::Joined
                })
        }),
        Property::sometimes("outcome reported after the BYE", |_, state: &State| {
            over(state)
                && any(state, |leg| leg.network.refer.iter().any(|message| matches!(message, ReferMessage::Report(_))))
        }),
    ]
}

fn dial_out<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("alerting", |_, state: &State| any(state, |leg| leg.focus.dial == DialOut::Alerting)),
        Property::sometimes("outcome joined", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Done(Outcome::Joined))
        }),
        Property::sometimes("outcome busy", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Done(Outcome::Busy))
        }),
        Property::sometimes("outcome declined", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Done(Outcome::Declined))
        }),
        Property::sometimes("outcome no answer", |_, state: &State| {
            any(state, |leg| {
                leg.ue.refer == Refer::Done(Outcome::NoAnswer) && leg.focus.dial == DialOut::Over && state.focus.is_up()
            })
        }),
        Property::sometimes("200 crosses the CANCEL", |_, state: &State| {
            any(state, |leg| {
                leg.focus.dial == DialOut::Leaving
                    && leg.focus.outcome == Some(Outcome::NoAnswer)
                    && state.focus.is_up()
            })
        }),
        Property::sometimes("486 crosses the CANCEL", |_, state: &State| {
            any(state, |leg| leg.focus.dial == DialOut::Cancelling && leg.network.dial.contains(DialMessage::Busy))
        }),
        Property::sometimes("BYE crosses BYE", |_, state: &State| {
            any(state, |leg| {
                leg.network.dial.contains(DialMessage::FocusBye) && leg.network.dial.contains(DialMessage::UserBye)
            })
        }),
    ]
}

fn leaving<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("an invited user leaves first", |_, state: &State| {
            state.ue.call == Call::Confirmed && any(state, has_left)
        }),
        Property::sometimes("the creator leaves first, somebody is in the call", |_, state: &State| {
            any(state, |leg| leg.focus.dial == DialOut::Leaving && leg.focus.outcome == Some(Outcome::Joined))
        }),
        Property::sometimes("the creator leaves first, somebody rings", |_, state: &State| {
            state.focus.hosting == Hosting::Over && any(state, |leg| leg.focus.dial == DialOut::Cancelling)
        }),
        Property::sometimes("the creator leaves first, an INVITE is on its way", |_, state: &State| {
            any(state, |leg| leg.focus.dial == DialOut::Abandoned && leg.network.dial.contains(DialMessage::Invite))
        }),
        Property::sometimes("everybody has left", |_, state: &State| {
            over(state) && state.is_silent() && any(state, |leg| has_left(leg) && leg.focus.report == Report::Closed)
        }),
    ]
}

fn subscription_control<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("a refresh waits for the answer to a NOTIFY", |_, state: &State| {
            state.ue.call == Call::Confirmed && state.focus.owed == Owed::Full
        }),
        Property::sometimes("an active NOTIFY crosses the unsubscribing", |_, state: &State| {
            notes(state, SubscriptionMessage::Unsubscribe) && notes(state, SubscriptionMessage::Notify)
        }),
        Property::sometimes("unsubscribed, the conference goes on", |_, state: &State| {
            state.ue.call == Call::Confirmed
                && state.ue.subscription == Subscription::Ended
                && state.focus.notifier == Notifier::Terminated
        }),
        Property::sometimes("subscribed again, nobody was forgotten", |_, state: &State| {
            state.ue.subscription == (Subscription::Subscribing { answered: true })
                && notes(state, SubscriptionMessage::Notify)
                && any(state, |leg| leg.focus.told == Presence::Disconnected)
        }),
        Property::sometimes("a refresh crosses the end of the conference: 481", |_, state: &State| {
            state.focus.hosting == Hosting::Over && notes(state, SubscriptionMessage::RefreshRefused)
        }),
        Property::sometimes("the end of the conference overtakes the last NOTIFY", |_, state: &State| {
            state.ue.subscription == Subscription::Leaving && notes(state, SubscriptionMessage::NotifyEnd)
        }),
    ]
}

fn many_subscribers<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("two subscribers", |_, state: &State| subscribed(state) && any(state, user_subscribed)),
        Property::sometimes("an invited user subscribes, the creator does not", |_, state: &State| {
            state.ue.call == Call::Confirmed
                && state.ue.subscription == Subscription::None
                && any(state, user_subscribed)
        }),
        Property::sometimes("who left hears that he has", |_, state: &State| {
            subscribed(state) && any(state, |leg| user_subscribed(leg) && has_left(leg) && !leg.subscription.behind)
        }),
        Property::sometimes(
            "a change waits for the answer of one subscriber, another has heard of it",
            |_, state: &State| {
                subscribed(state)
                    && any(state, |leg| leg.subscription.notifier == Notifier::Notifying && leg.subscription.behind)
                    && state.legs.iter().all(|leg| leg.ue.known == leg.focus.row())
            },
        ),
        Property::sometimes("an invited user subscribed too late: 404", |_, state: &State| {
            any(state, |leg| leg.subscription.subscriber == Subscription::Failed)
        }),
        Property::sometimes("end of the conference was told to all", |_, state: &State| {
            let told = |leg: &Leg| leg.subscription.subscriber == Subscription::Ended;
            over(state) && state.is_silent() && state.ue.subscription == Subscription::Ended && any(state, told)
        }),
    ]
}

fn replacement<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("the conference took the place of a call", |_, state: &State| {
            any(state, |leg| {
                let gone = leg.plain.user == PlainEnd::Replaced && leg.plain.ue == PlainEnd::Over;
                gone && leg.participant == Participant::InCall && leg.ue.refer == Refer::Done(Outcome::Joined)
            })
        }),
        Property::sometimes("the call to be replaced was over: 603", |_, state: &State| {
            any(state, |leg| leg.participant == Participant::Idle && leg.ue.refer == Refer::Done(Outcome::Declined))
        }),
        Property::sometimes("invited while in a call, alerted after it", |_, state: &State| {
            any(state, |leg| leg.plain.user == PlainEnd::Over && leg.participant == Participant::Ringing)
        }),
        Property::sometimes("BYE crosses BYE in the replaced call", |_, state: &State| {
            any(state, |leg| leg.plain.user == PlainEnd::GivingWay && leg.network.plain.contains(PlainMessage::UeBye))
        }),
        Property::sometimes("the conference ends before the replaced call has", |_, state: &State| {
            state.focus.hosting == Hosting::Over && any(state, |leg| leg.plain.user == PlainEnd::GivingWay)
        }),
        Property::sometimes("the call outlives the conference", |_, state: &State| {
            over(state) && state.is_silent() && any(state, |leg| leg.plain.ue == PlainEnd::Up)
        }),
    ]
}

/// An invited user is subscribed on both sides.
fn user_subscribed(leg: &Leg) -> bool {
    leg.subscription.subscriber == Subscription::Active && leg.subscription.notifier == Notifier::Active
}

fn several<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("two REFERs in flight", |_, state: &State| {
            count(state, |leg| leg.network.refer.contains(ReferMessage::Refer)) >= 2
        }),
        Property::sometimes("REFER overtaken by a REFER: 500", |_, state: &State| {
            state.focus.is_up() && any(state, |leg| leg.network.refer.contains(ReferMessage::OutOfOrder))
        }),
        Property::sometimes("two in the conference", |_, state: &State| {
            subscribed(state) && count(state, |leg| leg.ue.known == Presence::Connected) >= 2
        }),
        Property::sometimes("one document tells two changes", |_, state: &State| {
            subscribed_before(state) && count(state, |leg| leg.ue.known != leg.focus.told) >= 2
        }),
        Property::sometimes("an outcome waits for the NOTIFY of another REFER", |_, state: &State| {
            any(state, |leg| leg.focus.report == Report::Waiting && leg.focus.outcome.is_some())
                && any(state, |leg| leg.focus.report.is_open())
        }),
        Property::sometimes("one leaves, one stays", |_, state: &State| {
            subscribed(state)
                && any(state, |leg| leg.ue.known == Presence::Disconnected)
                && any(state, |leg| leg.ue.known == Presence::Connected)
        }),
        Property::sometimes("one joins, one is busy", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Done(Outcome::Joined))
                && any(state, |leg| leg.ue.refer == Refer::Done(Outcome::Busy))
        }),
        Property::sometimes("everybody has joined and left", |_, state: &State| {
            over(state)
                && state.is_silent()
                && state.ue.subscription == Subscription::Ended
                && count(state, |leg| has_left(leg) && leg.focus.report == Report::Closed) >= 2
        }),
    ]
}

fn quiet_referral<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("joined without a report", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Unreported && leg.focus.dial == DialOut::Joined)
        }),
        Property::sometimes("declined without a report", |_, state: &State| {
            any(state, |leg| leg.ue.refer == Refer::Unreported && leg.focus.outcome == Some(Outcome::Declined))
        }),
    ]
}

fn expulsion<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("expelled, and the roster tells it first", |_, state: &State| {
            subscribed(state)
                && any(state, |leg| leg.ue.known == Presence::Disconnected && leg.expel.ue == Refer::Trying)
        }),
        Property::sometimes("expelled", |_, state: &State| {
            state.is_silent() && any(state, |leg| leg.expel.ue == Refer::Done(Outcome::Expelled))
        }),
        Property::sometimes("expelled without being there", |_, state: &State| {
            any(state, |leg| leg.expel.ue == Refer::Done(Outcome::Absent))
        }),
        Property::sometimes("expulsion refused", |_, state: &State| {
            state.focus.is_up() && any(state, |leg| leg.expel.ue == Refer::Refused)
        }),
        Property::sometimes("expelled while he leaves", |_, state: &State| {
            any(state, |leg| leg.expel.is_under_way() && leg.network.dial.contains(DialMessage::UserBye))
        }),
        Property::sometimes("the creator leaves while somebody is expelled", |_, state: &State| {
            state.focus.hosting == Hosting::Over && any(state, |leg| leg.expel.is_under_way())
        }),
        Property::sometimes("the expulsion waits for the report on the invitation", |_, state: &State| {
            any(state, |leg| leg.focus.report.is_open() && leg.expel.report == Report::OwesTrying)
        }),
    ]
}

fn hold<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes("on hold, and the roster tells it", |_, state: &State| {
            subscribed(state) && any(state, |leg| leg.ue.known == Presence::OnHold && leg.hold.holds)
        }),
        Property::sometimes("held by the focus, and the roster tells it", |_, state: &State| {
            subscribed(state) && any(state, |leg| leg.ue.known == Presence::OnHold && leg.hold.held)
        }),
        Property::sometimes("held by both", |_, state: &State| {
            state.is_silent() && any(state, |leg| leg.hold.holds && leg.hold.held)
        }),
        Property::sometimes("re-INVITEs cross: both are refused", |_, state: &State| {
            any(state, |leg| End::BOTH.into_iter().all(|end| leg.hold_of(end).change == Change::BackingOff))
        }),
        Property::sometimes("after the back-off both changes come about", |_, state: &State| {
            let again = |leg: &Leg| leg.focus.hold.change == Change::RequestedAgain && leg.hold.holds;
            // A loss would be noticed only long after the back-off.
            state.lost == 0 && any(state, |leg| again(leg) && leg.network.hold.contains(HoldMessage::Ok(End::Focus)))
        }),
        Property::sometimes("a hold that is over before it was told is told", |_, state: &State| state.focus.behind),
        Property::sometimes("left on hold", |_, state: &State| {
            state.is_silent()
                && any(state, |leg| leg.participant == Participant::Over && leg.ue.known == Presence::Disconnected)
        }),
        Property::sometimes("a re-INVITE meets a BYE", |_, state: &State| {
            any(state, |leg| leg.network.hold.contains(HoldMessage::Gone(End::Focus)))
        }),
    ]
}

/// Past its first document, with another on its way.
fn subscribed_before(state: &State) -> bool {
    state.ue.subscription == Subscription::Active && notes(state, SubscriptionMessage::Notify)
}

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
