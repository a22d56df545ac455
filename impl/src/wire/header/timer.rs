//! Headers that hold a time: Retry-After (RFC 3261 section 20.33) and Session-Expires (RFC 4028 section 4).

use super::{Malformed, Params};

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryAfter<'a> {
    /// Seconds.
    pub seconds: u32,
    /// Parameters, such as `duration`.
    pub params: Params<'a>,
}

impl<'a> RetryAfter<'a> {
    /// Reads the value; a comment is skipped.
    ///
    /// # Errors
    /// It does not begin with a number.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }
}

/// Who refreshes the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refresher {
    /// The caller of this transaction.
    Uac,
    /// The callee of this transaction.
    Uas,
}

/// Session interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionExpires<'a> {
    /// Seconds.
    pub seconds: u32,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> SessionExpires<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It does not begin with a number.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// The `refresher` parameter; `None` if it is missing or neither `uac` nor `uas`.
    pub fn refresher(&self) -> Option<Refresher> {
        todo!()
    }
}
