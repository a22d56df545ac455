//! A whole SIP message as bytes, cheap to clone: transactions keep what they may have to send again.

use std::fmt;
use std::sync::Arc;

/// The bytes of one message. Equality and hash are those of the bytes; a clone shares them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Packet(Arc<Vec<u8>>);

impl Packet {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Packet {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl From<&[u8]> for Packet {
    fn from(bytes: &[u8]) -> Self {
        Self(Arc::new(bytes.to_vec()))
    }
}

impl fmt::Debug for Packet {
    /// The start line, which says which message it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.0.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        write!(f, "\"{}\"", line.escape_ascii())
    }
}
