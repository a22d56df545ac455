//! What can be wrong with the catalogue's files.

use thiserror::Error;

use super::Section;

/// The catalogue cannot be read.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// A file is not TOML, or not of the expected form.
    #[error("the requirements of the section {section} cannot be read")]
    Syntax {
        /// The section that the file holds.
        section: Section,
        /// What the TOML reader says.
        source: Box<toml::de::Error>,
    },
    /// Two rows have the same id.
    #[error("{id} stands twice in the catalogue")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// A row has no id.
    #[error("a row of the section {section} has an empty id")]
    NoId {
        /// The section that the row is in.
        section: Section,
    },
    /// A field that must say something is empty.
    #[error("{id} has an empty {field}")]
    Empty {
        /// The row.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// Nothing checks the row and no reason is given.
    #[error("{id} is neither checked nor waived")]
    Unchecked {
        /// The row.
        id: String,
    },
    /// A row is checked and has a reason not to be.
    #[error("{id} is both checked and waived")]
    CheckedAndWaived {
        /// The row.
        id: String,
    },
}
