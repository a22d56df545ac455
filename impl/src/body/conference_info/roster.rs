//! The subscriber's algorithm (RFC 4575 section 4.6): one local version, one local conference, documents applied in turn.

use super::document::{Conference, Document};

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applied {
    /// The first full document: the local state starts with it.
    First,
    /// Newer than the local state, which it changed or replaced.
    Updated,
    /// Thrown away unprocessed; the NOTIFY is still answered 200.
    Discarded(Discarded),
    /// A partial document that does not follow the local state. Nothing was changed, the local version least of all: the
    /// full document that answers the refresh may have the very number that was missed.
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

    /// Applies one document.
    pub fn apply(&mut self, _document: &Document) -> Applied {
        todo!()
    }

    /// Starts over in a new subscription: versions are scoped to one, so the next document must be full and is taken
    /// whatever its version. What is shown stays until then.
    pub fn resubscribe(&mut self) {
        todo!()
    }
}
