//! Every rule is seen broken, and nothing else with it.

use super::*;

fn description(origin: &str, rest: &str) -> SessionDescription {
    let text = format!("v=0\r\no={origin} IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\n{rest}");
    SessionDescription::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

const AUDIO: &str = "t=0 0\r\nm=audio 9 RTP/AVP 0 8\r\n";

fn ids(violations: &[SdpViolation]) -> Vec<&'static str> {
    violations.iter().map(SdpViolation::id).collect()
}

#[test]
fn the_version_counts_the_changes_of_a_description() {
    let other = format!("{AUDIO}a=sendonly\r\n");
    let two = format!("{AUDIO}m=video 9 RTP/AVP 31\r\n");
    /// `o=` and the rest.
    type Said<'a> = (&'a str, &'a str);
    // Before, after, broken rules.
    let table: &[(Said<'_>, Said<'_>, &[&str])] = &[
        (("- 1 5", AUDIO), ("- 1 5", AUDIO), &[]),
        (("- 1 5", AUDIO), ("- 1 6", AUDIO), &[]),
        (("- 1 5", AUDIO), ("- 1 6", &other), &[]),
        (("- 1 5", AUDIO), ("- 1 5", &other), &["CR-33/version-same"]),
        (("- 1 5", AUDIO), ("- 1 7", &other), &["CR-33/version-jump"]),
        (("- 1 5", AUDIO), ("- 1 4", &other), &["CR-33/version-lower"]),
        (("- 1 5", AUDIO), ("- 2 6", AUDIO), &["CR-33/origin"]),
        (("- 1 5", AUDIO), ("me 1 6", AUDIO), &["CR-33/origin"]),
        (("- 1 0", AUDIO), ("- 1 18446744073709551615", AUDIO), &["CR-33/version-jump"]),
        (("- 1 5", AUDIO), ("- 1 6", &two), &[]),
        (("- 1 5", &two), ("- 1 6", AUDIO), &["CR-33/media"]),
    ];
    for ((before, first), (after, second), expected) in table {
        let violations = check_next(&description(before, first), &description(after, second));
        assert_eq!(ids(&violations), *expected, "{before} -> {after}: {second}");
    }
    let moved = SessionDescription::read(b"v=0\r\no=- 1 6 IN IP4 elsewhere\r\ns=-\r\n").unwrap();
    let violations = check_next(&description("- 1 5", ""), &moved);
    assert_eq!(violations, [SdpViolation::OriginChanged(OriginPart::Address)]);
}

#[test]
fn an_answer_goes_with_its_offer() {
    let audio = |rest: &str| format!("t=0 0\r\nm=audio 9 RTP/AVP 0 8\r\n{rest}");
    let des = |strength: &str, segment: &str, flow: &str| audio(&format!("a=des:qos {strength} {segment} {flow}\r\n"));
    let table: &[(String, String, &[&str])] = &[
        (audio(""), audio(""), &[]),
        (audio(""), "t=0 0\r\n".into(), &["CR-34/count"]),
        (audio(""), audio("m=audio 9 RTP/AVP 0\r\n"), &["CR-34/count"]),
        (audio(""), "t=0 0\r\nm=video 9 RTP/AVP 0\r\n".into(), &["CR-34/kind"]),
        (audio(""), "t=0 0\r\nm=audio 0 RTP/AVP 3\r\n".into(), &[]),
        ("t=0 0\r\nm=audio 0 RTP/AVP 0\r\n".into(), audio(""), &["CR-34/port"]),
        (audio(""), "t=0 1\r\nm=audio 9 RTP/AVP 0\r\n".into(), &["CR-34/time"]),
        (audio(""), "m=audio 9 RTP/AVP 0\r\n".into(), &["CR-34/time"]),
        (audio(""), "t=0 0\r\nm=audio 9 RTP/AVP 3\r\n".into(), &["CR-34/formats"]),
        (
            "t=0 0\r\nm=audio 9 RTP/AVP 97\r\na=rtpmap:97 EVS/16000\r\n".into(),
            "t=0 0\r\nm=audio 9 RTP/AVP 98\r\na=rtpmap:98 evs/16000\r\n".into(),
            &[],
        ),
        (des("mandatory", "local", "sendrecv"), audio(""), &[]),
        (des("mandatory", "local", "sendrecv"), des("mandatory", "remote", "sendrecv"), &[]),
        (des("optional", "local", "send"), des("mandatory", "remote", "recv"), &[]),
        (des("mandatory", "local", "send"), des("mandatory", "remote", "send"), &["CR-42/strength"]),
        (des("mandatory", "local", "sendrecv"), des("optional", "remote", "sendrecv"), &["CR-42/strength"]),
        (des("mandatory", "local", "sendrecv"), des("mandatory", "local", "sendrecv"), &["CR-42/strength"]),
        (des("none", "local", "sendrecv"), des("none", "local", "sendrecv"), &[]),
    ];
    for (offer, answer, expected) in table {
        let violations = check_answer(&description("- 1 1", offer), &description("- 2 1", answer));
        assert_eq!(ids(&violations), *expected, "{offer} answered by {answer}: {violations:?}");
    }
}

#[test]
fn directions_of_an_answer() {
    for offered in Flow::ALL {
        for answered in Flow::ALL {
            let media = |flow: Flow| description("- 1 1", &format!("{AUDIO}a={}\r\n", flow.media_token()));
            let legal = match offered {
                Flow::SENDRECV => true,
                Flow::SEND => matches!(answered, Flow::RECV | Flow::NONE),
                Flow::RECV => matches!(answered, Flow::SEND | Flow::NONE),
                _ => answered == Flow::NONE,
            };
            let violations = check_answer(&media(offered), &media(answered));
            let expected: &[_] = if legal { &[] } else { &[SdpViolation::AnswerFlow { index: 0, offered, answered }] };
            assert_eq!(violations, expected);
        }
    }
}

#[test]
fn a_media_line_needs_a_format() {
    let without = SessionDescription::read(b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP \r\n");
    assert_eq!(ids(&check_answer(&description("- 1 1", AUDIO), &without.unwrap())), ["CR-34/no-format"]);
}
