//! I-TRANSPORT: what is too large for a datagram goes over TCP (RFC 3261 section 18.1.1).
//!
//! The limit is 1300 bytes where nothing is known of the path, and what a sender knows cannot be seen. A sender that
//! changes to TCP at all is held to the limit; of any other, a capture can only say that the request was large.

use std::collections::BTreeSet;

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-TRANSPORT";

const REQUIREMENT: &str = "FA-21";
static LARGE: Rule = Rule::new(NAME, "FA-21", Level::NonStrict);

/// Most bytes of a request over UDP on a path of which nothing is known.
const LIMIT: usize = 1300;

/// The observer of I-TRANSPORT: who sent a request over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transport {
    switched: BTreeSet<Party>,
}

impl Observer for Transport {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { switched: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        // Where TCP was refused, the same request may follow over UDP.
        if !event.sends_request() || !conversation.is_first(event) {
            return;
        }
        let (message, party) = (event.message, event.party);
        let vias = message.values("Via");
        // What a hop forwards has grown without its sender's doing.
        let [via] = vias.as_slice() else { return };
        let transport = via.split_whitespace().next().and_then(|protocol| protocol.rsplit('/').next()).unwrap_or("");
        if transport.eq_ignore_ascii_case("TCP") {
            self.switched.insert(party);
            return;
        }
        if !transport.eq_ignore_ascii_case("UDP") {
            return;
        }
        let text = || format!("{} of {} bytes over UDP, the limit is {LIMIT}", message.label(), message.size);
        if self.switched.contains(&party) {
            judge.rule(&LARGE, party, message.size <= LIMIT, &[event.number], text);
        } else if message.size > LIMIT && !conversation.is_complete() {
            let text = || format!("{} where the path is not known", text());
            judge.note(REQUIREMENT, party, &[event.number], text);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
