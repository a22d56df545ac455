//! `imsconf run`: generated orders on the implementation.

use imsconf_properties::campaign::{Campaign, campaign};
use imsconf_properties::deviation::Deviation;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::progress::Progress;
use crate::report::{Outcome, SCHEMA, campaign as text, write_json};
use crate::verify::threads;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    refinement: text::Refinement,
    invariants: Vec<text::Invariant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<text::Failure>,
}

pub(crate) fn run(arguments: &arguments::Run) -> Result<Outcome, CommandError> {
    let deviation = arguments.deviation.as_deref().map(deviation).transpose()?;
    let work = Campaign {
        cases: arguments.cases,
        seed: arguments.seed,
        invited: arguments.invited,
        deviation: deviation.clone(),
    };
    let progress = Progress::start();
    let summary = campaign(&work, threads(), &|done| {
        progress.show(|| format!("{done} of {} schedules", arguments.cases));
    });
    drop(progress);
    let refinement = text::Refinement::of(&summary, summary.actions.clone(), &[]);
    let invariants = text::invariants(&summary);
    print!("{}\n{}", refinement.text(), text::invariants_text(&invariants));
    let mut failure = None;
    if let Some(found) = &summary.failure {
        let (printed, json) = text::failure(found, deviation.as_ref())?;
        print!("\n{printed}");
        failure = Some(json);
    }
    let verdict = Outcome::of(failure.is_none());
    println!("\nverdict: {}", verdict.word());
    write_json(arguments.output.json.as_deref(), &Json { schema: SCHEMA, verdict, refinement, invariants, failure })?;
    Ok(verdict)
}

/// The deviation with this name.
pub(crate) fn deviation(name: &str) -> Result<Deviation, CommandError> {
    Deviation::named(name).ok_or_else(|| {
        let known: Vec<&str> = Deviation::all().map(|spec| spec.name).collect();
        CommandError::Deviation { name: name.to_owned(), known: known.join(", ") }
    })
}
