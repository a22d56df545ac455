//! The notifier's memory of one subscriber: the last version sent and what it said (RFC 4575 sections 4.3 and 5.2).

use thiserror::Error;

use super::diff::diff;
use super::document::{Conference, Document};

/// The version cannot be raised any more; the subscription has to be ended instead of wrapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("the version of the conference document has reached its maximum; end the subscription")]
pub struct VersionsExhausted;

/// The documents of one subscription, each with a version one higher than the one before. What the subscriber was told
/// last, its owner remembers; see [`Notifications`] for one that does so itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Versions {
    entity: String,
    next: Option<u32>,
}

impl Versions {
    /// Nothing sent yet about the conference `entity`; the first document will have version `first`.
    pub fn new(entity: impl Into<String>, first: u32) -> Self {
        Self { entity: entity.into(), next: Some(first) }
    }

    /// A full document.
    ///
    /// # Errors
    /// No version is left.
    pub fn full(&mut self, now: Conference) -> Result<Document, VersionsExhausted> {
        let version = self.raise()?;
        Ok(Document::full(self.entity.as_str(), version, now))
    }

    /// What turns `old` into `new`, as [`Notifications::change`] says it. Users who are the same in both may be left
    /// out of both.
    ///
    /// # Errors
    /// No version is left.
    pub fn between(&mut self, old: Conference, new: Conference) -> Result<Option<Document>, VersionsExhausted> {
        let old = Document::full(self.entity.as_str(), 0, old);
        let mut new = Document::full(self.entity.as_str(), 0, new);
        if old.content == new.content {
            return Ok(None);
        }
        new.version = self.raise()?;
        Ok(Some(diff(&old, &new)))
    }

    /// The document that says that the conference is over.
    ///
    /// # Errors
    /// No version is left.
    pub fn deleted(&mut self) -> Result<Document, VersionsExhausted> {
        let version = self.raise()?;
        Ok(Document::deleted(self.entity.as_str(), version))
    }

    /// The version of the document that is sent now; 4294967295 is the last one.
    fn raise(&mut self) -> Result<u32, VersionsExhausted> {
        let version = self.next.ok_or(VersionsExhausted)?;
        self.next = version.checked_add(1);
        Ok(version)
    }
}

/// Documents sent to one subscriber: each has a version one higher than the one before, the first is full.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notifications {
    versions: Versions,
    told: Option<Conference>,
}

impl Notifications {
    /// Nothing sent yet about the conference `entity`; the first document will have version `first`.
    pub fn new(entity: impl Into<String>, first: u32) -> Self {
        Self { versions: Versions::new(entity, first), told: None }
    }

    /// The full document that a SUBSCRIBE is owed, initial or refresh.
    ///
    /// # Errors
    /// No version is left.
    pub fn full(&mut self, now: &Conference) -> Result<Document, VersionsExhausted> {
        let document = self.versions.full(now.clone())?;
        self.told = Some(document.content.clone());
        Ok(document)
    }

    /// What changed since the last document: nothing, or one partial document however many changes there were. Full if
    /// none was sent before or a partial one cannot say it.
    ///
    /// # Errors
    /// No version is left.
    pub fn change(&mut self, now: &Conference) -> Result<Option<Document>, VersionsExhausted> {
        let Some(told) = &self.told else { return self.full(now).map(Some) };
        let document = self.versions.between(told.clone(), now.clone())?;
        self.told = Some(now.clone());
        Ok(document)
    }

    /// The document that says that the conference is over.
    ///
    /// # Errors
    /// No version is left.
    pub fn deleted(&mut self) -> Result<Document, VersionsExhausted> {
        self.versions.deleted()
    }
}

#[cfg(test)]
mod tests;
