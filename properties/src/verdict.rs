//! The words that a judgement is given in, how findings add up to them, and the exit code.
//!
//! A requirement that was exercised and held is a *pass*; a broken MUST is a *fail*; a SHOULD not met, or a 3GPP table
//! against an RFC, is *non-strict*; a legal ambiguity that was met is a *note*; what the observation is too incomplete
//! for is *inconclusive*; what did not arise is *not-applicable*.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use crate::level::{Level, Profile};
use crate::observe::{Finding, Judge};

/// The judgement on one requirement, or on everything together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The rule's situation did not arise.
    NotApplicable,
    /// The rule was exercised and held.
    Pass,
    /// Legal, with an ambiguity worth saying.
    Note,
    /// The observation is incomplete.
    Inconclusive,
    /// Conforming, but a SHOULD is not met.
    NonStrict,
    /// A MUST is broken.
    Fail,
}

impl Verdict {
    /// The word as it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Inconclusive => "inconclusive",
            Self::NonStrict => "non-strict",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl From<Level> for Verdict {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Inconclusive => Self::Inconclusive,
            Level::NonStrict => Self::NonStrict,
            Level::Fail => Self::Fail,
        }
    }
}

/// What became of one requirement in one observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// The requirement's id in the catalogue, or the id of a seed defect.
    pub requirement: &'static str,
    /// The worst that was found, or pass.
    pub verdict: Verdict,
    /// How often the requirement was put to the test.
    pub evaluated: u64,
    /// The frames or steps of the worst findings, in order and each once.
    pub numbers: Vec<u32>,
    /// The text of the first of the worst findings; empty for a pass.
    pub text: String,
}

/// Adds up what a judge saw, one entry for each requirement that was exercised, in the order of the ids.
pub fn requirements(judge: &Judge) -> Vec<Requirement> {
    let mut all: BTreeMap<&'static str, Requirement> = BTreeMap::new();
    for (requirement, evaluated) in judge.requirements() {
        all.insert(
            requirement,
            Requirement { requirement, verdict: Verdict::Pass, evaluated, numbers: Vec::new(), text: String::new() },
        );
    }
    for finding in judge.findings() {
        let Some(entry) = all.get_mut(finding.requirement) else { continue };
        let verdict = Verdict::from(finding.level);
        if verdict > entry.verdict {
            entry.verdict = verdict;
            entry.numbers.clear();
            entry.text.clone_from(&finding.text);
        }
        if verdict == entry.verdict {
            entry.numbers.extend(&finding.numbers);
            entry.numbers.sort_unstable();
            entry.numbers.dedup();
        }
    }
    all.into_values().collect()
}

/// The judgement on everything together: the worst of all. Inconclusive if nothing was decided, or nothing was there.
pub fn overall<'a>(requirements: impl IntoIterator<Item = &'a Requirement>) -> Verdict {
    let verdicts = requirements.into_iter().map(|requirement| requirement.verdict);
    let decided = |verdict: &Verdict| !matches!(verdict, Verdict::NotApplicable | Verdict::Inconclusive);
    verdicts.filter(decided).max().unwrap_or(Verdict::Inconclusive)
}

/// The exit code of a command that judges: 0 conforming, 1 failed, 3 nothing could be decided.
pub const fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 1,
        Verdict::Inconclusive | Verdict::NotApplicable => 3,
        Verdict::Pass | Verdict::Note | Verdict::NonStrict => 0,
    }
}

/// Whether a finding makes the observed party non-conforming.
pub fn is_failure(finding: &Finding) -> bool {
    finding.level == Level::Fail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_add_up() {
        use Verdict::{Fail, Inconclusive, NonStrict, NotApplicable, Note, Pass};
        let table: [(&[Verdict], Verdict, u8); 8] = [
            (&[], Inconclusive, 3),
            (&[Pass, Pass], Pass, 0),
            (&[Inconclusive], Inconclusive, 3),
            (&[NotApplicable], Inconclusive, 3),
            (&[Pass, Inconclusive], Pass, 0),
            (&[Note, Inconclusive, Pass], Note, 0),
            (&[NonStrict, Note, Inconclusive], NonStrict, 0),
            (&[Fail, NonStrict, Inconclusive, Pass], Fail, 1),
        ];
        for (parts, expected, code) in table {
            let requirement = |&verdict| Requirement {
                requirement: "CR-01",
                verdict,
                evaluated: 1,
                numbers: Vec::new(),
                text: String::new(),
            };
            let parts: Vec<Requirement> = parts.iter().map(requirement).collect();
            assert_eq!((overall(&parts), exit_code(overall(&parts))), (expected, code), "{parts:?}");
        }
    }
}
