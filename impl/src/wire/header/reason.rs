//! Reason (RFC 3326 section 2).

use std::borrow::Cow;

use super::params::token_and_params;
use super::{Malformed, Params};
use crate::wire::text::decimal;

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
        let (protocol, params) = token_and_params(value, "no protocol")?;
        Ok(Self { protocol, params })
    }

    /// The `cause` parameter; for `SIP` a status code.
    pub fn cause(&self) -> Option<u32> {
        self.params.get("cause").and_then(decimal)
    }

    /// The `text` parameter without quotes and escapes.
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        self.params.find("text").map(|param| param.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        let reason = Reason::parse(br#"SIP ;cause=200 ;text="Call \"completed\" elsewhere""#).unwrap();
        assert_eq!((reason.protocol, reason.cause()), (&b"SIP"[..], Some(200)));
        assert_eq!(reason.text().as_deref(), Some(&br#"Call "completed" elsewhere"#[..]));
        assert_eq!(Reason::parse(b"Q.850;cause=16").unwrap().cause(), Some(16));
        assert!(Reason::parse(b"").is_err());
    }
}
