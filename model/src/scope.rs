//! How much to explore, and what came out.
//!
//! A scope is a list of configurations; each is explored completely. Read first: `claims.rs`, `sightings.rs`,
//! `graph.rs`.

use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::num::NonZero;
use std::thread;

use stateright::{Expectation, Model, Property, Representative};

use crate::action::{Action, ActionKind};
use crate::claims::{claims, explicit_failure, settled};
use crate::conference::Conference;
use crate::confluence::Confluent;
use crate::graph::{Graph, Mixer, Visitor, Walk};
use crate::moments::{Moment, moments};
use crate::procedures::{Procedure, Procedures};
use crate::prompt::Prompt;
use crate::sightings::sightings;
use crate::system::State;

/// How much to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One invited user, nothing lost: well under a second.
    Tiny,
    /// The complete procedure with two invited users, and with losses: about a minute.
    Ci,
    /// More of both, three invited users, and each pair of optional procedures: some minutes.
    Deep,
}

/// One model to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// How many users may be invited, and how many messages may be lost.
    pub model: Conference,
    /// Whether states that differ only in which invited user is which count as one.
    pub symmetry: bool,
    /// Whether answers that commute with everything else arrive at once, see [`Confluent`]. Without effect on a model
    /// for which that does not hold.
    pub confluence: bool,
}

/// How large an exploration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Different states.
    pub states: usize,
    /// Pairs of a state and an action possible in it.
    pub transitions: u64,
    /// States in which nothing at all can happen.
    pub terminal: usize,
    /// States in which nobody has to do anything.
    pub quiescent: usize,
}

/// Three invited users take too long for the tests, so their size is compared whenever they are explored.
const THREE_INVITED: (Configuration, Size) = (
    Configuration::new(3, 0, true).confluent(),
    Size { states: 5_130_168, transitions: 40_376_457, terminal: 169, quiescent: 338 },
);

impl Configuration {
    /// So many invited users and losses, no optional procedure.
    #[must_use]
    pub const fn new(invited: u8, losses: u8, symmetry: bool) -> Self {
        Self { model: Conference::new(invited, losses), symmetry, confluence: false }
    }

    /// The same with confluent answers arriving at once.
    #[must_use]
    pub const fn confluent(self) -> Self {
        Self { confluence: true, ..self }
    }

    /// The size that it has to have, for those that no test explores.
    #[must_use]
    pub fn expected(&self) -> Option<Size> {
        let (configuration, size) = THREE_INVITED;
        (*self == configuration).then_some(size)
    }

    /// The same with an optional procedure.
    #[must_use]
    pub const fn with(self, procedure: Procedure) -> Self {
        Self { model: self.model.with(self.model.procedures.with(procedure)), ..self }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conference { invited, losses, procedures } = self.model;
        let symmetry = if self.symmetry { ", up to exchange of invited users" } else { "" };
        let confluence = if self.confluence { ", commuting answers at once" } else { "" };
        write!(f, "{invited} invited, {losses} lost{symmetry}{confluence}")?;
        if procedures == Procedures::NONE { Ok(()) } else { write!(f, ", with {procedures}") }
    }
}

impl Scope {
    /// Its configurations, the smallest first.
    #[must_use]
    pub fn configurations(self) -> Vec<Configuration> {
        let plain = Configuration::new;
        match self {
            Self::Tiny => vec![plain(1, 0, false)],
            Self::Ci => vec![
                plain(1, 0, false),
                plain(1, 0, false).with(Procedure::Expulsion),
                plain(1, 1, false).with(Procedure::QuietReferral),
                plain(1, 1, false).with(Procedure::GivingUp),
                plain(1, 2, false),
                plain(1, 1, false).with(Procedure::ManySubscribers),
                plain(1, 0, false).with(Procedure::Replacement),
                plain(1, 1, false).with(Procedure::SubscriptionControl),
                plain(1, 0, false).with(Procedure::Hold),
                plain(2, 1, true),
            ],
            Self::Deep => {
                let mut all = vec![plain(1, 0, false), plain(1, 1, false).with(Procedure::Replacement)];
                all.extend(pairs());
                all.extend([plain(1, 4, false), plain(2, 0, false), THREE_INVITED.0, plain(2, 2, true)]);
                all
            }
        }
    }
}

/// Each optional procedure with each other.
fn pairs() -> impl Iterator<Item = Configuration> {
    let one = Configuration::new(1, 0, false);
    let with = move |(place, first): (usize, &'static Procedure)| {
        let others = Procedure::ALL.iter().skip(place + 1);
        others.map(move |second| one.with(*first).with(*second))
    };
    Procedure::ALL.iter().enumerate().flat_map(with)
}

/// What became of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The property, as the catalogue of requirements names it, or in words.
    pub name: &'static str,
    /// A shortest run to a state that decides it: a counterexample to a claim, an example of a sighting. `None`:
    /// there is no such state; the claim holds, or the sighting is missing.
    pub path: Option<Vec<Action>>,
}

/// A branch of the procedure and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What is seen at its end.
    pub name: String,
    /// The model that it is a run of.
    pub model: Conference,
    /// Whether it is a run of [`Prompt`]: an implementation that does not dawdle can be led along it.
    pub prompt: bool,
    /// A shortest such run, a prompt one if there is any. `None`: there is no such run, which is a fault of the model.
    pub path: Option<Vec<Action>>,
}

/// What came out of the exploration of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeReport {
    /// What was explored.
    pub configuration: Configuration,
    /// Different states.
    pub unique_states: usize,
    /// Pairs of a state and an action possible in it.
    pub transitions: u64,
    /// States in which nothing at all can happen.
    pub terminal_states: usize,
    /// States in which nobody has to do anything.
    pub quiescent_states: usize,
    /// The claims.
    pub claims: Vec<Verdict>,
    /// The witnesses that this configuration has to have.
    pub witnesses: Vec<Witness>,
    /// The actions that were taken, each shown for the first invited user.
    pub actions_taken: Vec<Action>,
}

impl ScopeReport {
    /// Whether all claims hold, nothing is missing, and the size is as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.claims.iter().all(|claim| claim.path.is_none())
            && self.witnesses.iter().all(|witness| witness.path.is_some())
            && self.configuration.expected().is_none_or(|expected| expected == self.size())
    }

    /// How large it was.
    #[must_use]
    pub const fn size(&self) -> Size {
        Size {
            states: self.unique_states,
            transitions: self.transitions,
            terminal: self.terminal_states,
            quiescent: self.quiescent_states,
        }
    }
}

/// The walk for models of the conference: what is not a user's wish, a loss or hours away is owed.
#[must_use]
pub fn walk<M: Model<State = State, Action = Action>>(symmetry: bool) -> Walk<M> {
    Walk {
        is_owed: |action| action.kind() == ActionKind::Protocol,
        representative: if symmetry { State::representative } else { State::clone },
    }
}

/// Takes down which actions are taken and when the moments come.
struct Journal<'p> {
    taken: HashSet<Action, BuildHasherDefault<Mixer>>,
    /// Each with the number of the first state it comes in.
    moments: Vec<(Moment, Option<u32>)>,
    progress: &'p mut dyn FnMut(usize),
}

impl<'p> Journal<'p> {
    fn new(moments: Vec<Moment>, progress: &'p mut dyn FnMut(usize)) -> Self {
        Self {
            taken: HashSet::default(),
            moments: moments.into_iter().map(|moment| (moment, None)).collect(),
            progress,
        }
    }

    /// The names of all that there is to see, and the way to what was seen.
    fn sights<M>(&self, graph: &Graph<'_, M>, model: Conference) -> Vec<(String, Option<Vec<Action>>)>
    where
        M: Model<State = State, Action = Action> + Sync,
    {
        let states = judge(graph, &sightings(model));
        let mut all: Vec<_> = states.into_iter().map(|verdict| (verdict.name.to_owned(), verdict.path)).collect();
        for (moment, seen) in &self.moments {
            let path = seen.and_then(|from| path_to_moment(graph, from as usize, moment));
            all.push((moment.name.clone(), path));
        }
        all
    }
}

impl<M: Model<State = State, Action = Action>> Visitor<M> for Journal<'_> {
    fn on_transition(&mut self, from: u32, state: &State, action: &Action) {
        self.taken.insert(action.of_first());
        for (moment, seen) in &mut self.moments {
            if seen.is_none() && moment.is(state, *action) {
                *seen = Some(from);
            }
        }
    }

    fn on_progress(&mut self, states: usize) {
        (self.progress)(states);
    }
}

/// The most invited users of a configuration whose witnesses an implementation is led along: with more there is nothing
/// new to see, and the walk for it would take as long as the exploration.
const MOST_LED: u8 = 2;

/// What there is to see, and the way to it among agents that do not dawdle.
fn prompt_sights(configuration: &Configuration) -> Vec<(String, Option<Vec<Action>>)> {
    let Configuration { model, symmetry, .. } = *configuration;
    let mut silent = |_| {};
    let mut journal = Journal::new(moments(model), &mut silent);
    let prompt = Prompt(model);
    let graph = Graph::walk(&prompt, &walk(symmetry), &mut journal);
    journal.sights(&graph, model)
}

/// Explores one configuration completely; `progress` is told now and then how many states there are.
pub fn explore(configuration: &Configuration, progress: &mut dyn FnMut(usize)) -> ScopeReport {
    let Configuration { model, confluence, .. } = *configuration;
    if let Some(confluent) = Confluent::new(model).filter(|_| confluence) {
        // A moment is mostly about what overtakes such an answer: that is for the model in which it may be late.
        return explored(configuration, &confluent, Vec::new(), progress);
    }
    let (mut report, prompt) = thread::scope(|scope| {
        let led = model.invited <= MOST_LED;
        let prompt = led.then(|| scope.spawn(|| prompt_sights(configuration)));
        let report = explored(configuration, &model, moments(model), progress);
        let prompt = prompt.map(|walk| walk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (report, prompt.unwrap_or_default())
    });
    for (witness, (_, path)) in report.witnesses.iter_mut().zip(prompt) {
        if path.is_some() {
            *witness = Witness { prompt: true, path, ..witness.clone() };
        }
    }
    report
}

/// [`explore`] in this form of the configuration's model, with these moments.
fn explored<M>(
    configuration: &Configuration,
    model: &M,
    moments: Vec<Moment>,
    progress: &mut dyn FnMut(usize),
) -> ScopeReport
where
    M: Model<State = State, Action = Action> + Sync,
{
    let mut journal = Journal::new(moments, progress);
    let graph = Graph::walk(model, &walk(configuration.symmetry), &mut journal);
    let mut verdicts = judge(&graph, &claims());
    verdicts.extend(ends_well(&graph));
    let conference = configuration.model;
    let witness = |(name, path)| Witness { name, model: conference, prompt: false, path };
    let witnesses = journal.sights(&graph, conference).into_iter().map(witness).collect();
    let mut actions_taken: Vec<Action> = journal.taken.into_iter().collect();
    actions_taken.sort_unstable();
    ScopeReport {
        configuration: *configuration,
        unique_states: graph.unique_states(),
        transitions: graph.transitions(),
        terminal_states: graph.terminal_states(),
        quiescent_states: (0..graph.unique_states()).filter(|state| graph.is_quiescent(*state)).count(),
        claims: verdicts,
        witnesses,
        actions_taken,
    }
}

/// Looks for the first state, breadth first, that decides each property: refutes an `always`, shows a `sometimes`.
#[must_use]
pub fn judge<M>(graph: &Graph<'_, M>, properties: &[Property<M>]) -> Vec<Verdict>
where
    M: Model<State = State, Action = Action> + Sync,
{
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let part = graph.unique_states().div_ceil(threads).max(1);
    let mut decided = vec![None; properties.len()];
    thread::scope(|scope| {
        let parts = (0..graph.unique_states()).step_by(part);
        let parts = parts.map(|first| scope.spawn(move || deciding(graph, properties, first, part)));
        for found in parts.collect::<Vec<_>>() {
            let found = found.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            decided.iter_mut().zip(found).for_each(|(decided, found)| *decided = decided.or(found));
        }
    });
    let verdict = |(property, decided): (&Property<M>, Option<usize>)| Verdict {
        name: property.name,
        path: decided.map(|number| graph.path(number).0),
    };
    properties.iter().zip(decided).map(verdict).collect()
}

/// The first of `part` states from `first` on that decides each property.
fn deciding<M>(graph: &Graph<'_, M>, properties: &[Property<M>], first: usize, part: usize) -> Vec<Option<usize>>
where
    M: Model<State = State, Action = Action>,
{
    let mut decided = vec![None; properties.len()];
    for (number, state) in graph.states().enumerate().skip(first).take(part) {
        for (property, decided) in properties.iter().zip(&mut decided) {
            if decided.is_none() {
                let holds = (property.condition)(graph.model(), &state);
                if holds != matches!(property.expectation, Expectation::Always) {
                    *decided = Some(number);
                }
            }
        }
    }
    decided
}

/// What only the graph can tell: owed actions run out, and they run out well.
#[must_use]
pub fn ends_well<M>(graph: &Graph<'_, M>) -> [Verdict; 2]
where
    M: Model<State = State, Action = Action>,
{
    let good = |number, state: &State| graph.is_quiescent(number) && (settled(state) || explicit_failure(state));
    let path = |number: Option<usize>| number.map(|number| graph.path(number).0);
    [
        Verdict { name: "owed actions run out", path: path(graph.endless()) },
        Verdict { name: "a good end stays in reach without users and losses", path: path(graph.cut_off(good)) },
    ]
}

fn path_to_moment<M>(graph: &Graph<'_, M>, from: usize, moment: &Moment) -> Option<Vec<Action>>
where
    M: Model<State = State, Action = Action>,
{
    let (mut path, end) = graph.path(from);
    let state = end?;
    let mut actions = Vec::new();
    graph.model().actions(&state, &mut actions);
    path.push(actions.into_iter().find(|action| moment.is(&state, *action))?);
    Some(path)
}

/// Explores every configuration of `scope`; `progress` is told now and then of which configuration, and how many
/// states so far.
pub fn report(scope: Scope, progress: &mut dyn FnMut(&Configuration, usize)) -> Vec<ScopeReport> {
    let configurations = scope.configurations();
    let configurations = configurations.iter();
    configurations.map(|configuration| explore(configuration, &mut |states| progress(configuration, states))).collect()
}

/// The witnesses of `scope`, each from the first of its configurations that has it.
#[must_use]
pub fn witnesses(scope: Scope) -> Vec<Witness> {
    let mut all: Vec<Witness> = Vec::new();
    for report in report(scope, &mut |_, _| {}) {
        for witness in report.witnesses {
            if all.iter().all(|known| known.name != witness.name) {
                all.push(witness);
            }
        }
    }
    all
}
