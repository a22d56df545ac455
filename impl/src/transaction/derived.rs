//! The two requests that repeat an INVITE's own header fields because they travel hop by hop behind it: the ACK to a
//! 300-699 response (RFC 3261 section 17.1.1.3) and the CANCEL (section 9.1).

use super::TransactionError;
use super::packet::Packet;
use crate::wire::{HeaderError, MAX_FIELDS, MAX_LINE, Message, Name, Start};

/// The option tag of session timers (RFC 4028 section 12.4).
const TIMER: &str = "timer";
/// What all requests but ACK of a sender with session timers say (RFC 4028 section 7.1).
const SUPPORTED: &[u8] = b"Supported: timer\r\n";

/// The ACK to a 300-699 response to this INVITE whose To header field has the value `to`; none to an INVITE that
/// [`check`] refuses.
pub(super) fn ack(invite: &Packet, to: &[u8]) -> Option<Packet> {
    let invite = Message::parse(invite.as_bytes()).ok()?;
    let pieces = HopByHop::of(&invite).ok()?;
    Some(pieces.render("ACK", to, &pieces.credentials).into())
}

/// The CANCEL of this INVITE; its To is that of the INVITE, whatever a response said. None of an INVITE that [`check`]
/// refuses.
pub(super) fn cancel(invite: &Packet) -> Option<Packet> {
    let invite = Message::parse(invite.as_bytes()).ok()?;
    let pieces = HopByHop::of(&invite).ok()?;
    Some(pieces.render("CANCEL", pieces.to, if pieces.timer { SUPPORTED } else { b"" }).into())
}

/// Whether an INVITE has what its ACK and its CANCEL repeat.
///
/// # Errors
/// Something is missing or malformed.
pub(super) fn check(invite: &Message<'_>) -> Result<(), HeaderError> {
    Required::of(invite).map(drop)
}

/// Whether an INVITE that was rendered here can be read again, so that its ACK and its CANCEL can be made: it has what
/// they repeat, but may be too long.
///
/// # Errors
/// It is too long, or has too many header fields.
pub(super) fn check_rendered(invite: &[u8]) -> Result<(), TransactionError> {
    let lines = invite.iter().filter(|byte| **byte == b'\n').count();
    // No line of it is too long, nor are there too many.
    if invite.len() <= MAX_LINE && lines <= MAX_FIELDS {
        return Ok(());
    }
    let invite = Message::parse(invite).map_err(|error| TransactionError::NotARequest(error.to_string()))?;
    Ok(check(&invite)?)
}

/// The header fields behind the top Via that every INVITE has and its ACK and its CANCEL repeat.
const REPEATED: [(Name<'static>, &str); 3] =
    [(Name::From, "From"), (Name::CallId, "Call-ID"), (Name::MaxForwards, "Max-Forwards")];

/// What an INVITE must have for an ACK and a CANCEL to be made of it.
#[derive(Debug)]
struct Required<'a> {
    request_uri: &'a [u8],
    via: &'a [u8],
    /// The values of [`REPEATED`].
    repeated: [&'a [u8]; REPEATED.len()],
    to: &'a [u8],
    cseq: u32,
}

impl<'a> Required<'a> {
    fn of(invite: &Message<'a>) -> Result<Self, HeaderError> {
        let Start::Request { uri: request_uri, .. } = invite.start() else {
            return Err(HeaderError::Missing { header: "request line" });
        };
        let via = invite.via()?.raw;
        let mut repeated = [&b""[..]; REPEATED.len()];
        for (place, (name, header)) in repeated.iter_mut().zip(REPEATED) {
            *place = invite.field(name).ok_or(HeaderError::Missing { header })?;
        }
        let to = invite.field(Name::To).ok_or(HeaderError::Missing { header: "To" })?;
        Ok(Self { request_uri, via, repeated, to, cseq: invite.cseq()?.number })
    }
}

/// What of an INVITE its ACK and its CANCEL repeat byte for byte. They are rare: it is cut out when one is due.
#[derive(Debug)]
struct HopByHop<'a> {
    request_uri: &'a [u8],
    /// The top Via, every Route, From, Call-ID and Max-Forwards, as lines.
    fields: Vec<u8>,
    /// The To of the INVITE, without a tag unless it is inside a dialog.
    to: &'a [u8],
    cseq: u32,
    /// Whether the INVITE says that its sender has session timers.
    timer: bool,
    /// Authorization and Proxy-Authorization, as lines: for the ACK only (RFC 3261 section 22.1).
    credentials: Vec<u8>,
}

impl<'a> HopByHop<'a> {
    /// Cuts the pieces out of an INVITE.
    fn of(invite: &Message<'a>) -> Result<Self, HeaderError> {
        let Required { request_uri, via, repeated, to, cseq } = Required::of(invite)?;
        let mut fields = Vec::new();
        line(&mut fields, b"Via", via);
        for field in invite.fields().filter(|field| field.name == Name::Route) {
            line(&mut fields, b"Route", &field.unfolded());
        }
        for ((_, label), value) in REPEATED.into_iter().zip(repeated) {
            line(&mut fields, label.as_bytes(), value);
        }
        let timer = invite.supports(TIMER);
        let mut credentials = Vec::new();
        for name in [Name::Authorization, Name::ProxyAuthorization] {
            for field in invite.fields().filter(|field| field.name == name) {
                line(&mut credentials, name.as_bytes(), &field.unfolded());
            }
        }
        Ok(Self { request_uri, fields, to, cseq, timer, credentials })
    }

    fn render(&self, method: &str, to: &[u8], own: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(method.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(self.request_uri);
        bytes.extend_from_slice(b" SIP/2.0\r\n");
        bytes.extend_from_slice(&self.fields);
        line(&mut bytes, b"To", to);
        line(&mut bytes, b"CSeq", format!("{} {method}", self.cseq).as_bytes());
        bytes.extend_from_slice(own);
        line(&mut bytes, b"Content-Length", b"0");
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

/// Appends a header line; a fold inside the value becomes a space (RFC 3261 section 7.3.1).
fn line(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b": ");
    bytes.extend(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    bytes.extend_from_slice(b"\r\n");
}

/// An INVITE for tests.
#[cfg(test)]
pub(super) const SAMPLE: &str = "INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\
    Max-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: 1\r\n\
    CSeq: 1 INVITE\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// Folds, compact names, several Via and Route lines, a body, and header fields that must not come along.
    #[test]
    fn ack_and_cancel_take_what_travels_hop_by_hop_and_nothing_else() {
        let invite = b"INVITE sip:bob@biloxi.example SIP/2.0\r\n\
            v: SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2\r\n\
            Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK3\r\n\
            Route: <sip:p1.example;lr>,\r\n <sip:p2.example;lr>\r\n\
            Require: 100rel\r\n\
            Authorization: Digest realm=a,\r\n nonce=1\r\n\
            Route: <sip:p3.example;lr>\r\n\
            Max-Forwards: 68\r\n\
            f: Alice <sip:alice@atlanta.example>;tag=1\r\n\
            t: Bob\r\n <sip:bob@biloxi.example>;tag=2\r\n\
            i: 987\r\n\
            CSeq: 7 INVITE\r\n\
            Content-Type: text/plain\r\n\
            l: 4\r\n\r\nbody";
        let invite = Packet::from(&invite[..]);
        let expected = |method: &str, to: &str, credentials: &str| {
            format!(
                "{method} sip:bob@biloxi.example SIP/2.0\r\n\
                 Via: SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bK1\r\n\
                 Route: <sip:p1.example;lr>, <sip:p2.example;lr>\r\n\
                 Route: <sip:p3.example;lr>\r\n\
                 From: Alice <sip:alice@atlanta.example>;tag=1\r\n\
                 Call-ID: 987\r\n\
                 Max-Forwards: 68\r\n\
                 To: {to}\r\n\
                 CSeq: 7 {method}\r\n\
                 {credentials}Content-Length: 0\r\n\r\n"
            )
        };
        let text = |packet: Option<Packet>| {
            String::from_utf8(packet.expect("everything is there").as_bytes().to_vec()).expect("text")
        };
        assert_eq!(
            text(ack(&invite, b"<sip:bob@biloxi.example>;tag=3")),
            expected("ACK", "<sip:bob@biloxi.example>;tag=3", "Authorization: Digest realm=a, nonce=1\r\n")
        );
        assert_eq!(text(cancel(&invite)), expected("CANCEL", "Bob   <sip:bob@biloxi.example>;tag=2", ""));
    }

    #[test]
    fn an_invite_of_ours_that_could_not_be_read_again_is_refused() {
        let with = |fields: String| SAMPLE.replace("CSeq: 1 INVITE\r\n", &format!("CSeq: 1 INVITE\r\n{fields}"));
        let own = 6;
        for (fields, fits) in [
            (String::new(), true),
            ("A: b\r\n".repeat(MAX_FIELDS - own), true),
            ("A: b\r\n".repeat(MAX_FIELDS - own + 1), false),
            (format!("A: {}\r\n", "b".repeat(MAX_LINE - 5)), true),
            (format!("A: {}\r\n", "b".repeat(MAX_LINE - 4)), false),
        ] {
            let invite = with(fields);
            assert_eq!(check_rendered(invite.as_bytes()).is_ok(), fits, "{} bytes", invite.len());
            assert_eq!(cancel(&Packet::from(invite.as_bytes())).is_some(), fits);
        }
    }

    #[test]
    fn an_invite_without_what_they_need_is_refused() {
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"] {
            let without = SAMPLE.replace(&format!("\r\n{name}:"), "\r\nX-Other:");
            let error = check(&Message::parse(without.as_bytes()).expect("a message")).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
            let packet = Packet::from(without.as_bytes());
            assert_eq!((ack(&packet, b"<sip:b@example.com>;tag=1"), cancel(&packet)), (None, None));
        }
    }
}
