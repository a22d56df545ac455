//! This codec.

use std::hint::black_box;

use bytes::Bytes;
use imsconf::agent::Transport;
use imsconf::wire::edit::Edit;
use imsconf::wire::{Builder, Message, Method, Name, OwnedUri, SubscriptionStatus};

use crate::codec::{Codec, Fresh};

pub(crate) struct Ours;

impl Codec for Ours {
    const NAME: &'static str = "imsconf";
    type Message<'a> = Message<'a>;

    fn split(datagram: &Bytes) -> Option<Message<'_>> {
        let message = Message::parse(datagram).ok()?;
        for field in message.fields() {
            black_box((field.name, field.value));
        }
        Some(message)
    }

    fn typed(message: &Message<'_>) {
        let _ = black_box((message.branch(), message.from_tag(), message.to_tag()));
        let _ = black_box((message.call_id(), message.cseq(), message.contact()));
        let _ = black_box((message.event(), message.subscription_state()));
    }

    fn render(message: &Message<'_>) -> Vec<u8> {
        Edit::new(message).render()
    }
}

/// Via, From, To and Contact whole, with hosts, URIs and parameters, where [`Codec::typed`] takes what it needs.
pub(crate) fn typed_whole(message: &Message<'_>) {
    let _ = black_box((message.via(), message.from(), message.to()));
    let _ = black_box((message.call_id(), message.cseq(), message.contact()));
    let _ = black_box((message.event(), message.subscription_state()));
}

/// The values of a dialog, which an agent has at hand.
pub(crate) struct Dialog {
    target: OwnedUri,
    own: OwnedUri,
    refer_to: OwnedUri,
}

impl Fresh for Ours {
    type Dialog = Dialog;

    fn dialog() -> Dialog {
        let uri = |text: &str| text.parse().expect("a URI");
        Dialog {
            target: uri("sip:alice@[2001:db8::9]:5060"),
            own: uri("sip:conf1@conf-factory.home.example"),
            refer_to: uri("sip:bob@home.example;method=INVITE"),
        }
    }

    fn notify(dialog: &Dialog) -> Vec<u8> {
        in_dialog(Method::Notify, dialog)
            .event("refer", Some("93809823"))
            .subscription_state(SubscriptionStatus::Active, Some(300), None)
            .body("message/sipfrag;version=2.0", b"SIP/2.0 100 Trying\r\n".to_vec())
            .render()
            .expect("values that a message can carry")
    }

    fn refer(dialog: &Dialog) -> Vec<u8> {
        in_dialog(Method::Refer, dialog)
            .refer_to(&dialog.refer_to)
            .field(Name::ReferSub, "true")
            .render()
            .expect("values that a message can carry")
    }
}

fn in_dialog(method: Method<'static>, dialog: &Dialog) -> Builder {
    Builder::request(method, &dialog.target)
        .via(Transport::Udp, "[2001:db8::4]:5060", "z9hG4bK74bf9")
        .max_forwards(70)
        .route(["<sip:scscf.home.example;lr>"])
        .from(&dialog.own, "focus-1")
        .to(&dialog.target, Some(b"ue-1"))
        .call_id("a84b4c76e66710@[2001:db8::9]")
        .cseq(3, method)
        .contact(&dialog.own, "isfocus")
}
