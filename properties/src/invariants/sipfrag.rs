//! I-SIPFRAG: the body of a refer NOTIFY is a fragment that begins with a status line, tells no more than it needs to,
//! and a referrer takes every such fragment (RFC 3420, RFC 3515 sections 2.4.4, 2.4.5 and 5.3).

use std::collections::BTreeSet;

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule, TransactionKey};
use crate::oracle::{Sip, sipfrag};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-SIPFRAG";
static FORM: Rule = Rule::new(NAME, "RF-08", Level::Fail);
/// Seen in the field on the last NOTIFY; it leaves the outcome unknown.
static NO_BODY: Rule = Rule::new(NAME, "RF-08", Level::NonStrict);
static NO_MORE: Rule = Rule::new(NAME, "RF-50", Level::NonStrict);

/// The observer of I-SIPFRAG: the well-formed refer NOTIFYs that were delivered and not yet answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sipfrag {
    acceptable: BTreeSet<TransactionKey>,
}

fn is_refer(message: &Sip) -> bool {
    message.event().is_some_and(|event| event.package == "refer")
}

fn is_typed(message: &Sip) -> bool {
    message.content_type().eq_ignore_ascii_case("message/sipfrag")
}

/// The first line after the status line that gives something away: anything but a Warning.
fn surplus(message: &Sip) -> Option<String> {
    let text = message.text();
    let mut lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.find(|line| !line.to_ascii_lowercase().starts_with("warning")).map(str::to_owned)
}

fn on_notify(event: &Event<'_>, judge: &mut Judge) {
    let (message, party, numbers) = (event.message, event.party, &[event.number]);
    let status = sipfrag::status(&message.body);
    if status == Err(sipfrag::SipfragError::Empty) {
        judge.rule(&NO_BODY, party, false, numbers, || "refer NOTIFY without body: the outcome is unknown".to_owned());
        return;
    }
    judge.rule(&FORM, party, is_typed(message), numbers, || {
        format!("the body of a refer NOTIFY is {}, not message/sipfrag", message.content_type())
    });
    let fault = status.err();
    judge.rule(&FORM, party, fault.is_none(), numbers, || {
        fault.map_or_else(String::new, |fault| format!("sipfrag: {fault}"))
    });
    let surplus = surplus(message);
    judge.rule(&NO_MORE, party, surplus.is_none(), numbers, || {
        format!("the report carries more than the status: {}", surplus.unwrap_or_default())
    });
}

impl Observer for Sipfrag {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { acceptable: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        if message.method() != "NOTIFY" {
            return;
        }
        if event.sends_request() && is_refer(message) && conversation.is_first(event) {
            on_notify(event, judge);
        }
        let Some(key) = TransactionKey::of(message) else { return };
        if event.receives_request() && conversation.is_first(event) {
            if is_refer(message) && is_typed(message) && sipfrag::status(&message.body).is_ok() {
                self.acceptable.insert(key);
            }
        } else if event.sends_response()
            && let Some(code @ 200..) = message.status()
            && self.acceptable.remove(&key)
        {
            judge.rule(&FORM, event.party, !matches!(code, 400 | 406 | 415), &[event.number], || {
                format!("a well-formed sipfrag was refused with {code}")
            });
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
