//! Elements of a document whose XML is usual, in one pass and without a tree: what nearly all documents are.
//!
//! Namespaces are resolved here. What is not usual ([`super::lexis`]), beyond a limit, or refused for whatever reason
//! is a [`Doubt`]: then the document is read again from the tree of `roxmltree`, whose word is the last one.

use std::borrow::Cow;

use super::super::error::Fault;
use super::super::extension::ExtensionAttribute;
use super::lexis::{Cursor, Doubt, Name};
use super::source::{Namespace, Piece, Source};
use super::{MAX_ATTRIBUTES, MAX_NAMESPACES, MAX_NODES};

/// The namespace of the prefix `xml`, which needs no declaration.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// That of the prefix `xmlns`, which must not be declared.
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

type Result<T> = std::result::Result<T, Doubt>;

/// A start tag.
#[derive(Clone, Copy)]
pub(super) struct Element<'x> {
    at: usize,
    name: Name<'x>,
    namespace: Namespace<'x>,
    is_empty: bool,
    /// How many namespace declarations are in scope around it.
    bindings: usize,
}

/// A namespace declaration; the prefix is empty for the default namespace.
struct Binding<'x> {
    prefix: &'x str,
    namespace: Namespace<'x>,
}

struct Attribute<'x> {
    name: Name<'x>,
    value: Cow<'x, str>,
}

/// The document and what is in scope.
pub(super) struct Scan<'x> {
    cursor: Cursor<'x>,
    bindings: Vec<Binding<'x>>,
    /// Attributes of the start tag that came last, without namespace declarations.
    attributes: Vec<Attribute<'x>>,
    /// Elements, texts and comments that may follow.
    nodes_left: usize,
    attributes_left: usize,
    namespaces_left: usize,
}

/// One less of something that is limited.
fn take_one(left: &mut usize) -> Result<()> {
    *left = left.checked_sub(1).ok_or(Doubt)?;
    Ok(())
}

impl<'x> Scan<'x> {
    pub(super) fn new(text: &'x str) -> Result<Self> {
        Ok(Self {
            cursor: Cursor::new(text)?,
            bindings: Vec::new(),
            attributes: Vec::new(),
            // The document itself is a node, too.
            nodes_left: MAX_NODES - 1,
            attributes_left: MAX_ATTRIBUTES,
            namespaces_left: MAX_NAMESPACES,
        })
    }

    /// The start tag that begins here.
    #[inline]
    fn open(&mut self) -> Result<Element<'x>> {
        take_one(&mut self.nodes_left)?;
        let (at, bindings) = (self.cursor.at, self.bindings.len());
        self.cursor.at += 1;
        let name = self.cursor.name()?;
        self.attributes.clear();
        let is_empty = loop {
            let apart = self.cursor.skip_blanks();
            match self.cursor.peek(0) {
                Some(b'>') => {
                    self.cursor.at += 1;
                    break false;
                }
                Some(b'/') => {
                    self.cursor.take(b"/>")?;
                    break true;
                }
                Some(_) if apart => self.attribute(bindings)?,
                Some(_) | None => return Err(Doubt),
            }
        };
        for attribute in &self.attributes {
            if !attribute.name.prefix.is_empty() {
                self.resolve(attribute.name.prefix)?;
            }
        }
        let namespace = if name.prefix == "xml" { Err(Doubt) } else { self.resolve(name.prefix) }?;
        Ok(Element { at, name, namespace, is_empty, bindings })
    }

    /// An attribute or a namespace declaration of a start tag around which so many declarations are in scope.
    fn attribute(&mut self, bindings: usize) -> Result<()> {
        take_one(&mut self.attributes_left)?;
        let name = self.cursor.name()?;
        let value = self.cursor.value()?;
        match (name.prefix, name.local) {
            ("", "xmlns") => self.declare("", value, bindings),
            ("xmlns", prefix) => self.declare(prefix, value, bindings),
            (_, _) => {
                // Two prefixes may stand for the same namespace.
                let is_same = |other: &Attribute<'x>| {
                    other.name.local == name.local && other.name.prefix.is_empty() == name.prefix.is_empty()
                };
                if self.attributes.iter().any(is_same) {
                    return Err(Doubt);
                }
                self.attributes.push(Attribute { name, value });
                Ok(())
            }
        }
    }

    fn declare(&mut self, prefix: &'x str, value: Cow<'x, str>, bindings: usize) -> Result<()> {
        take_one(&mut self.namespaces_left)?;
        let Cow::Borrowed(value) = value else { return Err(Doubt) };
        let is_reserved = matches!(prefix, "xml" | "xmlns") || matches!(value, XML_NAMESPACE | XMLNS_NAMESPACE);
        let undeclares = value.is_empty() && !prefix.is_empty();
        let mut of_this_tag = self.bindings.iter().skip(bindings);
        if is_reserved || undeclares || of_this_tag.any(|binding| binding.prefix == prefix) {
            return Err(Doubt);
        }
        self.bindings.push(Binding { prefix, namespace: Namespace::of(Some(value)) });
        Ok(())
    }

    #[inline]
    fn resolve(&self, prefix: &str) -> Result<Namespace<'x>> {
        match self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
            Some(binding) => Ok(binding.namespace),
            None if prefix.is_empty() => Ok(Namespace::None),
            None if prefix == "xml" => Ok(Namespace::Other(XML_NAMESPACE)),
            None => Err(Doubt),
        }
    }

    /// The end tag that begins here, which has to be that of `element`.
    #[inline]
    fn close(&mut self, element: &Element<'x>) -> Result<()> {
        self.cursor.at += 2;
        self.cursor.take(element.name.qualified.as_bytes())?;
        self.cursor.skip_blanks();
        self.cursor.take(b">")?;
        self.bindings.truncate(element.bindings);
        Ok(())
    }

    /// White space and comments outside the root element.
    fn skip_outside(&mut self) -> Result<()> {
        loop {
            self.cursor.skip_blanks();
            if !self.cursor.skip_comment()? {
                return Ok(());
            }
            take_one(&mut self.nodes_left)?;
        }
    }
}

impl<'x> Source<'x> for Scan<'x> {
    type Element = Element<'x>;
    type Pieces = ();
    type Stop = Doubt;

    fn refusal(_: &str, _: usize, _: Fault) -> Doubt {
        Doubt
    }

    fn root(&mut self) -> Result<Self::Element> {
        self.cursor.skip_declaration()?;
        self.skip_outside()?;
        if self.cursor.peek(0) == Some(b'<') { self.open() } else { Err(Doubt) }
    }

    fn end(&mut self) -> Result<()> {
        self.skip_outside()?;
        if self.cursor.peek(0).is_none() { Ok(()) } else { Err(Doubt) }
    }

    fn at(element: &Self::Element) -> usize {
        element.at
    }

    fn name(element: &Self::Element) -> &str {
        element.name.local
    }

    fn namespace(&self, element: &Self::Element) -> Namespace<'x> {
        element.namespace
    }

    fn attribute(&self, _: &Self::Element, name: &str) -> Option<Cow<'x, str>> {
        let is_it = |attribute: &&Attribute<'x>| attribute.name.qualified == name;
        self.attributes.iter().find(is_it).map(|attribute| attribute.value.clone())
    }

    fn attributes(&self, _: &Self::Element) -> Result<Vec<ExtensionAttribute>> {
        let extension = |attribute: &Attribute<'x>| {
            let namespace = match attribute.name.prefix {
                "" => Namespace::None,
                prefix => self.resolve(prefix)?,
            };
            Ok(ExtensionAttribute {
                namespace: namespace.text().to_owned(),
                name: attribute.name.local.to_owned(),
                value: attribute.value.clone().into_owned(),
            })
        };
        self.attributes.iter().map(extension).collect()
    }

    fn unknown_attribute(&self, _: &Self::Element, known: &[&str], skip: usize) -> Option<&'x str> {
        let names = self.attributes.iter().map(|attribute| attribute.name);
        let unknown = names.filter(|name| name.prefix.is_empty() && !known.contains(&name.local));
        unknown.map(|name| name.local).nth(skip)
    }

    fn has_attribute_as_text(&self, _: &Self::Element, _: &str) -> bool {
        false
    }

    #[inline]
    fn only_text(&mut self, element: &Self::Element) -> Result<Option<Cow<'x, str>>> {
        if element.is_empty {
            self.bindings.truncate(element.bindings);
            return Ok(Some(Cow::Borrowed("")));
        }
        let before = self.cursor.at;
        let text = self.cursor.text()?;
        if self.cursor.peek(1) != Some(b'/') {
            self.cursor.at = before;
            return Ok(None);
        }
        if !text.is_empty() {
            take_one(&mut self.nodes_left)?;
        }
        self.close(element)?;
        Ok(Some(text))
    }

    fn enter(&mut self, _: &Self::Element) -> Self::Pieces {}

    #[inline]
    fn next(&mut self, element: &Self::Element, (): &mut ()) -> Result<Option<Piece<'x, Self::Element>>> {
        if element.is_empty {
            self.bindings.truncate(element.bindings);
            return Ok(None);
        }
        loop {
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (Some(b'<'), Some(b'/')) => return self.close(element).map(|()| None),
                (Some(b'<'), Some(b'!')) => {
                    if !self.cursor.skip_comment()? {
                        return Err(Doubt);
                    }
                    take_one(&mut self.nodes_left)?;
                }
                (Some(b'<'), _) => return self.open().map(|child| Some(Piece::Element(child))),
                (Some(_), _) => {
                    take_one(&mut self.nodes_left)?;
                    let at = self.cursor.at;
                    return self.cursor.text().map(|text| Some(Piece::Text(text, at)));
                }
                (None, _) => return Err(Doubt),
            }
        }
    }

    fn skip(&mut self, element: &Self::Element) -> Result<bool> {
        let (mut open, mut has_elements) = (vec![*element], false);
        while let Some(innermost) = open.last().copied() {
            match self.next(&innermost, &mut ())? {
                Some(Piece::Element(child)) => {
                    has_elements = true;
                    open.push(child);
                }
                Some(Piece::Text(..)) => {}
                None => drop(open.pop()),
            }
        }
        Ok(has_elements)
    }
}
