//! Building requests: the one that may create a dialog, and those inside one (RFC 3261 sections 8.1.1 and 12.2.1.1).
//!
//! A [`Request`] says where it goes and which number it has, then [`Request::builder`] starts the message. Contact,
//! Event, bodies and all the rest are for the layer above to append.

use thiserror::Error;

use super::routing::Routed;
use super::{CallId, Dialog, DialogId, DialogState, RouteSet, Tag};
use crate::agent::Transport;
use crate::ident::{Identifier, Identifiers};
use crate::wire::{Builder, Method, Name, NameAddr, OwnedUri};

/// Highest `CSeq` number that a request may have (RFC 3261 section 8.1.1.5).
pub const MAX_CSEQ: u32 = (1 << 31) - 1;

/// Hops that a request of ours may take (RFC 3261 section 8.1.1.6).
const MAX_FORWARDS: u8 = 70;

/// A URI with its display name, as it stands in From or To without the tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// The URI.
    pub uri: OwnedUri,
    /// Display name as written, with its quotes; empty if there is none.
    pub display: Vec<u8>,
}

impl Party {
    /// A URI without a display name.
    pub const fn new(uri: OwnedUri) -> Self {
        Self { uri, display: Vec::new() }
    }

    /// The value of a From or To header field.
    fn field<'a>(&'a self, tag: &'a Tag) -> [&'a [u8]; 6] {
        let space: &[u8] = if self.display.is_empty() { b"" } else { b" " };
        // The empty tag stands for the absent one of an RFC 2543 peer.
        let begin: &[u8] = if tag.as_bytes().is_empty() { b">" } else { b">;tag=" };
        [&self.display, space, b"<", self.uri.as_bytes(), begin, tag.as_bytes()]
    }
}

impl From<&NameAddr<'_>> for Party {
    fn from(value: &NameAddr<'_>) -> Self {
        Self { uri: value.uri.to_owned(), display: value.display.to_vec() }
    }
}

/// A request outside of any dialog that may create one: INVITE, SUBSCRIBE or REFER (RFC 3261 section 8.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InitialRequest {
    /// INVITE, SUBSCRIBE or REFER.
    pub method: Method<'static>,
    /// Call-ID, fresh.
    pub call_id: CallId,
    /// From.
    pub local: Party,
    /// Tag in From, fresh.
    pub local_tag: Tag,
    /// To.
    pub remote: Party,
    /// `CSeq` number. An authentication retry or a 423 retry is the same request with the next one.
    pub cseq: u32,
    /// Where it goes.
    pub target: OwnedUri,
    /// The preloaded route: P-CSCF and Service-Route.
    pub routes: RouteSet,
}

impl InitialRequest {
    /// The request, ready to be built.
    pub fn request(&self) -> Request {
        Request {
            method: self.method,
            cseq: self.cseq,
            routed: self.routes.toward(&self.target),
            id: DialogId {
                call_id: self.call_id.clone(),
                local_tag: self.local_tag.clone(),
                remote_tag: Tag::default(),
            },
            local: self.local.clone(),
            remote: self.remote.clone(),
        }
    }
}

/// A request to be sent: everything that the dialog decides about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Method.
    pub method: Method<'static>,
    /// `CSeq` number.
    pub cseq: u32,
    /// Request-URI, Route and next hop.
    pub routed: Routed,
    id: DialogId,
    local: Party,
    remote: Party,
}

impl Request {
    /// Whether it stands outside any dialog.
    pub fn is_initial(&self) -> bool {
        self.id.remote_tag.as_bytes().is_empty()
    }

    /// The dialog that it stands in; outside any, its remote tag is empty.
    pub const fn dialog(&self) -> &DialogId {
        &self.id
    }

    /// The same request under another number: what is sent after a challenge (RFC 3261 section 8.1.3.5).
    #[must_use]
    pub(crate) fn renumbered(self, cseq: u32) -> Self {
        Self { cseq, ..self }
    }

    /// The ACK to a 2xx for this INVITE when its dialog is gone: it goes where the INVITE went.
    pub fn acknowledging(&self) -> Self {
        Self { method: Method::Ack, ..self.clone() }
    }

    /// The Via branch: it depends on dialog, method and number only (see [`crate::ident`]).
    pub fn branch(&self, identifiers: &Identifiers) -> Identifier {
        identifiers.branch(&[
            self.id.call_id.as_bytes(),
            self.id.local_tag.as_bytes(),
            self.id.remote_tag.as_bytes(),
            self.method.as_bytes(),
            &self.cseq.to_be_bytes(),
        ])
    }

    /// The message with its own Via, which has this `branch`, Route, Max-Forwards, From, To, Call-ID and `CSeq`.
    pub fn builder(&self, branch: &str, transport: Transport, sent_by: &str) -> Builder {
        let builder = Builder::request(self.method, &self.routed.request_uri).via(transport, sent_by, branch);
        self.routed
            .route
            .iter()
            .fold(builder, |builder, uri| builder.parts(Name::Route, &[b"<", uri.as_bytes(), b">"]))
            .max_forwards(MAX_FORWARDS)
            .parts(Name::From, &self.local.field(&self.id.local_tag))
            .parts(Name::To, &self.remote.field(&self.id.remote_tag))
            .call_id(self.id.call_id.as_bytes())
            .cseq(self.cseq, self.method)
    }
}

/// Why no request can be sent inside the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum RequestError {
    /// The dialog's last usage has ended.
    #[error("the dialog is over")]
    Terminated,
    /// All `CSeq` numbers are used up.
    #[error("no CSeq number left")]
    CseqExhausted,
}

impl Dialog {
    /// A new request inside the dialog, with the next `CSeq` number (RFC 3261 section 12.2.1.1). Not for ACK, see
    /// [`Dialog::ack`], nor for CANCEL, which is a copy of its INVITE's header fields.
    ///
    /// # Errors
    /// The dialog is over, or out of numbers.
    pub fn request(&mut self, method: Method<'static>) -> Result<Request, RequestError> {
        let cseq = self.next_cseq()?;
        Ok(self.numbered(method, cseq))
    }

    /// The number of the next request, which is used up by asking for it.
    ///
    /// # Errors
    /// The dialog is over, or out of numbers.
    pub(crate) fn next_cseq(&mut self) -> Result<u32, RequestError> {
        if self.state == DialogState::Terminated {
            return Err(RequestError::Terminated);
        }
        let cseq = self.local_cseq.map_or(Some(1), |last| last.checked_add(1)).filter(|cseq| *cseq <= MAX_CSEQ);
        let cseq = cseq.ok_or(RequestError::CseqExhausted)?;
        self.local_cseq = Some(cseq);
        Ok(cseq)
    }

    /// The ACK for a 2xx to the INVITE with `invite_cseq` (RFC 3261 section 13.2.2.4). Each copy of the 2xx gets one,
    /// also after the dialog's end.
    pub fn ack(&self, invite_cseq: u32) -> Request {
        self.numbered(Method::Ack, invite_cseq)
    }

    fn numbered(&self, method: Method<'static>, cseq: u32) -> Request {
        Request {
            method,
            cseq,
            routed: self.routes.toward(&self.remote_target),
            id: self.id.clone(),
            local: self.local.clone(),
            remote: self.remote.clone(),
        }
    }
}
