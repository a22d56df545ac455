//! The command line of `imsconf`: what a newcomer reads in `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Proves that IMS conference signalling is right: explores the model of the procedures completely, holds the
/// implementation to it, and judges captures of other implementations by the same rules.
///
/// Exit codes: 0 conforming, 1 not conforming, 2 usage or unreadable input, 3 inconclusive.
#[derive(Debug, Parser)]
#[command(name = "imsconf", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do everything: explore the model, run generated orders on the implementation, count the requirements
    Verify(Verify),
    /// Explore the model alone: every interleaving of UE, focus and invited users
    Check(Check),
    /// Run the implementation in generated orders and hold each step to the model and the invariants
    Run(Run),
    /// Run one schedule file again and draw its ladder
    Replay(Replay),
    /// Judge a capture (pcap or pcapng): which rules were exercised, which were broken, by whom, in which frame
    Trace(Trace),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// How much of the model to explore
    #[arg(long, value_enum, default_value_t = ScopeName::Ci)]
    pub(crate) scope: ScopeName,
    /// How many generated schedules to run
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    pub(crate) cases: u32,
    /// Which schedules: the same seed gives the same ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How much of the model to explore
    #[arg(long, value_enum, default_value_t = ScopeName::Ci, conflicts_with_all = ["invited", "losses"])]
    pub(crate) scope: ScopeName,
    /// Explore one configuration with this many invited users instead of a scope
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) invited: Option<u8>,
    /// With --invited: how many messages may be lost for good
    #[arg(long, value_name = "N", requires = "invited", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) losses: Option<u8>,
    /// Count states that differ only by the invited users' order once
    #[arg(long)]
    pub(crate) symmetry: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// How many generated schedules to run
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub(crate) cases: u32,
    /// Which schedules: the same seed gives the same ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// How many users can be invited
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) invited: u8,
    /// Build this deviation into the implementation: the run must then fail (names: `imsconf run --deviation help`)
    #[arg(long, value_name = "NAME")]
    pub(crate) deviation: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A schedule: JSON as a failing run writes it
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// A capture of SIP over UDP, pcap or pcapng; SIP is recognised by its content on any port
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Also write the result as JSON (schema 1, described in the README)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// How much of the model to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeName {
    /// One invited user: under a second
    Tiny,
    /// The whole procedure with two invited users
    Ci,
    /// As far as a large machine goes
    Deep,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
