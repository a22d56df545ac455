//! What each message breaks by itself: the rules of [`lint`](crate::lint::Linter), held against its sender.
//!
//! Here the reader is the codec of the implementation, whose own messages no capture is needed for; the observers read
//! with the oracle.

use super::seen::Seen;
use crate::lint::{Kind, Linter};
use crate::observe::{Finding, Judge};
use imsconf::wire::Message;

/// The name under which these findings stand.
pub(super) const NAME: &str = "message";

/// What a message breaks only behind the hops between, each of which adds a Via.
const OF_THE_WAY: &str = "cancel-via";

/// Judges every message once, where it was first seen, after the observers: what they have said is not said again.
pub(super) fn judge_wording(all: &[Seen<'_>], judge: &mut Judge) {
    // The requirements are broken only in a tree that its tests refuse.
    let Ok(linter) = Linter::new(judge.profile()) else { return };
    for seen in all {
        // What the capture has only the beginning of shows less than was sent.
        let whole = Message::parse(seen.octets).is_ok_and(|message| message.missing_body() == 0);
        let findings = if whole { linter.lint(seen.octets, Kind::Datagram) } else { continue };
        // A limit of the reader is nobody's fault.
        for finding in findings.unwrap_or_default().into_iter().filter(|finding| finding.rule != OF_THE_WAY) {
            // The identifier of a rule on documents begins with its requirement.
            let requirement = finding.rule.split('/').next().unwrap_or(finding.rule);
            let number = seen.number();
            let said = |known: &Finding| known.requirement == requirement && known.numbers.contains(&number);
            if judge.findings().iter().any(said) {
                continue;
            }
            let text = format!("{}: {} ({}, {})", seen.message.label(), finding.text, finding.rule, finding.clause);
            judge.broken((NAME, requirement), finding.level, seen.from, &[number], text);
        }
    }
}
