//! The focus host: the conference factory and the foci of the conferences that it made (RFC 4353, RFC 4579, TS 24.147
//! section 5.3.2).

mod roster;

use crate::agent::{Addr, Agent, Receipt, Transmit};
use crate::error::CommandError;
use crate::role::config::FocusConfig;
use crate::time::{Time, Timer};
use crate::view::FocusView;

/// What the operator of a focus may ask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Change what is admitted; it holds for requests that come later.
    Policy {
        /// Whether factory INVITEs are accepted; otherwise 403.
        admit_creation: bool,
        /// Whether REFERs are accepted; otherwise 603.
        admit_refer: bool,
    },
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "policy",
        }
    }
}

/// What a conference server logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A factory INVITE was accepted.
    ConferenceCreated {
        /// The conference URI.
        conference: String,
        /// The creator.
        creator: String,
    },
    /// A factory INVITE was refused.
    CreationRefused {
        /// The code.
        code: u16,
    },
    /// A user subscribed to a conference's state.
    Subscribed {
        /// The conference URI.
        conference: String,
    },
    /// A subscription to a conference's state ended.
    Unsubscribed {
        /// The conference URI.
        conference: String,
    },
    /// A REFER was accepted and the user is being called.
    Inviting {
        /// The conference URI.
        conference: String,
        /// Whom.
        target: String,
    },
    /// A REFER was refused.
    ReferRefused {
        /// The conference URI.
        conference: String,
        /// The code.
        code: u16,
    },
    /// A user is in the conference.
    Joined {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
    },
    /// An invited user did not come.
    NotJoined {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
        /// The final response; 408 when none came.
        code: u16,
    },
    /// A user has left.
    Left {
        /// The conference URI.
        conference: String,
        /// Who.
        user: String,
    },
    /// The conference is over.
    ConferenceEnded {
        /// The conference URI.
        conference: String,
    },
}

/// A focus host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Focus {
    config: FocusConfig,
}

impl Focus {
    /// A focus host without conferences that admits everything.
    pub fn new(config: FocusConfig) -> Self {
        Self { config }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> FocusView {
        todo!()
    }
}

impl Agent for Focus {
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
