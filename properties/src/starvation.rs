//! Which runs lose for good what the model takes to arrive.
//!
//! In the model the rest of an INVITE (183, PRACK, UPDATE, 200, ACK, and all of a re-INVITE) arrives in one of its
//! copies, see [`imsconf_model::Message::may_be_lost`]. Single drops that go on for long enough starve it all the same:
//! RFC 3261 section 17.1.1.2 and RFC 3262 section 3 give up after 64*T1, and copies get rarer until then. Such a run is
//! no longer held to the model; every invariant judges it on.

use std::collections::BTreeMap;
use std::time::Duration;

use imsconf::time::Time;

use crate::oracle::Sip;

/// How long copies of a call's messages may be dropped: as long as two more come before 64*T1 is over.
const LONGEST: Duration = Duration::from_secs(15);

/// Since when the messages of a call are dropped, by its Call-ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starvation {
    since: BTreeMap<String, Time>,
}

impl Starvation {
    /// Notes that a copy of a message is dropped, be it one of the INVITE itself; whether it may be the last one that
    /// could have arrived in time.
    pub(crate) fn drops(&mut self, now: Time, message: &Sip) -> bool {
        if !matches!(message.method(), "INVITE" | "PRACK" | "UPDATE" | "ACK" | "CANCEL") {
            return false;
        }
        let since = *self.since.entry(message.call_id().to_owned()).or_insert(now);
        now.since(since) >= LONGEST
    }

    /// Nobody waits for anything any more: what is dropped from now on is counted anew.
    pub(crate) fn rest(&mut self) {
        self.since.clear();
    }
}
