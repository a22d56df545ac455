//! Walking the XML tree: children against a shape, attributes, simple values; what is wrong on the way is noted.

use roxmltree::Node;

use super::super::error::{DocumentError, Fault, Finding, Position, Tolerated};
use super::super::extension::{Content, Extension, ExtensionAttribute};
use super::super::token::State;
use super::shape::Shape;
use super::{MAX_DEPTH, MAX_EXTENSIONS, MAX_FINDINGS, NAMESPACE};

/// Longest piece of the document that is quoted in a finding, in characters.
const MAX_QUOTED: usize = 80;

/// The tree being read and what was found so far.
pub(super) struct Reader<'a, 'input> {
    xml: &'a roxmltree::Document<'input>,
    findings: Vec<Finding>,
    depth: usize,
    /// Labels of the endpoints' media, with the place of each: they are compared with `available-media` at the end.
    pub(super) labels: Vec<(String, Node<'a, 'input>)>,
}

impl<'a, 'input> Reader<'a, 'input> {
    pub(super) const fn new(xml: &'a roxmltree::Document<'input>) -> Self {
        Self { xml, findings: Vec::new(), depth: 0, labels: Vec::new() }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(super) fn root(&self) -> Node<'a, 'input> {
        self.xml.root_element()
    }

    /// The document is refused because of `node`.
    pub(super) fn fail<T>(&self, node: Node<'a, 'input>, fault: Fault) -> Result<T, DocumentError> {
        Err(DocumentError { fault, at: self.position(node.range().start) })
    }

    /// A rule is broken at `node`, but the document is still good for something.
    pub(super) fn note(&mut self, rule: Tolerated, node: Node<'a, 'input>, detail: &str) {
        if self.findings.len() < MAX_FINDINGS {
            let detail = detail.trim().chars().take(MAX_QUOTED).collect();
            self.findings.push(Finding { rule, detail, at: self.position(node.range().start) });
        }
    }

    fn position(&self, byte: usize) -> Position {
        let at = self.xml.text_pos_at(byte);
        Position { line: at.row, column: at.col }
    }

    /// Notes an XML declaration that names another encoding than the one that the bytes have.
    pub(super) fn check_encoding(&mut self, text: &str) {
        let declaration =
            text.trim_start_matches('\u{feff}').strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
        let Some((declaration, _)) = declaration else { return };
        let Some((_, value)) = declaration.split_once("encoding") else { return };
        let name = value.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
        let name = name.split(['"', '\'']).next().unwrap_or_default();
        if !name.eq_ignore_ascii_case("utf-8") {
            self.note(Tolerated::Encoding, self.xml.root(), name);
        }
    }

    /// Gives every child element that `shape` knows to `each`, in the order of the document, and returns the
    /// extensions.
    pub(super) fn children(
        &mut self,
        node: Node<'a, 'input>,
        shape: &Shape,
        mut each: impl FnMut(&mut Self, &'static str, Node<'a, 'input>) -> Result<(), DocumentError>,
    ) -> Result<Vec<Extension>, DocumentError> {
        self.enter(node)?;
        self.check_attributes(node, shape.attributes);
        let mut extensions = Vec::new();
        // One bit for each child of the shape that has been seen.
        let mut seen = 0_u32;
        for child in node.children() {
            if child.is_text() {
                let text = child.text().unwrap_or_default();
                if !text.trim().is_empty() {
                    self.note(Tolerated::StrayText, child, text);
                }
            }
            if !child.is_element() {
                continue;
            }
            let name = child.tag_name().name();
            match child.tag_name().namespace() {
                Some(NAMESPACE) => {
                    let Some((index, &known)) = shape.children.iter().enumerate().find(|(_, known)| **known == name)
                    else {
                        self.note(Tolerated::UnknownElement, child, name);
                        continue;
                    };
                    let bit = 1_u32 << index;
                    if seen & bit != 0 && known != shape.repeated {
                        return self.fail(child, Fault::Repeated { element: shape.element, child: known });
                    }
                    if seen > (bit << 1) - 1 {
                        self.note(Tolerated::Order, child, name);
                    }
                    if !extensions.is_empty() {
                        self.note(Tolerated::ExtensionPlace, child, name);
                    }
                    seen |= bit;
                    each(self, known, child)?;
                }
                None | Some("") => self.note(Tolerated::UnknownElement, child, name),
                Some(_) => {
                    if !shape.extensible {
                        self.note(Tolerated::ExtensionPlace, child, name);
                    }
                    if extensions.len() >= MAX_EXTENSIONS {
                        let fault = Fault::TooManyExtensions { element: shape.element, limit: MAX_EXTENSIONS };
                        return self.fail(child, fault);
                    }
                    extensions.push(self.extension(child)?);
                }
            }
        }
        self.depth -= 1;
        Ok(extensions)
    }

    /// Copies an element of another namespace with all that is in it.
    fn extension(&mut self, node: Node<'a, 'input>) -> Result<Extension, DocumentError> {
        self.enter(node)?;
        let namespace = |namespace: Option<&str>| namespace.unwrap_or_default().to_owned();
        let attributes = node.attributes().map(|attribute| ExtensionAttribute {
            namespace: namespace(attribute.namespace()),
            name: attribute.name().to_owned(),
            value: attribute.value().to_owned(),
        });
        let mut extension = Extension {
            namespace: namespace(node.tag_name().namespace()),
            name: node.tag_name().name().to_owned(),
            attributes: attributes.collect(),
            content: Vec::new(),
        };
        for child in node.children() {
            if child.is_element() {
                extension.content.push(Content::Element(self.extension(child)?));
            } else if child.is_text() {
                extension.content.push(Content::Text(child.text().unwrap_or_default().to_owned()));
            }
        }
        self.depth -= 1;
        Ok(extension)
    }

    /// One level down; whoever returns normally goes up again.
    fn enter(&mut self, node: Node<'a, 'input>) -> Result<(), DocumentError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.fail(node, Fault::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
    }

    fn check_attributes(&mut self, node: Node<'a, 'input>, known: &[&str]) {
        for attribute in node.attributes() {
            if attribute.namespace().is_none() && !known.contains(&attribute.name()) {
                self.note(Tolerated::UnknownAttribute, node, attribute.name());
            }
        }
    }

    /// The attribute, without which the element cannot be used.
    pub(super) fn required(
        &self,
        node: Node<'a, 'input>,
        element: &'static str,
        attribute: &'static str,
    ) -> Result<&'a str, DocumentError> {
        if let Some(value) = node.attribute(attribute) {
            return Ok(value);
        }
        // A start tag that is closed too early leaves its attributes behind as text (seed defect D-01).
        let in_text = node.children().filter(Node::is_text).any(|text| {
            let text = text.text().unwrap_or_default();
            text.split_once(attribute).is_some_and(|(_, rest)| rest.trim_start().starts_with('='))
        });
        self.fail(node, Fault::MissingAttribute { element, attribute, in_text })
    }

    /// The attribute that is the key of a row. It is literal text: blanks are part of it.
    pub(super) fn key(
        &mut self,
        node: Node<'a, 'input>,
        element: &'static str,
        attribute: &'static str,
    ) -> Result<String, DocumentError> {
        let key = self.required(node, element, attribute)?;
        self.check_key(node, key);
        Ok(key.to_owned())
    }

    pub(super) fn check_key(&mut self, node: Node<'a, 'input>, key: &str) {
        if key.contains(char::is_whitespace) || key.is_empty() {
            self.note(Tolerated::BlankInKey, node, &format!("`{key}`"));
        }
    }

    /// The `state` of an element whose parent has state `parent`.
    pub(super) fn state(
        &self,
        node: Node<'a, 'input>,
        element: &'static str,
        parent: State,
    ) -> Result<State, DocumentError> {
        let Some(value) = node.attribute("state") else { return Ok(State::Full) };
        let Some(state) = State::from_token(value) else {
            return self.fail(node, Fault::BadState { element, value: value.to_owned() });
        };
        if parent == State::Full && state != State::Full {
            return self.fail(node, Fault::InconsistentState { element, state });
        }
        Ok(state)
    }

    /// Whether an element is deleted, so that its content has to be ignored.
    pub(super) fn is_deleted(&mut self, node: Node<'a, 'input>, state: State) -> bool {
        if state == State::Deleted && node.children().any(|child| child.is_element()) {
            self.note(Tolerated::ContentOfDeleted, node, node.tag_name().name());
        }
        state == State::Deleted
    }

    /// The character data of an element that has nothing else.
    pub(super) fn text(&mut self, node: Node<'a, 'input>) -> String {
        self.check_attributes(node, &[]);
        let mut text = String::new();
        for child in node.children() {
            if child.is_element() {
                self.note(Tolerated::UnknownElement, child, child.tag_name().name());
            } else if child.is_text() {
                text.push_str(child.text().unwrap_or_default());
            }
        }
        text
    }

    /// A list separated by blanks.
    pub(super) fn list(&mut self, node: Node<'a, 'input>) -> Vec<String> {
        self.text(node).split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// A value of an enumeration; blanks around it are forgiven, an unknown one counts as absent.
    pub(super) fn token<T>(&mut self, node: Node<'a, 'input>, from_token: fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(node);
        let value = from_token(text.trim());
        if value.is_none() {
            self.note(Tolerated::UnknownToken, node, &format!("{} `{}`", node.tag_name().name(), text.trim()));
        } else if text.trim() != text {
            self.note(Tolerated::PaddedToken, node, &format!("{} `{text}`", node.tag_name().name()));
        }
        value
    }

    /// An unsigned 32-bit number; the schema forgives blanks around it.
    pub(super) fn number(&mut self, node: Node<'a, 'input>) -> Option<u32> {
        let text = self.text(node);
        let value = unsigned(&text);
        if value.is_none() {
            self.note(Tolerated::BadValue, node, &format!("{} `{text}`", node.tag_name().name()));
        }
        value
    }

    /// A boolean; the schema forgives blanks around it.
    pub(super) fn boolean(&mut self, node: Node<'a, 'input>) -> Option<bool> {
        let text = self.text(node);
        match text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                self.note(Tolerated::BadValue, node, &format!("{} `{text}`", node.tag_name().name()));
                None
            }
        }
    }
}

/// An unsigned 32-bit number in decimal digits.
pub(super) fn unsigned(text: &str) -> Option<u32> {
    let digits = text.trim();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
