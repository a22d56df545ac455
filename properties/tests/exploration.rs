//! The implementation explored: sizes, and that what is wrong is found.

use imsconf_properties::deviation::Deviation;
use imsconf_properties::exploration::{
    Counterexample, Exploration, Explored, Fault, Faults, Machine, Scope, explore_faulty,
};
use imsconf_properties::run::run;

/// States and transitions; what is wrong, if anything.
fn shown(explored: &Explored) -> (String, usize, usize) {
    let Explored { name, unique_states, transitions, .. } = explored;
    if let Some(found) = &explored.failure {
        panic!("{name}: {}", text(found));
    }
    (name.clone(), *unique_states, *transitions)
}

fn text(found: &Counterexample) -> String {
    match found {
        Counterexample::Schedule { failure, schedule } => format!("{failure}\n{}", schedule.to_json()),
        Counterexample::Inputs { rule, inputs } => format!("{rule}: {inputs:?}"),
    }
}

#[test]
fn transaction_machines_keep_the_rules_in_every_order() {
    let explored = Exploration::new(Scope::Transactions).run();
    assert!(explored.iter().all(|part| part.depth <= 12));
    let found: Vec<_> = explored.iter().map(shown).collect();
    let found: Vec<_> = found.iter().map(|(name, states, steps)| (name.as_str(), *states, *steps)).collect();
    let expected = [
        ("INVITE client, UDP", 4_353, 41_449),
        ("INVITE client, TCP", 153, 1_740),
        ("non-INVITE client, UDP", 303, 2_402),
        ("non-INVITE client, TCP", 30, 246),
        ("INVITE server, UDP", 6_174, 45_773),
        ("INVITE server, TCP", 114, 1_014),
        ("non-INVITE server, UDP", 455, 3_442),
        ("non-INVITE server, TCP", 6, 38),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_faulty_transaction_machine_is_found() {
    use Machine::{InviteClient, InviteServer, NonInviteClient, NonInviteServer};
    let table = [
        (InviteClient, Fault::NoAck, "each 300-699 to an INVITE gets one ACK"),
        (InviteClient, Fault::SendsTwice, "a client begins by sending its request once"),
        (NonInviteClient, Fault::NeverRepeats, "an unanswered request is repeated or given up"),
        (InviteClient, Fault::CopiesDiffer, "a copy of a request is the request"),
        (NonInviteClient, Fault::DeafToFailure, "a user sees provisional responses"),
        (InviteClient, Fault::Hasty, "what has its final response does not time out"),
        (NonInviteServer, Fault::Forgetful, "the user sees a request once"),
        (InviteServer, Fault::SendsTwice, "a server repeats what awaits its ACK"),
        (InviteServer, Fault::NeverRepeats, "an unacknowledged failure is repeated or given up"),
    ];
    let missed = table.into_iter().filter_map(|(machine, fault, expected)| {
        let failure = explore_faulty(machine, fault).failure;
        let caught = matches!(&failure, Some(Counterexample::Inputs { rule, inputs })
            if rule.starts_with(expected) && inputs.len() <= 4);
        (!caught).then(|| format!("{machine:?} {fault:?}: {failure:?}"))
    });
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<String>::new());
}

/// The scopes themselves are for `imsconf check --impl`; these are the parts of them that take seconds.
#[test]
fn small_explorations_conform_and_have_the_size_that_they_had() {
    let none = Faults { drops: 0, doubles: 0 };
    let table = [
        (Scope::Creation, none, (906, 2_658)),
        (Scope::Creation, Faults { drops: 1, doubles: 0 }, (5_250, 15_586)),
        (Scope::Creation, Faults { drops: 1, doubles: 1 }, (48_484, 186_742)),
        (Scope::Invitation, none, (1_302, 3_143)),
    ];
    let mut found = Vec::new();
    for (scope, faults, _) in table {
        let explored = Exploration { faults: Some(faults), ..Exploration::new(scope) }.run();
        for part in &explored {
            let (_, states, transitions) = shown(part);
            assert!(part.actions > 15 && part.invariants > 12, "{part:?}");
            found.push((scope, faults, (states, transitions)));
        }
    }
    assert_eq!(found, table);
}

/// A complete exploration of another size is noticed; of one that is not complete nothing is known.
#[test]
fn another_size_is_noticed() {
    let whole = Exploration::new(Scope::Creation).run().remove(0);
    assert_eq!(whole.is_as_expected(), Some(true));
    let fewer = Explored { unique_states: whole.unique_states - 1, ..whole.clone() };
    assert_eq!(fewer.is_as_expected(), Some(false));
    assert_eq!(Explored { complete: false, ..fewer }.is_as_expected(), None);
}

/// Two threads find what one finds.
#[test]
fn threads_make_no_difference() {
    let faults = Some(Faults { drops: 0, doubles: 0 });
    let one = Exploration { faults, ..Exploration::new(Scope::Creation) };
    let two = Exploration { threads: 2, ..one.clone() };
    assert_eq!(one.run().iter().map(shown).collect::<Vec<_>>(), two.run().iter().map(shown).collect::<Vec<_>>());
}

/// What is found is a schedule that shows the same when it is run by itself.
#[test]
fn a_deviation_is_found_and_its_schedule_replays() {
    let faults = Some(Faults { drops: 0, doubles: 0 });
    for name in ["answered-before-prack", "183-goes-on-after-prack", "given-up-call-not-ended"] {
        let deviation = Some(Deviation::named(name).expect("a deviation"));
        let explored = Exploration { deviation: deviation.clone(), faults, ..Exploration::new(Scope::Creation) }.run();
        let found = explored.into_iter().find_map(|part| part.failure);
        let Some(Counterexample::Schedule { failure, schedule }) = found else { panic!("{name} is not found") };
        assert!(schedule.steps.len() <= 20, "{name}: {}", schedule.to_json());
        let again = run(&schedule, deviation).failure;
        assert_eq!(again.map(|again| again.name()), Some(failure.name()), "{name}");
    }
}
