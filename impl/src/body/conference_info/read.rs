//! skeleton
use super::document::Document;
use super::error::{DocumentError, Finding};
/// Bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Depth.
pub const MAX_DEPTH: usize = 32;
/// Nodes.
pub const MAX_NODES: usize = 32 * 1024;
/// Rows.
pub const MAX_ROWS: usize = 4096;
/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The document.
    pub document: Document,
    /// Broken rules that do not matter to a subscriber, in the order of the document.
    pub findings: Vec<Finding>,
}
/// Reads a document.
///
/// # Errors
/// It is refused as a whole.
pub fn read(_body: &[u8]) -> Result<Reading, DocumentError> {
    todo!()
}
