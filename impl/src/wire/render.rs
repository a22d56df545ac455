//! Writing a message of our own: a builder that never emits an illegal byte (RFC 3261 sections 7, 8.1.1 and 8.2.6).

use std::net::SocketAddr;
use std::ops::Range;

use thiserror::Error;

use super::text::{Digits, any, is_control, is_lws, is_token, unfold};
use super::{Message, Method, Name, NameAddr, OwnedUri, Refresher, SubscriptionStatus, Via};
use crate::agent::Transport;

/// Bytes of a usual message without its body.
const USUAL_HEAD: usize = 768;
/// Bytes of a usual Content-Type and Content-Length.
const USUAL_TAIL: usize = 96;

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum BuildError {
    /// A value holds CR, LF, NUL or another control character: it would break out of its header field.
    #[error("{header}: a value with a control character")]
    IllegalByte {
        /// The header.
        header: String,
    },
    /// A value that must be a token is none, or would break out of its parameter.
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
    /// Status code, of a response.
    status: Option<u16>,
    /// Start line and header fields as they will be sent.
    head: Vec<u8>,
    /// The value of the topmost Via line in `head`.
    top_via: Option<Range<usize>>,
    content_type: Option<String>,
    body: Vec<u8>,
    /// Small, because a builder is moved with every header field.
    fault: Option<Box<BuildError>>,
}

impl Builder {
    /// A request without header fields.
    pub fn request(method: Method<'_>, uri: &OwnedUri) -> Self {
        let mut builder = Self::start(&[method.as_bytes(), b" ", uri.as_bytes(), b" SIP/2.0\r\n"]);
        builder.check_token("Request-Line", method.as_bytes());
        builder
    }

    /// A response without header fields; see [`response_to`].
    pub fn response(code: u16, phrase: &str) -> Self {
        let number = Digits::of(u64::from(code));
        let mut builder = Self::start(&[b"SIP/2.0 ", number.as_bytes(), b" ", phrase.as_bytes(), b"\r\n"]);
        builder.status = Some(code);
        if !(100..=699).contains(&code) {
            builder.note(BuildError::StatusCode { code });
        }
        builder.check_value("Status-Line", phrase.as_bytes());
        builder
    }

    fn start(parts: &[&[u8]]) -> Self {
        let mut head = Vec::with_capacity(USUAL_HEAD);
        parts.iter().for_each(|part| head.extend_from_slice(part));
        Self { status: None, head, top_via: None, content_type: None, body: Vec::new(), fault: None }
    }

    /// Appends a header field. Content-Length is left out here, because [`Builder::render`] writes it.
    #[must_use]
    #[inline]
    pub fn field(mut self, name: Name<'_>, value: impl AsRef<[u8]>) -> Self {
        if let Name::Other(other) = name {
            self.check_token("header name", other);
        }
        self.parts(name, &[value.as_ref()])
    }

    /// Appends a header field whose value is written in several parts.
    #[must_use]
    #[inline]
    pub(crate) fn parts(mut self, name: Name<'_>, parts: &[&[u8]]) -> Self {
        self.put_checked(name, parts);
        self
    }

    /// Appends a line whose parts have been checked.
    #[inline]
    fn line(mut self, name: Name<'_>, parts: &[&[u8]]) -> Self {
        self.put(name, parts);
        self
    }

    fn put_checked(&mut self, name: Name<'_>, parts: &[&[u8]]) {
        let value = self.put(name, parts);
        if any(self.head.get(value).unwrap_or_default(), is_control) {
            self.note(BuildError::IllegalByte { header: name.canonical().to_owned() });
        }
    }

    /// Writes a line; where its value stands.
    fn put(&mut self, name: Name<'_>, parts: &[&[u8]]) -> Range<usize> {
        if name == Name::ContentLength {
            return 0..0;
        }
        self.head.extend_from_slice(name.line_start());
        if let Name::Other(name) = name {
            self.head.extend_from_slice(name);
            self.head.extend_from_slice(b": ");
        }
        let start = self.head.len();
        parts.iter().for_each(|part| self.head.extend_from_slice(part));
        let value = start..self.head.len();
        self.head.extend_from_slice(b"\r\n");
        if name == Name::Via && self.top_via.is_none() {
            self.top_via = Some(value.clone());
        }
        value
    }

    /// Appends whole lines of another message, which are not judged again.
    #[must_use]
    pub(crate) fn lines(mut self, parts: &[&[u8]]) -> Self {
        parts.iter().for_each(|part| self.head.extend_from_slice(part));
        self
    }

    /// The status code of a response.
    pub(crate) const fn status(&self) -> Option<u16> {
        self.status
    }

    /// Copies every line of a header from a message, verbatim but for folds.
    fn copy(self, message: &Message<'_>, name: Name<'static>) -> Self {
        message.lines(name).fold(self, |builder, value| builder.line(name, &[&unfold(value)]))
    }

    fn note(&mut self, fault: BuildError) {
        self.fault.get_or_insert_with(|| Box::new(fault));
    }

    fn check_value(&mut self, header: &str, value: &[u8]) {
        if any(value, is_control) {
            self.note(BuildError::IllegalByte { header: header.to_owned() });
        }
    }

    fn check_token(&mut self, header: &str, value: &[u8]) {
        if !is_token(value) {
            self.not_a_token(header, value);
        }
    }

    /// A value that is echoed need not be a token, but must not break out of its parameter.
    pub(crate) fn check_param(&mut self, header: &str, value: &[u8]) {
        let breaks_out =
            |byte: &u8| is_control(*byte) || is_lws(*byte) || matches!(byte, b';' | b',' | b'"' | b'<' | b'>');
        // Nearly all are tokens.
        if !is_token(value) && (value.is_empty() || value.iter().any(breaks_out)) {
            self.not_a_token(header, value);
        }
    }

    fn not_a_token(&mut self, header: &str, value: &[u8]) {
        let value = String::from_utf8_lossy(value).into_owned();
        self.note(BuildError::NotAToken { header: header.to_owned(), value });
    }

    /// Appends a Via below those that are there: `SIP/2.0/transport sent-by;branch=…;rport`.
    #[must_use]
    #[inline]
    pub fn via(self, transport: Transport, sent_by: &str, branch: &str) -> Self {
        let (transport, sent_by, branch) = (transport.via_token(), sent_by.as_bytes(), branch.as_bytes());
        let parts = [b"SIP/2.0/", transport.as_bytes(), b" ", sent_by, b";branch=", branch, b";rport"];
        self.parts(Name::Via, &parts)
    }

    /// Appends From.
    #[must_use]
    #[inline]
    pub fn from(self, uri: &OwnedUri, tag: impl AsRef<[u8]>) -> Self {
        self.tagged(Name::From, uri, Some(tag.as_ref()))
    }

    /// Appends To; without a tag outside of a dialog.
    #[must_use]
    #[inline]
    pub fn to(self, uri: &OwnedUri, tag: Option<&[u8]>) -> Self {
        self.tagged(Name::To, uri, tag)
    }

    #[inline]
    fn tagged(mut self, name: Name<'_>, uri: &OwnedUri, tag: Option<&[u8]>) -> Self {
        let Some(tag) = tag else { return self.line(name, &[b"<", uri.as_bytes(), b">"]) };
        self.check_param(name.canonical(), tag);
        self.line(name, &[b"<", uri.as_bytes(), b">;tag=", tag])
    }

    /// Appends Call-ID.
    #[must_use]
    #[inline]
    pub fn call_id(self, call_id: impl AsRef<[u8]>) -> Self {
        self.field(Name::CallId, call_id)
    }

    /// Appends CSeq.
    #[must_use]
    #[inline]
    pub fn cseq(self, number: u32, method: Method<'_>) -> Self {
        self.parts(Name::CSeq, &[Digits::of(u64::from(number)).as_bytes(), b" ", method.as_bytes()])
    }

    /// Appends Max-Forwards.
    #[must_use]
    #[inline]
    pub fn max_forwards(self, hops: u8) -> Self {
        self.number(Name::MaxForwards, u32::from(hops))
    }

    /// Appends Contact; `params` such as `isfocus` without the leading `;`, or empty.
    #[must_use]
    #[inline]
    pub fn contact(self, uri: &OwnedUri, params: &str) -> Self {
        let separator = if params.is_empty() { "" } else { ";" };
        self.parts(Name::Contact, &[b"<", uri.as_bytes(), b">", separator.as_bytes(), params.as_bytes()])
    }

    /// Appends one Route per entry, each entry verbatim (a whole name-addr).
    #[must_use]
    #[inline]
    pub fn route<E: AsRef<[u8]>>(self, entries: impl IntoIterator<Item = E>) -> Self {
        entries.into_iter().fold(self, |builder, entry| builder.field(Name::Route, entry))
    }

    /// Appends one Record-Route per entry, each entry verbatim (a whole name-addr).
    #[must_use]
    #[inline]
    pub fn record_route<E: AsRef<[u8]>>(self, entries: impl IntoIterator<Item = E>) -> Self {
        entries.into_iter().fold(self, |builder, entry| builder.field(Name::RecordRoute, entry))
    }

    /// Copies the Record-Route of the request: into responses that create a dialog (RFC 3261 section 12.1.1).
    #[must_use]
    pub fn copy_record_route(self, request: &Message<'_>) -> Self {
        self.copy(request, Name::RecordRoute)
    }

    /// Appends a header that holds one number.
    #[must_use]
    #[inline]
    pub fn number(self, name: Name<'_>, number: u32) -> Self {
        self.parts(name, &[Digits::of(u64::from(number)).as_bytes()])
    }

    /// Appends a header that is a list of tokens; nothing if the list is empty.
    #[must_use]
    pub fn tokens<T: AsRef<[u8]>>(mut self, name: Name<'_>, tokens: impl IntoIterator<Item = T>) -> Self {
        if let Name::Other(other) = name {
            self.check_token("header name", other);
        }
        let before = self.head.len();
        for token in tokens {
            if self.head.len() == before {
                self.head.extend_from_slice(name.as_bytes());
                self.head.extend_from_slice(b": ");
            } else {
                self.head.extend_from_slice(b", ");
            }
            self.check_token(name.canonical(), token.as_ref());
            self.head.extend_from_slice(token.as_ref());
        }
        if self.head.len() == before { self } else { self.lines(&[b"\r\n"]) }
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
        self.tokens(Name::Allow, methods.iter().map(Method::as_bytes))
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

    /// Appends Session-Expires in seconds (RFC 4028 section 4); without a `refresher` the answerer chooses.
    #[must_use]
    pub fn session_expires(self, seconds: u32, refresher: Option<Refresher>) -> Self {
        match refresher {
            Some(refresher) => {
                let seconds = Digits::of(u64::from(seconds));
                self.parts(Name::SessionExpires, &[seconds.as_bytes(), b";refresher=", refresher.token().as_bytes()])
            }
            None => self.number(Name::SessionExpires, seconds),
        }
    }

    /// Appends Min-SE in seconds (RFC 4028 section 5).
    #[must_use]
    pub fn min_se(self, seconds: u32) -> Self {
        self.number(Name::MinSe, seconds)
    }

    /// Appends RSeq.
    #[must_use]
    pub fn rseq(self, number: u32) -> Self {
        self.number(Name::RSeq, number)
    }

    /// Appends RAck.
    #[must_use]
    pub fn rack(self, rseq: u32, cseq: u32, method: Method<'_>) -> Self {
        let [rseq, cseq] = [rseq, cseq].map(|number| Digits::of(u64::from(number)));
        self.parts(Name::RAck, &[rseq.as_bytes(), b" ", cseq.as_bytes(), b" ", method.as_bytes()])
    }

    /// Appends Event.
    #[must_use]
    #[inline]
    pub fn event(mut self, package: &str, id: Option<&str>) -> Self {
        self.check_token("Event", package.as_bytes());
        let Some(id) = id else { return self.field(Name::Event, package) };
        self.check_param("Event", id.as_bytes());
        self.line(Name::Event, &[package.as_bytes(), b";id=", id.as_bytes()])
    }

    /// Appends Subscription-State; `expires` in seconds belongs to active and pending, `reason` to terminated.
    #[must_use]
    #[inline]
    pub fn subscription_state(
        self,
        status: SubscriptionStatus<'_>,
        expires: Option<u32>,
        reason: Option<&str>,
    ) -> Self {
        let seconds = expires.map(|seconds| Digits::of(u64::from(seconds)));
        let expires = seconds.as_ref().map_or([&b""[..]; 2], |seconds| [b";expires=", seconds.as_bytes()]);
        let reason = reason.map_or([&b""[..]; 2], |reason| [b";reason=", reason.as_bytes()]);
        self.parts(Name::SubscriptionState, &[status.as_bytes(), expires[0], expires[1], reason[0], reason[1]])
    }

    /// Appends Refer-To in angle brackets.
    #[must_use]
    #[inline]
    pub fn refer_to(self, uri: &OwnedUri) -> Self {
        self.parts(Name::ReferTo, &[b"<", uri.as_bytes(), b">"])
    }

    /// Appends Referred-By in angle brackets.
    #[must_use]
    #[inline]
    pub fn referred_by(self, uri: &OwnedUri) -> Self {
        self.parts(Name::ReferredBy, &[b"<", uri.as_bytes(), b">"])
    }

    /// Appends Replaces, the dialog as its recipient sees it (RFC 3891 section 3).
    #[must_use]
    pub fn replaces(mut self, call_id: impl AsRef<[u8]>, to_tag: impl AsRef<[u8]>, from_tag: impl AsRef<[u8]>) -> Self {
        self.check_param("Replaces", to_tag.as_ref());
        self.check_param("Replaces", from_tag.as_ref());
        let (to_tag, from_tag) = (to_tag.as_ref(), from_tag.as_ref());
        self.parts(Name::Replaces, &[call_id.as_ref(), b";to-tag=", to_tag, b";from-tag=", from_tag])
    }

    /// Writes into the topmost Via where the request came from, see [`super::Via::stamped`].
    #[must_use]
    pub fn stamp_via(mut self, source: SocketAddr) -> Self {
        let Some(line) = self.top_via.clone() else { return self };
        let (top, _) = super::text::split_top_level(self.head.get(line.clone()).unwrap_or_default(), b',');
        let length = top.len();
        if let Ok(via) = Via::parse(super::text::trim(top)) {
            let stamped = via.stamped(source);
            let end = line.end + stamped.len() - length;
            self.head.splice(line.start..line.start + length, stamped);
            self.top_via = Some(line.start..end);
        }
        self
    }

    /// Sets Content-Type and the body; a second call replaces the first.
    #[must_use]
    #[inline]
    pub fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.check_value("Content-Type", content_type.as_bytes());
        self.content_type = Some(content_type.to_owned());
        self.body = body;
        self
    }

    /// The message; Content-Length is always written.
    ///
    /// # Errors
    /// A value that was given could not be put into a message.
    pub fn render(self) -> Result<Vec<u8>, BuildError> {
        if let Some(fault) = self.fault {
            return Err(*fault);
        }
        let mut message = self.head;
        // Room for the body and for the two lines about it.
        message.reserve(self.body.len() + USUAL_TAIL);
        if let Some(content_type) = self.content_type {
            message.extend_from_slice(b"Content-Type: ");
            message.extend_from_slice(content_type.as_bytes());
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"Content-Length: ");
        message.extend_from_slice(Digits::of(self.body.len() as u64).as_bytes());
        message.extend_from_slice(b"\r\n\r\n");
        message.extend_from_slice(&self.body);
        Ok(message)
    }
}

/// A response to `request` (RFC 3261 section 8.2.6.2): Via, From, To, Call-ID and CSeq copied, the To tag added if the
/// request has none and one is given, Timestamp copied into a 100 (section 8.2.6.1). Record-Route is for the caller
/// ([`Builder::copy_record_route`]). What is copied is not judged: a request with faults still gets its answer.
pub fn response_to(request: &Message<'_>, code: u16, phrase: &str, to_tag: Option<&str>) -> Builder {
    let mut builder = Builder::response(code, phrase).copy(request, Name::Via).copy(request, Name::From);
    let has_tag = request.field(Name::To).and_then(|to| NameAddr::parse(to).ok()).is_some_and(|to| to.tag().is_some());
    builder = match (request.field(Name::To), to_tag) {
        (Some(to), Some(tag)) if !has_tag => {
            builder.check_param("To", tag.as_bytes());
            builder.line(Name::To, &[&unfold(to), b";tag=", tag.as_bytes()])
        }
        _ => builder.copy(request, Name::To),
    };
    builder = builder.copy(request, Name::CallId).copy(request, Name::CSeq);
    if code == 100 { builder.copy(request, Name::Timestamp) } else { builder }
}
