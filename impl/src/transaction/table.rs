//! The table of all transactions of one agent: matches what comes in, runs the machines, collects what goes out.
//!
//! RFC 3261 sections 17.1.3 and 17.2.3 (matching), 9 (CANCEL), 8.2.2.2 (merged requests), 18.1.2 and 18.2 (what the
//! transport does for transactions). Read first: [`Transactions::receive`].

use std::collections::{BTreeMap, VecDeque};

use super::derived::HopByHop;
use super::invite_server::InviteServer;
use super::key::{Origin, SentBy};
use super::machine::{Client, Server};
use super::non_invite_server::NonInviteServer;
use super::packet::Packet;
use super::timers::Conditions;
use super::{
    ClientKey, ClientOutput, ClientOutputs, Inbound, ServerKey, ServerOutput, ServerOutputs, TimerName, TimerSettings,
    TransactionError, TransactionEvent, TransactionKey,
};
use crate::agent::{Addr, Discard, Transmit, Transport};
use crate::time::{Time, Timer};
use crate::wire::edit::Edit;
use crate::wire::{Message, Method, Name, Via, response_to};

/// Most client transactions at a time, the lingering ones included.
pub const MAX_CLIENT_TRANSACTIONS: usize = 1024;

/// Most server transactions at a time, the lingering ones included. A request beyond it is dropped, and comes again
/// by its sender's retransmission.
pub const MAX_SERVER_TRANSACTIONS: usize = 1024;

/// Every transaction of one agent, client and server.
///
/// The caller drains [`Self::poll_transmit`] and [`Self::poll_event`] after every call that takes `&mut self`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transactions {
    settings: TimerSettings,
    clients: BTreeMap<ClientKey, ClientEntry>,
    servers: BTreeMap<ServerKey, ServerEntry>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<TransactionEvent>,
}

/// A client transaction and where its request goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ClientEntry {
    machine: Client,
    to: Addr,
    sent_by: SentBy,
}

/// A server transaction and where its responses go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ServerEntry {
    machine: Server,
    to: Addr,
    origin: Option<Origin>,
}

impl Transactions {
    /// An empty table that runs with these timers.
    pub fn new(settings: TimerSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The timers, from which the transaction user takes its own retransmission intervals.
    pub const fn settings(&self) -> &TimerSettings {
        &self.settings
    }

    /// Starts a client transaction for a request and sends it to `to`. INVITE or non-INVITE by its method.
    ///
    /// # Errors
    /// The bytes are no request, an ACK, have no unique branch, or the table is full.
    pub fn request(&mut self, now: Time, bytes: Vec<u8>, to: Addr) -> Result<ClientKey, TransactionError> {
        let message = Message::parse(&bytes).map_err(|error| TransactionError::NotARequest(error.to_string()))?;
        let method = message.method().ok_or_else(|| TransactionError::NotARequest("a response".to_owned()))?;
        if method == Method::Ack {
            return Err(TransactionError::Ack);
        }
        let via = message.via()?;
        let key = ClientKey::of_request(&via, method)?;
        let derived = if method == Method::Invite { Some(HopByHop::of(&message)?) } else { None };
        self.vacancy(&key)?;
        let (conditions, sent_by) = (self.conditions(now, to.transport), SentBy::of(&via));
        let (machine, outputs) = Client::start(&conditions, bytes.into(), derived);
        self.keep_client(key.clone(), ClientEntry { machine, to, sent_by }, outputs);
        Ok(key)
    }

    /// Sends a message that has no transaction: the ACK to a 2xx (RFC 3261 section 17.1). Keeps it in order with the
    /// others.
    pub fn send(&mut self, bytes: Vec<u8>, to: Addr) {
        self.transmits.push_back(Transmit { to, bytes });
    }

    /// Cancels an INVITE that has a provisional and no final response (RFC 3261 section 9.1): makes the CANCEL from it,
    /// starts its client transaction, and gives the INVITE 64*T1 to end, after which it is
    /// [`TransactionEvent::TimedOut`].
    ///
    /// # Errors
    /// It is too early or too late for a CANCEL, or the table is full.
    pub fn cancel(&mut self, now: Time, invite: &ClientKey) -> Result<ClientKey, TransactionError> {
        let cancel = invite.cancel();
        self.vacancy(&cancel)?;
        let unknown = || TransactionError::Unknown(TransactionKey::Client(invite.clone()));
        let entry = self.clients.remove(invite).ok_or_else(unknown)?;
        let (to, sent_by) = (entry.to, entry.sent_by.clone());
        let conditions = self.conditions(now, to.transport);
        let (machine, outputs) = entry.machine.on_cancel(&conditions);
        let mut result = Err(TransactionError::CancelTooLate(invite.clone()));
        for output in &outputs {
            match output {
                ClientOutput::OpenCancel(request) => result = Ok(request.clone()),
                ClientOutput::CancelTooEarly => result = Err(TransactionError::CancelTooEarly(invite.clone())),
                ClientOutput::CancelTooLate
                | ClientOutput::Send(_)
                | ClientOutput::Deliver
                | ClientOutput::TimedOut
                | ClientOutput::TransportFailed => {}
            }
        }
        self.keep_client(invite.clone(), ClientEntry { machine, ..entry }, ClientOutputs::new());
        let (machine, outputs) = Client::start(&conditions, result?, None);
        self.keep_client(cancel.clone(), ClientEntry { machine, to, sent_by }, outputs);
        Ok(cancel)
    }

    /// Sends a response to a request of the peer: any number of provisional ones, then one final one. Copies of a 2xx
    /// to INVITE and of a reliable 1xx come through here too, each by its own call.
    ///
    /// # Errors
    /// The bytes are no response, the transaction is over, or it has its final response.
    pub fn respond(&mut self, now: Time, key: &ServerKey, bytes: Vec<u8>) -> Result<(), TransactionError> {
        let message = Message::parse(&bytes).map_err(|error| TransactionError::NotAResponse(error.to_string()))?;
        let status = valid_status(&message).ok_or_else(|| TransactionError::NotAResponse("a request".to_owned()))?;
        let unknown = || TransactionError::Unknown(TransactionKey::Server(key.clone()));
        let entry = self.servers.remove(key).ok_or_else(unknown)?;
        let conditions = self.conditions(now, entry.to.transport);
        let (machine, outputs) = entry.machine.on_answer(&conditions, status, bytes.into());
        let refused = outputs.contains(&ServerOutput::Refused);
        self.keep_server(key.clone(), ServerEntry { machine, ..entry }, outputs);
        if refused { Err(TransactionError::Answered(key.clone())) } else { Ok(()) }
    }

    /// The request that has no final response yet, with `received` and `rport` in its top Via (RFC 3261 section 18.2.1,
    /// RFC 3581 section 4): what responses are built from.
    pub fn unanswered(&self, key: &ServerKey) -> Option<&[u8]> {
        self.servers.get(key)?.machine.unanswered().map(Packet::as_bytes)
    }

    /// Whether this request came twice on different ways: another transaction, still there, has its From tag, Call-ID
    /// and `CSeq`, and it has no To tag. A UAS answers 482, a proxy does not care (RFC 3261 section 8.2.2.2).
    pub fn is_merged(&self, key: &ServerKey) -> bool {
        let Some(origin) = self.servers.get(key).and_then(|entry| entry.origin.as_ref()) else { return false };
        self.servers.iter().any(|(other, entry)| other != key && entry.origin.as_ref() == Some(origin))
    }

    /// Takes a message that came from `from` and says what it means to the transaction user.
    pub fn receive(&mut self, now: Time, from: Addr, message: &Message<'_>) -> Inbound {
        let Ok(via) = message.via() else { return Inbound::Discarded(Discard::Unmatchable) };
        match message.method() {
            Some(method) => self.receive_request(now, from, message, &via, method),
            None => self.receive_response(now, message, &via),
        }
    }

    fn receive_request(
        &mut self,
        now: Time,
        from: Addr,
        message: &Message<'_>,
        via: &Via<'_>,
        method: Method<'_>,
    ) -> Inbound {
        let Ok(key) = ServerKey::of(message, via) else { return Inbound::Discarded(Discard::Unmatchable) };
        if method == Method::Ack {
            return self.receive_ack(now, key.with_method(Method::Invite));
        }
        if let Some(entry) = self.servers.remove(&key) {
            let conditions = self.conditions(now, entry.to.transport);
            let (machine, outputs) = entry.machine.on_copy(&conditions);
            self.keep_server(key, ServerEntry { machine, ..entry }, outputs);
            return Inbound::Absorbed;
        }
        if self.servers.len() >= MAX_SERVER_TRANSACTIONS {
            return Inbound::Discarded(Discard::TableFull);
        }
        let Some(entry) = self.open(now, from, message, via, method) else {
            return Inbound::Discarded(Discard::Unmatchable);
        };
        let target = if method == Method::Cancel { self.cancelled_by(&key) } else { None };
        self.servers.insert(key.clone(), entry);
        match target {
            None => Inbound::Request(key),
            Some((invite, true)) => Inbound::Cancel { cancel: key, invite },
            Some((target, false)) => Inbound::CancelWithoutEffect { cancel: key, target },
        }
    }

    /// A server transaction for a new request. `None` if the request cannot even be stamped.
    fn open(
        &self,
        now: Time,
        from: Addr,
        message: &Message<'_>,
        via: &Via<'_>,
        method: Method<'_>,
    ) -> Option<ServerEntry> {
        let stamped = Edit::new(message).stamp_via(from.socket).ok()?.render();
        // A reliable transport answers on the connection, an unreliable one where the Via says (section 18.2.2).
        let socket = if from.transport.is_reliable() { from.socket } else { via.reply_address(from.socket) };
        let to = Addr { socket, ..from };
        let machine = if method == Method::Invite {
            let trying = trying(&stamped);
            Server::Invite(InviteServer::start(&self.conditions(now, to.transport), stamped.into(), trying))
        } else {
            Server::NonInvite(NonInviteServer::start(stamped.into()))
        };
        Some(ServerEntry { machine, to, origin: Origin::of(message) })
    }

    /// The transaction that a CANCEL is about (RFC 3261 section 9.2), and whether the CANCEL still has an effect on it.
    fn cancelled_by(&self, cancel: &ServerKey) -> Option<(ServerKey, bool)> {
        let (target, entry) = self
            .servers
            .range(cancel.first_of_request()..)
            .take_while(|(key, _)| key.same_request(cancel))
            .find(|(key, _)| key.method() != Method::Cancel)?;
        let effective = target.method() == Method::Invite && entry.machine.unanswered().is_some();
        Some((target.clone(), effective))
    }

    /// An ACK; `invite` is the transaction it would belong to.
    fn receive_ack(&mut self, now: Time, invite: ServerKey) -> Inbound {
        // The ACK to a 2xx has a branch of its own.
        let Some(entry) = self.servers.remove(&invite) else { return Inbound::Ack(None) };
        let acknowledges_nothing = entry.machine.unanswered().is_some();
        let conditions = self.conditions(now, entry.to.transport);
        let (machine, outputs) = entry.machine.on_ack(&conditions);
        let passed = outputs.contains(&ServerOutput::PassAck);
        self.keep_server(invite.clone(), ServerEntry { machine, ..entry }, outputs);
        match (passed, acknowledges_nothing) {
            (true, _) => Inbound::Ack(Some(invite)),
            (false, true) => Inbound::Discarded(Discard::StrayAck),
            (false, false) => Inbound::Absorbed,
        }
    }

    fn receive_response(&mut self, now: Time, message: &Message<'_>, via: &Via<'_>) -> Inbound {
        // A response that was cut off is no response (RFC 3261 section 18.3).
        let Some(status) = valid_status(message).filter(|_| message.missing_body() == 0) else {
            return Inbound::Discarded(Discard::NotSip);
        };
        let (Ok(cseq), Some(to)) = (message.cseq(), message.field(Name::To)) else {
            return Inbound::Discarded(Discard::Unmatchable);
        };
        let stray = Inbound::Discarded(Discard::StrayResponse);
        let Some(key) = ClientKey::of_response(via, cseq.method) else { return stray };
        // The sent-by must be the one that we wrote (section 18.1.2).
        if self.clients.get(&key).is_none_or(|entry| entry.sent_by != SentBy::of(via)) {
            return stray;
        }
        let Some(entry) = self.clients.remove(&key) else { return stray };
        let first = !entry.machine.is_accepted();
        let conditions = self.conditions(now, entry.to.transport);
        let (machine, outputs) = entry.machine.on_response(&conditions, status, to);
        let delivered = outputs.contains(&ClientOutput::Deliver);
        self.keep_client(key.clone(), ClientEntry { machine, ..entry }, outputs);
        if delivered { Inbound::Response { client: key, first } } else { Inbound::Absorbed }
    }

    /// Lets every timer that is due at `now` fire, in the order of their times; an early call changes nothing.
    pub fn timeout(&mut self, now: Time) {
        let is_due = |(_, at): &(TimerName, Time)| *at <= now;
        let clients = self.clients.iter().flat_map(|(key, entry)| {
            let due = entry.machine.timers().into_iter().filter(is_due);
            due.map(|(name, at)| (at, TransactionKey::Client(key.clone()), name))
        });
        let servers = self.servers.iter().flat_map(|(key, entry)| {
            let due = entry.machine.timers().into_iter().filter(is_due);
            due.map(|(name, at)| (at, TransactionKey::Server(key.clone()), name))
        });
        let mut due: Vec<_> = clients.chain(servers).collect();
        due.sort();
        // One pass is enough: a timer that starts again does so from `now`, and no timer touches another transaction.
        for (_, key, timer) in due {
            self.drive(now, &key, Drive::Timer(timer));
        }
    }

    /// The transport could not deliver to `to`: every transaction that sends there learns of it (RFC 3261 sections
    /// 17.1.4 and 17.2.4).
    pub fn transport_failed(&mut self, now: Time, to: Addr) {
        let clients = self.clients.iter().filter(|(_, entry)| entry.to == to);
        let servers = self.servers.iter().filter(|(_, entry)| entry.to == to);
        let concerned: Vec<_> = clients
            .map(|(key, _)| TransactionKey::Client(key.clone()))
            .chain(servers.map(|(key, _)| TransactionKey::Server(key.clone())))
            .collect();
        for key in concerned {
            self.drive(now, &key, Drive::TransportError);
        }
    }

    /// When [`Self::timeout`] has to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers().map(|timer| timer.at).min()
    }

    /// Every pending timer.
    pub fn timers(&self) -> impl Iterator<Item = Timer> + '_ {
        let clients = self.clients.values().flat_map(|entry| entry.machine.timers());
        let servers = self.servers.values().flat_map(|entry| entry.machine.timers());
        clients.chain(servers).map(|(name, at)| Timer { at, class: name.class() })
    }

    /// The next message to send, in order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event for the transaction user, in order.
    pub fn poll_event(&mut self) -> Option<TransactionEvent> {
        self.events.pop_front()
    }

    /// How many client transactions there are, the lingering ones included.
    pub fn client_count(&self) -> usize {
        self.clients.len()
    }

    /// How many server transactions there are, the lingering ones included.
    pub fn server_count(&self) -> usize {
        self.servers.len()
    }

    /// One step that no message caused.
    fn drive(&mut self, now: Time, key: &TransactionKey, cause: Drive) {
        match key {
            TransactionKey::Client(key) => {
                let Some(entry) = self.clients.remove(key) else { return };
                let conditions = self.conditions(now, entry.to.transport);
                let (machine, outputs) = match cause {
                    Drive::Timer(timer) => entry.machine.on_timer(&conditions, timer),
                    Drive::TransportError => entry.machine.on_transport_error(&conditions),
                };
                self.keep_client(key.clone(), ClientEntry { machine, ..entry }, outputs);
            }
            TransactionKey::Server(key) => {
                let Some(entry) = self.servers.remove(key) else { return };
                let conditions = self.conditions(now, entry.to.transport);
                let (machine, outputs) = match cause {
                    Drive::Timer(timer) => entry.machine.on_timer(&conditions, timer),
                    Drive::TransportError => entry.machine.on_transport_error(&conditions),
                };
                self.keep_server(key.clone(), ServerEntry { machine, ..entry }, outputs);
            }
        }
    }

    /// Puts a client transaction (back) into the table unless it is over, and carries out its outputs.
    fn keep_client(&mut self, key: ClientKey, entry: ClientEntry, outputs: ClientOutputs) {
        for output in outputs {
            match output {
                ClientOutput::Send(packet) => self.transmit(entry.to, &packet),
                ClientOutput::TimedOut => self.events.push_back(TransactionEvent::TimedOut(key.clone())),
                ClientOutput::TransportFailed => {
                    let failed = TransactionEvent::TransportFailed(TransactionKey::Client(key.clone()));
                    self.events.push_back(failed);
                }
                // The caller's return value tells these.
                ClientOutput::Deliver
                | ClientOutput::OpenCancel(_)
                | ClientOutput::CancelTooEarly
                | ClientOutput::CancelTooLate => {}
            }
        }
        if entry.machine.is_terminated() {
            self.events.push_back(TransactionEvent::Terminated(TransactionKey::Client(key)));
        } else {
            self.clients.insert(key, entry);
        }
    }

    /// Puts a server transaction (back) into the table unless it is over, and carries out its outputs.
    fn keep_server(&mut self, key: ServerKey, entry: ServerEntry, outputs: ServerOutputs) {
        for output in outputs {
            match output {
                ServerOutput::Send(packet) => self.transmit(entry.to, &packet),
                ServerOutput::AckTimedOut => self.events.push_back(TransactionEvent::AckTimedOut(key.clone())),
                ServerOutput::TransportFailed => {
                    let failed = TransactionEvent::TransportFailed(TransactionKey::Server(key.clone()));
                    self.events.push_back(failed);
                }
                // The caller's return value tells these.
                ServerOutput::PassAck | ServerOutput::Refused => {}
            }
        }
        if entry.machine.is_terminated() {
            self.events.push_back(TransactionEvent::Terminated(TransactionKey::Server(key)));
        } else {
            self.servers.insert(key, entry);
        }
    }

    fn transmit(&mut self, to: Addr, packet: &Packet) {
        self.transmits.push_back(Transmit { to, bytes: packet.as_bytes().to_vec() });
    }

    /// Whether another client transaction with this key may start.
    fn vacancy(&self, key: &ClientKey) -> Result<(), TransactionError> {
        if self.clients.contains_key(key) {
            return Err(TransactionError::BranchInUse(key.clone()));
        }
        if self.clients.len() >= MAX_CLIENT_TRANSACTIONS {
            return Err(TransactionError::Full(MAX_CLIENT_TRANSACTIONS));
        }
        Ok(())
    }

    const fn conditions(&self, now: Time, transport: Transport) -> Conditions {
        Conditions { now, settings: self.settings, transport }
    }
}

/// A cause that is no message.
#[derive(Clone, Copy, Debug)]
enum Drive {
    Timer(TimerName),
    TransportError,
}

/// The status of a response, if it is one that exists.
fn valid_status(message: &Message<'_>) -> Option<u16> {
    message.status().filter(|status| (100..700).contains(status))
}

/// The 100 that the INVITE server sends for a silent transaction user: without a To tag (RFC 3261 section 17.2.1).
/// `None` if the INVITE is too broken to be answered.
fn trying(invite: &[u8]) -> Option<Packet> {
    let message = Message::parse(invite).ok()?;
    response_to(&message, 100, "Trying", None).render().ok().map(Packet::from)
}
