//! skeleton
use super::description::SessionDescription;

/// Part of an `o=` line that may not change within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginPart {
    /// User name.
    Username,
    /// Session identifier.
    SessionId,
    /// Address.
    Address,
}

/// A rule that a description breaks with respect to the one before it or to the offer that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SdpViolation {
    /// `o=` changed.
    OriginChanged(OriginPart),
}

/// What `next` breaks as the description that the same party sends after `previous` (RFC 3264 section 8).
pub fn check_next(_previous: &SessionDescription, _next: &SessionDescription) -> Vec<SdpViolation> {
    todo!()
}

/// What `answer` breaks as the answer to `offer` (RFC 3264 section 6).
pub fn check_answer(_offer: &SessionDescription, _answer: &SessionDescription) -> Vec<SdpViolation> {
    todo!()
}
