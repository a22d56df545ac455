//! I-ROSTER: at rest, every live subscriber holds the roster that the calls of the focus make (RFC 4575 sections 3.6
//! and 4.6).
//!
//! The subscriber holds what the documents that he was delivered and accepted add up to by the letter. A subscription
//! that ended, or whose last NOTIFY was never answered, is owed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::{Call, calls, has_unanswered_notify, is_made_up, user};
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, SubscriptionKey, TransactionKey};
use crate::oracle::conference::{Document, Endpoint, Roster as Known};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-ROSTER";
static CONVERGES: Rule = Rule::new(NAME, "EV-48", Level::Fail);

/// The observer of I-ROSTER.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Roster {
    /// What each subscriber knows.
    known: BTreeMap<SubscriptionKey, Arc<Known>>,
    /// Documents delivered and not yet answered.
    open: BTreeMap<TransactionKey, Arc<Document>>,
}

fn present(known: &Known) -> BTreeSet<String> {
    let users = known.users.iter().filter(|(_, endpoints)| endpoints.values().any(Endpoint::is_present));
    users.map(|(entity, _)| user(entity)).collect()
}

/// Whether these are the users of these calls, under whatever identity; of those who are made up, as many as want it.
fn agrees(held: &BTreeSet<String>, connected: &[Call]) -> bool {
    let (made_up, named): (Vec<&String>, Vec<&String>) = held.iter().partition(|user| is_made_up(user));
    let nameless: Vec<&Call> = connected.iter().filter(|call| !named.iter().any(|user| call.is(user))).collect();
    let known = |user: &&String| connected.iter().any(|call| call.is(user));
    named.iter().all(known)
        && nameless.len() == made_up.len()
        && nameless.iter().all(|call| made_up.iter().all(|user| call.is(user)))
}

impl Observer for Roster {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { known: BTreeMap::new(), open: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, _: &mut Judge) {
        let message = event.message;
        if message.method() != "NOTIFY" {
            return;
        }
        let Some(transaction) = TransactionKey::of(message) else { return };
        if event.receives_request() && conversation.is_first(event) {
            let conference = message.event().is_some_and(|event| event.package == "conference");
            if let (true, Ok(document)) = (conference, Document::read(&message.body)) {
                self.open.insert(transaction, Arc::new(document));
            }
        } else if event.sends_response()
            && message.status().is_some_and(|code| code >= 200)
            && let Some(document) = self.open.remove(&transaction)
            && message.is_success()
            && let Some((key, _)) = conversation.subscription(message)
        {
            Arc::make_mut(self.known.entry(key.clone()).or_default()).apply(&document);
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        let live = conversation.subscriptions().filter(|(key, subscription)| {
            &*key.package == "conference" && subscription.is_live() && subscription.notified > 0
        });
        for (key, subscription) in live {
            let (Some(notifier), Some(_)) = (subscription.notifier, subscription.subscriber) else { continue };
            if has_unanswered_notify(conversation, key, notifier) {
                continue;
            }
            let held = self.known.get(key).map(|known| present(known)).unwrap_or_default();
            let calls = calls(conversation, notifier);
            let connected: Vec<Call> = calls.into_iter().filter(|call| call.is_connected()).collect();
            let real: BTreeSet<&str> = connected.iter().map(|call| call.user.as_str()).collect();
            let text = || format!("the subscriber holds {held:?}, connected are {real:?}");
            let agrees = agrees(&held, &connected);
            if agrees || (end == End::Quiescent && conversation.is_complete()) {
                judge.rule(&CONVERGES, notifier, agrees, &[], text);
            } else {
                judge.inconclusive(&CONVERGES, notifier, &[], text);
            }
        }
    }
}
