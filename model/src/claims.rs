//! What is claimed of every state.
//!
//! A claim is an `always` property, named as the catalogue of requirements names it, with a meaning for this model:
//! a sentence about one state, since the checker looks at one state at a time. History shows in what is in flight.
//! `tests/claims.rs` holds a deliberately wrong model for each: none of them is a tautology. stateright's
//! `eventually` is not used (0.31 misses cycles); that things end well is the business of I-TIMEOUT, I-NO-LEAK and
//! `graph.rs`. Read first: `system.rs`. Next: `sightings.rs`.

use stateright::{Model, Property};

use crate::action::{Action, ActionKind};
use crate::focus::{DialOut, Hosting, Report};
use crate::hold::{End, HoldMessage};
use crate::message::{CallMessage, DialMessage, ReferMessage, SubscriptionMessage};
use crate::network::Messages;
use crate::participant::Participant;
use crate::subscription::{LegSubscription, Notifier, Owed, Subscription};
use crate::system::{Leg, Referral, State};
use crate::terms::{Outcome, Presence, SecondOffer};
use crate::ue::{Call, CallFailure, Refer, Stage};

/// The claims: properties that hold in every state.
#[must_use]
pub fn claims<M: Model<State = State, Action = Action>>() -> Vec<Property<M>> {
    vec![
        Property::always("I-EARLY-NOTIFY", |_, state| early_notify(state)),
        Property::always("I-FIRST-NOTIFY", |_, state| first_notify(state)),
        Property::always("I-TERM-ONCE", |_, state| terminated_once(state)),
        Property::always("I-481-REMOVES", |_, state| refusal_removes(state)),
        Property::always("I-SS-HDR", |_, state| subscription_state_true(state)),
        Property::always("EV-15", |_, state| one_notify_at_a_time(state)),
        Property::always("I-REF-TRUTH", |_, state| report_true(state)),
        Property::always("I-REF-WAIT", |_, state| referrer_waits(state)),
        Property::always("I-REF-ID", |_, state| notify_of_this_refer(state)),
        Property::always("I-REF-INDEP", |_, state| usages_independent(state)),
        Property::always("I-EXPEL", |model, state| expelled_as_reported(state) && shut_out(model, state)),
        Property::always("I-QUIET", |_, state| quiet_as_agreed(state)),
        Property::always("I-VERSION", |_, state| version_in_step(state)),
        Property::always("I-ROSTER", roster_converges),
        Property::always("I-STATUS-TRUE", |_, state| status_true(state)),
        Property::always("I-TARGET", |_, state| conference_uri_from_2xx(state)),
        Property::always("I-CSEQ", |_, state| overtaken_starts_nothing(state)),
        Property::always("I-PRACK", |_, state| acknowledged_first(state)),
        Property::always("I-OA", |_, state| one_offer_at_a_time(state)),
        Property::always("I-QOS", |_, state| resources_first(state)),
        Property::always("I-BYE-EARLY", |_, state| no_early_bye(state)),
        Property::always("I-ISOLATION", |_, state| others_stay(state)),
        Property::always("I-REPLACES-MATCH", |_, state| replaced_by_an_accepted_call(state)),
        Property::always("I-MAKE-BREAK", |_, state| make_before_break(state)),
        Property::always("RF-48", |_, state| referral_survives(state)),
        Property::always("CR-62", |_, state| cancel_after_arrival(state)),
        Property::always("CR-67", |_, state| given_up_for_good(state)),
        Property::always("FA-15", |_, state| one_change_at_a_time(state)),
        Property::always("CR-35", |_, state| asked_and_waiting(state)),
        Property::always("CR-36", |_, state| agreed_on_hold(state)),
        Property::always("CR-69", |_, state| nothing_new_after_the_end(state)),
        Property::always("I-TIMEOUT", |model, state| !is_quiescent(model, state) || !somebody_waits(state)),
        Property::always("I-NO-LEAK", |model, state| {
            !is_quiescent(model, state) || somebody_waits(state) || settled(state) || explicit_failure(state)
        }),
    ]
}

// ---- ends: what a state looks like in which nobody has to do anything

/// Whether nobody has to do anything: no action is possible but users' wishes, losses and subscriptions that run
/// out in hours.
pub fn owes_nothing<M: Model<State = State, Action = Action>>(model: &M, state: &State) -> bool {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    actions.iter().all(|action| action.kind() != ActionKind::Protocol)
}

/// [`owes_nothing`], cheaper: what is in flight can always be delivered.
fn is_quiescent<M: Model<State = State, Action = Action>>(model: &M, state: &State) -> bool {
    state.is_silent() && owes_nothing(model, state)
}

/// A conference subscription, the UE's or an invited user's.
#[derive(Clone, Copy)]
struct Ends {
    subscriber: Subscription,
    notifier: Notifier,
    network: Messages<SubscriptionMessage>,
    /// Whether the conference is over for the subscriber.
    over: bool,
}

/// Every conference subscription, the UE's first.
fn both_ends(state: &State) -> impl Iterator<Item = Ends> + '_ {
    let network = state.network.subscription;
    let over = state.focus.hosting == Hosting::Over;
    let ue = Ends { subscriber: state.ue.subscription, notifier: state.focus.notifier, network, over };
    let users = state.legs.iter().map(|leg| {
        let (LegSubscription { subscriber, notifier, .. }, network) = (leg.subscription, leg.network.subscription);
        Ends { subscriber, notifier, network, over: state.is_over_for(leg) }
    });
    std::iter::once(ue).chain(users)
}

/// Whether somebody waits for an answer.
#[must_use]
pub fn somebody_waits(state: &State) -> bool {
    matches!(state.ue.call, Call::Calling { .. } | Call::Early { .. } | Call::Leaving)
        || state.ue.gives_up()
        || matches!(state.focus.hosting, Hosting::Early | Hosting::Pracked | Hosting::Answered)
        || both_ends(state).any(|Ends { subscriber, notifier, .. }| {
            (subscriber.is_live() && subscriber != Subscription::Active)
                || matches!(notifier, Notifier::Notifying | Notifier::Ending)
        })
        || state.legs.iter().any(leg_waits)
}

fn leg_waits(leg: &Leg) -> bool {
    let reported = leg.referrals().iter().any(|referral| {
        matches!(referral.ue, Refer::Sent | Refer::Accepted | Refer::Trying)
            || matches!(referral.report, Report::OwesTrying | Report::TryingSent | Report::Waiting | Report::FinalSent)
    });
    reported
        || matches!(
            leg.focus.dial,
            DialOut::Calling | DialOut::Alerting | DialOut::Abandoned | DialOut::Cancelling | DialOut::Leaving
        )
        || matches!(
            leg.participant,
            Participant::Offered | Participant::Ringing | Participant::Answered | Participant::Leaving
        )
        || leg.plain.ue.is_waiting()
        || leg.plain.user.is_waiting()
        || leg.wants_change()
}

/// Whether both ends of every usage agree on where it stands, and none is half open.
#[must_use]
pub fn settled(state: &State) -> bool {
    let call = matches!(
        (state.ue.call, state.focus.hosting),
        (Call::Idle | Call::Failed(CallFailure::Rejected | CallFailure::GivenUp), Hosting::None)
            | (Call::Confirmed, Hosting::Confirmed)
            | (Call::Over, Hosting::Over)
    );
    let subscription = match (state.ue.subscription, state.focus.notifier) {
        (Subscription::None, Notifier::None) | (Subscription::Ended, Notifier::Terminated) => true,
        (Subscription::Active, Notifier::Active) => state.focus.is_up(),
        // The refusal of a refresh crossed the last NOTIFY, which was refused in turn.
        (Subscription::Lapsed, Notifier::Terminated | Notifier::Removed) => true,
        // Subscribed too late: 404.
        (Subscription::Failed, Notifier::None | Notifier::Terminated) => state.focus.hosting == Hosting::Over,
        _ => false,
    };
    call && subscription && state.legs.iter().all(|leg| leg_settled(state, leg))
}

fn leg_settled(state: &State, leg: &Leg) -> bool {
    let report = leg.referrals().iter().all(|referral| {
        matches!(
            (referral.ue, referral.report),
            (Refer::Idle | Refer::Refused | Refer::Unreported, Report::None) | (Refer::Done(_), Report::Closed)
        )
    });
    let dial = match (leg.focus.dial, leg.participant) {
        (DialOut::Idle, Participant::Idle) => leg.focus.report == Report::None,
        (DialOut::Joined, Participant::InCall) => state.focus.is_up() && leg.agrees_on_hold(),
        (DialOut::Over, Participant::Over) => true,
        // The INVITE never came; the 408 was reported.
        (DialOut::Over, Participant::Idle) => leg.focus.outcome == Some(Outcome::TimedOut) || refused_unasked(leg),
        _ => false,
    };
    let over = state.is_over_for(leg);
    let up = state.focus.is_up() && !over;
    report && dial && leg.subscription.is_settled(up, over) && leg.plain.is_settled()
}

/// Whether his user agent refused without asking him: the call to be replaced was over (RFC 3891 3).
fn refused_unasked(leg: &Leg) -> bool {
    leg.focus.outcome == Some(Outcome::Declined)
        && leg.participant == Participant::Idle
        && leg.plain.user.is_ending()
        && !leg.plain.user.gave_way()
}

/// Whether a message was lost for good and that left its trace: somebody knows that something failed, or was never
/// told of the end.
#[must_use]
pub fn explicit_failure(state: &State) -> bool {
    let call = match state.ue.call {
        Call::Failed(CallFailure::TimedOut) => true,
        // The BYE was lost.
        Call::Over => state.focus.hosting != Hosting::Over,
        _ => false,
    };
    let subscription = both_ends(state).any(|Ends { subscriber, notifier, .. }| {
        notifier == Notifier::Removed || matches!(subscriber, Subscription::Failed | Subscription::Lapsed)
    });
    state.lost > 0 && (call || subscription || state.legs.iter().any(leg_failed))
}

fn leg_failed(leg: &Leg) -> bool {
    let untold = |referral: &Referral| referral.ue == Refer::Unknown || referral.report == Report::Removed;
    leg.referrals().iter().any(untold)
        || leg.plain.is_half_open()
        || matches!(
            (leg.focus.dial, leg.participant),
            // A BYE was lost.
            (DialOut::Over, Participant::InCall) | (DialOut::Joined, Participant::Over)
        )
}

// ---- claims

/// A NOTIFY that belongs to an outstanding SUBSCRIBE or REFER is not answered 481 (RFC 6665 4.1.2.4, RFC 3515
/// 2.4.4).
fn early_notify(state: &State) -> bool {
    let refused = |ends: Ends| ends.network.contains(SubscriptionMessage::NotifyRefused);
    !both_ends(state).any(|ends| ends.subscriber.is_live() && refused(ends))
        && state.referrals().all(|referral| {
            let referring = matches!(referral.ue, Refer::Sent | Refer::Accepted | Refer::Trying);
            !(referring && referral.network.contains(ReferMessage::NotifyRefused))
        })
}

/// An accepted SUBSCRIBE or REFER is followed by a NOTIFY (RFC 6665 4.2.1.2, RFC 3515 2.4.4).
fn first_notify(state: &State) -> bool {
    let followed = |Ends { subscriber, notifier, network, .. }| {
        let subscribing = matches!(subscriber, Subscription::Subscribing { .. });
        let accepted = subscriber == (Subscription::Subscribing { answered: true })
            || (subscribing && network.contains(SubscriptionMessage::SubscribeOk));
        !accepted || notifier == Notifier::Removed || network.contains(SubscriptionMessage::Notify)
    };
    both_ends(state).all(followed)
        && refresh_followed(state)
        && state.referrals().all(|referral| {
            let accepted = referral.ue == Refer::Accepted || referral.network.contains(ReferMessage::Accepted);
            !accepted || matches!(referral.report, Report::OwesTrying | Report::TryingSent | Report::Removed)
        })
}

/// An accepted SUBSCRIBE inside the dialog is followed by a NOTIFY, after the answer to the one in flight.
fn refresh_followed(state: &State) -> bool {
    let network = state.network.subscription;
    let waits = matches!(state.ue.subscription, Subscription::Refreshing | Subscription::Leaving);
    let coming = [SubscriptionMessage::Notify, SubscriptionMessage::NotifyEnd, SubscriptionMessage::NotifyLast];
    !(waits && network.contains(SubscriptionMessage::RefreshOk))
        || state.focus.notifier == Notifier::Removed
        || state.focus.hosting == Hosting::Over
        || state.focus.owed != Owed::Nothing
        || coming.into_iter().any(|kind| network.contains(kind))
}

/// Nothing follows the last NOTIFY of a subscription, nor its removal (RFC 6665 4.1.3, 4.2.2, RFC 3515 2.4.7).
fn terminated_once(state: &State) -> bool {
    let silent = |Ends { subscriber, notifier, network, .. }| {
        let over = subscriber == Subscription::Ended || matches!(notifier, Notifier::Terminated | Notifier::Removed);
        let notify = [SubscriptionMessage::Notify, SubscriptionMessage::NotifyEnd, SubscriptionMessage::NotifyLast];
        !over || !notify.into_iter().any(|kind| network.contains(kind))
    };
    both_ends(state).all(silent)
        && state.referrals().all(|referral| {
            let over =
                matches!(referral.ue, Refer::Done(_)) || matches!(referral.report, Report::Closed | Report::Removed);
            !(over && referral.network.iter().any(is_refer_notify))
        })
}

fn is_refer_notify(message: ReferMessage) -> bool {
    matches!(message, ReferMessage::Trying | ReferMessage::Report(_))
}

/// A subscription whose NOTIFY was answered 481, or timed out, is gone at the focus (RFC 6665 4.2.2).
fn refusal_removes(state: &State) -> bool {
    let removed = |Ends { subscriber, notifier, network, .. }| {
        subscriber != Subscription::Failed
            || !network.is_empty()
            || matches!(notifier, Notifier::None | Notifier::Terminated | Notifier::Removed)
    };
    both_ends(state).all(removed)
        && state.referrals().all(|referral| {
            referral.ue != Refer::Unknown
                || !referral.network.is_empty()
                || matches!(referral.report, Report::None | Report::OwesTrying | Report::Removed)
        })
}

/// What a NOTIFY says of its subscription, active or terminated, is how the focus holds it (RFC 6665 4.1.3, 8.2.3).
fn subscription_state_true(state: &State) -> bool {
    let says_true = |Ends { notifier, network, over, .. }| {
        (!network.contains(SubscriptionMessage::Notify) || notifier == Notifier::Notifying)
            && (!network.contains(SubscriptionMessage::NotifyEnd) || (notifier == Notifier::Ending && over))
            && (!network.contains(SubscriptionMessage::NotifyLast) || notifier == Notifier::Ending)
    };
    both_ends(state).all(says_true)
        && state.referrals().all(|referral| {
            referral.network.iter().all(|message| match message {
                ReferMessage::Trying => referral.report == Report::TryingSent,
                ReferMessage::Report(_) => referral.report == Report::FinalSent,
                _ => true,
            })
        })
}

/// The focus has at most one NOTIFY open in D1, so that none can overtake another (RFC 3261 12.2.2; good practice).
fn one_notify_at_a_time(state: &State) -> bool {
    let open = state.referrals().filter(|referral| referral.report.is_open());
    open.count() <= 1
}

/// The reported outcome is the outcome, and it is what the invited user did (RFC 3515 2.4.5).
fn report_true(state: &State) -> bool {
    let told = state.referrals().all(|Referral { ue, report, outcome, network }| {
        let in_flight = network.iter().all(|message| match message {
            ReferMessage::Report(reported) => Some(reported) == outcome,
            _ => true,
        });
        let noted = match (ue, report) {
            (Refer::Done(noted), Report::FinalSent | Report::Closed) => Some(noted) == outcome,
            _ => true,
        };
        in_flight && noted
    });
    told && state.legs.iter().all(|leg| match leg.focus.outcome {
        Some(Outcome::Joined) => {
            !matches!(leg.participant, Participant::Idle | Participant::Offered | Participant::Ringing)
        }
        Some(Outcome::TimedOut) => leg.participant == Participant::Idle,
        Some(Outcome::Declined) => leg.participant == Participant::Over || leg.plain.user.is_ending(),
        Some(Outcome::Busy) => leg.participant == Participant::Over,
        Some(Outcome::NoAnswer) | None => true,
        Some(Outcome::Expelled | Outcome::Absent) => false,
    })
}

/// The UE takes nothing but the last NOTIFY for the outcome: not the 2xx, not `100 Trying` (RFC 3515 2.4.4).
fn referrer_waits(state: &State) -> bool {
    state.referrals().all(|referral| {
        !matches!(referral.ue, Refer::Done(_))
            || matches!(referral.report, Report::FinalSent | Report::Closed | Report::Removed)
    })
}

/// A NOTIFY counts for the REFER whose subscription it names and for no other (RFC 3515 2.4.6).
fn notify_of_this_refer(state: &State) -> bool {
    state
        .referrals()
        .all(|referral| referral.ue != Refer::Trying || !matches!(referral.report, Report::None | Report::OwesTrying))
}

/// The end of a refer subscription leaves the call alone, the end of the call leaves the refer subscriptions alone
/// (RFC 5057 4.2, 5.5).
fn usages_independent(state: &State) -> bool {
    let call = state.focus.hosting != Hosting::Over || state.ue.has_left();
    call && state.referrals().all(|referral| referral.ue != Refer::Trying || referral.report != Report::Closed)
}

/// Who is being expelled is sent a BYE, and is out when the focus has its answer (RFC 4579 5.11).
fn expelled_as_reported(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let gone = leg.focus.outcome == Some(Outcome::Joined) && leg.focus.dial == DialOut::Over;
        match leg.expel.outcome {
            None => !leg.expel.is_under_way() || leg.focus.dial == DialOut::Leaving,
            Some(Outcome::Expelled | Outcome::TimedOut) => gone,
            Some(_) => true,
        }
    })
}

/// Who was expelled is not subscribed any more when nothing is left to do, unless the focus could not reach him.
fn shut_out<M: Model<State = State, Action = Action>>(model: &M, state: &State) -> bool {
    let told = |leg: &Leg| {
        let LegSubscription { subscriber, notifier, .. } = leg.subscription;
        leg.expel.shuts_out() && subscriber.is_live() && notifier != Notifier::Removed
    };
    !state.legs.iter().any(told) || !is_quiescent(model, state)
}

/// Where the focus says that there is no refer subscription there is none, and the reference is carried out all the
/// same (RFC 4488 4).
fn quiet_as_agreed(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let quiet = leg.ue.refer == Refer::Unreported || leg.network.refer.contains(ReferMessage::AcceptedQuietly);
        !quiet || (leg.focus.report == Report::None && leg.focus.dial != DialOut::Idle)
    })
}

/// A document's version is one above the last that the subscriber applied (RFC 4575 4.6).
fn version_in_step(state: &State) -> bool {
    let in_step = |ends: Ends, ahead: u8| {
        let versions_matter = ends.subscriber.is_live() && ends.notifier.is_live();
        !versions_matter || ahead == u8::from(ends.network.contains(SubscriptionMessage::Notify))
    };
    let ahead = std::iter::once(state.focus.ahead).chain(state.legs.iter().map(|leg| leg.subscription.ahead));
    both_ends(state).zip(ahead).all(|(ends, ahead)| in_step(ends, ahead))
}

/// A subscriber's roster is what he was told; when nothing is left to do it is the focus' roster (RFC 4575 3.6).
fn roster_converges<M: Model<State = State, Action = Action>>(model: &M, state: &State) -> bool {
    let subscribed = state.ue.call == Call::Confirmed
        && state.ue.subscription == Subscription::Active
        && state.focus.notifier == Notifier::Active
        && state.focus.is_up();
    let told = state.legs.iter().all(|leg| leg.ue.known == leg.focus.told);
    let all_told = !subscribed || state.legs.iter().all(|leg| leg.focus.told == leg.focus.row());
    let behind = state.focus.is_up() && state.legs.iter().any(is_behind);
    (!subscribed || told) && ((all_told && !behind) || !is_quiescent(model, state))
}

/// An invited user who is subscribed on both sides does not know the latest roster.
fn is_behind(leg: &Leg) -> bool {
    let LegSubscription { subscriber, notifier, behind, .. } = leg.subscription;
    subscriber == Subscription::Active && notifier == Notifier::Active && behind
}

/// Somebody is shown as connected only after he answered and the focus acknowledged it (RFC 4575 5.7.3).
fn status_true(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let shown = leg.focus.told != Presence::Absent || leg.ue.known != Presence::Absent;
        !shown || leg.focus.outcome == Some(Outcome::Joined)
    })
}

/// The conference URI comes from the 2xx: nothing is sent there before (TS 24.147 5.3.1.3.2; RFC 3261 13.2.2.4).
fn conference_uri_from_2xx(state: &State) -> bool {
    let used =
        state.ue.subscription != Subscription::None || state.referrals().any(|referral| referral.ue != Refer::Idle);
    !used || state.ue.call == Call::Confirmed || state.ue.has_left()
}

/// A REFER refused as out of order starts nothing (RFC 3261 12.2.2).
fn overtaken_starts_nothing(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let out_of_order = |referral: Referral| referral.network.contains(ReferMessage::OutOfOrder);
        let [invite, expel] = leg.referrals();
        (!out_of_order(invite) || (invite.report == Report::None && leg.focus.dial == DialOut::Idle))
            && (!out_of_order(expel) || expel.report == Report::None)
    })
}

/// No 200 to the INVITE before the PRACK of the 183 that carried an answer (RFC 3262 3).
fn acknowledged_first(state: &State) -> bool {
    let call = state.network.call;
    !state.focus.is_up()
        || !(matches!(state.ue.call, Call::Calling { .. })
            || call.contains(CallMessage::Prack)
            || call.contains(CallMessage::PrackWithOffer))
}

/// At most one offer is open, and each answer comes in the message that belongs to its offer (RFC 3311 5.1, RFC
/// 3262 5, RFC 6337 2.2).
fn one_offer_at_a_time(state: &State) -> bool {
    let open = |messages: &[CallMessage]| messages.iter().any(|message| state.network.call.contains(*message));
    let first = open(&[CallMessage::Invite, CallMessage::Progress]);
    let prack = open(&[CallMessage::PrackWithOffer, CallMessage::PrackOkWithAnswer]);
    let update = open(&[CallMessage::Update, CallMessage::UpdateOk]);
    let bare_prack = open(&[CallMessage::Prack, CallMessage::PrackOk]);
    let in_place = match state.ue.call {
        Call::Early { second_offer: SecondOffer::InPrack, .. } => !update && !bare_prack,
        Call::Early { second_offer: SecondOffer::InUpdate, .. } => !prack,
        _ => true,
    };
    u8::from(first) + u8::from(prack) + u8::from(update) <= 1 && !(update && bare_prack) && in_place
}

/// No 200 to the INVITE before the offer that says that the UE's resources are reserved (RFC 3312 5.1, 6).
fn resources_first(state: &State) -> bool {
    let announced =
        !matches!(state.ue.call, Call::Early { second_offer: SecondOffer::InUpdate, stage: Stage::PrackSent })
            && !state.network.call.contains(CallMessage::Update);
    !state.focus.is_up() || announced
}

/// An invited user sends no BYE before the ACK came (RFC 3261 15).
fn no_early_bye(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        leg.participant != Participant::Leaving
            || (!leg.network.dial.contains(DialMessage::Answer)
                && matches!(leg.focus.dial, DialOut::Joined | DialOut::Leaving | DialOut::Over)
                && !leg.network.dial.contains(DialMessage::Ack))
    })
}

/// The focus ends the dialog of somebody who joined only because the conference is over (RFC 4579 5.12), or because he
/// is to be expelled (RFC 4579 5.11), or because he has left and its re-INVITE told it so first (RFC 5407 3.2.2).
fn others_stay(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        leg.focus.dial != DialOut::Leaving
            || leg.focus.outcome != Some(Outcome::Joined)
            || state.focus.hosting == Hosting::Over
            || leg.expel.is_under_way()
            || matches!(leg.participant, Participant::Leaving | Participant::Over)
    })
}

/// Never are two re-INVITEs of one dialog accepted at the same time, and none is sent while another is not through in
/// either direction (RFC 3261 14.1 and 14.2).
fn one_change_at_a_time(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let accepted = |asker: End| leg.network.hold.contains(HoldMessage::Ok(asker));
        // Whoever gave the 200 and not got the ACK has no request of his own out.
        let crossed = |asker: End| {
            let unacknowledged = accepted(asker) || leg.network.hold.contains(HoldMessage::Ack(asker));
            unacknowledged && leg.hold_of(asker.other()).change.is_open()
        };
        let both = End::BOTH.into_iter().all(accepted);
        !(both || End::BOTH.into_iter().any(crossed))
    })
}

/// Whoever asked waits for what is answered, whatever he answers himself meanwhile (RFC 3261 14.2, RFC 5407 3.3.1).
fn asked_and_waiting(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        End::BOTH.into_iter().all(|asker| {
            let exchange = [
                HoldMessage::Request(asker),
                HoldMessage::Ok(asker),
                HoldMessage::Pending(asker),
                HoldMessage::Gone(asker),
            ];
            let under_way = exchange.into_iter().any(|kind| leg.network.hold.contains(kind));
            !under_way || !leg.in_session(asker) || leg.hold_of(asker).change.is_open()
        })
    })
}

/// When no re-INVITE is under way both ends agree on who holds: a refused one changed nothing (RFC 3261 14.1).
fn agreed_on_hold(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let stands = End::BOTH.into_iter().all(|end| leg.in_session(end));
        let under_way = |asker| leg.network.hold.contains(HoldMessage::Ok(asker));
        !stands || End::BOTH.into_iter().any(under_way) || leg.agrees_on_hold()
    })
}

/// A CANCEL is sent only when a provisional response can have come: the INVITE has arrived (RFC 3261 9.1).
fn cancel_after_arrival(state: &State) -> bool {
    let creation = state.ue.call != Call::Cancelling || !state.network.call.contains(CallMessage::Invite);
    let too_early = |leg: &Leg| leg.focus.dial == DialOut::Cancelling && leg.network.dial.contains(DialMessage::Invite);
    creation && !state.legs.iter().any(too_early)
}

/// A call that was given up becomes no conference: nothing is done in it, and whatever the CANCEL met, the conference
/// ends with it (RFC 5407 3.1.2).
fn given_up_for_good(state: &State) -> bool {
    let over = state.ue.call == Call::Failed(CallFailure::GivenUp);
    let used = state.ue.subscription != Subscription::None || state.legs.iter().any(|leg| leg.ue.refer != Refer::Idle);
    !(over && state.focus.is_up()) && !((over || state.ue.gives_up()) && used)
}

/// After the end of the conference nobody is admitted or dialled any more (RFC 5407 3.3.3, RFC 4579 5.12).
fn nothing_new_after_the_end(state: &State) -> bool {
    state.focus.hosting != Hosting::Over
        || state.legs.iter().all(|leg| {
            !matches!(leg.focus.dial, DialOut::Calling | DialOut::Alerting | DialOut::Joined)
                && !leg.referrals().iter().any(|referral| referral.network.contains(ReferMessage::Refer))
        })
}

/// A call gave way only if the call that replaces it was accepted; whoever refused has what he had (RFC 3891 3).
fn replaced_by_an_accepted_call(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let refused = matches!(leg.focus.outcome, Some(Outcome::Busy | Outcome::Declined | Outcome::TimedOut));
        !leg.plain.user.gave_way() || (leg.participant != Participant::Idle && !refused)
    })
}

/// Whose call gives way is in the one that replaces it from then on: nobody is alerted again, and in no call, but by
/// his own will or that of the UE's user (TP-10).
fn make_before_break(state: &State) -> bool {
    state.legs.iter().all(|leg| {
        let alerted = matches!(leg.participant, Participant::Offered | Participant::Ringing);
        !leg.plain.user.gave_way() || !alerted
    })
}

/// The end of a replaced call is the end of that session alone: the referral that brought it about goes on (RFC 5057
/// 5.5).
fn referral_survives(state: &State) -> bool {
    state.legs.iter().all(|leg| !leg.plain.user.gave_way() || leg.ue.refer != Refer::Unknown || state.lost > 0)
}
