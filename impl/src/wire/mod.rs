//! SIP messages on the wire (RFC 3261 sections 7, 19, 20 and 25 and the extensions that the conference procedures use).
//!
//! Two layers, kept apart. *Framing* ([`Message::parse`]) takes what can be understood and never copies: a message is a
//! list of spans over the datagram, and each header field is only looked into when it is asked for. The *verdict*
//! ([`verdict`]) names every rule that a message breaks, with the clause and the byte range; nothing else depends on
//! it. Writing is apart from both: [`Builder`] renders a message of our own, [`edit::Edit`] changes what a proxy may
//! change and leaves every other byte as it was.
//!
//! Read first: `message.rs`, then `header/mod.rs`.

pub mod edit;
pub mod header;
mod message;
mod method;
mod parse;
mod render;
#[cfg(feature = "rsip")]
pub mod rsip;
mod scan;
pub mod sipfrag;
pub mod stream;
pub(crate) mod text;
pub mod uri;
mod verdict;

pub use header::{
    AccessNetworkInfo, CSeq, Challenge, Event, HeaderError, MediaType, Name, NameAddr, Param, Params, RAck, Reason,
    Refresher, Replaces, RetryAfter, SessionExpires, SubscriptionState, SubscriptionStatus, TargetDialog, Values, Via,
};
pub use message::{Field, Message, NameAddrs, Start, Vias};
pub use method::Method;
pub use parse::{FramingError, FramingFault, INLINE_FIELDS, MAX_FIELDS, MAX_LINE, MAX_MESSAGE};
pub use render::{BuildError, Builder, response_to};
pub(crate) use text::{any, find, offset_in, push_ip, push_number, split_str_once, unfold};
pub use uri::{Host, OwnedUri, Scheme, TelephoneError, TelephoneSubscriber, Uri, UriError};
pub use verdict::{verdict, verdict_of_fragment, verdict_on_stream};
