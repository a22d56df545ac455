//! Generated schedules: every order that a user and a network can bring about, and the smallest one that still fails.
//!
//! [`strategy`] is for proptest; [`Cases`] draws the same schedules one by one from a seed, for the command;
//! [`minimal`] shrinks a failing schedule further than element-wise shrinking can, because it knows what the steps
//! mean.

mod challenged;
mod draw;
mod minimal;
mod rough;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use self::challenged::challenged;
pub use self::minimal::minimal;
pub use self::rough::rough;
use crate::schedule::{Path, REFUSALS, Schedule, SecondOffer, Settings, Step, TimerPreset};

/// Fewest steps after the opening of a generated schedule.
pub const FEWEST_STEPS: usize = 40;
/// Most steps after the opening of a generated schedule.
pub const MOST_STEPS: usize = 120;
/// Datagrams are picked among this many of the oldest in flight; more are hardly ever on their way at once.
const PICKED_AMONG: u16 = 6;

/// How many refreshes a schedule with session timers waits for.
const LONG: usize = 4;

/// Schedules for `invited` users: an opening that mostly creates the conference, then anything in any order.
pub fn strategy(invited: u8) -> impl Strategy<Value = Schedule> {
    let timers = prop_oneof![3 => Just(TimerPreset::Rfc3261), 1 => Just(TimerPreset::Ims)];
    let path = prop_oneof![7 => Just(Path::Unlimited), 1 => Just(Path::Unknown)];
    let steps = prop::collection::vec(step(invited), FEWEST_STEPS..=MOST_STEPS);
    let parts = (timers, path, 0..4_u64, calls(invited), opening(), steps, prop::bool::weighted(0.1));
    parts.prop_map(move |(timers, path, seed, mut all, opening, steps, session_timers)| {
        all.extend(opening);
        all.extend(steps);
        if session_timers {
            all.extend([Step::Idle; LONG]);
            all.push(Step::Leave);
        }
        Schedule::new(Settings { invited, timers, path, seed, session_timers, ..Settings::default() }, all)
    })
}

fn second_offer() -> impl Strategy<Value = SecondOffer> {
    prop_oneof![Just(SecondOffer::Prack), Just(SecondOffer::Update)]
}

/// Most schedules are about what follows a creation, some about the creation itself.
fn opening() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        2 => second_offer().prop_map(|offer| vec![Step::Create(offer)]),
        1 => given_up(),
        5 => second_offer().prop_map(|offer| vec![Step::Create(offer), Step::Flush]),
        3 => second_offer().prop_map(|offer| vec![Step::Create(offer), Step::Flush, Step::Subscribe, Step::Flush]),
        1 => second_offer().prop_map(occupied),
        1 => Just(vec![]),
    ]
}

/// The creator and one invited user are in the conference, and both have subscribed.
fn occupied(offer: SecondOffer) -> Vec<Step> {
    let steps = [Step::Create(offer), Step::Subscribe, Step::Invite(0), Step::Answer(0), Step::UserSubscribes(0)];
    steps.into_iter().flat_map(|step| [step, Step::Flush]).collect()
}

/// A creation that is given up after a few arrivals: five hops for each message of its own.
fn given_up() -> impl Strategy<Value = Vec<Step>> {
    let withdrawn = prop::sample::select(&REFUSALS[..]).prop_map(Step::WithdrawCreation);
    let end = prop_oneof![2 => Just(Step::Cancel), 1 => withdrawn];
    let arrivals = prop::collection::vec((0..2_u16).prop_map(Step::Deliver), 0..25);
    (second_offer(), arrivals, end).prop_map(|(offer, arrivals, end)| {
        let mut steps = vec![Step::Create(offer)];
        steps.extend(arrivals);
        steps.push(end);
        steps
    })
}

/// Some schedules begin with calls between the UE and invited users, which the conference may replace.
fn calls(invited: u8) -> impl Strategy<Value = Vec<Step>> {
    let call = prop_oneof![(0..invited).prop_map(Step::UeCalls), (0..invited).prop_map(Step::UserCalls)];
    prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(call, 1..=2)]
}

fn step(invited: u8) -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => (0..PICKED_AMONG).prop_map(Step::Deliver),
        24 => command(invited),
        3 => (0..PICKED_AMONG).prop_map(Step::Drop),
        3 => (0..PICKED_AMONG).prop_map(Step::Duplicate),
        1 => (0..PICKED_AMONG).prop_map(Step::Lose),
        1 => (1..12_u8).prop_map(Step::CutOff),
        4 => Just(Step::Flush),
        4 => Just(Step::Fire),
        1 => Just(Step::Settle),
    ]
}

fn command(invited: u8) -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => second_offer().prop_map(Step::Create),
        4 => Just(Step::Subscribe),
        1 => Just(Step::Refresh),
        1 => Just(Step::Unsubscribe),
        8 => (0..invited).prop_map(Step::Invite),
        2 => (0..invited).prop_map(Step::InviteQuietly),
        2 => (0..invited).prop_map(Step::Expel),
        1 => Just(Step::Leave),
        1 => Just(Step::Cancel),
        1 => prop::sample::select(&REFUSALS[..]).prop_map(Step::RefuseCreationWith),
        1 => prop::sample::select(&REFUSALS[..]).prop_map(Step::WithdrawCreation),
        1 => prop::bool::weighted(0.3).prop_map(Step::RefuseTerminations),
        5 => (0..invited).prop_map(Step::Ring),
        6 => (0..invited).prop_map(Step::Answer),
        1 => (0..invited).prop_map(Step::Busy),
        1 => (0..invited).prop_map(Step::Decline),
        2 => (0..invited).prop_map(Step::UserLeaves),
        2 => (0..invited).prop_map(Step::UserSubscribes),
        1 => (0..invited).prop_map(Step::HangUp),
        1 => (0..invited).prop_map(Step::UserHangsUp),
        2 => (0..invited).prop_map(Step::UserHolds),
        1 => (0..invited).prop_map(Step::UserResumes),
        2 => (0..invited).prop_map(Step::FocusHolds),
        1 => (0..invited).prop_map(Step::FocusResumes),
        1 => prop::bool::weighted(0.3).prop_map(Step::RefuseCreation),
        1 => prop::bool::weighted(0.3).prop_map(Step::RefuseRefer),
        1 => prop::bool::weighted(0.4).prop_map(Step::InsistOnReports),
    ]
}

/// An endless, reproducible stream of schedules.
#[derive(Debug)]
pub struct Cases {
    runner: TestRunner,
    invited: u8,
}

impl Cases {
    /// The schedules for `invited` users that belong to `seed`.
    pub fn new(invited: u8, seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &key);
        Self { runner: TestRunner::new_with_rng(Config::default(), rng), invited }
    }
}

impl Iterator for Cases {
    type Item = Schedule;

    fn next(&mut self) -> Option<Schedule> {
        let tree = strategy(self.invited).new_tree(&mut self.runner);
        Some(tree.unwrap_or_else(|reason| unreachable!("no strategy here filters: {reason}")).current())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_schedules() {
        let first: Vec<_> = Cases::new(2, 1).take(20).collect();
        assert_eq!(first, Cases::new(2, 1).take(20).collect::<Vec<_>>());
        assert_ne!(first, Cases::new(2, 2).take(20).collect::<Vec<_>>());
    }

    #[test]
    fn every_kind_of_step_is_generated() {
        let mut kinds = std::collections::BTreeSet::new();
        for step in Cases::new(2, 3).take(200).flat_map(|schedule| schedule.steps) {
            let text = format!("{step:?}");
            kinds.insert(text.split('(').next().unwrap_or_default().to_owned());
        }
        assert_eq!(kinds.len(), 38, "{kinds:?}");
    }
}
