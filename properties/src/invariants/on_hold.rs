//! The status on-hold against what the sessions say (RFC 4575 section 5.7.3, RFC 3264 section 8.4): part of
//! I-STATUS-TRUE.
//!
//! A participant is on hold while either end of his call with the focus does not want to receive what the other sends,
//! by the last offer that has its answer.

use std::collections::BTreeMap;

use super::session_description as description;
use super::status_true::NAME;
use crate::observe::{Conversation, Event, Judge, Party, Rule, TransactionKey};
use crate::oracle::conference::Endpoint;
use crate::oracle::sdp::Sdp;
use crate::oracle::{Sip, Text};
use crate::verdict::Level;

/// Whoever reads the roster takes a held participant for somebody who hears the conference.
static SHOWN: Rule = Rule::new(NAME, "EV-40", Level::NonStrict).needs_history();
static TRUE: Rule = Rule::new(NAME, "EV-40", Level::Fail).needs_history();

/// What each party knows of the media in its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct OnHold {
    /// Offers without an answer, and whether their writer wants to receive.
    offers: BTreeMap<(Party, TransactionKey), bool>,
    /// Whether either end of the call with this Call-ID does not want to receive.
    held: BTreeMap<(Party, Text), bool>,
}

/// Whether the writer wants to receive on his first stream in use. 0.0.0.0 said hold before RFC 3264.
fn receives(sdp: &Sdp) -> bool {
    let stream = sdp.media.iter().find(|media| media.port != 0);
    stream.is_some_and(|media| matches!(media.direction.as_str(), "" | "sendrecv" | "recvonly"))
}

/// The transaction whose offer or answer a message may carry: an ACK belongs to its INVITE.
fn carrier(message: &Sip) -> Option<TransactionKey> {
    let key = TransactionKey::of(message)?;
    match &*key.method {
        "INVITE" | "PRACK" | "UPDATE" => Some(key),
        "ACK" => Some(TransactionKey { method: "INVITE".into(), ..key }),
        _ => None,
    }
}

impl OnHold {
    /// The first copy of a message that somebody sends or is delivered.
    pub(super) fn on_event(&mut self, event: &Event<'_>) {
        let Some(key) = carrier(event.message).map(|key| (event.party, key)) else { return };
        if event.message.status().is_some_and(|code| code >= 300) {
            self.offers.remove(&key);
            return;
        }
        let Some(receives) = description::read(event.message).as_ref().map(receives) else { return };
        match self.offers.remove(&key) {
            Some(offered) => {
                self.held.insert((event.party, event.message.call_id().into()), !(offered && receives));
            }
            None => {
                self.offers.insert(key, receives);
            }
        }
    }

    /// What a document says of a participant who is present, with these calls.
    pub(super) fn judge<'a>(
        &self,
        event: &Event<'_>,
        entity: &str,
        endpoint: &Endpoint,
        mut calls: impl Iterator<Item = &'a Text>,
        conversation: &Conversation,
        judge: &mut Judge,
    ) {
        if !conversation.is_exact(event.party) {
            return;
        }
        let known = calls.find_map(|call_id| {
            self.held.get(&(event.party, call_id.clone())).map(|held| (*held, self.is_unsure(call_id, conversation)))
        });
        let Some((held, unsure)) = known else { return };
        let (rule, holds, text) = match endpoint.status.as_deref() {
            Some("on-hold") => (&TRUE, held, "is shown on hold, and nobody holds his call"),
            Some("connected") => (&SHOWN, !held, "is shown as connected, and his call is held"),
            Some(_) | None => return,
        };
        if !holds && unsure {
            judge.inconclusive(rule, event.party, &[event.number], || {
                format!("{entity} {text}; but something in this call was missed")
            });
        } else {
            judge.rule(rule, event.party, holds, &[event.number], || format!("{entity} {text}"));
        }
    }

    /// Whether the capture missed something in this call: that was shown, or an offer has no answer.
    fn is_unsure(&self, call_id: &Text, conversation: &Conversation) -> bool {
        let open = self.offers.keys().any(|(_, of)| of.call_id == *call_id);
        !conversation.is_complete() && (open || conversation.has_gap_in(call_id))
    }
}
