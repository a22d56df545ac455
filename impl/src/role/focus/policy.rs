//! What the focus admits: factory INVITEs, REFERs, SUBSCRIBEs. It only judges; nothing is sent or remembered here.

use super::conference::Conference;
use super::leg::MAX_INVITATIONS;
use super::reference::Asked;
use crate::body::conference_info;
use crate::body::sdp::{self, SessionDescription};
use crate::role::config::FocusConfig;
use crate::role::objection::object;
use crate::wire::Message;

/// What the operator admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Policy {
    /// The code with which creations are refused, if they are.
    pub(super) creation: Result<(), u16>,
    pub(super) refer: bool,
    /// Whether every REFER is reported on, also one that asks for no subscription.
    pub(super) reports_always: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { creation: Ok(()), refer: true, reports_always: false }
    }
}

impl Policy {
    /// The offer of a factory INVITE that is admitted, or the code that refuses it.
    pub(super) fn creation(self, invite: &Message<'_>) -> Result<SessionDescription, u16> {
        self.creation?;
        // The conference URI is promised in a reliable response, with the answer to an offer (TS 34.229-5 A.16).
        if !invite.supports("100rel") && !invite.requires("100rel") {
            return Err(421);
        }
        if invite.body().is_empty() {
            return Err(488);
        }
        if !invite.content_type().is_ok_and(|media_type| media_type.is(sdp::MEDIA_TYPE)) {
            return Err(415);
        }
        let offer = SessionDescription::read(invite.body()).map_err(|_| 400_u16)?;
        object(&offer)?;
        Ok(offer)
    }

    /// What an admitted REFER asks for, or the code that refuses it: one that does not tell the referrer that the
    /// dialog is gone (RFC 5057 section 5.1).
    pub(super) fn refer(self, refer: &Message<'_>, conference: &Conference, room: usize) -> Result<Asked, u16> {
        if !self.refer {
            return Err(603);
        }
        let asked = Asked::of(refer, &conference.creator.identities)?;
        // Leaving and expelling stay possible.
        let locked = conference.roster.is_locked();
        let full = conference.roster.present() >= room || conference.invitations.len() >= MAX_INVITATIONS;
        match &asked {
            Asked::Invite(_) if locked => Err(403),
            Asked::Invite(_) if full => Err(486),
            Asked::Invite(reference) if conference.has(&reference.target) => Err(603),
            // The creator leaves by a BYE of his own.
            Asked::Expel(user) if conference.creator.is(user) => Err(403),
            Asked::Expel(_) if !conference.may_expel() => Err(603),
            Asked::Invite(_) | Asked::Expel(_) => Ok(asked),
        }
    }

    /// Whether an admitted REFER starts no subscription: it asks for none, and may (RFC 4488 section 4).
    pub(super) fn is_quiet(self, refer: &Message<'_>) -> bool {
        !self.reports_always && refer.refer_sub() == Ok(false)
    }

    /// The length of an admitted conference subscription, in seconds and at most the longest that is granted, or the
    /// code that refuses it. An hour is never too brief, and 0 asks for no duration (RFC 6665 section 4.2.1.1).
    pub(super) fn subscription(subscribe: &Message<'_>, config: &FocusConfig) -> Result<u32, u16> {
        if !subscribe.event().is_ok_and(|event| event.package == b"conference") {
            return Err(489);
        }
        let mut accepted = subscribe.accept().peekable();
        if accepted.peek().is_some() && !accepted.any(|range| range.covers(conference_info::MEDIA_TYPE)) {
            return Err(406);
        }
        let asked = subscribe.expires().unwrap_or(DEFAULT_EXPIRES);
        if asked > 0 && asked < config.shortest_subscription.min(ONE_HOUR) {
            return Err(423);
        }
        Ok(asked.min(config.conference_expires))
    }
}

/// Length of a conference subscription when the SUBSCRIBE names none, in seconds (RFC 4575 section 3.3).
const DEFAULT_EXPIRES: u32 = 3600;

/// No subscription of this length, in seconds, may be refused as too brief (RFC 6665 section 4.2.1.1).
const ONE_HOUR: u32 = 3600;
