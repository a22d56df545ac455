//! The strict layer: every rule that one message breaks on its own, with its byte range (rules in
//! [`crate::violation`]).
//!
//! Three passes: the bytes of the header section (`framing.rs`), each header field by itself (`fields.rs`), and what a
//! request or response of its kind must hold (`kind.rs`).

mod fields;
mod framing;
mod kind;

use std::ops::Range;

use super::Message;
use super::text::offset_in;
use crate::violation::{Rule, Violation};

/// Every rule that `message` breaks, in the order of the byte ranges.
pub fn verdict(message: &Message<'_>) -> Vec<Violation> {
    let mut findings = Findings { bytes: message.as_bytes(), violations: Vec::new() };
    framing::check(message, &mut findings);
    fields::check(message, &mut findings);
    kind::check(message, &mut findings);
    let mut violations = findings.violations;
    violations.sort_by_key(|violation| (violation.at.start, violation.at.end, violation.rule));
    violations.dedup();
    violations
}

/// What has been found so far.
struct Findings<'a> {
    bytes: &'a [u8],
    violations: Vec<Violation>,
}

impl Findings<'_> {
    /// `part`, a slice of the message, breaks `rule`.
    fn add(&mut self, rule: Rule, part: &[u8]) {
        let start = offset_in(self.bytes, part).unwrap_or_default();
        self.add_at(rule, start..start + part.len());
    }

    fn add_at(&mut self, rule: Rule, at: Range<usize>) {
        self.violations.push(Violation { rule, at });
    }
}
