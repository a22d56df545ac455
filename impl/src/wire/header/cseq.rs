//! CSeq (RFC 3261 section 20.16) and RAck (RFC 3262 section 7.2).

use super::Malformed;
use crate::wire::Method;
use crate::wire::text::{decimal, is_token, split_token};

/// Sequence number and method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CSeq<'a> {
    /// Sequence number, below 2^31 (section 8.1.1.5).
    pub number: u32,
    /// Method of the request, also in the response.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It is not a number of 32 bits and a method.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        Self::plain(value).map_or_else(|| Self::any(value), Ok)
    }

    /// [`CSeq::parse`] of any value.
    fn any(value: &'a [u8]) -> Result<Self, Malformed> {
        let (number, rest) = split_token(value);
        let number = decimal(number).ok_or_else(|| Malformed::at("no sequence number of 32 bits", value, number))?;
        Ok(Self { number, method: parse_method(value, rest)? })
    }

    /// A number, one space, and a method that is known.
    fn plain(value: &'a [u8]) -> Option<Self> {
        let digits = value.iter().position(|byte| *byte == b' ')?;
        let (number, method) = value.split_at_checked(digits)?;
        let method = Method::from_bytes(method.get(1..)?).known()?;
        Some(Self { number: decimal(number)?, method })
    }
}

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RAck<'a> {
    /// RSeq of the response.
    pub rseq: u32,
    /// CSeq number of the response.
    pub cseq: u32,
    /// Method in the CSeq of the response.
    pub method: Method<'a>,
}

impl<'a> RAck<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It is not two numbers of 32 bits and a method.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (rseq, rest) = split_token(value);
        let (cseq, rest) = split_token(rest);
        let number = |part: &[u8]| decimal(part).ok_or_else(|| Malformed::at("no number of 32 bits", value, part));
        Ok(Self { rseq: number(rseq)?, cseq: number(cseq)?, method: parse_method(value, rest)? })
    }
}

fn parse_method<'a>(value: &'a [u8], token: &'a [u8]) -> Result<Method<'a>, Malformed> {
    if is_token(token) { Ok(Method::from_bytes(token)) } else { Err(Malformed::at("no method", value, token)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers() {
        for (value, number, method) in [
            (&b"101 INVITE"[..], 101, Method::Invite),
            (b"0009  ACK", 9, Method::Ack),
            (
                b"4294967295
 NOTIFY",
                u32::MAX,
                Method::Notify,
            ),
            (b"1 invite", 1, Method::Other(b"invite")),
        ] {
            assert_eq!(CSeq::parse(value), Ok(CSeq { number, method }), "{value:?}");
        }
        for (value, at) in [
            (&b""[..], 0),
            (b"INVITE", 0),
            (b"101", 3),
            (b"4294967296 INVITE", 0),
            (b"1 INVITE x", 2),
            (b"1 IN(VITE", 2),
        ] {
            assert_eq!(CSeq::parse(value).map_err(|error| error.at), Err(at), "{value:?}");
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        for (value, is_plain) in [
            (&b"101 INVITE"[..], true),
            (b"0 ACK", true),
            (b"0009 ACK", true),
            (b"4294967295 BYE", true),
            (b"4294967296 BYE", false),
            (b"1  BYE", false),
            (b"1\tBYE", false),
            (b" 1 BYE", false),
            (b"1 BYE ", false),
            (b"1 bye", false),
            (b"+1 BYE", false),
            (b" BYE", false),
            (b"1 ", false),
            (b"1", false),
            (b"", false),
        ] {
            assert_eq!(CSeq::plain(value).is_some(), is_plain, "{value:?}");
            assert_eq!(CSeq::parse(value), CSeq::any(value), "{value:?}");
        }
    }

    #[test]
    fn acknowledged_responses() {
        assert_eq!(RAck::parse(b"9021 101 INVITE"), Ok(RAck { rseq: 9021, cseq: 101, method: Method::Invite }));
        for value in [&b"9021 INVITE"[..], b"9021 101", b"1 2 3 INVITE", b"x 101 INVITE"] {
            assert!(RAck::parse(value).is_err(), "{value:?}");
        }
    }
}
