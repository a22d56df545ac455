//! I-FORK: an INVITE that is accepted more than once makes one call (RFC 3261 section 13.2.2.4).
//!
//! Judged at rest at the caller, by the 2xx that reached it: each was acknowledged, and all dialogs but one were ended.

use std::collections::BTreeSet;

use crate::observe::{Conversation, Dialog, DialogState, End, Event, Judge, Observer, Origin, Rule};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-FORK";
static ACKNOWLEDGED: Rule = Rule::new(NAME, "CR-61", Level::Fail).needs_history();
static ONE_CALL: Rule = Rule::new(NAME, "CR-61", Level::Fail).needs_history();

/// The observer of I-FORK. What it needs is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fork;

impl Observer for Fork {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, _: &Event<'_>, _: &Conversation, _: &mut Judge) {}

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        let invites = conversation.transactions().filter(|(key, _)| &*key.method == "INVITE");
        for (key, invite) in invites {
            let Some(caller) = invite.client.filter(|_| invite.sent.is_some()) else { continue };
            let accepted = invite.responses.iter().filter(|answer| answer.delivered.is_some());
            let accepted = accepted.filter(|answer| (200..300).contains(&answer.code));
            let tags: BTreeSet<&str> = accepted.filter_map(|answer| answer.to_tag.as_deref()).collect();
            if tags.len() < 2 {
                continue;
            }
            let made = conversation.dialogs_of(caller, &key.call_id).filter(|(own, dialog)| {
                own.local_tag == key.from_tag && tags.contains(&*own.remote_tag) && dialog.origin == Origin::Caller
            });
            let made: Vec<&Dialog> = made.map(|(_, dialog)| dialog).collect();
            let left = made.iter().filter(|dialog| dialog.state != DialogState::Ended).count();
            let unacknowledged = made.iter().filter(|dialog| !dialog.acknowledged).count();
            if end != End::Quiescent && (left > 1 || unacknowledged > 0) {
                judge.inconclusive(&ONE_CALL, caller, &[], || "several answerers, and the end was not seen".to_owned());
                continue;
            }
            judge.rule(&ACKNOWLEDGED, caller, unacknowledged == 0, &[], || {
                format!("{unacknowledged} of {} 2xx to one INVITE were not acknowledged", made.len())
            });
            judge.rule(&ONE_CALL, caller, left <= 1, &[], || {
                format!("{} answerers accepted one INVITE, and {left} calls are left", tags.len())
            });
        }
    }
}
