//! Where rules are put to the test: counts how often, and keeps what did not hold.
//!
//! The judge stands outside the explored state: two worlds that merge may have been judged differently often.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Party;
use crate::level::{Level, Profile};

/// One rule of an invariant: which requirement of the catalogue it checks and how serious it is when it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// The invariant, such as `I-TARGET`.
    pub invariant: &'static str,
    /// The requirement in the catalogue, such as `CR-51`.
    pub requirement: &'static str,
    /// The level of a breach in the profile `3gpp`.
    pub level: Level,
    /// The level of a breach in the profile `ietf`.
    pub ietf: Level,
    /// Whether the rule can only be called broken if nothing in the call was missed, see [`Rule::needs_history`].
    pub history: bool,
    /// Whether the rule can only be called broken where the party is, see [`Rule::needs_vantage`].
    pub vantage: bool,
}

impl Rule {
    /// A rule with the same level in both profiles.
    pub const fn new(invariant: &'static str, requirement: &'static str, level: Level) -> Self {
        Self { invariant, requirement, level, ietf: level, history: false, vantage: false }
    }

    /// The same rule with another level in the profile `ietf`.
    #[must_use]
    pub const fn ietf(self, level: Level) -> Self {
        Self { ietf: level, ..self }
    }

    /// The same rule, which supposes that everything in the call was seen: where a capture shows that it missed
    /// something before, what looks broken is only undecided.
    #[must_use]
    pub const fn needs_history(self) -> Self {
        Self { history: true, ..self }
    }

    /// The same rule, which judges by what the party was delivered before, or by what it did not do: a capture made
    /// elsewhere shows another order, and not what was lost on the way to it. There what looks broken is only
    /// undecided.
    #[must_use]
    pub const fn needs_vantage(self) -> Self {
        Self { vantage: true, ..self }
    }
}

/// Something that did not hold, or is worth saying.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Finding {
    /// The invariant that found it.
    pub invariant: &'static str,
    /// The requirement of the catalogue, or a seed defect (`SD-42`).
    pub requirement: &'static str,
    /// How serious it is.
    pub level: Level,
    /// Whose behaviour it is about.
    pub party: Party,
    /// The frames or steps that show it, the decisive one last.
    pub numbers: Vec<u32>,
    /// What was expected and what was seen, in one line.
    pub text: String,
}

/// How often a rule was put to the test and how often it did not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Count {
    /// How often the rule was evaluated.
    pub evaluated: u64,
    /// How often it did not hold.
    pub broken: u64,
}

/// Collects findings and counts evaluations.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    profile: Profile,
    invariant: &'static str,
    gap: bool,
    vantage: Option<Party>,
    counts: BTreeMap<(&'static str, &'static str), Count>,
    findings: Vec<Finding>,
}

impl Judge {
    /// A judge that has seen nothing.
    pub const fn new(profile: Profile) -> Self {
        Self { profile, invariant: "", gap: false, vantage: None, counts: BTreeMap::new(), findings: Vec::new() }
    }

    /// The profile that decides the levels.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Puts `rule` to the test for `party`; `numbers` and `text` are only used when it does not hold.
    /// Returns `holds`.
    pub fn rule(
        &mut self,
        rule: &'static Rule,
        party: Party,
        holds: bool,
        numbers: &[u32],
        text: impl FnOnce() -> String,
    ) -> bool {
        let level = match self.profile {
            Profile::ThreeGpp => rule.level,
            Profile::Ietf => rule.ietf,
        };
        if let Some(doubt) = self.doubt(rule, party).filter(|_| !holds) {
            self.inconclusive(rule, party, numbers, || format!("{}; but {doubt}", text()));
            return holds;
        }
        let count = self.counts.entry((rule.invariant, rule.requirement)).or_default();
        count.evaluated += 1;
        if !holds {
            count.broken += 1;
            self.find(rule.invariant, rule.requirement, level, party, numbers, text());
        }
        holds
    }

    /// Why this rule cannot be called broken now.
    fn doubt(&self, rule: &Rule, party: Party) -> Option<&'static str> {
        if rule.history && self.gap {
            return Some("something in this call was missed");
        }
        let elsewhere = self.vantage.is_some_and(|vantage| vantage != party);
        (rule.vantage && elsewhere).then_some("at the party itself it may have been in another order")
    }

    /// The rule's situation arose, but the observation does not suffice to decide it.
    pub fn inconclusive(&mut self, rule: &'static Rule, party: Party, numbers: &[u32], text: impl FnOnce() -> String) {
        self.counts.entry((rule.invariant, rule.requirement)).or_default().evaluated += 1;
        self.find(rule.invariant, rule.requirement, Level::Inconclusive, party, numbers, text());
    }

    /// Something legal worth saying, usually a seed defect (`SD-nn`) that was met.
    pub fn note(&mut self, requirement: &'static str, party: Party, numbers: &[u32], text: impl FnOnce() -> String) {
        self.counts.entry((self.invariant, requirement)).or_default().evaluated += 1;
        self.find(self.invariant, requirement, Level::Note, party, numbers, text());
    }

    /// A rule that is told only of when it is broken.
    pub(crate) fn broken(
        &mut self,
        (invariant, requirement): (&'static str, &'static str),
        level: Level,
        party: Party,
        numbers: &[u32],
        text: String,
    ) {
        let count = self.counts.entry((invariant, requirement)).or_default();
        count.evaluated += 1;
        count.broken += 1;
        self.find(invariant, requirement, level, party, numbers, text);
    }

    fn find(
        &mut self,
        invariant: &'static str,
        requirement: &'static str,
        level: Level,
        party: Party,
        numbers: &[u32],
        text: String,
    ) {
        self.findings.push(Finding { invariant, requirement, level, party, numbers: numbers.to_vec(), text });
    }

    /// Says whose notes come now; called by [`crate::invariants::Observers`] before each observer.
    pub(crate) const fn enter(&mut self, invariant: &'static str) {
        self.invariant = invariant;
    }

    /// Says whether something in the call that is judged now was missed, see [`Rule::needs_history`].
    pub(crate) const fn set_gap(&mut self, gap: bool) {
        self.gap = gap;
    }

    /// Says at which party the events are seen, if at one, see [`Rule::needs_vantage`].
    pub(crate) const fn set_vantage(&mut self, vantage: Option<Party>) {
        self.vantage = vantage;
    }

    /// Everything found so far, in the order in which it was found.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How often each requirement was put to the test, over all invariants, in the order of the ids.
    pub fn requirements(&self) -> Vec<(&'static str, u64)> {
        let mut all: BTreeMap<&'static str, u64> = BTreeMap::new();
        for ((_, requirement), count) in &self.counts {
            *all.entry(requirement).or_default() += count.evaluated;
        }
        all.into_iter().collect()
    }

    /// How often each (invariant, requirement) was put to the test and broken.
    pub const fn counts(&self) -> &BTreeMap<(&'static str, &'static str), Count> {
        &self.counts
    }

    /// Adds what another judge saw to this one.
    pub fn absorb(&mut self, other: Self) {
        for (key, count) in other.counts {
            let entry = self.counts.entry(key).or_default();
            entry.evaluated += count.evaluated;
            entry.broken += count.broken;
        }
        self.findings.extend(other.findings);
    }
}
