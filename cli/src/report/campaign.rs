//! The part of a report that is about the implementation: schedules, refinement, invariants, and a failure if there
//! is one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use imsconf_properties::campaign::{Counterexample, Summary};
use imsconf_properties::deviation::{Deviation, Spec};
use imsconf_properties::ladder::Ladder;
use imsconf_properties::run::{self, Report};
use imsconf_properties::schedule::Schedule;
use serde::Serialize;

use super::grouped;
use crate::error::CommandError;

/// What the refinement check counted.
#[derive(Debug, Serialize)]
pub(crate) struct Refinement {
    schedules: u32,
    /// Those with damaged datagrams and restarts, which are beyond the model.
    rough: u32,
    median_steps: usize,
    moves: u64,
    refined: u64,
    actions: BTreeMap<String, u64>,
    stutters: BTreeMap<&'static str, u64>,
    /// Actions of the model that no move was.
    missing: Vec<String>,
}

/// How often an invariant was evaluated.
#[derive(Debug, Serialize)]
pub(crate) struct Invariant {
    name: &'static str,
    evaluations: u64,
    requirements: Vec<&'static str>,
}

/// A failing schedule, shrunk.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    what: String,
    steps: usize,
    replay: String,
    #[serde(skip)]
    case: u32,
    #[serde(skip)]
    steps_before: usize,
    #[serde(skip)]
    ladder: String,
    #[serde(skip)]
    schedule: Schedule,
    #[serde(skip)]
    file: PathBuf,
}

impl Refinement {
    /// `actions` are those refined, `expected` those that the model takes.
    pub(crate) fn of(summary: &Summary, actions: BTreeMap<String, u64>, expected: &[String]) -> Self {
        let missing = expected.iter().filter(|name| !actions.contains_key(*name)).cloned().collect();
        Self {
            schedules: summary.schedules,
            rough: summary.rough,
            median_steps: summary.median_steps(),
            moves: summary.moves,
            refined: actions.values().sum(),
            actions,
            stutters: summary.stutters.iter().map(|(stutter, times)| (stutter.name(), *times)).collect(),
            missing,
        }
    }

    pub(crate) const fn complete(&self) -> bool {
        self.missing.is_empty()
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from("Implementation\n");
        let _ = writeln!(
            text,
            "  {} schedules (median {} steps), {} moves, {} refined, {} stutters",
            grouped(self.schedules.into()),
            self.median_steps,
            grouped(self.moves),
            grouped(self.refined),
            grouped(self.stutters.values().sum())
        );
        let _ = writeln!(text, "  {} of them with damaged datagrams or restarts", grouped(self.rough.into()));
        text.push_str("  actions of the model, how often each was refined\n");
        columns(&mut text, self.actions.iter().map(|(name, times)| (name.as_str(), *times)));
        text.push_str("  stutters by kind\n");
        columns(&mut text, self.stutters.iter().map(|(name, times)| (*name, *times)));
        if !self.missing.is_empty() {
            let _ = writeln!(text, "  NEVER REFINED: {}", self.missing.join(", "));
        }
        text
    }

    /// What there is to say of a deliberately wrong implementation. It leaves the model: only invariants judge it.
    pub(crate) fn deviating(&self, deviation: &Deviation) -> String {
        let (schedules, moves) = (grouped(self.schedules.into()), grouped(self.moves));
        let mut text = match deviation.spec() {
            Some(Spec { name, fault, seen, caught_by, .. }) => {
                let caught_by: Vec<&str> = caught_by.iter().map(|(invariant, _)| *invariant).collect();
                let caught_by = caught_by.join(", ");
                let head = format!("Implementation with the deviation {name}\n  fault: {fault}\n  seen: {seen}\n");
                format!("{head}  must be caught by: {caught_by}\n")
            }
            None => format!("Implementation with the mutant {}\n", deviation.name()),
        };
        let _ = writeln!(text, "  {schedules} schedules (median {} steps), {moves} moves", self.median_steps);
        text
    }
}

fn columns<'a>(text: &mut String, rows: impl Iterator<Item = (&'a str, u64)>) {
    let cells: Vec<String> = rows.map(|(name, times)| format!("{name:<40}{:>9}", grouped(times))).collect();
    for pair in cells.chunks(2) {
        let _ = writeln!(text, "    {}", pair.join("   "));
    }
}

/// The invariants that were evaluated.
pub(crate) fn invariants(summary: &Summary) -> Vec<Invariant> {
    let all = summary.invariants().into_iter();
    all.map(|(name, (evaluations, requirements))| Invariant { name, evaluations, requirements }).collect()
}

pub(crate) fn invariants_text(invariants: &[Invariant]) -> String {
    let mut text = format!("Invariants ({}), how often each was evaluated\n", invariants.len());
    for invariant in invariants {
        let evaluations = grouped(invariant.evaluations);
        let _ = writeln!(text, "  {:<20}{evaluations:>12}  {}", invariant.name, invariant.requirements.join(" "));
    }
    text
}

impl Failure {
    /// `file` is where its schedule is to be kept.
    pub(crate) fn of(found: &Counterexample, deviation: Option<&Deviation>, file: &Path) -> Self {
        let mut schedule = found.minimal.clone();
        schedule.deviation = deviation.map(Deviation::name);
        let report = run::run(&schedule, deviation.cloned());
        Self {
            what: found.failure.to_string(),
            steps: schedule.steps.len(),
            replay: format!("imsconf replay {}", quoted(&file.display().to_string())),
            case: found.case,
            steps_before: found.original.steps.len(),
            ladder: ladder(&schedule, &report),
            schedule,
            file: file.to_owned(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self { what, steps, replay, case, steps_before, ladder, .. } = self;
        let head = format!("FAILED in schedule {case} (shrunk from {steps_before} to {steps} steps)");
        format!("{head}\n  {what}\n\n{ladder}\nreplay: {replay}\n")
    }

    /// Writes the shrunk schedule to its file.
    pub(crate) fn save(&self) -> Result<(), CommandError> {
        let path = &self.file;
        fs::write(path, self.schedule.to_json()).map_err(|error| CommandError::Write { path: path.clone(), error })
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The ladder of a run.
pub(crate) fn ladder(schedule: &Schedule, report: &Report) -> String {
    Ladder { parties: run::columns(schedule.world.invited), arrows: report.arrows.clone() }.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_survives_the_shell() {
        for (name, expected) in [("a/b-1.json", "a/b-1.json"), ("my run.json", "'my run.json'"), ("it's", r"'it'\''s'")]
        {
            assert_eq!(quoted(name), expected);
        }
    }
}
