//! States in few bytes: what many states have in common is kept once.
//!
//! A walk keeps tens of millions of states, but the block of one invited user takes only some thousands of values, and
//! so does the rest. A state is kept as the numbers of its parts. Read first: `system.rs`, `pack.rs`.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, Hash};

use crate::focus::Focus;
use crate::graph::Mixer;
use crate::network::Network;
use crate::system::{Leg, State};
use crate::terms::MAX_INVITED;
use crate::ue::Ue;

/// A state that a walk can keep in few bytes.
pub trait Compact: Copy + Eq {
    /// What is kept of it. Two codes are equal exactly if their states are.
    type Code: Copy + Eq + Hash;
    /// What the codes of a walk share.
    type Parts: Default;

    /// The state's code; parts that are new are added.
    fn encode(&self, parts: &mut Self::Parts) -> Self::Code;

    /// The state that [`encode`](Self::encode) gave this code with the same parts.
    fn decode(code: Self::Code, parts: &Self::Parts) -> Self;
}

/// Different values of one type, numbered as they came.
#[derive(Debug)]
struct Numbered<T> {
    values: Vec<T>,
    /// By the words that tell the values apart.
    numbers: HashMap<u128, u32, BuildHasherDefault<Mixer>>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::default() }
    }
}

impl<T: Copy + PartialEq + Debug> Numbered<T> {
    fn number(&mut self, word: u128, value: T) -> u32 {
        let number = *self.numbers.entry(word).or_insert_with(|| {
            self.values.push(value);
            u32::try_from(self.values.len() - 1).expect("fewer parts than states")
        });
        debug_assert_eq!(self.values[number as usize], value, "two values with one word: packing loses something");
        number
    }
}

/// What a state has apart from its invited users.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rest {
    ue: Ue,
    focus: Focus,
    network: Network,
    lost: u8,
}

/// The parts of the states of one walk.
#[derive(Debug, Default)]
pub struct Parts {
    rests: Numbered<Rest>,
    legs: Numbered<Leg>,
}

/// The numbers of a state's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    rest: u32,
    legs: [u32; MAX_INVITED],
}

impl Compact for State {
    type Code = Code;
    type Parts = Parts;

    fn encode(&self, parts: &mut Parts) -> Code {
        let Self { ue, focus, network, lost, legs } = *self;
        Code {
            rest: parts.rests.number(self.word(), Rest { ue, focus, network, lost }),
            legs: legs.map(|leg| parts.legs.number(leg.word(), leg)),
        }
    }

    fn decode(code: Code, parts: &Parts) -> Self {
        let Rest { ue, focus, network, lost } = parts.rests.values[code.rest as usize];
        Self { ue, focus, network, lost, legs: code.legs.map(|leg| parts.legs.values[leg as usize]) }
    }
}
