//! Text form of a transition table, for the committed snapshots: every state against every input.

use std::fmt::{Debug, Write as _};

/// One block per state, one line per input: the input, what it puts out, and the state after.
pub(crate) fn render<State, Input, Output>(
    states: &[(&str, State)],
    inputs: &[(&str, Input)],
    step: impl Fn(State, Input) -> (State, Output),
) -> String
where
    State: Clone + Debug + PartialEq,
    Input: Clone,
    Output: Debug,
{
    let mut table = String::new();
    for (name, state) in states {
        let _ = writeln!(table, "{name}: {state:?}");
        for (input_name, input) in inputs {
            let (next, output) = step(state.clone(), input.clone());
            let after = if next == *state {
                "stays".to_owned()
            } else {
                states
                    .iter()
                    .find(|(_, known)| *known == next)
                    .map_or_else(|| format!("{next:?}"), |(known_name, _)| (*known_name).to_owned())
            };
            let _ = writeln!(table, "  {input_name}: {output:?} -> {after}");
        }
    }
    table
}
