//! Hold and resume of an invited user's call with the conference, by him or by the focus, and requests that cross.
//!
//! Each end wants one change at a time, and always the other state than it has: to hold, or to hold no longer. The
//! request is a re-INVITE with an offer. Who gets one while his own is open refuses it with 491 and waits; when his
//! time has come he asks once more. The wait holds for whatever he wants meanwhile. Read first: RFC 3261 14, RFC 5407
//! 3.1.4 and 3.3.1, RFC 3264 8.4. Next: `system.rs`.

use std::fmt;

use crate::focus::DialOut;
use crate::message::{DialMessage, Kind};
use crate::participant::Participant;
use crate::system::Leg;

/// An end of the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The invited user.
    User,
    /// The focus.
    Focus,
}

/// Where the change stands that an end wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It wants none.
    #[default]
    None,
    /// Its re-INVITE has no final response.
    Requested,
    /// Likewise, and it is the second attempt.
    RequestedAgain,
    /// The first attempt was refused with 491, the second has not been made.
    BackingOff,
    /// It wants none any more, but the wait that a 491 imposed is not over.
    Resting,
}

/// What one end knows of who holds the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldEnd {
    /// Whether it holds the call itself, as was agreed.
    pub holds: bool,
    /// Whether the other end does.
    pub held: bool,
    /// The change that it wants.
    pub change: Change,
}

/// A message of a change; the end is the one that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldMessage {
    /// re-INVITE with the offer.
    Request(End),
    /// 200 with the answer.
    Ok(End),
    /// 491.
    Pending(End),
    /// 481: there is no such call any more.
    Gone(End),
    /// ACK to the 200.
    Ack(End),
}

impl Kind for HoldMessage {
    const ALL: &'static [Self] = &[
        Self::Request(End::User),
        Self::Ok(End::User),
        Self::Pending(End::User),
        Self::Gone(End::User),
        Self::Ack(End::User),
        Self::Request(End::Focus),
        Self::Ok(End::Focus),
        Self::Pending(End::Focus),
        Self::Gone(End::Focus),
        Self::Ack(End::Focus),
    ];

    fn bit(self) -> u16 {
        let (kind, end) = match self {
            Self::Request(end) => (0, end),
            Self::Ok(end) => (1, end),
            Self::Pending(end) => (2, end),
            Self::Gone(end) => (3, end),
            Self::Ack(end) => (4, end),
        };
        1 << (2 * kind + end as u16)
    }
}

impl HoldMessage {
    /// The end that receives it.
    #[must_use]
    pub const fn receiver(self) -> End {
        match self {
            Self::Request(asker) | Self::Ack(asker) => asker.other(),
            Self::Ok(asker) | Self::Pending(asker) | Self::Gone(asker) => asker,
        }
    }
}

impl End {
    /// Both, the invited user first.
    pub const BOTH: [Self; 2] = [Self::User, Self::Focus];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::User => Self::Focus,
            Self::Focus => Self::User,
        }
    }
}

impl Change {
    /// Whether there is one that it has not got.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        matches!(self, Self::Requested | Self::RequestedAgain | Self::BackingOff)
    }

    /// Whether a 491 forbids the next re-INVITE still.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::BackingOff | Self::Resting)
    }

    /// Whether the re-INVITE has no final response.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::RequestedAgain)
    }
}

impl HoldEnd {
    /// Whether the call is on hold, by whomever.
    #[must_use]
    pub const fn on_hold(self) -> bool {
        self.holds || self.held
    }
}

impl Leg {
    /// What this end knows of who holds the call.
    #[must_use]
    pub const fn hold_of(&self, end: End) -> HoldEnd {
        match end {
            End::User => self.hold,
            End::Focus => self.focus.hold,
        }
    }

    const fn hold_mut(&mut self, end: End) -> &mut HoldEnd {
        match end {
            End::User => &mut self.hold,
            End::Focus => &mut self.focus.hold,
        }
    }

    /// Whether the session stands at this end.
    #[must_use]
    pub const fn in_session(&self, end: End) -> bool {
        match end {
            End::User => matches!(self.participant, Participant::Answered | Participant::InCall),
            End::Focus => matches!(self.focus.dial, DialOut::Joined),
        }
    }

    /// Whether this end waits for the ACK to its 200 to a re-INVITE.
    fn is_unacknowledged(&self, end: End) -> bool {
        let open = [HoldMessage::Ok(end.other()), HoldMessage::Ack(end.other())];
        open.into_iter().any(|kind| self.network.hold.contains(kind))
    }

    /// Whether nothing of the other end is in the way of a re-INVITE of this one: of the first INVITE and of every
    /// other, whoever answered it has the ACK (RFC 3261 14.1).
    pub(crate) fn may_ask(&self, end: End) -> bool {
        let confirmed = end == End::Focus || self.participant == Participant::InCall;
        confirmed && self.in_session(end) && !self.is_unacknowledged(end)
    }

    /// Whether the invited user may send a BYE: he has the ACK to each 200 of his (RFC 3261 15).
    pub(crate) fn may_hang_up(&self) -> bool {
        self.participant == Participant::InCall && !self.is_unacknowledged(End::User)
    }

    /// This end wants a change: it sends its re-INVITE, unless a 491 makes it wait.
    pub(crate) fn ask(&mut self, end: End) {
        if self.hold_of(end).change == Change::Resting {
            self.hold_mut(end).change = Change::BackingOff;
        } else {
            self.network.hold.insert(HoldMessage::Request(end));
            self.hold_mut(end).change = Change::Requested;
        }
    }

    /// Its wait is over: this end sends its re-INVITE again.
    pub(crate) fn ask_again(&mut self, end: End) {
        self.network.hold.insert(HoldMessage::Request(end));
        self.hold_mut(end).change = Change::RequestedAgain;
    }

    /// This end does not want any more what it backed off from.
    pub(crate) const fn think_better(&mut self, end: End) {
        self.hold_mut(end).change = Change::Resting;
    }

    /// Its wait is over, and there is nothing that it wants.
    pub(crate) const fn end_rest(&mut self, end: End) {
        self.hold_mut(end).change = Change::None;
    }

    /// A message of a change arrives.
    pub(crate) fn on_hold(&mut self, message: HoldMessage) {
        match message {
            HoldMessage::Request(asker) => self.on_request(asker),
            HoldMessage::Ok(asker) => {
                // Who has left meanwhile acknowledges all the same (RFC 3261 13.2.2.4).
                self.network.hold.insert(HoldMessage::Ack(asker));
                if self.in_session(asker) {
                    let end = self.hold_mut(asker);
                    end.holds = !end.holds;
                    end.change = Change::None;
                }
            }
            HoldMessage::Pending(asker) => {
                let end = self.hold_mut(asker);
                // Nobody tries for ever.
                end.change = if end.change == Change::Requested { Change::BackingOff } else { Change::Resting };
            }
            HoldMessage::Gone(asker) => self.lose_session(asker),
            HoldMessage::Ack(_) => {}
        }
    }

    fn on_request(&mut self, asker: End) {
        let answerer = asker.other();
        if !self.in_session(answerer) {
            self.network.hold.insert(HoldMessage::Gone(asker));
        } else if self.hold_of(answerer).change.is_open() {
            self.network.hold.insert(HoldMessage::Pending(asker));
        } else {
            // The asker has the 200 before, or it would not ask: its ACK says nothing new (RFC 5407 3.1.4).
            self.network.hold.remove(HoldMessage::Ack(asker));
            self.network.hold.insert(HoldMessage::Ok(asker));
            let end = self.hold_mut(answerer);
            end.held = !end.held;
        }
    }

    /// Who hears that there is no such call ends it (RFC 3261 12.2.1.2).
    fn lose_session(&mut self, end: End) {
        match end {
            End::User => {
                self.network.dial.insert(DialMessage::UserBye);
                self.participant = Participant::Leaving;
            }
            End::Focus => {
                self.network.dial.insert(DialMessage::FocusBye);
                self.focus.dial = DialOut::Leaving;
            }
        }
    }

    /// Clears what can no longer matter: an end without a session waits for nothing in it, but its ACK is waited for.
    pub(crate) fn normalise_hold(&mut self) {
        for end in End::BOTH {
            if self.in_session(end) {
                continue;
            }
            *self.hold_mut(end) = HoldEnd::default();
            let ignored = [HoldMessage::Pending(end), HoldMessage::Gone(end), HoldMessage::Ack(end.other())];
            for kind in ignored {
                self.network.hold.remove(kind);
            }
            if !self.in_session(end.other()) {
                for kind in [HoldMessage::Request(end), HoldMessage::Request(end.other()), HoldMessage::Ok(end)] {
                    self.network.hold.remove(kind);
                }
            }
        }
    }

    /// Whether either end wants a change that it has not got.
    pub(crate) fn wants_change(&self) -> bool {
        End::BOTH.into_iter().any(|end| self.hold_of(end).change.is_wanted())
    }

    /// Whether both ends agree on who holds the call.
    pub(crate) const fn agrees_on_hold(&self) -> bool {
        self.hold.holds == self.focus.hold.held && self.hold.held == self.focus.hold.holds
    }
}

impl fmt::Display for HoldMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, asker) = match self {
            Self::Request(asker) => ("re-INVITE", asker),
            Self::Ok(asker) => ("200 to re-INVITE", asker),
            Self::Pending(asker) => ("491 to re-INVITE", asker),
            Self::Gone(asker) => ("481 to re-INVITE", asker),
            Self::Ack(asker) => ("ACK to re-INVITE", asker),
        };
        let asker = match asker {
            End::User => "the user",
            End::Focus => "the focus",
        };
        write!(f, "{what} of {asker}")
    }
}
