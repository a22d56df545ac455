//! The last runs as they are committed, one for each part of the tree, and what is known of the mutants that survive:
//! `survivors.toml`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Failure;

const COMMITTED: &str = include_str!("../survivors.toml");

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Committed {
    /// Of each folder that was tried by itself.
    pub(crate) run: Vec<Figures>,
    /// Survivors that nobody has looked at yet, or that the long checks have not been tried on.
    #[serde(default)]
    pub(crate) open: Vec<String>,
    #[serde(default)]
    pub(crate) survivor: Vec<Survivor>,
    /// What survived the run that the figures are of, and has been settled since.
    #[serde(default)]
    pub(crate) settled: Vec<Settled>,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Which sample.
    pub(crate) seed: u64,
    /// Of which folder those mutants of the sample are that were tried.
    pub(crate) within: String,
    /// How many mutants there are.
    pub(crate) population: usize,
    /// How many are in the sample.
    pub(crate) sample: usize,
    /// How many of these lie in the folder, compile, and can be switched on.
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

/// A mutant that survived and does not any more.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settled {
    pub(crate) mutant: String,
    /// Which test catches it, or that the code is gone.
    pub(crate) by: String,
}

impl Committed {
    pub(crate) fn load() -> Result<Self, Failure> {
        Ok(toml::from_str(COMMITTED)?)
    }

    /// What differs between the file and the mutants that survived of those within a folder.
    pub(crate) fn differences(&self, survived: &BTreeSet<String>, within: &str) -> Vec<String> {
        let explained = self.survivor.iter().map(|survivor| &survivor.mutant);
        let known: BTreeSet<&String> = explained.chain(&self.open).filter(|name| name.starts_with(within)).collect();
        let settled = |name: &str| self.settled.iter().find(|settled| settled.mutant == name);
        let unknown = survived.iter().filter(|name| !known.contains(name)).map(|name| match settled(name) {
            Some(settled) => format!("survives again: {name} ({})", settled.by),
            None => format!("no reason: {name}"),
        });
        let open = self.open.iter().filter(|name| survived.contains(*name)).map(|name| format!("still open: {name}"));
        let stale = known.iter().filter(|name| !survived.contains(**name)).map(|name| format!("caught now: {name}"));
        unknown.chain(open).chain(stale).collect()
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
    fn a_new_survivor_and_a_dead_one_are_both_named() {
        let survivor = Survivor { mutant: "one".to_owned(), reason: "as it is".to_owned() };
        let settled = Settled { mutant: "four".to_owned(), by: "a test".to_owned() };
        let (survivor, settled) = (vec![survivor], vec![settled]);
        let committed = Committed { run: Vec::new(), open: vec!["three".to_owned()], survivor, settled };
        let survived = BTreeSet::from(["two", "three", "four"].map(str::to_owned));
        let expected = ["survives again: four (a test)", "no reason: two", "still open: three", "caught now: one"];
        assert_eq!(committed.differences(&survived, ""), expected);
        assert_eq!(committed.differences(&BTreeSet::from(["one".to_owned()]), ""), ["caught now: three"]);
        assert_eq!(committed.differences(&BTreeSet::new(), "o"), ["caught now: one"]);
    }
}
