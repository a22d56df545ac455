//! A world as a model: what can happen next, and what each step has to hold to.
//!
//! Read first: `world/mod.rs`, `run.rs`, of which this is the exhaustive form.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use imsconf::time::TimerClass;
use imsconf_model as model;
use stateright::{Checker, Model, Property};

use super::tally::Tally;
use super::{Counterexample, Exploration, Explored, Faults, Scope};
use crate::deviation::Deviation;
use crate::generate::minimal;
use crate::inside;
use crate::invariants::Observers;
use crate::observe::{End, Event, Finding, Judge, Stage};
use crate::refinement::{Refinement, alpha};
use crate::run::{Failure, MAX_MOVES, run};
use crate::schedule::{Schedule, SecondOffer, Settings, Step};
use crate::verdict::Level;
use crate::world::{Happened, Move, Node, Outcome, Rough, World};

/// One scope on the implementation.
#[derive(Debug)]
struct Scene {
    start: Situation,
    /// How the start was reached.
    opening: Vec<Step>,
    /// What users and operator may do, as often as the agents take it.
    commands: &'static [Step],
    deviation: Option<Deviation>,
    tally: Arc<Tally>,
}

/// A world with all that has been noted about it.
#[derive(Clone, Debug)]
struct Situation {
    world: World,
    observers: Observers,
    /// The world's state in the model.
    state: model::State,
    /// What the network may still do wrong.
    left: Faults,
    /// Time that passed since the observers saw something.
    elapsed: Duration,
    /// What is wrong: nothing goes on from here.
    failure: Option<Box<Failure>>,
}

impl Hash for Situation {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // The state of the model is a function of the world.
        let beside = (&self.observers, self.left, self.elapsed, self.failure.is_some());
        hasher.write_u64(self.world.fingerprint(&beside));
    }
}

impl PartialEq for Situation {
    fn eq(&self, other: &Self) -> bool {
        let mine = (&self.world, &self.observers, self.left, self.elapsed, &self.failure);
        mine == (&other.world, &other.observers, other.left, other.elapsed, &other.failure)
    }
}

impl Scope {
    fn invited(self) -> u8 {
        if self == Self::TwoInvitations { 2 } else { 1 }
    }

    /// What the network may do wrong in it.
    pub const fn faults(self) -> Faults {
        match self {
            Self::Creation | Self::Invitation => Faults { drops: 1, doubles: 1 },
            Self::Transactions | Self::Orders | Self::TwoInvitations | Self::Races => Faults { drops: 0, doubles: 0 },
        }
    }

    /// What has happened when it begins.
    fn opening(self) -> Vec<Step> {
        match self {
            Self::Transactions | Self::Creation | Self::Orders => vec![],
            Self::Invitation | Self::TwoInvitations | Self::Races => {
                vec![Step::Create(SecondOffer::Prack), Step::Settle, Step::Subscribe, Step::Settle]
            }
        }
    }

    const fn commands(self) -> &'static [Step] {
        const BUSY: Step = Step::Busy(0);
        const DECLINE: Step = Step::Decline(0);
        match self {
            Self::Transactions => &[],
            Self::Creation => &[
                Step::Create(SecondOffer::Prack),
                Step::Create(SecondOffer::Update),
                Step::RefuseCreation(true),
                Step::WithdrawCreation(500),
                Step::Cancel,
            ],
            Self::Orders => &[
                Step::Create(SecondOffer::Prack),
                Step::Create(SecondOffer::Update),
                Step::Subscribe,
                Step::Invite(0),
                Step::Ring(0),
                Step::Answer(0),
                BUSY,
                DECLINE,
            ],
            Self::Invitation => &[Step::Invite(0), Step::Ring(0), Step::Answer(0), BUSY, DECLINE],
            Self::TwoInvitations => &[Step::Invite(0), Step::Invite(1), Step::Answer(0), Step::Answer(1), BUSY],
            Self::Races => {
                &[Step::Invite(0), Step::Ring(0), Step::Answer(0), Step::Expel(0), Step::Unsubscribe, Step::Leave]
            }
        }
    }
}

impl Scene {
    fn new(what: &Exploration, tally: Arc<Tally>) -> Self {
        let Exploration { scope, faults, deviation, .. } = what;
        let settings = Settings { invited: scope.invited(), ..Settings::default() };
        let world = World::new(settings, deviation.clone());
        let state = alpha(&world);
        let observers = Observers::new(settings.profile);
        let start = Situation {
            world,
            observers,
            state,
            left: faults.unwrap_or_else(|| scope.faults()),
            elapsed: Duration::ZERO,
            failure: None,
        };
        let deviation = deviation.clone();
        let mut scene = Self { start, opening: scope.opening(), commands: scope.commands(), deviation, tally };
        let mut start = scene.start.clone();
        for step in &scene.opening {
            scene.open(&mut start, *step);
        }
        scene.start = start;
        scene
    }

    /// One step of the opening, in which everything takes its ordinary course.
    fn open(&self, situation: &mut Situation, step: Step) {
        if let Some(single) = Move::of(step, situation.world.in_flight().len()) {
            self.make(situation, single);
            return;
        }
        let mut busy = true;
        while busy && situation.failure.is_none() {
            let step = if situation.world.in_flight().is_empty() { Move::Fire } else { Move::Deliver(0) };
            busy = !situation.world.in_flight().is_empty() || !situation.world.is_quiescent();
            if busy {
                self.make(situation, step);
            }
        }
    }

    /// Makes one move and checks it; whether it was possible.
    fn make(&self, situation: &mut Situation, step: Move) -> bool {
        let outcome = situation.world.apply(step);
        if outcome.happened == Happened::Nothing {
            return false;
        }
        let mut judge = Judge::new(situation.world.settings().profile);
        self.observe(situation, &outcome, &mut judge);
        if situation.failure.is_none() && self.deviation.is_none() {
            let mut refinement = Refinement::at(&situation.world, situation.state);
            match refinement.check(&outcome, &situation.world) {
                Ok(()) => situation.state = *refinement.state(),
                Err(divergence) => situation.failure = Some(Box::new(Failure::Refinement(0, divergence))),
            }
            self.tally.refined(&refinement);
        }
        self.judged(situation, &judge);
        true
    }

    fn observe(&self, situation: &mut Situation, outcome: &Outcome, judge: &mut Judge) {
        situation.elapsed += outcome.elapsed;
        let arrived = outcome.arrived.iter().map(|(crossing, _)| (crossing, Stage::Delivered));
        let sent = outcome.sent.iter().map(|crossing| (crossing, Stage::Sent));
        for (crossing, stage) in arrived.chain(sent) {
            let elapsed = std::mem::take(&mut situation.elapsed);
            let (party, message) = (crossing.party, &crossing.message);
            situation.observers.observe(&Event { number: 0, elapsed, party, stage, message }, judge);
        }
    }

    /// Takes what was judged; what is wrong is kept.
    fn judged(&self, situation: &mut Situation, judge: &Judge) {
        self.tally.judged(judge);
        let serious = |finding: &&Finding| match &self.deviation {
            Some(deviation) => deviation.is_caught_by(finding),
            // Our own implementation is held to every SHOULD as well.
            None => matches!(finding.level, Level::Fail | Level::NonStrict),
        };
        if situation.failure.is_none() {
            let found = judge.findings().iter().find(serious);
            situation.failure = found.cloned().map(|finding| Box::new(Failure::Invariant(finding)));
        }
    }

    /// Proxies keep nothing and do not choose: whatever is for one of them goes on at once.
    fn hop(&self, situation: &mut Situation) {
        let for_proxy = |world: &World| {
            world.in_flight().iter().position(|datagram| matches!(datagram.to, Node::PCscf | Node::SCscf))
        };
        while let Some(place) = for_proxy(&situation.world).filter(|_| situation.failure.is_none()) {
            self.make(situation, Move::Deliver(place));
        }
    }

    /// At rest nothing may be owed and nothing left over, once the timers for late copies have run out.
    fn conclude(&self, situation: &mut Situation) {
        if !situation.world.is_quiescent() || situation.failure.is_some() {
            return;
        }
        let mut end = situation.clone();
        let mut judge = Judge::new(end.world.settings().profile);
        end.observers.end(End::Quiescent, &mut judge);
        self.judged(&mut end, &judge);
        if self.deviation.is_none()
            && let Err(divergence) = Refinement::at(&end.world, end.state).check_progress()
        {
            end.failure.get_or_insert_with(|| Box::new(Failure::Refinement(0, divergence)));
        }
        let mut moves = 0;
        while end.world.timer_pending(TimerClass::Linger) && end.failure.is_none() && moves < MAX_MOVES {
            let step = if end.world.in_flight().is_empty() { Move::Fire } else { Move::Deliver(0) };
            self.make(&mut end, step);
            moves += 1;
        }
        let mut judge = Judge::new(end.world.settings().profile);
        inside::judge(&end.world, &mut judge);
        self.judged(&mut end, &judge);
        situation.failure = end.failure;
    }

    /// The schedule of a way through the scene.
    fn schedule(&self, path: Vec<Move>) -> Schedule {
        let mut steps = self.opening.clone();
        let mut situation = self.start.clone();
        for step in path {
            steps.push(step_of(step));
            self.make(&mut situation, step);
            while let Some(place) =
                situation.world.in_flight().iter().position(|datagram| matches!(datagram.to, Node::PCscf | Node::SCscf))
            {
                steps.push(step_of(Move::Deliver(place)));
                situation.world.apply(Move::Deliver(place));
            }
        }
        let settings = self.start.world.settings();
        let deviation = self.deviation.as_ref().map(Deviation::name);
        Schedule { deviation, ..Schedule::new(settings, steps) }
    }
}

/// The step of a schedule that a move is.
fn step_of(step: Move) -> Step {
    let place = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    match step {
        Move::Command(command) => command,
        Move::Deliver(index) => Step::Deliver(place(index)),
        Move::Drop(index) => Step::Drop(place(index)),
        Move::Duplicate(index) => Step::Duplicate(place(index)),
        Move::Lose(index) => Step::Lose(place(index)),
        Move::Rough(Rough::Damage(index, bit)) => Step::Damage(place(index), bit),
        Move::Rough(Rough::Truncate(index, at)) => Step::Truncate(place(index), at),
        Move::Rough(Rough::Restart(number)) => Step::Restart(number),
        Move::Fire => Step::Fire,
    }
}

impl Model for Scene {
    type State = Situation;
    type Action = Move;

    fn init_states(&self) -> Vec<Situation> {
        vec![self.start.clone()]
    }

    fn actions(&self, situation: &Situation, actions: &mut Vec<Move>) {
        if situation.failure.is_some() {
            return;
        }
        actions.extend(self.commands.iter().copied().map(Move::Command));
        let flight = situation.world.in_flight();
        for (place, datagram) in flight.iter().enumerate() {
            // Which of two copies arrives makes no difference.
            if flight.iter().take(place).any(|earlier| earlier == datagram) {
                continue;
            }
            actions.push(Move::Deliver(place));
            if situation.left.drops > 0 {
                actions.push(Move::Drop(place));
            }
            if situation.left.doubles > 0 {
                actions.push(Move::Duplicate(place));
            }
        }
        if flight.is_empty() && !situation.world.is_quiescent() {
            actions.push(Move::Fire);
        }
    }

    fn next_state(&self, situation: &Situation, step: Move) -> Option<Situation> {
        let mut next = situation.clone();
        if !self.make(&mut next, step) {
            return None;
        }
        match step {
            Move::Drop(_) => next.left.drops -= 1,
            Move::Duplicate(_) => next.left.doubles -= 1,
            Move::Command(_) | Move::Deliver(_) | Move::Lose(_) | Move::Rough(_) | Move::Fire => {}
        }
        self.hop(&mut next);
        self.conclude(&mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("conforming", |_, situation: &Situation| situation.failure.is_none())]
    }
}

/// Explores a scope of the whole procedure.
pub(super) fn explore(what: &Exploration) -> Explored {
    let tally = Arc::new(Tally::default());
    let scene = Scene::new(what, Arc::clone(&tally));
    let began = Instant::now();
    let builder = scene.checker().threads(what.threads.max(1));
    let builder = what.limit.into_iter().fold(builder, stateright::CheckerBuilder::timeout);
    let checker = builder.spawn_dfs().join();
    let in_time = what.limit.is_none_or(|limit| began.elapsed() < limit);
    let found = checker.discoveries().remove("conforming").and_then(|path| {
        let failure = path.last_state().failure.clone()?;
        Some(shrunk(*failure, checker.model().schedule(path.into_actions()), what.deviation.as_ref()))
    });
    Explored {
        name: what.scope.name().to_owned(),
        unique_states: checker.unique_state_count(),
        transitions: checker.state_count().saturating_sub(1),
        depth: checker.max_depth().saturating_sub(1),
        evaluations: tally.evaluations(),
        invariants: tally.invariants(),
        actions: tally.actions(),
        complete: in_time && found.is_none(),
        failure: found,
    }
}

/// The failing schedule made small; as it is if a run of it does not show the same.
fn shrunk(failure: Failure, schedule: Schedule, deviation: Option<&Deviation>) -> Counterexample {
    let failing = |schedule: &Schedule| run(schedule, deviation.cloned()).failure;
    let fails = |schedule: &Schedule| failing(schedule).is_some_and(|again| again.name() == failure.name());
    if !fails(&schedule) {
        return Counterexample::Schedule { failure: Box::new(failure), schedule };
    }
    let schedule = minimal(&schedule, fails);
    let failure = failing(&schedule).unwrap_or(failure);
    Counterexample::Schedule { failure: Box::new(failure), schedule }
}
