//! The refinement check has been seen failing: a deviation that changes what is said leaves the model, in each way in
//! which the check can tell. And what the implementation does itself is held to more than "no rule of level fail
//! broken".

use std::fs;
use std::path::PathBuf;

use imsconf_properties::campaign::{Campaign, campaign};
use imsconf_properties::deviation::Deviation;

use imsconf_properties::refinement::{Divergence, Refinement};
use imsconf_properties::schedule::{Schedule, SecondOffer, Settings, Step};
use imsconf_properties::verdict::{Level, Profile};
use imsconf_properties::world::{Move, World};

/// A world that is held to the model although it is deliberately wrong.
struct Held {
    world: World,
    refinement: Refinement,
}

impl Held {
    fn make(&mut self, step: Move) -> Result<(), Divergence> {
        let outcome = self.world.apply(step);
        self.refinement.check(&outcome, &self.world)
    }

    fn flush(&mut self) -> Result<(), Divergence> {
        while !self.world.in_flight().is_empty() {
            self.make(Move::Deliver(0))?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Divergence> {
        self.flush()?;
        while !self.world.is_quiescent() {
            self.make(Move::Fire)?;
            self.flush()?;
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), Divergence> {
        match step {
            Step::Flush => self.flush(),
            Step::Settle => self.settle(),
            single => {
                if let Some(made) = Move::of(single, self.world.in_flight().len()) {
                    self.make(made)?;
                }
                if single.runs_through() { self.flush() } else { Ok(()) }
            }
        }
    }
}

/// How the kept schedule of a deviation leaves the model; `None` if it does not.
fn divergence(deviation: &str, deviates: bool) -> Option<Divergence> {
    let file = format!("regressions/deviations/{deviation}.json");
    let text = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a kept schedule");
    let schedule = Schedule::from_json(&text).expect("a schedule");
    let world = World::new(schedule.world, Deviation::named(deviation).filter(|_| deviates));
    let refinement = Refinement::new(&world);
    let mut held = Held { world, refinement };
    let steps = schedule.steps.iter().try_for_each(|step| held.step(*step));
    steps.and_then(|()| held.settle()).and_then(|()| held.refinement.check_progress()).err()
}

const fn way(divergence: &Divergence) -> &'static str {
    match divergence {
        Divergence::NotEnabled { .. } => "not allowed",
        Divergence::WrongTarget { .. } => "ends elsewhere",
        Divergence::StutterMoved { .. } => "moved in secret",
        Divergence::Unknown(_) => "unknown message",
        Divergence::Stuck { .. } => "stuck",
    }
}

#[test]
fn every_way_to_leave_the_model_has_been_seen() {
    let cases = [
        ("notify-after-terminated", "not allowed"),
        ("failure-reported-as-success", "ends elsewhere"),
        ("second-offer-unanswered", "ends elsewhere"),
        ("notify-never-sent", "ends elsewhere"),
        ("callee-bye-before-ack", "unknown message"),
        ("id-of-another-request", "unknown message"),
        // The BYE is refused, so that no agent's state ever shows it.
        ("one-leaves-all-leave", "unknown message"),
    ];
    for (deviation, expected) in cases {
        assert_eq!(divergence(deviation, true).as_ref().map(way), Some(expected), "{deviation}");
        assert_eq!(divergence(deviation, false), None, "{deviation}: the schedule alone");
    }
}

/// Whoever stops in the middle passes every check of single steps.
#[test]
fn what_is_still_owed_is_asked_for() {
    let world = World::new(Settings::default(), None);
    let mut held = Held { refinement: Refinement::new(&world), world };
    assert_eq!(held.refinement.check_progress(), Ok(()));
    assert_eq!(held.step(Step::Create(SecondOffer::Prack)), Ok(()));
    assert_eq!(held.refinement.check_progress().err().as_ref().map(way), Some("stuck"));
    assert_eq!(held.step(Step::Settle), Ok(()));
    assert_eq!(held.refinement.check_progress(), Ok(()));
}

/// What is said to be nothing, and was a command.
#[test]
fn nothing_moves_in_secret() {
    let mut world = World::new(Settings::default(), None);
    let mut refinement = Refinement::new(&world);
    let nothing = world.clone().apply(Move::Deliver(0));
    assert_eq!(refinement.check(&nothing, &world), Ok(()));
    world.apply(Move::Command(Step::Create(SecondOffer::Prack)));
    let found = refinement.check(&nothing, &world).err();
    assert_eq!(found.as_ref().map(way), Some("moved in secret"));
}

/// A campaign fails where a MUST or a SHOULD is broken; our own agents give no other finding above a note either.
#[test]
fn the_implementation_meets_every_should() {
    let profile = Profile::ThreeGpp;
    let summary = campaign(&Campaign { cases: 400, seed: 11, invited: 2, deviation: None, profile }, 2, &|_| ());
    assert_eq!(summary.failure.map(|found| found.failure), None);
    let found = summary.judge.findings().iter().find(|finding| finding.level != Level::Note);
    assert_eq!(found, None);
}
