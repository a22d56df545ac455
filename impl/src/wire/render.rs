//! Writing a message of our own: a builder that never emits an illegal byte (RFC 3261 sections 7, 8.1.1 and 8.2.6).

use std::net::SocketAddr;

use thiserror::Error;

use super::{Message, Method, Name, OwnedUri, SubscriptionStatus};
use crate::agent::Transport;

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum BuildError {
    /// A value holds CR, LF, NUL or another control character: it would break out of its header field.
    #[error("{header}: a value with a control character")]
    IllegalByte {
        /// The header.
        header: String,
    },
    /// A value that must be a token is none.
    #[error("{header}: `{value}` is not a token")]
    NotAToken {
        /// The header.
        header: String,
        /// The value.
        value: String,
    },
    /// A status code outside 100..=699.
    #[error("status code {code} out of range")]
    StatusCode {
        /// The code.
        code: u16,
    },
}

/// A message being built. The first fault is kept and comes out of [`Builder::render`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Builder {
    start: Vec<u8>,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    fault: Option<BuildError>,
}

impl Builder {
    /// A request without header fields.
    pub fn request(method: Method<'_>, uri: &OwnedUri) -> Self {
        let _ = (method, uri);
        todo!()
    }

    /// A response without header fields; see [`response_to`].
    pub fn response(code: u16, phrase: &str) -> Self {
        let _ = (code, phrase);
        todo!()
    }

    /// Appends a header field.
    #[must_use]
    pub fn field(self, name: Name<'_>, value: impl AsRef<[u8]>) -> Self {
        let _ = (name, value.as_ref());
        todo!()
    }

    /// Appends a Via below those that are there: `SIP/2.0/transport sent-by;branch=…;rport`.
    #[must_use]
    pub fn via(self, transport: Transport, sent_by: &str, branch: &str) -> Self {
        self.field(Name::Via, format!("SIP/2.0/{} {sent_by};branch={branch};rport", transport.via_token()))
    }

    /// Appends From.
    #[must_use]
    pub fn from(self, uri: &OwnedUri, tag: impl AsRef<[u8]>) -> Self {
        self.tagged(Name::From, uri, Some(tag.as_ref()))
    }

    /// Appends To; without a tag outside of a dialog.
    #[must_use]
    pub fn to(self, uri: &OwnedUri, tag: Option<&[u8]>) -> Self {
        self.tagged(Name::To, uri, tag)
    }

    fn tagged(self, name: Name<'_>, uri: &OwnedUri, tag: Option<&[u8]>) -> Self {
        let _ = (name, uri, tag);
        todo!()
    }

    /// Appends Call-ID.
    #[must_use]
    pub fn call_id(self, call_id: impl AsRef<[u8]>) -> Self {
        self.field(Name::CallId, call_id)
    }

    /// Appends CSeq.
    #[must_use]
    pub fn cseq(self, number: u32, method: Method<'_>) -> Self {
        self.field(Name::CSeq, format!("{number} {method}"))
    }

    /// Appends Max-Forwards.
    #[must_use]
    pub fn max_forwards(self, hops: u8) -> Self {
        self.number(Name::MaxForwards, u32::from(hops))
    }

    /// Appends Contact; `params` such as `isfocus` without the leading `;`, or empty.
    #[must_use]
    pub fn contact(self, uri: &OwnedUri, params: &str) -> Self {
        let separator = if params.is_empty() { "" } else { ";" };
        self.field(Name::Contact, format!("<{uri}>{separator}{params}"))
    }

    /// Appends one Route per entry, each entry verbatim (a whole name-addr).
    #[must_use]
    pub fn route<E: AsRef<[u8]>>(self, entries: impl IntoIterator<Item = E>) -> Self {
        entries.into_iter().fold(self, |builder, entry| builder.field(Name::Route, entry))
    }

    /// Appends one Record-Route per entry, each entry verbatim (a whole name-addr).
    #[must_use]
    pub fn record_route<E: AsRef<[u8]>>(self, entries: impl IntoIterator<Item = E>) -> Self {
        entries.into_iter().fold(self, |builder, entry| builder.field(Name::RecordRoute, entry))
    }

    /// Appends a header that holds one number.
    #[must_use]
    pub fn number(self, name: Name<'_>, number: u32) -> Self {
        self.field(name, number.to_string())
    }

    /// Appends a header that is a list of tokens; nothing if the list is empty.
    #[must_use]
    pub fn tokens<T: AsRef<str>>(self, name: Name<'_>, tokens: impl IntoIterator<Item = T>) -> Self {
        let _ = (name, tokens.into_iter());
        todo!()
    }

    /// Appends Require.
    #[must_use]
    pub fn require(self, options: &[&str]) -> Self {
        self.tokens(Name::Require, options)
    }

    /// Appends Supported.
    #[must_use]
    pub fn supported(self, options: &[&str]) -> Self {
        self.tokens(Name::Supported, options)
    }

    /// Appends Allow.
    #[must_use]
    pub fn allow(self, methods: &[Method<'_>]) -> Self {
        self.tokens(Name::Allow, methods.iter().map(ToString::to_string))
    }

    /// Appends Allow-Events.
    #[must_use]
    pub fn allow_events(self, packages: &[&str]) -> Self {
        self.tokens(Name::AllowEvents, packages)
    }

    /// Appends Accept.
    #[must_use]
    pub fn accept(self, media_types: &[&str]) -> Self {
        self.field(Name::Accept, media_types.join(", "))
    }

    /// Appends Expires in seconds.
    #[must_use]
    pub fn expires(self, seconds: u32) -> Self {
        self.number(Name::Expires, seconds)
    }

    /// Appends RSeq.
    #[must_use]
    pub fn rseq(self, number: u32) -> Self {
        self.number(Name::RSeq, number)
    }

    /// Appends RAck.
    #[must_use]
    pub fn rack(self, rseq: u32, cseq: u32, method: Method<'_>) -> Self {
        self.field(Name::RAck, format!("{rseq} {cseq} {method}"))
    }

    /// Appends Event.
    #[must_use]
    pub fn event(self, package: &str, id: Option<&str>) -> Self {
        self.field(Name::Event, id.map_or_else(|| package.to_owned(), |id| format!("{package};id={id}")))
    }

    /// Appends Subscription-State; `expires` in seconds belongs to active and pending, `reason` to terminated.
    #[must_use]
    pub fn subscription_state(
        self,
        status: SubscriptionStatus<'_>,
        expires: Option<u32>,
        reason: Option<&str>,
    ) -> Self {
        let _ = (status, expires, reason);
        todo!()
    }

    /// Appends Refer-To in angle brackets.
    #[must_use]
    pub fn refer_to(self, uri: &OwnedUri) -> Self {
        self.field(Name::ReferTo, format!("<{uri}>"))
    }

    /// Appends Referred-By in angle brackets.
    #[must_use]
    pub fn referred_by(self, uri: &OwnedUri) -> Self {
        self.field(Name::ReferredBy, format!("<{uri}>"))
    }

    /// Appends Replaces, the dialog as its recipient sees it (RFC 3891 section 3).
    #[must_use]
    pub fn replaces(self, call_id: impl AsRef<[u8]>, to_tag: impl AsRef<[u8]>, from_tag: impl AsRef<[u8]>) -> Self {
        let _ = (call_id.as_ref(), to_tag.as_ref(), from_tag.as_ref());
        todo!()
    }

    /// Writes into the topmost Via where the request came from, see [`super::edit::Edit::stamp_via`].
    #[must_use]
    pub fn stamp_via(self, source: SocketAddr) -> Self {
        let _ = source;
        todo!()
    }

    /// Sets Content-Type and the body.
    #[must_use]
    pub fn body(self, content_type: &str, body: Vec<u8>) -> Self {
        let _ = (content_type, body);
        todo!()
    }

    /// The message; Content-Length is always written.
    ///
    /// # Errors
    /// A value that was given could not be put into a message.
    pub fn render(self) -> Result<Vec<u8>, BuildError> {
        let _ = (self.start, self.fields, self.body, self.fault);
        todo!()
    }
}

/// A response to `request` (RFC 3261 section 8.2.6.2): Via, From, To, Call-ID and CSeq copied, the To tag added if the
/// request has none and one is given. Record-Route is copied by [`Builder::copy_record_route`].
pub fn response_to(request: &Message<'_>, code: u16, phrase: &str, to_tag: Option<&str>) -> Builder {
    let _ = (request, code, phrase, to_tag);
    todo!()
}

impl Builder {
    /// Copies the Record-Route of the request: into responses that create a dialog (RFC 3261 section 12.1.1).
    #[must_use]
    pub fn copy_record_route(self, request: &Message<'_>) -> Self {
        let _ = request;
        todo!()
    }
}
