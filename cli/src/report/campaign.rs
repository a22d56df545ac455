//! The part of a report that is about the implementation: schedules, refinement, invariants, and a failure if there is one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use imsconf_properties::campaign::{Counterexample, Summary};
use imsconf_properties::deviation::Deviation;
use imsconf_properties::ladder::Ladder;
use imsconf_properties::run::{self, Report};
use imsconf_properties::schedule::Schedule;
use serde::Serialize;

use super::grouped;
use crate::error::CommandError;

/// Where the schedule of a failure is written.
const FAILURE_FILE: &str = "imsconf-failure.json";

/// What the refinement check counted.
#[derive(Debug, Serialize)]
pub(crate) struct Refinement {
    schedules: u32,
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

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    what: String,
    steps: usize,
    replay: String,
}

impl Refinement {
    /// `actions` are those refined, `expected` those that the model takes.
    pub(crate) fn of(summary: &Summary, actions: BTreeMap<String, u64>, expected: &[String]) -> Self {
        let missing = expected.iter().filter(|name| !actions.contains_key(*name)).cloned().collect();
        Self {
            schedules: summary.schedules,
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
        text.push_str("  actions of the model, how often each was refined\n");
        columns(&mut text, self.actions.iter().map(|(name, times)| (name.as_str(), *times)));
        text.push_str("  stutters by kind\n");
        columns(&mut text, self.stutters.iter().map(|(name, times)| (*name, *times)));
        if !self.missing.is_empty() {
            let _ = writeln!(text, "  NEVER REFINED: {}", self.missing.join(", "));
        }
        text
    }
}

fn columns<'a>(text: &mut String, rows: impl Iterator<Item = (&'a str, u64)>) {
    let cells: Vec<String> = rows.map(|(name, times)| format!("{name:<34}{:>11}", grouped(times))).collect();
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

/// Prints a failure with its ladder, writes the shrunk schedule to a file, and says how to replay it.
pub(crate) fn failure(
    found: &Counterexample,
    deviation: Option<&Deviation>,
) -> Result<(String, Failure), CommandError> {
    let mut schedule = found.minimal.clone();
    schedule.deviation = deviation.map(|deviation| deviation.spec().name.to_owned());
    let path = Path::new(FAILURE_FILE);
    fs::write(path, schedule.to_json()).map_err(|error| CommandError::Write { path: path.to_owned(), error })?;
    let report = run::run(&schedule, deviation.cloned());
    let replay = format!("imsconf replay {FAILURE_FILE}");
    let steps = schedule.steps.len();
    let text = format!(
        "FAILED in schedule {} (shrunk from {} to {steps} steps)\n  {}\n\n{}\nreplay: {replay}\n",
        found.case,
        found.original.steps.len(),
        found.failure,
        ladder(&schedule, &report),
    );
    Ok((text, Failure { what: found.failure.to_string(), steps, replay }))
}

/// The ladder of a run.
pub(crate) fn ladder(schedule: &Schedule, report: &Report) -> String {
    Ladder { parties: run::columns(schedule.world.invited), arrows: report.arrows.clone() }.render()
}
