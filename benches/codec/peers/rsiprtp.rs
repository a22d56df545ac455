//! `rsiprtp`.

use std::hint::black_box;

use bytes::Bytes;
use rsiprtp::sip::{Method, SipMessage, SipRequestBuilder};

use crate::codec::{Codec, Fresh};

pub(crate) struct Rsiprtp;

impl Codec for Rsiprtp {
    const NAME: &'static str = "rsiprtp";
    type Message<'a> = SipMessage;

    fn split(datagram: &Bytes) -> Option<SipMessage> {
        SipMessage::parse(datagram).ok()
    }

    /// It has no accessor for Event and Subscription-State.
    fn typed(message: &SipMessage) {
        match message {
            SipMessage::Request(request) => {
                let _ = black_box((request.via_branch(), request.from_tag(), request.to_tag(), request.call_id()));
                let _ = black_box((request.cseq(), request.cseq_method(), request.contact_uri()));
            }
            SipMessage::Response(response) => {
                let _ = black_box((response.via_branch(), response.from_tag(), response.to_tag(), response.call_id()));
                let _ = black_box((response.cseq(), response.cseq_method(), response.contact_uri()));
            }
        }
    }

    fn render(message: &SipMessage) -> Vec<u8> {
        message.to_bytes().into()
    }
}

impl Fresh for Rsiprtp {
    type Dialog = ();

    fn dialog() {}

    fn notify((): &()) -> Vec<u8> {
        in_dialog(Method::Notify)
            .header("Event", "refer;id=93809823")
            .header("Subscription-State", "active;expires=300")
            .body(b"SIP/2.0 100 Trying\r\n".to_vec(), "message/sipfrag;version=2.0")
            .build()
            .expect("a request")
            .to_bytes()
            .into()
    }

    fn refer((): &()) -> Vec<u8> {
        in_dialog(Method::Refer)
            .header("Refer-To", "<sip:bob@home.example;method=INVITE>")
            .header("Refer-Sub", "true")
            .build()
            .expect("a request")
            .to_bytes()
            .into()
    }
}

fn in_dialog(method: Method) -> SipRequestBuilder {
    SipRequestBuilder::new()
        .method(method)
        .uri("sip:alice@192.0.2.9:5060")
        .via("192.0.2.4", 5060, "UDP", "z9hG4bK74bf9")
        .max_forwards(70)
        .route(&["<sip:scscf.home.example;lr>".to_owned()])
        .from("sip:conf1@conf-factory.home.example", "focus-1")
        .to("sip:alice@192.0.2.9:5060")
        .to_tag("ue-1")
        .call_id("a84b4c76e66710@192.0.2.9")
        .cseq(3)
        .contact("sip:conf1@conf-factory.home.example")
}
