//! I-REF-WAIT: a referrer does not take the acceptance of its REFER, or a provisional report, for success
//! (RFC 3515 sections 2.4.2 and 2.4.5).
//!
//! Whoever invites into a conference from inside it may leave at any time: that is a note. Whoever sent an invited user
//! to the conference keeps the call with him until the final report came; leaving before it strands him if he fails.

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, TransactionKey};
use crate::oracle::same_uri;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-REF-WAIT";
static INVITER: Rule = Rule::new(NAME, "TP-07", Level::Note);
static SENDER: Rule = Rule::new(NAME, "TP-07", Level::Fail).needs_history();

/// The observer of I-REF-WAIT. What it needs is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefWait;

fn on_bye(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let call_id = event.message.call_id();
    let referrals = conversation.subscriptions().filter(|(key, subscription)| {
        &*key.package == "refer"
            && *key.call_id == *call_id
            && subscription.subscriber == Some(event.party)
            && subscription.requested
            && !subscription.suppressed
            && subscription.answer_delivered.is_none_or(|code| code < 300)
    });
    for (key, subscription) in referrals {
        let refer = TransactionKey {
            call_id: key.call_id.clone(),
            from_tag: key.subscriber_tag.clone(),
            cseq: key.cause,
            method: "REFER".into(),
        };
        let target = conversation
            .transaction_at(&refer)
            .and_then(|refer| refer.request.as_ref())
            .and_then(|request| request.refer_to.clone())
            .unwrap_or_default();
        let conference = conversation.conference();
        let to_conference =
            conference.uri.as_deref().is_some_and(|uri| same_uri(uri, target.split(['?', ';']).next().unwrap_or("")));
        let rule = if to_conference { &SENDER } else { &INVITER };
        let known = subscription.terminated_delivered || subscription.removed_by.is_some();
        judge.rule(rule, event.party, known, &[event.number], || {
            format!("BYE before it was known what became of the REFER for {target}")
        });
    }
}

impl Observer for RefWait {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if event.message.method() == "BYE" && event.sends_request() && conversation.is_first(event) {
            on_bye(event, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
