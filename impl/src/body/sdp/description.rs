//! A session description as it was written, with what offer/answer needs from it taken out.

use std::borrow::Cow;

use thiserror::Error;

use super::flow::Flow;
use super::precondition::{PreconditionError, Preconditions};
use super::read::{self, Parts};
use crate::wire::{find, split_str_once};

/// Longest description that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most `m=` lines that are read.
pub const MAX_MEDIA: usize = 64;
/// Bytes that the attributes of a medium usually have at most.
pub(super) const USUAL_ATTRIBUTES: usize = 768;

/// Why a body is not a session description that we can work with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum SdpError {
    /// More bytes than are read at all.
    #[error("the description has {length} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes of the description.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// More media descriptions than are kept.
    #[error("the description has {count} media, more than the limit of {limit}")]
    TooManyMedia {
        /// Media of the description.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("the description is not UTF-8")]
    NotUtf8,
    /// A line breaks the grammar of RFC 8866 section 9; the text names the line.
    #[error("{0}")]
    Syntax(String),
    /// A mandatory line is missing.
    #[error("there is no `{0}=` line")]
    MissingLine(char),
    /// A precondition line cannot be read.
    #[error(transparent)]
    Precondition(#[from] PreconditionError),
}

/// Network, family and host, as in `c=` and at the end of `o=`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// `IN`.
    pub network: Cow<'static, str>,
    /// `IP4` or `IP6`.
    pub family: Cow<'static, str>,
    /// Address or name.
    pub host: String,
}

/// The `o=` line (RFC 8866 section 5.2): who describes the session, and which state of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// User name, `-` if there is none.
    pub username: Cow<'static, str>,
    /// Identifier of the session, decimal digits.
    pub session_id: String,
    /// Counts the changes of the description.
    pub version: u64,
    /// Host that wrote it.
    pub address: Address,
}

/// One `t=` line (RFC 8866 section 5.9), in seconds since 1900; `0 0` is a session without bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timing {
    /// Start.
    pub start: u64,
    /// Stop.
    pub stop: u64,
}

/// One `a=` line (RFC 8866 section 5.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute<'a> {
    /// Name.
    pub name: &'a str,
    /// What follows the colon, if there is one.
    pub value: Option<&'a str>,
}

/// The `a=` lines of one medium, in order. A description has many of them, so they share one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attributes {
    /// The lines as they are written, each with its `a=` and its CRLF.
    lines: String,
}

impl Attributes {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { lines: String::with_capacity(bytes) }
    }

    /// Every attribute.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.lines().map(|line| match split_str_once(line, b':') {
            Some((name, value)) => Attribute { name, value: Some(value) },
            None => Attribute { name: line, value: None },
        })
    }

    /// What follows each `a=`.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.lines.as_str();
        std::iter::from_fn(move || {
            let (line, behind) = rest.split_at_checked(find(b'\r', rest.as_bytes())?)?;
            rest = behind.get(2..)?;
            line.get(2..)
        })
    }

    /// The lines as they are written.
    pub(super) fn as_str(&self) -> &str {
        &self.lines
    }

    /// Adds a line: a name, and what follows the colon if there is anything. No part has a line end.
    #[inline]
    pub(super) fn push(&mut self, name: &str, value: &[&str]) {
        self.lines.push_str("a=");
        self.lines.push_str(name);
        if !value.is_empty() {
            self.lines.push(':');
        }
        value.iter().for_each(|part| self.lines.push_str(part));
        self.lines.push_str("\r\n");
    }

    /// Adds lines as they are written.
    pub(super) fn push_lines(&mut self, lines: &str) {
        self.lines.push_str(lines);
    }
}

/// One `m=` line and what belongs to it (RFC 8866 section 5.14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaDescription {
    /// `audio`, `video`, ...
    pub kind: Cow<'static, str>,
    /// Transport port; zero refuses or ends the stream (RFC 3264 sections 6 and 8.2).
    pub port: u16,
    /// `RTP/AVP`, ...
    pub protocol: Cow<'static, str>,
    /// Formats, for RTP payload type numbers, in order of preference, separated by single spaces.
    pub formats: String,
    /// Where to send; the session's address unless the media has its own.
    pub address: Option<Address>,
    /// Direction; the session's unless the media has its own; `sendrecv` if neither has one.
    pub flow: Flow,
    /// Preconditions.
    pub preconditions: Preconditions,
    /// Every attribute of the media, in order, those above included.
    pub attributes: Attributes,
}

/// A session description. The text is kept as it came and is what equality in the sense of RFC 3264 is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDescription {
    text: String,
    origin: Origin,
    timing: Vec<Timing>,
    media: Vec<MediaDescription>,
}

impl SessionDescription {
    /// Reads a body of type `application/sdp`.
    ///
    /// # Errors
    /// It breaks the grammar or a limit, or has no `o=` line, without which nothing can be said about its changes.
    pub fn read(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > MAX_BYTES {
            return Err(SdpError::TooLarge { length: body.len(), limit: MAX_BYTES });
        }
        let text = std::str::from_utf8(body).map_err(|_| SdpError::NotUtf8)?;
        let Parts { origin, timing, media } = read::read(text)?;
        Ok(Self { text: text.to_owned(), origin, timing, media })
    }

    /// A description of our own, whose text follows from its parts.
    pub(super) fn compose(text: String, origin: Origin, timing: Vec<Timing>, media: Vec<MediaDescription>) -> Self {
        Self { text, origin, timing, media }
    }

    /// The description as it was written, ready to be a body.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `o=` line.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The `t=` lines.
    pub fn timing(&self) -> &[Timing] {
        &self.timing
    }

    /// The media, in order.
    pub fn media(&self) -> &[MediaDescription] {
        &self.media
    }

    /// Whether every stream in use has what it must have, so that the session may be established (RFC 3312 section 4).
    pub fn preconditions_met(&self) -> bool {
        self.media_in_use().all(|media| media.preconditions.is_met())
    }

    /// Whether some stream in use has precondition lines at all.
    pub fn has_preconditions(&self) -> bool {
        self.media_in_use().any(|media| !media.preconditions.is_empty())
    }

    /// The streams that are neither refused nor ended.
    pub fn media_in_use(&self) -> impl Iterator<Item = &MediaDescription> {
        self.media.iter().filter(|media| media.port != 0)
    }

    fn lines_without_origin(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.starts_with("o="))
    }

    /// Whether `other` says the same, apart from the version in its `o=` line: line by line, whatever the line ends.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let (one, two) = (&self.origin, &other.origin);
        let same_origin =
            (&one.username, &one.session_id, &one.address) == (&two.username, &two.session_id, &two.address);
        // What the lines say differs only if the lines do, and is compared faster.
        same_origin
            && (&self.timing, &self.media) == (&other.timing, &other.media)
            && (self.text == other.text || self.lines_without_origin().eq(other.lines_without_origin()))
    }
}

impl MediaDescription {
    /// The formats, one by one.
    pub fn formats(&self) -> impl Iterator<Item = &str> {
        self.formats.split_ascii_whitespace()
    }

    /// The values of the attributes with the given name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.attributes.lines().filter_map(move |line| match line.strip_prefix(name)? {
            "" => Some(""),
            rest => rest.strip_prefix(':'),
        })
    }

    /// What an `rtpmap` or `fmtp` attribute says about a format.
    pub fn value_for(&self, name: &str, format: &str) -> Option<&str> {
        self.values(name).find_map(|value| {
            let (number, rest) = split_str_once(value, b' ')?;
            (number == format).then_some(rest.trim())
        })
    }
}

#[cfg(test)]
mod tests;
