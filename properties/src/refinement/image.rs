//! Which action of the model a move of the world is, named from what was before and what was sent, never from the state
//! after.

use std::iter;

use imsconf_model as model;
use imsconf_model::{Action, CallMessage, Change, DialOut, End, Invited, Message, Refer, ReferMessage, Subscription};

use super::flight;
use crate::schedule::{SecondOffer, Step};
use crate::world::{Crossing, Entry, Happened, Ledger, Outcome, Subject};

/// Why a move is no action of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stutter {
    /// The command was not possible, or there was no such datagram.
    Nothing,
    /// The operator changed the focus' policy.
    Policy,
    /// A proxy passed a datagram on.
    Hop,
    /// A copy of a message that had arrived already.
    Copy,
    /// A first arrival that cannot matter any more.
    Late,
    /// A message below the model's level: 100, the 200 to a CANCEL, the ACK to a failure.
    Invisible,
    /// A copy was dropped; the sender will repeat it.
    Dropped,
    /// A copy was doubled.
    Doubled,
    /// A message was lost for good; the sender does not know yet.
    Lost,
    /// A request was challenged, or its sender learnt that and sent it again: it is on its way all the time.
    Challenged,
    /// A timer that repeats something or frees state.
    Timer,
}

impl Stutter {
    /// A word for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing to do",
            Self::Policy => "policy changed",
            Self::Hop => "hop",
            Self::Copy => "copy arrived",
            Self::Late => "late arrival",
            Self::Invisible => "below the model",
            Self::Dropped => "copy dropped",
            Self::Doubled => "copy made",
            Self::Lost => "loss not yet noticed",
            Self::Challenged => "challenge",
            Self::Timer => "timer",
        }
    }
}

/// What a move means in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// No action: the model's state stays.
    Stutter(Stutter),
    /// These actions, in this order.
    Seq(Vec<Action>),
    /// Any of the waits that can end, in this order, and then what follows from it; nothing at all is the stutter.
    Ends {
        /// The waits that can end.
        waits: Vec<Action>,
        /// What was seen to follow.
        reactions: Vec<Action>,
    },
    /// Something that the procedures do not know.
    Unknown(String),
}

/// The image of a move: `before` is the model's state before it, `ledger` what was said up to and including it.
pub(super) fn image(before: &model::State, outcome: &Outcome, ledger: &Ledger) -> Image {
    if let Some(crossing) = outcome.sent.iter().find(|crossing| crossing.entry.subject == Subject::Other) {
        return Image::Unknown(format!(
            "{} sent a {} that belongs to nothing",
            crossing.party,
            crossing.message.label()
        ));
    }
    match outcome.happened {
        Happened::Nothing => Image::Stutter(Stutter::Nothing),
        Happened::Hop => Image::Stutter(Stutter::Hop),
        Happened::Dropped => Image::Stutter(Stutter::Dropped),
        Happened::Doubled => Image::Stutter(Stutter::Doubled),
        Happened::Lost => Image::Stutter(Stutter::Lost),
        Happened::Challenged => Image::Stutter(Stutter::Challenged),
        Happened::Command(step) => command(before, step),
        Happened::Rough => Image::Unknown("something happened that is beyond the model".to_owned()),
        Happened::Arrival(entry) => arrival(before, entry, outcome, ledger),
        Happened::Fired => fired(before, outcome),
    }
}

/// A request that a user agent has just sent without knowing of it: α, which goes by what the agents know, does not
/// show it, and nothing more would be seen of it if its receiver refuses it.
pub(super) fn unawaited<'o>(after: &model::State, outcome: &'o Outcome, ledger: &Ledger) -> Option<&'o Crossing> {
    outcome.sent.iter().find(|crossing| {
        let Entry { subject, reply, first } = crossing.entry;
        // Nobody waits for what becomes of an ACK or a CANCEL; a SUBSCRIBE that refreshes is below the model.
        let exempt = [Subject::CallAck, Subject::CallCancel, Subject::Subscribe].contains(&subject)
            || matches!(subject, Subject::DialAck(_) | Subject::Cancel(_) | Subject::UserSubscribe(_))
            || matches!(subject, Subject::UserChangeAck(_) | Subject::FocusChangeAck(_));
        let exchange = ledger.exchange(subject).filter(|_| first && reply.is_none() && !exempt);
        let message = exchange.and_then(|exchange| flight::message(ledger, subject, exchange, None));
        message.is_some_and(|message| !in_flight(after).any(|own| own == message))
    })
}

fn command(before: &model::State, step: Step) -> Image {
    let invited = |user: u8| Invited::new(usize::from(user));
    let change = |user: u8, end: End| Some(before.leg(invited(user)?).hold_of(end).change);
    let action = match step {
        Step::Create(SecondOffer::Prack) => Some(Action::Create(model::SecondOffer::InPrack)),
        Step::Create(SecondOffer::Update) => Some(Action::Create(model::SecondOffer::InUpdate)),
        Step::Subscribe => Some(Action::Subscribe),
        Step::Cancel => Some(Action::Cancel),
        Step::Refresh => Some(Action::Refresh),
        Step::Unsubscribe => Some(Action::Unsubscribe),
        Step::WithdrawCreation(_) => Some(Action::FocusWithdraws),
        Step::Leave => Some(Action::Leave),
        Step::Invite(user) => invited(user).map(Action::Invite),
        Step::Expel(user) => invited(user).map(Action::Expel),
        Step::InviteQuietly(user) => invited(user).map(Action::InviteQuietly),
        Step::Ring(user) => invited(user).map(Action::Ring),
        Step::Answer(user) => invited(user).map(Action::Answer),
        Step::Busy(user) => invited(user).map(Action::Busy),
        Step::Decline(user) => invited(user).map(Action::Decline),
        Step::UserLeaves(user) => invited(user).map(Action::UserLeaves),
        Step::RefuseCreationWith(_)
        | Step::RefuseTerminations(_)
        | Step::RefuseCreation(_)
        | Step::RefuseRefer(_)
        | Step::InsistOnReports(_) => {
            return Image::Stutter(Stutter::Policy);
        }
        Step::UserSubscribes(user) => invited(user).map(Action::UserSubscribes),
        Step::HangUp(user) => invited(user).map(Action::HangUp),
        Step::UserHangsUp(user) => invited(user).map(Action::UserHangsUp),
        Step::UserHolds(user) | Step::UserResumes(user) => match change(user, End::User) {
            Some(Change::BackingOff) => invited(user).map(Action::UserThinksBetter),
            _ => invited(user).map(Action::UserAsks),
        },
        Step::FocusHolds(user) | Step::FocusResumes(user) => match change(user, End::Focus) {
            Some(Change::BackingOff) => invited(user).map(Action::FocusThinksBetter),
            _ => invited(user).map(Action::FocusAsks),
        },
        // How a call beside the conference comes about is below the model.
        Step::UeCalls(_) | Step::UserCalls(_) => return Image::Stutter(Stutter::Invisible),
        Step::Deliver(_)
        | Step::Drop(_)
        | Step::Duplicate(_)
        | Step::Lose(_)
        | Step::Challenge(_)
        | Step::CutOff(_)
        | Step::Damage(..)
        | Step::Truncate(..)
        | Step::Restart(_)
        | Step::Flush
        | Step::Fire
        | Step::Settle
        | Step::Idle => None,
    };
    action.map_or_else(|| Image::Unknown(format!("{step:?} is no command")), |action| Image::Seq(vec![action]))
}

fn arrival(before: &model::State, entry: Entry, outcome: &Outcome, ledger: &Ledger) -> Image {
    if entry.subject == Subject::Other {
        return Image::Unknown("a message arrived that belongs to nothing".to_owned());
    }
    let mut reactions = reactions(before, &outcome.sent, false);
    if let (Subject::Dial(user), Some(101..=199)) = (entry.subject, entry.reply) {
        // The provisional response that a deferred CANCEL waited for brings it about itself.
        let own = Invited::new(usize::from(user));
        reactions.retain(|action| own.is_none_or(|own| *action != Action::FocusCancels(own)));
    }
    if let Entry { subject: Subject::PlainAck(user), reply: None, first: true } = entry
        && let Some(own) = Invited::new(usize::from(user))
    {
        // From now on both ends hold the call beside the conference.
        return Image::Seq(vec![Action::Converse(own)]);
    }
    if entry.subject == Subject::Subscribe && entry.reply.is_none() {
        // The NOTIFY that a SUBSCRIBE is owed at once is part of its acceptance (RFC 6665 section 4.2.1.2).
        reactions.retain(|action| *action != Action::NotifyRoster);
    }
    if entry.subject == Subject::Refresh && entry.reply.is_none() {
        reactions.retain(|action| !matches!(action, Action::NotifyRoster | Action::NotifyLast));
    }
    if let (Subject::UserSubscribe(user), None) = (entry.subject, entry.reply) {
        let own = Invited::new(usize::from(user));
        reactions.retain(|action| own.is_none_or(|own| *action != Action::NotifyUser(own)));
    }
    if let Some(end) = refresh_refused(before, entry) {
        return Image::Seq(vec![end]);
    }
    let message = ledger
        .exchange(entry.subject)
        .filter(|_| entry.first)
        .and_then(|exchange| flight::message(ledger, entry.subject, exchange, entry.reply));
    // The ledger already counts this arrival, which can make a REFER overtaken only for others.
    let message = message.map(|message| as_it_was(before, message));
    let stutter = match message {
        _ if !entry.first => Some(Stutter::Copy),
        None => Some(Stutter::Invisible),
        Some(message) if !in_flight(before).any(|own| own == message) => Some(Stutter::Late),
        Some(_) => None,
    };
    match (stutter, message) {
        (None, Some(message)) => {
            let mut actions = vec![delivery(message, &outcome.sent)];
            actions.extend(reactions);
            Image::Seq(actions)
        }
        (Some(_), _) if !reactions.is_empty() => Image::Seq(reactions),
        (Some(stutter), _) => Image::Stutter(stutter),
        (None, None) => Image::Stutter(Stutter::Invisible),
    }
}

/// A subscriber learns from a refused refresh that his subscription is gone (RFC 6665 section 4.1.2.2).
fn refresh_refused(before: &model::State, entry: Entry) -> Option<Action> {
    let refused = entry.first && entry.reply.is_some_and(|code| code >= 300);
    let (subscriber, end) = match entry.subject {
        Subject::Subscribe => (before.ue.subscription, Action::SubscriptionExpires),
        Subject::UserSubscribe(user) => {
            let own = Invited::new(usize::from(user))?;
            (before.leg(own).subscription.subscriber, Action::UserSubscriptionExpires(own))
        }
        _ => return None,
    };
    (refused && subscriber == Subscription::Active).then_some(end)
}

/// A REFER in flight may have been overtaken before it arrived.
fn as_it_was(before: &model::State, message: Message) -> Message {
    match message {
        Message::Refer(user, ReferMessage::Refer | ReferMessage::OvertakenRefer) => {
            let overtaken = Message::Refer(user, ReferMessage::OvertakenRefer);
            if in_flight(before).any(|own| own == overtaken) {
                overtaken
            } else {
                Message::Refer(user, ReferMessage::Refer)
            }
        }
        Message::Expel(user, ReferMessage::Refer | ReferMessage::OvertakenRefer) => {
            let overtaken = Message::Expel(user, ReferMessage::OvertakenRefer);
            if in_flight(before).any(|own| own == overtaken) {
                overtaken
            } else {
                Message::Expel(user, ReferMessage::Refer)
            }
        }
        other => other,
    }
}

/// The action by which the model delivers `message`; where the focus has a choice, its response tells which.
fn delivery(message: Message, sent: &[Crossing]) -> Action {
    let reply = |subject: Subject| {
        let own = sent.iter().filter(move |crossing| crossing.entry.first && crossing.entry.subject == subject);
        own.filter_map(|crossing| crossing.entry.reply).find(|code| *code != 100)
    };
    match message {
        Message::Call(CallMessage::Invite) => match reply(Subject::Create) {
            Some(300..) => Action::FocusRejectsCreation,
            _ => Action::FocusAdmitsCreation,
        },
        Message::Refer(user, kind @ (ReferMessage::Refer | ReferMessage::OvertakenRefer)) => {
            let number = u8::try_from(user.index()).unwrap_or(u8::MAX);
            match (reply(Subject::Refer(number)), kind) {
                (Some(500), ReferMessage::OvertakenRefer) => Action::Deliver(message),
                (Some(300..), _) => Action::FocusRefusesRefer(user),
                _ if accepts_quietly(sent, number) => Action::FocusAcceptsReferQuietly(user),
                (_, _) => Action::FocusAcceptsRefer(user),
            }
        }
        Message::Expel(user, kind @ (ReferMessage::Refer | ReferMessage::OvertakenRefer)) => {
            let number = u8::try_from(user.index()).unwrap_or(u8::MAX);
            match (reply(Subject::Expel(number)), kind) {
                (Some(500), ReferMessage::OvertakenRefer) => Action::Deliver(message),
                (Some(300..), _) => Action::FocusRefusesExpulsion(user),
                (_, _) => Action::FocusAcceptsExpulsion(user),
            }
        }
        other => Action::Deliver(other),
    }
}

/// Whether the 2xx to the REFER for this user says that there is no subscription (RFC 4488).
fn accepts_quietly(sent: &[Crossing], user: u8) -> bool {
    let mut answers = sent.iter().filter(|crossing| {
        crossing.entry.first && crossing.entry.subject == Subject::Refer(user) && crossing.message.is_success()
    });
    answers.any(|answer| answer.message.has_token("Refer-Sub", "false"))
}

/// The actions that an agent does on its own after what moved it.
fn reactions(before: &model::State, sent: &[Crossing], by_timer: bool) -> Vec<Action> {
    let first = || sent.iter().map(|crossing| crossing.entry).filter(|entry| entry.first && entry.reply.is_none());
    let cancels = first().filter_map(|entry| match entry.subject {
        Subject::Cancel(user) => cancellation(before, user, by_timer),
        _ => None,
    });
    let again = first().filter_map(|entry| match entry.subject {
        Subject::UserChange(user) => Invited::new(usize::from(user)).map(Action::UserAsksAgain),
        Subject::FocusChange(user) => Invited::new(usize::from(user)).map(Action::FocusAsksAgain),
        _ => None,
    });
    let notifies = sent.iter().filter(|crossing| crossing.entry.first && crossing.entry.reply.is_none());
    let notifies = notifies.filter_map(|crossing| match crossing.entry.subject {
        Subject::RosterNotify => {
            let ended = crossing.message.subscription_state().is_some_and(|state| state.is_terminated());
            Some(match (ended, crossing.message.body.is_empty()) {
                (true, true) => Action::NotifyEnd,
                (true, false) => Action::NotifyLast,
                (false, _) => Action::NotifyRoster,
            })
        }
        Subject::UserNotify(user) => {
            let ended = crossing.message.subscription_state().is_some_and(|state| state.is_terminated());
            Invited::new(usize::from(user)).map(if ended { Action::NotifyUserEnd } else { Action::NotifyUser })
        }
        Subject::ReferNotify(user) => Invited::new(usize::from(user)).map(Action::NotifyReferrer),
        Subject::ExpelNotify(user) => Invited::new(usize::from(user)).map(Action::NotifyExpulsion),
        _ => None,
    });
    cancels.chain(again).chain(notifies).collect()
}

/// A CANCEL that the end of the conference brings at once to a ringing user is part of that end.
fn cancellation(before: &model::State, user: u8, by_timer: bool) -> Option<Action> {
    let invited = Invited::new(usize::from(user))?;
    if by_timer {
        return Some(Action::GiveUp(invited));
    }
    let dial = before.legs.get(invited.index())?.focus.dial;
    (dial != DialOut::Alerting).then_some(Action::FocusCancels(invited))
}

/// A timer either repeats, or sends something new, or is the end of a wait for what was lost.
fn fired(before: &model::State, outcome: &Outcome) -> Image {
    let reactions = reactions(before, &outcome.sent, true);
    let ends = waits(before);
    if ends.is_empty() {
        return if reactions.is_empty() { Image::Stutter(Stutter::Timer) } else { Image::Seq(reactions) };
    }
    Image::Ends { waits: ends, reactions }
}

/// The subsets of `ends`, small ones first, each in the order of `ends`; made only as far as they are asked for.
pub(super) fn subsets(ends: &[Action]) -> impl Iterator<Item = Vec<Action>> {
    // The subsets of one size, each with the place after its last member.
    let sizes = iter::successors(Some(vec![(vec![], 0)]), move |level| {
        let larger = level.iter().flat_map(|(subset, next): &(Vec<Action>, usize)| {
            let added = ends.iter().enumerate().skip(*next);
            added.map(move |(place, end)| (subset.iter().copied().chain([*end]).collect(), place + 1))
        });
        Some(larger.collect())
    });
    sizes.take(ends.len().min(MOST_TOGETHER) + 1).flatten().map(|(subset, _)| subset)
}

/// The most waits that are taken to end at the same instant.
const MOST_TOGETHER: usize = 8;

/// The actions by which a wait can end: for something lost, or after requests that crossed.
fn waits(before: &model::State) -> Vec<Action> {
    let lost = in_flight(before).filter(|message| message.may_be_lost()).map(Action::Lose);
    let refers =
        Invited::ALL.into_iter().flat_map(|user| match before.legs.get(user.index()).map(|leg| leg.ue.refer) {
            Some(Refer::Accepted) => vec![Action::ReferExpires(user), Action::ReferNotifyTooLate(user)],
            Some(Refer::Trying) => vec![Action::ReferExpires(user)],
            _ => vec![],
        });
    let expulsions =
        Invited::ALL.into_iter().flat_map(|user| match before.legs.get(user.index()).map(|leg| leg.expel.ue) {
            Some(Refer::Accepted) => vec![Action::ExpulsionExpires(user), Action::ExpulsionNotifyTooLate(user)],
            Some(Refer::Trying) => vec![Action::ExpulsionExpires(user)],
            _ => vec![],
        });
    let subscription = match before.ue.subscription {
        Subscription::Subscribing { .. } => vec![Action::SubscribeExpires, Action::NotifyTooLate],
        Subscription::Active => vec![Action::SubscriptionExpires],
        Subscription::Refreshing | Subscription::Leaving => {
            vec![Action::RefreshExpires, Action::RefreshNotifyTooLate]
        }
        Subscription::None | Subscription::Ended | Subscription::Failed | Subscription::Lapsed => vec![],
    };
    let users = Invited::ALL.into_iter().flat_map(|user| match before.leg(user).subscription.subscriber {
        Subscription::Subscribing { .. } => vec![Action::UserSubscribeExpires(user), Action::UserNotifyTooLate(user)],
        Subscription::Active => vec![Action::UserSubscriptionExpires(user)],
        Subscription::None
        | Subscription::Ended
        | Subscription::Failed
        | Subscription::Refreshing
        | Subscription::Leaving
        | Subscription::Lapsed => vec![],
    });
    let rests = Invited::ALL.into_iter().flat_map(|user| {
        let rests = |end| before.leg(user).hold_of(end).change == Change::Resting;
        let user_rests = rests(End::User).then_some(Action::UserRestEnds(user));
        user_rests.into_iter().chain(rests(End::Focus).then_some(Action::FocusRestEnds(user)))
    });
    let promise = before.focus.is_promised().then_some(Action::CreationExpires);
    lost.chain(refers).chain(expulsions).chain(subscription).chain(users).chain(rests).chain(promise).collect()
}

pub(super) fn in_flight(state: &model::State) -> impl Iterator<Item = Message> + '_ {
    let call = state.network.call.iter().map(Message::Call);
    let subscription = state.network.subscription.iter().map(Message::Subscription);
    let legs = Invited::ALL.into_iter().zip(&state.legs).flat_map(|(user, leg)| {
        let refer = leg.network.refer.iter().map(move |kind| Message::Refer(user, kind));
        let dial = leg.network.dial.iter().map(move |kind| Message::Dial(user, kind));
        let expel = leg.expel.network.iter().map(move |kind| Message::Expel(user, kind));
        let subscription = leg.network.subscription.iter().map(move |kind| Message::Subscriber(user, kind));
        let plain = leg.network.plain.iter().map(move |kind| Message::Plain(user, kind));
        let hold = leg.network.hold.iter().map(move |kind| Message::Hold(user, kind));
        refer.chain(expel).chain(dial).chain(subscription).chain(plain).chain(hold)
    });
    call.chain(subscription).chain(legs)
}
