//! What a capture missed, as far as something else shows that it was there.

use std::sync::Arc;

use super::Conversation;
use crate::observe::dialog::refreshes_target;
use crate::observe::{Event, Response, Stage, Transaction, TransactionKey};
use crate::oracle::Sip;

impl Conversation {
    /// Whether something in the call of this message was missed, as far as that was shown before or is shown by the
    /// message itself: a response without request, an ACK without final response, a PRACK without any reliable
    /// response, a request inside a dialog whose beginning was not seen. Never in a simulated world.
    pub fn has_gap(&self, event: &Event<'_>) -> bool {
        self.has_gap_in(event.message.call_id()) || (!self.is_complete() && self.shows_gap(event))
    }

    /// Whether something in the call with this Call-ID was missed, as far as that was shown.
    pub fn has_gap_in(&self, call_id: &str) -> bool {
        self.is_holed() || (!self.is_complete() && self.gaps.contains(call_id))
    }

    pub(super) fn shows_gap(&self, event: &Event<'_>) -> bool {
        let message = event.message;
        let Some(key) = TransactionKey::of(message) else { return false };
        // Who sends an answer was handed what it answers, and who is handed one had sent it.
        let seen = |sent: Option<u32>, delivered: Option<u32>| match event.stage {
            Stage::Sent => delivered.is_some(),
            Stage::Delivered => sent.is_some(),
        };
        if !message.is_request() {
            return self.transaction_at(&key).is_none_or(|request| !seen(request.sent, request.delivered));
        }
        let answered = |cseq, fits: &dyn Fn(&Response) -> bool| {
            let invite = TransactionKey { method: "INVITE".into(), cseq, ..key.clone() };
            self.transaction_at(&invite).is_some_and(|invite| {
                invite.responses.iter().any(|response| fits(response) && seen(response.sent, response.delivered))
            })
        };
        match message.method() {
            "ACK" => !answered(key.cseq, &|response| response.code >= 200),
            "PRACK" => message.rack().is_some_and(|rack| !answered(rack.number, &|response| response.rseq.is_some())),
            "CANCEL" => false,
            _ => message.to_tag().is_some() && self.dialog(event).is_none(),
        }
    }

    /// Whether the final response to an INVITE of this call was there although it was not seen at both ends: its ACK
    /// was.
    pub fn missed_final(&self, call_id: &str) -> bool {
        let mut acks = self.transactions.keys().filter(|key| *key.call_id == *call_id && &*key.method == "ACK");
        acks.any(|ack| {
            let invite = TransactionKey { method: "INVITE".into(), ..ack.clone() };
            let whole = |response: &Response| response.sent.is_some() && response.delivered.is_some();
            let seen =
                |invite: &Transaction| invite.responses.iter().any(|response| response.code >= 200 && whole(response));
            !self.transaction_at(&invite).is_some_and(seen)
        })
    }

    /// Whether a copy of this message was seen to be sent.
    pub fn was_sent(&self, message: &Sip) -> bool {
        let Some(transaction) = self.transaction(message) else { return false };
        match message.is_request() {
            true => transaction.sent.is_some(),
            false => transaction.response(message).is_some_and(|response| response.sent.is_some()),
        }
    }

    /// The ACK to a 2xx that was missed: where that 2xx moved the dialog to is not known.
    pub(super) fn forget_target(&mut self, event: &Event<'_>) {
        let dialog = Self::dialog_key(event).and_then(|key| self.dialogs.get_mut(&key));
        if let (Stage::Sent, Some(dialog)) = (event.stage, dialog) {
            let dialog = Arc::make_mut(dialog);
            dialog.forget_target();
            dialog.route_set = None;
        }
    }

    /// A response whose request was missed still shows the request's number and, if it refreshes, the target.
    pub(super) fn note_orphan(&mut self, event: &Event<'_>, key: &TransactionKey) {
        let Some(dialog) = Self::dialog_key(event).and_then(|key| self.dialogs.get_mut(&key)) else { return };
        let dialog = Arc::make_mut(dialog);
        let refreshed = event.message.is_success() && refreshes_target(&key.method);
        match event.stage {
            Stage::Sent => {
                dialog.receives(key.cseq);
                if refreshed {
                    dialog.forget_target();
                }
            }
            Stage::Delivered => {
                dialog.sends(key.cseq);
                if refreshed {
                    dialog.retarget(event.message.contact().map(|contact| contact.uri.into()), &key.method);
                }
            }
        }
    }
}
