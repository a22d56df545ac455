//! Which subscription a message belongs to, and what it does to it.

use std::sync::Arc;

use super::Conversation;
use crate::observe::subscription::removes;
use crate::observe::{Event, Stage, Subscription, SubscriptionKey, TransactionKey};
use crate::oracle::{Sip, Text};

impl Conversation {
    /// The subscription that a SUBSCRIBE, REFER or NOTIFY (or a response to one) belongs to.
    ///
    /// A NOTIFY of the package `refer` without `id` belongs to the first REFER of the dialog, one with `id` to the
    /// REFER with that CSeq number (RFC 3515 section 2.4.6).
    pub fn subscription(&self, message: &Sip) -> Option<(&SubscriptionKey, &Subscription)> {
        match message.method() {
            "NOTIFY" if message.is_request() => {
                let event = message.event()?;
                self.notified_subscription(message.call_id(), message.to_tag()?, event.package, event.id)
            }
            "NOTIFY" => {
                let request = self.transaction(message)?.request.as_ref()?;
                let (package, id) = request.event.as_ref()?;
                self.notified_subscription(message.call_id(), message.to_tag()?, package, id.as_deref())
            }
            "SUBSCRIBE" | "REFER" => {
                let cause = message.cseq()?.number;
                let mut candidates = self.of_subscriber(message.call_id(), message.from_tag()?);
                if message.method() == "REFER" {
                    return candidates.find(|(key, _)| &*key.package == "refer" && key.cause == cause);
                }
                let package = match message.event() {
                    Some(event) => Text::from(event.package),
                    None => self.transaction(message)?.request.as_ref()?.event.as_ref()?.0.clone(),
                };
                candidates.rfind(|(key, _)| key.package == package && (key.cause <= cause))
            }
            _ => None,
        }
    }

    fn of_subscriber<'a>(
        &'a self,
        call_id: &str,
        tag: &str,
    ) -> impl DoubleEndedIterator<Item = (&'a SubscriptionKey, &'a Subscription)> {
        let (call_id, tag) = (call_id.to_owned(), tag.to_owned());
        self.subscriptions
            .iter()
            .filter(move |(key, _)| *key.call_id == *call_id && *key.subscriber_tag == *tag)
            .map(|(key, subscription)| (key, subscription.as_ref()))
    }

    fn notified_subscription(
        &self,
        call_id: &str,
        tag: &str,
        package: &str,
        id: Option<&str>,
    ) -> Option<(&SubscriptionKey, &Subscription)> {
        let mut candidates = self.of_subscriber(call_id, tag).filter(|(key, _)| *key.package == *package);
        match (package, id.map(str::parse::<u32>)) {
            ("refer", Some(Ok(cause))) => candidates.find(|(key, _)| key.cause == cause),
            ("refer", Some(Err(_))) => None,
            // What a proxy challenged the notifier never saw: the first that it did see is meant.
            ("refer", None) => candidates.find(|(_, subscription)| !subscription.is_challenged()),
            _ => candidates.find(|(_, subscription)| subscription.event_id.as_deref() == id),
        }
    }

    pub(super) fn note_subscription_request(&mut self, event: &Event<'_>, key: &TransactionKey) {
        let message = event.message;
        let found = self.subscription(message).map(|(key, _)| key.clone());
        let subscriber = (event.stage == Stage::Sent) == (&*key.method != "NOTIFY");
        let key = match (found, &*key.method) {
            (Some(key), _) => key,
            (None, "SUBSCRIBE" | "REFER") => {
                let package = match message.event() {
                    _ if &*key.method == "REFER" => "refer",
                    Some(event) => event.package,
                    None => return,
                };
                SubscriptionKey {
                    call_id: key.call_id.clone(),
                    subscriber_tag: key.from_tag.clone(),
                    package: package.into(),
                    cause: key.cseq,
                }
            }
            (None, "NOTIFY") => {
                let (Some(event), Some(tag)) = (message.event(), message.to_tag()) else { return };
                let cause = event.id.and_then(|id| id.parse().ok()).filter(|_| event.package == "refer");
                SubscriptionKey {
                    call_id: key.call_id.clone(),
                    subscriber_tag: tag.into(),
                    package: event.package.into(),
                    cause: cause.unwrap_or(0),
                }
            }
            _ => return,
        };
        let subscription = Arc::make_mut(self.subscriptions.entry(key).or_default());
        let role = if subscriber { &mut subscription.subscriber } else { &mut subscription.notifier };
        role.get_or_insert(event.party);
        if let Some(id) = message.event().and_then(|event| event.id) {
            subscription.event_id.get_or_insert_with(|| id.into());
        }
        if message.method() != "NOTIFY" {
            subscription.requested = true;
            return;
        }
        let state = message.subscription_state();
        let text = state.map(|state| Text::from(state.state));
        let over = state.is_some_and(|state| state.is_terminated());
        match event.stage {
            Stage::Sent => {
                subscription.notified = subscription.notified.saturating_add(1);
                subscription.state_sent = text;
                subscription.terminated_sent |= over;
            }
            Stage::Delivered => {
                subscription.state_delivered = text;
                subscription.terminated_delivered |= over;
            }
        }
    }

    pub(super) fn note_subscription_response(&mut self, event: &Event<'_>, code: u16) {
        // A SUBSCRIBE that was challenged goes out again, and that one decides.
        if code < 200 || (event.message.method() == "SUBSCRIBE" && matches!(code, 401 | 407)) {
            return;
        }
        let Some(key) = self.subscription(event.message).map(|(key, _)| key.clone()) else { return };
        let Some(subscription) = self.subscriptions.get_mut(&key) else { return };
        let subscription = Arc::make_mut(subscription);
        let suppressed = event.message.method() == "REFER" && event.message.has_token("Refer-Sub", "false");
        subscription.suppressed |= suppressed && event.message.is_success();
        match (event.message.method(), event.stage) {
            ("NOTIFY", Stage::Delivered) if removes(code) => {
                subscription.removed_by.get_or_insert(code);
            }
            ("NOTIFY", _) => {}
            (_, Stage::Sent) => {
                subscription.answered.get_or_insert(code);
                subscription.notifier.get_or_insert(event.party);
            }
            (_, Stage::Delivered) => {
                subscription.answer_delivered.get_or_insert(code);
            }
        }
    }
}
