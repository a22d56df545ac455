//! The part of a report that is about the model: what was explored and what holds.

use std::fmt::Write as _;
use std::time::Duration;

use imsconf_properties::model::{Action, ScopeReport, Size};
use serde::Serialize;

use super::grouped;

/// One explored configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Explored {
    configuration: String,
    invited: u8,
    losses: u8,
    symmetry: bool,
    confluence: bool,
    unique_states: usize,
    transitions: u64,
    quiescent_states: usize,
    terminal_states: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Expected>,
    claims: Vec<Claim>,
    witnesses: Vec<Witness>,
}

/// The size that a configuration has to have.
#[derive(Debug, Serialize)]
struct Expected {
    unique_states: usize,
    transitions: u64,
    quiescent_states: usize,
    terminal_states: usize,
    found: bool,
}

#[derive(Debug, Serialize)]
struct Claim {
    name: &'static str,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterexample: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Witness {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
}

fn words(path: &[Action]) -> Vec<String> {
    path.iter().map(|action| format!("{action:?}")).collect()
}

impl Explored {
    pub(crate) fn of(report: &ScopeReport) -> Self {
        let model = report.configuration.model;
        let expected = |size: Size| Expected {
            unique_states: size.states,
            transitions: size.transitions,
            quiescent_states: size.quiescent,
            terminal_states: size.terminal,
            found: size == report.size(),
        };
        let claim = |claim: &imsconf_properties::model::Verdict| Claim {
            name: claim.name,
            holds: claim.path.is_none(),
            counterexample: claim.path.as_deref().map(words),
        };
        let witness = |witness: &imsconf_properties::model::Witness| Witness {
            name: witness.name.clone(),
            path: witness.path.as_deref().map(words),
        };
        Self {
            configuration: report.configuration.to_string(),
            invited: model.invited,
            losses: model.losses,
            symmetry: report.configuration.symmetry,
            confluence: report.configuration.confluence,
            unique_states: report.unique_states,
            transitions: report.transitions,
            quiescent_states: report.quiescent_states,
            terminal_states: report.terminal_states,
            expected: report.configuration.expected().map(expected),
            claims: report.claims.iter().map(claim).collect(),
            witnesses: report.witnesses.iter().map(witness).collect(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let held = self.claims.iter().filter(|claim| claim.holds).count();
        let seen = self.witnesses.iter().filter(|witness| witness.path.is_some()).count();
        let (states, transitions) = (grouped(self.unique_states as u64), grouped(self.transitions));
        let (quiescent, terminal) = (grouped(self.quiescent_states as u64), grouped(self.terminal_states as u64));
        let (claims, branches) = (self.claims.len(), self.witnesses.len());
        let mut text = format!("  {:<48} {states:>12} states {transitions:>13} transitions\n", self.configuration);
        let _ = write!(text, "    {quiescent} quiescent, {terminal} terminal; ");
        let _ = writeln!(text, "claims held {held} of {claims}, branches seen {seen} of {branches}");
        match &self.expected {
            Some(expected) if expected.found => text.push_str("    the size is the pinned one\n"),
            Some(expected) => {
                let (states, transitions) = (grouped(expected.unique_states as u64), grouped(expected.transitions));
                let _ =
                    writeln!(text, "    DIFFERENT from the pinned size: {states} states {transitions} transitions,");
                let (quiescent, terminal) = (expected.quiescent_states, expected.terminal_states);
                let _ = writeln!(text, "    {quiescent} quiescent, {terminal} terminal");
            }
            None => {}
        }
        for claim in self.claims.iter().filter(|claim| !claim.holds) {
            let path = claim.counterexample.as_deref().unwrap_or_default().join("\n      ");
            let _ = writeln!(text, "    REFUTED {}:\n      {path}", claim.name);
        }
        for witness in self.witnesses.iter().filter(|witness| witness.path.is_none()) {
            let _ = writeln!(text, "    NEVER SEEN: {}", witness.name);
        }
        text
    }
}

/// The names of the claims.
pub(crate) fn claims_text(report: &ScopeReport) -> String {
    let mut text = String::from("  claims:");
    let mut width = text.len();
    for claim in &report.claims {
        if width + claim.name.len() + 2 > 100 {
            text.push_str("\n         ");
            width = 9;
        }
        let _ = write!(text, " {},", claim.name);
        width += claim.name.len() + 2;
    }
    text.truncate(text.trim_end_matches(',').len());
    text.push('\n');
    text
}

/// How long something took, for people.
pub(crate) fn took(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
