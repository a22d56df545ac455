//! Transactions: RFC 3261 section 17 with RFC 6026, and of section 18 what decides where a response goes.
//!
//! Read first: [`Transactions`], the table that a role owns and gives every datagram to. Then one file per figure of
//! the RFCs: `invite_client.rs`, `invite_server.rs`, `non_invite_client.rs`, `non_invite_server.rs`. A transition
//! consumes the state and gives the next one with its outputs; every pair of state and input is written, and the
//! whole transition table of each machine is a committed snapshot.
//!
//! What the transaction user keeps for itself: copies of a 2xx to INVITE (RFC 3261 section 13.3.1.4) and of a
//! reliable 1xx (RFC 3262 section 3), the ACK to a 2xx, the answer to a CANCEL, and the `CSeq` order of a dialog.

mod deadlines;
mod derived;
mod echo;
mod invite_client;
mod invite_server;
mod key;
mod machine;
mod non_invite_client;
mod non_invite_server;
mod packet;
mod table;
#[cfg(test)]
mod testing;
mod timers;

use smallvec::SmallVec;
use thiserror::Error;

pub use self::echo::Echo;
pub use self::key::{ClientKey, ServerKey, TransactionKey};
pub use self::table::{MAX_CLIENT_TRANSACTIONS, MAX_SERVER_TRANSACTIONS, Transactions};
pub use self::timers::{TimerName, TimerSettings};
use crate::agent::Discard;
use crate::wire::HeaderError;

/// What a received message means to the transaction user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Inbound {
    /// A new request of any method but ACK. Also a CANCEL that matches nothing, which is answered 481
    /// (RFC 3261 section 9.2).
    Request(ServerKey),
    /// An ACK for the transaction user: the ACK to a 2xx. The key is there if it has the branch of its INVITE, which
    /// only a server transaction that was accepted lets through.
    Ack(Option<ServerKey>),
    /// A CANCEL of an INVITE that has no final response yet: the transaction user answers `cancel` with 200 and
    /// `invite` with 487.
    Cancel {
        /// The CANCEL's own transaction.
        cancel: ServerKey,
        /// The INVITE to be given up.
        invite: ServerKey,
    },
    /// A CANCEL that matches a transaction but changes nothing, because that one has its final response or is no
    /// INVITE: the transaction user answers `cancel` with 200 and does nothing else.
    CancelWithoutEffect {
        /// The CANCEL's own transaction.
        cancel: ServerKey,
        /// What it wanted to cancel.
        target: ServerKey,
    },
    /// A response to a request of ours that the transaction user has to see.
    Response {
        /// The transaction it answers.
        client: ClientKey,
        /// False if an earlier 2xx to this INVITE was delivered already: a copy of it, or another branch's.
        first: bool,
    },
    /// A copy of something already handled; at most an answer was repeated.
    Absorbed,
    /// Thrown away; no state changed.
    Discarded(Discard),
}

/// What happens to a transaction by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TransactionEvent {
    /// No response (Timer B), no final response (Timer F), or none for 64*T1 after the CANCEL: to be treated as 408
    /// (RFC 3261 section 8.1.3.1).
    TimedOut(ClientKey),
    /// Timer H: the 300-699 response to this INVITE was never acknowledged.
    AckTimedOut(ServerKey),
    /// The transport could not deliver; for a client to be treated as 503 (RFC 3261 section 8.1.3.1). A server
    /// transaction lives on (RFC 6026 section 8.8).
    TransportFailed(TransactionKey),
    /// The transaction is freed; always its last event.
    Terminated(TransactionKey),
}

/// Faults of the transaction user; nothing was changed or sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum TransactionError {
    /// The bytes are not a request.
    #[error("not a request: {0}")]
    NotARequest(String),
    /// The bytes are not a response with a status from 100 to 699.
    #[error("not a response: {0}")]
    NotAResponse(String),
    /// A header field that the transaction needs is missing or malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The top Via header field has no branch with the magic cookie.
    #[error("the branch of the top Via does not begin with z9hG4bK")]
    NoBranch,
    /// An ACK has no transaction; it goes out with [`Transactions::send`].
    #[error("ACK has no client transaction")]
    Ack,
    /// Another request with this branch and method is going on.
    #[error("the branch is in use by {0}")]
    BranchInUse(ClientKey),
    /// No such transaction, or it is over.
    #[error("no transaction {0}")]
    Unknown(Box<TransactionKey>),
    /// The request has its final response (and this is no copy of a 2xx to INVITE).
    #[error("{0} has its final response")]
    Answered(Box<ServerKey>),
    /// No response to the INVITE yet: a CANCEL could overtake it (RFC 3261 section 9.1).
    #[error("{0} may not be cancelled before a provisional response")]
    CancelTooEarly(ClientKey),
    /// The request has its final response, was cancelled before, or is no INVITE.
    #[error("{0} cannot be cancelled any more")]
    CancelTooLate(ClientKey),
    /// The table is full.
    #[error("no room for another transaction (limit {0})")]
    Full(usize),
}

/// What a client machine wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ClientOutput {
    /// Give this to the transport.
    Send(packet::Packet),
    /// Give the response to the transaction user.
    Deliver,
    /// Open a client transaction for this CANCEL.
    OpenCancel(packet::Packet),
    /// Tell the transaction user that nothing (final) came.
    TimedOut,
    /// Tell the transaction user that the transport failed.
    TransportFailed,
    /// Tell the caller that no CANCEL may be sent yet.
    CancelTooEarly,
    /// Tell the caller that a CANCEL makes no sense any more.
    CancelTooLate,
}

/// What a server machine wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ServerOutput {
    /// Give this to the transport.
    Send(packet::Packet),
    /// Give the ACK to the transaction user.
    PassAck,
    /// Tell the transaction user that the ACK never came.
    AckTimedOut,
    /// Tell the transaction user that the transport failed.
    TransportFailed,
    /// Tell the caller that the request has its final response.
    Refused,
}

type ClientOutputs = SmallVec<[ClientOutput; 2]>;
type ServerOutputs = SmallVec<[ServerOutput; 2]>;
