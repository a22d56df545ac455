//! What is said about a capture, as text for people and as JSON for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use serde::{Serialize, Serializer};

use super::capture::CaptureError;
use super::seen::Seen;
use super::steps::{Procedure, Step};
use crate::ladder::{Arrow, Ladder};
use crate::observe::{Finding, Party};
use crate::verdict::{Profile, Requirement, Verdict};

/// The version of the JSON form.
pub const SCHEMA: u32 = 1;

/// Who was found at which addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The role.
    pub party: Party,
    /// The addresses, in order.
    pub addresses: Vec<SocketAddr>,
}

/// The judgement on a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceReport {
    /// The version of this form, [`SCHEMA`].
    pub schema: u32,
    /// The documents that decided.
    pub profile: Profile,
    /// Everything together.
    pub verdict: Verdict,
    /// How many frames the file has.
    pub frames: u32,
    /// How many of them carry SIP.
    pub sip_frames: usize,
    /// Why the file could not be read to its end or is not whole, if so.
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub fault: Option<CaptureError>,
    /// The procedures that were recognised.
    pub procedures: Vec<Procedure>,
    /// Who is who.
    pub roles: Vec<Role>,
    /// The procedures step by step.
    pub steps: Vec<Step>,
    /// Every requirement that was put to the test.
    pub requirements: Vec<Requirement>,
    /// Everything that was found, in the order of the frames.
    pub findings: Vec<Finding>,
    /// The messages as a diagram.
    #[serde(serialize_with = "rendered")]
    pub ladder: Ladder,
}

fn as_text<S: Serializer>(fault: &Option<CaptureError>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&fault.map(|fault| fault.to_string()).unwrap_or_default())
}

fn rendered<S: Serializer>(ladder: &Ladder, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ladder.render())
}

impl TraceReport {
    /// The exit code of a command that judges: 0 conforming, 1 failed, 3 nothing could be decided.
    pub const fn exit_code(&self) -> u8 {
        crate::verdict::exit_code(self.verdict)
    }

    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} frames carry SIP", self.sip_frames, self.frames)?;
        if let Some(fault) = self.fault {
            writeln!(f, "warning: {fault}")?;
        }
        for role in &self.roles {
            let addresses: Vec<String> = role.addresses.iter().map(ToString::to_string).collect();
            writeln!(f, "{:<14} {}", role.party.to_string(), addresses.join(", "))?;
        }
        let names: Vec<&str> = self.procedures.iter().map(|procedure| procedure.name()).collect();
        let names = if names.is_empty() { "none recognised".to_owned() } else { names.join(", ") };
        writeln!(f, "procedures: {names}")
    }

    fn step_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        let several = self.steps.iter().any(|step| step.conference > 1);
        for step in &self.steps {
            let section = (step.conference, step.procedure);
            if last != Some(section) {
                let number = if several { format!(", conference {}", step.conference) } else { String::new() };
                writeln!(f, "\n{}{number}", step.procedure.name())?;
                last = Some(section);
            }
            let frames: Vec<String> = step.numbers.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "  {:>2} {:<14} {:<32} {:<14} {}",
                step.number,
                step.party.to_string(),
                step.what,
                step.verdict.word(),
                frames.join(" ")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for TraceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        writeln!(f, "\n{}", self.ladder.render().trim_end())?;
        self.step_lines(f)?;
        if !self.findings.is_empty() {
            writeln!(f, "\nfindings")?;
        }
        for finding in &self.findings {
            let frames: Vec<String> = finding.numbers.iter().map(ToString::to_string).collect();
            let place = if frames.is_empty() { "at the end".to_owned() } else { format!("frame {}", frames.join(",")) };
            let verdict = Verdict::from(finding.level);
            writeln!(
                f,
                "  {:<12} {:<6} {:<12} {}: {} ({})",
                verdict.word(),
                finding.requirement,
                place,
                finding.party,
                finding.text,
                finding.invariant
            )?;
        }
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for requirement in &self.requirements {
            *counts.entry(requirement.verdict).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().rev().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        write!(f, "\n{} requirements: {}\nverdict: {}", self.requirements.len(), counts.join(", "), self.verdict)
    }
}

/// The diagram of a capture: one arrow for each message, marked with what it breaks.
pub(super) fn ladder(seen: &[Seen<'_>], findings: &[Finding]) -> Ladder {
    let mut parties: Vec<Party> = seen.iter().flat_map(|seen| [seen.from, seen.to]).collect();
    parties.sort_unstable();
    parties.dedup();
    let mut marks: BTreeMap<u32, Vec<&'static str>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| Verdict::from(finding.level) > Verdict::Inconclusive) {
        let names = finding.numbers.last().map(|number| marks.entry(*number).or_default());
        names.into_iter().for_each(|names| names.push(finding.requirement));
    }
    let mark = |number: u32| {
        let mut names = marks.get(&number).cloned().unwrap_or_default();
        names.dedup();
        names.join(" ")
    };
    let column = |party: Party| parties.iter().position(|known| *known == party).unwrap_or(0);
    let arrows = seen.iter().map(|seen| Arrow {
        number: seen.number(),
        time: seen.time,
        from: column(seen.from),
        to: column(seen.to),
        label: seen.message.label(),
        mark: mark(seen.number()),
        lost: !seen.arrived,
    });
    Ladder { parties: parties.iter().map(ToString::to_string).collect(), arrows: arrows.collect() }
}
