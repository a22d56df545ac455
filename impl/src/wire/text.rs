//! The characters of RFC 3261 section 25.1 and the cuts that every header needs: white space, tokens, quoted strings.
//!
//! A CR or LF that framing left inside a value is always a fold, hence white space (RFC 3261 section 7.3.1).

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use memchr::{memchr, memchr2};

use super::scan::{LANES, places};

/// Linear white space; CR and LF only ever stand in a value as part of a fold.
pub(crate) const fn is_lws(byte: u8) -> bool {
    (byte == b' ') | (byte == b'\t') | (byte == b'\r') | (byte == b'\n')
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

/// How many bytes at the start are characters of a `token`.
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !TOKEN_CHARS[usize::from(*byte)]).unwrap_or(bytes.len())
}

/// Whether two words are the same but for their case, of which most are the same with it.
#[inline]
pub(crate) fn same_word(one: &[u8], two: &[u8]) -> bool {
    one == two || one.eq_ignore_ascii_case(two)
}

/// Whether the bytes are a non-empty `token`.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_len(bytes) == bytes.len()
}

/// A byte that no header field value may hold, once its folds are resolved.
pub(crate) const fn is_control(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f)
}

/// Where `wanted` stands first. What is searched here is short, mostly shorter than a call into a search by larger
/// blocks is worth.
#[inline]
pub(crate) fn find(wanted: u8, bytes: &[u8]) -> Option<usize> {
    find_place(bytes, |chunk| places(wanted, chunk), |byte| byte == wanted)
}

/// Where the first byte stands that is wanted, asked of many at once and of a single one.
#[inline(always)]
fn find_place(bytes: &[u8], places: impl Fn(&[u8; LANES]) -> u32, is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        match places(chunk) {
            0 => rest = behind,
            found => return Some(bytes.len() - rest.len() + found.trailing_zeros() as usize),
        }
    }
    match bytes.last_chunk() {
        // What is left is looked at together with what stands before it.
        Some(chunk) => match places(chunk) >> (LANES - rest.len()) {
            0 => None,
            found => Some(bytes.len() - rest.len() + found.trailing_zeros() as usize),
        },
        None => rest.iter().position(|byte| is_wanted(*byte)),
    }
}

/// [`find`] for what is expected among the first few bytes.
#[inline]
pub(crate) fn find_by_words(wanted: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        if let Some(at) = first_of(in_word(wanted, *word)) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = behind;
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| bytes.len() - rest.len() + at)
}

/// [`find`] for whichever of these bytes stands first. Always inlined, because it is several times as fast where they
/// are constants.
#[inline(always)]
pub(crate) fn find_any<const N: usize>(wanted: [u8; N], bytes: &[u8]) -> Option<usize> {
    let places = |chunk: &[u8; LANES]| wanted.iter().fold(0, |found, wanted| found | places(*wanted, chunk));
    find_place(bytes, places, |byte| wanted.iter().fold(false, |found, wanted| found | (byte == *wanted)))
}

/// Where `wanted` stands in a word: its lowest place has the highest bit set, and no lower place has.
#[inline(always)]
fn in_word(wanted: u8, word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zero = u64::from_le_bytes(word) ^ (u64::from(wanted) * ONES);
    zero.wrapping_sub(ONES) & !zero & (ONES << 7)
}

/// The lowest place whose highest bit is set.
#[inline(always)]
fn first_of(found: u64) -> Option<usize> {
    if found == 0 { None } else { Some(found.trailing_zeros() as usize / 8) }
}

/// Whether a byte of some kind is there. `is_wanted` should do without branches, hence with `|` for `||`: then the
/// compiler asks it of many bytes at once.
#[inline(always)]
pub(crate) fn any(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> bool {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<16>() {
        if any_in_block(block, &is_wanted) {
            return true;
        }
        rest = behind;
    }
    // What is left is looked at together with what stands before it.
    match (bytes.last_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(block), ..) => any_in_block(block, &is_wanted),
        (None, Some(first), Some(last)) => any_in_block(first, &is_wanted) | any_in_block(last, &is_wanted),
        _ => rest.iter().any(|byte| is_wanted(*byte)),
    }
}

/// Without a branch per byte.
#[inline(always)]
fn any_in_block<const N: usize>(block: &[u8; N], is_wanted: impl Fn(u8) -> bool) -> bool {
    block.iter().fold(false, |found, byte| found | is_wanted(*byte))
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

/// [`trim`] of the rest of a line: mostly one space in front and CRLF behind.
#[inline(always)]
pub(crate) fn trim_line(line: &[u8]) -> &[u8] {
    match line {
        [b' ', value @ .., b'\r', b'\n'] if matches!(value, [b'!'..=0xff] | [b'!'..=0xff, .., b'!'..=0xff]) => value,
        _ => trim(line),
    }
}

/// The bytes without linear white space around them.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

/// Folds replaced by one space each (RFC 3261 section 7.3.1); borrowed when there is none.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = find_any([b'\r', b'\n'], value) else { return Cow::Borrowed(value) };
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

/// Appends a number in decimal digits.
pub(crate) fn push_number(text: &mut String, number: u64) {
    text.push_str(std::str::from_utf8(Digits::of(number).as_bytes()).unwrap_or_default());
}

/// Appends an address as it stands in `received` and in a session description: without brackets.
pub(crate) fn push_ip(bytes: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let (mut text, mut length) = ([b'.'; 16], 0);
            for octet in address.octets() {
                for place in [100, 10, 1] {
                    if (octet >= place) | (place == 1)
                        && let Some(digit) = text.get_mut(length)
                    {
                        *digit = b'0' + octet / place % 10;
                        length += 1;
                    }
                }
                // The dot behind it is there already.
                length += 1;
            }
            bytes.extend_from_slice(text.get(..length - 1).unwrap_or_default());
        }
        IpAddr::V6(address) => {
            // Writing into a vector cannot fail.
            let _ = write!(bytes, "{address}");
        }
    }
}

/// What stands before and behind the first `separator`; the separator itself is left out.
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = bytes.split_at_checked(find(separator, bytes)?)?;
    Some((before, behind.get(1..)?))
}

/// [`split_once`] of text, at an ASCII character that is expected among the first few bytes.
pub(crate) fn split_str_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let (before, behind) = text.split_at_checked(find_by_words(separator, text.as_bytes())?)?;
    Some((before, behind.get(1..)?))
}

/// The leading token and what follows it, both without white space around them; the token may be empty.
pub(crate) fn split_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = trim_start(bytes);
    let (token, rest) = bytes.split_at_checked(token_len(bytes)).unwrap_or((bytes, &[]));
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

/// The length of the comment at the start, with the comments in it and both parentheses (RFC 3261 section 25.1); `None`
/// if it is not closed or there is none.
pub(crate) fn comment_len(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at + 1);
        }
    }
    None
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
/// bracket that is never closed hides everything behind it. Always inlined, because it is several times as fast where
/// the separator is a constant.
#[inline(always)]
pub(crate) fn split_top_level(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    let special = [separator, b'"', b'<'];
    while let Some(found) = bytes.get(at..).and_then(|rest| find_any(special, rest)).map(|next| at + next) {
        let rest = bytes.get(found..).unwrap_or_default();
        let skipped = match rest.first() {
            Some(b'"') => quoted_len(rest),
            Some(b'<') => find(b'>', rest).map(|end| end + 1),
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
    fn comments_nest_and_hide_what_a_backslash_stands_before() {
        for (text, length) in [
            (&b"(a) b)"[..], Some(3)),
            (b"()", Some(2)),
            (b"(a (b) c)d", Some(9)),
            (br"(\)\()x", Some(6)),
            (b"(open (a)", None),
            (b"a(b)", None),
            (b")", None),
            (b"", None),
        ] {
            assert_eq!(comment_len(text), length, "{text:?}");
        }
    }

    #[test]
    fn searches_find_the_first_byte_at_every_distance() {
        for length in 0..100 {
            let mut text = vec![b'.'; length];
            assert_eq!((find(b':', &text), find_by_words(b':', &text)), (None, None));
            for at in (0..length).rev() {
                // Among bytes that differ from the wanted one in one bit.
                text[at] = [b':', b';', b'8'][at % 3];
                let first = text.iter().position(|byte| *byte == b':');
                assert_eq!((find(b':', &text), find_by_words(b':', &text)), (first, first), "{text:?}");
                assert_eq!(find_any([b'x', b';', b':'], &text), text.iter().position(|byte| b":;".contains(byte)));
                assert_eq!(any(&text, |byte| byte == b':'), first.is_some(), "{text:?}");
            }
        }
        for (text, at) in [(&b"\xba\xb9;:"[..], 3), (b"\x39\x3b\x00\xff:::::", 4), (b"0123456:", 7)] {
            assert_eq!((find(b':', text), find_by_words(b':', text)), (Some(at), Some(at)), "{text:?}");
        }
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
    fn addresses_are_written_as_the_library_writes_them() {
        let mut octets: Vec<_> = (0..=255).map(|octet| [octet, 255 - octet, 0, octet / 2].into()).collect();
        octets.extend(["2001:db8::1", "::ffff:10.0.0.1"].map(|address| address.parse::<IpAddr>().unwrap()));
        for address in octets {
            let mut bytes = b"x".to_vec();
            push_ip(&mut bytes, address);
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("x{address}"));
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
