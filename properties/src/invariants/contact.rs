//! I-CONTACT: who makes or moves a dialog says where he is, and repeats the route.
//!
//! A Contact stands in every request and response that makes or refreshes a dialog, the Record-Route of the request in
//! every response that makes one (RFC 3261 section 12.1.1, RFC 3311 section 7, RFC 3515 section 2.2, RFC 6665 section
//! 4.4.1), and none in a PRACK (RFC 3262 section 4).

use crate::observe::{Conversation, End, Event, Judge, Observer, Rule};
use crate::oracle::Text;
use crate::verdict::{Level, Profile};

const NAME: &str = "I-CONTACT";

static DIALOG: Rule = Rule::new(NAME, "CR-50", Level::Fail);
static UPDATE: Rule = Rule::new(NAME, "CR-38", Level::Fail);
static SUBSCRIBE: Rule = Rule::new(NAME, "EV-01", Level::Fail);
static NOTIFY: Rule = Rule::new(NAME, "EV-20", Level::Fail);
static REFER: Rule = Rule::new(NAME, "RF-02", Level::Fail);
/// Mandatory by RFC 3515, missing in TS 34.229-1 A.3.3.
static ACCEPTED: Rule = Rule::new(NAME, "RF-33", Level::NonStrict);
static PRACK: Rule = Rule::new(NAME, "CR-24", Level::NonStrict);

/// The observer of I-CONTACT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contact;

impl Observer for Contact {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !conversation.is_first(event) {
            return;
        }
        if event.sends_request() {
            request(event, judge);
        } else if event.sends_response() {
            response(event, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}

fn request(event: &Event<'_>, judge: &mut Judge) {
    let method = event.message.method();
    let contacts = event.message.values("Contact").len();
    let rule = match method {
        "INVITE" => &DIALOG,
        "UPDATE" => &UPDATE,
        "SUBSCRIBE" => &SUBSCRIBE,
        "NOTIFY" => &NOTIFY,
        "REFER" => &REFER,
        "PRACK" => {
            judge.rule(&PRACK, event.party, contacts == 0, &[event.number], || "PRACK has a Contact".to_owned());
            return;
        }
        _ => return,
    };
    judge.rule(rule, event.party, contacts == 1, &[event.number], || format!("{method} has {contacts} Contact values"));
}

fn response(event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
    let (message, code) = (event.message, event.message.status().unwrap_or(0));
    let success = (200..300).contains(&code);
    let provisional = (101..200).contains(&code) && message.to_tag().is_some();
    let rule = match message.method() {
        "INVITE" if success || provisional => &DIALOG,
        "SUBSCRIBE" if success => &DIALOG,
        "UPDATE" if success => &UPDATE,
        "REFER" if success => &ACCEPTED,
        _ => return,
    };
    let contacts = message.values("Contact").len();
    judge.rule(rule, event.party, contacts == 1, &[event.number], || {
        format!("{} has {contacts} Contact values", message.label())
    });
    let Some(request) = conversation.transaction(message).and_then(|transaction| transaction.request.as_ref()) else {
        return;
    };
    if request.to_tag.is_some() || !matches!(message.method(), "INVITE" | "SUBSCRIBE") {
        return;
    }
    let routes: Vec<Text> = message.record_routes().into_iter().map(Text::from).collect();
    // A capture before the last proxies sees only the lower part of what they put into the request.
    let copied = if conversation.is_complete() {
        routes == request.record_routes
    } else {
        routes.ends_with(&request.record_routes)
    };
    judge.rule(&DIALOG, event.party, copied, &[event.number], || {
        format!("{} does not repeat the Record-Route of the request", message.label())
    });
}
