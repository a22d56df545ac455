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
        if let Some((address, port)) = Self::ipv4_and_port(text.as_bytes()) {
            return Ok((Self::V4(address), port));
        }
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

    /// Reads a plain `10.0.0.1` or `10.0.0.1:5060`; `None` for anything else, be it malformed or not.
    pub(crate) fn ipv4_and_port(text: &[u8]) -> Option<(Ipv4Addr, Option<u16>)> {
        let mut octets = [0; 4];
        let mut rest = text;
        for (place, octet) in octets.iter_mut().enumerate() {
            let part = if place == 0 { rest } else { rest.strip_prefix(b".")? };
            let (number, behind) = leading_number(part)?;
            *octet = u8::try_from(number).ok()?;
            rest = behind;
        }
        if rest.is_empty() {
            return Some((octets.into(), None));
        }
        let (port, behind) = leading_number(rest.strip_prefix(b":")?)?;
        behind.is_empty().then_some((octets.into(), Some(u16::try_from(port).ok()?)))
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

/// The number at the start, of five digits at most and without leading zeros, and what follows it.
fn leading_number(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut number, mut rest) = (0, text);
    while let Some((digit @ b'0'..=b'9', behind)) = rest.split_first() {
        if text.len() - rest.len() == 5 {
            return None;
        }
        number = number * 10 + u32::from(digit - b'0');
        rest = behind;
    }
    let leads_with_zero = text.first() == Some(&b'0') && text.len() - rest.len() > 1;
    (rest.len() < text.len() && !leads_with_zero).then_some((number, rest))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_an_ipv4_address_says_what_the_long_way_says() {
        for text in ["10.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.17:5070", "1.2.3.4:0", "1.2.3.4:65535"] {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            let read = (host.parse().unwrap(), port.parse().ok());
            assert_eq!(Host::ipv4_and_port(text.as_bytes()), Some(read), "{text}");
        }
        for text in [
            "",
            "1",
            "1.2.3",
            "1.2.3.",
            "1.2.3.4.",
            "1.2.3.4.5",
            "1..3.4",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.004",
            "a.2.3.4",
            "1.2.3.4:",
            "1.2.3.4:x",
            "1.2.3.4:65536",
            "1.2.3.4:05060",
            "1.2.3.4:5060 ",
            " 1.2.3.4",
            "99999999999.1.1.1",
        ] {
            assert_eq!(Host::ipv4_and_port(text.as_bytes()), None, "{text}");
        }
    }
}
