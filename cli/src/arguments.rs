//! The command line of `imsconf`: what a newcomer reads in `--help`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use imsconf_properties::exploration;
use imsconf_properties::lint::Kind;
use imsconf_properties::model::{Procedure, Procedures};
use imsconf_properties::observe::Party;
use imsconf_properties::verdict::Profile;

/// Proves that IMS conference signalling is right: explores the model of the procedures completely, holds the
/// implementation to it, and judges captures of other implementations by the same rules.
///
/// A UE creates a conference at a factory URI, subscribes to its state, invites users by REFER to the focus, and leaves
/// (TS 24.147, TS 34.229-5 A.16 and A.20). Every verdict names a requirement and its source clause.
#[derive(Debug, Parser)]
#[command(name = "imsconf", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  imsconf verify                          everything; start here
  imsconf check --scope tiny              the model alone, in a moment
  imsconf run --cases 1000 --seed 7       the implementation in a thousand orders
  imsconf run --deviation version-stuck   a wrong focus: see a check fail, and why
  imsconf replay imsconf-failure.json     that failure again, as a ladder
  imsconf trace call.pcap                 judge somebody else's call
  imsconf lint invite.sip                 what is wrong with this message?
  imsconf ladder call.pcap --svg call.svg draw it
  imsconf explore                         step through the model in a browser
  imsconf requirements                    what is checked, and by what
  imsconf deviations                      do the checks bite?

Exit codes: 0 conforming, 1 not conforming, 2 usage or unreadable input, 3 inconclusive.";

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
    /// Name every rule that a SIP message, a conference document, a sipfrag or an SDP breaks by itself
    Lint(Lint),
    /// Step through the states of the model in a browser, choosing each action
    Explore(Explore),
    /// Draw the messages of a schedule or a capture as a ladder, as text and as SVG
    Ladder(Ladder),
    /// Let the checks loose on wrong implementations: each has to be caught, by the invariants that are there for it
    Deviations(Deviations),
    /// List the requirements: where each comes from, what checks it, and how many are covered
    Requirements(Requirements),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Passes if every claim of the model holds in every state, the implementation follows every witness and
never leaves the model, in generated orders and in every order of small scopes as far as time allows,
every action of the model was reached, no invariant was broken, and every canary, a deliberately wrong
implementation, was caught.")]
pub(crate) struct Verify {
    /// How much of the model to explore
    #[arg(long, value_enum, default_value_t = ScopeName::Ci)]
    pub(crate) scope: ScopeName,
    /// How many generated schedules to run
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cases: u32,
    /// Which schedules: the same seed gives the same ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// For how many seconds each scope of the implementation is explored at most; 0 leaves that out
    #[arg(long, default_value_t = 40, value_name = "SECONDS")]
    pub(crate) explore_for: u16,
    /// How many deviations have to be caught, to show that the checks bite
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub(crate) canaries: u8,
    /// Where to keep the schedule of a failure, for `imsconf replay`
    #[arg(long, value_name = "FILE", default_value = FAILURE_FILE)]
    pub(crate) save: PathBuf,
    #[command(flatten)]
    pub(crate) judged: Judged,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each deviation is a wrong implementation, most of them a field bug of a real stack. Generated schedules
are run until every invariant that must catch it has; the first such schedule is shrunk. Passes if all
are caught. `imsconf run --deviation NAME` shows one in full.")]
pub(crate) struct Deviations {
    /// Those whose name contains this; all of them if absent
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which schedules: the same seed gives the same ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where the schedule of a failure is kept if the user does not say.
const FAILURE_FILE: &str = "imsconf-failure.json";

/// The optional procedure of this name, or all of them.
fn procedure(name: &str) -> Result<Procedures, String> {
    let named = |procedure: &&Procedure| procedure.name().replace(' ', "-") == name;
    match Procedure::ALL.iter().find(named) {
        Some(procedure) => Ok(Procedures::NONE.with(*procedure)),
        None if name == "all" => Ok(Procedures::ALL),
        None => {
            let names: Vec<String> = Procedure::ALL.iter().map(|own| own.name().replace(' ', "-")).collect();
            Err(format!("there are {} and all", names.join(", ")))
        }
    }
}

/// What `check` can explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Explorable {
    /// So much of the model.
    Model(ScopeName),
    /// This of the implementation.
    Implementation(exploration::Scope),
}

/// The scope of this name, of the model or of the implementation.
fn scope(name: &str) -> Result<Explorable, String> {
    if let Ok(scope) = ScopeName::from_str(name, false) {
        return Ok(Explorable::Model(scope));
    }
    let mut of_implementation = exploration::Scope::ALL.into_iter();
    of_implementation.find(|own| own.name() == name).map(Explorable::Implementation).ok_or_else(|| {
        let names = exploration::Scope::ALL.map(exploration::Scope::name).join(", ");
        format!("of the model there are tiny, ci and deep; with --impl {names}")
    })
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf check --scope deep --symmetry
  imsconf check --invited 1 --losses 1 --with expulsion,replacement
  imsconf check --impl --scope creation
  imsconf check --impl --scope creation --deviation answered-before-prack")]
pub(crate) struct Check {
    /// How much of the model to explore: tiny, ci or deep; or what of the implementation, see --impl
    #[arg(long, value_name = "NAME", default_value = "ci", value_parser = scope)]
    #[arg(conflicts_with_all = ["invited", "losses"])]
    pub(crate) scope: Explorable,
    /// Explore the implementation itself, every interleaving of it in a small scope, each step under all checks:
    /// transactions, creation, orders, two-invitations, invitation, leave-and-unsubscribe, leave-and-expel,
    /// expel-and-unsubscribe or races
    #[arg(long = "impl", conflicts_with_all = ["invited", "symmetry"])]
    pub(crate) implementation: bool,
    /// With --impl: how many datagrams may be dropped, instead of as many as the scope has
    #[arg(long, value_name = "N", requires = "implementation", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) drops: Option<u8>,
    /// With --impl: how many datagrams may be doubled, likewise
    #[arg(long, value_name = "N", requires = "implementation", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) doubles: Option<u8>,
    /// With --impl: stop after so many minutes; what is not explored by then stays undecided
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) minutes: u32,
    /// With --impl: build this deviation into the implementation; `imsconf run --deviation help` lists them
    #[arg(long, value_name = "NAME", requires = "implementation")]
    pub(crate) deviation: Option<String>,
    /// With --impl: where to keep the schedule of a failure, for `imsconf replay`
    #[arg(long, value_name = "FILE", default_value = FAILURE_FILE)]
    pub(crate) save: PathBuf,
    /// Explore one configuration with this many invited users instead of a scope
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) invited: Option<u8>,
    /// With --invited: how many messages may be lost for good
    #[arg(long, value_name = "N", requires = "invited", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) losses: Option<u8>,
    /// With --invited: optional procedures, by name, separated by commas; `all` for each of them
    #[arg(long, value_name = "NAMES", requires = "invited", value_delimiter = ',', value_parser = procedure)]
    pub(crate) with: Vec<Procedures>,
    /// Count states that differ only by the invited users' order once
    #[arg(long)]
    pub(crate) symmetry: bool,
    // Of --impl: the model has nothing that the profiles see differently.
    #[command(flatten)]
    pub(crate) judged: Judged,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf run --deviation help            what can be made wrong, one line each
  imsconf run --deviation version-stuck   fails, draws the ladder, keeps the shrunk schedule
  imsconf run --invited 4 --cases 100 --save four.json")]
pub(crate) struct Run {
    /// How many generated schedules to run
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cases: u32,
    /// Which schedules: the same seed gives the same ones
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// How many users can be invited
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) invited: u8,
    /// Build this deviation into the implementation: the run must then fail; `help` lists them
    #[arg(long, value_name = "NAME")]
    pub(crate) deviation: Option<String>,
    /// Where to keep the schedule of a failure, for `imsconf replay`
    #[arg(long, value_name = "FILE", default_value = FAILURE_FILE)]
    pub(crate) save: PathBuf,
    #[command(flatten)]
    pub(crate) judged: Judged,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf replay imsconf-failure.json
  imsconf replay imsconf-failure.json --pcap failure.pcapng && imsconf trace failure.pcapng

The capture is made at each user agent: a message has one frame where it is sent and one where it arrives,
a lost one only the first. `trace` finds in it what the observers of the wire found in the run.")]
pub(crate) struct Replay {
    /// A schedule: JSON as a failing run keeps it, see --save of `imsconf run`
    pub(crate) file: PathBuf,
    /// Also write what was sent and what arrived as a capture (pcapng), for Wireshark and `imsconf trace`
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// Follow and judge by these documents where they conflict, instead of those that the schedule names
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
What the capture is too short to decide is inconclusive, never a fault. Exit code 3 if nothing could be
decided, as for a capture without SIP.")]
pub(crate) struct Trace {
    /// A capture, pcap or pcapng; SIP is recognised by its content on any port
    pub(crate) file: PathBuf,
    /// Whose traffic was captured, at its own host: `ue`, `focus`, or an invited user as `participant-0`. What the
    /// others sent and got is then seen a little late or early, and no race between the two is held against them
    #[arg(long, value_name = "PARTY", value_parser = party)]
    pub(crate) vantage: Option<Party>,
    #[command(flatten)]
    pub(crate) judged: Judged,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf lint invite.sip notify.xml
  imsconf lint --as stream tcp-flow.bin --json lint.json
  imsconf lint < invite.sip

What it is, is seen by what it begins with; only a stream has to be named. A message is judged with its body.
Exit codes: 0 no MUST is broken, 1 at least one is, 2 something cannot be read or is nothing of this.")]
pub(crate) struct Lint {
    /// Files with one message, one stream or one body each; `-` or none is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the files are, instead of what they begin with
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub(crate) kind: Option<KindName>,
    #[command(flatten)]
    pub(crate) judged: Judged,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    /// One SIP message, as it stands in a datagram
    Datagram,
    /// SIP messages one behind the other, as they come over TCP or TLS
    Stream,
    /// A document of the conference event package (RFC 4575)
    ConferenceInfo,
    /// A fragment of a message, as a refer NOTIFY carries it (RFC 3420)
    Sipfrag,
    /// A session description (RFC 8866)
    Sdp,
}

impl KindName {
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Datagram => Kind::Datagram,
            Self::Stream => Kind::Stream,
            Self::ConferenceInfo => Kind::ConferenceInfo,
            Self::Sipfrag => Kind::Sipfrag,
            Self::Sdp => Kind::Sdp,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf explore
  imsconf explore --invited 2 --losses 1 --with expulsion --address [::1]:8080

It serves until it is interrupted (Ctrl-C), on loopback addresses only: there is no access control.")]
pub(crate) struct Explore {
    /// How many users can be invited
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) invited: u8,
    /// How many messages may be lost for good
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) losses: u8,
    /// Optional procedures, by name, separated by commas; `all` for each of them
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = procedure)]
    pub(crate) with: Vec<Procedures>,
    /// Where to serve: a loopback address and a port, 0 for any that is free
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub(crate) address: SocketAddr,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf ladder call.pcap
  imsconf ladder imsconf-failure.json --svg failure.svg

Nothing is judged: the exit code is 0 unless the file cannot be read.")]
pub(crate) struct Ladder {
    /// A schedule (JSON) or a capture (pcap or pcapng), told apart by what the file begins with
    pub(crate) file: PathBuf,
    /// Also write the ladder as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  imsconf requirements                    every row, then the counts section by section
  imsconf requirements --uncovered        only what nothing checks; exit code 1 if there is any")]
pub(crate) struct Requirements {
    /// Only those that are neither waived nor checked by anything that exists; exit code 1 if there are any
    #[arg(long)]
    pub(crate) uncovered: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Also write the result as JSON (schema 1, described in the README)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Which documents decide where they conflict.
#[derive(Debug, Args)]
pub(crate) struct Judged {
    /// Which documents decide where they conflict
    #[arg(long, value_enum, value_name = "NAME", default_value_t = ProfileName::ThreeGpp)]
    profile: ProfileName,
}

impl Judged {
    pub(crate) const fn profile(&self) -> Profile {
        self.profile.profile()
    }
}

/// The name of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileName {
    /// TS 34.229 as the procedures are written there
    #[value(name = "3gpp")]
    ThreeGpp,
    /// RFC 6665 and RFC 7647 where they are stricter
    Ietf,
}

impl ProfileName {
    pub(crate) const fn profile(self) -> Profile {
        match self {
            Self::ThreeGpp => Profile::ThreeGpp,
            Self::Ietf => Profile::Ietf,
        }
    }
}

/// The party of this name.
fn party(name: &str) -> Result<Party, String> {
    match name {
        "ue" => Ok(Party::Ue),
        "focus" => Ok(Party::Focus),
        _ => match name.strip_prefix("participant-").map(str::parse) {
            Some(Ok(number)) => Ok(Party::Participant(number)),
            _ => Err("there are ue, focus and participant-0, participant-1 and so on".to_owned()),
        },
    }
}

/// How much of the model to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeName {
    /// One invited user: under a second
    Tiny,
    /// The whole procedure with two invited users and a lost message: about a minute
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
