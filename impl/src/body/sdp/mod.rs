//! Session descriptions (RFC 8866) as far as offer/answer (RFC 3264) and preconditions (RFC 3312) need them.
//!
//! Read `description` first (what was said), then `flow` and `precondition` (its two vocabularies of direction),
//! `local` (how our own descriptions are made), `refusal` (why one is not accepted), `check` (what a peer's description
//! may not do after another one) and `verdict` (which rules one breaks on its own). Who may send an offer, and when, is
//! the dialog layer's business.

mod check;
mod description;
mod flow;
mod local;
mod precondition;
mod read;
mod refusal;
mod verdict;

pub use check::{OriginPart, SdpViolation, check_answer, check_next};
pub use description::{
    Address, Attribute, Attributes, MAX_BYTES, MAX_MEDIA, MediaDescription, Origin, SdpError, SessionDescription,
    Timing,
};
pub use flow::Flow;
pub use local::{Codec, LocalMedia, Resources};
pub use precondition::{Desired, PreconditionError, PreconditionType, Preconditions, Segment, Status, Strength};
pub use refusal::Mismatch;
pub use verdict::{SdpFinding, SdpRule, verdict};

/// The media type of a session description (RFC 8866 section 8.1).
pub const MEDIA_TYPE: &str = "application/sdp";
