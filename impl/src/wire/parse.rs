//! Framing: start line, header field spans, body (RFC 3261 sections 7, 7.3.1 and 18.3); lenient on purpose.
//!
//! Accepted beyond the grammar: lines that end with LF alone, CRLFs before the start line (section 7.5), a missing
//! empty line at the very end, lines without a colon (kept, and named by the verdict), a body shorter than
//! `Content-Length`.

use std::ops::Range;

use memchr::memchr;
use smallvec::SmallVec;
use thiserror::Error;

use super::header::{Code, Name};
use super::text::{decimal, is_token, trim, trim_end, trim_start};
use super::{Method, Start};

/// Header fields whose spans are kept without an allocation.
pub const INLINE_FIELDS: usize = 32;
/// Most header fields in one message.
pub const MAX_FIELDS: usize = 256;
/// Longest start line or header field, folds included, in bytes.
pub const MAX_LINE: usize = 8_192;
/// Longest message in bytes: the largest datagram (RFC 3261 section 18.1.1).
pub const MAX_MESSAGE: usize = Offset::MAX as usize;

/// A position in a message; two bytes, so that the spans of a usual message fit on the stack.
type Offset = u16;

/// Why a datagram is not a SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("not a SIP message at byte {at}: {fault}")]
pub struct FramingError {
    /// What is wrong.
    pub fault: FramingFault,
    /// Byte position in the datagram.
    pub at: usize,
}

/// What makes a datagram unreadable as a SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum FramingFault {
    /// Nothing but line ends: a keep-alive (RFC 5626 section 4.4.1) or an empty datagram.
    #[error("nothing but line ends")]
    Empty,
    /// Longer than [`MAX_MESSAGE`].
    #[error("longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// The first line is neither a Request-Line nor a Status-Line (RFC 3261 sections 7.1, 7.2).
    #[error("neither a Request-Line nor a Status-Line")]
    StartLine,
    /// A line longer than [`MAX_LINE`].
    #[error("a line longer than {MAX_LINE} bytes")]
    LineTooLong,
    /// More header fields than [`MAX_FIELDS`].
    #[error("more than {MAX_FIELDS} header fields")]
    TooManyFields,
}

/// Where one header field stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldSpan {
    pub(crate) code: Code,
    line: Offset,
    name_end: Offset,
    value: Offset,
    value_end: Offset,
    line_end: Offset,
}

impl FieldSpan {
    /// The name without white space before the colon.
    pub(crate) fn name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, self.line, self.name_end)
    }

    /// Whether this is a field of that name; unknown names are compared without case.
    pub(crate) fn is(&self, name: Name<'_>, bytes: &[u8]) -> bool {
        match name {
            Name::Other(text) => self.code == Code::Other && self.name(bytes).eq_ignore_ascii_case(text),
            known => self.code == known.code(),
        }
    }

    /// The value without the white space around it.
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, self.value, self.value_end)
    }

    /// From the first byte of the name to behind the line end, folds included.
    pub(crate) fn line(&self) -> Range<usize> {
        usize::from(self.line)..usize::from(self.line_end)
    }
}

/// A framed message.
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) start: Start<'a>,
    pub(crate) version: &'a [u8],
    pub(crate) fields: SmallVec<[FieldSpan; INLINE_FIELDS]>,
    /// Where the header section ends: the position of the empty line, or of the end if there is none.
    pub(crate) head_end: usize,
    /// Whether the empty line is there.
    pub(crate) has_empty_line: bool,
    /// The body as far as Content-Length reaches.
    pub(crate) body: Range<usize>,
    /// Bytes that Content-Length promises and the datagram does not hold.
    pub(crate) missing_body: usize,
}

fn slice(bytes: &[u8], from: Offset, to: Offset) -> &[u8] {
    bytes.get(usize::from(from)..usize::from(to)).unwrap_or_default()
}

/// `MAX_MESSAGE` has been checked before, so nothing is ever cut off.
fn offset(position: usize) -> Offset {
    Offset::try_from(position).unwrap_or(Offset::MAX)
}

/// Frames a datagram.
pub(crate) fn frame(datagram: &[u8]) -> Result<Frame<'_>, FramingError> {
    if datagram.len() > MAX_MESSAGE {
        return Err(FramingError { fault: FramingFault::TooLong, at: MAX_MESSAGE });
    }
    let first = datagram
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .ok_or(FramingError { fault: FramingFault::Empty, at: 0 })?;
    let start_end = line_end(datagram, first);
    if start_end - first > MAX_LINE {
        return Err(FramingError { fault: FramingFault::LineTooLong, at: first });
    }
    let start_line = datagram.get(first..start_end).unwrap_or_default();
    let (start, version) =
        start_line_parts(trim_end(start_line)).ok_or(FramingError { fault: FramingFault::StartLine, at: first })?;

    let HeaderSection { fields, end: head_end, body: body_start } = header_section(datagram, start_end)?;
    let available = datagram.len() - body_start;
    let promised = fields
        .iter()
        .find(|span| span.code == Code::ContentLength)
        .and_then(|span| decimal(span.value(datagram)))
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(available);
    Ok(Frame {
        start,
        version,
        fields,
        head_end,
        has_empty_line: head_end < body_start,
        body: body_start..body_start + promised.min(available),
        missing_body: promised.saturating_sub(available),
    })
}

/// Behind the LF of the line that starts at `from`, or the end of the bytes.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr(b'\n', rest).map_or(bytes.len(), |at| from + at + 1)
}

/// The header fields of a message, where they end, and where the body starts.
struct HeaderSection {
    fields: SmallVec<[FieldSpan; INLINE_FIELDS]>,
    end: usize,
    body: usize,
}

/// The header section that starts at `from`, behind the start line.
fn header_section(bytes: &[u8], from: usize) -> Result<HeaderSection, FramingError> {
    let mut fields = SmallVec::new();
    let mut line = from;
    loop {
        match bytes.get(line..).unwrap_or_default() {
            [] => return Ok(HeaderSection { fields, end: bytes.len(), body: bytes.len() }),
            [b'\n', ..] => return Ok(HeaderSection { fields, end: line, body: line + 1 }),
            [b'\r', b'\n', ..] => return Ok(HeaderSection { fields, end: line, body: line + 2 }),
            [_, ..] => {}
        }
        let mut end = line_end(bytes, line);
        while let Some(b' ' | b'\t') = bytes.get(end) {
            end = line_end(bytes, end);
        }
        if end - line > MAX_LINE {
            return Err(FramingError { fault: FramingFault::LineTooLong, at: line });
        }
        if fields.len() == MAX_FIELDS {
            return Err(FramingError { fault: FramingFault::TooManyFields, at: line });
        }
        fields.push(field_span(bytes, line, end));
        line = end;
    }
}

/// A line without a colon becomes a field with a strange name and no value: kept in order, named by the verdict.
fn field_span(bytes: &[u8], line: usize, line_end: usize) -> FieldSpan {
    let text = bytes.get(line..line_end).unwrap_or_default();
    // Names are short: a loop is faster than a search by blocks.
    let colon = text.iter().position(|byte| *byte == b':');
    let (name, behind) = colon.and_then(|colon| text.split_at_checked(colon)).unwrap_or((text, &[]));
    let name = trim_end(name);
    let value = trim_start(behind.get(1..).unwrap_or_default());
    // What is left of the line starts that far before its end.
    let value_start = line_end - value.len();
    FieldSpan {
        code: Name::from_bytes(name).code(),
        line: offset(line),
        name_end: offset(line + name.len()),
        value: offset(value_start),
        value_end: offset(value_start + trim_end(value).len()),
        line_end: offset(line_end),
    }
}

/// Request-Line or Status-Line and the version in it. A method is a token and holds no slash, so `SIP/` decides.
fn start_line_parts(line: &[u8]) -> Option<(Start<'_>, &[u8])> {
    let (first, rest) = split_at_space(line)?;
    if is_version(first) {
        let (code, phrase) = rest.split_at_checked(3)?;
        let code = u16::try_from(decimal(code)?).ok().filter(|code| *code >= 100)?;
        let phrase = match phrase {
            [] => phrase,
            [b' ', phrase @ ..] => phrase,
            _ => return None,
        };
        return Some((Start::Response { code, phrase }, first));
    }
    let last = memchr::memrchr(b' ', rest)?;
    let (uri, version) = rest.split_at_checked(last)?;
    let (uri, version) = (trim(uri), trim(version));
    (is_token(first) && !uri.is_empty() && is_version(version))
        .then(|| (Start::Request { method: Method::from_bytes(first), uri }, version))
}

fn split_at_space(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = line.split_at_checked(memchr(b' ', line)?)?;
    Some((first, rest.get(1..)?))
}

/// `SIP/` digits `.` digits in any case; which version it is, is for the verdict and for a 505.
fn is_version(bytes: &[u8]) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    bytes.split_at_checked(4).is_some_and(|(protocol, number)| {
        protocol.eq_ignore_ascii_case(b"SIP/")
            && memchr(b'.', number)
                .and_then(|dot| number.split_at_checked(dot))
                .is_some_and(|(major, minor)| is_number(major) && is_number(minor.get(1..).unwrap_or_default()))
    })
}
