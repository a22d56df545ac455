//! A world as a model: what can happen next, and what each step has to hold to.
//!
//! A situation is a list of numbers, see `atlas.rs` and `watch.rs`: what is met again is looked up, what is new is
//! worked out by the real agents, observers and refinement check. Situations that differ by a shift in time, or in the
//! order in which the datagrams in flight were sent, are one.
//!
//! Once the network does nothing wrong any more, no late copy can come: the timers that wait for some run out together
//! with the next timer of somebody who waits for something. What users do before that, they do while late copies are
//! still waited for.
//!
//! Read first: `world/mod.rs`, `run.rs`, of which this is the exhaustive form.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use imsconf::time::TimerClass;
use imsconf_model as model;
use stateright::{Checker, Model, Property};

use super::atlas::{Atlas, Cast, Cause, Happening, OF_LATE, Page, Reaction, USERS};
use super::tally::Tally;
use super::watch::Watchtower;
use super::{Counterexample, Exploration, Explored, Faults, Scope};
use crate::deviation::Deviation;
use crate::generate::minimal;
use crate::inside;
use crate::intern::{Interner, Memo};
use crate::invariants::Observers;
use crate::observe::{Event, Judge, Stage};
use crate::refinement::{Refinement, alpha};
use crate::run::{Failure, MAX_MOVES, run};
use crate::schedule::{Schedule, SecondOffer, Settings, Step};
use crate::world::{MAX_IN_FLIGHT, Move, Node, Rough, World};

/// One scope on the implementation.
#[derive(Debug)]
struct Scene {
    /// What the world was when the scope begins.
    world: World,
    start: Situation,
    /// How the start was reached.
    opening: Vec<Step>,
    /// What users and operator may do, as often as the agents take it.
    commands: &'static [Step],
    deviation: Option<Deviation>,
    tally: Arc<Tally>,
    atlas: Atlas,
    tower: Watchtower,
    states: Interner<model::State>,
    /// The state of the model, by the agents' views, the ledger and what was chosen from outside.
    alphas: Memo<([u32; 2 + USERS], u32, u32), u32>,
    /// Whether the model allows a page, by the state before, the ledger, the happening and the state after.
    allowed: Memo<[u32; 4], Option<Arc<Failure>>>,
    /// Whether the model owes something, by its state.
    owing: Memo<u32, Option<Arc<Failure>>>,
    /// Whether something is left over, by the agents and the ledger.
    left_over: Memo<(Cast, u32), Option<Arc<Failure>>>,
    /// What is wrong at the end, by the agents, the ledger, the observers and the time that they do not know of.
    ended: Memo<(Cast, u32, u32, Duration), Option<Arc<Failure>>>,
}

/// A world with all that has been noted about it.
#[derive(Clone, Debug)]
struct Situation {
    cast: Cast,
    ledger: u32,
    /// The letters in flight.
    flight: Vec<u32>,
    /// The observers.
    watch: u32,
    /// The world's state in the model.
    state: u32,
    /// What the network may still do wrong.
    left: Faults,
    /// Time that passed since the observers saw something.
    elapsed: Duration,
    /// What is wrong: nothing goes on from here.
    failure: Option<Arc<Failure>>,
}

impl Hash for Situation {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // The state of the model is a function of the world.
        let Self { cast, ledger, flight, watch, state: _, left, elapsed, failure } = self;
        (cast, ledger, flight, watch, left, elapsed, failure.is_some()).hash(hasher);
    }
}

impl PartialEq for Situation {
    fn eq(&self, other: &Self) -> bool {
        let mine = (self.cast, self.ledger, &self.flight, self.watch, self.left, self.elapsed, &self.failure);
        mine == (other.cast, other.ledger, &other.flight, other.watch, other.left, other.elapsed, &other.failure)
    }
}

/// What can happen next. A letter is told by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Next {
    Command(Step),
    Deliver(u32),
    Drop(u32),
    Double(u32),
    Fire,
}

impl Faults {
    const NONE: Self = Self { drops: 0, doubles: 0 };

    /// What is left of them after a step.
    const fn after(self, step: Next) -> Self {
        match step {
            Next::Drop(_) => Self { drops: self.drops.saturating_sub(1), ..self },
            Next::Double(_) => Self { doubles: self.doubles.saturating_sub(1), ..self },
            Next::Command(_) | Next::Deliver(_) | Next::Fire => self,
        }
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
            Self::Transactions
            | Self::Orders
            | Self::TwoInvitations
            | Self::LeaveAndExpel
            | Self::LeaveAndUnsubscribe
            | Self::ExpelAndUnsubscribe
            | Self::Races => Faults::NONE,
        }
    }

    /// What has happened when it begins.
    fn opening(self) -> Vec<Step> {
        match self {
            Self::Transactions | Self::Creation | Self::Orders => vec![],
            Self::Invitation
            | Self::TwoInvitations
            | Self::LeaveAndExpel
            | Self::LeaveAndUnsubscribe
            | Self::ExpelAndUnsubscribe
            | Self::Races => {
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
            Self::LeaveAndExpel => &[Step::Invite(0), Step::Ring(0), Step::Answer(0), Step::Expel(0), Step::Leave],
            Self::LeaveAndUnsubscribe => {
                &[Step::Invite(0), Step::Ring(0), Step::Answer(0), Step::Unsubscribe, Step::Leave]
            }
            Self::ExpelAndUnsubscribe => {
                &[Step::Invite(0), Step::Ring(0), Step::Answer(0), Step::Expel(0), Step::Unsubscribe]
            }
            Self::Races => {
                &[Step::Invite(0), Step::Ring(0), Step::Answer(0), Step::Expel(0), Step::Unsubscribe, Step::Leave]
            }
        }
    }
}

impl Scene {
    fn new(what: &Exploration, tally: Arc<Tally>) -> Self {
        let Exploration { scope, faults, deviation, profile, .. } = what;
        let settings = Settings { invited: scope.invited(), profile: *profile, ..Settings::default() };
        let tower = Watchtower::new(settings.profile, deviation.clone(), Arc::clone(&tally));
        let opening = scope.opening();
        let world = World::new(settings, deviation.clone());
        let atlas = Atlas::new(world.clone());
        let mut opened = Plainly::new(world, deviation.is_none(), &tower);
        opening.iter().for_each(|step| opened.open(*step));
        let (cast, ledger, flight) = atlas.take(&opened.world);
        let states = Interner::default();
        let start = Situation {
            cast,
            ledger,
            flight,
            watch: tower.take(&opened.observers),
            state: states.note(&alpha(&opened.world)),
            left: faults.unwrap_or_else(|| scope.faults()),
            elapsed: opened.elapsed,
            failure: opened.failure.map(Arc::new),
        };
        Self {
            world: opened.world,
            start,
            opening,
            commands: scope.commands(),
            deviation: deviation.clone(),
            tally,
            atlas,
            tower,
            states,
            alphas: Memo::of_late(OF_LATE),
            allowed: Memo::of_late(OF_LATE),
            owing: Memo::default(),
            left_over: Memo::default(),
            ended: Memo::of_late(OF_LATE),
        }
    }

    /// Makes one step and checks it; whether it was possible.
    fn make(&self, situation: &mut Situation, step: Next) -> bool {
        let Situation { cast, ledger, .. } = *situation;
        let made = match step {
            Next::Command(step) => {
                let control = step.is_control().then_some(true);
                let reaction = self.atlas.order(cast, step, &situation.flight);
                reaction.map(|reaction| (reaction, Cause::Command(step), control, Duration::ZERO))
            }
            Next::Deliver(letter) => {
                let reaction =
                    take_out(&mut situation.flight, letter).then(|| self.atlas.receive(cast, ledger, letter)).flatten();
                reaction.map(|reaction| (reaction, Cause::Arrival(letter), None, Duration::ZERO))
            }
            Next::Fire => {
                let fired = situation.flight.is_empty().then(|| self.atlas.fire(cast, ledger)).flatten();
                fired.map(|fired| {
                    let control = fired.uncontrolled.then_some(false);
                    (fired.reaction.clone(), Cause::Fired, control, fired.elapsed)
                })
            }
            // A copy more or less is nothing to agents, observers and model until it arrives.
            Next::Drop(letter) => {
                return self.atlas.letter_at(letter).is_lossy() && take_out(&mut situation.flight, letter);
            }
            Next::Double(letter) => {
                let lossy = self.atlas.letter_at(letter).is_lossy();
                return lossy && put_in(&mut situation.flight, letter);
            }
        };
        let Some((reaction, cause, control, elapsed)) = made else { return false };
        situation.elapsed += elapsed;
        let Reaction { cast, reacted } = reaction;
        situation.cast = cast;
        for letter in &reacted.carried {
            put_in(&mut situation.flight, *letter);
        }
        self.check(situation, Happening { cause, sent: reacted.sent, control });
        true
    }

    /// Shows what happened to the observers and to the refinement check.
    fn check(&self, situation: &mut Situation, happening: Happening) {
        let before = situation.ledger;
        let (number, written) = self.atlas.write(before, happening);
        situation.ledger = written.ledger;
        let mut wrong = None;
        if written.outcome.arrived.is_some() || !written.outcome.sent.is_empty() {
            let elapsed = std::mem::take(&mut situation.elapsed);
            wrong = self.tower.show(&mut situation.watch, number, &written, elapsed);
        }
        if self.deviation.is_none() && situation.failure.is_none() {
            self.refine(situation, [before, number], &written);
        }
        if situation.failure.is_none() {
            situation.failure = wrong.map(|finding| Arc::new(Failure::Invariant((*finding).clone())));
        }
    }

    fn refine(&self, situation: &mut Situation, page: [u32; 2], written: &Page) {
        let Situation { cast, ledger, state, .. } = *situation;
        let world = || self.atlas.world(cast, ledger);
        let key = (self.atlas.views(cast), ledger, cast.setting);
        let after = self.alphas.get(key, || self.states.note(&alpha(&world())));
        let [before, happening] = page;
        situation.failure = self.allowed.get([state, before, happening, after], || {
            let world = world();
            let mut refinement = Refinement::at(&world, *self.states.get(state));
            let allowed = refinement.check(&written.outcome, &world);
            self.tally.refined(&refinement);
            allowed.err().map(|divergence| Arc::new(Failure::Refinement(0, divergence)))
        });
        situation.state = after;
    }

    /// Whether the next timer is one for late copies, of which there will be none.
    fn is_late(&self, situation: &Situation) -> bool {
        let next = || self.atlas.fire(situation.cast, situation.ledger).is_some_and(|fired| fired.late);
        situation.left == Faults::NONE && situation.flight.is_empty() && situation.failure.is_none() && next()
    }

    /// Whether nothing is in flight and nobody waits for anything but refreshes, expiries and late copies.
    fn is_quiescent(&self, situation: &Situation) -> bool {
        situation.flight.is_empty() && !self.atlas.pending(situation.cast).0
    }

    /// At rest nothing may be owed and nothing left over, once the timers for late copies have run out.
    fn conclude(&self, situation: &mut Situation) {
        if situation.failure.is_some() || !self.is_quiescent(situation) {
            return;
        }
        // What the network may still do wrong makes no difference at the end.
        let Situation { cast, ledger, watch, elapsed, .. } = *situation;
        situation.failure = self.ended.get((cast, ledger, watch, elapsed), || self.end(situation.clone()));
    }

    /// What is wrong at the end.
    fn end(&self, mut end: Situation) -> Option<Arc<Failure>> {
        let wrong = self.tower.end(&mut end.watch);
        end.failure = wrong.map(|finding| Arc::new(Failure::Invariant((*finding).clone())));
        if self.deviation.is_none() && end.failure.is_none() {
            end.failure = self.owing.get(end.state, || {
                let world = self.atlas.world(end.cast, end.ledger);
                let owed = Refinement::at(&world, *self.states.get(end.state)).check_progress();
                owed.err().map(|divergence| Arc::new(Failure::Refinement(0, divergence)))
            });
        }
        let mut moves = 0;
        while self.atlas.pending(end.cast).1 && end.failure.is_none() && moves < MAX_MOVES {
            let step = end.flight.first().map_or(Next::Fire, |letter| Next::Deliver(*letter));
            self.make(&mut end, step);
            moves += 1;
        }
        if end.failure.is_none() {
            end.failure = self.left_over.get((end.cast, end.ledger), || {
                let world = self.atlas.world(end.cast, end.ledger);
                let mut judge = Judge::new(world.settings().profile);
                inside::judge(&world, &mut judge);
                self.tally.judged(&judge);
                self.tower.wrong(&judge).map(|finding| Arc::new(Failure::Invariant(finding)))
            });
        }
        end.failure
    }

    /// The schedule of a way through the scene.
    fn schedule(&self, path: Vec<Next>) -> Schedule {
        let mut steps = self.opening.clone();
        let mut world = self.world.clone();
        let mut left = self.start.left;
        let mut apply = |world: &mut World, single: Move| {
            steps.push(step_of(single));
            world.apply(single);
        };
        for next in path {
            while next == Next::Fire && left == Faults::NONE && waits_for_copies(&world) {
                apply(&mut world, Move::Fire);
            }
            left = left.after(next);
            let single = self.single(&world, next);
            apply(&mut world, single);
            while let Some(place) = for_proxy(&world) {
                apply(&mut world, Move::Deliver(place));
            }
        }
        let deviation = self.deviation.as_ref().map(Deviation::name);
        Schedule { deviation, ..Schedule::new(self.world.settings(), steps) }
    }

    /// The move of this world that a step of the scene is.
    fn single(&self, world: &World, next: Next) -> Move {
        let place = |letter| {
            let datagram = self.atlas.letter_at(letter).datagram();
            world.in_flight().iter().position(|own| Some(own) == datagram.as_ref()).unwrap_or(usize::MAX)
        };
        match next {
            Next::Command(step) => Move::Command(step),
            Next::Deliver(letter) => Move::Deliver(place(letter)),
            Next::Drop(letter) => Move::Drop(place(letter)),
            Next::Double(letter) => Move::Duplicate(place(letter)),
            Next::Fire => Move::Fire,
        }
    }
}

/// Where a datagram to a proxy is in flight.
fn for_proxy(world: &World) -> Option<usize> {
    world.in_flight().iter().position(|datagram| matches!(datagram.to, Node::PCscf | Node::SCscf))
}

/// Whether the next timer of the world is one for late copies.
fn waits_for_copies(world: &World) -> bool {
    world.in_flight().is_empty() && world.next_class() == Some(TimerClass::Linger)
}

/// Takes one copy of a letter out; whether there was one.
fn take_out(flight: &mut Vec<u32>, letter: u32) -> bool {
    let place = flight.iter().position(|own| *own == letter);
    place.is_some_and(|place| flight.remove(place) == letter)
}

/// Adds a copy of a letter, in order; whether there was room.
fn put_in(flight: &mut Vec<u32>, letter: u32) -> bool {
    let room = flight.len() < MAX_IN_FLIGHT;
    if room {
        flight.insert(flight.partition_point(|own| *own < letter), letter);
    }
    room
}

/// A world step by step, with no table in between: how a scope is opened.
struct Plainly<'t> {
    world: World,
    observers: Observers,
    refinement: Option<Refinement>,
    elapsed: Duration,
    failure: Option<Failure>,
    tower: &'t Watchtower,
}

impl<'t> Plainly<'t> {
    fn new(world: World, is_refined: bool, tower: &'t Watchtower) -> Self {
        let observers = Observers::new(world.settings().profile);
        let refinement = is_refined.then(|| Refinement::new(&world));
        Self { world, observers, refinement, elapsed: Duration::ZERO, failure: None, tower }
    }

    /// One step of an opening, in which everything takes its ordinary course.
    fn open(&mut self, step: Step) {
        if let Some(single) = Move::of(step, self.world.in_flight().len()) {
            self.make(single);
            return;
        }
        while !self.world.in_flight().is_empty() || !self.world.is_quiescent() {
            self.make(if self.world.in_flight().is_empty() { Move::Fire } else { Move::Deliver(0) });
        }
    }

    fn make(&mut self, single: Move) {
        let outcome = self.world.apply(single);
        self.elapsed += outcome.elapsed;
        let mut judge = Judge::new(self.world.settings().profile);
        let arrived = outcome.arrived.iter().map(|(crossing, _)| (crossing, Stage::Delivered));
        let sent = outcome.sent.iter().map(|crossing| (crossing, Stage::Sent));
        for (crossing, stage) in arrived.chain(sent) {
            let elapsed = std::mem::take(&mut self.elapsed);
            let event = Event::new(0, elapsed, crossing.party, stage, &crossing.message);
            self.observers.observe(&event, &mut judge);
        }
        let world = &self.world;
        let diverged = self.refinement.as_mut().and_then(|refinement| refinement.check(&outcome, world).err());
        let wrong = || self.tower.wrong(&judge).map(Failure::Invariant);
        let failure = diverged.map(|divergence| Failure::Refinement(0, divergence)).or_else(wrong);
        self.failure = self.failure.take().or(failure);
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
        Move::Challenge(number) => Step::Challenge(number),
        Move::Rough(Rough::Damage(index, bit)) => Step::Damage(place(index), bit),
        Move::Rough(Rough::Truncate(index, at)) => Step::Truncate(place(index), at),
        Move::Rough(Rough::Restart(number)) => Step::Restart(number),
        Move::Fire => Step::Fire,
    }
}

impl Model for Scene {
    type State = Situation;
    type Action = Next;

    fn init_states(&self) -> Vec<Situation> {
        vec![self.start.clone()]
    }

    fn actions(&self, situation: &Situation, actions: &mut Vec<Next>) {
        if situation.failure.is_some() {
            return;
        }
        actions.extend(self.commands.iter().copied().map(Next::Command));
        let mut before = None;
        for letter in &situation.flight {
            // Which of two copies arrives makes no difference.
            if before.replace(letter) == Some(letter) {
                continue;
            }
            actions.push(Next::Deliver(*letter));
            if situation.left.drops > 0 {
                actions.push(Next::Drop(*letter));
            }
            if situation.left.doubles > 0 {
                actions.push(Next::Double(*letter));
            }
        }
        if situation.flight.is_empty() && !self.is_quiescent(situation) {
            actions.push(Next::Fire);
        }
    }

    fn next_state(&self, situation: &Situation, step: Next) -> Option<Situation> {
        if let Next::Command(step) = step {
            // Most commands are not taken in most situations.
            self.atlas.order(situation.cast, step, &situation.flight)?;
        }
        let mut next = situation.clone();
        while step == Next::Fire && self.is_late(&next) {
            self.make(&mut next, Next::Fire);
        }
        if !self.make(&mut next, step) {
            return None;
        }
        next.left = next.left.after(step);
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
        Some(shrunk((*failure).clone(), checker.model().schedule(path.into_actions()), what.deviation.as_ref()))
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
        expected: what.expected(),
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

#[cfg(test)]
mod soundness;
