//! Elements of a tree that `roxmltree` built: of documents whose XML is not usual, and of those that are refused,
//! because only the tree tells why and where.

use std::borrow::Cow;

use roxmltree::{Document, Node};

use super::super::error::{DocumentError, Fault};
use super::super::extension::ExtensionAttribute;
use super::position_at;
use super::source::{Namespace, Piece, Source};

/// The tree.
pub(super) struct Tree<'a, 'input> {
    document: &'a Document<'input>,
}

impl<'a, 'input> Tree<'a, 'input> {
    pub(super) const fn new(document: &'a Document<'input>) -> Self {
        Self { document }
    }
}

impl<'a, 'input> Source<'a> for Tree<'a, 'input> {
    type Element = Node<'a, 'input>;
    type Pieces = Option<Node<'a, 'input>>;
    type Stop = DocumentError;

    fn refusal(text: &str, at: usize, fault: Fault) -> DocumentError {
        DocumentError { fault, at: position_at(text, at) }
    }

    fn root(&mut self) -> Result<Self::Element, DocumentError> {
        Ok(self.document.root_element())
    }

    fn end(&mut self) -> Result<(), DocumentError> {
        Ok(())
    }

    fn at(element: &Self::Element) -> usize {
        element.range().start
    }

    fn name(element: &Self::Element) -> &str {
        element.tag_name().name()
    }

    fn namespace(&self, element: &Self::Element) -> Namespace<'a> {
        Namespace::of(element.tag_name().namespace())
    }

    fn attribute(&self, element: &Self::Element, name: &str) -> Option<Cow<'a, str>> {
        element.attribute(name).map(Cow::Borrowed)
    }

    fn attributes(&self, element: &Self::Element) -> Result<Vec<ExtensionAttribute>, DocumentError> {
        let attributes = element.attributes().map(|attribute| ExtensionAttribute {
            namespace: attribute.namespace().unwrap_or_default().to_owned(),
            name: attribute.name().to_owned(),
            value: attribute.value().to_owned(),
        });
        Ok(attributes.collect())
    }

    fn unknown_attribute(&self, element: &Self::Element, known: &[&str], skip: usize) -> Option<&'a str> {
        let unknown = |attribute: &roxmltree::Attribute<'a, 'input>| {
            !known.contains(&attribute.name()) && attribute.namespace().is_none()
        };
        element.attributes().filter(unknown).map(|attribute| attribute.name()).nth(skip)
    }

    /// A start tag that is closed too early leaves its attributes behind as text (seed defect D-01).
    fn has_attribute_as_text(&self, element: &Self::Element, attribute: &str) -> bool {
        element.children().filter(Node::is_text).any(|text| {
            let text = text.text().unwrap_or_default();
            text.split_once(attribute).is_some_and(|(_, rest)| rest.trim_start().starts_with('='))
        })
    }

    fn only_text(&mut self, _: &Self::Element) -> Result<Option<Cow<'a, str>>, DocumentError> {
        Ok(None)
    }

    fn enter(&mut self, element: &Self::Element) -> Self::Pieces {
        element.first_child()
    }

    fn next(
        &mut self,
        _: &Self::Element,
        pieces: &mut Self::Pieces,
    ) -> Result<Option<Piece<'a, Self::Element>>, DocumentError> {
        while let Some(node) = *pieces {
            *pieces = node.next_sibling();
            if node.is_element() {
                return Ok(Some(Piece::Element(node)));
            }
            if node.is_text() {
                let text = node.text().unwrap_or_default();
                return Ok(Some(Piece::Text(Cow::Borrowed(text), node.range().start)));
            }
        }
        Ok(None)
    }

    fn skip(&mut self, element: &Self::Element) -> Result<bool, DocumentError> {
        Ok(element.children().any(|child| child.is_element()))
    }
}
