//! `sipx-sip`.

use std::hint::black_box;

use bytes::Bytes;
use sipx_sip::headers::{Contact, From, To};
use sipx_sip::uri::Uri;
use sipx_sip::{
    CSeq, CallId, HeaderName, Limits, Message, Method, Request, RequestBuilder, TypedHeader, Via, parse_datagram,
};

use crate::codec::{Codec, Fresh};

pub(crate) struct Sipx;

fn read<H: TypedHeader>(message: &Message) -> Option<H> {
    message.headers().typed::<H>()?.ok()
}

impl Codec for Sipx {
    const NAME: &'static str = "sipx-sip";
    type Message<'a> = Message;

    fn split(datagram: &Bytes) -> Option<Message> {
        parse_datagram(datagram.clone(), &Limits::datagram()).ok()
    }

    fn typed(message: &Message) {
        let headers = message.headers();
        black_box(read::<Via>(message).map(|via| via.branch().map(<[u8]>::len)));
        black_box(read::<From>(message).map(|from| from.tag().map(<[u8]>::len)));
        black_box(read::<To>(message).map(|to| to.tag().map(<[u8]>::len)));
        black_box((read::<CallId>(message), read::<CSeq>(message)));
        black_box(read::<Contact>(message));
        black_box(headers.value(&HeaderName::Event));
        let state = headers.value(&HeaderName::SubscriptionState);
        black_box(state.and_then(|value| sipx_sip::event::Subscription::parse(&value)));
    }

    fn render(message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.write_to(&mut bytes);
        bytes
    }
}

impl Fresh for Sipx {
    type Dialog = Uri;

    fn dialog() -> Uri {
        Uri::parse(Bytes::from_static(b"sip:alice@[2001:db8::9]:5060")).expect("a URI")
    }

    fn notify(target: &Uri) -> Vec<u8> {
        let own = [
            (HeaderName::Event, "refer;id=93809823"),
            (HeaderName::SubscriptionState, "active;expires=300"),
            (HeaderName::ContentType, "message/sipfrag;version=2.0"),
        ];
        rendered(in_dialog(Method::Notify, target, own).body(&b"SIP/2.0 100 Trying\r\n"[..]).build())
    }

    fn refer(target: &Uri) -> Vec<u8> {
        let own = [(HeaderName::ReferTo, "<sip:bob@home.example;method=INVITE>"), (HeaderName::ReferSub, "true")];
        rendered(in_dialog(Method::Refer, target, own).build())
    }
}

fn rendered(request: Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    request.write_to(&mut bytes);
    bytes
}

fn in_dialog<const N: usize>(method: Method, target: &Uri, own: [(HeaderName, &'static str); N]) -> RequestBuilder {
    let common = [
        (HeaderName::Via, "SIP/2.0/UDP [2001:db8::4]:5060;branch=z9hG4bK74bf9;rport"),
        (HeaderName::Route, "<sip:scscf.home.example;lr>"),
        (HeaderName::From, "<sip:conf1@conf-factory.home.example>;tag=focus-1"),
        (HeaderName::To, "<sip:alice@[2001:db8::9]:5060>;tag=ue-1"),
        (HeaderName::CallId, "a84b4c76e66710@[2001:db8::9]"),
        (HeaderName::Contact, "<sip:conf1@conf-factory.home.example>;isfocus"),
    ];
    let builder = RequestBuilder::new(method.clone(), target.clone()).max_forwards(70);
    let builder = builder.cseq(3, &method).expect("a token");
    let fields = common.into_iter().chain(own);
    fields.fold(builder, |builder, (name, value)| builder.header(name, value.as_bytes()).expect("a value"))
}
