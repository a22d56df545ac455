//! I-TARGET: a request goes where the peer said it wants it.
//!
//! Inside a dialog the Request-URI is the remote target: the Contact that the peer last gave in a message that may move
//! it (RFC 3261 section 12.2, RFC 6141 section 4, RFC 6665 section 4.4.1). The ACK to a 2xx goes to the Contact of that
//! 2xx, not of the provisional response before it. Outside a dialog the SUBSCRIBE of the conference package goes to the
//! conference URI, which is the Contact of the 2xx (TS 24.147 5.3.1.3.2).

use crate::observe::{Conversation, Dialog, DialogState, End, Event, Judge, Observer, Origin, Rule, TransactionKey};
use crate::oracle::{Uri, same_uri};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-TARGET";

static TARGET: Rule = Rule::new(NAME, "CR-51", Level::Fail);
static PRACK: Rule = Rule::new(NAME, "CR-24", Level::Fail);
static ACK: Rule = Rule::new(NAME, "CR-59", Level::Fail);
static BYE: Rule = Rule::new(NAME, "CR-64", Level::Fail);
static REFER: Rule = Rule::new(NAME, "RF-05", Level::Fail);
static SUBSCRIPTION: Rule = Rule::new(NAME, "EV-20", Level::Fail);
static CONFERENCE_URI: Rule = Rule::new(NAME, "CR-04", Level::Fail).needs_vantage();
static SUBSCRIBE: Rule = Rule::new(NAME, "EV-01", Level::Fail);

/// The observer of I-TARGET. It needs no memory of its own: the dialogs know their targets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target;

impl Observer for Target {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !event.sends_request() || !conversation.is_first(event) {
            return;
        }
        if event.message.to_tag().is_none() {
            outside(event, conversation, judge);
        } else if !is_hop_by_hop(event, conversation) {
            inside(event, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

/// Whether a request is made by the transaction layer from its INVITE: a CANCEL, or the ACK to a refusal.
pub(super) fn is_hop_by_hop(event: &Event<'_>, conversation: &Conversation) -> bool {
    match event.message.method() {
        "CANCEL" => true,
        "ACK" => {
            let invite = event.key.clone().map(|key| TransactionKey { method: "INVITE".into(), ..key });
            let code = invite.and_then(|key| conversation.transaction_at(&key)?.final_delivered());
            code.is_some_and(|code| code >= 300)
        }
        _ => false,
    }
}

fn inside(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let method = event.message.method();
    let rule = match method {
        "ACK" => &ACK,
        "BYE" => &BYE,
        "PRACK" => &PRACK,
        "REFER" => &REFER,
        "NOTIFY" | "SUBSCRIBE" => &SUBSCRIPTION,
        _ => &TARGET,
    };
    let uri = event.message.request_uri().unwrap_or("");
    let dialog = conversation.dialog(event);
    let Some(target) = dialog.as_ref().and_then(|dialog| dialog.remote_target.as_deref()) else {
        judge.inconclusive(rule, event.party, &[event.number], || {
            format!("{method} to {uri}: where the peer wants it was not seen")
        });
        return;
    };
    if dialog.as_ref().is_some_and(|dialog| before_subscriptions(dialog, uri)) {
        judge.note("SD-23", event.party, &[event.number], || {
            format!("{method} goes to {uri}, the target of the call; a subscription in its dialog moved it to {target}")
        });
        return;
    }
    if !conversation.is_exact(event.party) && dialog.as_ref().is_some_and(|dialog| just_moved(dialog, uri)) {
        return;
    }
    if method == "ACK" && !acknowledges_success(event, conversation) && !conversation.is_complete() {
        judge
            .inconclusive(rule, event.party, &[event.number], || "ACK, but the 2xx it answers was not seen".to_owned());
        return;
    }
    // A strict router takes the place of the target in the Request-URI (RFC 3261 section 12.2.1.1).
    let routes = dialog.as_ref().and_then(|dialog| dialog.route_set.as_deref()).unwrap_or_default();
    let strict = routes.first().is_some_and(|route| Uri::read(route).parameter("lr").is_none());
    let holds = strict || same_uri(uri, target);
    judge.rule(rule, event.party, holds, &[event.number], || {
        let before = dialog.as_ref().and_then(|dialog| dialog.previous_target.as_ref());
        let hint = match before {
            Some(before) if same_uri(before, uri) && method == "ACK" => " (SD-53: that is the provisional Contact)",
            Some(before) if same_uri(before, uri) => " (that is the target before the last change)",
            _ => "",
        };
        format!("{method} goes to {uri}, the remote target is {target}{hint}")
    });
}

/// Whether the request goes to the target that the call had before a NOTIFY or a 2xx to REFER moved it: by RFC 5057
/// section 5.4 the move is for the whole dialog, but the tables A.2.8 and A.2.11 of TS 34.229-1 contradict that.
fn before_subscriptions(dialog: &Dialog, uri: &str) -> bool {
    let moved = dialog.remote_target.as_deref().is_some_and(|target| !same_uri(target, uri));
    moved && dialog.call_target.as_deref().is_some_and(|target| same_uri(target, uri))
}

/// Whether the request goes to the target before the last change, which its sender may not have had yet.
fn just_moved(dialog: &Dialog, uri: &str) -> bool {
    dialog.previous_target.as_deref().is_some_and(|target| same_uri(target, uri))
}

fn acknowledges_success(event: &Event<'_>, conversation: &Conversation) -> bool {
    let invite = event.key.clone().map(|key| TransactionKey { method: "INVITE".into(), ..key });
    let code = invite.and_then(|key| conversation.transaction_at(&key)?.final_delivered());
    code.is_some_and(|code| code < 300)
}

/// A subscription to the conference package goes to the conference URI, once its sender has it.
fn outside(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let conference = conversation.conference();
    let package = event.message.event().map(|event| event.package);
    let (Some(uri), Some(call_id)) = (&conference.uri, &conference.call_id) else { return };
    let in_call = conversation
        .dialogs_of(event.party, call_id)
        .any(|(_, dialog)| dialog.origin == Origin::Caller && dialog.state != DialogState::Early);
    if event.message.method() != "SUBSCRIBE" || package != Some("conference") || !in_call {
        return;
    }
    let asked = event.message.request_uri().unwrap_or("");
    let is_temporary = conference.temporary.as_deref().is_some_and(|temporary| same_uri(temporary, asked));
    let right = same_uri(uri, asked);
    let rule = if is_temporary && !right { &CONFERENCE_URI } else { &SUBSCRIBE };
    judge.rule(rule, event.party, right, &[event.number], || {
        format!("SUBSCRIBE goes to {asked}, the conference URI is {uri}")
    });
}
