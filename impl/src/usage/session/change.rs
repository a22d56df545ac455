//! A change of an established session that we ask for, at whoever asks: re-INVITE or UPDATE with an offer, and the
//! back-off after requests that crossed (RFC 3261 section 14.1, RFC 3311 sections 5.2 and 5.3, RFC 5407 section 3.3.1).
//!
//! One change at a time. It knows *that* something is asked, not what. A change that crossed is asked for once more, if
//! it is still wanted then; a second refusal of that kind is final, so that nobody tries for ever. The wait is for
//! whatever is wanted next, or it would cross again. Read [`Change`].

use crate::time::Time;

/// Where our change stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// None is wanted.
    #[default]
    Idle,
    /// The request is out.
    Requested {
        /// Whether the first attempt crossed a request of the peer.
        again: bool,
    },
    /// The requests crossed: the second attempt is due at `at`.
    BackingOff {
        /// When.
        at: Time,
    },
    /// None is wanted, but the requests crossed: the next may be sent at `at`.
    Resting {
        /// When.
        at: Time,
    },
    /// The second attempt is due, but an INVITE of the peer is not through yet: no other may be sent in either
    /// direction (RFC 3261 section 14.1).
    Due,
}

/// What happens to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Input {
    Ask,
    Withdraw,
    Success,
    Crossed { again_at: Time },
    Rest { until: Time },
    Failure(u16),
    Timeout { now: Time, allowed: bool },
    Allowed,
    End,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeOutput {
    /// Nothing.
    Nothing,
    /// Send the request.
    Send,
    /// Another change is not done yet.
    Busy,
    /// The change is not wanted any more, and nothing of it had been done.
    Withdrawn,
    /// The session is as was asked.
    Done,
    /// The session stays as it was (RFC 3261 section 14.1); the code of the refusal.
    Refused(u16),
    /// The peer has no such session any more, or is silent: it is to be ended (RFC 3261 section 12.2.1.2). The code,
    /// 408 if no response came.
    Lost(u16),
}

impl Change {
    const fn on(self, input: Input) -> (Self, ChangeOutput) {
        use ChangeOutput as Out;
        match (self, input) {
            (Self::Idle, Input::Ask) => (Self::Requested { again: false }, Out::Send),
            (Self::Resting { at }, Input::Ask) => (Self::BackingOff { at }, Out::Nothing),
            (Self::Requested { .. } | Self::BackingOff { .. } | Self::Due, Input::Ask) => (self, Out::Busy),

            (Self::BackingOff { at }, Input::Withdraw) => (Self::Resting { at }, Out::Withdrawn),
            (Self::Due, Input::Withdraw) => (Self::Idle, Out::Withdrawn),
            (Self::Requested { .. }, Input::Withdraw) => (self, Out::Busy),

            (Self::Requested { .. }, Input::Success) => (Self::Idle, Out::Done),
            (Self::Requested { again: false }, Input::Crossed { again_at }) => {
                (Self::BackingOff { at: again_at }, Out::Nothing)
            }
            (Self::Requested { again: true }, Input::Crossed { again_at }) => {
                (Self::Resting { at: again_at }, Out::Refused(491))
            }
            (Self::Idle | Self::Resting { .. }, Input::Rest { until }) => (Self::Resting { at: until }, Out::Nothing),
            (Self::Requested { .. }, Input::Failure(code @ (408 | 481))) => (Self::Idle, Out::Lost(code)),
            (Self::Requested { .. }, Input::Failure(code)) => (Self::Idle, Out::Refused(code)),

            (Self::BackingOff { at }, Input::Timeout { now, allowed }) if at.as_millis() <= now.as_millis() => {
                if allowed {
                    (Self::Requested { again: true }, Out::Send)
                } else {
                    (Self::Due, Out::Nothing)
                }
            }
            (Self::Resting { at }, Input::Timeout { now, .. }) if at.as_millis() <= now.as_millis() => {
                (Self::Idle, Out::Nothing)
            }
            (Self::Due, Input::Allowed) => (Self::Requested { again: true }, Out::Send),

            (
                Self::Idle | Self::Requested { .. } | Self::BackingOff { .. } | Self::Resting { .. } | Self::Due,
                Input::End,
            ) => (Self::Idle, Out::Nothing),
            (
                Self::Idle | Self::Resting { .. },
                Input::Withdraw | Input::Success | Input::Crossed { .. } | Input::Failure(_),
            )
            | (Self::BackingOff { .. } | Self::Due, Input::Success | Input::Crossed { .. } | Input::Failure(_))
            | (Self::Requested { .. } | Self::BackingOff { .. } | Self::Due, Input::Rest { .. })
            | (
                Self::Idle | Self::Requested { .. } | Self::BackingOff { .. } | Self::Resting { .. } | Self::Due,
                Input::Timeout { .. },
            )
            | (Self::Idle | Self::Requested { .. }, Input::Allowed)
            | (Self::BackingOff { .. } | Self::Resting { .. }, Input::Allowed) => (self, Out::Nothing),
        }
    }

    fn step(&mut self, input: Input) -> ChangeOutput {
        let (state, output) = self.on(input);
        *self = state;
        output
    }

    /// A change is wanted, and nothing of the peer forbids its request now; a back-off may.
    pub fn ask(&mut self) -> ChangeOutput {
        self.step(Input::Ask)
    }

    /// The change that waits for its second attempt is not wanted any more.
    pub fn withdraw(&mut self) -> ChangeOutput {
        self.step(Input::Withdraw)
    }

    /// The 2xx came.
    pub fn on_success(&mut self) -> ChangeOutput {
        self.step(Input::Success)
    }

    /// The peer's own request was under way (491), or an earlier one of ours (500 with Retry-After). `again_at` is when
    /// the next attempt may be made.
    pub fn on_crossed(&mut self, again_at: Time) -> ChangeOutput {
        self.step(Input::Crossed { again_at })
    }

    /// Another request of ours crossed one of the peer's: the next may be sent at `until`.
    pub fn rest(&mut self, until: Time) {
        self.step(Input::Rest { until });
    }

    /// Any other final response from 300 on, 408 if none came.
    pub fn on_failure(&mut self, code: u16) -> ChangeOutput {
        self.step(Input::Failure(code))
    }

    /// Lets the back-off end if it is over; `allowed`: nothing of the peer is in the way of a request.
    pub fn on_timeout(&mut self, now: Time, allowed: bool) -> ChangeOutput {
        self.step(Input::Timeout { now, allowed })
    }

    /// Nothing of the peer is in the way of a request any more.
    pub fn on_allowed(&mut self) -> ChangeOutput {
        self.step(Input::Allowed)
    }

    /// The session is over.
    pub fn end(&mut self) {
        self.step(Input::End);
    }

    /// Whether there is one that has not come about.
    pub const fn is_wanted(self) -> bool {
        match self {
            Self::Requested { .. } | Self::BackingOff { .. } | Self::Due => true,
            Self::Idle | Self::Resting { .. } => false,
        }
    }

    /// When the back-off is over.
    pub const fn due_at(self) -> Option<Time> {
        match self {
            Self::BackingOff { at } | Self::Resting { at } => Some(at),
            Self::Idle | Self::Requested { .. } | Self::Due => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::transition_table::render;

    #[test]
    fn every_pair_of_state_and_input() {
        let at = Time::from_millis(2_100);
        let states = [
            ("idle", Change::Idle),
            ("requested", Change::Requested { again: false }),
            ("requested again", Change::Requested { again: true }),
            ("backing off", Change::BackingOff { at }),
            ("resting", Change::Resting { at }),
            ("due", Change::Due),
        ];
        let inputs = [
            ("asked for", Input::Ask),
            ("not wanted any more", Input::Withdraw),
            ("200", Input::Success),
            ("491", Input::Crossed { again_at: at }),
            ("491 to a refresh", Input::Rest { until: at }),
            ("488", Input::Failure(488)),
            ("481", Input::Failure(481)),
            ("no response", Input::Failure(408)),
            ("early timeout", Input::Timeout { now: Time::from_millis(2_099), allowed: true }),
            ("timeout", Input::Timeout { now: at, allowed: true }),
            ("timeout, INVITE of the peer open", Input::Timeout { now: at, allowed: false }),
            ("INVITE of the peer through", Input::Allowed),
            ("end of the session", Input::End),
        ];
        insta::assert_snapshot!("change", render(&states, &inputs, Change::on));
    }
}
