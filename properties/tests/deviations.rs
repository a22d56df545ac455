//! Every invariant has been seen failing: each deviation, a deliberately wrong implementation, is caught by the
//! invariants that its table names.
//!
//! The shrunk schedules are kept in `regressions/deviations/`, one for each deviation, and run here in the way of
//! `imsconf replay`. `SHRINK_DEVIATIONS=1 cargo test -p imsconf-properties --test deviations` writes them all anew, a
//! part of a name instead of `1` those with this name.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::thread;

use imsconf::view::SubscriberState;
use imsconf_properties::deviation::{Deviation, Spec};
use imsconf_properties::hunt::{self, MOST_STEPS};
use imsconf_properties::inside;
use imsconf_properties::invariants::Observers;
use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::run::{Failure, Report, run};
use imsconf_properties::schedule::{Schedule, SecondOffer, Settings, Step};
use imsconf_properties::world::{Move, World};

/// How many threads search.
const THREADS: usize = 2;

/// Where the shrunk schedule of a deviation is kept.
fn file(spec: &Spec) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("regressions/deviations").join(format!("{}.json", spec.name))
}

/// Runs a schedule file's text as the command does.
fn replay(text: &str) -> (Schedule, Report) {
    let schedule = Schedule::from_json(text).expect("a schedule");
    let deviation = schedule.deviation.as_deref().map(|name| Deviation::named(name).expect("a known deviation"));
    let report = run(&schedule, deviation);
    (schedule, report)
}

/// The first generated schedule in which the deviation is caught, shrunk.
fn found(spec: &'static Spec) -> Option<Schedule> {
    hunt::find(spec, 1).map(|found| hunt::shrink(spec, &found))
}

/// What [`found`] finds for every one of these deviations.
fn all_found(specs: &[&'static Spec]) -> Vec<(&'static Spec, Schedule)> {
    let part = &|thread: usize| -> Vec<_> {
        let own = specs.iter().skip(thread).step_by(THREADS);
        own.map(|spec| (*spec, found(spec).unwrap_or_else(|| panic!("{} is never caught", spec.name)))).collect()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        let parts: Vec<Vec<_>> =
            workers.into_iter().map(|worker| worker.join().expect("no deviation is missed")).collect();
        parts.concat()
    })
}

/// Asserts that the file's text shows what the deviation must show, and how many steps it takes.
fn assert_shows(spec: &'static Spec, text: &str) -> usize {
    let (schedule, report) = replay(text);
    assert_eq!(schedule.deviation.as_deref(), Some(spec.name));
    assert!(schedule.steps.len() <= MOST_STEPS, "{}: {} steps", spec.name, schedule.steps.len());
    let findings = report.judge.findings();
    assert!(spec.is_caught(findings), "{} is not caught by {:?}: {findings:#?}", spec.name, spec.caught_by);
    let shown = matches!(&report.failure, Some(Failure::Invariant(finding)) if spec.is_caught_by(finding));
    assert!(shown, "{}: the failure shown is {:?}", spec.name, report.failure);
    schedule.steps.len()
}

#[test]
fn every_deviation_is_caught_as_its_table_says() {
    let specs: Vec<&'static Spec> = Deviation::all().collect();
    if let Ok(wanted) = std::env::var("SHRINK_DEVIATIONS") {
        let wanted = |spec: &&&'static Spec| wanted == "1" || spec.name.contains(&wanted);
        for (spec, schedule) in all_found(&specs.iter().filter(wanted).copied().collect::<Vec<_>>()) {
            fs::write(file(spec), schedule.to_json()).expect("writable");
        }
    }
    let mut table = String::new();
    for spec in &specs {
        let text = fs::read_to_string(file(spec)).unwrap_or_else(|error| panic!("{}: {error}", file(spec).display()));
        let steps = assert_shows(spec, &text);
        let (schedule, _) = replay(&text);
        for Finding { invariant, requirement, level, .. } in hunt::catches(spec, &schedule) {
            let (name, level) = (spec.name, format!("{level:?}"));
            let _ = writeln!(table, "{name:<34} {invariant:<20} {requirement:<6} {level:<10} {steps:>2} steps");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_invariant_has_been_seen_failing() {
    let caught: BTreeSet<&str> =
        Deviation::all().flat_map(|spec| spec.caught_by).map(|(invariant, _)| *invariant).collect();
    let known: BTreeSet<&str> = Observers::NAMES.iter().chain(inside::NAMES).copied().collect();
    let never: Vec<_> = known.difference(&caught).collect();
    assert!(never.is_empty(), "no deviation breaks {never:?}: add one");
    let unknown: Vec<_> = caught.difference(&known).collect();
    assert!(unknown.is_empty(), "a deviation names {unknown:?}, which does not exist");
}

#[test]
fn each_file_belongs_to_a_deviation() {
    let names: BTreeSet<String> = Deviation::all().map(|spec| format!("{}.json", spec.name)).collect();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("regressions/deviations");
    for entry in fs::read_dir(folder).expect("the folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        assert!(names.contains(&name), "{name} is the schedule of no deviation");
    }
}

/// Generated schedules find every fault without help, and shrink to a small one.
#[test]
fn every_deviation_is_found_from_scratch() {
    for (spec, schedule) in all_found(&Deviation::all().collect::<Vec<_>>()) {
        assert_shows(spec, &schedule.to_json());
    }
}

/// Makes one command and lets everything that it leads to arrive; the labels of what the UE sends meanwhile.
fn commanded(world: &mut World, command: Step) -> Vec<String> {
    let mut sent = Vec::new();
    let mut step = Move::Command(command);
    loop {
        let crossings = world.apply(step).sent.into_iter().filter(|crossing| crossing.party == Party::Ue);
        sent.extend(crossings.map(|crossing| crossing.message.label()));
        if world.in_flight().is_empty() {
            return sent;
        }
        step = Move::Deliver(0);
    }
}

/// A subscriber refuses the documents that the specification prints, keeps what it knows, and goes on from there.
#[test]
fn printed_documents_leave_the_roster_as_it_is() {
    for name in ["document-as-printed", "document-half-repaired"] {
        let mut world = World::new(Settings::default(), Deviation::named(name));
        commanded(&mut world, Step::Create(SecondOffer::Prack));
        commanded(&mut world, Step::Subscribe);
        let before = world.ue().view().subscription;
        assert_eq!((before.state, before.roster.len()), (SubscriberState::Active, 1), "{name}");
        commanded(&mut world, Step::Invite(0));
        let sent = commanded(&mut world, Step::Answer(0));
        assert_eq!(sent, ["200 (NOTIFY)", "400 (NOTIFY)"], "{name}");
        assert_eq!(world.ue().view().subscription, before, "{name}");
    }
}
