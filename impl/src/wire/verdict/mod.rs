//! The strict layer: every rule that one message breaks on its own, with its byte range (rules in
//! [`crate::violation`]).
//!
//! Three passes: the bytes of the header section (`framing.rs`), each header field by itself (`fields.rs`, by the table
//! in `shape.rs`; `params.rs`, `uri.rs` and `grammar.rs` look inside), and what a request or response of its kind must
//! hold (`kind.rs`, `response.rs`).

mod fields;
mod framing;
mod grammar;
mod kind;
mod params;
mod response;
mod shape;
mod uri;

use std::ops::Range;

use super::text::offset_in;
use super::{Message, Name};
use crate::violation::{Rule, Violation};

/// Every rule that `message`, which is one datagram, breaks, in the order of the byte ranges.
pub fn verdict(message: &Message<'_>) -> Vec<Violation> {
    let mut findings = Findings::new(message);
    framing::check(message, &mut findings);
    fields::check(message, &mut findings);
    kind::check(message, &mut findings);
    findings.sorted()
}

/// As [`verdict`], of a message that came over a stream, cut out of it: there it has to say where
/// it ends (RFC 3261 section 18.3).
pub fn verdict_on_stream(message: &Message<'_>) -> Vec<Violation> {
    let mut findings = Findings { violations: verdict(message), ..Findings::new(message) };
    if message.field(Name::ContentLength).is_none() {
        findings.add(Rule::StreamLength, framing::start_line(message));
    }
    findings.sorted()
}

/// Every rule that a `message/sipfrag` breaks: any part of a message from its start on, so that nothing is missing (RFC
/// 3420 section 2.1).
pub fn verdict_of_fragment(fragment: &Message<'_>) -> Vec<Violation> {
    let mut findings = Findings::new(fragment);
    framing::check(fragment, &mut findings);
    fields::check(fragment, &mut findings);
    findings.violations.retain(|violation| violation.rule != Rule::EmptyLine);
    findings.sorted()
}

/// What has been found so far.
struct Findings<'a> {
    bytes: &'a [u8],
    violations: Vec<Violation>,
}

impl<'a> Findings<'a> {
    const fn new(message: &Message<'a>) -> Self {
        Self { bytes: message.as_bytes(), violations: Vec::new() }
    }

    fn sorted(self) -> Vec<Violation> {
        let mut violations = self.violations;
        violations.sort_by_key(|violation| (violation.at.start, violation.at.end, violation.rule));
        violations.dedup();
        violations
    }

    /// `part`, a slice of the message, breaks `rule`.
    fn add(&mut self, rule: Rule, part: &[u8]) {
        let start = offset_in(self.bytes, part).unwrap_or_default();
        self.add_at(rule, start..start + part.len());
    }

    fn add_at(&mut self, rule: Rule, at: Range<usize>) {
        self.violations.push(Violation { rule, at });
    }
}
