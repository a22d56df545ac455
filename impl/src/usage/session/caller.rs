//! The INVITE usage at its UAC: from the INVITE to the end of the session (RFC 3261 sections 9.1, 13.2.2 and 15; the
//! states of RFC 5407 section 2).
//!
//! It decides what may be sent, and what a crossing message means: a CANCEL only after a provisional response, ACK and
//! BYE for a 2xx that comes after the caller gave up, an ACK for every copy of a 2xx. Read [`Caller`] first.

/// The states at the UAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// The INVITE is out, no response came. A CANCEL has to wait for one.
    #[default]
    Calling,
    /// As before; the user gave up meanwhile.
    CallingGivenUp,
    /// A provisional response came.
    Proceeding,
    /// The CANCEL is out, or the callee already ended the early dialog; the final response is awaited.
    GivenUp,
    /// The 2xx came and was acknowledged.
    Established,
    /// Our BYE is out: the session is over, its answer is awaited.
    Mortal,
    /// Over.
    Morgue,
}

/// What happens at the UAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Input {
    Provisional,
    Success,
    Failure(u16),
    Challenged,
    HangUp,
    ByeReceived,
    ByeAnswered,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerOutput {
    /// Nothing.
    Nothing,
    /// Cancel the INVITE.
    SendCancel,
    /// Send the ACK: the session stands from now on.
    Establish,
    /// Send the ACK again: a copy of the 2xx came (RFC 3261 section 13.2.2.4).
    SendAck,
    /// Send the ACK and then a BYE: the call was given up before.
    SendAckAndBye,
    /// Send a BYE: the session is over for us.
    SendBye,
    /// Send the INVITE again, with credentials.
    SendAgain,
    /// The INVITE failed with this code (408 if there was no answer): there is no session, its early dialogs are over.
    Failed(u16),
    /// Answer the BYE 200: the session is over.
    AnswerBye,
    /// Answer the BYE 200: the session was over already.
    AnswerByeAgain,
    /// Answer the BYE 481: there is no session.
    NoSession,
    /// The BYE transaction is done: the usage is over.
    Ended,
}

impl Caller {
    const fn on(self, input: Input) -> (Self, CallerOutput) {
        use CallerOutput as Out;
        match (self, input) {
            (Self::Calling, Input::Provisional) => (Self::Proceeding, Out::Nothing),
            (Self::CallingGivenUp, Input::Provisional) => (Self::GivenUp, Out::SendCancel),
            (
                Self::Proceeding | Self::GivenUp | Self::Established | Self::Mortal | Self::Morgue,
                Input::Provisional,
            ) => (self, Out::Nothing),

            (Self::Calling | Self::Proceeding, Input::Success) => (Self::Established, Out::Establish),
            // The 2xx crossed the CANCEL, or came before it could be sent (RFC 5407 section 3.1.2).
            (Self::CallingGivenUp | Self::GivenUp, Input::Success) => (Self::Mortal, Out::SendAckAndBye),
            (Self::Established | Self::Mortal | Self::Morgue, Input::Success) => (self, Out::SendAck),

            (Self::Calling | Self::CallingGivenUp | Self::Proceeding | Self::GivenUp, Input::Failure(code)) => {
                (Self::Morgue, Out::Failed(code))
            }
            // A final response after the 2xx changes nothing.
            (Self::Established | Self::Mortal | Self::Morgue, Input::Failure(_)) => (self, Out::Nothing),

            // To the INVITE that is sent now there is no provisional response yet.
            (Self::Calling | Self::Proceeding, Input::Challenged) => (Self::Calling, Out::SendAgain),
            (
                Self::CallingGivenUp | Self::GivenUp | Self::Established | Self::Mortal | Self::Morgue,
                Input::Challenged,
            ) => (self, Out::Nothing),

            (Self::Calling, Input::HangUp) => (Self::CallingGivenUp, Out::Nothing),
            (Self::Proceeding, Input::HangUp) => (Self::GivenUp, Out::SendCancel),
            (Self::Established, Input::HangUp) => (Self::Mortal, Out::SendBye),
            (Self::CallingGivenUp | Self::GivenUp | Self::Mortal | Self::Morgue, Input::HangUp) => (self, Out::Nothing),

            (Self::Calling | Self::CallingGivenUp | Self::Morgue, Input::ByeReceived) => (self, Out::NoSession),
            // RFC 3261 section 15 forbids the callee this; it is taken all the same (RFC 5407 section 3.2.4).
            (Self::Proceeding, Input::ByeReceived) => (Self::GivenUp, Out::AnswerBye),
            (Self::Established, Input::ByeReceived) => (Self::Morgue, Out::AnswerBye),
            (Self::GivenUp | Self::Mortal, Input::ByeReceived) => (self, Out::AnswerByeAgain),

            // Whatever the answer, or none at all, the session is over (RFC 3261 section 15.1.1).
            (Self::Mortal, Input::ByeAnswered) => (Self::Morgue, Out::Ended),
            (
                Self::Calling
                | Self::CallingGivenUp
                | Self::Proceeding
                | Self::GivenUp
                | Self::Established
                | Self::Morgue,
                Input::ByeAnswered,
            ) => (self, Out::Nothing),
        }
    }

    const fn step(&mut self, input: Input) -> CallerOutput {
        let (state, output) = self.on(input);
        *self = state;
        output
    }

    /// A provisional response came; 100 counts.
    pub const fn on_provisional(&mut self) -> CallerOutput {
        self.step(Input::Provisional)
    }

    /// A 2xx came, or a copy of it.
    pub const fn on_success(&mut self) -> CallerOutput {
        self.step(Input::Success)
    }

    /// A 300 to 699 came, or none (408).
    pub const fn on_failure(&mut self, code: u16) -> CallerOutput {
        self.step(Input::Failure(code))
    }

    /// A challenge to the INVITE came, which can be met (RFC 3261 section 22).
    pub const fn on_challenge(&mut self) -> CallerOutput {
        self.step(Input::Challenged)
    }

    /// The user gives the call up or ends it: CANCEL as soon as one is allowed, or BYE.
    pub const fn hang_up(&mut self) -> CallerOutput {
        self.step(Input::HangUp)
    }

    /// A BYE of the peer came.
    pub const fn on_bye(&mut self) -> CallerOutput {
        self.step(Input::ByeReceived)
    }

    /// Our BYE was answered, or was not and timed out.
    pub const fn on_bye_answered(&mut self) -> CallerOutput {
        self.step(Input::ByeAnswered)
    }

    /// Whether requests other than ACK and BYE may be sent in this usage (RFC 5407 section 2: not in Mortal).
    pub const fn is_established(self) -> bool {
        matches!(self, Self::Established)
    }

    /// Whether the usage is over.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Morgue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::transition_table::render;

    #[test]
    fn every_pair_of_state_and_input() {
        let states = [
            ("calling", Caller::Calling),
            ("calling, given up", Caller::CallingGivenUp),
            ("proceeding", Caller::Proceeding),
            ("given up", Caller::GivenUp),
            ("established", Caller::Established),
            ("mortal", Caller::Mortal),
            ("morgue", Caller::Morgue),
        ];
        let inputs = [
            ("1xx", Input::Provisional),
            ("2xx", Input::Success),
            ("487", Input::Failure(487)),
            ("401", Input::Challenged),
            ("hang up", Input::HangUp),
            ("BYE", Input::ByeReceived),
            ("BYE answered", Input::ByeAnswered),
        ];
        insta::assert_snapshot!("caller", render(&states, &inputs, Caller::on));
    }

    /// RFC 3261 section 9.1: no CANCEL before a provisional response; RFC 5407 section 3.1.2: a 2xx wins over it.
    #[test]
    fn giving_up_waits_for_a_provisional_response_and_ends_what_was_answered_meanwhile() {
        let mut caller = Caller::default();
        assert_eq!(caller.hang_up(), CallerOutput::Nothing);
        assert_eq!(caller.on_provisional(), CallerOutput::SendCancel);
        assert_eq!(caller.on_success(), CallerOutput::SendAckAndBye);
        assert_eq!(caller.on_success(), CallerOutput::SendAck, "a copy of the 2xx is acknowledged, nothing revives");
        assert_eq!(caller.on_bye(), CallerOutput::AnswerByeAgain);
        assert_eq!(caller.on_bye_answered(), CallerOutput::Ended);
        assert_eq!(caller.on_success(), CallerOutput::SendAck);
        assert_eq!(caller.on_bye(), CallerOutput::NoSession);

        let mut caller = Caller::default();
        caller.hang_up();
        assert_eq!(caller.on_success(), CallerOutput::SendAckAndBye, "the 2xx was the first response");
    }
}
