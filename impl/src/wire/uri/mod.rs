//! URIs: sip and sips (RFC 3261 section 19.1), tel (RFC 3966), urn and everything else as opaque text (RFC 3986).
//!
//! A URI is kept as written. Equivalence by section 19.1.4 is a question of its own ([`Uri::equivalent`]), apart from
//! `==`, which compares the text. The ABNF decides where the user part ends: it may hold `;`, `?` and `&`, while an `@`
//! stands raw nowhere else, so the first `@` closes it.

mod compare;
mod host;
mod owned;
mod percent;
mod telephone;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

use super::header::Params;
use super::text::{any, find, find_any, split_str_once};

pub use host::Host;
pub use owned::OwnedUri;
pub(crate) use percent::stands_in_headers_part;
pub use percent::{percent_decode, percent_encode};
pub use telephone::{TelephoneError, TelephoneSubscriber};

/// Why bytes are not a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("not a URI, byte {at}: {what}")]
pub struct UriError {
    /// What is wrong.
    pub what: &'static str,
    /// Byte offset in the text.
    pub at: usize,
}

/// Scheme of a URI; compared without case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme<'a> {
    /// `sip`
    Sip,
    /// `sips`
    Sips,
    /// `tel`
    Tel,
    /// `urn`
    Urn,
    /// Any other, as written.
    Other(&'a str),
}

impl<'a> Scheme<'a> {
    /// The scheme of this name; `None` if it is none.
    fn from_text(scheme: &'a str) -> Option<Self> {
        const KNOWN: [(&str, Scheme<'_>); 4] =
            [("sip", Scheme::Sip), ("sips", Scheme::Sips), ("tel", Scheme::Tel), ("urn", Scheme::Urn)];
        let is_scheme_char = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        match scheme.as_bytes() {
            b"sip" => Some(Self::Sip),
            [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(is_scheme_char) => {
                let known = KNOWN.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
                Some(known.map_or(Self::Other(scheme), |(_, known)| known))
            }
            _ => None,
        }
    }
}

/// A borrowed URI, kept as written.
#[derive(Clone, Copy, Debug)]
pub struct Uri<'a> {
    text: &'a str,
    scheme: Scheme<'a>,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: Option<Host<'a>>,
    port: Option<u16>,
    /// Hostport of a SIP URI, number of a tel URI, everything behind the scheme of another one.
    body: &'a str,
    params: &'a str,
    headers: Option<&'a str>,
}

/// Where the parts of a SIP URI are separated.
#[derive(Clone, Copy, Debug, Default)]
struct Separators {
    /// The first colon behind the scheme, if it stands before the `@`: the password's.
    password: Option<usize>,
    at: Option<usize>,
    /// The first semicolon, behind the `@` if there is one.
    params: Option<usize>,
    /// The first question mark, behind the `@` if there is one.
    headers: Option<usize>,
}

impl Separators {
    /// The separators behind the scheme, which is `start` bytes long with its colon.
    fn find(text: &[u8], start: usize) -> Self {
        let at = text.get(start..).and_then(|rest| find(b'@', rest)).map(|found| start + found);
        let user = text.get(start..at.unwrap_or(start)).unwrap_or_default();
        let password = find(b':', user).map(|found| start + found);
        let host = at.map_or(start, |at| at + 1);
        let rest = text.get(host..).unwrap_or_default();
        let end = find_any([b';', b'?'], rest);
        let params = end.filter(|end| rest.get(*end) == Some(&b';'));
        let question = end.and_then(|end| Some(end + find(b'?', rest.get(end..)?)?));
        let [params, headers] = [params, question].map(|found| found.map(|found| host + found));
        Self { password, at, params, headers }
    }
}

/// No URI holds it: it is not visible ASCII, or one of the three that close a URI around it.
const fn is_bad(byte: u8) -> bool {
    (byte <= b' ') | (byte >= 0x7f) | (byte == b'<') | (byte == b'>') | (byte == b'"')
}

/// The text between two separators, of which the first is left out.
fn between(text: &str, separator: usize, end: usize) -> &str {
    text.get(separator + 1..end).unwrap_or_default()
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets.
    ///
    /// # Errors
    /// There is no scheme, a byte is not visible ASCII, or a SIP URI has no host or a bad port.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UriError> {
        if any(bytes, is_bad) {
            let at = bytes.iter().position(|byte| is_bad(*byte)).unwrap_or_default();
            return Err(UriError { what: "a character that no URI holds", at });
        }
        std::str::from_utf8(bytes)
            .map_err(|error| UriError { what: "not ASCII", at: error.valid_up_to() })
            .and_then(Self::read)
    }

    /// Reads text without characters that no URI holds.
    fn read(text: &'a str) -> Result<Self, UriError> {
        let no_scheme = UriError { what: "no scheme", at: 0 };
        let (name, body) = split_str_once(text, b':').ok_or(no_scheme)?;
        let uri = Self { scheme: Scheme::from_text(name).ok_or(no_scheme)?, body, ..Self::opaque(text) };
        match uri.scheme {
            Scheme::Sip | Scheme::Sips => uri.with_sip_parts(name.len()),
            Scheme::Tel => {
                let (body, params) = split_str_once(body, b';').unwrap_or((body, ""));
                Ok(Self { body, params, ..uri })
            }
            Scheme::Urn | Scheme::Other(_) => Ok(uri),
        }
    }

    const fn opaque(text: &'a str) -> Self {
        Self {
            text,
            scheme: Scheme::Other(""),
            user: None,
            password: None,
            host: None,
            port: None,
            body: text,
            params: "",
            headers: None,
        }
    }

    /// Takes everything behind `sip:` apart (RFC 3261 section 25.1, `SIP-URI`); the colon stands at `scheme`.
    fn with_sip_parts(self, scheme: usize) -> Result<Self, UriError> {
        let text = self.text;
        let Separators { password, at, params, headers } = Separators::find(text.as_bytes(), scheme + 1);
        let host_start = at.unwrap_or(scheme) + 1;
        let user = at.map(|at| between(text, scheme, password.unwrap_or(at)));
        if at == Some(scheme + 1) {
            return Err(UriError { what: "an empty user part", at: host_start });
        }
        let password = at.and_then(|at| Some(between(text, password?, at)));
        let params_end = headers.unwrap_or(text.len());
        let hostport = text.get(host_start..params.unwrap_or(params_end)).unwrap_or_default();
        let (host, port) = Host::parse_hostport(hostport).map_err(|what| UriError { what, at: host_start })?;
        let params = params.map_or("", |params| between(text, params, params_end));
        let headers = headers.map(|headers| between(text, headers, text.len()));
        Ok(Self { user, password, host: Some(host), port, body: hostport, params, headers, ..self })
    }

    /// The text as written.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The text as written.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Scheme.
    pub const fn scheme(&self) -> Scheme<'a> {
        self.scheme
    }

    /// Whether it is a sip or sips URI.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// User part of a SIP URI as written, with its own parameters, without the password.
    pub const fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// Password of a SIP URI (section 19.1.1 advises against it).
    pub const fn password(&self) -> Option<&'a str> {
        self.password
    }

    /// Host of a SIP URI.
    pub const fn host(&self) -> Option<Host<'a>> {
        self.host
    }

    /// Port of a SIP URI, if given.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Host and port of a SIP URI as written, the number of a tel URI, the opaque part of another one.
    pub const fn body(&self) -> &'a str {
        self.body
    }

    /// Parameters of a SIP or tel URI.
    pub const fn params(&self) -> Params<'a> {
        Params::new(self.params.as_bytes())
    }

    /// The value of a URI parameter; empty if it has none.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params().get(name)
    }

    /// Whether the URI has the `lr` parameter: a loose router (section 19.1.1).
    pub fn is_loose_router(&self) -> bool {
        self.params().contains("lr")
    }

    /// The headers part of a SIP URI as written, without the `?`.
    pub const fn headers_part(&self) -> Option<&'a str> {
        self.headers
    }

    /// Names and values of the headers part, each percent-decoded once; a `+` stays a plus (section 19.1.1).
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> + use<'a> {
        self.raw_headers().map(|(name, value)| (percent_decode(name.as_bytes()), percent_decode(value.as_bytes())))
    }

    /// Names and values of the headers part as written.
    pub(crate) fn raw_headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.headers
            .unwrap_or_default()
            .split('&')
            .filter(|header| !header.is_empty())
            .map(|header| header.split_once('=').unwrap_or((header, "")))
    }

    /// The value of the first header of this name in the headers part, percent-decoded once.
    pub fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.headers().find(|(header, _)| header.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> OwnedUri {
        OwnedUri::from_uri(self)
    }
}

impl PartialEq for Uri<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Uri<'_> {}

impl Hash for Uri<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn parts_of_sip_uris() {
        // text, user, password, host, port, parameters, headers part
        type Row<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a str, Option<u16>, &'a str, Option<&'a str>);
        let table: &[Row<'_>] = &[
            ("sip:example.org", None, None, "example.org", None, "", None),
            ("sip:alice@example.org:5070", Some("alice"), None, "example.org", Some(5070), "", None),
            ("SIPS:a:pw@10.0.0.1;lr", Some("a"), Some("pw"), "10.0.0.1", None, "lr", None),
            ("sip:[2001:db8::1]", None, None, "[2001:db8::1]", None, "", None),
            ("sip:[2001:DB8::1]:5060;lr", None, None, "[2001:db8::1]", Some(5060), "lr", None),
            ("sip:a@[::ffff:10.0.0.1]:5060?a=b", Some("a"), None, "[::ffff:10.0.0.1]", Some(5060), "", Some("a=b")),
            (
                "sip:+1;phone-context=x?y&z@h;user=phone",
                Some("+1;phone-context=x?y&z"),
                None,
                "h",
                None,
                "user=phone",
                None,
            ),
            ("sip:h?Subject=x;y", None, None, "h", None, "", Some("Subject=x;y")),
            ("sip:%40@h", Some("%40"), None, "h", None, "", None),
            // A headers part that is not encoded: the first `@` still closes the user part.
            ("sip:a@h?x=y@z", Some("a"), None, "h", None, "", Some("x=y@z")),
        ];
        for (text, user, password, host, port, params, headers) in table {
            let uri = uri(text);
            assert_eq!(uri.user(), *user, "{text}");
            assert_eq!(uri.password(), *password, "{text}");
            assert_eq!(uri.host().map(|host| host.to_string()).as_deref(), Some(*host), "{text}");
            assert_eq!(uri.port(), *port, "{text}");
            assert_eq!(uri.params().as_bytes(), params.as_bytes(), "{text}");
            assert_eq!(uri.headers_part(), *headers, "{text}");
            assert_eq!(uri.as_str(), *text);
        }
    }

    #[test]
    fn other_schemes() {
        let tel = uri("tel:+1-201-555-0123;phone-context=example.com");
        assert_eq!((tel.scheme(), tel.body()), (Scheme::Tel, "+1-201-555-0123"));
        assert_eq!(tel.param("phone-context"), Some(&b"example.com"[..]));
        let urn = uri("urn:urn-7:3gpp-service.ims.icsi.mmtel");
        assert_eq!((urn.scheme(), urn.body()), (Scheme::Urn, "urn-7:3gpp-service.ims.icsi.mmtel"));
        assert_eq!(uri("cid:cn35t8jf02@example.com").scheme(), Scheme::Other("cid"));
    }

    #[test]
    fn what_is_no_uri() {
        for text in [
            "",
            "*",
            "sip",
            ":x",
            "5sip:x",
            "sip:",
            "sip:@h",
            "sip:a@",
            "sip:a b@h",
            "sip:a@h:",
            "sip:a@h:99999",
            "sip:a@h:5060x",
            "sip:a@[::1",
            "sip:a@[::1]x",
            "sip:a@[g::1]",
            "sip:2001:db8::1",
            "sip:a@h>",
            "sip:é@h",
            "sip:a@h\r\n",
        ] {
            assert!(Uri::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_headers_part_is_decoded_exactly_once_and_a_plus_stays_a_plus() {
        let refer_to = uri(
            "sip:bob@ims.example;method=INVITE?Replaces=9d%402001%3Adb8%3A%3A1%3Bto-tag%3D77%2543%3Bfrom-tag%3D6+72&Require=replaces",
        );
        assert_eq!(refer_to.header("replaces").as_deref(), Some(&b"9d@2001:db8::1;to-tag=77%43;from-tag=6+72"[..]));
        assert_eq!(refer_to.header("REQUIRE").as_deref(), Some(&b"replaces"[..]));
        assert_eq!(refer_to.headers().count(), 2);
        assert_eq!(refer_to.param("method"), Some(&b"INVITE"[..]));
    }
}
