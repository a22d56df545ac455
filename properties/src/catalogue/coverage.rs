//! How much of the catalogue is checked: in all, section by section, and by checks that exist.

use std::collections::{BTreeMap, BTreeSet};

use imsconf_model::{Conference, claims};

use super::{Catalogue, Check, CheckKind, Requirement, Section};
use crate::inside;
use crate::invariants::Observers;

/// How much of the catalogue is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Rows that something checks.
    pub covered: usize,
    /// Rows waived with a reason.
    pub waived: usize,
    /// All rows.
    pub total: usize,
}

impl Counts {
    fn add(&mut self, requirement: &Requirement) {
        self.total += 1;
        *if requirement.waiver().is_some() { &mut self.waived } else { &mut self.covered } += 1;
    }
}

impl Catalogue {
    /// How many rows are checked and how many waived.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.requirements().for_each(|requirement| counts.add(requirement));
        counts
    }

    /// The same for each section that has rows, in the order of the sections.
    pub fn counts_by_section(&self) -> BTreeMap<Section, Counts> {
        let mut all: BTreeMap<Section, Counts> = BTreeMap::new();
        for requirement in self.requirements() {
            all.entry(requirement.section).or_default().add(requirement);
        }
        all
    }

    /// The rows that are not waived and that nothing checks, because no invariant or claim has the name that they give,
    /// in the order of the ids. Tests and captures are not in the program; that they exist is a test of its own.
    pub fn uncovered(&self) -> Vec<&Requirement> {
        let claims: BTreeSet<&str> = claims::<Conference>().iter().map(|claim| claim.name).collect();
        let exists = |check: &Check| match check.kind {
            CheckKind::Invariant => Observers::names().iter().chain(inside::NAMES).any(|name| *name == check.name),
            CheckKind::Claim => claims.contains(check.name.as_str()),
            CheckKind::Unit | CheckKind::Trace => true,
        };
        let uncovered = |row: &&Requirement| row.waiver().is_none() && !row.checks().iter().any(exists);
        self.requirements().filter(uncovered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#"
[[requirement]]
id = "CR-01"
title = "t"
rule = "r"
source = "s"
role = ["ue"]
level = "must"
checked_by = [{ kind = "invariant", name = "I-OA" }, { kind = "claim", name = "no such claim" }]
[[requirement]]
id = "CR-02"
title = "t"
rule = "r"
source = "s"
role = ["ue"]
level = "must"
waiver = "not on the wire"
"#;

    #[test]
    fn a_row_whose_checks_do_not_exist_is_uncovered() {
        let read = |text: &str| Catalogue::read([(Section::Event, text)]).expect("rows");
        let catalogue = read(ROWS);
        let counts = Counts { covered: 1, waived: 1, total: 2 };
        assert_eq!(catalogue.counts_by_section(), BTreeMap::from([(Section::Event, counts)]));
        assert_eq!(catalogue.uncovered(), Vec::<&Requirement>::new());
        let catalogue = read(&ROWS.replace("I-OA", "I-NOTHING"));
        assert_eq!(catalogue.uncovered().iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["CR-01"]);
    }
}
