//! The notifier's memory of one subscriber: the last version sent and what it said (RFC 4575 sections 4.3 and 5.2).

use thiserror::Error;

use super::document::{Conference, Document};

/// The version cannot be raised any more; the subscription has to be ended instead of wrapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("the version of the conference document has reached its maximum; end the subscription")]
pub struct VersionsExhausted;

/// Documents sent to one subscriber: each has a version one higher than the one before, the first is full.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notifications {
    entity: String,
    next: Option<u32>,
    told: Option<Conference>,
}

impl Notifications {
    /// Nothing sent yet about the conference `entity`; the first document will have version `first`.
    pub fn new(entity: impl Into<String>, first: u32) -> Self {
        Self { entity: entity.into(), next: Some(first), told: None }
    }

    /// The full document that a SUBSCRIBE is owed.
    ///
    /// # Errors
    /// No version is left.
    pub fn full(&mut self, _now: &Conference) -> Result<Document, VersionsExhausted> {
        todo!()
    }

    /// What changed since the last document: nothing, or one partial document however many changes there were. Full if
    /// none was sent before or a partial one cannot say it.
    ///
    /// # Errors
    /// No version is left.
    pub fn change(&mut self, _now: &Conference) -> Result<Option<Document>, VersionsExhausted> {
        todo!()
    }

    /// The document that says that the conference is over.
    ///
    /// # Errors
    /// No version is left.
    pub fn deleted(&mut self) -> Result<Document, VersionsExhausted> {
        todo!()
    }
}
