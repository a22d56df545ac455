//! The messages of a capture as the procedures see them: who sent what to whom, each message once.

use std::time::Duration;

use super::capture::Frame;
use super::roles::{Call, CallKind};
use crate::observe::{Party, TransactionKey};
use crate::oracle::{Sip, Text};

/// One message with its copies.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    pub(super) message: &'a Sip,
    pub(super) key: TransactionKey,
    pub(super) kind: CallKind,
    pub(super) from: Party,
    pub(super) to: Party,
    /// Time since the beginning of the capture.
    pub(super) time: Duration,
    /// The frames that carry it, the first one first.
    pub(super) numbers: Vec<u32>,
}

impl Seen<'_> {
    /// The frame in which it was first seen.
    pub(super) fn number(&self) -> u32 {
        self.numbers.first().copied().unwrap_or(0)
    }

    /// Whether it is a request outside a dialog.
    pub(super) fn opens(&self) -> bool {
        self.message.is_request() && self.message.to_tag().is_none()
    }

    /// Whether it is the request that begins the call of another message; for a request outside any call, the call that
    /// makes the conference.
    pub(super) fn begins_what_leads_to(&self, other: &Self) -> bool {
        self.opens()
            && if other.opens() { self.kind == CallKind::Creation } else { self.key.call_id == other.key.call_id }
    }

    /// Whether it is a response with this class or code to this method.
    pub(super) fn answers(&self, method: &str, codes: std::ops::RangeInclusive<u16>) -> bool {
        &*self.key.method == method && self.message.status().is_some_and(|code| codes.contains(&code))
    }
}

/// What makes two frames the same message, on different hops or sent again.
fn identity(message: &Sip) -> (Option<u16>, Option<Text>, Option<u32>, Option<Text>) {
    // An ACK to a 2xx and one to a refusal have the same key, and so have two requests that wrongly share a number.
    let branch = message.is_request().then(|| message.origin_branch().map(Text::from)).flatten();
    (message.status(), message.to_tag().map(Text::from), message.rseq(), branch)
}

/// The messages in the order in which they were first seen.
pub(super) fn messages<'a>(frames: &'a [Frame], calls: &[Call]) -> Vec<Seen<'a>> {
    let mut all: Vec<Seen<'a>> = Vec::new();
    for frame in frames {
        let Some(key) = TransactionKey::of(&frame.message) else { continue };
        let Some(call) = calls.iter().find(|call| call.call_id == frame.message.call_id()) else { continue };
        let known = all.iter_mut().find(|seen| {
            seen.key == key
                && seen.message.is_request() == frame.message.is_request()
                && identity(seen.message) == identity(&frame.message)
        });
        if let Some(known) = known {
            known.numbers.push(frame.number);
            continue;
        }
        let (from, to) = match (call.party_at(frame.source), call.party_at(frame.destination)) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, call.other(from)),
            (None, Some(to)) => (call.other(to), to),
            (None, None) => continue,
        };
        let (message, time, kind) = (&frame.message, frame.time, call.kind);
        all.push(Seen { message, key, kind, from, to, time, numbers: vec![frame.number] });
    }
    all
}
