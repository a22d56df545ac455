//! What names a dialog: Call-ID, local tag, remote tag (RFC 3261 section 12), compared byte by byte (section 19.3).
//!
//! Also what names a subscription inside one: [`EventKey`] (RFC 6665 section 8.2.1). URIs are no part of either name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::ident::Identifier;
use crate::wire::Message;

/// Octets that are compared one by one, kept in `$store`.
macro_rules! octets {
    ($(#[$doc:meta])* $name:ident in $store:ty, $keep:path) => {
        $(#[$doc])*
        #[derive(Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($store);

        impl $name {
            /// The octets as they stand in a message.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<&[u8]> for $name {
            fn from(octets: &[u8]) -> Self {
                Self($keep(octets))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self($keep(text.as_bytes()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self($keep(text.as_bytes()))
            }
        }

        impl From<Identifier> for $name {
            fn from(identifier: Identifier) -> Self {
                Self($keep(identifier.as_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&String::from_utf8_lossy(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"{}\"", self.0.escape_ascii())
            }
        }
    };
}

octets! {
    /// A Call-ID: case-sensitive, compared octet by octet (RFC 3261 section 20.8).
    #[derive(Clone)]
    CallId in Arc<[u8]>, Arc::from
}

octets! {
    /// A From or To tag: compared octet by octet. The empty tag stands for the absent one of an RFC 2543 peer
    /// (RFC 3261 section 12.1.1). A usual one needs no memory of its own.
    Tag in SmallVec<[u8; 24]>, SmallVec::from_slice
}

impl Clone for Tag {
    /// As one copy of all octets, not octet by octet.
    fn clone(&self) -> Self {
        Self::from(self.as_bytes())
    }
}

/// Name of a dialog as one of its ends sees it (RFC 3261 section 12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// Call-ID of every message of the dialog.
    pub call_id: CallId,
    /// Our tag: From in what we request, To in what we answer.
    pub local_tag: Tag,
    /// The peer's tag.
    pub remote_tag: Tag,
}

impl DialogId {
    /// The same dialog as the other end names it.
    pub fn seen_by_peer(&self) -> Self {
        Self { call_id: self.call_id.clone(), local_tag: self.remote_tag.clone(), remote_tag: self.local_tag.clone() }
    }
}

/// The name of a dialog as it stands in a request: enough to find the dialog, and nothing is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialogName<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// Tag of To, empty if there is none.
    pub local_tag: &'a [u8],
    /// Tag of From, empty if there is none.
    pub remote_tag: &'a [u8],
}

impl<'a> DialogName<'a> {
    /// The dialog that a request belongs to, as its receiver names it; none if a header field is missing or malformed.
    pub fn of(request: &Message<'a>) -> Option<Self> {
        Some(Self {
            call_id: request.call_id().ok()?,
            local_tag: request.to_tag().ok()?.unwrap_or_default(),
            remote_tag: request.from_tag().ok()?.unwrap_or_default(),
        })
    }
}

impl PartialEq<DialogName<'_>> for DialogId {
    fn eq(&self, name: &DialogName<'_>) -> bool {
        let Self { call_id, local_tag, remote_tag } = self;
        (local_tag.as_bytes(), remote_tag.as_bytes(), call_id.as_bytes())
            == (name.local_tag, name.remote_tag, name.call_id)
    }
}

/// Name of a subscription inside a dialog: event package and `id` parameter, both compared octet by octet
/// (RFC 6665 section 8.2.1). An Event with `id` never matches one without; its other parameters do not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Event package, such as `conference` or `refer`.
    pub package: Cow<'static, str>,
    /// The `id` parameter.
    pub id: Option<String>,
}

impl EventKey {
    /// The conference event package (RFC 4575 section 3.1), without `id`.
    pub fn conference() -> Self {
        Self { package: "conference".into(), id: None }
    }

    /// The implicit subscription of the REFER with `cseq` (RFC 3515 section 2.4.6).
    pub fn refer(cseq: u32) -> Self {
        Self { package: "refer".into(), id: Some(cseq.to_string()) }
    }
}

impl fmt::Display for EventKey {
    /// The value of an Event header field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)?;
        match &self.id {
            Some(id) => write!(f, ";id={id}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_compared_octet_by_octet() {
        assert_ne!(CallId::from("a84b4c76e66710@host"), CallId::from("A84b4c76e66710@host"));
        assert_ne!(Tag::from("1928301774"), Tag::from("1928301774 "));
        assert_ne!(Tag::from("a%41"), Tag::from("aA"));
        assert_eq!(Tag::from(&b"x\xff"[..]), Tag::from(&b"x\xff"[..]));
    }

    #[test]
    fn the_two_ends_name_one_dialog_with_the_tags_exchanged() {
        let here = DialogId { call_id: "c".into(), local_tag: "l".into(), remote_tag: "r".into() };
        let there = DialogId { call_id: "c".into(), local_tag: "r".into(), remote_tag: "l".into() };
        assert_eq!(here.seen_by_peer(), there);
        assert_eq!(there.seen_by_peer(), here);
    }

    #[test]
    fn an_event_with_id_never_matches_one_without() {
        let plain = EventKey { package: "refer".into(), id: None };
        assert_ne!(EventKey::refer(93), plain);
        assert_ne!(EventKey::refer(93), EventKey::refer(94));
        assert_ne!(plain, EventKey { package: "Refer".into(), id: None });
        assert_eq!(EventKey::refer(93).to_string(), "refer;id=93");
        assert_eq!(EventKey::conference().to_string(), "conference");
    }
}
