//! Bodies of several parts: `multipart/*` (RFC 2046 section 5.1, RFC 5621 section 4).
//!
//! Parts are slices of the body. Reading is lenient where the parts are clear all the same: lines that end with LF
//! alone, a closing delimiter that is missing; [`Multipart`] says so. What a part means is for whoever asks.

use std::borrow::Cow;

use memchr::memmem;
use thiserror::Error;

use crate::wire::{HeaderError, MediaType, Message, Name};

/// Most parts of one body that are read.
pub const MAX_PARTS: usize = 64;
/// Deepest nesting of bodies in bodies that is read.
pub const MAX_DEPTH: usize = 4;
/// Most header fields of one part that are read.
pub const MAX_FIELDS: usize = 32;
/// Longest boundary (RFC 2046 section 5.1.1), in bytes.
pub const MAX_BOUNDARY: usize = 70;

/// Why a body cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum MultipartError {
    /// The media type is no `multipart`.
    #[error("the media type is not multipart")]
    OtherType,
    /// There is no `boundary` parameter, or none that may delimit parts.
    #[error("no boundary of 1 to {MAX_BOUNDARY} characters that boundaries may have")]
    Boundary,
    /// The boundary does not stand in the body.
    #[error("no part: the boundary does not stand in the body")]
    NoPart,
    /// More parts than [`MAX_PARTS`].
    #[error("more than {MAX_PARTS} parts")]
    TooManyParts,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} bodies")]
    TooDeep,
    /// More header fields in one part than [`MAX_FIELDS`].
    #[error("more than {MAX_FIELDS} header fields in one part")]
    TooManyFields,
}

/// A body of several parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Multipart<'a> {
    /// The parts, in order.
    pub parts: Vec<Part<'a>>,
    /// Whether the closing delimiter is there; without it the last part reaches to the end (RFC 2046 section 5.1.1).
    pub is_closed: bool,
    depth: usize,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part<'a> {
    /// Header fields and body as they came, without the line end that belongs to the delimiter.
    pub raw: &'a [u8],
    /// The header fields in order: name, and value without white space around it, with its folds.
    pub fields: Vec<(Name<'a>, &'a [u8])>,
    /// The body.
    pub body: &'a [u8],
    depth: usize,
}

impl<'a> Multipart<'a> {
    /// Takes the body of a message apart, by its Content-Type.
    ///
    /// # Errors
    /// It is no multipart body, or beyond a limit.
    pub fn of(message: &Message<'a>) -> Result<Self, MultipartError> {
        let media_type = message.content_type().map_err(|_: HeaderError| MultipartError::OtherType)?;
        Self::read(&media_type, message.body())
    }

    /// Takes a body of this media type apart.
    ///
    /// # Errors
    /// It is no multipart body, or beyond a limit.
    pub fn read(media_type: &MediaType<'_>, body: &'a [u8]) -> Result<Self, MultipartError> {
        Self::at_depth(media_type, body, 1)
    }

    fn at_depth(media_type: &MediaType<'_>, body: &'a [u8], depth: usize) -> Result<Self, MultipartError> {
        if !media_type.kind.eq_ignore_ascii_case(b"multipart") {
            return Err(MultipartError::OtherType);
        }
        if depth > MAX_DEPTH {
            return Err(MultipartError::TooDeep);
        }
        let boundary = boundary(media_type).ok_or(MultipartError::Boundary)?;
        let delimiter = [b"--", &*boundary].concat();
        let mut delimiters = Delimiters { body, finder: memmem::Finder::new(&delimiter), at: 0 };
        let mut open = delimiters.next().filter(|first| !first.is_closing).ok_or(MultipartError::NoPart)?;
        let mut multipart = Self { parts: Vec::new(), is_closed: false, depth };
        loop {
            let next = delimiters.next();
            let end = next.as_ref().map_or(body.len(), |next| next.start);
            // Two delimiters may share the line end between them: an empty part.
            let raw = body.get(open.end..end.max(open.end)).unwrap_or_default();
            if multipart.parts.len() == MAX_PARTS {
                return Err(MultipartError::TooManyParts);
            }
            multipart.parts.push(Part::read(raw, depth)?);
            match next {
                Some(next) if !next.is_closing => open = next,
                Some(_) => {
                    multipart.is_closed = true;
                    return Ok(multipart);
                }
                None => return Ok(multipart),
            }
        }
    }

    /// The first part of this media type, looked for in nested bodies too, in order: `find("application/sdp")`.
    ///
    /// # Errors
    /// A nested body cannot be taken apart.
    pub fn find(&self, media_type: &str) -> Result<Option<Part<'a>>, MultipartError> {
        for part in &self.parts {
            if part.is(media_type) {
                return Ok(Some(part.clone()));
            }
            if let Some(nested) = part.nested().transpose()?
                && let Some(found) = nested.find(media_type)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// How deep this body is nested; 1 is the body of the message.
    pub const fn depth(&self) -> usize {
        self.depth
    }
}

impl<'a> Part<'a> {
    fn read(raw: &'a [u8], depth: usize) -> Result<Self, MultipartError> {
        let (mut rest, mut fields) = (raw, Vec::new());
        loop {
            let (line, behind) = split_line(rest);
            let mut end = raw.len() - behind.len();
            let start = raw.len() - rest.len();
            rest = behind;
            if line.is_empty() {
                break;
            }
            while let [b' ' | b'\t', ..] = rest {
                rest = split_line(rest).1;
                end = raw.len() - rest.len();
            }
            let line = raw.get(start..end).unwrap_or_default();
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
            if fields.len() == MAX_FIELDS {
                return Err(MultipartError::TooManyFields);
            }
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            fields.push((Name::from_bytes(name.trim_ascii()), value));
        }
        Ok(Self { raw, fields, body: rest, depth })
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: Name<'_>) -> Option<&'a [u8]> {
        self.fields.iter().find(|(own, _)| own.same(&name)).map(|(_, value)| *value)
    }

    /// Its media type; `None` if it does not say or says it wrongly: then it is `text/plain` (RFC 2046 section 5.2).
    pub fn content_type(&self) -> Option<MediaType<'a>> {
        MediaType::parse(self.field(Name::ContentType)?).ok()
    }

    /// Whether it is of this media type.
    pub fn is(&self, media_type: &str) -> bool {
        match self.content_type() {
            Some(own) => own.is(media_type),
            None => media_type.eq_ignore_ascii_case("text/plain"),
        }
    }

    /// Whether a recipient that does not understand the part may pass over it (`handling=optional`, RFC 5621 section
    /// 8.2); it has to be understood unless it says otherwise.
    pub fn is_optional(&self) -> bool {
        let handling = self.field(Name::ContentDisposition).and_then(|value| {
            let mut params = value.split(|byte| *byte == b';').skip(1).map(<[u8]>::trim_ascii);
            params.find_map(|param| param.get(.."handling=".len()).zip(param.get("handling=".len()..)))
        });
        handling.is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case(b"handling=") && value.eq_ignore_ascii_case(b"optional")
        })
    }

    /// The parts of this part, if it is a multipart body itself.
    pub fn nested(&self) -> Option<Result<Multipart<'a>, MultipartError>> {
        let media_type = self.content_type().filter(|own| own.kind.eq_ignore_ascii_case(b"multipart"))?;
        Some(Multipart::at_depth(&media_type, self.body, self.depth + 1))
    }
}

/// The boundary, without quotes: characters that a boundary may have, a space not at its end (RFC 2046 section 5.1.1).
fn boundary<'a>(media_type: &MediaType<'a>) -> Option<Cow<'a, [u8]>> {
    let boundary = media_type.params.find("boundary")?.text();
    let is_boundary_char = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    let fits = (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.last() != Some(&b' ');
    // A semicolon is against the grammar of a boundary, and no recipient stumbles over it in quotes.
    let is_legal = |byte: &u8| is_boundary_char(byte) || *byte == b';';
    (fits && boundary.iter().all(is_legal)).then_some(boundary)
}

/// A line up to its LF without CR, and everything behind it.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    let (line, behind) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), behind)
}

/// A delimiter line, with the line end before it and its own.
struct Delimiter {
    start: usize,
    end: usize,
    is_closing: bool,
}

struct Delimiters<'a, 'd> {
    body: &'a [u8],
    finder: memmem::Finder<'d>,
    at: usize,
}

impl Iterator for Delimiters<'_, '_> {
    type Item = Delimiter;

    /// The next line that is the boundary with dashes before it, perhaps behind it, and white space at most.
    fn next(&mut self) -> Option<Delimiter> {
        loop {
            let found = self.at + self.finder.find(self.body.get(self.at..)?)?;
            self.at = found + 1;
            let before = self.body.get(..found)?;
            if !(before.is_empty() || before.ends_with(b"\n")) {
                continue;
            }
            let line_start = self.body.get(found + self.finder.needle().len()..)?;
            let (line, behind) = split_line(line_start);
            let (rest, is_closing) = match line.strip_prefix(b"--") {
                Some(rest) => (rest, true),
                None => (line, false),
            };
            if rest.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                let end = self.body.len() - behind.len();
                self.at = end;
                let before = before.strip_suffix(b"\n").unwrap_or(before);
                let start = before.strip_suffix(b"\r").unwrap_or(before).len();
                return Some(Delimiter { start, end, is_closing });
            }
        }
    }
}

#[cfg(test)]
mod tests;
