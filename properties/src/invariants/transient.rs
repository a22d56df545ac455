//! The statuses on the way into a conference and out of it, as part of I-STATUS-TRUE (RFC 4575 sections 5.7.3 and
//! 5.7.4). A focus may leave them all out; what it shows has to be so.
//!
//! `dialing-in` and `dialing-out` outlast the 2xx: a focus may answer, or be answered, and only then find out who it
//! is.

use super::evidence::Call;
use super::status_true::NAME;
use crate::observe::{Conversation, Event, Judge, Rule};
use crate::oracle::conference::Endpoint;
use crate::verdict::Level;

static ON_THE_WAY: Rule = Rule::new(NAME, "EV-43", Level::Fail).needs_vantage();
/// A PSTN gateway may know better than the call that was seen.
static INBOUND: Rule = Rule::new(NAME, "EV-43", Level::NonStrict);
static NOT_JOINED: Rule = Rule::new(NAME, "EV-41", Level::NonStrict);

/// Whether the call is neither refused nor ended.
fn is_under_way(call: &Call) -> bool {
    call.answered.is_none_or(|code| code < 300) && !call.left && !call.dismissed
}

/// Whether the user at the other end is being alerted.
fn is_ringing(call: &Call) -> bool {
    call.ringing && call.answered.is_none()
}

/// What a status says of a call.
struct Claim {
    holds: fn(&Call) -> bool,
    otherwise: &'static str,
}

/// What this status claims; nothing if a call could not belie it.
fn claim(status: &str) -> Option<Claim> {
    let (holds, otherwise): (fn(&Call) -> bool, _) = match status {
        "dialing-in" => (|call| !call.dialed_out && is_under_way(call), "he is not calling"),
        "dialing-out" => (|call| call.dialed_out && is_under_way(call), "he is not being called"),
        "alerting" => (is_ringing, "his user agent is not ringing"),
        "disconnecting" => (|call| !is_under_way(call) || call.cancelled, "nobody ends his call"),
        "disconnected" => (|call| !call.is_connected(), "his call goes on"),
        _ => return None,
    };
    Some(Claim { holds, otherwise })
}

/// Whether a message that a capture may lack, a 180, CANCEL or BYE, could bear the status out.
fn may_be_unseen(status: &str, call: &Call) -> bool {
    matches!(status, "disconnecting" | "disconnected") || call.answered.is_none()
}

/// Judges an endpoint of a user whose calls, as far as the focus knows, are `theirs`. That nothing is known of him says
/// nothing.
pub(super) fn on_endpoint(
    event: &Event<'_>,
    entity: &str,
    endpoint: &Endpoint,
    theirs: &[&Call],
    conversation: &Conversation,
    judge: &mut Judge,
) {
    let (party, numbers) = (event.party, &[event.number]);
    let status = endpoint.status.as_deref().unwrap_or("");
    let Some(Claim { holds, otherwise }) = claim(status).filter(|_| !theirs.is_empty()) else { return };
    let inbound = status == "alerting" && theirs.iter().all(|call| !call.dialed_out);
    let rule = if inbound { &INBOUND } else { &ON_THE_WAY };
    let text = || format!("{entity} is shown as {status}, but {otherwise}");
    let holds = theirs.iter().any(|call| holds(call));
    if !holds && !conversation.is_complete() && theirs.iter().any(|call| may_be_unseen(status, call)) {
        judge.inconclusive(rule, party, numbers, text);
    } else {
        judge.rule(rule, party, holds, numbers, text);
    }
    if matches!(status, "dialing-in" | "dialing-out" | "alerting") {
        judge.rule(&NOT_JOINED, party, endpoint.joining_method.is_none(), numbers, || {
            format!("{entity} is {status}, and is said to have joined already")
        });
    }
}
