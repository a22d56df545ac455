//! `imsconf verify`: the main job. The model completely, the implementation held to it, the requirements counted.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::thread;

use imsconf_properties::campaign::{Campaign, campaign};
use imsconf_properties::canary::{Canary, sample, sing};
use imsconf_properties::catalogue::{Catalogue, Counts};
use imsconf_properties::model::ScopeReport;
use imsconf_properties::refinement::name;
use serde::Serialize;

use crate::arguments;
use crate::check::{configurations, explored};
use crate::error::CommandError;
use crate::implementation::{self, Part};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::canaries::{self, Row};
use crate::report::model::{Explored, took};
use crate::report::witness::Witnesses;
use crate::report::{Outcome, SCHEMA, campaign as text, write_json};

/// How many users can be invited in the generated schedules.
const INVITED: u8 = 2;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    model: Vec<Explored>,
    witnesses: Witnesses,
    refinement: text::Refinement,
    implementation: Vec<Part>,
    canaries: Vec<Row>,
    invariants: Vec<text::Invariant>,
    requirements: Requirements,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<text::Failure>,
}

#[derive(Serialize)]
struct Requirements {
    total: usize,
    covered: usize,
    waived: usize,
}

pub(crate) fn verify(arguments: &arguments::Verify, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let catalogue = Catalogue::load()?;
    let profile = arguments.judged.profile();
    let reports = explored(&configurations(arguments.scope, false), printer)?;
    let witnesses = Witnesses::of(&reports, profile);
    printer.print(format_args!("\n{}", witnesses.text()))?;

    let progress = Progress::start();
    let (cases, seed) = (arguments.cases, arguments.seed);
    let work = Campaign { cases, seed, invited: INVITED, deviation: None, profile };
    let summary = campaign(&work, threads(), &|done| {
        progress.show(|| format!("{done} of {} schedules", arguments.cases));
    });
    let elapsed = progress.elapsed();
    drop(progress);
    let mut actions = summary.actions.clone();
    for (action, times) in witnesses.actions() {
        *actions.entry(action.clone()).or_default() += times;
    }
    let refinement = text::Refinement::of(&summary, actions, &action_names(&reports));
    let invariants = text::invariants(&summary);
    let Counts { covered, waived, total } = catalogue.counts();
    printer.print(format_args!("\n{}  in {}\n", refinement.text(), took(elapsed)))?;
    let implementation = implementation::verified(arguments, printer)?;
    let canaries = sung(arguments.canaries.into(), arguments.seed);
    printer.print(format_args!("\n{}", canaries::text(&canaries)))?;
    printer.print(format_args!("\n{}", text::invariants_text(&invariants)))?;
    let counts = format!("{covered} covered, {waived} waived with a reason, {total} in total");
    printer.line(format_args!("\nRequirements\n  {counts}"))?;

    let failure = summary.failure.as_ref().map(|found| text::Failure::of(found, None, &arguments.save));
    if let Some(failure) = &failure {
        printer.print(format_args!("\n{}", failure.text()))?;
        failure.save()?;
    }
    let model_holds = reports.iter().all(ScopeReport::is_good);
    let generated = witnesses.all_followed() && failure.is_none() && refinement.complete();
    let explored = implementation.iter().all(Part::is_good);
    let bites = canaries.iter().all(Row::is_caught);
    let verdict = Outcome::of(model_holds && generated && explored && bites);
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    let requirements = Requirements { total, covered, waived };
    let model = reports.iter().map(Explored::of).collect();
    let json = Json {
        schema: SCHEMA,
        verdict,
        model,
        witnesses,
        refinement,
        implementation,
        canaries,
        invariants,
        requirements,
        failure,
    };
    write_json(arguments.output.json.as_deref(), &json)?;
    Ok(verdict)
}

/// Which of the canaries are caught.
fn sung(size: usize, seed: u64) -> Vec<Row> {
    let sample = sample(size);
    let workers = usize::try_from(threads()).unwrap_or(1);
    let part = |worker: usize| {
        let own = sample.iter().enumerate().skip(worker).step_by(workers);
        own.map(|(place, spec)| (place, sing(spec, seed))).collect::<Vec<_>>()
    };
    let mut all: Vec<(usize, Canary)> = thread::scope(|scope| {
        let parts: Vec<_> = (0..workers)
            .map(|worker| {
                let part = &part;
                scope.spawn(move || part(worker))
            })
            .collect();
        let joined = parts.into_iter().map(|own| own.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect()
    });
    all.sort_unstable_by_key(|(place, _)| *place);
    all.iter().map(|(_, canary)| Row::of(canary)).collect()
}

/// The names of the actions that the model takes.
fn action_names(reports: &[ScopeReport]) -> Vec<String> {
    let names: BTreeSet<String> =
        reports.iter().flat_map(|report| &report.actions_taken).map(|action| name(*action)).collect();
    names.into_iter().collect()
}

/// As many threads as the machine has cores.
pub(crate) fn threads() -> u32 {
    thread::available_parallelism().map_or(1, NonZero::get).try_into().unwrap_or(1)
}
