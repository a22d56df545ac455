//! Schedules in which the P-CSCF wants to know who asks.

use super::PICKED_AMONG;
use super::draw::Draw;
use crate::schedule::{Schedule, Step};

/// Most arrivals between the creation and a challenge to what it leads to.
const MOST_ARRIVALS: u64 = 24;

/// The same schedule with challenges to some of the UE's requests; the same `number` gives the same ones.
pub fn challenged(mut schedule: Schedule, number: u64) -> Schedule {
    let mut draw = Draw::new(number);
    schedule.world.challenges = true;
    let mut steps = Vec::with_capacity(2 * schedule.steps.len());
    for step in schedule.steps {
        steps.push(step);
        if !asks(step) || draw.below(1) == 0 {
            continue;
        }
        if matches!(step, Step::Create(_)) {
            // What is challenged may be its PRACK or its UPDATE.
            let arrivals = usize::try_from(draw.below(MOST_ARRIVALS)).unwrap_or_default();
            steps.extend(std::iter::repeat_n(Step::Deliver(0), arrivals));
        }
        steps.push(Step::Challenge(draw.small(u64::from(PICKED_AMONG) - 1)));
    }
    schedule.steps = steps;
    schedule
}

/// Whether the step has the UE send a request that may be challenged.
const fn asks(step: Step) -> bool {
    matches!(
        step,
        Step::Create(_)
            | Step::Subscribe
            | Step::Invite(_)
            | Step::InviteQuietly(_)
            | Step::Expel(_)
            | Step::HangUp(_)
            | Step::Leave
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Cases;
    use crate::refinement::Stutter;
    use crate::run::run;

    /// In generated schedules challenges happen, and change nothing.
    #[test]
    fn challenges_are_answered() {
        let schedules = || Cases::new(2, 1).take(60).zip(0..).map(|(schedule, number)| challenged(schedule, number));
        let first: Vec<_> = schedules().collect();
        assert_eq!(first, schedules().collect::<Vec<_>>());
        let reports = first.iter().map(|schedule| run(schedule, None));
        let times = |report: crate::run::Report| {
            assert_eq!(report.failure, None);
            report.refinement.stutters.get(&Stutter::Challenged).copied().unwrap_or_default()
        };
        let all: u64 = reports.map(times).sum();
        assert!(all > 60, "{all} challenges in 60 schedules");
    }
}
