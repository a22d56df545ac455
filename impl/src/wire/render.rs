//! Writing a message of our own: a builder that never emits an illegal byte (RFC 3261 sections 7, 8.1.1 and 8.2.6).

use std::net::SocketAddr;
use std::ops::Range;

use thiserror::Error;

use super::text::{Digits, any, is_control, is_lws, is_token, unfold};
use super::{Message, Method, Name, NameAddr, OwnedUri, Refresher, SubscriptionStatus, Via};
use crate::agent::Transport;

/// Bytes of a usual message without its body.
const USUAL_HEAD: usize = 768;
/// Bytes of a usual Content-Length.
const USUAL_TAIL: usize = 32;

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
    /// Behind a pointer, because a builder is moved with every header field.
    draft: Box<Draft>,
}

/// What has been written so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Draft {
    /// Status code, of a response.
    status: Option<u16>,
    /// Start line and header fields as they will be sent.
    head: Vec<u8>,
    /// The value of the topmost Via line in `head`.
    top_via: Option<Range<usize>>,
    /// The Content-Type line in `head`; [`Builder::render`] moves it behind all others.
    content_type: Option<Range<usize>>,
    body: Vec<u8>,
    fault: Option<BuildError>,
}

impl Builder {
    /// A request without header fields.
    pub fn request(method: Method<'_>, uri: &OwnedUri) -> Self {
        let mut builder = Self::start(&[method.as_bytes(), b" ", uri.as_bytes(), b" SIP/2.0\r\n"]);
        if let Method::Other(token) = method {
            builder.draft.check_token("Request-Line", token);
        }
        builder
    }

    /// A response without header fields; see [`response_to`].
    pub fn response(code: u16, phrase: &str) -> Self {
        let number = Digits::of(u64::from(code));
        let mut builder = Self::start(&[b"SIP/2.0 ", number.as_bytes(), b" ", phrase.as_bytes(), b"\r\n"]);
        builder.draft.status = Some(code);
        if !(100..=699).contains(&code) {
            builder.draft.note(BuildError::StatusCode { code });
        }
        builder.draft.check_value("Status-Line", phrase.as_bytes());
        builder
    }

    fn start(parts: &[&[u8]]) -> Self {
        let mut head = Vec::with_capacity(USUAL_HEAD);
        parts.iter().for_each(|part| head.extend_from_slice(part));
        let draft = Draft { status: None, head, top_via: None, content_type: None, body: Vec::new(), fault: None };
        Self { draft: Box::new(draft) }
    }

    /// Appends a header field. Content-Length is left out here, because [`Builder::render`] writes it.
    #[must_use]
    #[inline]
    pub fn field(mut self, name: Name<'_>, value: impl AsRef<[u8]>) -> Self {
        if let Name::Other(other) = name {
            self.draft.check_token("header name", other);
        }
        self.parts(name, &[value.as_ref()])
    }

    /// Appends a header field whose value is written in several parts.
    #[must_use]
    #[inline]
    pub(crate) fn parts(mut self, name: Name<'_>, parts: &[&[u8]]) -> Self {
        self.draft.put_checked(name, parts);
        self
    }

    /// Appends a line whose parts have been checked.
    #[inline]
    fn line(mut self, name: Name<'_>, parts: &[&[u8]]) -> Self {
        self.draft.put(name, parts);
        self
    }

    /// Appends whole lines of another message, which are not judged again.
    #[must_use]
    pub(crate) fn lines(mut self, parts: &[&[u8]]) -> Self {
        parts.iter().for_each(|part| self.draft.head.extend_from_slice(part));
        self
    }

    /// As [`Draft::check_param`].
    pub(crate) fn check_param(&mut self, header: &str, value: &[u8]) {
        self.draft.check_param(header, value);
    }

    /// The status code of a response.
    pub(crate) const fn status(&self) -> Option<u16> {
        self.draft.status
    }

    /// Copies every line of a header from a message, verbatim but for folds.
    fn copy(self, message: &Message<'_>, name: Name<'static>) -> Self {
        message.lines(name).fold(self, |builder, value| builder.line(name, &[&unfold(value)]))
    }

    /// Appends a Via below those that are there: `SIP/2.0/transport sent-by;branch=…;rport`.
    #[must_use]
    #[inline]
    pub fn via(mut self, transport: Transport, sent_by: &str, branch: &str) -> Self {
        self.draft.push(b"Via: ");
        let start = self.draft.head.len();
        self.draft.push(b"SIP/2.0/");
        self.draft.push(transport.via_token().as_bytes());
        self.draft.push(b" ");
        self.draft.push_checked("Via", sent_by.as_bytes());
        self.draft.push(b";branch=");
        self.draft.push_checked("Via", branch.as_bytes());
        self.draft.push(b";rport");
        if self.draft.top_via.is_none() {
            self.draft.top_via = Some(start..self.draft.head.len());
        }
        self.draft.push(b"\r\n");
        self
    }

    /// Appends From.
    #[must_use]
    #[inline]
    pub fn from(mut self, uri: &OwnedUri, tag: impl AsRef<[u8]>) -> Self {
        self.draft.push(b"From: <");
        self.draft.push_tagged("From", uri, Some(tag.as_ref()));
        self
    }

    /// Appends To; without a tag outside of a dialog.
    #[must_use]
    #[inline]
    pub fn to(mut self, uri: &OwnedUri, tag: Option<&[u8]>) -> Self {
        self.draft.push(b"To: <");
        self.draft.push_tagged("To", uri, tag);
        self
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
    pub fn cseq(mut self, number: u32, method: Method<'_>) -> Self {
        self.draft.push(b"CSeq: ");
        self.draft.push_number(number);
        self.draft.push(b" ");
        if let Method::Other(token) = method {
            self.draft.check_value("CSeq", token);
        }
        self.draft.push(method.as_bytes());
        self.draft.push(b"\r\n");
        self
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
    pub fn contact(mut self, uri: &OwnedUri, params: &str) -> Self {
        self.draft.push(b"Contact: <");
        self.draft.push(uri.as_bytes());
        self.draft.push(b">");
        if !params.is_empty() {
            self.draft.push(b";");
            self.draft.push_checked("Contact", params.as_bytes());
        }
        self.draft.push(b"\r\n");
        self
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
        self.line(name, &[Digits::of(u64::from(number)).as_bytes()])
    }

    /// Appends a header that is a list of tokens; nothing if the list is empty.
    #[must_use]
    pub fn tokens<T: AsRef<[u8]>>(mut self, name: Name<'_>, tokens: impl IntoIterator<Item = T>) -> Self {
        if let Name::Other(other) = name {
            self.draft.check_token("header name", other);
        }
        let before = self.draft.head.len();
        for token in tokens {
            if self.draft.head.len() == before {
                self.draft.head.extend_from_slice(name.as_bytes());
                self.draft.head.extend_from_slice(b": ");
            } else {
                self.draft.head.extend_from_slice(b", ");
            }
            self.draft.check_token(name.canonical(), token.as_ref());
            self.draft.head.extend_from_slice(token.as_ref());
        }
        if self.draft.head.len() == before { self } else { self.lines(&[b"\r\n"]) }
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
        self.draft.check_token("Event", package.as_bytes());
        self.draft.push(b"Event: ");
        self.draft.push(package.as_bytes());
        if let Some(id) = id {
            self.draft.check_param("Event", id.as_bytes());
            self.draft.push(b";id=");
            self.draft.push(id.as_bytes());
        }
        self.draft.push(b"\r\n");
        self
    }

    /// Appends Subscription-State; `expires` in seconds belongs to active and pending, `reason` to terminated.
    #[must_use]
    #[inline]
    pub fn subscription_state(
        mut self,
        status: SubscriptionStatus<'_>,
        expires: Option<u32>,
        reason: Option<&str>,
    ) -> Self {
        self.draft.push(b"Subscription-State: ");
        if let SubscriptionStatus::Other(token) = status {
            self.draft.check_value("Subscription-State", token);
        }
        self.draft.push(status.as_bytes());
        if let Some(seconds) = expires {
            self.draft.push(b";expires=");
            self.draft.push_number(seconds);
        }
        if let Some(reason) = reason {
            self.draft.push(b";reason=");
            self.draft.push_checked("Subscription-State", reason.as_bytes());
        }
        self.draft.push(b"\r\n");
        self
    }

    /// Appends Refer-To in angle brackets.
    #[must_use]
    #[inline]
    pub fn refer_to(self, uri: &OwnedUri) -> Self {
        self.line(Name::ReferTo, &[b"<", uri.as_bytes(), b">"])
    }

    /// Appends Referred-By in angle brackets.
    #[must_use]
    #[inline]
    pub fn referred_by(self, uri: &OwnedUri) -> Self {
        self.line(Name::ReferredBy, &[b"<", uri.as_bytes(), b">"])
    }

    /// Appends Replaces, the dialog as its recipient sees it (RFC 3891 section 3).
    #[must_use]
    pub fn replaces(mut self, call_id: impl AsRef<[u8]>, to_tag: impl AsRef<[u8]>, from_tag: impl AsRef<[u8]>) -> Self {
        self.draft.check_param("Replaces", to_tag.as_ref());
        self.draft.check_param("Replaces", from_tag.as_ref());
        let (to_tag, from_tag) = (to_tag.as_ref(), from_tag.as_ref());
        self.parts(Name::Replaces, &[call_id.as_ref(), b";to-tag=", to_tag, b";from-tag=", from_tag])
    }

    /// Writes into the topmost Via where the request came from, see [`super::Via::stamped`].
    #[must_use]
    pub fn stamp_via(mut self, source: SocketAddr) -> Self {
        let Some(line) = self.draft.top_via.clone() else { return self };
        let (top, _) = super::text::split_top_level(self.draft.head.get(line.clone()).unwrap_or_default(), b',');
        let length = top.len();
        if let Ok(via) = Via::parse(super::text::trim(top)) {
            let stamped = via.stamped(source);
            let end = line.end + stamped.len() - length;
            // What stands behind the Via moves.
            if let Some(behind) = self.draft.content_type.as_mut().filter(|behind| behind.start >= line.end) {
                *behind = behind.start + end - line.end..behind.end + end - line.end;
            }
            self.draft.head.splice(line.start..line.start + length, stamped);
            self.draft.top_via = Some(line.start..end);
        }
        self
    }

    /// Sets Content-Type and the body; a second call replaces the first.
    #[must_use]
    #[inline]
    pub fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        if let Some(line) = self.draft.content_type.take() {
            if let Some(behind) = self.draft.top_via.as_mut().filter(|behind| behind.start >= line.end) {
                *behind = behind.start - line.len()..behind.end - line.len();
            }
            self.draft.head.drain(line);
        }
        let start = self.draft.head.len();
        self.draft.push(b"Content-Type: ");
        self.draft.push_checked("Content-Type", content_type.as_bytes());
        self.draft.push(b"\r\n");
        self.draft.content_type = Some(start..self.draft.head.len());
        self.draft.body = body;
        self
    }

    /// The message; Content-Length is always written.
    ///
    /// # Errors
    /// A value that was given could not be put into a message.
    #[inline]
    pub fn render(self) -> Result<Vec<u8>, BuildError> {
        let Draft { head: mut message, content_type, body, fault, .. } = *self.draft;
        if let Some(fault) = fault {
            return Err(fault);
        }
        if let Some(line) = content_type
            && let Some(behind) = message.get_mut(line.start..)
        {
            behind.rotate_left(line.len());
        }
        // Room for the body and for the line about its length.
        message.reserve(body.len() + USUAL_TAIL);
        message.extend_from_slice(b"Content-Length: ");
        message.extend_from_slice(Digits::of(body.len() as u64).as_bytes());
        message.extend_from_slice(b"\r\n\r\n");
        message.extend_from_slice(&body);
        Ok(message)
    }
}

impl Draft {
    fn put_checked(&mut self, name: Name<'_>, parts: &[&[u8]]) {
        let value = self.put(name, parts);
        if any(self.head.get(value).unwrap_or_default(), is_control) {
            self.note(BuildError::IllegalByte { header: name.canonical().to_owned() });
        }
    }

    /// Writes a part of a line; in place where its length is known.
    #[inline(always)]
    fn push(&mut self, part: &[u8]) {
        self.head.extend_from_slice(part);
    }

    fn push_checked(&mut self, header: &str, part: &[u8]) {
        self.check_value(header, part);
        self.push(part);
    }

    fn push_number(&mut self, number: u32) {
        self.push(Digits::of(u64::from(number)).as_bytes());
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

    fn note(&mut self, fault: BuildError) {
        self.fault.get_or_insert(fault);
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
    fn check_param(&mut self, header: &str, value: &[u8]) {
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

    fn push_tagged(&mut self, header: &str, uri: &OwnedUri, tag: Option<&[u8]>) {
        self.push(uri.as_bytes());
        if let Some(tag) = tag {
            self.check_param(header, tag);
            self.push(b">;tag=");
            self.push(tag);
            self.push(b"\r\n");
        } else {
            self.push(b">\r\n");
        }
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
            builder.draft.check_param("To", tag.as_bytes());
            builder.line(Name::To, &[&unfold(to), b";tag=", tag.as_bytes()])
        }
        _ => builder.copy(request, Name::To),
    };
    builder = builder.copy(request, Name::CallId).copy(request, Name::CSeq);
    if code == 100 { builder.copy(request, Name::Timestamp) } else { builder }
}
