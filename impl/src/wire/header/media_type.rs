//! Media types and media ranges: Content-Type (RFC 3261 section 20.15) and Accept (section 20.1).

use super::{Malformed, Params};

/// `type/subtype` with parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaType<'a> {
    /// Type, such as `application`; compared without case. `*` in a range.
    pub kind: &'a [u8],
    /// Subtype, such as `sdp`; compared without case. `*` in a range.
    pub subtype: &'a [u8],
    /// Parameters, such as `boundary` or `version`.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// It is not two tokens with a slash between them.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// Whether it is this type, without case and whatever its parameters: `is("message/sipfrag")`.
    pub fn is(&self, media_type: &str) -> bool {
        media_type.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind.as_bytes()) && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
        })
    }

    /// Whether this media range of an Accept covers the media type.
    pub fn covers(&self, media_type: &str) -> bool {
        media_type.split_once('/').is_some_and(|(kind, subtype)| {
            (self.kind == b"*" || self.kind.eq_ignore_ascii_case(kind.as_bytes()))
                && (self.subtype == b"*" || self.subtype.eq_ignore_ascii_case(subtype.as_bytes()))
        })
    }
}
