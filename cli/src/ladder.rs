//! `imsconf ladder`: the messages of a schedule or of a capture, as text and as a picture.

use std::fs;

use imsconf_properties::ladder::Ladder;
use imsconf_properties::run::{columns, run};
use imsconf_properties::schedule::Schedule;
use imsconf_properties::trace::{Options, judge_file};

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::Outcome;
use crate::run::deviation;

pub(crate) fn ladder(arguments: &arguments::Ladder, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let path = &arguments.file;
    let file = fs::read(path).map_err(|error| CommandError::Read { path: path.clone(), error })?;
    let ladder = if is_json(&file) {
        of_schedule(arguments, &String::from_utf8_lossy(&file))?
    } else {
        let trace = judge_file(&file, Options::default());
        trace.map_err(|error| CommandError::Trace { path: path.clone(), error })?.ladder
    };
    printer.print(ladder.render())?;
    if let Some(svg) = &arguments.svg {
        fs::write(svg, ladder.svg()).map_err(|error| CommandError::Write { path: svg.clone(), error })?;
    }
    Ok(Outcome::Pass)
}

/// Whether a file begins as JSON does, as no capture does.
fn is_json(file: &[u8]) -> bool {
    file.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'{')
}

fn of_schedule(arguments: &arguments::Ladder, text: &str) -> Result<Ladder, CommandError> {
    let path = &arguments.file;
    let schedule = Schedule::from_json(text).map_err(|error| CommandError::Schedule { path: path.clone(), error })?;
    let deviation = schedule.deviation.as_deref().map(deviation).transpose()?;
    let report = run(&schedule, deviation);
    Ok(Ladder { parties: columns(schedule.world.invited), arrows: report.arrows })
}
