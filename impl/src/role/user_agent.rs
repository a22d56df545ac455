//! What every user agent does with an input before its role decides: the transactions see it first, and what they let
//! through is a request, a response, a CANCEL or an ACK (RFC 3261 sections 5 and 17).
//!
//! A role implements the [`UserAgent`] methods without a body. Read first: `endpoint.rs`.

use crate::agent::{Addr, Discard, Receipt, Transmit};
use crate::role::endpoint::Endpoint;
use crate::time::Time;
use crate::transaction::{ClientKey, Inbound, ServerKey, TransactionEvent, TransactionKey};
use crate::wire::Message;

/// A role that has transactions.
pub(crate) trait UserAgent {
    fn endpoint(&mut self) -> &mut Endpoint;

    /// A new request, other than ACK and than a CANCEL that has something to cancel.
    fn on_request(&mut self, now: Time, server: &ServerKey, request: &Message<'_>);

    /// A response to a request of ours, provisional or final.
    fn on_response(&mut self, now: Time, client: &ClientKey, response: &Message<'_>);

    /// No response came: as 408 (RFC 3261 section 8.1.3.1).
    fn on_no_response(&mut self, now: Time, client: &ClientKey);

    /// A CANCEL of an INVITE that has no final response yet.
    fn on_cancel(&mut self, now: Time, cancel: &ServerKey, invite: &ServerKey);

    /// The ACK to a 2xx.
    fn on_ack(&mut self, now: Time, ack: &Message<'_>) -> Receipt;

    /// No further copy of a response to this request can come.
    fn on_freed(&mut self, now: Time, client: &ClientKey);

    /// All that an input caused is done.
    fn on_done(&mut self, _now: Time) {}

    /// Takes a datagram.
    fn take(&mut self, now: Time, from: Addr, bytes: &[u8]) -> Receipt {
        // Looked at where it is: it is large.
        let Ok(message) = &Message::parse(bytes) else { return Receipt::Discarded(Discard::NotSip) };
        let receipt = match self.endpoint().receive(now, from, message) {
            Inbound::Request(server) => {
                self.on_request(now, &server, message);
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
        receipt
    }

    /// Takes back what the transport could not deliver.
    fn take_back(&mut self, now: Time, failed: Transmit) {
        self.endpoint().undelivered(now, failed);
        self.on_transaction_events(now);
    }

    /// What became of transactions by themselves.
    fn on_transaction_events(&mut self, now: Time) {
        while let Some(event) = self.endpoint().poll_event() {
            match event {
                TransactionEvent::TimedOut(client)
                | TransactionEvent::TransportFailed(TransactionKey::Client(client)) => {
                    self.on_no_response(now, &client);
                }
                TransactionEvent::Terminated(TransactionKey::Client(client)) => self.on_freed(now, &client),
                TransactionEvent::AckTimedOut(_)
                | TransactionEvent::TransportFailed(TransactionKey::Server(_))
                | TransactionEvent::Terminated(TransactionKey::Server(_)) => {}
            }
        }
        self.on_done(now);
    }
}
