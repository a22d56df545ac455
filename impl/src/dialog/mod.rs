//! Dialogs (RFC 3261 section 12) and what lives between two ends of one: routing, sequence numbers, reliable
//! provisional responses (RFC 3262), offers and answers (RFC 3264, 3311), preconditions (RFC 3312).
//!
//! Pure state machines: no clock, no sockets, nothing is sent here. The layer above carries messages in and out.
//! Read `id.rs` first (what a dialog is), then `state.rs` (what it remembers), then the others in any order.

mod id;
mod offer_answer;
mod precondition;
mod reliable;
mod replaces;
mod request;
mod routing;
mod state;
#[cfg(test)]
pub(crate) mod transition_table;

pub use id::{CallId, DialogId, DialogName, EventKey, Tag};
pub use offer_answer::{Carrier, Exchange, Meaning, OfferAnswer, OfferCarrier, OfferError, Verdict};
pub use precondition::{PreconditionState, PreconditionStatus};
pub use reliable::{
    PrackVerdict, Rack, ReceiverVerdict, Reliability, ReliableReceiver, ReliableSender, ReliableTimeout, SenderBusy,
};
pub use replaces::ReplacesError;
pub use request::{InitialRequest, MAX_CSEQ, Party, Request, RequestError};
pub use routing::{MAX_ROUTES, RouteSet, RouteSetTooLong, Routed};
pub use state::{Dialog, DialogError, DialogState, TargetRefresh, Usage};
