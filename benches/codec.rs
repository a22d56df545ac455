//! The codec on the seven messages of a conference: framing, typed header fields, the strict verdict, rendering.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use imsconf::agent::Transport;
use imsconf::wire::{Builder, Message, Method, Name, OwnedUri, SubscriptionStatus, verdict};

const MESSAGES: [&[u8]; 7] = [
    include_bytes!("../impl/tests/messages/1_invite.sip"),
    include_bytes!("../impl/tests/messages/2_183.sip"),
    include_bytes!("../impl/tests/messages/3_refer.sip"),
    include_bytes!("../impl/tests/messages/4_202.sip"),
    include_bytes!("../impl/tests/messages/5_notify_refer.sip"),
    include_bytes!("../impl/tests/messages/6_notify_conf.sip"),
    include_bytes!("../impl/tests/messages/7_200ok.sip"),
];

fn parsed(bytes: &[u8]) -> Message<'_> {
    Message::parse(black_box(bytes)).expect("a message")
}

/// Every header field, name and value.
fn split(message: &Message<'_>) {
    for field in message.fields() {
        black_box(field);
    }
}

/// What a dialog or a subscription needs of a message.
fn typed(message: &Message<'_>) {
    let _ = black_box((message.via(), message.from(), message.to(), message.cseq()));
    let _ = black_box((message.contact(), message.event(), message.subscription_state()));
}

/// A NOTIFY of a referral from values: what a focus sends most.
fn notify(target: &OwnedUri, own: &OwnedUri) -> Vec<u8> {
    Builder::request(Method::Notify, target)
        .via(Transport::Udp, "[2001:db8::4]:5060", "z9hG4bK74bf9")
        .max_forwards(70)
        .route(["<sip:scscf.home.example;lr>"])
        .from(own, "focus-1")
        .to(target, Some(b"ue-1"))
        .call_id("a84b4c76e66710@[2001:db8::9]")
        .cseq(3, Method::Notify)
        .contact(own, "isfocus")
        .event("refer", Some("93809823"))
        .subscription_state(SubscriptionStatus::Active, Some(300), None)
        .field(Name::Other(b"X-Kept"), "as is")
        .body("message/sipfrag;version=2.0", b"SIP/2.0 100 Trying\r\n".to_vec())
        .render()
        .expect("values that a message can carry")
}

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Elements(MESSAGES.len() as u64));
    group.bench_function("split", |bencher| bencher.iter(|| MESSAGES.iter().for_each(|bytes| split(&parsed(bytes)))));
    group.bench_function("split and typed header fields", |bencher| {
        bencher.iter(|| {
            for bytes in MESSAGES {
                let message = parsed(bytes);
                split(&message);
                typed(&message);
            }
        });
    });
    group.bench_function("verdict", |bencher| {
        bencher.iter(|| MESSAGES.iter().map(|bytes| verdict(&parsed(bytes)).len()).sum::<usize>());
    });
    group.throughput(Throughput::Elements(1));
    let target = "sip:alice@[2001:db8::9]:5060".parse().expect("a URI");
    let own = "sip:conf1@conf-factory.home.example".parse().expect("a URI");
    group.bench_function("render a NOTIFY", |bencher| bencher.iter(|| notify(black_box(&target), black_box(&own))));
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    codec(&mut criterion);
    criterion.final_summary();
}
