//! What a description may not do: with respect to the one before it (RFC 3264 section 8), or as an answer (section 6).

use std::fmt;

use super::description::{MediaDescription, SessionDescription};
use super::flow::Flow;
use super::precondition::{Status, Strength};

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

/// A rule that a description breaks. Media are counted from zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SdpViolation {
    /// Something other than the version changed in `o=`.
    OriginChanged(OriginPart),
    /// The description changed but its version did not.
    VersionNotRaised {
        /// The version of both.
        version: u64,
    },
    /// The version went back.
    VersionLowered {
        /// Before.
        from: u64,
        /// After.
        to: u64,
    },
    /// The version rose by more than one.
    VersionJumped {
        /// Before.
        from: u64,
        /// After.
        to: u64,
    },
    /// There are fewer `m=` lines than before: an ended stream keeps its line.
    MediaRemoved {
        /// Lines before.
        from: usize,
        /// Lines after.
        to: usize,
    },
    /// The answer has not as many `m=` lines as the offer.
    AnswerCount {
        /// Lines of the offer.
        offered: usize,
        /// Lines of the answer.
        answered: usize,
    },
    /// A stream is answered as another kind of media.
    AnswerKind {
        /// Which stream.
        index: usize,
    },
    /// A stream that the offer ended or refused is answered as if it were in use.
    AnswerRevived {
        /// Which stream.
        index: usize,
    },
    /// The direction of the answer does not go with that of the offer.
    AnswerFlow {
        /// Which stream.
        index: usize,
        /// Direction in the offer.
        offered: Flow,
        /// Direction in the answer.
        answered: Flow,
    },
    /// No format of the answer is among those of the offer.
    AnswerFormats {
        /// Which stream.
        index: usize,
    },
    /// The `t=` lines differ.
    AnswerTiming,
    /// An `m=` line without a format.
    NoFormat {
        /// Which stream.
        index: usize,
    },
    /// The answer wants a precondition less than the offer did.
    StrengthLowered {
        /// Which stream.
        index: usize,
        /// The precondition as the answer sees it, with the directions concerned.
        status: Status,
    },
}

impl SdpViolation {
    /// Stable identifier: row of the requirement catalogue and a word.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::OriginChanged(_) => "CR-33/origin",
            Self::VersionNotRaised { .. } => "CR-33/version-same",
            Self::VersionLowered { .. } => "CR-33/version-lower",
            Self::VersionJumped { .. } => "CR-33/version-jump",
            Self::MediaRemoved { .. } => "CR-33/media",
            Self::AnswerCount { .. } => "CR-34/count",
            Self::AnswerKind { .. } => "CR-34/kind",
            Self::AnswerRevived { .. } => "CR-34/port",
            Self::AnswerFlow { .. } => "CR-34/direction",
            Self::AnswerFormats { .. } => "CR-34/formats",
            Self::AnswerTiming => "CR-34/time",
            Self::NoFormat { .. } => "CR-34/no-format",
            Self::StrengthLowered { .. } => "CR-42/strength",
        }
    }
}

impl fmt::Display for SdpViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OriginChanged(part) => write!(f, "{part:?} changed in `o=`"),
            Self::VersionNotRaised { version } => {
                write!(f, "the description changed, its version is still {version}")
            }
            Self::VersionLowered { from, to } => write!(f, "the version went back from {from} to {to}"),
            Self::VersionJumped { from, to } => write!(f, "the version rose from {from} to {to}, not by one"),
            Self::MediaRemoved { from, to } => write!(f, "{to} `m=` lines where there were {from}"),
            Self::AnswerCount { offered, answered } => {
                write!(f, "{answered} `m=` lines in the answer to {offered}")
            }
            Self::AnswerKind { index } => write!(f, "stream {index} is answered as another kind of media"),
            Self::AnswerRevived { index } => write!(f, "stream {index} was offered with port 0, but not answered so"),
            Self::AnswerFlow { index, offered, answered } => {
                let (offered, answered) = (offered.media_token(), answered.media_token());
                write!(f, "stream {index} was offered {offered} and answered {answered}")
            }
            Self::AnswerFormats { index } => write!(f, "stream {index} is answered without any offered format"),
            Self::AnswerTiming => write!(f, "`t=` of the answer is not that of the offer"),
            Self::NoFormat { index } => write!(f, "stream {index} has no format"),
            Self::StrengthLowered { index, status } => {
                write!(f, "stream {index}: the strength of `{status}` is lower than in the offer")
            }
        }
    }
}

/// What `next` breaks as the description that the same party sends after `previous`, be they offers or answers. A
/// version that rises although nothing else changed is legal.
pub fn check_next(previous: &SessionDescription, next: &SessionDescription) -> Vec<SdpViolation> {
    let mut violations = Vec::new();
    let (before, after) = (previous.origin(), next.origin());
    let parts = [
        (OriginPart::Username, before.username != after.username),
        (OriginPart::SessionId, before.session_id != after.session_id),
        (OriginPart::Address, before.address != after.address),
    ];
    violations
        .extend(parts.into_iter().filter(|(_, changed)| *changed).map(|(part, _)| SdpViolation::OriginChanged(part)));
    let (from, to) = (before.version, after.version);
    if to < from {
        violations.push(SdpViolation::VersionLowered { from, to });
    } else if to == from && !previous.says_the_same(next) {
        violations.push(SdpViolation::VersionNotRaised { version: to });
    } else if to - from > 1 {
        violations.push(SdpViolation::VersionJumped { from, to });
    }
    let (from, to) = (previous.media().len(), next.media().len());
    if to < from {
        violations.push(SdpViolation::MediaRemoved { from, to });
    }
    violations
}

/// What `answer` breaks as the answer to `offer`.
pub fn check_answer(offer: &SessionDescription, answer: &SessionDescription) -> Vec<SdpViolation> {
    let mut violations = Vec::new();
    let (offered, answered) = (offer.media().len(), answer.media().len());
    if offered != answered {
        violations.push(SdpViolation::AnswerCount { offered, answered });
    }
    for (index, (offered, answered)) in offer.media().iter().zip(answer.media()).enumerate() {
        check_stream(index, offered, answered, &mut violations);
    }
    if offer.timing() != answer.timing() {
        violations.push(SdpViolation::AnswerTiming);
    }
    violations
}

fn check_stream(
    index: usize,
    offered: &MediaDescription,
    answered: &MediaDescription,
    violations: &mut Vec<SdpViolation>,
) {
    if offered.kind != answered.kind {
        violations.push(SdpViolation::AnswerKind { index });
    }
    if answered.formats.is_empty() {
        violations.push(SdpViolation::NoFormat { index });
    }
    if answered.port == 0 {
        return;
    }
    if offered.port == 0 {
        violations.push(SdpViolation::AnswerRevived { index });
        return;
    }
    if !offered.flow.flipped().covers(answered.flow) {
        violations.push(SdpViolation::AnswerFlow { index, offered: offered.flow, answered: answered.flow });
    }
    // Payload type numbers should be kept, but need not; so encodings count too.
    let names = |media: &MediaDescription| -> Vec<String> {
        let encoding = |format: &str| media.value_for("rtpmap", format).map(str::to_ascii_lowercase);
        media.formats().flat_map(|format| std::iter::once(format.to_owned()).chain(encoding(format))).collect()
    };
    let (offers, answers) = (names(offered), names(answered));
    if !answers.is_empty() && !answers.iter().any(|name| offers.contains(name)) {
        violations.push(SdpViolation::AnswerFormats { index });
    }
    // No precondition lines at all means a peer without the extension, which is no fault.
    if !answered.preconditions.is_empty() {
        check_strengths(index, offered, answered, violations);
    }
}

/// An answerer may raise a strength, never lower it (RFC 3312 section 5.2); direction by direction.
fn check_strengths(
    index: usize,
    offered: &MediaDescription,
    answered: &MediaDescription,
    violations: &mut Vec<SdpViolation>,
) {
    for wanted in offered.preconditions.desired.iter().map(super::Desired::flipped) {
        let Status { kind, segment, flow } = &wanted.status;
        if wanted.strength == Strength::None || wanted.strength.is_refusal() {
            continue;
        }
        let same = |row: &&super::Desired| row.status.kind == *kind && row.status.segment == *segment;
        let kept = answered.preconditions.desired.iter().filter(same).filter(|row| row.strength >= wanted.strength);
        let kept = kept.fold(Flow::NONE, |kept, row| kept.union(row.status.flow));
        let flow = flow.without(kept);
        if flow != Flow::NONE {
            let status = Status { kind: kind.clone(), segment: *segment, flow };
            violations.push(SdpViolation::StrengthLowered { index, status });
        }
    }
}

#[cfg(test)]
mod tests;
