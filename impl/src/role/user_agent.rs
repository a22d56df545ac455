//! What every user agent does with an input before its role decides: the transactions see it first, and what they let
//! through is a request, a response, a CANCEL or an ACK (RFC 3261 sections 5 and 17).
//!
//! A role implements the [`UserAgent`] methods without a body, `on_done` if it has something to do then,
//! and `own_alarm` if it has tables of timers.
//! Read first: `endpoint.rs`.

use crate::agent::{Addr, Discard, Receipt, Transmit};
use crate::role::endpoint::Endpoint;
use crate::time::{Time, Timer, earliest};
use crate::transaction::{ClientKey, Inbound, ServerKey, TransactionEvent, TransactionKey};
use crate::wire::{Message, Method};

/// A method whose requests a role decides about. Not CANCEL and ACK: what they are about is found before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    Invite,
    Bye,
    Prack,
    Update,
    Refer,
    Notify,
    Subscribe,
}

impl Served {
    const fn of(method: Method<'_>) -> Option<Self> {
        match method {
            Method::Invite => Some(Self::Invite),
            Method::Bye => Some(Self::Bye),
            Method::Prack => Some(Self::Prack),
            Method::Update => Some(Self::Update),
            Method::Refer => Some(Self::Refer),
            Method::Notify => Some(Self::Notify),
            Method::Subscribe => Some(Self::Subscribe),
            Method::Ack
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Info
            | Method::Message
            | Method::Publish
            | Method::Other(_) => None,
        }
    }
}

/// A role that has transactions.
pub(crate) trait UserAgent {
    /// The extensions that a request may require, session timers aside.
    const UNDERSTOOD: &'static [&'static str];

    fn endpoint(&mut self) -> &mut Endpoint;

    /// A new request with this method.
    fn on_request(&mut self, now: Time, server: &ServerKey, method: Served, request: &Message<'_>);

    /// A response to a request of ours, provisional or final.
    fn on_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>);

    /// No response came: as 408 (RFC 3261 section 8.1.3.1).
    fn on_no_response(&mut self, now: Time, client: &ClientKey);

    /// A CANCEL of an INVITE that has no final response yet.
    fn on_cancel(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey);

    /// The ACK to a 2xx.
    fn on_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt;

    /// No further copy of a response to this INVITE can come.
    fn on_freed(&mut self, now: Time, client: &ClientKey);

    /// All that an input caused is done.
    fn on_done(&mut self, _now: Time) {}

    /// The timers that are not those of a transaction.
    fn own_timers(&self) -> impl Iterator<Item = Timer>;

    /// When the first of its own timers fires: what looking at all of them would tell.
    fn own_alarm(&mut self) -> Option<Time> {
        earliest(self.own_timers())
    }

    /// Lets its own timers that are due fire.
    fn on_own_timeout(&mut self, now: Time);

    /// Writes down when the first of its own timers fires: after whatever may have changed one. A timer of a
    /// transaction that just fires changes none.
    fn note_deadline(&mut self) {
        let deadline = self.own_alarm();
        self.endpoint().wake_at(deadline);
    }

    /// Takes a datagram.
    fn take(&mut self, now: Time, from: Addr, bytes: &[u8]) -> Receipt {
        // Looked at where it is: it is large.
        let Ok(message) = &Message::parse(bytes) else { return Receipt::Discarded(Discard::NotSip) };
        let receipt = match self.endpoint().receive(now, from, message) {
            Inbound::Request(server) => {
                self.inspect(now, &server, message);
                Receipt::Consumed
            }
            Inbound::Response { client, .. } => {
                self.on_response(now, &client, message);
                Receipt::Consumed
            }
            Inbound::Cancel { cancel, invite } => {
                self.on_cancel(now, &cancel, &invite);
                Receipt::Consumed
            }
            Inbound::CancelWithoutEffect { cancel, .. } => {
                self.endpoint().answer(now, &cancel, 200, None);
                Receipt::Consumed
            }
            Inbound::Ack(_) => self.on_ack(now, message),
            Inbound::Absorbed => Receipt::Absorbed,
            Inbound::Discarded(why) => Receipt::Discarded(why),
        };
        self.on_transaction_events(now);
        self.on_done(now);
        self.note_deadline();
        receipt
    }

    /// Method and Require of a new request, in this order (RFC 3261 sections 8.2.1 and 8.2.2.3).
    fn inspect(&mut self, now: Time, server: &ServerKey, request: &Message<'_>) {
        let Some(method) = Served::of(server.method()) else {
            // A CANCEL that comes here has nothing to cancel (section 9.2).
            let code = if server.method() == Method::Cancel { 481 } else { 405 };
            return self.endpoint().answer(now, server, code, None);
        };
        match self.endpoint().refuse_unsupported(server, request, Self::UNDERSTOOD) {
            Some(refusal) => self.endpoint().respond(now, server, refusal),
            None => self.on_request(now, server, method, request),
        }
    }

    /// Takes back what the transport could not deliver.
    fn take_back(&mut self, now: Time, failed: Transmit) {
        self.endpoint().undelivered(now, failed);
        self.on_transaction_events(now);
        self.on_done(now);
        self.note_deadline();
    }

    /// Lets the timers that are due fire, those of transactions first.
    fn wake(&mut self, now: Time) {
        let due = self.endpoint().is_own_due(now);
        self.endpoint().timeout(now);
        let matters = self.on_transaction_events(now);
        if due {
            self.on_own_timeout(now);
        }
        if matters || due {
            self.on_done(now);
            self.note_deadline();
        }
    }

    /// What became of transactions by themselves; whether a request of ours got no answer. Nothing else sets a timer or
    /// leaves something to be said.
    fn on_transaction_events(&mut self, now: Time) -> bool {
        let mut matters = false;
        while let Some(event) = self.endpoint().poll_event() {
            match event {
                TransactionEvent::TimedOut(client)
                | TransactionEvent::TransportFailed(TransactionKey::Client(client)) => {
                    self.on_no_response(now, &client);
                    matters = true;
                }
                TransactionEvent::Terminated(TransactionKey::Client(client)) if client.method() == Method::Invite => {
                    self.on_freed(now, &client);
                }
                TransactionEvent::AckTimedOut(_)
                | TransactionEvent::TransportFailed(TransactionKey::Server(_))
                | TransactionEvent::Terminated(TransactionKey::Client(_) | TransactionKey::Server(_)) => {}
            }
        }
        matters
    }
}
