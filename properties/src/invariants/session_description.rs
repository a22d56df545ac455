//! How two session descriptions relate: an answer to its offer, and a description to the one before it by the same
//! party (RFC 3264 sections 6 and 8).

use crate::oracle::Sip;
use crate::oracle::sdp::{Media, Sdp};

/// What is kept of the last description that a party sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    origin: String,
    /// The version in `o=`.
    pub(super) version: u64,
    streams: usize,
    body: Vec<u8>,
}

impl Sent {
    pub(super) fn new(sdp: &Sdp, body: &[u8]) -> Self {
        Self { origin: sdp.origin.clone(), version: sdp.version, streams: sdp.media.len(), body: body.to_vec() }
    }

    /// What makes `next` no proper successor.
    pub(super) fn fault(&self, next: &Sdp, body: &[u8]) -> Option<String> {
        if next.origin != self.origin {
            return Some(format!("o= changed from {} to {}", self.origin, next.origin));
        }
        if next.version < self.version {
            return Some(format!("the version in o= went back from {} to {}", self.version, next.version));
        }
        if next.version == self.version && body != self.body {
            return Some(format!("the description changed, but its version {} did not", self.version));
        }
        (next.media.len() < self.streams).then(|| format!("{} streams became {}", self.streams, next.media.len()))
    }
}

/// The session description in a message.
pub(super) fn read(message: &Sip) -> Option<Sdp> {
    let sdp = message.content_type().eq_ignore_ascii_case("application/sdp");
    sdp.then(|| Sdp::read(&message.body)).flatten()
}

/// What makes `answer` no answer to `offer`.
pub(super) fn mismatch(offer: &Sdp, answer: &Sdp) -> Option<String> {
    if offer.media.len() != answer.media.len() {
        return Some(format!("{} streams offered, {} answered", offer.media.len(), answer.media.len()));
    }
    if offer.times != answer.times {
        return Some(format!("t={:?} offered, t={:?} answered", offer.times, answer.times));
    }
    offer.media.iter().zip(&answer.media).find_map(|(offered, answered)| stream_mismatch(offered, answered))
}

fn stream_mismatch(offered: &Media, answered: &Media) -> Option<String> {
    if offered.kind != answered.kind {
        return Some(format!("{} offered, {} answered", offered.kind, answered.kind));
    }
    if answered.port == 0 {
        return None;
    }
    if offered.port == 0 {
        return Some(format!("the {} stream was offered with port 0 and answered with another", offered.kind));
    }
    if answered.formats.is_empty() {
        return Some(format!("the {} stream is answered without a format", offered.kind));
    }
    let fits = match offered.direction.as_str() {
        "sendonly" => matches!(answered.direction.as_str(), "recvonly" | "inactive"),
        "recvonly" => matches!(answered.direction.as_str(), "sendonly" | "inactive"),
        "inactive" => answered.direction == "inactive",
        _ => true,
    };
    (!fits).then(|| format!("{} offered, {} answered", offered.direction, answered.direction))
}
