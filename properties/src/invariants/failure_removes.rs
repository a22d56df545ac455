//! I-481-REMOVES: a NOTIFY answered with a code that speaks of the subscription removes it, and the notifier says
//! nothing more about it; one that timed out should (RFC 6665 section 4.2.2).

use std::collections::BTreeMap;

use crate::observe::{Conversation, Deadline, End, Event, Judge, Observer, Rule, SubscriptionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-481-REMOVES";
static CONFERENCE: Rule = Rule::new(NAME, "EV-14", Level::Fail).needs_vantage();
static REFER: Rule = Rule::new(NAME, "FA-07", Level::Fail).needs_vantage();
static TIMED_OUT: Rule = Rule::new(NAME, "FA-08", Level::NonStrict).needs_vantage();

/// The observer of I-481-REMOVES: the NOTIFYs whose answer the notifier waits for, and how long it may.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FailureRemoves {
    waiting: BTreeMap<SubscriptionKey, Deadline>,
}

fn rule(key: &SubscriptionKey) -> &'static Rule {
    if &*key.package == "refer" { &REFER } else { &CONFERENCE }
}

impl Observer for FailureRemoves {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { waiting: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        for left in self.waiting.values_mut() {
            left.elapse(event.elapsed);
        }
        if event.message.method() != "NOTIFY" {
            return;
        }
        let Some((key, subscription)) = conversation.subscription(event.message) else { return };
        if event.receives_response() && event.message.status().is_some_and(|code| code >= 200) {
            self.waiting.remove(key);
        }
        if !event.sends_request() || !conversation.is_first(event) {
            return;
        }
        if let Some(code) = subscription.removed_by {
            judge.rule(rule(key), event.party, false, &[event.number], || {
                format!("NOTIFY for a subscription that the answer {code} removed")
            });
        }
        let left = self.waiting.insert(key.clone(), Deadline::TRANSACTION);
        if let Some(left) = left {
            judge.rule(&TIMED_OUT, event.party, !left.remaining().is_zero(), &[event.number], || {
                "NOTIFY for a subscription whose last NOTIFY was never answered".to_owned()
            });
        }
    }

    fn on_end(&mut self, _: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, subscription) in conversation.subscriptions() {
            if let (Some(_), Some(notifier)) = (subscription.removed_by, subscription.notifier) {
                judge.rule(rule(key), notifier, true, &[], String::new);
            }
        }
    }
}
