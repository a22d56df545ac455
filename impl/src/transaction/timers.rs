//! The timers of RFC 3261 section 17 (table 4 of annex A) and of RFC 6026 (L and M), as data.
//!
//! Read first: [`TimerSettings`]. Nothing in this layer knows a duration that does not come from there.

use std::time::Duration;

use smallvec::SmallVec;

use crate::agent::Transport;
use crate::time::{Time, TimerClass};

/// The running timers of one transaction: never more than two.
pub(super) type Running = SmallVec<[(TimerName, Time); 2]>;

/// The letters of RFC 3261 table 4 and RFC 6026, and two waits that the RFCs describe without naming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerName {
    /// INVITE request retransmission; doubles without a cap; unreliable transports only.
    A,
    /// INVITE client transaction time-out: no response at all.
    B,
    /// Wait for copies of a 300-699 response to INVITE.
    D,
    /// Non-INVITE request retransmission; doubles up to T2, flat T2 after a 1xx; unreliable transports only.
    E,
    /// Non-INVITE client transaction time-out: no final response.
    F,
    /// Retransmission of a 300-699 response to INVITE; doubles up to T2; unreliable transports only.
    G,
    /// Wait for the ACK to a 300-699 response.
    H,
    /// Wait for copies of that ACK.
    I,
    /// Wait for copies of a non-INVITE request.
    J,
    /// Wait for copies of the response to a non-INVITE request.
    K,
    /// Server side of an accepted INVITE: wait for copies of the INVITE, pass copies of the 2xx.
    L,
    /// Client side of an accepted INVITE: wait for copies of the 2xx and for 2xx of other branches.
    M,
    /// How long the transaction user may be silent before the INVITE server sends 100 (section 17.2.1).
    Trying,
    /// How long a cancelled INVITE may stay without a final response (section 9.1).
    Cancelled,
}

impl TimerName {
    /// What the timer is for: the lingering ones send nothing and end in silence.
    pub const fn class(self) -> TimerClass {
        match self {
            Self::A | Self::B | Self::E | Self::F | Self::G | Self::H | Self::Trying | Self::Cancelled => {
                TimerClass::Protocol
            }
            Self::D | Self::I | Self::J | Self::K | Self::L | Self::M => TimerClass::Linger,
        }
    }
}

/// Every duration of the transaction layer. The transaction user takes T1 and T2 for its own retransmissions of
/// 2xx and reliable 1xx responses from here too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerSettings {
    t1: Duration,
    t2: Duration,
    t4: Duration,
    trying: Duration,
}

/// The ratio of every transaction time-out to T1 (RFC 3261 table 4).
const TIMEOUT_IN_T1: u32 = 64;

/// The floor of Timer D, which does not shrink with T1: the far side's T1 is not known (RFC 3261 section 17.1.1.2).
const TIMER_D_FLOOR: Duration = Duration::from_secs(32);

/// How long the transaction user may be silent before a 100 is due (RFC 3261 section 17.2.1).
const TRYING_DELAY: Duration = Duration::from_millis(200);

impl TimerSettings {
    /// Settings with these basic values: `t1` the round-trip estimate, `t2` the longest interval between copies of a
    /// non-INVITE request or of a response to INVITE, `t4` the time after which the network has lost a message.
    /// T1 and T2 are intervals of repetition and hence at least the millisecond in which [`Time`] counts.
    pub const fn new(t1: Duration, t2: Duration, t4: Duration) -> Self {
        Self { t1: at_least_one_tick(t1), t2: at_least_one_tick(t2), t4, trying: TRYING_DELAY }
    }

    /// The defaults of RFC 3261: 500 ms, 4 s, 5 s.
    pub const fn rfc3261() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(4), Duration::from_secs(5))
    }

    /// The values between an IMS UE and its P-CSCF (TS 24.229 section 7.7): 2 s, 16 s, 17 s.
    pub const fn ims() -> Self {
        Self::new(Duration::from_secs(2), Duration::from_secs(16), Duration::from_secs(17))
    }

    /// The same settings with another wait before the INVITE server's own 100.
    #[must_use]
    pub const fn with_trying_delay(self, trying: Duration) -> Self {
        Self { trying, ..self }
    }

    /// The round-trip estimate; the first interval of every retransmission.
    pub const fn t1(&self) -> Duration {
        self.t1
    }

    /// The longest interval of Timers E and G and of the transaction user's copies of a 2xx.
    pub const fn t2(&self) -> Duration {
        self.t2
    }

    /// How long the network may still deliver an old message.
    pub const fn t4(&self) -> Duration {
        self.t4
    }

    /// 64*T1: Timers B, F, H, L, M, and the transaction user's patience for the ACK, a PRACK or Timer N.
    pub const fn timeout(&self) -> Duration {
        self.t1.saturating_mul(TIMEOUT_IN_T1)
    }

    /// The wait before the INVITE server's own 100.
    pub const fn trying_delay(&self) -> Duration {
        self.trying
    }

    /// Timer D: at least 32 s, more if the 64*T1 of our own T1 is more; zero on reliable transports.
    pub fn d(&self, transport: Transport) -> Duration {
        lingering(transport, self.timeout().max(TIMER_D_FLOOR))
    }

    /// Timer I: T4; zero on reliable transports.
    pub const fn i(&self, transport: Transport) -> Duration {
        lingering(transport, self.t4)
    }

    /// Timer J: 64*T1; zero on reliable transports.
    pub const fn j(&self, transport: Transport) -> Duration {
        lingering(transport, self.timeout())
    }

    /// Timer K: T4; zero on reliable transports.
    pub const fn k(&self, transport: Transport) -> Duration {
        lingering(transport, self.t4)
    }
}

impl Default for TimerSettings {
    fn default() -> Self {
        Self::rfc3261()
    }
}

const fn at_least_one_tick(interval: Duration) -> Duration {
    if interval.as_millis() == 0 { Duration::from_millis(1) } else { interval }
}

const fn lingering(transport: Transport, duration: Duration) -> Duration {
    if transport.is_reliable() { Duration::ZERO } else { duration }
}

/// What a transition needs to know besides the state and the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    pub(super) now: Time,
    pub(super) settings: TimerSettings,
    pub(super) transport: Transport,
}

impl Conditions {
    /// When a wait of 64*T1 that begins now ends.
    pub(super) fn timeout(&self) -> Time {
        self.now + self.settings.timeout()
    }

    /// The first retransmission after T1, or none at all on a reliable transport (Timers A, E and G).
    pub(super) fn retransmission(&self) -> Option<Retransmission> {
        let interval = self.settings.t1();
        (!self.transport.is_reliable()).then(|| Retransmission { at: self.now + interval, interval })
    }

    /// The end of a lingering state, or nothing if there is no linger and the transaction is over at once.
    pub(super) fn linger(&self, duration: Duration) -> Option<Time> {
        (!duration.is_zero()).then(|| self.now + duration)
    }
}

/// A running retransmission timer (A, E or G).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Retransmission {
    /// When the next copy goes out.
    pub(super) at: Time,
    /// The interval that ends then.
    interval: Duration,
}

impl Retransmission {
    /// The timer after a copy was sent: twice the interval, never more than `cap` (Timers E and G).
    pub(super) fn doubled_up_to(self, now: Time, cap: Duration) -> Self {
        Self::every(now, self.interval.saturating_mul(2).min(cap))
    }

    /// The timer after a copy was sent: twice the interval, without a cap (Timer A).
    pub(super) fn doubled(self, now: Time) -> Self {
        Self::every(now, self.interval.saturating_mul(2))
    }

    /// A timer with this interval.
    pub(super) fn every(now: Time, interval: Duration) -> Self {
        Self { at: now + interval, interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of RFC 3261 table 4 and of RFC 6026 section 8.11 that belongs to a user agent.
    #[test]
    fn durations_are_those_of_the_tables() {
        let seconds = Duration::from_secs;
        let (udp, tcp) = (Transport::Udp, Transport::Tcp);
        let table = [
            // settings, transport, 64*T1 (B F H L M), D, I, J, K
            (TimerSettings::rfc3261(), udp, [32, 32, 5, 32, 5]),
            (TimerSettings::rfc3261(), tcp, [32, 0, 0, 0, 0]),
            (TimerSettings::ims(), udp, [128, 128, 17, 128, 17]),
            (TimerSettings::ims(), tcp, [128, 0, 0, 0, 0]),
        ];
        for (settings, transport, expected) in table {
            let found = [
                settings.timeout(),
                settings.d(transport),
                settings.i(transport),
                settings.j(transport),
                settings.k(transport),
            ];
            assert_eq!(found, expected.map(seconds), "{settings:?} {transport:?}");
        }
    }

    #[test]
    fn timer_d_does_not_shrink_with_t1() {
        let quick =
            TimerSettings::new(Duration::from_millis(10), Duration::from_millis(80), Duration::from_millis(100));
        assert_eq!(quick.timeout(), Duration::from_millis(640));
        assert_eq!(quick.d(Transport::Udp), Duration::from_secs(32));
    }

    /// Otherwise a retransmission would be due again at once, for ever.
    #[test]
    fn an_interval_is_never_zero() {
        let instant = TimerSettings::new(Duration::ZERO, Duration::from_micros(999), Duration::ZERO);
        assert_eq!([instant.t1(), instant.t2()], [Duration::from_millis(1); 2]);
    }

    #[test]
    fn intervals_double_and_stop_at_the_cap() {
        let conditions = Conditions { now: Time::EPOCH, settings: TimerSettings::rfc3261(), transport: Transport::Udp };
        let gaps = |next: fn(Retransmission, Time) -> Retransmission| {
            let mut timer = conditions.retransmission();
            let mut now = Time::EPOCH;
            let mut gaps = Vec::new();
            while let Some(running) = timer.filter(|_| gaps.len() < 7) {
                gaps.push(running.at.since(now).as_millis());
                now = running.at;
                timer = Some(next(running, now));
            }
            gaps
        };
        assert_eq!(gaps(Retransmission::doubled), [500, 1000, 2000, 4000, 8000, 16000, 32000]);
        let capped = |timer: Retransmission, now| timer.doubled_up_to(now, TimerSettings::rfc3261().t2());
        assert_eq!(gaps(capped), [500, 1000, 2000, 4000, 4000, 4000, 4000]);
    }
}
