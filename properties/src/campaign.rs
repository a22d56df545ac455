//! Many generated schedules, run and counted; the first failing one is shrunk to a small artefact.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::corner;
use crate::deviation::Deviation;
use crate::generate::{Cases, challenged, minimal, rough};
use crate::observe::Judge;
use crate::refinement::Stutter;
use crate::run::{Failure, Report, run};
use crate::schedule::Schedule;
use crate::verdict::Profile;

/// What to run.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// How many schedules.
    pub cases: u32,
    /// Which ones.
    pub seed: u64,
    /// How many users can be invited, at most; every fourth schedule has one less.
    pub invited: u8,
    /// What is deliberately wrong in the implementation, if anything.
    pub deviation: Option<Deviation>,
    /// Which documents decide where they conflict, for the agents and for their judge.
    pub profile: Profile,
}

/// Of so many generated schedules one has damaged datagrams and agents that restart in it.
const ROUGH: u32 = 8;

/// Of so many generated schedules one has challenges in it.
const CHALLENGED: u32 = 8;

/// What it showed.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Schedules that were run.
    pub schedules: u32,
    /// Those of them that are beyond the model: only what must hold whatever happens is judged in them.
    pub rough: u32,
    /// Moves made in all of them.
    pub moves: u64,
    /// Steps of the schedules, sorted.
    steps: Vec<usize>,
    /// How often each action of the model was the image of a move.
    pub actions: BTreeMap<String, u64>,
    /// How often each kind of stutter occurred.
    pub stutters: BTreeMap<Stutter, u64>,
    /// Everything that was judged.
    pub judge: Judge,
    /// The first schedule that failed, if one did.
    pub failure: Option<Counterexample>,
}

/// A failing schedule.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Its place in the campaign.
    pub case: u32,
    /// As it was generated.
    pub original: Schedule,
    /// Shrunk.
    pub minimal: Schedule,
    /// What the shrunk one shows.
    pub failure: Failure,
}

impl Summary {
    const fn new(profile: Profile) -> Self {
        Self {
            schedules: 0,
            rough: 0,
            moves: 0,
            steps: Vec::new(),
            actions: BTreeMap::new(),
            stutters: BTreeMap::new(),
            judge: Judge::new(profile),
            failure: None,
        }
    }

    /// The median number of steps of a schedule.
    pub fn median_steps(&self) -> usize {
        self.steps.get(self.steps.len() / 2).copied().unwrap_or_default()
    }

    /// How often each invariant was evaluated, with the requirements that it checks.
    pub fn invariants(&self) -> BTreeMap<&'static str, (u64, Vec<&'static str>)> {
        let mut all: BTreeMap<&'static str, (u64, Vec<&'static str>)> = BTreeMap::new();
        for ((invariant, requirement), count) in self.judge.counts() {
            let entry = all.entry(invariant).or_default();
            entry.0 += count.evaluated;
            entry.1.push(requirement);
        }
        all
    }

    fn add(&mut self, schedule: &Schedule, report: Report) {
        self.schedules += 1;
        self.rough += u32::from(schedule.is_rough());
        self.moves += u64::from(report.moves);
        self.steps.push(schedule.steps.len());
        for (action, times) in report.refinement.actions {
            *self.actions.entry(action).or_default() += times;
        }
        for (stutter, times) in report.refinement.stutters {
            *self.stutters.entry(stutter).or_default() += times;
        }
        self.judge.absorb(report.judge);
    }

    fn absorb(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.rough += other.rough;
        self.moves += other.moves;
        self.steps.extend(other.steps);
        for (action, times) in other.actions {
            *self.actions.entry(action).or_default() += times;
        }
        for (stutter, times) in other.stutters {
            *self.stutters.entry(stutter).or_default() += times;
        }
        self.judge.absorb(other.judge);
        let earlier = |found: &Counterexample| self.failure.as_ref().is_none_or(|own| found.case < own.case);
        if other.failure.as_ref().is_some_and(earlier) {
            self.failure = other.failure;
        }
    }
}

/// The schedules of a campaign, in order: the corners, unless the implementation is deliberately wrong, and `cases`
/// generated ones.
pub fn schedules(campaign: &Campaign) -> impl Iterator<Item = Schedule> {
    let corners = if campaign.deviation.is_none() { corner::all() } else { Ok(Vec::new()) };
    let corners = corners.unwrap_or_else(|error| unreachable!("the corners are tested: {error}"));
    let fewer = campaign.invited.saturating_sub(1).max(1);
    let mut most = Cases::new(campaign.invited, campaign.seed);
    let mut rest = Cases::new(fewer, campaign.seed);
    let (seed, conforming) = (campaign.seed, campaign.deviation.is_none());
    let generated = (0..campaign.cases).filter_map(move |case| {
        let schedule = if case % 4 == 3 { rest.next() } else { most.next() };
        let is_rough = conforming && case % ROUGH == ROUGH - 1;
        let number = u64::from(case) ^ seed << 32;
        schedule.map(|own| match case % CHALLENGED {
            _ if is_rough => rough(own, number),
            1 => challenged(own, number),
            _ => own,
        })
    });
    let profile = campaign.profile;
    corners.into_iter().map(|(_, schedule)| schedule).chain(generated).map(move |mut schedule| {
        schedule.world.profile = profile;
        schedule
    })
}

/// Runs a campaign on `threads` threads; `progress` is told how many schedules are done.
pub fn campaign(campaign: &Campaign, threads: u32, progress: &(dyn Fn(u32) + Sync)) -> Summary {
    let threads = threads.max(1);
    let done = AtomicU32::new(0);
    let stop_after = AtomicU32::new(u32::MAX);
    let part = &|thread: u32| {
        let mut summary = Summary::new(campaign.profile);
        for (case, schedule) in (0..).zip(schedules(campaign)).filter(|(case, _)| case % threads == thread) {
            if case > stop_after.load(Ordering::Relaxed) {
                break;
            }
            let report = run(&schedule, campaign.deviation.clone());
            let failure = report.failure.clone();
            summary.add(&schedule, report);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            if let Some(failure) = failure {
                stop_after.fetch_min(case, Ordering::Relaxed);
                summary.failure = Some(shrunk(case, schedule, &failure, campaign.deviation.as_ref()));
                break;
            }
        }
        summary
    };
    let parts: Vec<Summary> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut summary = Summary::new(campaign.profile);
    for part in parts {
        summary.absorb(part);
    }
    summary.steps.sort_unstable();
    summary
}

/// The smallest schedule that fails in the same way.
fn shrunk(case: u32, original: Schedule, failure: &Failure, deviation: Option<&Deviation>) -> Counterexample {
    let name = failure.name();
    let fails =
        |schedule: &Schedule| run(schedule, deviation.cloned()).failure.is_some_and(|found| found.name() == name);
    let minimal = minimal(&original, fails);
    let failure = run(&minimal, deviation.cloned()).failure.unwrap_or_else(|| failure.clone());
    Counterexample { case, original, minimal, failure }
}
