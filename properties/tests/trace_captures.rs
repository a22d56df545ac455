//! The committed captures, judged: what a scripted test system and two real user agents do, frame by frame.

use imsconf_properties::observe::{Finding, Party};
use imsconf_properties::trace::{Options, Procedure, TraceReport, judge_file};
use imsconf_properties::verdict::Verdict;

fn judge(file: &[u8]) -> TraceReport {
    judge_file(file, Options::default()).expect("a capture that can be read")
}

#[test]
fn scripted_test_system() {
    insta::assert_snapshot!(judge(include_bytes!("../captures/sipp_a20_udp.pcap")));
}

/// The same scripts over TCP: the same findings, in other frames.
#[test]
fn scripted_test_system_over_tcp() {
    let udp = judge(include_bytes!("../captures/sipp_a20_udp.pcap"));
    let tcp = judge(include_bytes!("../captures/sipp_a20_tcp.pcap"));
    let kinds = |report: &TraceReport| {
        let mut kinds: Vec<_> =
            report.findings.iter().map(|f| (f.level, f.invariant, f.requirement, f.party)).collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!((tcp.frames, tcp.sip_frames), (38, 23));
    assert_eq!(kinds(&tcp), kinds(&udp));
    let verdicts = |report: &TraceReport| -> Vec<_> {
        report.requirements.iter().map(|row| (row.requirement, row.verdict, row.evaluated)).collect()
    };
    assert_eq!(verdicts(&tcp), verdicts(&udp));
}

/// What a user would want to be told of this capture, whatever else is in the snapshot.
#[test]
fn linphone_merges_two_calls_in_its_own_way() {
    let report = judge(include_bytes!("../captures/linphone_remoteconf.pcap"));
    assert_eq!(report.procedures, [Procedure::Creation, Procedure::InvitationToParticipant, Procedure::Leaving]);
    let finals = report.steps.iter().filter(|step| step.what == "NOTIFY (refer), final");
    assert_eq!(
        finals.map(|step| (step.party, step.numbers.clone())).collect::<Vec<_>>(),
        [(Party::Participant(0), vec![25]), (Party::Participant(1), vec![33]),]
    );
    let answered = report.steps.iter().filter(|step| step.numbers == [26] || step.numbers == [34]);
    assert_eq!(answered.map(|step| step.verdict).collect::<Vec<_>>(), [Verdict::Pass; 2]);
    assert_named(&report, "CR-59", &[22, 20], "REFER is sent before the ACK");
    assert_named(&report, "EV-01", &[18, 37], "without ever having subscribed");
}

/// Asserts that a requirement is found not to hold, or to be worth a note, for the UE in these frames.
fn assert_named(report: &TraceReport, requirement: &str, numbers: &[u32], text: &str) {
    let fits = |finding: &&Finding| {
        finding.requirement == requirement && finding.party == Party::Ue && finding.numbers == numbers
    };
    let found = report.findings.iter().find(fits).unwrap_or_else(|| panic!("no {requirement} in\n{report}"));
    assert!(found.text.contains(text), "{}", found.text);
}

#[test]
fn baresip_refers_without_angle_brackets() {
    let report = judge(include_bytes!("../captures/baresip_refer.pcap"));
    assert_named(&report, "RF-02", &[5], "Refer-To without angle brackets: sip:conf1@127.0.0.1:15460");
}

#[test]
fn linphone_merges_two_calls() {
    insta::assert_snapshot!(judge(include_bytes!("../captures/linphone_remoteconf.pcap")));
}

#[test]
fn baresip_transfers_a_call() {
    insta::assert_snapshot!(judge(include_bytes!("../captures/baresip_refer.pcap")));
}

#[test]
fn report_as_json() {
    let report = judge(include_bytes!("../captures/sipp_a20_udp.pcap"));
    let json = serde_json::to_value(&report).expect("a report is JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["verdict"], "fail");
    assert_eq!(json["profile"], "3gpp");
    let procedures = ["creation", "event-subscription", "invitation-through-focus", "leaving"];
    assert_eq!(json["procedures"], serde_json::json!(procedures));
    assert_eq!(json["roles"][0], serde_json::json!({ "party": "ue", "addresses": ["127.0.0.1:15070"] }));
    assert_eq!(report.exit_code(), 1);
}
