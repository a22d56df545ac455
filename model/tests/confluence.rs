//! That answers which commute with everything else may arrive at once: what [`Confluent`] leaves out changes nothing
//! that anybody asks.

use std::collections::BTreeSet;

use imsconf_model::{
    Action, Conference, Configuration, Confluent, DialMessage, Graph, Invited, Message, Procedure, Procedures, Size,
    State, Verdict, claims, ends_well, explore, judge, sightings, walk,
};
use stateright::{Model, Representative};

fn confluent(conference: Conference) -> Confluent {
    Confluent::new(conference).expect("nothing lost, nothing optional")
}

/// An arrival and another action that do not come to the same in both orders, and how often both were possible.
fn disturbed(
    graph: &Graph<'_, Conference>,
    first: impl Fn(&State) -> Option<Action>,
    arrived: impl Fn(State) -> State,
) -> (Option<(Action, Action, State)>, u64) {
    let model = graph.model();
    let mut actions = Vec::new();
    let mut crossings = 0;
    for state in graph.states() {
        let Some(arrival) = first(&state) else { continue };
        let after = model.next_state(&state, arrival).expect("what is under way can arrive");
        actions.clear();
        model.actions(&state, &mut actions);
        for other in actions.iter().copied().filter(|other| *other != arrival) {
            crossings += 1;
            let before = model.next_state(&state, other).map(&arrived);
            let later = model.next_state(&after, other).map(&arrived);
            if before != later {
                return (Some((arrival, other, state)), crossings);
            }
        }
    }
    (None, crossings)
}

/// Everything in one, because the walk with every order takes longest.
#[test]
fn putting_them_first_changes_nothing() {
    for (invited, symmetry, least) in [(1, false, 10_000), (2, true, 1_000_000)] {
        let model = Conference::new(invited, 0);
        let reduced = confluent(model);
        let full = Graph::walk(&model, &walk(symmetry), &mut ());
        commutes_with_everything(&full, reduced, least);
        let few = Graph::walk(&reduced, &walk(symmetry), &mut ());
        same_states(&full, &few);
        same_verdicts(&full, &few);
    }
}

/// Every arrival that is put first, against every other action, in every state of the model in which it may also be
/// late: both orders come to the same.
///
/// An action concerns one invited user at most and treats the others alike, so what two users do not show a third would
/// not either.
fn commutes_with_everything(full: &Graph<'_, Conference>, reduced: Confluent, least: u64) {
    let model = full.model();
    let (found, crossings) = disturbed(full, |state| Confluent::first(state, model), |state| reduced.arrived(state));
    assert_eq!(found, None, "{model:?}");
    assert!(crossings > least, "{model:?}: {crossings}");
}

/// The states in which no such answer is under way are the same, one by one, and so are the ends.
fn same_states(full: &Graph<'_, Conference>, few: &Graph<'_, Confluent>) {
    let model = full.model();
    let calm = |state: &State| Confluent::first(state, model).is_none();
    let arrived: BTreeSet<State> = few.states().collect();
    assert!(arrived.iter().all(calm), "{model:?}");
    assert_eq!(full.states().filter(calm).count(), arrived.len(), "{model:?}");
    assert!(full.states().filter(calm).all(|state| arrived.contains(&state)), "{model:?}");
    let of_full = full.states().enumerate().filter(|(number, _)| full.is_quiescent(*number)).map(|(_, state)| state);
    let of_few = few.states().enumerate().filter(|(number, _)| few.is_quiescent(*number)).map(|(_, state)| state);
    assert_eq!(of_full.collect::<BTreeSet<_>>(), of_few.collect::<BTreeSet<_>>(), "{model:?}");
    assert_eq!(full.terminal_states(), few.terminal_states(), "{model:?}");
}

fn same_verdicts(full: &Graph<'_, Conference>, few: &Graph<'_, Confluent>) {
    let model = full.model();
    let decided = |verdicts: Vec<Verdict>| -> Vec<_> {
        verdicts.into_iter().map(|verdict| (verdict.name, verdict.path.is_some())).collect()
    };
    assert_eq!(decided(judge(full, &claims())), decided(judge(few, &claims())), "{model:?}");
    assert_eq!(decided(ends_well(full).to_vec()), decided(ends_well(few).to_vec()), "{model:?}");
    assert_eq!(decided(judge(full, &sightings(*model))), decided(judge(few, &sightings(*model))), "{model:?}");
}

/// The answer of an invited user is none of them: the focus may have given up before.
#[test]
fn what_does_not_commute_is_found() {
    let model = Conference::new(1, 0);
    let graph = Graph::walk(&model, &walk(false), &mut ());
    let answer = Message::Dial(Invited::ALL[0], DialMessage::Answer);
    let first = |state: &State| state.in_flight(answer).then_some(Action::Deliver(answer));
    let arrived = |state: State| match first(&state) {
        Some(arrival) => model.next_state(&state, arrival).expect("what is under way can arrive"),
        None => state,
    };
    let (found, _) = disturbed(&graph, first, arrived);
    assert!(matches!(found, Some((_, Action::GiveUp(_) | Action::Deliver(_), _))), "{found:?}");
}

#[test]
fn sizes_are_what_they_were() {
    let table = [
        (1, Size { states: 2_768, transitions: 11_134, terminal: 19, quiescent: 34 }),
        (2, Size { states: 149_847, transitions: 903_414, terminal: 64, quiescent: 121 }),
    ];
    for (invited, size) in table {
        let report = explore(&Configuration::new(invited, 0, true).confluent(), &mut |_| {});
        assert_eq!(report.size(), size, "{invited} invited");
        assert!(report.is_good(), "{invited} invited");
        assert!(report.witnesses.len() > 20, "{invited} invited");
    }
}

#[test]
fn losses_and_optional_procedures_are_not_for_it() {
    assert_eq!(Confluent::new(Conference::new(1, 1)), None);
    let optional = Conference::new(1, 0).with(Procedures::NONE.with(Procedure::Expulsion));
    assert_eq!(Confluent::new(optional), None);
    // Then what was asked for is explored as it is.
    let report = explore(&Configuration::new(1, 1, false).confluent(), &mut |_| {});
    assert_eq!(report.size(), explore(&Configuration::new(1, 1, false), &mut |_| {}).size());
}

/// The first thing that happens after an action is what [`Confluent::first`] says, so a path of the reduced model can
/// be replayed on the whole one.
#[test]
fn a_path_is_a_run_with_the_arrivals_put_in() {
    let model = Conference::new(2, 0);
    let reduced = confluent(model);
    let graph = Graph::walk(&reduced, &walk(true), &mut ());
    let (path, end) = graph.path(graph.unique_states() - 1);
    let mut state = model.init_states()[0];
    let run = |state: State, action: Action| model.next_state(&state, action).expect("possible");
    for action in path {
        state = run(state, action);
        while let Some(first) = Confluent::first(&state, &model) {
            state = run(state, first);
        }
    }
    assert_eq!(Some(state), end);
    assert_eq!(state.representative(), graph.state(graph.unique_states() - 1));
}
