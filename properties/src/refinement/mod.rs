//! The implementation held to the model: every move of a world is a stutter or actions that the model allows.
//!
//! `alpha` maps a world to the model's state, `image` names the actions of a move, [`Refinement`] checks that they lead
//! from α(before) to α(after), counts which actions and stutters occurred, and asks at quiescence whether the model
//! still owes anything (an implementation that just stops would pass otherwise).

mod alpha;
mod change;
mod flight;
mod follow;
mod image;

use std::collections::BTreeMap;
use std::fmt;

use imsconf_model as model;
use imsconf_model::{Action, ActionKind};
use stateright::Model as _;

pub use self::alpha::{alpha, conference};
pub use self::follow::{Unfollowed, follow};
pub use self::image::{Image, Stutter};
use crate::world::{Outcome, World};

/// How the implementation left the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// The model does not allow what the implementation did.
    NotEnabled {
        /// What it did.
        action: Action,
        /// In which state of the model.
        state: Box<model::State>,
    },
    /// The implementation did it, but ended somewhere else.
    WrongTarget {
        /// What it did.
        actions: Vec<Action>,
        /// Where the model ends.
        expected: Box<model::State>,
        /// Where the implementation ended.
        actual: Box<model::State>,
    },
    /// Something that should be invisible changed the state.
    StutterMoved {
        /// What it was.
        stutter: Stutter,
        /// The state before.
        before: Box<model::State>,
        /// The state after.
        after: Box<model::State>,
    },
    /// A message that the procedures do not know.
    Unknown(String),
    /// Nothing happens any more, although the model still owes this.
    Stuck {
        /// What is owed.
        owed: Action,
        /// In which state.
        state: Box<model::State>,
    },
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnabled { action, state } => {
                write!(f, "the model does not allow {action:?} in\n{}", Shown(state))
            }
            Self::WrongTarget { actions, expected, actual } => {
                writeln!(f, "after {actions:?} the model and the implementation differ:")?;
                differences(f, expected, actual)
            }
            Self::StutterMoved { stutter, before, after } => {
                writeln!(f, "a step that is none for the model ({}) changed its state:", stutter.name())?;
                differences(f, before, after)
            }
            Self::Unknown(what) => f.write_str(what),
            Self::Stuck { owed, state } => {
                write!(f, "nothing happens any more, but the model owes {owed:?} in\n{}", Shown(state))
            }
        }
    }
}

/// The parts of two states that differ, model first.
fn differences(f: &mut fmt::Formatter<'_>, model: &model::State, implementation: &model::State) -> fmt::Result {
    let (left, right) = (Shown(model).to_string(), Shown(implementation).to_string());
    for (left, right) in left.lines().zip(right.lines()).filter(|(left, right)| left != right) {
        writeln!(f, "  model          {}\n  implementation {}", left.trim(), right.trim())?;
    }
    Ok(())
}

/// A state as a person reads it: a line for each of UE, focus, invited users, and what is in flight.
struct Shown<'s>(&'s model::State);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0;
        writeln!(f, "  {:?}", state.ue)?;
        writeln!(f, "  {:?}", state.focus)?;
        for (number, leg) in state.legs.iter().enumerate() {
            let quiet = *leg == model::Leg::default();
            let leg = if quiet {
                "nothing".to_owned()
            } else {
                format!("{:?} {:?} {:?}", leg.ue, leg.focus, leg.participant)
            };
            writeln!(f, "  user {number}: {leg}")?;
        }
        let messages: Vec<String> = image::in_flight(state).map(|message| format!("{message:?}")).collect();
        writeln!(f, "  in flight: {}", messages.join(", "))
    }
}

/// Follows a world step by step through the model.
#[derive(Clone, Debug)]
pub struct Refinement {
    model: model::Conference,
    state: model::State,
    last: Vec<(model::State, Action)>,
    /// How often each action was the image of a move, by its name.
    pub actions: BTreeMap<String, u64>,
    /// How often each kind of stutter occurred.
    pub stutters: BTreeMap<Stutter, u64>,
}

impl Refinement {
    /// Starts with `world` as it is.
    pub fn new(world: &World) -> Self {
        Self {
            model: conference(world),
            state: alpha(world),
            last: Vec::new(),
            actions: BTreeMap::new(),
            stutters: BTreeMap::new(),
        }
    }

    /// Goes on with `world`, which is in this `state` of the model.
    pub const fn at(world: &World, state: model::State) -> Self {
        Self { model: conference(world), state, last: Vec::new(), actions: BTreeMap::new(), stutters: BTreeMap::new() }
    }

    /// The state of the model in which the world is.
    pub const fn state(&self) -> &model::State {
        &self.state
    }

    /// The model's steps that the last move was, each with the state before it.
    pub fn last_steps(&self) -> &[(model::State, Action)] {
        &self.last
    }

    /// Checks one move; `world` is the world after it.
    ///
    /// # Errors
    /// The move is nothing that the model allows.
    pub fn check(&mut self, outcome: &Outcome, world: &World) -> Result<(), Divergence> {
        let image = image::image(&self.state, outcome, world.ledger());
        let after = alpha(world);
        self.last.clear();
        if let Some(crossing) = image::unawaited(&after, outcome, world.ledger()) {
            let (party, label) = (crossing.party, crossing.message.label());
            return Err(Divergence::Unknown(format!("{party} sent a {label} that it does not know of")));
        }
        match image {
            Image::Stutter(stutter) => {
                if after != self.state {
                    let (before, after) = (Box::new(self.state), Box::new(after));
                    return Err(Divergence::StutterMoved { stutter, before, after });
                }
                *self.stutters.entry(stutter).or_default() += 1;
            }
            Image::Seq(actions) => {
                let (steps, reached) = self.run(&actions)?;
                if reached != after {
                    let (expected, actual) = (Box::new(reached), Box::new(after));
                    return Err(Divergence::WrongTarget { actions, expected, actual });
                }
                self.take(steps);
            }
            Image::Ends { waits, reactions } => {
                let sequences = image::subsets(&waits).map(|ended| [ended, reactions.clone()].concat());
                let mut runs = sequences.filter_map(|sequence| self.run(&sequence).ok());
                let fitting = runs.find(|(_, reached)| *reached == after);
                match fitting {
                    Some((steps, _)) if steps.is_empty() => *self.stutters.entry(Stutter::Timer).or_default() += 1,
                    Some((steps, _)) => self.take(steps),
                    None => {
                        let (before, after) = (Box::new(self.state), Box::new(after));
                        return Err(Divergence::StutterMoved { stutter: Stutter::Timer, before, after });
                    }
                }
            }
            Image::Unknown(what) => return Err(Divergence::Unknown(what)),
        }
        self.state = after;
        Ok(())
    }

    /// Checks that at quiescence the model owes nothing.
    ///
    /// # Errors
    /// It owes something.
    pub fn check_progress(&self) -> Result<(), Divergence> {
        let mut actions = Vec::new();
        self.model.actions(&self.state, &mut actions);
        let owed = actions.into_iter().find(|action| action.kind() == ActionKind::Protocol);
        match owed {
            Some(owed) => Err(Divergence::Stuck { owed, state: Box::new(self.state) }),
            None => Ok(()),
        }
    }

    /// Where the model gets by these actions, and through which states.
    fn run(&self, actions: &[Action]) -> Result<(Vec<(model::State, Action)>, model::State), Divergence> {
        let mut state = self.state;
        let mut steps = Vec::with_capacity(actions.len());
        for action in actions {
            let next = self.model.next_state(&state, *action);
            let next = next.ok_or_else(|| Divergence::NotEnabled { action: *action, state: Box::new(state) })?;
            steps.push((state, *action));
            state = model::State { lost: 0, ..next };
        }
        Ok((steps, state))
    }

    fn take(&mut self, steps: Vec<(model::State, Action)>) {
        for (_, action) in &steps {
            *self.actions.entry(name(*action)).or_default() += 1;
        }
        self.last = steps;
    }
}

/// The action's name without the invited user, so that the users' actions count together.
pub fn name(action: Action) -> String {
    let text = format!("{action:?}");
    (0..model::MAX_INVITED).fold(text, |text, user| {
        text.replace(&format!("Invited({user}), "), "").replace(&format!("(Invited({user}))"), "")
    })
}
