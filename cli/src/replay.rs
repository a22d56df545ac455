//! `imsconf replay`: one schedule again, with its ladder.

use std::fs;

use imsconf_properties::run;
use imsconf_properties::schedule::Schedule;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::campaign::ladder;
use crate::report::{Outcome, SCHEMA, write_json};
use crate::run::deviation;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    steps: usize,
    moves: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

pub(crate) fn replay(arguments: &arguments::Replay, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let path = &arguments.file;
    let text = fs::read_to_string(path).map_err(|error| CommandError::Read { path: path.clone(), error })?;
    let mut schedule =
        Schedule::from_json(&text).map_err(|error| CommandError::Schedule { path: path.clone(), error })?;
    if let Some(profile) = arguments.profile {
        schedule.world.profile = profile.profile();
    }
    let deviation = schedule.deviation.as_deref().map(deviation).transpose()?;
    if let Some(deviation) = &deviation {
        match deviation.spec() {
            Some(spec) => {
                printer.line(format_args!("deviation {}: {}\n  seen: {}\n", spec.name, spec.fault, spec.seen))?
            }
            None => printer.line(format_args!("mutant {}\n", deviation.name()))?,
        }
    }
    let (report, recording) = run::run_recorded(&schedule, deviation);
    if let Some(pcap) = &arguments.pcap {
        let capture = recording.pcapng().map_err(|error| CommandError::Export { path: pcap.clone(), error })?;
        fs::write(pcap, capture).map_err(|error| CommandError::Write { path: pcap.clone(), error })?;
    }
    printer.line(ladder(&schedule, &report))?;
    let failure = report.failure.as_ref().map(ToString::to_string);
    match &failure {
        Some(failure) => printer.line(failure)?,
        None => {
            let steps = schedule.steps.len();
            printer.line(format_args!("{steps} steps, {} moves, nothing broken", report.moves))?;
        }
    }
    let verdict = Outcome::of(failure.is_none());
    printer.line(format_args!("\nverdict: {}", verdict.word()))?;
    let json = Json { schema: SCHEMA, verdict, steps: schedule.steps.len(), moves: report.moves, failure };
    write_json(arguments.output.json.as_deref(), &json)?;
    Ok(verdict)
}
