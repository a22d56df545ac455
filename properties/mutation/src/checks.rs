//! The checks: each test of the crates, in a process of its own. Read first: `switch.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{Failure, read_or_default};

/// Tests that are not run: those that count allocations, which the trace makes, too; and those that take minutes.
const LEFT_OUT: [&str; 8] = [
    "impl allocation",
    "impl allocation_procedure",
    "model exploration the_size_of_two_invited_users_with_a_loss",
    "model exploration exchanging_invited_users_changes_nothing",
    "model exploration the_size_of_two_invited_users_is_what_it_was",
    "model confluence putting_them_first_changes_nothing",
    "properties deviations every_deviation_is_found_from_scratch",
    "properties witnesses",
];
/// The most memory of a process, in KiB.
const MEMORY: u64 = 6 << 20;
/// A mutant may take so many times as long as no mutant does, and so much on top of it.
const PATIENCE: (f64, f64) = (10.0, 20.0);
/// What proptest and insta do is the same in each run, and leaves nothing behind.
const SETTINGS: [(&str, &str); 4] = [
    ("INSTA_UPDATE", "no"),
    ("INSTA_FORCE_PASS", "0"),
    ("PROPTEST_RNG_SEED", "1"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true"),
];

/// One test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Check {
    /// Package, target, test.
    pub(crate) name: String,
    program: PathBuf,
    folder: PathBuf,
    test: String,
    /// When the program was built, in nanoseconds since 1970.
    built: u64,
}

/// A check without a mutant: how long it takes, and which mutants it reaches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Traced {
    pub(crate) check: Check,
    pub(crate) seconds: f64,
    pub(crate) reached: BTreeSet<u32>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    Failed,
    TimedOut,
}

impl Check {
    /// The tests of a program.
    pub(crate) fn list(program: &Path, folder: &Path, target: &str) -> Result<Vec<Self>, Failure> {
        let built = fs::metadata(program)?.modified()?.duration_since(UNIX_EPOCH)?.as_nanos().try_into()?;
        let output = Command::new(program).args(["--list", "--format", "terse"]).output()?;
        let text = String::from_utf8(output.stdout)?;
        let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
        let all = tests.map(|test| Self {
            name: format!("{target} {test}"),
            program: program.to_owned(),
            folder: folder.to_owned(),
            test: test.to_owned(),
            built,
        });
        Ok(all.filter(|check| !LEFT_OUT.iter().any(|name| check.name.starts_with(name))).collect())
    }

    /// What tells this check from the same one built from another text.
    pub(crate) fn identity(&self) -> String {
        format!("{} {}", self.name, self.built)
    }

    fn run(&self, variable: (&str, &str), limit: Duration) -> Result<End, Failure> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")])
            .arg(&self.program)
            .args(["--exact", &self.test])
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("INSTA_WORKSPACE_ROOT", self.folder.parent().unwrap_or(&self.folder))
            .envs(SETTINGS)
            .env(variable.0, variable.1)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(if status.success() { End::Passed } else { End::Failed });
            }
            if start.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                return Ok(End::TimedOut);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs it without a mutant. The model's own tests take too long while each step leaves a trace; they go through
    /// all of it.
    fn trace(&self, place: &Path, of_the_model: &BTreeSet<u32>) -> Result<Traced, Failure> {
        let file = place.join("trace");
        fs::write(&file, "")?;
        let start = Instant::now();
        let name = file.to_string_lossy();
        let of_model = self.name.starts_with("model ");
        let variable = if of_model { ("MUTANT", "0") } else { ("MUTANT_TRACE", &*name) };
        let end = self.run(variable, Duration::from_secs(600))?;
        if end != End::Passed {
            return Err(format!("without a mutant: {} {end:?}", self.name).into());
        }
        let seconds = start.elapsed().as_secs_f64();
        let traced = fs::read_to_string(&file)?.lines().map(str::parse).collect::<Result<_, _>>()?;
        let reached = if of_model { of_the_model.clone() } else { traced };
        Ok(Traced { check: self.clone(), seconds, reached })
    }
}

impl Traced {
    /// Runs it with this mutant.
    pub(crate) fn against(&self, number: u32) -> Result<End, Failure> {
        let limit = Duration::from_secs_f64(self.seconds * PATIENCE.0 + PATIENCE.1);
        self.check.run(("MUTANT", &number.to_string()), limit)
    }
}

/// Every check traced, the quickest first. What was traced before and not built anew is not run again.
pub(crate) fn traced(
    checks: &[Check],
    place: &Path,
    of_the_model: &BTreeSet<u32>,
    time_is_up: &dyn Fn() -> bool,
) -> Result<Option<Vec<Traced>>, Failure> {
    let file = place.join("checks.json");
    let before: Vec<Traced> = read_or_default(&file)?;
    let mut known: BTreeMap<String, Traced> =
        before.into_iter().map(|traced| (traced.check.identity(), traced)).collect();
    let mut all = Vec::new();
    let mut complete = true;
    for check in checks {
        if let Some(traced) = known.remove(&check.identity()) {
            all.push(traced);
        } else if time_is_up() {
            complete = false;
        } else {
            all.push(check.trace(place, of_the_model)?);
            let so_far: Vec<&Traced> = all.iter().chain(known.values()).collect();
            fs::write(&file, serde_json::to_vec(&so_far)?)?;
        }
    }
    all.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    Ok(complete.then_some(all))
}
