//! Reading a document: bytes to [`Document`], or the reason why not.
//!
//! [`read`] lets `roxmltree` decide whether the bytes are XML at all (RFC 4575 section 4.1), and its tree is what is
//! read, so that what was judged and what was understood are the same thing. [`read_trusted`] is for who trusts the
//! focus: it reads the events of `quick-xml` and judges nothing. Elements are matched by namespace, never by prefix,
//! and in any order. Read `source` (what is common to the two), `shape` (what may stand where), `reader` (how an
//! element is walked), then `parts` (element by element).

mod events;
mod parts;
mod reader;
mod shape;
mod source;
mod tree;

use super::NAMESPACE;
use super::document::Document;
use super::error::{DocumentError, Fault, Finding, Position};
use events::Events;
use reader::Reader;
use tree::Tree;

/// Longest document that is read, in bytes: a full one with several hundred users.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting of elements that is read. The schema alone needs nine levels; sidebars and extensions may nest.
pub const MAX_DEPTH: usize = 32;
/// Most nodes (elements, texts, comments) of a document that is read.
pub const MAX_NODES: usize = 32 * 1024;
/// Most equals signs of a document that is read, which bounds its attributes: the parser compares each attribute with
/// all others of its element.
pub const MAX_ATTRIBUTES: usize = 4096;
/// Most namespace declarations of a document that is read: the parser gives every element that declares one its own
/// copy of all that are in scope, so that nested declarations cost the cube of their number.
pub const MAX_NAMESPACES: usize = 256;
/// Most users, endpoints of a user, media of an endpoint or sidebars that are kept.
pub const MAX_ROWS: usize = 1024;
/// Most elements of other namespaces under one parent that are kept.
pub const MAX_EXTENSIONS: usize = 256;
/// Most findings that are listed; what is broken further on is not reported any more.
pub const MAX_FINDINGS: usize = 64;

/// A document and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The document.
    pub document: Document,
    /// The rules it breaks without becoming useless, in the order in which they were met, at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
}

impl Document {
    /// Reads a body of type `application/conference-info+xml`; see [`read`], which also tells what was tolerated.
    ///
    /// # Errors
    /// The document is unusable as a whole.
    pub fn read(body: &[u8]) -> Result<Self, DocumentError> {
        read(body).map(|reading| reading.document)
    }
}

/// Reads a body of type `application/conference-info+xml`.
///
/// # Errors
/// The document is unusable as a whole: not XML, beyond a limit, or something is missing or contradictory without which
/// a subscriber would have to guess what the roster is.
pub fn read(body: &[u8]) -> Result<Reading, DocumentError> {
    let text = checked_text(body)?;
    // What the parser has no limit for is counted before it starts; a little too much is counted, which does no harm.
    if memchr::memchr_iter(b'=', body).count() > MAX_ATTRIBUTES {
        return Err(DocumentError { fault: Fault::TooManyAttributes { limit: MAX_ATTRIBUTES }, at: START });
    }
    if memchr::memmem::find_iter(body, b"xmlns").count() > MAX_NAMESPACES {
        return Err(DocumentError { fault: Fault::TooManyNamespaces { limit: MAX_NAMESPACES }, at: START });
    }
    let limits = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: u32::try_from(MAX_NODES).unwrap_or(u32::MAX),
        ..roxmltree::ParsingOptions::default()
    };
    let xml = roxmltree::Document::parse_with_options(text, limits).map_err(|error| not_xml(&error, text))?;
    let mut reader = Reader::new(text, Tree::new(&xml));
    reader.check_encoding();
    let document = reader.document()?;
    Ok(Reading { document, findings: reader.into_findings() })
}

/// Reads a body of type `application/conference-info+xml` from a focus that is trusted to write well-formed documents
/// by the schema: in half the time of [`read`], without findings, and blind to most of what makes bytes no XML. A
/// document that [`read`] takes is read as the same; what has no meaning for the roster is refused here too.
///
/// # Errors
/// The document is too large or too deep, or something is missing or contradictory without which a subscriber would
/// have to guess what the roster is.
pub fn read_trusted(body: &[u8]) -> Result<Document, DocumentError> {
    let text = checked_text(body)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Reader::new(text, Events::new(text)).document()
}

/// Where everything begins.
const START: Position = Position { line: 1, column: 1 };

/// The document as text, if it is not too long.
fn checked_text(body: &[u8]) -> Result<&str, DocumentError> {
    if body.len() > MAX_BYTES {
        return Err(DocumentError { fault: Fault::TooLarge { length: body.len(), limit: MAX_BYTES }, at: START });
    }
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        DocumentError { fault: Fault::NotUtf8, at: end_position(&String::from_utf8_lossy(valid)) }
    })
}

/// What the XML parser's error means, and where.
fn not_xml(error: &roxmltree::Error, text: &str) -> DocumentError {
    use roxmltree::Error;
    let at = match error {
        // These are about the document as a whole, so the parser has no position for them.
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream | Error::NoRootNode => end_position(text),
        _ => Position { line: error.pos().row, column: error.pos().col },
    };
    let fault = match error {
        Error::UnexpectedCloseTag(open, found, _) => Fault::NotClosed { open: open.clone(), found: found.clone() },
        Error::DtdDetected => Fault::Dtd,
        Error::NodesLimitReached => Fault::TooManyNodes { limit: MAX_NODES },
        other => {
            let reason = other.to_string();
            let reason = reason.strip_suffix(&format!(" at {}", other.pos())).unwrap_or(&reason);
            Fault::NotWellFormed { reason: reason.to_owned() }
        }
    };
    DocumentError { fault, at }
}

/// The position of a byte of `text`.
fn position_at(text: &str, byte: usize) -> Position {
    end_position(text.get(..byte).unwrap_or(text))
}

/// The position just behind `text`.
fn end_position(text: &str) -> Position {
    let line = text.split('\n').count();
    let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let bounded = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: bounded(line), column: bounded(column) }
}

#[cfg(test)]
mod tests;
