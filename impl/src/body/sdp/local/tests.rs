//! What we write follows the rules that we check others by.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::check::{check_answer, check_next};
use super::*;

const OFFER: &str = include_str!("../../../../tests/messages/offer-volte.sdp");

fn ue() -> LocalMedia {
    LocalMedia {
        address: "2001:db8::1".parse().unwrap(),
        audio_port: 49152,
        session_id: 1_741_190_237,
        codecs: Codec::voice().into(),
        flow: Flow::SENDRECV,
    }
}

fn focus() -> LocalMedia {
    LocalMedia { address: "192.0.2.9".parse().unwrap(), audio_port: 30000, session_id: 7, ..ue() }
}

fn read(text: &str) -> SessionDescription {
    SessionDescription::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

const NOTHING: Resources = Resources { reserved: Flow::NONE };
const READY: Resources = Resources { reserved: Flow::SENDRECV };

#[test]
fn the_four_descriptions_of_a_conference_creation() {
    let offer_1 = ue().offer(1, &Preconditions::first_offer(Flow::NONE));
    let expected = "v=0\r\no=- 1741190237 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\n\
        b=AS:64\r\nb=RS:800\r\nb=RR:2400\r\nt=0 0\r\nm=audio 49152 RTP/AVP 116 107 118 96 111 110\r\n\
        a=rtpmap:116 AMR-WB/16000/1\r\na=fmtp:116 mode-change-capability=2;max-red=220\r\n\
        a=rtpmap:107 AMR-WB/16000/1\r\na=fmtp:107 octet-align=1;mode-change-capability=2;max-red=220\r\n\
        a=rtpmap:118 AMR/8000/1\r\na=fmtp:118 mode-change-capability=2;max-red=220\r\n\
        a=rtpmap:96 AMR/8000/1\r\na=fmtp:96 octet-align=1;mode-change-capability=2;max-red=220\r\n\
        a=rtpmap:111 telephone-event/16000\r\na=fmtp:111 0-15\r\n\
        a=rtpmap:110 telephone-event/8000\r\na=fmtp:110 0-15\r\n\
        a=curr:qos local none\r\na=curr:qos remote none\r\n\
        a=des:qos mandatory local sendrecv\r\na=des:qos optional remote sendrecv\r\n\
        a=sendrecv\r\na=ptime:20\r\na=maxptime:240\r\n";
    assert_eq!(offer_1.text(), expected);

    let answer_1 = focus().answer(1, &offer_1, NOTHING);
    let expected = "v=0\r\no=- 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n\
        b=AS:64\r\nb=RS:800\r\nb=RR:2400\r\nt=0 0\r\nm=audio 30000 RTP/AVP 116 111\r\n\
        a=rtpmap:116 AMR-WB/16000/1\r\na=fmtp:116 mode-change-capability=2;max-red=220\r\n\
        a=rtpmap:111 telephone-event/16000\r\na=fmtp:111 0-15\r\n\
        a=curr:qos local none\r\na=curr:qos remote none\r\n\
        a=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n\
        a=conf:qos remote sendrecv\r\na=sendrecv\r\na=ptime:20\r\na=maxptime:240\r\n";
    assert_eq!(answer_1.text(), expected);
    assert!(!answer_1.preconditions_met());

    let peer = |description: &SessionDescription| description.media()[0].preconditions.clone();
    let offer_2 = ue().offer(2, &peer(&answer_1).next_offer(Flow::SENDRECV));
    let answer_2 = focus().answer(2, &offer_2, READY);
    assert!(answer_2.preconditions_met());
    assert!(peer(&offer_2).confirms(&peer(&answer_1)));
    for (violations, what) in [
        (check_answer(&offer_1, &answer_1), "answer 1"),
        (check_next(&offer_1, &offer_2), "offer 2"),
        (check_answer(&offer_2, &answer_2), "answer 2"),
        (check_next(&answer_1, &answer_2), "second of the focus"),
    ] {
        assert_eq!(violations, [], "{what}");
    }
}

#[test]
fn an_answer_takes_what_is_common_and_refuses_the_rest() {
    let offer = |media: &str| read(&format!("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=5 9\r\n{media}"));
    let pcmu = LocalMedia {
        codecs: vec![Codec { payload_type: 0, encoding: "PCMU/8000".into(), parameters: None }].into(),
        ..focus()
    };
    let aligned =
        LocalMedia { codecs: Codec::voice().into_iter().filter(|codec| codec.payload_type == 96).collect(), ..focus() };
    // Media of the offer, who answers, `m=` lines of the answer.
    let table: &[(&str, &LocalMedia, &[&str])] = &[
        ("", &pcmu, &[]),
        ("m=audio 9 RTP/AVP 8 0\r\n", &pcmu, &["m=audio 30000 RTP/AVP 0"]),
        ("m=audio 9 RTP/AVP 97\r\na=rtpmap:97 pcmu/8000\r\n", &pcmu, &["m=audio 30000 RTP/AVP 97"]),
        ("m=audio 9 RTP/AVP 0\r\n", &focus(), &["m=audio 0 RTP/AVP 0"]),
        // A payload type has seven bits.
        ("m=audio 9 RTP/AVP 127\r\na=rtpmap:127 PCMU/8000\r\n", &pcmu, &["m=audio 30000 RTP/AVP 127"]),
        ("m=audio 9 RTP/AVP 128\r\na=rtpmap:128 PCMU/8000\r\n", &pcmu, &["m=audio 0 RTP/AVP 128"]),
        ("m=audio 0 RTP/AVP 0\r\n", &pcmu, &["m=audio 0 RTP/AVP 0"]),
        ("m=audio 9 RTP/SAVP 0\r\n", &pcmu, &["m=audio 0 RTP/SAVP 0"]),
        ("m=audio 9 RTP/AVPF 0\r\n", &pcmu, &["m=audio 30000 RTP/AVPF 0"]),
        (
            "m=video 7 RTP/AVP 31\r\nm=audio 9 RTP/AVP 0\r\nm=audio 11 RTP/AVP 0\r\n",
            &pcmu,
            &["m=video 0 RTP/AVP 31", "m=audio 30000 RTP/AVP 0", "m=audio 0 RTP/AVP 0"],
        ),
        // The packing of AMR belongs to the format, and events need the clock of the speech.
        (
            "m=audio 9 RTP/AVP 96 98 99\r\na=rtpmap:96 AMR/8000\r\na=fmtp:96 octet-align=0\r\n\
             a=rtpmap:98 telephone-event/16000\r\na=rtpmap:99 telephone-event/8000\r\n",
            &focus(),
            &["m=audio 30000 RTP/AVP 96 99"],
        ),
        (
            "m=audio 9 RTP/AVP 96 97\r\na=rtpmap:96 AMR/8000\r\na=rtpmap:97 AMR/8000\r\na=fmtp:97 octet-align=1\r\n",
            &aligned,
            &["m=audio 30000 RTP/AVP 97"],
        ),
        ("m=audio 9 RTP/AVP 96\r\na=rtpmap:96 telephone-event/8000\r\n", &focus(), &["m=audio 0 RTP/AVP 96"]),
    ];
    for (media, local, expected) in table {
        let offer = offer(media);
        let answer = local.answer(1, &offer, NOTHING);
        let lines: Vec<_> = answer.text().lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(lines, *expected, "{media}");
        assert_eq!(check_answer(&offer, &answer), [], "{media}");
        assert_eq!(read(answer.text()), answer);
    }
}

#[test]
fn a_networks_offer_is_answered() {
    let offer = read(OFFER);
    let answer = focus().answer(1, &offer, READY);
    assert_eq!(check_answer(&offer, &answer), []);
    let audio = &answer.media()[0];
    assert_eq!(audio.formats, "116 111");
    assert!(audio.preconditions.confirm.iter().any(|asked| asked.flow == Flow::SENDRECV));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Hold and resume in every combination, with resources in every state.
    #[test]
    fn what_we_write_breaks_no_rule_and_is_read_back(
        wish in select(&Flow::ALL[..]), answerer in select(&Flow::ALL[..]), ours in select(&Flow::ALL[..]),
        theirs in select(&Flow::ALL[..]), version in 0_u64..u64::MAX,
    ) {
        let offer = LocalMedia { flow: wish, ..ue() }.offer(version, &Preconditions::first_offer(ours));
        let answer = LocalMedia { flow: answerer, ..focus() }.answer(1, &offer, Resources { reserved: theirs });
        prop_assert_eq!(read(offer.text()), offer.clone());
        prop_assert_eq!(read(answer.text()), answer.clone());
        prop_assert_eq!(check_answer(&offer, &answer), []);
        let peer = &answer.media()[0].preconditions;
        let next = LocalMedia { flow: wish, ..ue() }.offer(version + 1, &peer.next_offer(Flow::SENDRECV));
        prop_assert_eq!(check_next(&offer, &next), []);
        let last = LocalMedia { flow: answerer, ..focus() }.answer(2, &next, READY);
        prop_assert!(last.preconditions_met());
        prop_assert_eq!(check_answer(&next, &last), []);
    }

    #[test]
    fn no_bytes_make_reading_or_answering_panic(text in "(v=0\r\n)?(o=- 1 1 IN IP4 h\r\n)?([vostmacbi]=[ -~]{0,20}\r?\n){0,8}") {
        if let Ok(offer) = SessionDescription::read(text.as_bytes()) {
            let answer = focus().answer(1, &offer, NOTHING);
            prop_assert_eq!(&read(answer.text()), &answer);
            prop_assert_eq!(check_answer(&offer, &answer), []);
        }
    }
}
