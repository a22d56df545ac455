//! The command `imsconf`: arguments, files and reports. No protocol decision is made here.
//!
//! Read first: `arguments.rs`, which is what a user sees; then the file of the command.

mod arguments;
mod check;
mod error;
mod progress;
mod replay;
mod report;
mod run;
mod trace;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Trace(arguments) => trace::trace(&arguments),
    };
    match done {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(error) => {
            eprintln!("imsconf: {error}");
            ExitCode::from(2)
        }
    }
}
