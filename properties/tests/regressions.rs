//! The schedules in `regressions/`: small ones that each show what their file is named after.
//!
//! All of them run under every check without a failure, and what makes each worth keeping is in the table here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use imsconf_properties::ladder::Ladder;
use imsconf_properties::run::{Report, columns, run};
use imsconf_properties::schedule::Schedule;

/// A file's name, and messages that arrive in this order, whatever arrives between them.
const SHOWN: &[(&str, &[&str])] = &[
    ("created-with-the-offer-in-prack", &["INVITE", "183 (INVITE)", "PRACK", "200 (PRACK)", "200 (INVITE)", "ACK"]),
    ("created-with-update", &["183 (INVITE)", "PRACK", "200 (PRACK)", "UPDATE", "200 (UPDATE)", "200 (INVITE)", "ACK"]),
    (
        "created-and-used-under-challenge",
        &[
            "407 (INVITE)",
            "183 (INVITE)",
            "ACK",
            "407 (REFER)",
            "202 (REFER)",
            "NOTIFY (refer)",
            "407 (BYE)",
            "200 (BYE)",
        ],
    ),
    ("creation-refused", &["INVITE", "403 (INVITE)", "ACK"]),
    (
        "given-up-before-any-answer",
        &["INVITE", "183 (INVITE)", "PRACK", "CANCEL", "200 (PRACK)", "200 (CANCEL)", "487 (INVITE)", "ACK"],
    ),
    (
        "given-up-when-the-200-was-on-its-way",
        &["UPDATE", "CANCEL", "200 (UPDATE)", "200 (INVITE)", "200 (CANCEL)", "ACK", "BYE", "200 (BYE)"],
    ),
    ("success-overtakes-the-answer-to-update", &["UPDATE", "200 (INVITE)", "200 (UPDATE)", "ACK"]),
    ("copy-of-the-invite-after-prack", &["183 (INVITE)", "PRACK", "INVITE", "200 (PRACK)", "183 (INVITE)"]),
    ("subscribed-before-the-ack", &["200 (INVITE)", "SUBSCRIBE (conference)", "ACK", "NOTIFY (conference)"]),
    (
        "subscribed-after-somebody-joined",
        &["REFER", "NOTIFY (refer)", "200 (INVITE)", "NOTIFY (refer)", "SUBSCRIBE (conference)", "NOTIFY (conference)"],
    ),
    ("never-subscribed", &["REFER", "180 (INVITE)", "200 (INVITE)", "NOTIFY (refer)", "BYE", "BYE", "200 (BYE)"]),
    (
        "roster-follows-a-user",
        &["NOTIFY (conference)", "200 (INVITE)", "NOTIFY (conference)", "BYE", "NOTIFY (conference)"],
    ),
    ("report-before-202", &["REFER", "NOTIFY (refer)", "202 (REFER)", "200 (NOTIFY)", "NOTIFY (refer)"]),
    ("refer-overtaken", &["REFER", "REFER", "202 (REFER)", "500 (REFER)"]),
    ("refer-refused", &["REFER", "603 (REFER)"]),
    (
        "expelled",
        &["REFER", "BYE", "200 (BYE)", "202 (REFER)", "NOTIFY (refer)", "NOTIFY (conference)", "NOTIFY (refer)"],
    ),
    ("subscriber-expelled", &["REFER", "BYE", "NOTIFY (conference)", "200 (BYE)", "200 (INVITE)", "ACK"]),
    ("quiet-invitation", &["REFER", "202 (REFER)", "200 (INVITE)", "NOTIFY (conference)"]),
    ("invited-user-busy", &["REFER", "NOTIFY (refer)", "486 (INVITE)", "NOTIFY (refer)"]),
    ("invited-user-declines", &["REFER", "180 (INVITE)", "603 (INVITE)", "NOTIFY (refer)"]),
    (
        "invited-user-does-not-answer",
        &["180 (INVITE)", "CANCEL", "200 (CANCEL)", "487 (INVITE)", "ACK", "NOTIFY (refer)"],
    ),
    ("answer-crosses-cancel", &["BYE", "CANCEL", "200 (INVITE)", "ACK", "BYE", "NOTIFY (refer)", "200 (NOTIFY)"]),
    (
        "creator-leaves-with-calls-pending",
        &["BYE", "BYE", "CANCEL", "487 (INVITE)", "NOTIFY (conference)", "NOTIFY (refer)", "200 (NOTIFY)"],
    ),
    (
        "call-held-and-resumed",
        &["INVITE", "200 (INVITE)", "NOTIFY (conference)", "INVITE", "200 (INVITE)", "NOTIFY (conference)"],
    ),
    ("re-invites-cross", &["491 (INVITE)", "491 (INVITE)", "200 (INVITE)", "ACK", "200 (INVITE)", "ACK"]),
    ("a-change-wanted-again-after-491", &["491 (INVITE)", "491 (INVITE)", "INVITE", "200 (INVITE)", "INVITE", "ACK"]),
    ("re-invite-answered-after-the-end", &["INVITE", "BYE", "200 (INVITE)", "BYE", "ACK", "200 (BYE)"]),
    ("subscribed-again-before-an-old-copy", &["SUBSCRIBE (conference)", "lost for good", "SUBSCRIBE (conference)"]),
    ("cut-off-while-creating", &["INVITE", "183 (INVITE)", "PRACK", "200 (PRACK)", "UPDATE", "200 (INVITE)", "ACK"]),
    ("damaged-bye", &["BYE", "400 (BYE)"]),
    ("promise-starved", &["INVITE", "504 (INVITE)", "504 (INVITE)"]),
    ("promise-starved-behind-its-invite", &["INVITE", "183 (INVITE)", "504 (INVITE)"]),
    (
        "called-while-invited-after-a-restart",
        &["REFER", "INVITE", "202 (REFER)", "CANCEL", "487 (INVITE)", "481 (NOTIFY)"],
    ),
    ("success-cut-short-by-a-bye", &["INVITE", "REFER", "lost for good", "INVITE", "BYE"]),
    ("ue-restarts", &["200 (INVITE)", "NOTIFY (refer)", "NOTIFY (conference)", "481 (NOTIFY)", "481 (NOTIFY)"]),
    ("lost-report-holds-back-another", &["REFER", "lost for good", "REFER", "NOTIFY (refer)", "481 (NOTIFY)"]),
    ("dial-out-lost-with-ims-timers", &["lost for good", "202 (REFER)", "NOTIFY (refer)", "NOTIFY (refer)"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions")
}

fn replay(name: &str) -> (Schedule, Report) {
    let path = folder().join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schedule = Schedule::from_json(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(schedule.deviation, None, "{name}");
    let report = run(&schedule, None);
    (schedule, report)
}

fn ladder(name: &str) -> String {
    let (schedule, report) = replay(name);
    Ladder { parties: columns(schedule.world.invited), arrows: report.arrows }.render()
}

#[test]
fn every_schedule_runs_and_shows_what_it_is_named_after() {
    for (name, expected) in SHOWN {
        let (_, report) = replay(name);
        assert_eq!(report.failure, None, "{name}");
        let mut arrived = report.arrows.iter();
        for label in *expected {
            assert!(arrived.any(|arrow| arrow.label == *label), "{name}: no {label} in its turn\n{}", ladder(name));
        }
    }
}

#[test]
fn every_file_is_in_the_table() {
    let files = fs::read_dir(folder()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let files: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect();
    assert_eq!(files, SHOWN.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn subscribed_before_the_ack() {
    insta::assert_snapshot!(ladder("subscribed-before-the-ack"));
}

#[test]
fn answer_crosses_cancel() {
    insta::assert_snapshot!(ladder("answer-crosses-cancel"));
}

#[test]
fn lost_report_holds_back_another() {
    insta::assert_snapshot!(ladder("lost-report-holds-back-another"));
}
