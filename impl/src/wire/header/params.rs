//! Parameters: `;name`, `;name=token`, `;name="quoted"` (RFC 3261 sections 7.3.1 and 25.1, `generic-param`).

use std::borrow::Cow;

/// The parameters of a value or of a URI, unread: the bytes after the first `;`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params<'a> {
    raw: &'a [u8],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param<'a> {
    /// Name as written; compared without case.
    pub name: &'a [u8],
    /// Value as written, with its quotes; `None` if there is no `=`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Param<'a> {
    /// The value without quotes and escapes; empty if there is none.
    pub fn text(&self) -> Cow<'a, [u8]> {
        todo!()
    }
}

impl<'a> Params<'a> {
    /// Parameters that stand in `raw`, with or without the first `;`.
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The bytes as written.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        std::iter::empty()
    }

    /// The value of the first parameter of this name, without surrounding quotes (escapes stay); empty if it has none.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let _ = name;
        todo!()
    }

    /// Whether there is a parameter of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}
