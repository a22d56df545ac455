//! The messages of a capture as the procedures see them: who sent what to whom, each message once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::boundary::Boundary;
use super::capture::Frame;
use super::roles::{CallKind, Calls};
use crate::observe::{Party, TransactionKey};
use crate::oracle::Sip;

/// One message with its copies.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    pub(super) message: &'a Sip,
    /// The octets of the message where it was first seen.
    pub(super) octets: &'a [u8],
    pub(super) key: TransactionKey,
    pub(super) kind: CallKind,
    pub(super) from: Party,
    pub(super) to: Party,
    /// Time since the beginning of the capture.
    pub(super) time: Duration,
    /// The frames that carry it, the first one first.
    pub(super) numbers: Vec<u32>,
    /// Whether a copy of it arrived, as far as the capture can tell.
    pub(super) arrived: bool,
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

/// The messages without those that a challenge has made void: a request that was challenged and sent again, the
/// challenge, and its ACK (RFC 3261 section 22).
pub(super) fn without_challenges<'a>(all: &[Seen<'a>]) -> Vec<Seen<'a>> {
    let challenged = |key: &TransactionKey| {
        let code = |code: u16| matches!(code, 401 | 407);
        all.iter().any(|seen| seen.key == *key && seen.message.status().is_some_and(code))
    };
    let again = |key: &TransactionKey| {
        let like = |other: &TransactionKey| {
            (&other.call_id, &other.from_tag, &other.method) == (&key.call_id, &key.from_tag, &key.method)
        };
        all.iter().any(|seen| seen.message.is_request() && like(&seen.key) && seen.key.cseq > key.cseq)
    };
    let is_void = |seen: &&Seen<'a>| {
        let method = if &*seen.key.method == "ACK" { "INVITE".into() } else { seen.key.method.clone() };
        let key = TransactionKey { method, ..seen.key.clone() };
        challenged(&key) && again(&key)
    };
    all.iter().filter(|seen| !is_void(seen)).cloned().collect()
}

/// What makes two frames the same message, on different hops or sent again.
pub(super) type Identity<'a> = (TransactionKey, Option<u16>, Option<&'a str>, Option<u32>, Option<&'a str>);

pub(super) fn identity(message: &Sip) -> Option<Identity<'_>> {
    // An ACK to a 2xx and one to a refusal have the same key, and so have two requests that wrongly share a number.
    let branch = message.is_request().then(|| message.origin_branch()).flatten();
    Some((TransactionKey::of(message)?, message.status(), message.to_tag(), message.rseq(), branch))
}

/// The messages in the order in which they were first seen.
pub(super) fn messages<'a>(frames: &[&'a Frame], calls: &Calls, boundary: &Boundary) -> Vec<Seen<'a>> {
    let mut all: Vec<Seen<'a>> = Vec::new();
    let mut known: BTreeMap<Identity<'a>, usize> = BTreeMap::new();
    for frame in frames {
        let Some(identity) = identity(&frame.message) else { continue };
        let Some(call) = calls.of(&frame.message) else { continue };
        let (_, arrived) = boundary.shows(frame, call.hosts(frame));
        if let Some(seen) = known.get(&identity).and_then(|at| all.get_mut(*at)) {
            seen.numbers.push(frame.number);
            seen.arrived |= arrived;
            continue;
        }
        let (from, to) = match (call.party_at(frame.source), call.party_at(frame.destination)) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, call.other(from)),
            (None, Some(to)) => (call.other(to), to),
            (None, None) => continue,
        };
        let (message, time, kind, key) = (&frame.message, frame.time, call.kind, identity.0.clone());
        let octets = frame.octets.as_slice();
        known.insert(identity, all.len());
        all.push(Seen { message, octets, key, kind, from, to, time, numbers: vec![frame.number], arrived });
    }
    all
}
