//! Hosts of URIs and Via values: a name, an IPv4 address, or an IPv6 address in brackets (RFC 3261 section 25.1,
//! `host`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::wire::text::{any, decimal, find, split_str_once};

/// No name holds it. An underscore is against the grammar and common in the field.
const fn is_bad(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    !(is_letter | is_digit | (byte == b'-') | (byte == b'.') | (byte == b'_'))
}

/// A host as it stands in a URI or in a Via. Names are equal without case, addresses by their bits (RFC 5954 section
/// 4.2).
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A domain name.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, written in square brackets.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads `host [":" port]` without white space.
    pub(crate) fn parse_hostport(text: &'a str) -> Result<(Self, Option<u16>), &'static str> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) =
                    split_str_once(rest, b']').ok_or("an IPv6 address without its closing bracket")?;
                (Self::V6(address.parse().map_err(|_| "not an IPv6 address")?), port)
            }
            None => {
                let end = find(b':', text.as_bytes()).unwrap_or(text.len());
                let (host, port) = text.split_at_checked(end).unwrap_or((text, ""));
                (Self::parse_unbracketed(host)?, port)
            }
        };
        Ok((host, parse_port(port)?))
    }

    fn parse_unbracketed(host: &'a str) -> Result<Self, &'static str> {
        if host.is_empty() {
            return Err("no host");
        }
        if any(host.as_bytes(), is_bad) {
            return Err("a character that no host holds");
        }
        // Only something like `10.0.0.1` is worth the attempt: a top label starts with a letter.
        let is_numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let address = if is_numeric { host.parse().ok() } else { None };
        Ok(address.map_or(Self::Name(host), Self::V4))
    }

    /// The address, unless it is a name.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

fn parse_port(text: &str) -> Result<Option<u16>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    text.strip_prefix(':')
        .and_then(|digits| decimal(digits.as_bytes()))
        .and_then(|port| u16::try_from(port).ok())
        .map(Some)
        .ok_or("a port that is no number of 16 bits")
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

impl Hash for Host<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
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
