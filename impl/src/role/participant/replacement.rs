//! An INVITE that wants to take the place of a call (RFC 3891 section 3): whether it may, and how.
//!
//! The checks stand in the order in which they decide. Whatever is refused leaves every call as it was; what is
//! accepted is answered at once, without alerting the user again, and only then the old call ends.

use super::{Event, Participant};
use crate::dialog::DialogId;
use crate::role::calls::PlainCall;
use crate::time::Time;
use crate::transaction::ServerKey;
use crate::wire::{Message, Name, NameAddr, Replaces};

impl Participant {
    /// An INVITE outside any dialog with Replaces, as far as that header field can be read.
    pub(super) fn on_replacing_invite(
        &mut self,
        now: Time,
        server: &ServerKey,
        invite: &Message<'_>,
        replaces: &Replaces<'_>,
    ) {
        let old = match self.replaceable(invite, replaces) {
            Ok(old) => old,
            Err(code) => return self.endpoint.answer(now, server, code, None),
        };
        // What is wrong with the INVITE itself is answered here.
        let Some(announced) = self.announce(now, server, invite) else { return };
        self.accept_announced(now, announced);
        let (calls, mut line) = self.line(now);
        if let Some(old) = calls.by_id(&old) {
            old.give_way(&mut line);
            let peer = old.peer().clone();
            self.events.push_back(Event::Replaced { peer });
        }
    }

    /// The one call that is named, if this INVITE may replace it. None or several: 481 (section 3). The conference is
    /// no call that anybody may replace: 403.
    fn replaceable(&self, invite: &Message<'_>, replaces: &Replaces<'_>) -> Result<DialogId, u16> {
        let conference = self.call.as_ref().and_then(|call| call.dialog.as_ref());
        let names_conference = conference.is_some_and(|dialog| dialog.id().is_named_by(replaces));
        match (self.calls.named(replaces).as_slice(), names_conference) {
            ([call], false) => {
                may_be_replaced(call, invite, replaces)?;
                call.id().cloned().ok_or(481)
            }
            ([], true) => Err(403),
            _ => Err(481),
        }
    }
}

/// Whether this INVITE may replace the call, or the code that refuses it (RFC 3891 section 3).
fn may_be_replaced(call: &PlainCall, invite: &Message<'_>, replaces: &Replaces<'_>) -> Result<(), u16> {
    if call.is_ending() {
        return Err(603);
    }
    if !is_authorised(call, invite)? {
        return Err(403);
    }
    match (call.is_early(), call.is_ours(), replaces.early_only) {
        // Whoever is called decides for himself whom he answers.
        (true, false, _) => Err(481),
        (false, _, true) => Err(486),
        (true, true, _) | (false, _, false) => Ok(()),
    }
}

/// The other end of the call may replace it, itself or through whom it refers (RFC 3891 section 5). The call is known
/// by name to its ends only, and nobody outside of the trust domain gets this far with a Referred-By that is not his
/// (RFC 3892 section 2.2): so the claim suffices.
fn is_authorised(call: &PlainCall, invite: &Message<'_>) -> Result<bool, u16> {
    let is_peer = |address: &NameAddr<'_>| address.uri.same_user(&call.peer().as_uri());
    let by_itself = invite.from().is_ok_and(|from| is_peer(&from));
    if invite.field(Name::ReferredBy).is_none() {
        return Ok(by_itself);
    }
    let referred_by = invite.referred_by().map_err(|_| 400_u16)?;
    Ok(by_itself || is_peer(&referred_by))
}
