//! The non-INVITE client transaction: RFC 3261 section 17.1.2, figure 6.
//!
//! It repeats the request until a final response comes (a 1xx only slows it down to T2), delivers that one response,
//! and absorbs its copies for Timer K.

use smallvec::{SmallVec, smallvec};

use super::packet::Packet;
use super::timers::{Conditions, Retransmission, Running, TimerName};
use super::{ClientOutput, ClientOutputs};
use crate::time::Time;

/// The states of figure 6, each with what it needs and no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum NonInviteClient {
    /// The request went out, nothing came back.
    Trying { request: Packet, e: Option<Retransmission>, f: Time },
    /// A 1xx came; only the final response ends the copies.
    Proceeding { request: Packet, e: Option<Retransmission>, f: Time },
    /// The final response came.
    Completed { k: Time },
    /// To be freed.
    Terminated,
}

/// What can happen to a non-INVITE client transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    /// A 100-199 response.
    Provisional,
    /// A 200-699 response.
    Final,
    /// The transport could not deliver what was sent.
    TransportError,
    TimerE,
    TimerF,
    TimerK,
}

impl Input {
    /// The input that a timer makes; `None` for the timers of the other machines.
    pub(super) const fn of_timer(timer: TimerName) -> Option<Self> {
        match timer {
            TimerName::E => Some(Self::TimerE),
            TimerName::F => Some(Self::TimerF),
            TimerName::K => Some(Self::TimerK),
            TimerName::A
            | TimerName::B
            | TimerName::D
            | TimerName::G
            | TimerName::H
            | TimerName::I
            | TimerName::J
            | TimerName::L
            | TimerName::M
            | TimerName::Trying
            | TimerName::Cancelled => None,
        }
    }
}

impl NonInviteClient {
    /// The transaction user has a request to send.
    pub(super) fn start(conditions: &Conditions, request: Packet) -> (Self, ClientOutputs) {
        let outputs = smallvec![ClientOutput::Send(request.clone())];
        (Self::Trying { request, e: conditions.retransmission(), f: conditions.timeout() }, outputs)
    }

    /// One transition. Every state is written with every input.
    pub(super) fn step(self, conditions: &Conditions, input: Input) -> (Self, ClientOutputs) {
        let (now, t2) = (conditions.now, conditions.settings.t2());
        match self {
            Self::Trying { request, e, f } => match input {
                Input::Provisional => (Self::Proceeding { request, e, f }, smallvec![ClientOutput::Deliver]),
                Input::Final => Self::complete(conditions),
                Input::TransportError => (Self::Terminated, smallvec![ClientOutput::TransportFailed]),
                Input::TimerE => {
                    let copy = e.iter().map(|_| ClientOutput::Send(request.clone())).collect();
                    (Self::Trying { request, e: e.map(|e| e.doubled_up_to(now, t2)), f }, copy)
                }
                Input::TimerF => (Self::Terminated, smallvec![ClientOutput::TimedOut]),
                Input::TimerK => (Self::Trying { request, e, f }, SmallVec::new()),
            },
            Self::Proceeding { request, e, f } => match input {
                Input::Provisional => (Self::Proceeding { request, e, f }, smallvec![ClientOutput::Deliver]),
                Input::Final => Self::complete(conditions),
                Input::TransportError => (Self::Terminated, smallvec![ClientOutput::TransportFailed]),
                Input::TimerE => {
                    let copy = e.iter().map(|_| ClientOutput::Send(request.clone())).collect();
                    (Self::Proceeding { request, e: e.map(|_| Retransmission::every(now, t2)), f }, copy)
                }
                Input::TimerF => (Self::Terminated, smallvec![ClientOutput::TimedOut]),
                Input::TimerK => (Self::Proceeding { request, e, f }, SmallVec::new()),
            },
            Self::Completed { k } => match input {
                Input::TimerK => (Self::Terminated, SmallVec::new()),
                Input::Provisional | Input::Final | Input::TransportError | Input::TimerE | Input::TimerF => {
                    (Self::Completed { k }, SmallVec::new())
                }
            },
            Self::Terminated => match input {
                Input::Provisional
                | Input::Final
                | Input::TransportError
                | Input::TimerE
                | Input::TimerF
                | Input::TimerK => (Self::Terminated, SmallVec::new()),
            },
        }
    }

    fn complete(conditions: &Conditions) -> (Self, ClientOutputs) {
        let next = match conditions.linger(conditions.settings.k(conditions.transport)) {
            Some(k) => Self::Completed { k },
            None => Self::Terminated,
        };
        (next, smallvec![ClientOutput::Deliver])
    }

    /// The running timers.
    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Trying { e, f, .. } | Self::Proceeding { e, f, .. } => {
                e.iter().map(|e| (TimerName::E, e.at)).chain([(TimerName::F, *f)]).collect()
            }
            Self::Completed { k } => smallvec![(TimerName::K, *k)],
            Self::Terminated => SmallVec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Transport;
    use crate::transaction::testing::{Exploration, Machine, conditions, transition_table};

    impl Machine for NonInviteClient {
        type Input = Input;
        type Output = ClientOutput;

        fn next(self, conditions: &Conditions, input: Input) -> (Self, Vec<ClientOutput>) {
            let (machine, outputs) = self.step(conditions, input);
            (machine, outputs.into_vec())
        }

        fn running(&self) -> Running {
            self.timers()
        }

        fn timer(name: TimerName) -> Input {
            Input::of_timer(name).expect("a timer of this machine")
        }

        fn is_effect(_: &ClientOutput) -> bool {
            true
        }
    }

    const MESSAGES: [(&str, Input); 3] =
        [("1xx", Input::Provisional), ("200-699", Input::Final), ("error", Input::TransportError)];

    fn start(conditions: &Conditions) -> (NonInviteClient, Vec<ClientOutput>) {
        let (machine, outputs) = NonInviteClient::start(conditions, Packet::from(&b"REFER"[..]));
        (machine, outputs.into_vec())
    }

    #[test]
    fn transitions_are_those_of_figure_6() {
        let [provisional, last, error] = MESSAGES;
        let timer_e = ("Timer E", Input::TimerE);
        let timers = [timer_e, ("Timer F", Input::TimerF), ("Timer K", Input::TimerK)];
        let paths: [&[_]; 6] =
            [&[], &[timer_e, timer_e, timer_e, timer_e], &[provisional], &[provisional, timer_e], &[last], &[error]];
        let inputs = [MESSAGES, timers].concat();
        insta::assert_snapshot!(transition_table(start, &paths, &inputs));
    }

    #[test]
    fn every_input_sequence_delivers_at_most_one_final_response() {
        let states = [Transport::Udp, Transport::Tcp].map(|transport| {
            let exploration = Exploration {
                start: start(&conditions(transport, Time::EPOCH)).0,
                transport,
                inputs: &MESSAGES.map(|(_, input)| input),
                depth: 14, // all eleven copies and the time-out
                is_final: |input, outputs| matches!(input, Input::Final) && outputs.contains(&ClientOutput::Deliver),
                awaited: Input::Final,
            };
            exploration.run(|state| assert!(state.finals <= 1, "{:?}", state.machine))
        });
        assert_eq!(states, [1674, 71]);
    }
}
