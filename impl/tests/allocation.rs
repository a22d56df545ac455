//! Reading a message takes no memory: framing up to 64 header fields, and every typed view that need not unescape.

use std::hint::black_box;

use allocation_counter::measure;
use imsconf::wire::{INLINE_FIELDS, Message, Name, NameAddr, Via, sipfrag};

/// Seven messages of a conference, a small one, one of sixty header fields.
const MESSAGES: [&[u8]; 9] = [
    include_bytes!("messages/1_invite.sip"),
    include_bytes!("messages/2_183.sip"),
    include_bytes!("messages/3_refer.sip"),
    include_bytes!("messages/4_202.sip"),
    include_bytes!("messages/5_notify_refer.sip"),
    include_bytes!("messages/6_notify_conf.sip"),
    include_bytes!("messages/7_200ok.sip"),
    include_bytes!("messages/ack.sip"),
    include_bytes!("messages/sixty_fields.sip"),
];

fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

/// Every field by itself, and everything that has a type; an error is read like a value.
fn read_everything(message: &Message<'_>) {
    for field in message.fields() {
        black_box((field.name, field.raw_name, field.value));
        for value in message.values(field.name) {
            black_box(value);
        }
    }
    let _ = black_box((message.branch(), message.from_tag(), message.to_tag(), message.call_id(), message.cseq()));
    let _ = black_box(message.via().map(|via| (via.host, via.rport(), via.received())));
    for name in [Name::From, Name::To, Name::Contact, Name::PAssertedIdentity, Name::RecordRoute, Name::ReferTo] {
        for address in message.values(name).filter_map(|value| NameAddr::parse(value).ok()) {
            black_box((address.tag(), address.is_focus(), address.uri.host(), address.uri.is_loose_router()));
        }
    }
    for via in message.values(Name::Via) {
        let _ = black_box(Via::parse(via));
    }
    let _ = black_box((message.request_uri(), message.max_forwards(), message.expires(), message.min_se()));
    let _ = black_box((message.content_type(), message.content_length(), message.rseq(), message.rack()));
    let _ = black_box(message.event().map(|event| event.id()));
    let _ = black_box(message.subscription_state().map(|state| (state.expires(), state.reason())));
    let _ = black_box(message.session_expires().map(|expires| expires.refresher()));
    let _ = black_box((message.refer_sub(), message.replaces(), message.target_dialog(), message.retry_after()));
    let _ = black_box(message.reason().map(|reason| reason.cause()));
    let _ = black_box((message.access_network_info(), message.requires("100rel"), message.supports("timer")));
    black_box((message.allow().count(), message.accept().count(), message.allow_events().count()));
    let _ = black_box(sipfrag::parse(message.body()));
}

#[test]
fn reading_takes_no_memory() {
    for bytes in MESSAGES {
        let read = || read_everything(&Message::parse(black_box(bytes)).unwrap());
        assert_eq!(allocations(read), 0, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn the_spans_of_64_fields_need_no_memory_and_of_one_more_do() {
    let text = |fields: usize| format!("OPTIONS sip:a@h SIP/2.0\r\n{}\r\n", "Via: SIP/2.0/UDP h\r\n".repeat(fields));
    let read = |text: &str| allocations(|| drop(black_box(Message::parse(text.as_bytes()))));
    assert_eq!(INLINE_FIELDS, 64);
    assert_eq!(read(&text(INLINE_FIELDS)), 0);
    assert_eq!(read(&text(INLINE_FIELDS + 1)), 1);
}

#[test]
fn only_what_must_be_unescaped_takes_memory() {
    let message = |name: &str| format!("REFER sip:a@h SIP/2.0\r\nTo: {name}\r\nRefer-To: <sip:b@h?Replaces=c>\r\n\r\n");
    // display name, allocations
    for (name, count) in [
        ("<sip:a@h>", 0),
        ("Alice B <sip:a@h>", 0),
        (r#""Alice B" <sip:a@h>"#, 0),
        (r#""Alice \"B\"" <sip:a@h>"#, 2),
        ("\"Alice\r\n B\" <sip:a@h>", 1),
    ] {
        let text = message(name);
        let message = Message::parse(text.as_bytes()).unwrap();
        let read = || drop(black_box(message.to().unwrap().display_name()));
        assert_eq!(allocations(read), count, "{name}");
    }
    // value of a header in a URI, allocations
    for (value, count) in [("c%40h", 1), ("c", 0)] {
        let text = message("<sip:a@h>").replace("=c", &format!("={value}"));
        let message = Message::parse(text.as_bytes()).unwrap();
        let read = || drop(black_box(message.refer_to().unwrap().uri.header("Replaces")));
        assert_eq!(allocations(read), count, "{value}");
    }
    // a fold, allocations
    for (name, count) in [("<sip:a@h>\r\n ;x", 1), ("<sip:a@h>;x", 0)] {
        let text = message(name);
        let message = Message::parse(text.as_bytes()).unwrap();
        let read = || drop(black_box(message.fields().next().unwrap().unfolded()));
        assert_eq!(allocations(read), count, "{name}");
    }
}
