//! Reading a document: bytes to [`Document`], or the reason why not.
//!
//! A document whose XML is usual is read in one pass; all others are read from the tree of `roxmltree`, which decides
//! whether the bytes are XML at all (RFC 4575 section 4.1) and says what is wrong with them and where. Elements are
//! matched by namespace, never by prefix, and in any order. Read `source` (what is common to the two), `lexis` (which
//! XML is usual), `shape` (what may stand where), `reader` (how an element is walked), then `parts` (each element).

mod lexis;
mod parts;
mod reader;
mod scan;
mod shape;
mod source;
mod tree;

use super::NAMESPACE;
use super::document::Document;
use super::error::{DocumentError, Fault, Finding, Position};
use lexis::Doubt;
use reader::Reader;
use scan::Scan;
use tree::Tree;

/// Longest document that is read, in bytes: a full one with several hundred users.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting of elements that is read. The schema alone needs nine levels; sidebars and extensions may nest.
pub const MAX_DEPTH: usize = 32;
/// Most nodes (elements, texts, comments) of a document that is read.
pub const MAX_NODES: usize = 32 * 1024;
/// Most attributes of a document that is read: each is compared with all others of its element. From the tree no
/// document is read that has more equals signs.
pub const MAX_ATTRIBUTES: usize = 4096;
/// Most namespace declarations of a document that is read: the tree gives every element that declares one its own copy
/// of all that are in scope, so that nested declarations cost the cube of their number. From the tree no document is
/// read that has the word more often.
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
    from_scan(text).or_else(|Doubt| from_tree(text))
}

/// Reads a document whose XML is usual and that is not refused.
fn from_scan(text: &str) -> Result<Reading, Doubt> {
    Reader::new(text, Scan::new(text)?).reading()
}

/// Reads any document.
fn from_tree(text: &str) -> Result<Reading, DocumentError> {
    // What the parser has no limit for is counted before it starts; a little too much is counted, which does no harm.
    if memchr::memchr_iter(b'=', text.as_bytes()).count() > MAX_ATTRIBUTES {
        return Err(DocumentError { fault: Fault::TooManyAttributes { limit: MAX_ATTRIBUTES }, at: START });
    }
    if memchr::memmem::find_iter(text.as_bytes(), b"xmlns").count() > MAX_NAMESPACES {
        return Err(DocumentError { fault: Fault::TooManyNamespaces { limit: MAX_NAMESPACES }, at: START });
    }
    let limits = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: u32::try_from(MAX_NODES).unwrap_or(u32::MAX),
        ..roxmltree::ParsingOptions::default()
    };
    let xml = roxmltree::Document::parse_with_options(text, limits).map_err(|error| not_xml(&error, text))?;
    Reader::new(text, Tree::new(&xml)).reading()
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
