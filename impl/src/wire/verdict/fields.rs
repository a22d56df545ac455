//! Each header field by itself: its grammar, its parameters, how often it may stand there (RFC 3261 sections 7.3.1, 20
//! and 25.1, and the sections that define the extensions). Read `shape.rs` first.

use super::shape::{Shape, Value, shape};
use super::{Findings, grammar, params, uri};
use crate::violation::Rule;
use crate::wire::header::{
    AccessNetworkInfo, CSeq, Event, Malformed, MediaType, NameAddr, Params, RAck, Reason, Replaces, RetryAfter,
    SessionExpires, SubscriptionState, TargetDialog, Via,
};
use crate::wire::message::parse_refer_sub;
use crate::wire::text::{
    decimal, is_control, is_lws, is_token, is_token_char, quoted_len, split_once, split_token, split_top_level, trim,
};
use crate::wire::{Field, Message, Method, Name, Start, Uri};

pub(super) fn check(message: &Message<'_>, findings: &mut Findings<'_>) {
    check_request_uri(message, findings);
    for (index, field) in message.fields().enumerate() {
        match shape(&field.name) {
            Shape::One(value) => {
                if message.fields().take(index).any(|earlier| earlier.name == field.name) {
                    // RFC 3515 has its own words for a second Refer-To, see `kind.rs`.
                    if field.name != Name::ReferTo {
                        findings.add(Rule::Repeated, field.value);
                    }
                }
                check_value(message, &field, value, field.value, findings);
            }
            Shape::Lines(value) => check_value(message, &field, value, field.value, findings),
            Shape::List(value) => {
                for part in line_values(&field) {
                    check_value(message, &field, value, part, findings);
                }
            }
            Shape::Opaque => {}
        }
    }
}

/// The values of one line; an empty one is malformed, unless the whole line is empty where that means something.
fn line_values<'a>(field: &Field<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let may_be_empty = matches!(
        field.name,
        Name::Accept | Name::AcceptEncoding | Name::AcceptLanguage | Name::Supported | Name::Allow
    );
    let mut rest = if field.value.is_empty() && may_be_empty { None } else { Some(field.value) };
    std::iter::from_fn(move || {
        let (value, behind) = split_top_level(rest?, b',');
        rest = behind;
        Some(trim(value))
    })
}

fn check_request_uri(message: &Message<'_>, findings: &mut Findings<'_>) {
    let Start::Request { uri: raw, .. } = message.start() else { return };
    match Uri::parse(raw) {
        Ok(parsed) => {
            if parsed.headers_part().is_some() || (parsed.is_sip() && parsed.params().contains("method")) {
                findings.add(Rule::RequestUriPart, raw);
            }
            uri::check(&parsed, findings);
        }
        Err(_) => findings.add(Rule::RequestUri, raw),
    }
}

fn check_value(message: &Message<'_>, field: &Field<'_>, kind: Value, value: &[u8], findings: &mut Findings<'_>) {
    if kind == Value::Address && value == b"*" && message.method() == Some(Method::Register) {
        return;
    }
    if kind.holds_quoted_strings()
        && let Some(open) = check_quotes(value, findings)
    {
        findings.add(Rule::Quote, open);
        return;
    }
    if matches!(kind, Value::Challenge | Value::Credentials) {
        return grammar::check_authentication(value, kind == Value::Challenge, findings);
    }
    match parse_value(kind, value) {
        Ok(found) => params::check(&field.name, kind, value, found.as_bytes(), findings),
        Err(fault) => {
            let rule = rule_of(field, kind, value);
            let at = if rule == Rule::Malformed { fault.at } else { 0 };
            findings.add(rule, value.get(at..).unwrap_or_default());
        }
    }
    if matches!(kind, Value::Address | Value::Bracketed | Value::Info)
        && let Ok(address) = NameAddr::parse(value)
    {
        check_address(field, &address, kind, findings);
    }
    if kind == Value::Via
        && let Ok(via) = Via::parse(value)
    {
        uri::check_host(via.host, findings);
    }
}

/// The rule that a malformed value breaks: some have one of their own.
fn rule_of(field: &Field<'_>, kind: Value, value: &[u8]) -> Rule {
    let (first, _) = split_token(value);
    let is_large = !first.is_empty() && first.iter().all(u8::is_ascii_digit) && decimal(first).is_none();
    match kind {
        Value::Date => Rule::Date,
        Value::Warning => Rule::Warning,
        Value::CSeq if is_large => Rule::CSeqNumber,
        Value::Number if is_large && field.name == Name::MaxForwards => Rule::MaxForwardsRange,
        Value::Number | Value::RAck | Value::RetryAfter | Value::SessionExpires if is_large => Rule::NumberRange,
        _ => Rule::Malformed,
    }
}

/// Names what stands wrongly behind a backslash; gives what begins with a quote that is not closed.
fn check_quotes<'a>(value: &'a [u8], findings: &mut Findings<'_>) -> Option<&'a [u8]> {
    for quoted in quoted_strings(value) {
        let Some(length) = quoted_len(quoted) else { return Some(quoted) };
        let mut bytes = quoted.get(..length).unwrap_or_default();
        while let Some((_, behind)) = split_once(bytes, b'\\') {
            let escaped = behind.get(..1).unwrap_or_default();
            if escaped.first().is_some_and(|byte| !byte.is_ascii() || matches!(byte, b'\r' | b'\n')) {
                findings.add(Rule::QuotedPair, escaped);
            }
            bytes = behind.get(1..).unwrap_or_default();
        }
    }
    None
}

/// From each opening quote to the end of the value; the last one may be open.
fn quoted_strings(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let quoted = rest.get(memchr::memchr(b'"', rest)?..)?;
        rest = quoted_len(quoted).and_then(|length| quoted.get(length..)).unwrap_or_default();
        Some(quoted)
    })
}

/// Where in the message a control character is escaped, as only quoted strings allow (RFC 3261 section 25.1,
/// `quoted-pair`).
pub(super) fn escaped_controls(message: &Message<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for field in message.fields().filter(|field| field.value.contains(&b'\\')) {
        if !shape(&field.name).value().is_some_and(Value::holds_quoted_strings) {
            continue;
        }
        for quoted in quoted_strings(field.value) {
            let Some(mut bytes) = quoted_len(quoted).and_then(|length| quoted.get(..length)) else { break };
            while let Some((_, behind)) = split_once(bytes, b'\\') {
                let is_escapable = |byte: &u8| is_control(*byte) && !matches!(byte, b'\r' | b'\n');
                if behind.first().is_some_and(is_escapable) {
                    found.extend(message.range_of(behind).map(|range| range.start));
                }
                bytes = behind.get(1..).unwrap_or_default();
            }
        }
    }
    found
}

/// The parameters of a well-formed value.
fn parse_value(kind: Value, value: &[u8]) -> Result<Params<'_>, Malformed> {
    let none = Params::default();
    let holds = |is_right: bool, what: &'static str| if is_right { Ok(none) } else { Err(Malformed { what, at: 0 }) };
    match kind {
        Value::Via => Via::parse(value).map(|via| via.params),
        Value::Address | Value::Bracketed | Value::Info => NameAddr::parse(value).map(|address| address.params),
        Value::Token => holds(is_token(value), "no token"),
        // Anything that is a token and parameters is read in the same way.
        Value::TokenParams => Reason::parse(value).map(|token| token.params),
        Value::Language => {
            let (language, params) = split_once(value, b';').unwrap_or((value, &[]));
            holds(grammar::is_language(trim(language)), "no language").map(|_| Params::new(params))
        }
        Value::Tokens => holds(value.split(|byte| *byte == b';').all(|part| is_token(trim(part))), "no tokens"),
        Value::Params => Ok(Params::new(value)),
        Value::Media => MediaType::parse(value).map(|media| media.params),
        Value::Number => holds(decimal(value).is_some(), "no number of 32 bits"),
        Value::CallId => holds(is_call_id(value), "no Call-ID"),
        Value::CSeq => CSeq::parse(value).map(|_| none),
        Value::RAck => RAck::parse(value).map(|_| none),
        Value::Event => Event::parse(value).map(|event| event.params),
        Value::SubscriptionState => SubscriptionState::parse(value).map(|state| state.params),
        Value::ReferSub => holds(parse_refer_sub(value).is_ok(), "neither true nor false"),
        Value::Replaces => Replaces::parse(value).map(|replaces| replaces.params),
        Value::TargetDialog => TargetDialog::parse(value).map(|_| none),
        Value::SessionExpires => SessionExpires::parse(value).map(|expires| expires.params),
        Value::RetryAfter => RetryAfter::parse(value).map(|retry| retry.params),
        Value::Reason => Reason::parse(value).map(|reason| reason.params),
        Value::AccessNetworkInfo => AccessNetworkInfo::parse(value).map(|info| info.params),
        Value::Date => holds(grammar::is_date(value), "no date"),
        Value::Timestamp => holds(grammar::is_timestamp(value), "no timestamp"),
        Value::Warning => holds(grammar::is_warning(value), "no warning"),
        Value::MimeVersion => holds(grammar::is_mime_version(value), "no version"),
        Value::Products => holds(grammar::are_products(value), "neither products nor comments"),
        Value::Challenge | Value::Credentials | Value::Text => Ok(none),
    }
}

/// `word ["@" word]` (RFC 3261 section 25.1).
fn is_call_id(value: &[u8]) -> bool {
    let is_word_char = |byte: &u8| {
        is_token_char(*byte)
            || matches!(byte, b'(' | b')' | b'<' | b'>' | b':' | b'\\' | b'"' | b'/' | b'[' | b']' | b'?' | b'{' | b'}')
    };
    let is_word = |part: &[u8]| !part.is_empty() && part.iter().all(is_word_char);
    match split_once(value, b'@') {
        Some((before, behind)) => is_word(before) && is_word(behind),
        None => is_word(value),
    }
}

fn check_address(field: &Field<'_>, address: &NameAddr<'_>, kind: Value, findings: &mut Findings<'_>) {
    let found = address.uri;
    if !address.bracketed && kind != Value::Address {
        findings.add(Rule::Malformed, address.raw);
    }
    let is_quoted = address.display.starts_with(b"\"");
    if !is_quoted && !address.display.iter().all(|byte| is_token_char(*byte) || is_lws(*byte)) {
        findings.add(Rule::DisplayName, address.display);
    }
    if address.bracketed
        && let Some(inside) = memchr::memchr(b'<', address.raw.get(address.display.len()..).unwrap_or_default())
            .and_then(|open| address.raw.get(address.display.len() + open + 1..))
            .and_then(|rest| rest.get(..memchr::memchr(b'>', rest)?))
        && inside != found.as_bytes()
    {
        findings.add(Rule::AngleSpace, inside);
    }
    if !address.bracketed && found.as_str().contains([',', '?']) {
        findings.add(Rule::UnbracketedUri, found.as_bytes());
    }
    if field.name == Name::Contact && found.is_sip() && found.params().contains("isfocus") {
        findings.add(Rule::FocusInUri, found.as_bytes());
    }
    if field.name == Name::RecordRoute && !found.is_loose_router() {
        findings.add(Rule::LooseRoute, found.as_bytes());
    }
    uri::check(&found, findings);
}
