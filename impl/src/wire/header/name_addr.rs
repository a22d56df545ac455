//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route, Refer-To and more (RFC 3261 section
//! 20.10).

use std::borrow::Cow;

use super::params::params_or_nothing;
use super::{Malformed, Params};
use crate::wire::text::{is_token, quoted_len, split_once, trim, trim_end, trim_start, unquote};
use crate::wire::{OwnedUri, Uri};

/// A display name, a URI and header parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameAddr<'a> {
    /// The whole value as written, to be copied verbatim (route sets, From and To of responses).
    pub raw: &'a [u8],
    /// Display name as written, with its quotes; empty if there is none.
    pub display: &'a [u8],
    /// The URI, without angle brackets.
    pub uri: Uri<'a>,
    /// Whether the URI stood in angle brackets; without them every parameter belongs to the header.
    pub bracketed: bool,
    /// Header parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// There is no URI in it, or a bracket or quote is not closed.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let parts = Parts::of(value)?;
        let uri = parts.read_uri(value)?;
        let Parts { display, bracketed, params, .. } = parts;
        Ok(Self { raw: value, display, uri, bracketed, params })
    }

    /// The URI of a value; `known` itself, which is not read again, if it is the same text.
    pub(crate) fn uri_of(value: &'a [u8], known: &OwnedUri) -> Result<OwnedUri, Malformed> {
        let parts = Parts::of(value)?;
        if parts.uri == known.as_bytes() { Ok(known.clone()) } else { Ok(parts.read_uri(value)?.to_owned()) }
    }

    /// The `tag` parameter of a value whose URI is not looked at.
    pub(crate) fn tag_of(value: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        if let Some(tag) = plain_tag(value) {
            return Ok(Some(tag));
        }
        any_tag(value)
    }

    /// Display name without quotes and escapes.
    pub fn display_name(&self) -> Cow<'a, [u8]> {
        unquote(self.display)
    }

    /// The `tag` parameter of From and To (RFC 3261 section 19.3); `None` if it is missing or empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The value of a header parameter, without quotes; empty if it has none.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params.get(name)
    }

    /// Whether the feature tag `isfocus` is set: bare or `"TRUE"`, not `"FALSE"` (RFC 3840 sections 9 and 10.18).
    pub fn is_focus(&self) -> bool {
        self.params.find("isfocus").is_some_and(|flag| match flag.value {
            None => true,
            Some(_) => flag.text().eq_ignore_ascii_case(b"TRUE"),
        })
    }
}

/// A value taken apart, its URI unread.
struct Parts<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    bracketed: bool,
    params: Params<'a>,
}

impl<'a> Parts<'a> {
    fn of(value: &'a [u8]) -> Result<Self, Malformed> {
        let (display, rest) = split_display(value)?;
        let Some(inside) = rest.strip_prefix(b"<") else {
            let (uri, params) = split_once(rest, b';').unwrap_or((rest, &[]));
            return Ok(Self { display, uri: trim(uri), bracketed: false, params: Params::new(params) });
        };
        let (uri, params) = split_once(inside, b'>')
            .ok_or_else(|| Malformed::at("an angle bracket that is not closed", value, rest))?;
        Ok(Self { display, uri: trim(uri), bracketed: true, params: params_or_nothing(value, trim(params))? })
    }

    fn read_uri(&self, value: &[u8]) -> Result<Uri<'a>, Malformed> {
        Uri::parse(self.uri)
            .map_err(|error| Malformed { what: error.what, at: Malformed::at("", value, self.uri).at + error.at })
    }
}

/// The tag of a value that is nothing but `<uri>;tag=token`.
fn plain_tag(value: &[u8]) -> Option<&[u8]> {
    let (_, params) = split_once(value.strip_prefix(b"<")?, b'>')?;
    params.strip_prefix(b";tag=").filter(|tag| is_token(tag))
}

/// The tag of any value.
fn any_tag(value: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    Parts::of(value).map(|parts| parts.params.get("tag").filter(|tag| !tag.is_empty()))
}

/// The display name and what follows it: a bracketed URI, or a bare one, which has no display name.
fn split_display(value: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let trimmed = trim_start(value);
    if trimmed.first() == Some(&b'"') {
        let (display, rest) = quoted_len(trimmed)
            .and_then(|length| trimmed.split_at_checked(length))
            .ok_or_else(|| Malformed::at("a quote that is not closed", value, trimmed))?;
        let rest = trim_start(rest);
        return match rest.first() {
            Some(b'<') => Ok((display, rest)),
            _ => Err(Malformed::at("no angle bracket behind the display name", value, rest)),
        };
    }
    // A bracket behind a semicolon or a quote belongs to a parameter: `sip:a@b;+sip.instance="<urn:x>"`.
    let (display, rest) = trimmed
        .iter()
        .position(|byte| matches!(byte, b'<' | b';' | b'"'))
        .filter(|at| trimmed.get(*at) == Some(&b'<'))
        .and_then(|at| trimmed.split_at_checked(at))
        .unwrap_or((&[], trimmed));
    Ok((trim_end(display), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_addr_and_addr_spec() {
        // value, display name, URI, header parameters
        for (value, display, uri, params) in [
            (r#""Alice" <sip:a@h>;tag=1"#, "Alice", "sip:a@h", "tag=1"),
            (r#""A \"B\" <C>, D" <sip:a@h;lr>"#, "A \"B\" <C>, D", "sip:a@h;lr", ""),
            ("Alice B <sip:a@h?x=y> ; tag=1", "Alice B", "sip:a@h?x=y", " tag=1"),
            ("<sip:a@h;lr>;x", "", "sip:a@h;lr", "x"),
            ("< sip:a@h >", "", "sip:a@h", ""),
            // Without brackets every parameter belongs to the header (RFC 3261 section 20.10).
            ("sip:a@h;isfocus;tag=1", "", "sip:a@h", "isfocus;tag=1"),
            (r#"sip:a@h;+sip.instance="<urn:x>""#, "", "sip:a@h", r#"+sip.instance="<urn:x>""#),
            ("tel:+1\r\n ;x", "", "tel:+1", "x"),
        ] {
            let parsed = NameAddr::parse(value.as_bytes()).unwrap();
            assert_eq!(parsed.display_name(), display.as_bytes(), "{value}");
            assert_eq!(parsed.uri.as_str(), uri, "{value}");
            assert_eq!(parsed.params.as_bytes(), params.as_bytes(), "{value}");
            assert_eq!(parsed.bracketed, value.contains("sip:a@h") && value.contains("<") && !value.contains("urn"));
        }
    }

    #[test]
    fn the_short_way_to_a_tag_says_what_the_long_way_says() {
        for (value, tag) in [
            ("<sip:a@h>;tag=1", Some("1")),
            ("<sip:a@h;tag=2>;tag=1", Some("1")),
            ("<sip:a@h>;tag=1;x=2", None),
            ("<sip:a@h>;TAG=1", None),
            ("<sip:a@h>;tag=", None),
            ("<sip:a@h>;tag=\"1\"", None),
            ("<sip:a@h>", None),
            ("<sip:a@h;tag=1", None),
            ("\"A\" <sip:a@h>;tag=1", None),
            ("sip:a@h;tag=1", None),
        ] {
            assert_eq!(plain_tag(value.as_bytes()), tag.map(str::as_bytes), "{value}");
            assert_eq!(NameAddr::tag_of(value.as_bytes()), any_tag(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_is_no_name_addr_and_where() {
        for (value, at) in [
            ("", 0),
            ("*", 0),
            ("<sip:a@h", 0),
            (r#""open <sip:a@h>"#, 0),
            (r#""Alice" sip:a@h"#, 8),
            ("<sip:a@h> tag=1", 10),
            ("Alice <sip:a b@h>", 12),
        ] {
            assert_eq!(NameAddr::parse(value.as_bytes()).map_err(|error| error.at), Err(at), "{value}");
        }
    }

    #[test]
    fn isfocus_is_a_header_parameter() {
        for (value, is_focus) in [
            ("<sip:c@h>;isfocus", true),
            ("<sip:c@h>;IsFocus", true),
            (r#"<sip:c@h>;isfocus="TRUE""#, true),
            (r#"<sip:c@h>;isfocus="FALSE""#, false),
            ("<sip:c@h;isfocus>", false),
            ("sip:c@h;isfocus", true),
            ("<sip:c@h>", false),
        ] {
            assert_eq!(NameAddr::parse(value.as_bytes()).unwrap().is_focus(), is_focus, "{value}");
        }
    }
}
