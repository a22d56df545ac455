//! The procedures step by step: what a step is, and what it means that one was not seen.
//!
//! A step that was not seen is *inconclusive* where another frame shows that it was sent, or where the capture ends
//! before it had to be; it is a *fail* where more time passed than any transaction lives.

use std::time::Duration;

use serde::Serialize;

use super::seen::Seen;
use crate::observe::{Deadline, Judge, Party, Rule};
use crate::verdict::{Level, Verdict};

/// The name under which findings about steps appear, beside the names of the invariants.
pub(super) const NAME: &str = "procedure";

/// A procedure of the conference service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Procedure {
    /// A conference is created at the factory; steps 1 to 9 of the table.
    Creation,
    /// The creator subscribes to the conference package; steps 10 to 13 of the table.
    EventSubscription,
    /// A user is invited by a REFER to the focus.
    InvitationThroughFocus,
    /// A user is sent a REFER to the focus.
    InvitationToParticipant,
    /// The creator leaves.
    Leaving,
}

impl Procedure {
    /// The name as it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::EventSubscription => "event subscription",
            Self::InvitationThroughFocus => "invitation through the focus",
            Self::InvitationToParticipant => "invitation to the participant",
            Self::Leaving => "leaving",
        }
    }
}

/// One row of a procedure's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) procedure: Procedure,
    /// The number in the table of the test specification.
    pub(super) number: &'static str,
    /// The message.
    pub(super) what: &'static str,
    /// What is broken when the step is not taken.
    pub(super) rule: Rule,
}

impl Row {
    pub(super) const fn new(
        procedure: Procedure,
        number: &'static str,
        what: &'static str,
        requirement: &'static str,
    ) -> Self {
        Self { procedure, number, what, rule: Rule::new(NAME, requirement, Level::Fail) }
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which conference of the capture, from 1.
    pub conference: u32,
    /// The procedure it belongs to.
    pub procedure: Procedure,
    /// The number in the table of the test specification.
    pub number: &'static str,
    /// Who has to take it.
    pub party: Party,
    /// The message.
    pub what: &'static str,
    /// The requirement behind it.
    pub requirement: &'static str,
    /// Whether it was taken, and everything that was found about its frames.
    pub verdict: Verdict,
    /// The frames, copies included.
    pub numbers: Vec<u32>,
    /// What is to be said; empty for a step that was simply taken.
    pub text: String,
}

/// Why a step may be absent.
pub(super) enum Absent<'a, 'b> {
    /// It need not be taken.
    Optional,
    /// It is owed, but its situation may not have arisen.
    Owed {
        /// What calls for it, if that was seen.
        since: Option<&'b Seen<'a>>,
        /// A message that can only be there if the step was taken.
        shown_by: Option<&'b Seen<'a>>,
    },
}

/// Writes down the steps of a capture.
pub(super) struct Scribe<'j> {
    pub(super) judge: &'j mut Judge,
    pub(super) steps: Vec<Step>,
    /// Which conference of the capture, from 1.
    pub(super) conference: u32,
    /// Time of the last message.
    pub(super) end: Duration,
    /// At which party the capture was made, if at one.
    pub(super) vantage: Option<Party>,
    /// Whether the capture is known to have missed messages.
    pub(super) holed: bool,
}

impl Scribe<'_> {
    /// Writes down a step that was taken, or what it means that it was not.
    pub(super) fn step(&mut self, row: &'static Row, party: Party, seen: Option<&Seen<'_>>, absent: &Absent<'_, '_>) {
        let Some(seen) = seen else {
            self.absent(row, party, absent);
            return;
        };
        self.judge.rule(&row.rule, party, true, &seen.numbers, String::new);
        self.write(row, party, Verdict::Pass, &seen.numbers, String::new());
    }

    /// Writes down the 2xx to a request, or what it means that there is none. A refusal is an answer too, and whether
    /// it was right is not for the table to say.
    pub(super) fn success(&mut self, row: &'static Row, party: Party, seen: &[Seen<'_>], request: Option<&Seen<'_>>) {
        let answer = request.and_then(|request| response(seen, request, 200..=299));
        let refused = request.and_then(|request| response(seen, request, 300..=699));
        let absent = match refused {
            Some(_) => Absent::Optional,
            None => Absent::Owed { since: request, shown_by: None },
        };
        self.step(row, party, answer, &absent);
    }

    fn absent(&mut self, row: &'static Row, party: Party, absent: &Absent<'_, '_>) {
        let Absent::Owed { since, shown_by } = absent else {
            self.write(row, party, Verdict::NotApplicable, &[], String::new());
            return;
        };
        let (verdict, numbers, text) = match (shown_by, since) {
            (Some(other), _) => {
                let text =
                    format!("{} is not in the capture, frame {} shows that it was sent", row.what, other.number());
                (Verdict::Inconclusive, vec![other.number()], text)
            }
            (None, Some(cause)) if !cause.arrived => {
                (Verdict::NotApplicable, Vec::new(), format!("what frame {} carries never arrived", cause.number()))
            }
            (None, Some(cause)) => {
                let waited = self.end.saturating_sub(cause.time);
                let over = waited >= Deadline::TRANSACTION.remaining();
                let elsewhere = self.vantage.is_some_and(|vantage| vantage != party);
                let (verdict, until) = match over {
                    false => (Verdict::Inconclusive, "the capture ends before it is overdue"),
                    true if self.holed => (Verdict::Inconclusive, "the capture has missed messages"),
                    true if elsewhere => (Verdict::Inconclusive, "it may have been lost on its way here"),
                    true => (Verdict::Fail, "no copy of it came either"),
                };
                let text = format!("{} was not seen {waited:?} after frame {}; {until}", row.what, cause.number());
                (verdict, vec![cause.number()], text)
            }
            (None, None) => (Verdict::NotApplicable, Vec::new(), String::new()),
        };
        match verdict {
            Verdict::Fail => {
                self.judge.rule(&row.rule, party, false, &numbers, || text.clone());
            }
            Verdict::Inconclusive => self.judge.inconclusive(&row.rule, party, &numbers, || text.clone()),
            _ => {}
        }
        self.write(row, party, verdict, &numbers, text);
    }

    /// Writes down a step that need not have been taken after `cause`, with the reason.
    pub(super) fn undecided(&mut self, row: &'static Row, party: Party, cause: &Seen<'_>, reason: &str) {
        let text = format!("{} was not seen after frame {}; {reason}", row.what, cause.number());
        self.judge.inconclusive(&row.rule, party, &cause.numbers, || text.clone());
        self.write(row, party, Verdict::Inconclusive, &cause.numbers, text);
    }

    fn write(&mut self, row: &'static Row, party: Party, verdict: Verdict, numbers: &[u32], text: String) {
        self.steps.push(Step {
            conference: self.conference,
            procedure: row.procedure,
            number: row.number,
            party,
            what: row.what,
            requirement: row.rule.requirement,
            verdict,
            numbers: numbers.to_vec(),
            text,
        });
    }
}

/// The first response of this method and class to the request with this key.
pub(super) fn response<'a, 'b>(
    seen: &'b [Seen<'a>],
    request: &Seen<'a>,
    codes: std::ops::RangeInclusive<u16>,
) -> Option<&'b Seen<'a>> {
    seen.iter()
        .find(|other| other.key == request.key && other.message.status().is_some_and(|code| codes.contains(&code)))
}

/// A response to a request of this method whose request is not in the capture.
pub(super) fn orphan<'a, 'b>(
    seen: &'b [Seen<'a>],
    method: &str,
    fits: impl Fn(&Seen<'a>) -> bool,
) -> Option<&'b Seen<'a>> {
    seen.iter().find(|response| {
        !response.message.is_request()
            && &*response.key.method == method
            && fits(response)
            && !seen.iter().any(|request| request.message.is_request() && request.key == response.key)
    })
}
