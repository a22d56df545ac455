//! Framing: start line, header field spans, body (RFC 3261 sections 7, 7.3.1 and 18.3); lenient on purpose.
//!
//! Accepted beyond the grammar: lines that end with LF alone, CRLFs before the start line (section 7.5), a missing
//! empty line at the very end, lines without a colon (kept, and named by the verdict), a body shorter than
//! `Content-Length`.

use std::ops::Range;

use smallvec::SmallVec;
use thiserror::Error;

use super::header::{Code, Name};
use super::text::{decimal, find, find_by_words, is_token, split_once, trim, trim_end, trim_start};
use super::{Method, Start};

/// Header fields whose spans are kept without an allocation.
pub const INLINE_FIELDS: usize = 64;
/// Most header fields in one message.
pub const MAX_FIELDS: usize = 256;
/// Longest start line or header field, folds included, in bytes.
pub const MAX_LINE: usize = 8_192;
/// Longest message in bytes: the largest datagram (RFC 3261 section 18.1.1).
pub const MAX_MESSAGE: usize = Offset::MAX as usize;

/// Where the colon behind a name is looked for first.
const LONGEST_PLAIN_NAME: usize = 32;

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
    #[inline]
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
    #[inline]
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
    /// By code, where the first field of that name stands in `fields`; zero also if there is none.
    first: [u8; Code::COUNT],
    /// Where the header section ends: the position of the empty line, or of the end if there is none.
    pub(crate) head_end: usize,
    /// Whether the empty line is there.
    pub(crate) has_empty_line: bool,
    /// The body as far as Content-Length reaches.
    pub(crate) body: Range<usize>,
    /// Bytes that Content-Length promises and the datagram does not hold.
    pub(crate) missing_body: usize,
}

#[inline]
fn slice(bytes: &[u8], from: Offset, to: Offset) -> &[u8] {
    bytes.get(usize::from(from)..usize::from(to)).unwrap_or_default()
}

/// `MAX_MESSAGE` has been checked before, so nothing is ever cut off.
const fn offset(position: usize) -> Offset {
    position as Offset
}

impl<'a> Frame<'a> {
    /// Frames a datagram.
    #[inline]
    pub(crate) fn of(datagram: &'a [u8]) -> Result<Self, FramingError> {
        let (start, version, from) = start_line(datagram)?;
        // Made once and filled where it stands: it is large.
        let mut frame = Self {
            start,
            version,
            fields: SmallVec::new(),
            first: [0; Code::COUNT],
            head_end: 0,
            has_empty_line: false,
            body: 0..0,
            missing_body: 0,
        };
        frame.read_header_section(datagram, from)?;
        Ok(frame)
    }

    /// The fields from the first of that name on; empty if there is none.
    #[inline]
    pub(crate) fn fields_from_first(&self, name: Name<'_>) -> &[FieldSpan] {
        let Some(first) = self.first.get(name.code() as usize).filter(|_| name.code() != Code::Other) else {
            return &self.fields;
        };
        match self.fields.get(usize::from(*first)..) {
            Some(fields @ [field, ..]) if field.code == name.code() => fields,
            _ => &[],
        }
    }

    /// The first field of that name.
    #[inline]
    pub(crate) fn first(&self, name: Name<'_>, bytes: &[u8]) -> Option<&FieldSpan> {
        let fields = self.fields_from_first(name);
        match name {
            Name::Other(_) => fields.iter().find(|span| span.is(name, bytes)),
            _ => fields.first(),
        }
    }

    /// Reads the header section that starts at `from`, behind the start line, and finds the body behind it.
    fn read_header_section(&mut self, bytes: &[u8], from: usize) -> Result<(), FramingError> {
        let mut rest = bytes.get(from..).unwrap_or_default();
        let mut count = 0;
        let body = loop {
            let at = bytes.len() - rest.len();
            if let None | Some(b'\r' | b'\n') = rest.first()
                && let Some(length) = empty_line_len(rest)
            {
                break at + length;
            }
            let (code, name) = plain_name(rest);
            let (line, behind) = rest.split_at_checked(field_len(rest, name)).unwrap_or((rest, &[]));
            if line.len() > MAX_LINE {
                return Err(FramingError { fault: FramingFault::LineTooLong, at });
            }
            if count == MAX_FIELDS {
                return Err(FramingError { fault: FramingFault::TooManyFields, at });
            }
            self.fields.push(field_span(line, at, code, name));
            count += 1;
            rest = behind;
        };
        for (at, field) in self.fields.iter().enumerate().rev() {
            if let Some(first) = self.first.get_mut(field.code as usize) {
                *first = at as u8;
            }
        }
        self.head_end = bytes.len() - rest.len();
        self.has_empty_line = self.head_end < body;
        self.find_body(bytes, body);
        Ok(())
    }

    /// The body that starts at `from` and is as long as Content-Length says, or as the datagram is.
    fn find_body(&mut self, bytes: &[u8], from: usize) {
        let available = bytes.len() - from;
        let promised = self
            .first(Name::ContentLength, bytes)
            .and_then(|span| decimal(span.value(bytes)))
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(available);
        self.body = from..from + promised.min(available);
        self.missing_body = promised.saturating_sub(available);
    }
}

/// The length of the empty line that the bytes begin with, zero at their end.
fn empty_line_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [] => Some(0),
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [_, ..] => None,
    }
}

/// How many bytes there are to behind the next LF at or behind `from`, or to the end.
#[inline]
fn line_len(bytes: &[u8], from: usize) -> usize {
    bytes.get(from..).and_then(|rest| find(b'\n', rest)).map_or(bytes.len(), |at| from + at + 1)
}

/// The length of a field of which `name` bytes hold no LF, with its folds.
#[inline]
fn field_len(bytes: &[u8], name: usize) -> usize {
    let mut length = line_len(bytes, name);
    while let Some(b' ' | b'\t') = bytes.get(length) {
        length = line_len(bytes, length);
    }
    length
}

/// The name at the start of a line, if it is a token that a colon follows at once, and where that colon stands; else
/// zero.
#[inline]
fn plain_name(rest: &[u8]) -> (Code, usize) {
    let start = rest.get(..LONGEST_PLAIN_NAME).unwrap_or(rest);
    let Some(name) = find_by_words(b':', start).and_then(|colon| start.get(..colon)) else { return (Code::Other, 0) };
    match Code::from_bytes(name) {
        Code::Other if !is_token(name) => (Code::Other, 0),
        // A known name is a token.
        code => (code, name.len()),
    }
}

/// The field of a line at `at` that begins with a plain name, or, if that is empty, with something else.
#[inline]
fn field_span(line: &[u8], at: usize, code: Code, name: usize) -> FieldSpan {
    let (code, name, colon) = if name > 0 { (code, name, name) } else { odd_name(line) };
    let value = trim_start(line.get(colon + 1..).unwrap_or_default());
    // What is left of the line starts that far before its end.
    let value_start = line.len() - value.len();
    FieldSpan {
        code,
        line: offset(at),
        name_end: offset(at + name),
        value: offset(at + value_start),
        value_end: offset(at + value_start + trim_end(value).len()),
        line_end: offset(at + line.len()),
    }
}

/// A name before white space or with characters that no token has, and where its colon stands. A line without a colon
/// becomes a field with a strange name and no value: kept in order, named by the verdict.
#[cold]
fn odd_name(text: &[u8]) -> (Code, usize, usize) {
    let colon = find(b':', text).unwrap_or(text.len());
    let name = trim_end(text.get(..colon).unwrap_or_default());
    (Code::from_bytes(name), name.len(), colon)
}

/// The start line of a datagram: what it says, its version, and where the next line begins.
fn start_line(datagram: &[u8]) -> Result<(Start<'_>, &[u8], usize), FramingError> {
    if datagram.len() > MAX_MESSAGE {
        return Err(FramingError { fault: FramingFault::TooLong, at: MAX_MESSAGE });
    }
    let first = datagram
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))
        .ok_or(FramingError { fault: FramingFault::Empty, at: 0 })?;
    let end = line_len(datagram, first);
    if end - first > MAX_LINE {
        return Err(FramingError { fault: FramingFault::LineTooLong, at: first });
    }
    let line = datagram.get(first..end).unwrap_or_default();
    let (start, version) =
        start_line_parts(trim_end(line)).ok_or(FramingError { fault: FramingFault::StartLine, at: first })?;
    Ok((start, version, end))
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
    let last = rest.iter().rposition(|byte| *byte == b' ')?;
    let (uri, version) = rest.split_at_checked(last)?;
    let (uri, version) = (trim(uri), trim(version));
    (is_token(first) && !uri.is_empty() && is_version(version))
        .then(|| (Start::Request { method: Method::from_bytes(first), uri }, version))
}

fn split_at_space(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = line.split_at_checked(find_by_words(b' ', line)?)?;
    Some((first, rest.get(1..)?))
}

/// `SIP/` digits `.` digits in any case; which version it is, is for the verdict and for a 505.
fn is_version(bytes: &[u8]) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let is_spelled_out = || {
        let (protocol, number) = bytes.split_at_checked(4)?;
        let (major, minor) = split_once(number, b'.')?;
        Some(protocol.eq_ignore_ascii_case(b"SIP/") && is_number(major) && is_number(minor))
    };
    bytes == b"SIP/2.0" || is_spelled_out().unwrap_or(false)
}
