//! The session timer at one end of a session (RFC 4028 sections 7.2, 9 and 10): who refreshes it, when, and when it is
//! given up.
//!
//! Only a 2xx to a re-INVITE or UPDATE prolongs a session, whoever asked and for whatever purpose. The refresher asks
//! at half the interval; the other end hangs up a little before the end if nobody did. It knows *that* a refresh is
//! asked for, not with which request. Read [`Expiry`].

use std::time::Duration;

use crate::time::{Time, Timer, TimerClass};

/// The longest time before the end of the session at which an end that waits for a refresh hangs up (RFC 4028 section
/// 10).
const MARGIN: Duration = Duration::from_secs(32);

/// Where the session timer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiry {
    /// The session lasts until somebody ends it.
    #[default]
    Off,
    /// We refresh it, at `refresh_at`.
    Ours {
        /// When the next request is due.
        refresh_at: Time,
        /// When the session is over unless it succeeds.
        ends_at: Time,
    },
    /// The refresh is due, but a request that is under way is in its way.
    Due {
        /// As above.
        ends_at: Time,
    },
    /// The refresh is out.
    Refreshing {
        /// As above.
        ends_at: Time,
    },
    /// Nothing that we do will prolong it: the peer refreshes it, or refused to have it refreshed.
    Waiting {
        /// When we hang up.
        hang_up_at: Time,
    },
}

/// Who refreshes a session, and how long it lasts without: what the last 2xx said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionInterval {
    /// Seconds.
    pub seconds: u32,
    /// Whether we refresh it.
    pub ours: bool,
}

/// What happens to the session timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Input {
    Agreed { now: Time, interval: Option<SessionInterval> },
    Again { at: Time },
    Refused,
    Timeout { now: Time, allowed: bool },
    Allowed,
    End,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpiryOutput {
    /// Nothing.
    Nothing,
    /// Send the refresh.
    Refresh,
    /// The session is over, or about to be: hang up.
    HangUp,
}

impl Expiry {
    fn on(self, input: Input) -> (Self, ExpiryOutput) {
        use ExpiryOutput as Out;
        match (self, input) {
            (
                Self::Off | Self::Ours { .. } | Self::Due { .. } | Self::Refreshing { .. } | Self::Waiting { .. },
                Input::Agreed { now, interval },
            ) => (interval.map_or(Self::Off, |interval| Self::agreed(now, interval)), Out::Nothing),

            (Self::Refreshing { ends_at }, Input::Again { at }) if at < ends_at => {
                (Self::Ours { refresh_at: at, ends_at }, Out::Nothing)
            }
            (Self::Refreshing { ends_at }, Input::Again { .. } | Input::Refused) => {
                (Self::Waiting { hang_up_at: ends_at }, Out::Nothing)
            }
            // Something else has refreshed the session meanwhile.
            (Self::Off | Self::Ours { .. } | Self::Due { .. } | Self::Waiting { .. }, Input::Again { .. })
            | (Self::Off | Self::Ours { .. } | Self::Due { .. } | Self::Waiting { .. }, Input::Refused) => {
                (self, Out::Nothing)
            }

            (
                Self::Ours { ends_at, .. } | Self::Due { ends_at } | Self::Refreshing { ends_at },
                Input::Timeout { now, .. },
            ) if ends_at <= now => (Self::Off, Out::HangUp),
            (Self::Ours { refresh_at, ends_at }, Input::Timeout { now, allowed }) if refresh_at <= now => {
                if allowed {
                    (Self::Refreshing { ends_at }, Out::Refresh)
                } else {
                    (Self::Due { ends_at }, Out::Nothing)
                }
            }
            (Self::Waiting { hang_up_at }, Input::Timeout { now, .. }) if hang_up_at <= now => (Self::Off, Out::HangUp),
            (
                Self::Off | Self::Ours { .. } | Self::Due { .. } | Self::Refreshing { .. } | Self::Waiting { .. },
                Input::Timeout { .. },
            ) => (self, Out::Nothing),

            (Self::Due { ends_at }, Input::Allowed) => (Self::Refreshing { ends_at }, Out::Refresh),
            (Self::Off | Self::Ours { .. } | Self::Refreshing { .. } | Self::Waiting { .. }, Input::Allowed) => {
                (self, Out::Nothing)
            }

            (
                Self::Off | Self::Ours { .. } | Self::Due { .. } | Self::Refreshing { .. } | Self::Waiting { .. },
                Input::End,
            ) => (Self::Off, Out::Nothing),
        }
    }

    fn agreed(now: Time, interval: SessionInterval) -> Self {
        let length = Duration::from_secs(interval.seconds.into());
        if interval.ours {
            Self::Ours { refresh_at: now + length / 2, ends_at: now + length }
        } else {
            Self::Waiting { hang_up_at: now + length.saturating_sub(MARGIN.min(length / 3)) }
        }
    }

    fn step(&mut self, input: Input) -> ExpiryOutput {
        let (state, output) = self.on(input);
        *self = state;
        output
    }

    /// A 2xx to an INVITE or UPDATE was sent or came; without an interval in it there is no session timer any more.
    pub fn on_agreed(&mut self, now: Time, interval: Option<SessionInterval>) {
        self.step(Input::Agreed { now, interval });
    }

    /// The refresh crossed another request: it may be tried again at `at`.
    pub fn on_crossed(&mut self, at: Time) {
        self.step(Input::Again { at });
    }

    /// The refresh was refused, other than by 408 or 481, which end the session.
    pub fn on_refused(&mut self) {
        self.step(Input::Refused);
    }

    /// Lets what is due happen; `allowed`: nothing is in the way of a request.
    pub fn on_timeout(&mut self, now: Time, allowed: bool) -> ExpiryOutput {
        self.step(Input::Timeout { now, allowed })
    }

    /// Nothing is in the way of a request any more.
    pub fn on_allowed(&mut self) -> ExpiryOutput {
        self.step(Input::Allowed)
    }

    /// The session is over.
    pub fn end(&mut self) {
        self.step(Input::End);
    }

    /// The pending timer.
    pub fn timer(self) -> Option<Timer> {
        let at = match self {
            Self::Off => return None,
            Self::Ours { refresh_at, .. } => refresh_at,
            Self::Due { ends_at } | Self::Refreshing { ends_at } | Self::Waiting { hang_up_at: ends_at } => ends_at,
        };
        Some(Timer { at, class: TimerClass::Session })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::transition_table::render;

    const fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn every_pair_of_state_and_input() {
        let ends_at = at(1_800);
        let states = [
            ("off", Expiry::Off),
            ("ours", Expiry::Ours { refresh_at: at(900), ends_at }),
            ("due", Expiry::Due { ends_at }),
            ("refreshing", Expiry::Refreshing { ends_at }),
            ("waiting", Expiry::Waiting { hang_up_at: at(1_768) }),
        ];
        let agreed = |ours| Input::Agreed { now: at(0), interval: Some(SessionInterval { seconds: 1_800, ours }) };
        let inputs = [
            ("2xx, we refresh", agreed(true)),
            ("2xx, the peer refreshes", agreed(false)),
            ("2xx without an interval", Input::Agreed { now: at(0), interval: None }),
            ("491, again in time", Input::Again { at: at(902) }),
            ("491, again too late", Input::Again { at: at(1_800) }),
            ("488", Input::Refused),
            ("early timeout", Input::Timeout { now: at(899), allowed: true }),
            ("half the interval", Input::Timeout { now: at(900), allowed: true }),
            ("half the interval, another request open", Input::Timeout { now: at(900), allowed: false }),
            ("shortly before the end", Input::Timeout { now: at(1_768), allowed: true }),
            ("the end", Input::Timeout { now: at(1_800), allowed: true }),
            ("the other request through", Input::Allowed),
            ("end of the session", Input::End),
        ];
        insta::assert_snapshot!("expiry", render(&states, &inputs, Expiry::on));
    }

    /// The margin is the smaller of 32 s and a third.
    #[test]
    fn who_waits_hangs_up_a_little_before_the_end() {
        for (seconds, hang_up_at) in [(90, 60), (96, 64), (99, 67), (1_800, 1_768)] {
            let mut expiry = Expiry::Off;
            expiry.on_agreed(at(0), Some(SessionInterval { seconds, ours: false }));
            assert_eq!(expiry, Expiry::Waiting { hang_up_at: at(hang_up_at) }, "{seconds} s");
        }
    }
}
