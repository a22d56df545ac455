//! The last run as it is committed, and what is known of the mutants that survive: `survivors.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Failure;

const COMMITTED: &str = include_str!("../survivors.toml");

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Committed {
    pub(crate) run: Figures,
    #[serde(default)]
    pub(crate) survivor: Vec<Survivor>,
}

/// The figures of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Which sample.
    pub(crate) seed: u64,
    /// How many mutants there are.
    pub(crate) population: usize,
    /// How many are in the sample.
    pub(crate) sample: usize,
    /// How many of these compile, and can be switched on.
    pub(crate) viable: usize,
    /// How many of these a check caught, those included that never ended.
    pub(crate) caught: usize,
    /// How many never ended.
    pub(crate) timed_out: usize,
}

/// A mutant that no check catches.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survivor {
    pub(crate) mutant: String,
    /// Why: the mutant is the same program, or what it changes is out of reach.
    pub(crate) reason: String,
}

impl Committed {
    pub(crate) fn load() -> Result<Self, Failure> {
        Ok(toml::from_str(COMMITTED)?)
    }

    /// What differs between the file and the mutants that survived.
    pub(crate) fn differences(&self, survived: &BTreeSet<String>) -> Vec<String> {
        let known: BTreeMap<&String, &String> = self.survivor.iter().map(|one| (&one.mutant, &one.reason)).collect();
        let unknown = survived.iter().filter(|name| !known.contains_key(name)).map(|name| format!("no reason: {name}"));
        let stale = known.keys().filter(|name| !survived.contains(**name)).map(|name| format!("caught now: {name}"));
        unknown.chain(stale).collect()
    }
}

impl Figures {
    /// Caught ones of a hundred viable ones.
    pub(crate) fn percent(&self) -> f64 {
        100.0 * self.caught as f64 / self.viable.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_survivor_of_the_committed_run_has_a_reason() {
        let committed = Committed::load().expect("survivors.toml can be read");
        let names: BTreeSet<_> = committed.survivor.iter().map(|survivor| &survivor.mutant).collect();
        assert_eq!(names.len(), committed.survivor.len(), "a mutant stands twice");
        assert_eq!(committed.run.viable - committed.run.caught, names.len());
        for Survivor { mutant, reason } in &committed.survivor {
            assert!(reason.split_whitespace().count() >= 4, "{mutant}: {reason}");
        }
    }

    #[test]
    fn the_committed_run_is_large_enough_and_catches_what_it_should() {
        let run = Committed::load().expect("survivors.toml can be read").run;
        assert!(run.viable >= 400, "{run:?}");
        assert!(run.percent() >= 90.0, "{run:?}");
    }

    #[test]
    fn a_new_survivor_and_a_dead_one_are_both_named() {
        let survivor = Survivor { mutant: "one".to_owned(), reason: "as it is".to_owned() };
        let committed = Committed { run: Figures::default(), survivor: vec![survivor] };
        let survived = BTreeSet::from(["two".to_owned()]);
        assert_eq!(committed.differences(&survived), ["no reason: two", "caught now: one"]);
        assert_eq!(committed.differences(&BTreeSet::from(["one".to_owned()])), [""; 0]);
    }
}
