//! `imsconf deviations`: whether the checks bite. Every wrong implementation is hunted from scratch.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imsconf_properties::deviation::{Deviation, Spec};
use imsconf_properties::hunt;
use imsconf_properties::observe::Finding;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::{Outcome, SCHEMA, write_json};
use crate::verify::threads;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    deviations: Vec<Row>,
}

/// What became of one deviation. What was not caught has neither invariants nor steps.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: &'static str,
    fault: &'static str,
    thread: &'static str,
    caught_by: Vec<&'static str>,
    requirements: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
    /// Until it was found; shrinking it is not in it.
    seconds: f64,
}

pub(crate) fn deviations(arguments: &arguments::Deviations, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let wanted = |spec: &&'static Spec| arguments.name.as_deref().is_none_or(|name| spec.name.contains(name));
    let specs: Vec<&'static Spec> = Deviation::all().filter(wanted).collect();
    if let (true, Some(name)) = (specs.is_empty(), &arguments.name) {
        // The error lists those that there are.
        crate::run::deviation(name)?;
    }
    let rows = hunted(&specs, arguments.seed);
    printer.print(text(&rows))?;
    let verdict = Outcome::of(rows.iter().all(|row| row.steps.is_some_and(|steps| steps <= hunt::MOST_STEPS)));
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    write_json(arguments.output.json.as_deref(), &Json { schema: SCHEMA, verdict, deviations: rows })?;
    Ok(verdict)
}

/// Hunts them all, on every core; in their order.
fn hunted(specs: &[&'static Spec], seed: u64) -> Vec<Row> {
    let progress = Progress::start();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut own = Vec::new();
        while let Some(spec) = specs.get(next.fetch_add(1, Ordering::Relaxed)) {
            own.push(hunt(spec, seed));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.show(|| format!("{done} of {} deviations", specs.len()));
        }
        own
    };
    let mut rows: Vec<Row> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join());
        done.flat_map(|rows| rows.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    rows.sort_by_key(|row| specs.iter().position(|spec| spec.name == row.name));
    rows
}

fn hunt(spec: &'static Spec, seed: u64) -> Row {
    let start = Instant::now();
    let found = hunt::find(spec, seed);
    let seconds = start.elapsed().as_secs_f64();
    let small = found.map(|found| hunt::shrink(spec, &found));
    let catches = small.as_ref().map(|small| hunt::catches(spec, small)).unwrap_or_default();
    let mut requirements: Vec<&str> = catches.iter().map(|finding: &Finding| finding.requirement).collect();
    requirements.dedup();
    Row {
        name: spec.name,
        fault: spec.fault,
        thread: spec.seen,
        caught_by: catches.iter().map(|finding| finding.invariant).collect(),
        requirements,
        steps: small.map(|small| small.steps.len()),
        seconds,
    }
}

fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let Row { name, fault, thread, caught_by, requirements, steps, seconds } = row;
        let _ = writeln!(text, "{name}: {fault}");
        let _ = writeln!(text, "    seen: {thread}");
        let _ = match steps {
            Some(steps) => {
                let (invariants, rules) = (caught_by.join(", "), requirements.join(", "));
                writeln!(text, "    caught by {invariants} ({rules}) in {steps} steps, found in {seconds:.2} s")
            }
            None => writeln!(text, "    NOT CAUGHT in {} schedules, {seconds:.2} s", hunt::MOST_CASES),
        };
    }
    let caught = rows.iter().filter(|row| row.steps.is_some()).count();
    let longest = rows.iter().filter_map(|row| row.steps).max().unwrap_or_default();
    let mut times: Vec<f64> = rows.iter().map(|row| row.seconds).collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().map(Duration::from_secs_f64).unwrap_or_default();
    let count = rows.len();
    let _ = writeln!(
        text,
        "\n{caught} of {count} caught, found in {:.2} s (median), at most {longest} steps (limit {})",
        median.as_secs_f64(),
        hunt::MOST_STEPS
    );
    text
}
