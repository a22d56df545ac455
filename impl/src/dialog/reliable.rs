//! Reliable provisional responses (RFC 3262): the UAS that repeats one until its PRACK, the UAC that takes them in
//! order.
//!
//! One [`ReliableSender`] per INVITE server transaction, one [`ReliableReceiver`] per early dialog of an INVITE client
//! transaction. Ours keeps a single reliable response unacknowledged at a time, which section 3 demands for the first
//! and recommends for the others. Read `SenderState` first.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::time::{Time, Timer, TimerClass};

/// The three values of a RAck header field, taken from the response that the PRACK acknowledges (RFC 3262 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rack {
    /// RSeq of the response.
    pub rseq: u32,
    /// `CSeq` number of the response. Its method is INVITE, the only one with reliable provisional responses.
    pub cseq: u32,
}

impl fmt::Display for Rack {
    /// The value of a RAck header field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} INVITE", self.rseq, self.cseq)
    }
}

/// How a UAC has to take a response with code 100 to 199 (RFC 3262 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reliability {
    /// No PRACK.
    Unreliable,
    /// To be taken in the order of its RSeq, and acknowledged.
    Reliable(u32),
    /// It asks for a PRACK and does not say with which RSeq: nothing can be acknowledged.
    Malformed,
}

impl Reliability {
    /// Judges a provisional response: `Require: 100rel` makes it reliable, an RSeq alone does not, and 100 never is.
    pub const fn of(code: u16, requires_100rel: bool, rseq: Option<u32>) -> Self {
        match (code, requires_100rel, rseq) {
            (101..=199, true, Some(rseq)) => Self::Reliable(rseq),
            (101..=199, true, None) => Self::Malformed,
            _ => Self::Unreliable,
        }
    }
}

/// What a PRACK meant to the UAS (RFC 3262 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrackVerdict {
    /// It acknowledges the outstanding response: answer it 2xx.
    Matched {
        /// Whether that response carried a session description.
        carried_sdp: bool,
    },
    /// It matches no unacknowledged response: answer it 481.
    Unmatched,
}

/// What the passing of time did to the UAS's outstanding response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReliableTimeout {
    /// Nothing was due.
    Nothing,
    /// Send these bytes again.
    Resend(Vec<u8>),
    /// 64*T1 went by without a PRACK: the INVITE should be refused with a 5xx.
    GaveUp,
}

/// Why another reliable provisional response cannot be sent now (RFC 3262 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum SenderBusy {
    /// The previous one has not been acknowledged.
    #[error("a reliable provisional response still waits for its PRACK")]
    Unacknowledged,
    /// The final response has been sent, or is due because no PRACK came.
    #[error("no provisional response may follow the final one")]
    Final,
    /// RSeq must not wrap around.
    #[error("RSeq is used up")]
    RseqExhausted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum SenderState {
    /// None outstanding; the next one gets `next`, or there is none left to give.
    Idle { next: Option<u32> },
    /// Repeated at `resend_at`, then after `interval` doubled without limit, until `give_up_at`.
    Unacknowledged {
        rseq: u32,
        carried_sdp: bool,
        message: Vec<u8>,
        resend_at: Time,
        interval: Duration,
        give_up_at: Time,
    },
    /// No PRACK in 64*T1, the final response is due; a late PRACK for `rseq` still matches.
    GivenUp { rseq: u32, carried_sdp: bool },
    /// The final response is out; a late PRACK for what it cut short still matches.
    Final { late: Option<(u32, bool)> },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum SenderInput {
    Send { now: Time, message: Vec<u8>, carries_sdp: bool },
    Prack { rseq: u32 },
    FinalSent,
    Timeout { now: Time },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum SenderOutput {
    Sent,
    Busy(SenderBusy),
    Prack(PrackVerdict),
    Closed,
    Timeout(ReliableTimeout),
}

impl SenderState {
    fn on(self, input: SenderInput, t1: Duration) -> (Self, SenderOutput) {
        use SenderInput as In;
        use SenderOutput as Out;
        match (self, input) {
            (Self::Idle { next: Some(rseq) }, In::Send { now, message, carries_sdp }) => {
                let state = Self::Unacknowledged {
                    rseq,
                    carried_sdp: carries_sdp,
                    message,
                    resend_at: now + t1,
                    interval: t1,
                    give_up_at: now + t1.saturating_mul(64),
                };
                (state, Out::Sent)
            }
            (state @ Self::Idle { next: None }, In::Send { .. }) => (state, Out::Busy(SenderBusy::RseqExhausted)),
            (state @ Self::Idle { .. }, In::Prack { .. }) => (state, Out::Prack(PrackVerdict::Unmatched)),
            (Self::Idle { .. }, In::FinalSent) => (Self::Final { late: None }, Out::Closed),
            (state @ Self::Idle { .. }, In::Timeout { .. }) => (state, Out::Timeout(ReliableTimeout::Nothing)),

            (state @ Self::Unacknowledged { .. }, In::Send { .. }) => (state, Out::Busy(SenderBusy::Unacknowledged)),
            (Self::Unacknowledged { rseq, carried_sdp, .. }, In::Prack { rseq: acknowledged })
                if rseq == acknowledged =>
            {
                (Self::Idle { next: rseq.checked_add(1) }, Out::Prack(PrackVerdict::Matched { carried_sdp }))
            }
            (state @ Self::Unacknowledged { .. }, In::Prack { .. }) => (state, Out::Prack(PrackVerdict::Unmatched)),
            (Self::Unacknowledged { rseq, carried_sdp, .. }, In::FinalSent) => {
                (Self::Final { late: Some((rseq, carried_sdp)) }, Out::Closed)
            }
            (state @ Self::Unacknowledged { .. }, In::Timeout { now }) => state.on_time(now),

            (state @ (Self::GivenUp { .. } | Self::Final { .. }), In::Send { .. }) => {
                (state, Out::Busy(SenderBusy::Final))
            }
            (Self::GivenUp { rseq, carried_sdp }, In::Prack { rseq: acknowledged }) if rseq == acknowledged => {
                (Self::Idle { next: rseq.checked_add(1) }, Out::Prack(PrackVerdict::Matched { carried_sdp }))
            }
            (state @ Self::GivenUp { .. }, In::Prack { .. }) => (state, Out::Prack(PrackVerdict::Unmatched)),
            (Self::GivenUp { rseq, carried_sdp }, In::FinalSent) => {
                (Self::Final { late: Some((rseq, carried_sdp)) }, Out::Closed)
            }
            (Self::Final { late: Some((rseq, carried_sdp)) }, In::Prack { rseq: acknowledged })
                if rseq == acknowledged =>
            {
                (Self::Final { late: None }, Out::Prack(PrackVerdict::Matched { carried_sdp }))
            }
            (state @ Self::Final { .. }, In::Prack { .. }) => (state, Out::Prack(PrackVerdict::Unmatched)),
            (state @ Self::Final { .. }, In::FinalSent) => (state, Out::Closed),
            (state @ (Self::GivenUp { .. } | Self::Final { .. }), In::Timeout { .. }) => {
                (state, Out::Timeout(ReliableTimeout::Nothing))
            }
        }
    }

    /// The timers of [`SenderState::Unacknowledged`]; in other states nothing is ever due.
    fn on_time(self, now: Time) -> (Self, SenderOutput) {
        match self {
            Self::Unacknowledged { rseq, carried_sdp, give_up_at, .. } if give_up_at <= now => {
                (Self::GivenUp { rseq, carried_sdp }, SenderOutput::Timeout(ReliableTimeout::GaveUp))
            }
            Self::Unacknowledged { rseq, carried_sdp, message, resend_at, interval, give_up_at }
                if resend_at <= now =>
            {
                let interval = interval.saturating_mul(2);
                let copy = message.clone();
                let resend_at = now + interval;
                let state = Self::Unacknowledged { rseq, carried_sdp, message, resend_at, interval, give_up_at };
                (state, SenderOutput::Timeout(ReliableTimeout::Resend(copy)))
            }
            state => (state, SenderOutput::Timeout(ReliableTimeout::Nothing)),
        }
    }
}

/// The reliable provisional responses of one INVITE server transaction (RFC 3262 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReliableSender {
    state: SenderState,
    invite_cseq: u32,
    t1: Duration,
}

impl ReliableSender {
    /// For the INVITE with `CSeq` number `invite_cseq`; `first_rseq` should be chosen in 1..2^31 (RFC 3262 section 3).
    pub const fn new(invite_cseq: u32, first_rseq: u32, t1: Duration) -> Self {
        Self { state: SenderState::Idle { next: Some(first_rseq) }, invite_cseq, t1 }
    }

    fn step(&mut self, input: SenderInput) -> SenderOutput {
        let state = std::mem::replace(&mut self.state, SenderState::Final { late: None });
        let (state, output) = state.on(input, self.t1);
        self.state = state;
        output
    }

    /// The RSeq that the next reliable response has to carry.
    ///
    /// # Errors
    /// None may be sent now.
    pub const fn next_rseq(&self) -> Result<u32, SenderBusy> {
        match self.state {
            SenderState::Idle { next: Some(rseq) } => Ok(rseq),
            SenderState::Idle { next: None } => Err(SenderBusy::RseqExhausted),
            SenderState::Unacknowledged { .. } => Err(SenderBusy::Unacknowledged),
            SenderState::GivenUp { .. } | SenderState::Final { .. } => Err(SenderBusy::Final),
        }
    }

    /// `message` goes out now for the first time, with [`ReliableSender::next_rseq`] in it.
    ///
    /// # Errors
    /// None may be sent now.
    pub fn send(&mut self, now: Time, message: Vec<u8>, carries_sdp: bool) -> Result<(), SenderBusy> {
        match self.step(SenderInput::Send { now, message, carries_sdp }) {
            SenderOutput::Busy(why) => Err(why),
            SenderOutput::Sent | SenderOutput::Prack(_) | SenderOutput::Closed | SenderOutput::Timeout(_) => Ok(()),
        }
    }

    /// A PRACK of the same dialog came; `method` is the one in its RAck.
    pub fn on_prack(&mut self, rseq: u32, cseq: u32, method: &[u8]) -> PrackVerdict {
        if cseq != self.invite_cseq || method != b"INVITE" {
            return PrackVerdict::Unmatched;
        }
        match self.step(SenderInput::Prack { rseq }) {
            SenderOutput::Prack(verdict) => verdict,
            SenderOutput::Sent | SenderOutput::Busy(_) | SenderOutput::Closed | SenderOutput::Timeout(_) => {
                PrackVerdict::Unmatched
            }
        }
    }

    /// The final response was sent: no more copies; a late PRACK is still answered 2xx.
    pub fn on_final(&mut self) {
        self.step(SenderInput::FinalSent);
    }

    /// Lets the timers that are due fire.
    pub fn on_timeout(&mut self, now: Time) -> ReliableTimeout {
        match self.step(SenderInput::Timeout { now }) {
            SenderOutput::Timeout(timeout) => timeout,
            SenderOutput::Sent | SenderOutput::Busy(_) | SenderOutput::Prack(_) | SenderOutput::Closed => {
                ReliableTimeout::Nothing
            }
        }
    }

    /// Whether a response waits for its PRACK.
    pub const fn is_unacknowledged(&self) -> bool {
        matches!(self.state, SenderState::Unacknowledged { .. } | SenderState::GivenUp { .. })
    }

    /// Whether a 2xx to the INVITE has to wait, because an unacknowledged response carried a session description
    /// (RFC 3262 section 3). A refusal never waits.
    pub const fn holds_success(&self) -> bool {
        matches!(
            self.state,
            SenderState::Unacknowledged { carried_sdp: true, .. } | SenderState::GivenUp { carried_sdp: true, .. }
        )
    }

    /// The pending timer.
    pub fn timer(&self) -> Option<Timer> {
        match self.state {
            SenderState::Unacknowledged { resend_at, give_up_at, .. } => {
                Some(Timer { at: resend_at.min(give_up_at), class: TimerClass::Protocol })
            }
            SenderState::Idle { .. } | SenderState::GivenUp { .. } | SenderState::Final { .. } => None,
        }
    }
}

/// What a UAC does with a reliable provisional response (RFC 3262 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiverVerdict {
    /// It is the next one: process it and send a PRACK with this RAck.
    Acknowledge(Rack),
    /// A copy: neither process nor acknowledge it again, the PRACK has its own retransmissions.
    Copy,
    /// One before it is missing: neither process nor acknowledge it; its sender will repeat both.
    OutOfOrder,
    /// The INVITE already has its final response.
    AfterFinal,
}

/// The order of the reliable provisional responses of one early dialog at the UAC (RFC 3262 section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReliableReceiver {
    /// None came yet: the first one sets the order.
    #[default]
    Fresh,
    /// The last one taken had this RSeq.
    Following {
        /// RSeq of the last response taken.
        last: u32,
    },
    /// The INVITE has its final response.
    Final,
}

impl ReliableReceiver {
    /// A reliable response with this RSeq came; `cseq` is the number of *its* `CSeq`, which after an authentication
    /// retry is not that of the first INVITE (RFC 3262 section 7.2).
    pub const fn on_provisional(&mut self, rseq: u32, cseq: u32) -> ReceiverVerdict {
        match *self {
            Self::Fresh => {
                *self = Self::Following { last: rseq };
                ReceiverVerdict::Acknowledge(Rack { rseq, cseq })
            }
            Self::Following { last } if rseq == last => ReceiverVerdict::Copy,
            Self::Following { last } if rseq < last => ReceiverVerdict::Copy,
            Self::Following { last } if rseq - last == 1 => {
                *self = Self::Following { last: rseq };
                ReceiverVerdict::Acknowledge(Rack { rseq, cseq })
            }
            Self::Following { .. } => ReceiverVerdict::OutOfOrder,
            Self::Final => ReceiverVerdict::AfterFinal,
        }
    }

    /// The INVITE got its final response.
    pub const fn on_final(&mut self) {
        *self = Self::Final;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::transition_table::render;

    const T1: Duration = Duration::from_millis(500);

    fn at(milliseconds: u64) -> Time {
        Time::from_millis(milliseconds)
    }

    #[test]
    fn every_pair_of_state_and_input_of_the_sender() {
        let waiting = SenderState::Idle { next: Some(121) }
            .on(SenderInput::Send { now: at(0), message: b"183".to_vec(), carries_sdp: true }, T1)
            .0;
        let states = [
            ("idle", SenderState::Idle { next: Some(121) }),
            ("exhausted", SenderState::Idle { next: None }),
            ("unacknowledged", waiting),
            ("given up", SenderState::GivenUp { rseq: 121, carried_sdp: true }),
            ("final, PRACK open", SenderState::Final { late: Some((121, true)) }),
            ("final", SenderState::Final { late: None }),
        ];
        let inputs = [
            ("send", SenderInput::Send { now: at(0), message: b"183".to_vec(), carries_sdp: true }),
            ("PRACK 121", SenderInput::Prack { rseq: 121 }),
            ("PRACK 122", SenderInput::Prack { rseq: 122 }),
            ("final sent", SenderInput::FinalSent),
            ("early timeout", SenderInput::Timeout { now: at(499) }),
            ("T1", SenderInput::Timeout { now: at(500) }),
            ("64*T1", SenderInput::Timeout { now: at(32_000) }),
        ];
        insta::assert_snapshot!("reliable_sender", render(&states, &inputs, |state, input| state.on(input, T1)));
    }

    /// RFC 3262 section 3: T1 doubling, not capped by T2, until 64*T1.
    #[test]
    fn a_reliable_response_is_repeated_at_doubling_intervals_without_a_cap() {
        let mut sender = ReliableSender::new(1, 121, T1);
        sender.send(at(0), b"183".to_vec(), true).expect("the first may be sent");
        let mut sent_at = Vec::new();
        let given_up_at = loop {
            let now = sender.timer().expect("a timer runs until PRACK").at;
            match sender.on_timeout(now) {
                ReliableTimeout::Resend(copy) => {
                    assert_eq!(copy, b"183");
                    sent_at.push(now.as_millis());
                }
                ReliableTimeout::GaveUp => break now.as_millis(),
                ReliableTimeout::Nothing => unreachable!("a timer that was due did nothing"),
            }
        };
        assert_eq!(sent_at, [500, 1500, 3500, 7500, 15_500, 31_500]);
        assert_eq!(given_up_at, 32_000);
        assert_eq!(sender.timer(), None);
    }

    #[test]
    fn only_a_prack_that_names_response_and_invite_matches() {
        let cases = [
            (121, 1, &b"INVITE"[..], PrackVerdict::Matched { carried_sdp: true }),
            (122, 1, b"INVITE", PrackVerdict::Unmatched),
            (121, 2, b"INVITE", PrackVerdict::Unmatched),
            (121, 1, b"invite", PrackVerdict::Unmatched),
            (121, 1, b"UPDATE", PrackVerdict::Unmatched),
        ];
        for (rseq, cseq, method, expected) in cases {
            let mut sender = ReliableSender::new(1, 121, T1);
            sender.send(at(0), b"183".to_vec(), true).expect("the first may be sent");
            assert_eq!(sender.on_prack(rseq, cseq, method), expected, "{rseq} {cseq} {}", method.escape_ascii());
            assert_eq!(sender.holds_success(), expected == PrackVerdict::Unmatched);
        }
    }

    #[test]
    fn the_next_response_has_the_next_rseq_and_waits_for_the_previous_prack() {
        let mut sender = ReliableSender::new(1, 121, T1);
        assert_eq!(sender.next_rseq(), Ok(121));
        sender.send(at(0), b"183".to_vec(), false).expect("the first may be sent");
        assert_eq!(sender.next_rseq(), Err(SenderBusy::Unacknowledged));
        assert!(!sender.holds_success(), "without a session description the 2xx need not wait");
        sender.on_prack(121, 1, b"INVITE");
        assert_eq!(sender.on_prack(121, 1, b"INVITE"), PrackVerdict::Unmatched, "acknowledged only once");
        assert_eq!(sender.next_rseq(), Ok(122));
        sender.on_final();
        assert_eq!(sender.next_rseq(), Err(SenderBusy::Final));
    }

    /// RFC 3262 section 3: a refusal may cut the wait short, its late PRACK is still answered 2xx.
    #[test]
    fn a_prack_after_the_refusal_still_matches() {
        let mut sender = ReliableSender::new(7, 1, T1);
        sender.send(at(0), b"183".to_vec(), true).expect("the first may be sent");
        sender.on_final();
        assert_eq!(sender.timer(), None, "no copy after the final response");
        assert_eq!(sender.on_prack(1, 7, b"INVITE"), PrackVerdict::Matched { carried_sdp: true });
    }

    #[test]
    fn what_makes_a_provisional_response_reliable() {
        let cases = [
            (183, true, Some(121), Reliability::Reliable(121)),
            (183, true, None, Reliability::Malformed),
            (183, false, Some(121), Reliability::Unreliable),
            (183, false, None, Reliability::Unreliable),
            (100, true, Some(121), Reliability::Unreliable),
            (200, true, Some(121), Reliability::Unreliable),
        ];
        for (code, required, rseq, expected) in cases {
            assert_eq!(Reliability::of(code, required, rseq), expected, "{code} {required} {rseq:?}");
        }
    }

    #[test]
    fn reliable_responses_are_taken_in_order_and_acknowledged_once() {
        let acknowledge = |rseq| ReceiverVerdict::Acknowledge(Rack { rseq, cseq: 2 });
        let mut receiver = ReliableReceiver::default();
        let arrivals = [
            (121, acknowledge(121)),
            (121, ReceiverVerdict::Copy),
            (123, ReceiverVerdict::OutOfOrder),
            (122, acknowledge(122)),
            (121, ReceiverVerdict::Copy),
            (123, acknowledge(123)),
        ];
        for (rseq, expected) in arrivals {
            assert_eq!(receiver.on_provisional(rseq, 2), expected, "RSeq {rseq}");
        }
        receiver.on_final();
        assert_eq!(receiver.on_provisional(124, 2), ReceiverVerdict::AfterFinal);
        assert_eq!(Rack { rseq: 121, cseq: 2 }.to_string(), "121 2 INVITE");
    }
}
