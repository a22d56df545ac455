//! How much to explore, and what came out.
//!
//! A scope is a list of configurations; each is explored completely. Read first: `claims.rs`, `sightings.rs`,
//! `graph.rs`.

use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasherDefault;

use stateright::{Expectation, Model, Property, Representative};

use crate::action::{Action, ActionKind};
use crate::claims::{claims, explicit_failure, settled};
use crate::conference::Conference;
use crate::graph::{Graph, Mixer, Visitor, Walk};
use crate::procedures::{Procedure, Procedures};
use crate::prompt::Prompt;
use crate::sightings::{Moment, moments, sightings};
use crate::system::State;

/// How much to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One invited user, nothing lost: well under a second.
    Tiny,
    /// The complete procedure with two invited users, and with losses: about a minute.
    Ci,
    /// More of both: as long as it takes.
    Deep,
}

/// One model to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// How many users may be invited, and how many messages may be lost.
    pub model: Conference,
    /// Whether states that differ only in which invited user is which count as one.
    pub symmetry: bool,
}

impl Configuration {
    const fn new(invited: u8, losses: u8, symmetry: bool) -> Self {
        Self { model: Conference::new(invited, losses), symmetry }
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
        write!(f, "{invited} invited, {losses} lost{symmetry}")?;
        if procedures == Procedures::NONE { Ok(()) } else { write!(f, ", with {procedures}") }
    }
}

impl Scope {
    /// Its configurations, the smallest first.
    #[must_use]
    pub const fn configurations(self) -> &'static [Configuration] {
        const TINY: &[Configuration] = &[Configuration::new(1, 0, false)];
        const CI: &[Configuration] = &[
            Configuration::new(1, 0, false),
            Configuration::new(1, 0, false).with(Procedure::Expulsion),
            Configuration::new(1, 1, false).with(Procedure::QuietReferral),
            Configuration::new(1, 1, false).with(Procedure::GivingUp),
            Configuration::new(1, 2, false),
            Configuration::new(1, 1, false).with(Procedure::ManySubscribers),
            Configuration::new(1, 0, false).with(Procedure::Replacement),
            Configuration::new(1, 1, false).with(Procedure::SubscriptionControl),
            Configuration::new(2, 1, true),
        ];
        const DEEP: &[Configuration] = &[
            Configuration::new(1, 0, false),
            Configuration::new(1, 1, false).with(Procedure::Replacement),
            Configuration::new(1, 4, false),
            Configuration::new(2, 0, false),
            Configuration::new(2, 2, true),
        ];
        match self {
            Self::Tiny => TINY,
            Self::Ci => CI,
            Self::Deep => DEEP,
        }
    }
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
    /// Whether all claims hold and nothing is missing.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.claims.iter().all(|claim| claim.path.is_none())
            && self.witnesses.iter().all(|witness| witness.path.is_some())
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
    fn new(model: Conference, progress: &'p mut dyn FnMut(usize)) -> Self {
        let moments = moments(model);
        Self {
            taken: HashSet::default(),
            moments: moments.into_iter().map(|moment| (moment, None)).collect(),
            progress,
        }
    }

    /// The names of all that there is to see, and the way to what was seen.
    fn sights<M>(&self, graph: &Graph<'_, M>, model: Conference) -> Vec<(String, Option<Vec<Action>>)>
    where
        M: Model<State = State, Action = Action>,
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
fn prompt_sights(configuration: &Configuration, progress: &mut dyn FnMut(usize)) -> Vec<(String, Option<Vec<Action>>)> {
    let Configuration { model, symmetry } = *configuration;
    let mut journal = Journal::new(model, progress);
    let prompt = Prompt(model);
    let graph = Graph::walk(&prompt, &walk(symmetry), &mut journal);
    journal.sights(&graph, model)
}

/// Explores one configuration completely; `progress` is told now and then how many states there are.
pub fn explore(configuration: &Configuration, progress: &mut dyn FnMut(usize)) -> ScopeReport {
    let Configuration { model, symmetry } = *configuration;
    let prompt = if model.invited > MOST_LED { Vec::new() } else { prompt_sights(configuration, progress) };
    let mut journal = Journal::new(model, progress);
    let graph = Graph::walk(&model, &walk(symmetry), &mut journal);
    let mut claims = judge(&graph, &claims());
    claims.extend(ends_well(&graph));
    let prompt = prompt.into_iter().map(|(_, path)| path).chain(std::iter::repeat(None));
    let sights = journal.sights(&graph, model).into_iter().zip(prompt);
    let witnesses = sights.map(|((name, path), prompt)| {
        let (prompt, path) = prompt.map_or((false, path), |path| (true, Some(path)));
        Witness { name, model, prompt, path }
    });
    let witnesses = witnesses.collect();
    let mut actions_taken: Vec<Action> = journal.taken.into_iter().collect();
    actions_taken.sort_unstable();
    ScopeReport {
        configuration: *configuration,
        unique_states: graph.unique_states(),
        transitions: graph.transitions(),
        terminal_states: graph.terminal_states(),
        quiescent_states: (0..graph.unique_states()).filter(|state| graph.is_quiescent(*state)).count(),
        claims,
        witnesses,
        actions_taken,
    }
}

/// Looks for the first state, breadth first, that decides each property: refutes an `always`, shows a `sometimes`.
#[must_use]
pub fn judge<M>(graph: &Graph<'_, M>, properties: &[Property<M>]) -> Vec<Verdict>
where
    M: Model<State = State, Action = Action>,
{
    let mut decided = vec![None; properties.len()];
    for (number, state) in graph.states().enumerate() {
        for (property, decided) in properties.iter().zip(&mut decided) {
            if decided.is_none() {
                let holds = (property.condition)(graph.model(), &state);
                if holds != matches!(property.expectation, Expectation::Always) {
                    *decided = Some(number);
                }
            }
        }
    }
    let verdict = |(property, decided): (&Property<M>, Option<usize>)| Verdict {
        name: property.name,
        path: decided.map(|number| graph.path(number).0),
    };
    properties.iter().zip(decided).map(verdict).collect()
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
    let configurations = scope.configurations().iter();
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
