//! A world taken apart and put together again: what an exploration keeps of many worlds that share most of their parts.
//!
//! An agent does not see the others' clocks, so that parts which were reached at different times can be put together:
//! the world's own clock is then that of the agent that acts next.

use std::sync::Arc;

use imsconf::role::focus::Focus;
use imsconf::role::participant::Participant;
use imsconf::role::ue::Ue;
use imsconf::time::Time;

use super::{Datagram, Ledger, Refuses, World};
use crate::deviation::Deviation;
use crate::schedule::SecondOffer;

/// What of a world changes, without what is in flight and with no time.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The UE.
    pub(crate) ue: Arc<Ue>,
    /// The focus.
    pub(crate) focus: Arc<Focus>,
    /// The invited users.
    pub(crate) users: Vec<Arc<Participant>>,
    /// What was said.
    pub(crate) ledger: Arc<Ledger>,
    /// The rest.
    pub(crate) setting: Setting,
}

/// What was chosen from outside, and what a deviation remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Setting {
    second_offer: SecondOffer,
    refuses: Refuses,
    deviation: Option<Deviation>,
}

impl World {
    /// The parts of this world, in which nothing was lost for good.
    pub(crate) fn parts(&self) -> Parts {
        let Self { ue, focus, users, ledger, .. } = self.clone();
        Parts { ue, focus, users, ledger, setting: self.setting() }
    }

    /// What was chosen from outside.
    pub(crate) fn setting(&self) -> Setting {
        Setting { second_offer: self.second_offer, refuses: self.refuses, deviation: self.deviation.clone() }
    }

    /// A world like this one, with other parts, at this time.
    pub(crate) fn with_parts(&self, parts: Parts, now: Time, flight: Vec<Datagram>) -> Self {
        let Parts { ue, focus, users, ledger, setting } = parts;
        let Setting { second_offer, refuses, deviation } = setting;
        Self { now, ue, focus, users, flight, ledger, second_offer, refuses, deviation, ..self.clone() }
    }

    /// Whether the proxies are as they are in `other`: they keep nothing, so that they always should be.
    pub(crate) fn has_proxies_of(&self, other: &Self) -> bool {
        self.p_cscf == other.p_cscf && self.s_cscf == other.s_cscf
    }
}
