//! Why a notifier ended a subscription, and what its subscriber may do then (RFC 6665 section 4.1.3).

use std::fmt;
use std::time::Duration;

/// The `reason` of a terminated subscription. Unknown tokens are kept: other documents register further ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The subscription may move to another node.
    Deactivated,
    /// Not now.
    Probation,
    /// Not any more.
    Rejected,
    /// Not refreshed in time, unsubscribed, or only polled.
    Timeout,
    /// No decision was made in time.
    Giveup,
    /// What was watched no longer exists.
    Noresource,
    /// What is watched will not change.
    Invariant,
    /// Another token.
    Other(String),
}

/// When a new subscription may take the place of the one that ended. It is always a new SUBSCRIBE with a new Call-ID
/// and a new From tag (RFC 6665 section 4.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resubscribe {
    /// It should be done at once.
    Immediately,
    /// It may be done at any time.
    AnyTime,
    /// It may be done, but not before this wait.
    NotBefore(Duration),
    /// It should be done later, at a time of the subscriber's choice.
    Later,
    /// It should not be done.
    Never,
}

impl Reason {
    /// Reads the token; the registered ones are compared without regard to case (RFC 3261 section 7.3.1).
    pub fn parse(token: &[u8]) -> Self {
        let known = [
            Self::Deactivated,
            Self::Probation,
            Self::Rejected,
            Self::Timeout,
            Self::Giveup,
            Self::Noresource,
            Self::Invariant,
        ];
        known
            .into_iter()
            .find(|reason| reason.token().as_bytes().eq_ignore_ascii_case(token))
            .unwrap_or_else(|| Self::Other(String::from_utf8_lossy(token).into_owned()))
    }

    /// The token.
    pub fn token(&self) -> &str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Probation => "probation",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Giveup => "giveup",
            Self::Noresource => "noresource",
            Self::Invariant => "invariant",
            Self::Other(token) => token,
        }
    }

    /// What the subscriber may do after a terminating NOTIFY with this reason (or none) and this `retry-after`
    /// (seconds).
    pub fn resubscribe(reason: Option<&Self>, retry_after: Option<u32>) -> Resubscribe {
        let wait = retry_after.map(|seconds| Resubscribe::NotBefore(Duration::from_secs(u64::from(seconds))));
        match reason {
            Some(Self::Deactivated) => Resubscribe::Immediately,
            Some(Self::Probation) => wait.unwrap_or(Resubscribe::Later),
            Some(Self::Rejected | Self::Noresource | Self::Invariant) => Resubscribe::Never,
            Some(Self::Timeout) => Resubscribe::AnyTime,
            Some(Self::Giveup | Self::Other(_)) | None => wait.unwrap_or(Resubscribe::AnyTime),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of reasons in RFC 6665 section 4.1.3; 60 s stands for any `retry-after`.
    #[test]
    fn what_a_subscriber_may_do_after_each_reason() {
        use Resubscribe::{AnyTime, Immediately, Later, Never};
        let minute = Resubscribe::NotBefore(Duration::from_secs(60));
        let cases: [(&[u8], Resubscribe, Resubscribe); 9] = [
            (b"deactivated", Immediately, Immediately),
            (b"probation", Later, minute),
            (b"rejected", Never, Never),
            (b"timeout", AnyTime, AnyTime),
            (b"giveup", AnyTime, minute),
            (b"noresource", Never, Never),
            (b"invariant", Never, Never),
            (b"badfilter", AnyTime, minute),
            (b"NoResource", Never, Never),
        ];
        for (token, without, with) in cases {
            let reason = Reason::parse(token);
            assert_eq!(Reason::resubscribe(Some(&reason), None), without, "{reason}");
            assert_eq!(Reason::resubscribe(Some(&reason), Some(60)), with, "{reason};retry-after=60");
        }
        assert_eq!(Reason::resubscribe(None, None), AnyTime);
        assert_eq!(Reason::resubscribe(None, Some(60)), minute);
    }
}
