//! Each header field by itself: its grammar, its parameters, how often it may stand there (RFC 3261 sections 7.3.1, 20
//! and 25.1, and the sections that define the extensions).

use super::Findings;
use crate::violation::Rule;
use crate::wire::header::{
    AccessNetworkInfo, CSeq, Event, Malformed, MediaType, NameAddr, Params, RAck, Reason, Replaces, RetryAfter,
    SessionExpires, SubscriptionState, TargetDialog, Via,
};
use crate::wire::message::parse_refer_sub;
use crate::wire::text::{decimal, is_token, is_token_char, quoted_len, split_once, split_top_level, trim};
use crate::wire::uri::stands_in_headers_part;
use crate::wire::{Field, Message, Method, Name, Start, Uri};

/// How a header is built, as far as the typed views look into it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A comma list of values.
    List(Value),
    /// One value, once in a message.
    One(Value),
    /// Free text or a header that this codec does not look into.
    Opaque,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Via,
    /// `name-addr` or `addr-spec`.
    Address,
    /// `name-addr` only.
    Bracketed,
    Token,
    Media,
    Number,
    CallId,
    CSeq,
    RAck,
    Event,
    SubscriptionState,
    ReferSub,
    Replaces,
    TargetDialog,
    SessionExpires,
    RetryAfter,
    Reason,
    AccessNetworkInfo,
}

const fn shape(name: &Name<'_>) -> Shape {
    match name {
        Name::Via => Shape::List(Value::Via),
        Name::From | Name::To | Name::ReferTo | Name::ReferredBy | Name::ReplyTo => Shape::One(Value::Address),
        Name::Contact | Name::PAssertedIdentity | Name::PPreferredIdentity => Shape::List(Value::Address),
        Name::Route | Name::RecordRoute | Name::Path | Name::ServiceRoute | Name::ReferEventsAt => {
            Shape::List(Value::Bracketed)
        }
        Name::Require | Name::ProxyRequire | Name::Supported | Name::Unsupported | Name::Allow | Name::AllowEvents => {
            Shape::List(Value::Token)
        }
        Name::Accept => Shape::List(Value::Media),
        Name::ContentType => Shape::One(Value::Media),
        Name::ContentLength | Name::MaxForwards | Name::Expires | Name::MinExpires | Name::RSeq => {
            Shape::One(Value::Number)
        }
        Name::CallId => Shape::One(Value::CallId),
        Name::CSeq => Shape::One(Value::CSeq),
        Name::RAck => Shape::One(Value::RAck),
        Name::Event => Shape::One(Value::Event),
        Name::SubscriptionState => Shape::One(Value::SubscriptionState),
        Name::ReferSub => Shape::One(Value::ReferSub),
        Name::Replaces => Shape::One(Value::Replaces),
        Name::TargetDialog => Shape::One(Value::TargetDialog),
        Name::SessionExpires | Name::MinSe => Shape::One(Value::SessionExpires),
        Name::RetryAfter => Shape::One(Value::RetryAfter),
        Name::Reason => Shape::List(Value::Reason),
        Name::PAccessNetworkInfo => Shape::List(Value::AccessNetworkInfo),
        _ => Shape::Opaque,
    }
}

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
    let may_be_empty = matches!(field.name, Name::Accept | Name::Supported | Name::Allow);
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
        Ok(uri) if uri.headers_part().is_some() || (uri.is_sip() && uri.params().contains("method")) => {
            findings.add(Rule::RequestUriPart, raw);
        }
        Ok(_) => {}
        Err(_) => findings.add(Rule::RequestUri, raw),
    }
}

fn check_value(message: &Message<'_>, field: &Field<'_>, kind: Value, value: &[u8], findings: &mut Findings<'_>) {
    if kind == Value::Address && value == b"*" && message.method() == Some(Method::Register) {
        return;
    }
    match parse_value(kind, value) {
        Ok(params) => check_params(params, findings),
        Err(fault) => findings.add(Rule::Malformed, value.get(fault.at..).unwrap_or_default()),
    }
    if matches!(kind, Value::Address | Value::Bracketed)
        && let Ok(address) = NameAddr::parse(value)
    {
        check_address(field, &address, kind, findings);
    }
}

/// The parameters of a well-formed value.
fn parse_value(kind: Value, value: &[u8]) -> Result<Params<'_>, Malformed> {
    let none = Params::default();
    let holds = |is_right: bool, what: &'static str| if is_right { Ok(none) } else { Err(Malformed { what, at: 0 }) };
    match kind {
        Value::Via => Via::parse(value).map(|via| via.params),
        Value::Address | Value::Bracketed => NameAddr::parse(value).map(|address| address.params),
        Value::Token => holds(is_token(value), "no token"),
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

/// `generic-param`: a token, perhaps with a token, a host or a quoted string as its value.
fn check_params(params: Params<'_>, findings: &mut Findings<'_>) {
    let is_host_char = |byte: &u8| is_token_char(*byte) || matches!(byte, b'[' | b']' | b':');
    for param in params.iter() {
        if !is_token(param.name) {
            findings.add(Rule::Parameter, param.name);
        }
        if let Some(value) = param.value {
            let is_quoted = quoted_len(value) == Some(value.len());
            if value.is_empty() || !(is_quoted || value.iter().all(is_host_char)) {
                findings.add(Rule::Parameter, value);
            }
        }
    }
}

fn check_address(field: &Field<'_>, address: &NameAddr<'_>, kind: Value, findings: &mut Findings<'_>) {
    let uri = address.uri;
    if !address.bracketed && kind == Value::Bracketed {
        findings.add(Rule::Malformed, address.raw);
    }
    if !address.bracketed && uri.as_str().contains([',', '?']) {
        findings.add(Rule::UnbracketedUri, uri.as_bytes());
    }
    if field.name == Name::Contact && uri.is_sip() && uri.params().contains("isfocus") {
        findings.add(Rule::FocusInUri, uri.as_bytes());
    }
    if field.name == Name::RecordRoute && !uri.is_loose_router() {
        findings.add(Rule::LooseRoute, uri.as_bytes());
    }
    for (name, value) in uri.raw_headers() {
        for part in [name, value] {
            if !stands_in_headers_part(part.as_bytes()) {
                findings.add(Rule::HeadersPartEscape, part.as_bytes());
            }
        }
    }
}
