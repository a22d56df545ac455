//! I-PRIVACY: who asked the focus for privacy is named in no document (RFC 4575 sections 5.6 and 8.2, RFC 3325 section
//! 9.3).
//!
//! The creator asks in his INVITE, an invited user in his answer; what counts is what the focus was handed.

use std::collections::BTreeSet;

use super::evidence::user;
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::Sip;
use crate::oracle::conference::Document;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-PRIVACY";
static HIDDEN: Rule = Rule::new(NAME, "EV-57", Level::Fail);

/// The observer of I-PRIVACY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Privacy {
    /// Who asked, as [`user`] writes them.
    hidden: BTreeSet<String>,
}

/// Whether a message asks that its sender's identity be kept from other users.
fn asks(message: &Sip) -> bool {
    let kinds = message.header("Privacy").unwrap_or_default().split(';');
    kinds.into_iter().any(|kind| kind.trim().eq_ignore_ascii_case("id"))
}

/// Who asks for privacy with an INVITE or with the answer to one.
fn asker(event: &Event<'_>, conversation: &Conversation) -> Option<String> {
    let message = event.message;
    if message.method() != "INVITE" || !asks(message) {
        return None;
    }
    if event.receives_request() {
        return Some(user(message.from()?.uri));
    }
    let request = conversation.transaction(message)?.request.as_ref()?;
    event.receives_response().then(|| user(&request.uri))
}

impl Observer for Privacy {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { hidden: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.hidden.extend(asker(event, conversation));
        let message = event.message;
        let notify = message.method() == "NOTIFY" && event.sends_request() && !message.body.is_empty();
        if !notify || self.hidden.is_empty() || !conversation.is_first(event) {
            return;
        }
        let Ok(Document { users: Some((_, users)), .. }) = Document::read(&message.body) else { return };
        let endpoints = users.values().flat_map(|shown| shown.endpoints.keys());
        let named = users.keys().chain(endpoints).find(|entity| self.hidden.contains(&user(entity)));
        judge.rule(&HIDDEN, event.party, named.is_none(), &[event.number], || {
            format!("{} asked for privacy and is named", named.map_or("", String::as_str))
        });
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
