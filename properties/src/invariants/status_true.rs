//! I-STATUS-TRUE: a document shows as connected only who is, and says how he came and went (RFC 4575 sections 5.7.3,
//! 5.7.4 and 5.7.6).
//!
//! What the focus knows decides: the 2xx that it sent or was delivered, and the BYEs; of hold see `on_hold.rs`.

use super::evidence::{Call, calls, user};
use super::on_hold::OnHold;
use super::transient;
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::conference::{Document, Endpoint, State};
use crate::verdict::{Level, Profile};

pub(super) const NAME: &str = "I-STATUS-TRUE";
static CONNECTED: Rule = Rule::new(NAME, "EV-43", Level::Fail).needs_vantage();
static GONE: Rule = Rule::new(NAME, "FA-19", Level::Fail).needs_vantage();
/// The 3GPP example of a dial-out shows dialed-in.
static JOINED: Rule = Rule::new(NAME, "EV-41", Level::Note).ietf(Level::NonStrict);
static LEFT: Rule = Rule::new(NAME, "EV-42", Level::NonStrict).needs_vantage();
static COUNT: Rule = Rule::new(NAME, "EV-46", Level::NonStrict);
/// A focus may count users that it does not list.
static SURPLUS: Rule = Rule::new(NAME, "EV-46", Level::Note);

/// The observer of I-STATUS-TRUE. What it needs beside this is in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusTrue {
    on_hold: OnHold,
}

/// The word for how a call ended; nothing if it has not.
fn departure(call: &Call) -> Option<&'static str> {
    match call.answered {
        Some(200..=299) if call.dismissed => Some("booted"),
        Some(200..=299) if call.left => Some("departed"),
        Some(486) => Some("busy"),
        Some(300..) => Some("failed"),
        _ => None,
    }
}

fn on_endpoint(
    event: &Event<'_>,
    entity: &str,
    endpoint: &Endpoint,
    theirs: &[&Call],
    conversation: &Conversation,
    judge: &mut Judge,
) {
    transient::on_endpoint(event, entity, endpoint, theirs, conversation, judge);
    let (party, numbers) = (event.party, &[event.number]);
    let status = endpoint.status.as_deref().unwrap_or("");
    if endpoint.is_present() {
        let unseen = theirs.is_empty() || theirs.iter().any(|call| conversation.missed_final(&call.call_id));
        if unseen && !conversation.is_complete() {
            judge.inconclusive(&CONNECTED, party, numbers, || format!("{entity} is {status}, but no answer was seen"));
            return;
        }
        let succeeded = theirs.iter().any(|call| call.succeeded());
        let confirmed = judge.rule(&CONNECTED, party, succeeded, numbers, || {
            format!("{entity} is shown as {status}, but has no confirmed call")
        });
        let connected = theirs.iter().find(|call| call.is_connected());
        if confirmed {
            judge.rule(&GONE, party, connected.is_some(), numbers, || {
                format!("{entity} is shown as {status}, but his call is over")
            });
        }
        if let (Some(call), Some(method)) = (connected, endpoint.joining_method.as_deref()) {
            let right = if call.dialed_out { "dialed-out" } else { "dialed-in" };
            judge.rule(&JOINED, party, method == right, numbers, || format!("{entity} is {method}, and was {right}"));
        }
    }
    if status == "disconnected"
        && let Some(method) = endpoint.disconnection_method.as_deref()
    {
        let right: Vec<&str> = theirs.iter().filter_map(|call| departure(call)).collect();
        if !right.is_empty() {
            judge.rule(&LEFT, party, right.contains(&method), numbers, || {
                format!("{entity} is said to be {method}, and was {}", right.join(" or "))
            });
        }
    }
}

/// In a full list, the user count is that of the users who are present, or more.
fn on_count(event: &Event<'_>, document: &Document, judge: &mut Judge) {
    let (Some(count), Some((State::Full, users)), State::Full) = (document.user_count, &document.users, document.state)
    else {
        return;
    };
    let present = users.values().filter(|user| user.endpoints.values().any(Endpoint::is_present)).count();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let text = || format!("the user count is {count}, the list shows {present} present");
    judge.rule(&COUNT, event.party, count >= present, &[event.number], text);
    judge.rule(&SURPLUS, event.party, count <= present, &[event.number], text);
}

impl Observer for StatusTrue {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { on_hold: OnHold::default() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        if conversation.is_first(event) {
            self.on_hold.on_event(event);
        }
        let conference = message.event().is_some_and(|event| event.package == "conference");
        let notify = message.method() == "NOTIFY" && event.sends_request();
        if !notify || !conference || message.body.is_empty() || !conversation.is_first(event) {
            return;
        }
        let Ok(document) = Document::read(&message.body) else { return };
        on_count(event, &document, judge);
        let Some((_, users)) = document.users else { return };
        let calls = calls(conversation, event.party);
        for (entity, shown) in &users {
            let theirs: Vec<&Call> = calls.iter().filter(|call| call.is(&user(entity))).collect();
            for endpoint in shown.endpoints.values() {
                on_endpoint(event, entity, endpoint, &theirs, conversation, judge);
                let connected = theirs.iter().filter(|call| call.is_connected()).map(|call| &call.call_id);
                self.on_hold.judge(event, entity, endpoint, connected, conversation, judge);
            }
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
