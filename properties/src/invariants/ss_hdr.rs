//! I-SS-HDR: Event, Subscription-State and Expires say something, and nothing impossible (RFC 6665 sections 3.1.1,
//! 4.1.3, 4.2.1.1, 4.2.2 and 8.2).
//!
//! The time granted may shrink, it never grows without a SUBSCRIBE that asks for more.

use std::collections::BTreeMap;

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, SubscriptionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-SS-HDR";
static STATE: Rule = Rule::new(NAME, "EV-08", Level::Fail);
static HAS_EXPIRES: Rule = Rule::new(NAME, "EV-08", Level::NonStrict).ietf(Level::Fail);
static LAST_WORDS: Rule = Rule::new(NAME, "EV-08", Level::NonStrict);
static GROWS: Rule = Rule::new(NAME, "EV-08", Level::Fail).needs_vantage();
static REFER_GROWS: Rule = Rule::new(NAME, "RF-49", Level::NonStrict).needs_vantage();
static EXPIRES: Rule = Rule::new(NAME, "EV-02", Level::Fail);
static ACCEPTED: Rule = Rule::new(NAME, "EV-02", Level::Note).ietf(Level::Fail);
static DEFAULT: Rule = Rule::new(NAME, "EV-18", Level::Fail);

/// What a SUBSCRIBE without Expires asks for in the conference package (RFC 4575 section 3.3), in seconds.
const PACKAGE_DEFAULT: u32 = 3600;

/// The observer of I-SS-HDR: the time last granted for each subscription, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SsHdr {
    granted: BTreeMap<SubscriptionKey, u32>,
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c))
}

impl SsHdr {
    fn on_notify(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        judge.rule(&STATE, party, message.event().is_some_and(|event| is_token(event.package)), numbers, || {
            "NOTIFY without a readable Event".to_owned()
        });
        let state = message.subscription_state();
        let readable = state.is_some_and(|state| is_token(state.state));
        judge.rule(&STATE, party, readable, numbers, || {
            let value = message.header("Subscription-State").unwrap_or("missing");
            format!("Subscription-State cannot be read: {value}")
        });
        let Some(state) = state.filter(|_| readable) else { return };
        let key = conversation.subscription(message).map(|(key, _)| key);
        let expires = state.expires();
        match state.state {
            "terminated" => {
                judge.rule(&LAST_WORDS, party, expires.is_none(), numbers, || "terminated with expires".to_owned());
                judge.rule(&LAST_WORDS, party, state.reason().is_some(), numbers, || {
                    "terminated without a reason".to_owned()
                });
                if let Some(key) = key {
                    self.granted.remove(key);
                }
            }
            "active" | "pending" => {
                judge.rule(&HAS_EXPIRES, party, expires.is_some(), numbers, || {
                    format!("{} without expires", state.state)
                });
                if let (Some(key), Some(expires)) = (key, expires) {
                    let before = self.granted.insert(key.clone(), expires);
                    let rule = if &*key.package == "refer" { &REFER_GROWS } else { &GROWS };
                    if let Some(before) = before {
                        judge.rule(rule, party, expires <= before, numbers, || {
                            format!("the time left grew from {before} s to {expires} s")
                        });
                    }
                }
            }
            // Other tokens are legal in the grammar and mean nothing to us.
            _ => {}
        }
    }

    fn on_answer(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        judge.rule(&ACCEPTED, party, message.status() != Some(202), numbers, || "202 to SUBSCRIBE".to_owned());
        let granted = message.expires();
        judge.rule(&EXPIRES, party, granted.is_some(), numbers, || "2xx to SUBSCRIBE without Expires".to_owned());
        let Some(request) = conversation.transaction(message).and_then(|transaction| transaction.request.as_ref())
        else {
            return;
        };
        let Some(granted) = granted else { return };
        let (rule, asked) = request.expires.map_or((&DEFAULT, PACKAGE_DEFAULT), |asked| (&EXPIRES, asked));
        judge.rule(rule, party, granted <= asked, numbers, || format!("{granted} s granted, {asked} s asked for"));
        if let Some((key, _)) = conversation.subscription(message) {
            self.granted.entry(key.clone()).or_insert(granted);
        }
    }
}

impl Observer for SsHdr {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { granted: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        match message.method() {
            "NOTIFY" if event.sends_request() && conversation.is_first(event) => {
                self.on_notify(event, conversation, judge);
            }
            "SUBSCRIBE" if event.sends_response() && message.is_success() && conversation.is_first(event) => {
                self.on_answer(event, conversation, judge);
            }
            "SUBSCRIBE" if event.receives_request() && conversation.is_first(event) => {
                if let Some((key, _)) = conversation.subscription(message) {
                    self.granted.remove(key);
                }
            }
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
