//! What is measured: the seven messages of a conference, a small one and one of sixty header fields.

use bytes::Bytes;

/// Seven messages of an IMS network.
pub(crate) const CONFERENCE: &[&[u8]] = &[
    include_bytes!("../../impl/tests/messages/1_invite.sip"),
    include_bytes!("../../impl/tests/messages/2_183.sip"),
    include_bytes!("../../impl/tests/messages/3_refer.sip"),
    include_bytes!("../../impl/tests/messages/4_202.sip"),
    include_bytes!("../../impl/tests/messages/5_notify_refer.sip"),
    include_bytes!("../../impl/tests/messages/6_notify_conf.sip"),
    include_bytes!("../../impl/tests/messages/7_200ok.sip"),
];

/// An ACK of the fields that it must have.
pub(crate) const SMALL: &[&[u8]] = &[include_bytes!("../../impl/tests/messages/ack.sip")];

/// An INVITE that went through many proxies: sixty header fields.
pub(crate) const LARGE: &[&[u8]] = &[include_bytes!("../../impl/tests/messages/sixty_fields.sip")];

/// What is done to a message, in words and as a change of its text.
type Softening = (&'static str, fn(&str) -> String);

/// What a codec that refuses a message may be given in its place: each step on top of those before. None makes the
/// message shorter by more than a few bytes.
const SOFTENINGS: [Softening; 3] = [
    ("with its headers part in Refer-To left out", without_headers_part),
    ("with names for its IPv6 addresses", |text| with_names(text, "host1.ims.example.org")),
    ("with sip for tel URIs", |text| text.replace("tel:+15551230001", "sip:15551230001@example.org")),
];

/// A message as a codec takes it, and what had to be done to it for that.
pub(crate) fn softened(datagram: &[u8], takes: impl Fn(&Bytes) -> bool) -> Option<(Bytes, Vec<&'static str>)> {
    let mut text = String::from_utf8(datagram.to_vec()).ok()?;
    let mut done = Vec::new();
    let mut softenings = SOFTENINGS.iter();
    loop {
        let bytes = Bytes::from(text.clone());
        if takes(&bytes) {
            return Some((bytes, done));
        }
        let (what, soften) = softenings.next()?;
        text = soften(&text);
        done.push(*what);
    }
}

/// Everything between a `?` and the closing bracket of the URI that it stands in.
fn without_headers_part(text: &str) -> String {
    let Some((before, behind)) = text.split_once('?') else { return text.to_owned() };
    behind.split_once('>').map_or_else(|| text.to_owned(), |(_, rest)| format!("{before}>{rest}"))
}

fn with_names(text: &str, name: &str) -> String {
    let mut parts = text.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_once(']') {
        Some((_, rest)) => text + name + rest,
        None => text + "[" + part,
    })
}
