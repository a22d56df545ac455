//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route, Refer-To and more (RFC 3261 section 20.10).

use std::borrow::Cow;

use super::{Malformed, Params};
use crate::wire::Uri;

/// A display name, a URI and header parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameAddr<'a> {
    /// The whole value as written, to be copied verbatim (route sets, From and To of responses).
    pub raw: &'a [u8],
    /// Display name as written, with its quotes; empty if there is none.
    pub display: &'a [u8],
    /// The URI, without angle brackets.
    pub uri: Uri<'a>,
    /// Whether the URI stood in angle brackets; without them every parameter belongs to the header.
    pub bracketed: bool,
    /// Header parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// There is no URI in it, or a bracket or quote is not closed.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// Display name without quotes and escapes.
    pub fn display_name(&self) -> Cow<'a, [u8]> {
        todo!()
    }

    /// The `tag` parameter of From and To (RFC 3261 section 19.3); `None` if it is missing or empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The value of a header parameter, without quotes; empty if it has none.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params.get(name)
    }

    /// Whether the feature tag `isfocus` is set: bare or `"TRUE"`, not `"FALSE"` (RFC 3840 sections 9 and 10.18).
    pub fn is_focus(&self) -> bool {
        todo!()
    }
}
