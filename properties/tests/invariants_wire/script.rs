//! Observations as text, for the tests of the invariants.
//!
//! ```text
//! case the answer is lost
//!     @CALL                                           a fragment from below
//!     D1 ue REFER 3 | Refer-To: <sip:p1@home>         the UE sends it in D1 and the focus is handed it
//!     -D1 focus 202 REFER 3                           sent, but not handed to anybody (lost or late)
//!     +D1 focus 202 REFER 3                           now it is handed to the UE
//!     wait 40                                         40 s pass before the next event
//!     cut                                             the observation just stops; without this line all is quiescent
//!     holds RF-06 RF-28                               put to the test at least once and never broken
//!     finds RF-03 note                                all findings, in order, one line each
//! ```
//!
//! `METHOD*` is a request without To tag. The dialogs are D1 (call of the UE), D2 (its conference subscription) and
//! D3.n (the call of the focus to participant n). After the start come parts separated by ` | `: a header field, `uri
//! URI` (Request-URI), `without NAME` (leaves a default header out), or a body: `frag TEXT`, `xml TEXT`, `sdp ...`,
//! `roster VERSION STATE name=status ...`, where a name may be a whole URI.

use std::time::Duration;

use imsconf_properties::invariants::Observers;
use imsconf_properties::observe::{Conversation, End, Event, Judge, Observer, Party, Stage};
use imsconf_properties::oracle::Sip;
use imsconf_properties::verdict::{Profile, Verdict};

/// The UE creates a conference; offer 2 rides in the PRACK.
const CALL: &str = "
    D1 ue INVITE* 1 | sdp u 1 none none
    D1 focus 183 INVITE 1 | Require: 100rel, precondition | RSeq: 1 | sdp f 1 none none conf
    D1 ue PRACK 2 | RAck: 1 1 INVITE | Require: precondition | sdp u 2 sendrecv none
    D1 focus 200 PRACK 2 | Require: precondition | sdp f 2 sendrecv sendrecv
    D1 focus 200 INVITE 1
    D1 ue ACK 1";

/// The UE subscribes to the conference package.
const SUBSCRIBE: &str = "
    D2 ue SUBSCRIBE* 1
    D2 focus 200 SUBSCRIBE 1
    D2 focus NOTIFY 1 | roster 1 full alice
    D2 ue 200 NOTIFY 1";

/// The UE invites participant 1; the focus accepts, reports 100 and calls him.
const REFER: &str = "
    D1 ue REFER 3 | Refer-To: <sip:p1@home>
    D1 focus 202 REFER 3
    D1 focus NOTIFY 1 | Event: refer;id=3 | frag SIP/2.0 100 Trying
    D3.1 focus INVITE* 1 | sdp c 1
    D1 ue 200 NOTIFY 1
    D3.1 p1 180 INVITE 1";

/// Participant 1 answers, and the focus reports it.
const JOIN: &str = "
    D3.1 p1 200 INVITE 1 | sdp p 1
    D3.1 focus ACK 1
    D1 focus NOTIFY 2 | Event: refer;id=3 | Subscription-State: terminated;reason=noresource | frag SIP/2.0 200 OK
    D1 ue 200 NOTIFY 2";

/// The join of participant 1 in the conference package.
const SHOWN: &str = "
    D2 focus NOTIFY 2 | roster 2 partial p1
    D2 ue 200 NOTIFY 2";

/// The UE leaves, and with it the conference with participant 1 ends.
const LEAVE: &str = "
    D1 ue BYE 4
    D1 focus 200 BYE 4
    D3.1 focus BYE 2
    D3.1 p1 200 BYE 2
    D2 focus NOTIFY 3 | Subscription-State: terminated;reason=noresource
    D2 ue 200 NOTIFY 3";

/// One observation and what an invariant is to say about it.
#[derive(Default)]
struct Case<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
    cut: bool,
    holds: Vec<&'a str>,
    finds: Vec<(&'a str, &'a str)>,
}

/// Puts one invariant to the test in a profile with every case of the text.
pub(crate) fn check<O: Observer>(profile: Profile, text: &str) {
    for case in read(text) {
        let (mut observer, mut conversation, mut judge) = (O::new(profile), Conversation::new(), Judge::new(profile));
        play(&case.lines, |event| {
            observer.on_event(event, &conversation, &mut judge);
            conversation.observe(event);
        });
        observer.on_end(if case.cut { End::Cut } else { End::Quiescent }, &conversation, &mut judge);
        let found: Vec<_> =
            judge.findings().iter().map(|finding| (finding.requirement, Verdict::from(finding.level).word())).collect();
        assert_eq!(found, case.finds, "{} {}: {:#?}", O::NAME, case.name, judge.findings());
        for requirement in case.holds {
            let counts = judge.counts().iter().filter(|((_, tested), _)| *tested == requirement);
            let (evaluated, broken) =
                counts.fold((0, 0), |(all, bad), (_, count)| (all + count.evaluated, bad + count.broken));
            assert!(evaluated > 0 && broken == 0, "{} {}: {requirement} {evaluated} {broken}", O::NAME, case.name);
        }
    }
}

/// What all observers together find in an observation that ends quiescent.
pub(crate) fn findings(profile: Profile, text: &str) -> Vec<String> {
    let (mut observers, mut judge) = (Observers::new(profile), Judge::new(profile));
    for case in read(text) {
        play(&case.lines, |event| observers.observe(event, &mut judge));
    }
    observers.end(End::Quiescent, &mut judge);
    let all = judge.findings().iter();
    all.map(|finding| format!("{} {}: {}", finding.invariant, finding.requirement, finding.text)).collect()
}

fn read(text: &str) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "case" {
            cases.push(Case { name: rest, ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { panic!("before the first case: {line}") };
        match word {
            "cut" => case.cut = true,
            "holds" => case.holds = rest.split_whitespace().collect(),
            "finds" => case.finds.push(rest.split_once(' ').unwrap_or_else(|| panic!("no level: {line}"))),
            _ => match line.strip_prefix('@') {
                Some(name) => case.lines.extend(fragment(name).lines().map(str::trim).filter(|line| !line.is_empty())),
                None => case.lines.push(line),
            },
        }
    }
    cases
}

fn fragment(name: &str) -> &'static str {
    match name {
        "CALL" => CALL,
        "SUBSCRIBE" => SUBSCRIBE,
        "REFER" => REFER,
        "JOIN" => JOIN,
        "SHOWN" => SHOWN,
        "LEAVE" => LEAVE,
        _ => panic!("no fragment {name}"),
    }
}

/// Turns lines into events, numbered from 1.
fn play(lines: &[&str], mut see: impl FnMut(&Event<'_>)) {
    let (mut number, mut elapsed) = (0, Duration::ZERO);
    for line in lines {
        if let Some(seconds) = line.strip_prefix("wait ") {
            elapsed += Duration::from_secs_f64(seconds.parse().unwrap_or_else(|_| panic!("not a number: {line}")));
            continue;
        }
        let (stages, line): (&[Stage], &str) = match line.split_at(1) {
            ("-", rest) => (&[Stage::Sent], rest),
            ("+", rest) => (&[Stage::Delivered], rest),
            _ => (&[Stage::Sent, Stage::Delivered], line),
        };
        let (text, sender, receiver) = message(line);
        let message = Sip::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        for &stage in stages {
            number += 1;
            let party = if stage == Stage::Sent { sender } else { receiver };
            see(&Event::new(number, elapsed, party, stage, &message));
            elapsed = Duration::ZERO;
        }
    }
}

struct Peer {
    party: Party,
    tag: String,
    address: String,
    contact: String,
}

fn peers(dialog: &str) -> (Peer, Peer) {
    let ue = |tag: &str| Peer {
        party: Party::Ue,
        tag: tag.to_owned(),
        address: "sip:alice@home".to_owned(),
        contact: "<sip:alice@ue>".to_owned(),
    };
    let focus = |tag: String, address: &str| Peer {
        party: Party::Focus,
        tag,
        address: address.to_owned(),
        contact: "<sip:conf@focus>;isfocus".to_owned(),
    };
    match dialog {
        "D1" => (ue("u1"), focus("f1".to_owned(), "sip:factory@focus")),
        "D2" => (ue("u2"), focus("f2".to_owned(), "sip:conf@focus")),
        _ => {
            let n: u8 = dialog.strip_prefix("D3.").and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{dialog}?"));
            let participant = Peer {
                party: Party::Participant(n),
                tag: format!("p3{n}"),
                address: format!("sip:p{n}@home"),
                contact: format!("<sip:p{n}@host>"),
            };
            (focus(format!("f3{n}"), "sip:conf@focus"), participant)
        }
    }
}

/// One line as a message, with who sends it and who is handed it.
fn message(line: &str) -> (String, Party, Party) {
    let mut parts = line.split(" | ").map(str::trim);
    let words: Vec<&str> = parts.next().unwrap_or("").split_whitespace().collect();
    let (dialog, who, start) = match words.as_slice() {
        [dialog, who, start @ ..] => (*dialog, *who, start),
        _ => panic!("too short: {line}"),
    };
    let (first, second) = peers(dialog);
    let is_first = matches!((who, first.party), ("ue", Party::Ue) | ("focus", Party::Focus));
    let (me, peer) = if is_first { (first, second) } else { (second, first) };
    let (code, method, cseq) = match start {
        [method, cseq] => (None, *method, *cseq),
        [code, method, cseq] => (Some(*code), *method, *cseq),
        _ => panic!("neither request nor response: {line}"),
    };
    let tagless = method.ends_with('*');
    let method = method.trim_end_matches('*');
    let (client, server) = if code.is_none() { (&me, &peer) } else { (&peer, &me) };
    let mut uri = match (method, dialog, server.party) {
        ("INVITE" | "CANCEL", _, _) => server.address.clone(),
        (_, _, Party::Focus) => "sip:conf@focus".to_owned(),
        _ => server.contact.trim_matches(['<', '>']).to_owned(),
    };
    let to_tag =
        if (tagless && code.is_none()) || code == Some("100") { String::new() } else { format!(";tag={}", server.tag) };
    let mut headers = vec![
        format!("Via: SIP/2.0/UDP h;branch=z9hG4bK{dialog}{}{method}{cseq}", client.tag),
        format!("From: <{}>;tag={}", client.address, client.tag),
        format!("To: <{}>{to_tag}", server.address),
        format!("Call-ID: {dialog}"),
        format!("CSeq: {cseq} {method}"),
    ];
    if code.is_none() {
        headers.push("Max-Forwards: 70".to_owned());
    }
    if !matches!(method, "PRACK" | "ACK" | "BYE" | "CANCEL") {
        headers.push(format!("Contact: {}", me.contact));
    }
    headers.extend(defaults(dialog, code, method).iter().map(|header| (*header).to_owned()));
    let mut body = String::new();
    for part in parts {
        let (keyword, rest) = part.split_once(' ').unwrap_or((part, ""));
        let mut content = |kind: &str, text: String| {
            headers.retain(|header| !header.starts_with("Content-Type:"));
            headers.push(format!("Content-Type: {kind}"));
            body = text;
        };
        match keyword {
            "uri" => uri = rest.to_owned(),
            "without" => headers.retain(|header| !header.starts_with(&format!("{rest}:"))),
            "frag" => content("message/sipfrag;version=2.0", format!("{}\r\n", fragment_lines(rest))),
            "xml" => content("application/conference-info+xml", rest.to_owned()),
            "roster" => content("application/conference-info+xml", roster(rest)),
            "sdp" => content("application/sdp", sdp(rest)),
            _ => {
                let (name, _) = part.split_once(':').unwrap_or_else(|| panic!("no header field: {part}"));
                headers.retain(|header| !header.starts_with(&format!("{name}:")));
                headers.push(part.to_owned());
            }
        }
    }
    headers.push(format!("Content-Length: {}", body.len()));
    let start = code.map_or_else(|| format!("{method} {uri} SIP/2.0"), |code| format!("SIP/2.0 {code} x"));
    (format!("{start}\r\n{}\r\n\r\n{body}", headers.join("\r\n")), me.party, peer.party)
}

/// A slash before a header field name begins a new line of the fragment.
fn fragment_lines(text: &str) -> String {
    text.replace("/Contact", "\r\nContact").replace("/Warning", "\r\nWarning")
}

/// Header fields that such a message normally has.
fn defaults(dialog: &str, code: Option<&str>, method: &str) -> &'static [&'static str] {
    match (dialog, code, method) {
        (_, None, "SUBSCRIBE") => &["Event: conference", "Expires: 600", "Accept: application/conference-info+xml"],
        (_, Some("200"), "SUBSCRIBE") => &["Expires: 600"],
        ("D2", None, "NOTIFY") => &["Event: conference", "Subscription-State: active;expires=600"],
        (_, None, "NOTIFY") => &["Event: refer", "Subscription-State: active;expires=300"],
        (_, None, "INVITE") => &["Supported: 100rel, precondition", "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"],
        (_, Some("183"), "INVITE") => &["Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"],
        _ => &[],
    }
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{text}</{name}>")
}

/// `VERSION STATE name=status ...`: the root and `users` have STATE (`full`, `partial`; `partial-root` leaves the state
/// of `users` out); a status `gone` is a deleted user.
fn roster(text: &str) -> String {
    let mut words = text.split_whitespace();
    let (version, state) = (words.next().unwrap_or("0"), words.next().unwrap_or("full"));
    let users: String = words
        .map(|word| {
            let (name, status) = word.split_once('=').unwrap_or((word, "connected"));
            let (status, rest) = status.split_once('/').unwrap_or((status, ""));
            let entity = if name.contains(':') { name.to_owned() } else { format!("sip:{name}@home") };
            if status == "gone" {
                return format!("<user entity=\"{entity}\" state=\"deleted\"/>");
            }
            let method = if name == "alice" { "dialed-in" } else { "dialed-out" };
            let joined = match status {
                _ if rest.starts_with("dialed") => element("joining-method", rest),
                "dialing-in" | "dialing-out" | "alerting" => String::new(),
                _ => element("joining-method", method),
            };
            let left = if status == "disconnected" && !rest.is_empty() {
                element("disconnection-method", rest)
            } else {
                String::new()
            };
            let status = element("status", status);
            format!(
                "<user entity=\"{entity}\"><endpoint entity=\"sip:{name}@host\">{status}{joined}{left}\
                 </endpoint></user>"
            )
        })
        .collect();
    let (root, inner) = match state {
        "full" => ("full", ""),
        "partial" => ("partial", " state=\"partial\""),
        _ => ("partial", ""),
    };
    let description = if root == "full" { "<conference-description/>" } else { "" };
    format!(
        "<?xml version=\"1.0\"?><conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" \
         entity=\"sip:conf@focus\" state=\"{root}\" version=\"{version}\">{description}<users{inner}>{users}</users>\
         </conference-info>"
    )
}

/// `USER VERSION LOCAL REMOTE [conf]`: one audio stream whose current status is LOCAL and REMOTE; `USER VERSION` alone
/// is a description without preconditions. `USER VERSION two` has two streams.
fn sdp(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [user, version, rest @ ..] = words.as_slice() else { panic!("no session description: {text}") };
    let mut lines = vec![
        "v=0".to_owned(),
        format!("o={user} 1 {version} IN IP4 192.0.2.1"),
        "s=-".to_owned(),
        "c=IN IP4 192.0.2.1".to_owned(),
        "t=0 0".to_owned(),
        "m=audio 49152 RTP/AVP 0".to_owned(),
    ];
    match rest {
        [] => {}
        ["two"] => lines.push("m=video 49154 RTP/AVP 96".to_owned()),
        [direction] => lines.push(format!("a={direction}")),
        [local, remote, rest @ ..] => {
            lines.push(format!("a=curr:qos local {local}"));
            lines.push(format!("a=curr:qos remote {remote}"));
            lines.push("a=des:qos mandatory local sendrecv".to_owned());
            lines.push("a=des:qos mandatory remote sendrecv".to_owned());
            if rest.contains(&"conf") {
                lines.push("a=conf:qos remote sendrecv".to_owned());
            }
        }
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}
