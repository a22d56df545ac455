//! Faults of the peer, as data: one variant per rule that a message can break on its own.
//!
//! The strict verdict layer of [`crate::wire`] produces them; nothing is refused because of them unless a role decides so.

use std::ops::Range;

/// One broken rule and where in the message it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Byte range in the datagram that breaks it.
    pub at: Range<usize>,
}

/// The rules that the strict layer of the codec checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A header field that every request needs is missing (RFC 3261 section 8.1.1).
    MissingMandatory,
}
