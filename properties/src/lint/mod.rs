//! What is wrong with one message, or with one body: every rule that it breaks, with clause, level and byte range.
//!
//! The rules are those of the codec's strict layer ([`imsconf::wire::verdict`], [`imsconf::body`]); here they are
//! brought into one form, and a message is judged together with its body. Read [`Linter::lint`] first, then `body.rs`.

mod body;
mod message;
mod recognise;

use std::fmt;
use std::ops::Range;

use imsconf::violation::Strength;
use thiserror::Error;

use crate::catalogue::{Catalogue, CatalogueError, Keyword};
pub use crate::level::{Level, Profile};

/// What some octets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One SIP message, as it stands in a datagram.
    Datagram,
    /// SIP messages one behind the other, as they come over TCP or TLS.
    Stream,
    /// `application/conference-info+xml` (RFC 4575).
    ConferenceInfo,
    /// `message/sipfrag` (RFC 3420).
    Sipfrag,
    /// `application/sdp` (RFC 8866).
    Sdp,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Datagram, Self::Stream, Self::ConferenceInfo, Self::Sipfrag, Self::Sdp];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Datagram => "datagram",
            Self::Stream => "stream",
            Self::ConferenceInfo => "conference-info",
            Self::Sipfrag => "sipfrag",
            Self::Sdp => "sdp",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable identifier of the rule.
    pub rule: &'static str,
    /// Where the rule stands.
    pub clause: String,
    /// How serious it is.
    pub level: Level,
    /// Byte range in what was judged; empty where something is missing.
    pub at: Range<usize>,
    /// What is broken, in a few words.
    pub text: String,
}

/// Why some octets cannot be judged.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// Nothing of what can be judged begins like this.
    #[error(
        "neither a SIP message, a conference-info document, a sipfrag nor a session description: say which with --as"
    )]
    Unrecognised,
    /// More than the reader takes; whether it is right is not known.
    #[error("{0}: this is a limit of the reader, no fault")]
    Limit(String),
}

/// What these octets are, by what they begin with.
///
/// # Errors
/// They begin like nothing that can be judged.
pub fn recognise(bytes: &[u8]) -> Result<Kind, Unreadable> {
    recognise::kind(bytes).ok_or(Unreadable::Unrecognised)
}

/// Judges octets by the documents that a profile goes by.
#[derive(Debug)]
pub struct Linter {
    catalogue: Catalogue,
    profile: Profile,
}

impl Linter {
    /// A linter for this profile.
    ///
    /// # Errors
    /// The requirements that the program carries are broken.
    pub fn new(profile: Profile) -> Result<Self, CatalogueError> {
        Ok(Self { catalogue: Catalogue::load()?, profile })
    }

    /// Every rule that these octets break, in the order of the byte ranges.
    ///
    /// # Errors
    /// They are beyond a limit of the reader.
    pub fn lint(&self, bytes: &[u8], kind: Kind) -> Result<Vec<Finding>, Unreadable> {
        let mut judge = Judge { linter: self, findings: Vec::new() };
        match kind {
            Kind::Datagram => message::datagram(bytes, &mut judge)?,
            Kind::Stream => message::stream(bytes, &mut judge)?,
            Kind::ConferenceInfo => body::conference_info(bytes, 0, &mut judge)?,
            Kind::Sipfrag => body::sipfrag(bytes, 0, &mut judge),
            Kind::Sdp => body::sdp(bytes, 0, &mut judge),
        }
        let mut findings = judge.findings;
        findings.sort_by_key(|finding| (finding.at.start, finding.at.end));
        Ok(findings)
    }
}

/// What has been found so far.
struct Judge<'l> {
    linter: &'l Linter,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn add(&mut self, rule: &'static str, clause: &str, level: Level, at: Range<usize>, text: impl Into<String>) {
        self.findings.push(Finding { rule, clause: clause.to_owned(), level, at, text: text.into() });
    }

    /// Source and level of the requirement that an identifier like `EV-30/root` begins with.
    fn requirement(&self, id: &str) -> (String, Level) {
        let row = self.linter.catalogue.requirement(id.split('/').next().unwrap_or_default());
        row.map_or_else(
            || (id.to_owned(), Level::Inconclusive),
            |row| {
                let level = match row.keyword {
                    Keyword::May => Level::Note,
                    Keyword::Should => Level::NonStrict,
                    Keyword::Must => Level::Fail,
                };
                (row.source.clone(), level)
            },
        )
    }
}

/// The level of a rule that its clause words so strongly.
const fn level(strength: Strength) -> Level {
    match strength {
        Strength::Note => Level::Note,
        Strength::Should => Level::NonStrict,
        Strength::Must => Level::Fail,
    }
}

/// The same range in the whole of which this is a part.
const fn shifted(at: &Range<usize>, by: usize) -> Range<usize> {
    at.start + by..at.end + by
}

#[cfg(test)]
mod tests;
