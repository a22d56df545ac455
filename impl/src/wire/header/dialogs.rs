//! Headers that name another dialog: Replaces (RFC 3891 section 6.1) and Target-Dialog (RFC 4538 section 7).

use super::{Malformed, Params};

/// The dialog that an INVITE wants to replace, as its recipient sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replaces<'a> {
    /// Call-ID, byte by byte.
    pub call_id: &'a [u8],
    /// The recipient's local tag.
    pub to_tag: &'a [u8],
    /// The recipient's remote tag.
    pub from_tag: &'a [u8],
    /// Only an early dialog is meant.
    pub early_only: bool,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Replaces<'a> {
    /// Reads the value, also one that was percent-decoded out of a URI.
    ///
    /// # Errors
    /// There is no Call-ID, or not exactly one `to-tag` and one `from-tag`.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }
}

/// The dialog that authorises a request sent outside of it, as its recipient sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TargetDialog<'a> {
    /// Call-ID, byte by byte.
    pub call_id: &'a [u8],
    /// The recipient's local tag.
    pub local_tag: &'a [u8],
    /// The recipient's remote tag.
    pub remote_tag: &'a [u8],
}

impl<'a> TargetDialog<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// There is no Call-ID or a tag is missing.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }
}
