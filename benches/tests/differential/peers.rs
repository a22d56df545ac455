//! The codecs of others, each asked for the same facts in its own words.

use std::cell::Cell;
use std::sync::Once;

use bytes::Bytes;

use crate::facts::{Fact, Facts};

/// How a peer reads a message; `None` if it refuses it.
pub(crate) type Read = fn(&[u8]) -> Option<Facts>;

/// Name and reader of each.
pub(crate) const PEERS: [(&str, Read); 4] =
    [("rsip", rsip), ("rsipstack", rsipstack), ("ezk-sip-types", ezk), ("sipx-sip", sipx)];

thread_local! {
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// What a peer says. One that panics refuses; what it prints then is of no interest.
pub(crate) fn ask(read: Read, bytes: &[u8]) -> Option<Facts> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_ASKING.get() {
                usual(panic);
            }
        }));
    });
    IS_ASKING.set(true);
    let facts = std::panic::catch_unwind(|| read(bytes)).ok().flatten();
    IS_ASKING.set(false);
    facts
}

/// The facts of a message of `rsip`, or of its descendant, which has the same names.
macro_rules! facts_of_rsip {
    ($message:ident) => {{
        let (start, uri) = match &$message {
            SipMessage::Request(request) => (request.method.to_string(), Some(request.uri.to_string())),
            SipMessage::Response(response) => (response.status_code.code().to_string(), None),
        };
        let via = $message.via_header().ok().and_then(|via| via.typed().ok());
        let (from, to) = ($message.from_header().ok(), $message.to_header().ok());
        let contact = $message.contact_header().ok().and_then(|contact| contact.typed().ok());
        let cseq = $message.cseq_header().ok().and_then(|cseq| cseq.typed().ok());
        Some(Facts::of(&[
            (Fact::Start, Some(start)),
            (Fact::RequestUri, uri),
            (Fact::Branch, via.and_then(|via| via.branch().map(|branch| branch.value().to_owned()))),
            (Fact::FromTag, from.and_then(|from| from.tag().ok().flatten()).map(|tag| tag.value().to_owned())),
            (Fact::ToTag, to.and_then(|to| to.tag().ok().flatten()).map(|tag| tag.value().to_owned())),
            (Fact::CallId, $message.call_id_header().ok().map(|call_id| call_id.value().to_owned())),
            (Fact::CSeq, cseq.map(|cseq| format!("{} {}", cseq.seq, cseq.method))),
            (Fact::FromUri, from.and_then(|from| from.uri().ok()).map(|uri| uri.to_string())),
            (Fact::ToUri, to.and_then(|to| to.uri().ok()).map(|uri| uri.to_string())),
            (Fact::ContactUri, contact.map(|contact| contact.uri.to_string())),
        ]))
    }};
}

fn rsip(bytes: &[u8]) -> Option<Facts> {
    use rsip::SipMessage;
    use rsip::headers::{ToTypedHeader as _, UntypedHeader as _};
    use rsip::message::HeadersExt as _;

    let message = SipMessage::try_from(bytes).ok()?;
    facts_of_rsip!(message)
}

fn rsipstack(bytes: &[u8]) -> Option<Facts> {
    use rsipstack::sip::{HeadersExt as _, SipMessage, ToTypedHeader as _};

    let message = SipMessage::try_from(bytes).ok()?;
    facts_of_rsip!(message)
}

fn ezk(bytes: &[u8]) -> Option<Facts> {
    use ezk_sip_types::header::typed::{CSeq, CallID, Contact, FromTo, Via};
    use ezk_sip_types::msg::{Line, MessageLine, PullParser};
    use ezk_sip_types::parse::Parse as _;
    use ezk_sip_types::print::{AppendCtx as _, PrintCtx};
    use ezk_sip_types::uri::NameAddr;
    use ezk_sip_types::{Headers, Name};

    let datagram = Bytes::copy_from_slice(bytes);
    let mut lines = PullParser::new(&datagram, 0);
    let text = |line| std::str::from_utf8(line).ok();
    let (_, line) = MessageLine::parse(&datagram)(text(lines.next()?.ok()?)?).ok()?;
    let mut headers = Headers::new();
    for line in lines.by_ref() {
        let (_, line) = Line::parse(&datagram, text(line.ok()?)?).ok()?;
        headers.insert(line.name, line.value);
    }
    let (start, uri) = match &line {
        MessageLine::Request(line) => {
            (line.method.to_string(), Some(line.uri.print_ctx(PrintCtx::default()).to_string()))
        }
        MessageLine::Response(line) => (line.code.into_u16().to_string(), None),
    };
    let via = headers.get_named::<Via>().ok();
    let (from, to) = (headers.get::<FromTo>(Name::FROM).ok(), headers.get::<FromTo>(Name::TO).ok());
    let contact = headers.get_named::<Contact>().ok();
    let tag = |address: &Option<FromTo>| address.as_ref()?.tag.as_ref().map(ToString::to_string);
    let printed = |address: &NameAddr| address.uri.print_ctx(PrintCtx::default()).to_string();
    Some(Facts::of(&[
        (Fact::Start, Some(start)),
        (Fact::RequestUri, uri),
        (Fact::Branch, via.and_then(|via| via.params.get_val("branch").map(ToString::to_string))),
        (Fact::FromTag, tag(&from)),
        (Fact::ToTag, tag(&to)),
        (Fact::CallId, headers.get_named::<CallID>().ok().map(|call_id| call_id.0.to_string())),
        (Fact::CSeq, headers.get_named::<CSeq>().ok().map(|cseq| format!("{} {}", cseq.cseq, cseq.method))),
        (Fact::FromUri, from.map(|from| printed(&from.uri))),
        (Fact::ToUri, to.map(|to| printed(&to.uri))),
        (Fact::ContactUri, contact.map(|contact| printed(&contact.uri))),
    ]))
}

fn sipx(bytes: &[u8]) -> Option<Facts> {
    use sipx_sip::headers::{Contact, From, To};
    use sipx_sip::{CSeq, CallId, Limits, Message, TypedHeader, Via, parse_datagram};

    fn read<H: TypedHeader>(message: &Message) -> Option<H> {
        message.headers().typed::<H>()?.ok()
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let message = parse_datagram(Bytes::copy_from_slice(bytes), &Limits::datagram()).ok()?;
    let (start, uri) = match &message {
        Message::Request(request) => (text(request.method.as_bytes()), Some(request.uri.to_string())),
        Message::Response(response) => (response.status.code().to_string(), None),
    };
    let cseq = read::<CSeq>(&message);
    let (from, to) = (read::<From>(&message), read::<To>(&message));
    let contact = read::<Contact>(&message).map(|contact| contact.uri.to_string());
    Some(Facts::of(&[
        (Fact::Start, Some(start)),
        (Fact::RequestUri, uri),
        (Fact::Branch, read::<Via>(&message).and_then(|via| via.branch().map(text))),
        (Fact::FromTag, from.as_ref().and_then(|from| from.tag().map(text))),
        (Fact::ToTag, to.as_ref().and_then(|to| to.tag().map(text))),
        (Fact::CallId, read::<CallId>(&message).map(|call_id| text(&call_id.0))),
        (Fact::CSeq, cseq.map(|cseq| format!("{} {}", cseq.sequence, text(cseq.method.as_bytes())))),
        (Fact::FromUri, from.map(|from| from.uri.to_string())),
        (Fact::ToUri, to.map(|to| to.uri.to_string())),
        (Fact::ContactUri, contact),
    ]))
}
