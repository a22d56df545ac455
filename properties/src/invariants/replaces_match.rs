//! I-REPLACES-MATCH: an INVITE takes the place of exactly the call that it names, or of none.
//!
//! Without such a call it is answered 481; with it, it is answered without alerting the user again, and once accepted
//! the old call is ended by whoever was asked to (RFC 3891 section 3).

use std::collections::BTreeMap;

use crate::observe::{
    Conversation, Dialog, DialogKey, DialogState, End, Event, Judge, Observer, Party, Rule, TransactionKey,
};
use crate::oracle::replaces::Replaces;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REPLACES-MATCH";

static MATCH: Rule = Rule::new(NAME, "RF-26", Level::Fail).needs_history().needs_vantage();
static REFUSAL: Rule = Rule::new(NAME, "RF-26", Level::NonStrict).needs_history().needs_vantage();
static SYNTAX: Rule = Rule::new(NAME, "RF-45", Level::Fail);
static ALERTED: Rule = Rule::new(NAME, "RF-26", Level::Fail).needs_vantage();
static ENDED: Rule = Rule::new(NAME, "RF-26", Level::Fail);

/// What an INVITE with Replaces names, at the party that it was delivered to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Named {
    /// Nothing that can be read.
    Unreadable,
    /// No call of this party.
    Nothing,
    /// A call that was over when the INVITE came.
    Over,
    /// This call.
    Call(DialogKey),
}

/// The observer of I-REPLACES-MATCH.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacesMatch {
    /// The INVITEs that wait for their final response.
    asked: BTreeMap<TransactionKey, (Party, Named)>,
    /// The calls that have to end, with the event that says so.
    replaced: BTreeMap<DialogKey, u32>,
}

impl Observer for ReplacesMatch {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { asked: BTreeMap::new(), replaced: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if event.message.method() != "INVITE" || !conversation.is_first(event) {
            return;
        }
        if event.receives_request() && event.message.to_tag().is_none() {
            let values: Vec<&str> = event.message.lines("Replaces").collect();
            if let (Some(key), false) = (event.key.clone(), values.is_empty()) {
                self.asked.insert(key, (event.party, named(event.party, &values, conversation)));
            }
        } else if event.sends_response() {
            self.answered(event, conversation, judge);
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, number) in &self.replaced {
            let mut dialogs = conversation.dialogs_of(key.party, &key.call_id);
            let lives = dialogs.any(|(own, dialog)| own == key && dialog.state == DialogState::Confirmed);
            let text = || "the call whose replacement was accepted was never ended".to_owned();
            if lives && end == End::Cut {
                judge.inconclusive(&ENDED, key.party, &[*number], text);
            } else {
                judge.rule(&ENDED, key.party, !lives, &[*number], text);
            }
        }
    }
}

fn named(party: Party, values: &[&str], conversation: &Conversation) -> Named {
    let [value] = values else { return Named::Unreadable };
    let Some(named) = Replaces::read(value) else { return Named::Unreadable };
    let is = |(key, dialog): &(&DialogKey, &Dialog)| {
        &*dialog.method == "INVITE" && named.is(&key.local_tag, &key.remote_tag)
    };
    let mut found = conversation.dialogs_of(party, &named.call_id).filter(is);
    match found.next() {
        None => Named::Nothing,
        Some((_, dialog)) if dialog.state == DialogState::Ended => Named::Over,
        Some((key, _)) => Named::Call(key.clone()),
    }
}

impl ReplacesMatch {
    fn answered(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (Some(key), Some(code)) = (event.key.clone(), event.message.status()) else { return };
        let Some((party, named)) = self.asked.get(&key).filter(|(party, _)| *party == event.party).cloned() else {
            return;
        };
        let numbers = [event.number];
        if code < 200 {
            let alerts = code == 180 && matches!(named, Named::Call(_));
            judge.rule(&ALERTED, party, !alerts, &numbers, || {
                "the user is alerted to an INVITE that takes the place of his call".to_owned()
            });
            return;
        }
        self.asked.remove(&key);
        let accepted = (200..300).contains(&code);
        match named {
            Named::Unreadable => {
                judge.rule(&SYNTAX, party, code == 400 || code == 420, &numbers, || {
                    format!("{code} to an INVITE whose Replaces is malformed or doubled, not 400")
                });
            }
            Named::Nothing if !conversation.is_at(party) => {
                judge.inconclusive(&MATCH, party, &numbers, || {
                    format!("{code} to an INVITE that names a call of which nothing was seen")
                });
            }
            Named::Nothing | Named::Over => {
                let what = if named == Named::Over { "a call that is over" } else { "no call of the recipient's" };
                judge.rule(&MATCH, party, !accepted, &numbers, || format!("{code} to an INVITE that names {what}"));
                // Before the match there are only the transaction's own reasons, and what the recipient cannot do.
                let expected = [400, 420, 481, 482].contains(&code) || (named == Named::Over && code == 603);
                judge.rule(&REFUSAL, party, accepted || expected, &numbers, || {
                    format!("{code} to an INVITE that names {what}, not 481")
                });
            }
            Named::Call(dialog) => {
                judge.rule(&MATCH, party, true, &numbers, String::new);
                if accepted {
                    self.replaced.insert(dialog, event.number);
                }
            }
        }
    }
}
