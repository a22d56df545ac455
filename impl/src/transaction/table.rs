//! The table of all transactions of one agent: matches what comes in, runs the machines, collects what goes out.
//!
//! RFC 3261 sections 17.1.3 and 17.2.3 (matching), 9 (CANCEL), 8.2.2.2 (merged requests), 18.1.2 and 18.2 (what the
//! transport does for transactions). Read first: [`Transactions::receive`].

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use super::deadlines::{Deadlines, Whose};
use super::derived;
use super::echo::Echo;
use super::invite_server::InviteServer;
use super::key::{ClientParts, Origin, SentBy};
use super::machine::{Client, Server};
use super::non_invite_server::NonInviteServer;
use super::packet::Packet;
use super::timers::{Conditions, Running};
use super::{
    ClientKey, ClientOutput, ClientOutputs, Inbound, ServerKey, ServerOutput, ServerOutputs, TimerName, TimerSettings,
    TransactionError, TransactionEvent, TransactionKey,
};
use crate::agent::{Addr, Discard, Transmit, Transport};
use crate::time::{Time, Timer};
use crate::wire::edit::Edit;
use crate::wire::header::Routing;
use crate::wire::{Message, Method, Name, Via};

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
    deadlines: Deadlines,
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
    /// Behind a pointer, because few requests have one.
    origin: Option<Box<Origin>>,
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
        let (key, sent_by) = (ClientKey::of_request(&via, method)?, SentBy::of(&via));
        if method == Method::Invite {
            derived::check(&message)?;
        }
        self.start(now, key.clone(), sent_by, bytes, to)?;
        Ok(key)
    }

    /// Starts a client transaction for a request with this method, branch and sent-by, and sends it. It was rendered
    /// here, or has been checked.
    ///
    /// # Errors
    /// The table is full, or from this INVITE no ACK and no CANCEL can be made: it is longer than what is read.
    pub(crate) fn start(
        &mut self,
        now: Time,
        key: ClientKey,
        sent_by: SentBy,
        bytes: Vec<u8>,
        to: Addr,
    ) -> Result<(), TransactionError> {
        if key.method() == Method::Invite {
            derived::check_rendered(&bytes)?;
            debug_assert!(
                Message::parse(&bytes).is_ok_and(|invite| derived::check(&invite).is_ok()),
                "it has what its ACK and its CANCEL repeat"
            );
        }
        self.vacancy(&key)?;
        let (machine, outputs) = Client::start(&self.conditions(now, to.transport), key.method(), bytes.into());
        self.open_client(key, ClientEntry { machine, to, sent_by }, outputs);
        Ok(())
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
        let unknown = || TransactionError::Unknown(Box::new(TransactionKey::Client(invite.clone())));
        let entry = self.clients.get(invite).ok_or_else(unknown)?;
        let (to, sent_by) = (entry.to, entry.sent_by.clone());
        let outputs = self.step_client(now, invite, Client::on_cancel).ok_or_else(unknown)?;
        let mut result = Err(TransactionError::CancelTooLate(invite.clone()));
        for output in outputs {
            match output {
                ClientOutput::OpenCancel(request) => result = Ok(request),
                ClientOutput::CancelTooEarly => result = Err(TransactionError::CancelTooEarly(invite.clone())),
                ClientOutput::CancelTooLate
                | ClientOutput::Send(_)
                | ClientOutput::Deliver
                | ClientOutput::TimedOut
                | ClientOutput::TransportFailed => {}
            }
        }
        let (machine, outputs) = Client::start(&self.conditions(now, to.transport), Method::Cancel, result?);
        self.open_client(cancel.clone(), ClientEntry { machine, to, sent_by }, outputs);
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
        self.answer(now, key, status, bytes)
    }

    /// Sends a response that was rendered with this status.
    pub(crate) fn answer(
        &mut self,
        now: Time,
        key: &ServerKey,
        status: u16,
        bytes: Vec<u8>,
    ) -> Result<(), TransactionError> {
        let step = |machine: Server, conditions: &Conditions| machine.on_answer(conditions, status, bytes.into());
        match self.step_server(now, key, step) {
            None => Err(TransactionError::Unknown(Box::new(TransactionKey::Server(key.clone())))),
            Some(outputs) if outputs.contains(&ServerOutput::Refused) => {
                Err(TransactionError::Answered(Box::new(key.clone())))
            }
            Some(_) => Ok(()),
        }
    }

    /// What the responses to a request that has no final response yet are built from.
    pub fn unanswered(&self, key: &ServerKey) -> Option<&Echo> {
        self.servers.get(key)?.machine.unanswered()
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
        let routing = via.routing();
        let key = ServerKey::of(message, via, routing.branch);
        let Ok(key) = key else { return Inbound::Discarded(Discard::Unmatchable) };
        if method == Method::Ack {
            return self.receive_ack(now, key.with_method(Method::Invite));
        }
        if self.step_server(now, &key, Server::on_copy).is_some() {
            return Inbound::Absorbed;
        }
        if self.servers.len() >= MAX_SERVER_TRANSACTIONS {
            return Inbound::Discarded(Discard::TableFull);
        }
        let target = if method == Method::Cancel { self.cancelled_by(&key) } else { None };
        self.open_server(now, from, (message, via, &routing), &key);
        match target {
            None => Inbound::Request(key),
            Some((invite, true)) => Inbound::Cancel { cancel: key, invite },
            Some((target, false)) => Inbound::CancelWithoutEffect { cancel: key, target },
        }
    }

    /// A server transaction for a new request.
    fn open_server(
        &mut self,
        now: Time,
        from: Addr,
        (message, via, routing): (&Message<'_>, &Via<'_>, &Routing<'_>),
        key: &ServerKey,
    ) {
        // A reliable transport answers on the connection, an unreliable one where the Via says (section 18.2.2).
        let socket =
            if from.transport.is_reliable() { from.socket } else { via.reply_address_by(routing, from.socket) };
        let to = Addr { socket, ..from };
        let tagged = message.has_to_tag();
        let echo = Echo::of(message, (via, routing), tagged, from.socket);
        let machine = if key.method() == Method::Invite {
            Server::Invite(InviteServer::start(&self.conditions(now, to.transport), echo))
        } else {
            Server::NonInvite(NonInviteServer::start(echo))
        };
        self.deadlines.change(Whose::Server(key), None, earliest(&machine.timers()));
        let origin = if tagged { None } else { Origin::of(message).map(Box::new) };
        self.servers.insert(key.clone(), ServerEntry { machine, to, origin });
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
        let Some(entry) = self.servers.get(&invite) else { return Inbound::Ack(None) };
        let acknowledges_nothing = entry.machine.unanswered().is_some();
        let outputs = self.step_server(now, &invite, Server::on_ack);
        let passed = outputs.is_some_and(|outputs| outputs.contains(&ServerOutput::PassAck));
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
        let Some(named) = ClientParts::of_response(via, cseq.method) else { return stray };
        // The sent-by must be the one that we wrote (section 18.1.2).
        let known = self.clients.get_key_value(&named).filter(|(_, entry)| entry.sent_by == SentBy::of(via));
        let Some((key, entry)) = known else { return stray };
        // The one that is shared, so that it is quickly found again.
        let (key, first) = (key.clone(), !entry.machine.is_accepted());
        let step = |machine: Client, conditions: &Conditions| machine.on_response(conditions, status, to);
        let outputs = self.step_client(now, &key, step);
        let delivered = outputs.is_some_and(|outputs| outputs.contains(&ClientOutput::Deliver));
        if delivered { Inbound::Response { client: key, first } } else { Inbound::Absorbed }
    }

    /// Lets every timer that is due at `now` fire, in the order of their times; an early call changes nothing.
    pub fn timeout(&mut self, now: Time) {
        // Two fire at a time when they fire at all, hardly ever more.
        let mut due = SmallVec::<[_; 2]>::new();
        for key in self.deadlines.take_due(now) {
            let timers = match &key {
                TransactionKey::Client(key) => self.clients.get(key).map(|entry| entry.machine.timers()),
                TransactionKey::Server(key) => self.servers.get(key).map(|entry| entry.machine.timers()),
            };
            for (name, at) in timers.unwrap_or_default() {
                if at <= now {
                    due.push((at, key.clone(), name));
                }
            }
        }
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

    /// The transport gives back a message that it could not deliver. A request for which TCP was refused goes over UDP
    /// instead, as if it was sent for the first time (RFC 3261 section 18.1.1); anything else fails (sections 17.1.4
    /// and 17.2.4).
    pub fn undelivered(&mut self, now: Time, failed: Transmit) {
        let Ok(message) = Message::parse(&failed.bytes) else { return };
        let (Some(method), Ok(via)) = (message.method(), message.via()) else {
            return self.transport_failed(now, failed.to);
        };
        let datagram = failed.to.over(Transport::Udp);
        let refused = failed.to.transport.is_reliable();
        let bytes = Edit::new(&message).set_via_transport(Transport::Udp).map(Edit::render);
        let Ok(key) = ClientKey::of_request(&via, method) else { return };
        match (bytes, self.clients.get(&key)) {
            (Ok(bytes), Some(entry)) if refused && entry.machine.is_unanswered() => {
                let (sent_by, before) = (entry.sent_by.clone(), earliest(&entry.machine.timers()));
                self.clients.remove(&key);
                self.deadlines.change(Whose::Client(&key), before, None);
                // The transaction was there a moment ago: there is room for it, and its request was checked.
                let _ = self.start(now, key, sent_by, bytes, datagram);
            }
            // The ACK to a 2xx has no transaction.
            (Ok(bytes), None) if refused && method == Method::Ack => self.send(bytes, datagram),
            _ => self.drive(now, &TransactionKey::Client(key), Drive::TransportError),
        }
    }

    /// When [`Self::timeout`] has to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        debug_assert_eq!(self.deadlines.next(), self.timers().map(|timer| timer.at).min(), "the index is exact");
        self.deadlines.next()
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
                self.step_client(now, key, |machine, conditions| match cause {
                    Drive::Timer(timer) => machine.on_timer(conditions, timer),
                    Drive::TransportError => machine.on_transport_error(conditions),
                });
            }
            TransactionKey::Server(key) => {
                self.step_server(now, key, |machine, conditions| match cause {
                    Drive::Timer(timer) => machine.on_timer(conditions, timer),
                    Drive::TransportError => machine.on_transport_error(conditions),
                });
            }
        }
    }

    /// Puts a new client transaction into the table and carries out what it begins with.
    fn open_client(&mut self, key: ClientKey, entry: ClientEntry, outputs: ClientOutputs) {
        self.deadlines.change(Whose::Client(&key), None, earliest(&entry.machine.timers()));
        let to = entry.to;
        self.clients.insert(key.clone(), entry);
        self.carry_out_client(&key, to, &outputs);
    }

    /// One step of a client transaction; its outputs have been carried out as far as they concern the table. `None` if
    /// there is no such transaction.
    fn step_client(
        &mut self,
        now: Time,
        key: &ClientKey,
        step: impl FnOnce(Client, &Conditions) -> (Client, ClientOutputs),
    ) -> Option<ClientOutputs> {
        let entry = self.clients.get_mut(key)?;
        let conditions = Conditions { now, settings: self.settings, transport: entry.to.transport };
        let before = earliest(&entry.machine.timers());
        let (machine, outputs) = step(std::mem::replace(&mut entry.machine, Client::OVER), &conditions);
        let (to, is_over) = (entry.to, machine.is_terminated());
        self.deadlines.change(Whose::Client(key), before, earliest(&machine.timers()));
        entry.machine = machine;
        self.carry_out_client(key, to, &outputs);
        if is_over {
            let freed = self.clients.remove_entry(key).map(|(key, _)| TransactionKey::Client(key));
            self.events.extend(freed.map(TransactionEvent::Terminated));
        }
        Some(outputs)
    }

    fn carry_out_client(&mut self, key: &ClientKey, to: Addr, outputs: &[ClientOutput]) {
        for output in outputs {
            match output {
                ClientOutput::Send(packet) => self.transmit(to, packet),
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
    }

    /// One step of a server transaction; its outputs have been carried out as far as they concern the table. `None` if
    /// there is no such transaction.
    fn step_server(
        &mut self,
        now: Time,
        key: &ServerKey,
        step: impl FnOnce(Server, &Conditions) -> (Server, ServerOutputs),
    ) -> Option<ServerOutputs> {
        let entry = self.servers.get_mut(key)?;
        let conditions = Conditions { now, settings: self.settings, transport: entry.to.transport };
        let before = earliest(&entry.machine.timers());
        let (machine, outputs) = step(std::mem::replace(&mut entry.machine, Server::OVER), &conditions);
        let (to, is_over) = (entry.to, machine.is_terminated());
        self.deadlines.change(Whose::Server(key), before, earliest(&machine.timers()));
        entry.machine = machine;
        for output in &outputs {
            match output {
                ServerOutput::Send(packet) => self.transmit(to, packet),
                ServerOutput::AckTimedOut => self.events.push_back(TransactionEvent::AckTimedOut(key.clone())),
                ServerOutput::TransportFailed => {
                    let failed = TransactionEvent::TransportFailed(TransactionKey::Server(key.clone()));
                    self.events.push_back(failed);
                }
                // The caller's return value tells these.
                ServerOutput::PassAck | ServerOutput::Refused => {}
            }
        }
        if is_over {
            let freed = self.servers.remove_entry(key).map(|(key, _)| TransactionKey::Server(key));
            self.events.extend(freed.map(TransactionEvent::Terminated));
        }
        Some(outputs)
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

/// When the first of these timers fires.
fn earliest(timers: &Running) -> Option<Time> {
    timers.iter().map(|(_, at)| *at).min()
}
