//! Conversions to and from `rsip`: what it can carry comes back as it was, what it cannot is named.

use imsconf::wire::rsip::{RsipError, to_bytes};
use imsconf::wire::{Message, Method, Name, Start};

const BYE: &str = "BYE sip:bob@h.example;lr SIP/2.0\r\nv: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: \"Alice\" <sip:alice@h.example>;tag=1\r\nTo: <sip:bob@h.example>;tag=2\r\ni: c@[::1]\r\nCSeq: 2 BYE\r\n\
    Refer-To: <sip:c@[::1]?Replaces=a%3Bb>\r\nSubject: a\r\n b\r\nX-Other: x\r\nContent-Type: text/plain\r\n\
    Content-Length: 4\r\n\r\nbo\u{0}y";

fn converted(text: &str) -> Result<rsip::SipMessage, RsipError> {
    rsip::SipMessage::try_from(&Message::parse(text.as_bytes()).expect("a message"))
}

#[test]
fn a_request_comes_back_as_it_was() {
    let theirs = converted(BYE).expect("carried");
    let bytes = to_bytes(&theirs).expect("rendered");
    let (before, after) = (Message::parse(BYE.as_bytes()).unwrap(), Message::parse(&bytes).unwrap());
    assert_eq!(after.start(), before.start());
    assert_eq!(after.body(), before.body());
    let fields = |message: &Message<'_>| -> Vec<(String, Vec<u8>)> {
        message.fields().map(|field| (field.name.to_string(), field.unfolded().into_owned())).collect()
    };
    assert_eq!(fields(&after), fields(&before));
    assert!(after.refer_to().unwrap().uri.header("Replaces").is_some());
    assert_eq!(converted(std::str::from_utf8(&bytes).unwrap()), Ok(theirs));
}

#[test]
fn a_response_comes_back_with_its_code() {
    for (status, code, phrase) in [
        ("183 Session Progress", 183, "Session Progress"),
        ("486 ", 486, "Busy Here"),
        ("699 Mine own", 699, "Mine own"),
        ("200 OK", 200, "OK"),
    ] {
        let text = format!("SIP/2.0 {status}\r\nCSeq: 1 INVITE\r\n\r\n");
        let theirs = converted(&text).expect("carried");
        let bytes = to_bytes(&theirs).expect("rendered");
        let start = Message::parse(&bytes).unwrap().start();
        assert_eq!(start, Start::Response { code, phrase: phrase.as_bytes() });
        let rsip::SipMessage::Response(response) = theirs else { panic!("a response") };
        assert_eq!(response.status_code.code(), code);
    }
}

#[test]
fn every_known_method_is_carried() {
    for method in rsip::Method::all() {
        let text = BYE.replacen("BYE", &method.to_string(), 1);
        let rsip::SipMessage::Request(request) = converted(&text).expect("carried") else { panic!("a request") };
        assert_eq!(request.method, method);
        assert!(!matches!(Method::from_bytes(method.to_string().as_bytes()), Method::Other(_)), "{method}");
    }
}

#[test]
fn what_rsip_cannot_carry_is_named() {
    let uri = |uri: &str| RsipError::RequestUri { uri: uri.to_owned() };
    for (old, new, error) in [
        ("BYE sip", "NEW sip", RsipError::Method { method: "NEW".to_owned() }),
        ("SIP/2.0\r", "SIP/3.0\r", RsipError::Version { version: "SIP/3.0".to_owned() }),
        ("sip:bob@h.example;lr", "sip:bob@[::1]", uri("sip:bob@[::1]")),
        ("sip:bob@h.example;lr", "tel:+1", uri("tel:+1")),
        ("sip:bob@h.example;lr", "sip:bob@h.example?a=b", uri("sip:bob@h.example?a=b")),
    ] {
        let text = BYE.replacen(old, new, 1);
        assert_eq!(converted(&text).unwrap_err(), error, "{new}");
    }
    let octets = BYE.replacen("X-Other: x", "X-Other: ~", 1).into_bytes();
    let octets: Vec<u8> = octets.into_iter().map(|octet| if octet == b'~' { 0xff } else { octet }).collect();
    let error = rsip::SipMessage::try_from(&Message::parse(&octets).unwrap()).unwrap_err();
    assert_eq!(error, RsipError::NotUtf8 { name: "X-Other".to_owned() });
    let request = Message::parse(BYE.as_bytes()).unwrap();
    assert_eq!(rsip::Response::try_from(&request).unwrap_err(), RsipError::OtherKind);
    let nameless = BYE.replacen("X-Other: x", "no colon", 1);
    assert_eq!(converted(&nameless).unwrap_err(), RsipError::Field { name: "no colon".to_owned() });
}

#[test]
fn nothing_of_rsip_breaks_out_of_its_field() {
    let rsip::SipMessage::Request(mut request) = converted(BYE).expect("carried") else { panic!("a request") };
    request.headers.push(rsip::Header::Other("X-More".into(), "a\r\nTo: b".into()));
    let error = to_bytes(&request.clone().into()).unwrap_err();
    assert_eq!(error, RsipError::IllegalByte { place: "X-More".to_owned() });
    let mut two_names = request.clone();
    two_names.headers = vec![rsip::Header::Other("X: Y".into(), "a".into())].into();
    assert_eq!(to_bytes(&two_names.into()).unwrap_err(), RsipError::Field { name: "X: Y: a".to_owned() });
    request.uri.scheme = None;
    assert!(matches!(to_bytes(&request.into()).unwrap_err(), RsipError::RequestUri { .. }));
    let own = Message::parse(BYE.as_bytes()).unwrap();
    assert_eq!(own.field(Name::Other(b"X-Other")), Some(&b"x"[..]));
}
