//! Reading: what is taken out of a description, what is refused.

use super::super::precondition::Segment;
use super::*;

/// An offer of a UE, as networks see it.
const OFFER: &str = include_str!("../../../../tests/messages/offer-volte.sdp");

#[test]
fn a_networks_offer_is_read() {
    let offer = SessionDescription::read(OFFER.as_bytes()).unwrap();
    let address = Address { network: "IN".into(), family: "IP6".into(), host: "2001:db8:abcd:15:7d::9".into() };
    let origin = Origin {
        username: "-".into(),
        session_id: "1741190237".into(),
        version: 1_741_190_237,
        address: address.clone(),
    };
    assert_eq!((offer.origin(), offer.timing()), (&origin, &[Timing { start: 0, stop: 0 }][..]));
    let [audio] = offer.media() else { panic!("{:?}", offer.media()) };
    assert_eq!((&*audio.kind, audio.port, &*audio.protocol), ("audio", 49152, "RTP/AVP"));
    assert_eq!(audio.formats, "116 107 118 96 111 110");
    assert_eq!((audio.flow, audio.address.as_ref()), (Flow::SENDRECV, Some(&address)));
    assert_eq!(audio.value_for("rtpmap", "118"), Some("AMR/8000/1"));
    assert_eq!(audio.value_for("fmtp", "96"), Some("octet-align=1;mode-change-capability=2;max-red=220"));
    assert_eq!(audio.value_for("rtpmap", "11"), None);
    assert_eq!(audio.preconditions.desired.len(), 2);
    assert_eq!(audio.preconditions.unmet().map(|status| status.segment).collect::<Vec<_>>(), [Segment::Local]);
    assert!(offer.has_preconditions() && !offer.preconditions_met());
    assert_eq!(offer.text(), OFFER);
}

#[test]
fn the_session_level_speaks_for_media_that_say_nothing_themselves() {
    let text = "v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\na=recvonly\n\
                m=audio 4000 RTP/AVP 0\nm=video 4002/2 RTP/AVP 31 32\nc=IN IP4 192.0.2.2\na=sendonly\n\
                m=audio 0 RTP/AVP 0\na=des:qos mandatory local sendrecv\n";
    let read = SessionDescription::read(text.as_bytes()).unwrap();
    let seen: Vec<_> = read
        .media()
        .iter()
        .map(|media| (media.port, media.flow, media.address.as_ref().map(|address| address.host.as_str())))
        .collect();
    let expected = [
        (4000, Flow::RECV, Some("192.0.2.1")),
        (4002, Flow::SEND, Some("192.0.2.2")),
        (0, Flow::RECV, Some("192.0.2.1")),
    ];
    assert_eq!(seen, expected);
    // What a refused stream lacks keeps nobody waiting.
    assert!(read.preconditions_met() && !read.has_preconditions());
}

#[test]
fn without_a_direction_media_flow_both_ways() {
    let read = SessionDescription::read(b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n").unwrap();
    assert_eq!(read.media().first().map(|media| media.flow), Some(Flow::SENDRECV));
}

#[test]
fn what_is_no_description_is_refused() {
    let head = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n";
    let many = format!("{head}{}", "m=audio 9 RTP/AVP 0\r\n".repeat(MAX_MEDIA + 1));
    let table: &[(&str, &str)] = &[
        ("", "No version line"),
        ("o=- 1 1 IN IP4 h\r\n", "No version line"),
        ("v=1\r\n", "version"),
        ("v=0\r\ns=-\r\nt=0 0\r\n", "there is no `o=` line"),
        ("v=0\r\no=- 1 x IN IP4 h\r\n", "sess-version"),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 70000 RTP/AVP 0\r\n", "line 3"),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 9 RTP/AVP 0\r\na=curr:qos none\r\n", "a=curr:qos none"),
        (&many, "65 media"),
    ];
    for (text, words) in table {
        let error = SessionDescription::read(text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    assert_eq!(SessionDescription::read(b"v=0\r\ns=\xff\r\n"), Err(SdpError::NotUtf8));
    let long = format!("{head}a={}\r\n", "x".repeat(MAX_BYTES));
    assert!(matches!(SessionDescription::read(long.as_bytes()), Err(SdpError::TooLarge { .. })));
}

#[test]
fn attributes_are_kept_in_order_whatever_stands_between_them_and_ends_their_lines() {
    let lines = ["a=one", "b=AS:64", "a=two:2", "a=three", "", "a=four"];
    let m_line = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    for choice in 0..1_u32 << lines.len() {
        let end = |place: usize| if choice >> place & 1 == 0 { "\r\n" } else { "\n" };
        let body: String = lines.iter().enumerate().flat_map(|(place, line)| [*line, end(place)]).collect();
        for last in ["a=five\r\n", "a=five\n", "a=five"] {
            let behind = if last.ends_with('\n') { "m=video 9 RTP/AVP 31\r\na=six\r\n" } else { "" };
            let text = format!("{m_line}{body}{last}{behind}");
            let read = SessionDescription::read(text.as_bytes()).unwrap();
            assert_eq!(
                read.media()[0].attributes.as_str(),
                "a=one\r\na=two:2\r\na=three\r\na=four\r\na=five\r\n",
                "{text:?}"
            );
            assert!(read.media().get(1).is_none_or(|video| video.attributes.as_str() == "a=six\r\n"), "{text:?}");
        }
    }
}

#[test]
fn only_the_version_may_differ_in_what_says_the_same() {
    let read = |text: &str| SessionDescription::read(text.as_bytes()).unwrap();
    let offer = read(OFFER);
    let table = [
        (OFFER.to_owned(), true),
        (OFFER.replace("1741190237 IN", "1741190238 IN"), true),
        (OFFER.replace("\r\n", "\n"), true),
        (OFFER.replace("o=- ", "o=alice "), false),
        (OFFER.replace("sendrecv\r\na=ptime", "sendonly\r\na=ptime"), false),
        (OFFER.replace("a=ptime:20", "a=ptime:40"), false),
    ];
    for (text, same) in table {
        assert_eq!(offer.says_the_same(&read(&text)), same, "{text}");
    }
}

/// What is read and what is refused is what another reader reads and refuses, also when a line is spoilt.
#[test]
fn another_reader_takes_the_same_descriptions() {
    let lines: Vec<&str> = OFFER.lines().collect();
    let spoilt = [
        "",
        "x",
        "=",
        "x=",
        "o=- 1 1 IN IP4 h",
        "o=- 1  2 in ip6 h",
        "o=- 1 1 IN IP4 h h",
        "c=IN IP4",
        "c=tn IP6 h",
        "c=I,N IP4 h",
        "t=0 0",
        "t=1  2",
        "t=0",
        "t=0 0 0",
        "t=x 0",
        "r=7d 1h 0 25h",
        "r=7d",
        "r=1 x",
        "z=1 -1h 2 0",
        "z=1",
        "z=1 x",
        "b=AS:64",
        "b=AS",
        "b=AS:x",
        "b=AS:1:2",
        "a=",
        "a=recvonly",
        "a=x:y:z",
        "a=sendonly:x",
        "k=clear:x",
        "k=prompt",
        "i=",
        "u=x",
        "s=x",
        "e=x",
        "p=x",
        "m=audio 1 RTP/AVP 0",
        "m=audio 1/2 RTP/AVP 0  8",
        "m=audio 1/x RTP/AVP 0",
        "m=audio +1 RTP/AVP 0",
        "m=audio 70000 RTP/AVP 0",
        "m=audio 1 RTP/AVP",
        "m=audio 1 RTP/AVP ",
        "m=  ",
        "a=x\ry",
        "a=x\0y",
        "v=0",
        "v=1",
        "y=whatever",
        "xy=1",
    ];
    for (at, _) in lines.iter().enumerate() {
        for spoilt in spoilt {
            for replaced in [0, 1] {
                let rest = &lines[(at + replaced).min(lines.len())..];
                let text = [&lines[..at], &[spoilt], rest].concat().join("\r\n");
                let other = sdp_types::Session::parse(text.as_bytes());
                // It makes up an origin where there is none.
                let other = other.ok().filter(|other| other.origin.unicast_address != "0.0.0.0");
                let own = SessionDescription::read(text.as_bytes());
                assert_eq!(own.is_ok(), other.is_some(), "{spoilt:?} at {at}: {own:?}\n{text}");
                let (Ok(own), Some(other)) = (own, other) else { continue };
                let media = |media: &sdp_types::Media| (media.media.clone(), media.port, media.attributes.len());
                let count = |media: &MediaDescription| media.attributes.iter().count();
                let seen = own.media().iter().map(|media| (media.kind.to_string(), media.port, count(media)));
                assert_eq!(seen.collect::<Vec<_>>(), other.medias.iter().map(media).collect::<Vec<_>>());
                assert_eq!(own.origin().address.host, other.origin.unicast_address);
                assert_eq!(own.timing().len(), other.times.len());
            }
        }
    }
}

#[test]
fn a_cr_or_nul_is_found_wherever_it_stands() {
    let usual = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";
    assert!(SessionDescription::read(usual.as_bytes()).is_ok());
    for at in (0..=usual.len()).filter(|at| !matches!(usual.as_bytes().get(*at), Some(b'\r' | b'\n'))) {
        for odd in ["\r", "\0"] {
            let text = [&usual[..at], odd, &usual[at..]].concat();
            assert!(SessionDescription::read(text.as_bytes()).is_err(), "{text:?}");
        }
    }
    // A lone LF is a line end, too, and the last line needs none.
    for text in [usual.replace("\r\n", "\n"), usual.trim_end().to_owned(), usual.replacen("\r\n", "\n", 2)] {
        assert!(SessionDescription::read(text.as_bytes()).is_ok(), "{text:?}");
    }
}
