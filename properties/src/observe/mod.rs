//! Observers of the wire: what every rule sees, whatever the messages come from.
//!
//! The simulated world, a capture and a live peer all produce the same [`Event`]s: a user agent *sent* a message, or
//! was *delivered* one. What happens between two hops is no event. A rule that judges a party's reaction may only use
//! what was delivered to that party before.
//!
//! An [`Observer`] gets each event together with the [`Conversation`] **as it stood before the event**; the
//! conversation then takes the event in. Both are plain values that can be compared and hashed, so that they can be
//! part of an explored state: no absolute time, and numbers only as the caller gives them (an explorer gives 0, so that
//! two ways to the same situation stay one state).
//!
//! Read first: [`Event`], then [`Conversation`], then one small observer such as `invariants/bye_early.rs`.

mod conversation;
mod deadline;
mod dialog;
mod judge;
mod subscription;
mod transaction;

use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use serde::Serialize;

use crate::level::Profile;
use crate::oracle::Sip;

pub use conversation::{Conference, Conversation};
pub use deadline::Deadline;
pub use dialog::{Dialog, DialogKey, DialogState, Origin};
pub use judge::{Count, Finding, Judge, Rule};
pub use subscription::{Subscription, SubscriptionKey};
pub use transaction::{Request, Response, Transaction, TransactionKey};

/// A user agent that takes part in the observed signalling. Proxies are not parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The user that creates the conference and invites.
    Ue,
    /// The conference factory and focus.
    Focus,
    /// An invited user, by number.
    Participant(u8),
    /// Somebody whose role is not known, by number.
    Unknown(u8),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ue => f.pad("UE"),
            Self::Focus => f.pad("focus"),
            Self::Participant(number) => f.pad(&format!("participant {number}")),
            Self::Unknown(number) => f.pad(&format!("party {number}")),
        }
    }
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The party emitted it, for the first time or again.
    Sent,
    /// The party was handed it.
    Delivered,
}

/// One observation: a party sent a message or was delivered one.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Frame of a capture or step of a schedule, as the reader knows it; 0 in an exploration.
    pub number: u32,
    /// Time since the previous event.
    pub elapsed: Duration,
    /// Who sent the message or was delivered it.
    pub party: Party,
    /// Sent or delivered.
    pub stage: Stage,
    /// The message, whole.
    pub message: &'a Sip,
    /// The transaction of the message, which nearly every observer asks for.
    pub key: Option<TransactionKey>,
}

impl<'a> Event<'a> {
    /// An observation of this message.
    pub fn new(number: u32, elapsed: Duration, party: Party, stage: Stage, message: &'a Sip) -> Self {
        Self { number, elapsed, party, stage, message, key: TransactionKey::of(message) }
    }

    /// Whether this is a request that the party emits.
    pub fn sends_request(&self) -> bool {
        self.stage == Stage::Sent && self.message.is_request()
    }

    /// Whether this is a response that the party emits.
    pub fn sends_response(&self) -> bool {
        self.stage == Stage::Sent && !self.message.is_request()
    }

    /// Whether this is a request that the party is handed.
    pub fn receives_request(&self) -> bool {
        self.stage == Stage::Delivered && self.message.is_request()
    }

    /// Whether this is a response that the party is handed.
    pub fn receives_response(&self) -> bool {
        self.stage == Stage::Delivered && !self.message.is_request()
    }
}

/// How an observation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Nothing is in flight and nobody will send anything more: what is still owed is never done.
    Quiescent,
    /// The observation just stops: what is still owed might have been done later.
    Cut,
}

/// One invariant of the wire.
///
/// `on_event` is called for each event in order, before the conversation takes it in. An obligation ("a NOTIFY must
/// follow") that is still open at [`End::Quiescent`] is broken, at [`End::Cut`] it is undecided.
pub trait Observer: Clone + Eq + Hash {
    /// The invariant's name in the catalogue, such as `I-TARGET`.
    const NAME: &'static str;

    /// An observer that has seen nothing.
    fn new(profile: Profile) -> Self;

    /// Looks at one event; `conversation` is what was known before it.
    fn on_event(&mut self, event: &Event<'_>, conversation: &Conversation, judge: &mut Judge);

    /// Looks at what is still owed; `conversation` is everything that was seen.
    fn on_end(&mut self, end: End, conversation: &Conversation, judge: &mut Judge);
}
