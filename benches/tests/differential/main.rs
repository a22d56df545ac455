//! Our codec beside those of others: the same messages, generated and damaged, and the same answers, or a difference
//! that a clause decides.
//!
//! A difference is explained if the message breaks a rule where the difference is (its clause decides that either
//! reading will do), or if it stands in the list of `explained.rs`. `DIFFERENTIAL_CASES=50000` asks for more messages.

mod carried;
mod explained;
mod facts;
mod generate;
mod peers;

use std::collections::BTreeMap;

use imsconf::violation::{Rule, Strength, Violation};
use imsconf::wire::{FramingFault, Message, Name, verdict};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::explained::{Case, EXPLAINED};
use crate::facts::{Fact, Facts};
use crate::peers::PEERS;

/// How many messages without `DIFFERENTIAL_CASES`.
const CASES: usize = 3_000;
/// With how many each row of the list has to explain something.
const MANY: usize = 50_000;
/// How many unexplained differences are shown.
const SHOWN: usize = 20;

fn cases() -> usize {
    std::env::var("DIFFERENTIAL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

/// In what two readers of a message differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// We read it, the peer does not.
    PeerRefuses,
    /// The peer reads it, we do not.
    PeerAccepts,
    /// Both read it, and differently.
    Reads(Fact),
}

fn differences(ours: Option<&Facts>, theirs: Option<&Facts>) -> Vec<Difference> {
    match (ours, theirs) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Difference::PeerRefuses],
        (None, Some(_)) => vec![Difference::PeerAccepts],
        (Some(ours), Some(theirs)) => {
            let differ = |fact: &Fact| {
                let said = ours.get(*fact).zip(theirs.get(*fact));
                said.is_some_and(|(ours, theirs)| !fact.is_same(ours, theirs))
            };
            Fact::ALL.into_iter().filter(differ).map(Difference::Reads).collect()
        }
    }
}

/// Whether a rule is broken there, so that no clause says how to go on.
fn is_broken_there(message: &Message<'_>, violations: &[Violation], difference: Difference) -> bool {
    let mut grave = violations.iter().filter(|violation| violation.rule.strength() == Strength::Must);
    let everywhere = [
        Rule::LineEnd,
        Rule::EmptyLine,
        Rule::ControlCharacter,
        Rule::Utf8,
        Rule::FieldLine,
        Rule::Repeated,
        Rule::StartLine,
        Rule::Version,
        Rule::RequestUri,
    ];
    let Difference::Reads(fact) = difference else { return grave.next().is_some() };
    let lines: Vec<_> = fact.header().into_iter().flat_map(|name| fields(message, name)).collect();
    grave.any(|violation| {
        let touches = lines.iter().any(|line| line.start <= violation.at.start && violation.at.end <= line.end);
        everywhere.contains(&violation.rule)
            || touches
            || (fact.header().is_none() && violation.at.start < start_end(message))
    })
}

/// Whether the first line is neither a Request-Line nor a Status-Line: RFC 3261 sections 7.1 and 7.2 decide that it is
/// no message, whoever reads it as one.
fn is_no_start_line(bytes: &[u8]) -> bool {
    Message::parse(bytes).is_err_and(|error| error.fault == FramingFault::StartLine)
}

fn fields(message: &Message<'_>, name: Name<'static>) -> Vec<std::ops::Range<usize>> {
    message.fields().filter(|field| field.name == name).filter_map(|field| message.range_of(field.value)).collect()
}

fn start_end(message: &Message<'_>) -> usize {
    message.as_bytes().windows(2).position(|pair| pair == b"\r\n").unwrap_or_default()
}

/// What two readers make of a message, for a developer.
fn shown(peer: &str, difference: Difference, bytes: &[u8], ours: Option<&Facts>, theirs: Option<&Facts>) -> String {
    let said = |facts: Option<&Facts>| match difference {
        Difference::Reads(fact) => format!("{:?}", facts.and_then(|facts| facts.get(fact))),
        Difference::PeerRefuses | Difference::PeerAccepts => format!("{facts:?}"),
    };
    let text = String::from_utf8_lossy(bytes);
    format!("{peer} {difference:?}\n ours   {}\n theirs {}\n{text}\n---\n", said(ours), said(theirs))
}

/// How often each peer agreed and differed, and each row explained something.
#[derive(Default)]
struct Tally {
    peers: BTreeMap<&'static str, [usize; 2]>,
    rows: Vec<usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn compare(&mut self, bytes: &[u8]) {
        let parsed = Message::parse(bytes).ok();
        let violations = parsed.as_ref().map(verdict).unwrap_or_default();
        let ours = parsed.as_ref().map(facts::of);
        for (peer, read) in PEERS {
            let theirs = peers::ask(read, bytes);
            let found = differences(ours.as_ref(), theirs.as_ref());
            self.peers.entry(peer).or_default()[usize::from(!found.is_empty())] += 1;
            for difference in found {
                let case = parsed.as_ref().map(|message| Case::new(difference, message));
                let row = case.and_then(|case| EXPLAINED.iter().position(|row| row.explains(peer, &case)));
                let is_broken = || match &parsed {
                    Some(message) => is_broken_there(message, &violations, difference),
                    None => is_no_start_line(bytes),
                };
                match row {
                    Some(row) => self.rows[row] += 1,
                    None if is_broken() => {}
                    None => self.unexplained.push(shown(peer, difference, bytes, ours.as_ref(), theirs.as_ref())),
                }
            }
        }
    }
}

#[test]
fn every_difference_is_decided_by_a_clause() {
    let mut runner = TestRunner::deterministic();
    let strategy = generate::message();
    let mut tally = Tally { rows: vec![0; EXPLAINED.len()], ..Tally::default() };
    for _ in 0..cases() {
        tally.compare(&strategy.new_tree(&mut runner).expect("a message").current());
    }
    for (peer, [agree, differ]) in &tally.peers {
        eprintln!("{peer}: {agree} messages read alike, {differ} not");
    }
    for (row, count) in EXPLAINED.iter().zip(&tally.rows) {
        eprintln!("{count:>8}  {}: {} ({})", row.peer, row.what, row.clause);
    }
    let some: String = tally.unexplained.iter().take(SHOWN).map(String::as_str).collect();
    assert!(tally.unexplained.is_empty(), "{some}{} differences that no clause decides", tally.unexplained.len());
    // What is rare does not come up in a few messages.
    if cases() < MANY {
        return;
    }
    let unused = EXPLAINED.iter().zip(&tally.rows).filter(|(_, count)| **count == 0).map(|(row, _)| row.what);
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0], "rows that explain nothing");
}

#[test]
fn a_difference_is_seen() {
    let facts = |tag: &str| Facts::of(&[(Fact::FromTag, Some(tag.to_owned()))]);
    assert_eq!(differences(Some(&facts("a")), Some(&facts("a"))), []);
    assert_eq!(differences(Some(&facts("a")), Some(&facts("b"))), [Difference::Reads(Fact::FromTag)]);
    assert_eq!(differences(Some(&facts("a")), None), [Difference::PeerRefuses]);
    assert_eq!(differences(None, Some(&facts("a"))), [Difference::PeerAccepts]);
    let clean = b"OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
        From: <sip:u@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c@h\r\nCSeq: 1 OPTIONS\r\n\r\n";
    for (peer, read) in PEERS {
        assert_eq!(read(clean), Some(facts::of(&Message::parse(clean).expect("a message"))), "{peer}");
    }
}
