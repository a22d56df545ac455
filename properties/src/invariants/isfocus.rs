//! I-ISFOCUS: the focus marks every address of itself.
//!
//! The 2xx to an INVITE of the factory must carry `isfocus` in its Contact (RFC 4579 section 5.4); elsewhere it should,
//! or the mark would be lost with the next target refresh. It is a parameter of the header field, not of the URI
//! (RFC 3840 section 9).

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule};
use crate::oracle::Uri;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-ISFOCUS";

static CREATED: Rule = Rule::new(NAME, "CR-05", Level::Fail);
static EARLY: Rule = Rule::new(NAME, "CR-07", Level::NonStrict);
static REFRESH: Rule = Rule::new(NAME, "CR-07", Level::Note);
static PLACE: Rule = Rule::new(NAME, "CR-06", Level::Fail);

/// The observer of I-ISFOCUS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IsFocus;

impl Observer for IsFocus {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let sends = event.sends_request() || event.sends_response();
        if event.party != Party::Focus || !sends || !conversation.is_first(event) {
            return;
        }
        let Some(contact) = event.message.contact() else { return };
        let in_uri = Uri::read(contact.uri).parameter("isfocus").is_some();
        judge.rule(&PLACE, event.party, !in_uri, &[event.number], || {
            format!("isfocus stands inside the URI {}, not after it", contact.uri)
        });
        let Some(rule) = rule_for(event, conversation) else { return };
        judge.rule(rule, event.party, contact.is_focus(), &[event.number], || {
            format!("the Contact of {} has no isfocus", event.message.label())
        });
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn rule_for(event: &Event<'_>, conversation: &Conversation) -> Option<&'static Rule> {
    let message = event.message;
    let initial = if message.is_request() {
        message.to_tag().is_none()
    } else {
        conversation.transaction(message)?.request.as_ref()?.to_tag.is_none()
    };
    match (message.method(), message.status()) {
        ("INVITE", Some(200..=299)) if initial => Some(&CREATED),
        ("INVITE", Some(101..=199) | None) if initial => Some(&EARLY),
        (_, Some(100..=299) | None) => Some(&REFRESH),
        _ => None,
    }
}
