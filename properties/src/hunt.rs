//! The hunt for a deviation: generated schedules until everything that must catch it has, then the smallest such one.
//!
//! Read first: `deviation/mod.rs`.

use crate::campaign::{Campaign, schedules};
use crate::deviation::{Deviation, Spec};
use crate::generate::minimal;
use crate::observe::Finding;
use crate::run::run;
use crate::schedule::Schedule;
use crate::verdict::Profile;

/// How many generated schedules are tried before a deviation counts as not caught.
pub const MOST_CASES: u32 = 3_000;
/// The most steps of a shrunk schedule.
pub const MOST_STEPS: usize = 20;

/// The first generated schedule of this seed in which everything that must catch the deviation does; none among the
/// first [`MOST_CASES`].
pub fn find(spec: &'static Spec, seed: u64) -> Option<Schedule> {
    let (deviation, profile) = (Some(Deviation::new(spec)), Profile::ThreeGpp);
    let campaign = Campaign { cases: MOST_CASES, seed, invited: 2, deviation, profile };
    let found = schedules(&campaign).find(|schedule| is_caught(spec, schedule))?;
    Some(Schedule { deviation: Some(spec.name.to_owned()), ..found })
}

/// The smallest part of a schedule in which the deviation is still caught.
pub fn shrink(spec: &'static Spec, found: &Schedule) -> Schedule {
    minimal(found, |schedule| is_caught(spec, schedule))
}

/// How the deviation is caught in this schedule: what each invariant that must catch it found first.
pub fn catches(spec: &'static Spec, schedule: &Schedule) -> Vec<Finding> {
    let report = run(schedule, Some(Deviation::new(spec)));
    let findings = report.judge.findings();
    let first = |(invariant, level): &(&str, _)| {
        findings.iter().find(|finding| finding.invariant == *invariant && finding.level >= *level).cloned()
    };
    spec.caught_by.iter().filter_map(first).collect()
}

/// Whether all invariants that must catch the deviation do, in this schedule.
fn is_caught(spec: &'static Spec, schedule: &Schedule) -> bool {
    spec.is_caught(run(schedule, Some(Deviation::new(spec))).judge.findings())
}
