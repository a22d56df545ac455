//! Preconditions of a call at one of its ends (RFC 3312, as TS 24.229 section 5.1.3.1 uses it): are they in use, are
//! they met, does the peer wait for a new offer.
//!
//! The rows themselves, and how each side sees them, are in [`crate::body::sdp`]; here is what the sequence of
//! descriptions adds up to. Feed it with every description that was sent or received as an offer or an answer.

use crate::body::sdp::{Flow, Preconditions, Segment, SessionDescription, Status};

/// The stage of the negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PreconditionState {
    /// No description had preconditions yet.
    Unstated,
    /// The peer answered without them: they are not used in this dialog any more.
    Unused,
    /// Something mandatory is missing: no alerting, no 2xx.
    Unmet,
    /// Everything mandatory is there.
    Met,
}

/// What the descriptions exchanged so far say, from our point of view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PreconditionStatus {
    /// The rows of the newest description, one entry for each stream in use.
    streams: Vec<Preconditions>,
    /// What the peer asked to be told with its `a=conf` rows, as it wrote them.
    asked: Vec<Status>,
    unused: bool,
}

impl PreconditionStatus {
    /// We sent this offer or answer.
    pub fn sent(&mut self, description: &SessionDescription) {
        self.streams = description.media_in_use().map(|media| media.preconditions.clone()).collect();
        let streams = &self.streams;
        self.asked.retain(|status| {
            let ours = status.flipped();
            !streams.iter().all(|rows| rows.reached(&ours.kind, ours.segment).covers(ours.flow))
        });
    }

    /// The peer's offer or answer came; `is_answer` says which. An answer without preconditions to an offer that had
    /// them comes from a peer without the extension.
    pub fn received(&mut self, description: &SessionDescription, is_answer: bool) {
        self.unused |= is_answer && !description.has_preconditions();
        self.streams = description.media_in_use().map(|media| media.preconditions.flipped()).collect();
        self.asked = description.media_in_use().flat_map(|media| media.preconditions.confirm.clone()).collect();
    }

    /// The stage of the negotiation.
    pub fn state(&self) -> PreconditionState {
        match self {
            Self { unused: true, .. } => PreconditionState::Unused,
            Self { streams, .. } if streams.iter().all(Preconditions::is_empty) => PreconditionState::Unstated,
            Self { streams, .. } if streams.iter().all(Preconditions::is_met) => PreconditionState::Met,
            Self { .. } => PreconditionState::Unmet,
        }
    }

    /// Whether the call may be alerted and answered (RFC 3312 section 6).
    pub fn permits_establishment(&self) -> bool {
        self.state() != PreconditionState::Unmet
    }

    /// Whether the peer waits for a new offer, with `reserved` on our side now: it asked to be told of that much, and
    /// no description of ours has said so yet (RFC 3312 section 7).
    pub fn owes_offer(&self, reserved: Flow) -> bool {
        let is_reached = |status: &Status| {
            let ours = status.flipped();
            ours.segment == Segment::Local && reserved.covers(ours.flow)
        };
        !self.unused && !self.asked.is_empty() && self.asked.iter().all(is_reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(rows: &[&str]) -> SessionDescription {
        let head =
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49152 RTP/AVP 0\r\n";
        let rows: String = rows.iter().map(|row| format!("a={row}\r\n")).collect();
        SessionDescription::read(format!("{head}{rows}").as_bytes()).expect("a description")
    }

    /// The four descriptions of TS 34.229-1 15.21, each from its writer's point of view.
    const OFFER_1: [&str; 4] = [
        "curr:qos local none",
        "curr:qos remote none",
        "des:qos mandatory local sendrecv",
        "des:qos optional remote sendrecv",
    ];
    const ANSWER_1: [&str; 5] = [
        "curr:qos local none",
        "curr:qos remote none",
        "des:qos mandatory local sendrecv",
        "des:qos mandatory remote sendrecv",
        "conf:qos remote sendrecv",
    ];
    const OFFER_2: [&str; 4] = [
        "curr:qos local sendrecv",
        "curr:qos remote none",
        "des:qos mandatory local sendrecv",
        "des:qos mandatory remote sendrecv",
    ];
    const ANSWER_2: [&str; 4] = [
        "curr:qos local sendrecv",
        "curr:qos remote sendrecv",
        "des:qos mandatory local sendrecv",
        "des:qos mandatory remote sendrecv",
    ];

    #[test]
    fn a_conference_call_is_met_with_the_second_answer_at_both_ends() {
        let (mut ue, mut focus) = (PreconditionStatus::default(), PreconditionStatus::default());
        assert_eq!(ue.state(), PreconditionState::Unstated);
        ue.sent(&description(&OFFER_1));
        focus.received(&description(&OFFER_1), false);
        focus.sent(&description(&ANSWER_1));
        ue.received(&description(&ANSWER_1), true);
        assert_eq!((ue.state(), focus.state()), (PreconditionState::Unmet, PreconditionState::Unmet));
        assert!(ue.owes_offer(Flow::SENDRECV) && !ue.owes_offer(Flow::SEND), "not before the resources are there");
        assert!(!focus.owes_offer(Flow::SENDRECV), "nothing was asked of it");

        ue.sent(&description(&OFFER_2));
        assert!(!ue.owes_offer(Flow::SENDRECV), "it is said");
        focus.received(&description(&OFFER_2), false);
        assert!(!focus.permits_establishment(), "the focus has not reserved its own side");
        focus.sent(&description(&ANSWER_2));
        ue.received(&description(&ANSWER_2), true);
        assert_eq!((ue.state(), focus.state()), (PreconditionState::Met, PreconditionState::Met));
        assert!(ue.permits_establishment() && focus.permits_establishment());
    }

    #[test]
    fn an_answer_without_preconditions_comes_from_a_peer_without_the_extension() {
        let mut ue = PreconditionStatus::default();
        ue.sent(&description(&OFFER_1));
        ue.received(&description(&[]), true);
        assert_eq!(ue.state(), PreconditionState::Unused);
        assert!(ue.permits_establishment() && !ue.owes_offer(Flow::SENDRECV));
    }

    #[test]
    fn an_offer_without_preconditions_permits_the_call_at_once() {
        let mut participant = PreconditionStatus::default();
        participant.received(&description(&[]), false);
        participant.sent(&description(&[]));
        assert_eq!(participant.state(), PreconditionState::Unstated);
        assert!(participant.permits_establishment());
    }
}
