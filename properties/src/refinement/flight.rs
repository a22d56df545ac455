//! α, the messages: which messages of the model are on their way in a world.
//!
//! They are read from the ledger of datagrams: what was sent and has not arrived, as long as somebody still waits for
//! it. Every translation is an exhaustive match. Read first: `alpha.rs`, `world/ledger.rs`.

use imsconf_model as model;
use imsconf_model::{
    CallMessage, DialMessage, End, HoldMessage, Message, Outcome, PlainMessage, ReferMessage, SubscriptionMessage,
};

use super::change::{about_change, changes};
use crate::oracle::Sip;
use crate::world::{Datagram, Exchange, Ledger, Subject, World};

/// Whether a message of the call beside the conference can still have an effect.
const fn plain_is_awaited(message: Message, call: model::PlainCall) -> bool {
    match message {
        Message::Plain(_, PlainMessage::UeBye | PlainMessage::UeByeAnswered) => call.ue.is_waiting(),
        Message::Plain(_, PlainMessage::UserBye | PlainMessage::UserByeAnswered) => call.user.is_waiting(),
        Message::Call(_)
        | Message::Subscription(_)
        | Message::Refer(..)
        | Message::Expel(..)
        | Message::Dial(..)
        | Message::Subscriber(..)
        | Message::Hold(..) => false,
    }
}

/// Adds the messages that were sent and have not arrived, as long as somebody still waits for them.
pub(super) fn put_in_flight(world: &World, state: &mut model::State) {
    let ledger = world.ledger();
    let calls =
        [Subject::Create, Subject::Prack, Subject::Update, Subject::CallCancel, Subject::CallAck, Subject::CallBye];
    for subject in calls {
        for message in pending(ledger, subject) {
            if call_is_awaited(message, state) {
                insert(state, message);
            }
        }
    }
    if state.ue.subscription == (model::Subscription::Subscribing { answered: false }) {
        pending(ledger, Subject::Subscribe).for_each(|message| insert(state, message));
    }
    if world.ue().view().subscription.open && ledger.is_controlled() {
        pending(ledger, Subject::Refresh).for_each(|message| insert(state, message));
    }
    if matches!(state.focus.notifier, model::Notifier::Notifying | model::Notifier::Ending) {
        pending(ledger, Subject::RosterNotify).for_each(|message| insert(state, message));
    }
    for user in 0..world.settings().invited {
        let Some(leg) = state.legs.get(usize::from(user)).copied() else { continue };
        let refer = pending(ledger, Subject::Refer(user)).filter(|_| leg.ue.refer == model::Refer::Sent);
        let notify = pending(ledger, Subject::ReferNotify(user)).filter(|_| leg.focus.report.is_open());
        let expel = pending(ledger, Subject::Expel(user)).filter(|_| leg.expel.ue == model::Refer::Sent);
        let expelled = pending(ledger, Subject::ExpelNotify(user)).filter(|_| leg.expel.report.is_open());
        let dialog = [
            Subject::Dial(user),
            Subject::DialAck(user),
            Subject::Cancel(user),
            Subject::FocusBye(user),
            Subject::UserBye(user),
        ];
        let dial = dialog.into_iter().flat_map(|subject| pending(ledger, subject));
        let dial = dial.filter(|message| dial_is_awaited(*message, &leg));
        let model::LegSubscription { subscriber, notifier, .. } = leg.subscription;
        let subscribing = subscriber == model::Subscription::Subscribing { answered: false };
        let subscribe = pending(ledger, Subject::UserSubscribe(user)).filter(|_| subscribing);
        let notified = matches!(notifier, model::Notifier::Notifying | model::Notifier::Ending);
        let tell = pending(ledger, Subject::UserNotify(user)).filter(|_| notified);
        let plain = [Subject::PlainUeBye(user), Subject::PlainUserBye(user)];
        let plain = plain.into_iter().flat_map(|subject| pending(ledger, subject));
        let plain = plain.filter(|message| plain_is_awaited(*message, leg.plain));
        let subscription = subscribe.chain(tell).chain(plain).chain(changes(world, user));
        refer
            .chain(notify)
            .chain(expel)
            .chain(expelled)
            .chain(dial)
            .chain(subscription)
            .for_each(|message| insert(state, message));
    }
    rank_refers(ledger, state, world.settings().invited);
    name_calls(ledger, state, world.settings().invited);
}

fn insert(state: &mut model::State, message: Message) {
    match message {
        Message::Call(kind) => state.network.call.insert(kind),
        Message::Subscription(kind) => state.network.subscription.insert(kind),
        Message::Refer(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.refer.insert(kind);
            }
        }
        Message::Expel(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.expel.network.insert(kind);
            }
        }
        Message::Dial(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.dial.insert(kind);
            }
        }
        Message::Plain(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.plain.insert(kind);
            }
        }
        Message::Hold(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.hold.insert(kind);
            }
        }
        Message::Subscriber(user, kind) => {
            if let Some(leg) = state.legs.get_mut(user.index()) {
                leg.network.subscription.insert(kind);
            }
        }
    }
}

/// Whether a message of the creator's call can still have an effect.
fn call_is_awaited(message: Message, state: &model::State) -> bool {
    let Message::Call(kind) = message else { return false };
    match kind {
        CallMessage::Invite => matches!(state.ue.call, model::Call::Calling { .. } | model::Call::Abandoned),
        CallMessage::Progress => matches!(state.ue.call, model::Call::Calling { .. }) || state.ue.gives_up(),
        CallMessage::Reject => {
            matches!(state.ue.call, model::Call::Calling { .. } | model::Call::Early { .. }) || state.ue.gives_up()
        }
        CallMessage::Cancel => state.ue.call == model::Call::Cancelling,
        CallMessage::Bye | CallMessage::ByeAnswered => state.ue.call == model::Call::Leaving,
        CallMessage::Ack => state.focus.hosting == model::Hosting::Answered,
        CallMessage::Prack
        | CallMessage::PrackWithOffer
        | CallMessage::PrackOk
        | CallMessage::PrackOkWithAnswer
        | CallMessage::Update
        | CallMessage::UpdateOk
        | CallMessage::Ok => true,
    }
}

/// Whether a message of a dial-out dialog can still have an effect.
fn dial_is_awaited(message: Message, leg: &model::Leg) -> bool {
    let Message::Dial(_, kind) = message else { return false };
    match kind {
        DialMessage::Invite => matches!(leg.focus.dial, model::DialOut::Calling | model::DialOut::Abandoned),
        DialMessage::Ringing => matches!(leg.focus.dial, model::DialOut::Calling | model::DialOut::Abandoned),
        DialMessage::Answer | DialMessage::Busy | DialMessage::Decline | DialMessage::Terminated => matches!(
            leg.focus.dial,
            model::DialOut::Calling | model::DialOut::Alerting | model::DialOut::Abandoned | model::DialOut::Cancelling
        ),
        DialMessage::Ack => leg.participant == model::Participant::Answered,
        DialMessage::Cancel => true,
        DialMessage::FocusBye | DialMessage::FocusByeAnswered => leg.focus.dial == model::DialOut::Leaving,
        DialMessage::UserBye | DialMessage::UserByeAnswered => leg.participant == model::Participant::Leaving,
    }
}

/// The messages about `subject` that were sent and have not arrived.
pub(super) fn pending(ledger: &Ledger, subject: Subject) -> impl Iterator<Item = Message> + '_ {
    let exchange = ledger.exchange(subject);
    let request =
        exchange.filter(|exchange| !exchange.arrived).and_then(|exchange| message(ledger, subject, exchange, None));
    let replies = exchange.into_iter().flat_map(move |exchange| {
        let waiting = exchange.replies.iter().filter(|reply| !reply.arrived);
        waiting.filter_map(move |reply| message(ledger, subject, exchange, Some(reply.code)))
    });
    request.into_iter().chain(replies)
}

/// The model's name of the message of which `datagram` is a copy.
pub(super) fn named(world: &World, datagram: &Datagram) -> Option<Message> {
    let sip = Sip::read(&datagram.bytes).ok()?;
    let (subject, exchange) = world.ledger().of(&sip)?;
    message(world.ledger(), subject, exchange, sip.status())
}

/// The model's name of a message of the ledger; `None` for what is invisible at its level.
pub(super) fn message(ledger: &Ledger, subject: Subject, exchange: &Exchange, reply: Option<u16>) -> Option<Message> {
    let success = reply.is_some_and(|code| (200..300).contains(&code));
    let answers = exchange.replies.iter().any(|own| Some(own.code) == reply && own.answer);
    let quiet = exchange.replies.iter().any(|own| Some(own.code) == reply && own.quiet);
    let leg = |user: u8| model::Invited::new(usize::from(user));
    match (subject, reply) {
        (Subject::Create, None) => Some(Message::Call(CallMessage::Invite)),
        (Subject::Create, Some(code)) => match code {
            100 => None,
            101..=199 => Some(Message::Call(CallMessage::Progress)),
            200..=299 => Some(Message::Call(CallMessage::Ok)),
            _ => Some(Message::Call(CallMessage::Reject)),
        },
        (Subject::Prack, None) if exchange.content.offer => Some(Message::Call(CallMessage::PrackWithOffer)),
        (Subject::Prack, None) => Some(Message::Call(CallMessage::Prack)),
        (Subject::Prack, Some(_)) if !success => None,
        (Subject::Prack, Some(_)) if answers => Some(Message::Call(CallMessage::PrackOkWithAnswer)),
        (Subject::Prack, Some(_)) => Some(Message::Call(CallMessage::PrackOk)),
        (Subject::Update, None) => Some(Message::Call(CallMessage::Update)),
        (Subject::Update, Some(_)) => (success && answers).then_some(Message::Call(CallMessage::UpdateOk)),
        (Subject::CallCancel, None) => Some(Message::Call(CallMessage::Cancel)),
        (Subject::CallAck, None) => Some(Message::Call(CallMessage::Ack)),
        (Subject::CallBye, None) => Some(Message::Call(CallMessage::Bye)),
        (Subject::CallBye, Some(_)) => Some(Message::Call(CallMessage::ByeAnswered)),
        (Subject::Subscribe, _) => Some(Message::Subscription(subscribe(reply))),
        (Subject::Refresh, _) => Some(Message::Subscription(refresh(exchange, reply))),
        (Subject::RosterNotify, _) => Some(Message::Subscription(notify(exchange, reply))),
        (Subject::UserSubscribe(user), _) => Some(Message::Subscriber(leg(user)?, subscribe(reply))),
        (Subject::UserNotify(user), _) => Some(Message::Subscriber(leg(user)?, notify(exchange, reply))),
        (Subject::Refer(user), _) => {
            Some(Message::Refer(leg(user)?, about_refer(reply, ledger.overtakes(exchange.cseq), success, quiet)))
        }
        (Subject::Expel(user), _) => {
            Some(Message::Expel(leg(user)?, about_refer(reply, ledger.overtakes(exchange.cseq), success, false)))
        }
        (Subject::ReferNotify(user), None) => Some(Message::Refer(leg(user)?, report(exchange, outcome)?)),
        (Subject::ReferNotify(user), Some(_)) => Some(Message::Refer(leg(user)?, notify_reply(success))),
        (Subject::ExpelNotify(user), None) => Some(Message::Expel(leg(user)?, report(exchange, expelled)?)),
        (Subject::ExpelNotify(user), Some(_)) => Some(Message::Expel(leg(user)?, notify_reply(success))),
        (Subject::PlainUeBye(user), None) => Some(Message::Plain(leg(user)?, PlainMessage::UeBye)),
        (Subject::PlainUeBye(user), Some(_)) => Some(Message::Plain(leg(user)?, PlainMessage::UeByeAnswered)),
        (Subject::PlainUserBye(user), None) => Some(Message::Plain(leg(user)?, PlainMessage::UserBye)),
        (Subject::PlainUserBye(user), Some(_)) => Some(Message::Plain(leg(user)?, PlainMessage::UserByeAnswered)),
        (Subject::PlainInvite(_) | Subject::PlainAck(_) | Subject::RefusalAck(_) | Subject::ChallengeAck, _) => None,
        (Subject::UserChange(user), _) => Some(Message::Hold(leg(user)?, about_change(End::User, reply)?)),
        (Subject::FocusChange(user), _) => Some(Message::Hold(leg(user)?, about_change(End::Focus, reply)?)),
        (Subject::UserChangeAck(user), None) => Some(Message::Hold(leg(user)?, HoldMessage::Ack(End::User))),
        (Subject::FocusChangeAck(user), None) => Some(Message::Hold(leg(user)?, HoldMessage::Ack(End::Focus))),
        (Subject::Dial(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Invite)),
        (Subject::Dial(user), Some(code)) => Some(Message::Dial(leg(user)?, dial_reply(code)?)),
        (Subject::DialAck(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Ack)),
        (Subject::Cancel(user), None) => Some(Message::Dial(leg(user)?, DialMessage::Cancel)),
        (Subject::FocusBye(user), None) => Some(Message::Dial(leg(user)?, DialMessage::FocusBye)),
        (Subject::FocusBye(user), Some(_)) => Some(Message::Dial(leg(user)?, DialMessage::FocusByeAnswered)),
        (Subject::UserBye(user), None) => Some(Message::Dial(leg(user)?, DialMessage::UserBye)),
        (Subject::UserBye(user), Some(_)) => Some(Message::Dial(leg(user)?, DialMessage::UserByeAnswered)),
        (
            Subject::CallCancel
            | Subject::CallAck
            | Subject::DialAck(_)
            | Subject::Cancel(_)
            | Subject::UserChangeAck(_)
            | Subject::FocusChangeAck(_),
            Some(_),
        )
        | (Subject::CallRefresh | Subject::SessionRefresh(_) | Subject::Other, _) => None,
    }
}

const fn subscribe(reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None => SubscriptionMessage::Subscribe,
        Some(200..=299) => SubscriptionMessage::SubscribeOk,
        Some(_) => SubscriptionMessage::SubscribeRefused,
    }
}

const fn refresh(exchange: &Exchange, reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None if exchange.content.ends => SubscriptionMessage::Unsubscribe,
        None => SubscriptionMessage::Refresh,
        Some(200..=299) => SubscriptionMessage::RefreshOk,
        Some(_) => SubscriptionMessage::RefreshRefused,
    }
}

const fn notify(exchange: &Exchange, reply: Option<u16>) -> SubscriptionMessage {
    match reply {
        None if exchange.content.terminated && exchange.content.document => SubscriptionMessage::NotifyLast,
        None if exchange.content.terminated => SubscriptionMessage::NotifyEnd,
        None => SubscriptionMessage::Notify,
        Some(200..=299) => SubscriptionMessage::NotifyOk,
        Some(_) => SubscriptionMessage::NotifyRefused,
    }
}

/// A REFER or a response to one.
const fn about_refer(reply: Option<u16>, overtaken: bool, success: bool, quiet: bool) -> ReferMessage {
    match reply {
        None if overtaken => ReferMessage::OvertakenRefer,
        None => ReferMessage::Refer,
        Some(500) => ReferMessage::OutOfOrder,
        Some(_) if success && quiet => ReferMessage::AcceptedQuietly,
        Some(_) if success => ReferMessage::Accepted,
        Some(_) => ReferMessage::Refused,
    }
}

const fn notify_reply(success: bool) -> ReferMessage {
    if success { ReferMessage::NotifyOk } else { ReferMessage::NotifyRefused }
}

fn report(exchange: &Exchange, outcome: fn(u16) -> Option<Outcome>) -> Option<ReferMessage> {
    match (exchange.content.reported?, exchange.content.terminated) {
        (100, false) => Some(ReferMessage::Trying),
        (code, true) => outcome(code).map(ReferMessage::Report),
        _ => None,
    }
}

const fn dial_reply(code: u16) -> Option<DialMessage> {
    match code {
        180 => Some(DialMessage::Ringing),
        200..=299 => Some(DialMessage::Answer),
        486 => Some(DialMessage::Busy),
        487 => Some(DialMessage::Terminated),
        603 => Some(DialMessage::Decline),
        _ => None,
    }
}

/// What the REFERs and INVITEs in flight say of calls that are to be replaced.
fn name_calls(ledger: &Ledger, state: &mut model::State, invited: u8) {
    for (user, leg) in (0..invited).zip(&mut state.legs) {
        let names = |subject: Subject| ledger.exchange(subject).is_some_and(|exchange| exchange.content.replaces);
        let refer = leg.network.refer;
        let asked = refer.contains(ReferMessage::Refer) || refer.contains(ReferMessage::OvertakenRefer);
        leg.plain.named = (asked && names(Subject::Refer(user)))
            || (leg.network.dial.contains(DialMessage::Invite) && names(Subject::Dial(user)));
    }
}

/// Gives the REFERs in flight their places in the order in which they were sent, and what they ask for.
fn rank_refers(ledger: &Ledger, state: &mut model::State, invited: u8) {
    let mut waiting: Vec<u32> = Vec::new();
    for (user, leg) in (0..invited).zip(&state.legs) {
        let own = [(Subject::Refer(user), leg.network.refer), (Subject::Expel(user), leg.expel.network)];
        let own = own.into_iter().filter(|(_, network)| network.contains(ReferMessage::Refer));
        waiting.extend(own.filter_map(|(subject, _)| ledger.exchange(subject)).map(|refer| refer.cseq));
    }
    let rank = |subject: Subject| {
        let cseq = ledger.exchange(subject).map_or(0, |refer| refer.cseq);
        u8::try_from(waiting.iter().filter(|other| **other < cseq).count()).unwrap_or(u8::MAX)
    };
    for (user, leg) in (0..invited).zip(&mut state.legs) {
        if leg.network.refer.contains(ReferMessage::Refer) {
            leg.network.rank = rank(Subject::Refer(user));
            leg.network.quiet = ledger.exchange(Subject::Refer(user)).is_some_and(|refer| refer.content.quiet);
        }
        if leg.expel.network.contains(ReferMessage::Refer) {
            leg.expel.rank = rank(Subject::Expel(user));
        }
    }
}

pub(super) fn outcome(code: u16) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.is_of_invitation() && outcome.status_code() == code)
}

pub(super) fn expelled(code: u16) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.is_of_expulsion() && outcome.status_code() == code)
}
