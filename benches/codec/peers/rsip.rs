//! `rsip`.

use std::hint::black_box;

use bytes::Bytes;
use rsip::SipMessage;
use rsip::headers::{Header, ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};

use crate::codec::Codec;

pub(crate) struct Rsip;

impl Codec for Rsip {
    const NAME: &'static str = "rsip";
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
        let _ = black_box(message.contact_header().and_then(|contact| contact.uri()));
        for header in message.headers().iter() {
            match header {
                Header::Event(event) => drop(black_box(event.value())),
                Header::SubscriptionState(state) => drop(black_box(state.value())),
                _ => {}
            }
        }
    }

    fn render(message: &SipMessage) -> Vec<u8> {
        message.to_string().into_bytes()
    }
}
