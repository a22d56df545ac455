//! The characters of RFC 3261 section 25.1 and the cuts that every header needs: white space, tokens, quoted strings.
//!
//! A CR or LF that framing left inside a value is always a fold, hence white space (RFC 3261 section 7.3.1).

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use memchr::{memchr, memchr2};

/// Linear white space; CR and LF only ever stand in a value as part of a fold.
pub(crate) const fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A character of `token` (RFC 3261 section 25.1).
pub(crate) const fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// [`is_token_char`] of every byte.
const TOKEN_CHARS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_token_char(byte as u8);
        byte += 1;
    }
    table
};

/// Whether the bytes are a non-empty `token`.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN_CHARS[usize::from(*byte)])
}

/// A byte that no header field value may hold, once its folds are resolved.
pub(crate) const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// The bytes without linear white space in front.
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_lws(*first)
    {
        bytes = rest;
    }
    bytes
}

/// The bytes without linear white space behind.
pub(crate) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_lws(*last)
    {
        bytes = rest;
    }
    bytes
}

/// The bytes without linear white space around them.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

/// Folds replaced by one space each (RFC 3261 section 7.3.1); borrowed when there is none.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr2(b'\r', b'\n', value) else { return Cow::Borrowed(value) };
    let mut unfolded = Vec::with_capacity(value.len());
    let mut rest = value;
    loop {
        let (line, fold) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        unfolded.extend_from_slice(trim_end(line));
        unfolded.push(b' ');
        rest = trim_start(fold);
        match memchr2(b'\r', b'\n', rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    unfolded.extend_from_slice(rest);
    Cow::Owned(unfolded)
}

/// Where `part`, a slice of `whole`, starts in it; `None` if it is no part of it.
pub(crate) fn offset_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (offset.checked_add(part.len())? <= whole.len()).then_some(offset)
}

/// An unsigned decimal number; overflow and any other character are `None`.
pub(crate) fn decimal(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u32, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

/// A number in decimal digits.
pub(crate) struct Digits {
    digits: [u8; 20],
    start: usize,
}

impl Digits {
    pub(crate) fn of(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (number % 10) as u8;
            start = at;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}

/// Appends an address as it stands in `received`: without brackets.
pub(crate) fn push_ip(bytes: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (at, octet) in address.octets().into_iter().enumerate() {
                if at > 0 {
                    bytes.push(b'.');
                }
                bytes.extend_from_slice(Digits::of(u64::from(octet)).as_bytes());
            }
        }
        IpAddr::V6(address) => {
            // Writing into a vector cannot fail.
            let _ = write!(bytes, "{address}");
        }
    }
}

/// What stands before and behind the first `separator`; the separator itself is left out.
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = bytes.split_at_checked(memchr(separator, bytes)?)?;
    Some((before, behind.get(1..)?))
}

/// [`split_once`] of text, at an ASCII character. What is split is short: a loop is faster than a search by blocks.
pub(crate) fn split_str_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let (before, behind) = text.split_at_checked(text.bytes().position(|byte| byte == separator)?)?;
    Some((before, behind.get(1..)?))
}

/// The leading token and what follows it, both without white space around them; the token may be empty.
pub(crate) fn split_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = trim_start(bytes);
    let end = bytes.iter().position(|byte| !TOKEN_CHARS[usize::from(*byte)]).unwrap_or(bytes.len());
    let (token, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    (token, trim(rest))
}

/// The length of the quoted string at the start, both quotes included; `None` if it is not closed or there is none.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    if bytes.first() != Some(&b'"') {
        return None;
    }
    loop {
        let found = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(found) {
            Some(b'"') => return Some(found + 1),
            // A backslash hides the byte behind it.
            _ => at = found + 2,
        }
    }
}

/// The bytes between the quotes with the backslashes resolved; text without quotes stays as it is.
pub(crate) fn unquote(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = quoted_len(text).and_then(|end| text.get(1..end.checked_sub(1)?)) else {
        return Cow::Borrowed(text);
    };
    if memchr(b'\\', inner).is_none() {
        return unfold(inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        plain.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
    }
    Cow::Owned(unfold(&plain).into_owned())
}

/// Cuts at the first `separator` outside quoted strings and angle brackets; the separator is left out. A quote or
/// bracket that is never closed hides everything behind it.
pub(crate) fn split_top_level(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    while let Some(found) =
        bytes.get(at..).and_then(|rest| memchr::memchr3(separator, b'"', b'<', rest)).map(|next| at + next)
    {
        let rest = bytes.get(found..).unwrap_or_default();
        let skipped = match rest.first() {
            Some(b'"') => quoted_len(rest),
            Some(b'<') => memchr(b'>', rest).map(|end| end + 1),
            _ => return (bytes.get(..found).unwrap_or_default(), rest.get(1..)),
        };
        match skipped {
            Some(length) => at = found + length,
            None => break,
        }
    }
    (bytes, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_become_one_space() {
        for (value, unfolded) in [
            (&b"plain"[..], &b"plain"[..]),
            (b"a\r\n b", b"a b"),
            (b"a  \r\n\t  b\n c", b"a b c"),
            (b"a\r\n \r\n b", b"a b"),
        ] {
            assert_eq!(unfold(value), unfolded, "{value:?}");
        }
    }

    #[test]
    fn quoted_strings_end_at_the_first_quote_without_a_backslash() {
        for (text, length) in [
            (&br#""a" b"#[..], Some(3)),
            (br#""a\"b""#, Some(6)),
            (br#""a\\""#, Some(5)),
            (br#""open"#, None),
            (br#""open\"#, None),
            (b"token", None),
            (b"", None),
        ] {
            assert_eq!(quoted_len(text), length, "{text:?}");
        }
        assert_eq!(&*unquote(br#""a\"b\\""#), br#"a"b\"#);
    }

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        for (value, first, rest) in [
            (&b"a, b"[..], &b"a"[..], Some(&b" b"[..])),
            (br#""x, y" <sip:a,b@c>, d"#, br#""x, y" <sip:a,b@c>"#, Some(b" d")),
            (br#""open, b"#, br#""open, b"#, None),
            (b"<sip:a, b", b"<sip:a, b", None),
            (b"", b"", None),
        ] {
            assert_eq!(split_top_level(value, b','), (first, rest), "{value:?}");
        }
    }

    #[test]
    fn numbers_are_written_in_decimal_digits() {
        for number in [0, 1, 9, 10, 100, 5060, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Digits::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn decimal_numbers_have_32_bits() {
        for (text, number) in [
            (&b"0"[..], Some(0)),
            (b"4294967295", Some(u32::MAX)),
            (b"4294967296", None),
            (b"", None),
            (b"-1", None),
            (b"1 ", None),
        ] {
            assert_eq!(decimal(text), number, "{text:?}");
        }
    }
}
