//! Time as data: the implementation has no clock, the caller says what time it is.
//!
//! Read first: `agent.rs`, whose contract gives [`Time`] its meaning.

mod timed;

use std::hash::{Hash, Hasher};
use std::ops::{Add, Sub};
use std::time::Duration;

pub(crate) use timed::{Alarm, Timed};

/// A point in time, in milliseconds since an epoch that the caller chooses and never changes.
///
/// It is hashed as an `i128`, and nothing else of an agent is: a [`Hasher`] that takes those as points in time can hash
/// an agent up to a shift in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i128(self.0.into());
    }
}

impl Time {
    /// The caller's epoch.
    pub const EPOCH: Self = Self(0);

    /// The point `milliseconds` after the epoch.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it is not in the past.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// Saturates at the end of time instead of wrapping into the past.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    /// Saturates at the epoch.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// What a pending timer is for. A system is quiescent when nothing is in flight and no
/// [`TimerClass::Protocol`] timer is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerClass {
    /// Something will be sent again, or an unresolved wait will end: retransmissions,
    /// transaction time-outs, resent 2xx and reliable 1xx, no answer, Timer N.
    Protocol,
    /// Only absorbs late copies before state is freed: Timers D, I, J, K, L, M.
    Linger,
    /// A live subscription will be refreshed.
    Refresh,
    /// A live subscription will end unless it is refreshed.
    Expiry,
    /// A live session will be prolonged, or ended because it was not (RFC 4028).
    Session,
}

/// When the first of these timers fires.
pub(crate) fn earliest(timers: impl Iterator<Item = Timer>) -> Option<Time> {
    // Chains of few timers are folded faster than asked for their next.
    timers.fold(None, |first: Option<Time>, timer| Some(first.map_or(timer.at, |first| first.min(timer.at))))
}

/// A pending timer, as shown to observers that decide whether a system is quiescent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timer {
    /// When it fires.
    pub at: Time,
    /// What it is for.
    pub class: TimerClass,
}
