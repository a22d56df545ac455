//! Preconditions of one media stream (RFC 3312, RFC 4032): current, desired and confirmation status.
//!
//! The rows are kept as written, from the point of view of whoever wrote the description; [`Preconditions::flipped`] is
//! how its reader sees them.

use std::fmt;

use thiserror::Error;

use super::flow::Flow;

/// Which part of the path a status is about (RFC 3312 section 4, status-type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// The whole path.
    EndToEnd,
    /// The access network of whoever wrote the description.
    Local,
    /// The access network of whoever reads it.
    Remote,
}

impl Segment {
    /// The same part seen by the other party.
    pub const fn flipped(self) -> Self {
        match self {
            Self::EndToEnd => Self::EndToEnd,
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }

    /// Its tag.
    pub const fn token(self) -> &'static str {
        match self {
            Self::EndToEnd => "e2e",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }

    fn from_token(token: &str) -> Option<Self> {
        [Self::EndToEnd, Self::Local, Self::Remote].into_iter().find(|segment| segment.token() == token)
    }
}

/// How much a precondition is wanted (RFC 3312 section 4, strength-tag), the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Not at all.
    None,
    /// Worth trying.
    Optional,
    /// The session must not be established without it.
    Mandatory,
    /// It could not be met; only in a description that explains a refusal.
    Failure,
    /// Its type is not understood; only in a description that explains a refusal.
    Unknown,
}

impl Strength {
    const ALL: [Self; 5] = [Self::None, Self::Optional, Self::Mandatory, Self::Failure, Self::Unknown];

    /// Its tag.
    pub const fn token(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Mandatory => "mandatory",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it belongs only into a description that explains a refusal (section 8).
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Failure | Self::Unknown)
    }

    fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.token() == token)
    }
}

/// What the precondition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PreconditionType {
    /// Quality of service: the resources of the path.
    Qos,
    /// Another type, which we do not understand.
    Other(String),
}

impl PreconditionType {
    fn token(&self) -> &str {
        match self {
            Self::Qos => "qos",
            Self::Other(token) => token,
        }
    }

    fn from_token(token: &str) -> Self {
        if token == "qos" { Self::Qos } else { Self::Other(token.to_owned()) }
    }
}

/// The value of an `a=curr` or an `a=conf` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status {
    /// What it is about.
    pub kind: PreconditionType,
    /// Which part of the path.
    pub segment: Segment,
    /// In which directions.
    pub flow: Flow,
}

impl Status {
    /// A status of resources.
    pub const fn qos(segment: Segment, flow: Flow) -> Self {
        Self { kind: PreconditionType::Qos, segment, flow }
    }

    /// The same seen by the other party (RFC 3312 section 5.2, table 4).
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { kind: self.kind.clone(), segment: self.segment.flipped(), flow: self.flow.flipped() }
    }

    fn is_about(&self, other: &Self) -> bool {
        self.kind == other.kind && self.segment == other.segment
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind.token(), self.segment.token(), self.flow.precondition_token())
    }
}

/// The value of an `a=des` line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Desired {
    /// How much it is wanted.
    pub strength: Strength,
    /// What is wanted.
    pub status: Status,
}

impl Desired {
    /// A desired status of resources.
    pub const fn qos(strength: Strength, segment: Segment, flow: Flow) -> Self {
        Self { strength, status: Status::qos(segment, flow) }
    }

    /// The same seen by the other party; the strength has no point of view.
    #[must_use]
    pub fn flipped(&self) -> Self {
        Self { strength: self.strength, status: self.status.flipped() }
    }
}

impl fmt::Display for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { kind, segment, flow } = &self.status;
        let (kind, strength, segment) = (kind.token(), self.strength.token(), segment.token());
        write!(f, "{kind} {strength} {segment} {}", flow.precondition_token())
    }
}

/// A precondition line that cannot be read. Leaving it out could let a session be established too early, so the whole
/// description is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("`a={attribute}:{value}` is not a precondition line (RFC 3312 section 4)")]
pub struct PreconditionError {
    /// `curr`, `des` or `conf`.
    pub attribute: String,
    /// What follows it.
    pub value: String,
}

/// The precondition lines of one media stream, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preconditions {
    /// `a=curr`: what is reserved.
    pub current: Vec<Status>,
    /// `a=des`: what is wanted.
    pub desired: Vec<Desired>,
    /// `a=conf`: when the reader is asked to send a new offer.
    pub confirm: Vec<Status>,
}
