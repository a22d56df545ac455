//! `imsconf run`: generated orders on the implementation.

use imsconf_properties::campaign::{Campaign, campaign};
use imsconf_properties::deviation::Deviation;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::{Outcome, SCHEMA, campaign as text, write_json};
use crate::verify::threads;

/// The name that asks for the list of deviations.
const LIST: &str = "help";

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    refinement: text::Refinement,
    invariants: Vec<text::Invariant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<text::Failure>,
}

pub(crate) fn run(arguments: &arguments::Run, printer: &mut Printer) -> Result<Outcome, CommandError> {
    if arguments.deviation.as_deref() == Some(LIST) {
        printer.print(deviations())?;
        return Ok(Outcome::Pass);
    }
    let deviation = arguments.deviation.as_deref().map(deviation).transpose()?;
    let work = Campaign {
        cases: arguments.cases,
        seed: arguments.seed,
        invited: arguments.invited,
        deviation: deviation.clone(),
        profile: arguments.judged.profile(),
    };
    let progress = Progress::start();
    let summary = campaign(&work, threads(), &|done| {
        progress.show(|| format!("{done} of {} schedules", arguments.cases));
    });
    drop(progress);
    let refinement = text::Refinement::of(&summary, summary.actions.clone(), &[]);
    let invariants = text::invariants(&summary);
    match &deviation {
        Some(deviation) => printer.print(refinement.deviating(deviation))?,
        None => printer.print(refinement.text())?,
    }
    printer.print(format_args!("\n{}", text::invariants_text(&invariants)))?;
    let failure = summary.failure.as_ref().map(|found| text::Failure::of(found, deviation.as_ref(), &arguments.save));
    if let Some(failure) = &failure {
        printer.print(format_args!("\n{}", failure.text()))?;
        failure.save()?;
    }
    let verdict = Outcome::of(failure.is_none());
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    write_json(arguments.output.json.as_deref(), &Json { schema: SCHEMA, verdict, refinement, invariants, failure })?;
    Ok(verdict)
}

/// The deviation with this name.
pub(crate) fn deviation(name: &str) -> Result<Deviation, CommandError> {
    Deviation::named(name).ok_or_else(|| {
        let known = deviations();
        CommandError::Deviation { name: name.to_owned(), known: known.trim_end().to_owned() }
    })
}

/// Every deviation, one a line: its name and what is wrong.
fn deviations() -> String {
    let width = Deviation::all().map(|spec| spec.name.len()).max().unwrap_or_default();
    Deviation::all().map(|spec| format!("  {:<width$}  {}\n", spec.name, spec.fault)).collect()
}
