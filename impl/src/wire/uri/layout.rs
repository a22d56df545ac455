//! Where the parts of a URI stand: found once, kept as a few numbers beside the text.
//!
//! RFC 3261 section 25.1 (`SIP-URI`), RFC 3966 (`telephone-uri`), RFC 3986 (everything else). Read first:
//! [`Layout::read`].

use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use super::{Host, Scheme, UriError};
use crate::wire::text::{find, find_any};

/// A position in the text behind its first byte, where no separator stands.
type Place = NonZeroU32;

/// What the text of a URI consists of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    kind: Kind,
    /// Where the part behind the scheme and its colon begins.
    start: u32,
    /// The first colon behind the scheme, if it stands before the `@`: the password's.
    password: Option<Place>,
    at: Option<Place>,
    /// The first semicolon, behind the `@` if there is one.
    params: Option<Place>,
    /// The first question mark, behind the `@` if there is one.
    headers: Option<Place>,
    host: Literal,
    port: Option<u16>,
    /// Nothing but `sip:user@host`, perhaps with a port, and no escape in the user part.
    is_address: bool,
}

/// [`Scheme`] without text.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Sip,
    Sips,
    Tel,
    Urn,
    Other,
}

/// [`Host`] without text.
#[derive(Clone, Copy, Debug)]
enum Literal {
    Name,
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Positions that are to be kept: the text is not longer than they can tell, and a separator is never its first byte.
fn place(position: usize) -> Option<Place> {
    u32::try_from(position).ok().and_then(Place::new)
}

/// The text between two positions.
fn between(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

impl Layout {
    /// The layout of text that is no URI: all of it is the part behind a scheme without a name.
    pub(super) const OPAQUE: Self = Self::behind(Kind::Other, 0);

    const fn behind(kind: Kind, start: u32) -> Self {
        let (host, port) = (Literal::Name, None);
        Self { kind, start, password: None, at: None, params: None, headers: None, host, port, is_address: false }
    }

    /// Reads text without characters that no URI holds.
    ///
    /// # Errors
    /// There is no scheme, or a SIP URI has no host or a bad port.
    pub(super) fn read(text: &str) -> Result<Self, UriError> {
        let no_scheme = UriError { what: "no scheme", at: 0 };
        let colon = text.bytes().position(|byte| byte == b':').ok_or(no_scheme)?;
        let kind = Kind::of(between(text, 0, colon)).ok_or(no_scheme)?;
        let too_long = UriError { what: "longer than 4 GiB", at: u32::MAX as usize };
        u32::try_from(text.len()).map_err(|_| too_long)?;
        let layout = Self::behind(kind, place(colon + 1).map_or(0, Place::get));
        match kind {
            Kind::Sip | Kind::Sips => layout.with_sip_parts(text),
            Kind::Tel => {
                let semicolon = find(b';', between(text, colon + 1, text.len()).as_bytes());
                Ok(Self { params: semicolon.and_then(|found| place(colon + 1 + found)), ..layout })
            }
            Kind::Urn | Kind::Other => Ok(layout),
        }
    }

    /// Finds what separates the parts behind `sip:`, and reads the host.
    fn with_sip_parts(self, text: &str) -> Result<Self, UriError> {
        let (bytes, start) = (text.as_bytes(), self.start());
        let at = bytes.get(start..).and_then(|rest| find(b'@', rest)).map(|found| start + found);
        if at == Some(start) {
            return Err(UriError { what: "an empty user part", at: start + 1 });
        }
        let user = bytes.get(start..at.unwrap_or(start)).unwrap_or_default();
        let password = find(b':', user).map(|found| start + found);
        let host_start = at.map_or(start, |at| at + 1);
        let rest = bytes.get(host_start..).unwrap_or_default();
        let end = find_any([b';', b'?'], rest);
        let params = end.filter(|end| rest.get(*end) == Some(&b';'));
        let headers = end.and_then(|end| Some(end + find(b'?', rest.get(end..)?)?));
        let hostport = between(text, host_start, end.map_or(text.len(), |end| host_start + end));
        let (host, port) = Host::parse_hostport(hostport).map_err(|what| UriError { what, at: host_start })?;
        let host = match host {
            Host::Name(_) => Literal::Name,
            Host::V4(address) => Literal::V4(address),
            Host::V6(address) => Literal::V6(address),
        };
        let is_address = matches!(self.kind, Kind::Sip)
            && at.is_some()
            && password.is_none()
            && end.is_none()
            && find_any([b'%', b';', b'?'], user).is_none();
        let behind_host = |found| place(host_start + found);
        let (params, headers) = (params.and_then(behind_host), headers.and_then(behind_host));
        let (password, at) = (password.and_then(place), at.and_then(place));
        Ok(Self { password, at, params, headers, host, port, is_address, ..self })
    }

    fn start(&self) -> usize {
        self.start as usize
    }

    pub(super) fn scheme<'a>(&self, text: &'a str) -> Scheme<'a> {
        match self.kind {
            Kind::Sip => Scheme::Sip,
            Kind::Sips => Scheme::Sips,
            Kind::Tel => Scheme::Tel,
            Kind::Urn => Scheme::Urn,
            Kind::Other => Scheme::Other(between(text, 0, self.start().saturating_sub(1))),
        }
    }

    pub(super) const fn is_sip(&self) -> bool {
        matches!(self.kind, Kind::Sip | Kind::Sips)
    }

    pub(super) fn user<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(between(text, self.start(), index(self.password.or(self.at))?))
    }

    /// The user part of a URI that is nothing but an address and has no escapes in it: two of them that differ are not
    /// the same user.
    pub(super) fn plain_user<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.user(text).filter(|_| self.is_address)
    }

    pub(super) fn password<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(between(text, index(self.password)? + 1, index(self.at)?))
    }

    pub(super) fn host<'a>(&self, text: &'a str) -> Option<Host<'a>> {
        if !self.is_sip() {
            return None;
        }
        Some(match self.host {
            Literal::V4(address) => Host::V4(address),
            Literal::V6(address) => Host::V6(address),
            Literal::Name => {
                let hostport = self.body(text);
                let end = find(b':', hostport.as_bytes()).unwrap_or(hostport.len());
                Host::Name(between(hostport, 0, end))
            }
        })
    }

    pub(super) const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Hostport of a SIP URI, number of a tel URI, everything behind the scheme of another one.
    pub(super) fn body<'a>(&self, text: &'a str) -> &'a str {
        let start = index(self.at).map_or(self.start as usize, |at| at + 1);
        between(text, start, index(self.params.or(self.headers)).unwrap_or(text.len()))
    }

    pub(super) fn params<'a>(&self, text: &'a str) -> &'a str {
        let end = index(self.headers).unwrap_or(text.len());
        index(self.params).map_or("", |params| between(text, params + 1, end))
    }

    pub(super) fn headers<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(between(text, index(self.headers)? + 1, text.len()))
    }
}

fn index(place: Option<Place>) -> Option<usize> {
    place.map(|place| place.get() as usize)
}

impl Kind {
    /// The kind of the scheme of this name; `None` if it is none.
    fn of(scheme: &str) -> Option<Self> {
        const KNOWN: [(&str, Kind); 4] =
            [("sip", Kind::Sip), ("sips", Kind::Sips), ("tel", Kind::Tel), ("urn", Kind::Urn)];
        let is_scheme_char = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        match scheme.as_bytes() {
            b"sip" => Some(Self::Sip),
            [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(is_scheme_char) => {
                let known = KNOWN.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
                Some(known.map_or(Self::Other, |(_, known)| known))
            }
            _ => None,
        }
    }
}
