//! Elements of a tree that `roxmltree` built: the document is well-formed, and everything about it can be judged.

use std::borrow::Cow;
use std::ptr;

use roxmltree::{Document, Node};

use super::super::error::DocumentError;
use super::super::extension::ExtensionAttribute;
use super::source::{Namespace, Piece, Source};

/// The tree.
pub(super) struct Tree<'a, 'input> {
    document: &'a Document<'input>,
    /// The text of the root's namespace, and what it is: nearly all elements have the very same.
    usual: (&'a str, Namespace<'a>),
}

impl<'a, 'input> Tree<'a, 'input> {
    pub(super) fn new(document: &'a Document<'input>) -> Self {
        let namespace = document.root_element().tag_name().namespace();
        Self { document, usual: (namespace.unwrap_or_default(), Namespace::of(namespace)) }
    }
}

impl<'a, 'input> Source<'a> for Tree<'a, 'input> {
    type Element = Node<'a, 'input>;
    type Pieces = Option<Node<'a, 'input>>;
    const JUDGES: bool = true;

    fn root(&mut self) -> Result<Self::Element, DocumentError> {
        Ok(self.document.root_element())
    }

    fn at(element: &Self::Element) -> usize {
        element.range().start
    }

    fn name(element: &Self::Element) -> &str {
        element.tag_name().name()
    }

    fn namespace<'e>(&self, element: &'e Self::Element) -> Namespace<'e> {
        match element.tag_name().namespace() {
            Some(text) if ptr::eq(text, self.usual.0) => self.usual.1,
            other => Namespace::of(other),
        }
    }

    fn attribute<'e>(&self, element: &'e Self::Element, name: &str) -> Result<Option<Cow<'e, str>>, DocumentError> {
        Ok(element.attribute(name).map(Cow::Borrowed))
    }

    fn attributes(&self, element: &Self::Element) -> Result<Vec<ExtensionAttribute>, DocumentError> {
        let attributes = element.attributes().map(|attribute| ExtensionAttribute {
            namespace: attribute.namespace().unwrap_or_default().to_owned(),
            name: attribute.name().to_owned(),
            value: attribute.value().to_owned(),
        });
        Ok(attributes.collect())
    }

    fn unknown_attribute<'e>(&self, element: &'e Self::Element, known: &[&str], skip: usize) -> Option<&'e str> {
        let unknown = |attribute: &roxmltree::Attribute<'a, 'input>| {
            !known.contains(&attribute.name()) && attribute.namespace().is_none()
        };
        if element.attributes().len() == 0 {
            return None;
        }
        element.attributes().filter(unknown).map(|attribute| attribute.name()).nth(skip)
    }

    /// A start tag that is closed too early leaves its attributes behind as text (seed defect D-01).
    fn has_attribute_as_text(&self, element: &Self::Element, attribute: &str) -> bool {
        element.children().filter(Node::is_text).any(|text| {
            let text = text.text().unwrap_or_default();
            text.split_once(attribute).is_some_and(|(_, rest)| rest.trim_start().starts_with('='))
        })
    }

    fn has_elements(&self, element: &Self::Element) -> bool {
        element.children().any(|child| child.is_element())
    }

    fn only_text(&self, element: &Self::Element) -> Option<&'a str> {
        let only = element.first_child().filter(|first| first.is_text() && element.last_child() == Some(*first));
        only.and_then(|only| only.text())
    }

    fn enter(&mut self, element: &Self::Element) -> Self::Pieces {
        element.first_child()
    }

    fn next(&mut self, pieces: &mut Self::Pieces) -> Result<Option<Piece<'a, Self::Element>>, DocumentError> {
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

    fn skip(&mut self, _: &Self::Element) -> Result<(), DocumentError> {
        Ok(())
    }
}
