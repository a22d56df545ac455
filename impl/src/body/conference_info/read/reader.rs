//! Walking the elements: children against a shape, attributes, simple values; what is wrong on the way is noted.

use std::borrow::Cow;

use compact_str::CompactString;

use super::super::error::{Fault, Finding, Tolerated};
use super::super::extension::{Content, Extension};
use super::super::token::State;
use super::shape::Shape;
use super::source::{Namespace, Piece, Source};
use super::{MAX_DEPTH, MAX_EXTENSIONS, MAX_FINDINGS, Reading, position_at};

/// Longest piece of the document that is quoted in a finding, in characters.
const MAX_QUOTED: usize = 80;

/// What reading a part gives, unless it ends early.
pub(super) type Result<'x, T, S> = std::result::Result<T, <S as Source<'x>>::Stop>;

/// The document being read and what was found so far.
pub(super) struct Reader<'x, S> {
    text: &'x str,
    pub(super) source: S,
    findings: Vec<Finding>,
    depth: usize,
    /// Labels of the endpoints' media, with the place of each: they are compared with `available-media` at the end.
    pub(super) labels: Vec<(CompactString, usize)>,
}

impl<'x, S: Source<'x>> Reader<'x, S> {
    pub(super) const fn new(text: &'x str, source: S) -> Self {
        Self { text, source, findings: Vec::new(), depth: 0, labels: Vec::new() }
    }

    /// The whole document and what is wrong with it.
    pub(super) fn reading(mut self) -> Result<'x, Reading, S> {
        self.check_encoding();
        let document = self.document()?;
        Ok(Reading { document, findings: self.findings })
    }

    /// The document is refused because of `element`.
    pub(super) fn fail<T>(&self, element: &S::Element, fault: Fault) -> Result<'x, T, S> {
        Err(S::refusal(self.text, S::at(element), fault))
    }

    /// A rule is broken at `element`, but the document is still good for something.
    pub(super) fn note(&mut self, rule: Tolerated, element: &S::Element, detail: &str) {
        self.note_at(rule, S::at(element), detail);
    }

    pub(super) fn note_at(&mut self, rule: Tolerated, at: usize, detail: &str) {
        if self.findings.len() < MAX_FINDINGS {
            let detail = detail.trim().chars().take(MAX_QUOTED).collect();
            self.findings.push(Finding { rule, detail, at: position_at(self.text, at) });
        }
    }

    /// Notes an XML declaration that names another encoding than the one that the bytes have.
    fn check_encoding(&mut self) {
        let declaration =
            self.text.trim_start_matches('\u{feff}').strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
        let Some((declaration, _)) = declaration else { return };
        let Some((_, value)) = declaration.split_once("encoding") else { return };
        let name = value.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
        let name = name.split(['"', '\'']).next().unwrap_or_default();
        if !name.eq_ignore_ascii_case("utf-8") {
            self.note_at(Tolerated::Encoding, 0, name);
        }
    }

    /// Gives every child element that `shape` knows to `each`, in the order of the document, and returns the
    /// extensions.
    pub(super) fn children(
        &mut self,
        element: &S::Element,
        shape: &Shape,
        mut each: impl FnMut(&mut Self, &'static str, &S::Element) -> Result<'x, (), S>,
    ) -> Result<'x, Vec<Extension>, S> {
        self.enter(element)?;
        self.check_attributes(element, shape.attributes);
        let mut extensions = Vec::new();
        // One bit for each child of the shape that has been seen.
        let mut seen = 0_u32;
        let mut pieces = self.source.enter(element);
        while let Some(piece) = self.source.next(element, &mut pieces)? {
            let child = match piece {
                Piece::Element(child) => child,
                Piece::Text(text, at) => {
                    if !text.trim().is_empty() {
                        self.note_at(Tolerated::StrayText, at, &text);
                    }
                    continue;
                }
            };
            match self.source.namespace(&child) {
                Namespace::Package => {
                    let name = S::name(&child);
                    let Some((index, &known)) = shape.children.iter().enumerate().find(|(_, known)| **known == name)
                    else {
                        self.unknown(&child)?;
                        continue;
                    };
                    let bit = 1_u32 << index;
                    if seen & bit != 0 && known != shape.repeated {
                        return self.fail(&child, Fault::Repeated { element: shape.element, child: known });
                    }
                    if seen > (bit << 1) - 1 {
                        self.note(Tolerated::Order, &child, name);
                    }
                    if !extensions.is_empty() {
                        self.note(Tolerated::ExtensionPlace, &child, name);
                    }
                    seen |= bit;
                    each(self, known, &child)?;
                }
                Namespace::None => self.unknown(&child)?,
                Namespace::Other(_) => {
                    if !shape.extensible {
                        self.note(Tolerated::ExtensionPlace, &child, S::name(&child));
                    }
                    if extensions.len() >= MAX_EXTENSIONS {
                        let fault = Fault::TooManyExtensions { element: shape.element, limit: MAX_EXTENSIONS };
                        return self.fail(&child, fault);
                    }
                    extensions.push(self.extension(&child)?);
                }
            }
        }
        self.depth -= 1;
        Ok(extensions)
    }

    /// An element that the schema does not have there.
    fn unknown(&mut self, element: &S::Element) -> Result<'x, (), S> {
        self.note(Tolerated::UnknownElement, element, S::name(element));
        self.source.skip(element)?;
        Ok(())
    }

    /// Copies an element of another namespace with all that is in it.
    fn extension(&mut self, element: &S::Element) -> Result<'x, Extension, S> {
        self.enter(element)?;
        let mut extension = Extension {
            namespace: self.source.namespace(element).text().to_owned(),
            name: S::name(element).to_owned(),
            attributes: self.source.attributes(element)?,
            content: Vec::new(),
        };
        let mut pieces = self.source.enter(element);
        while let Some(piece) = self.source.next(element, &mut pieces)? {
            match (piece, extension.content.last_mut()) {
                (Piece::Element(child), _) => extension.content.push(Content::Element(self.extension(&child)?)),
                // A comment or a reference does not end a text.
                (Piece::Text(more, _), Some(Content::Text(text))) => text.push_str(&more),
                (Piece::Text(text, _), _) => extension.content.push(Content::Text(text.into_owned())),
            }
        }
        self.depth -= 1;
        Ok(extension)
    }

    /// One level down; whoever returns normally goes up again.
    fn enter(&mut self, element: &S::Element) -> Result<'x, (), S> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.fail(element, Fault::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
    }

    fn check_attributes(&mut self, element: &S::Element, known: &[&str]) {
        let mut skip = 0;
        while let Some(name) = self.source.unknown_attribute(element, known, skip) {
            self.note(Tolerated::UnknownAttribute, element, name);
            skip += 1;
        }
    }

    /// The attribute, without which the element cannot be used.
    pub(super) fn required(
        &self,
        of: &S::Element,
        element: &'static str,
        attribute: &'static str,
    ) -> Result<'x, Cow<'x, str>, S> {
        if let Some(value) = self.source.attribute(of, attribute) {
            return Ok(value);
        }
        let in_text = self.source.has_attribute_as_text(of, attribute);
        self.fail(of, Fault::MissingAttribute { element, attribute, in_text })
    }

    /// The attribute that is the key of a row. It is literal text: blanks are part of it.
    pub(super) fn key(
        &mut self,
        of: &S::Element,
        element: &'static str,
        attribute: &'static str,
    ) -> Result<'x, CompactString, S> {
        let key = CompactString::from(self.required(of, element, attribute)?);
        self.check_key(of, &key);
        Ok(key)
    }

    pub(super) fn check_key(&mut self, element: &S::Element, key: &str) {
        let usual = !key.is_empty() && key.bytes().fold(true, |usual, byte| usual & byte.is_ascii_graphic());
        if !usual && (key.contains(char::is_whitespace) || key.is_empty()) {
            self.note(Tolerated::BlankInKey, element, &format!("`{key}`"));
        }
    }

    /// The `state` of an element whose parent has state `parent`.
    pub(super) fn state(&self, of: &S::Element, element: &'static str, parent: State) -> Result<'x, State, S> {
        let Some(value) = self.source.attribute(of, "state") else { return Ok(State::Full) };
        let Some(state) = State::from_token(&value) else {
            return self.fail(of, Fault::BadState { element, value: value.into_owned() });
        };
        if parent == State::Full && state != State::Full {
            return self.fail(of, Fault::InconsistentState { element, state });
        }
        Ok(state)
    }

    /// Whether an element is deleted; then its content is ignored.
    pub(super) fn is_deleted(&mut self, element: &S::Element, state: State) -> Result<'x, bool, S> {
        if state != State::Deleted {
            return Ok(false);
        }
        if self.source.skip(element)? {
            self.note(Tolerated::ContentOfDeleted, element, S::name(element));
        }
        Ok(true)
    }

    /// The character data of an element that has nothing else.
    fn characters(&mut self, element: &S::Element) -> Result<'x, Cow<'x, str>, S> {
        self.check_attributes(element, &[]);
        if let Some(text) = self.source.only_text(element)? {
            return Ok(text);
        }
        let mut text = Cow::Borrowed("");
        let mut pieces = self.source.enter(element);
        while let Some(piece) = self.source.next(element, &mut pieces)? {
            match piece {
                Piece::Element(child) => self.unknown(&child)?,
                Piece::Text(piece, _) if text.is_empty() => text = piece,
                Piece::Text(piece, _) => text.to_mut().push_str(&piece),
            }
        }
        Ok(text)
    }

    /// The same as text of our own.
    pub(super) fn text<T: From<Cow<'x, str>>>(&mut self, element: &S::Element) -> Result<'x, T, S> {
        self.characters(element).map(T::from)
    }

    /// A list separated by blanks.
    pub(super) fn list(&mut self, element: &S::Element) -> Result<'x, Vec<String>, S> {
        Ok(self.characters(element)?.split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// A value of an enumeration; blanks around it are forgiven, an unknown one counts as absent.
    pub(super) fn token<T>(
        &mut self,
        element: &S::Element,
        from_token: fn(&str) -> Option<T>,
    ) -> Result<'x, Option<T>, S> {
        let text = self.characters(element)?;
        let value = from_token(&text);
        if value.is_some() {
            return Ok(value);
        }
        let value = from_token(text.trim());
        let (rule, shown) = match value {
            Some(_) => (Tolerated::PaddedToken, &*text),
            None => (Tolerated::UnknownToken, text.trim()),
        };
        self.note(rule, element, &format!("{} `{shown}`", S::name(element)));
        Ok(value)
    }

    /// An unsigned 32-bit number; the schema forgives blanks around it.
    pub(super) fn number(&mut self, element: &S::Element) -> Result<'x, Option<u32>, S> {
        let text = self.characters(element)?;
        let value = unsigned(&text);
        if value.is_none() {
            self.note(Tolerated::BadValue, element, &format!("{} `{text}`", S::name(element)));
        }
        Ok(value)
    }

    /// A boolean; the schema forgives blanks around it.
    pub(super) fn boolean(&mut self, element: &S::Element) -> Result<'x, Option<bool>, S> {
        let text = self.characters(element)?;
        match text.trim() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => {
                self.note(Tolerated::BadValue, element, &format!("{} `{text}`", S::name(element)));
                Ok(None)
            }
        }
    }
}

/// An unsigned 32-bit number in decimal digits.
pub(super) fn unsigned(text: &str) -> Option<u32> {
    let digits = text.trim();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
