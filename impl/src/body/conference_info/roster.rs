//! The subscriber's algorithm (RFC 4575 section 4.6): one local version, one local conference, documents applied in
//! turn.

use super::document::{Conference, Document};
use super::token::State;

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applied {
    /// The first full document: the local state starts with it.
    First,
    /// Newer than the local state, which it changed or replaced.
    Updated,
    /// Thrown away unprocessed; the NOTIFY is still answered 200.
    Discarded(Discarded),
    /// A partial document that does not follow the local state. Nothing was changed, the local version least of all:
    /// the full document that answers the refresh may have the very number that was missed.
    Gap {
        /// Version of the local state, if there is one.
        local: Option<u32>,
        /// Version of the document.
        received: u32,
        /// Whether the subscriber has to refresh now; false while an earlier refresh has not been answered.
        refresh: bool,
    },
    /// The conference is over; the subscription should be ended, unless the same NOTIFY did that already.
    Ended,
}

/// Why a document was thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discarded {
    /// Same version as the local state.
    Duplicate,
    /// Older than the local state.
    Old,
    /// The full document that a refresh asked for is older than the local state: the notifier counts anew. Only a new
    /// subscription helps.
    Restarted,
    /// The conference is over.
    AfterEnd,
}

/// The conference as one subscription shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roster {
    version: Option<u32>,
    conference: Conference,
    awaiting_full: bool,
    ended: bool,
}

impl Roster {
    /// A subscription that has not received anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Version of the local state; none before the first full document.
    pub const fn version(&self) -> Option<u32> {
        self.version
    }

    /// The local state.
    pub const fn conference(&self) -> &Conference {
        &self.conference
    }

    /// Whether a refresh was asked for and no full document has come since.
    pub const fn is_awaiting_full(&self) -> bool {
        self.awaiting_full
    }

    /// Whether the conference is over.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Applies one document (RFC 4575 section 4.6).
    pub fn apply(&mut self, document: Document) -> Applied {
        if self.ended {
            return Applied::Discarded(Discarded::AfterEnd);
        }
        if let Some(local) = self.version.filter(|local| document.version <= *local) {
            return Applied::Discarded(self.discard(document.state, local, document.version));
        }
        match document.state {
            State::Full => {
                let first = self.version.is_none();
                self.conference = document.content.settled();
                self.version = Some(document.version);
                self.awaiting_full = false;
                if first { Applied::First } else { Applied::Updated }
            }
            State::Deleted => {
                self.conference = Conference::default();
                self.version = Some(document.version);
                self.awaiting_full = false;
                self.ended = true;
                Applied::Ended
            }
            State::Partial => self.apply_partial(document),
        }
    }

    fn apply_partial(&mut self, document: Document) -> Applied {
        let received = document.version;
        // Without local state there is nothing to apply it to, whatever its number (the RFC starts with a full one).
        if self.version.and_then(|local| local.checked_add(1)) != Some(received) {
            let refresh = !std::mem::replace(&mut self.awaiting_full, true);
            return Applied::Gap { local: self.version, received, refresh };
        }
        self.conference.update(document.content);
        self.version = Some(received);
        Applied::Updated
    }

    /// A document whose version is not above the local one. A full one that was awaited ends the wait: with the same
    /// version it says that nothing changed, with a lower one that the notifier lost its count.
    fn discard(&mut self, state: State, local: u32, received: u32) -> Discarded {
        let answers_refresh = state == State::Full && std::mem::take(&mut self.awaiting_full);
        match (received == local, answers_refresh) {
            (true, _) => Discarded::Duplicate,
            (false, true) => Discarded::Restarted,
            (false, false) => Discarded::Old,
        }
    }

    /// Starts over in a new subscription: versions are scoped to one, so the next document must be full and is taken
    /// whatever its version. What is shown stays until then.
    pub fn resubscribe(&mut self) {
        self.version = None;
        self.awaiting_full = false;
        self.ended = false;
    }
}

#[cfg(test)]
mod tests;
