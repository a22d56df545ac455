//! The smallest schedule that still fails: delta debugging over the steps, with the steps' meaning known.
//!
//! Removing steps alone leaves long runs of single deliveries that only carry messages along. So runs are also replaced
//! by `Flush` or `Settle`, and datagram numbers are lowered towards the oldest.

use crate::schedule::{Path, Schedule, Settings, Step, TimerPreset};

/// The most candidate schedules that are run for one shrink; shrinking stops there with the best found so far.
pub(crate) const MOST_ATTEMPTS: usize = 4_000;

/// The smallest schedule found for which `fails` still holds; `schedule` itself must fail.
pub fn minimal(schedule: &Schedule, mut fails: impl FnMut(&Schedule) -> bool) -> Schedule {
    let mut shrink = Shrink { best: schedule.clone(), attempts: 0, fails: &mut fails };
    loop {
        let before = (shrink.best.clone(), shrink.attempts);
        shrink.runs_replaced();
        shrink.steps_removed();
        shrink.steps_simplified();
        shrink.settings_simplified();
        if shrink.best == before.0 || shrink.attempts >= MOST_ATTEMPTS {
            return shrink.best;
        }
    }
}

struct Shrink<'f> {
    best: Schedule,
    attempts: usize,
    fails: &'f mut dyn FnMut(&Schedule) -> bool,
}

impl Shrink<'_> {
    /// Keeps `candidate` if it still fails.
    fn attempt(&mut self, candidate: Schedule) -> bool {
        if self.attempts >= MOST_ATTEMPTS || candidate == self.best {
            return false;
        }
        self.attempts += 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    fn attempt_steps(&mut self, steps: Vec<Step>) -> bool {
        let candidate = Schedule { steps, ..self.best.clone() };
        self.attempt(candidate)
    }

    /// Replaces stretches of network steps by one step that carries everything along.
    fn runs_replaced(&mut self) {
        let mut length = self.best.steps.len();
        while length >= 2 {
            let mut start = 0;
            while start + length <= self.best.steps.len() {
                let replaced = [Step::Flush, Step::Settle].into_iter().any(|whole| {
                    let mut steps = self.best.steps.clone();
                    let all_network = steps[start..start + length].iter().all(|step| is_network(*step));
                    steps.splice(start..start + length, [whole]);
                    all_network && self.attempt_steps(steps)
                });
                start += if replaced { 1 } else { length.div_ceil(2) };
            }
            length /= 2;
        }
    }

    /// Removes stretches of steps, long ones first.
    fn steps_removed(&mut self) {
        let mut length = self.best.steps.len();
        while length >= 1 {
            let mut start = 0;
            while start + length <= self.best.steps.len() {
                let mut steps = self.best.steps.clone();
                steps.drain(start..start + length);
                if !self.attempt_steps(steps) {
                    start += length;
                }
            }
            length /= 2;
        }
    }

    /// Puts a plainer step in the place of each.
    fn steps_simplified(&mut self) {
        for index in 0..self.best.steps.len() {
            for plainer in plainer(self.best.steps[index]) {
                let mut steps = self.best.steps.clone();
                steps[index] = plainer;
                if self.attempt_steps(steps) {
                    break;
                }
            }
        }
    }

    fn settings_simplified(&mut self) {
        let world = self.best.world;
        let timeless = Settings { session_timers: false, ..world };
        let datagrams = Settings { path: Path::Unlimited, ..timeless };
        let plain = Settings { timers: TimerPreset::Rfc3261, seed: 0, ..datagrams };
        for candidate in [
            plain,
            datagrams,
            timeless,
            Settings { session_timers: world.session_timers, ..plain },
            Settings { seed: 0, ..world },
            Settings { timers: TimerPreset::Rfc3261, ..world },
        ] {
            if self.attempt(Schedule { world: candidate, ..self.best.clone() }) {
                break;
            }
        }
        let users = self.best.steps.iter().filter_map(Step::user).max().map_or(1, |highest| highest + 1);
        let fewer = Settings { invited: users, ..self.best.world };
        self.attempt(Schedule { world: fewer, ..self.best.clone() });
    }
}

/// Whether the step only moves what is in flight or time.
const fn is_network(step: Step) -> bool {
    matches!(step, Step::Deliver(_) | Step::Flush | Step::Fire | Step::Settle | Step::Idle)
}

fn plainer(step: Step) -> Vec<Step> {
    match step {
        Step::Deliver(number) => {
            let mut steps = vec![Step::Settle, Step::Flush];
            steps.extend((0..number).map(Step::Deliver));
            steps
        }
        Step::Drop(number) => (0..number).map(Step::Drop).collect(),
        Step::Duplicate(number) => (0..number).map(Step::Duplicate).collect(),
        Step::Lose(number) => (0..number).map(Step::Lose).collect(),
        Step::Challenge(number) => (0..number).map(Step::Challenge).collect(),
        Step::CutOff(timers) => (0..timers).map(Step::CutOff).collect(),
        Step::Flush | Step::Fire => vec![Step::Settle],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Cases;

    #[test]
    fn what_does_not_matter_goes_away() {
        let needs = |schedule: &Schedule| {
            let position = |wanted: Step| schedule.steps.iter().position(|step| *step == wanted);
            position(Step::Invite(0)).is_some_and(|invite| position(Step::Leave).is_some_and(|leave| leave > invite))
        };
        let large = Cases::new(2, 5).find(needs).expect("some schedule invites and then leaves");
        let small = minimal(&large, needs);
        assert_eq!(small.steps, [Step::Invite(0), Step::Leave]);
        assert_eq!(small.world, Settings { invited: 1, ..Settings::default() });
    }
}
