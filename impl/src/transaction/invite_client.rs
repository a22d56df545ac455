//! The INVITE client transaction: RFC 3261 section 17.1.1 with the figure 5 of RFC 6026 section 8.4.
//!
//! It repeats the INVITE until any response comes, acknowledges every 300-699 response itself, and stays for Timer M
//! after a 2xx so that copies and other branches' 2xx still reach the transaction user, who acknowledges those.
//! The wait after a CANCEL (RFC 3261 section 9.1) is the only thing here that the figure does not show.

use smallvec::{SmallVec, smallvec};

use super::derived;
use super::packet::Packet;
use super::timers::{Conditions, Retransmission, Running, TimerName};
use super::{ClientOutput, ClientOutputs};
use crate::time::Time;

/// The states of figure 5, each with what it needs and no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum InviteClient {
    /// The INVITE went out, nothing came back.
    Calling { invite: Packet, a: Option<Retransmission>, b: Time },
    /// A 1xx came: no more copies, no time limit but the one that a CANCEL sets. The ACK and the CANCEL are made from
    /// the INVITE.
    Proceeding { invite: Packet, cancelled: Option<Time> },
    /// A 300-699 came; its copies are acknowledged with the same ACK.
    Completed { ack: Packet, d: Time },
    /// A 2xx came.
    Accepted { m: Time },
    /// To be freed.
    Terminated,
}

/// What can happen to an INVITE client transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// A 100-199 response.
    Provisional,
    /// A 200-299 response.
    Success,
    /// A 300-699 response with this To header field value.
    Failure {
        to: &'a [u8],
    },
    /// The transaction user sends a CANCEL.
    Cancel,
    /// The transport could not deliver what was sent.
    TransportError,
    TimerA,
    TimerB,
    TimerD,
    TimerM,
    /// 64*T1 after the CANCEL.
    TimerCancelled,
}

impl Input<'_> {
    /// The input that a timer makes; `None` for the timers of the other machines.
    pub(super) const fn of_timer(timer: TimerName) -> Option<Self> {
        match timer {
            TimerName::A => Some(Self::TimerA),
            TimerName::B => Some(Self::TimerB),
            TimerName::D => Some(Self::TimerD),
            TimerName::M => Some(Self::TimerM),
            TimerName::Cancelled => Some(Self::TimerCancelled),
            TimerName::E
            | TimerName::F
            | TimerName::G
            | TimerName::H
            | TimerName::I
            | TimerName::J
            | TimerName::K
            | TimerName::L
            | TimerName::Trying => None,
        }
    }
}

impl InviteClient {
    /// The transaction user has an INVITE to send, one that [`derived::check`] takes.
    pub(super) fn start(conditions: &Conditions, invite: Packet) -> (Self, ClientOutputs) {
        let outputs = smallvec![ClientOutput::Send(invite.clone())];
        (Self::Calling { invite, a: conditions.retransmission(), b: conditions.timeout() }, outputs)
    }

    /// One transition. Every state is written with every input.
    pub(super) fn step(self, conditions: &Conditions, input: Input<'_>) -> (Self, ClientOutputs) {
        match self {
            Self::Calling { invite, a, b } => match input {
                Input::Provisional => (Self::Proceeding { invite, cancelled: None }, smallvec![ClientOutput::Deliver]),
                Input::Success => Self::accept(conditions),
                Input::Failure { to } => Self::complete(conditions, &invite, to),
                Input::TransportError => (Self::Terminated, smallvec![ClientOutput::TransportFailed]),
                Input::TimerA => {
                    let copy = a.iter().map(|_| ClientOutput::Send(invite.clone())).collect();
                    (Self::Calling { invite, a: a.map(|a| a.doubled(conditions.now)), b }, copy)
                }
                Input::TimerB => (Self::Terminated, smallvec![ClientOutput::TimedOut]),
                // A CANCEL may not overtake the INVITE: the caller has to wait for a 1xx.
                Input::Cancel => (Self::Calling { invite, a, b }, smallvec![ClientOutput::CancelTooEarly]),
                Input::TimerD | Input::TimerM | Input::TimerCancelled => (Self::Calling { invite, a, b }, silence()),
            },
            Self::Proceeding { invite, cancelled } => match input {
                Input::Provisional => (Self::Proceeding { invite, cancelled }, smallvec![ClientOutput::Deliver]),
                Input::Success => Self::accept(conditions),
                Input::Failure { to } => Self::complete(conditions, &invite, to),
                Input::Cancel => Self::cancel(conditions, invite, cancelled),
                Input::TimerCancelled => (Self::Terminated, smallvec![ClientOutput::TimedOut]),
                // Nothing is being sent here, so an error is about some other message.
                Input::TransportError | Input::TimerA | Input::TimerB | Input::TimerD | Input::TimerM => {
                    (Self::Proceeding { invite, cancelled }, silence())
                }
            },
            Self::Completed { ack, d } => match input {
                Input::Failure { .. } => {
                    let copy = smallvec![ClientOutput::Send(ack.clone())];
                    (Self::Completed { ack, d }, copy)
                }
                Input::TransportError => (Self::Terminated, smallvec![ClientOutput::TransportFailed]),
                Input::TimerD => (Self::Terminated, silence()),
                Input::Cancel => (Self::Completed { ack, d }, smallvec![ClientOutput::CancelTooLate]),
                Input::Provisional
                | Input::Success
                | Input::TimerA
                | Input::TimerB
                | Input::TimerM
                | Input::TimerCancelled => (Self::Completed { ack, d }, silence()),
            },
            Self::Accepted { m } => match input {
                Input::Success => (Self::Accepted { m }, smallvec![ClientOutput::Deliver]),
                Input::TimerM => (Self::Terminated, silence()),
                Input::Cancel => (Self::Accepted { m }, smallvec![ClientOutput::CancelTooLate]),
                Input::Provisional
                | Input::Failure { .. }
                | Input::TransportError
                | Input::TimerA
                | Input::TimerB
                | Input::TimerD
                | Input::TimerCancelled => (Self::Accepted { m }, silence()),
            },
            Self::Terminated => match input {
                Input::Cancel => (Self::Terminated, smallvec![ClientOutput::CancelTooLate]),
                Input::Provisional
                | Input::Success
                | Input::Failure { .. }
                | Input::TransportError
                | Input::TimerA
                | Input::TimerB
                | Input::TimerD
                | Input::TimerM
                | Input::TimerCancelled => (Self::Terminated, silence()),
            },
        }
    }

    fn accept(conditions: &Conditions) -> (Self, ClientOutputs) {
        (Self::Accepted { m: conditions.timeout() }, smallvec![ClientOutput::Deliver])
    }

    fn complete(conditions: &Conditions, invite: &Packet, to: &[u8]) -> (Self, ClientOutputs) {
        let Some(ack) = derived::ack(invite, to) else {
            return (Self::Terminated, smallvec![ClientOutput::Deliver]);
        };
        let outputs = smallvec![ClientOutput::Deliver, ClientOutput::Send(ack.clone())];
        let next = match conditions.linger(conditions.settings.d(conditions.transport)) {
            Some(d) => Self::Completed { ack, d },
            None => Self::Terminated,
        };
        (next, outputs)
    }

    /// The CANCEL becomes a transaction of its own; this one only begins to lose patience. A second one is too late.
    fn cancel(conditions: &Conditions, invite: Packet, cancelled: Option<Time>) -> (Self, ClientOutputs) {
        match derived::cancel(&invite).filter(|_| cancelled.is_none()) {
            Some(cancel) => {
                let outputs = smallvec![ClientOutput::OpenCancel(cancel)];
                (Self::Proceeding { invite, cancelled: Some(conditions.timeout()) }, outputs)
            }
            None => (Self::Proceeding { invite, cancelled }, smallvec![ClientOutput::CancelTooLate]),
        }
    }

    /// The running timers.
    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Calling { a, b, .. } => a.iter().map(|a| (TimerName::A, a.at)).chain([(TimerName::B, *b)]).collect(),
            Self::Proceeding { cancelled, .. } => cancelled.iter().map(|at| (TimerName::Cancelled, *at)).collect(),
            Self::Completed { d, .. } => smallvec![(TimerName::D, *d)],
            Self::Accepted { m } => smallvec![(TimerName::M, *m)],
            Self::Terminated => SmallVec::new(),
        }
    }
}

fn silence() -> ClientOutputs {
    SmallVec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Transport;
    use crate::transaction::testing::{Exploration, Machine, conditions, transition_table};

    impl Machine for InviteClient {
        type Input = Input<'static>;
        type Output = ClientOutput;

        fn next(self, conditions: &Conditions, input: Self::Input) -> (Self, Vec<ClientOutput>) {
            let (machine, outputs) = self.step(conditions, input);
            (machine, outputs.into_vec())
        }

        fn running(&self) -> Running {
            self.timers()
        }

        fn timer(name: TimerName) -> Self::Input {
            Input::of_timer(name).expect("a timer of this machine")
        }

        fn is_effect(output: &ClientOutput) -> bool {
            !matches!(output, ClientOutput::CancelTooEarly | ClientOutput::CancelTooLate)
        }
    }

    const FAILURE: Input<'static> = Input::Failure { to: b"<sip:b@example.com>;tag=2" };

    const MESSAGES: [(&str, Input<'static>); 5] = [
        ("1xx", Input::Provisional),
        ("2xx", Input::Success),
        ("300-699", FAILURE),
        ("CANCEL from TU", Input::Cancel),
        ("error", Input::TransportError),
    ];

    fn start(conditions: &Conditions) -> (InviteClient, Vec<ClientOutput>) {
        let (machine, outputs) = InviteClient::start(conditions, Packet::from(derived::SAMPLE.as_bytes()));
        (machine, outputs.into_vec())
    }

    #[test]
    fn transitions_are_those_of_figure_5() {
        let [provisional, success, failure, cancel, error] = MESSAGES;
        let paths: [&[_]; 6] = [&[], &[provisional], &[provisional, cancel], &[failure], &[success], &[error]];
        let timers = [
            ("Timer A", Input::TimerA),
            ("Timer B", Input::TimerB),
            ("Timer D", Input::TimerD),
            ("Timer M", Input::TimerM),
            ("64*T1 after CANCEL", Input::TimerCancelled),
        ];
        let inputs = [MESSAGES, timers].concat();
        insta::assert_snapshot!(transition_table(start, &paths, &inputs));
    }

    /// One 300-699 at most, no 2xx beside it, and nothing but copies and other branches of a 2xx after it.
    #[test]
    fn every_input_sequence_delivers_one_failure_or_only_successes() {
        let states = [Transport::Udp, Transport::Tcp].map(|transport| {
            let exploration = Exploration {
                start: start(&conditions(transport, Time::EPOCH)).0,
                transport,
                inputs: &MESSAGES.map(|(_, input)| input),
                depth: 8,
                is_final: |input, outputs| {
                    matches!(input, Input::Failure { .. }) && outputs.contains(&ClientOutput::Deliver)
                },
                awaited: FAILURE,
            };
            exploration.run(|state| {
                assert!(state.finals <= 1, "{:?}", state.machine);
                assert!(state.finals == 0 || !matches!(state.machine, InviteClient::Accepted { .. }));
            })
        });
        assert_eq!(states, [505, 105]);
    }
}
