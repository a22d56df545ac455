//! The conference event package's document: `application/conference-info+xml` (RFC 4575).
//!
//! Read `document` first (what a document holds), then `read` and `write` (its XML), `roster` (the subscriber's
//! algorithm of section 4.6) and `diff` and `notifications` (the notifier's side of it).
//!
//! Reading is lenient where a subscriber can live with a broken rule and says so ([`Finding`]); it refuses a document
//! whose meaning would have to be guessed ([`DocumentError`]), because a wrong guess empties the roster.

mod diff;
mod document;
mod error;
mod extension;
mod merge;
mod notifications;
mod read;
mod roster;
mod rows;
mod token;
mod write;

pub use compact_str::CompactString;
pub use diff::diff;
pub use document::{
    AvailableMedium, CallInfo, Conference, ConferenceDescription, ConferenceState, Document, Endpoint, Execution,
    HostInfo, Media, Sidebar, SidebarsByRef, SidebarsByVal, SipDialogId, UriEntry, User, Users,
};
pub use error::{DocumentError, Fault, Finding, Position, Tolerated};
pub use extension::{Content, Extension, ExtensionAttribute};
pub use notifications::{Notifications, Versions, VersionsExhausted};
pub use read::{
    MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_EXTENSIONS, MAX_FINDINGS, MAX_NAMESPACES, MAX_NODES, MAX_ROWS, Reading,
    read,
};
pub use roster::{Applied, Discarded, Roster};
pub use rows::{Iter, Rows};
pub use token::{DisconnectionMethod, EndpointStatus, JoiningMethod, MediaStatus, State};

/// The media type of the document (RFC 4575 section 9.2).
pub const MEDIA_TYPE: &str = "application/conference-info+xml";

/// The namespace of its elements (RFC 4575 section 4.2).
pub const NAMESPACE: &str = "urn:ietf:params:xml:ns:conference-info";

#[cfg(test)]
mod arbitrary;
