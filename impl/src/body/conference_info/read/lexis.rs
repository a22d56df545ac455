//! The lexis of XML 1.0 as it is usual in documents of this package: tags with ASCII names, attributes, character data
//! with the references that need no declaration, comments, the XML declaration.
//!
//! Whatever else is well-formed, and all that is not, is a [`Doubt`]: never an error, never a guess. Whoever takes from
//! here only what is given without doubt has a well-formed document in hand. The tests hold that to `roxmltree`.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};

/// Something is not usual, or not XML. What it is and where is not said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt;

type Result<T> = std::result::Result<T, Doubt>;

/// A qualified name.
#[derive(Clone, Copy)]
pub(super) struct Name<'x> {
    /// As it stands there.
    pub(super) qualified: &'x str,
    /// Before the colon; empty if there is none.
    pub(super) prefix: &'x str,
    /// Behind the colon.
    pub(super) local: &'x str,
}

/// The document and how far it has been read.
pub(super) struct Cursor<'x> {
    text: &'x str,
    /// The next byte.
    pub(super) at: usize,
    /// Whether character data may have something in it that does not stand for itself.
    has_references: bool,
}

const NAME_START: u8 = 1;
const NAME: u8 = 2;

/// What an ASCII byte may be in a name; those beyond ASCII are never usual.
static NAME_CLASS: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let class = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME_START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            _ => 0,
        };
        classes[byte] = class;
        byte += 1;
    }
    classes
};

fn is_class(byte: Option<&u8>, class: u8) -> bool {
    byte.and_then(|byte| NAME_CLASS.get(usize::from(*byte))).is_some_and(|found| found & class != 0)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether the character may stand in a document (XML 1.0 section 2.2).
const fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether there is a control character other than white space. No branch: so many bytes are looked at at once.
fn has_control(bytes: &[u8]) -> bool {
    let control = |byte: u8| u8::from(byte < b' ') & u8::from(byte != b'\t') & u8::from(byte != b'\n' && byte != b'\r');
    bytes.iter().fold(0, |found, byte| found | control(*byte)) != 0
}

impl<'x> Cursor<'x> {
    /// At the beginning of `text`, behind the byte order mark. All of it is looked through for what may stand nowhere.
    pub(super) fn new(text: &'x str) -> Result<Self> {
        let bytes = text.as_bytes();
        // U+FFFE and U+FFFF begin with the byte EF.
        let has_noncharacter = || memchr(0xef, bytes).is_some() && text.contains(['\u{fffe}', '\u{ffff}']);
        if has_control(bytes) || has_noncharacter() || memmem::find(bytes, b"]]>").is_some() {
            return Err(Doubt);
        }
        let has_references = memchr2(b'&', b'\r', bytes).is_some();
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Ok(Self { text, at, has_references })
    }

    /// What has not been read.
    #[inline]
    fn rest(&self) -> &'x [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    #[inline]
    pub(super) fn is_at(&self, token: &[u8]) -> bool {
        self.rest().starts_with(token)
    }

    #[inline]
    pub(super) fn take(&mut self, token: &[u8]) -> Result<()> {
        if !self.is_at(token) {
            return Err(Doubt);
        }
        self.at += token.len();
        Ok(())
    }

    /// Passes over white space, and says whether there was any.
    #[inline]
    pub(super) fn skip_blanks(&mut self) -> bool {
        let before = self.at;
        while self.peek(0).is_some_and(is_blank) {
            self.at += 1;
        }
        self.at > before
    }

    #[inline]
    fn slice(&self, from: usize, to: usize) -> Result<&'x str> {
        self.text.get(from..to).ok_or(Doubt)
    }

    /// A name, with one colon at most.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Name<'x>> {
        let start = self.at;
        let mut local = start;
        self.part_of_name()?;
        if self.peek(0) == Some(b':') {
            self.at += 1;
            local = self.at;
            self.part_of_name()?;
        }
        Ok(Name {
            qualified: self.slice(start, self.at)?,
            prefix: self.slice(start, local.saturating_sub(1).max(start))?,
            local: self.slice(local, self.at)?,
        })
    }

    #[inline]
    fn part_of_name(&mut self) -> Result<()> {
        let mut bytes = self.rest().iter();
        if !is_class(bytes.next(), NAME_START) {
            return Err(Doubt);
        }
        let length = 1 + bytes.take_while(|byte| is_class(Some(byte), NAME)).count();
        self.at += length;
        Ok(())
    }

    /// The equals sign and the value that follow the name of an attribute.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Cow<'x, str>> {
        self.skip_blanks();
        self.take(b"=")?;
        self.skip_blanks();
        let quote = self.peek(0).filter(|quote| matches!(quote, b'"' | b'\'')).ok_or(Doubt)?;
        let start = self.at + 1;
        self.at = start;
        let length = memchr2(quote, b'<', self.rest()).ok_or(Doubt)?;
        let raw = self.slice(start, start + length)?;
        self.at += length;
        if self.peek(0) != Some(quote) {
            return Err(Doubt);
        }
        self.at += 1;
        let odd = raw.bytes().fold(false, |odd, byte| odd | (byte < b' ') | (byte == b'&'));
        if odd { normalized(raw) } else { Ok(Cow::Borrowed(raw)) }
    }

    /// Character data up to the next tag or comment, which may be none at all.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Cow<'x, str>> {
        let length = memchr(b'<', self.rest()).ok_or(Doubt)?;
        let raw = self.slice(self.at, self.at + length)?;
        self.at += length;
        if self.has_references { unescaped(raw) } else { Ok(Cow::Borrowed(raw)) }
    }

    /// Passes over a comment if there is one.
    pub(super) fn skip_comment(&mut self) -> Result<bool> {
        if !self.is_at(b"<!--") {
            return Ok(false);
        }
        self.at += 4;
        self.at += memmem::find(self.rest(), b"--").ok_or(Doubt)?;
        self.take(b"-->")?;
        Ok(true)
    }

    /// Passes over the XML declaration if there is one.
    pub(super) fn skip_declaration(&mut self) -> Result<()> {
        if !self.is_at(b"<?xml ") {
            return Ok(());
        }
        self.at += 5;
        for part in ["version", "encoding", "standalone"] {
            let apart = self.skip_blanks();
            if self.is_at(part.as_bytes()) {
                if !apart || self.name()?.qualified != part {
                    return Err(Doubt);
                }
                self.value()?;
            } else if part == "version" {
                return Err(Doubt);
            }
        }
        self.skip_blanks();
        self.take(b"?>")
    }
}

/// The value of an attribute that has something in it which does not stand for itself.
#[cold]
fn normalized(raw: &str) -> Result<Cow<'_, str>> {
    if raw.contains(['\t', '\n', '\r']) { Err(Doubt) } else { unescaped(raw) }
}

/// Character data without references, and with the line ends of section 2.11.
fn unescaped(raw: &str) -> Result<Cow<'_, str>> {
    let returns = raw.contains('\r');
    let Some((before, mut rest)) = raw.split_once('&') else {
        return Ok(if returns { raw.replace("\r\n", "\n").replace('\r', "\n").into() } else { raw.into() });
    };
    if returns {
        return Err(Doubt);
    }
    let mut text = before.to_owned();
    loop {
        let (reference, behind) = rest.split_once(';').ok_or(Doubt)?;
        text.push(referred(reference)?);
        let Some((between, next)) = behind.split_once('&') else {
            text.push_str(behind);
            return Ok(text.into());
        };
        text.push_str(between);
        rest = next;
    }
}

/// The character that a reference means.
fn referred(reference: &str) -> Result<char> {
    let number = match reference {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => reference.strip_prefix('#').ok_or(Doubt)?,
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Doubt);
    }
    let character = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    // White space that is written as a reference is not treated as white space is: rare, and left to others.
    character.filter(|character| *character >= ' ' && is_xml_char(*character)).ok_or(Doubt)
}
