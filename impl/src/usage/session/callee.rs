//! The INVITE usage at its UAS: from the INVITE to the end of the session (RFC 3261 sections 9.2, 13.3.1.4 and 15; the
//! states of RFC 5407 section 2).
//!
//! The 2xx is repeated here, over every transport, until its ACK (section 13.3.1.4), and no BYE leaves before that ACK
//! or before the wait for it is over (section 15). Read `State` first.

use std::time::Duration;

use crate::time::{Time, Timer, TimerClass};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    /// The INVITE is here; there is no dialog.
    Preparative,
    /// A provisional response with a tag is out.
    Early,
    /// The 2xx is out, its ACK is not here.
    Moratorium {
        success: Vec<u8>,
        resend_at: Time,
        interval: Duration,
        give_up_at: Time,
        hangs_up: bool,
    },
    Established,
    /// Our BYE is out.
    Mortal,
    Morgue,
}

/// The states at the UAS, by the names of RFC 5407 section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalleeState {
    /// The INVITE is here; there is no dialog.
    Preparative,
    /// A provisional response with a tag is out.
    Early,
    /// The 2xx is out, its ACK is not here.
    Moratorium,
    /// The ACK came.
    Established,
    /// Our BYE is out: the session is over, its answer is awaited.
    Mortal,
    /// Over.
    Morgue,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Input {
    Progress,
    Accept { now: Time, success: Vec<u8> },
    Refuse,
    Cancel,
    Ack,
    HangUp,
    ByeReceived,
    ByeAnswered,
    Timeout { now: Time },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CalleeOutput {
    /// Nothing.
    Nothing,
    /// The INVITE has its final response already: this one must not be sent.
    TooLate,
    /// Refuse the INVITE; the code is the caller's choice, 487 after its CANCEL or BYE. The usage is over.
    RefuseInvite,
    /// The ACK came: the session stands.
    Established,
    /// Send these bytes, the 2xx, again.
    Resend(Vec<u8>),
    /// Send a BYE: the session is over for us.
    SendBye,
    /// Answer the BYE 200: the session is over.
    AnswerBye,
    /// Answer the BYE 200 and the INVITE 487: there will be no session (RFC 3261 section 15.1.2).
    AnswerByeAndRefuse,
    /// Answer the BYE 200: the session was over already.
    AnswerByeAgain,
    /// Answer the BYE 481: there is no session.
    NoSession,
    /// The BYE transaction is done: the usage is over.
    Ended,
}

/// T1 and T2 of the copies of the 2xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pace {
    t1: Duration,
    t2: Duration,
}

impl State {
    fn on(self, input: Input, pace: Pace) -> (Self, CalleeOutput) {
        use CalleeOutput as Out;
        match (self, input) {
            (Self::Preparative | Self::Early, Input::Progress) => (Self::Early, Out::Nothing),
            (Self::Preparative | Self::Early, Input::Accept { now, success }) => {
                (Self::moratorium(now, success, pace), Out::Nothing)
            }
            (Self::Preparative | Self::Early, Input::Refuse) => (Self::Morgue, Out::Nothing),
            (Self::Preparative | Self::Early, Input::Cancel | Input::HangUp) => (Self::Morgue, Out::RefuseInvite),
            (state @ Self::Preparative, Input::ByeReceived) => (state, Out::NoSession),
            (Self::Early, Input::ByeReceived) => (Self::Morgue, Out::AnswerByeAndRefuse),
            (
                state @ (Self::Moratorium { .. } | Self::Established | Self::Mortal | Self::Morgue),
                Input::Progress | Input::Accept { .. } | Input::Refuse,
            ) => (state, Out::TooLate),
            // A CANCEL after the final response has no effect (RFC 3261 section 9.2).
            (state @ (Self::Moratorium { .. } | Self::Established | Self::Mortal | Self::Morgue), Input::Cancel) => {
                (state, Out::Nothing)
            }

            (Self::Moratorium { hangs_up: false, .. }, Input::Ack) => (Self::Established, Out::Established),
            (Self::Moratorium { hangs_up: true, .. }, Input::Ack) => (Self::Mortal, Out::SendBye),
            (Self::Moratorium { success, resend_at, interval, give_up_at, .. }, Input::HangUp) => {
                (Self::Moratorium { success, resend_at, interval, give_up_at, hangs_up: true }, Out::Nothing)
            }
            (Self::Moratorium { .. } | Self::Established, Input::ByeReceived) => (Self::Morgue, Out::AnswerBye),
            (state @ Self::Moratorium { .. }, Input::Timeout { now }) => state.on_time(now, pace),

            (Self::Established, Input::HangUp) => (Self::Mortal, Out::SendBye),
            (state @ Self::Mortal, Input::ByeReceived) => (state, Out::AnswerByeAgain),
            (Self::Mortal, Input::ByeAnswered) => (Self::Morgue, Out::Ended),
            (state @ Self::Morgue, Input::ByeReceived) => (state, Out::NoSession),

            (state @ (Self::Mortal | Self::Morgue), Input::HangUp) => (state, Out::Nothing),
            // A late or repeated ACK restarts nothing.
            (
                state @ (Self::Preparative | Self::Early | Self::Established | Self::Mortal | Self::Morgue),
                Input::Ack | Input::Timeout { .. },
            ) => (state, Out::Nothing),
            (
                state @ (Self::Preparative | Self::Early | Self::Moratorium { .. } | Self::Established | Self::Morgue),
                Input::ByeAnswered,
            ) => (state, Out::Nothing),
        }
    }

    fn moratorium(now: Time, success: Vec<u8>, pace: Pace) -> Self {
        Self::Moratorium {
            success,
            resend_at: now + pace.t1,
            interval: pace.t1,
            give_up_at: now + pace.t1.saturating_mul(64),
            hangs_up: false,
        }
    }

    /// The timers of the moratorium; in other states nothing is ever due.
    fn on_time(self, now: Time, pace: Pace) -> (Self, CalleeOutput) {
        match self {
            // The dialog counts as confirmed, and should be ended with a BYE.
            Self::Moratorium { give_up_at, .. } if give_up_at <= now => (Self::Mortal, CalleeOutput::SendBye),
            Self::Moratorium { success, resend_at, interval, give_up_at, hangs_up } if resend_at <= now => {
                let interval = interval.saturating_mul(2).min(pace.t2);
                let copy = success.clone();
                let resend_at = now + interval;
                let state = Self::Moratorium { success, resend_at, interval, give_up_at, hangs_up };
                (state, CalleeOutput::Resend(copy))
            }
            state => (state, CalleeOutput::Nothing),
        }
    }
}

/// One INVITE usage at its UAS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callee {
    state: State,
    pace: Pace,
}

impl Callee {
    /// The INVITE came. `t1` and `t2` are the first and the longest interval between copies of the 2xx.
    pub const fn new(t1: Duration, t2: Duration) -> Self {
        Self { state: State::Preparative, pace: Pace { t1, t2 } }
    }

    fn step(&mut self, input: Input) -> CalleeOutput {
        let (state, output) = std::mem::replace(&mut self.state, State::Morgue).on(input, self.pace);
        self.state = state;
        output
    }

    /// Where the usage stands.
    pub const fn state(&self) -> CalleeState {
        match self.state {
            State::Preparative => CalleeState::Preparative,
            State::Early => CalleeState::Early,
            State::Moratorium { .. } => CalleeState::Moratorium,
            State::Established => CalleeState::Established,
            State::Mortal => CalleeState::Mortal,
            State::Morgue => CalleeState::Morgue,
        }
    }

    /// A provisional response with a To tag is sent.
    pub fn progress(&mut self) -> CalleeOutput {
        self.step(Input::Progress)
    }

    /// The 2xx `success` goes out now; its copies come out of [`Callee::on_timeout`]. See
    /// [`crate::dialog::ReliableSender::holds_success`] for when it has to wait.
    pub fn accept(&mut self, now: Time, success: Vec<u8>) -> CalleeOutput {
        self.step(Input::Accept { now, success })
    }

    /// A 300 to 699 goes out now.
    pub fn refuse(&mut self) -> CalleeOutput {
        self.step(Input::Refuse)
    }

    /// A CANCEL for the INVITE came; it is answered 200 in any case.
    pub fn on_cancel(&mut self) -> CalleeOutput {
        self.step(Input::Cancel)
    }

    /// The ACK to the 2xx came.
    pub fn on_ack(&mut self) -> CalleeOutput {
        self.step(Input::Ack)
    }

    /// We end it: by refusing, or by a BYE as soon as one is allowed.
    pub fn hang_up(&mut self) -> CalleeOutput {
        self.step(Input::HangUp)
    }

    /// A BYE of the peer came.
    pub fn on_bye(&mut self) -> CalleeOutput {
        self.step(Input::ByeReceived)
    }

    /// Our BYE was answered, or was not and timed out.
    pub fn on_bye_answered(&mut self) -> CalleeOutput {
        self.step(Input::ByeAnswered)
    }

    /// Lets the timers that are due fire.
    pub fn on_timeout(&mut self, now: Time) -> CalleeOutput {
        self.step(Input::Timeout { now })
    }

    /// The pending timer.
    pub fn timer(&self) -> Option<Timer> {
        match self.state {
            State::Moratorium { resend_at, give_up_at, .. } => {
                Some(Timer { at: resend_at.min(give_up_at), class: TimerClass::Protocol })
            }
            State::Preparative | State::Early | State::Established | State::Mortal | State::Morgue => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::transition_table::render;

    const PACE: Pace = Pace { t1: Duration::from_millis(500), t2: Duration::from_secs(4) };

    fn at(milliseconds: u64) -> Time {
        Time::from_millis(milliseconds)
    }

    #[test]
    fn every_pair_of_state_and_input() {
        let moratorium = State::moratorium(at(0), b"200".to_vec(), PACE);
        let leaving = moratorium.clone().on(Input::HangUp, PACE).0;
        let states = [
            ("preparative", State::Preparative),
            ("early", State::Early),
            ("moratorium", moratorium),
            ("moratorium, hangs up", leaving),
            ("established", State::Established),
            ("mortal", State::Mortal),
            ("morgue", State::Morgue),
        ];
        let inputs = [
            ("180 sent", Input::Progress),
            ("200 sent", Input::Accept { now: at(0), success: b"200".to_vec() }),
            ("486 sent", Input::Refuse),
            ("CANCEL", Input::Cancel),
            ("ACK", Input::Ack),
            ("hang up", Input::HangUp),
            ("BYE", Input::ByeReceived),
            ("BYE answered", Input::ByeAnswered),
            ("early timeout", Input::Timeout { now: at(499) }),
            ("T1", Input::Timeout { now: at(500) }),
            ("64*T1", Input::Timeout { now: at(32_000) }),
        ];
        insta::assert_snapshot!("callee", render(&states, &inputs, |state, input| state.on(input, PACE)));
    }

    /// RFC 3261 section 13.3.1.4: T1 doubling up to T2, for 64*T1; then the BYE.
    #[test]
    fn the_2xx_is_repeated_until_the_wait_for_the_ack_is_over() {
        let mut callee = Callee::new(PACE.t1, PACE.t2);
        callee.accept(at(0), b"200".to_vec());
        let mut sent_at = Vec::new();
        let ended_at = loop {
            let now = callee.timer().expect("a timer runs until the ACK").at;
            match callee.on_timeout(now) {
                CalleeOutput::Resend(copy) => {
                    assert_eq!(copy, b"200");
                    sent_at.push(now.as_millis());
                }
                output => {
                    assert_eq!(output, CalleeOutput::SendBye);
                    break now.as_millis();
                }
            }
        };
        assert_eq!(sent_at, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        assert_eq!(ended_at, 32_000);
    }

    /// RFC 3261 section 15: the callee sends no BYE before the ACK.
    #[test]
    fn hanging_up_waits_for_the_ack() {
        let mut callee = Callee::new(PACE.t1, PACE.t2);
        callee.accept(at(0), b"200".to_vec());
        assert_eq!(callee.hang_up(), CalleeOutput::Nothing);
        assert_eq!(callee.on_ack(), CalleeOutput::SendBye);
        assert_eq!(callee.on_ack(), CalleeOutput::Nothing, "a late ACK restarts nothing");
        assert_eq!(callee.timer(), None);
    }
}
