//! What the builder writes: each message of the procedures, read back, equal and without a broken rule.

use imsconf::agent::Transport;
use imsconf::wire::{
    BuildError, Builder, Message, Method, Name, OwnedUri, Refresher, SubscriptionStatus, response_to, sipfrag, verdict,
};

fn uri(text: &str) -> OwnedUri {
    text.parse().unwrap()
}

/// A request of the dialog that the table below plays.
fn request(method: Method<'_>, cseq: u32) -> Builder {
    Builder::request(method, &uri("sip:final@[2001:db8::1]:5060"))
        .via(Transport::Udp, "[2001:db8::9]:5060", "z9hG4bK0123456789abcdef")
        .route([b"<sip:p.example;lr>", b"<sip:s.example;lr>"])
        .max_forwards(70)
        .from(&uri("sip:ue@example.org"), "ue-tag")
        .to(&uri("sip:mmtel@conf-factory.example.org"), Some(b"focus-tag"))
        .call_id("call@ue")
        .cseq(cseq, method)
}

#[test]
fn the_messages_of_the_procedures_break_no_rule() {
    let ue = uri("sip:ue@[2001:db8::9]:5060");
    let refer_to = uri("sip:bob@example.org;method=INVITE")
        .with_header("Replaces", b"12@h;to-tag=a+%;from-tag=b")
        .with_header("Require", b"replaces");
    let sdp = || b"v=0\r\n".to_vec();
    let messages = [
        request(Method::Invite, 1)
            .contact(&ue, "audio")
            .supported(&["100rel", "precondition"])
            .allow(&[Method::Invite, Method::Ack, Method::Prack, Method::Refer])
            .accept(&["application/sdp", "application/3gpp-ims+xml"])
            .body("application/sdp", sdp()),
        request(Method::Prack, 2).rack(9021, 1, Method::Invite),
        request(Method::Update, 3).contact(&ue, "").body("application/sdp", sdp()),
        request(Method::Ack, 1),
        request(Method::Subscribe, 4)
            .contact(&ue, "")
            .event("conference", None)
            .expires(3600)
            .accept(&["application/conference-info+xml"]),
        request(Method::Refer, 5).contact(&ue, "").refer_to(&refer_to).referred_by(&uri("sip:ue@example.org")),
        request(Method::Notify, 6)
            .contact(&uri("sip:final@h"), "isfocus")
            .event("refer", Some("5"))
            .subscription_state(SubscriptionStatus::Terminated, None, Some("noresource"))
            .allow_events(&["conference", "refer"])
            .body("message/sipfrag;version=2.0", sipfrag::render(200, "OK")),
        request(Method::Invite, 7).contact(&ue, "").require(&["replaces"]).replaces("12@h", "a+%", "b"),
        request(Method::Cancel, 1),
        request(Method::Bye, 8),
        request(Method::Update, 9)
            .contact(&ue, "")
            .supported(&["timer"])
            .session_expires(1800, Some(Refresher::Uac))
            .min_se(90),
    ];
    for message in messages {
        let bytes = message.render().unwrap();
        assert_eq!(verdict(&Message::parse(&bytes).unwrap()), [], "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_message_is_written_as_it_will_be_read() {
    let bytes = request(Method::Refer, 5).contact(&uri("sip:ue@h"), "isfocus").render().unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "REFER sip:final@[2001:db8::1]:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK0123456789abcdef;rport\r\n\
         Route: <sip:p.example;lr>\r\n\
         Route: <sip:s.example;lr>\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:ue@example.org>;tag=ue-tag\r\n\
         To: <sip:mmtel@conf-factory.example.org>;tag=focus-tag\r\n\
         Call-ID: call@ue\r\n\
         CSeq: 5 REFER\r\n\
         Contact: <sip:ue@h>;isfocus\r\n\
         Content-Length: 0\r\n\r\n"
    );
}

#[test]
fn the_content_type_stands_behind_all_that_is_appended_later() {
    let builder = Builder::request(Method::Options, &uri("sip:a@h"))
        .body("text/plain;charset=utf-8", b"first".to_vec())
        .via(Transport::Udp, "h", "z9hG4bK1")
        .body("text/html", b"second".to_vec())
        .stamp_via("10.0.0.1:9".parse().unwrap())
        .call_id("c")
        .stamp_via("10.0.0.2:99".parse().unwrap());
    assert_eq!(
        String::from_utf8(builder.render().unwrap()).unwrap(),
        "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport=99;received=10.0.0.2\r\nCall-ID: c\r\n\
         Content-Type: text/html\r\nContent-Length: 6\r\n\r\nsecond"
    );
}

#[test]
fn nothing_breaks_out_of_its_field() {
    let illegal = |header: &str| Err(BuildError::IllegalByte { header: header.to_owned() });
    let no_token =
        |header: &str, value: &str| Err(BuildError::NotAToken { header: header.to_owned(), value: value.to_owned() });
    let a = uri("sip:a@h");
    let start = || Builder::request(Method::Options, &a);
    for (builder, fault) in [
        (start().call_id("c\r\nTo: x"), illegal("Call-ID")),
        (start().field(Name::Subject, "a\nb"), illegal("Subject")),
        (start().field(Name::Subject, b"a\0b"), illegal("Subject")),
        (start().contact(&a, "x\r\n"), illegal("Contact")),
        (start().body("a/b\r\nc", Vec::new()), illegal("Content-Type")),
        (start().route(["<sip:a>\r\n"]), illegal("Route")),
        (Builder::response(200, "OK\r\nTo: x"), illegal("Status-Line")),
        (start().field(Name::Other(b"X: y"), "z"), no_token("header name", "X: y")),
        (start().from(&a, "1;x=2"), no_token("From", "1;x=2")),
        (start().to(&a, Some(b"")), no_token("To", "")),
        (start().require(&["a b"]), no_token("Require", "a b")),
        (start().event("a;b", None), no_token("Event", "a;b")),
        (start().event("refer", Some("1 2")), no_token("Event", "1 2")),
        (start().replaces("c", "t;u", "f"), no_token("Replaces", "t;u")),
        (Builder::request(Method::Other(b"A B"), &a), no_token("Request-Line", "A B")),
        (Builder::response(99, ""), Err(BuildError::StatusCode { code: 99 })),
        (Builder::response(700, ""), Err(BuildError::StatusCode { code: 700 })),
        // The first fault is the one that is told.
        (start().call_id("\r").from(&a, ";"), illegal("Call-ID")),
    ] {
        assert_eq!(builder.render(), fault);
    }
}

#[test]
fn a_request_with_faults_still_gets_its_answer() {
    let request = "BYE sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=1,\r\n SIP/2.0/UDP \0i\r\nFrom: \"open\r\nt: sip:b@h\r\n\
                   i: c\r\nCSeq: 1\r\n BYE\r\nTimestamp: 54\r\n\r\n";
    let message = Message::parse(request.as_bytes()).unwrap();
    let answer = response_to(&message, 400, "Bad Request", Some("t")).render().unwrap();
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;branch=1, SIP/2.0/UDP \0i\r\nFrom: \"open\r\n\
         To: sip:b@h;tag=t\r\nCall-ID: c\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    let trying = response_to(&message, 100, "Trying", None)
        .stamp_via("10.0.0.1:9".parse().unwrap())
        .field(Name::ContentLength, "77")
        .render()
        .unwrap();
    let trying = String::from_utf8(trying).unwrap();
    assert!(trying.contains("Via: SIP/2.0/UDP h;branch=1;received=10.0.0.1, SIP/2.0/UDP \0i\r\n"), "{trying}");
    assert!(trying.contains("To: sip:b@h\r\n") && trying.contains("Timestamp: 54\r\n"), "{trying}");
    assert!(trying.ends_with("Content-Length: 0\r\n\r\n"), "{trying}");
}

#[test]
fn a_response_copies_the_route_that_the_dialog_is_recorded_on() {
    let request =
        "INVITE sip:a@h SIP/2.0\r\nRecord-Route: <sip:p;lr>,\r\n <sip:q;lr>\r\nRecord-Route: <sip:r;lr>\r\n\r\n";
    let message = Message::parse(request.as_bytes()).unwrap();
    let answer = response_to(&message, 200, "OK", None).copy_record_route(&message).render().unwrap();
    let answer = Message::parse(&answer).unwrap();
    let hosts: Vec<_> = answer.record_route().unwrap().iter().map(|entry| entry.uri.body().to_owned()).collect();
    assert_eq!(hosts, ["p", "q", "r"]);
}
