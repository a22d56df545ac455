//! The four machines behind two faces: what the table asks of a client or a server transaction of either kind.

use smallvec::{SmallVec, smallvec};

use super::echo::Echo;
use super::invite_client::{self, InviteClient};
use super::invite_server::{self, InviteServer};
use super::non_invite_client::{self, NonInviteClient};
use super::non_invite_server::{self, NonInviteServer};
use super::packet::Packet;
use super::timers::{Conditions, Running, TimerName};
use super::{ClientOutput, ClientOutputs, ServerOutputs};
use crate::wire::Method;

/// A client transaction of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Invite(InviteClient),
    NonInvite(NonInviteClient),
}

impl Client {
    /// One that is over.
    pub(super) const OVER: Self = Self::NonInvite(NonInviteClient::Terminated);

    /// Starts one for a request of this method.
    pub(super) fn start(conditions: &Conditions, method: Method<'_>, request: Packet) -> (Self, ClientOutputs) {
        if method == Method::Invite {
            Self::invite(InviteClient::start(conditions, request))
        } else {
            Self::non_invite(NonInviteClient::start(conditions, request))
        }
    }

    /// A response with this status and this To header field value came.
    pub(super) fn on_response(self, conditions: &Conditions, status: u16, to: &[u8]) -> (Self, ClientOutputs) {
        match self {
            Self::Invite(machine) => {
                let input = match status {
                    ..200 => invite_client::Input::Provisional,
                    200..300 => invite_client::Input::Success,
                    300.. => invite_client::Input::Failure { to },
                };
                Self::invite(machine.step(conditions, input))
            }
            Self::NonInvite(machine) => {
                let input = match status {
                    ..200 => non_invite_client::Input::Provisional,
                    200.. => non_invite_client::Input::Final,
                };
                Self::non_invite(machine.step(conditions, input))
            }
        }
    }

    /// The transaction user cancels the request; of an INVITE only (RFC 3261 section 9.1).
    pub(super) fn on_cancel(self, conditions: &Conditions) -> (Self, ClientOutputs) {
        match self {
            Self::Invite(machine) => Self::invite(machine.step(conditions, invite_client::Input::Cancel)),
            Self::NonInvite(_) => (self, smallvec![ClientOutput::CancelTooLate]),
        }
    }

    /// The transport failed.
    pub(super) fn on_transport_error(self, conditions: &Conditions) -> (Self, ClientOutputs) {
        match self {
            Self::Invite(machine) => Self::invite(machine.step(conditions, invite_client::Input::TransportError)),
            Self::NonInvite(machine) => {
                Self::non_invite(machine.step(conditions, non_invite_client::Input::TransportError))
            }
        }
    }

    /// A timer of [`Self::timers`] is due.
    pub(super) fn on_timer(self, conditions: &Conditions, timer: TimerName) -> (Self, ClientOutputs) {
        match self {
            Self::Invite(machine) => match invite_client::Input::of_timer(timer) {
                Some(input) => Self::invite(machine.step(conditions, input)),
                None => (Self::Invite(machine), SmallVec::new()),
            },
            Self::NonInvite(machine) => match non_invite_client::Input::of_timer(timer) {
                Some(input) => Self::non_invite(machine.step(conditions, input)),
                None => (Self::NonInvite(machine), SmallVec::new()),
            },
        }
    }

    /// Whether a 2xx to an INVITE was delivered.
    pub(super) const fn is_accepted(&self) -> bool {
        matches!(self, Self::Invite(InviteClient::Accepted { .. }))
    }

    /// Whether nothing at all came back yet.
    pub(super) const fn is_unanswered(&self) -> bool {
        matches!(self, Self::Invite(InviteClient::Calling { .. }) | Self::NonInvite(NonInviteClient::Trying { .. }))
    }

    pub(super) const fn is_terminated(&self) -> bool {
        matches!(self, Self::Invite(InviteClient::Terminated) | Self::NonInvite(NonInviteClient::Terminated))
    }

    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Invite(machine) => machine.timers(),
            Self::NonInvite(machine) => machine.timers(),
        }
    }

    fn invite((machine, outputs): (InviteClient, ClientOutputs)) -> (Self, ClientOutputs) {
        (Self::Invite(machine), outputs)
    }

    fn non_invite((machine, outputs): (NonInviteClient, ClientOutputs)) -> (Self, ClientOutputs) {
        (Self::NonInvite(machine), outputs)
    }
}

/// A server transaction of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Server {
    Invite(InviteServer),
    NonInvite(NonInviteServer),
}

impl Server {
    /// One that is over.
    pub(super) const OVER: Self = Self::NonInvite(NonInviteServer::Terminated);

    /// A copy of the request came.
    pub(super) fn on_copy(self, conditions: &Conditions) -> (Self, ServerOutputs) {
        match self {
            Self::Invite(machine) => Self::invite(machine.step(conditions, invite_server::Input::Invite)),
            Self::NonInvite(machine) => Self::non_invite(machine.step(conditions, non_invite_server::Input::Request)),
        }
    }

    /// An ACK with the branch of the request came; only an INVITE has one.
    pub(super) fn on_ack(self, conditions: &Conditions) -> (Self, ServerOutputs) {
        match self {
            Self::Invite(machine) => Self::invite(machine.step(conditions, invite_server::Input::Ack)),
            Self::NonInvite(_) => (self, SmallVec::new()),
        }
    }

    /// The transaction user has a response with this status.
    pub(super) fn on_answer(self, conditions: &Conditions, status: u16, response: Packet) -> (Self, ServerOutputs) {
        match self {
            Self::Invite(machine) => {
                let input = match status {
                    ..200 => invite_server::Input::Provisional(response),
                    200..300 => invite_server::Input::Success(response),
                    300.. => invite_server::Input::Failure(response),
                };
                Self::invite(machine.step(conditions, input))
            }
            Self::NonInvite(machine) => {
                let input = match status {
                    ..200 => non_invite_server::Input::Provisional(response),
                    200.. => non_invite_server::Input::Final(response),
                };
                Self::non_invite(machine.step(conditions, input))
            }
        }
    }

    /// The transport failed.
    pub(super) fn on_transport_error(self, conditions: &Conditions) -> (Self, ServerOutputs) {
        match self {
            Self::Invite(machine) => Self::invite(machine.step(conditions, invite_server::Input::TransportError)),
            Self::NonInvite(machine) => {
                Self::non_invite(machine.step(conditions, non_invite_server::Input::TransportError))
            }
        }
    }

    /// A timer of [`Self::timers`] is due.
    pub(super) fn on_timer(self, conditions: &Conditions, timer: TimerName) -> (Self, ServerOutputs) {
        match self {
            Self::Invite(machine) => match invite_server::Input::of_timer(timer) {
                Some(input) => Self::invite(machine.step(conditions, input)),
                None => (Self::Invite(machine), SmallVec::new()),
            },
            Self::NonInvite(machine) => match non_invite_server::Input::of_timer(timer) {
                Some(input) => Self::non_invite(machine.step(conditions, input)),
                None => (Self::NonInvite(machine), SmallVec::new()),
            },
        }
    }

    /// What responses to the request repeat, as long as it has no final response.
    pub(super) const fn unanswered(&self) -> Option<&Echo> {
        match self {
            Self::Invite(machine) => machine.unanswered(),
            Self::NonInvite(machine) => machine.unanswered(),
        }
    }

    pub(super) const fn is_terminated(&self) -> bool {
        matches!(self, Self::Invite(InviteServer::Terminated) | Self::NonInvite(NonInviteServer::Terminated))
    }

    pub(super) fn timers(&self) -> Running {
        match self {
            Self::Invite(machine) => machine.timers(),
            Self::NonInvite(machine) => machine.timers(),
        }
    }

    fn invite((machine, outputs): (InviteServer, ServerOutputs)) -> (Self, ServerOutputs) {
        (Self::Invite(machine), outputs)
    }

    fn non_invite((machine, outputs): (NonInviteServer, ServerOutputs)) -> (Self, ServerOutputs) {
        (Self::NonInvite(machine), outputs)
    }
}
