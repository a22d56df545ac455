//! URIs: sip and sips (RFC 3261 section 19.1), tel (RFC 3966), urn and everything else as opaque text (RFC 3986).
//!
//! A URI is kept as written. Comparison by section 19.1.4 is a question of its own ([`Uri::equivalent`]), apart from `==`,
//! which compares the text.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

use super::header::Params;

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

/// A host as it stands in a URI or in a Via.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A domain name; compared without case.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, written in square brackets.
    V6(Ipv6Addr),
}

impl Host<'_> {
    /// The address, unless it is a name.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(two)) => one.eq_ignore_ascii_case(two),
            (Self::V4(one), Self::V4(two)) => one == two,
            (Self::V6(one), Self::V6(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl std::hash::Hash for Host<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Name(name) => name.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase())),
            Self::V4(address) => address.hash(state),
            Self::V6(address) => address.hash(state),
        }
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// A borrowed URI, kept as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uri<'a> {
    text: &'a str,
    scheme: Scheme<'a>,
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets.
    ///
    /// # Errors
    /// There is no scheme, a byte is not visible ASCII, or a SIP URI has no host or a bad port.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UriError> {
        let _ = bytes;
        todo!()
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
    pub fn user(&self) -> Option<&'a str> {
        todo!()
    }

    /// Password of a SIP URI (section 19.1.1 advises against it).
    pub fn password(&self) -> Option<&'a str> {
        todo!()
    }

    /// Host of a SIP URI.
    pub fn host(&self) -> Option<Host<'a>> {
        todo!()
    }

    /// Port of a SIP URI, if given.
    pub fn port(&self) -> Option<u16> {
        todo!()
    }

    /// The subscriber number of a tel URI or the opaque part of another one; of a SIP URI the hostport.
    pub fn body(&self) -> &'a str {
        todo!()
    }

    /// Parameters of a SIP or tel URI.
    pub fn params(&self) -> Params<'a> {
        todo!()
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
        todo!()
    }

    /// Names and values of the headers part, each percent-decoded once; a `+` stays a plus (section 19.1.1).
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> + use<'a> {
        std::iter::empty()
    }

    /// The value of the first header of this name in the headers part, percent-decoded once.
    pub fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.headers().find(|(header, _)| header.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Whether the two URIs are equivalent by RFC 3261 section 19.1.4 (sip, sips), RFC 3966 section 4 (tel), or, for other
    /// schemes, the same text but for the case of the scheme.
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        let _ = other;
        todo!()
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> OwnedUri {
        OwnedUri { text: self.text.to_owned() }
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A URI that owns its text, kept as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnedUri {
    text: String,
}

impl OwnedUri {
    /// The borrowed view.
    pub fn as_uri(&self) -> Uri<'_> {
        todo!()
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI without its headers part and without the `method` parameter: what a request to a Refer-To target has as
    /// Request-URI (RFC 3261 section 19.1.5).
    pub fn without_headers_and_method(&self) -> Self {
        todo!()
    }

    /// The URI with a further parameter, before the headers part; characters that may not stand there are
    /// percent-encoded. Without a value, the bare name.
    #[must_use]
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Self {
        let _ = (name, value);
        todo!()
    }

    /// The URI with a further header in its headers part, percent-encoded.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &[u8]) -> Self {
        let _ = (name, value);
        todo!()
    }
}

impl fmt::Display for OwnedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for OwnedUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Uri::parse(text.as_bytes()).map(|uri| uri.to_owned())
    }
}
