//! A capture in which every single frame is missing once, in which frames are exchanged, and in which one value is
//! wrong: each is named with the right requirement and side, and what cannot be known is not called a failure.

use std::collections::BTreeMap;
use std::fmt::Write;

use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::oracle::Sip;
use imsconf_properties::trace::{Capture, Options, TraceReport, judge_capture};
use imsconf_properties::verdict::{Level, Verdict};

fn capture() -> Capture {
    Capture::read(include_bytes!("../captures/sipp_a20_udp.pcap")).expect("a capture")
}

fn judge(capture: &Capture) -> TraceReport {
    judge_capture(capture, Options::default())
}

type Kind = (Level, &'static str, &'static str, Party);

fn kind(finding: &Finding) -> Kind {
    (finding.level, finding.invariant, finding.requirement, finding.party)
}

/// What is found in `changed` and not in the capture as it is.
fn new_findings(changed: &Capture) -> Vec<Finding> {
    let mut known: BTreeMap<Kind, usize> = BTreeMap::new();
    for finding in judge(&capture()).findings {
        *known.entry(kind(&finding)).or_default() += 1;
    }
    let mut found = judge(changed).findings;
    found.retain(|finding| match known.get_mut(&kind(finding)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    found
}

fn lines(title: &str, changed: &Capture) -> String {
    let found = new_findings(changed);
    let mut text = format!("{title}\n");
    if found.is_empty() {
        text.push_str("    nothing new\n");
    }
    for finding in found {
        let verdict = Verdict::from(finding.level);
        let _ = writeln!(
            text,
            "    {:<12} {:<6} {:?} {}: {} ({})",
            verdict.word(),
            finding.requirement,
            finding.numbers,
            finding.party,
            finding.text,
            finding.invariant
        );
    }
    text
}

fn without(number: u32) -> Capture {
    let mut capture = capture();
    capture.frames.retain(|frame| frame.number != number);
    capture
}

/// The frames with these numbers in this order; number and time stay with the place.
fn reordered(order: &[u32]) -> Capture {
    let original = capture();
    let mut places: Vec<u32> = order.to_vec();
    places.sort_unstable();
    let mut changed = original.clone();
    for (place, number) in places.iter().zip(order) {
        let content = original.frames.iter().find(|frame| frame.number == *number).expect("a frame");
        let slot = changed.frames.iter_mut().find(|frame| frame.number == *place).expect("a frame");
        (slot.message, slot.octets) = (content.message.clone(), content.octets.clone());
        (slot.source, slot.destination) = (content.source, content.destination);
    }
    changed
}

fn edited(number: u32, from: &str, to: &str) -> Capture {
    let mut capture = capture();
    let frame = capture.frames.iter_mut().find(|frame| frame.number == number).expect("a frame");
    let text = String::from_utf8(frame.octets.clone()).expect("text");
    let (start, rest) = text.split_once("\r\n").expect("a start line");
    assert!(rest.contains(from), "frame {number} has no {from}");
    let (head, body) = rest.split_once("\r\n\r\n").expect("an end of the header");
    let (head, body) = (head.replace(from, to), body.replace(from, to));
    let length = |line: &str| match line.starts_with("Content-Length:") {
        true => format!("Content-Length: {}", body.len()),
        false => line.to_owned(),
    };
    let head = head.split("\r\n").map(length).collect::<Vec<_>>().join("\r\n");
    frame.octets = format!("{start}\r\n{head}\r\n\r\n{body}").into_bytes();
    frame.message = Sip::read(&frame.octets).expect("a message");
    capture
}

#[test]
fn each_frame_missing() {
    let mut table = String::new();
    for frame in capture().frames {
        let title = format!("without frame {} {}", frame.number, frame.message.label());
        table.push_str(&lines(&title, &without(frame.number)));
    }
    insta::assert_snapshot!(table);
}

/// A frame that is missing may be missing in the capture only: nothing is called a failure because of it.
#[test]
fn a_missing_frame_alone_is_never_a_failure() {
    for number in 1..=23 {
        let failures: Vec<Finding> =
            new_findings(&without(number)).into_iter().filter(|finding| finding.level == Level::Fail).collect();
        assert_eq!(failures, [], "without frame {number}");
    }
}

/// What was passed before must not be passed any more, except for what is optional or proves nothing.
#[test]
fn a_missing_frame_is_noticed() {
    let unnoticed: Vec<u32> = (1..=23).filter(|&number| new_findings(&without(number)).is_empty()).collect();
    assert_eq!(unnoticed, [2], "only the 100 may be missing without a word");
}

#[test]
fn frames_exchanged() {
    let table = [
        (vec![2, 1], "100 before the INVITE"),
        (vec![4, 3], "PRACK before the 183"),
        (vec![5, 4], "200 before the PRACK"),
        (vec![6, 5], "UPDATE before the 200 to the PRACK"),
        (vec![6, 5, 4], "UPDATE before the PRACK"),
        (vec![7, 6], "200 before the UPDATE"),
        (vec![8, 7], "200 to the INVITE before the 200 to the UPDATE"),
        (vec![9, 8], "ACK before the 200"),
        (vec![10, 11, 8, 9], "SUBSCRIBE before the 200 to the INVITE"),
        (vec![11, 10], "200 before the SUBSCRIBE"),
        (vec![12, 10, 11], "conference NOTIFY before the SUBSCRIBE"),
        (vec![13, 12], "200 before the conference NOTIFY"),
        (vec![15, 14], "202 before the REFER"),
        (vec![16, 14, 15], "refer NOTIFY before the REFER"),
        (vec![18, 19, 16, 17], "the final report before the first"),
        (vec![20, 21, 12, 13], "the second conference document before the first"),
        (vec![23, 22], "200 before the BYE"),
    ];
    let mut text = String::new();
    for (order, title) in table {
        text.push_str(&lines(&format!("{title} {order:?}"), &reordered(&order)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn legal_orders_are_no_failure() {
    let table: [(&[u32], &[&str]); 5] = [
        (&[12, 11], &[]),
        (&[16, 15], &["SD-43"]),
        (&[16, 17, 15], &["SD-43"]),
        (&[20, 21, 18, 19], &["SD-42"]),
        (&[20, 21, 16, 17, 18, 19], &["SD-42"]),
    ];
    for (order, notes) in table {
        let found = new_findings(&reordered(order));
        let found: Vec<(Level, &str)> = found.iter().map(|finding| (finding.level, finding.requirement)).collect();
        let expected: Vec<(Level, &str)> = notes.iter().map(|&note| (Level::Note, note)).collect();
        assert_eq!(found, expected, "{order:?}");
    }
}

#[test]
fn one_value_wrong() {
    let table = [
        (20, "version=\"1\"", "version=\"2\"", "a gap in the versions of the conference documents"),
        (20, "version=\"1\"", "version=\"0\"", "the version of the conference documents does not rise"),
        (12, "state=\"full\" version", "state=\"partial\" version", "the first conference document is partial"),
        (18, "terminated;reason=noresource", "active;expires=60", "the final report leaves the subscription active"),
        (18, "SIP/2.0 200 OK", "200 OK", "the final report has no status line"),
        (16, "SIP/2.0 100 Trying", "SIP/2.0 200 OK", "the first report is final but does not end the subscription"),
        (20, "userb@", "userc@", "the conference document names somebody else"),
        (20, "dialed-out", "dialed-in", "the invited user is said to have dialled in"),
        (4, "1 1 INVITE", "2 1 INVITE", "the PRACK acknowledges another response"),
        (6, "3 UPDATE", "9 UPDATE", "the CSeq of the UPDATE jumps"),
        (22, "4 BYE", "3 BYE", "the CSeq of the BYE does not rise"),
        (8, ";isfocus", "", "no isfocus in the 200"),
        (22, "tag=ss1", "tag=ss9", "the BYE has another To tag"),
        (8, "tag=ss1", "tag=ss9", "the 200 to the INVITE has another To tag than the 183"),
        (1, "s=-\r\n", "", "the session description has no s line"),
        (12, "Event: conference\r\n", "Event: conference\r\nEvent: refer\r\n", "two Event fields"),
        (12, "<users>", "<x/><users>", "an element that nobody knows is in the namespace of the document"),
        (12, "<status>connected</status>", "<status> connected</status>", "a blank before a status"),
        (15, "Accepted", "", "nothing: a phrase says nothing"),
    ];
    let mut text = String::new();
    for (number, from, to, title) in table {
        let changed = if title.starts_with("nothing") { capture() } else { edited(number, from, to) };
        text.push_str(&lines(&format!("{title}: frame {number}"), &changed));
    }
    insta::assert_snapshot!(text);
}
