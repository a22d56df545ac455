//! I-REPLACES-ENC: a Replaces in Refer-To is written so that everybody reads the same dialog out of it.
//!
//! Everything that ends another part of the URI is escaped, a `%` of the tag itself too, and the URI stands in angle
//! brackets (RFC 3261 sections 19.1.2, 20 and 25.1, RFC 3515 section 2.1, RFC 3891 section 6.1).

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::replaces::{Replaces, decoded, written_in};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REPLACES-ENC";

static WRITTEN: Rule = Rule::new(NAME, "RF-21", Level::Fail);

/// The observer of I-REPLACES-ENC. It needs no memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacesEnc;

impl Observer for ReplacesEnc {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let refer = event.sends_request() && event.message.is_request_of("REFER") && conversation.is_first(event);
        let Some(value) = event.message.header("Refer-To").filter(|_| refer) else { return };
        // Unescaped and without brackets the value is no longer part of the URI, so the whole field is looked at.
        let Some(written) = written_in(value.trim_end_matches('>')) else { return };
        let bracketed = event.message.refer_to().is_some_and(|address| address.bracketed);
        let read = decoded(written);
        let names = read.as_deref().and_then(Replaces::read);
        judge.rule(&WRITTEN, event.party, bracketed && names.is_some(), &[event.number], || {
            let fault = match (bracketed, &read) {
                (false, _) => "does not stand in angle brackets",
                (true, None) => "has characters that must be escaped",
                (true, Some(_)) => "does not name a dialog by Call-ID and one tag of each kind",
            };
            format!("Replaces in Refer-To, {written}, {fault}")
        });
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
