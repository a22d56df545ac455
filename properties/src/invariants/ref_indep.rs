//! I-REF-INDEP: a call and the refer subscriptions in its dialog live and end independently (RFC 5057 sections 4.2, 5.1
//! and 5.5, RFC 3515 section 2.4.4, RFC 5407 section 3.3.3).
//!
//! The end of a refer subscription leaves the call alone: later requests in it are not answered 481. After the BYE no
//! new REFER is accepted. A lost subscription does not make the focus cancel the call that it was about.

use std::collections::{BTreeMap, BTreeSet};

use crate::observe::{Conversation, DialogState, End, Event, Judge, Observer, Party, Rule, TransactionKey};
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REF-INDEP";
static CALL_LIVES: Rule = Rule::new(NAME, "RF-29", Level::Fail).needs_vantage();
static BYE: Rule = Rule::new(NAME, "CR-64", Level::Fail).needs_vantage();
static AFTER_BYE: Rule = Rule::new(NAME, "CR-69", Level::Fail).needs_vantage();
static NO_WITHDRAWAL: Rule = Rule::new(NAME, "RF-38", Level::NonStrict).needs_vantage();

/// What the call was for the party that was delivered a request in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Before {
    Alive,
    /// Alive, and a REFER was accepted in it before.
    AliveWithRefer,
    Over,
}

/// The observer of I-REF-INDEP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefIndep {
    /// Requests delivered inside a call and not yet answered.
    open: BTreeMap<TransactionKey, Before>,
    /// Dialogs that a party was told are gone.
    gone: BTreeSet<(Party, Text)>,
    /// The notifier that has just lost a refer subscription, or was told to end one, and has done nothing since.
    lost: Option<Party>,
}

/// Whether a request ends a refer subscription: that withdraws nothing (RFC 3515 section 2.4.4).
fn is_unsubscribe(message: &Sip) -> bool {
    let refer = message.event().is_some_and(|event| event.package == "refer");
    message.is_request_of("SUBSCRIBE") && refer && message.expires() == Some(0)
}

/// Responses that tell a client that the dialog, or the usage it asked in, is no more (RFC 5057 section 5.1).
const fn ends(code: u16) -> bool {
    matches!(code, 404 | 408 | 410 | 416 | 481..=485 | 502 | 604)
}

impl RefIndep {
    fn on_request(&mut self, event: &Event<'_>, conversation: &Conversation) {
        let message = event.message;
        let (Some(dialog), Some(key)) = (conversation.dialog(event), TransactionKey::of(message)) else { return };
        let overtaken = dialog.remote_cseq > Some(key.cseq);
        let call = &*dialog.method == "INVITE" && !self.gone.contains(&(event.party, key.call_id.clone()));
        if overtaken || !call || !matches!(message.method(), "BYE" | "REFER" | "UPDATE" | "INVITE") {
            return;
        }
        let refer = conversation.subscriptions().any(|(other, subscription)| {
            &*other.package == "refer" && other.call_id == key.call_id && subscription.notified > 0
        });
        let before = match dialog.state {
            DialogState::Ended => Before::Over,
            DialogState::Early | DialogState::Confirmed if refer => Before::AliveWithRefer,
            DialogState::Early | DialogState::Confirmed => Before::Alive,
        };
        self.open.insert(key, before);
    }

    fn on_answer(&mut self, event: &Event<'_>, code: u16, judge: &mut Judge) {
        let Some(before) = event.key.clone().and_then(|key| self.open.remove(&key)) else { return };
        let method = event.message.method();
        let text = || format!("{method} in a call that is not over was answered {code}");
        match before {
            Before::Alive | Before::AliveWithRefer if method == "BYE" => {
                let rule = if before == Before::Alive { &BYE } else { &CALL_LIVES };
                let right = matches!(code, 200..=299 | 401 | 407);
                judge.rule(rule, event.party, right, &[event.number], text);
            }
            Before::Alive | Before::AliveWithRefer => {
                judge.rule(&CALL_LIVES, event.party, code != 481, &[event.number], text);
            }
            Before::Over if method == "REFER" => {
                judge.rule(&AFTER_BYE, event.party, code >= 300, &[event.number], || {
                    format!("REFER after the end of its call was accepted with {code}")
                });
            }
            Before::Over => {}
        }
    }

    fn on_response(&mut self, event: &Event<'_>, conversation: &Conversation) {
        let message = event.message;
        let Some(code) = message.status().filter(|code| ends(*code)) else { return };
        if message.method() == "NOTIFY" {
            let refer = conversation.subscription(message).is_some_and(|(key, _)| &*key.package == "refer");
            self.lost = refer.then_some(event.party);
            if matches!(code, 408 | 481) {
                return;
            }
        }
        self.gone.insert((event.party, message.call_id().into()));
    }
}

impl Observer for RefIndep {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { open: BTreeMap::new(), gone: BTreeSet::new(), lost: None }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !event.elapsed.is_zero() {
            self.lost = None;
        }
        let first = conversation.is_first(event);
        if event.receives_request() {
            self.lost = self.lost.filter(|party| *party != event.party);
            if is_unsubscribe(event.message) {
                self.lost = Some(event.party);
            }
            if first {
                self.on_request(event, conversation);
            }
        } else if event.receives_response() {
            self.lost = self.lost.filter(|party| *party != event.party);
            self.on_response(event, conversation);
        } else if event.sends_response() {
            if let Some(code @ 200..) = event.message.status() {
                self.on_answer(event, code, judge);
            }
        } else if first && let Some(party) = self.lost.filter(|party| *party == event.party) {
            judge.rule(&NO_WITHDRAWAL, party, event.message.method() != "CANCEL", &[event.number], || {
                "CANCEL of a call because nobody wants to hear of it any more".to_owned()
            });
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
