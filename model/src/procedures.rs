//! The optional procedures: what a conference may do beyond creation, subscription, invitation and leaving.
//!
//! Each multiplies the states, so an exploration names those that it wants; an implementation is held to all of them
//! at once. Read first: `terms.rs`. Next: `message.rs`.

use std::fmt;

/// An optional procedure. Without it none of its actions can happen, and its part of the state stays as it is by
/// default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Procedure {
    /// The creation of the conference is given up: by the UE with a CANCEL (RFC 3261 9.1, RFC 5407 3.1.2), or by the
    /// focus with a failure response after its 183.
    GivingUp,
    /// The UE has an invited user expelled: REFER with `method=BYE` (RFC 4579 5.11).
    Expulsion,
    /// The UE invites without wanting to be told what becomes of it (RFC 4488).
    QuietReferral,
    /// An invited user is in a call with the UE, which the conference replaces (RFC 3891).
    Replacement,
    /// Invited users subscribe to the conference package too (RFC 4575 3.6).
    ManySubscribers,
    /// The UE refreshes or ends its conference subscription (RFC 6665 4.1.2).
    SubscriptionControl,
    /// An invited user or the focus puts his call on hold and resumes it (RFC 3264 8.4, RFC 3261 14).
    Hold,
}

impl Procedure {
    /// Every optional procedure, in the order of the declaration.
    pub const ALL: &'static [Self] = &[
        Self::GivingUp,
        Self::Expulsion,
        Self::QuietReferral,
        Self::Replacement,
        Self::ManySubscribers,
        Self::SubscriptionControl,
        Self::Hold,
    ];

    /// What it is called in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GivingUp => "giving up",
            Self::Expulsion => "expulsion",
            Self::QuietReferral => "quiet referral",
            Self::Replacement => "replacement",
            Self::ManySubscribers => "many subscribers",
            Self::SubscriptionControl => "subscription control",
            Self::Hold => "hold",
        }
    }
}

/// A set of optional procedures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Procedures(u16);

impl Procedures {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Each of them.
    pub const ALL: Self = Self((1 << Procedure::ALL.len()) - 1);

    /// These and `procedure`.
    #[must_use]
    pub const fn with(self, procedure: Procedure) -> Self {
        Self(self.0 | 1 << procedure as u16)
    }

    /// The procedures of both sets.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether `procedure` is one of them.
    #[must_use]
    pub const fn has(self, procedure: Procedure) -> bool {
        self.0 & 1 << procedure as u16 != 0
    }

    /// They, in the order of [`Procedure::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Procedure> {
        Procedure::ALL.iter().copied().filter(move |procedure| self.has(*procedure))
    }
}

impl fmt::Display for Procedures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, procedure) in self.iter().enumerate() {
            write!(f, "{}{}", if number == 0 { "" } else { ", " }, procedure.name())?;
        }
        Ok(())
    }
}
