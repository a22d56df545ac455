//! Elements from the events of `quick-xml`, for who trusts the writer of the document: nothing is looked at twice, and
//! no tree is built.
//!
//! Whether the document is well-formed is seen only as far as it is read: what stands behind the root is not. A
//! document type declaration, a prefix that is not bound, a wrong end tag and a missing one are refused all the same,
//! because they change what is understood. Prefixes are resolved here and not by `NsReader`, which examines every tag
//! for declarations that documents of this package have in their root only.

use std::borrow::Cow;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::{self, Attribute};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::super::error::{DocumentError, Fault};
use super::super::extension::ExtensionAttribute;
use super::source::{Namespace, Piece, Source};
use super::{MAX_NAMESPACES, position_at};
use crate::wire::split_str_once;

/// The namespace of the prefix `xml`, which needs no declaration.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A start tag.
pub(super) struct Element<'x> {
    at: usize,
    name: &'x str,
    namespace: Resolved,
}

/// What a prefix stands for.
#[derive(Clone, PartialEq, Eq)]
enum Resolved {
    Package,
    None,
    Other(String),
}

/// A namespace declaration, and how many elements were open around the one that has it.
struct Binding<'x> {
    depth: usize,
    /// Empty for the default namespace.
    prefix: &'x str,
    namespace: Resolved,
}

/// The document and how far it has been read.
pub(super) struct Events<'x> {
    text: &'x str,
    reader: Reader<&'x [u8]>,
    bindings: Vec<Binding<'x>>,
    /// Attributes of the start tag that came last, without namespace declarations.
    attributes: Vec<Attribute<'x>>,
    depth: usize,
}

impl<'x> Events<'x> {
    /// The events of `text`, which has no byte order mark.
    pub(super) fn new(text: &'x str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = false;
        Self { text, reader, bindings: Vec::new(), attributes: Vec::new(), depth: 0 }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn fail<T>(&self, at: usize, fault: Fault) -> Result<T, DocumentError> {
        Err(DocumentError { fault, at: position_at(self.text, at) })
    }

    fn broken<T>(&self, at: usize, reason: impl ToString) -> Result<T, DocumentError> {
        self.fail(at, Fault::NotWellFormed { reason: reason.to_string() })
    }

    #[inline(always)]
    fn event(&mut self) -> Result<Event<'x>, DocumentError> {
        self.reader.read_event().map_err(|error| self.not_xml(&error))
    }

    #[cold]
    fn not_xml(&self, error: &quick_xml::Error) -> DocumentError {
        let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
        DocumentError { fault: Fault::NotWellFormed { reason: error.to_string() }, at: position_at(self.text, at) }
    }

    /// A start tag that begins at `at`.
    fn open(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<Element<'x>, DocumentError> {
        // The same text, borrowed for longer than the event.
        let content = self.text.get(at + 1..).and_then(|rest| rest.get(..tag.len())).unwrap_or_default();
        let (qualified, rest) = content.split_at_checked(tag.name().0.len()).unwrap_or_default();
        self.attributes.clear();
        if !rest.is_empty() {
            self.take_attributes(rest, at)?;
        }
        self.depth += 1;
        let (prefix, name) = prefix_and_name(qualified);
        let namespace = match self.resolve(prefix) {
            Some(namespace) => namespace,
            None if prefix.is_empty() => Resolved::None,
            None => return self.unbound(prefix, at),
        };
        Ok(Element { at, name, namespace })
    }

    /// Reads what follows the name of a start tag, and keeps the namespace declarations.
    fn take_attributes(&mut self, text: &'x str, at: usize) -> Result<(), DocumentError> {
        for attribute in attributes::Attributes::new(text, 0).with_checks(false) {
            let attribute = attribute.or_else(|error| self.broken(at, error))?;
            if attribute.key.0.starts_with("xmlns") {
                self.declare(&attribute, at)?;
            } else {
                self.attributes.push(attribute);
            }
        }
        Ok(())
    }

    fn declare(&mut self, attribute: &Attribute<'x>, at: usize) -> Result<(), DocumentError> {
        let prefix = match prefix_and_name(attribute.key.0) {
            ("xmlns", prefix) => prefix,
            _ => "",
        };
        if self.bindings.len() >= MAX_NAMESPACES {
            return self.fail(at, Fault::TooManyNamespaces { limit: MAX_NAMESPACES });
        }
        let namespace = match Namespace::of(Some(&self.value(attribute, at)?)) {
            Namespace::Package => Resolved::Package,
            Namespace::None => Resolved::None,
            Namespace::Other(other) => Resolved::Other(other.to_owned()),
        };
        self.bindings.push(Binding { depth: self.depth, prefix, namespace });
        Ok(())
    }

    fn value(&self, attribute: &Attribute<'x>, at: usize) -> Result<Cow<'x, str>, DocumentError> {
        attribute.normalized_value(XmlVersion::Implicit1_0).or_else(|error| self.broken(at, error))
    }

    fn unbound<T>(&self, prefix: &str, at: usize) -> Result<T, DocumentError> {
        self.broken(at, format_args!("an unknown namespace prefix '{prefix}'"))
    }

    fn resolve(&self, prefix: &str) -> Option<Resolved> {
        let bound = self.bindings.iter().rev().find(|binding| binding.prefix == prefix);
        let bound = bound.map(|binding| binding.namespace.clone());
        bound.or_else(|| (prefix == "xml").then(|| Resolved::Other(XML_NAMESPACE.to_owned())))
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        while self.bindings.last().is_some_and(|binding| binding.depth >= self.depth) {
            self.bindings.pop();
        }
    }

    fn reference(&self, reference: &BytesRef<'_>, at: usize) -> Result<Cow<'x, str>, DocumentError> {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => Ok(Cow::Owned(character.to_string())),
            Ok(None) => match resolve_xml_entity(reference) {
                Some(text) => Ok(Cow::Borrowed(text)),
                None => self.broken(at, format_args!("unknown entity '{}'", &**reference)),
            },
            Err(error) => self.broken(at, error),
        }
    }
}

impl<'x> Source<'x> for Events<'x> {
    type Element = Element<'x>;
    type Pieces = ();
    const JUDGES: bool = false;

    fn root(&mut self) -> Result<Self::Element, DocumentError> {
        loop {
            let at = self.position();
            match self.event()? {
                Event::Start(tag) => return self.open(&tag, at),
                Event::DocType(_) => return self.fail(at, Fault::Dtd),
                Event::Eof => return self.broken(at, "the document does not have a root node"),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::End(_) | Event::Empty(_) => {
                    return self.broken(at, "something stands before the root element");
                }
            }
        }
    }

    fn at(element: &Self::Element) -> usize {
        element.at
    }

    fn name(element: &Self::Element) -> &str {
        element.name
    }

    fn namespace<'e>(&self, element: &'e Self::Element) -> Namespace<'e> {
        match &element.namespace {
            Resolved::Package => Namespace::Package,
            Resolved::None => Namespace::None,
            Resolved::Other(other) => Namespace::Other(other),
        }
    }

    fn attribute<'e>(&self, element: &'e Self::Element, name: &str) -> Result<Option<Cow<'e, str>>, DocumentError> {
        let attribute = self.attributes.iter().find(|attribute| attribute.key.0 == name);
        attribute.map(|attribute| self.value(attribute, element.at)).transpose()
    }

    fn attributes(&self, element: &Self::Element) -> Result<Vec<ExtensionAttribute>, DocumentError> {
        let extension = |attribute: &Attribute<'x>| {
            let (prefix, name) = prefix_and_name(attribute.key.0);
            let namespace = match self.resolve(prefix).filter(|_| !prefix.is_empty()) {
                Some(Resolved::Package) => super::NAMESPACE.to_owned(),
                Some(Resolved::Other(other)) => other,
                None if !prefix.is_empty() => return self.unbound(prefix, element.at),
                Some(Resolved::None) | None => String::new(),
            };
            let value = self.value(attribute, element.at)?.into_owned();
            Ok(ExtensionAttribute { namespace, name: name.to_owned(), value })
        };
        self.attributes.iter().map(extension).collect()
    }

    fn unknown_attribute<'e>(&self, _: &'e Self::Element, _: &[&str], _: usize) -> Option<&'e str> {
        None
    }

    fn has_attribute_as_text(&self, _: &Self::Element, _: &str) -> bool {
        false
    }

    fn has_elements(&self, _: &Self::Element) -> bool {
        false
    }

    fn only_text(&self, _: &Self::Element) -> Option<&'x str> {
        None
    }

    fn enter(&mut self, _: &Self::Element) -> Self::Pieces {}

    fn next(&mut self, (): &mut Self::Pieces) -> Result<Option<Piece<'x, Self::Element>>, DocumentError> {
        loop {
            let at = self.position();
            match self.event()? {
                Event::Start(tag) => return Ok(Some(Piece::Element(self.open(&tag, at)?))),
                Event::End(_) => {
                    self.close();
                    return Ok(None);
                }
                Event::Text(text) => return Ok(Some(Piece::Text(text.xml10_content(), at))),
                Event::CData(text) => return Ok(Some(Piece::Text(text.xml10_content(), at))),
                Event::GeneralRef(reference) => {
                    return Ok(Some(Piece::Text(self.reference(&reference, at)?, at)));
                }
                Event::Eof => return self.broken(at, "an element is not closed"),
                Event::DocType(_) => return self.fail(at, Fault::Dtd),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn skip(&mut self, _: &Self::Element) -> Result<(), DocumentError> {
        let open_around = self.depth.saturating_sub(1);
        while self.depth > open_around {
            self.next(&mut ())?;
        }
        Ok(())
    }
}

/// The two sides of the colon in a qualified name; the prefix is empty if there is none.
fn prefix_and_name(qualified: &str) -> (&str, &str) {
    split_str_once(qualified, b':').unwrap_or(("", qualified))
}
