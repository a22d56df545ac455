//! A call to the factory that is given up before it is established: CANCEL and what crosses it (RFC 3261 section 9.1,
//! RFC 5407 sections 3.1.2 and 3.1.3).
//!
//! The user wants no conference any more, or the call cannot go on. Either way the CANCEL waits for a provisional
//! response, and a 2xx that comes all the same is acknowledged and ended. Read `call.rs` first.

use super::call::{Acknowledged, Call, Inviting, remote_tag};
use super::{Command, Ue, not_now};
use crate::error::CommandError;
use crate::time::Time;
use crate::wire::{Message, Method};

/// How a call that its user gave up ends: with the code of a cancelled INVITE (RFC 3261 section 15.1.2).
const GIVEN_UP: u16 = 487;

impl Ue {
    /// The user does not want the conference any more.
    pub(super) fn give_up(&mut self, now: Time) -> Result<(), CommandError> {
        let call = std::mem::replace(&mut self.call, Call::Over);
        let (call, done) = match call {
            Call::Calling(inviting) | Call::Early(inviting) => (self.abandon(now, inviting, GIVEN_UP), Ok(())),
            // A call that is up is left by a BYE.
            call @ (Call::Idle
            | Call::Abandoned { .. }
            | Call::Confirmed
            | Call::Leaving { .. }
            | Call::Over
            | Call::Failed { .. }) => (call, Err(not_now(&Command::Cancel, "no call is being made"))),
        };
        self.call = call;
        done
    }

    /// The call cannot go on: CANCEL, as soon as a provisional response came (RFC 3261 section 9.1); Timer B ends the
    /// wait for one.
    pub(super) fn abandon(&mut self, now: Time, inviting: Box<Inviting>, code: u16) -> Call {
        let cancelled = self.endpoint.cancel(now, &inviting.invite);
        Call::Abandoned { inviting, code, cancelled }
    }

    /// A provisional response to a call that is given up. If it is the first, the CANCEL had to wait for it. A reliable
    /// one is acknowledged all the same: its sender repeats it until then (RFC 3262 sections 3 and 4).
    pub(super) fn on_unwanted_provisional(
        &mut self,
        now: Time,
        mut inviting: Box<Inviting>,
        code: u16,
        cancelled: bool,
        response: &Message<'_>,
    ) -> Call {
        let reliable = inviting.take_reliable(response);
        let branch = reliable.and_then(|(place, rack)| Some((inviting.branches.get_mut(place)?, rack)));
        if let Some((branch, rack)) = branch {
            // Whatever becomes of it changes nothing.
            let _ = self.send_prack(now, &mut branch.dialog, rack, None);
        }
        let cancelled = cancelled || self.endpoint.cancel(now, &inviting.invite);
        Call::Abandoned { inviting, code, cancelled }
    }

    /// The 2xx crossed the CANCEL: ACK, for every copy of it, and BYE (RFC 5407 section 3.1.2). Its Contact is not the
    /// URI of a conference that anybody wants.
    pub(super) fn on_unwanted_success(
        &mut self,
        now: Time,
        mut inviting: Inviting,
        code: u16,
        response: &Message<'_>,
    ) -> Call {
        // Without a usable Contact there is no way to acknowledge it; its sender gives up by itself.
        let Some((mut dialog, _)) = inviting.confirm(response) else { return self.on_failure(code) };
        let Inviting { invite, initial, branches, .. } = inviting;
        let early = branches.into_iter().map(|branch| branch.dialog).collect();
        let (ack, remote_tag) = (dialog.ack(initial.cseq), remote_tag(response).to_vec());
        let _ = self.endpoint.acknowledge(&ack);
        self.acknowledged = Some(Acknowledged { invite, initial, ack, remote_tag, early });
        let bye = dialog.request(Method::Bye).ok();
        let bye = bye.and_then(|bye| self.endpoint.request(now, &bye, std::convert::identity).ok());
        let Some(bye) = bye else { return self.on_failure(code) };
        self.dialog = Some(dialog);
        Call::Leaving { bye, given_up: Some(code) }
    }
}
