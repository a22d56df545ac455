//! URIs character by character (RFC 3261 sections 19.1 and 25.1, RFC 3966): reading one only asks where its parts are.

use super::Findings;
use crate::violation::Rule;
use crate::wire::text::{decimal, is_token, split_once};
use crate::wire::uri::stands_in_headers_part;
use crate::wire::{Host, Scheme, TelephoneError, TelephoneSubscriber, Uri};

/// Among how many parameters of one URI a second one of the same name is looked for.
const MAX_COMPARED: usize = 32;

pub(super) fn check(uri: &Uri<'_>, findings: &mut Findings<'_>) {
    match uri.scheme() {
        Scheme::Sip | Scheme::Sips => check_sip(uri, findings),
        Scheme::Tel => {
            let is_wrong = matches!(
                TelephoneSubscriber::of(uri),
                Err(TelephoneError::Digits | TelephoneError::NoContext | TelephoneError::Repeated)
            );
            if is_wrong {
                findings.add(Rule::Telephone, uri.as_bytes());
            }
        }
        Scheme::Urn | Scheme::Other(_) => check_part(uri.body(), b";/?:@&=+$,[]#", findings),
    }
}

fn check_sip(uri: &Uri<'_>, findings: &mut Findings<'_>) {
    check_part(uri.user().unwrap_or_default(), b"&=+$,;?/", findings);
    check_part(uri.password().unwrap_or_default(), b"&=+$,", findings);
    // Before a password stands a user part of at least one character.
    if let Some((_, rest @ [b':', ..])) = split_once(uri.as_bytes(), b':') {
        findings.add(Rule::UriCharacter, rest.get(..1).unwrap_or_default());
    }
    if let Some(host) = uri.host() {
        check_host(host, findings);
    }
    check_params(uri, findings);
    for (name, value) in uri.raw_headers() {
        for part in [name, value] {
            if !stands_in_headers_part(part.as_bytes()) {
                findings.add(Rule::HeadersPartEscape, part.as_bytes());
            }
        }
    }
    let headers = uri.headers_part().map(|part| part.split('&'));
    for header in headers.into_iter().flatten() {
        if header.split_once('=').is_none_or(|(name, _)| name.is_empty()) {
            findings.add(Rule::HeadersPart, header.as_bytes());
        }
    }
}

/// A host of a URI or of a Via.
pub(super) fn check_host(host: Host<'_>, findings: &mut Findings<'_>) {
    match host {
        Host::Name(name) if !is_host_name(name) => findings.add(Rule::HostName, name.as_bytes()),
        Host::Name(_) | Host::V4(_) | Host::V6(_) => {}
    }
}

/// Every character is unreserved, escaped or one of `others` (section 25.1). The first wrong one is enough.
fn check_part(part: &str, others: &[u8], findings: &mut Findings<'_>) {
    let bytes = part.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let is_mark = matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')');
        if *byte == b'%' {
            let escape = bytes.get(at..bytes.len().min(at + 3)).unwrap_or_default();
            if escape.len() < 3 || !escape.iter().skip(1).all(u8::is_ascii_hexdigit) {
                return findings.add(Rule::Escape, escape);
            }
            at += 2;
        } else if !(byte.is_ascii_alphanumeric() || is_mark || others.contains(byte)) {
            return findings.add(Rule::UriCharacter, bytes.get(at..=at).unwrap_or_default());
        }
        at += 1;
    }
}

/// `*( domainlabel "." ) toplabel [ "." ]`: the last label begins with a letter.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = |label: &str| {
        let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        edge(label.bytes().next())
            && edge(label.bytes().next_back())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let top = name.rsplit('.').next().unwrap_or_default();
    name.split('.').all(fits) && top.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn check_params(uri: &Uri<'_>, findings: &mut Findings<'_>) {
    let params = uri.params().as_bytes();
    let headers = uri.headers_part().map_or(0, |part| part.len() + 1);
    let before_headers = uri.as_bytes().get(..uri.as_bytes().len() - headers).unwrap_or_default();
    if params.is_empty() {
        if before_headers.ends_with(b";") {
            findings.add(Rule::UriParameter, before_headers.get(before_headers.len() - 1..).unwrap_or_default());
        }
        return;
    }
    // The parameters of a URI are ASCII, as all of it.
    let params = std::str::from_utf8(params).unwrap_or_default();
    for (index, param) in params.split(';').enumerate() {
        let (name, value) = param.split_once('=').map_or((param, None), |(name, value)| (name, Some(value)));
        let named = |earlier: &str| earlier.split('=').next().unwrap_or_default().eq_ignore_ascii_case(name);
        let is_second = params.split(';').take(index.min(MAX_COMPARED)).any(named);
        let fits = match value {
            Some(value) if name.eq_ignore_ascii_case("ttl") => {
                decimal(value.as_bytes()).is_some_and(|number| number <= 255)
            }
            Some(value) if ["transport", "user"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
                is_token(value.as_bytes())
            }
            Some(value) => !value.is_empty(),
            None => true,
        };
        if name.is_empty() || is_second || !fits {
            findings.add(Rule::UriParameter, param.as_bytes());
        }
        check_part(name, b"[]/:&+$", findings);
        check_part(value.unwrap_or_default(), b"[]/:&+$", findings);
    }
}
