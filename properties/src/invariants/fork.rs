//! I-FORK: an INVITE that is accepted more than once makes one call (RFC 3261 section 13.2.2.4).
//!
//! Judged at rest at the caller, by the 2xx that reached it: all dialogs but one were ended by a BYE. That each copy is
//! acknowledged is the business of I-TIMEOUT.

use std::collections::BTreeSet;

use crate::observe::{Conversation, DialogKey, End, Event, Judge, Observer, Rule};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-FORK";
static ONE_CALL: Rule = Rule::new(NAME, "CR-61", Level::Fail).needs_history();

/// The observer of I-FORK.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fork {
    /// The dialogs in which a BYE was sent or delivered. Their numbers may be the same in several.
    ended: BTreeSet<DialogKey>,
}

impl Observer for Fork {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { ended: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, _: &Conversation, _: &mut Judge) {
        if event.message.is_request_of("BYE") {
            self.ended.extend(Conversation::dialog_key(event));
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        let invites = conversation.transactions().filter(|(key, _)| &*key.method == "INVITE");
        for (key, invite) in invites {
            let Some(caller) = invite.client.filter(|_| invite.sent.is_some()) else { continue };
            let accepted = invite.responses.iter().filter(|answer| answer.delivered.is_some());
            let accepted = accepted.filter(|answer| (200..300).contains(&answer.code));
            let tags: BTreeSet<_> = accepted.filter_map(|answer| answer.to_tag.clone()).collect();
            if tags.len() < 2 {
                continue;
            }
            let dialog = |remote_tag| {
                let (call_id, local_tag) = (key.call_id.clone(), key.from_tag.clone());
                DialogKey { party: caller, call_id, local_tag, remote_tag }
            };
            let answerers = tags.len();
            let left = tags.into_iter().filter(|tag| !self.ended.contains(&dialog(tag.clone()))).count();
            let text = || format!("{answerers} answerers accepted one INVITE, and {left} calls are left");
            if left <= 1 || end == End::Quiescent {
                judge.rule(&ONE_CALL, caller, left <= 1, &[], text);
            } else {
                judge.inconclusive(&ONE_CALL, caller, &[], text);
            }
        }
    }
}
