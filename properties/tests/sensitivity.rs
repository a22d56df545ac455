//! Every rule of the observers has been seen failing, as its row in `requirements/sensitivity.toml` says.
//!
//! `SWEEP=1 cargo test --release -p imsconf-properties --test sensitivity every_rule` writes the rows anew: it runs
//! every deviation in its kept schedule and every mutant of every message in the kept schedules, and takes the first
//! that breaks a rule.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use imsconf_properties::deviation::{Deviation, Mutant};
use imsconf_properties::run::{run, run_recorded};
use imsconf_properties::schedule::Schedule;
use imsconf_properties::sensitivity::{Sensitivity, Shown, Unshown};
use imsconf_properties::verdict::Level;

use rules::{Rule, rules};

/// How many threads sweep.
const THREADS: usize = 2;
/// In how many schedules a mutant is tried.
const TRIES: usize = 3;
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A kept schedule, without its deviation.
fn schedule(name: &str) -> Schedule {
    let path = directory().join("regressions").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schedule = Schedule::from_json(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    Schedule { deviation: None, ..schedule }
}

/// The names of all kept schedules, those of the deviations last.
fn names() -> Vec<String> {
    let within = |folder: &str| {
        let path = directory().join("regressions").join(folder);
        let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let files = entries.filter_map(|entry| entry.expect("an entry").file_name().into_string().ok());
        let mut names: Vec<String> =
            files.filter_map(|file| Some(format!("{folder}{}", file.strip_suffix(".json")?))).collect();
        names.sort_unstable();
        names
    };
    [within(""), within("deviations/")].concat()
}

/// The rules that a deviation breaks in a schedule; a note counts if our own implementation gets none there.
fn broken(deviation: Deviation, schedule: &Schedule) -> BTreeSet<Rule> {
    let found = |deviation| {
        let report = run(schedule, deviation);
        let decided = report.judge.findings().iter().filter(|finding| finding.level != Level::Inconclusive);
        decided.map(|found| (found.invariant.to_owned(), found.requirement.to_owned())).collect::<BTreeSet<Rule>>()
    };
    found(Some(deviation)).difference(&found(None)).cloned().collect()
}

/// Every run that is worth a try: a deviation or a mutant, in a schedule in which it changes something.
fn runs() -> Vec<(String, String)> {
    let mut runs: Vec<(String, String)> =
        Deviation::all().map(|spec| (spec.name.to_owned(), format!("deviations/{}", spec.name))).collect();
    let mut tried: BTreeMap<Mutant, usize> = BTreeMap::new();
    for name in names() {
        let (_, recording) = run_recorded(&schedule(&name), None);
        let mutants: BTreeSet<Mutant> = recording.sent().flat_map(|(party, bytes)| Mutant::of(party, bytes)).collect();
        for mutant in mutants {
            let times = tried.entry(mutant.clone()).or_default();
            if *times < TRIES {
                *times += 1;
                runs.push((mutant.to_string(), name.clone()));
            }
        }
    }
    runs
}

/// The first run that breaks each rule.
fn sweep() -> BTreeMap<Rule, Shown> {
    let runs = runs();
    println!("{} runs", runs.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut own: BTreeMap<Rule, usize> = BTreeMap::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((by, name)) = runs.get(number) else { return own };
            let deviation = Deviation::named(by).unwrap_or_else(|| panic!("{by} has no meaning"));
            for rule in broken(deviation, &schedule(name)) {
                own.entry(rule).or_insert(number);
            }
        }
    };
    let mut first: BTreeMap<Rule, usize> = BTreeMap::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for (rule, number) in workers.into_iter().flat_map(|worker| worker.join().expect("no run panics")) {
            let earliest = first.entry(rule).or_insert(number);
            *earliest = number.min(*earliest);
        }
    });
    let shown = |((invariant, requirement), number): (Rule, usize)| {
        let (by, schedule) = runs.get(number).cloned().expect("a run");
        let rule = (invariant.clone(), requirement.clone());
        (rule, Shown { requirement, invariant, by, schedule })
    };
    first.into_iter().map(shown).collect()
}

fn write(found: BTreeMap<Rule, Shown>) {
    let old = Sensitivity::load().expect("the table");
    let reason = |(invariant, requirement): &Rule| {
        let own = |row: &&Unshown| row.invariant == *invariant && row.requirement == *requirement;
        old.unshown.iter().find(own).map_or_else(String::new, |row| row.reason.clone())
    };
    let missing = rules().into_iter().filter(|rule| !found.contains_key(rule));
    let unshown = missing.map(|rule| {
        let reason = reason(&rule);
        let (invariant, requirement) = rule;
        Unshown { requirement, invariant, reason }
    });
    let table = Sensitivity { unshown: unshown.collect(), shown: found.into_values().collect() };
    let text = toml::to_string(&table).expect("plain data has a TOML form");
    fs::write(directory().join("requirements/sensitivity.toml"), text).expect("writable");
}

#[test]
fn every_rule_has_been_seen_failing() {
    if std::env::var_os("SWEEP").is_some() {
        write(sweep());
        return;
    }
    let table = Sensitivity::load().expect("the table");
    let own = table.shown.iter().map(|row| (row.invariant.clone(), row.requirement.clone()));
    let unshown = table.unshown.iter().map(|row| (row.invariant.clone(), row.requirement.clone()));
    let known: BTreeSet<Rule> = own.chain(unshown).collect();
    let missing: Vec<Rule> = rules().into_iter().filter(|rule| !known.contains(rule)).collect();
    assert!(missing.is_empty(), "nothing shows that these rules can fail: {missing:?}; see the head of this file");
    let silent: Vec<&Unshown> = table.unshown.iter().filter(|row| row.reason.is_empty()).collect();
    assert!(silent.is_empty(), "a reason is missing: {silent:#?}");
}

#[test]
fn each_row_shows_what_it_says() {
    let table = Sensitivity::load().expect("the table");
    let mut runs: BTreeMap<(&str, &str), BTreeSet<Rule>> = BTreeMap::new();
    for row in &table.shown {
        let rule = (row.invariant.clone(), row.requirement.clone());
        let broken = runs.entry((&row.by, &row.schedule)).or_insert_with(|| {
            let deviation = Deviation::named(&row.by).unwrap_or_else(|| panic!("{} has no meaning", row.by));
            broken(deviation, &schedule(&row.schedule))
        });
        assert!(broken.contains(&rule), "{} in {} breaks {broken:?}, not {rule:?}", row.by, row.schedule);
    }
}
