//! I-PRACK: reliable provisional responses and their acknowledgement (RFC 3262 sections 3, 4 and 7).
//!
//! What the called side may send depends on the PRACKs delivered to it, what the caller must acknowledge on the
//! responses delivered to it. A dialog is told apart by its To tag, so that forked responses do not mix.

use std::collections::{BTreeMap, BTreeSet};

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Stage, TransactionKey};
use crate::oracle::{RAck, Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-PRACK";
static RELIABLE: Rule = Rule::new(NAME, "CR-20", Level::Fail);
static COUNTS: Rule = Rule::new(NAME, "CR-21", Level::Fail);
static STOPS: Rule = Rule::new(NAME, "CR-22", Level::Fail).needs_vantage();
static ALONE: Rule = Rule::new(NAME, "CR-23", Level::Fail).needs_history().needs_vantage();
static NAMES: Rule = Rule::new(NAME, "CR-24", Level::Fail).needs_history();
static ONCE: Rule = Rule::new(NAME, "CR-25", Level::NonStrict);
static ANSWER: Rule = Rule::new(NAME, "CR-26", Level::Fail).needs_history().needs_vantage();
static REFUSED: Rule = Rule::new(NAME, "CR-26", Level::NonStrict);
static WAITS: Rule = Rule::new(NAME, "CR-27", Level::Fail).needs_history();
static UNRELIABLE: Rule = Rule::new(NAME, "CR-28", Level::Fail).needs_history();
static NUMBER: Rule = Rule::new(NAME, "CR-29", Level::Fail).needs_history();

/// An INVITE as one of its ends sees it, for one To tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    party: Party,
    call_id: Text,
    from_tag: Text,
    to_tag: Text,
    cseq: u32,
}

/// The reliable responses of one INVITE at one end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Invite {
    /// RSeq of each reliable response sent or delivered, whether it has a session description, and its PRACKs.
    responses: BTreeMap<u32, (bool, u8)>,
    /// A response with RSeq or `Require: 100rel` alone was delivered.
    half_reliable: bool,
    /// A final response was sent or delivered.
    answered: bool,
    /// It was a failure: the early dialog is gone, and a PRACK on its way to it may be told so.
    failed: bool,
}

/// The observer of I-PRACK.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prack {
    invites: BTreeMap<Key, Invite>,
    /// INVITEs that list 100rel.
    supported: BTreeMap<(Text, u32), bool>,
    /// PRACKs delivered and not yet answered, and whether they match.
    open: BTreeMap<TransactionKey, bool>,
    /// The responses that PRACKs without an answer name, as either end sees it.
    named: BTreeMap<(Party, TransactionKey), (Key, u32)>,
    /// Parties that were handed a copy of an INVITE and answer it with their last response (RFC 3261 section 17.2.1).
    prompted: BTreeSet<(Party, Text)>,
}

/// The key of the INVITE that a response or a PRACK belongs to, from the party's side.
fn key(event: &Event<'_>, cseq: u32) -> Option<Key> {
    let message = event.message;
    Some(Key {
        party: event.party,
        call_id: message.call_id().into(),
        from_tag: message.from_tag()?.into(),
        to_tag: message.to_tag()?.into(),
        cseq,
    })
}

fn has_description(message: &Sip) -> bool {
    !message.body.is_empty() && message.content_type().eq_ignore_ascii_case("application/sdp")
}

impl Prack {
    fn on_provisional_sent(&mut self, event: &Event<'_>, first: bool, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        let (Some(cseq), Some(code)) = (message.cseq(), message.status()) else { return };
        let (requires, rseq) = (message.has_token("Require", "100rel"), message.rseq());
        let reliable = message.is_reliable_provisional();
        if !requires && rseq.is_none() {
            return;
        }
        if first {
            judge.rule(&RELIABLE, party, reliable, numbers, || {
                format!("{code} with only one of Require: 100rel and RSeq, or a reliable 100")
            });
            let supported = self.supported.get(&(message.call_id().into(), cseq.number)).copied();
            judge.rule(&RELIABLE, party, supported != Some(false), numbers, || {
                format!("reliable {code} to an INVITE that does not list 100rel")
            });
        }
        let (Some(key), Some(rseq), true) = (key(event, cseq.number), rseq, reliable) else { return };
        let invite = self.invites.entry(key).or_default();
        if let Some((_, pracks)) = invite.responses.get(&rseq) {
            let acknowledged = *pracks > 0;
            let prompted = self.prompted.remove(&(party, message.call_id().into()));
            judge.rule(&STOPS, party, !acknowledged || prompted, numbers, || {
                format!("{code} with RSeq {rseq} sent again after its PRACK")
            });
            return;
        }
        judge.rule(&ALONE, party, !invite.answered, numbers, || format!("reliable {code} after the final response"));
        match invite.responses.last_key_value() {
            None => {
                judge.rule(&COUNTS, party, (1..1 << 31).contains(&rseq), numbers, || format!("first RSeq is {rseq}"));
            }
            Some((last, _)) => {
                judge.rule(&COUNTS, party, last.checked_add(1) == Some(rseq), numbers, || {
                    format!("RSeq {rseq} after {last}")
                });
                let waiting = invite.responses.len() == 1 && invite.responses.values().all(|(_, pracks)| *pracks == 0);
                judge.rule(&ALONE, party, !waiting, numbers, || {
                    format!("RSeq {rseq} before the first reliable response was acknowledged")
                });
            }
        }
        invite.responses.insert(rseq, (has_description(message), 0));
    }

    fn on_provisional_delivered(&mut self, event: &Event<'_>) {
        let message = event.message;
        let Some(key) = message.cseq().and_then(|cseq| key(event, cseq.number)) else { return };
        let invite = self.invites.entry(key).or_default();
        match message.rseq() {
            Some(rseq) if message.is_reliable_provisional() => {
                invite.responses.entry(rseq).or_insert_with(|| (has_description(message), 0));
            }
            rseq => invite.half_reliable |= rseq.is_some() || message.has_token("Require", "100rel"),
        }
    }

    fn on_final(&mut self, event: &Event<'_>, judge: &mut Judge) {
        let message = event.message;
        let Some(key) = message.cseq().and_then(|cseq| key(event, cseq.number)) else { return };
        let invite = self.invites.entry(key).or_default();
        if event.stage == Stage::Sent && message.is_success() && !invite.answered {
            let waiting = invite.responses.iter().find(|(_, (description, pracks))| *description && *pracks == 0);
            judge.rule(&WAITS, event.party, waiting.is_none(), &[event.number], || {
                let rseq = waiting.map_or(0, |(rseq, _)| *rseq);
                format!("2xx before the PRACK for RSeq {rseq}, which carried a session description")
            });
        }
        invite.answered = true;
        invite.failed |= !message.is_success();
    }

    fn on_prack_sent(&mut self, event: &Event<'_>, judge: &mut Judge) {
        let (party, numbers) = (event.party, &[event.number]);
        let Some(rack) = event.message.rack() else {
            judge.rule(&NAMES, party, false, numbers, || "PRACK without a readable RAck".to_owned());
            return;
        };
        let text = |what: &str| format!("RAck: {} {} {} {what}", rack.response, rack.number, rack.method);
        let invite_key = key(event, rack.number);
        let Some(invite) = invite_key.as_ref().and_then(|key| self.invites.get_mut(key)) else {
            // The dialog has reliable responses, but to an INVITE with another number.
            let other = self.invites.iter().any(|(key, invite)| {
                key.party == party
                    && *key.call_id == *event.message.call_id()
                    && invite.responses.contains_key(&rack.response)
            });
            let rule = if other { &NUMBER } else { &NAMES };
            judge.rule(rule, party, false, numbers, || text("names no response that was delivered"));
            return;
        };
        let half = invite.half_reliable;
        let pracks = invite.responses.get_mut(&rack.response).map(|(_, pracks)| {
            *pracks = pracks.saturating_add(1);
            *pracks
        });
        let named = pracks.is_some() && rack.method == "INVITE";
        let rule = if half { &UNRELIABLE } else { &NAMES };
        judge.rule(rule, party, named, numbers, || text("names no reliable response that was delivered"));
        if let Some(pracks) = pracks {
            judge.rule(&NUMBER, party, true, &[], String::new);
            judge.rule(&ONCE, party, pracks <= 1, numbers, || text("acknowledges a response a second time"));
            self.named.extend(event.key.clone().zip(invite_key).map(|(own, key)| ((party, own), (key, rack.response))));
        }
    }

    fn on_prack_delivered(&mut self, event: &Event<'_>, rack: Option<RAck<'_>>) {
        let Some(transaction) = event.key.clone() else { return };
        let named = rack.filter(|rack| rack.method == "INVITE");
        let named = named.and_then(|rack| Some((key(event, rack.number)?, rack.response)));
        let invite = named.as_ref().and_then(|(key, response)| Some((response, self.invites.get_mut(key)?)));
        if invite.as_ref().is_some_and(|(_, invite)| invite.failed) {
            return;
        }
        let found = invite.and_then(|(response, invite)| invite.responses.get_mut(response));
        let matches = found.is_some_and(|(_, pracks)| {
            *pracks = pracks.saturating_add(1);
            *pracks == 1
        });
        self.named.extend(named.map(|named| ((event.party, transaction.clone()), named)));
        self.open.insert(transaction, matches);
    }

    fn on_prack_answered(&mut self, event: &Event<'_>, code: u16, judge: &mut Judge) {
        let Some(matches) = event.key.clone().and_then(|key| self.open.remove(&key)) else { return };
        let text = || format!("PRACK that {} was answered {code}", if matches { "matches" } else { "matches nothing" });
        let wrong = if matches { code == 481 } else { code < 300 };
        judge.rule(&ANSWER, event.party, !wrong, &[event.number], text);
        // RFC 6337 section 2.3 leaves the refusal of an offer in a PRACK open; authentication and overtaking are legal.
        let odd = matches && code >= 300 && !matches!(code, 401 | 407 | 481 | 500);
        judge.rule(&REFUSED, event.party, !odd, &[event.number], text);
    }

    /// What is challenged was not taken and goes out again (RFC 3261 section 22).
    fn on_prack_over(&mut self, event: &Event<'_>, code: u16) {
        let Some(own) = event.key.clone() else { return };
        let Some((key, rseq)) = self.named.remove(&(event.party, own)).filter(|_| matches!(code, 401 | 407)) else {
            return;
        };
        let invite = self.invites.get_mut(&key);
        if let Some((_, pracks)) = invite.and_then(|invite| invite.responses.get_mut(&rseq)) {
            *pracks = pracks.saturating_sub(1);
        }
    }

    /// Reliable responses that were delivered, came in turn, and were never acknowledged.
    fn unacknowledged(&self) -> impl Iterator<Item = (&Key, u32)> {
        self.invites.iter().filter(|(_, invite)| !invite.answered).filter_map(|(key, invite)| {
            let (rseq, (_, pracks)) = invite.responses.first_key_value()?;
            (*pracks == 0).then_some((key, *rseq))
        })
    }
}

impl Observer for Prack {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self {
            invites: BTreeMap::new(),
            supported: BTreeMap::new(),
            open: BTreeMap::new(),
            named: BTreeMap::new(),
            prompted: BTreeSet::new(),
        }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let message = event.message;
        let first = conversation.is_first(event);
        match (message.method(), message.status(), event.stage) {
            ("INVITE", None, _) if first => {
                let listed = message.has_token("Supported", "100rel") || message.has_token("Require", "100rel");
                if let Some(cseq) = message.cseq() {
                    self.supported.insert((message.call_id().into(), cseq.number), listed);
                }
            }
            ("INVITE", None, Stage::Delivered) => {
                self.prompted.insert((event.party, message.call_id().into()));
            }
            ("INVITE", Some(100..=199), Stage::Sent) => self.on_provisional_sent(event, first, judge),
            ("INVITE", Some(101..=199), Stage::Delivered) if first => self.on_provisional_delivered(event),
            ("INVITE", Some(200..), _) if first => self.on_final(event, judge),
            ("PRACK", None, Stage::Sent) if first => self.on_prack_sent(event, judge),
            ("PRACK", None, Stage::Delivered) if first => self.on_prack_delivered(event, message.rack()),
            ("PRACK", Some(code @ 200..), stage) if first => {
                if stage == Stage::Sent {
                    self.on_prack_answered(event, code, judge);
                }
                self.on_prack_over(event, code);
            }
            _ => {}
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (key, rseq) in self.unacknowledged() {
            let caller = conversation.transactions().any(|(other, transaction)| {
                &*other.method == "INVITE" && other.call_id == key.call_id && transaction.client == Some(key.party)
            });
            let text = || format!("the reliable response with RSeq {rseq} was never acknowledged");
            match end {
                _ if !caller => {}
                End::Quiescent => {
                    judge.rule(&NAMES, key.party, false, &[], text);
                }
                End::Cut => judge.inconclusive(&NAMES, key.party, &[], text),
            }
        }
    }
}
