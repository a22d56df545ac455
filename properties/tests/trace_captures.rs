//! The committed captures, judged: what a scripted test system and two real user agents do, frame by frame.

use imsconf_properties::trace::{Options, TraceReport, judge_file};

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
