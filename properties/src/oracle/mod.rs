//! An independent small reader of what is on the wire.
//!
//! It shares nothing with the codec of the implementation, on purpose: what judges the implementation must not believe
//! the implementation. It is slow, owned and forgiving: it keeps every header field verbatim and in order, and
//! [`problems`] names what is malformed. Nothing here panics, whatever the bytes.
//!
//! Read first: [`Sip`]; then [`sdp`], [`sipfrag`] and [`conference`] for the bodies.

mod address;
pub mod conference;
mod problems;
pub mod replaces;
pub mod sdp;
mod sip;
pub mod sipfrag;
mod uri;

/// Shared immutable text: cloning an observer's state must stay cheap.
pub type Text = std::sync::Arc<str>;

pub use address::{Address, split_list};
pub use problems::{Problem, problems};
pub use sip::{CSeq, EventHeader, Header, NotSip, RAck, Sip, Start, SubscriptionState};
pub use uri::{Uri, same_uri};
