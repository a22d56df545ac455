//! One SIP message, owned: start line, header fields verbatim and in order, body (RFC 3261 section 7).

use std::borrow::Cow;

use thiserror::Error;

use super::address::{Address, parameter, split_list};

/// Why bytes are no SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSip {
    /// There is nothing but line ends.
    #[error("empty")]
    Empty,
    /// The first line is neither `Method URI SIP/2.0` nor `SIP/2.0 code phrase`.
    #[error("the first line is no SIP start line")]
    StartLine,
}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// `METHOD uri SIP/2.0`.
    Request {
        /// The method, verbatim.
        method: String,
        /// The Request-URI, verbatim.
        uri: String,
    },
    /// `SIP/2.0 code phrase`.
    Response {
        /// The status code, 100 to 699.
        code: u16,
        /// The reason phrase, possibly empty.
        phrase: String,
    },
}

/// One header field line, unfolded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The name as it is written.
    pub name: String,
    /// The value without the blanks around it.
    pub value: String,
}

/// The CSeq of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CSeq<'a> {
    /// The sequence number.
    pub number: u32,
    /// The method, verbatim.
    pub method: &'a str,
}

/// The RAck of a PRACK (RFC 3262 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RAck<'a> {
    /// The RSeq that is acknowledged.
    pub response: u32,
    /// The CSeq number of the acknowledged response.
    pub number: u32,
    /// The method of the acknowledged response.
    pub method: &'a str,
}

/// The Event header field (RFC 6665 section 8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventHeader<'a> {
    /// The event package; compared byte by byte.
    pub package: &'a str,
    /// The `id` parameter; compared byte by byte.
    pub id: Option<&'a str>,
}

/// The Subscription-State header field (RFC 6665 section 8.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriptionState<'a> {
    /// `active`, `pending`, `terminated` or another token.
    pub state: &'a str,
    /// The parameters, verbatim.
    pub parameters: &'a str,
}

impl<'a> SubscriptionState<'a> {
    /// Whether the subscription is over.
    pub fn is_terminated(&self) -> bool {
        self.state.eq_ignore_ascii_case("terminated")
    }

    /// The `expires` parameter in seconds, if it is there and a number.
    pub fn expires(&self) -> Option<u32> {
        parameter(self.parameters, "expires")?.parse().ok()
    }

    /// The `reason` parameter.
    pub fn reason(&self) -> Option<&'a str> {
        parameter(self.parameters, "reason")
    }
}

/// One SIP message as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sip {
    /// The first line.
    pub start: Start,
    /// The header fields in order.
    pub headers: Vec<Header>,
    /// Everything after the empty line, cut at Content-Length when that is given and smaller.
    pub body: Vec<u8>,
    /// How many bytes it had when it was read.
    pub size: usize,
}

impl Sip {
    /// Reads a datagram.
    ///
    /// # Errors
    /// The first line is no SIP start line. Every other fault is tolerated; see [`super::problems`].
    pub fn read(bytes: &[u8]) -> Result<Self, NotSip> {
        let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(NotSip::Empty)?;
        let mut rest = bytes.get(start..).unwrap_or(&[]);
        let first = next_line(&mut rest);
        let start = read_start(&String::from_utf8_lossy(first)).ok_or(NotSip::StartLine)?;
        let headers = read_headers(&mut rest);
        let mut message = Self { start, headers, body: Vec::new(), size: bytes.len() };
        let length = message.header("Content-Length").and_then(|value| value.trim().parse::<usize>().ok());
        let body = length.and_then(|length| rest.get(..length)).unwrap_or(rest);
        message.body = body.to_vec();
        Ok(message)
    }

    /// Whether this is a request.
    pub const fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The status code of a response.
    pub const fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { code, .. } => Some(*code),
        }
    }

    /// Whether this is a 2xx response.
    pub const fn is_success(&self) -> bool {
        matches!(self.status(), Some(200..=299))
    }

    /// The method of a request; for a response that of its CSeq. Empty if there is none.
    pub fn method(&self) -> &str {
        match &self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.cseq().map_or("", |cseq| cseq.method),
        }
    }

    /// Whether this is a request with this method.
    pub fn is_request_of(&self, method: &str) -> bool {
        self.is_request() && self.method() == method
    }

    /// Whether this is a response to a request with this method.
    pub fn is_response_to(&self, method: &str) -> bool {
        !self.is_request() && self.method() == method
    }

    /// The Request-URI, verbatim.
    pub fn request_uri(&self) -> Option<&str> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    /// The first header field of this name (full name; the compact form is found too).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.lines(name).next()
    }

    /// Every line of this header field, in order, not split.
    pub fn lines<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let compact = compact_form(name);
        self.headers
            .iter()
            .filter(move |header| {
                header.name.eq_ignore_ascii_case(name)
                    || compact.is_some_and(|compact| header.name.eq_ignore_ascii_case(compact))
            })
            .map(|header| header.value.as_str())
    }

    /// Every value of every line of this header field, split at top-level commas.
    pub fn values<'a>(&'a self, name: &str) -> Vec<&'a str> {
        self.lines(name).flat_map(split_list).collect()
    }

    /// Whether one of the tokens of this header field is `token` (compared without case).
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).iter().any(|value| value.eq_ignore_ascii_case(token))
    }

    /// The Call-ID; empty if there is none.
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or("")
    }

    /// The From header field.
    pub fn from(&self) -> Option<Address<'_>> {
        self.header("From").map(Address::read)
    }

    /// The To header field.
    pub fn to(&self) -> Option<Address<'_>> {
        self.header("To").map(Address::read)
    }

    /// The tag in From.
    pub fn from_tag(&self) -> Option<&str> {
        self.from().and_then(|address| address.tag())
    }

    /// The tag in To.
    pub fn to_tag(&self) -> Option<&str> {
        self.to().and_then(|address| address.tag())
    }

    /// The CSeq, if it is well-formed.
    pub fn cseq(&self) -> Option<CSeq<'_>> {
        let mut words = self.header("CSeq")?.split_whitespace();
        let number = words.next()?.parse().ok()?;
        let method = words.next()?;
        words.next().is_none().then_some(CSeq { number, method })
    }

    /// The `branch` of the topmost Via: that of the last hop.
    pub fn branch(&self) -> Option<&str> {
        via_branch(self.values("Via").first()?)
    }

    /// The `branch` of the undermost Via: that of the user agent that made the request, the same on every hop.
    pub fn origin_branch(&self) -> Option<&str> {
        via_branch(self.values("Via").last()?)
    }

    /// The first Contact.
    pub fn contact(&self) -> Option<Address<'_>> {
        self.values("Contact").first().map(|value| Address::read(value))
    }

    /// The URIs of P-Asserted-Identity, in order.
    pub fn asserted_identities(&self) -> Vec<&str> {
        self.values("P-Asserted-Identity").into_iter().map(|value| Address::read(value).uri).collect()
    }

    /// Whether it asks that its sender's identity be kept from other users.
    pub fn asks_for_privacy(&self) -> bool {
        let kinds = self.header("Privacy").unwrap_or_default().split(';');
        kinds.into_iter().any(|kind| kind.trim().eq_ignore_ascii_case("id"))
    }

    /// The URIs of Record-Route, in order.
    pub fn record_routes(&self) -> Vec<&str> {
        self.values("Record-Route").into_iter().map(|value| Address::read(value).uri).collect()
    }

    /// The URIs of Route, in order.
    pub fn routes(&self) -> Vec<&str> {
        self.values("Route").into_iter().map(|value| Address::read(value).uri).collect()
    }

    /// The RSeq of a reliable provisional response.
    pub fn rseq(&self) -> Option<u32> {
        self.header("RSeq")?.trim().parse().ok()
    }

    /// The RAck of a PRACK.
    pub fn rack(&self) -> Option<RAck<'_>> {
        let mut words = self.header("RAck")?.split_whitespace();
        let response = words.next()?.parse().ok()?;
        let number = words.next()?.parse().ok()?;
        let method = words.next()?;
        words.next().is_none().then_some(RAck { response, number, method })
    }

    /// Whether this is a 101-199 that asks for a PRACK: both `Require: 100rel` and an RSeq (RFC 3262 section 4).
    pub fn is_reliable_provisional(&self) -> bool {
        matches!(self.status(), Some(101..=199)) && self.has_token("Require", "100rel") && self.rseq().is_some()
    }

    /// The Event header field.
    pub fn event(&self) -> Option<EventHeader<'_>> {
        let (package, parameters) = split_parameters(self.header("Event")?);
        Some(EventHeader { package, id: parameter(parameters, "id") })
    }

    /// The Subscription-State header field.
    pub fn subscription_state(&self) -> Option<SubscriptionState<'_>> {
        let (state, parameters) = split_parameters(self.header("Subscription-State")?);
        Some(SubscriptionState { state, parameters })
    }

    /// The Expires header field in seconds.
    pub fn expires(&self) -> Option<u32> {
        self.header("Expires")?.trim().parse().ok()
    }

    /// The Refer-To header field.
    pub fn refer_to(&self) -> Option<Address<'_>> {
        self.header("Refer-To").map(Address::read)
    }

    /// The media type of the body, `type/subtype` without parameters; empty if there is none.
    pub fn content_type(&self) -> &str {
        self.header("Content-Type").map_or("", |value| split_parameters(value).0)
    }

    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// What a ladder writes on the arrow: the method, or the code and phrase with the method answered.
    pub fn label(&self) -> String {
        match &self.start {
            Start::Request { method, .. } => match self.event() {
                Some(event) => format!("{method} ({})", event.package),
                None => method.clone(),
            },
            Start::Response { code, .. } => format!("{code} ({})", self.method()),
        }
    }
}

fn via_branch(via: &str) -> Option<&str> {
    parameter(via.split_once(';')?.1, "branch")
}

/// `value;parameters` cut at the first semicolon.
fn split_parameters(value: &str) -> (&str, &str) {
    let (head, parameters) = value.split_once(';').unwrap_or((value, ""));
    (head.trim(), parameters.trim())
}

/// Takes the next line off, without its end (CRLF, LF or CR at the very end).
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or(&[]);
    *rest = rest.get(end + 1..).unwrap_or(&[]);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn read_start(line: &str) -> Option<Start> {
    if let Some(status) = line.strip_prefix("SIP/2.0 ") {
        let (code, phrase) = status.split_once(' ').unwrap_or((status, ""));
        let code = code.parse().ok().filter(|code| (100..700).contains(code))?;
        return Some(Start::Response { code, phrase: phrase.to_owned() });
    }
    let (method, rest) = line.split_once(' ')?;
    let (uri, version) = rest.trim_end().rsplit_once(' ')?;
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    let legal = version == "SIP/2.0" && !method.is_empty() && method.chars().all(token) && !uri.trim().is_empty();
    legal.then(|| Start::Request { method: method.to_owned(), uri: uri.trim().to_owned() })
}

fn read_headers(rest: &mut &[u8]) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    while !rest.is_empty() {
        let line = next_line(rest);
        if line.is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(line);
        if text.starts_with([' ', '\t']) {
            if let Some(last) = headers.last_mut() {
                last.value.push(' ');
                last.value.push_str(text.trim());
            }
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or((&text, ""));
        headers.push(Header { name: name.trim_end().to_owned(), value: value.trim().to_owned() });
    }
    headers
}

/// The one-letter form of a header field name (RFC 3261 section 7.3.3 and the IANA registry).
fn compact_form(name: &str) -> Option<&'static str> {
    const FORMS: [(&str, &str); 17] = [
        ("Call-ID", "i"),
        ("Contact", "m"),
        ("Content-Encoding", "e"),
        ("Content-Length", "l"),
        ("Content-Type", "c"),
        ("From", "f"),
        ("Subject", "s"),
        ("Supported", "k"),
        ("To", "t"),
        ("Via", "v"),
        ("Event", "o"),
        ("Allow-Events", "u"),
        ("Refer-To", "r"),
        ("Referred-By", "b"),
        ("Session-Expires", "x"),
        ("Accept-Contact", "a"),
        ("Reject-Contact", "j"),
    ];
    FORMS.iter().find(|(full, _)| full.eq_ignore_ascii_case(name)).map(|&(_, compact)| compact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::problems;

    const NOTIFY: &str = "\r\nNOTIFY sip:ue@192.0.2.1 SIP/2.0\r\n\
        v: SIP/2.0/UDP p;branch=z9hG4bKtop, SIP/2.0/UDP f;branch=z9hG4bKown\r\n\
        f: <sip:f@h>;tag=f1\r\nTo: \"U, E\"\r\n <sip:u@h>;tag=u1\r\ni: a@b\r\nCSeq: 7 NOTIFY\r\n\
        Record-Route: <sip:b;lr>,<sip:a;lr>\r\nrecord-route: <sip:c;lr>\r\n\
        o: refer;id=3\r\nSubscription-State: active ; expires=60\r\nc: message/sipfrag;version=2.0\r\n\
        l: 18\r\n\r\nSIP/2.0 100 TryingGARBAGE";

    #[test]
    fn what_a_message_says() {
        let message = Sip::read(NOTIFY.as_bytes()).expect("a message");
        assert_eq!((message.method(), message.request_uri()), ("NOTIFY", Some("sip:ue@192.0.2.1")));
        assert_eq!((message.from_tag(), message.to_tag()), (Some("f1"), Some("u1")));
        assert_eq!(message.to().map(|to| to.uri), Some("sip:u@h"));
        assert_eq!((message.branch(), message.origin_branch()), (Some("z9hG4bKtop"), Some("z9hG4bKown")));
        assert_eq!(message.record_routes(), ["sip:b;lr", "sip:a;lr", "sip:c;lr"]);
        assert_eq!(message.event(), Some(EventHeader { package: "refer", id: Some("3") }));
        let state = message.subscription_state().expect("a state");
        assert_eq!((state.state, state.expires(), state.is_terminated()), ("active", Some(60), false));
        assert_eq!((message.content_type(), &*message.text()), ("message/sipfrag", "SIP/2.0 100 Trying"));
        assert_eq!((message.call_id(), message.header("Call-ID")), ("a@b", Some("a@b")));
        assert_eq!(problems(&message), []);
    }

    #[test]
    fn start_lines() {
        let response = |code, phrase: &str| Ok(Start::Response { code, phrase: phrase.to_owned() });
        let request = |method: &str, uri: &str| Ok(Start::Request { method: method.to_owned(), uri: uri.to_owned() });
        let table = [
            ("SIP/2.0 200 OK\r\n\r\n", response(200, "OK")),
            ("SIP/2.0 183\n\n", response(183, "")),
            ("INVITE sip:a@[2001:db8::1] SIP/2.0", request("INVITE", "sip:a@[2001:db8::1]")),
            ("SIP/2.0 99 No\r\n\r\n", Err(NotSip::StartLine)),
            ("GET / HTTP/1.1\r\n\r\n", Err(NotSip::StartLine)),
            ("IN VITE sip:a SIP/2.0\r\n", request("IN", "VITE sip:a")),
            ("\r\n\r\n", Err(NotSip::Empty)),
            ("", Err(NotSip::Empty)),
        ];
        for (text, expected) in table {
            assert_eq!(Sip::read(text.as_bytes()).map(|message| message.start), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_malformed_has_a_name() {
        let base = "REFER sip:f@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9\r\nFrom: <sip:u@h>;tag=1\r\nTo: <sip:f@h>\r\n\
                    Call-ID: x\r\nCSeq: 1 REFER\r\n\r\n";
        let table = [
            ("CSeq: 1 REFER", "CSeq: one REFER", "CSeq"),
            ("CSeq: 1 REFER", "CSeq: 1 INVITE", "CSeq"),
            ("Call-ID: x\r\n", "", "Call-ID"),
            (";tag=1", "", "From"),
            ("Call-ID: x", "Call-ID: x\r\nRefer-To: sip:a@b?Replaces=c", "Refer-To"),
            ("Call-ID: x", "Call-ID: x\r\nContent-Length: 9", "Content-Length"),
            ("Call-ID: x", "Call-ID: x\r\nRAck: 1 INVITE", "RAck"),
            ("Call-ID: x", "Call-ID: x\r\nSubscription-State: ;expires=3", "Subscription-State"),
            ("Call-ID: x", "Call-ID: x\r\nEvent: a\r\nEvent: b", "Event"),
        ];
        let read = |text: &str| Sip::read(text.as_bytes()).expect("a message");
        assert_eq!(problems(&read(base)), []);
        for (from, to, header) in table {
            let found = problems(&read(&base.replace(from, to)));
            assert_eq!(found.iter().map(|problem| problem.header).collect::<Vec<_>>(), [header], "{to}");
        }
    }
}
