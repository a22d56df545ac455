//! Expulsion: a REFER with `method=BYE`, by which the creator has the focus end somebody's part in the conference.
//!
//! The REFER and the reporting on it are the machines of `ue.rs` and `focus.rs` once more; what is its own is what the
//! focus does: BYE to a user who is in the conference, nothing to one who is not. Read first: RFC 4579 5.11, RFC 3261
//! 19.1.1. Next: `system.rs`.

use crate::focus::{DialOut, FocusLeg, Report};
use crate::message::{DialMessage, ReferMessage};
use crate::network::{LegNetwork, Messages};
use crate::terms::Outcome;
use crate::ue::Refer;

/// The expulsion of one invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Expulsion {
    /// What the UE knows of its REFER.
    pub ue: Refer,
    /// The focus' side of its refer subscription.
    pub report: Report,
    /// How it ended at the focus, once it did.
    pub outcome: Option<Outcome>,
    /// What of it is in flight.
    pub network: Messages<ReferMessage>,
    /// While its REFER is in flight: how many REFERs have a lower CSeq, over all invited users. Otherwise 0.
    pub rank: u8,
}

impl Expulsion {
    /// The rank of its REFER, if it is in flight and has not been overtaken.
    pub(crate) fn rank(&self) -> Option<u8> {
        self.network.contains(ReferMessage::Refer).then_some(self.rank)
    }

    /// Whether the focus has sent its BYE for it, and waits for the answer.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.report != Report::None && self.outcome.is_none()
    }

    /// Whether he was in the conference and has been put out of it: then his subscription is ended too, and he gets no
    /// other (RFC 4579 5.11).
    #[must_use]
    pub fn shuts_out(&self) -> bool {
        self.report != Report::None && self.outcome != Some(Outcome::Absent)
    }

    /// The focus accepts it: who is in the conference gets a BYE, who is not cannot be found.
    pub(crate) fn accept(&mut self, leg: &mut FocusLeg, sent: &mut LegNetwork) {
        self.network.insert(ReferMessage::Accepted);
        self.report = Report::OwesTrying;
        if leg.dial == DialOut::Joined {
            sent.dial.insert(DialMessage::FocusBye);
            leg.dial = DialOut::Leaving;
        } else {
            self.outcome = Some(Outcome::Absent);
        }
    }

    /// The focus' BYE to him was answered, or it was not.
    pub(crate) fn on_bye_over(&mut self, answered: bool) {
        if self.is_under_way() {
            self.outcome = Some(if answered { Outcome::Expelled } else { Outcome::TimedOut });
        }
    }
}
