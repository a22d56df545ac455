//! The non-INVITE server transaction: RFC 3261 section 17.2.2, figure 8.
//!
//! It answers copies of the request with the last response and keeps the final one for Timer J. Figure 8 ends the
//! transaction on a transport error, the later section 17.2.4 (as RFC 6026 section 8.8 has it) lets every server
//! transaction stay where it is: the text is followed, since a freed transaction would take the next copy for a new
//! request.

use smallvec::{SmallVec, smallvec};

use super::echo::Echo;
use super::packet::Packet;
use super::timers::{Conditions, Running, TimerName};
use super::{ServerOutput, ServerOutputs};
use crate::time::Time;

/// The states of figure 8, each with what it needs and no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum NonInviteServer {
    /// The transaction user has the request and was silent so far.
    Trying { request: Echo },
    /// A 1xx went out.
    Proceeding { request: Echo, last: Packet },
    /// The final response went out.
    Completed { response: Packet, j: Time },
    /// To be freed.
    Terminated,
}

/// What can happen to a non-INVITE server transaction.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A copy of the request.
    Request,
    /// A 1xx from the transaction user.
    Provisional(Packet),
    /// A 200-699 from the transaction user.
    Final(Packet),
    /// The transport could not deliver what was sent.
    TransportError,
    TimerJ,
}

impl Input {
    /// The input that a timer makes; `None` for the timers of the other machines.
    pub(super) const fn of_timer(timer: TimerName) -> Option<Self> {
        match timer {
            TimerName::J => Some(Self::TimerJ),
            TimerName::A
            | TimerName::B
            | TimerName::D
            | TimerName::E
            | TimerName::F
            | TimerName::G
            | TimerName::H
            | TimerName::I
            | TimerName::K
            | TimerName::L
            | TimerName::M
            | TimerName::Trying
            | TimerName::Cancelled => None,
        }
    }
}

impl NonInviteServer {
    /// A request came that is no copy; the transaction user is told.
    pub(super) const fn start(request: Echo) -> Self {
        Self::Trying { request }
    }

    /// One transition. Every state is written with every input.
    pub(super) fn step(self, conditions: &Conditions, input: Input) -> (Self, ServerOutputs) {
        match self {
            Self::Trying { request } => match input {
                Input::Provisional(response) => {
                    let sent = smallvec![ServerOutput::Send(response.clone())];
                    (Self::Proceeding { request, last: response }, sent)
                }
                Input::Final(response) => Self::complete(conditions, response),
                // Nothing was sent yet: there is no answer to repeat and no error that could be about it.
                Input::Request | Input::TransportError | Input::TimerJ => (Self::Trying { request }, SmallVec::new()),
            },
            Self::Proceeding { request, last } => match input {
                Input::Request => {
                    let copy = smallvec![ServerOutput::Send(last.clone())];
                    (Self::Proceeding { request, last }, copy)
                }
                Input::Provisional(response) => {
                    let sent = smallvec![ServerOutput::Send(response.clone())];
                    (Self::Proceeding { request, last: response }, sent)
                }
                Input::Final(response) => Self::complete(conditions, response),
                Input::TransportError => (Self::Proceeding { request, last }, smallvec![ServerOutput::TransportFailed]),
                Input::TimerJ => (Self::Proceeding { request, last }, SmallVec::new()),
            },
            Self::Completed { response, j } => match input {
                Input::Request => {
                    let copy = smallvec![ServerOutput::Send(response.clone())];
                    (Self::Completed { response, j }, copy)
                }
                Input::Provisional(_) | Input::Final(_) => {
                    (Self::Completed { response, j }, smallvec![ServerOutput::Refused])
                }
                Input::TransportError => (Self::Completed { response, j }, smallvec![ServerOutput::TransportFailed]),
                Input::TimerJ => (Self::Terminated, SmallVec::new()),
            },
            Self::Terminated => match input {
                Input::Provisional(_) | Input::Final(_) => (Self::Terminated, smallvec![ServerOutput::Refused]),
                Input::Request | Input::TransportError | Input::TimerJ => (Self::Terminated, SmallVec::new()),
            },
        }
    }

    fn complete(conditions: &Conditions, response: Packet) -> (Self, ServerOutputs) {
        let outputs = smallvec![ServerOutput::Send(response.clone())];
        let next = match conditions.linger(conditions.settings.j(conditions.transport)) {
            Some(j) => Self::Completed { response, j },
            None => Self::Terminated,
        };
        (next, outputs)
    }

    /// What responses to the request repeat, as long as it has no final response.
    pub(super) const fn unanswered(&self) -> Option<&Echo> {
        match self {
            Self::Trying { request } | Self::Proceeding { request, .. } => Some(request),
            Self::Completed { .. } | Self::Terminated => None,
        }
    }

    /// The running timers.
    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Trying { .. } | Self::Proceeding { .. } | Self::Terminated => SmallVec::new(),
            Self::Completed { j, .. } => smallvec![(TimerName::J, *j)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Transport;
    use crate::transaction::testing::{Exploration, Machine, conditions, transition_table};

    impl Machine for NonInviteServer {
        type Input = Input;
        type Output = ServerOutput;

        fn next(self, conditions: &Conditions, input: Input) -> (Self, Vec<ServerOutput>) {
            let (machine, outputs) = self.step(conditions, input);
            (machine, outputs.into_vec())
        }

        fn running(&self) -> Running {
            self.timers()
        }

        fn timer(name: TimerName) -> Input {
            Input::of_timer(name).expect("a timer of this machine")
        }

        fn is_effect(output: &ServerOutput) -> bool {
            *output != ServerOutput::Refused
        }
    }

    fn messages() -> [(&'static str, Input); 4] {
        [
            ("copy", Input::Request),
            ("1xx from TU", Input::Provisional(Packet::from(&b"100"[..]))),
            ("200-699 from TU", Input::Final(Packet::from(&b"202"[..]))),
            ("error", Input::TransportError),
        ]
    }

    fn start(_: &Conditions) -> (NonInviteServer, Vec<ServerOutput>) {
        (NonInviteServer::start(Echo::sample()), Vec::new())
    }

    #[test]
    fn transitions_are_those_of_figure_8() {
        let [_, provisional, last, _] = messages();
        let timer_j = ("Timer J", Input::TimerJ);
        let ended = [last.clone(), timer_j.clone()];
        let paths: [&[_]; 4] = [&[], &[provisional], &[last], &ended];
        let inputs: Vec<_> = messages().into_iter().chain([timer_j]).collect();
        insta::assert_snapshot!(transition_table(start, &paths, &inputs));
    }

    #[test]
    fn every_input_sequence_takes_at_most_one_final_response() {
        let states = [Transport::Udp, Transport::Tcp].map(|transport| {
            let exploration = Exploration {
                start: start(&conditions(transport, Time::EPOCH)).0,
                transport,
                inputs: &messages().map(|(_, input)| input),
                depth: 8,
                is_final: |input, outputs| {
                    matches!(input, Input::Final(_)) && !outputs.contains(&ServerOutput::Refused)
                },
                awaited: Input::Final(Packet::from(&b"500"[..])),
            };
            exploration.run(|state| assert!(state.finals <= 1, "{:?}", state.machine))
        });
        assert_eq!(states, [60, 25]);
    }
}
