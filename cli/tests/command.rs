//! The command as a user runs it: exit codes, what is printed, and the JSON.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder of its own for each test, so that what a command leaves behind is seen.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imsconf"));
    command.current_dir(folder).args(arguments);
    command
}

/// What a command did: exit code, standard output, standard error.
fn imsconf(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(folder, arguments).output().expect("the command runs");
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

fn json(folder: &Path, file: &str) -> Value {
    let text = fs::read_to_string(folder.join(file)).expect("the JSON was written");
    serde_json::from_str(&text).expect("JSON")
}

fn capture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../properties/captures").join(name);
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// The keys of an object that a program may rely on.
fn assert_keys(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for key in keys {
        assert!(object.contains_key(*key), "`{key}` is missing in {:?}", object.keys());
    }
}

#[test]
fn check_explores_the_model() {
    let folder = folder("check");
    let (code, out, err) = imsconf(&folder, &["check", "--scope", "tiny", "--json", "check.json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("explored completely"), "{out}");
    assert!(out.ends_with("\nverdict: pass\n"), "{out}");

    let report = json(&folder, "check.json");
    assert_eq!((&report["schema"], &report["verdict"]), (&1.into(), &"pass".into()));
    let explored = &report["model"][0];
    let keys = ["configuration", "invited", "losses", "symmetry", "unique_states", "transitions"];
    assert_keys(explored, &keys);
    assert_keys(explored, &["quiescent_states", "terminal_states", "claims", "witnesses"]);
    let claims = explored["claims"].as_array().expect("claims");
    assert!(!claims.is_empty() && claims.iter().all(|claim| claim["holds"] == true), "{claims:?}");
    assert!(explored["witnesses"][0]["path"].is_array(), "a witness is a list of actions");
}

#[test]
fn check_explores_the_implementation() {
    let folder = folder("impl");
    let arguments = ["check", "--impl", "--scope", "transactions", "--json", "impl.json"];
    let (code, out, err) = imsconf(&folder, &arguments);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let report = json(&folder, "impl.json");
    assert_eq!((&report["schema"], &report["verdict"]), (&1.into(), &"pass".into()));
    let parts = report["implementation"].as_array().expect("explorations");
    assert_eq!(parts.len(), 8, "four machines on two transports");
    parts.iter().for_each(|part| assert_keys(part, &["scope", "unique_states", "transitions", "depth", "complete"]));

    let wrong = ["--deviation", "answered-before-prack", "--drops", "0", "--doubles", "0", "--save", "found.json"];
    let arguments = [&["check", "--impl", "--scope", "creation"], &wrong[..]].concat();
    let (code, out, err) = imsconf(&folder, &arguments);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.contains("imsconf replay found.json") && out.ends_with("\nverdict: fail\n"), "{out}");
    let (code, out, _) = imsconf(&folder, &["replay", "found.json"]);
    assert_eq!(code, 1, "{out}");
}

#[test]
fn run_holds_the_implementation_to_the_model() {
    let folder = folder("run");
    let (code, out, err) = imsconf(&folder, &["run", "--cases", "20", "--json", "run.json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let report = json(&folder, "run.json");
    assert_eq!(report["verdict"], "pass");
    assert!(report["refinement"]["schedules"].as_u64() >= Some(20), "the generated ones, and those that are kept");
    assert_keys(&report["refinement"], &["median_steps", "moves", "refined", "actions", "stutters", "missing"]);
    assert!(report["refinement"]["refined"].as_u64() > Some(0), "{out}");
    assert_keys(&report["invariants"][0], &["name", "evaluations", "requirements"]);
    assert!(report.get("failure").is_none());
    assert!(!folder.join("imsconf-failure.json").exists(), "nothing failed, nothing to keep");
}

#[test]
fn a_deviation_is_caught_and_its_schedule_replays() {
    let folder = folder("deviation");
    let (code, out, err) =
        imsconf(&folder, &["run", "--deviation", "version-stuck", "--cases", "200", "--json", "run.json"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    for part in ["FAILED in schedule", "I-VERSION (EV-33) broken by the focus", "verdict: fail"] {
        assert!(out.contains(part), "`{part}` is missing in {out}");
    }
    let blamed = out.lines().find(|line| line.ends_with("  EV-33")).expect("the ladder marks what is wrong");
    assert!(blamed.contains("sends NOTIFY (conference)"), "{blamed}");
    let failure = &json(&folder, "run.json")["failure"];
    assert_keys(failure, &["what", "steps", "replay"]);

    let replay = out.lines().find_map(|line| line.strip_prefix("replay: imsconf ")).expect("how to replay it");
    assert_eq!(failure["replay"], format!("imsconf {replay}"));
    let arguments: Vec<&str> = replay.split(' ').chain(["--json", "replay.json"]).collect();
    let (code, out, _) = imsconf(&folder, &arguments);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("I-VERSION (EV-33) broken by the focus"), "{out}");
    let report = json(&folder, "replay.json");
    assert_keys(&report, &["schema", "verdict", "steps", "moves", "failure"]);
    assert_eq!((&report["verdict"], &report["steps"]), (&"fail".into(), &failure["steps"]));
}

#[test]
fn a_failing_schedule_is_kept_where_the_user_says() {
    let folder = folder("save");
    let run = ["run", "--deviation", "version-stuck", "--cases", "200", "--save"];
    let (code, out, _) = imsconf(&folder, &[&run[..], &["my run.json"]].concat());
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("replay: imsconf replay 'my run.json'"), "{out}");
    assert_eq!(imsconf(&folder, &["replay", "my run.json"]).0, 1);
    assert!(!folder.join("imsconf-failure.json").exists());

    let (code, out, err) = imsconf(&folder, &[&run[..], &["no-such-folder/run.json"]].concat());
    assert_eq!(code, 2, "{out}");
    assert!(err.contains("cannot write no-such-folder/run.json"), "{err}");
}

#[test]
fn the_deviations_can_be_listed() {
    let folder = folder("list");
    let (code, list, err) = imsconf(&folder, &["run", "--deviation", "help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(list.lines().count() > 20, "{list}");
    assert!(list.lines().any(|line| line.starts_with("  version-stuck  ")), "{list}");

    let (code, out, err) = imsconf(&folder, &["run", "--deviation", "version-stick"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("imsconf: there is no deviation `version-stick`; there are\n"), "{err}");
    assert!(err.contains(list.trim_end()), "{err}");
}

#[test]
fn deviations_are_hunted() {
    let folder = folder("deviations");
    let (code, out, err) = imsconf(&folder, &["deviations", "version-", "--json", "deviations.json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("version-stuck: every document has version 1"), "{out}");
    assert!(out.contains("    caught by I-VERSION (EV-33) in "), "{out}");
    let report = json(&folder, "deviations.json");
    assert_keys(&report, &["schema", "verdict", "deviations"]);
    let rows = report["deviations"].as_array().expect("a row for each");
    assert!(rows.len() >= 2, "{out}");
    for row in rows {
        assert_keys(row, &["name", "thread", "caught_by", "requirements", "steps", "seconds"]);
    }
    let (code, _, err) = imsconf(&folder, &["deviations", "no-such-thing"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("imsconf: there is no deviation `no-such-thing`"), "{err}");
}

#[test]
fn a_mutant_of_a_message_can_be_run() {
    let folder = folder("mutant");
    let name = "focus: NOTIFY (refer): without id of Event";
    let (code, out, err) = imsconf(&folder, &["run", "--deviation", name, "--cases", "200"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with(&format!("Implementation with the mutant {name}\n")), "{out}");
    assert!(out.contains("I-REF-ID"), "{out}");
    let (code, out, _) = imsconf(&folder, &["replay", "imsconf-failure.json"]);
    assert_eq!(code, 1);
    assert!(out.starts_with(&format!("mutant {name}\n")), "{out}");
}

#[test]
fn a_schedule_that_breaks_nothing_passes() {
    let folder = folder("good");
    let steps = r#"[{"create":"update"},"settle","subscribe",{"invite":0},"flush",{"answer":0},"settle","leave"]"#;
    let schedule = format!(r#"{{"schema":1,"world":{{"invited":1}},"steps":{steps}}}"#);
    fs::write(folder.join("good.json"), schedule).expect("written");
    let (code, out, err) = imsconf(&folder, &["replay", "good.json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in ["REFER", "BYE", "nothing broken", "verdict: pass"] {
        assert!(out.contains(part), "`{part}` is missing in {out}");
    }
}

#[test]
fn what_cannot_be_used_says_so_and_ends_with_2() {
    let folder = folder("bad");
    fs::write(folder.join("bad.json"), "{\n  \"schema\": 1,\n  \"wurld\": {}\n}\n").expect("written");
    fs::write(folder.join("text.pcap"), "this is no capture, it is only text that is long enough").expect("written");
    let table: [(&[&str], &[&str]); 10] = [
        (&["check", "--scope", "creation"], &["creation", "add --impl"]),
        (&["check", "--impl"], &["--impl", "check --help"]),
        (&["check", "--scope", "everything"], &["tiny, ci and deep", "two-invitations"]),
        (&["replay", "bad.json"], &["bad.json", "line 3", "column", "wurld"]),
        (&["replay", "absent.json"], &["cannot read absent.json"]),
        (&["trace", "absent.pcap"], &["cannot read absent.pcap"]),
        (&["trace", "text.pcap"], &["text.pcap", "neither a pcap nor a pcapng file"]),
        (&["run", "--cases", "0"], &["--cases"]),
        (&["check", "--losses", "1"], &["--invited"]),
        (&["dance"], &["dance", "Usage"]),
    ];
    for (arguments, parts) in table {
        let (code, out, err) = imsconf(&folder, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        for part in parts {
            assert!(err.contains(part), "{arguments:?}: `{part}` is missing in {err}");
        }
    }
}

#[test]
fn a_capture_is_judged_by_requirement_and_frame() {
    let folder = folder("trace");
    let (code, out, err) = imsconf(&folder, &["trace", &capture("sipp_a20_udp.pcap"), "--json", "trace.json"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.lines().any(|line| line.starts_with("  fail         EV-01  frame 10 ")), "{out}");
    assert!(out.ends_with("\nverdict: fail\n"), "{out}");

    let report = json(&folder, "trace.json");
    assert_eq!((&report["schema"], &report["verdict"]), (&1.into(), &"fail".into()));
    assert_keys(&report, &["profile", "frames", "sip_frames", "procedures", "roles", "steps", "requirements"]);
    assert_keys(&report["roles"][0], &["party", "addresses"]);
    assert_keys(&report["requirements"][0], &["requirement", "verdict", "evaluated", "numbers", "text"]);
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["requirement"] == "EV-01").expect("EV-01");
    assert_keys(finding, &["invariant", "requirement", "level", "party", "numbers", "text"]);
    assert_eq!(finding["numbers"], serde_json::json!([10]));
}

/// The agents follow the profile too: what the RFCs want is not what TS 34.229 has, and each passes its own judge only.
#[test]
fn the_profile_decides_where_the_documents_conflict() {
    let folder = folder("profile");
    for profile in ["3gpp", "ietf"] {
        let (code, out, err) = imsconf(&folder, &["run", "--cases", "60", "--profile", profile]);
        assert_eq!((code, err.as_str()), (0, ""), "{profile}: {out}");
        let capture = capture("sipp_a20_udp.pcap");
        imsconf(&folder, &["trace", &capture, "--profile", profile, "--json", "trace.json"]);
        let report = json(&folder, "trace.json");
        assert_eq!(report["profile"], profile);
        let findings = report["findings"].as_array().expect("findings");
        let level = &findings.iter().find(|finding| finding["requirement"] == "RF-01").expect("RF-01")["level"];
        assert_eq!(level, if profile == "ietf" { "note" } else { "fail" });
    }
    let schedule = r#"{"schema":1,"world":{"invited":1,"profile":"ietf"},"steps":[{"create":"prack"}]}"#;
    fs::write(folder.join("ietf.json"), schedule).expect("written");
    for (arguments, expected) in [(&["replay", "ietf.json"][..], 0), (&["replay", "ietf.json", "--profile", "3gpp"], 0)]
    {
        let (code, out, _) = imsconf(&folder, arguments);
        assert_eq!(code, expected, "{arguments:?}: {out}");
    }
    let (code, _, err) = imsconf(&folder, &["trace", "x.pcap", "--vantage", "moon"]);
    assert!(code == 2 && err.contains("participant-0"), "{err}");
}

/// The capture of a run gets the verdict of the run.
#[test]
fn a_replay_as_a_capture_is_judged_alike() {
    let folder = folder("pcap");
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../properties/regressions");
    for (name, expected) in [("roster-follows-a-user", 0), ("deviations/version-stuck", 1)] {
        let schedule = regressions.join(format!("{name}.json"));
        let schedule = schedule.to_str().expect("a path in UTF-8");
        let (code, out, err) = imsconf(&folder, &["replay", schedule, "--pcap", "run.pcapng"]);
        assert_eq!((code, err.as_str()), (expected, ""), "{name}: {out}");
        let (code, out, err) = imsconf(&folder, &["trace", "run.pcapng"]);
        assert_eq!((code, err.as_str()), (expected, ""), "{name}: {out}");
        assert_eq!(out.lines().any(|line| line.starts_with("  fail         EV-33 ")), expected == 1, "{out}");
    }
    let schedule = regressions.join("invited-user-busy.json");
    let arguments = ["replay", schedule.to_str().expect("a path in UTF-8"), "--pcap", "absent/run.pcapng"];
    let (code, _, err) = imsconf(&folder, &arguments);
    assert!(code == 2 && err.contains("cannot write absent/run.pcapng"), "{err}");
}

/// Asks the Explorer for a page and gives the whole response.
fn page(address: &str, path: &str) -> String {
    // It says where it is right before it listens.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("UTF-8");
    response
}

#[test]
#[cfg(unix)]
fn the_model_is_served_to_this_host_until_it_is_ended() {
    use std::os::unix::process::ExitStatusExt as _;

    let folder = folder("explore");
    let mut child =
        command(&folder, &["explore", "--address", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.next().expect("a line").expect("UTF-8");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
    for (path, parts) in [
        ("/", ["200 OK", "<html"]),
        ("/.status", ["200 OK", "\"properties\""]),
        ("/.states", ["200 OK", "\"fingerprint\""]),
        ("/nowhere", ["404 ", ""]),
    ] {
        let response = page(&address, path);
        for part in parts {
            assert!(response.contains(part), "{path}: `{part}` is missing in {response}");
        }
    }
    // Not Ctrl-C: what runs in the background of a shell ignores it.
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(ended.success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(15));

    for (address, part) in [("0.0.0.0:3000", "no loopback address"), ("localhost", "invalid")] {
        let (code, out, err) = imsconf(&folder, &["explore", "--address", address]);
        assert!(code == 2 && out.is_empty() && err.contains(part), "{address}: {err}");
    }
}

#[test]
fn requirements_are_listed_with_what_checks_them() {
    let folder = folder("requirements");
    let (code, out, err) = imsconf(&folder, &["requirements", "--json", "all.json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.lines().any(|line| line.starts_with("RF-12  must ")), "{out}");
    assert!(out.contains("\n              invariant I-REF-TRUTH; fails with failure-reported-as-success\n"), "{out}");
    let report = json(&folder, "all.json");
    let number = |value: &Value, name: &str| value[name].as_u64().expect("a number");
    let sections = report["sections"].as_array().expect("sections");
    for name in ["total", "covered", "waived"] {
        assert_eq!(sections.iter().map(|part| number(part, name)).sum::<u64>(), number(&report, name), "{name}");
    }
    let rows = report["requirements"].as_array().expect("rows");
    assert_eq!(rows.len() as u64, number(&report, "total"));
    let row = rows.iter().find(|row| row["requirement"] == "RF-12").expect("RF-12");
    assert_keys(row, &["section", "title", "rule", "source", "level", "role", "checked_by", "seen_failing"]);
    let (code, out, _) = imsconf(&folder, &["requirements", "--uncovered"]);
    assert_eq!((code, out.trim_end()), (0, format!("0 of {} uncovered", rows.len()).as_str()));
}

#[test]
fn a_schedule_and_a_capture_are_drawn() {
    let folder = folder("ladder");
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../properties/regressions");
    let schedule = regressions.join("deviations/version-stuck.json");
    let schedule = schedule.to_str().expect("a path in UTF-8");
    for (file, part, mark) in [(schedule, "REFER", "EV-33"), (&capture("baresip_refer.pcap"), "202 (REFER)", "CR-11")] {
        let (code, out, err) = imsconf(&folder, &["ladder", file, "--svg", "ladder.svg"]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let svg = fs::read_to_string(folder.join("ladder.svg")).expect("written");
        for text in [&out, &svg] {
            assert!(text.contains(part) && text.contains(mark), "{text}");
        }
        assert!(svg.starts_with("<?xml ") && svg.ends_with("</svg>\n"), "{svg}");
    }
    fs::write(folder.join("text"), "neither").expect("written");
    let (code, out, err) = imsconf(&folder, &["ladder", "text"]);
    assert!(code == 2 && out.is_empty() && err.contains("neither a pcap nor a pcapng file"), "{err}");
}

#[test]
fn a_capture_without_sip_is_inconclusive() {
    let folder = folder("silence");
    // The header of a pcap file, little-endian, version 2.4, Ethernet; then nothing.
    let header = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1].map(u32::to_le_bytes).concat();
    fs::write(folder.join("silence.pcap"), header).expect("written");
    let (code, out, err) = imsconf(&folder, &["trace", "silence.pcap"]);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    assert!(out.contains("0 of 0 frames carry SIP") && out.ends_with("verdict: inconclusive\n"), "{out}");
}

#[test]
fn verify_does_it_all() {
    let folder = folder("verify");
    let less = ["--scope", "tiny", "--cases", "200", "--explore-for", "1", "--canaries", "3"];
    let (code, out, err) = imsconf(&folder, &[&["verify", "--json", "verify.json"], &less[..]].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let report = json(&folder, "verify.json");
    let list = |name: &str| report[name].as_array().expect("a list").clone();
    let explored: Vec<_> = list("implementation").iter().map(|part| part["scope"].clone()).collect();
    assert_eq!(explored, ["creation", "orders", "invitation"]);
    list("implementation").iter().for_each(|part| assert_keys(part, &["drops", "doubles", "transitions", "complete"]));
    assert_eq!(list("canaries").len(), 3);
    list("canaries").iter().for_each(|canary| assert_keys(canary, &["name", "must_be_caught_by", "requirements"]));
    assert_eq!((&report["schema"], &report["verdict"]), (&1.into(), &"pass".into()));
    assert_keys(&report, &["model", "witnesses", "refinement", "invariants", "requirements"]);
    assert_keys(&report["witnesses"], &["total", "followed", "waived", "failed"]);
    assert_eq!(report["witnesses"]["failed"], serde_json::json!([]));
    assert_eq!(report["refinement"]["missing"], serde_json::json!([]));
    let number = |name: &str| report["requirements"][name].as_u64().expect("a number");
    assert_eq!(number("covered") + number("waived"), number("total"));
    for heading in ["Model", "Witnesses", "Implementation", "Canaries (3", "Invariants (", "Requirements"] {
        assert!(out.lines().any(|line| line.starts_with(heading)), "`{heading}` is missing in {out}");
    }
}

#[test]
fn nobody_reading_changes_neither_the_verdict_nor_the_exit_code() {
    let folder = folder("pipe");
    let table: [(&[&str], i32); 3] = [
        (&["check", "--scope", "tiny"], 0),
        (&["run", "--deviation", "version-stuck", "--cases", "200"], 1),
        (&["trace", &capture("sipp_a20_udp.pcap")], 1),
    ];
    for (arguments, expected) in table {
        let mut child =
            command(&folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("ends");
        assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(expected), &[][..]), "{arguments:?}");
    }
}

#[test]
fn help_shows_where_to_start() {
    let folder = folder("help");
    let (code, out, _) = imsconf(&folder, &["--help"]);
    assert_eq!(code, 0);
    for part in ["imsconf verify", "imsconf trace call.pcap", "Exit codes: 0 conforming"] {
        assert!(out.contains(part), "`{part}` is missing in {out}");
    }
    for name in ["verify", "check", "run", "replay", "trace"] {
        let (code, out, _) = imsconf(&folder, &[name, "--help"]);
        assert!(code == 0 && out.contains("--json"), "{name}: {out}");
    }
}

/// A message with two rules broken, one of them by its body.
const BROKEN: &str = "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
    Content-Length: 60\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n";

#[test]
fn lint_names_every_broken_rule_with_an_excerpt() {
    let folder = folder("lint");
    fs::write(folder.join("broken.sip"), BROKEN).expect("a file");
    let clean =
        BROKEN.replace("1 INVITE", "1 OPTIONS").replace("s=\r\n", "s=-\r\n").replace("Length: 60", "Length: 61");
    fs::write(folder.join("clean.sip"), &clean).expect("a file");
    fs::write(folder.join("more.sip"), format!("{clean}more")).expect("a file");

    let (code, out, err) = imsconf(&folder, &["lint", "clean.sip"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "clean.sip (datagram): no rule broken\n", ""));
    let (code, out, err) = imsconf(&folder, &["lint", "more.sip"]);
    assert_eq!((code, err.as_str()), (0, ""), "a note is no broken rule: {out}");
    assert!(out.contains("  note         trailing-bytes: "), "{out}");

    let (code, out, err) = imsconf(&folder, &["lint", "clean.sip", "broken.sip", "--json", "lint.json"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let expected = "broken.sip (datagram): 2 findings\n  fail         cseq-method: The CSeq method is not that of the \
        request (RFC 3261 section 8.1.1.5)\n    octets 137..145, line 7 column 7\n    | CSeq: 1 INVITE\n    |       \
        ^^^^^^^^\n  fail         sdp-session-name: The `s=` line is empty (RFC 8866 section 5.3)\n    octets 230..232, \
        line 13 column 1\n    | s=\n    | ^^\n";
    assert!(out.ends_with(expected), "{out}");
    let report = json(&folder, "lint.json");
    assert_eq!((&report["schema"], &report["verdict"]), (&1.into(), &"fail".into()));
    let files = report["files"].as_array().expect("files");
    assert_eq!((&files[0]["verdict"], &files[1]["verdict"]), (&"pass".into(), &"fail".into()));
    let finding = &files[1]["findings"][0];
    assert_keys(finding, &["rule", "clause", "level", "start", "end", "line", "column", "text", "excerpt"]);
    assert_eq!((&finding["rule"], &finding["level"]), (&"cseq-method".into(), &"fail".into()));
    assert_eq!((&finding["start"], &finding["end"]), (&137.into(), &145.into()));
}

#[test]
fn lint_reads_standard_input_and_what_it_is_told_to() {
    let folder = folder("lint-stdin");
    let run = |arguments: &[&str], input: &[u8]| {
        let mut child = command(&folder, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        child.stdin.take().expect("piped").write_all(input).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let text = |octets| String::from_utf8(octets).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = run(&["lint"], BROKEN.as_bytes());
    assert_eq!(code, Some(1));
    assert!(out.starts_with("standard input (datagram): 2 findings\n"), "{out}");
    let (code, out, _) = run(&["lint", "-"], b"SIP/2.0 200 OK\r\n");
    assert_eq!((code, out.as_str()), (Some(0), "standard input (sipfrag): no rule broken\n"));
    let (code, out, _) = run(&["lint", "--as", "stream"], BROKEN.replace("Content-Length: 60\r\n", "").as_bytes());
    assert_eq!(code, Some(1));
    assert!(out.contains("stream-length"), "{out}");
    let many = "v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\n";
    let (code, out, _) = run(&["lint"], many.as_bytes());
    assert_eq!(code, Some(0), "a SHOULD is listed: {out}");
    assert!(out.ends_with("  and 2 more of sdp-line-end\n"), "{out}");
}

#[test]
fn lint_says_what_it_cannot_judge() {
    let folder = folder("lint-unread");
    fs::write(folder.join("broken.sip"), BROKEN).expect("a file");
    fs::write(folder.join("photo"), [0xff, 0xd8, 0xff]).expect("a file");
    let (code, out, err) = imsconf(&folder, &["lint", "photo", "broken.sip", "--json", "lint.json"]);
    assert_eq!((code, err.as_str()), (2, "imsconf: 1 of 2 cannot be judged\n"), "{out}");
    assert!(out.starts_with("photo: neither a SIP message") && out.contains("cseq-method"), "{out}");
    assert_keys(&json(&folder, "lint.json")["files"][0], &["file", "findings", "error"]);
    let (code, out, _) = imsconf(&folder, &["lint", "--as", "datagram", "photo"]);
    assert_eq!(code, 1, "what is said to be a message breaks the first of its rules: {out}");
    assert!(out.contains("no-start-line") && out.contains("RFC 3261 sections 7.1 and 7.2"), "{out}");
    let (code, _, err) = imsconf(&folder, &["lint", "nothing"]);
    assert_eq!((code, err.starts_with("imsconf: cannot read nothing")), (2, true), "{err}");
}
