//! I-ISOLATION: what happens to one participant ends nobody else's call (RFC 4575 section 5.7.3, RFC 5057 sections 5.1
//! and 5.6).
//!
//! A BYE of the focus in a live conference right after a participant's BYE or refusal is taken for its consequence; at
//! any other time its reason is not on the wire, which is worth a note. A CANCEL in the second after its INVITE is no
//! missing answer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::evidence::{calls, conference_over, focus, is_to_be_expelled};
use crate::observe::{Conversation, Deadline, DialogState, End, Event, Judge, Observer, Rule};
use crate::oracle::Text;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-ISOLATION";
static AFTER_BYE: Rule = Rule::new(NAME, "EV-43", Level::Fail).needs_history().needs_vantage();
static AFTER_REFUSAL: Rule = Rule::new(NAME, "FA-01", Level::Fail).needs_history().needs_vantage();
static UNEXPLAINED: Rule = Rule::new(NAME, "EV-43", Level::Note);
static HARMLESS_CODE: Rule = Rule::new(NAME, "RF-43", Level::NonStrict).needs_vantage();

/// How soon a reaction follows its cause, and how long an invited user has at least to answer.
const SOON: Deadline = Deadline::within(Duration::from_secs(1));

/// The end of one participant's call, as the focus has just learnt it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cause {
    call_id: Text,
    refused: bool,
    left: Deadline,
}

/// The observer of I-ISOLATION.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Isolation {
    cause: Option<Cause>,
    /// Calls that the focus began less than a second ago.
    fresh: BTreeMap<Text, Deadline>,
}

/// Codes that tell the sender of a request inside a dialog that the dialog or its call is gone (RFC 5057 section 5.1).
/// 481 is judged by I-REF-INDEP.
const fn speaks_of_dialog(code: u16) -> bool {
    matches!(code, 404 | 410 | 416 | 480 | 482..=485 | 502 | 604)
}

impl Isolation {
    fn on_end_of_call(&self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (party, numbers, call_id) = (event.party, &[event.number], event.message.call_id());
        if conference_over(conversation, party) {
            return;
        }
        let calls = calls(conversation, party);
        let Some(call) = calls.iter().find(|call| *call.call_id == *call_id) else { return };
        let method = event.message.method();
        let cause = self.cause.as_ref().filter(|cause| *cause.call_id != *call_id);
        let rule = cause.map(|cause| if cause.refused { &AFTER_REFUSAL } else { &AFTER_BYE });
        let text = || format!("{method} to {}, although only somebody else's call ended", call.user);
        if method == "CANCEL" {
            let early = self.fresh.contains_key(call_id);
            judge.rule(rule.unwrap_or(&AFTER_BYE), party, !early, numbers, || {
                format!("CANCEL of the call to {}, who had no time to answer", call.user)
            });
        } else if call.is_connected() && !call.cancelled && !is_to_be_expelled(conversation, party, &call.user) {
            // A creator left alone in his conference may be sent home.
            let alone = !call.dialed_out && calls.iter().filter(|call| call.is_connected()).count() == 1;
            match rule {
                Some(rule) if !alone => {
                    judge.rule(rule, party, false, numbers, text);
                }
                _ => {
                    judge.rule(&UNEXPLAINED, party, false, numbers, || {
                        format!("BYE to {}, for a reason that is not on the wire", call.user)
                    });
                }
            }
        }
    }

    fn on_delivered(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let refused = !message.is_request();
        let ends = match (message.method(), message.status()) {
            ("BYE", None) => true,
            ("INVITE", Some(code)) => code >= 300,
            _ => false,
        };
        let participant = conversation.conference().call_id.as_deref() != Some(message.call_id());
        if ends && participant && focus(conversation) == Some(event.party) {
            let rule = if refused { &AFTER_REFUSAL } else { &AFTER_BYE };
            judge.rule(rule, event.party, true, &[], String::new);
            self.cause = Some(Cause { call_id: message.call_id().into(), refused, left: SOON });
        }
    }
}

impl Observer for Isolation {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { cause: None, fresh: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if self.cause.as_mut().is_some_and(|cause| cause.left.elapse(event.elapsed)) {
            self.cause = None;
        }
        self.fresh.retain(|_, left| !left.elapse(event.elapsed));
        let message = event.message;
        if !conversation.is_first(event) {
            return;
        }
        match message.method() {
            _ if event.receives_request() || event.receives_response() => {
                self.on_delivered(event, conversation, judge);
            }
            "INVITE" if event.sends_request() && message.to_tag().is_none() => {
                self.fresh.insert(message.call_id().into(), SOON);
            }
            "BYE" | "CANCEL" if event.sends_request() && focus(conversation) == Some(event.party) => {
                self.on_end_of_call(event, conversation, judge);
            }
            "REFER" if event.sends_response() => {
                let alive = conversation.dialog(event).is_some_and(|dialog| dialog.state == DialogState::Confirmed);
                if let (true, Some(code @ 300..)) = (alive, message.status()) {
                    judge.rule(&HARMLESS_CODE, event.party, !speaks_of_dialog(code), &[event.number], || {
                        format!("REFER refused with {code}, which tells the referrer that the call is gone")
                    });
                }
            }
            _ => {}
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
