//! skeleton
use super::document::Document;
impl Document {
    /// The document as XML.
    pub fn write(&self) -> Vec<u8> {
        todo!()
    }
}
