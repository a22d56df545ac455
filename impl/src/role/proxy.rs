//! A stateless proxy hop that record-routes and routes loosely (RFC 3261 section 16): the default P-CSCF and S-CSCF.
//!
//! It forwards every copy of a message in the same way, because its branch is a hash of the branch it received (section
//! 16.11); so it needs no table and no timer. It never answers 100 and never forks. Record-routed are the requests that
//! make dialogs, and every NOTIFY, since a NOTIFY may make one (RFC 6665 section 4.3).

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::agent::{Addr, Agent, Discard, Receipt, Transmit};
use crate::error::CommandError;
use crate::ident::Identifiers;
use crate::role::config::ProxyConfig;
use crate::role::next_hop;
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

    /// The branch of a stateless proxy (section 16.11): the same for every copy of a request, for its CANCEL and for the
    /// ACK to its failure response.
    fn branch(&self, request: &Message<'_>, via: &Via<'_>) -> String {
        match via.branch() {
            Some(branch) if via.has_magic_cookie() => self.identifiers.branch(&[branch, via.sent_by]),
            _ => {
                let to = request.to().ok().and_then(|to| to.tag()).unwrap_or_default();
                let from = request.from().ok().and_then(|from| from.tag()).unwrap_or_default();
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
        if makes_dialogs(request.method()) {
            edit = edit.push_record_route(&format!("<{}>", self.config.uri))?;
        }
        let branch = self.branch(request, &via);
        let own = format!("SIP/2.0/{} {};branch={branch}", to.transport.via_token(), self.sent_by());
        Ok(Transmit { to, bytes: edit.push_via(&own)?.render() })
    }

    /// Where a response goes: to the Via below ours, as this proxy stamped it (section 16.7 step 9, RFC 3581 section 4).
    fn forward_response(&self, response: &Message<'_>) -> Option<Transmit> {
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
        let to = self.config.hosts.host(&host, port)?;
        let bytes = Edit::new(response).pop_via().ok()?.render();
        Some(Transmit { to, bytes })
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
            (self.forward_response(&message), Discard::StrayResponse)
        };
        match transmit {
            Some(transmit) => {
                self.outbox.push_back(transmit);
                Receipt::Consumed
            }
            None => Receipt::Discarded(otherwise),
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
