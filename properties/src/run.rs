//! Running a schedule under every check: observers of the wire, refinement, progress, and what only the inside shows.
//!
//! [`run`] is the one way in which the command, the tests and later the fuzzer execute a schedule.

use std::fmt;
use std::time::Duration;

use imsconf::time::TimerClass;

use crate::deviation::Deviation;
use crate::export::Recording;
use crate::inside;
use crate::invariants::Observers;
use crate::ladder::Arrow;
use crate::observe::{End, Event, Finding, Judge, Party, Stage};
use crate::refinement::{Divergence, Refinement};
use crate::schedule::{MOST_CUT_OFF, Schedule, Step};
use crate::starvation::Starvation;
use crate::verdict::{Level, is_failure};
use crate::world::{Crossing, Happened, Move, Outcome, World};

/// The most moves that one schedule may take; a system that is still busy then does not come to rest.
pub const MAX_MOVES: u32 = 20_000;

/// Why a run is not conforming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An invariant of the wire or of the inside was broken.
    Invariant(Finding),
    /// The implementation left the model in this step.
    Refinement(u32, Divergence),
    /// The world does not come to rest.
    Restless,
}

impl Failure {
    /// A name that stays the same while the schedule shrinks: the invariant, or the way in which the model was left.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invariant(finding) => finding.invariant,
            Self::Refinement(_, Divergence::Stuck { .. }) => "progress",
            Self::Refinement(..) => "refinement",
            Self::Restless => "rest",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invariant(finding) => {
                write!(
                    f,
                    "{} ({}) broken by the {}: {}",
                    finding.invariant, finding.requirement, finding.party, finding.text
                )
            }
            Self::Refinement(step, divergence) => write!(f, "step {step}: {divergence}"),
            Self::Restless => write!(f, "the world does not come to rest within {MAX_MOVES} moves"),
        }
    }
}

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first thing that is wrong, if anything is.
    pub failure: Option<Failure>,
    /// Everything that the observers judged.
    pub judge: Judge,
    /// What the moves were in the model.
    pub refinement: Refinement,
    /// How many moves were made.
    pub moves: u32,
    /// The messages between user agents, for a ladder.
    pub arrows: Vec<Arrow>,
}

/// The columns of the ladder of a run.
pub fn columns(invited: u8) -> Vec<String> {
    let users = (0..invited).map(|user| format!("user {user}"));
    ["UE".to_owned(), "focus".to_owned()].into_iter().chain(users).collect()
}

/// Runs `schedule` until something fails.
///
/// With a deviation only the invariants judge, because the model is left anyway, and the run goes on until all of those
/// that must catch it have: a fault may break something else first.
pub fn run(schedule: &Schedule, deviation: Option<Deviation>) -> Report {
    run_with(schedule, deviation, |_| ())
}

/// Like [`run`], and shows the refinement to `visit` after every move.
pub fn run_with(schedule: &Schedule, deviation: Option<Deviation>, visit: impl FnMut(&Refinement)) -> Report {
    done(schedule, deviation, visit, None).0
}

/// Like [`run`], and records what crossed the agents' boundaries.
pub fn run_recorded(schedule: &Schedule, deviation: Option<Deviation>) -> (Report, Recording) {
    let new = || Recording::new(schedule.world);
    let (report, recording) = done(schedule, deviation, |_| (), Some(new()));
    (report, recording.unwrap_or_else(new))
}

fn done(
    schedule: &Schedule,
    deviation: Option<Deviation>,
    visit: impl FnMut(&Refinement),
    recording: Option<Recording>,
) -> (Report, Option<Recording>) {
    let wrong = deviation.clone();
    let world = World::new(schedule.world, deviation);
    let mut runner = Runner {
        observers: Observers::new(schedule.world.profile),
        judge: Judge::new(schedule.world.profile),
        refinement: Refinement::new(&world),
        wrong,
        cut_off: Duration::ZERO,
        rough: schedule.is_rough(),
        starvation: Starvation::default(),
        starved: false,
        failure: None,
        moves: 0,
        step: 0,
        elapsed: Duration::ZERO,
        arrows: Vec::new(),
        blamed: false,
        visit,
        recording,
        world,
    };
    for step in &schedule.steps {
        runner.step += 1;
        runner.step(*step);
        if runner.is_over() {
            return runner.parts();
        }
    }
    runner.step += 1;
    runner.conclude();
    runner.parts()
}

struct Runner<V> {
    world: World,
    observers: Observers,
    judge: Judge,
    refinement: Refinement,
    /// What is deliberately wrong, if anything.
    wrong: Option<Deviation>,
    /// For how long nothing arrived so far.
    cut_off: Duration,
    /// Whether something happens that is beyond the model and the procedures.
    rough: bool,
    starvation: Starvation,
    /// Whether something was lost for good that arrives in the model.
    starved: bool,
    failure: Option<Failure>,
    moves: u32,
    step: u32,
    /// Time that passed since the observers saw something.
    elapsed: Duration,
    arrows: Vec<Arrow>,
    /// Whether the ladder shows what is wrong.
    blamed: bool,
    visit: V,
    /// What crosses the boundaries of the agents, if that is wanted.
    recording: Option<Recording>,
}

impl<V: FnMut(&Refinement)> Runner<V> {
    fn parts(mut self) -> (Report, Option<Recording>) {
        let recording = self.recording.take();
        (self.report(), recording)
    }

    fn report(self) -> Report {
        let found = || {
            let findings = self.judge.findings();
            let expected =
                findings.iter().find(|finding| self.wrong.as_ref().is_some_and(|wrong| wrong.is_caught_by(finding)));
            expected.or_else(|| findings.iter().find(|finding| is_failure(finding))).cloned().map(Failure::Invariant)
        };
        Report {
            failure: if self.wrong.is_some() { found().or(self.failure) } else { self.failure },
            judge: self.judge,
            refinement: self.refinement,
            moves: self.moves,
            arrows: self.arrows,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Flush => self.flush(),
            Step::Settle => self.settle(),
            Step::Idle => self.idle(),
            Step::CutOff(timers) => self.cut_off(timers),
            // A session is refreshed where a schedule waits for it, not while something else goes on.
            Step::Fire if self.refreshes_next() => {}
            single => {
                if let Some(made) = Move::of(single, self.world.in_flight().len()) {
                    self.make(made);
                }
                if single.runs_through() {
                    self.flush();
                }
            }
        }
    }

    /// Whether what the run is for has been seen.
    fn is_over(&self) -> bool {
        self.failure.is_some() || self.wrong.as_ref().is_some_and(|wrong| wrong.is_caught(self.judge.findings()))
    }

    /// Whether the run is held to the model.
    const fn is_refined(&self) -> bool {
        self.wrong.is_none() && !self.rough && !self.starved
    }

    /// Whether to go on: the run is not over and there are moves left.
    fn goes_on(&mut self) -> bool {
        if !self.is_over() && self.moves >= MAX_MOVES {
            self.failure = Some(Failure::Restless);
        }
        !self.is_over()
    }

    /// Nothing arrives for so many timers: what is repeated meanwhile is lost as well.
    fn cut_off(&mut self, timers: u8) {
        let start = self.world.now();
        let end = start + MOST_CUT_OFF.saturating_sub(self.cut_off);
        for _ in 0..timers {
            if self.world.now() >= end {
                break;
            }
            for place in (0..self.world.in_flight().len()).rev() {
                self.make(Move::Drop(place));
            }
            if !self.goes_on() || self.world.next_timer_at().is_none_or(|at| at > end) || self.refreshes_next() {
                // What is left of the time passes with the next timer.
                self.cut_off = MOST_CUT_OFF;
                return;
            }
            self.make(Move::Fire);
        }
        self.cut_off += self.world.now().since(start);
    }

    fn refreshes_next(&self) -> bool {
        self.world.next_class() == Some(TimerClass::Session)
    }

    fn flush(&mut self) {
        while !self.world.in_flight().is_empty() && self.goes_on() {
            self.make(Move::Deliver(0));
        }
    }

    fn settle(&mut self) {
        self.flush();
        while !self.world.is_quiescent() && self.goes_on() {
            self.make(Move::Fire);
            self.flush();
        }
        self.starvation.rest();
    }

    /// Runs on to quiescence, and from there until a session is refreshed, if one will be.
    fn idle(&mut self) {
        self.settle();
        while let Some(class) = self.world.next_class().filter(|_| self.goes_on()) {
            self.make(Move::Fire);
            self.flush();
            if class == TimerClass::Session {
                return;
            }
        }
    }

    /// Runs on to quiescence, asks what is still owed, lets late copies' timers run out and looks for leaks.
    fn conclude(&mut self) {
        self.settle();
        if self.is_over() {
            return;
        }
        if !self.rough {
            self.observers.end(End::Quiescent, &mut self.judge);
        }
        if let Some(recording) = &mut self.recording {
            recording.rest();
        }
        if self.is_refined()
            && let Err(divergence) = self.refinement.check_progress()
        {
            self.failure = Some(Failure::Refinement(self.step, divergence));
            return;
        }
        while self.world.timer_pending(TimerClass::Linger) && self.goes_on() {
            self.make(Move::Fire);
            self.flush();
        }
        if self.rough {
            inside::judge_rough(&self.world, &mut self.judge);
        } else {
            inside::judge(&self.world, &mut self.judge);
        }
        self.find_failure();
    }

    fn make(&mut self, step: Move) {
        if let Move::Drop(place) = step
            && let Some((message, may_be_lost)) = self.world.losable(place)
        {
            // A lost INVITE takes of the time that its answers have.
            self.starved |= self.starvation.drops(self.world.now(), &message) && !may_be_lost;
        }
        let outcome = self.world.apply(step);
        outcome.arrived.iter().for_each(|(crossing, _)| self.starvation.arrives(&crossing.message));
        self.starved |= outcome.sent.iter().any(|crossing| self.starvation.is_cut_short(&crossing.message));
        self.moves += 1;
        self.draw(&outcome);
        if let Some(recording) = &mut self.recording {
            recording.take(self.world.now(), &outcome);
        }
        if !self.rough {
            self.observe(&outcome);
        }
        if self.is_refined() {
            match self.refinement.check(&outcome, &self.world) {
                Ok(()) => (self.visit)(&self.refinement),
                Err(divergence) => self.failure = Some(Failure::Refinement(self.step, divergence)),
            }
        }
        self.find_failure();
    }

    fn observe(&mut self, outcome: &Outcome) {
        // A move that shows nothing on the wire still takes its time.
        self.elapsed += outcome.elapsed;
        let arrived = outcome.arrived.iter().map(|(crossing, _)| (crossing, Stage::Delivered));
        let sent = outcome.sent.iter().map(|crossing| (crossing, Stage::Sent));
        for (crossing, stage) in arrived.chain(sent) {
            let Crossing { party, message, .. } = crossing;
            let event = Event::new(self.step, std::mem::take(&mut self.elapsed), *party, stage, message);
            self.observers.observe(&event, &mut self.judge);
            self.blame(crossing, stage);
        }
    }

    /// Marks the message that breaks the first rule; one that was only sent so far gets a line of its own.
    fn blame(&mut self, crossing: &Crossing, stage: Stage) {
        if self.blamed {
            return;
        }
        let Some(finding) = self.judge.findings().iter().find(|finding| is_failure(finding)) else { return };
        let mark = finding.requirement.to_owned();
        self.blamed = true;
        match (stage, self.arrows.last_mut()) {
            (Stage::Delivered, Some(arrow)) => arrow.mark = mark,
            (Stage::Delivered, None) | (Stage::Sent, _) => {
                let at = column(crossing.party);
                let label = format!("sends {}", crossing.message.label());
                let (number, time) = (self.step, self.world.now().since(imsconf::time::Time::EPOCH));
                self.arrows.push(Arrow { number, time, from: at, to: at, label, mark, lost: false });
            }
        }
    }

    fn find_failure(&mut self) {
        if self.failure.is_none() && self.wrong.is_none() {
            // Our own implementation is held to every SHOULD as well.
            let serious = |finding: &&Finding| matches!(finding.level, Level::Fail | Level::NonStrict);
            let finding = self.judge.findings().iter().find(serious);
            self.failure = finding.cloned().map(Failure::Invariant);
        }
    }

    fn draw(&mut self, outcome: &Outcome) {
        let time = self.world.now().since(imsconf::time::Time::EPOCH);
        let number = self.step;
        if let Some((crossing, from)) = &outcome.arrived {
            let copy = if crossing.entry.first { "" } else { "copy" };
            self.arrows.push(Arrow {
                number,
                time,
                from: column(*from),
                to: column(crossing.party),
                label: crossing.message.label(),
                mark: copy.to_owned(),
                lost: false,
            });
        } else if outcome.happened == Happened::Lost {
            self.arrows.push(Arrow {
                number,
                time,
                from: 0,
                to: 0,
                label: "lost for good".to_owned(),
                mark: String::new(),
                lost: true,
            });
        }
    }
}

fn column(party: Party) -> usize {
    match party {
        Party::Ue => 0,
        Party::Focus | Party::Unknown(_) => 1,
        Party::Participant(user) => 2 + usize::from(user),
    }
}
