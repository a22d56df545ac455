//! The command `imsconf`: arguments, files and reports. No protocol decision is made here.
//!
//! Read first: `arguments.rs`, which is what a user sees; then the file of the command.

mod arguments;
mod check;
mod deviations;
mod error;
mod explore;
mod implementation;
mod ladder;
mod lint;
mod printer;
mod progress;
mod replay;
mod report;
mod requirements;
mod run;
mod trace;
mod verify;

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::printer::Printer;

fn main() -> ExitCode {
    let mut printer = Printer::standard();
    let done = match Arguments::parse().command {
        Command::Verify(arguments) => verify::verify(&arguments, &mut printer),
        Command::Check(arguments) => check::check(&arguments, &mut printer),
        Command::Run(arguments) => run::run(&arguments, &mut printer),
        Command::Replay(arguments) => replay::replay(&arguments, &mut printer),
        Command::Trace(arguments) => trace::trace(&arguments, &mut printer),
        Command::Explore(arguments) => explore::explore(&arguments, &mut printer),
        Command::Lint(arguments) => lint::lint(&arguments, &mut printer),
        Command::Ladder(arguments) => ladder::ladder(&arguments, &mut printer),
        Command::Deviations(arguments) => deviations::deviations(&arguments, &mut printer),
        Command::Requirements(arguments) => requirements::requirements(&arguments, &mut printer),
    };
    match done {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(error) => {
            // Where standard error is closed too, the exit code still tells.
            let _ = writeln!(stderr(), "imsconf: {error}");
            ExitCode::from(2)
        }
    }
}
