//! RFC 3261 section 25 as the typed views read it: what may stand where, in every spelling that the grammar allows.

use imsconf::wire::{CSeq, HeaderError, Message, Method, Name, NameAddr, Params, Scheme, Uri, Via, sipfrag};

fn parsed(text: &[u8]) -> Message<'_> {
    Message::parse(text).unwrap()
}

/// One message in many spellings: all say the same.
#[test]
fn spellings_of_one_message() {
    let plain = "BYE sip:a@h SIP/2.0\r\n\
        Via: SIP/2.0/UDP h:5060;branch=z9hG4bK1;rport\r\n\
        Via: SIP/2.0/TCP i;branch=z9hG4bK2\r\n\
        From: \"A B\" <sip:b@h>;tag=f\r\n\
        To: <sip:a@h>;tag=t\r\n\
        Call-ID: c@h\r\n\
        CSeq: 7 BYE\r\n\
        Supported: 100rel, timer\r\n\
        Content-Type: text/plain\r\n\
        Content-Length: 4\r\n\r\nbody";
    for (what, text) in [
        ("as is", plain.to_owned()),
        ("line ends before it", format!("\r\n\r\n{plain}")),
        ("LF alone", plain.replace("\r\n", "\n")),
        ("white space before the colon", plain.replace(": ", " \t: ")),
        ("no white space behind the colon", plain.replace(": ", ":")),
        ("folds", plain.replace(": ", ":\r\n ").replace(";", "\r\n\t; ").replace("\" <", "\"\r\n  <")),
        ("upper case", plain.replace("Via", "VIA").replace("Call-ID", "CALL-ID").replace("branch", "BRANCH")),
        ("lower case", plain.replace("From", "from").replace("CSeq", "cseq").replace("tag", "Tag")),
        (
            "compact",
            [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Supported", "k"), ("Content-Length", "l")]
                .iter()
                .fold(plain.to_owned(), |text, (long, short)| text.replace(&format!("{long}:"), &format!("{short}:"))),
        ),
        ("a list in one line", plain.replace("rport\r\nVia:", "rport,")),
        ("a list in many lines", plain.replace("100rel, ", "100rel\r\nk: ")),
        ("white space in values", plain.replace("SIP/2.0/", "SIP / 2.0 / ").replace("7 BYE", "7 \t BYE")),
        ("leading zeros", plain.replace("7 BYE", "0000000000007 BYE").replace("Length: 4", "Length: 00000000004")),
        ("more than the body", format!("{plain}and more")),
    ] {
        let message = parsed(text.as_bytes());
        let vias = message.vias().unwrap();
        let branches: Vec<_> = vias.iter().map(|via| via.branch()).collect();
        assert_eq!(branches, [Some(&b"z9hG4bK1"[..]), Some(b"z9hG4bK2")], "{what}");
        assert_eq!(message.branch(), Ok(Some(&b"z9hG4bK1"[..])), "{what}");
        assert_eq!((vias[0].port, vias[0].rport(), vias[1].transport), (Some(5060), Some(None), &b"TCP"[..]), "{what}");
        assert_eq!(message.from().unwrap().display_name(), &b"A B"[..], "{what}");
        assert_eq!((message.from_tag(), message.to_tag()), (Ok(Some(&b"f"[..])), Ok(Some(&b"t"[..]))), "{what}");
        assert_eq!(message.call_id(), Ok(&b"c@h"[..]), "{what}");
        assert_eq!(message.cseq(), Ok(CSeq { number: 7, method: Method::Bye }), "{what}");
        assert_eq!(message.supported().collect::<Vec<_>>(), [&b"100rel"[..], b"timer"], "{what}");
        assert!(message.content_type().unwrap().is("text/plain"), "{what}");
        assert_eq!(message.body(), b"body", "{what}");
        assert_eq!(message.as_bytes(), text.as_bytes(), "{what}");
    }
}

#[test]
fn octets_outside_ascii_stand_where_text_stands() {
    let message = parsed(
        b"SIP/2.0 200 \xc3\xa4 \xff\r\nFrom: \"\xe4\\\xe4\" <sip:a@h>;tag=1\r\nSubject: \xff\xfe\r\nX-\xff: 1\r\n\r\n\0\xff",
    );
    assert!(matches!(message.start(), imsconf::wire::Start::Response { phrase: b"\xc3\xa4 \xff", .. }));
    assert_eq!(message.from().unwrap().display_name(), &b"\xe4\xe4"[..]);
    assert_eq!(message.field(Name::Subject), Some(&b"\xff\xfe"[..]));
    assert_eq!(message.field(Name::Other(b"x-\xff")), Some(&b"1"[..]));
    assert_eq!(message.body(), b"\0\xff");
}

#[test]
fn extension_methods_and_headers_are_kept() {
    let message = parsed(b"!-x SIP:h SIP/2.0\r\nX.y`z: 1\r\nx.Y`Z: 2\r\n: no name\r\nno colon\r\nbad name: 3\r\n\r\n");
    assert_eq!(message.method(), Some(Method::Other(b"!-x")));
    assert_eq!(message.values(Name::Other(b"X.Y`Z")).collect::<Vec<_>>(), [b"1", b"2"]);
    let fields: Vec<_> = message.fields().map(|field| (field.raw_name, field.value)).collect();
    assert_eq!(fields[2..], [(&b""[..], &b"no name"[..]), (b"no colon", b""), (b"bad name", b"3")]);
}

#[test]
fn a_contact_may_be_a_star() {
    let message = parsed(b"REGISTER sip:h SIP/2.0\r\nContact: *\r\nExpires: 0\r\n\r\n");
    assert_eq!(message.values(Name::Contact).collect::<Vec<_>>(), [b"*"]);
    assert!(matches!(message.contact(), Err(HeaderError::Malformed { header: "Contact", .. })));
}

#[test]
fn parameters_with_and_without_values() {
    let params = Params::new(br#";lr;x=;y="";z="a;b\"c",q = 1 ; EMPTY"#);
    let all: Vec<_> = params.iter().map(|param| (param.name, param.value)).collect();
    assert_eq!(all[..3], [(&b"lr"[..], None), (b"x", Some(&b""[..])), (b"y", Some(b"\"\""))]);
    assert_eq!((params.get("lr"), params.get("empty"), params.get("none")), (Some(&b""[..]), Some(&b""[..]), None));
    assert_eq!(params.get("z"), Some(&br#"a;b\"c"#[..]), "what follows a quoted value is no part of it");
}

#[test]
fn tags_are_found_without_reading_the_uri() {
    for (value, tag) in [
        ("<sip:a@h>;tag=1", Some("1")),
        ("sip:a@h;tag=1", Some("1")),
        ("<sip:a@h;tag=2>", None),
        ("<sip:a@h;tag=2>;tag=1", Some("1")),
        (r#""x>;tag=3" <sip:a@h>;y="<";TAG = 1"#, Some("1")),
        ("<sip:a b>;tag=1", Some("1")),
        ("<sip:a@h>;tag=", None),
        ("<sip:a@h>;tag", None),
        ("<sip:a@h>;tagged=1", None),
    ] {
        let text = format!("BYE sip:h SIP/2.0\r\nFrom: {value}\r\nt: {value}\r\n\r\n");
        let message = parsed(text.as_bytes());
        assert_eq!(message.from_tag(), Ok(tag.map(str::as_bytes)), "{value}");
        assert_eq!(message.to_tag(), Ok(tag.map(str::as_bytes)), "{value}");
    }
    let message = parsed(b"BYE sip:h SIP/2.0\r\nTo: <sip:a@h;tag=1\r\n\r\n");
    assert_eq!(message.from_tag(), Err(HeaderError::Missing { header: "From" }));
    assert!(matches!(message.to_tag(), Err(HeaderError::Malformed { header: "To", at: 23, .. })));
    assert_eq!(message.branch(), Err(HeaderError::Missing { header: "Via" }));
}

#[test]
fn hosts_and_ports() {
    for (hostport, port) in [
        ("h", None),
        ("h:0", Some(0)),
        ("h:65535", Some(65535)),
        ("h:000005060", Some(5060)),
        ("10.0.0.1:5060", Some(5060)),
        ("[2001:db8::1]", None),
        ("[2001:db8::1]:5060", Some(5060)),
        ("[::ffff:10.0.0.1]:1", Some(1)),
        ("under_score.example.", None),
    ] {
        let uri = format!("sip:a;b?c&d=e:pw@{hostport};transport=udp?x=y");
        let uri = Uri::parse(uri.as_bytes()).unwrap();
        assert_eq!((uri.user(), uri.password()), (Some("a;b?c&d=e"), Some("pw")), "{hostport}");
        assert_eq!((uri.body(), uri.port(), uri.headers_part()), (hostport, port, Some("x=y")), "{hostport}");
        let via = format!("SIP/2.0/UDP {hostport};branch=1");
        assert_eq!(Via::parse(via.as_bytes()).map(|via| (via.host, via.port)), Ok((uri.host().unwrap(), port)));
    }
    for hostport in ["", "h:", "h:65536", "h:-1", "[fe80::1%25eth0]", "[fe80::1", "::1", "h:1:2", "a b"] {
        assert!(Uri::parse(format!("sip:a@{hostport}").as_bytes()).is_err(), "{hostport}");
    }
}

#[test]
fn schemes_in_any_case_and_unknown_ones() {
    for (uri, scheme) in [
        ("SIP:a@h", Scheme::Sip),
        ("sipS:a@h", Scheme::Sips),
        ("Tel:+1;ext=2", Scheme::Tel),
        ("URN:service:sos", Scheme::Urn),
        ("cid:a@b", Scheme::Other("cid")),
        ("h323+x.y-z:a@h;b?c", Scheme::Other("h323+x.y-z")),
    ] {
        let value = format!("\"x\" <{uri}>;tag=1");
        let address = NameAddr::parse(value.as_bytes()).unwrap();
        assert_eq!((address.uri.scheme(), address.uri.as_str(), address.tag()), (scheme, uri, Some(&b"1"[..])));
    }
}

#[test]
fn long_numbers_are_no_numbers() {
    let long = "9".repeat(40);
    let text = format!(
        "BYE sip:h SIP/2.0\r\nCSeq: {long} BYE\r\nMax-Forwards: {long}\r\nExpires: 4294967296\r\nRAck: 1 {long} INVITE\r\n\
         Retry-After: {long}\r\nContent-Length: {long}\r\n\r\nbody"
    );
    let message = parsed(text.as_bytes());
    for fault in [
        message.cseq().map(|_| ()),
        message.max_forwards().map(|_| ()),
        message.expires().map(|_| ()),
        message.rack().map(|_| ()),
        message.retry_after().map(|_| ()),
        message.content_length().map(|_| ()),
    ] {
        assert!(matches!(fault, Err(HeaderError::Malformed { .. })), "{fault:?}");
    }
    assert_eq!((message.body(), message.missing_body()), (&b"body"[..], 0));
}

#[test]
fn fragments_in_every_spelling() {
    for (fragment, code, phrase, fields) in [
        ("SIP/2.0 200 OK\r\n", 200, "OK", ""),
        ("SIP/2.0 200 OK", 200, "OK", ""),
        ("SIP/2.0 180 Ringing\n", 180, "Ringing", ""),
        ("SIP/2.0 603 \r\n", 603, "", ""),
        ("SIP/2.0 486 Busy Here\r\nTo: <sip:b@h>;tag=1\r\n\r\n", 486, "Busy Here", "To: <sip:b@h>;tag=1\r\n"),
        ("SIP/2.0 486 Busy Here\nTo: <sip:b@h>;tag=1\n", 486, "Busy Here", "To: <sip:b@h>;tag=1\n"),
    ] {
        let read = sipfrag::parse(fragment.as_bytes()).unwrap();
        assert_eq!((read.code, read.phrase, read.fields), (code, phrase.as_bytes(), fields.as_bytes()), "{fragment:?}");
    }
}
