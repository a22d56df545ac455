//! I-CANCEL: when an INVITE may be cancelled, and what the CANCEL looks like.
//!
//! It waits for a provisional response, comes before the final one, names its INVITE by the same Request-URI, Call-ID,
//! From, To, CSeq number, Route and topmost Via, which is its only one, and requires nothing (RFC 3261 sections 9.1 and
//! 22.1). A call that was given up is used no more: what is answered all the same is acknowledged and ended, and nobody
//! subscribes or refers there (RFC 5407 section 3.1.2).

use std::collections::{BTreeMap, BTreeSet};

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Transaction, TransactionKey};
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-CANCEL";
static WAITS: Rule = Rule::new(NAME, "CR-62", Level::Fail).needs_history();
static TOO_LATE: Rule = Rule::new(NAME, "FA-14", Level::NonStrict).needs_history();
static FORM: Rule = Rule::new(NAME, "CR-62", Level::Fail);
static UNUSED: Rule = Rule::new(NAME, "CR-67", Level::Fail).needs_vantage();

/// Header fields of the INVITE that its CANCEL repeats.
const REPEATED: [&str; 5] = ["From", "To", "Call-ID", "Route", "CSeq"];

/// What a CANCEL has to repeat of its INVITE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Invite {
    uri: Text,
    via: Option<Text>,
    fields: [Vec<Text>; REPEATED.len()],
}

/// The observer of I-CANCEL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cancel {
    /// The INVITEs that parties sent, as they left.
    invites: BTreeMap<(Party, TransactionKey), Invite>,
    /// The calls outside any dialog that their callers have given up.
    given_up: BTreeSet<(Party, Text)>,
}

impl Invite {
    fn of(message: &Sip) -> Self {
        let fields = REPEATED.map(|name| {
            let values = message.values(name).into_iter();
            // The number is what is repeated of CSeq.
            values.map(|value| if name == "CSeq" { number(value) } else { value }.into()).collect()
        });
        Self {
            uri: message.request_uri().unwrap_or("").into(),
            via: message.values("Via").first().map(|via| (*via).into()),
            fields,
        }
    }
}

fn number(cseq: &str) -> &str {
    cseq.split_whitespace().next().unwrap_or("")
}

impl Cancel {
    fn on_cancel(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        let Some(key) = TransactionKey::of(message) else { return };
        let key = TransactionKey { method: "INVITE".into(), ..key };
        let invite = conversation.transaction_at(&key);
        judge_timing(event, conversation, invite, judge);
        if let Some(sent) = self.invites.get(&(party, key)) {
            let own = Invite::of(message);
            let single = message.values("Via").len() == 1;
            // Behind a proxy that keeps no transactions there are more of them.
            if conversation.is_at(party) {
                judge.rule(&FORM, party, own.via == sent.via && single, numbers, || {
                    "the Via of a CANCEL is the topmost of its INVITE, and its only one".to_owned()
                });
            }
            judge.rule(&FORM, party, own.uri == sent.uri, numbers, || {
                format!("CANCEL to {}, the INVITE went to {}", own.uri, sent.uri)
            });
            for ((name, theirs), ours) in REPEATED.iter().zip(&sent.fields).zip(&own.fields) {
                judge.rule(&FORM, party, ours == theirs, numbers, || {
                    format!("{name} of a CANCEL is that of its INVITE")
                });
            }
        }
        let requires = ["Require", "Proxy-Require"].iter().any(|name| message.header(name).is_some());
        judge.rule(&FORM, party, !requires, numbers, || "a CANCEL requires nothing".to_owned());
        if message.to_tag().is_none() {
            self.given_up.insert((party, message.call_id().into()));
        }
    }

    /// A request in a call that its sender had given up.
    fn on_request(&self, event: &Event<'_>, judge: &mut Judge) {
        let message = event.message;
        let given_up = self.given_up.contains(&(event.party, message.call_id().into()));
        if given_up && message.to_tag().is_some() {
            let useless = matches!(message.method(), "REFER" | "SUBSCRIBE" | "INVITE");
            judge.rule(&UNUSED, event.party, !useless, &[event.number], || {
                format!("{} in a call that was given up", message.method())
            });
        }
    }
}

/// Not before a provisional response, and not after the final one.
fn judge_timing(event: &Event<'_>, conversation: &Conversation, invite: Option<&Transaction>, judge: &mut Judge) {
    let (party, numbers) = (event.party, &[event.number]);
    let Some(invite) = invite else { return };
    let came = |provisional: bool| {
        invite.responses.iter().any(|response| response.delivered.is_some() && (response.code < 200) == provisional)
    };
    let text = |what: &str| format!("CANCEL {what}");
    if conversation.is_at(party) {
        judge.rule(&WAITS, party, came(true) || came(false), numbers, || text("before any response to its INVITE"));
        judge.rule(&TOO_LATE, party, !came(false), numbers, || text("after the final response to its INVITE"));
    } else if came(true) {
        judge.rule(&WAITS, party, true, numbers, String::new);
    }
}

impl Observer for Cancel {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { invites: BTreeMap::new(), given_up: BTreeSet::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        if !event.sends_request() || !conversation.is_first(event) {
            return;
        }
        match event.message.method() {
            "INVITE" => {
                if let Some(key) = event.key.clone() {
                    self.invites.insert((event.party, key), Invite::of(event.message));
                }
            }
            "CANCEL" => return self.on_cancel(event, conversation, judge),
            _ => {}
        }
        self.on_request(event, judge);
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
