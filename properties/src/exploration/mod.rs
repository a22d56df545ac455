//! The real code under the model checker: every interleaving of the implementation in a small scope, each step checked.
//!
//! `scene` makes the [`World`](crate::world::World) a [`stateright::Model`]: any datagram in flight arrives, is dropped
//! or doubled, the next timer fires once nothing is in flight, users do what the scope lets them. Each step is shown to
//! the observers of the wire and to the refinement check, each state of rest is judged as the end of a run is.
//! `alone` does the same for a single transaction machine and a peer that sends anything.
//!
//! Situations that differ by a shift in time are one, see `world/fingerprint.rs`. What fails is a schedule like any
//! other: shrunk, and replayed by `imsconf replay`.

mod alone;
mod atlas;
mod rules;
mod scene;
mod tally;
mod watch;

use std::fmt;
use std::time::Duration;

pub use self::alone::{Fault, Machine};
use crate::deviation::Deviation;
use crate::run::Failure;
use crate::schedule::Schedule;
use crate::verdict::Profile;

/// What is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Each of the four transaction machines alone, against a peer, a network and a user that do anything.
    Transactions,
    /// The creation, with one datagram lost and one doubled anywhere.
    Creation,
    /// Creation, subscription and one invitation in every order.
    Orders,
    /// One invitation, with one datagram lost and one doubled anywhere.
    Invitation,
    /// Two invitations at the same time.
    TwoInvitations,
    /// Leaving and expelling while an invitation is under way.
    LeaveAndExpel,
    /// Leaving and unsubscribing while an invitation is under way.
    LeaveAndUnsubscribe,
    /// Expelling and unsubscribing while an invitation is under way.
    ExpelAndUnsubscribe,
    /// Leaving, expelling and unsubscribing while an invitation is under way.
    Races,
}

impl Scope {
    /// Every scope, the small ones first.
    pub const ALL: [Self; 9] = [
        Self::Transactions,
        Self::Creation,
        Self::Orders,
        Self::TwoInvitations,
        Self::Invitation,
        Self::LeaveAndUnsubscribe,
        Self::LeaveAndExpel,
        Self::ExpelAndUnsubscribe,
        Self::Races,
    ];

    /// What it is called on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Creation => "creation",
            Self::Orders => "orders",
            Self::Invitation => "invitation",
            Self::TwoInvitations => "two-invitations",
            Self::LeaveAndExpel => "leave-and-expel",
            Self::LeaveAndUnsubscribe => "leave-and-unsubscribe",
            Self::ExpelAndUnsubscribe => "expel-and-unsubscribe",
            Self::Races => "races",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an exploration showed.
#[derive(Clone, Debug)]
pub struct Explored {
    /// What was explored.
    pub name: String,
    /// Different situations.
    pub unique_states: usize,
    /// Steps that were taken and checked.
    pub transitions: usize,
    /// The longest way from the start.
    pub depth: usize,
    /// How often a rule was put to the test.
    pub evaluations: u64,
    /// Invariants of which a rule was put to the test.
    pub invariants: usize,
    /// Actions of the model that some step was.
    pub actions: usize,
    /// Whether everything was explored: it is not if something is wrong, or if the time was up.
    pub complete: bool,
    /// How many situations and steps it has to have, if that is known.
    pub expected: Option<(usize, usize)>,
    /// What is wrong, if anything is.
    pub failure: Option<Counterexample>,
}

impl Explored {
    /// Whether it has the size that it has to have; nothing if that is not known, or not everything was explored.
    pub fn is_as_expected(&self) -> Option<bool> {
        let expected = self.expected.filter(|_| self.complete)?;
        Some(expected == (self.unique_states, self.transitions))
    }
}

/// How the implementation was brought to do something wrong.
#[derive(Clone, Debug)]
pub enum Counterexample {
    /// By this schedule, as short as it gets.
    Schedule {
        /// What is wrong.
        failure: Box<Failure>,
        /// The way there.
        schedule: Schedule,
    },
    /// By these inputs to one machine.
    Inputs {
        /// What is wrong.
        rule: &'static str,
        /// The way there, in words.
        inputs: Vec<String>,
    },
}

/// What the network may do wrong in an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// How many datagrams may be dropped.
    pub drops: u8,
    /// How many datagrams may be doubled.
    pub doubles: u8,
}

/// What to explore, and how.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// Which situations.
    pub scope: Scope,
    /// What the network may do wrong; [`Scope::faults`] if it is not said. Nothing to transactions, whose peer does
    /// anything.
    pub faults: Option<Faults>,
    /// What is deliberately wrong: then only the invariants that must catch it judge. Transactions have [`Fault`]s of
    /// their own.
    pub deviation: Option<Deviation>,
    /// Which documents decide where they conflict.
    pub profile: Profile,
    /// On so many threads; the transactions always on one, because with more it is not the shortest way to a state that
    /// decides whether it is within the depth.
    pub threads: usize,
    /// For so long at most, if it is said; the transactions are done before anybody would ask.
    pub limit: Option<Duration>,
}

impl Exploration {
    /// The whole of a scope on one thread.
    pub const fn new(scope: Scope) -> Self {
        Self { scope, faults: None, deviation: None, profile: Profile::ThreeGpp, threads: 1, limit: None }
    }

    /// How many situations and steps the whole of it has. All but the first take too long for the tests, so their size
    /// is compared whenever they are explored.
    fn expected(&self) -> Option<(usize, usize)> {
        let ordinary = self.deviation.is_none()
            && self.profile == Profile::ThreeGpp
            && self.faults.is_none_or(|faults| faults == self.scope.faults());
        match self.scope {
            Scope::Creation => Some((48_484, 186_742)),
            Scope::Orders => Some((70_549, 267_164)),
            Scope::Invitation => Some((155_548, 469_412)),
            Scope::TwoInvitations => Some((68_245, 254_125)),
            Scope::LeaveAndUnsubscribe => Some((117_164, 504_822)),
            Scope::LeaveAndExpel => Some((305_230, 1_346_643)),
            Scope::ExpelAndUnsubscribe => Some((191_640, 805_094)),
            Scope::Races => Some((2_557_420, 12_521_334)),
            Scope::Transactions => None,
        }
        .filter(|_| ordinary)
    }

    /// Explores completely, up to the first thing that is wrong, or until the time is up. The transaction machines come
    /// one by one.
    pub fn run(&self) -> Vec<Explored> {
        match self.scope {
            Scope::Transactions => {
                let one = |(machine, transport)| alone::explore(machine, transport, None);
                alone::all().map(one).collect()
            }
            Scope::Creation
            | Scope::Orders
            | Scope::Invitation
            | Scope::TwoInvitations
            | Scope::LeaveAndExpel
            | Scope::LeaveAndUnsubscribe
            | Scope::ExpelAndUnsubscribe
            | Scope::Races => vec![scene::explore(self)],
        }
    }
}

/// Explores one transaction machine over UDP that is made wrong at its boundary.
pub fn explore_faulty(machine: Machine, fault: Fault) -> Explored {
    alone::explore(machine, imsconf::agent::Transport::Udp, Some(fault))
}
