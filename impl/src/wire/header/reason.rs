//! Reason (RFC 3326 section 2).

use std::borrow::Cow;

use super::{Malformed, Params};

/// Why a request was sent or a response given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason<'a> {
    /// Protocol, such as `SIP` or `Q.850`; compared without case.
    pub protocol: &'a [u8],
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// There is no protocol token.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// The `cause` parameter; for `SIP` a status code.
    pub fn cause(&self) -> Option<u32> {
        self.params.get("cause").and_then(crate::wire::text::decimal)
    }

    /// The `text` parameter without quotes and escapes.
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        self.params.iter().find(|param| param.name.eq_ignore_ascii_case(b"text")).map(|param| param.text())
    }
}
