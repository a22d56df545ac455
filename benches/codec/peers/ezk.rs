//! `ezk-sip-types`: message parts that its stack puts together; so does this.

use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use ezk_sip_types::header::typed::{CSeq, CallID, Contact, Event, FromTo, SubscriptionState, Via};
use ezk_sip_types::msg::{Line, MessageLine, PullParser};
use ezk_sip_types::parse::Parse;
use ezk_sip_types::print::{AppendCtx, PrintCtx};
use ezk_sip_types::{Headers, Name};

use crate::codec::Codec;

pub(crate) struct Ezk;

/// Start line, header fields and body.
pub(crate) struct Message {
    line: MessageLine,
    headers: Headers,
    body: Bytes,
}

impl Codec for Ezk {
    const NAME: &'static str = "ezk-sip-types";
    type Message<'a> = Message;

    fn split(datagram: &Bytes) -> Option<Message> {
        let mut lines = PullParser::new(datagram, 0);
        let text = |line| std::str::from_utf8(line).ok();
        let (_, line) = MessageLine::parse(datagram)(text(lines.next()?.ok()?)?).ok()?;
        let mut headers = Headers::new();
        for line in lines.by_ref() {
            let (_, line) = Line::parse(datagram, text(line.ok()?)?).ok()?;
            headers.insert(line.name, line.value);
        }
        let body = datagram.slice(lines.head_end().min(datagram.len())..);
        Some(Message { line, headers, body })
    }

    fn typed(message: &Message) {
        let headers = &message.headers;
        let _ = black_box(headers.get_named::<Via>().map(|via| via.params.get_val("branch").cloned()));
        let _ = black_box(headers.get::<FromTo>(Name::FROM).map(|from| from.tag));
        let _ = black_box(headers.get::<FromTo>(Name::TO).map(|to| to.tag));
        let _ = black_box((headers.get_named::<CallID>(), headers.get_named::<CSeq>()));
        let _ = black_box(headers.get_named::<Contact>());
        let _ = black_box((headers.get_named::<Event>(), headers.get_named::<SubscriptionState>()));
    }

    fn render(message: &Message) -> Vec<u8> {
        let mut text = String::with_capacity(1024);
        let _ = write!(text, "{}\r\n{}\r\n", message.line.print_ctx(PrintCtx::default()), message.headers);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&message.body);
        bytes
    }
}
