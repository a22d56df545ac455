//! I-GLARE: requests that would change a session and cross (RFC 3261 section 14, RFC 3311 section 5.2, RFC 5407 section
//! 3.3.1).
//!
//! Whoever has an INVITE or an offer of his own open refuses the other's with 491, and does not serve it; nobody sends
//! an INVITE while another is open in either direction; and after a 491 the owner of the Call-ID waits longer, so that
//! the two do not meet again. An UPDATE without an offer crosses anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::session_description as description;
use crate::observe::{
    Conversation, Deadline, DialogKey, DialogState, End, Event, Judge, Observer, Origin, Rule, TransactionKey,
};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-GLARE";
static CROSSED: Rule = Rule::new(NAME, "FA-15", Level::Fail).needs_history().needs_vantage();
static OFFERS: Rule = Rule::new(NAME, "CR-35", Level::Fail).needs_history().needs_vantage();
static BACK_OFF: Rule = Rule::new(NAME, "CR-36", Level::NonStrict).needs_history();

/// The shortest wait of the owner of the Call-ID after a 491 (RFC 3261 section 14.1).
const OWNER_WAITS: Duration = Duration::from_millis(2_100);

/// One end of a dialog, from what it sent and was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Ends {
    /// Its own requests inside the dialog without a final response, and whether each carries an offer.
    own: BTreeMap<TransactionKey, bool>,
    /// The INVITEs of the peer that it has not answered.
    theirs: BTreeSet<TransactionKey>,
    /// The requests of the peer that came while one of its own was in their way.
    crossed: BTreeSet<TransactionKey>,
    /// What is left of its wait after a 491.
    waits: Option<Deadline>,
}

/// The observer of I-GLARE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glare {
    ends: BTreeMap<DialogKey, Ends>,
}

impl Ends {
    fn on_own_request(&mut self, event: &Event<'_>, of: TransactionKey, exact: bool, judge: &mut Judge) {
        let offers = description::read(event.message).is_some();
        if &*of.method == "INVITE" {
            let open = self.own.keys().any(|own| &*own.method == "INVITE") || !self.theirs.is_empty();
            judge.rule(&CROSSED, event.party, !open, &[event.number], || {
                "re-INVITE while another INVITE of the dialog is open".to_owned()
            });
        }
        if &*of.method == "INVITE" || offers {
            let early = self.waits.take();
            if exact {
                judge.rule(&BACK_OFF, event.party, early.is_none(), &[event.number], || {
                    let left = early.map_or(Duration::ZERO, Deadline::remaining);
                    format!("the owner of the Call-ID tries again {} ms too early after a 491", left.as_millis())
                });
            }
        }
        self.own.insert(of, offers);
    }

    /// A request of the peer: is one of its own in the way?
    fn on_their_request(&mut self, event: &Event<'_>, of: TransactionKey) {
        let invite = &*of.method == "INVITE";
        let in_the_way = |own: &TransactionKey, offers: bool| match (&*own.method, invite) {
            ("INVITE", true) => true,
            (_, true) => offers,
            (_, false) => offers && description::read(event.message).is_some(),
        };
        if self.own.iter().any(|(own, offers)| in_the_way(own, *offers)) {
            self.crossed.insert(of.clone());
        }
        if invite {
            self.theirs.insert(of);
        }
    }

    fn on_own_answer(&mut self, event: &Event<'_>, of: &TransactionKey, judge: &mut Judge) {
        let code = event.message.status().unwrap_or_default();
        self.theirs.remove(of);
        if !self.crossed.remove(of) {
            return;
        }
        let rule = if &*of.method == "INVITE" { &CROSSED } else { &OFFERS };
        judge.rule(rule, event.party, code >= 300 && code != 500, &[event.number], || {
            format!("{code} to the {} that crossed its own request, where 491 is due", of.method)
        });
    }
}

impl Glare {
    fn judge(&mut self, event: &Event<'_>, of: TransactionKey, conversation: &Conversation, judge: &mut Judge) {
        let (Some(key), Some(dialog)) = (Conversation::dialog_key(event), conversation.dialog(event)) else { return };
        if dialog.state != DialogState::Confirmed || &*dialog.method != "INVITE" {
            self.ends.remove(&key);
            return;
        }
        let owns = dialog.origin == Origin::Caller;
        let exact = conversation.is_at(event.party) && owns;
        let ends = self.ends.entry(key).or_default();
        let fin = event.message.status().is_some_and(|code| code >= 200);
        if event.sends_request() {
            ends.on_own_request(event, of, exact, judge);
        } else if event.receives_request() {
            ends.on_their_request(event, of);
        } else if event.sends_response() && fin {
            ends.on_own_answer(event, &of, judge);
        } else if event.receives_response() && fin && ends.own.remove(&of).is_some() {
            let refused = event.message.status() == Some(491) && owns;
            ends.waits = refused.then(|| Deadline::within(OWNER_WAITS));
        }
    }
}

impl Observer for Glare {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { ends: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        for ends in self.ends.values_mut() {
            ends.waits.take_if(|waits| waits.elapse(event.elapsed) || waits.remaining().is_zero());
        }
        let Some(of) = event.key.clone() else { return };
        if matches!(&*of.method, "INVITE" | "UPDATE") && conversation.is_first(event) {
            self.judge(event, of, conversation, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
