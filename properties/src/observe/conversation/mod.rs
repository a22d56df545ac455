//! What all observers share: the conversation so far, built from events.
//!
//! It never looks at a hop: only at what user agents sent and were delivered. It survives an observation that begins in
//! the middle: what is not known is `None`, and a rule that needs it is inconclusive or silent.
//!
//! Read first: [`super::Transaction`], [`super::Dialog`], [`super::Subscription`].

mod gap;
mod subscriptions;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dialog::{creates_dialog, refreshes_target};
use super::transaction::Request;
use super::{
    Dialog, DialogKey, DialogState, Event, Origin, Party, Response, Stage, Subscription, SubscriptionKey, Transaction,
    TransactionKey,
};
use crate::oracle::{Sip, Text};

/// What is known of the conference.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conference {
    /// The factory URI: the Request-URI of the INVITE that was answered with `isfocus`.
    pub factory: Option<Text>,
    /// The Contact of the focus' provisional response: for the early dialog only.
    pub temporary: Option<Text>,
    /// The conference URI: the Contact of the focus' 2xx to that INVITE.
    pub uri: Option<Text>,
    /// The Call-ID of the creator's call.
    pub call_id: Option<Text>,
}

/// From where the events are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum View {
    /// Everywhere at once, and nothing is missed: the simulated world.
    #[default]
    Complete,
    /// A capture, which may have missed frames.
    Captured {
        /// At which party it was made; `None` where both ends are seen alike.
        vantage: Option<Party>,
        /// Whether it is known to have missed some, of any call.
        holed: bool,
    },
}

/// The conversation so far. Cloning is cheap: the parts are shared until they change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Conversation {
    transactions: BTreeMap<TransactionKey, Arc<Transaction>>,
    dialogs: BTreeMap<DialogKey, Arc<Dialog>>,
    subscriptions: BTreeMap<SubscriptionKey, Arc<Subscription>>,
    conference: Conference,
    view: View,
    /// Calls in which something was missed.
    gaps: BTreeSet<Text>,
}

impl Conversation {
    /// An empty conversation that will be seen completely: that of a simulated world.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty conversation of a capture, which may have missed messages. If it was made at one party, what the others
    /// sent and were delivered is seen a little late or early; `None` means that the order is exact for all. `holed`
    /// says that it is known to have missed some, whatever call they were of.
    pub fn captured(vantage: Option<Party>, holed: bool) -> Self {
        Self { view: View::Captured { vantage, holed }, ..Self::default() }
    }

    /// At which party the conversation is seen, if at one.
    pub const fn vantage(&self) -> Option<Party> {
        match self.view {
            View::Complete => None,
            View::Captured { vantage, .. } => vantage,
        }
    }

    /// Whether the order of what this party sent and was delivered is exact. Where it is not, a rule about a race must
    /// not fail.
    pub fn is_exact(&self, party: Party) -> bool {
        self.vantage().is_none_or(|vantage| vantage == party)
    }

    /// Whether the conversation was seen at this very party, or everywhere: what it was not seen to be delivered, it
    /// was not delivered, except for what a capture missed.
    pub fn is_at(&self, party: Party) -> bool {
        match self.view {
            View::Complete => true,
            View::Captured { vantage, .. } => vantage == Some(party),
        }
    }

    /// Whether nothing was missed: what was not seen did not happen.
    pub const fn is_complete(&self) -> bool {
        matches!(self.view, View::Complete)
    }

    /// Whether messages of any call may have been missed.
    pub(super) const fn is_holed(&self) -> bool {
        matches!(self.view, View::Captured { holed: true, .. })
    }

    /// The transaction that a message belongs to.
    pub fn transaction(&self, message: &Sip) -> Option<&Transaction> {
        self.transactions.get(&TransactionKey::of(message)?).map(Arc::as_ref)
    }

    /// The transaction with this key.
    pub fn transaction_at(&self, key: &TransactionKey) -> Option<&Transaction> {
        self.transactions.get(key).map(Arc::as_ref)
    }

    /// All transactions, in the order of their keys.
    pub fn transactions(&self) -> impl Iterator<Item = (&TransactionKey, &Transaction)> {
        self.transactions.iter().map(|(key, transaction)| (key, transaction.as_ref()))
    }

    /// Whether this event is the first of its kind: not a copy of something that this party already sent or was
    /// delivered. A message without readable CSeq is always first.
    pub fn is_first(&self, event: &Event<'_>) -> bool {
        let Some(transaction) = event.key.as_ref().and_then(|key| self.transactions.get(key)) else { return true };
        let seen = |sent: Option<u32>, delivered: Option<u32>| match event.stage {
            Stage::Sent => sent.is_some(),
            Stage::Delivered => delivered.is_some(),
        };
        if event.message.is_request() {
            return !seen(transaction.sent, transaction.delivered);
        }
        transaction.response(event.message).is_none_or(|response| !seen(response.sent, response.delivered))
    }

    /// The dialog that an event belongs to, from its party's side, by the tags in the message.
    ///
    /// For a NOTIFY that makes the dialog this is the dialog that it makes; for a response that is to create one, and
    /// for a request in a dialog whose beginning was not seen, `None`.
    pub fn dialog(&self, event: &Event<'_>) -> Option<Cow<'_, Dialog>> {
        let key = Self::dialog_key(event)?;
        match self.dialogs.get(&key) {
            Some(dialog) => Some(Cow::Borrowed(dialog)),
            None => self.made_by_notify(event, &key).map(Cow::Owned),
        }
    }

    /// The dialogs of one party with this Call-ID.
    pub fn dialogs_of<'a>(
        &'a self,
        party: Party,
        call_id: &'a str,
    ) -> impl Iterator<Item = (&'a DialogKey, &'a Dialog)> {
        self.dialogs().filter(move |(key, _)| key.party == party && *key.call_id == *call_id)
    }

    /// The key of the dialog that an event belongs to, if the message has both tags.
    pub fn dialog_key(event: &Event<'_>) -> Option<DialogKey> {
        if event.sends_request() || event.receives_response() {
            DialogKey::as_client(event.party, event.message)
        } else {
            DialogKey::as_server(event.party, event.message)
        }
    }

    /// All dialogs of all parties, in the order of their keys.
    pub fn dialogs(&self) -> impl Iterator<Item = (&DialogKey, &Dialog)> {
        self.dialogs.iter().map(|(key, dialog)| (key, dialog.as_ref()))
    }

    /// All subscriptions, in the order of their keys.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&SubscriptionKey, &Subscription)> {
        self.subscriptions.iter().map(|(key, subscription)| (key, subscription.as_ref()))
    }

    /// The subscription with this key.
    pub fn subscription_at(&self, key: &SubscriptionKey) -> Option<&Subscription> {
        self.subscriptions.get(key).map(Arc::as_ref)
    }

    /// What is known of the conference.
    pub const fn conference(&self) -> &Conference {
        &self.conference
    }

    /// Takes an event in. Observers have seen it before.
    pub fn observe(&mut self, event: &Event<'_>) {
        let Some(key) = event.key.clone() else { return };
        let first = self.is_first(event);
        let gap = first && !self.is_complete() && self.shows_gap(event);
        if gap {
            self.gaps.insert(event.message.call_id().into());
        }
        self.note_transaction(&key, event);
        if event.message.is_request() {
            self.note_request(event, &key, first);
            if gap && &*key.method == "ACK" {
                self.forget_target(event);
            }
        } else {
            self.note_response(event, &key, first);
        }
    }

    fn note_transaction(&mut self, key: &TransactionKey, event: &Event<'_>) {
        let message = event.message;
        let transaction = Arc::make_mut(self.transactions.entry(key.clone()).or_default());
        let client = message.is_request() == (event.stage == Stage::Sent);
        let role = if client { &mut transaction.client } else { &mut transaction.server };
        role.get_or_insert(event.party);
        if message.is_request() {
            match event.stage {
                Stage::Sent => {
                    transaction.request.get_or_insert_with(|| Request::of(message));
                    transaction.sent.get_or_insert(event.number);
                }
                Stage::Delivered if transaction.delivered.is_none() => {
                    transaction.request = Some(Request::of(message));
                    transaction.delivered = Some(event.number);
                }
                Stage::Delivered => {}
            }
            return;
        }
        let (code, tag, rseq) = (message.status().unwrap_or(0), message.to_tag(), message.rseq());
        let known = transaction
            .responses
            .iter()
            .position(|response| response.code == code && response.to_tag.as_deref() == tag && response.rseq == rseq);
        let at = known.unwrap_or_else(|| {
            let to_tag = tag.map(Text::from);
            let private = message.asks_for_privacy();
            transaction.responses.push(Response { code, to_tag, rseq, private, sent: None, delivered: None });
            transaction.responses.len() - 1
        });
        if let Some(response) = transaction.responses.get_mut(at) {
            match event.stage {
                Stage::Sent => response.sent.get_or_insert(event.number),
                Stage::Delivered => response.delivered.get_or_insert(event.number),
            };
        }
    }

    fn note_request(&mut self, event: &Event<'_>, key: &TransactionKey, first: bool) {
        let message = event.message;
        if !first {
            return;
        }
        self.note_subscription_request(event, key);
        let Some(dialog_key) = Self::dialog_key(event) else { return };
        let method = message.method();
        if !self.dialogs.contains_key(&dialog_key) {
            // Where something was missed, it would be taken for the dialog that a later INVITE makes.
            if !self.is_complete() && self.acknowledges_refusal(message, key) {
                return;
            }
            let made = self.made_by_notify(event, &dialog_key);
            let dialog = made.unwrap_or_else(|| Dialog::new(Origin::Unknown, "", DialogState::Confirmed));
            self.dialogs.insert(dialog_key.clone(), Arc::new(dialog));
        }
        let Some(dialog) = self.dialogs.get_mut(&dialog_key) else { return };
        let dialog = Arc::make_mut(dialog);
        let countable = !matches!(method, "ACK" | "CANCEL");
        match event.stage {
            Stage::Sent if countable => {
                dialog.sends(key.cseq);
                if dialog.state == DialogState::Early {
                    dialog.early_cseq = dialog.local_cseq;
                }
            }
            Stage::Delivered if countable => dialog.receives(key.cseq),
            Stage::Sent | Stage::Delivered => dialog.acknowledged |= method == "ACK",
        }
        match method {
            "BYE" => dialog.state = DialogState::Ended,
            // The NOTIFY, not the 2xx, gives the subscriber its route set (RFC 6665 section 4.4.1).
            "NOTIFY" if event.stage == Stage::Delivered && dialog.route_set.is_none() => {
                dialog.route_set = Some(message.record_routes().into_iter().map(Text::from).collect());
                dialog.retarget(message.contact().map(|contact| contact.uri.into()), "NOTIFY");
            }
            _ => {}
        }
    }

    /// Whether this is the ACK to a refusal, which belongs to the transaction of its INVITE and to no dialog.
    fn acknowledges_refusal(&self, message: &Sip, key: &TransactionKey) -> bool {
        let invite = TransactionKey { method: "INVITE".into(), ..key.clone() };
        let refused = |response: &Response| response.code >= 300 && response.to_tag.as_deref() == message.to_tag();
        &*key.method == "ACK"
            && self.transactions.get(&invite).is_some_and(|invite| invite.responses.iter().any(refused))
    }

    /// The dialog that a NOTIFY makes, if it follows a SUBSCRIBE or REFER outside a dialog.
    fn made_by_notify(&self, event: &Event<'_>, key: &DialogKey) -> Option<Dialog> {
        if !event.message.is_request_of("NOTIFY") {
            return None;
        }
        let sent = event.stage == Stage::Sent;
        let subscriber_tag = if sent { &key.remote_tag } else { &key.local_tag };
        let (made_by, request) = self.subscribing_request(&key.call_id, subscriber_tag)?;
        let origin = if sent { Origin::Called } else { Origin::Caller };
        let mut dialog = Dialog::new(origin, &made_by.method, DialogState::Confirmed);
        dialog.challenged = self.was_challenged(&key.call_id);
        if sent {
            dialog.remote_target.clone_from(&request.contact);
            dialog.route_set = Some(request.record_routes.clone());
            dialog.receives(made_by.cseq);
        } else {
            dialog.sends(made_by.cseq);
        }
        Some(dialog)
    }

    /// The last SUBSCRIBE or REFER outside a dialog with this Call-ID and From tag.
    fn subscribing_request(&self, call_id: &str, tag: &str) -> Option<(&TransactionKey, &Request)> {
        self.transactions
            .iter()
            .rev()
            .filter(|(key, _)| *key.call_id == *call_id && *key.from_tag == *tag)
            .filter(|(key, _)| matches!(&*key.method, "SUBSCRIBE" | "REFER"))
            .find_map(|(key, transaction)| {
                transaction.request.as_ref().filter(|request| request.to_tag.is_none()).map(|request| (key, request))
            })
    }

    fn was_challenged(&self, call_id: &str) -> bool {
        self.transactions
            .iter()
            .filter(|(key, _)| *key.call_id == *call_id)
            .any(|(_, transaction)| transaction.responses.iter().any(|response| matches!(response.code, 401 | 407)))
    }

    fn note_response(&mut self, event: &Event<'_>, key: &TransactionKey, first: bool) {
        let (message, method) = (event.message, &*key.method);
        let Some(code) = message.status() else { return };
        let request = self.transactions.get(key).and_then(|transaction| transaction.request.clone());
        if first {
            self.note_subscription_response(event, code);
            self.note_conference(event, request.as_ref(), code);
        }
        let Some(request) = request else {
            self.note_orphan(event, key);
            return;
        };
        if request.to_tag.is_none() {
            match code {
                101..=299 if creates_dialog(method) => self.note_creation(event, key, &request, code),
                300.. if method == "INVITE" => self.end_early_dialogs(event),
                _ => {}
            }
            return;
        }
        let Some(dialog) = Self::dialog_key(event).and_then(|key| self.dialogs.get_mut(&key)) else { return };
        let dialog = Arc::make_mut(dialog);
        dialog.challenged |= matches!(code, 401 | 407);
        if !matches!(method, "ACK" | "CANCEL") {
            // A response shows that its request was there even if that was missed.
            match event.stage {
                Stage::Sent => dialog.receives(key.cseq),
                Stage::Delivered => dialog.sends(key.cseq),
            }
        }
        if !(200..300).contains(&code) || !first || !refreshes_target(method) {
            return;
        }
        // What the 2xx to the INVITE overtook gives a target of the early dialog, which that 2xx has replaced.
        let overtaken = dialog.state != DialogState::Early && dialog.early_cseq >= Some(key.cseq);
        if event.stage == Stage::Delivered && overtaken {
            return;
        }
        // Accepting a target refresh request moves the target of the one who accepts it, its 2xx that of the sender.
        match event.stage {
            Stage::Sent => dialog.retarget(request.contact, method),
            Stage::Delivered => dialog.retarget(message.contact().map(|contact| contact.uri.into()), method),
        }
    }

    /// A provisional response or 2xx with To tag to a request outside a dialog.
    fn note_creation(&mut self, event: &Event<'_>, key: &TransactionKey, request: &Request, code: u16) {
        let message = event.message;
        let Some(dialog_key) = Self::dialog_key(event) else { return };
        let confirmed = code >= 200;
        let challenged = self.was_challenged(&key.call_id);
        let known = self.dialogs.contains_key(&dialog_key);
        let handed = self.is_complete() || self.transaction_at(key).is_some_and(|request| request.delivered.is_some());
        let origin = if event.stage == Stage::Sent { Origin::Called } else { Origin::Caller };
        let dialog = self
            .dialogs
            .entry(dialog_key)
            .or_insert_with(|| Arc::new(Dialog::new(origin, &key.method, DialogState::Early)));
        let dialog = Arc::make_mut(dialog);
        dialog.challenged |= challenged;
        if confirmed && dialog.state == DialogState::Early {
            dialog.state = DialogState::Confirmed;
        }
        match event.stage {
            Stage::Sent => {
                dialog.receives(key.cseq);
                if !known {
                    dialog.remote_target.clone_from(&request.contact);
                    // As the request was sent it did not yet have the Record-Route of the proxies.
                    dialog.route_set = handed.then(|| request.record_routes.clone());
                }
            }
            Stage::Delivered => {
                dialog.sends(key.cseq);
                let contact = message.contact().map(|contact| contact.uri.into());
                // An unreliable provisional response does not move the target of a dialog that exists (RFC 6141 4.3),
                // and a late one not that of a confirmed dialog.
                let open = dialog.state == DialogState::Early || dialog.remote_target.is_none();
                if !known || confirmed || (open && message.is_reliable_provisional()) {
                    dialog.retarget(contact, &key.method);
                }
                if &*key.method == "INVITE" && (!known || confirmed) {
                    dialog.route_set = Some(message.record_routes().into_iter().rev().map(Text::from).collect());
                }
            }
        }
    }

    fn end_early_dialogs(&mut self, event: &Event<'_>) {
        let (call_id, caller) = (event.message.call_id(), event.message.from_tag().unwrap_or(""));
        for (key, dialog) in &mut self.dialogs {
            let caller_tag = if event.stage == Stage::Sent { &key.remote_tag } else { &key.local_tag };
            if key.party == event.party
                && *key.call_id == *call_id
                && **caller_tag == *caller
                && dialog.state == DialogState::Early
            {
                Arc::make_mut(dialog).state = DialogState::Ended;
            }
        }
    }

    fn note_conference(&mut self, event: &Event<'_>, request: Option<&Request>, code: u16) {
        let message = event.message;
        let Some(contact) = message.contact().filter(super::super::oracle::Address::is_focus) else { return };
        if message.method() != "INVITE" || request.is_some_and(|request| request.to_tag.is_some()) {
            return;
        }
        if let Some(request) = request {
            self.conference.factory.get_or_insert_with(|| request.uri.clone());
        }
        self.conference.call_id.get_or_insert_with(|| message.call_id().into());
        if self.conference.call_id.as_deref() != Some(message.call_id()) {
            return;
        }
        match code {
            101..=199 => self.conference.temporary = Some(contact.uri.into()),
            200..=299 => self.conference.uri = Some(contact.uri.into()),
            _ => {}
        }
    }
}
