//! A way through the tables is what a world, the observers and the refinement check do by themselves, step by step; and
//! a table with a key that tells too little apart is noticed.

use std::fmt::Debug;

use super::*;

/// So many situations are met before, so that the tables are full when ways are followed.
const MET: usize = 5_000;

/// The most steps of one way: some commands are taken again and again, so that many ways have no end.
const STEPS: usize = 60;

const NONE: Faults = Faults::NONE;
const FAULTS: Faults = Faults { drops: 1, doubles: 1 };

/// A scene that was explored, up to a bound.
fn explored(scope: Scope, faults: Faults, deviation: Option<&str>, bound: usize) -> impl Checker<Scene> {
    let deviation = deviation.map(|name| Deviation::named(name).expect("a deviation"));
    let what = Exploration { faults: Some(faults), deviation, ..Exploration::new(scope) };
    Scene::new(&what, Arc::default()).checker().target_state_count(bound).spawn_bfs().join()
}

/// Follows so many ways with a world that knows no tables; how many steps that was, or where the two part.
fn follow(scene: &Scene, ways: u64) -> Result<usize, String> {
    (0..ways).map(|way| follow_one(scene, way)).sum()
}

fn follow_one(scene: &Scene, way: u64) -> Result<usize, String> {
    let mut random = way.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let world = World::new(scene.world.settings(), scene.deviation.clone());
    let mut plain = Plainly::new(world, scene.deviation.is_none(), &scene.tower);
    scene.opening.iter().for_each(|step| plain.open(*step));
    let mut situation = scene.start.clone();
    for step in 0..STEPS {
        let mut actions = Vec::new();
        scene.actions(&situation, &mut actions);
        let mut then = None;
        while then.is_none() && !actions.is_empty() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let next = actions.swap_remove((random >> 33) as usize % actions.len());
            then = scene.next_state(&situation, next).map(|then| (next, then));
        }
        let Some((next, then)) = then else { return Ok(step) };
        while next == Next::Fire && situation.left == NONE && waits_for_copies(&plain.world) {
            plain.make(Move::Fire);
        }
        plain.make(scene.single(&plain.world, next));
        while let Some(place) = for_proxy(&plain.world) {
            plain.make(Move::Deliver(place));
        }
        compared(scene, &then, &plain).map_err(|parts| format!("way {way}, step {step}, {next:?}: {parts}"))?;
        situation = then;
    }
    Ok(STEPS)
}

/// Whether the tables tell of this world what is so.
fn compared(scene: &Scene, then: &Situation, plain: &Plainly<'_>) -> Result<(), String> {
    let (cast, ledger, flight) = scene.atlas.take(&plain.world);
    same("the agents", &then.cast, &cast)?;
    same("the ledger", &then.ledger, &ledger)?;
    same("what is in flight", &then.flight, &flight)?;
    same("the observers", &then.watch, &scene.tower.take(&plain.observers))?;
    same("the time that passed", &then.elapsed, &plain.elapsed)?;
    same("whether it is at rest", &scene.is_quiescent(then), &plain.world.is_quiescent())?;
    if scene.deviation.is_some() {
        // What is wrong at the end is not known to a world that goes on.
        return same("that something is wrong", &(then.failure.is_some() || plain.failure.is_none()), &true);
    }
    same("the state of the model", scene.states.get(then.state), &alpha(&plain.world))?;
    same("what is wrong", &then.failure.as_deref(), &plain.failure.as_ref())
}

fn same<T: PartialEq + Debug>(what: &str, looked_up: &T, real: &T) -> Result<(), String> {
    (looked_up == real).then_some(()).ok_or_else(|| format!("{what}: {looked_up:?} instead of {real:?}"))
}

#[test]
fn tables_tell_what_a_world_does() {
    let table = [
        (Scope::Creation, FAULTS, None, 40),
        (Scope::Orders, NONE, None, 40),
        (Scope::Races, NONE, None, 40),
        (Scope::TwoInvitations, NONE, None, 40),
        (Scope::Invitation, FAULTS, None, 40),
        (Scope::Creation, NONE, Some("answered-before-prack"), 20),
    ];
    for (scope, faults, deviation, ways) in table {
        let checker = explored(scope, faults, deviation, MET);
        match follow(checker.model(), ways) {
            Ok(steps) => assert!(steps as u64 > 5 * ways, "{scope}: {steps} steps"),
            Err(parts) => panic!("{scope}: {parts}"),
        }
    }
}

/// Makes one table one whose key leaves something out.
type Blur = fn(&Scene);

#[test]
fn a_key_that_leaves_something_out_is_noticed() {
    let table: [(&str, Scope, Blur); 10] = [
        ("reaction: the agent's state", Scope::Invitation, |scene| scene.atlas.blur_agent()),
        ("reaction: the letter", Scope::Invitation, |scene| scene.atlas.blur_letter()),
        ("command: the agent's state", Scope::Orders, |scene| scene.atlas.blur_concerned()),
        ("timer: the other agents", Scope::Invitation, |scene| scene.atlas.blur_cast()),
        ("ageing: how long", Scope::Invitation, |scene| scene.atlas.blur_elapsed()),
        ("page: the ledger", Scope::Invitation, |scene| scene.atlas.blur_ledger()),
        ("model: the ledger", Scope::Invitation, |scene| scene.alphas.blur(|(views, _, setting)| (*views, *setting))),
        ("observer: the conversation", Scope::Invitation, |scene| scene.tower.blur_conversation()),
        ("observers: all of them", Scope::Invitation, |scene| scene.tower.blur_watch()),
        ("observer: its state", Scope::Invitation, |scene| scene.tower.blur_observer()),
    ];
    let mut missed = Vec::new();
    for (what, scope, blur) in table {
        let faults = scope.faults();
        let checker = explored(scope, faults, None, MET);
        blur(checker.model());
        if follow(checker.model(), 40).is_ok() {
            missed.push(what);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}
