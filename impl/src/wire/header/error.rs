//! Why a header field cannot be used.

use thiserror::Error;

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
