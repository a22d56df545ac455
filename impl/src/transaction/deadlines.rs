//! When each transaction wants to be woken, in order: finding the next one does not look at the others.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use smallvec::SmallVec;

use super::{ClientKey, ServerKey, TransactionKey};
use crate::time::Time;

/// The earliest timer of every transaction that has one. It follows from the transactions and is never their only
/// memory of anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Deadlines(BTreeMap<Time, Due>);

/// The transactions of one time, in order; hardly ever more than one.
pub(super) type Due = SmallVec<[TransactionKey; 1]>;

/// A transaction whose key is somebody else's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    Client(&'a ClientKey),
    Server(&'a ServerKey),
}

impl Whose<'_> {
    fn is(self, known: &TransactionKey) -> bool {
        match (self, known) {
            (Self::Client(key), TransactionKey::Client(known)) => key == known,
            (Self::Server(key), TransactionKey::Server(known)) => key == known,
            (Self::Client(_), TransactionKey::Server(_)) | (Self::Server(_), TransactionKey::Client(_)) => false,
        }
    }

    fn to_owned(self) -> TransactionKey {
        match self {
            Self::Client(key) => TransactionKey::Client(key.clone()),
            Self::Server(key) => TransactionKey::Server(key.clone()),
        }
    }
}

impl Deadlines {
    /// The earliest of all.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.first_key_value().map(|(at, _)| *at)
    }

    /// The earliest timer of a transaction is now `after`, no longer `before`.
    pub(super) fn change(&mut self, whose: Whose<'_>, before: Option<Time>, after: Option<Time>) {
        if before == after {
            return;
        }
        let known = before.and_then(|at| self.take(whose, at));
        if let Some(at) = after {
            let key = known.unwrap_or_else(|| whose.to_owned());
            let due = self.0.entry(at).or_default();
            let place = due.partition_point(|other| *other < key);
            due.insert(place, key);
        }
    }

    fn take(&mut self, whose: Whose<'_>, at: Time) -> Option<TransactionKey> {
        let Entry::Occupied(mut due) = self.0.entry(at) else { return None };
        let place = due.get().iter().position(|known| whose.is(known))?;
        let key = due.get_mut().remove(place);
        if due.get().is_empty() {
            due.remove();
        }
        Some(key)
    }

    /// Takes out the transactions that have a timer due at `now`. [`Deadlines::change`] puts back those that will have
    /// one later.
    pub(super) fn take_due(&mut self, now: Time) -> Due {
        let mut all = Due::new();
        while let Some(due) = self.0.first_entry().filter(|due| *due.key() <= now) {
            all.extend(due.remove());
        }
        all
    }
}
