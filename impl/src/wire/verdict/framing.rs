//! The bytes of the header section and the length of the body (RFC 3261 sections 7 and 18.3).

use super::Findings;
use super::fields::escaped_controls;
use crate::violation::Rule;
use crate::wire::text::{is_control, is_token};
use crate::wire::{Message, Name, Start};

pub(super) fn check(message: &Message<'_>, findings: &mut Findings<'_>) {
    check_bytes(message, &escaped_controls(message), findings);
    check_start_line(message, findings);
    let bytes = message.as_bytes();
    for span in &message.frame().fields {
        let line = bytes.get(span.line()).unwrap_or_default();
        let colon = memchr::memchr(b':', line);
        // White space before the colon is legal, a fold is not (`HCOLON`, section 25.1).
        let is_folded = line.get(..colon.unwrap_or_default()).is_some_and(|name| name.contains(&b'\n'));
        if colon.is_none() || is_folded || !is_token(span.name(bytes)) {
            findings.add(Rule::FieldLine, line);
        }
        if std::str::from_utf8(line).is_err() {
            findings.add(Rule::Utf8, line);
        }
    }
    if !message.frame().has_empty_line {
        findings.add_at(Rule::EmptyLine, message.frame().head_end..bytes.len());
    }
    let end = message.frame().body.end;
    if end < bytes.len() {
        findings.add_at(Rule::TrailingBytes, end..bytes.len());
    }
    if let Some(length) = message.field(Name::ContentLength)
        && message.missing_body() > 0
    {
        findings.add(Rule::BodyLength, length);
    }
    if !message.body().is_empty() && message.field(Name::ContentType).is_none() {
        findings.add(Rule::BodyWithoutType, message.body());
    }
}

/// Line ends and control characters, byte by byte; a CR is part of a line end or it is a control character,
/// or escaped in a quoted string, at one of the places `escaped`.
fn check_bytes(message: &Message<'_>, escaped: &[usize], findings: &mut Findings<'_>) {
    let bytes = message.as_bytes();
    let end = message.frame().body.start;
    for (at, byte) in bytes.iter().enumerate().take(end) {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        match byte {
            b'\n' if before == Some(&b'\r') => {}
            b'\n' => findings.add_at(Rule::LineEnd, at..at + 1),
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
            byte if is_control(*byte) && escaped.binary_search(&at).is_err() => {
                findings.add_at(Rule::ControlCharacter, at..at + 1)
            }
            _ => {}
        }
    }
}

fn check_start_line(message: &Message<'_>, findings: &mut Findings<'_>) {
    let line = start_line(message);
    let code_text;
    let expected = match message.start() {
        Start::Request { method, uri } => [method.as_bytes(), b" ", uri, b" ", message.version()].concat(),
        Start::Response { code, phrase } => {
            if code > 699 {
                findings.add(Rule::StatusCode, line);
            }
            code_text = code.to_string();
            [message.version(), b" ", code_text.as_bytes(), b" ", phrase].concat()
        }
    };
    if expected != line {
        findings.add(Rule::StartLine, line);
    }
    if message.version() != b"SIP/2.0" {
        findings.add(Rule::Version, message.version());
    }
    if std::str::from_utf8(line).is_err() {
        findings.add(Rule::Utf8, line);
    }
}

/// The start line without its end.
pub(super) fn start_line<'a>(message: &Message<'a>) -> &'a [u8] {
    let bytes = message.as_bytes();
    let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or_default();
    let rest = bytes.get(first..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}
