//! The notifier's memory of one subscriber: the last version sent and what it said (RFC 4575 sections 4.3 and 5.2).

use thiserror::Error;

use super::diff::diff;
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

    /// The full document that a SUBSCRIBE is owed, initial or refresh.
    ///
    /// # Errors
    /// No version is left.
    pub fn full(&mut self, now: &Conference) -> Result<Document, VersionsExhausted> {
        let version = self.raise()?;
        let document = Document::full(self.entity.as_str(), version, now.clone());
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
        let old = Document::full(self.entity.as_str(), 0, told.clone());
        let mut new = Document::full(self.entity.as_str(), 0, now.clone());
        if old.content == new.content {
            return Ok(None);
        }
        new.version = self.raise()?;
        let document = diff(&old, &new);
        self.told = Some(new.content);
        Ok(Some(document))
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

#[cfg(test)]
mod tests;
