//! I-ROUTE: requests inside a dialog carry its route set.
//!
//! The caller takes the Record-Route of the response that makes the dialog in reverse order, and again that of the 2xx;
//! the called side takes that of the request in order; for a subscription the NOTIFY decides (RFC 3261 sections 12.1
//! and 13.2.2.4, RFC 6665 section 4.4.1). After that nothing changes it.

use super::target::is_hop_by_hop;
use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::{Text, Uri};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-ROUTE";

static ROUTE: Rule = Rule::new(NAME, "CR-53", Level::Fail);
static REPEATED: Rule = Rule::new(NAME, "CR-54", Level::NonStrict);
static LOOSE: Rule = Rule::new(NAME, "CR-55", Level::Fail);

/// The observer of I-ROUTE. It needs no memory of its own: the dialogs know their route sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route;

impl Observer for Route {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !conversation.is_first(event) {
            return;
        }
        if event.sends_request() && event.message.to_tag().is_some() && !is_hop_by_hop(event, conversation) {
            routes(event, conversation, judge);
        }
        if event.receives_response() && event.message.is_success() {
            repeated(event, conversation, judge);
        }
        for uri in event.message.record_routes() {
            judge.rule(&LOOSE, event.party, Uri::read(uri).parameter("lr").is_some(), &[event.number], || {
                format!("the Record-Route entry {uri} has no lr")
            });
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn routes(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let method = event.message.method();
    let dialog = conversation.dialog(event);
    let Some(expected) = dialog.as_ref().and_then(|dialog| dialog.route_set.as_ref()) else {
        judge.inconclusive(&ROUTE, event.party, &[event.number], || {
            format!("{method}: the message that gives the route set was not seen")
        });
        return;
    };
    let routes = event.message.routes();
    let strict = expected.first().is_some_and(|route| Uri::read(route).parameter("lr").is_none());
    // A capture behind a proxy sees a request from which that proxy has already taken its own entry.
    let passed = if conversation.is_complete() { 0 } else { event.message.values("Via").len().saturating_sub(1) };
    let due = if passed > 0 { expected.len().saturating_sub(routes.len()) } else { 0 };
    let holds = strict || routes.iter().copied().eq(expected.iter().skip(due).map(|route| &**route));
    judge.rule(&ROUTE, event.party, holds, &[event.number], || {
        let reversed = routes.len() > 1 && routes.iter().rev().copied().eq(expected.iter().map(|route| &**route));
        let hint = if reversed { " (SD-54: not reversed)" } else { "" };
        format!("{method} has Route {}, the route set is {}{hint}", list(routes.iter()), list(expected.iter()))
    });
}

/// The 2xx to an INVITE repeats the Record-Route of the provisional response that made the dialog.
fn repeated(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let initial = conversation
        .transaction(event.message)
        .and_then(|transaction| transaction.request.as_ref())
        .is_some_and(|request| request.to_tag.is_none());
    let dialog = conversation.dialog(event);
    let Some(before) = dialog.as_ref().and_then(|dialog| dialog.route_set.as_ref()) else { return };
    if !initial || event.message.method() != "INVITE" {
        return;
    }
    let now: Vec<&str> = event.message.record_routes().into_iter().rev().collect();
    let holds = now.iter().copied().eq(before.iter().map(|route| &**route));
    judge.rule(&REPEATED, event.party, holds, &[event.number], || {
        let before: Vec<&Text> = before.iter().rev().collect();
        format!("Record-Route of the 2xx is {}, before it was {}", list(now.iter().rev()), list(before.iter()))
    });
}

fn list<T: ToString>(uris: impl Iterator<Item = T>) -> String {
    let uris: Vec<String> = uris.map(|uri| format!("<{}>", uri.to_string())).collect();
    if uris.is_empty() { "empty".to_owned() } else { uris.join(", ") }
}
