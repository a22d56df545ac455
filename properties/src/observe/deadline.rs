//! What is left of the time for something that is owed.

use std::time::Duration;

/// The time left for an obligation. It holds no absolute time, so two worlds that differ by a shift in time are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Duration);

impl Deadline {
    /// 64*T1 of RFC 3261 with the T1 that IMS terminals use (2 s): longer than any transaction lives.
    pub const TRANSACTION: Self = Self(Duration::from_secs(128));

    /// 64*T1 with the smallest T1 in use (500 ms): who waited for that long may have given up.
    pub const SHORTEST: Self = Self(Duration::from_secs(32));

    /// An obligation that must be met within `remaining`.
    pub const fn within(remaining: Duration) -> Self {
        Self(remaining)
    }

    /// Lets time pass; says whether the deadline is now over.
    pub fn elapse(&mut self, elapsed: Duration) -> bool {
        match self.0.checked_sub(elapsed) {
            Some(rest) => {
                self.0 = rest;
                false
            }
            None => {
                self.0 = Duration::ZERO;
                true
            }
        }
    }

    /// The time left.
    pub const fn remaining(self) -> Duration {
        self.0
    }
}
