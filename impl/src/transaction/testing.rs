//! What the tests of the four machines share: the transition table as text, and the exploration of every input
//! sequence.

use std::collections::HashSet;
use std::fmt::{Debug, Write as _};
use std::hash::Hash;
use std::time::Duration;

use super::timers::{Conditions, Running, TimerName, TimerSettings};
use crate::agent::Transport;
use crate::time::Time;

/// One of the four machines, as the tests see it.
pub(super) trait Machine: Clone + Eq + Hash + Debug {
    type Input: Clone + Debug;
    type Output: Clone + Debug + PartialEq;

    /// A transition.
    fn next(self, conditions: &Conditions, input: Self::Input) -> (Self, Vec<Self::Output>);
    /// The running timers.
    fn running(&self) -> Running;
    /// The input that a timer makes.
    fn timer(name: TimerName) -> Self::Input;
    /// Whether something is sent or the transaction user is told; a refusal only answers the caller.
    fn is_effect(output: &Self::Output) -> bool;

    /// The name of the state.
    fn state(&self) -> String {
        format!("{self:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
    }
}

/// The conditions of both transports, with the timers of RFC 3261.
pub(super) fn conditions(transport: Transport, now: Time) -> Conditions {
    Conditions { now, settings: TimerSettings::rfc3261(), transport }
}

/// When the inputs of a transition table come: later than the start, so that a deadline that moves is seen.
const INPUT_AT: Time = Time::from_millis(100);

/// A wait that is no multiple of any timer, so that inputs come at many different times.
const PAUSE: Duration = Duration::from_millis(130);

/// Every state with every input. A state is written as the inputs that lead to it from the start.
pub(super) fn transition_table<M: Machine>(
    start: impl Fn(&Conditions) -> (M, Vec<M::Output>),
    paths: &[&[(&str, M::Input)]],
    inputs: &[(&str, M::Input)],
) -> String {
    let mut text = String::new();
    for transport in [Transport::Udp, Transport::Tcp] {
        let begin = conditions(transport, Time::EPOCH);
        let later = conditions(transport, INPUT_AT);
        let (first, outputs) = start(&begin);
        writeln!(text, "{}: start -> {}", transport.via_token(), show(&first, &outputs)).expect("a String takes all");
        let mut seen = HashSet::new();
        for path in paths {
            let names: Vec<_> = path.iter().map(|(name, _)| *name).collect();
            let state = path.iter().fold(first.clone(), |state, (_, input)| state.next(&begin, input.clone()).0);
            if !seen.insert(state.clone()) {
                continue; // Without a linger two paths may end in the same state.
            }
            writeln!(text, "\n{} {} after [{}]", transport.via_token(), show(&state, &[]), names.join(", "))
                .expect("a String takes all");
            for (name, input) in inputs {
                let (next, outputs) = state.clone().next(&later, input.clone());
                let change = if next == state { "unchanged".to_owned() } else { show(&next, &[]) };
                writeln!(text, "  {name:<18} -> {}", [change, list(&outputs)].join(" ").trim_end())
                    .expect("a String takes all");
            }
        }
        text.push('\n');
    }
    text
}

/// A state with its timers in milliseconds since the start, and outputs.
fn show<M: Machine>(machine: &M, outputs: &[M::Output]) -> String {
    let timers = machine.running().iter().map(|(name, at)| format!("{name:?}={}", at.as_millis())).collect::<Vec<_>>();
    let timers = if timers.is_empty() { String::new() } else { format!("({})", timers.join(" ")) };
    format!("{}{timers} {}", machine.state(), list(outputs)).trim_end().to_owned()
}

fn list<O: Debug>(outputs: &[O]) -> String {
    outputs.iter().map(|output| format!("{output:?}")).collect::<Vec<_>>().join(", ")
}

/// A machine in the course of an exploration, with what happened to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Explored<M> {
    pub(super) machine: M,
    now: Time,
    /// Final responses that the transaction user was given, or that were accepted from it.
    pub(super) finals: u32,
}

/// What the exploration of one machine is told.
pub(super) struct Exploration<'a, M: Machine> {
    /// The state after the start.
    pub(super) start: M,
    pub(super) transport: Transport,
    /// Everything but the timers.
    pub(super) inputs: &'a [M::Input],
    /// Longest input sequence.
    pub(super) depth: usize,
    /// Whether a transition took (client) or gave (server) a final response as a new one.
    pub(super) is_final: fn(&M::Input, &[M::Output]) -> bool,
    /// What ends a state in which nothing runs because it is someone else's turn.
    pub(super) awaited: M::Input,
}

impl<M: Machine> Exploration<'_, M> {
    /// Every input sequence up to the depth, the clock being one of the inputs: checks each transition, and that from
    /// every state the clock (and, where it is awaited, one final response) leads to the end. Hands every state to
    /// `check` and returns how many there were.
    pub(super) fn run(&self, check: impl Fn(&Explored<M>)) -> usize {
        let first = Explored { machine: self.start.clone(), now: Time::EPOCH, finals: 0 };
        let mut seen = HashSet::from([first.clone()]);
        let mut frontier = vec![first];
        for _ in 0..self.depth {
            let mut next = Vec::new();
            for state in frontier {
                let inputs = self.inputs.iter().map(|input| self.step(&state, input.clone(), None));
                for successor in inputs.chain(self.tick(&state)).chain(self.pause(&state)) {
                    if seen.insert(successor.clone()) {
                        check(&successor);
                        self.drain(successor.clone());
                        next.push(successor);
                    }
                }
            }
            frontier = next;
        }
        seen.len()
    }

    /// Lets the clock run to the next timer.
    fn tick(&self, state: &Explored<M>) -> Option<Explored<M>> {
        let (at, name) = state.machine.running().iter().map(|(name, at)| (*at, *name)).min()?;
        let later = Explored { now: at, ..state.clone() };
        Some(self.step(&later, M::timer(name), Some(name)))
    }

    /// Lets some time pass in which no timer fires.
    fn pause(&self, state: &Explored<M>) -> Option<Explored<M>> {
        let now = state.now + PAUSE;
        let idle = state.machine.running().iter().all(|(_, at)| *at > now);
        idle.then(|| Explored { now, ..state.clone() })
    }

    fn step(&self, before: &Explored<M>, input: M::Input, fired: Option<TimerName>) -> Explored<M> {
        let conditions = conditions(self.transport, before.now);
        let (machine, outputs) = before.machine.clone().next(&conditions, input.clone());
        let context = format!("{:?} at {:?}, {input:?} -> {machine:?}, {outputs:?}", before.machine, before.now);
        if before.machine.state() == "Terminated" {
            assert_eq!(machine, before.machine, "revived: {context}");
            assert!(!outputs.iter().any(M::is_effect), "output after the end: {context}");
        }
        for (name, at) in machine.running() {
            assert!(at > before.now, "timer {name:?} in the past: {context}");
            match before.machine.running().iter().find(|(other, _)| *other == name) {
                Some((_, earlier)) if fired == Some(name) => assert!(at > *earlier, "{name:?} not later: {context}"),
                Some((_, earlier)) => assert_eq!(at, *earlier, "{name:?} moved: {context}"),
                None => {}
            }
        }
        let finals = before.finals + u32::from((self.is_final)(&input, &outputs));
        Explored { machine, now: before.now, finals }
    }

    /// From every state the end is reached when the clock runs; where nothing runs, after the awaited response.
    fn drain(&self, state: Explored<M>) {
        let begin = state.clone();
        let mut state = self.run_clock(state);
        if state.machine.state() != "Terminated" {
            state = self.step(&state, self.awaited.clone(), None);
            state = self.run_clock(state);
        }
        assert_eq!(state.machine.state(), "Terminated", "stuck: {:?} came from {:?}", state.machine, begin.machine);
    }

    fn run_clock(&self, mut state: Explored<M>) -> Explored<M> {
        let deadline = state.now + Duration::from_secs(200);
        while let Some(next) = self.tick(&state) {
            assert!(next.now <= deadline, "the clock runs for ever: {:?}", next.machine);
            state = next;
        }
        state
    }
}
