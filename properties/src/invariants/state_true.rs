//! I-STATE-TRUE: a conference document is what it says it is (RFC 4575 sections 4.3 to 4.5, 5.2, 5.6, 5.7).
//!
//! Well-formed, of the package, with its keys; nothing partial below a full element; a full document complete in form.
//! A partial document whose `users` has no state flushes the roster by the letter: legal, and rarely meant.

use std::collections::BTreeSet;

use roxmltree::{Document as Tree, Node};

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::conference::{ConferenceError, Document, NAMESPACE, State};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-STATE-TRUE";
static TYPE: Rule = Rule::new(NAME, "EV-25", Level::Fail);
static FORM: Rule = Rule::new(NAME, "EV-30", Level::Fail);
static STATE: Rule = Rule::new(NAME, "EV-31", Level::Fail);
static NESTING: Rule = Rule::new(NAME, "EV-32", Level::Fail);
static BELOW_DELETED: Rule = Rule::new(NAME, "EV-32", Level::NonStrict);
static KEYS: Rule = Rule::new(NAME, "EV-37", Level::Fail);
static STATUS: Rule = Rule::new(NAME, "EV-40", Level::Fail);
static IDENTITY: Rule = Rule::new(NAME, "EV-45", Level::Fail);
static COMPLETE: Rule = Rule::new(NAME, "EV-51", Level::Fail);
static FLUSH: Rule = Rule::new(NAME, "SD-09", Level::NonStrict);

/// The statuses of an endpoint (RFC 4575 section 5.7.3).
const STATUSES: [&str; 9] = [
    "pending",
    "dialing-out",
    "dialing-in",
    "alerting",
    "on-hold",
    "connected",
    "muted-via-focus",
    "disconnecting",
    "disconnected",
];

/// The observer of I-STATE-TRUE: every document is judged alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateTrue;

fn state(node: Node<'_, '_>) -> State {
    match node.attribute("state") {
        Some("partial") => State::Partial,
        Some("deleted") => State::Deleted,
        _ => State::Full,
    }
}

/// The elements of the package right below `node` that carry a state: `users`, `user`, `endpoint`.
fn stateful<'a, 'b>(node: Node<'a, 'b>) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(|child| {
        child.tag_name().namespace() == Some(NAMESPACE)
            && matches!(child.tag_name().name(), "users" | "user" | "endpoint")
    })
}

fn on_tree(event: &Event<'_>, node: Node<'_, '_>, judge: &mut Judge) {
    let (party, numbers) = (event.party, &[event.number]);
    let own = state(node);
    let name = node.tag_name().name();
    let mut keys = BTreeSet::new();
    for child in stateful(node) {
        let kind = child.tag_name().name();
        let allowed = own != State::Full || state(child) == State::Full;
        judge.rule(&NESTING, party, allowed, numbers, || format!("a {:?} {kind} in a full {name}", state(child)));
        judge.rule(&BELOW_DELETED, party, own != State::Deleted, numbers, || format!("a {kind} in a deleted {name}"));
        if kind != "users" {
            let key = child.attribute("entity").unwrap_or("");
            judge.rule(&KEYS, party, keys.insert(key), numbers, || format!("{kind} {key} stands twice in its {name}"));
            judge.rule(&KEYS, party, key.trim() == key, numbers, || format!("blanks around the key {key:?}"));
        }
        on_tree(event, child, judge);
    }
}

fn on_document(event: &Event<'_>, document: &Document, judge: &mut Judge) {
    let (party, numbers) = (event.party, &[event.number]);
    if document.state == State::Full {
        let complete = document.has_description && document.users.is_some();
        judge.rule(&COMPLETE, party, complete, numbers, || {
            "a full document without conference-description or users".to_owned()
        });
    }
    let Some((users_state, users)) = &document.users else { return };
    if document.state == State::Partial {
        judge.rule(&FLUSH, party, *users_state != State::Full, numbers, || {
            "a partial document replaces the whole roster, because its users element has no state".to_owned()
        });
    }
    for (entity, user) in users {
        for status in user.endpoints.values().filter_map(|endpoint| endpoint.status.as_deref()) {
            judge.rule(&STATUS, party, STATUSES.contains(&status), numbers, || {
                format!("{entity} has the status {status}, which does not exist")
            });
        }
    }
}

fn on_notify(event: &Event<'_>, judge: &mut Judge) {
    let (message, party, numbers) = (event.message, event.party, &[event.number]);
    let kind = message.content_type();
    let right = kind.eq_ignore_ascii_case("application/conference-info+xml");
    judge.rule(&TYPE, party, right, numbers, || format!("the body of a conference NOTIFY is {kind}"));
    let document = match Document::read(&message.body) {
        Ok(document) => document,
        Err(error) => {
            let rule = match &error {
                ConferenceError::Malformed(_) | ConferenceError::Root | ConferenceError::Attribute(_) => &FORM,
                ConferenceError::Key(_) => &IDENTITY,
                ConferenceError::State(_) => &STATE,
            };
            judge.rule(rule, party, false, numbers, || error.to_string());
            return;
        }
    };
    for rule in [&FORM, &STATE, &IDENTITY] {
        judge.rule(rule, party, true, &[], String::new);
    }
    let text = message.text();
    if let Ok(tree) = Tree::parse(text.trim_start()) {
        on_tree(event, tree.root_element(), judge);
    }
    on_document(event, &document, judge);
}

impl Observer for StateTrue {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let conference = message.event().is_some_and(|event| event.package == "conference");
        let notify = message.method() == "NOTIFY" && event.sends_request();
        if notify && conference && !message.body.is_empty() && conversation.is_first(event) {
            on_notify(event, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
