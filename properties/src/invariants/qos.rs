//! I-QOS: preconditions decide when a call may go on (RFC 3312 sections 4 to 8 and 11).
//!
//! The called side judges by the descriptions it was delivered: as long as the caller has not said that his own
//! resources are there, a mandatory precondition about them is not met. Whether the called side's own resources are
//! there is not on the wire, except in what it says itself.

use std::collections::BTreeMap;

use super::session_description::read;
use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Stage};
use crate::oracle::sdp::{Row, RowKind, Sdp};
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-QOS";
static ANSWERED: Rule = Rule::new(NAME, "CR-41", Level::Fail).needs_history();
static ALERTED: Rule = Rule::new(NAME, "CR-41", Level::NonStrict).needs_history();
static CONFIRMED: Rule = Rule::new(NAME, "CR-43", Level::Fail);
/// TS 34.229-1 V14 still allows Supported.
static LATER_OFFER: Rule = Rule::new(NAME, "CR-44", Level::NonStrict).ietf(Level::Fail);
static FIRST_OFFER: Rule = Rule::new(NAME, "CR-48", Level::NonStrict);
static RESPONSE: Rule = Rule::new(NAME, "CR-48", Level::Fail);

/// What one party knows about the preconditions of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Known {
    /// The peer's resources that somebody made mandatory are reported to be there; `None` without preconditions.
    peer_ready: Option<bool>,
    /// The peer demanded a confirmation that was not given yet.
    asked: bool,
    /// The peer's response applied the extension.
    required: bool,
    /// The INVITE was refused or given up: what still comes asks for nothing.
    over: bool,
}

impl Known {
    const fn end(&mut self) {
        self.asked = false;
        self.over = true;
    }
}

/// The observer of I-QOS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Qos {
    calls: BTreeMap<(Party, Text), Known>,
}

fn rows(sdp: &Sdp) -> impl Iterator<Item = &Row> {
    sdp.media.iter().filter(|media| media.port != 0).flat_map(|media| &media.rows)
}

fn has_preconditions(sdp: &Sdp) -> bool {
    rows(sdp).next().is_some()
}

/// Whether every mandatory row about the sender's own side is met in his own description.
fn sender_is_ready(sdp: &Sdp) -> bool {
    sdp.media.iter().filter(|media| media.port != 0).all(|media| {
        let mut wanted = media
            .rows
            .iter()
            .filter(|row| row.kind == RowKind::Desired && row.strength == "mandatory" && row.segment == "local");
        wanted.all(|wanted| media.current("local").is_some_and(|now| now == "sendrecv" || now == wanted.direction))
    })
}

fn requires(message: &Sip) -> bool {
    message.has_token("Require", "precondition")
}

impl Qos {
    fn known(&mut self, event: &Event<'_>) -> &mut Known {
        self.calls.entry((event.party, event.message.call_id().into())).or_default()
    }

    fn on_sent(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        let method = message.method();
        if let ("INVITE", Some(code @ (180 | 200..=299))) = (method, message.status()) {
            let in_dialog = conversation.transaction(message).and_then(|t| t.request.as_ref()?.to_tag.clone());
            let ready = self.known(event).peer_ready.filter(|_| in_dialog.is_none());
            let rule = if code == 180 { &ALERTED } else { &ANSWERED };
            if let Some(ready) = ready {
                judge.rule(rule, party, ready, numbers, || {
                    format!("{code} although the caller's mandatory resources are not there")
                });
            }
        }
        let Some(sdp) = read(message).filter(has_preconditions) else { return };
        let mandatory = rows(&sdp).any(|row| row.kind == RowKind::Desired && row.strength == "mandatory");
        let required = requires(message);
        let known = self.known(event);
        let text = || format!("{} with preconditions but without Require: precondition", message.label());
        match (message.is_request(), method) {
            (true, "INVITE") if message.to_tag().is_none() && mandatory && judge.profile() == Profile::Ietf => {
                judge.rule(&FIRST_OFFER, party, required, numbers, text);
            }
            (true, _) if known.required => {
                judge.rule(&LATER_OFFER, party, required, numbers, text);
            }
            (false, _) if message.status().is_some_and(|code| code < 300) => {
                judge.rule(&RESPONSE, party, required, numbers, text);
            }
            _ => {}
        }
        if known.asked && sender_is_ready(&sdp) && message.is_request() {
            known.asked = false;
            judge.rule(&CONFIRMED, party, true, &[], String::new);
        }
    }

    fn on_delivered(&mut self, event: &Event<'_>) {
        let message = event.message;
        let over = message.is_request_of("BYE") || message.is_request_of("CANCEL");
        let refused = message.is_response_to("INVITE") && message.status().is_some_and(|code| code >= 300);
        if over || refused {
            self.known(event).end();
            return;
        }
        let Some(sdp) = read(message).filter(has_preconditions) else { return };
        let asked = rows(&sdp).any(|row| row.kind == RowKind::Confirm && row.segment == "remote");
        let known = self.known(event);
        known.peer_ready = Some(sender_is_ready(&sdp));
        known.required |= requires(message) && !message.is_request();
        if asked && message.is_reliable_provisional() && !known.over {
            known.asked = true;
        }
    }
}

impl Observer for Qos {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { calls: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if event.key.clone().is_none() || !conversation.is_first(event) {
            return;
        }
        if matches!(event.message.method(), "INVITE" | "PRACK" | "UPDATE" | "BYE" | "CANCEL") {
            match event.stage {
                Stage::Sent => self.on_sent(event, conversation, judge),
                Stage::Delivered => self.on_delivered(event),
            }
            if event.stage == Stage::Sent && matches!(event.message.method(), "BYE" | "CANCEL") {
                self.known(event).end();
            }
            if event.message.is_request_of("INVITE") {
                self.known(event).over = false;
            }
        }
    }

    fn on_end(&mut self, end: End, _: &Conversation, judge: &mut Judge) {
        for ((party, _), _) in self.calls.iter().filter(|(_, known)| known.asked) {
            let text = || "a confirmation was asked for, but no offer with the resources followed".to_owned();
            match end {
                End::Quiescent => {
                    judge.rule(&CONFIRMED, *party, false, &[], text);
                }
                End::Cut => judge.inconclusive(&CONFIRMED, *party, &[], text),
            }
        }
    }
}
