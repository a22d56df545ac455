//! Do the checks see a fault in the code? A sample of the mutants of `cargo mutants`, each against the tests.
//!
//! The tool builds the tree once for each mutant, which takes days here. This program builds it once for all:
//! `population` has the tool list its mutants and draws the sample, `rewrite` puts them into a copy of the tree so that
//! an environment variable switches one on, `copy` builds that, and `checks` runs each test by itself, first without
//! a mutant to see which mutants it reaches, then with each of those until one test fails. `survivors.toml` is the
//! committed result. Run it by `.ci/mutants`; what was done is kept in `target/mutants` and not done again.

mod checks;
mod copy;
mod population;
mod rewrite;
mod survivors;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use checks::{End, Traced, traced};
use copy::{Copy, Excluded};
use population::{Mutant, population, sample};
use survivors::{Committed, Figures};

/// What the program cannot go on after.
type Failure = Box<dyn Error>;

/// What an earlier run kept.
fn read_or_default<T: Default + DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    if file.exists() { Ok(serde_json::from_slice(&fs::read(file)?)?) } else { Ok(T::default()) }
}

const USAGE: &str = "usage: mutation [--sample N] [--seed N] [--within FOLDER] [--minutes N]";

struct Arguments {
    sample: usize,
    seed: u64,
    /// Which mutants of the sample to try.
    within: String,
    /// After how many minutes to stop; the next run goes on.
    minutes: u64,
}

impl Arguments {
    fn read() -> Result<Self, Failure> {
        let runs = Committed::load()?.run;
        let Figures { sample, seed, .. } = *runs.first().ok_or("no run is committed")?;
        let mut read = Self { sample, seed, within: String::new(), minutes: u64::MAX / 60 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match word.as_str() {
                "--sample" => read.sample = value.parse()?,
                "--seed" => read.seed = value.parse()?,
                "--within" => read.within = value,
                "--minutes" => read.minutes = value.parse()?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(read)
    }
}

/// What is known of a mutant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Outcome {
    caught_by: Option<String>,
    timed_out: bool,
    /// The checks that passed with it.
    passed: BTreeSet<String>,
}

/// The longest that a check takes, in seconds, that is tried on all mutants first.
const QUICK: f64 = 1.0;

/// Runs the checks that reach the mutant and take less than this, but for those that it passed before, until one fails.
fn attempt(number: u32, checks: &[Traced], seconds: f64, outcome: &mut Outcome) -> Result<(), Failure> {
    for traced in checks.iter().filter(|traced| traced.seconds < seconds && traced.reached.contains(&number)) {
        if outcome.passed.contains(&traced.check.identity()) {
            continue;
        }
        match traced.against(number)? {
            End::Passed => {
                outcome.passed.insert(traced.check.identity());
            }
            end => {
                outcome.timed_out = end == End::TimedOut;
                outcome.caught_by = Some(traced.check.name.clone());
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Most mutants that are attempted at a time: each may take the memory that a check is given.
const MAX_WORKERS: usize = 4;

/// Attempts all mutants that are not caught yet, as many at a time as there are processors, within [`MAX_WORKERS`]; how
/// many there was no time for. A failure ends it.
fn attempt_all(
    viable: &[(u32, &Mutant)],
    checks: &[Traced],
    seconds: f64,
    outcomes: &Mutex<Outcomes>,
    time_is_up: &(dyn Fn() -> bool + Sync),
) -> Result<usize, Failure> {
    let (queue, left, failed) = (Mutex::new(viable.iter()), AtomicUsize::new(0), AtomicBool::new(false));
    let work = || -> Result<(), String> {
        let text = |failure: Failure| failure.to_string();
        let next = || Some(*queue.lock().ok()?.next()?);
        while !failed.load(Ordering::Relaxed)
            && let Some((number, mutant)) = next()
        {
            let known = outcomes.lock().map_err(|error| error.to_string())?.of.get(&mutant.name).cloned();
            let mut outcome = known.unwrap_or_default();
            if outcome.caught_by.is_some() {
                continue;
            }
            if time_is_up() {
                left.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            attempt(number, checks, seconds, &mut outcome).map_err(text)?;
            outcomes.lock().map_err(|error| error.to_string())?.keep(&mutant.name, outcome).map_err(text)?;
        }
        Ok(())
    };
    let worker = || work().inspect_err(|_| failed.store(true, Ordering::Relaxed));
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS);
    let ends: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        all.into_iter().map(|worker| worker.join()).collect()
    });
    for end in ends {
        end.map_err(|_| "a worker panicked")??;
    }
    Ok(left.into_inner())
}

/// The outcomes so far, kept after each mutant.
struct Outcomes {
    file: PathBuf,
    of: BTreeMap<String, Outcome>,
}

impl Outcomes {
    fn load(place: &Path) -> Result<Self, Failure> {
        let file = place.join("outcomes.json");
        let of = read_or_default(&file)?;
        Ok(Self { file, of })
    }

    fn keep(&mut self, name: &str, outcome: Outcome) -> Result<(), Failure> {
        self.of.insert(name.to_owned(), outcome);
        Ok(fs::write(&self.file, serde_json::to_vec_pretty(&self.of)?)?)
    }
}

fn part(file: &str) -> String {
    file.split('/').take(if file.starts_with("impl") { 3 } else { 1 }).collect::<Vec<_>>().join("/")
}

/// Prints the run; whether it is as committed.
fn report(figures: Figures, viable: &[(u32, &Mutant)], outcomes: &Outcomes) -> Result<bool, Failure> {
    let mut parts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut figures = Figures { viable: viable.len(), ..figures };
    let mut survived = BTreeSet::new();
    for (_, mutant) in viable {
        let (caught, all) = parts.entry(part(&mutant.file)).or_default();
        *all += 1;
        let outcome = outcomes.of.get(&mutant.name).cloned().unwrap_or_default();
        if outcome.caught_by.is_some() {
            *caught += 1;
            figures.caught += 1;
            figures.timed_out += usize::from(outcome.timed_out);
        } else {
            let reach = if outcome.passed.is_empty() { "not reached" } else { "passed" };
            println!("survived ({reach}): {}", mutant.place());
            survived.insert(mutant.name.clone());
        }
    }
    println!("\n{:<24} caught of viable", "part");
    for (part, (caught, all)) in parts {
        println!("{part:<24} {caught:>4} of {all:>4}");
    }
    println!("\n{}{:.1} % of the viable ones caught\n", toml::to_string(&figures)?, figures.percent());
    let differences = Committed::load()?.differences(&survived, &figures.within);
    for difference in &differences {
        println!("{difference}");
    }
    Ok(differences.is_empty())
}

fn run() -> Result<bool, Failure> {
    let arguments = Arguments::read()?;
    let start = Instant::now();
    let time_is_up = || start.elapsed() > Duration::from_secs(60 * arguments.minutes);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no workspace")?;
    let place = root.join("target/mutants");
    fs::create_dir_all(place.join("tree"))?;
    let all = population(root)?;
    let figures =
        Figures { seed: arguments.seed, within: arguments.within, population: all.len(), ..Figures::default() };
    let sample = sample(all, arguments.sample, arguments.seed);
    let mut copy = Copy::new(root, &place, &sample)?;
    let checks = copy.build()?;
    let mut viable: Vec<(u32, &Mutant)> =
        (1..).zip(&sample).filter(|(number, _)| !copy.excluded.contains_key(number)).collect();
    let lines = (1..).zip(&sample).map(|(number, mutant): (u32, _)| format!("{number} {}\n", mutant.place()));
    fs::write(place.join("sample.txt"), lines.collect::<String>())?;
    let constant = copy.excluded.values().filter(|why| **why == Excluded::Constant).count();
    println!(
        "{} of {} mutants: {} do not compile, {constant} are in constants; {} checks",
        sample.len(),
        figures.population,
        copy.excluded.len() - constant,
        checks.len(),
    );
    let of_the_model = viable.iter().filter(|(_, mutant)| mutant.file.starts_with("model")).map(|(number, _)| *number);
    let Some(checks) = traced(&checks, &place, &of_the_model.collect(), &time_is_up)? else {
        return Err("time is up while the checks run without a mutant: run it again to go on".into());
    };
    let outcomes = Mutex::new(Outcomes::load(&place)?);
    let mut left = 0;
    viable.retain(|(_, mutant)| mutant.file.starts_with(&figures.within));
    for seconds in [QUICK, f64::INFINITY] {
        left = attempt_all(&viable, &checks, seconds, &outcomes, &time_is_up)?;
    }
    let outcomes = outcomes.into_inner().map_err(|_| "a worker panicked")?;
    let as_committed = report(Figures { sample: sample.len(), ..figures }, &viable, &outcomes)?;
    if left > 0 {
        return Err(format!("time is up with {left} mutants to go: run it again").into());
    }
    Ok(as_committed)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}
