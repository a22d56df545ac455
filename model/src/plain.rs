//! A call that an invited user and the UE have beside the conference, and that the conference may replace: both ends of
//! it.
//!
//! How it came about is below this level: it is up all at once, before there is a conference. The UE names it in the
//! REFER (Replaces in Refer-To), the focus in its INVITE; the user then answers without being alerted, and only after
//! that ends the old call. Read first: RFC 3891 3 and 4. Next: `system.rs`.

use crate::message::{DialMessage, PlainMessage, ReferMessage};
use crate::network::{LegNetwork, Messages};
use crate::participant::Participant;

/// One end of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlainEnd {
    /// There is no such call.
    #[default]
    None,
    /// It is up.
    Up,
    /// BYE sent, not answered: the user hung up.
    Leaving,
    /// BYE sent, not answered: a call that replaces it was answered. Only the invited user's end.
    GivingWay,
    /// Over.
    Over,
    /// Over: a call that replaces it was answered. Only the invited user's end.
    Replaced,
}

/// The call of one invited user and the UE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlainCall {
    /// The UE's end.
    pub ue: PlainEnd,
    /// The invited user's end.
    pub user: PlainEnd,
    /// While the REFER for him or the INVITE to him is in flight: whether it names this call. Otherwise false.
    pub named: bool,
}

impl PlainEnd {
    /// Whether the call is over for its user, or ending.
    #[must_use]
    pub const fn is_ending(self) -> bool {
        matches!(self, Self::Leaving | Self::GivingWay | Self::Over | Self::Replaced)
    }

    /// Whether it gave way to another call.
    #[must_use]
    pub const fn gave_way(self) -> bool {
        matches!(self, Self::GivingWay | Self::Replaced)
    }

    /// Whether its BYE is unanswered.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Leaving | Self::GivingWay)
    }

    /// The BYE of the other end: with its own unanswered it goes on waiting for that (RFC 5407 3.2.1).
    const fn on_bye(&mut self) {
        if matches!(self, Self::Up) {
            *self = Self::Over;
        }
    }

    /// Its own BYE was answered, or timed out (RFC 3261 15.1.1).
    pub(crate) const fn on_bye_done(&mut self) {
        *self = match *self {
            Self::Leaving => Self::Over,
            Self::GivingWay => Self::Replaced,
            end => end,
        };
    }
}

impl PlainCall {
    /// They talk.
    pub(crate) const fn begin(&mut self) {
        self.ue = PlainEnd::Up;
        self.user = PlainEnd::Up;
    }

    /// Its name is of use only to whoever has not read it yet.
    pub(crate) fn normalise(&mut self, network: &LegNetwork) {
        let asked = network.refer.contains(ReferMessage::Refer) || network.refer.contains(ReferMessage::OvertakenRefer);
        self.named &= asked || network.dial.contains(DialMessage::Invite);
    }

    /// The UE reacts to a message.
    pub(crate) fn on_ue_message(&mut self, message: PlainMessage, sent: &mut Messages<PlainMessage>) {
        match message {
            PlainMessage::UserBye => {
                sent.insert(PlainMessage::UserByeAnswered);
                self.ue.on_bye();
            }
            PlainMessage::UeByeAnswered => self.ue.on_bye_done(),
            PlainMessage::UeBye | PlainMessage::UserByeAnswered => {}
        }
    }

    /// The invited user reacts to a message.
    pub(crate) fn on_user_message(&mut self, message: PlainMessage, sent: &mut Messages<PlainMessage>) {
        match message {
            PlainMessage::UeBye => {
                sent.insert(PlainMessage::UeByeAnswered);
                self.user.on_bye();
            }
            PlainMessage::UserByeAnswered => self.user.on_bye_done(),
            PlainMessage::UserBye | PlainMessage::UeByeAnswered => {}
        }
    }

    /// The INVITE that names it arrives: he answers at once and lets it go, or, as it is over already, refuses (RFC
    /// 3891 3).
    pub(crate) fn give_way(&mut self, participant: &mut Participant, sent: &mut LegNetwork) {
        if self.user == PlainEnd::Up {
            sent.dial.insert(DialMessage::Answer);
            *participant = Participant::Answered;
            sent.plain.insert(PlainMessage::UserBye);
            self.user = PlainEnd::GivingWay;
        } else {
            sent.dial.insert(DialMessage::Decline);
        }
    }

    /// `message` was lost for good.
    pub(crate) const fn on_lost(&mut self, message: PlainMessage) {
        match message {
            PlainMessage::UeBye | PlainMessage::UeByeAnswered => self.ue.on_bye_done(),
            PlainMessage::UserBye | PlainMessage::UserByeAnswered => self.user.on_bye_done(),
        }
    }

    /// Whether both ends agree on where it stands, and nobody waits.
    pub(crate) const fn is_settled(self) -> bool {
        matches!(
            (self.ue, self.user),
            (PlainEnd::None, PlainEnd::None)
                | (PlainEnd::Up, PlainEnd::Up)
                | (PlainEnd::Over, PlainEnd::Over | PlainEnd::Replaced)
        )
    }

    /// Whether a BYE was lost: one end holds a call that the other has ended.
    pub(crate) const fn is_half_open(self) -> bool {
        matches!(
            (self.ue, self.user),
            (PlainEnd::Up, PlainEnd::Over | PlainEnd::Replaced) | (PlainEnd::Over, PlainEnd::Up)
        )
    }
}
