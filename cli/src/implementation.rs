//! `imsconf check --impl`: the implementation under the model checker.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use imsconf_properties::exploration::{Counterexample, Exploration, Explored, Faults, Scope};
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::model::took;
use crate::report::{Outcome, SCHEMA, grouped, write_json};
use crate::run::deviation;
use crate::verify::threads;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    implementation: Vec<Part>,
}

/// One exploration.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    scope: String,
    drops: u8,
    doubles: u8,
    unique_states: usize,
    transitions: usize,
    depth: usize,
    evaluations: u64,
    invariants: usize,
    actions: usize,
    complete: bool,
    /// Whether it has the size that it has to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_expected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    what: String,
    steps: Vec<String>,
}

pub(crate) fn check(
    scope: Scope,
    arguments: &arguments::Check,
    printer: &mut Printer,
) -> Result<Outcome, CommandError> {
    let usual = scope.faults();
    let faults =
        Faults { drops: arguments.drops.unwrap_or(usual.drops), doubles: arguments.doubles.unwrap_or(usual.doubles) };
    let deviation = arguments.deviation.as_deref().map(deviation).transpose()?;
    let profile = arguments.judged.profile();
    let threads = if scope == Scope::Transactions { 1 } else { usize::try_from(threads()).unwrap_or(1) };
    printer.line(format_args!("Implementation, {scope}{}", allowed(scope, faults)))?;
    let (before, worked) = (memory(), processor_time());
    let progress = Progress::start();
    progress.show(|| format!("exploring {scope}"));
    let limit = Some(Duration::from_secs(60 * u64::from(arguments.minutes)));
    let explored = Exploration { scope, faults: Some(faults), deviation, profile, threads, limit }.run();
    let elapsed = progress.elapsed();
    drop(progress);
    for part in &explored {
        printer.print(text(part, "the time was up, see --minutes"))?;
    }
    let states: usize = explored.iter().map(|part| part.unique_states).sum();
    let transitions: usize = explored.iter().map(|part| part.transitions).sum();
    let rate = |time: Duration| grouped((transitions as f64 / time.as_secs_f64().max(1e-2)) as u64);
    let (all, took, wall) = (grouped(transitions as u64), took(elapsed), rate(elapsed));
    printer.line(format_args!("  {all} transitions in {took} on {threads} threads: {wall} a second"))?;
    if let (Some(before), Some(after)) = (worked, processor_time()) {
        // On a machine that does other things too, this is what compares.
        let worked = after.saturating_sub(before);
        let (each, worked) = (rate(worked), worked.as_secs_f64());
        printer.line(format_args!("  {worked:.1} s of processor time: {each} a second on each core"))?;
    }
    if let (Some(before), Some(after)) = (before, memory()) {
        let bytes = after.saturating_sub(before) * 1024 / states.max(1) as u64;
        printer.line(format_args!("  at most {} MB in use, {} bytes a state", after / 1024, grouped(bytes)))?;
    }
    for found in explored.iter().filter_map(|part| part.failure.as_ref()) {
        printer.print(failure_text(found, &arguments.save)?)?;
    }
    let implementation: Vec<_> = explored.iter().map(|part| Part::of(part, faults)).collect();
    let verdict = match implementation.iter().all(Part::is_good) {
        true if explored.iter().all(|part| part.complete) => Outcome::Pass,
        true => Outcome::Inconclusive,
        false => Outcome::Fail,
    };
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    write_json(arguments.output.json.as_deref(), &Json { schema: SCHEMA, verdict, implementation })?;
    Ok(verdict)
}

/// What `verify` explores, with what the network may do wrong in it.
const VERIFIED: [(Scope, Faults); 3] = [
    (Scope::Creation, Faults { drops: 1, doubles: 1 }),
    (Scope::Orders, Faults { drops: 0, doubles: 0 }),
    (Scope::Invitation, Faults { drops: 1, doubles: 1 }),
];

/// Explores what `verify` includes, prints it, and keeps the schedule of a failure.
pub(crate) fn verified(arguments: &arguments::Verify, printer: &mut Printer) -> Result<Vec<Part>, CommandError> {
    let (threads, bound) = (usize::try_from(threads()).unwrap_or(1), arguments.explore_for);
    let limit = Duration::from_secs(bound.into());
    let mut parts = Vec::new();
    if limit.is_zero() {
        return Ok(parts);
    }
    printer.line(format_args!("\nImplementation in every order, {bound} s a scope at most"))?;
    for (scope, faults) in VERIFIED {
        let progress = Progress::start();
        progress.show(|| format!("exploring {scope}"));
        let what = Exploration { faults: Some(faults), threads, limit: Some(limit), ..Exploration::new(scope) };
        let explored = what.run();
        drop(progress);
        for part in &explored {
            let allowed = allowed(scope, faults);
            printer.print(text(part, &format!("the first {bound} s of it{allowed}")))?;
            if let Some(found) = &part.failure {
                printer.print(failure_text(found, &arguments.save)?)?;
            }
            parts.push(Part::of(part, faults));
        }
    }
    Ok(parts)
}

/// What the network may do in it, in words.
fn allowed(scope: Scope, faults: Faults) -> String {
    match (scope, faults) {
        (Scope::Transactions, _) => String::new(),
        (_, Faults { drops: 0, doubles: 0 }) => ", nothing lost or doubled".to_owned(),
        (_, Faults { drops, doubles }) => format!(", at most {drops} datagrams dropped and {doubles} doubled"),
    }
}

/// The figures of an exploration; `bounded` says why it is not complete, if it is not.
fn text(part: &Explored, bounded: &str) -> String {
    let Explored { name, unique_states, transitions, depth, evaluations, invariants, actions, complete, .. } = part;
    let (states, transitions) = (grouped(*unique_states as u64), grouped(*transitions as u64));
    let mut text = format!("  {name:<24} {states:>12} states {transitions:>13} transitions, depth {depth}\n");
    if *invariants > 0 {
        let evaluations = grouped(*evaluations);
        let _ =
            writeln!(text, "    {evaluations} evaluations of {invariants} invariants, {actions} actions of the model");
    }
    match (part.is_as_expected(), part.expected) {
        (Some(true), _) => text.push_str("    the size is the pinned one\n"),
        (Some(false), Some((states, transitions))) => {
            let (states, transitions) = (grouped(states as u64), grouped(transitions as u64));
            let _ = writeln!(text, "    DIFFERENT from the pinned size: {states} states {transitions} transitions");
        }
        _ => {}
    }
    if !complete && part.failure.is_none() {
        let _ = writeln!(text, "    NOT EXPLORED COMPLETELY: {bounded}");
    }
    text
}

/// What is wrong and how to see it again; a schedule is kept in a file.
fn failure_text(found: &Counterexample, path: &Path) -> Result<String, CommandError> {
    match found {
        Counterexample::Schedule { failure, schedule } => {
            let write = fs::write(path, schedule.to_json());
            write.map_err(|error| CommandError::Write { path: path.to_owned(), error })?;
            let (steps, path) = (schedule.steps.len(), path.display());
            Ok(format!("\nFAILED: {failure}\n  {steps} steps, kept in {path}: imsconf replay {path}\n"))
        }
        Counterexample::Inputs { rule, inputs } => Ok(format!("\nFAILED: {rule}\n  by {}\n", inputs.join(", "))),
    }
}

impl Part {
    /// Whether nothing is wrong in what was explored, and its size is as expected.
    pub(crate) fn is_good(&self) -> bool {
        self.failure.is_none() && self.as_expected != Some(false)
    }

    fn of(explored: &Explored, faults: Faults) -> Self {
        let Explored { name, unique_states, transitions, depth, evaluations, invariants, actions, complete, .. } =
            explored;
        let failure = explored.failure.as_ref().map(|found| match found {
            Counterexample::Schedule { failure, schedule } => Failure {
                what: failure.to_string(),
                steps: schedule.steps.iter().map(|step| format!("{step:?}")).collect(),
            },
            Counterexample::Inputs { rule, inputs } => Failure { what: (*rule).to_owned(), steps: inputs.clone() },
        });
        Self {
            scope: name.clone(),
            drops: faults.drops,
            doubles: faults.doubles,
            unique_states: *unique_states,
            transitions: *transitions,
            depth: *depth,
            evaluations: *evaluations,
            invariants: *invariants,
            actions: *actions,
            complete: *complete,
            as_expected: explored.is_as_expected(),
            failure,
        }
    }
}

/// How long this process has kept processors busy so far, where the system tells.
fn processor_time() -> Option<Duration> {
    /// In which `/proc` counts, whatever the kernel does.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, which comes first, can hold anything but ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(|field| field.parse::<u32>().ok());
    let (user, system) = (ticks.next()??, ticks.next()??);
    Some(TICK * user.saturating_add(system))
}

/// The most memory that this process has used so far, in kB, where the system tells.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
