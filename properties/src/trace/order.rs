//! Causes before effects: a frame that can only answer another one must not come before it.
//!
//! Where the cause is missing altogether nothing is said here: the capture may have missed it.

use super::roles::CallKind;
use super::seen::Seen;
use super::steps::NAME;
use crate::observe::{Judge, Party, Rule};
use crate::verdict::Level;

static INVITE: Rule = Rule::new(NAME, "CR-02", Level::Fail);
static PRACKED: Rule = Rule::new(NAME, "CR-26", Level::Fail);
static UPDATED: Rule = Rule::new(NAME, "CR-32", Level::Fail);
static SUBSCRIBED: Rule = Rule::new(NAME, "EV-02", Level::Fail);
static REFERRED: Rule = Rule::new(NAME, "RF-03", Level::Fail);
static NOTIFIED: Rule = Rule::new(NAME, "EV-20", Level::Fail);
static BYE: Rule = Rule::new(NAME, "CR-64", Level::Fail);
static ACK: Rule = Rule::new(NAME, "CR-59", Level::Fail);
static PRACK: Rule = Rule::new(NAME, "CR-24", Level::Fail);
static CONFERENCE_URI: Rule = Rule::new(NAME, "CR-04", Level::Fail);
static EVENT: Rule = Rule::new(NAME, "EV-03", Level::Fail);
static REPORT: Rule = Rule::new(NAME, "RF-06", Level::Fail);
/// The table has them in this order, the RFCs let the UE go on at once.
static EARLY_UPDATE: Rule = Rule::new(NAME, "CR-32", Level::NonStrict);
/// The table has the 200 to the INVITE after that to the UPDATE, which says that the resources are there.
static EARLY_OK: Rule = Rule::new(NAME, "CR-02", Level::NonStrict);

/// Names every frame that comes before what it answers.
pub(super) fn judge_order(seen: &[Seen<'_>], judge: &mut Judge) {
    for (at, effect) in seen.iter().enumerate() {
        let later = seen.get(at + 1..).unwrap_or(&[]);
        let earlier = seen.get(..at).unwrap_or(&[]);
        for (rule, cause) in causes(effect) {
            if earlier.iter().any(|other| cause(effect, other)) {
                judge.rule(rule, effect.from, true, &effect.numbers, String::new);
                continue;
            }
            // Where the beginning of the call was not seen, what comes later may be a copy.
            let begun = !effect.message.is_request() || earlier.iter().any(|other| other.begins_what_leads_to(effect));
            if let Some(cause) = later.iter().find(|other| (begun || other.opens()) && cause(effect, other)) {
                let numbers = [effect.number(), cause.number()];
                judge.rule(rule, effect.from, false, &numbers, || {
                    let (effect, cause) = (effect.message.label(), cause.message.label());
                    format!("{effect} comes before {cause}, which it follows from")
                });
            }
        }
    }
}

type Cause = fn(&Seen<'_>, &Seen<'_>) -> bool;

fn request_of(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.message.is_request() && other.key == effect.key
}

fn invite_success(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.key.call_id == effect.key.call_id && other.key.cseq == effect.key.cseq && other.answers("INVITE", 200..=699)
}

fn acknowledged(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    let Some(rack) = effect.message.rack() else { return false };
    other.key.call_id == effect.key.call_id
        && other.message.is_reliable_provisional()
        && other.message.rseq() == Some(rack.response)
        && other.key.cseq == rack.number
}

fn conference_made(_: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.kind == CallKind::Creation
        && other.answers("INVITE", 200..=299)
        && other.message.contact().is_some_and(|contact| contact.is_focus())
}

fn subscribed(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    let event = effect.message.event();
    let refer = event.is_some_and(|event| event.package == "refer");
    let id = event.and_then(|event| event.id).and_then(|id| id.parse::<u32>().ok());
    other.key.call_id == effect.key.call_id
        && other.message.is_request_of(if refer { "REFER" } else { "SUBSCRIBE" })
        && other.from == effect.to
        // Without an id a NOTIFY may be about a REFER of this dialog that was missed.
        && (!refer || id == Some(other.key.cseq) || id.is_none() && other.opens())
}

fn pracked(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.key.call_id == effect.key.call_id && other.answers("PRACK", 200..=299)
}

fn updated(effect: &Seen<'_>, other: &Seen<'_>) -> bool {
    other.key.call_id == effect.key.call_id
        && other.answers("UPDATE", 200..=299)
        && other.key.from_tag == effect.key.from_tag
        && other.key.cseq <= effect.key.cseq.saturating_add(2)
}

/// What must have come before this message, each with what it breaks if it comes later.
fn causes(effect: &Seen<'_>) -> Vec<(&'static Rule, Cause)> {
    let message = effect.message;
    if !message.is_request() {
        let rule = match &*effect.key.method {
            "PRACK" => &PRACKED,
            "UPDATE" => &UPDATED,
            "SUBSCRIBE" => &SUBSCRIBED,
            "REFER" => &REFERRED,
            "NOTIFY" => &NOTIFIED,
            "BYE" => &BYE,
            _ => &INVITE,
        };
        let mut causes: Vec<(&'static Rule, Cause)> = vec![(rule, request_of)];
        if effect.kind == CallKind::Creation && effect.answers("INVITE", 200..=299) {
            causes.push((&EARLY_OK, updated));
        }
        return causes;
    }
    match message.method() {
        "ACK" => vec![(&ACK, invite_success)],
        "PRACK" => vec![(&PRACK, acknowledged)],
        "UPDATE" if effect.from == Party::Ue => vec![(&EARLY_UPDATE, pracked)],
        "SUBSCRIBE" if message.to_tag().is_none() => vec![(&CONFERENCE_URI, conference_made)],
        "REFER" if effect.to == Party::Focus => vec![(&CONFERENCE_URI, conference_made)],
        "NOTIFY" if package_is(effect, "refer") => vec![(&REPORT, subscribed)],
        "NOTIFY" => vec![(&EVENT, subscribed)],
        _ => Vec::new(),
    }
}

fn package_is(seen: &Seen<'_>, package: &str) -> bool {
    seen.message.event().is_some_and(|event| event.package == package)
}
