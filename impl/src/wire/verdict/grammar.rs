//! Values that no role looks into, and that still have a grammar (RFC 3261 section 25.1): dates, warnings, products and
//! comments, languages, authentication.

use super::Findings;
use crate::violation::Rule;
use crate::wire::Host;
use crate::wire::text::{is_lws, is_token, quoted_len, split_once, split_token, split_top_level, trim, trim_start};

const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [(&[u8], u16); 12] = [
    (b"Jan", 31),
    (b"Feb", 28),
    (b"Mar", 31),
    (b"Apr", 30),
    (b"May", 31),
    (b"Jun", 30),
    (b"Jul", 31),
    (b"Aug", 31),
    (b"Sep", 30),
    (b"Oct", 31),
    (b"Nov", 30),
    (b"Dec", 31),
];

/// `Sat, 13 Nov 2010 23:29:00 GMT`: RFC 1123 in GMT, a day that the month has, a time that the day has.
pub(super) fn is_date(value: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        let digits = value.get(at..at + length)?;
        digits
            .iter()
            .try_fold(0_u16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0')))
    };
    let is =
        |at: usize, text: &[u8]| value.get(at..at + text.len()).is_some_and(|part| part.eq_ignore_ascii_case(text));
    let year = number(12, 4).unwrap_or_default();
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let month = MONTHS.iter().find(|(name, _)| is(8, name));
    let days = month.map_or(0, |(name, days)| if is_leap && *name == b"Feb" { 29 } else { *days });
    let separators: [(usize, &[u8]); 8] =
        [(3, b", "), (7, b" "), (11, b" "), (16, b" "), (19, b":"), (22, b":"), (25, b" "), (26, b"GMT")];
    value.len() == 29
        && WEEKDAYS.iter().any(|day| is(0, day))
        && separators.iter().all(|(at, text)| is(*at, text))
        && number(5, 2).is_some_and(|day| (1..=days).contains(&day))
        && number(12, 4).is_some()
        && number(17, 2).is_some_and(|hour| hour < 24)
        && number(20, 2).is_some_and(|minute| minute < 60)
        && number(23, 2).is_some_and(|second| second < 60)
}

/// Seconds, perhaps with a fraction, and perhaps the delay behind them (section 20.38).
pub(super) fn is_timestamp(value: &[u8]) -> bool {
    let is_time = |time: &[u8]| {
        let (whole, fraction) = split_once(time, b'.').unwrap_or((time, &[]));
        whole.iter().chain(fraction).all(u8::is_ascii_digit)
    };
    let mut parts = value.split(|byte| is_lws(*byte)).filter(|part| !part.is_empty());
    let (time, delay) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    time.first().is_some_and(u8::is_ascii_digit) && is_time(time) && is_time(delay) && parts.next().is_none()
}

/// `1*DIGIT "." 1*DIGIT` (section 20.24).
pub(super) fn is_mime_version(value: &[u8]) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    split_once(value, b'.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// Three digits, who warns, and a quoted text, a single space between each (section 20.43).
pub(super) fn is_warning(value: &[u8]) -> bool {
    let Some((code, rest)) = split_once(value, b' ') else { return false };
    let Some((agent, text)) = split_once(rest, b' ') else { return false };
    let is_agent = is_token(agent) || std::str::from_utf8(agent).is_ok_and(|host| Host::parse_hostport(host).is_ok());
    code.len() == 3 && code.iter().all(u8::is_ascii_digit) && is_agent && quoted_len(text) == Some(text.len())
}

/// `1*8ALPHA *("-" 1*8ALPHA)`; digits in a subtag have become usual (RFC 5646).
pub(super) fn is_language(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'-');
    let is_primary = |part: &[u8]| part.iter().all(u8::is_ascii_alphabetic);
    let fits = |part: &[u8]| (1..=8).contains(&part.len()) && part.iter().all(u8::is_ascii_alphanumeric);
    value == b"*" || (parts.next().is_some_and(|part| fits(part) && is_primary(part)) && parts.all(fits))
}

/// Products and comments with white space between them (sections 20.35 and 20.41).
pub(super) fn are_products(value: &[u8]) -> bool {
    let mut rest = value;
    while !rest.is_empty() {
        if rest.first() == Some(&b'(') {
            let Some(length) = comment_len(rest) else { return false };
            rest = trim_start(rest.get(length..).unwrap_or_default());
            continue;
        }
        let (product, behind) = split_token(rest);
        if product.is_empty() {
            return false;
        }
        rest = behind;
        if let Some(version) = rest.strip_prefix(b"/") {
            let (version, behind) = split_token(version);
            if version.is_empty() {
                return false;
            }
            rest = behind;
        }
    }
    !value.is_empty()
}

/// The length of the comment at the start, which may hold comments and quoted pairs; `None` if it is not closed.
fn comment_len(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at)? {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => at += 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// How a directive of the Digest scheme is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Quoted,
    Plain,
}

/// The directives whose grammar says how they are written, `qop` aside (sections 20.7, 20.44 and 25.1).
const DIRECTIVES: [(&str, Written); 11] = [
    ("realm", Written::Quoted),
    ("nonce", Written::Quoted),
    ("opaque", Written::Quoted),
    ("domain", Written::Quoted),
    ("username", Written::Quoted),
    ("uri", Written::Quoted),
    ("response", Written::Quoted),
    ("cnonce", Written::Quoted),
    ("nc", Written::Plain),
    ("stale", Written::Plain),
    ("algorithm", Written::Plain),
];

/// `scheme LWS param *(COMMA param)`; a challenge lists several `qop`, the credentials name one.
pub(super) fn check_authentication(value: &[u8], is_challenge: bool, findings: &mut Findings<'_>) {
    let (scheme, rest) = split_token(value);
    let has_space = value.get(scheme.len()).is_some_and(|byte| is_lws(*byte));
    if scheme.is_empty() || !has_space {
        findings.add(Rule::Malformed, value);
        return;
    }
    let is_digest = scheme.eq_ignore_ascii_case(b"Digest");
    let mut rest = Some(rest);
    while let Some(params) = rest {
        let (param, behind) = split_top_level(params, b',');
        rest = behind;
        let (name, text) = match split_once(trim(param), b'=') {
            Some((name, text)) => (trim(name), Some(trim(text))),
            None => (trim(param), None),
        };
        let Some(text) = text.filter(|text| is_token(name) && (is_token(text) || is_quoted(text))) else {
            findings.add(Rule::Parameter, trim(param));
            continue;
        };
        if is_digest && !is_directive(name, text, is_challenge) {
            findings.add(Rule::Digest, trim(param));
        }
    }
}

fn is_quoted(text: &[u8]) -> bool {
    quoted_len(text) == Some(text.len())
}

fn is_directive(name: &[u8], text: &[u8], is_challenge: bool) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let qop = if is_challenge { Written::Quoted } else { Written::Plain };
    let written = if is("qop") { Some(qop) } else { DIRECTIVES.iter().find(|(known, _)| is(known)).map(|row| row.1) };
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let fits = !is("nc") || (text.len() == 8 && is_hex(text));
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    written.is_none_or(|written| (written == Written::Quoted) == is_quoted(text))
        && fits
        && (!is("response") || is_hex(inner))
        && (!is("stale") || text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each text as it should be, and ways to get it wrong.
    fn assert_table(is: fn(&[u8]) -> bool, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(is(text.as_bytes()), "{text:?}");
        }
        for text in wrong {
            assert!(!is(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn dates() {
        assert_table(
            is_date,
            &["Sat, 13 Nov 2010 23:29:00 GMT", "Thu, 29 Feb 2024 00:00:59 GMT", "sat, 01 jan 2000 12:00:00 gmt"],
            &[
                "",
                "Sat, 13 Nov 2010 23:29:00 EST",
                "Sat, 13 Nov 2010 23:29:00 +0000",
                "Sat, 13 Nov 2010 23:29:00",
                "Sat, 13 Nov 2010 24:00:00 GMT",
                "Sat, 13 Nov 2010 23:60:00 GMT",
                "Sat, 31 Nov 2010 23:29:00 GMT",
                "Tue, 29 Feb 1900 23:29:00 GMT",
                "Sat, 3 Nov 2010 23:29:00 GMT",
                "Xyz, 13 Nov 2010 23:29:00 GMT",
                "Saturday, 13-Nov-10 23:29:00 GMT",
                "Sat Nov 13 23:29:00 2010",
            ],
        );
    }

    #[test]
    fn warnings_and_numbers() {
        assert_table(
            is_warning,
            &["307 isi.edu \"No \\\"such\\\"\"", "399 [::1]:5060 \"\"", "370 pseudonym%~ \"x\""],
            &["", "1812 h \"x\"", "307 h x", "307  h \"x\"", "307 h \"x\" y", "a12 h \"x\"", "307 \"x\""],
        );
        assert_table(is_timestamp, &["54", "54.", "54.5 1.25", "1 .5"], &["", ".5", "54 1 2", "x", "5.4.3"]);
        assert_table(is_mime_version, &["1.0", "10.22"], &["", "1", "1.", ".0", "1.0.0", "1.x"]);
        assert_table(
            is_language,
            &["en", "en-gb", "es-419", "*", "x-klingon"],
            &["", "e1", "en_gb", "abcdefghi", "en-", "-en"],
        );
    }

    #[test]
    fn products_and_comments() {
        assert_table(
            are_products,
            &["Phone/1.0", "A / 2 B", "(only (a) \\) comment)", "A/1 (b) C"],
            &["", "A/", "/1", "(open", "A (open \\)", "A, B", "(a)) b"],
        );
    }
}
