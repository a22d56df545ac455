//! Headers that name another dialog: Replaces (RFC 3891 section 6.1) and Target-Dialog (RFC 4538 section 7).

use super::{Malformed, Params};
use crate::wire::text::{split_once, trim};

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
        let (call_id, params) = call_id_and_params(value)?;
        let to_tag = only(value, params, "to-tag")?;
        let from_tag = only(value, params, "from-tag")?;
        Ok(Self { call_id, to_tag, from_tag, early_only: params.contains("early-only"), params })
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
    /// There is no Call-ID, or not exactly one `local-tag` and one `remote-tag`.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (call_id, params) = call_id_and_params(value)?;
        let local_tag = only(value, params, "local-tag")?;
        let remote_tag = only(value, params, "remote-tag")?;
        Ok(Self { call_id, local_tag, remote_tag })
    }
}

/// A Call-ID holds no semicolon, but quotes and brackets, hence no cut that respects those.
fn call_id_and_params(value: &[u8]) -> Result<(&[u8], Params<'_>), Malformed> {
    let (call_id, params) = split_once(value, b';').unwrap_or((value, &[]));
    let call_id = trim(call_id);
    if call_id.is_empty() {
        return Err(Malformed { what: "no Call-ID", at: 0 });
    }
    Ok((call_id, Params::new(params)))
}

/// The value of a parameter that has to be there exactly once (RFC 3891 section 6.1).
fn only<'a>(value: &[u8], params: Params<'a>, name: &'static str) -> Result<&'a [u8], Malformed> {
    let mut found = params.iter().filter(|param| param.name.eq_ignore_ascii_case(name.as_bytes()));
    match (found.next(), found.next()) {
        (Some(param), None) => param
            .value
            .filter(|tag| !tag.is_empty())
            .ok_or_else(|| Malformed::at("a tag without a value", value, param.name)),
        (Some(_), Some(second)) => Err(Malformed::at("a second tag of the same kind", value, second.name)),
        (None, _) => Err(Malformed { what: "a tag is missing", at: value.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_needs_exactly_one_tag_of_each_kind() {
        let replaces = Replaces::parse(b"a\"b@[::1] ;from-tag=f ; To-Tag=t+%2;early-only").unwrap();
        assert_eq!(replaces.call_id, b"a\"b@[::1]");
        assert_eq!((replaces.to_tag, replaces.from_tag, replaces.early_only), (&b"t+%2"[..], &b"f"[..], true));
        for value in [
            &b""[..],
            b";to-tag=1;from-tag=2",
            b"c",
            b"c;to-tag=1",
            b"c;to-tag=1;from-tag",
            b"c;to-tag=1;from-tag=2;to-tag=1",
        ] {
            assert!(Replaces::parse(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn target_dialog() {
        let target = TargetDialog::parse(b"c@h;local-tag=l;remote-tag=r").unwrap();
        assert_eq!((target.call_id, target.local_tag, target.remote_tag), (&b"c@h"[..], &b"l"[..], &b"r"[..]));
        assert!(TargetDialog::parse(b"c@h;local-tag=l").is_err());
    }
}
