//! An invited user: takes the focus' INVITE, rings, answers or refuses, leaves. Nothing but the transaction's own 100 is
//! answered before the user says so.

use crate::agent::{Addr, Agent, Receipt, Transmit};
use crate::error::CommandError;
use crate::role::config::ParticipantConfig;
use crate::time::{Time, Timer};
use crate::view::ParticipantView;

/// What an invited user may ask of his user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Say that the user is being alerted: 180.
    Ring,
    /// Accept: 200.
    Answer,
    /// Refuse because of another call: 486.
    Busy,
    /// Refuse: 603.
    Decline,
    /// Leave the conference; only after the ACK (RFC 3261 section 15).
    Leave,
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Answer => "answer",
            Self::Busy => "busy",
            Self::Decline => "decline",
            Self::Leave => "leave",
        }
    }
}

/// What an invited user is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An INVITE came.
    Invited {
        /// The caller: the conference URI.
        by: String,
        /// Whether the caller calls itself a focus (RFC 3840 section 10.18).
        isfocus: bool,
    },
    /// The invitation was withdrawn before it was answered.
    Cancelled,
    /// The user is in the conference: the ACK came.
    Joined,
    /// The user's own BYE was sent and answered.
    Left,
    /// The focus ended the call.
    Ended,
    /// The ACK never came; the call was given up.
    Abandoned,
}

/// A user agent that takes one invitation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Participant {
    config: ParticipantConfig,
}

impl Participant {
    /// An idle user agent.
    pub fn new(config: ParticipantConfig) -> Self {
        Self { config }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> ParticipantView {
        todo!()
    }
}

impl Agent for Participant {
    type Command = Command;
    type Event = Event;

    fn handle_datagram(&mut self, _now: Time, _from: Addr, _bytes: &[u8]) -> Receipt {
        todo!()
    }

    fn handle_timeout(&mut self, _now: Time) {
        todo!()
    }

    fn handle_command(&mut self, _now: Time, _command: Command) -> Result<(), CommandError> {
        todo!()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        todo!()
    }

    fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    fn poll_timeout(&self) -> Option<Time> {
        todo!()
    }

    fn timers(&self) -> Vec<Timer> {
        todo!()
    }
}
