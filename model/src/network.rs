//! What is in flight: a set of kinds per dialog usage. Any message of a set may be delivered next.
//!
//! A request is delivered at most once and so is a response; retransmission is below this level. REFERs carry an
//! order, because a later request of the same dialog makes an earlier one unacceptable when it is delivered first
//! (RFC 3261 12.2.2). Read first: `message.rs`. Next: `ue.rs`.

use std::marker::PhantomData;

use crate::hold::HoldMessage;
use crate::message::{CallMessage, DialMessage, Kind, PlainMessage, ReferMessage, SubscriptionMessage};

/// A set of messages of one dialog usage, one bit per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Messages<M> {
    bits: u16,
    kind: PhantomData<M>,
}

impl<M: Kind> Messages<M> {
    /// Nothing in flight.
    #[must_use]
    pub const fn none() -> Self {
        Self { bits: 0, kind: PhantomData }
    }

    /// Puts `message` in flight.
    pub fn insert(&mut self, message: M) {
        self.bits |= message.bit();
    }

    /// Takes `message` out of flight; tells whether it was there.
    pub fn remove(&mut self, message: M) -> bool {
        let was = self.contains(message);
        self.bits &= !message.bit();
        was
    }

    /// Whether `message` is in flight.
    #[must_use]
    pub fn contains(self, message: M) -> bool {
        self.bits & message.bit() != 0
    }

    /// Whether nothing of this usage is in flight.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// How many messages of this usage are in flight.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.bits.count_ones()
    }

    /// The messages in flight, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = M> {
        M::ALL.iter().copied().filter(move |message| self.contains(*message))
    }

    /// One bit per kind, for packing a state into words.
    pub(crate) const fn bits(self) -> u16 {
        self.bits
    }
}

impl<M: Kind> Default for Messages<M> {
    fn default() -> Self {
        Self::none()
    }
}

/// What is in flight between UE and focus, apart from the REFERs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// In D1.
    pub call: Messages<CallMessage>,
    /// In D2.
    pub subscription: Messages<SubscriptionMessage>,
}

/// What is in flight for one invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegNetwork {
    /// The REFER for him and its subscription S(i).
    pub refer: Messages<ReferMessage>,
    /// His dial-out dialog D3(i).
    pub dial: Messages<DialMessage>,
    /// His own subscription to the conference package.
    pub subscription: Messages<SubscriptionMessage>,
    /// The call that he and the UE have beside the conference.
    pub plain: Messages<PlainMessage>,
    /// In D3(i), of holding his call and resuming it.
    pub hold: Messages<HoldMessage>,
    /// While [`ReferMessage::Refer`] is in flight: how many such REFERs have a lower CSeq, over all invited users.
    /// Otherwise 0.
    pub rank: u8,
    /// While [`ReferMessage::Refer`] is in flight: whether it asks for no subscription (RFC 4488). Otherwise false.
    pub quiet: bool,
}

impl LegNetwork {
    /// Whether nothing is in flight for him.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many messages are in flight for him.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.refer.len() + self.dial.len() + self.subscription.len() + self.plain.len() + self.hold.len()
    }
}
