//! Framing: start line, header field spans, body (RFC 3261 sections 7, 7.3.1 and 18.3); lenient on purpose.
//!
//! Accepted beyond the grammar: lines that end with LF alone, CRLFs before the start line (section 7.5), a missing
//! empty line at the very end, lines without a colon (kept, and named by the verdict), a body shorter than
//! `Content-Length`.

use std::ops::Range;

use smallvec::SmallVec;
use thiserror::Error;

use super::header::{Code, Name};
use super::scan::{LANES, LineEnds, places};
use super::text::{decimal, find, find_by_words, is_token, split_once, trim, trim_end, trim_line};
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
/// Where no field of a name stands; the last place that there may be, so whoever looks there looks at the name, too.
const ABSENT: u8 = (MAX_FIELDS - 1) as u8;

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

/// Where one header field stands. Small, because a message holds many of them wherever it is moved: what a look at the
/// line tells is not kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldSpan {
    pub(crate) code: Code,
    /// How long the name is, which the colon follows at once; zero for an odd line.
    name: u8,
    line: Offset,
    line_end: Offset,
}

impl FieldSpan {
    /// The field of a line.
    #[inline(always)]
    fn of(bytes: &[u8], line: usize, line_end: usize) -> Self {
        let (code, name) = plain_name(bytes.get(line..).unwrap_or_default());
        let (code, name) = if name > 0 { (code, name) } else { odd_code(bytes, line, line_end) };
        Self { code, name, line: offset(line), line_end: offset(line_end) }
    }

    fn bytes<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.line()).unwrap_or_default()
    }

    /// The name without white space before the colon.
    #[inline]
    pub(crate) fn name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes.get(usize::from(self.line)..usize::from(self.line) + usize::from(self.name)) {
            Some(name @ [_, ..]) => name,
            _ => odd_name(self.bytes(bytes)).0,
        }
    }

    /// Whether this is a field of that name; unknown names are compared without case.
    #[inline]
    pub(crate) fn is(&self, name: Name<'_>, bytes: &[u8]) -> bool {
        match name {
            Name::Other(text) => self.code == Code::Other && self.name(bytes).eq_ignore_ascii_case(text),
            known => self.code == known.code(),
        }
    }

    /// The value without the white space around it.
    #[inline]
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        if self.name == 0 {
            return odd_name(self.bytes(bytes)).1;
        }
        let behind_colon = usize::from(self.line) + usize::from(self.name) + 1;
        trim_line(bytes.get(behind_colon..usize::from(self.line_end)).unwrap_or_default())
    }

    /// From the first byte of the name to behind the line end, folds included.
    #[inline]
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
    /// By code, where the first field of that name stands in `fields`; [`ABSENT`] if there is none, or if it is there.
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

/// `MAX_MESSAGE` has been checked before, so nothing is ever cut off.
const fn offset(position: usize) -> Offset {
    position as Offset
}

impl<'a> Frame<'a> {
    /// What the start line says; [`Frame::read`] reads the rest. Two steps, so that a caller can let the frame stand
    /// where it is made: to move it is a good part of the work.
    #[inline]
    pub(crate) fn begin(datagram: &'a [u8]) -> Result<Self, FramingError> {
        match start_line(datagram) {
            Ok((start, version, head_end)) => Ok(Self {
                start,
                version,
                fields: SmallVec::new(),
                first: [ABSENT; Code::COUNT],
                head_end,
                has_empty_line: false,
                body: 0..0,
                missing_body: 0,
            }),
            Err(error) => Err(error),
        }
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

    /// Reads the header section behind the start line, and finds the body behind it.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), FramingError> {
        let mut ends = LineEnds::new(bytes, self.head_end);
        let mut line = self.head_end;
        let mut count = 0_usize;
        let body = loop {
            if let None | Some(b'\r' | b'\n') = bytes.get(line)
                && let Some(length) = empty_line_len(bytes.get(line..).unwrap_or_default())
            {
                break line + length;
            }
            let line_end = field_end(bytes, &mut ends);
            if line_end - line > MAX_LINE {
                return Err(FramingError { fault: FramingFault::LineTooLong, at: line });
            }
            if count == MAX_FIELDS {
                return Err(FramingError { fault: FramingFault::TooManyFields, at: line });
            }
            let field = FieldSpan::of(bytes, line, line_end);
            if let Some(first) = self.first.get_mut(field.code as usize) {
                *first = (*first).min(count as u8);
            }
            self.fields.push(field);
            count += 1;
            line = line_end;
        };
        self.head_end = line;
        self.has_empty_line = line < body;
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

/// Where the field ends that the next line end belongs to: behind its last fold, or at the end of the bytes.
#[inline(always)]
fn field_end(bytes: &[u8], ends: &mut LineEnds<'_>) -> usize {
    for end in ends {
        if !matches!(bytes.get(end + 1), Some(b' ' | b'\t')) {
            return end + 1;
        }
    }
    bytes.len()
}

/// The name at the start of a line, if it is a token that a colon follows at once, and its length; else zero.
#[inline(always)]
fn plain_name(line: &[u8]) -> (Code, u8) {
    let Some(length) = name_len(line) else { return (Code::Other, 0) };
    match Code::at_start(line, length) {
        Code::Other if !line.get(..length).is_some_and(is_token) => (Code::Other, 0),
        // A known name is a token.
        code => (code, length as u8),
    }
}

/// What stands before the first colon, if that is among the first bytes.
#[inline(always)]
fn name_len(line: &[u8]) -> Option<usize> {
    let Some((start, behind)) = line.split_first_chunk() else { return find_by_words(b':', line) };
    match places(b':', start) {
        0 => far_name_len(behind),
        found => Some(found.trailing_zeros() as usize),
    }
}

/// [`name_len`] behind the first bytes.
fn far_name_len(line: &[u8]) -> Option<usize> {
    let line = line.get(..LONGEST_PLAIN_NAME - LANES).unwrap_or(line);
    find_by_words(b':', line).map(|at| LANES + at)
}

/// The code of a line that begins with no plain name.
#[cold]
fn odd_code(bytes: &[u8], line: usize, line_end: usize) -> (Code, u8) {
    (Code::from_bytes(odd_name(bytes.get(line..line_end).unwrap_or_default()).0), 0)
}

/// Name and value of a line with white space before the colon, or with characters there that no token has. A line
/// without a colon becomes a field with a strange name and no value: kept in order, named by the verdict.
#[cold]
fn odd_name(line: &[u8]) -> (&[u8], &[u8]) {
    let (name, value) = split_once(line, b':').unwrap_or_else(|| line.split_at(line.len()));
    (trim_end(name), trim(value))
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
    let end = find(b'\n', datagram.get(first..).unwrap_or_default()).map_or(datagram.len(), |at| first + at + 1);
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
    let last = match rest.strip_suffix(b" SIP/2.0") {
        Some(uri) => uri.len(),
        None => rest.iter().rposition(|byte| *byte == b' ')?,
    };
    let (uri, version) = rest.split_at_checked(last)?;
    let (uri, version) = (trim(uri), trim(version));
    let method = Method::from_bytes(first);
    let is_method = method.known().is_some() || is_token(first);
    (is_method && !uri.is_empty() && is_version(version)).then_some((Start::Request { method, uri }, version))
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
