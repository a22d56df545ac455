//! I-VERSION: the versions of the conference documents of one subscription, at both ends (RFC 4575 sections 3.2, 4.6,
//! 5.2).
//!
//! The notifier starts with a full document, raises the version by one for each partial one and never goes back. A
//! subscriber that accepts a document which it cannot apply, because one before it is missing, asks for the full state.

use std::collections::BTreeMap;

use crate::observe::{
    Conversation, Deadline, End, Event, Judge, Observer, Party, Rule, SubscriptionKey, TransactionKey,
};
use crate::oracle::conference::{Document, State};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-VERSION";
static STEP: Rule = Rule::new(NAME, "EV-33", Level::Fail).needs_history();
static FULL_STEP: Rule = Rule::new(NAME, "EV-33", Level::Note);
static FIRST: Rule = Rule::new(NAME, "EV-03", Level::Fail).needs_history();
static RESYNC: Rule = Rule::new(NAME, "EV-34", Level::Fail).needs_vantage();
static RESYNC_FIRST: Rule = Rule::new(NAME, "EV-35", Level::NonStrict).needs_vantage();

/// A refresh that a subscriber owes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owed {
    subscriber: Party,
    number: u32,
    rule: &'static str,
    left: Deadline,
}

/// The observer of I-VERSION.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The version of the last document that each notifier sent.
    sent: BTreeMap<SubscriptionKey, u32>,
    /// The version that each subscriber has applied.
    applied: BTreeMap<SubscriptionKey, u32>,
    /// Documents delivered and not yet answered.
    open: BTreeMap<TransactionKey, (u32, State)>,
    /// Refreshes that are due.
    owed: BTreeMap<SubscriptionKey, Owed>,
}

fn document(event: &Event<'_>) -> Option<Document> {
    let conference = event.message.event().is_some_and(|event| event.package == "conference");
    let with_body = conference && !event.message.body.is_empty();
    with_body.then(|| Document::read(&event.message.body).ok()).flatten()
}

fn resync(rule: &str) -> &'static Rule {
    if rule == RESYNC_FIRST.requirement { &RESYNC_FIRST } else { &RESYNC }
}

impl Version {
    fn on_sent(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (party, numbers) = (event.party, &[event.number]);
        let (Some((key, _)), Some(document)) = (conversation.subscription(event.message), document(event)) else {
            return;
        };
        let version = document.version;
        let Some(before) = self.sent.insert(key.clone(), version) else {
            judge.rule(&FIRST, party, document.state != State::Partial, numbers, || {
                "the first document of the subscription is partial".to_owned()
            });
            return;
        };
        let text = || format!("version {version} ({:?}) after {before}", document.state);
        match document.state {
            State::Partial => {
                judge.rule(&STEP, party, before.checked_add(1) == Some(version), numbers, text);
            }
            State::Full | State::Deleted => {
                judge.rule(&STEP, party, version >= before, numbers, text);
                judge.rule(&FULL_STEP, party, version <= before.saturating_add(1), numbers, text);
            }
        }
    }

    fn on_accepted(&mut self, event: &Event<'_>, conversation: &Conversation) {
        let open = event.key.clone().and_then(|key| self.open.remove(&key));
        let (Some((version, state)), Some((key, subscription))) = (open, conversation.subscription(event.message))
        else {
            return;
        };
        let applied = self.applied.get(key).copied();
        if applied.is_some_and(|applied| version <= applied) {
            return;
        }
        let gap = state == State::Partial && applied.and_then(|applied| applied.checked_add(1)) != Some(version);
        if !gap {
            self.applied.insert(key.clone(), version);
        } else if !subscription.terminated_delivered {
            let rule = if applied.is_some() { &RESYNC } else { &RESYNC_FIRST };
            let owed = Owed {
                subscriber: event.party,
                number: event.number,
                rule: rule.requirement,
                left: Deadline::TRANSACTION,
            };
            self.owed.entry(key.clone()).or_insert(owed);
        }
    }
}

impl Observer for Version {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { sent: BTreeMap::new(), applied: BTreeMap::new(), open: BTreeMap::new(), owed: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.owed.retain(|_, owed| {
            let over = owed.left.elapse(event.elapsed);
            if over {
                judge.rule(resync(owed.rule), owed.subscriber, false, &[owed.number, event.number], missing);
            }
            !over
        });
        let first = conversation.is_first(event);
        match event.message.method() {
            "NOTIFY" if event.sends_request() && first => self.on_sent(event, conversation, judge),
            "NOTIFY" if event.receives_request() && first => {
                if let (Some(key), Some(document)) = (event.key.clone(), document(event)) {
                    self.open.insert(key, (document.version, document.state));
                }
            }
            "NOTIFY" if event.sends_response() && event.message.is_success() => self.on_accepted(event, conversation),
            "SUBSCRIBE" if event.sends_request() && first => {
                let owed = conversation.subscription(event.message).and_then(|(key, _)| self.owed.remove(key));
                if let Some(owed) = owed {
                    judge.rule(resync(owed.rule), owed.subscriber, true, &[], String::new);
                }
            }
            _ => {}
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, owed) in &self.owed {
            let over = conversation.subscription_at(key).is_none_or(|subscription| subscription.terminated_delivered);
            match end {
                _ if over => {}
                End::Quiescent => {
                    judge.rule(resync(owed.rule), owed.subscriber, false, &[owed.number], missing);
                }
                End::Cut => judge.inconclusive(resync(owed.rule), owed.subscriber, &[owed.number], missing),
            }
        }
    }
}

fn missing() -> String {
    "a document could not be applied, but no SUBSCRIBE asked for the full state".to_owned()
}
