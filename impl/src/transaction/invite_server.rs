//! The INVITE server transaction: RFC 3261 section 17.2.1 with the figure 7 of RFC 6026 section 8.6.
//!
//! It answers copies of the INVITE, sends 100 itself when the transaction user is silent, repeats a 300-699 response
//! until the ACK, and stays for Timer L after a 2xx so that a late copy of the INVITE is not taken for a new call.
//! Copies of a 2xx and of a reliable 1xx are the transaction user's: it passes each of them here to be sent.

use smallvec::{SmallVec, smallvec};

use super::echo::Echo;
use super::packet::Packet;
use super::timers::{Conditions, Retransmission, Running, TimerName};
use super::{ServerOutput, ServerOutputs};
use crate::time::Time;

/// The states of figure 7, each with what it needs and no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum InviteServer {
    /// No final response yet. `invite` is there for the transaction user to build responses from; at `trying` a 100
    /// will go out if it stays silent.
    Proceeding { invite: Echo, last: Option<Packet>, trying: Option<Time> },
    /// A 300-699 response went out and goes out again until the ACK.
    Completed { response: Packet, g: Option<Retransmission>, h: Time },
    /// The ACK came.
    Confirmed { i: Time },
    /// A 2xx went out.
    Accepted { l: Time },
    /// To be freed.
    Terminated,
}

/// What can happen to an INVITE server transaction.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A copy of the INVITE.
    Invite,
    /// An ACK with the branch of the INVITE.
    Ack,
    /// A 1xx from the transaction user.
    Provisional(Packet),
    /// A 2xx from the transaction user.
    Success(Packet),
    /// A 300-699 from the transaction user.
    Failure(Packet),
    /// The transport could not deliver what was sent.
    TransportError,
    /// The transaction user was silent for 200 ms.
    TimerTrying,
    TimerG,
    TimerH,
    TimerI,
    TimerL,
}

impl Input {
    /// The input that a timer makes; `None` for the timers of the other machines.
    pub(super) const fn of_timer(timer: TimerName) -> Option<Self> {
        match timer {
            TimerName::Trying => Some(Self::TimerTrying),
            TimerName::G => Some(Self::TimerG),
            TimerName::H => Some(Self::TimerH),
            TimerName::I => Some(Self::TimerI),
            TimerName::L => Some(Self::TimerL),
            TimerName::A
            | TimerName::B
            | TimerName::D
            | TimerName::E
            | TimerName::F
            | TimerName::J
            | TimerName::K
            | TimerName::M
            | TimerName::Cancelled => None,
        }
    }
}

impl InviteServer {
    /// An INVITE came that is no copy; the transaction user is told.
    pub(super) fn start(conditions: &Conditions, invite: Echo) -> Self {
        let trying = Some(conditions.now + conditions.settings.trying_delay());
        Self::Proceeding { invite, last: None, trying }
    }

    /// One transition. Every state is written with every input.
    pub(super) fn step(self, conditions: &Conditions, input: Input) -> (Self, ServerOutputs) {
        match self {
            Self::Proceeding { invite, last, trying } => match input {
                Input::Invite => {
                    let copy = last.iter().cloned().map(ServerOutput::Send).collect();
                    (Self::Proceeding { invite, last, trying }, copy)
                }
                Input::Provisional(response) => {
                    let sent = smallvec![ServerOutput::Send(response.clone())];
                    (Self::Proceeding { invite, last: Some(response), trying: None }, sent)
                }
                Input::Success(response) => {
                    (Self::Accepted { l: conditions.timeout() }, smallvec![ServerOutput::Send(response)])
                }
                Input::Failure(response) => {
                    let sent = smallvec![ServerOutput::Send(response.clone())];
                    (Self::Completed { response, g: conditions.retransmission(), h: conditions.timeout() }, sent)
                }
                Input::TransportError => {
                    (Self::Proceeding { invite, last, trying }, smallvec![ServerOutput::TransportFailed])
                }
                Input::TimerTrying => {
                    let response = trying.and_then(|_| invite.trying());
                    let sent = response.iter().cloned().map(ServerOutput::Send).collect();
                    (Self::Proceeding { invite, last: response.or(last), trying: None }, sent)
                }
                // An ACK before any final response acknowledges nothing.
                Input::Ack | Input::TimerG | Input::TimerH | Input::TimerI | Input::TimerL => {
                    (Self::Proceeding { invite, last, trying }, SmallVec::new())
                }
            },
            Self::Completed { response, g, h } => Self::step_completed(conditions, input, response, g, h),
            Self::Confirmed { i } => match input {
                Input::TimerI => (Self::Terminated, SmallVec::new()),
                Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => {
                    (Self::Confirmed { i }, smallvec![ServerOutput::Refused])
                }
                Input::Invite
                | Input::Ack
                | Input::TransportError
                | Input::TimerTrying
                | Input::TimerG
                | Input::TimerH
                | Input::TimerL => (Self::Confirmed { i }, SmallVec::new()),
            },
            Self::Accepted { l } => match input {
                Input::Ack => (Self::Accepted { l }, smallvec![ServerOutput::PassAck]),
                Input::Success(response) => (Self::Accepted { l }, smallvec![ServerOutput::Send(response)]),
                Input::Provisional(_) | Input::Failure(_) => (Self::Accepted { l }, smallvec![ServerOutput::Refused]),
                Input::TransportError => (Self::Accepted { l }, smallvec![ServerOutput::TransportFailed]),
                Input::TimerL => (Self::Terminated, SmallVec::new()),
                Input::Invite | Input::TimerTrying | Input::TimerG | Input::TimerH | Input::TimerI => {
                    (Self::Accepted { l }, SmallVec::new())
                }
            },
            Self::Terminated => match input {
                Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => {
                    (Self::Terminated, smallvec![ServerOutput::Refused])
                }
                Input::Invite
                | Input::Ack
                | Input::TransportError
                | Input::TimerTrying
                | Input::TimerG
                | Input::TimerH
                | Input::TimerI
                | Input::TimerL => (Self::Terminated, SmallVec::new()),
            },
        }
    }

    /// The part of [`Self::step`] in which the ACK is awaited.
    fn step_completed(
        conditions: &Conditions,
        input: Input,
        response: Packet,
        g: Option<Retransmission>,
        h: Time,
    ) -> (Self, ServerOutputs) {
        match input {
            Input::Invite => {
                let copy = smallvec![ServerOutput::Send(response.clone())];
                (Self::Completed { response, g, h }, copy)
            }
            Input::TimerG => {
                let copy = g.iter().map(|_| ServerOutput::Send(response.clone())).collect();
                let next = g.map(|g| g.doubled_up_to(conditions.now, conditions.settings.t2()));
                (Self::Completed { response, g: next, h }, copy)
            }
            Input::Ack => {
                let next = match conditions.linger(conditions.settings.i(conditions.transport)) {
                    Some(i) => Self::Confirmed { i },
                    None => Self::Terminated,
                };
                (next, SmallVec::new())
            }
            Input::TimerH => (Self::Terminated, smallvec![ServerOutput::AckTimedOut]),
            Input::TransportError => (Self::Completed { response, g, h }, smallvec![ServerOutput::TransportFailed]),
            Input::Provisional(_) | Input::Success(_) | Input::Failure(_) => {
                (Self::Completed { response, g, h }, smallvec![ServerOutput::Refused])
            }
            Input::TimerTrying | Input::TimerI | Input::TimerL => (Self::Completed { response, g, h }, SmallVec::new()),
        }
    }

    /// What responses to the INVITE repeat, as long as it has no final response.
    pub(super) const fn unanswered(&self) -> Option<&Echo> {
        match self {
            Self::Proceeding { invite, .. } => Some(invite),
            Self::Completed { .. } | Self::Confirmed { .. } | Self::Accepted { .. } | Self::Terminated => None,
        }
    }

    /// The running timers.
    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Proceeding { trying, .. } => trying.iter().map(|at| (TimerName::Trying, *at)).collect(),
            Self::Completed { g, h, .. } => {
                g.iter().map(|g| (TimerName::G, g.at)).chain([(TimerName::H, *h)]).collect()
            }
            Self::Confirmed { i } => smallvec![(TimerName::I, *i)],
            Self::Accepted { l } => smallvec![(TimerName::L, *l)],
            Self::Terminated => SmallVec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Transport;
    use crate::transaction::testing::{Exploration, Machine, conditions, transition_table};

    impl Machine for InviteServer {
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

    fn messages() -> [(&'static str, Input); 6] {
        let packet = |line: &[u8]| Packet::from(line);
        [
            ("INVITE copy", Input::Invite),
            ("ACK", Input::Ack),
            ("1xx from TU", Input::Provisional(packet(b"180"))),
            ("2xx from TU", Input::Success(packet(b"200"))),
            ("300-699 from TU", Input::Failure(packet(b"486"))),
            ("error", Input::TransportError),
        ]
    }

    fn start(conditions: &Conditions) -> (InviteServer, Vec<ServerOutput>) {
        (InviteServer::start(conditions, Echo::sample()), Vec::new())
    }

    #[test]
    fn transitions_are_those_of_figure_7() {
        let [_, ack, provisional, success, failure, _] = messages();
        let trying = ("200 ms", Input::TimerTrying);
        let timers = [
            trying.clone(),
            ("Timer G", Input::TimerG),
            ("Timer H", Input::TimerH),
            ("Timer I", Input::TimerI),
            ("Timer L", Input::TimerL),
        ];
        let ended = [success.clone(), ("Timer L", Input::TimerL)];
        let confirmed = [failure.clone(), ack];
        let paths: [&[_]; 7] = [&[], &[trying], &[provisional], &[failure], &confirmed, &[success], &ended];
        let inputs: Vec<_> = messages().into_iter().chain(timers).collect();
        insta::assert_snapshot!(transition_table(start, &paths, &inputs));
    }

    #[test]
    fn every_input_sequence_takes_one_kind_of_final_response() {
        let states = [Transport::Udp, Transport::Tcp].map(|transport| {
            let exploration = Exploration {
                start: start(&conditions(transport, Time::EPOCH)).0,
                transport,
                inputs: &messages().map(|(_, input)| input),
                depth: 8,
                is_final: |input, outputs| {
                    matches!(input, Input::Failure(_)) && !outputs.contains(&ServerOutput::Refused)
                },
                awaited: Input::Failure(Packet::from(&b"487"[..])),
            };
            exploration.run(|state| {
                assert!(state.finals <= 1, "{:?}", state.machine);
                assert!(state.finals == 0 || !matches!(state.machine, InviteServer::Accepted { .. }));
            })
        });
        assert_eq!(states, [439, 180]);
    }
}
