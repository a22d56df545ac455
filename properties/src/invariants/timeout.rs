//! I-TIMEOUT: nobody waits for ever, and nobody is left waiting by somebody who got the question.
//!
//! Judged at rest, each party by what reached it: a request delivered is answered, a final response delivered is
//! acknowledged, an INVITE that only rings is cancelled by a focus that does not wait for ever, a 2xx without ACK is
//! ended by BYE (RFC 3261 sections 9.1, 13.2.2.4, 13.3.1.4 and 17). A message that was lost in every copy obliges
//! nobody. A NOTIFY that comes after Timer N makes no subscription any more (RFC 6665 section 4.1.2.4).

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{calls, conference_over, focus};
use crate::observe::{
    Conversation, Deadline, End, Event, Judge, Observer, Party, Rule, SubscriptionKey, Transaction, TransactionKey,
};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-TIMEOUT";
static TIMER_N: Rule = Rule::new(NAME, "EV-05", Level::NonStrict).needs_vantage();
static NOTIFY_ANSWERED: Rule = Rule::new(NAME, "EV-20", Level::Fail);
static BYE_ANSWERED: Rule = Rule::new(NAME, "CR-64", Level::Fail);
static PRACK_ANSWERED: Rule = Rule::new(NAME, "CR-26", Level::Fail);
static CANCEL_ANSWERED: Rule = Rule::new(NAME, "CR-62", Level::Fail);
static ANSWERED: Rule = Rule::new(NAME, "FA-16", Level::Fail);
static SUCCESS_ACKNOWLEDGED: Rule = Rule::new(NAME, "CR-59", Level::Fail);
static FAILURE_ACKNOWLEDGED: Rule = Rule::new(NAME, "FA-09", Level::Fail);
static NO_ANSWER: Rule = Rule::new(NAME, "FA-03", Level::Fail);
static CROSSED: Rule = Rule::new(NAME, "CR-67", Level::NonStrict);
static NO_ACK: Rule = Rule::new(NAME, "CR-60", Level::NonStrict);
static CANCELLED: Rule = Rule::new(NAME, "CR-62", Level::NonStrict);
static NO_PRACK: Rule = Rule::new(NAME, "CR-22", Level::NonStrict);
/// Going on without the creator is a policy that RFC 4579 section 5.12 leaves open.
static DISMISSED: Rule = Rule::new(NAME, "FA-20", Level::Fail).ietf(Level::Note);

/// The observer of I-TIMEOUT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timeout {
    /// Copies of a 2xx to INVITE delivered and not acknowledged yet.
    unacknowledged: BTreeMap<TransactionKey, u8>,
    /// The time that a subscriber has waited for its first NOTIFY, counted down.
    waiting: BTreeMap<SubscriptionKey, Deadline>,
    /// NOTIFYs delivered after Timer N and not answered yet.
    late: BTreeSet<TransactionKey>,
    /// INVITEs to which no response came, with what is left of Timer B.
    called: BTreeMap<TransactionKey, Deadline>,
    /// INVITEs that were cancelled and have no final response, with how long that has to be waited for.
    cancelled: BTreeMap<TransactionKey, Deadline>,
    /// INVITEs whose final response came after such a wait: nobody has a use for it any more (RFC 3261 sections 9.1 and
    /// 17.1.1.2).
    dropped: BTreeSet<TransactionKey>,
}

impl Timeout {
    fn on_subscription(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let first = conversation.is_first(event);
        match message.method() {
            "SUBSCRIBE" | "REFER" if event.sends_request() && first && message.cseq().is_some() => {
                let package = message.event().map_or("refer", |event| event.package);
                let key = SubscriptionKey {
                    call_id: message.call_id().into(),
                    subscriber_tag: message.from_tag().unwrap_or("").into(),
                    package: package.into(),
                    cause: message.cseq().map_or(0, |cseq| cseq.number),
                };
                self.waiting.insert(key, Deadline::TRANSACTION);
            }
            "SUBSCRIBE" | "REFER" if event.receives_response() && message.status().is_some_and(|code| code >= 300) => {
                if let Some((key, _)) = conversation.subscription(message) {
                    self.waiting.remove(key);
                }
            }
            "NOTIFY" if event.receives_request() && first => {
                let waited = conversation.subscription(message).and_then(|(key, _)| self.waiting.remove(key));
                let over = waited.is_some_and(|left| left.remaining().is_zero());
                if let (true, Some(key)) = (over, TransactionKey::of(message)) {
                    self.late.insert(key);
                }
            }
            "NOTIFY" if event.sends_response() && message.status().is_some_and(|code| code >= 200) => {
                let Some(key) = TransactionKey::of(message) else { return };
                if self.late.remove(&key) {
                    judge.rule(&TIMER_N, event.party, !message.is_success(), &[event.number], || {
                        "a first NOTIFY long after Timer N was accepted".to_owned()
                    });
                }
            }
            _ => {}
        }
    }

    fn on_call(&mut self, event: &Event<'_>, first: bool) {
        let Some(key) = event.key.clone() else { return };
        let invite = TransactionKey { method: "INVITE".into(), ..key.clone() };
        self.on_waiting(event, first, &invite, &key);
        if event.receives_response() && &*key.method == "INVITE" && event.message.is_success() {
            let copies = self.unacknowledged.entry(key).or_default();
            *copies = copies.saturating_add(1);
        } else if event.sends_request() && &*key.method == "ACK" {
            let left = self.unacknowledged.get(&invite).map_or(0, |copies| copies.saturating_sub(1));
            if left == 0 {
                self.unacknowledged.remove(&invite);
            } else {
                self.unacknowledged.insert(invite, left);
            }
        }
    }
}

impl Timeout {
    /// Follows how long the caller of an INVITE waits for its final response.
    fn on_waiting(&mut self, event: &Event<'_>, first: bool, invite: &TransactionKey, key: &TransactionKey) {
        let start = |waits: &mut BTreeMap<TransactionKey, Deadline>| {
            waits.entry(invite.clone()).or_insert(Deadline::SHORTEST);
        };
        if event.sends_request() && &*key.method == "CANCEL" {
            start(&mut self.cancelled);
        } else if event.sends_request() && first && key == invite {
            start(&mut self.called);
        } else if event.receives_response() && key == invite {
            // A provisional response that comes too late changes nothing any more.
            let called = self.called.remove(invite);
            let is_final = event.message.status().is_some_and(|code| code >= 200);
            let cancelled = if is_final { self.cancelled.remove(invite) } else { None };
            if [called, cancelled].into_iter().flatten().any(|left| left.remaining().is_zero()) {
                self.dropped.insert(invite.clone());
            }
        }
    }
}

/// Puts one obligation to the test: broken at rest, undecided when the observation just stopped.
fn owe(judge: &mut Judge, end: End, rule: &'static Rule, party: Party, done: bool, text: impl FnOnce() -> String) {
    if done || end == End::Quiescent {
        judge.rule(rule, party, done, &[], text);
    } else {
        judge.inconclusive(rule, party, &[], text);
    }
}

fn sibling<'a>(conversation: &'a Conversation, key: &TransactionKey, method: &str) -> Option<&'a Transaction> {
    conversation.transaction_at(&TransactionKey { method: method.into(), ..key.clone() })
}

/// Whether one side ended the call with this Call-ID by BYE.
fn has_bye(conversation: &Conversation, key: &TransactionKey) -> bool {
    conversation.transactions().any(|(other, _)| &*other.method == "BYE" && other.call_id == key.call_id)
}

/// What a party owes for a request other than INVITE and ACK that was delivered to it.
fn on_request(judge: &mut Judge, end: End, key: &TransactionKey, transaction: &Transaction) {
    let (Some(server), Some(_)) = (transaction.server, transaction.delivered) else { return };
    let rule = match &*key.method {
        "NOTIFY" => &NOTIFY_ANSWERED,
        "BYE" => &BYE_ANSWERED,
        "PRACK" => &PRACK_ANSWERED,
        "CANCEL" => &CANCEL_ANSWERED,
        _ => &ANSWERED,
    };
    let done = transaction.final_response().is_some_and(|response| response.sent.is_some());
    owe(judge, end, rule, server, done, || format!("{} with CSeq {} was never answered", key.method, key.cseq));
}

/// What the caller owes for an INVITE.
fn on_caller(
    judge: &mut Judge,
    end: End,
    conversation: &Conversation,
    key: &TransactionKey,
    transaction: &Transaction,
) {
    let Some(client) = transaction.client.filter(|_| transaction.sent.is_some()) else { return };
    let cancelled = sibling(conversation, key, "CANCEL").is_some_and(|cancel| cancel.sent.is_some());
    match transaction.final_delivered() {
        Some(code @ 300..) => {
            let done = sibling(conversation, key, "ACK").is_some_and(|ack| ack.sent.is_some());
            owe(judge, end, &FAILURE_ACKNOWLEDGED, client, done, || format!("{code} to INVITE was not acknowledged"));
        }
        Some(_) if cancelled => {
            owe(judge, end, &CROSSED, client, has_bye(conversation, key), || {
                "a 2xx crossed the CANCEL, and the call was not ended".to_owned()
            });
        }
        Some(_) => {}
        None => {
            let rings = transaction.responses.iter().any(|response| response.delivered.is_some());
            let initial = transaction.request.as_ref().is_some_and(|request| request.to_tag.is_none());
            if rings && initial && focus(conversation) == Some(client) {
                owe(judge, end, &NO_ANSWER, client, cancelled, || {
                    "an invited user does not answer, and the INVITE is not cancelled".to_owned()
                });
            }
        }
    }
}

/// Whether the caller's next INVITE reached the called side: it has had the 2xx, because before it could not have begun
/// another (RFC 3261 section 14.1), and an ACK that was lost says no more (RFC 5407 section 3.1.4).
fn went_on(conversation: &Conversation, key: &TransactionKey) -> bool {
    conversation.transactions().any(|(next, transaction)| {
        *next.method == *key.method
            && next.call_id == key.call_id
            && next.from_tag == key.from_tag
            && next.cseq > key.cseq
            && transaction.delivered.is_some()
    })
}

/// What the called side owes for an INVITE.
fn on_called(
    judge: &mut Judge,
    end: End,
    conversation: &Conversation,
    key: &TransactionKey,
    transaction: &Transaction,
) {
    let Some(server) = transaction.server.filter(|_| transaction.delivered.is_some()) else { return };
    let cancelled = sibling(conversation, key, "CANCEL").is_some_and(|cancel| cancel.delivered.is_some());
    match transaction.final_response().filter(|response| response.sent.is_some()) {
        Some(response) if response.code < 300 => {
            let acknowledged = sibling(conversation, key, "ACK").is_some_and(|ack| ack.delivered.is_some());
            let known = acknowledged || went_on(conversation, key) || has_bye(conversation, key);
            owe(judge, end, &NO_ACK, server, known, || {
                "the 2xx was never acknowledged, and the call not ended".to_owned()
            });
        }
        Some(_) => {}
        None if cancelled => {
            owe(judge, end, &CANCELLED, server, false, || "the cancelled INVITE was never answered".to_owned());
        }
        None => {
            let reliable = transaction.responses.iter().any(|r| r.rseq.is_some() && r.sent.is_some());
            let acknowledged = conversation.transactions().any(|(other, prack)| {
                &*other.method == "PRACK" && other.call_id == key.call_id && prack.delivered.is_some()
            });
            if reliable && !acknowledged {
                owe(judge, end, &NO_PRACK, server, false, || {
                    "the reliable response was never acknowledged, and the INVITE not refused".to_owned()
                });
            }
        }
    }
}

/// When the creator has left, nobody stays behind.
fn on_conference(judge: &mut Judge, end: End, conversation: &Conversation) {
    let Some(focus) = focus(conversation).filter(|focus| conference_over(conversation, *focus)) else { return };
    for call in calls(conversation, focus).iter().filter(|call| call.dialed_out) {
        let pending = call.answered.is_none() && call.provisional && !call.cancelled;
        owe(judge, end, &DISMISSED, focus, !call.is_connected() && !pending, || {
            format!("the creator left, but the call to {} goes on", call.user)
        });
    }
}

impl Observer for Timeout {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self {
            unacknowledged: BTreeMap::new(),
            waiting: BTreeMap::new(),
            late: BTreeSet::new(),
            called: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            dropped: BTreeSet::new(),
        }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        for left in self.waiting.values_mut().chain(self.called.values_mut()).chain(self.cancelled.values_mut()) {
            left.elapse(event.elapsed);
        }
        self.on_subscription(event, conversation, judge);
        self.on_call(event, conversation.is_first(event));
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, transaction) in conversation.transactions() {
            match &*key.method {
                "ACK" => {}
                "INVITE" if self.dropped.contains(key) => on_called(judge, end, conversation, key, transaction),
                "INVITE" => {
                    on_caller(judge, end, conversation, key, transaction);
                    on_called(judge, end, conversation, key, transaction);
                    if let (Some(200..=299), Some(client)) = (transaction.final_delivered(), transaction.client) {
                        let done = !self.unacknowledged.contains_key(key);
                        owe(judge, end, &SUCCESS_ACKNOWLEDGED, client, done, || {
                            "a copy of the 2xx to INVITE was not acknowledged".to_owned()
                        });
                    }
                }
                _ => on_request(judge, end, key, transaction),
            }
        }
        on_conference(judge, end, conversation);
    }
}
