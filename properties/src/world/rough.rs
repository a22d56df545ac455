//! What networks and machines also do, and no procedure provides for: a datagram arrives damaged or cut off, an agent
//! comes back with no memory of what it was doing.
//!
//! The model knows nothing of it. A run with such a step is judged by what must hold whatever happens: no agent fails,
//! the world comes to rest, and nobody is left with a transaction.

use std::sync::Arc;

use imsconf::role::focus::Focus;
use imsconf::role::participant::Participant;
use imsconf::role::ue::Ue;

use super::topology::{self, Node};
use super::{Happened, Outcome, World};

/// A fault of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rough {
    /// Of the datagram at this place this bit is turned, counted round.
    Damage(usize, u16),
    /// The datagram at this place ends after so many bytes.
    Truncate(usize, u16),
    /// The UE (0), the focus (1) or an invited user (from 2 on) comes back without memory.
    Restart(u8),
}

impl World {
    pub(super) fn rough(&mut self, fault: Rough) -> Outcome {
        match fault {
            Rough::Damage(index, bit) => self.damage(index, bit),
            Rough::Truncate(index, at) => self.truncate(index, at),
            Rough::Restart(number) => self.restart(number),
        }
    }

    fn damage(&mut self, index: usize, bit: u16) -> Outcome {
        let Some(datagram) = self.flight.get_mut(index) else { return Outcome::of(Happened::Nothing) };
        let place = usize::from(bit / 8).checked_rem(datagram.bytes.len());
        match place.and_then(|place| datagram.bytes.get_mut(place)) {
            Some(byte) => {
                *byte ^= 1 << (bit % 8);
                Outcome::of(Happened::Rough)
            }
            None => Outcome::of(Happened::Nothing),
        }
    }

    fn truncate(&mut self, index: usize, at: u16) -> Outcome {
        let Some(datagram) = self.flight.get_mut(index) else { return Outcome::of(Happened::Nothing) };
        datagram.bytes.truncate(usize::from(at));
        Outcome::of(Happened::Rough)
    }

    /// The new agent names what it makes otherwise than the one before it.
    fn restart(&mut self, number: u8) -> Outcome {
        self.restarts += 1;
        let mut settings = self.settings;
        settings.seed = settings.seed.wrapping_add(self.restarts << 32);
        match node(number) {
            Node::Ue => self.ue = Arc::new(Ue::new(topology::ue(settings))),
            Node::Focus => self.focus = Arc::new(Focus::new(topology::focus(settings))),
            Node::User(user) => match self.users.get_mut(usize::from(user)) {
                Some(own) => *own = Arc::new(Participant::new(topology::participant(settings, user))),
                None => return Outcome::of(Happened::Nothing),
            },
            Node::PCscf | Node::SCscf => return Outcome::of(Happened::Nothing),
        }
        Outcome::of(Happened::Rough)
    }
}

/// Which agent a number stands for.
fn node(number: u8) -> Node {
    match number {
        0 => Node::Ue,
        1 => Node::Focus,
        user => Node::User(user - 2),
    }
}
