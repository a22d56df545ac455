//! Canaries: wrong implementations that a run of all checks carries along, to show that these checks still bite.
//!
//! A sample of the [deviations](crate::deviation), spread over all of them. Each has to be caught, in generated
//! schedules, by every invariant that its table names.

use crate::deviation::{Deviation, Spec};
use crate::hunt::{catches, find};
use crate::observe::Finding;

/// How a deviation fared.
#[derive(Clone, Debug)]
pub struct Canary {
    /// Which one.
    pub spec: &'static Spec,
    /// What each invariant that must catch it found first; nothing if it was missed.
    pub findings: Vec<Finding>,
}

impl Canary {
    /// Whether everything that must catch it has.
    pub fn is_caught(&self) -> bool {
        self.spec.is_caught(&self.findings)
    }
}

/// So many deviations, evenly spread over all of them in the order of their tables.
pub fn sample(size: usize) -> Vec<&'static Spec> {
    let all: Vec<&'static Spec> = Deviation::all().collect();
    let every = all.len().checked_div(size).unwrap_or(0).max(1);
    all.into_iter().step_by(every).take(size).collect()
}

/// Hunts for the deviation in the generated schedules of this seed.
pub fn sing(spec: &'static Spec, seed: u64) -> Canary {
    let findings = find(spec, seed).map_or_else(Vec::new, |schedule| catches(spec, &schedule));
    Canary { spec, findings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_tables() {
        let all = Deviation::all().count();
        let names = |size: usize| sample(size).iter().map(|spec| spec.name).collect::<Vec<_>>();
        assert_eq!(names(all).len(), all);
        assert_eq!((names(0).len(), names(1).len(), names(12).len(), names(all + 1).len()), (0, 1, 12, all));
        let last = Deviation::all().position(|spec| names(12).last() == Some(&spec.name));
        assert!(last.is_some_and(|last| last > all / 2), "{last:?} of {all}");
    }

    #[test]
    fn a_canary_of_which_nothing_was_found_is_missed() {
        let spec = sample(1).first().copied().expect("a deviation");
        assert!(sing(spec, 1).is_caught());
        assert!(!Canary { spec, findings: vec![] }.is_caught());
    }
}
