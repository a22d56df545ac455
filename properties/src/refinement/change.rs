//! The part of α that is about holding an invited user's call: what each end believes, and which re-INVITEs, responses
//! to them and ACKs are in flight.

use imsconf::view::{MediaChange, MediaView};
use imsconf_model as model;
use imsconf_model::{Change, End, HoldMessage, Message};

use super::flight::pending;
use crate::world::{Subject, World};

pub(super) const fn hold_end(view: MediaView) -> model::HoldEnd {
    let change = match view.change {
        MediaChange::None => Change::None,
        MediaChange::Requested { again: false, .. } => Change::Requested,
        MediaChange::Requested { again: true, .. } => Change::RequestedAgain,
        MediaChange::Resting => Change::Resting,
        MediaChange::BackingOff { .. } | MediaChange::Due { .. } => Change::BackingOff,
    };
    model::HoldEnd { holds: view.holds, held: view.held, change }
}

/// What is in flight about holding the call of this user. An ACK counts for whoever waits for it.
pub(super) fn changes(world: &World, user: u8) -> impl Iterator<Item = Message> {
    let ledger = world.ledger();
    let asked = [Subject::UserChange(user), Subject::FocusChange(user)];
    let conference = world.focus().view().conferences.pop();
    let invitations = conference.map(|conference| conference.invitations).unwrap_or_default().into_iter();
    let own = invitations.rev().find(|own| ledger.user(&own.target) == Some(user));
    let focus = own.and_then(|own| own.media.unacknowledged);
    let own = world.users().get(usize::from(user)).and_then(|user| user.view().media.unacknowledged);
    let acks = [(Subject::UserChangeAck(user), focus), (Subject::FocusChangeAck(user), own)];
    let awaited = acks
        .into_iter()
        .filter(|(subject, waits)| waits.is_some() && ledger.exchange(*subject).map(|ack| ack.cseq) == *waits);
    let subjects = asked.into_iter().chain(awaited.map(|(subject, _)| subject));
    subjects.flat_map(|subject| pending(ledger, subject).collect::<Vec<_>>()).collect::<Vec<_>>().into_iter()
}

/// A re-INVITE or a response to one; none for what the model does not know.
pub(super) const fn about_change(asker: End, reply: Option<u16>) -> Option<HoldMessage> {
    match reply {
        None => Some(HoldMessage::Request(asker)),
        Some(200..=299) => Some(HoldMessage::Ok(asker)),
        Some(491) => Some(HoldMessage::Pending(asker)),
        Some(481) => Some(HoldMessage::Gone(asker)),
        Some(_) => None,
    }
}
