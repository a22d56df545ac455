//! I-FIRST-NOTIFY: whoever accepts a SUBSCRIBE or REFER sends a NOTIFY for it, and whoever refuses one sends none
//! (RFC 6665 section 4.2.1.2, RFC 3515 section 2.4.4).
//!
//! The first NOTIFY may have to wait until an earlier one in the same dialog is answered, so each NOTIFY there starts
//! the deadline anew. A REFER that creates no subscription (RFC 4488, RFC 7614) owes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::is_nameless;
use crate::observe::{Conversation, Deadline, End, Event, Judge, Observer, Party, Rule, SubscriptionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-FIRST-NOTIFY";
static SUBSCRIBE: Rule = Rule::new(NAME, "EV-03", Level::Fail).needs_vantage();
static REFER: Rule = Rule::new(NAME, "RF-06", Level::Fail).needs_vantage();
static REFUSED: Rule = Rule::new(NAME, "RF-28", Level::Fail).needs_vantage();
static ECHO: Rule = Rule::new(NAME, "RF-16", Level::Fail);
static QUIET: Rule = Rule::new(NAME, "RF-16", Level::Fail);
static CODE: Rule = Rule::new(NAME, "RF-03", Level::Note).ietf(Level::NonStrict);

/// A NOTIFY that a party owes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owed {
    notifier: Party,
    number: u32,
    left: Deadline,
}

/// The observer of I-FIRST-NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstNotify {
    owed: BTreeMap<SubscriptionKey, Owed>,
    /// REFERs that ask for no subscription.
    without: BTreeSet<SubscriptionKey>,
}

fn rule(key: &SubscriptionKey) -> &'static Rule {
    if &*key.package == "refer" { &REFER } else { &SUBSCRIBE }
}

impl FirstNotify {
    fn elapse(&mut self, event: &Event<'_>, judge: &mut Judge) {
        self.owed.retain(|key, owed| {
            let over = owed.left.elapse(event.elapsed);
            if over {
                judge.rule(rule(key), owed.notifier, false, &[owed.number, event.number], || missing(key));
            }
            !over
        });
    }

    fn on_answer(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let Some((key, subscription)) = conversation.subscription(message) else { return };
        let initial = message.cseq().is_some_and(|cseq| cseq.number == key.cause);
        if !message.is_success() || !initial || self.without.contains(key) {
            return;
        }
        let quiet = message.has_token("Refer-Sub", "false");
        let none = quiet || message.header("Refer-Events-At").is_some();
        if quiet {
            let asked = conversation.transaction(message).and_then(|refer| refer.request.as_ref());
            judge.rule(&ECHO, event.party, asked.is_none_or(|refer| refer.quiet), &[event.number], || {
                "the 2xx says that there is no subscription, which the REFER did not ask for".to_owned()
            });
        }
        if message.method() == "REFER" {
            let usual = (message.status() == Some(202)) == (judge.profile() == Profile::ThreeGpp);
            judge.rule(&CODE, event.party, usual, &[event.number], || {
                let code = message.status().unwrap_or_default();
                format!("REFER accepted with {code}: 202 is the 3GPP way, any other 2xx that of RFC 7647 section 5")
            });
        }
        if none {
            return;
        }
        if subscription.notified > 0 {
            judge.rule(rule(key), event.party, true, &[], String::new);
            return;
        }
        let owed = Owed { notifier: event.party, number: event.number, left: Deadline::TRANSACTION };
        self.owed.insert(key.clone(), owed);
    }

    fn on_notify(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let call_id = event.message.call_id();
        if is_nameless(conversation, event.message) {
            let mut referrals = self.owed.keys().filter(|key| &*key.package == "refer" && *key.call_id == *call_id);
            let first = referrals.next().cloned();
            if let Some(owed) = first.and_then(|key| self.owed.remove(&key)) {
                judge.rule(&REFER, owed.notifier, true, &[], String::new);
            }
        } else if let Some((key, subscription)) = conversation.subscription(event.message) {
            if let Some(owed) = self.owed.remove(key) {
                judge.rule(rule(key), owed.notifier, true, &[], String::new);
            }
            if &*key.package == "refer" && subscription.answered.is_some() {
                judge.rule(&QUIET, event.party, !subscription.suppressed, &[event.number], || {
                    "NOTIFY for a REFER that was answered with Refer-Sub: false".to_owned()
                });
            }
            let refused = subscription.answered.filter(|code| *code >= 300);
            judge.rule(&REFUSED, event.party, refused.is_none(), &[event.number], || {
                format!("NOTIFY for a request that was refused with {}", refused.unwrap_or_default())
            });
        }
        for (_, owed) in self.owed.iter_mut().filter(|(key, _)| *key.call_id == *call_id) {
            owed.left = Deadline::TRANSACTION;
        }
    }
}

fn missing(key: &SubscriptionKey) -> String {
    format!("no NOTIFY ({}) followed the 2xx to the request with CSeq {}", key.package, key.cause)
}

/// Answers to a NOTIFY that end its dialog with everything in it (RFC 5057 section 5.1).
const fn ends_dialog(code: u16) -> bool {
    matches!(code, 404 | 410 | 416 | 482..=485 | 502 | 604)
}

impl Observer for FirstNotify {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { owed: BTreeMap::new(), without: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.elapse(event, judge);
        let message = event.message;
        match message.method() {
            "SUBSCRIBE" | "REFER" if event.sends_response() && conversation.is_first(event) => {
                self.on_answer(event, conversation, judge);
            }
            "REFER" if event.receives_request() => {
                let asks = message.has_token("Require", "nosub") || message.has_token("Require", "explicitsub");
                if let (true, Some((key, _))) = (asks, conversation.subscription(message)) {
                    self.without.insert(key.clone());
                }
            }
            "NOTIFY" if event.sends_request() => self.on_notify(event, conversation, judge),
            "NOTIFY" if event.receives_response() && message.status().is_some_and(ends_dialog) => {
                self.owed.retain(|key, _| *key.call_id != *message.call_id());
            }
            _ => {}
        }
    }

    fn on_end(&mut self, end: End, _: &Conversation, judge: &mut Judge) {
        for (key, owed) in &self.owed {
            match end {
                End::Quiescent => {
                    judge.rule(rule(key), owed.notifier, false, &[owed.number], || missing(key));
                }
                End::Cut => judge.inconclusive(rule(key), owed.notifier, &[owed.number], || missing(key)),
            }
        }
    }
}
