//! Seven messages of an IMS network: every byte is kept, and everything that the procedures need can be read.

use imsconf::wire::edit::Edit;
use imsconf::wire::{
    Event, Message, Method, Name, Refresher, Scheme, Start, SubscriptionStatus, response_to, sipfrag, verdict,
};

const INVITE: &[u8] = include_bytes!("messages/1_invite.sip");
const PROGRESS: &[u8] = include_bytes!("messages/2_183.sip");
const REFER: &[u8] = include_bytes!("messages/3_refer.sip");
const ACCEPTED: &[u8] = include_bytes!("messages/4_202.sip");
const NOTIFY_REFER: &[u8] = include_bytes!("messages/5_notify_refer.sip");
const NOTIFY_CONFERENCE: &[u8] = include_bytes!("messages/6_notify_conf.sip");
const OK: &[u8] = include_bytes!("messages/7_200ok.sip");
const ALL: [&[u8]; 7] = [INVITE, PROGRESS, REFER, ACCEPTED, NOTIFY_REFER, NOTIFY_CONFERENCE, OK];

const CALL_ID: &[u8] = b"5f1b7f0e-3a2c-4a2d-9d4b-7e3c21a0f9d1@2001:db8:abcd:15:7d::9";
const FACTORY: &str = "sip:mmtel@conf-factory.ims.mnc001.mcc001.3gppnetwork.org";
const CONFERENCE: &str = "sip:conf8123@mrfc.ims.mnc001.mcc001.3gppnetwork.org:5070";

fn parsed(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes).unwrap()
}

fn texts<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<&'a str> {
    values.map(|value| std::str::from_utf8(value).unwrap()).collect()
}

#[test]
fn an_untouched_message_is_the_same_bytes() {
    for bytes in ALL {
        let message = parsed(bytes);
        assert_eq!(message.as_bytes(), bytes);
        assert_eq!(Edit::new(&message).render(), bytes);
    }
}

#[test]
fn the_fields_and_the_body_are_the_whole_message() {
    for bytes in ALL {
        let message = parsed(bytes);
        let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let (first_line, _) = bytes.split_at(bytes.windows(2).position(|window| window == b"\r\n").unwrap());
        let mut rebuilt = [first_line, b"\r\n"].concat();
        for field in message.fields() {
            rebuilt.extend_from_slice(&[field.raw_name, b": ", field.value, b"\r\n"].concat());
        }
        rebuilt.extend_from_slice(b"\r\n");
        assert_eq!(rebuilt.len(), head_end + 4);
        rebuilt.extend_from_slice(message.body());
        assert_eq!(rebuilt, bytes);
    }
}

#[test]
fn every_header_has_a_name_of_its_own() {
    for bytes in ALL {
        for field in parsed(bytes).fields() {
            assert!(!matches!(field.name, Name::Other(_)), "{}", field.name);
        }
    }
}

#[test]
fn the_messages_break_no_rule() {
    for bytes in ALL {
        assert_eq!(verdict(&parsed(bytes)), []);
    }
}

#[test]
fn the_headers_that_every_message_has() {
    // message, CSeq, From tag, To tag, top branch
    for (bytes, cseq, method, from_tag, to_tag, branch) in [
        (INVITE, 101, Method::Invite, "a73kszlfl1741190237", None, "z9hG4bK-524287-1---7a4f3c2d1e0b9a88"),
        (
            PROGRESS,
            101,
            Method::Invite,
            "a73kszlfl1741190237",
            Some("mrfc-8f2c1b7e"),
            "z9hG4bK-524287-1---7a4f3c2d1e0b9a88",
        ),
        (
            REFER,
            104,
            Method::Refer,
            "a73kszlfl1741190237",
            Some("mrfc-8f2c1b7e"),
            "z9hG4bK-524287-7---11a4f3c2d1e0b9a9",
        ),
        (
            ACCEPTED,
            104,
            Method::Refer,
            "a73kszlfl1741190237",
            Some("mrfc-8f2c1b7e"),
            "z9hG4bK-524287-7---11a4f3c2d1e0b9a9",
        ),
        (
            NOTIFY_REFER,
            2,
            Method::Notify,
            "mrfc-8f2c1b7e",
            Some("a73kszlfl1741190237"),
            "z9hG4bKf1a3.9d4b7e3c21a0f9d1.0",
        ),
        (NOTIFY_CONFERENCE, 5, Method::Notify, "mrfc-77120", Some("sub-1741190299"), "z9hG4bKf1a3.9d4b7e3c21a0f9d2.0"),
        (OK, 101, Method::Invite, "a73kszlfl1741190237", Some("mrfc-8f2c1b7e"), "z9hG4bK-524287-1---7a4f3c2d1e0b9a88"),
    ] {
        let message = parsed(bytes);
        assert_eq!(message.cseq().map(|cseq| (cseq.number, cseq.method)), Ok((cseq, method)));
        assert_eq!(message.from().unwrap().tag(), Some(from_tag.as_bytes()));
        assert_eq!(message.to().unwrap().tag(), to_tag.map(str::as_bytes));
        let via = message.via().unwrap();
        assert_eq!(via.branch(), Some(branch.as_bytes()));
        assert!(via.has_magic_cookie());
        assert_eq!(via.transport, b"UDP");
        if bytes != NOTIFY_CONFERENCE {
            assert_eq!(message.call_id(), Ok(CALL_ID));
        }
    }
}

#[test]
fn the_factory_invite() {
    let invite = parsed(INVITE);
    assert!(matches!(invite.start(), Start::Request { method: Method::Invite, uri } if uri == FACTORY.as_bytes()));
    assert_eq!(invite.request_uri().unwrap().to_string(), FACTORY);
    assert_eq!(invite.max_forwards(), Ok(70));
    let route = invite.route().unwrap();
    assert_eq!(route.iter().map(|entry| entry.uri.is_loose_router()).collect::<Vec<_>>(), [true, true]);
    assert_eq!(route[0].uri.host().unwrap().to_string(), "[2001:db8:0:1::5]");
    assert_eq!(route[1].uri.user(), Some("orig"));
    assert_eq!(invite.from().unwrap().display_name(), &b"Alice"[..]);
    let contact = invite.contact().unwrap();
    assert_eq!(contact.param("+sip.instance"), Some(&b"<urn:gsma:imei:35824005-944763-1>"[..]));
    assert_eq!(contact.param("audio"), Some(&b""[..]));
    assert!(!contact.is_focus());
    assert_eq!(contact.uri.port(), Some(5060));
    assert_eq!(texts(invite.supported()), ["100rel", "precondition", "replaces", "timer", "norefersub", "gruu"]);
    assert!(invite.supports("100REL") && invite.requires("sec-agree") && !invite.requires("100rel"));
    assert_eq!(texts(invite.proxy_require()), ["sec-agree"]);
    assert_eq!(invite.allow().count(), 12);
    assert!(invite.allow().all(|method| !matches!(method, Method::Other(_))));
    let expires = invite.session_expires().unwrap();
    assert_eq!((expires.seconds, expires.refresher(), invite.min_se()), (1800, Some(Refresher::Uac), Ok(90)));
    let access = invite.access_network_info().unwrap();
    assert_eq!(access.access, b"3GPP-E-UTRAN-FDD");
    assert_eq!(access.params.get("utran-cell-id-3gpp"), Some(&b"0010100010000101"[..]));
    let identity = invite.name_addrs(Name::PPreferredIdentity).unwrap();
    assert_eq!(identity[0].uri.user(), Some("001011234567895"));
    assert_eq!(invite.field(Name::PPreferredService), Some(&b"urn:urn-7:3gpp-service.ims.icsi.mmtel"[..]));
    assert!(invite.accept().any(|range| range.covers("application/conference-info+xml")));
    assert!(invite.content_type().unwrap().is("application/sdp"));
    assert_eq!(invite.body().len(), 777);
    assert!(invite.body().starts_with(b"v=0\r\n"));
}

#[test]
fn the_reliable_progress_response() {
    let progress = parsed(PROGRESS);
    assert_eq!(progress.start(), Start::Response { code: 183, phrase: b"Session Progress" });
    assert_eq!(progress.rseq(), Ok(9021));
    assert!(progress.requires("100rel") && progress.requires("precondition"));
    let record_route = progress.record_route().unwrap();
    let hosts: Vec<_> = record_route.iter().map(|entry| entry.uri.host().unwrap().to_string()).collect();
    assert_eq!(hosts, ["pcscf", "scscf", "mrfc"].map(|name| format!("{name}.ims.mnc001.mcc001.3gppnetwork.org")));
    assert_eq!(record_route[0].uri.param("ftag"), Some(&b"a73kszlfl1741190237"[..]));
    assert_eq!(record_route[1].raw, b"<sip:mo@scscf.ims.mnc001.mcc001.3gppnetwork.org:5060;lr;did=f3a.1>");
    let via = progress.via().unwrap();
    assert_eq!((via.rport(), via.received()), (Some(Some(5060)), Some(&b"2001:db8:abcd:15:7d::9"[..])));
    assert!(progress.contact().unwrap().is_focus());
}

#[test]
fn the_refer_with_an_escaped_replaces() {
    let refer = parsed(REFER);
    let refer_to = refer.refer_to().unwrap();
    assert_eq!(refer_to.uri.user(), Some("bob"));
    assert_eq!(refer_to.uri.param("method"), Some(&b"INVITE"[..]));
    let replaces = refer_to.uri.header("Replaces").unwrap();
    let replaces = imsconf::wire::Replaces::parse(&replaces).unwrap();
    assert_eq!(replaces.call_id, b"9d4b7e3c@2001:db8::1");
    assert_eq!((replaces.to_tag, replaces.from_tag, replaces.early_only), (&b"7743"[..], &b"6472"[..], false));
    assert_eq!(refer_to.uri.header("Require").as_deref(), Some(&b"replaces"[..]));
    assert_eq!(
        refer_to.uri.to_owned().without_headers_and_method().as_str(),
        "sip:bob@ims.mnc001.mcc001.3gppnetwork.org"
    );
    assert_eq!(refer.referred_by().unwrap().uri.user(), Some("001011234567895"));
    assert_eq!(refer.route().unwrap().len(), 3);
    assert_eq!(refer.body(), b"");
}

#[test]
fn the_notifications() {
    let notify = parsed(NOTIFY_REFER);
    assert!(notify.event().unwrap().matches(&Event::parse(b"refer;id=104").unwrap()));
    let state = notify.subscription_state().unwrap();
    assert_eq!((state.status, state.expires()), (SubscriptionStatus::Active, Some(60)));
    assert!(notify.content_type().unwrap().is("message/sipfrag"));
    assert_eq!(sipfrag::parse(notify.body()).map(|line| (line.code, line.phrase)), Ok((180, &b"Ringing"[..])));
    let vias = notify.vias().unwrap();
    assert_eq!(vias.len(), 2);
    assert_eq!(vias[1].received(), Some(&b"192.0.2.17"[..]));

    let notify = parsed(NOTIFY_CONFERENCE);
    assert_eq!(notify.event().unwrap().package, b"conference");
    assert_eq!(texts(notify.allow_events()), ["conference", "refer"]);
    assert_eq!(notify.contact().unwrap().uri.as_str(), CONFERENCE);
    assert!(matches!(notify.request_uri().unwrap().scheme(), Scheme::Sip));
    assert_eq!(notify.body().len(), 1295);
}

#[test]
fn a_response_copies_what_names_the_transaction() {
    let notify = parsed(NOTIFY_REFER);
    let bytes = response_to(&notify, 200, "OK", Some("ignored")).render().unwrap();
    let answer = parsed(&bytes);
    assert_eq!(answer.start(), Start::Response { code: 200, phrase: b"OK" });
    for name in [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq] {
        let copied = |message: &Message<'_>| {
            texts(message.fields().filter(|field| field.name == name).map(|field| field.value)).join("\n")
        };
        assert_eq!(copied(&answer), copied(&notify));
    }
    assert_eq!(verdict(&answer), []);

    let invite = parsed(INVITE);
    let source = "[2001:db8:abcd:15:7d::9]:5060".parse().unwrap();
    let bytes = response_to(&invite, 183, "Session Progress", Some("new")).stamp_via(source).render().unwrap();
    let answer = parsed(&bytes);
    assert_eq!(answer.to().unwrap().tag(), Some(&b"new"[..]));
    assert_eq!(answer.via().unwrap().raw, parsed(PROGRESS).via().unwrap().raw);
}
