//! A stateless proxy hop that record-routes and routes loosely (RFC 3261 section 16): the default P-CSCF and S-CSCF.
//!
//! It forwards every copy of a message in the same way, because its branch is a hash of the branch it received (section
//! 16.11); so it needs no table and no timer. It never answers 100 and never forks. Record-routed are the requests that
//! make dialogs, and every NOTIFY, since a NOTIFY may make one (RFC 6665 section 4.3). A P-CSCF also changes what
//! crosses the edge of the trust domain, see `edge.rs`.
//!
//! A request goes on over the transport that it came over: what is not repeated on one side has nobody who repeats it
//! on the other, since this proxy has no transactions.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::agent::{Addr, Agent, Discard, Receipt, Transmit, Transport};
use crate::error::CommandError;
use crate::ident::{Identifier, Identifiers};
use crate::role::config::{ProxyConfig, Served};
use crate::role::{edge, next_hop};
use crate::time::{Time, Timer};
use crate::wire::edit::{Edit, EditError};
use crate::wire::{Message, Method, Uri, Via, response_to};

/// Most datagrams that wait to be sent.
pub const MAX_OUTBOX: usize = 256;

/// A proxy takes no commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {}

/// A proxy has nothing to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {}

/// A stateless proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    config: ProxyConfig,
    identifiers: Identifiers,
    outbox: VecDeque<Transmit>,
}

/// Why a request is not forwarded.
enum Refusal {
    /// Answer it with this status.
    Answer(u16, &'static str),
    /// It cannot even be answered.
    Drop,
}

impl From<EditError> for Refusal {
    fn from(error: EditError) -> Self {
        match error {
            EditError::TooManyHops => Self::Answer(483, "Too Many Hops"),
            EditError::Header(_) | EditError::IllegalByte => Self::Answer(400, "Bad Request"),
            EditError::NotARequest => Self::Drop,
        }
    }
}

impl Proxy {
    /// A proxy hop.
    pub fn new(config: ProxyConfig) -> Self {
        let identifiers = config.identity.identifiers();
        Self { config, identifiers, outbox: VecDeque::new() }
    }

    fn sent_by(&self) -> String {
        self.config.address.socket.to_string()
    }

    /// Whether a Route URI names this proxy: the user part is the network's own business (`orig@…`).
    fn is_own(&self, uri: &Uri<'_>) -> bool {
        let own = self.config.uri.as_uri();
        uri.host() == own.host() && uri.port() == own.port()
    }

    /// The user equipment at this address, if this proxy is its P-CSCF.
    fn user_at(&self, address: Addr) -> Option<&Served> {
        self.config.served.as_ref().filter(|served| served.address == address.socket.ip())
    }

    /// The branch of a stateless proxy (section 16.11): the same for every copy of a request, for its CANCEL and for
    /// the ACK to its failure response.
    fn branch(&self, request: &Message<'_>, via: &Via<'_>) -> Identifier {
        match via.branch() {
            Some(branch) if via.has_magic_cookie() => self.identifiers.branch(&[branch, via.sent_by]),
            _ => {
                let to = request.to_tag().ok().flatten().unwrap_or_default();
                let from = request.from_tag().ok().flatten().unwrap_or_default();
                let call_id = request.call_id().unwrap_or_default();
                let cseq = request.cseq().map_or(0, |cseq| cseq.number).to_be_bytes();
                let uri = request.request_uri().map(|uri| uri.as_bytes()).unwrap_or_default();
                self.identifiers.branch(&[via.raw, to, from, call_id, &cseq, uri])
            }
        }
    }

    fn forward_request(&self, from: Addr, request: &Message<'_>) -> Result<Transmit, Refusal> {
        let via = request.via().map_err(|_| Refusal::Drop)?;
        let bad = |_| Refusal::Answer(400, "Bad Request");
        let uri = request.request_uri().map_err(bad)?;
        let mut routes = request.route().map_err(bad)?.into_iter().peekable();
        let mut edit = Edit::new(request).stamp_via(from.socket)?.decrement_max_forwards()?;
        if routes.next_if(|route| self.is_own(&route.uri)).is_some() {
            edit = edit.pop_route()?;
        }
        let hop = routes.peek().map_or(uri, |route| route.uri);
        let to = next_hop(&self.config.hosts, &hop).ok_or(Refusal::Answer(503, "Service Unavailable"))?;
        let to = to.over(from.transport);
        if let Some(served) = self.user_at(from) {
            let charging = self.identifiers.token("icid", &[request.call_id().unwrap_or_default()], 0);
            edit = edge::request_from_user(served, request, edit, &charging)?;
        }
        if self.user_at(to).is_some() {
            edit = edge::to_user(request, edit);
        }
        if makes_dialogs(request.method()) {
            edit = edit.push_record_route(&format!("<{}>", self.config.uri))?;
        }
        let branch = self.branch(request, &via);
        let own = format!("SIP/2.0/{} {};branch={branch}", to.transport.via_token(), self.sent_by());
        Ok(Transmit { to, bytes: edit.push_via(&own)?.render() })
    }

    /// Where a response goes: to the Via below ours, as this proxy stamped it (section 16.7 step 9, RFC 3581 section
    /// 4).
    fn forward_response(&self, from: Addr, response: &Message<'_>) -> Option<Transmit> {
        let mut vias = response.vias().ok()?.into_iter();
        if vias.next()?.sent_by != self.sent_by().as_bytes() {
            return None;
        }
        let below = vias.next()?;
        let port = below.rport().flatten().or(below.port);
        let received = below.received().and_then(|text| std::str::from_utf8(text).ok());
        let host = match received.and_then(|text| text.parse::<IpAddr>().ok()) {
            Some(ip) => ip.to_string(),
            None => below.host.to_string(),
        };
        let reliable = below.transport.eq_ignore_ascii_case(Transport::Tcp.via_token().as_bytes());
        let transport = if reliable { Transport::Tcp } else { Transport::Udp };
        let to = self.config.hosts.host(&host, port)?.over(transport);
        let mut edit = Edit::new(response).pop_via().ok()?;
        if self.user_at(from).is_some() {
            edit = edge::response_from_user(edit);
        }
        if self.user_at(to).is_some() {
            edit = edge::to_user(response, edit);
        }
        Some(Transmit { to, bytes: edit.render() })
    }

    /// Answers without any state (section 8.2.7); an ACK is never answered.
    fn refuse(&self, from: Addr, request: &Message<'_>, code: u16, phrase: &str) -> Option<Transmit> {
        let via = request.via().ok()?;
        if request.method() == Some(Method::Ack) {
            return None;
        }
        let tag = self.identifiers.token("tag", &[via.raw], 0);
        let bytes = response_to(request, code, phrase, Some(&tag)).stamp_via(from.socket).render().ok()?;
        let to = Addr { socket: via.reply_address(from.socket), transport: from.transport };
        Some(Transmit { to, bytes })
    }
}

/// Whether a dialog may come into being by this request.
const fn makes_dialogs(method: Option<Method<'_>>) -> bool {
    matches!(method, Some(Method::Invite | Method::Subscribe | Method::Refer | Method::Notify))
}

impl Agent for Proxy {
    type Command = Command;
    type Event = Event;

    fn handle_datagram(&mut self, _now: Time, from: Addr, bytes: &[u8]) -> Receipt {
        let Ok(message) = Message::parse(bytes) else { return Receipt::Discarded(Discard::NotSip) };
        if self.outbox.len() >= MAX_OUTBOX {
            return Receipt::Discarded(Discard::TableFull);
        }
        let (transmit, otherwise) = if message.is_request() {
            let transmit = match self.forward_request(from, &message) {
                Ok(transmit) => Some(transmit),
                Err(Refusal::Answer(code, phrase)) => self.refuse(from, &message, code, phrase),
                Err(Refusal::Drop) => None,
            };
            (transmit, Discard::Unmatchable)
        } else {
            (self.forward_response(from, &message), Discard::StrayResponse)
        };
        match transmit {
            Some(transmit) => {
                self.outbox.push_back(transmit);
                Receipt::Consumed
            }
            None => Receipt::Discarded(otherwise),
        }
    }

    /// A request for which TCP was refused goes over UDP (section 18.1.1); more a stateless proxy cannot do.
    fn handle_transport_error(&mut self, _now: Time, failed: Transmit) {
        let Ok(message) = Message::parse(&failed.bytes) else { return };
        if !message.is_request() || !failed.to.transport.is_reliable() || self.outbox.len() >= MAX_OUTBOX {
            return;
        }
        if let Ok(edit) = Edit::new(&message).set_via_transport(Transport::Udp) {
            self.outbox.push_back(Transmit { to: failed.to.over(Transport::Udp), bytes: edit.render() });
        }
    }

    fn handle_timeout(&mut self, _now: Time) {}

    fn handle_command(&mut self, _now: Time, command: Command) -> Result<(), CommandError> {
        match command {}
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::config::{Hosts, Identity};
    use crate::wire::Name;

    const OWN: &str = "192.0.2.5:5060";
    const UE: &str = "192.0.2.9:40000";
    const FOCUS: &str = "192.0.2.17:5070";
    const OTHER: &str = "192.0.2.6:5060";

    fn at(text: &str) -> Addr {
        Addr::udp(text.parse().expect("a socket address"))
    }

    fn proxy() -> Proxy {
        let uri = "sip:pcscf.example;lr".parse().expect("a URI");
        let mut config = ProxyConfig::new(Identity::new(1, "pcscf"), at(OWN), uri);
        config.hosts = Hosts::new().with_name("focus.example", at(FOCUS)).with_name("scscf.example", at(OTHER));
        Proxy::new(config)
    }

    fn request(method: &str, fields: &str) -> Vec<u8> {
        format!(
            "{method} sip:factory@focus.example SIP/2.0\r\nVia: SIP/2.0/UDP ue.example;branch=z9hG4bKa;rport\r\n\
             From: <sip:a@example>;tag=1\r\nTo: <sip:factory@focus.example>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
             X-Kept: as  it is\r\n{fields}Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    fn forwarded(proxy: &mut Proxy, from: &str, bytes: &[u8]) -> Transmit {
        assert_eq!(proxy.handle_datagram(Time::EPOCH, at(from), bytes), Receipt::Consumed);
        proxy.poll_transmit().expect("forwarded")
    }

    fn values(bytes: &[u8], name: Name<'_>) -> Vec<String> {
        let message = Message::parse(bytes).expect("SIP");
        message.values(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }

    /// RFC 3261 section 16.4 and 16.6: its own Route goes, the next one is the hop, Via and Record-Route are added.
    #[test]
    fn a_request_follows_its_route() {
        let fields = "Max-Forwards: 70\r\nRoute: <sip:pcscf.example;lr>, <sip:orig@scscf.example;lr>\r\n";
        let sent = forwarded(&mut proxy(), UE, &request("INVITE", fields));
        assert_eq!(sent.to, at(OTHER));
        assert_eq!(values(&sent.bytes, Name::Route), ["<sip:orig@scscf.example;lr>"]);
        assert_eq!(values(&sent.bytes, Name::RecordRoute), ["<sip:pcscf.example;lr>"]);
        assert_eq!(values(&sent.bytes, Name::MaxForwards), ["69"]);
        let vias = values(&sent.bytes, Name::Via);
        assert!(vias[0].starts_with("SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK"), "{vias:?}");
        assert!(vias[1].contains("received=192.0.2.9") && vias[1].contains("rport=40000"), "{vias:?}");
        assert!(sent.bytes.windows(17).any(|part| part == b"X-Kept: as  it is"), "every other byte stays");
    }

    #[test]
    fn without_a_route_the_request_uri_is_the_hop() {
        let sent = forwarded(&mut proxy(), UE, &request("BYE", "Max-Forwards: 70\r\n"));
        assert_eq!(sent.to, at(FOCUS));
        assert_eq!(values(&sent.bytes, Name::RecordRoute), [""; 0], "a BYE makes no dialog");
    }

    /// RFC 3261 section 16.11: copies, and the CANCEL and the ACK that belong to an INVITE, get the branch of it.
    #[test]
    fn the_branch_is_a_function_of_the_received_branch() {
        let mut proxy = proxy();
        let branch = |sent: &Transmit| {
            let message = Message::parse(&sent.bytes).expect("SIP");
            message.via().expect("Via").branch().map(<[u8]>::to_vec)
        };
        let fields = "Max-Forwards: 70\r\n";
        let invite = branch(&forwarded(&mut proxy, UE, &request("INVITE", fields)));
        for method in ["INVITE", "CANCEL", "ACK"] {
            assert_eq!(branch(&forwarded(&mut proxy, UE, &request(method, fields))), invite, "{method}");
        }
        let text = String::from_utf8(request("INVITE", fields)).expect("text").replace("z9hG4bKa", "z9hG4bKb");
        assert_ne!(branch(&forwarded(&mut proxy, UE, text.as_bytes())), invite);
        let old = String::from_utf8(request("INVITE", fields)).expect("text").replace("z9hG4bKa", "1");
        let old = branch(&forwarded(&mut proxy, UE, old.as_bytes()));
        assert!(old.is_some() && old != invite, "a branch of RFC 2543 does too");
    }

    #[test]
    fn what_cannot_go_on_is_answered() {
        let cases = [
            ("INVITE", "Max-Forwards: 0\r\n", Some(483)),
            ("INVITE", "Max-Forwards: 70\r\nRoute: <sip:nowhere.example;lr>\r\n", Some(503)),
            ("INVITE", "Max-Forwards: 70\r\nRoute: <<>\r\n", Some(400)),
            ("ACK", "Max-Forwards: 0\r\n", None),
        ];
        for (method, fields, expected) in cases {
            let mut proxy = proxy();
            let before = proxy.clone();
            let receipt = proxy.handle_datagram(Time::EPOCH, at(UE), &request(method, fields));
            let answer = proxy.poll_transmit();
            let status = answer.as_ref().and_then(|answer| Message::parse(&answer.bytes).ok()?.status());
            assert_eq!(status, expected, "{method} {fields}");
            match answer {
                Some(answer) => assert_eq!(answer.to, at(UE), "{method} {fields}"),
                None => {
                    assert_eq!(receipt, Receipt::Discarded(Discard::Unmatchable), "an ACK is never answered");
                    assert_eq!(proxy, before);
                }
            }
        }
    }

    #[test]
    fn a_response_goes_back_where_the_request_came_from() {
        let mut proxy = proxy();
        let sent = forwarded(&mut proxy, UE, &request("INVITE", "Max-Forwards: 70\r\n"));
        let request = Message::parse(&sent.bytes).expect("SIP");
        let response = response_to(&request, 200, "OK", Some("t")).render().expect("a response");
        let back = forwarded(&mut proxy, FOCUS, &response);
        assert_eq!(back.to, at(UE));
        assert_eq!(values(&back.bytes, Name::Via).len(), 1);

        let stray = String::from_utf8(response).expect("text").replace("192.0.2.5", "192.0.2.55");
        let receipt = proxy.handle_datagram(Time::EPOCH, at(FOCUS), stray.as_bytes());
        assert_eq!(receipt, Receipt::Discarded(Discard::StrayResponse), "the top Via is not ours");
    }
}
