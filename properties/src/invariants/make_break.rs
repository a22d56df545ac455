//! I-MAKE-BREAK: nobody is left without a call by the merge.
//!
//! Who is asked to let a conference take the place of his call ends it after he has answered the conference, not before
//! (RFC 3891 section 3, RFC 4579 section 5.10).

use std::collections::BTreeMap;

use crate::observe::{Conversation, DialogKey, End, Event, Judge, Observer, Rule, TransactionKey};
use crate::oracle::replaces::Replaces;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-MAKE-BREAK";

// His user may hang up at this very moment: unusual, but his right.
static BREAK: Rule = Rule::new(NAME, "TP-10", Level::NonStrict).needs_vantage();

/// The observer of I-MAKE-BREAK.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MakeBreak {
    /// The calls that an INVITE which was delivered and has no final response wants to replace.
    asked: BTreeMap<TransactionKey, DialogKey>,
}

impl Observer for MakeBreak {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { asked: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !conversation.is_first(event) {
            return;
        }
        let invite = event.message.method() == "INVITE";
        if invite && event.receives_request() && event.message.to_tag().is_none() {
            let named = event.message.header("Replaces").and_then(Replaces::read);
            if let (Some(key), Some(Replaces { call_id, to_tag, from_tag })) = (event.key.clone(), named) {
                let dialog = DialogKey { party: event.party, call_id, local_tag: to_tag, remote_tag: from_tag };
                self.asked.insert(key, dialog);
            }
        } else if invite && event.sends_response() && event.message.status().is_some_and(|code| code >= 200) {
            let answered = event.key.clone().and_then(|key| self.asked.remove(&key));
            if answered.is_some() && event.message.is_success() {
                judge.rule(&BREAK, event.party, true, &[event.number], String::new);
            }
        } else if event.sends_request() && event.message.is_request_of("BYE") {
            let Some(key) = Conversation::dialog_key(event) else { return };
            let waits = self.asked.values().any(|dialog| *dialog == key);
            if waits {
                judge.rule(&BREAK, event.party, false, &[event.number], || {
                    "BYE in a call that is to be replaced, before the replacing call is answered".to_owned()
                });
            }
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
