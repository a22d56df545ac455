//! The UE: creates a conference by the factory URI, subscribes to its state, invites users by REFER to the focus, leaves
//! (TS 24.147 section 5.3.1, RFC 4579 sections 5.4, 5.5; TS 34.229-5 A.16, A.20).

use crate::agent::{Addr, Agent, Receipt, Transmit};
use crate::error::CommandError;
use crate::role::config::UeConfig;
use crate::time::{Time, Timer};
use crate::view::{RosterEntry, UeView};
use crate::wire::OwnedUri;

/// Which request carries the second offer, the one that says that the local resources are reserved (RFC 3312).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecondOffer {
    /// The PRACK to the reliable 183.
    #[default]
    Prack,
    /// An UPDATE after the 200 to the PRACK.
    Update,
}

/// To whom the REFER of an invitation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InviteMode {
    /// To the focus, which dials out (RFC 4579 section 5.5).
    #[default]
    ReferToFocus,
    /// To the user, who dials in (RFC 4579 section 5.6); this UE refuses it.
    ReferToUser,
}

/// What the user of a UE may ask of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Create a conference.
    Create {
        /// Which request carries the second offer.
        second_offer: SecondOffer,
    },
    /// Subscribe to the conference's state, once.
    Subscribe,
    /// Invite a user, once per user.
    Invite {
        /// Whom; a SIP or tel URI.
        target: OwnedUri,
        /// To whom the REFER goes.
        mode: InviteMode,
    },
    /// Leave the conference.
    Leave,
}

impl Command {
    /// The command's name, for a user.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Subscribe => "subscribe",
            Self::Invite { .. } => "invite",
            Self::Leave => "leave",
        }
    }
}

/// What a UE tells its user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The conference exists and the user is in it.
    ConferenceCreated {
        /// The conference URI.
        uri: String,
    },
    /// The conference could not be created.
    CreationFailed {
        /// Code of the final response; 408 when none came.
        code: u16,
    },
    /// The 2xx does not call its sender a focus: the session is a plain call (RFC 4579 section 5.4).
    IsFocusLost,
    /// The first NOTIFY of the conference subscription came.
    Subscribed,
    /// The roster changed; this is all of it.
    RosterChanged(Vec<RosterEntry>),
    /// The conference subscription was terminated, or never came about.
    SubscriptionEnded {
        /// The reason of the terminating NOTIFY, or the code of the response that refused the SUBSCRIBE.
        reason: String,
    },
    /// The focus reported a provisional response of an invited user.
    InvitationProgress {
        /// Who was invited.
        target: OwnedUri,
        /// The code.
        code: u16,
    },
    /// The outcome of an invitation is known, or known to stay unknown.
    InvitationEnded {
        /// Who was invited.
        target: OwnedUri,
        /// What became of it.
        outcome: InvitationOutcome,
    },
    /// The call is over: this user left.
    Left,
    /// The call is over: the focus ended it.
    Ejected,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvitationOutcome {
    /// The focus reported this final response of the invited user.
    Reported(u16),
    /// The focus refused the REFER with this code.
    Refused(u16),
    /// The REFER was never answered, or the reporting ended without a final response.
    Unknown,
}

/// A UE that takes part in one conference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ue {
    config: UeConfig,
}

impl Ue {
    /// An idle UE.
    pub fn new(config: UeConfig) -> Self {
        Self { config }
    }

    /// The read-only projection of its state.
    pub fn view(&self) -> UeView {
        todo!()
    }
}

impl Agent for Ue {
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
