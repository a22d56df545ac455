//! Where elements come from: the tree of a document that was judged ([`super::tree`]), or the events of one that is
//! trusted ([`super::events`]). What the elements mean is read by the same code from both.

use std::borrow::Cow;

use super::super::error::DocumentError;
use super::super::extension::ExtensionAttribute;

/// What stands between the tags of an element, in order; comments and processing instructions are passed over.
pub(super) enum Piece<'x, E> {
    /// A child element. It has to be entered or skipped before the next piece is asked for.
    Element(E),
    /// Character data, and the byte at which it begins.
    Text(Cow<'x, str>, usize),
}

/// The namespace of an element, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace<'e> {
    /// That of the package.
    Package,
    /// None at all.
    None,
    /// Another one.
    Other(&'e str),
}

impl<'e> Namespace<'e> {
    pub(super) fn of(text: Option<&'e str>) -> Self {
        match text {
            Some(super::NAMESPACE) => Self::Package,
            None | Some("") => Self::None,
            Some(other) => Self::Other(other),
        }
    }

    pub(super) const fn text(self) -> &'e str {
        match self {
            Self::Package => super::NAMESPACE,
            Self::None => "",
            Self::Other(other) => other,
        }
    }
}

/// A document as elements; `'x` is what their text is borrowed from.
pub(super) trait Source<'x> {
    /// An element: what its start tag says.
    type Element;
    /// How far the pieces of an element have been walked.
    type Pieces;
    /// Whether broken rules that can be lived with are looked for.
    const JUDGES: bool;

    fn root(&mut self) -> Result<Self::Element, DocumentError>;

    /// The byte at which the element begins.
    fn at(element: &Self::Element) -> usize;

    /// The local name.
    fn name(element: &Self::Element) -> &str;

    fn namespace<'e>(&self, element: &'e Self::Element) -> Namespace<'e>;

    /// The value of an attribute without namespace. Attributes have to be asked for before the element is walked.
    fn attribute<'e>(&self, element: &'e Self::Element, name: &str) -> Result<Option<Cow<'e, str>>, DocumentError>;

    /// All attributes, without namespace declarations.
    fn attributes(&self, element: &Self::Element) -> Result<Vec<ExtensionAttribute>, DocumentError>;

    /// The first attribute without namespace that is not among `known`; asked only where rules are judged.
    fn unknown_attribute<'e>(&self, element: &'e Self::Element, known: &[&str], skip: usize) -> Option<&'e str>;

    /// Whether something that looks like the attribute stands in the character data of the element.
    fn has_attribute_as_text(&self, element: &Self::Element, attribute: &str) -> bool;

    /// Whether the element has child elements, as far as that can be seen without walking it.
    fn has_elements(&self, element: &Self::Element) -> bool;

    /// The character data of an element, if it can be seen without walking it that there is nothing else.
    fn only_text(&self, element: &Self::Element) -> Option<&'x str>;

    /// Begins to walk an element.
    fn enter(&mut self, element: &Self::Element) -> Self::Pieces;

    /// The next piece of an element that was entered; none at its end.
    fn next(&mut self, pieces: &mut Self::Pieces) -> Result<Option<Piece<'x, Self::Element>>, DocumentError>;

    /// Passes over an element that was not entered.
    fn skip(&mut self, element: &Self::Element) -> Result<(), DocumentError>;
}
