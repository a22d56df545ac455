//! I-CSEQ: each side of a dialog counts its requests.
//!
//! Every new request has the number of the one before plus one; ACK and CANCEL reuse that of their INVITE; numbers stay
//! below 2^31. A request that was overtaken by a later one is answered 500 (RFC 3261 sections 8.1.1.5 and 12.2).

use std::collections::BTreeSet;

use crate::observe::{Conversation, DialogState, End, Event, Judge, Observer, Party, Rule, TransactionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-CSEQ";

static RISING: Rule = Rule::new(NAME, "CR-56", Level::Fail);
/// A gap that a capture shows may be a challenged request that it missed.
static STEP: Rule = Rule::new(NAME, "CR-56", Level::NonStrict);
static OVERTAKEN: Rule = Rule::new(NAME, "CR-57", Level::Fail);

/// The observer of I-CSEQ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Requests that reached a party after a later one of the same dialog, not yet answered finally.
    overtaken: BTreeSet<(Party, TransactionKey)>,
}

impl Observer for CSeq {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { overtaken: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let Some(key) = event.key.clone() else { return };
        if matches!(&*key.method, "ACK" | "CANCEL") {
            return;
        }
        if event.sends_request() {
            sent(event, &key, conversation, judge);
        } else if event.receives_request() {
            self.received(event, key, conversation);
        } else if event.sends_response() && event.message.status().is_some_and(|code| code >= 200) {
            self.answered(event, key, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn sent(event: &Event<'_>, key: &TransactionKey, conversation: &Conversation, judge: &mut Judge) {
    let (party, number, numbers) = (event.party, key.cseq, [event.number]);
    if !conversation.is_first(event) {
        let before = conversation.transaction(event.message).and_then(|t| t.request.as_ref()?.branch.as_deref());
        let now = event.message.origin_branch();
        let same = before.is_none() || now.is_none() || before == now;
        judge.rule(&RISING, party, same, &numbers, || {
            format!("a second {} with CSeq {number} that is no copy of the first", key.method)
        });
        return;
    }
    judge.rule(&RISING, party, number < 1 << 31, &numbers, || format!("CSeq {number} is not below 2^31"));
    // A response to it was seen before: its number is known, but used once only.
    let answered = conversation.transaction(event.message).is_some_and(|transaction| transaction.request.is_none());
    let Some(last) = conversation.dialog(event).and_then(|dialog| dialog.local_cseq) else { return };
    if answered && number == last {
        return;
    }
    if number <= last && !conversation.is_exact(party) {
        judge.inconclusive(&RISING, party, &numbers, || {
            format!("{} with CSeq {number} after {last}: sent so, or overtaken on the way here", key.method)
        });
        return;
    }
    let rising = judge.rule(&RISING, party, number > last, &numbers, || {
        format!("{} has CSeq {number}, its sender already used {last} in this dialog", key.method)
    });
    let challenged = conversation.dialog(event).is_some_and(|dialog| dialog.challenged);
    if rising && !challenged {
        let rule = if conversation.is_complete() { &RISING } else { &STEP };
        judge.rule(rule, party, number == last.saturating_add(1), &numbers, || {
            format!("{} has CSeq {number}, the request before it had {last}", key.method)
        });
    }
}

impl CSeq {
    fn received(&mut self, event: &Event<'_>, key: TransactionKey, conversation: &Conversation) {
        // A request that comes after the BYE may find no dialog any more.
        let dialog = conversation.dialog(event).filter(|dialog| dialog.state != DialogState::Ended);
        let late = dialog.and_then(|dialog| dialog.remote_cseq).is_some_and(|highest| key.cseq < highest);
        if late && conversation.is_first(event) && conversation.is_exact(event.party) {
            self.overtaken.insert((event.party, key));
        }
    }

    fn answered(&mut self, event: &Event<'_>, key: TransactionKey, judge: &mut Judge) {
        let code = event.message.status().unwrap_or(0);
        let entry = (event.party, key);
        if self.overtaken.remove(&entry) {
            judge.rule(&OVERTAKEN, event.party, code == 500, &[event.number], || {
                format!(
                    "{} with CSeq {} came after a later request and got {code}, not 500",
                    entry.1.method, entry.1.cseq
                )
            });
        }
    }
}
