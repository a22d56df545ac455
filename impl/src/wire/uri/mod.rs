//! URIs: sip and sips (RFC 3261 section 19.1), tel (RFC 3966), urn and everything else as opaque text (RFC 3986).
//!
//! A URI is kept as written. Equivalence by section 19.1.4 is a question of its own ([`Uri::equivalent`]), apart from
//! `==`, which compares the text. The ABNF decides where the user part ends: it may hold `;`, `?` and `&`, while an `@`
//! stands raw nowhere else, so the first `@` closes it.

mod compare;
mod host;
mod layout;
mod owned;
mod percent;
mod telephone;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

use super::header::Params;
use super::text::any;
use layout::Layout;

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

/// A borrowed URI, kept as written.
#[derive(Clone, Copy, Debug)]
pub struct Uri<'a> {
    text: &'a str,
    layout: Layout,
}

/// No URI holds it: it is not visible ASCII, or one of the three that close a URI around it.
const fn is_bad(byte: u8) -> bool {
    (byte <= b' ') | (byte >= 0x7f) | (byte == b'<') | (byte == b'>') | (byte == b'"')
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

    /// Text without characters that no URI holds.
    fn read(text: &'a str) -> Result<Self, UriError> {
        Layout::read(text).map(|layout| Self { text, layout })
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
    pub fn scheme(&self) -> Scheme<'a> {
        self.layout.scheme(self.text)
    }

    /// Whether it is a sip or sips URI.
    pub const fn is_sip(&self) -> bool {
        self.layout.is_sip()
    }

    /// User part of a SIP URI as written, with its own parameters, without the password.
    pub fn user(&self) -> Option<&'a str> {
        self.layout.user(self.text)
    }

    /// Password of a SIP URI (section 19.1.1 advises against it).
    pub fn password(&self) -> Option<&'a str> {
        self.layout.password(self.text)
    }

    /// Host of a SIP URI.
    pub fn host(&self) -> Option<Host<'a>> {
        self.layout.host(self.text)
    }

    /// Port of a SIP URI, if given.
    pub const fn port(&self) -> Option<u16> {
        self.layout.port()
    }

    /// Host and port of a SIP URI as written, the number of a tel URI, the opaque part of another one.
    pub fn body(&self) -> &'a str {
        self.layout.body(self.text)
    }

    /// Parameters of a SIP or tel URI.
    pub fn params(&self) -> Params<'a> {
        Params::new(self.layout.params(self.text).as_bytes())
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
    pub fn headers_part(&self) -> Option<&'a str> {
        self.layout.headers(self.text)
    }

    /// Names and values of the headers part, each percent-decoded once; a `+` stays a plus (section 19.1.1).
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> + use<'a> {
        self.raw_headers().map(|(name, value)| (percent_decode(name.as_bytes()), percent_decode(value.as_bytes())))
    }

    /// Names and values of the headers part as written.
    pub(crate) fn raw_headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.headers_part()
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
