//! Dialogs as each side must see them, from what that side sent and was delivered (RFC 3261 section 12, RFC 6141
//! section 4, RFC 6665 section 4.4.1).

use crate::observe::Party;
use crate::oracle::{Sip, Text};

/// A dialog of one party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogKey {
    /// Whose view it is.
    pub party: Party,
    /// The Call-ID.
    pub call_id: Text,
    /// The party's own tag.
    pub local_tag: Text,
    /// The peer's tag.
    pub remote_tag: Text,
}

impl DialogKey {
    /// The dialog in which `party` sends this request or is delivered this response, by the tags in the message.
    pub(super) fn as_client(party: Party, message: &Sip) -> Option<Self> {
        Some(Self {
            party,
            call_id: message.call_id().into(),
            local_tag: message.from_tag()?.into(),
            remote_tag: message.to_tag()?.into(),
        })
    }

    /// The dialog in which `party` is delivered this request or sends this response.
    pub(super) fn as_server(party: Party, message: &Sip) -> Option<Self> {
        Some(Self {
            party,
            call_id: message.call_id().into(),
            local_tag: message.to_tag()?.into(),
            remote_tag: message.from_tag()?.into(),
        })
    }
}

/// Which side of the dialog-creating request a party was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It sent the request that created the dialog.
    Caller,
    /// It answered it.
    Called,
    /// The observation began later.
    Unknown,
}

/// Where a dialog stands; for a dialog with a call, where the call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DialogState {
    /// Created by a provisional response.
    Early,
    /// Created or confirmed by a 2xx or a NOTIFY, or known only from requests inside it.
    Confirmed,
    /// Its call is over: BYE sent or delivered, or the INVITE refused. Subscriptions may live on in it.
    Ended,
}

/// One side's view of a dialog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialog {
    /// Which side the party was.
    pub origin: Origin,
    /// The method that created it; empty if that was not seen.
    pub method: Text,
    /// Where it stands.
    pub state: DialogState,
    /// Where the party must send its requests; `None` if the observation began too late to know.
    pub remote_target: Option<Text>,
    /// The target before the last change.
    pub previous_target: Option<Text>,
    /// The target as the call itself last set it (INVITE, UPDATE), when something else (NOTIFY, REFER, SUBSCRIBE) has
    /// moved it since.
    pub call_target: Option<Text>,
    /// The routes that the party must put into its requests, in order; `None` if not known.
    pub route_set: Option<Vec<Text>>,
    /// The highest CSeq number that the party sent.
    pub local_cseq: Option<u32>,
    /// The highest CSeq number that the party sent while the dialog was early.
    pub early_cseq: Option<u32>,
    /// The highest CSeq number that the party was delivered.
    pub remote_cseq: Option<u32>,
    /// Whether the caller's ACK to the 2xx was sent (caller's view) or delivered (called side's view).
    pub acknowledged: bool,
    /// Whether a 401 or 407 was delivered to the party, so that a number may be used up elsewhere.
    pub challenged: bool,
}

impl Dialog {
    pub(super) fn new(origin: Origin, method: &str, state: DialogState) -> Self {
        Self {
            origin,
            method: method.into(),
            state,
            remote_target: None,
            previous_target: None,
            call_target: None,
            route_set: None,
            local_cseq: None,
            early_cseq: None,
            remote_cseq: None,
            acknowledged: false,
            challenged: false,
        }
    }

    /// Moves the remote target, remembering the one before; `by` is the method of the message that moves it.
    pub(super) fn retarget(&mut self, target: Option<Text>, by: &str) {
        let Some(target) = target else { return };
        let by_call = matches!(by, "INVITE" | "UPDATE");
        if by_call {
            self.call_target = None;
        }
        if self.remote_target.as_ref() == Some(&target) {
            return;
        }
        let before = self.remote_target.replace(target);
        if !by_call && self.call_target.is_none() {
            self.call_target.clone_from(&before);
        }
        self.previous_target = before;
    }

    /// Something that may have moved the target and set the route was missed.
    pub(super) fn forget_target(&mut self) {
        self.remote_target = None;
        self.previous_target = None;
        self.call_target = None;
    }

    pub(super) fn sends(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(Some(cseq));
    }

    pub(super) fn receives(&mut self, cseq: u32) {
        self.remote_cseq = self.remote_cseq.max(Some(cseq));
    }
}

/// Whether a request of this method, or its 2xx, may move the remote target inside a dialog
/// (RFC 3261 section 12.2, RFC 3311 section 5.1, RFC 6665 section 4.4.1, RFC 3515 section 2.2).
pub(super) fn refreshes_target(method: &str) -> bool {
    matches!(method, "INVITE" | "UPDATE" | "SUBSCRIBE" | "NOTIFY" | "REFER")
}

/// Whether a request of this method can create a dialog.
pub(super) fn creates_dialog(method: &str) -> bool {
    matches!(method, "INVITE" | "SUBSCRIBE" | "REFER")
}
