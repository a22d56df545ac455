//! I-OA: one offer at a time, and each answer in the message that belongs to its offer (RFC 3264 sections 5, 6 and 8,
//! RFC 3262 section 5, RFC 3311 section 5, RFC 6337 section 2.2).
//!
//! Each party is judged by what it sent and was delivered. A body is an offer or an answer by the message that it is
//! in: the order in which messages overtake each other does not matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::session_description::{self as description, Sent};
use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Stage, TransactionKey};
use crate::oracle::sdp::Sdp;
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-OA";
static ALLOWS: Rule = Rule::new(NAME, "CR-11", Level::NonStrict);
static FIRST_ANSWER: Rule = Rule::new(NAME, "CR-30", Level::Fail).needs_history();
static IN_PRACK: Rule = Rule::new(NAME, "CR-31", Level::Fail).needs_history();
static ONE_OFFER: Rule = Rule::new(NAME, "CR-32", Level::Fail).needs_history();
/// What depends on what else crossed the message.
static IN_TURN: Rule = Rule::new(NAME, "CR-32", Level::Fail).needs_history().needs_vantage();
static PRACK_IN_TURN: Rule = Rule::new(NAME, "CR-31", Level::Fail).needs_history().needs_vantage();
static STRAY: Rule = Rule::new(NAME, "CR-30", Level::Fail).needs_history().needs_vantage();
static VERSION: Rule = Rule::new(NAME, "CR-33", Level::Fail);
static VERSION_STEP: Rule = Rule::new(NAME, "CR-33", Level::NonStrict);
static MIRROR: Rule = Rule::new(NAME, "CR-34", Level::Fail);
static UNDONE: Rule = Rule::new(NAME, "CR-37", Level::Fail).needs_history();
static REPEATED: Rule = Rule::new(NAME, "CR-37", Level::NonStrict);

/// An offer that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Offer {
    /// The request that carried it; for an offer in a response to an INVITE that INVITE.
    transaction: TransactionKey,
    sdp: Sdp,
}

/// Offer and answer of one call as one party sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Exchange {
    mine: Option<Offer>,
    theirs: Option<Offer>,
    /// The answer to the offer of the INVITE, as it was first sent or delivered.
    answer: Option<(TransactionKey, Vec<u8>)>,
    /// The INVITE had no offer and its first reliable response with a description has not come yet.
    offerless: Option<TransactionKey>,
    /// The last description that the party sent.
    sent: Option<Sent>,
    /// The party sent an offer in a PRACK.
    offered_in_prack: bool,
}

/// The observer of I-OA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfferAnswer {
    calls: BTreeMap<(Party, Text), Arc<Exchange>>,
}

/// What the description of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Offer,
    Answer,
    /// A description in an unreliable provisional response: a preview of the answer.
    Preview,
    /// In a response to an INVITE whose offer is answered already.
    Again,
    /// In a message that has no place for one.
    Stray,
}

impl Exchange {
    /// Says what the description of a message in the transaction `of` is.
    fn part(&self, message: &Sip, of: &TransactionKey, stage: Stage) -> Part {
        let (own, other) = match stage {
            Stage::Sent => (&self.mine, &self.theirs),
            Stage::Delivered => (&self.theirs, &self.mine),
        };
        let waits = |offer: &Option<Offer>| offer.as_ref().is_some_and(|offer| offer.transaction == *of);
        let invited = other.as_ref().is_some_and(|offer| &*offer.transaction.method == "INVITE");
        match (message.status(), &*of.method) {
            (None, "INVITE" | "UPDATE") => Part::Offer,
            // The answer to an offer that came in a response to an INVITE without one.
            (None, "PRACK" | "ACK") if invited && self.answer.is_none() => Part::Answer,
            (None, "PRACK") => Part::Offer,
            (Some(100..=199), "INVITE") if !message.is_reliable_provisional() => Part::Preview,
            (Some(_), "INVITE") if self.offerless.as_ref() == Some(of) => Part::Offer,
            (Some(_), _) if waits(other) => Part::Answer,
            (Some(_), "INVITE") if waits(own) || self.answer.as_ref().is_some_and(|(key, _)| key == of) => Part::Again,
            _ => Part::Stray,
        }
    }

    /// Takes a description in, without judging.
    fn take(&mut self, part: Part, message: &Sip, of: TransactionKey, sdp: Sdp, stage: Stage) {
        let own = if stage == Stage::Sent { &mut self.mine } else { &mut self.theirs };
        match part {
            Part::Offer => {
                if self.offerless.as_ref() == Some(&of) {
                    self.offerless = None;
                }
                *own = Some(Offer { transaction: of, sdp });
            }
            Part::Answer => {
                if &*of.method == "INVITE" {
                    self.answer = Some((of, message.body.clone()));
                }
                let other = if stage == Stage::Sent { &mut self.theirs } else { &mut self.mine };
                *other = None;
            }
            Part::Preview | Part::Again | Part::Stray => {}
        }
    }

    /// A final response that refuses takes the offer of its request with it.
    fn refuse(&mut self, of: &TransactionKey) {
        for offer in [&mut self.mine, &mut self.theirs] {
            if offer.as_ref().is_some_and(|offer| offer.transaction == *of) {
                *offer = None;
            }
        }
    }

    fn judge_offer(&self, event: &Event<'_>, of: &TransactionKey, judge: &mut Judge) {
        let rule = if &*of.method == "PRACK" { &PRACK_IN_TURN } else { &IN_TURN };
        let open = self.mine.as_ref().or(self.theirs.as_ref()).filter(|offer| offer.transaction != *of);
        judge.rule(rule, event.party, open.is_none(), &[event.number], || {
            let before = open.map_or("", |offer| &offer.transaction.method);
            format!("offer in {} while that of the {before} is not answered", of.method)
        });
        if &*of.method == "UPDATE" && self.offered_in_prack {
            judge.note("SD-18", event.party, &[event.number], || {
                "an UPDATE offer after an offer in the PRACK".to_owned()
            });
        }
    }

    /// Judges a description that is sent, given what it is.
    fn judge_sent(&self, part: Part, event: &Event<'_>, of: &TransactionKey, sdp: &Sdp, judge: &mut Judge) {
        let (message, party, numbers) = (event.message, event.party, &[event.number]);
        match part {
            Part::Offer => self.judge_offer(event, of, judge),
            Part::Answer => {
                if let Some(offer) = &self.theirs {
                    let fault = description::mismatch(&offer.sdp, sdp);
                    judge.rule(&MIRROR, party, fault.is_none(), numbers, || fault.unwrap_or_default());
                }
                let rule = match &*of.method {
                    "PRACK" => &IN_PRACK,
                    "INVITE" => &FIRST_ANSWER,
                    _ => &ONE_OFFER,
                };
                judge.rule(rule, party, true, &[], String::new);
            }
            Part::Again => {
                let same = self.answer.as_ref().is_none_or(|(_, body)| *body == message.body);
                let text = || format!("{} carries a description after the answer was given", message.label());
                if message.is_success() {
                    judge.rule(&UNDONE, party, same, numbers, text);
                    if same {
                        judge.rule(&REPEATED, party, false, numbers, text);
                    }
                } else {
                    judge.rule(&FIRST_ANSWER, party, same, numbers, text);
                }
            }
            Part::Stray => {
                let rule = if &*of.method == "PRACK" { &PRACK_IN_TURN } else { &STRAY };
                judge.rule(rule, party, false, numbers, || {
                    format!("{} carries a description that is neither offer nor answer", message.label())
                });
            }
            Part::Preview => {}
        }
        if let Some(before) = &self.sent {
            let fault = before.fault(sdp, &message.body);
            judge.rule(&VERSION, party, fault.is_none(), numbers, || fault.unwrap_or_default());
            judge.rule(&VERSION_STEP, party, sdp.version <= before.version.saturating_add(1), numbers, || {
                format!("the version in o= jumped from {} to {}", before.version, sdp.version)
            });
        }
    }

    /// A 2xx without a description, where an answer is due.
    fn judge_silence(&self, event: &Event<'_>, of: &TransactionKey, judge: &mut Judge) {
        let rule = match &*of.method {
            "PRACK" => &IN_PRACK,
            "INVITE" => &FIRST_ANSWER,
            _ => &ONE_OFFER,
        };
        let due = self.theirs.as_ref().is_some_and(|offer| offer.transaction == *of);
        judge.rule(rule, event.party, !due, &[event.number], || {
            format!("2xx to {} without the answer to its offer", of.method)
        });
    }
}

impl OfferAnswer {
    fn on_message(&mut self, event: &Event<'_>, of: TransactionKey, judge: &mut Judge) {
        let message = event.message;
        let exchange = Arc::make_mut(self.calls.entry((event.party, of.call_id.clone())).or_default());
        let (method, stage) = (message.method(), event.stage);
        if message.is_request_of("BYE") {
            (exchange.mine, exchange.theirs, exchange.offerless) = (None, None, None);
            return;
        }
        if message.status().is_some_and(|code| code >= 300) {
            exchange.refuse(&of);
            return;
        }
        let Some(sdp) = description::read(message) else {
            if message.is_request_of("INVITE") {
                exchange.offerless = Some(of);
            } else if message.is_success() {
                if stage == Stage::Sent {
                    exchange.judge_silence(event, &of, judge);
                }
                exchange.refuse(&of);
            }
            return;
        };
        if message.is_request_of("INVITE") {
            exchange.answer = None;
        }
        if stage == Stage::Sent
            && &*of.method == "INVITE"
            && (message.is_request() || message.is_reliable_provisional())
        {
            judge.rule(&ALLOWS, event.party, message.has_token("Allow", "UPDATE"), &[event.number], || {
                format!("{} carries a description, but its Allow does not list UPDATE", message.label())
            });
        }
        let part = exchange.part(message, &of, stage);
        if stage == Stage::Sent {
            exchange.judge_sent(part, event, &of, &sdp, judge);
            exchange.sent = Some(Sent::new(&sdp, &message.body));
            exchange.offered_in_prack |= part == Part::Offer && method == "PRACK";
        }
        exchange.take(part, message, of, sdp, stage);
    }
}

impl Observer for OfferAnswer {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { calls: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let Some(of) = event.key.clone() else { return };
        let concerned = matches!(&*of.method, "INVITE" | "PRACK" | "UPDATE" | "ACK" | "BYE");
        if concerned && conversation.is_first(event) {
            self.on_message(event, of, judge);
        }
    }

    fn on_end(&mut self, _: End, _: &Conversation, _: &mut Judge) {}
}
