//! Calls between the UE and invited users beside the conference: before there is one, either calls, and the other
//! answers.

use std::sync::Arc;

use imsconf::role::participant::Participant;
use imsconf::role::{participant, ue};
use imsconf::view::{CallState, ParticipantState};
use imsconf::wire::OwnedUri;

use super::{Node, World, creator_uri, user_uri};

impl World {
    /// Whether this user and the UE can begin to talk: nothing else is going on, and they have not talked before.
    fn may_talk(&self, number: u8) -> bool {
        let view = self.ue.view();
        let before = view.calls.iter().any(|call| call.peer == user_uri(number));
        let idle =
            |user: &Arc<Participant>| matches!(user.view().call, ParticipantState::Idle | ParticipantState::Over);
        let user = self.users.get(usize::from(number)).is_some_and(idle);
        user && self.flight.is_empty() && view.call == CallState::Idle && !before
    }

    pub(super) fn ue_calls(&mut self, number: u8) -> bool {
        let Ok(target) = user_uri(number).parse::<OwnedUri>() else { return false };
        self.may_talk(number) && self.ue_does(ue::Command::Call { target })
    }

    pub(super) fn user_calls(&mut self, number: u8) -> bool {
        let Ok(target) = creator_uri().parse::<OwnedUri>() else { return false };
        self.may_talk(number) && self.tell(usize::from(number), participant::Command::Call { target })
    }

    pub(super) fn hang_up(&mut self, number: u8) -> bool {
        let Ok(peer) = user_uri(number).parse::<OwnedUri>() else { return false };
        self.ue_does(ue::Command::HangUp { peer })
    }

    pub(super) fn user_hangs_up(&mut self, number: u8) -> bool {
        let Ok(peer) = creator_uri().parse::<OwnedUri>() else { return false };
        self.tell(usize::from(number), participant::Command::HangUp { peer })
    }

    /// Whoever is called beside the conference answers at once.
    pub(super) fn pick_up(&mut self, node: Node) {
        // A phone that has nothing to answer stays as it is: a deviation kept the INVITE from it.
        let _ = match node {
            Node::Ue => self.ue_does(ue::Command::Answer),
            Node::User(user) => self.tell(usize::from(user), participant::Command::PickUp),
            Node::PCscf | Node::SCscf | Node::Focus => false,
        };
    }
}
