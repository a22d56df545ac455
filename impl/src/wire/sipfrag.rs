//! `message/sipfrag` bodies of refer notifications (RFC 3420 section 2, RFC 3515 sections 2.4.4 and 2.4.5).
//!
//! A plain sipfrag may be any part of a message; that of a refer NOTIFY must begin with a complete Status-Line, and
//! header fields and an inner body may follow.

use thiserror::Error;

/// What a sipfrag of a refer NOTIFY says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusLine<'a> {
    /// Status code, 100 to 699.
    pub code: u16,
    /// Reason phrase, perhaps empty.
    pub phrase: &'a [u8],
    /// The header lines after the Status-Line, verbatim; empty if there are none.
    pub fields: &'a [u8],
    /// The body after an empty line; empty if there is none.
    pub body: &'a [u8],
}

/// Why a sipfrag says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum SipfragError {
    /// The fragment is empty.
    #[error("an empty fragment")]
    Empty,
    /// It does not begin with `SIP/2.0 code phrase`; the second space stays even if the phrase is empty.
    #[error("no complete Status-Line: byte {at}")]
    StatusLine {
        /// Byte position in the fragment.
        at: usize,
    },
    /// The code is not in 100..=699.
    #[error("status code {code} out of range")]
    Code {
        /// The code.
        code: u16,
    },
}

/// Reads the fragment; line ends may be LF alone, and the last one may be missing.
///
/// # Errors
/// It does not begin with a complete Status-Line.
pub fn parse(fragment: &[u8]) -> Result<StatusLine<'_>, SipfragError> {
    let _ = fragment;
    todo!()
}

/// A fragment of one Status-Line; CR and LF in `phrase` become spaces.
pub fn render(code: u16, phrase: &str) -> Vec<u8> {
    let _ = (code, phrase);
    todo!()
}
