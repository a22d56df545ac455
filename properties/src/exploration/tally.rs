//! What an exploration has checked, over all threads: outside the explored state, so that it keeps no two situations
//! apart.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::observe::Judge;
use crate::refinement::Refinement;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    evaluations: AtomicU64,
    invariants: Mutex<BTreeSet<&'static str>>,
    actions: Mutex<BTreeSet<String>>,
}

impl Tally {
    /// Takes down what was judged in one step.
    pub(super) fn judged(&self, judge: &Judge) {
        let evaluated = judge.counts().values().map(|count| count.evaluated).sum();
        self.evaluated(evaluated);
        self.invariants_of(judge);
    }

    /// Takes down which invariants were put to the test.
    pub(super) fn invariants_of(&self, judge: &Judge) {
        let mut invariants = self.invariants.lock().unwrap_or_else(PoisonError::into_inner);
        invariants.extend(judge.counts().keys().map(|(invariant, _)| *invariant));
    }

    /// So many rules were put to the test.
    pub(super) fn evaluated(&self, times: u64) {
        self.evaluations.fetch_add(times, Ordering::Relaxed);
    }

    /// Takes down what one step was in the model.
    pub(super) fn refined(&self, refinement: &Refinement) {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        for action in refinement.actions.keys() {
            if !actions.contains(action) {
                actions.insert(action.clone());
            }
        }
    }

    pub(super) fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    pub(super) fn invariants(&self) -> usize {
        self.invariants.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn actions(&self) -> usize {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
