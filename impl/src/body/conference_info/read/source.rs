//! Where elements come from: one pass over a document whose XML is usual ([`super::scan`]), or the tree of any other
//! ([`super::tree`]). What the elements mean is read by the same code from both.

use std::borrow::Cow;

use super::super::error::Fault;
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
pub(super) enum Namespace<'x> {
    /// That of the package.
    Package,
    /// None at all.
    None,
    /// Another one.
    Other(&'x str),
}

impl<'x> Namespace<'x> {
    pub(super) fn of(text: Option<&'x str>) -> Self {
        match text {
            Some(super::NAMESPACE) => Self::Package,
            None | Some("") => Self::None,
            Some(other) => Self::Other(other),
        }
    }

    pub(super) const fn text(self) -> &'x str {
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
    /// Why reading ends early.
    type Stop;

    /// Why it ends when `fault` is found at a byte of `text`.
    fn refusal(text: &str, at: usize, fault: Fault) -> Self::Stop;

    /// The root element.
    fn root(&mut self) -> Result<Self::Element, Self::Stop>;

    /// Makes sure that nothing follows the root element, which has been walked.
    fn end(&mut self) -> Result<(), Self::Stop>;

    /// The byte at which the element begins.
    fn at(element: &Self::Element) -> usize;

    /// The local name.
    fn name(element: &Self::Element) -> &str;

    fn namespace(&self, element: &Self::Element) -> Namespace<'x>;

    /// The value of an attribute without namespace. Attributes have to be asked for before the element is walked.
    fn attribute(&self, element: &Self::Element, name: &str) -> Option<Cow<'x, str>>;

    /// All attributes, without namespace declarations.
    fn attributes(&self, element: &Self::Element) -> Result<Vec<ExtensionAttribute>, Self::Stop>;

    /// An attribute without namespace that is not among `known`, after so many others.
    fn unknown_attribute(&self, element: &Self::Element, known: &[&str], skip: usize) -> Option<&'x str>;

    /// Whether something that looks like the attribute stands in the character data of the element.
    fn has_attribute_as_text(&self, element: &Self::Element, attribute: &str) -> bool;

    /// The character data of an element, if there is nothing else; then it has been walked.
    fn only_text(&mut self, element: &Self::Element) -> Result<Option<Cow<'x, str>>, Self::Stop>;

    /// Begins to walk an element.
    fn enter(&mut self, element: &Self::Element) -> Self::Pieces;

    /// The next piece of an element that was entered; none at its end.
    fn next(
        &mut self,
        element: &Self::Element,
        pieces: &mut Self::Pieces,
    ) -> Result<Option<Piece<'x, Self::Element>>, Self::Stop>;

    /// Passes over an element that was not entered, and says whether it has child elements.
    fn skip(&mut self, element: &Self::Element) -> Result<bool, Self::Stop>;
}
