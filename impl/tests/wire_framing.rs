//! What framing takes and what it refuses: lenient with what can be understood, bounded in everything.

use imsconf::wire::{
    FramingError, FramingFault, HeaderError, MAX_FIELDS, MAX_LINE, MAX_MESSAGE, Message, Method, Name, Start, Uri,
};

fn parsed(text: &str) -> Message<'_> {
    Message::parse(text.as_bytes()).unwrap()
}

#[test]
fn start_lines() {
    let request = |method, uri: &'static str| Start::Request { method, uri: uri.as_bytes() };
    let response = |code, phrase: &'static str| Start::Response { code, phrase: phrase.as_bytes() };
    for (line, start) in [
        ("INVITE sip:a@h SIP/2.0", request(Method::Invite, "sip:a@h")),
        ("\r\n\r\nBYE sip:a@h SIP/2.0", request(Method::Bye, "sip:a@h")),
        ("NEW! tel:+1 sip/2.0 ", request(Method::Other(b"NEW!"), "tel:+1")),
        ("invite  sip:a b@h  SIP/7.0", request(Method::Other(b"invite"), "sip:a b@h")),
        ("SIP/2.0 183 Session Progress", response(183, "Session Progress")),
        ("SIP/2.0 200 ", response(200, "")),
        ("SIP/2.0 200", response(200, "")),
        ("SIP/2.0 999 \u{e9}", response(999, "\u{e9}")),
    ] {
        for end in ["\r\n\r\n", "\n\n", "\r\n", ""] {
            assert_eq!(parsed(&format!("{line}{end}")).start(), start, "{line}");
        }
    }
}

#[test]
fn what_is_not_sip() {
    let start_line = |at| FramingError { fault: FramingFault::StartLine, at };
    for (bytes, error) in [
        (&b""[..], FramingError { fault: FramingFault::Empty, at: 0 }),
        (b"\r\n\r\n", FramingError { fault: FramingFault::Empty, at: 0 }),
        (b"\0\0\0\0", start_line(0)),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", start_line(2)),
        (b"INVITE sip:a@h\r\n\r\n", start_line(0)),
        (b"INVITE  SIP/2.0\r\n\r\n", start_line(0)),
        (b"IN:VITE sip:a@h SIP/2.0\r\n\r\n", start_line(0)),
        (b"SIP/2.0 20 OK\r\n\r\n", start_line(0)),
        (b"SIP/2.0 2000 OK\r\n\r\n", start_line(0)),
        (b"SIP/2.0 099 Low\r\n\r\n", start_line(0)),
        (b"SIP/x 200 OK\r\n\r\n", start_line(0)),
    ] {
        assert_eq!(Message::parse(bytes).unwrap_err(), error, "{bytes:?}");
    }
}

#[test]
fn the_limits_hold() {
    let with = |fields: String| format!("OPTIONS sip:a@h SIP/2.0\r\n{fields}\r\n");
    let fault = |text: &str| Message::parse(text.as_bytes()).map(|_| ()).map_err(|error| error.fault);
    assert_eq!(fault(&with("A: b\r\n".repeat(MAX_FIELDS))), Ok(()));
    assert_eq!(fault(&with("A: b\r\n".repeat(MAX_FIELDS + 1))), Err(FramingFault::TooManyFields));
    let line = |length: usize| with(format!("{}\r\n", "A: ".to_owned() + &"b".repeat(length - 5)));
    assert_eq!(fault(&line(MAX_LINE)), Ok(()));
    assert_eq!(fault(&line(MAX_LINE + 1)), Err(FramingFault::LineTooLong));
    assert_eq!(fault(&with(format!("A: b\r\n{}", " c\r\n".repeat(MAX_LINE / 4 + 1)))), Err(FramingFault::LineTooLong));
    let head = with(String::new());
    assert_eq!(fault(&format!("{head}{}", "x".repeat(MAX_MESSAGE - head.len()))), Ok(()));
    assert_eq!(fault(&format!("{head}{}", "x".repeat(MAX_MESSAGE - head.len() + 1))), Err(FramingFault::TooLong));
}

#[test]
fn names_folds_and_lists() {
    let message = parsed(
        "OPTIONS sip:a@h SIP/2.0\r\nv :SIP/2.0/UDP\r\n\th;branch=1,\r\n SIP/2.0/TCP i\r\nVIA: SIP/2.0/UDP j\r\n\
         i:c@h\r\nx-other:  one \r\nSUPPORTED: a, b ,\r\n c\r\nk:\r\nk: d\r\n\
         Contact: \"Bob, \\\"B\\\"\" <sip:b,c@h>;x=\"1,2\", <sip:d@h>\r\n\r\n",
    );
    let transports: Vec<_> = message.vias().unwrap().iter().map(|via| (via.transport, via.sent_by)).collect();
    assert_eq!(transports, [(&b"UDP"[..], &b"h"[..]), (b"TCP", b"i"), (b"UDP", b"j")]);
    assert_eq!(message.call_id(), Ok(&b"c@h"[..]));
    assert_eq!(message.field(Name::Other(b"X-OTHER")), Some(&b"one"[..]));
    assert_eq!(message.supported().collect::<Vec<_>>(), [b"a", b"b", b"c", b"d"]);
    let contacts = message.name_addrs(Name::Contact).unwrap();
    assert_eq!(contacts[0].display_name(), &b"Bob, \"B\""[..]);
    assert_eq!(contacts[0].param("x"), Some(&b"1,2"[..]));
    assert_eq!(contacts[1].uri.as_str(), "sip:d@h");
    let folded = message.fields().next().unwrap();
    assert_eq!(folded.unfolded(), &b"SIP/2.0/UDP h;branch=1, SIP/2.0/TCP i"[..]);
    assert_eq!(folded.raw_name, b"v");
}

#[test]
fn a_line_that_is_no_field_is_kept_in_order() {
    let message = parsed("OPTIONS sip:a@h SIP/2.0\r\n Via: x\r\nno colon\r\nTo: <sip:a@h>\r\n\r\n");
    let names: Vec<_> = message.fields().map(|field| field.raw_name).collect();
    assert_eq!(names, [&b" Via"[..], b"no colon", b"To"]);
    assert_eq!(message.via().unwrap_err(), HeaderError::Missing { header: "Via" });
}

#[test]
fn the_body_ends_where_content_length_says() {
    for (length, body, missing) in
        [("4", "body", 0), ("2", "bo", 0), ("0", "", 0), ("6", "body", 2), ("x", "body", 0), ("99999999999", "body", 0)]
    {
        let text = format!("OPTIONS sip:a@h SIP/2.0\r\nl: {length}\r\n\r\nbody");
        let message = parsed(&text);
        assert_eq!((message.body(), message.missing_body()), (body.as_bytes(), missing), "{length}");
    }
    assert_eq!(parsed("OPTIONS sip:a@h SIP/2.0\r\n\r\nbody").body(), b"body");
}

#[test]
fn an_error_names_the_header_and_the_byte() {
    let message = parsed("OPTIONS sip:a b@h SIP/2.0\r\nTo: Alice <sip:a b@h>\r\nCSeq: 1 OPTIONS x\r\n\r\n");
    let at = |text: &str| message.as_bytes().windows(text.len()).rposition(|part| part == text.as_bytes()).unwrap();
    let fault = |error| match error {
        HeaderError::Malformed { header, at, .. } => (header, at),
        HeaderError::Missing { header } => (header, usize::MAX),
    };
    assert_eq!(message.to().map_err(fault).unwrap_err(), ("To", at(" b@h>")));
    assert_eq!(message.cseq().map_err(fault).unwrap_err(), ("CSeq", at("OPTIONS x")));
    assert_eq!(message.request_uri().map_err(fault).unwrap_err(), ("Request-URI", 13));
    assert_eq!(message.call_id().map_err(fault).unwrap_err(), ("Call-ID", usize::MAX));
    assert!(Uri::parse(b"sip:a b@h").is_err());
}
