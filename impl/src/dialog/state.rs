//! What an end of a dialog remembers (RFC 3261 section 12), and which message changes what.
//!
//! A dialog lives until its last [`Usage`] ends (RFC 5057). The remote target follows the target-refresh messages, the
//! route set never changes after the 2xx, and each side counts its own requests. Read [`Dialog`] first;
//! `request.rs` builds what is sent.

use std::collections::BTreeSet;

use thiserror::Error;

use super::request::{InitialRequest, Party};
use super::{DialogId, EventKey, RouteSet, RouteSetTooLong, Tag};
use crate::wire::{HeaderError, Message, Method, OwnedUri};

/// A reason for the dialog to exist (RFC 5057 section 4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// The session that an INVITE set up or is setting up.
    Invite,
    /// A subscription in which we are the subscriber.
    Subscriber(EventKey),
    /// A subscription in which we are the notifier.
    Notifier(EventKey),
}

/// The states of a dialog (RFC 3261 section 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DialogState {
    /// Made by a provisional response.
    Early,
    /// Made or confirmed by a 2xx, or made by a NOTIFY.
    Confirmed,
    /// Its last usage has ended.
    Terminated,
}

/// Why a message of the peer makes no dialog or may not change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum DialogError {
    /// A header field that the dialog needs is missing or malformed: 400.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The Record-Route is longer than we keep.
    #[error(transparent)]
    Routes(#[from] RouteSetTooLong),
    /// The `CSeq` number is not above the highest one seen: 500, and nothing has changed (RFC 3261 section 12.2.2).
    #[error("CSeq {received} is not above {highest}")]
    OutOfOrder {
        /// The number received.
        received: u32,
        /// The highest one seen from the peer.
        highest: u32,
    },
}

/// A new remote target that takes effect when the request that carried it is answered with a 2xx (RFC 3261
/// section 12.2.2, RFC 5057 section 5.4). Hand it to [`Dialog::on_answered`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[must_use = "the request refreshes the target when it is answered"]
pub struct TargetRefresh(Option<OwnedUri>);

/// One end of a dialog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dialog {
    pub(super) id: DialogId,
    pub(super) state: DialogState,
    pub(super) local: Party,
    pub(super) remote: Party,
    pub(super) local_cseq: Option<u32>,
    remote_cseq: Option<u32>,
    pub(super) remote_target: OwnedUri,
    pub(super) routes: RouteSet,
    usages: BTreeSet<Usage>,
}

/// Whether a 2xx to this method, and the request itself once answered 2xx, replaces the remote target: INVITE
/// (RFC 3261 section 12.2), UPDATE (RFC 3311 section 5.1), SUBSCRIBE and NOTIFY (RFC 6665 sections 3.1, 3.2), REFER
/// (RFC 5057 section 5.4). PRACK, ACK and BYE carry no Contact.
fn refreshes_target(method: Method<'_>) -> bool {
    match method {
        Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer => true,
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Options
        | Method::Register
        | Method::Prack
        | Method::Info
        | Method::Message
        | Method::Publish
        | Method::Other(_) => false,
    }
}

impl Dialog {
    /// At the UAC: from a response to the INVITE `initial` with a To tag, early by a 101 to 199 and confirmed by a 2xx
    /// (RFC 3261 section 12.1.2). Its usage is [`Usage::Invite`].
    ///
    /// # Errors
    /// The response lacks what a dialog needs.
    pub fn from_response(initial: &InitialRequest, response: &Message<'_>) -> Result<Self, DialogError> {
        let remote_tag = response.to_tag()?.map_or_else(Tag::default, Tag::from);
        let confirmed = response.status().is_some_and(|code| code >= 200);
        Ok(Self {
            id: DialogId { call_id: initial.call_id.clone(), local_tag: initial.local_tag.clone(), remote_tag },
            state: if confirmed { DialogState::Confirmed } else { DialogState::Early },
            local: initial.local.clone(),
            remote: initial.remote.clone(),
            local_cseq: Some(initial.cseq),
            remote_cseq: None,
            remote_target: response.contact()?.uri.to_owned(),
            routes: RouteSet::reversed(&response.record_route()?)?,
            usages: BTreeSet::from([Usage::Invite]),
        })
    }

    /// At the UAS: from a request without To tag that we answer with `local_tag` and a 101 to 199 (early) or a 2xx
    /// (RFC 3261 section 12.1.1). An INVITE begins [`Usage::Invite`]; for the others see [`Dialog::begin`].
    ///
    /// # Errors
    /// The request lacks what a dialog needs.
    pub fn from_request(request: &Message<'_>, local_tag: Tag, state: DialogState) -> Result<Self, DialogError> {
        let (from, to) = (request.from()?, request.to()?);
        let invite = request.method() == Some(Method::Invite);
        Ok(Self {
            id: DialogId {
                call_id: request.call_id()?.into(),
                local_tag,
                remote_tag: from.tag().map_or_else(Tag::default, Tag::from),
            },
            state,
            local: Party::from(&to),
            remote: Party::from(&from),
            local_cseq: None,
            remote_cseq: Some(request.cseq()?.number),
            remote_target: request.contact()?.uri.to_owned(),
            routes: RouteSet::in_order(&request.record_route()?)?,
            usages: invite.then_some(Usage::Invite).into_iter().collect(),
        })
    }

    /// At the subscriber: from the first NOTIFY of the SUBSCRIBE or out-of-dialog REFER `initial` (RFC 6665 sections
    /// 4.1.2.4 and 4.4.1). Remote tag, remote target and route set are the NOTIFY's, whatever a 2xx said before.
    ///
    /// # Errors
    /// The NOTIFY lacks what a dialog needs.
    pub fn from_notify(initial: &InitialRequest, notify: &Message<'_>) -> Result<Self, DialogError> {
        let remote_tag = notify.from_tag()?.map_or_else(Tag::default, Tag::from);
        Ok(Self {
            id: DialogId { call_id: initial.call_id.clone(), local_tag: initial.local_tag.clone(), remote_tag },
            state: DialogState::Confirmed,
            local: initial.local.clone(),
            remote: initial.remote.clone(),
            local_cseq: Some(initial.cseq),
            remote_cseq: Some(notify.cseq()?.number),
            remote_target: notify.contact()?.uri.to_owned(),
            routes: RouteSet::in_order(&notify.record_route()?)?,
            usages: BTreeSet::new(),
        })
    }

    /// Name of the dialog.
    pub const fn id(&self) -> &DialogId {
        &self.id
    }

    /// State of the dialog.
    pub const fn state(&self) -> DialogState {
        self.state
    }

    /// Our URI, as in the From of what we send.
    pub const fn local(&self) -> &Party {
        &self.local
    }

    /// The peer's URI, as in the To of what we send.
    pub const fn remote(&self) -> &Party {
        &self.remote
    }

    /// Where requests inside the dialog go.
    pub const fn remote_target(&self) -> &OwnedUri {
        &self.remote_target
    }

    /// The proxies on the path.
    pub const fn routes(&self) -> &RouteSet {
        &self.routes
    }

    /// `CSeq` number of our last request; `None` before the first.
    pub const fn local_cseq(&self) -> Option<u32> {
        self.local_cseq
    }

    /// Highest `CSeq` number seen from the peer.
    pub const fn remote_cseq(&self) -> Option<u32> {
        self.remote_cseq
    }

    /// The usages that keep the dialog alive, in order.
    pub fn usages(&self) -> impl Iterator<Item = &Usage> {
        self.usages.iter()
    }

    /// A usage begins (RFC 5057 section 4.2). A terminated dialog never lives again.
    pub fn begin(&mut self, usage: Usage) {
        if self.state != DialogState::Terminated {
            self.usages.insert(usage);
        }
    }

    /// A usage ends; with the last one the dialog does. Returns whether the dialog is over.
    pub fn end(&mut self, usage: &Usage) -> bool {
        self.usages.remove(usage);
        if self.usages.is_empty() {
            self.state = DialogState::Terminated;
        }
        self.state == DialogState::Terminated
    }

    /// The dialog ends with all its usages (RFC 5057 section 5.1).
    pub fn destroy(&mut self) {
        self.usages.clear();
        self.state = DialogState::Terminated;
    }

    /// A request of the peer inside this dialog came. Its number has to be above all before it; gaps are normal, ACK
    /// and CANCEL have the number of their INVITE (RFC 3261 section 12.2.2). Call it once per request, not for copies.
    ///
    /// # Errors
    /// The request is out of order or malformed; nothing has changed.
    pub fn on_request(&mut self, request: &Message<'_>) -> Result<TargetRefresh, DialogError> {
        let cseq = request.cseq()?;
        if matches!(cseq.method, Method::Ack | Method::Cancel) {
            return Ok(TargetRefresh::default());
        }
        let refresh = if refreshes_target(cseq.method) { self.optional_contact(request)? } else { None };
        if let Some(highest) = self.remote_cseq.filter(|highest| cseq.number <= *highest) {
            return Err(DialogError::OutOfOrder { received: cseq.number, highest });
        }
        self.remote_cseq = Some(cseq.number);
        Ok(TargetRefresh(refresh))
    }

    /// We answer with `code` the request that [`Dialog::on_request`] took: a refused one leaves the target as it was.
    /// A reliable provisional response to a re-INVITE counts like a 2xx (RFC 6141 section 4.3): pass its code as `200`.
    pub fn on_answered(&mut self, refresh: TargetRefresh, code: u16) {
        if let (TargetRefresh(Some(target)), 200..=299) = (refresh, code) {
            self.remote_target = target;
        }
    }

    /// A response to a request of ours inside this dialog came, or a further one to the INVITE that made it. Call it
    /// once per response, not for copies: an old 2xx must not bring an old target back.
    ///
    /// The first 2xx to the INVITE confirms an early dialog and recomputes the route set (RFC 3261 section 13.2.2.4).
    /// The target follows a 2xx and a *reliable* provisional response (RFC 6141 section 4.3), never an unreliable one.
    ///
    /// # Errors
    /// A header field that matters is malformed; nothing has changed.
    pub fn on_response(&mut self, response: &Message<'_>) -> Result<(), DialogError> {
        let method = response.cseq()?.method;
        match (response.status().unwrap_or_default(), method, self.state) {
            (_, _, DialogState::Terminated) => {}
            (200..=299, Method::Invite, DialogState::Early) => {
                let target = self.optional_contact(response)?;
                self.routes = RouteSet::reversed(&response.record_route()?)?;
                self.state = DialogState::Confirmed;
                self.remote_target = target.unwrap_or_else(|| self.remote_target.clone());
            }
            (101..=199, Method::Invite, DialogState::Early | DialogState::Confirmed)
                if response.requires("100rel") && response.rseq().is_ok() =>
            {
                self.retarget(self.optional_contact(response)?);
            }
            (200..=299, method, DialogState::Early | DialogState::Confirmed) if refreshes_target(method) => {
                self.retarget(self.optional_contact(response)?);
            }
            (_, _, DialogState::Early | DialogState::Confirmed) => {}
        }
        Ok(())
    }

    /// We sent the 2xx to the INVITE that made this dialog.
    pub fn confirm(&mut self) {
        if self.state == DialogState::Early {
            self.state = DialogState::Confirmed;
        }
    }

    fn retarget(&mut self, target: Option<OwnedUri>) {
        if let Some(target) = target {
            self.remote_target = target;
        }
    }

    /// The Contact, which in-dialog messages of old peers may lack although it is mandatory there.
    fn optional_contact(&self, message: &Message<'_>) -> Result<Option<OwnedUri>, HeaderError> {
        match message.contact_uri(&self.remote_target) {
            Ok(target) => Ok(Some(target)),
            Err(HeaderError::Missing { .. }) => Ok(None),
            Err(malformed @ HeaderError::Malformed { .. }) => Err(malformed),
        }
    }
}

#[cfg(test)]
mod tests;
