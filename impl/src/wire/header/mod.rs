//! Typed views of header field values, each made on demand and borrowing from the datagram (RFC 3261 section 20).
//!
//! A value type has a `parse` that takes one value, that is, what stands between two top-level commas. Parameters stay
//! unread until asked for ([`Params`]). Read first: `name.rs`, `params.rs`, `name_addr.rs`.

mod access;
mod challenge;
mod cseq;
mod dialogs;
mod error;
mod event;
mod media_type;
mod name;
mod name_addr;
mod params;
mod reason;
mod timer;
mod values;
mod via;

pub use access::AccessNetworkInfo;
pub use challenge::Challenge;
pub use cseq::{CSeq, RAck};
pub use dialogs::{Replaces, TargetDialog};
pub use error::{HeaderError, Malformed};
pub use event::{Event, SubscriptionState, SubscriptionStatus};
pub use media_type::MediaType;
pub(crate) use name::Code;
pub use name::Name;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use reason::Reason;
pub use timer::{Refresher, RetryAfter, SessionExpires};
pub use values::Values;
pub(crate) use via::Routing;
pub use via::Via;
