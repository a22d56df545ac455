//! A walk of our own over a model, for what stateright does not tell: the graph itself.
//!
//! stateright keeps fingerprints; it exposes neither which states have no successor nor who leads where, and its
//! `eventually` misses cycles. This walk keeps the states, numbered breadth first, and the *owed* edges: the
//! actions that somebody has to take, as opposed to what a user may want or the network may do. So it can say that
//! owed actions run out, where they do, and from where a good end can still be reached. Read first: `system.rs`.

use std::hash::{Hash, Hasher};

use stateright::Model;

use crate::compact::Compact;

/// The states of a model that can be reached, in breadth-first order, and its owed edges.
pub struct Graph<'m, M: Model<State: Compact>> {
    model: &'m M,
    representative: fn(&M::State) -> M::State,
    states: Vec<<M::State as Compact>::Code>,
    parts: <M::State as Compact>::Parts,
    /// For each state the one it was first reached from; an initial state is its own.
    parents: Vec<u32>,
    /// The owed successors of state `i` are `targets[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    targets: Vec<u32>,
    transitions: u64,
    terminal: usize,
}

/// How a walk looks at a model.
pub struct Walk<M: Model> {
    /// Whether somebody has to take this action.
    pub is_owed: fn(&M::Action) -> bool,
    /// What stands for a state and all that are symmetric to it: `Clone::clone` for a walk without symmetry.
    pub representative: fn(&M::State) -> M::State,
}

/// Somebody who comes along on a walk. `()` goes everywhere and looks at nothing.
pub trait Visitor<M: Model> {
    /// Whether to go on from `state`.
    fn expand(&self, _state: &M::State) -> bool {
        true
    }

    /// `action` is taken in `state`, whose number is `from`.
    fn on_transition(&mut self, _from: u32, _state: &M::State, _action: &M::Action) {}

    /// There are so many states so far: told about every millionth.
    fn on_progress(&mut self, _states: usize) {}
}

impl<M: Model> Visitor<M> for () {}

impl<'m, M> Graph<'m, M>
where
    M: Model<State: Compact>,
{
    /// Visits every state that `model` can reach.
    ///
    /// # Panics
    /// With more than 2³² − 2 states or owed edges.
    pub fn walk(model: &'m M, walk: &Walk<M>, visitor: &mut dyn Visitor<M>) -> Self {
        let mut graph = Self {
            model,
            representative: walk.representative,
            states: Vec::new(),
            parts: Default::default(),
            parents: Vec::new(),
            starts: vec![0],
            targets: Vec::new(),
            transitions: 0,
            terminal: 0,
        };
        let mut index = Index::new();
        for state in model.init_states() {
            let number = number(graph.states.len());
            graph.add(&mut index, (walk.representative)(&state), number);
        }
        let mut actions = Vec::new();
        let mut next = 0;
        while next < graph.states.len() {
            let state = graph.state(next);
            let from = number(next);
            if visitor.expand(&state) {
                actions.clear();
                model.actions(&state, &mut actions);
                let mut stuck = true;
                for action in actions.drain(..) {
                    visitor.on_transition(from, &state, &action);
                    let owed = (walk.is_owed)(&action);
                    if let Some(successor) = model.next_state(&state, action) {
                        stuck = false;
                        graph.transitions += 1;
                        let to = graph.add(&mut index, (walk.representative)(&successor), from);
                        if owed {
                            graph.targets.push(to);
                        }
                    }
                }
                graph.terminal += usize::from(stuck);
            }
            graph.starts.push(number(graph.targets.len()));
            next += 1;
            if next.is_multiple_of(1 << 20) {
                visitor.on_progress(graph.states.len());
            }
        }
        graph
    }

    /// The number of `state`, which is new or not.
    fn add(&mut self, index: &mut Index, state: M::State, parent: u32) -> u32 {
        let code = state.encode(&mut self.parts);
        let (found, new) = index.find_or_insert(&self.states, &code);
        if new {
            self.states.push(code);
            self.parents.push(parent);
        }
        found
    }

    /// The model that was walked.
    #[must_use]
    pub const fn model(&self) -> &M {
        self.model
    }

    /// How many different states there are.
    #[must_use]
    pub const fn unique_states(&self) -> usize {
        self.states.len()
    }

    /// How many pairs of a state and an action that can happen in it there are.
    #[must_use]
    pub const fn transitions(&self) -> u64 {
        self.transitions
    }

    /// How many states have no successor at all.
    #[must_use]
    pub const fn terminal_states(&self) -> usize {
        self.terminal
    }

    /// State `number`.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn state(&self, number: usize) -> M::State {
        M::State::decode(self.states[number], &self.parts)
    }

    /// The states, by number.
    pub fn states(&self) -> impl Iterator<Item = M::State> + '_ {
        self.states.iter().map(|code| M::State::decode(*code, &self.parts))
    }

    /// Whether nobody has to do anything in state `number`.
    #[must_use]
    pub fn is_quiescent(&self, number: usize) -> bool {
        self.successors(number).is_empty()
    }

    fn successors(&self, number: usize) -> &[u32] {
        let range = self.starts[number] as usize..self.starts[number + 1] as usize;
        &self.targets[range]
    }

    /// A shortest way to state `number`, and where it ends: there, or in a state that it stands for.
    #[must_use]
    pub fn path(&self, number: usize) -> (Vec<M::Action>, Option<M::State>)
    where
        M::Action: Clone,
    {
        let mut chain = vec![number];
        let mut at = number;
        while self.parents[at] as usize != at {
            at = self.parents[at] as usize;
            chain.push(at);
        }
        // From the initial state on follow real states, not their representatives, so that an invited user keeps
        // his name all the way.
        let mut path = Vec::new();
        let stands_for = |state: &M::State, number: usize| (self.representative)(state) == self.state(number);
        let mut end = self.model.init_states().into_iter().find(|state| stands_for(state, at));
        for number in chain.into_iter().rev().skip(1) {
            let step = end.and_then(|state| {
                let mut actions = Vec::new();
                self.model.actions(&state, &mut actions);
                actions.into_iter().find_map(|action| {
                    let next = self.model.next_state(&state, action.clone())?;
                    stands_for(&next, number).then_some((action, next))
                })
            });
            end = step.map(|(action, next)| {
                path.push(action);
                next
            });
        }
        (path, end)
    }

    /// A shortest way to a state that satisfies `goal`.
    #[must_use]
    pub fn shortest_path(&self, goal: impl Fn(&M::State) -> bool) -> Option<Vec<M::Action>>
    where
        M::Action: Clone,
    {
        let number = self.states().position(|state| goal(&state))?;
        Some(self.path(number).0)
    }

    /// A state from which owed actions can go on for ever, if there is one.
    #[must_use]
    pub fn endless(&self) -> Option<usize> {
        // Kahn's algorithm, from the ends backwards would need the reverse edges; forwards it does as well: what is
        // left over when states without a predecessor are taken away, again and again, lies on a cycle or behind
        // one.
        let mut predecessors = vec![0_u32; self.states.len()];
        for target in &self.targets {
            predecessors[*target as usize] += 1;
        }
        let mut free: Vec<u32> =
            (0..number(self.states.len())).filter(|state| predecessors[*state as usize] == 0).collect();
        while let Some(state) = free.pop() {
            for target in self.successors(state as usize) {
                let left = &mut predecessors[*target as usize];
                *left -= 1;
                if *left == 0 {
                    free.push(*target);
                }
            }
        }
        predecessors.iter().position(|left| *left > 0)
    }

    /// A state from which no sequence of owed actions leads to a state that satisfies `goal`, if there is one.
    #[must_use]
    pub fn cut_off(&self, goal: impl Fn(usize, &M::State) -> bool) -> Option<usize> {
        let mut reaches: Vec<bool> = self.states().enumerate().map(|(number, state)| goal(number, &state)).collect();
        // Successors mostly have higher numbers, so that going down settles nearly everything in the first round.
        loop {
            let mut changed = false;
            for state in (0..self.states.len()).rev() {
                if !reaches[state] && self.successors(state).iter().any(|target| reaches[*target as usize]) {
                    reaches[state] = true;
                    changed = true;
                }
            }
            if !changed {
                return reaches.iter().position(|reached| !reached);
            }
        }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 states and edges")
}

/// Open addressing over the numbers of the states; the states themselves stay in their vector and are compared in
/// full.
struct Index {
    /// A number + 1 below, half of the state's hash above; or 0 for a free place. A power of two long, at most three
    /// quarters full.
    places: Vec<u64>,
    used: usize,
}

impl Index {
    fn new() -> Self {
        Self { places: vec![0; 1 << 12], used: 0 }
    }

    /// The number of `state`, and whether it is new: then it has to become the next of `states`.
    fn find_or_insert<S: Eq + Hash>(&mut self, states: &[S], state: &S) -> (u32, bool) {
        if self.used * 4 >= self.places.len() * 3 {
            self.grow(states);
        }
        let mask = self.places.len() - 1;
        let hash = hash(state);
        let mut at = hash as usize & mask;
        loop {
            let place = self.places[at];
            if place == 0 {
                let new = number(states.len());
                self.places[at] = hash & TAG | u64::from(new + 1);
                self.used += 1;
                return (new, true);
            }
            let found = place as u32 - 1;
            if (place ^ hash) & TAG == 0 && states[found as usize] == *state {
                return (found, false);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow<S: Hash>(&mut self, states: &[S]) {
        let mask = self.places.len() * 2 - 1;
        self.places = vec![0; mask + 1];
        for (index, state) in states.iter().enumerate() {
            let hash = hash(state);
            let mut at = hash as usize & mask;
            while self.places[at] != 0 {
                at = (at + 1) & mask;
            }
            self.places[at] = hash & TAG | u64::from(number(index) + 1);
        }
    }
}

/// The half of a hash that is kept beside the number, so that most strangers are told apart without looking at
/// their states.
const TAG: u64 = 0xFFFF_FFFF_0000_0000;

fn hash<S: Hash>(state: &S) -> u64 {
    let mut hasher = Mixer::default();
    state.hash(&mut hasher);
    hasher.finish()
}

/// A multiplying hash for small integers: fast, and the same in every run.
#[derive(Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let folded = (self.0 ^ (self.0 >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        folded ^ (folded >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        // A state without optional procedures fits into the lower half.
        if value >> 64 != 0 {
            self.write_u64((value >> 64) as u64);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use stateright::Property;

    use super::*;

    /// Numbers below 100 and the steps between them; a step is owed if it is written with `true`.
    struct Steps(&'static [(u8, u8, bool)]);

    impl Compact for u8 {
        type Code = Self;
        type Parts = ();

        fn encode(&self, (): &mut ()) -> Self {
            *self
        }

        fn decode(code: Self, (): &()) -> Self {
            code
        }
    }

    impl Model for Steps {
        type State = u8;
        type Action = (u8, bool);

        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }

        fn actions(&self, state: &u8, actions: &mut Vec<(u8, bool)>) {
            actions.extend(self.0.iter().filter(|(from, ..)| from == state).map(|(_, to, owed)| (*to, *owed)));
        }

        fn next_state(&self, _: &u8, (to, _): (u8, bool)) -> Option<u8> {
            (to < 100).then_some(to)
        }

        fn properties(&self) -> Vec<Property<Self>> {
            Vec::new()
        }
    }

    fn walk(model: &Steps) -> Graph<'_, Steps> {
        Graph::walk(model, &Walk { is_owed: |(_, owed)| *owed, representative: u8::clone }, &mut ())
    }

    struct Case {
        what: &'static str,
        steps: &'static [(u8, u8, bool)],
        /// States, transitions, terminal states.
        sizes: (usize, u64, usize),
        /// A state that goes on for ever.
        endless: Option<u8>,
        /// A state cut off from 9.
        cut_off: Option<u8>,
    }

    #[test]
    fn counts_and_ends() {
        let case = |what, steps, sizes, endless, cut_off| Case { what, steps, sizes, endless, cut_off };
        let table = [
            case("a way to the end", &[(0, 1, true), (1, 9, true)], (3, 2, 1), None, None),
            case("ways that meet", &[(0, 1, true), (0, 2, true), (1, 9, true), (2, 9, true)], (4, 4, 1), None, None),
            case("a way nobody has to go", &[(0, 9, false)], (2, 1, 1), None, Some(0)),
            case("a dead end beside the good one", &[(0, 9, true), (0, 1, true)], (3, 2, 2), None, Some(1)),
            case("a circle with a way out", &[(0, 1, true), (1, 0, true), (1, 9, true)], (3, 3, 1), Some(0), None),
            case("a circle", &[(0, 1, true), (1, 2, true), (2, 1, true), (0, 9, true)], (4, 4, 1), Some(1), Some(1)),
            case("a circle by choice", &[(0, 1, true), (1, 0, false), (1, 9, true)], (3, 3, 1), None, None),
            case("a step that does not happen", &[(0, 9, true), (9, 100, true)], (2, 1, 1), None, None),
        ];
        for Case { what, steps, sizes, endless, cut_off } in table {
            let model = Steps(steps);
            let graph = walk(&model);
            assert_eq!((graph.unique_states(), graph.transitions(), graph.terminal_states()), sizes, "{what}");
            let name = |number: Option<usize>| number.map(|number| graph.state(number));
            assert_eq!(name(graph.endless()), endless, "{what}");
            assert_eq!(name(graph.cut_off(|_, state| *state == 9)), cut_off, "{what}");
        }
    }

    #[test]
    fn paths_are_shortest() {
        let model = Steps(&[(0, 1, true), (1, 2, true), (2, 3, true), (0, 4, false), (4, 3, true)]);
        let graph = walk(&model);
        assert_eq!(graph.shortest_path(|state| *state == 3), Some(vec![(4, false), (3, true)]));
        assert_eq!(graph.shortest_path(|state| *state == 0), Some(vec![]));
        assert_eq!(graph.shortest_path(|state| *state == 7), None);
    }

    #[test]
    fn the_index_grows_and_forgets_nothing() {
        let mut index = Index::new();
        let mut states: Vec<u32> = Vec::new();
        for state in (0..20_000_u32).map(|state| state * 4096) {
            assert_eq!(index.find_or_insert(&states, &state), (number(states.len()), true));
            states.push(state);
        }
        for (at, state) in states.iter().enumerate() {
            assert_eq!(index.find_or_insert(&states, state), (number(at), false));
        }
    }
}
