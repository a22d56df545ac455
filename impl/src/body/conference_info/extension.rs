//! Elements of other namespaces, kept for whoever understands them (RFC 4575 sections 4.4 and 6: `xs:any`).
//!
//! To this layer they are atomic. Comments and processing instructions inside them are not kept.

/// An element that the package's own schema does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extension {
    /// Namespace; empty if the element is in none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Attributes in the order of the document, without namespace declarations.
    pub attributes: Vec<ExtensionAttribute>,
    /// What stands between its tags, in order.
    pub content: Vec<Content>,
}

/// An attribute of an [`Extension`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionAttribute {
    /// Namespace; empty if the attribute is in none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A piece of what an [`Extension`] contains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Character data.
    Text(String),
    /// A child element, of whatever namespace.
    Element(Extension),
}

impl Extension {
    /// Whether `other` stands for the same thing: same namespace, same name.
    pub fn is_same_element(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.name == other.name
    }

    /// The character data directly inside the element.
    pub fn text(&self) -> String {
        let pieces = self.content.iter().filter_map(|piece| match piece {
            Content::Text(text) => Some(text.as_str()),
            Content::Element(_) => None,
        });
        pieces.collect()
    }
}
