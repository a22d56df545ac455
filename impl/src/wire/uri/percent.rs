//! Percent-encoding in URIs (RFC 3261 section 19.1.2, RFC 3986 section 2.1).

use std::borrow::Cow;

/// `unreserved` of RFC 3261 section 25.1: never encoded, and equivalent to its encoding.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

/// `reserved` of RFC 3261 section 25.1: not equivalent to its encoding (section 19.1.4).
pub(super) const fn is_reserved(byte: u8) -> bool {
    matches!(byte, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',')
}

/// The bytes with each `%HH` resolved, once; a `%` without two digits stays, a `+` stays a plus.
pub fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(units(text).map(|unit| unit.byte).collect())
}

/// `%HH` for every byte outside `unreserved`, hence safe in the headers part and in parameters of any URI. The grammar
/// lets a few reserved characters stand raw there, but the prose of section 19.1.2 wants them encoded.
pub fn percent_encode(bytes: &[u8]) -> String {
    encode_unless(bytes, is_unreserved)
}

/// Whether the bytes are an `hname` or `hvalue` (RFC 3261 section 25.1): every `%` begins an escape, and everything
/// that the grammar does not let stand raw is escaped.
pub(crate) fn stands_in_headers_part(part: &[u8]) -> bool {
    units(part).all(|unit| {
        unit.was_encoded
            || is_unreserved(unit.byte)
            || matches!(unit.byte, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$')
    })
}

pub(super) fn encode_unless(bytes: &[u8], stays: impl Fn(u8) -> bool) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if stays(*byte) {
            text.push(char::from(*byte));
        } else {
            text.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    text
}

/// One character of a URI, perhaps written as `%HH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) was_encoded: bool,
}

pub(super) fn units(text: &[u8]) -> impl Iterator<Item = Unit> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (unit, behind) = match rest {
            [b'%', high, low, behind @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (Unit { byte: high << 4 | low, was_encoded: true }, behind),
                _ => (Unit { byte: b'%', was_encoded: false }, rest.get(1..)?),
            },
            [byte, behind @ ..] => (Unit { byte: *byte, was_encoded: false }, behind),
            [] => return None,
        };
        rest = behind;
        Some(unit)
    })
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_happens_once_and_leaves_broken_escapes() {
        for (text, plain) in [
            (&b"a%40b"[..], &b"a@b"[..]),
            (b"%2540", b"%40"),
            (b"%3b%3B", b";;"),
            (b"a+b", b"a+b"),
            (b"%", b"%"),
            (b"%4", b"%4"),
            (b"%zz%41", b"%zzA"),
        ] {
            assert_eq!(percent_decode(text), plain, "{text:?}");
        }
    }

    #[test]
    fn encoding_leaves_only_unreserved_characters() {
        assert_eq!(percent_encode(b"12@h;to-tag=a+%`b,c"), "12%40h%3Bto-tag%3Da%2B%25%60b%2Cc");
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(percent_decode(percent_encode(&every).as_bytes()), every);
    }
}
