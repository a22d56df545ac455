//! I-BYE-EARLY: the called side does not hang up before the call is up.
//!
//! It must not send BYE in an early dialog, nor in a confirmed one before the ACK came or 64*T1 have passed without it
//! (RFC 3261 section 15). The caller may.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::observe::{Conversation, Deadline, DialogKey, DialogState, End, Event, Judge, Observer, Origin, Rule};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-BYE-EARLY";

static BYE: Rule = Rule::new(NAME, "CR-63", Level::Fail);

/// 64*T1 with the smallest T1 in use, 500 ms: after that nobody need wait for the ACK any longer.
const WAIT_FOR_ACK: Duration = Duration::from_secs(32);

/// The observer of I-BYE-EARLY.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByeEarly {
    /// Dialogs in which a 2xx was sent and no ACK has come, with the time that the wait still lasts.
    waiting: BTreeMap<DialogKey, Deadline>,
}

impl Observer for ByeEarly {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { waiting: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.waiting.retain(|_, deadline| !deadline.elapse(event.elapsed));
        let Some(key) = Conversation::dialog_key(event) else { return };
        match event.message.method() {
            "INVITE" if event.sends_response() && event.message.is_success() && conversation.is_first(event) => {
                self.waiting.insert(key, Deadline::within(WAIT_FOR_ACK));
            }
            "ACK" if event.receives_request() => {
                self.waiting.remove(&key);
            }
            "BYE" if event.sends_request() && conversation.is_first(event) => {
                self.judge_bye(event, &key, conversation, judge);
            }
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

impl ByeEarly {
    fn judge_bye(&mut self, event: &Event<'_>, key: &DialogKey, conversation: &Conversation, judge: &mut Judge) {
        let Some(dialog) = conversation.dialog(event) else { return };
        if dialog.origin != Origin::Called || &*dialog.method != "INVITE" {
            return;
        }
        let early = dialog.state == DialogState::Early;
        let unacknowledged = self.waiting.remove(key).is_some();
        let text = || {
            let what = if early { "in an early dialog" } else { "before the ACK to the 2xx came" };
            format!("BYE of the called side {what}")
        };
        // Elsewhere than at the called side an ACK that was not seen may still have arrived there.
        if (early || unacknowledged) && !conversation.is_at(event.party) {
            judge.inconclusive(&BYE, event.party, &[event.number], text);
            return;
        }
        judge.rule(&BYE, event.party, !early && !unacknowledged, &[event.number], text);
    }
}
