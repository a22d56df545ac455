//! Framing: start line, header field spans, body (RFC 3261 sections 7, 7.3.1 and 18.3); lenient on purpose.
//!
//! Accepted beyond the grammar: lines that end with LF alone, CRLFs before the start line (section 7.5), a missing empty
//! line at the very end, lines without a colon (kept, and named by the verdict), a body shorter than `Content-Length`.

use thiserror::Error;

/// Header fields whose spans are kept without an allocation.
pub const INLINE_FIELDS: usize = 64;
/// Most header fields in one message.
pub const MAX_FIELDS: usize = 256;
/// Longest start line or header field, folds included, in bytes.
pub const MAX_LINE: usize = 8_192;
/// Longest message in bytes: the largest datagram (RFC 3261 section 18.1.1).
pub const MAX_MESSAGE: usize = 65_535;

/// Why a datagram is not a SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("not a SIP message at byte {at}: {fault}")]
pub struct FramingError {
    /// What is wrong.
    pub fault: FramingFault,
    /// Byte position in the datagram.
    pub at: usize,
}

/// What makes a datagram unreadable as a SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum FramingFault {
    /// Nothing but line ends: a keep-alive (RFC 5626 section 4.4.1) or an empty datagram.
    #[error("nothing but line ends")]
    Empty,
    /// Longer than [`MAX_MESSAGE`].
    #[error("longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// The first line is neither a Request-Line nor a Status-Line (RFC 3261 sections 7.1, 7.2).
    #[error("neither a Request-Line nor a Status-Line")]
    StartLine,
    /// A line longer than [`MAX_LINE`].
    #[error("a line longer than {MAX_LINE} bytes")]
    LineTooLong,
    /// More header fields than [`MAX_FIELDS`].
    #[error("more than {MAX_FIELDS} header fields")]
    TooManyFields,
}
