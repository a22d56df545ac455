//! A run as a capture: `trace` gives it the verdict that the world gave.
//!
//! What "the same verdict" is: of everything that the observers of the wire found in the run, the capture shows each
//! finding again, with the same requirement, level, party and text, and nothing else; it passes if and only if they
//! found no failure. Three things are beside that. What only the inside of an agent shows, or the model, no capture can
//! show. What a run that stopped at its failure still owed is undecided in its capture. And `trace` also compares with
//! the procedures step by step and judges each message by itself: that may name more, but calls no conforming run a
//! failure.

mod kept;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use imsconf_properties::campaign::{Campaign, schedules};
use imsconf_properties::inside;
use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::run::Report;
use imsconf_properties::schedule::{Schedule, SecondOffer, Settings, Step};
use imsconf_properties::trace::{Capture, Options, TraceReport, judge_capture, judge_file};
use imsconf_properties::verdict::{Level, Profile, Verdict};
use imsconf_properties::world::Node;
use kept::recorded;

/// How many generated schedules are compared.
const CASES: u32 = 500;
/// The names of what `trace` finds besides: about the steps of the procedures, and about each message by itself.
const BESIDES: [&str; 2] = ["procedure", "message"];

/// What makes two findings the same: where they were found is a step in the one and a frame in the other.
type Found = (&'static str, &'static str, Level, Party, String);

fn found<'a>(findings: impl Iterator<Item = &'a Finding>, party: impl Fn(Party) -> Party) -> BTreeSet<Found> {
    findings.map(|f| (f.invariant, f.requirement, f.level, party(f.party), f.text.clone())).collect()
}

/// The capture of a run, the run, and what is said about the capture.
fn traced(schedule: &Schedule) -> (Vec<u8>, Report, TraceReport) {
    let (report, file) = recorded(schedule);
    let options = Options { profile: schedule.world.profile, ..Options::default() };
    let trace = judge_file(&file, options).expect("a capture that can be read");
    (file, report, trace)
}

/// The party of the world that has the role in the capture: users are numbered there as they appear.
fn in_the_world(trace: &TraceReport, invited: u8, party: Party) -> Party {
    let Party::Participant(_) = party else { return party };
    let role = trace.roles.iter().find(|role| role.party == party);
    let at = |user: &u8| role.is_some_and(|role| role.addresses.contains(&Node::User(*user).address().socket));
    (0..invited).find(at).map_or(party, Party::Participant)
}

/// Asserts that the capture of a schedule's run is judged as the run was.
fn assert_same_verdict(name: &str, schedule: &Schedule) -> TraceReport {
    let (_, run, trace) = traced(schedule);
    let stopped = schedule.deviation.is_some() && run.failure.is_some();
    let decided = |finding: &&Finding| !stopped || finding.level != Level::Inconclusive;
    let on_the_wire = |finding: &&Finding| !inside::NAMES.contains(&finding.invariant) && decided(finding);
    let of_the_run = found(run.judge.findings().iter().filter(on_the_wire), |party| party);
    let observed = |finding: &&Finding| !BESIDES.contains(&finding.invariant) && decided(finding);
    let invited = schedule.world.invited;
    let of_the_capture = found(trace.findings.iter().filter(observed), |party| in_the_world(&trace, invited, party));
    assert_eq!(of_the_capture, of_the_run, "{name}\n{trace}");
    let failed = of_the_run.iter().any(|(_, _, level, ..)| *level == Level::Fail);
    if failed {
        assert_eq!(trace.verdict, Verdict::Fail, "{name}\n{trace}");
    } else if schedule.deviation.is_none() {
        assert_ne!(trace.verdict, Verdict::Fail, "{name}\n{}\n{trace}", schedule.to_json());
    }
    trace
}

#[test]
fn committed_regressions() {
    for (name, schedule) in kept::schedules("regressions").into_iter().filter(|(_, schedule)| !schedule.is_rough()) {
        assert_same_verdict(&name, &schedule);
    }
}

#[test]
fn deviations() {
    for (name, schedule) in kept::schedules("regressions/deviations") {
        assert_same_verdict(&name, &schedule);
    }
}

#[test]
fn generated_schedules() {
    for profile in [Profile::ThreeGpp, Profile::Ietf] {
        let campaign = Campaign { cases: CASES / 2, seed: 5, invited: 2, deviation: None, profile };
        for (schedule, number) in schedules(&campaign).zip(0..).filter(|(schedule, _)| !schedule.is_rough()) {
            assert_same_verdict(&format!("schedule {number} under {profile:?}"), &schedule);
        }
    }
}

/// Who joined and is on hold when the creator subscribes is shown as on hold, and was told of (RFC 4575 section 5.7.3).
#[test]
fn a_user_on_hold_has_joined() {
    let commands =
        [Step::Create(SecondOffer::Prack), Step::Invite(0), Step::Answer(0), Step::UserHolds(0), Step::Subscribe];
    let steps = commands.into_iter().flat_map(|step| [step, Step::Flush]).chain([Step::Settle]).collect();
    let trace = assert_same_verdict("on hold", &Schedule::new(Settings::default(), steps));
    let joined = trace.steps.iter().find(|step| step.requirement == "EV-48").expect("the step");
    assert_eq!(joined.verdict, Verdict::Pass, "{trace}");
}

/// Wireshark's dissectors find nothing malformed; where it is not installed there is nothing to ask.
#[test]
fn wireshark_reads_it() {
    let installed = Command::new("tshark").arg("--version").output();
    if installed.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        eprintln!("no tshark here: not asked");
        return;
    }
    let campaign = Campaign { cases: CASES, seed: 5, invited: 2, deviation: None, profile: Profile::ThreeGpp };
    let generated = schedules(&campaign).zip(0..).map(|(schedule, number)| (format!("schedule {number}"), schedule));
    // What the network damages is malformed.
    let intact =
        kept::schedules("regressions").into_iter().chain(generated).filter(|(_, schedule)| !schedule.is_rough());
    // Captures one after the other are one capture, which takes one start of Wireshark to read.
    let (mut capture, mut last_frames, mut frames) = (Vec::new(), Vec::new(), 0);
    for (name, schedule) in intact {
        let (file, _, trace) = traced(&schedule);
        frames += trace.frames;
        last_frames.push((frames, name));
        capture.extend(file);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trace_export");
    fs::create_dir_all(&folder).expect("a folder for the test");
    // Another process may run the same test.
    let path = folder.join(format!("{}.pcapng", std::process::id()));
    fs::write(&path, capture).expect("written");
    let tshark = |filter: &str| {
        let fields = ["-T", "fields", "-e", "frame.number", "-e", "_ws.malformed", "-e", "sip.CSeq"];
        // Checksums are there to be looked at.
        let checks = ["-o", "udp.check_checksum:TRUE", "-Y", filter];
        let output = Command::new("tshark").arg("-r").arg(&path).args(fields).args(checks).output().expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (read, wrong) = (tshark("sip"), tshark("_ws.malformed or not sip or udp.checksum.status == \"Bad\""));
    fs::remove_file(&path).expect("it was written");
    assert_eq!((read.len() as u32, frames > 10_000), (frames, true), "Wireshark must see every message");
    if let Some(line) = wrong.first() {
        let frame: u32 = line.split('\t').next().and_then(|number| number.parse().ok()).expect("a frame number");
        let of = last_frames.iter().find(|(last, _)| frame <= *last).expect("a frame of the capture");
        panic!("{of:?}: {line}");
    }
}

/// Without what the file says of itself, what is not in it may have been missed: nothing is held against anybody then.
#[test]
fn a_file_that_missed_something_proves_less() {
    let (_, schedule) = kept::schedules("regressions").swap_remove(0);
    let (file, ..) = traced(&schedule);
    let complete = |file: &[u8]| Capture::read(file).expect("a capture").boundary.complete;
    assert!(complete(&file));
    // Option 5 of the statistics, eight octets: how many packets were dropped.
    let dropped = [5, 0, 8, 0, 0, 0, 0, 0];
    let at = file.windows(dropped.len()).rposition(|window| window == dropped).expect("statistics");
    let mut missed = file.clone();
    missed[at + 4] = 1;
    assert!(!complete(&missed), "a packet was dropped");
    let mut unsaid = file.clone();
    unsaid[at] = 99;
    assert!(!complete(&unsaid), "whether packets were dropped is not said");
    assert!(!complete(&file[..file.len() - 4]), "the file is cut");
    assert!(!complete(include_bytes!("../captures/sipp_a20_udp.pcap")), "a pcap file says nothing of it");
}

/// What is owed at rest is a failure in a file that says that it shows everything, and undecided in one that does not.
#[test]
fn what_is_never_done_is_a_failure_only_where_nothing_was_missed() {
    let at_the_end = |finding: &&Finding| finding.numbers.is_empty() && !BESIDES.contains(&finding.invariant);
    let mut seen = 0;
    for (name, schedule) in kept::schedules("regressions/deviations") {
        let (file, _, trace) = traced(&schedule);
        let owed = found(trace.findings.iter().filter(at_the_end).filter(|f| f.level == Level::Fail), |party| party);
        if owed.is_empty() {
            continue;
        }
        let mut capture = Capture::read(&file).expect("a capture");
        capture.boundary.complete = false;
        let report = judge_capture(&capture, Options::default());
        let still = found(report.findings.iter().filter(at_the_end), |party| party);
        for (invariant, requirement, _, party, text) in owed {
            let undecided = (invariant, requirement, Level::Inconclusive, party, text.clone());
            let decided = (invariant, requirement, Level::Fail, party, text);
            assert!(!still.contains(&decided), "{name}: {decided:?}\n{report}");
            seen += usize::from(still.contains(&undecided));
        }
    }
    assert!(seen > 0, "no deviation leaves something undone");
}
