//! When each transaction wants to be woken, in order: finding the next one does not look at the others.

use std::collections::BTreeSet;

use super::TransactionKey;
use crate::time::Time;

/// The earliest timer of every transaction that has one. It follows from the transactions and is never their only
/// memory of anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Deadlines(BTreeSet<(Time, TransactionKey)>);

impl Deadlines {
    /// The earliest of all.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The earliest timer of a transaction is now `after`, no longer `before`.
    pub(super) fn change(&mut self, key: impl Fn() -> TransactionKey, before: Option<Time>, after: Option<Time>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.0.remove(&(at, key()));
        }
        if let Some(at) = after {
            self.0.insert((at, key()));
        }
    }

    /// The transactions that have a timer due at `now`.
    pub(super) fn due(&self, now: Time) -> impl Iterator<Item = &TransactionKey> {
        self.0.iter().take_while(move |(at, _)| *at <= now).map(|(_, key)| key)
    }
}
