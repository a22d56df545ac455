//! Which runs lose for good what the model takes to arrive.
//!
//! In the model the rest of an INVITE (183, PRACK, UPDATE, 200, ACK, and all of a re-INVITE) arrives in one of its
//! copies, see [`imsconf_model::Message::may_be_lost`]. Single drops that go on for long enough starve it all the same:
//! RFC 3261 section 17.1.1.2 and RFC 3262 section 3 give up after 64*T1, and copies get rarer until then. And who sends
//! a BYE repeats his 2xx to a re-INVITE no more: if none has arrived by then, it may be lost. Such a run is no longer
//! held to the model; every invariant judges it on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use imsconf::time::Time;

use crate::oracle::Sip;

/// How long copies of a call's messages may be dropped: as long as two more come before 64*T1 is over.
const LONGEST: Duration = Duration::from_secs(15);

/// Since when the messages of a call are dropped, by its Call-ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starvation {
    since: BTreeMap<String, Time>,
    /// Whose 2xx to an INVITE has been dropped and has not arrived since.
    unheard: BTreeSet<End>,
}

/// One end of a call: its Call-ID and the tag of the end.
type End = (String, String);

/// The end that answers an INVITE with this message, if that is what it is and it says yes.
fn accepts(message: &Sip) -> Option<End> {
    let success = message.is_response_to("INVITE") && message.is_success();
    message.to_tag().filter(|_| success).map(|tag| (message.call_id().to_owned(), tag.to_owned()))
}

impl Starvation {
    /// Notes that a copy of a message is dropped, be it one of the INVITE itself; whether it may be the last one that
    /// could have arrived in time.
    pub(crate) fn drops(&mut self, now: Time, message: &Sip) -> bool {
        if !matches!(message.method(), "INVITE" | "PRACK" | "UPDATE" | "ACK" | "CANCEL") {
            return false;
        }
        self.unheard.extend(accepts(message));
        let since = *self.since.entry(message.call_id().to_owned()).or_insert(now);
        now.since(since) >= LONGEST
    }

    /// Notes that a message arrives.
    pub(crate) fn arrives(&mut self, message: &Sip) {
        if let Some(end) = accepts(message) {
            self.unheard.remove(&end);
        }
    }

    /// Whether this message, which is sent, is the end of something that may not have arrived.
    pub(crate) fn is_cut_short(&self, message: &Sip) -> bool {
        let end = message.from_tag().map(|tag| (message.call_id().to_owned(), tag.to_owned()));
        message.is_request_of("BYE") && end.is_some_and(|end| self.unheard.contains(&end))
    }

    /// Nobody waits for anything any more: what is dropped from now on is counted anew.
    pub(crate) fn rest(&mut self) {
        self.since.clear();
        self.unheard.clear();
    }
}
