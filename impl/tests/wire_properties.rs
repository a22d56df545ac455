//! Properties of the codec over arbitrary input: what is built is read back, and no bytes make it panic.

use imsconf::wire::edit::Edit;
use imsconf::wire::uri::{percent_decode, percent_encode};
use imsconf::wire::{
    Builder, Event, MediaType, Message, Method, Name, NameAddr, OwnedUri, Param, Params, Reason, Replaces, RetryAfter,
    SubscriptionState, TelephoneSubscriber, Uri, Via, response_to, sipfrag, verdict,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces from which something like a message comes out more often than from bytes alone.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"INVITE ",
        b"NOTIFY sip:a@h SIP/2.0\r\n",
        b"SIP/2.0 ",
        b"200 OK\r\n",
        b"sip:",
        b"tel:+1",
        b"@",
        b"[2001:db8::1]",
        b"[",
        b"]",
        b"Via: SIP/2.0/UDP ",
        b"v:",
        b"From: ",
        b"To:",
        b"Contact :",
        b"CSeq: 1 ",
        b"Call-ID: x",
        b"Event: refer",
        b"Subscription-State: active",
        b"Content-Length: 4",
        b"Refer-To: <",
        b"Replaces: a",
        b";to-tag=1",
        b";from-tag=2",
        b"Route: <sip:a;lr>",
        b"Max-Forwards: 7",
        b"RAck: 1 1 ",
        b"Content-Type: message/sipfrag",
        b"Retry-After: 5 (",
        b"Session-Expires: 9",
        b"Reason: SIP",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n ",
        b" ",
        b",",
        b";",
        b"=",
        b"\"",
        b"\\",
        b"<",
        b">",
        b"?",
        b"&",
        b"%",
        b"%41",
        b":",
        b"/",
        b"*",
        b"z9hG4bK",
        b";rport",
        b";received=",
        b";expires=4294967295",
        b"\0",
        b"\xff",
        b"\r\n\r\n",
    ];
    prop_oneof![8 => select(words).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..8)]
}

fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
    let start =
        select(vec![&b""[..], b"INVITE sip:a@h SIP/2.0\r\n", b"NOTIFY sip:a@h SIP/2.0\r\n", b"SIP/2.0 183 x\r\n"]);
    (start, vec(fragment(), 0..40)).prop_map(|(start, fragments)| [start.to_vec(), fragments.concat()].concat())
}

/// Asks for everything that can be asked of a message.
fn read_everything(message: &Message<'_>) {
    let _ = (message.via(), message.vias(), message.from(), message.to(), message.call_id(), message.cseq());
    let _ = (message.contact(), message.max_forwards(), message.expires(), message.min_expires(), message.rseq());
    let _ = (message.content_length(), message.content_type(), message.retry_after(), message.rack());
    let _ = (message.refer_to(), message.refer_sub(), message.referred_by(), message.replaces());
    let _ = (message.target_dialog(), message.min_se(), message.access_network_info(), message.request_uri());
    let _ = message.event().map(|event| event.id());
    let _ = message.subscription_state().map(|state| (state.expires(), state.reason(), state.retry_after()));
    let _ = message.session_expires().map(|expires| expires.refresher());
    let _ = message.reason().map(|reason| (reason.cause(), reason.text()));
    let _ = (message.record_route(), message.route(), message.accept().count(), message.allow().count());
    let _ = (message.require().count(), message.allow_events().count(), message.body(), message.missing_body());
    // The short ways say the same as the long ones, wherever those say something.
    if let Ok(via) = message.via() {
        assert_eq!(message.branch(), Ok(via.branch()));
    }
    for (short, long) in [(message.from_tag(), message.from()), (message.to_tag(), message.to())] {
        assert!(long.is_err() || short == long.map(|address| address.tag()));
    }
    for field in message.fields() {
        let _ = (field.unfolded(), message.field(field.name), message.values(field.name).count());
        assert!(message.range_of(field.value).is_some());
    }
}

fn edit_everything(message: &Message<'_>) {
    let source = "10.0.0.1:5060".parse().unwrap();
    let uri: OwnedUri = "sip:x@y".parse().unwrap();
    let _ = Edit::new(message).push_via("SIP/2.0/UDP me").and_then(|edit| edit.stamp_via(source)).map(Edit::render);
    let _ = Edit::new(message).pop_via().and_then(Edit::pop_route).map(Edit::render);
    let _ = Edit::new(message).replace_request_uri(&uri).and_then(Edit::decrement_max_forwards).map(Edit::render);
    let _ = Edit::new(message).push_record_route("<sip:me>").map(Edit::render);
    assert_eq!(Edit::new(message).render(), message.as_bytes());
    let answer = response_to(message, 400, "Bad Request", Some("t")).copy_record_route(message).stamp_via(source);
    assert!(Message::parse(&answer.render().unwrap()).is_ok_and(|answer| answer.status() == Some(400)));
}

fn read_uri(uri: &Uri<'_>) {
    let _ = (uri.is_loose_router(), uri.header("Replaces"), uri.equivalent(uri), uri.params().iter().count());
    let owned = uri.to_owned();
    assert_eq!(owned.as_uri(), *uri);
    for made in [
        owned.without_headers_and_method(),
        owned.with_param("a b", Some(">\r\n")),
        owned.with_header("Replaces", b"\xff\r\n<>\"&;"),
    ] {
        assert_eq!(made.as_str().parse(), Ok(made.clone()), "what is made of a URI is a URI");
    }
}

/// How many characters of URIs in a message are not escaped as they should be.
fn bad_escapes(message: &[u8]) -> usize {
    let message = Message::parse(message).expect("a message");
    verdict(&message).iter().filter(|violation| violation.to_string().contains("percent")).count()
}

fn token() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,20}"
}

/// A global number as somebody may write it, and its digits.
fn global_number() -> impl Strategy<Value = (String, String)> {
    vec(("[0-9]", "[-.()]{0,2}"), 1..16).prop_map(|digits| {
        let written: String = digits.iter().flat_map(|(digit, separators)| [digit.as_str(), separators]).collect();
        (format!("tel:+{written}"), digits.into_iter().map(|(digit, _)| digit).collect())
    })
}

fn sip_uri() -> impl Strategy<Value = OwnedUri> {
    (
        select(vec!["sip", "sips"]),
        proptest::option::of("[a-zA-Z0-9&=+$,;?/%_.!~*'()-]{1,12}"),
        select(vec!["example.org", "10.0.0.1", "[2001:db8::1]", "h"]),
        proptest::option::of(any::<u16>()),
        proptest::collection::btree_map("p[a-z0-9]{0,6}", token(), 0..3),
        vec(("h[a-z]{0,6}", vec(any::<u8>(), 0..16)), 0..3),
    )
        .prop_map(|(scheme, user, host, port, params, headers)| {
            let user = user.map(|user| format!("{user}@")).unwrap_or_default();
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let mut uri: OwnedUri = format!("{scheme}:{user}{host}{port}").parse().unwrap();
            for (name, value) in &params {
                uri = uri.with_param(name, Some(value));
            }
            for (name, value) in &headers {
                uri = uri.with_header(name, value);
            }
            for (name, value) in &params {
                let decoded = uri.as_uri().param(name).map(|value| percent_decode(value).into_owned());
                assert_eq!(decoded.as_deref(), Some(value.as_bytes()));
            }
            assert_eq!(uri.as_uri().headers().count(), headers.len());
            uri
        })
}

proptest! {
    #[test]
    fn no_bytes_make_the_codec_panic(bytes in prop_oneof![almost_a_message(), vec(any::<u8>(), 0..200)]) {
        if let Ok(message) = Message::parse(&bytes) {
            read_everything(&message);
            edit_everything(&message);
            for violation in verdict(&message) {
                prop_assert!(bytes.get(violation.at.clone()).is_some(), "{violation}");
            }
        }
    }

    #[test]
    fn no_value_makes_a_header_panic(value in vec(fragment(), 0..12).prop_map(|parts| parts.concat())) {
        let _ = (sipfrag::parse(&value), Via::parse(&value), Replaces::parse(&value), MediaType::parse(&value));
        let _ = (Event::parse(&value), SubscriptionState::parse(&value), Reason::parse(&value), RetryAfter::parse(&value));
        let _ = NameAddr::parse(&value).map(|address| (address.display_name(), address.tag(), address.is_focus()));
        let params = Params::new(&value);
        for param in params.iter() {
            let _ = param.text();
            // Looking for one says the same as reading all; no name holds a quote or a bracket.
            if let Ok(name) = std::str::from_utf8(param.name)
                && !name.contains(['"', '<'])
            {
                let same = |other: &Param<'_>| other.name.eq_ignore_ascii_case(param.name);
                prop_assert_eq!(params.find(name), params.iter().find(same));
            }
        }
        if let Ok(via) = Via::parse(&value) {
            prop_assert!(Via::parse(&via.stamped("10.0.0.1:5060".parse().unwrap())).is_ok());
        }
        if let Ok(uri) = Uri::parse(&value) {
            read_uri(&uri);
        }
    }

    #[test]
    fn encoding_and_decoding_are_inverse(bytes in vec(any::<u8>(), 0..64)) {
        let text = percent_encode(&bytes);
        prop_assert_eq!(&*percent_decode(text.as_bytes()), &bytes[..]);
    }

    #[test]
    fn a_telephone_number_is_converted_once_and_keeps_its_digits(
        (one, digits) in global_number(),
        (two, others) in global_number(),
        parameter in "(;(ext|x)=[a-zA-Z0-9:/$+%.-]{1,6})?",
    ) {
        let sip = |tel: &str| {
            let tel: OwnedUri = tel.parse().unwrap();
            TelephoneSubscriber::of(&tel.as_uri()).unwrap().to_sip("home.example").unwrap()
        };
        let made = sip(&one);
        let user = format!("+{digits}");
        prop_assert_eq!(made.as_uri().user(), Some(user.as_str()));
        prop_assert_eq!(made == sip(&two), digits == others, "different numbers stay different");
        let made = sip(&format!("{one}{parameter}"));
        prop_assert_eq!(&TelephoneSubscriber::of(&made.as_uri()).unwrap().to_sip("home.example").unwrap(), &made);
    }

    #[test]
    fn a_uri_is_equivalent_to_itself_and_survives_its_text(uri in sip_uri()) {
        let view = uri.as_uri();
        prop_assert!(view.equivalent(&view));
        read_uri(&view);
        let bare = uri.without_headers_and_method();
        prop_assert_eq!(bare.as_uri().headers_part(), None);
        prop_assert_eq!(bare.as_uri().user(), view.user());
    }

    #[test]
    fn a_replaces_in_a_refer_target_is_read_as_it_was_written(
        target in sip_uri(),
        call_id in "[a-zA-Z0-9<>:\\\\/\\[\\]?{}@&,%+=-]{1,30}",
        to_tag in token(),
        from_tag in token(),
    ) {
        let value = format!("{call_id};to-tag={to_tag};from-tag={from_tag}");
        let bare = target.without_headers_and_method();
        let target = bare.with_header("Replaces", value.as_bytes());
        let refer = |to: &OwnedUri| Builder::request(Method::Refer, &bare).refer_to(to).render().unwrap();
        let bytes = refer(&target);
        let message = Message::parse(&bytes).unwrap();
        let read = message.refer_to().unwrap().uri.header("Replaces").unwrap();
        let replaces = Replaces::parse(&read).unwrap();
        prop_assert_eq!(replaces.call_id, call_id.as_bytes());
        prop_assert_eq!((replaces.to_tag, replaces.from_tag), (to_tag.as_bytes(), from_tag.as_bytes()));
        // A user part may have escapes that are none; what was added has not.
        prop_assert_eq!(bad_escapes(&bytes), bad_escapes(&refer(&bare)));
    }

    #[test]
    fn what_is_built_is_read_back(
        request_uri in sip_uri(),
        from in sip_uri(),
        tags in (token(), proptest::option::of(token())),
        call_id in "[a-zA-Z0-9.!%*_+`'~()<>:/\\[\\]?{}-]{1,20}(@[a-z0-9.]{1,8})?",
        numbers in (0u32..1 << 31, any::<u32>(), any::<u32>()),
        event in (token(), proptest::option::of(token())),
        options in vec(token(), 0..5),
        body in vec(any::<u8>(), 0..50),
    ) {
        let (from_tag, to_tag) = tags;
        let (cseq, expires, rseq) = numbers;
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let bytes = Builder::request(Method::Subscribe, &request_uri)
            .from(&from, &from_tag)
            .to(&request_uri, to_tag.as_deref().map(str::as_bytes))
            .call_id(&call_id)
            .cseq(cseq, Method::Subscribe)
            .contact(&from, "isfocus")
            .event(&event.0, event.1.as_deref())
            .expires(expires)
            .rack(rseq, cseq, Method::Invite)
            .supported(&options)
            .field(Name::Other(b"X-Kept"), " as is ")
            .body("text/plain", body.clone())
            .render()
            .unwrap();
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(message.request_uri().unwrap().to_owned(), request_uri.clone());
        prop_assert_eq!(message.from().unwrap().uri.to_owned(), from.clone());
        prop_assert_eq!(message.from().unwrap().tag(), Some(from_tag.as_bytes()));
        prop_assert_eq!(message.to().unwrap().tag(), to_tag.as_deref().map(str::as_bytes));
        prop_assert_eq!(message.call_id(), Ok(call_id.as_bytes()));
        prop_assert_eq!(message.cseq().map(|cseq| (cseq.number, cseq.method)), Ok((cseq, Method::Subscribe)));
        prop_assert!(message.contact().unwrap().is_focus());
        prop_assert_eq!(message.event().unwrap().package, event.0.as_bytes());
        prop_assert_eq!(message.event().unwrap().id(), event.1.as_deref().map(str::as_bytes));
        prop_assert_eq!(message.expires(), Ok(expires));
        prop_assert_eq!(message.rack().map(|rack| (rack.rseq, rack.cseq)), Ok((rseq, cseq)));
        prop_assert_eq!(message.supported().collect::<Vec<_>>(), options.iter().map(|tag| tag.as_bytes()).collect::<Vec<_>>());
        prop_assert_eq!(message.field(Name::Other(b"x-kept")), Some(&b"as is"[..]));
        prop_assert_eq!(message.body(), &body[..]);
    }
}
