//! The parameters of a header field value: their grammar, how often each may stand there, and what those that are known
//! may say (RFC 3261 sections 7.3.1 and 25.1, RFC 3581, 4028, 6665).

use std::net::{IpAddr, Ipv6Addr};

use super::Findings;
use super::shape::Value;
use crate::violation::Rule;
use crate::wire::text::{decimal, is_token, is_token_char, quoted_len, split_once, split_top_level, trim};
use crate::wire::{Host, Name};

/// Among how many parameters of one value a second one of the same name is looked for.
const MAX_COMPARED: usize = 64;

/// What the value of a known parameter has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    /// 0 to 1 with three decimals at most.
    Quality,
    /// `delta-seconds`, below 2^32.
    Seconds,
    /// 0 to 255.
    Byte,
    /// A number of 16 bits, or nothing.
    Port,
    Address,
    Host,
    Refresher,
    Digits,
    Quoted,
}

const fn known(value: Value) -> &'static [(&'static str, Kind)] {
    match value {
        Value::Via => &[
            ("branch", Kind::Token),
            ("ttl", Kind::Byte),
            ("maddr", Kind::Host),
            ("received", Kind::Address),
            ("rport", Kind::Port),
        ],
        Value::Address | Value::Bracketed => &[("tag", Kind::Token), ("q", Kind::Quality), ("expires", Kind::Seconds)],
        Value::Media | Value::Language | Value::TokenParams => &[("q", Kind::Quality)],
        Value::Event => &[("id", Kind::Token)],
        Value::SubscriptionState => {
            &[("expires", Kind::Seconds), ("retry-after", Kind::Seconds), ("reason", Kind::Token)]
        }
        Value::SessionExpires => &[("refresher", Kind::Refresher)],
        Value::RetryAfter => &[("duration", Kind::Seconds)],
        Value::Reason => &[("cause", Kind::Digits), ("text", Kind::Quoted)],
        Value::Replaces => &[("to-tag", Kind::Token), ("from-tag", Kind::Token)],
        _ => &[],
    }
}

/// Checks the parameters `raw` of `value`, without their first semicolon.
pub(super) fn check(name: &Name<'_>, kind: Value, value: &[u8], raw: &[u8], findings: &mut Findings<'_>) {
    if raw.is_empty() {
        // What stands behind the last semicolon of all is lost on the way to `raw`.
        if value.ends_with(b";") {
            findings.add(Rule::Parameter, value.get(value.len() - 1..).unwrap_or_default());
        }
        return;
    }
    let mut names: [&[u8]; MAX_COMPARED] = [&[]; MAX_COMPARED];
    let (mut rest, mut count) = (Some(raw), 0);
    while let Some(params) = rest {
        let (param, behind) = split_top_level(params, b';');
        rest = behind;
        let (param_name, text) = match split_once(param, b'=') {
            Some((param_name, text)) => (trim(param_name), Some(trim(text))),
            None => (trim(param), None),
        };
        if !is_token(param_name) {
            findings.add(Rule::Parameter, trim(param));
            continue;
        }
        if names.iter().take(count).any(|earlier| earlier.eq_ignore_ascii_case(param_name)) {
            findings.add(Rule::ParameterRepeated, param_name);
        }
        if let Some(free) = names.get_mut(count) {
            *free = param_name;
            count += 1;
        }
        check_text(name, kind, param_name, text, findings);
    }
}

/// `gen-value` is a token, a host or a quoted string; a known parameter says what it wants.
fn check_text(name: &Name<'_>, kind: Value, param: &[u8], text: Option<&[u8]>, findings: &mut Findings<'_>) {
    let is_host_char = |byte: &u8| is_token_char(*byte) || matches!(byte, b'[' | b']' | b':');
    let is_quoted = |text: &[u8]| quoted_len(text) == Some(text.len());
    if let Some(text) = text
        && (text.is_empty() || !(is_quoted(text) || text.iter().all(is_host_char)))
    {
        findings.add(Rule::Parameter, text);
        return;
    }
    let row = known(kind).iter().find(|(known, _)| param.eq_ignore_ascii_case(known.as_bytes()));
    // Only a Contact and an Accept rank what they list, and only a Contact expires.
    let is_elsewhere = matches!(kind, Value::Address | Value::Bracketed)
        && matches!(row, Some((_, Kind::Quality | Kind::Seconds)))
        && *name != Name::Contact;
    if let Some((_, wanted)) = row
        && !is_elsewhere
        && !fits(*wanted, text)
    {
        findings.add(Rule::ParameterValue, text.unwrap_or(param));
    }
}

fn fits(kind: Kind, text: Option<&[u8]>) -> bool {
    let Some(text) = text else { return kind == Kind::Port };
    match kind {
        Kind::Token => is_token(text),
        Kind::Quality => is_quality(text),
        Kind::Seconds => decimal(text).is_some(),
        Kind::Byte => text.len() <= 3 && decimal(text).is_some_and(|number| number <= 255),
        Kind::Port => decimal(text).is_some_and(|number| number <= 65_535),
        Kind::Address => is_address(text),
        Kind::Host => std::str::from_utf8(text).is_ok_and(|host| Host::parse_hostport(host).is_ok()),
        Kind::Refresher => text.eq_ignore_ascii_case(b"uac") || text.eq_ignore_ascii_case(b"uas"),
        Kind::Digits => text.iter().all(u8::is_ascii_digit),
        Kind::Quoted => text.starts_with(b"\""),
    }
}

/// `qvalue`: 0 to 1 with at most three decimals.
fn is_quality(text: &[u8]) -> bool {
    let (whole, decimals) = split_once(text, b'.').unwrap_or((text, &[]));
    let digits = match whole {
        b"0" => decimals.iter().all(u8::is_ascii_digit),
        b"1" => decimals.iter().all(|digit| *digit == b'0'),
        _ => false,
    };
    digits && decimals.len() <= 3
}

/// `received` holds an address, IPv6 without brackets; with them it is common and understood (RFC 5118 section 4.5).
fn is_address(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.map_or_else(|| text.parse::<IpAddr>().is_ok(), |inner| inner.parse::<Ipv6Addr>().is_ok())
}
