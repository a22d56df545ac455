//! I-EXPEL: a REFER that asks for a BYE has the focus end that user's call, and its report says whether it did (RFC
//! 4579 section 5.11, RFC 3515 section 2.4.5).
//!
//! The focus fills in the dialog. Whom it does not have in the conference it reports as a failure. With his call ends
//! what it tells him of the conference: the subscriptions that he has when the REFER is accepted.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{asks_for_bye, calls, has_unanswered_notify, is_nameless, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, SubscriptionKey, TransactionKey};
use crate::oracle::{Text, sipfrag};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-EXPEL";
static DONE: Rule = Rule::new(NAME, "RF-19", Level::Fail).needs_history().needs_vantage();
static TRUE: Rule = Rule::new(NAME, "RF-19", Level::Fail).needs_history().needs_vantage();
static TOLD: Rule = Rule::new(NAME, "RF-19", Level::Fail).ietf(Level::NonStrict).needs_history().needs_vantage();
static ABSENT: Rule = Rule::new(NAME, "RF-20", Level::Fail).needs_history().needs_vantage();

/// The observer of I-EXPEL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expel {
    /// The calls that have to end, by the REFER that asked for it: those that were up when it was accepted.
    owed: BTreeMap<SubscriptionKey, (Party, Text)>,
    /// The conference subscriptions that have to end: those that were there then.
    shut: BTreeSet<SubscriptionKey>,
}

/// Whom the REFER behind a subscription asks the focus to expel.
fn target(conversation: &Conversation, key: &SubscriptionKey) -> Option<String> {
    let refer = TransactionKey {
        call_id: key.call_id.clone(),
        from_tag: key.subscriber_tag.clone(),
        cseq: key.cause,
        method: "REFER".into(),
    };
    let uri = conversation.transaction_at(&refer)?.request.as_ref()?.refer_to.clone()?;
    asks_for_bye(&uri).then(|| user(&uri))
}

/// Whether a conference subscription is this user's.
fn is_of(conversation: &Conversation, key: &SubscriptionKey, target: &str) -> bool {
    let subscribe = TransactionKey {
        call_id: key.call_id.clone(),
        from_tag: key.subscriber_tag.clone(),
        cseq: key.cause,
        method: "SUBSCRIBE".into(),
    };
    let request = conversation.transaction_at(&subscribe).and_then(|subscribe| subscribe.request.as_ref());
    &*key.package == "conference" && request.is_some_and(|request| user(&request.from) == target)
}

impl Expel {
    fn on_accepted(&mut self, event: &Event<'_>, conversation: &Conversation) {
        let Some((key, _)) = conversation.subscription(event.message) else { return };
        let Some(target) = target(conversation, key) else { return };
        let calls = calls(conversation, event.party);
        let up = calls.into_iter().find(|call| call.is(&target) && call.is_connected() && !call.cancelled);
        if let Some(call) = up {
            self.owed.insert(key.clone(), (event.party, call.call_id));
            let live =
                conversation.subscriptions().filter(|(_, own)| own.notifier == Some(event.party) && own.is_live());
            let his = live.filter(|(key, _)| is_of(conversation, key, &target));
            self.shut.extend(his.map(|(key, _)| key.clone()));
        }
    }

    fn on_end_of_subscriptions(&self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, own) in conversation.subscriptions().filter(|(key, _)| self.shut.contains(key)) {
            let Some(focus) = own.notifier else { continue };
            let over = !own.is_live() || has_unanswered_notify(conversation, key, focus);
            let text = || "an expelled user is still subscribed to the conference".to_owned();
            if over || end == End::Quiescent {
                judge.rule(&TOLD, focus, over, &[], text);
            } else {
                judge.inconclusive(&TOLD, focus, &[], text);
            }
        }
    }

    fn on_report(&self, event: &Event<'_>, code: u16, conversation: &Conversation, judge: &mut Judge) {
        if is_nameless(conversation, event.message) {
            return;
        }
        let Some((key, _)) = conversation.subscription(event.message) else { return };
        let Some(target) = target(conversation, key) else { return };
        let calls = calls(conversation, event.party);
        let mut theirs = calls.iter().filter(|call| call.is(&target));
        if code < 300 {
            // A capture may have been made where this user's call cannot be seen.
            let unseen = theirs.clone().all(|call| conversation.has_gap_in(&call.call_id));
            if unseen && !conversation.is_complete() {
                judge.inconclusive(&TRUE, event.party, &[event.number], || {
                    format!("{code} reported for the expulsion of {target}, whose call was not seen")
                });
                return;
            }
            let gone = theirs.any(|call| call.succeeded() && (call.dismissed || call.left));
            judge.rule(&TRUE, event.party, gone, &[event.number], || {
                format!("{code} reported for the expulsion of {target}, who was sent no BYE")
            });
        } else {
            let owed = self.owed.get(key).map(|(_, call_id)| call_id);
            let there = theirs.any(|call| Some(&call.call_id) == owed && call.is_connected());
            judge.rule(&ABSENT, event.party, !there, &[event.number], || {
                format!("{code} reported for the expulsion of {target}, who was in the conference and still is")
            });
        }
    }
}

impl Observer for Expel {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { owed: BTreeMap::new(), shut: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        if !conversation.is_first(event) {
            return;
        }
        if message.method() == "REFER" && event.sends_response() && message.is_success() {
            self.on_accepted(event, conversation);
        }
        if event.sends_request()
            && message.event().is_some_and(|event| event.package == "refer")
            && let Ok(code @ 200..) = sipfrag::status(&message.body)
        {
            self.on_report(event, code, conversation, judge);
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        self.on_end_of_subscriptions(end, conversation, judge);
        for (focus, call_id) in self.owed.values() {
            let up =
                calls(conversation, *focus).into_iter().find(|call| call.call_id == *call_id && call.is_connected());
            let text = || {
                let user = up.as_ref().map_or_else(String::new, |call| call.user.clone());
                format!("{user} was to be expelled and is still in the conference")
            };
            if up.is_none() || end == End::Quiescent {
                judge.rule(&DONE, *focus, up.is_none(), &[], text);
            } else {
                judge.inconclusive(&DONE, *focus, &[], text);
            }
        }
    }
}
