//! What must be seen in some state: every branch of the procedure is really taken.
//!
//! A sighting is a `sometimes` property, about a state; what is about an action in a state is in `moments.rs`. The
//! shortest way to either is a witness (`scope.rs`): a run that an implementation must be able to follow. Read first:
//! `system.rs`. Next: `moments.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::conference::Conference;
use crate::focus::{DialOut, Hosting, Report};
use crate::hold::{Change, End, HoldMessage};
use crate::message::{CallMessage, DialMessage, PlainMessage, ReferMessage, SubscriptionMessage};
use crate::participant::Participant;
use crate::plain::PlainEnd;
use crate::procedures::Procedure;
use crate::subscription::{Notifier, Owed, Subscription};
use crate::system::{Leg, State};
use crate::terms::{Outcome, Presence};
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
    if invited >= 1 && [Procedure::ManySubscribers, Procedure::Expulsion].iter().all(|own| model.procedures.has(*own)) {
        all.extend(expelled_subscribers());
    }
    if invited >= 1 && model.procedures.has(Procedure::Replacement) {
        all.extend(replacement());
    }
    if invited >= 1 && model.procedures.has(Procedure::Hold) {
        all.extend(hold());
    }
    all
}

pub(crate) fn calls(state: &State, message: CallMessage) -> bool {
    state.network.call.contains(message)
}

pub(crate) fn notes(state: &State, message: SubscriptionMessage) -> bool {
    state.network.subscription.contains(message)
}

pub(crate) fn any(state: &State, condition: impl Fn(&Leg) -> bool) -> bool {
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

pub(crate) fn has_left(leg: &Leg) -> bool {
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

/// Where expelling and subscribing meet.
fn expelled_subscribers<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::sometimes(
            "the subscription of an expelled user ends and the conference goes on",
            |_, state: &State| {
                state.focus.is_up()
                    && state.is_silent()
                    && any(state, |leg| leg.subscription.notifier == Notifier::Terminated)
            },
        ),
        Property::sometimes("expelled while a NOTIFY to him is open", |_, state: &State| {
            any(state, |leg| leg.expel.shuts_out() && leg.subscription.notifier == Notifier::Notifying)
        }),
        Property::sometimes("expelled before his SUBSCRIBE comes", |_, state: &State| {
            state.focus.is_up()
                && any(state, |leg| {
                    leg.expel.shuts_out() && leg.network.subscription.contains(SubscriptionMessage::SubscribeRefused)
                })
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
