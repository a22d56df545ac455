//! Holding and resuming an invited user's call with the conference, by him or by the focus.

use std::sync::Arc;

use imsconf::agent::Agent as _;
use imsconf::role::{focus, participant};
use imsconf::view::{MediaChange, MediaView};
use imsconf::wire::OwnedUri;

use super::{World, user_uri};

/// Whether the wish makes a difference: the call is not so, or a change that is still waited for is taken back.
fn matters(view: MediaView, hold: bool) -> bool {
    match view.change {
        MediaChange::None | MediaChange::Resting => view.holds != hold,
        MediaChange::BackingOff { hold: wanted } | MediaChange::Due { hold: wanted } => wanted != hold,
        MediaChange::Requested { .. } => false,
    }
}

impl World {
    pub(super) fn user_holds(&mut self, number: u8, hold: bool) -> bool {
        let Some(user) = self.users.get(usize::from(number)) else { return false };
        let command = if hold { participant::Command::Hold } else { participant::Command::Resume };
        matters(user.view().media, hold) && self.tell(usize::from(number), command)
    }

    pub(super) fn focus_holds(&mut self, number: u8, hold: bool) -> bool {
        let Ok(user) = user_uri(number).parse::<OwnedUri>() else { return false };
        let conference = self.focus.view().conferences.pop();
        let invitations = conference.map(|conference| conference.invitations).unwrap_or_default().into_iter();
        let own = invitations.rev().find(|invitation| self.ledger.user(&invitation.target) == Some(number));
        let command = if hold { focus::Command::Hold { user } } else { focus::Command::Resume { user } };
        let now = self.now;
        own.is_some_and(|own| matters(own.media, hold))
            && Arc::make_mut(&mut self.focus).handle_command(now, command).is_ok()
    }
}
