//! Why a header field cannot be used.

use thiserror::Error;

use crate::wire::text::offset_in;

/// Why a header field of a message cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum HeaderError {
    /// It is not there.
    #[error("no {header} header field")]
    Missing {
        /// Canonical name of the header.
        header: &'static str,
    },
    /// Its value does not follow the grammar.
    #[error("{header} header field, byte {at}: {what}")]
    Malformed {
        /// Canonical name of the header.
        header: &'static str,
        /// What is wrong.
        what: &'static str,
        /// Byte offset in the datagram.
        at: usize,
    },
}

/// What is wrong with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("byte {at}: {what}")]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// Byte offset in the value.
    pub at: usize,
}

impl Malformed {
    /// The fault begins where `part` stands in `value`.
    pub(crate) fn at(what: &'static str, value: &[u8], part: &[u8]) -> Self {
        Self { what, at: offset_in(value, part).unwrap_or_default() }
    }

    /// The same fault, of a value that stands at `offset` in the datagram.
    pub(crate) const fn in_header(self, header: &'static str, offset: usize) -> HeaderError {
        HeaderError::Malformed { header, what: self.what, at: offset + self.at }
    }
}
