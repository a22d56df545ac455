//! What the user agents share: transactions, identifiers, and where a request goes.
//!
//! An [`Endpoint`] knows nothing of calls. A role hands it a [`Request`] that a dialog numbered and addressed, adds its
//! own header fields, and gets back the key under which the response will come.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::agent::{Addr, PathMtu, Transmit, Transport};
use crate::dialog::{Dialog, Request, Tag};
use crate::ident::Identifiers;
use crate::role::access::Access;
use crate::role::authentication::{self, Authentication, Challenged, Exchange, Proof};
use crate::role::config::{Credentials, Hosts, Identity, SessionTimer};
use crate::role::next_hop;
use crate::role::session::TIMER;
use crate::time::{Time, Timer, earliest};
use crate::transaction::{ClientKey, Inbound, ServerKey, TimerSettings, TransactionEvent, Transactions};
use crate::wire::edit::Edit;
use crate::wire::text::is_token;
use crate::wire::{Builder, Message, Method, Name};

/// The methods that every user agent here understands (RFC 3261 section 20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, REFER, NOTIFY, SUBSCRIBE";

/// Longest time that a peer is asked to wait after a 500 to its offer, in seconds (RFC 3311 section 5.2).
const LONGEST_WAIT: u64 = 10;

/// A request could not be sent: no address for the next hop, no room for a transaction, or a value of the peer's that
/// cannot be written into a message. To be treated as 503 (RFC 3261 section 8.1.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsendable;

/// The plumbing of a user agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint {
    identifiers: Identifiers,
    address: Addr,
    /// The address as it stands in a Via.
    sent_by: Arc<str>,
    hosts: Hosts,
    access: Access,
    path_mtu: PathMtu,
    session_timer: Option<SessionTimer>,
    /// Of a user agent that has credentials.
    authentication: Option<Box<Authentication>>,
    transactions: Transactions,
    /// The earliest timer of the role itself, from which it follows.
    own_deadline: Option<Time>,
}

impl Endpoint {
    pub(crate) fn new(identity: &Identity, address: Addr, hosts: Hosts, timers: TimerSettings) -> Self {
        let identifiers = identity.identifiers();
        // Without the scope of an IPv6 address: that is a name for this host alone, and no host of the grammar has one.
        let sent_by = SocketAddr::new(address.socket.ip(), address.socket.port()).to_string().into();
        Self {
            identifiers,
            address,
            sent_by,
            hosts,
            access: Access::default(),
            path_mtu: PathMtu::Unlimited,
            session_timer: None,
            authentication: None,
            transactions: Transactions::new(timers),
            own_deadline: None,
        }
    }

    /// The endpoint of a user equipment, whose messages tell how it reaches the network.
    pub(crate) fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same endpoint, whose requests heed the path to their next hop.
    pub(crate) fn with_path_mtu(self, path_mtu: PathMtu) -> Self {
        Self { path_mtu, ..self }
    }

    /// The same endpoint, which answers challenges with these credentials, if there are any.
    pub(crate) fn with_credentials(self, credentials: &[Credentials]) -> Self {
        let authentication = (!credentials.is_empty()).then(|| Box::new(Authentication::new(credentials)));
        Self { authentication, ..self }
    }

    /// The same endpoint with session timers: all its requests say that it has the extension (RFC 4028 section 7.1).
    pub(crate) fn with_session_timer(self, session_timer: Option<SessionTimer>) -> Self {
        Self { session_timer, ..self }
    }

    pub(crate) const fn session_timer(&self) -> Option<SessionTimer> {
        self.session_timer
    }

    pub(crate) const fn identifiers(&self) -> &Identifiers {
        &self.identifiers
    }

    pub(crate) const fn timers(&self) -> &TimerSettings {
        self.transactions.settings()
    }

    pub(crate) fn tag(&self, cause: &[&[u8]]) -> Tag {
        self.identifiers.token("tag", cause, 0).into()
    }

    /// What a received message means to the transaction user.
    pub(crate) fn receive(&mut self, now: Time, from: Addr, message: &Message<'_>) -> Inbound {
        let inbound = self.transactions.receive(now, from, message);
        match (&self.authentication, inbound) {
            (Some(authentication), Inbound::Response { client, first }) => {
                // Only of a request that has been sent again meanwhile there is no such key.
                authentication.known_as(&client).map_or(Inbound::Absorbed, |client| Inbound::Response { client, first })
            }
            (_, inbound) => inbound,
        }
    }

    /// Sends a request in a client transaction of its own. `finish` adds what the dialog does not decide.
    pub(crate) fn request(
        &mut self,
        now: Time,
        request: &Request,
        finish: impl FnOnce(Builder) -> Builder,
    ) -> Result<ClientKey, Unsendable> {
        let branch = request.branch(&self.identifiers);
        let proofs = self.authentication.as_mut().map(|authentication| authentication.proofs(request));
        let (to, bytes) = self.render(request, &branch, proofs.as_deref().unwrap_or_default(), finish)?;
        let key = ClientKey::new(branch.as_bytes(), request.method);
        let kept = proofs.map(|proofs| (proofs, bytes.clone()));
        self.transactions.start(now, key.clone(), self.address.socket.into(), bytes, to).map_err(|_| Unsendable)?;
        if let (Some(authentication), Some((proofs, bytes))) = (&mut self.authentication, kept) {
            authentication.sent(&key, request.clone(), to, bytes, proofs);
        }
        Ok(key)
    }

    /// What a response means to the request with this key: whether it is a challenge, and whether that can be met.
    pub(crate) fn challenged(&mut self, client: &ClientKey, response: &Message<'_>) -> Challenged {
        if !matches!(response.status(), Some(401 | 407)) || client.method() == Method::Cancel {
            return Challenged::No;
        }
        match &mut self.authentication {
            Some(authentication) => authentication.judge(&self.identifiers, client, response),
            None => authentication::without_keyring(response),
        }
    }

    /// Sends the request with this key once more, under this number and with the credentials that its challenge wants;
    /// the key stays (RFC 3261 section 8.1.3.5).
    pub(crate) fn request_again(&mut self, now: Time, client: &ClientKey, cseq: u32) -> Result<(), Unsendable> {
        let authentication = self.authentication.as_mut().ok_or(Unsendable)?;
        let exchange = authentication.exchange(client).ok_or(Unsendable)?.clone();
        let request = exchange.request.clone().renumbered(cseq);
        let (branch, proofs) = (request.branch(&self.identifiers), authentication.proofs(&request));
        let bytes = authentication::again(&exchange.bytes, &branch, cseq, &proofs).map_err(|_| Unsendable)?;
        let (to, bytes) = self.fit(exchange.to, bytes)?;
        let key = ClientKey::new(branch.as_bytes(), request.method);
        let sent_by = self.address.socket.into();
        self.transactions.start(now, key.clone(), sent_by, bytes.clone(), to).map_err(|_| Unsendable)?;
        if let Some(authentication) = &mut self.authentication {
            authentication.sent_again(client, key, Exchange { request, to, bytes, proofs, ..exchange });
        }
        Ok(())
    }

    /// Sends the ACK to a 2xx: it has no transaction, and another copy of the 2xx gets another copy of it.
    pub(crate) fn acknowledge(&mut self, ack: &Request) -> Result<(), Unsendable> {
        let proofs = self.authentication.as_ref().map(|authentication| authentication.proofs_of_invite(ack));
        let branch = ack.branch(&self.identifiers);
        let (to, bytes) = self.render(ack, &branch, proofs.as_deref().unwrap_or_default(), std::convert::identity)?;
        self.transactions.send(bytes, to);
        Ok(())
    }

    fn render(
        &self,
        request: &Request,
        branch: &str,
        proofs: &[Proof],
        finish: impl FnOnce(Builder) -> Builder,
    ) -> Result<(Addr, Vec<u8>), Unsendable> {
        let to = next_hop(&self.hosts, &request.routed.next_hop.as_uri()).ok_or(Unsendable)?;
        let builder = request.builder(branch, to.transport, &self.sent_by);
        let builder = proofs.iter().fold(builder, |builder, proof| builder.field(proof.name(), proof.value()));
        let builder = self.access.request(request, builder);
        let timer = self.session_timer.is_some() && request.method != Method::Ack;
        let builder = if timer { builder.supported(&[TIMER]) } else { builder };
        self.fit(to, finish(builder).render().map_err(|_| Unsendable)?)
    }

    /// The transport for a request of this size.
    fn fit(&self, to: Addr, bytes: Vec<u8>) -> Result<(Addr, Vec<u8>), Unsendable> {
        if to.transport.is_reliable() || self.path_mtu.admits(bytes.len()) {
            return Ok((to, bytes));
        }
        over_tcp(&bytes).map(|bytes| (to.over(Transport::Tcp), bytes)).ok_or(Unsendable)
    }

    /// The transport could not deliver this.
    pub(crate) fn undelivered(&mut self, now: Time, failed: Transmit) {
        self.transactions.undelivered(now, failed);
    }

    /// The dialog of a 2xx that nobody wants any more: ACK, then BYE (RFC 3261 sections 13.2.2.4 and 15).
    pub(crate) fn refuse_success(&mut self, now: Time, mut dialog: Dialog, invite_cseq: u32) {
        // A copy of it comes here again: the ACK is repeated, the branch of the BYE is in use and it is not.
        let _ = self.acknowledge(&dialog.ack(invite_cseq));
        if let Ok(bye) = dialog.request(Method::Bye) {
            let _ = self.request(now, &bye, std::convert::identity);
        }
    }

    /// Cancels an INVITE that has a provisional response; whether the CANCEL is out.
    pub(crate) fn cancel(&mut self, now: Time, invite: &ClientKey) -> bool {
        // Too early is no fault, nor is too late: then the final response is here and decides.
        let authentication = self.authentication.as_ref();
        let invite = authentication.map_or(invite, |authentication| authentication.transaction_of(invite));
        self.transactions.cancel(now, invite).is_ok()
    }

    /// A response to a request that has no final response yet; none if it has. With `tag` as To tag of a dialog, or
    /// with one made from the branch, so that every answer to this request has the same.
    pub(crate) fn response(&self, to: &ServerKey, code: u16, tag: Option<&Tag>) -> Option<Builder> {
        let echo = self.transactions.unanswered(to)?;
        let response = match tag {
            Some(tag) => echo.response(code, phrase(code), Some(tag.as_bytes())),
            None if !echo.takes_to_tag() => echo.response(code, phrase(code), None),
            None => {
                let tag = self.identifiers.token("tag", &[echo.top_via()], 0);
                echo.response(code, phrase(code), Some(tag.as_bytes()))
            }
        };
        let response = self.access.response(to.method(), response);
        Some(match code {
            405 => response.field(Name::Allow, ALLOW),
            415 => response.field(Name::Accept, crate::body::sdp::MEDIA_TYPE),
            422 => response.min_se(self.session_timer.unwrap_or_default().least()),
            489 => response.allow_events(&["conference", "refer"]),
            _ => response,
        })
    }

    /// A response that makes or confirms a dialog: with the Record-Route of its request (RFC 3261 section 12.1.1).
    pub(crate) fn dialog_response(&self, to: &ServerKey, code: u16, tag: &Tag) -> Option<Builder> {
        let echo = self.transactions.unanswered(to)?;
        Some(echo.with_record_route(self.response(to, code, Some(tag))?).field(Name::Allow, ALLOW))
    }

    /// Sends a response, provisional or final.
    pub(crate) fn respond(&mut self, now: Time, to: &ServerKey, response: Builder) {
        let rendered = response.status().zip(response.render().ok());
        // A response that cannot be written, as something of the request is in it, would leave the request without one.
        if let Some((status, bytes)) = rendered.or_else(|| self.failure(to)) {
            // As in `repeat`.
            let _ = self.transactions.answer(now, to, status, bytes);
        }
    }

    /// The 500 that says nothing but that something went wrong here.
    fn failure(&self, to: &ServerKey) -> Option<(u16, Vec<u8>)> {
        let failure = self.response(to, 500, None)?;
        failure.status().zip(failure.render().ok())
    }

    /// Sends a response that has to be repeated until its peer shows that it came, and gives back its bytes.
    pub(crate) fn respond_and_keep(&mut self, now: Time, to: &ServerKey, response: Builder) -> Option<Vec<u8>> {
        let status = response.status()?;
        let bytes = response.render().ok()?;
        // As in `repeat`.
        let _ = self.transactions.answer(now, to, status, bytes.clone());
        Some(bytes)
    }

    /// Sends a copy of a response: of a 2xx to INVITE or of a reliable 1xx.
    pub(crate) fn repeat(&mut self, now: Time, to: &ServerKey, bytes: Vec<u8>) {
        // The transaction may be gone (Timer L): then nobody waits for this response any more.
        let _ = self.transactions.respond(now, to, bytes);
    }

    /// Answers with a status and nothing else.
    pub(crate) fn answer(&mut self, now: Time, to: &ServerKey, code: u16, tag: Option<&Tag>) {
        if let Some(response) = self.response(to, code, tag) {
            self.respond(now, to, response);
        }
    }

    /// Refuses with 500 and a time to wait a request that comes while an earlier one of the same side is open (RFC
    /// 3311 section 5.2).
    pub(crate) fn answer_later(&mut self, now: Time, to: &ServerKey) {
        let Some(echo) = self.transactions.unanswered(to) else { return };
        let wait = self.identifiers.number("retry-after", &[echo.top_via()], 0) % (LONGEST_WAIT + 1);
        let seconds = u32::try_from(wait).unwrap_or_default();
        if let Some(response) = self.response(to, 500, None) {
            self.respond(now, to, response.number(Name::RetryAfter, seconds));
        }
    }

    /// The 420 to a request that requires an extension that is not among `supported` (RFC 3261 section 8.2.2.3), 400 if
    /// what it requires is no name of one; none if it can be served.
    pub(crate) fn refuse_unsupported(
        &self,
        to: &ServerKey,
        request: &Message<'_>,
        supported: &[&str],
    ) -> Option<Builder> {
        let timer = self.session_timer.map(|_| TIMER);
        let all = supported.iter().copied().chain(timer);
        let known = |tag: &[u8]| all.clone().any(|option| tag.eq_ignore_ascii_case(option.as_bytes()));
        if request.require().all(known) {
            return None;
        }
        let unknown: Vec<_> = request.require().filter(|tag| !known(tag)).map(String::from_utf8_lossy).collect();
        if !unknown.iter().all(|tag| is_token(tag.as_bytes())) {
            return self.response(to, 400, None);
        }
        Some(self.response(to, 420, None)?.field(Name::Unsupported, unknown.join(", ")))
    }

    /// Whether the same request came on another way before (RFC 3261 section 8.2.2.2).
    pub(crate) fn is_merged(&self, request: &ServerKey) -> bool {
        self.transactions.is_merged(request)
    }

    pub(crate) fn timeout(&mut self, now: Time) {
        self.transactions.timeout(now);
    }

    pub(crate) fn poll_event(&mut self) -> Option<TransactionEvent> {
        loop {
            let event = self.transactions.poll_event()?;
            let Some(authentication) = &mut self.authentication else { return Some(event) };
            if let Some(event) = authentication.translate(event) {
                return Some(event);
            }
        }
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transactions.poll_transmit()
    }

    /// The earliest timer of the role itself is now this one.
    pub(crate) const fn wake_at(&mut self, deadline: Option<Time>) {
        self.own_deadline = deadline;
    }

    /// Whether a timer of the role itself is due.
    pub(crate) fn is_own_due(&self, now: Time) -> bool {
        self.own_deadline.is_some_and(|at| at <= now)
    }

    /// When the first timer fires, a transaction's or one of the role itself, which are `own`.
    pub(crate) fn poll_timeout(&self, own: impl Iterator<Item = Timer>) -> Option<Time> {
        debug_assert_eq!(self.own_deadline, earliest(own), "what was written down is exact");
        self.own_deadline.into_iter().chain(self.transactions.poll_timeout()).min()
    }

    pub(crate) fn pending(&self) -> impl Iterator<Item = Timer> + '_ {
        self.transactions.timers()
    }

    /// How many transactions there are.
    pub(crate) fn transactions(&self) -> usize {
        self.transactions.client_count() + self.transactions.server_count()
    }
}

/// A request that is too large for UDP, for TCP (RFC 3261 section 18.1.1); as long as before.
pub(crate) fn over_tcp(request: &[u8]) -> Option<Vec<u8>> {
    let message = Message::parse(request).ok()?;
    Some(Edit::new(&message).set_via_transport(Transport::Tcp).ok()?.render())
}

/// The reason phrase that RFC 3261 section 21 and its extensions give to a code.
pub(crate) const fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        580 => "Precondition Failure",
        603 => "Decline",
        _ => "Response",
    }
}
