use super::*;

const INVITE: &str = "INVITE sip:f@h SIP/2.0\r\nVia: SIP/2.0/TCP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nContact: <sip:u@h>\r\n";
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
const DOCUMENT: &str = "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"sip:c@h\" \
    state=\"partial\" version=\"2\"/>";

fn with_body(media_type: &str, body: &str) -> String {
    format!("{INVITE}Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn linter() -> Linter {
    Linter::new(Profile::Ietf).expect("the requirements")
}

fn judged(text: &str, kind: Kind) -> Vec<(&'static str, Level, &str)> {
    let findings = linter().lint(text.as_bytes(), kind).expect("readable");
    findings.into_iter().map(|one| (one.rule, one.level, &text[one.at])).collect()
}

#[track_caller]
fn assert_judged(text: &str, kind: Kind, expected: &[(&str, Level, &str)]) {
    assert_eq!(judged(text, kind), expected, "{text}");
}

#[test]
fn each_kind_is_recognised_by_what_it_begins_with() {
    for (text, kind) in [
        (INVITE, Kind::Datagram),
        ("\r\n\r\nOPTIONS sip:a@h sip/7.0\n", Kind::Datagram),
        ("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h\r\n", Kind::Datagram),
        ("SIP/2.0 4294967301 no\r\nVia : SIP/2.0/UDP h\r\n", Kind::Datagram),
        ("SIP/2.0 200 OK\r\n", Kind::Sipfrag),
        ("SIP/2.0 200 OK\r\nTo: <sip:a@h>\r\n\r\nVia: in the body", Kind::Sipfrag),
        (SDP, Kind::Sdp),
        (DOCUMENT, Kind::ConferenceInfo),
        ("\u{feff}\n <?xml version=\"1.0\"?>", Kind::ConferenceInfo),
    ] {
        assert_eq!(recognise(text.as_bytes()).ok(), Some(kind), "{text}");
    }
    for text in ["", "\n", "hello", "To: <sip:a@h>\r\n", "GET / HTTP/1.1\r\n"] {
        assert!(recognise(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_message_is_judged_with_its_body() {
    use Level::{Fail, NonStrict, Note};
    assert_judged(&with_body("application/sdp", SDP), Kind::Datagram, &[]);
    assert_judged(&with_body("application/conference-info+xml", DOCUMENT), Kind::Datagram, &[]);
    let broken = with_body("application/sdp", SDP).replace("s=-\r", "s=-");
    let message = broken.replace("1 INVITE", "1 ACK");
    assert_judged(
        &message,
        Kind::Datagram,
        &[("cseq-method", Fail, "1 ACK"), ("body-length", Fail, "82"), ("sdp-line-end", NonStrict, "\n")],
    );
    let deleted = DOCUMENT.replace("partial", "gone");
    let [(rule, level, at)] = &judged(&with_body("application/conference-info+xml", &deleted), Kind::Datagram)[..]
        .iter()
        .map(|(rule, level, at)| (*rule, *level, (*at).to_owned()))
        .collect::<Vec<_>>()[..]
    else {
        panic!("one finding")
    };
    assert_eq!((*rule, *level), ("EV-31/state", Fail));
    assert!(at.starts_with("<conference-info") || at.starts_with("state"), "{at}");
    let more = format!("{}more", with_body("application/sdp", SDP));
    assert_judged(&more, Kind::Datagram, &[("trailing-bytes", Note, "more")]);
    let encoded = with_body("application/sdp", "\u{1f}").replace("Content-Type", "e: gzip\r\nContent-Type");
    assert_judged(&encoded, Kind::Datagram, &[]);
}

#[test]
fn parts_of_a_body_are_judged_too() {
    let part = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b--\r\n", SDP.replace("t=0 0", "t=0"));
    let nested = format!("--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n{part}\r\n--a--\r\n");
    let broken: &[(&str, Level, &str)] = &[("sdp-timing", Level::Fail, "t=0")];
    assert_judged(&with_body("multipart/mixed;boundary=b", &part), Kind::Datagram, broken);
    assert_judged(&with_body("multipart/mixed;boundary=a", &nested), Kind::Datagram, broken);
    let open = part.replace("--b--\r\n", "");
    let found = judged(&with_body("multipart/mixed;boundary=b", &open), Kind::Datagram).len();
    assert_eq!(found, 2 + 1, "not closed, the line, and the empty line that then belongs to the part");
    let without = with_body("multipart/mixed", &part);
    assert_judged(&without, Kind::Datagram, &[("multipart", Level::Fail, &part)]);
}

#[test]
fn a_stream_is_judged_message_by_message() {
    use Level::Fail;
    let ack = "ACK sip:f@h SIP/2.0\r\nVia: SIP/2.0/TCP u;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n\
               From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n";
    let invite = with_body("application/sdp", SDP);
    assert_judged(&format!("{invite}\r\n\r\n{ack}"), Kind::Stream, &[]);
    let wrong = ack.replace("1 ACK", "1 BYE");
    assert_judged(&format!("{invite}{wrong}{ack}"), Kind::Stream, &[("cseq-method", Fail, "1 BYE")]);
    let cut = &ack[..30];
    assert_judged(&format!("{ack}{cut}"), Kind::Stream, &[("stream-end", Fail, cut)]);
    let without = ack.replace("Content-Length: 0\r\n", "");
    let start_line = "ACK sip:f@h SIP/2.0";
    assert_judged(&format!("{ack}{without}"), Kind::Stream, &[("stream-length", Fail, start_line)]);
    let negative = ack.replace("Length: 0", "Length: -1");
    assert_judged(
        &format!("{ack}{negative}"),
        Kind::Stream,
        &[("malformed", Fail, "-1"), ("stream-length", Fail, "-1")],
    );
    assert_judged(&format!("{ack}GET / HTTP/1.1\r\n"), Kind::Stream, &[("no-start-line", Fail, "GET / HTTP/1.1")]);
}

#[test]
fn fragments_and_documents_by_themselves() {
    use Level::{Fail, NonStrict};
    assert_judged("SIP/2.0 200 OK\r\n", Kind::Sipfrag, &[]);
    assert_judged("SIP/2.0 200 OK\n", Kind::Sipfrag, &[("line-end", Fail, "\n")]);
    assert_judged(
        "SIP/2.0 200\r\n",
        Kind::Sipfrag,
        &[("sipfrag-status-line", NonStrict, "SIP/2.0 200"), ("start-line", Fail, "SIP/2.0 200")],
    );
    assert_judged("To: <sip:a@h>\r\n", Kind::Sipfrag, &[("sipfrag-status-line", NonStrict, "To: <sip:a@h>")]);
    let document =
        DOCUMENT.replace("/>", ">\n <users>\n  <us\u{e9}r entity='sip:a@h'></user></users></conference-info>");
    assert_judged(&document, Kind::ConferenceInfo, &[("EV-30/not-closed", Fail, "</user>")]);
    let large = format!("{DOCUMENT}{}", " ".repeat(imsconf::body::conference_info::MAX_BYTES));
    assert!(matches!(linter().lint(large.as_bytes(), Kind::ConferenceInfo), Err(Unreadable::Limit(_))));
    let long = format!("{INVITE}Subject: {}\r\n\r\n", "x".repeat(imsconf::wire::MAX_LINE));
    assert!(matches!(linter().lint(long.as_bytes(), Kind::Datagram), Err(Unreadable::Limit(_))));
}

/// What the tables of TS 34.229 leave out is no failure where they decide.
#[test]
fn the_profile_decides_where_documents_conflict() {
    let dialog = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\n";
    let notify = format!(
        "NOTIFY sip:b@h SIP/2.0\r\n{dialog}Max-Forwards: 70\r\nCSeq: 1 NOTIFY\r\nContact: <sip:a@h>\r\n\
         Event: conference\r\nSubscription-State: active\r\nContent-Length: 0\r\n\r\n"
    );
    let answer = |method: &str| format!("SIP/2.0 202 OK\r\n{dialog}CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n");
    let cases = [
        (notify, "subscription-expires", Level::NonStrict),
        (answer("REFER"), "contact-missing", Level::NonStrict),
        (answer("SUBSCRIBE"), "contact-missing", Level::Fail),
    ];
    for (text, rule, in_3gpp) in cases {
        for (profile, level) in [(Profile::ThreeGpp, in_3gpp), (Profile::Ietf, Level::Fail)] {
            let linter = Linter::new(profile).expect("the requirements");
            let findings = linter.lint(text.as_bytes(), Kind::Datagram).expect("readable");
            let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.level)).collect();
            assert!(found.contains(&(rule, level)), "{profile:?}: {found:?}\n{text}");
        }
    }
}
