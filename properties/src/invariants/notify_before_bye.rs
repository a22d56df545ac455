//! I-NOTIFY-BEFORE-BYE: who ends a call lets the last report in its dialog be answered first, and has one NOTIFY at a
//! time in flight in a dialog. No clause demands either; without them a NOTIFY is refused as overtaken, or as late.
//!
//! A NOTIFY that had no answer for 32 s, the shortest Timer F in use, counts as given up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::observe::{Conversation, Deadline, End, Event, Judge, Observer, Party, Rule, TransactionKey};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-NOTIFY-BEFORE-BYE";
static REPORT_FIRST: Rule = Rule::new(NAME, "RF-30", Level::NonStrict);
static ONE_IN_FLIGHT: Rule = Rule::new(NAME, "EV-15", Level::Note);

/// 64*T1 with the default T1 of RFC 3261.
const TIMER_F: Deadline = Deadline::within(Duration::from_secs(32));

/// The observer of I-NOTIFY-BEFORE-BYE: the NOTIFYs in flight, by whom, and until when they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotifyBeforeBye {
    in_flight: BTreeMap<TransactionKey, (Party, Deadline)>,
}

impl NotifyBeforeBye {
    fn waits(&self, event: &Event<'_>) -> bool {
        let call_id = event.message.call_id();
        self.in_flight.iter().any(|(key, (party, _))| *party == event.party && *key.call_id == *call_id)
    }

    fn on_bye(&self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let call_id = event.message.call_id();
        let reports = conversation.subscriptions().filter(|(key, subscription)| {
            &*key.package == "refer" && *key.call_id == *call_id && subscription.notifier == Some(event.party)
        });
        let reports: Vec<bool> = reports.map(|(_, subscription)| subscription.is_live()).collect();
        let waits = self.waits(event);
        if waits || !reports.is_empty() {
            let open = reports.contains(&true);
            judge.rule(&REPORT_FIRST, event.party, !waits && !open, &[event.number], || {
                "BYE before the last report in the same dialog was answered".to_owned()
            });
        }
    }
}

impl Observer for NotifyBeforeBye {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { in_flight: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        self.in_flight.retain(|_, (_, left)| !left.elapse(event.elapsed) && !left.remaining().is_zero());
        let first = conversation.is_first(event) && conversation.is_exact(event.party);
        match event.message.method() {
            "NOTIFY" if event.sends_request() && first => {
                judge.rule(&ONE_IN_FLIGHT, event.party, !self.waits(event), &[event.number], || {
                    "a second NOTIFY in the dialog before the first was answered".to_owned()
                });
                if let Some(key) = event.key.clone() {
                    self.in_flight.insert(key, (event.party, TIMER_F));
                }
            }
            "NOTIFY" if event.receives_response() && event.message.status().is_some_and(|code| code >= 200) => {
                if let Some(key) = event.key.clone() {
                    self.in_flight.remove(&key);
                }
            }
            "BYE" if event.sends_request() && first => self.on_bye(event, conversation, judge),
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
