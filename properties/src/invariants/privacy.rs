//! I-PRIVACY: who asked the focus for privacy is named in no document (RFC 4575 sections 5.6 and 8.2, RFC 3325 section
//! 9.3).
//!
//! The creator asks in his INVITE, an invited user in his answer; what counts is what the focus was handed.

use std::collections::BTreeSet;

use super::evidence::{is_made_up, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
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

/// The identities of who asks for privacy with an INVITE or with the answer to one, but for what names nobody.
fn asker(event: &Event<'_>, conversation: &Conversation) -> Vec<String> {
    let message = event.message;
    if message.method() != "INVITE" || !message.asks_for_privacy() {
        return Vec::new();
    }
    let mut identities: Vec<String> = message.asserted_identities().into_iter().map(user).collect();
    if event.receives_request() {
        identities.extend(message.from().map(|from| user(from.uri)));
    } else if event.receives_response() {
        let request = conversation.transaction(message).and_then(|transaction| transaction.request.as_ref());
        identities.extend(request.map(|request| user(&request.uri)));
    } else {
        return Vec::new();
    }
    identities.retain(|identity| !is_made_up(identity));
    identities
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
