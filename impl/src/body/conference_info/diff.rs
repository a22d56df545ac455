//! skeleton
use super::document::Document;
/// skeleton
pub fn diff(_old: &Document, _new: &Document) -> Document {
    todo!()
}
