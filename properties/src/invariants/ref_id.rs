//! I-REF-ID: which REFER a NOTIFY is about (RFC 3515 section 2.4.6).
//!
//! From the second REFER that a party receives in a dialog on, the NOTIFYs name theirs by `id`, the CSeq number of an
//! accepted REFER; the id does not come or go within a subscription. The referrer takes a NOTIFY only for a REFER that
//! it sent.

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, Subscription, SubscriptionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REF-ID";
static ID: Rule = Rule::new(NAME, "RF-13", Level::Fail).needs_history();
/// The default message of TS 34.229-1 A.2.11 has no id, whatever the number of REFERs.
static ABSENT: Rule = Rule::new(NAME, "RF-13", Level::NonStrict).ietf(Level::Fail).needs_history();
static MATCH: Rule = Rule::new(NAME, "RF-14", Level::Fail).needs_history();

/// The observer of I-REF-ID. What it needs is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefId;

/// The REFERs of one referrer in one dialog, the lowest CSeq first.
fn referrals<'a>(
    conversation: &'a Conversation,
    call_id: &'a str,
    tag: &'a str,
) -> impl Iterator<Item = (&'a SubscriptionKey, &'a Subscription)> {
    conversation.subscriptions().filter(move |(key, subscription)| {
        let own = &*key.package == "refer" && *key.call_id == *call_id && *key.subscriber_tag == *tag;
        own && subscription.requested && !subscription.is_challenged()
    })
}

impl RefId {
    fn on_notify(event: &Event<'_>, id: Option<&str>, conversation: &Conversation, judge: &mut Judge) {
        let (party, numbers) = (event.party, &[event.number]);
        let tag = event.message.to_tag().unwrap_or("");
        let known: Vec<_> = referrals(conversation, event.message.call_id(), tag).collect();
        let Some((_, first)) = known.first() else {
            judge
                .inconclusive(&ID, party, numbers, || "NOTIFY (refer), but no REFER was seen in its dialog".to_owned());
            return;
        };
        let Some(id) = id else {
            judge.rule(&ABSENT, party, known.len() == 1, numbers, || {
                format!("NOTIFY without id, although {} REFERs came in this dialog", known.len())
            });
            judge.rule(&ID, party, first.event_id.is_none(), numbers, || {
                "NOTIFY without id after one with id for the same REFER".to_owned()
            });
            return;
        };
        let named = known.iter().find(|(key, _)| id.parse() == Ok(key.cause)).map(|(_, subscription)| subscription);
        judge.rule(&ID, party, named.is_some(), numbers, || format!("id={id} is the CSeq of no REFER in this dialog"));
        if let Some(named) = named {
            let refused = named.answered.filter(|code| *code >= 300);
            judge.rule(&ID, party, refused.is_none(), numbers, || {
                format!("id={id} names a REFER that was refused with {}", refused.unwrap_or_default())
            });
            let appeared = named.notified > 0 && named.event_id.is_none();
            judge.rule(&ID, party, !appeared, numbers, || {
                format!("id={id} after a NOTIFY without id for the same REFER")
            });
        }
    }

    fn on_answer(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let request = conversation.transaction(message).and_then(|transaction| transaction.request.as_ref());
        let Some(("refer", Some(id))) =
            request.and_then(|request| request.event.as_ref()).map(|(package, id)| (&**package, id.as_deref()))
        else {
            return;
        };
        if conversation.has_gap(event) {
            return;
        }
        let tag = message.to_tag().unwrap_or("");
        let sent = referrals(conversation, message.call_id(), tag).any(|(key, _)| id.parse() == Ok(key.cause));
        judge.rule(&MATCH, event.party, sent, &[event.number], || {
            format!("NOTIFY with id={id} accepted, which is no REFER of this dialog")
        });
    }
}

impl Observer for RefId {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if event.message.method() != "NOTIFY" || !conversation.is_first(event) {
            return;
        }
        if event.sends_response() && event.message.is_success() {
            Self::on_answer(event, conversation, judge);
        }
        if event.sends_request()
            && let Some(header) = event.message.event()
            && header.package == "refer"
        {
            Self::on_notify(event, header.id, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
