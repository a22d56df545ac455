//! Expelling a user: a REFER of the creator whose Refer-To asks for a BYE (RFC 4579 section 5.11, RFC 3261 section
//! 19.1.1).
//!
//! The focus fills in the dialog itself. Who is not in the conference is nobody to send a BYE to: that is reported, not
//! answered, because a 404 to the REFER would tell the creator that his own call is gone (RFC 5057 section 5.1).
//!
//! Who is put out is not told of the conference any more: his subscriptions end with his call (figure 11 of RFC 4579),
//! and a new one is refused as long as he is not called in again. The reason is `rejected`: what he subscribed to is
//! still there, but not for him, and he need not try again (RFC 6665 section 4.1.3).

use super::conference::{Conference, Host};
use super::leg::Invitation;
use crate::usage::{Caller, Reason};
use crate::view::ExpulsionView;
use crate::wire::OwnedUri;

/// Most expulsions of one conference, those that are over included.
pub const MAX_EXPULSIONS: usize = 64;

/// The outcome for who is not in the conference.
const ABSENT: u16 = 404;

/// One accepted REFER to expel somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Expulsion {
    cseq: u32,
    target: OwnedUri,
    outcome: Option<u16>,
}

impl Conference {
    /// Whether there is room for another expulsion.
    pub(super) const fn may_expel(&self) -> bool {
        self.expulsions.len() < MAX_EXPULSIONS
    }

    /// Carries out an accepted REFER to expel `target`.
    pub(super) fn expel(&mut self, host: &mut Host<'_>, cseq: u32, target: OwnedUri) {
        let joined = self.invitations.iter().position(|invitation| {
            invitation.leg.caller == Caller::Established && invitation.target.same_user(&target)
        });
        // What the roster knows him by, so that the answer to the BYE finds the expulsion.
        let known = joined.and_then(|place| self.invitations.get(place)).map(|invitation| invitation.target.clone());
        self.expulsions.push(Expulsion { cseq, target: known.unwrap_or(target), outcome: None });
        match joined {
            Some(place) => {
                self.hang_up(host, place);
                self.shut_out(place);
            }
            None => self.on_expulsion_over(cseq, ABSENT),
        }
    }

    /// Ends what the user at this place is told of the conference.
    fn shut_out(&mut self, place: usize) {
        let Some(user) = self.invitations.get(place).map(|invitation| invitation.target.clone()) else { return };
        for subscription in self.subscriptions.iter_mut().filter(|subscription| subscription.is_of(&user)) {
            subscription.notifier.terminate(Reason::Rejected, None);
        }
    }

    /// Whether this user was put out of the conference, and nobody has called him since.
    pub(super) fn is_shut_out(&self, user: &OwnedUri) -> bool {
        let expelled = |expulsion: &Expulsion| expulsion.outcome != Some(ABSENT) && expulsion.target.same_user(user);
        let invited = |invitation: &Invitation| {
            let wanted = matches!(invitation.leg.caller, Caller::Calling | Caller::Proceeding | Caller::Established);
            wanted && invitation.target.same_user(user)
        };
        let mut places = self.invited.candidates(user).filter_map(|place| self.invitations.get(place));
        self.expulsions.iter().any(expelled) && !places.any(invited)
    }

    /// The BYE to this user has its final response, whatever it says, or none: 408.
    pub(super) fn on_expelled(&mut self, user: &OwnedUri, code: u16) {
        let under_way = |expulsion: &&Expulsion| expulsion.outcome.is_none() && expulsion.target == *user;
        if let Some(cseq) = self.expulsions.iter().find(under_way).map(|expulsion| expulsion.cseq) {
            // Any answer ends the session (RFC 3261 section 15.1.1).
            self.on_expulsion_over(cseq, if code == 408 { 408 } else { 200 });
        }
    }

    fn on_expulsion_over(&mut self, cseq: u32, code: u16) {
        if let Some(expulsion) = self.expulsions.iter_mut().find(|expulsion| expulsion.cseq == cseq) {
            expulsion.outcome = Some(code);
        }
        self.on_referred(cseq, code);
    }

    pub(super) fn expulsion_views(&self) -> Vec<ExpulsionView> {
        let view = |Expulsion { cseq, target, outcome }: &Expulsion| ExpulsionView {
            target: target.to_string(),
            cseq: *cseq,
            report: self.report_view(*cseq),
            outcome: *outcome,
        };
        self.expulsions.iter().map(view).collect()
    }
}
