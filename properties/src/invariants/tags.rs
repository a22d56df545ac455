//! I-TAGS: a request inside a dialog has both tags of the dialog, and a response the tag that its sender chose.
//!
//! RFC 3261 sections 8.2.6.2, 12.1 and 12.2.1.1.

use super::target::is_hop_by_hop;
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-TAGS";

static TAGS: Rule = Rule::new(NAME, "CR-50", Level::Fail);

/// The observer of I-TAGS. It needs no memory of its own: the dialogs know their tags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tags;

impl Observer for Tags {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !conversation.is_first(event) {
            return;
        }
        if event.sends_request() {
            request(event, conversation, judge);
        } else if event.sends_response() {
            response(event, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn request(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let method = event.message.method();
    if is_hop_by_hop(event, conversation) {
        return;
    }
    let Some(key) = Conversation::dialog_key(event) else {
        let needs = matches!(method, "ACK" | "BYE" | "PRACK" | "UPDATE" | "NOTIFY" | "INFO");
        let from = event.message.from_tag().is_some();
        judge.rule(&TAGS, event.party, from && !needs, &[event.number], || {
            format!("{method} has no {} tag", if from { "To" } else { "From" })
        });
        return;
    };
    if conversation.dialog(event).is_some() {
        judge.rule(&TAGS, event.party, true, &[event.number], String::new);
        return;
    }
    let mut others = conversation.dialogs_of(event.party, &key.call_id).map(|(key, _)| key);
    match others.next() {
        Some(other) => {
            judge.rule(&TAGS, event.party, false, &[event.number], || {
                format!(
                    "{method} has tags {} and {}, the dialog with this Call-ID has {} and {}",
                    key.local_tag, key.remote_tag, other.local_tag, other.remote_tag
                )
            });
        }
        None if conversation.is_complete() => {
            judge.rule(&TAGS, event.party, false, &[event.number], || format!("{method} belongs to no dialog"));
        }
        None => judge.inconclusive(&TAGS, event.party, &[event.number], || {
            format!("{method} in a dialog whose beginning was not seen")
        }),
    }
}

fn response(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let code = event.message.status().unwrap_or(0);
    let transaction = conversation.transaction(event.message);
    if code == 100 || event.message.method() == "CANCEL" {
        return;
    }
    let tag = event.message.to_tag();
    let asked = transaction.and_then(|transaction| transaction.request.as_ref()?.to_tag.as_deref());
    let chosen = transaction.and_then(|transaction| {
        let mine = |party| transaction.server.is_none_or(|server| server == party);
        transaction
            .responses
            .iter()
            .filter(|r| r.sent.is_some() && r.code > 100 && mine(event.party))
            .find_map(|r| r.to_tag.as_deref())
    });
    let expected = asked.or(chosen);
    let holds = tag.is_some() && expected.is_none_or(|expected| tag == Some(expected));
    judge.rule(&TAGS, event.party, holds, &[event.number], || {
        let label = event.message.label();
        match (tag, expected) {
            (None, _) => format!("{label} has no To tag"),
            (Some(tag), Some(expected)) => format!("{label} has To tag {tag}, its sender used {expected} before"),
            (Some(tag), None) => format!("{label} has To tag {tag}"),
        }
    });
}
