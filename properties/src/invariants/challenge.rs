//! I-CHALLENGE: a challenge (401, 407) is answered by the same request once more, and by nothing worse.
//!
//! What is sent with credentials has the next number and a branch of its own and is about the same; a password that was
//! rejected is not tried again, unless only the nonce was stale; a challenge to an INVITE is acknowledged before
//! anything else is sent; the ACK to a 2xx has the credentials of its INVITE (RFC 3261 sections 8.1.3.5, 17.1.1.3 and
//! 22.1 to 22.3).

use std::collections::{BTreeMap, BTreeSet};

use crate::observe::{Conversation, End, Event, Judge, Observer, Party, Rule, Transaction, TransactionKey};
use crate::oracle::{Sip, Text};
use crate::verdict::{Level, Profile};

const NAME: &str = "I-CHALLENGE";
static ANSWER: Rule = Rule::new(NAME, "FA-13", Level::Fail);

/// A challenge that a party was handed last, and that it has not reacted to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Handed {
    key: TransactionKey,
    /// Whether it rejects the credentials that the request had.
    rejects: bool,
}

/// The observer of I-CHALLENGE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    handed: BTreeMap<Party, Handed>,
    /// INVITEs that were challenged and whose ACK has not been sent.
    unacknowledged: BTreeSet<(Party, TransactionKey)>,
    /// The credentials of each request that had any.
    proofs: BTreeMap<(Party, TransactionKey), Vec<Text>>,
}

impl Observer for Challenge {
    const NAME: &'static str = NAME;

    fn new(_: Profile) -> Self {
        Self { handed: BTreeMap::new(), unacknowledged: BTreeSet::new(), proofs: BTreeMap::new() }
    }

    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let Some(key) = event.key.clone() else { return };
        if event.receives_response() && matches!(event.message.status(), Some(401 | 407)) {
            self.on_challenge(event, key, conversation);
        } else if event.sends_request() && &*key.method == "ACK" {
            self.on_ack(event, key, conversation, judge);
        } else if event.sends_request() {
            self.before_the_ack(event, conversation, judge);
            self.on_request(event, key, conversation, judge);
        }
    }

    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge) {
        for (party, key) in &self.unacknowledged {
            if end == End::Quiescent && conversation.is_complete() {
                judge.rule(&ANSWER, *party, false, &[], || {
                    format!("the challenge to the INVITE with CSeq {} is never acknowledged", key.cseq)
                });
            }
        }
    }
}

/// The values of Authorization and Proxy-Authorization.
fn proofs(message: &Sip) -> Vec<Text> {
    let names = ["Authorization", "Proxy-Authorization"];
    names.into_iter().flat_map(|name| message.lines(name)).map(Text::from).collect()
}

/// The value of a parameter of a challenge or of credentials, without its quotes.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = value.split_once(char::is_whitespace)?;
    let own =
        |parameter: &&'a str| parameter.split_once('=').is_some_and(|(own, _)| own.trim().eq_ignore_ascii_case(name));
    let (_, value) = parameters.split(',').find(own)?.split_once('=')?;
    Some(value.trim().trim_matches('"'))
}

impl Challenge {
    fn on_challenge(&mut self, event: &Event<'_>, key: TransactionKey, conversation: &Conversation) {
        if !conversation.is_first(event) {
            return;
        }
        if &*key.method == "INVITE" {
            self.unacknowledged.insert((event.party, key.clone()));
        }
        let tried = self.proofs.get(&(event.party, key.clone())).map(Vec::as_slice).unwrap_or_default();
        let rejected = |challenge: &str| {
            let stale = parameter(challenge, "stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
            let same = |proof: &&Text| parameter(proof, "realm") == parameter(challenge, "realm");
            !stale && tried.iter().any(|proof| same(&proof))
        };
        let names = ["WWW-Authenticate", "Proxy-Authenticate"];
        let rejects = names.into_iter().flat_map(|name| event.message.lines(name)).any(rejected);
        self.handed.insert(event.party, Handed { key, rejects });
    }

    /// Nothing goes out between a challenge to an INVITE and its ACK. A capture may just have missed the ACK.
    fn before_the_ack(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge) {
        let own = |(party, _): &&(Party, TransactionKey)| *party == event.party;
        let Some(owed) = self.unacknowledged.iter().find(own).cloned() else { return };
        if !conversation.is_complete() {
            return;
        }
        judge.rule(&ANSWER, event.party, false, &[event.number], || {
            let (sent, cseq) = (event.message.label(), owed.1.cseq);
            format!("{sent} is sent before the ACK to the challenge to the INVITE with CSeq {cseq}")
        });
        self.unacknowledged.remove(&owed);
    }

    fn on_ack(&mut self, event: &Event<'_>, key: TransactionKey, conversation: &Conversation, judge: &mut Judge) {
        let invite = (event.party, TransactionKey { method: "INVITE".into(), ..key });
        let transaction = conversation.transaction_at(&invite.1);
        if self.unacknowledged.remove(&invite) {
            let before = transaction.and_then(|transaction| transaction.request.as_ref()?.branch.as_deref());
            let now = event.message.origin_branch();
            let same = before.is_none() || now.is_none() || before == now;
            judge.rule(&ANSWER, event.party, same, &[event.number], || {
                "the ACK to a challenge has another branch than its INVITE".to_owned()
            });
            return;
        }
        let Some(own) = self.proofs.get(&invite).filter(|_| conversation.is_at(event.party)) else { return };
        let accepted = transaction.and_then(Transaction::final_delivered).is_some_and(|code| code < 300);
        if accepted {
            judge.rule(&ANSWER, event.party, *own == proofs(event.message), &[event.number], || {
                "the ACK to the 2xx has other credentials than its INVITE".to_owned()
            });
        }
    }

    fn on_request(&mut self, event: &Event<'_>, key: TransactionKey, conversation: &Conversation, judge: &mut Judge) {
        let (party, numbers, message) = (event.party, [event.number], event.message);
        let own = proofs(message);
        if !conversation.is_first(event) {
            let before = self.proofs.get(&(party, key.clone())).map(Vec::as_slice).unwrap_or_default();
            if own.as_slice() != before {
                judge.rule(&ANSWER, party, false, &numbers, || {
                    format!("{} with CSeq {} is sent again with other credentials", key.method, key.cseq)
                });
            }
            return;
        }
        let handed = self.handed.remove(&party);
        if own.is_empty() {
            return;
        }
        self.proofs.insert((party, key.clone()), own);
        let same = |handed: &Handed| {
            let before = &handed.key;
            (&before.call_id, &before.from_tag, &before.method) == (&key.call_id, &key.from_tag, &key.method)
        };
        let Some(handed) = handed.filter(|handed| same(handed) && handed.key.cseq < key.cseq) else { return };
        let Some(before) = conversation.transaction_at(&handed.key).and_then(|known| known.request.as_ref()) else {
            return;
        };
        judge.rule(&ANSWER, party, !handed.rejects, &numbers, || {
            format!("{} is sent again with credentials that were just rejected", key.method)
        });
        let branch = before.branch.as_deref().is_none_or(|branch| Some(branch) != message.origin_branch());
        judge.rule(&ANSWER, party, branch, &numbers, || {
            format!("{} is sent again with credentials, in the transaction of the challenged one", key.method)
        });
        let about = (before.to_tag.as_deref(), before.refer_to.as_deref());
        let now = (message.to_tag(), message.refer_to().map(|target| target.uri));
        judge.rule(&ANSWER, party, about == now, &numbers, || {
            format!("{} is sent again with credentials, and is about something else", key.method)
        });
    }
}
