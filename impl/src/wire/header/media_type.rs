//! Media types and media ranges: Content-Type (RFC 3261 section 20.15) and Accept (section 20.1).

use super::params::params_or_nothing;
use super::{Malformed, Params};
use crate::wire::text::{same_word, split_str_once, split_token};

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
        let (kind, rest) = split_token(value);
        let subtype = rest.strip_prefix(b"/").ok_or_else(|| Malformed::at("no slash", value, rest))?;
        let (subtype, rest) = split_token(subtype);
        if kind.is_empty() || subtype.is_empty() {
            return Err(Malformed::at("no media type", value, rest));
        }
        Ok(Self { kind, subtype, params: params_or_nothing(value, rest)? })
    }

    /// Whether it is this type, without case and whatever its parameters: `is("message/sipfrag")`.
    pub fn is(&self, media_type: &str) -> bool {
        split_str_once(media_type, b'/').is_some_and(|(kind, subtype)| {
            same_word(self.kind, kind.as_bytes()) && same_word(self.subtype, subtype.as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_compared_without_case_and_parameters() {
        let sipfrag = MediaType::parse(b"Message / SIPfrag;version=2.0").unwrap();
        assert!(sipfrag.is("message/sipfrag") && !sipfrag.is("message/sip"));
        assert_eq!(sipfrag.params.get("version"), Some(&b"2.0"[..]));
        for (range, covered) in
            [(&b"*/*"[..], true), (b"application/*;q=0.1", true), (b"application/sdp", true), (b"text/*", false)]
        {
            assert_eq!(MediaType::parse(range).unwrap().covers("application/sdp"), covered, "{range:?}");
        }
        for value in [&b""[..], b"application", b"application/", b"/sdp", b"a/b c"] {
            assert!(MediaType::parse(value).is_err(), "{value:?}");
        }
    }
}
