//! `imsconf trace`: the judgement on a capture.

use std::fs;

use imsconf_properties::trace::{Options, judge_file};
use imsconf_properties::verdict::exit_code;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::{Outcome, write_json};

pub(crate) fn trace(arguments: &arguments::Trace, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let path = &arguments.file;
    let file = fs::read(path).map_err(|error| CommandError::Read { path: path.clone(), error })?;
    let options = Options { profile: arguments.judged.profile(), vantage: arguments.vantage };
    let report = judge_file(&file, options).map_err(|error| CommandError::Trace { path: path.clone(), error })?;
    printer.line(&report)?;
    write_json(arguments.output.json.as_deref(), &report)?;
    Ok(match exit_code(report.verdict) {
        0 => Outcome::Pass,
        1 => Outcome::Fail,
        _ => Outcome::Inconclusive,
    })
}
