//! `rsipstack`.

use std::hint::black_box;

use bytes::Bytes;
use rsipstack::sip::{HasHeaders, Header, HeadersExt, Method, Request, SipMessage, ToTypedHeader, Uri, Version};

use crate::codec::{Codec, Fresh};

pub(crate) struct Rsipstack;

impl Codec for Rsipstack {
    const NAME: &'static str = "rsipstack";
    type Message<'a> = SipMessage;

    fn split(datagram: &Bytes) -> Option<SipMessage> {
        SipMessage::try_from(&datagram[..]).ok()
    }

    fn typed(message: &SipMessage) {
        let _ = black_box(message.via_header().and_then(|via| via.typed()).map(|via| via.branch().cloned()));
        let _ = black_box(message.from_header().and_then(|from| from.tag()));
        let _ = black_box(message.to_header().and_then(|to| to.tag()));
        let _ = black_box(message.call_id_header().map(|call_id| call_id.value()));
        let _ = black_box(message.cseq_header().and_then(|cseq| cseq.typed()));
        let _ = black_box(message.contact_header().and_then(|contact| contact.typed()).map(|contact| contact.uri));
        for header in message.headers().iter() {
            match header {
                Header::Event(event) => drop(black_box(event.value())),
                Header::SubscriptionState(state) => drop(black_box(state.value())),
                _ => {}
            }
        }
    }

    fn render(message: &SipMessage) -> Vec<u8> {
        message.to_bytes()
    }
}

/// The values of a dialog.
pub(crate) struct Dialog {
    target: Uri,
}

impl Fresh for Rsipstack {
    type Dialog = Dialog;

    fn dialog() -> Dialog {
        Dialog { target: "sip:alice@[2001:db8::9]:5060".try_into().expect("a URI") }
    }

    fn notify(dialog: &Dialog) -> Vec<u8> {
        let own = [
            ("Event", "refer;id=93809823"),
            ("Subscription-State", "active;expires=300"),
            ("Content-Type", "message/sipfrag;version=2.0"),
            ("Content-Length", "20"),
        ];
        request(Method::Notify, "3 NOTIFY", dialog, &own, b"SIP/2.0 100 Trying\r\n").to_bytes()
    }

    fn refer(dialog: &Dialog) -> Vec<u8> {
        let own =
            [("Refer-To", "<sip:bob@home.example;method=INVITE>"), ("Refer-Sub", "true"), ("Content-Length", "0")];
        request(Method::Refer, "3 REFER", dialog, &own, b"").to_bytes()
    }
}

fn request(method: Method, cseq: &str, dialog: &Dialog, own: &[(&str, &str)], body: &[u8]) -> Request {
    let common = [
        ("Via", "SIP/2.0/UDP [2001:db8::4]:5060;branch=z9hG4bK74bf9;rport"),
        ("Max-Forwards", "70"),
        ("Route", "<sip:scscf.home.example;lr>"),
        ("From", "<sip:conf1@conf-factory.home.example>;tag=focus-1"),
        ("To", "<sip:alice@[2001:db8::9]:5060>;tag=ue-1"),
        ("Call-ID", "a84b4c76e66710@[2001:db8::9]"),
        ("CSeq", cseq),
        ("Contact", "<sip:conf1@conf-factory.home.example>;isfocus"),
    ];
    let headers = common.iter().chain(own).map(|(name, value)| Header::Other((*name).into(), (*value).into()));
    Request {
        method,
        uri: dialog.target.clone(),
        version: Version::V2,
        headers: rsipstack::sip::Headers(headers.collect()),
        body: body.to_vec(),
    }
}
