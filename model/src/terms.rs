//! The words that every part of the model shares: invited users, outcomes, roster rows.
//!
//! Nothing here has behaviour beyond naming. Read first: RFC 4575 5.7.3 (roster statuses), RFC 3515 2.4.5 (what a
//! referrer is told). Next: `message.rs`.

use std::fmt;

/// The largest number of invited users that a [`Conference`](crate::Conference) can be configured with.
pub const MAX_INVITED: usize = 4;

/// One of the users whom the UE may invite by REFER: an index, 0 to [`MAX_INVITED`] − 1.
///
/// He is called "invited" from the start, also before anybody has sent a REFER for him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Invited(u8);

impl Invited {
    /// Every index a state has room for.
    pub const ALL: [Self; MAX_INVITED] = [Self(0), Self(1), Self(2), Self(3)];

    /// The invited user at `index`, if the model has room for him.
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// His place in [`State::legs`](crate::State::legs), 0 to [`MAX_INVITED`] − 1.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where the UE puts its second offer, the one that says its resources are reserved (RFC 3312 5.1, RFC 3262 5, RFC
/// 3311 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecondOffer {
    /// In the PRACK; the answer comes in the 200 to the PRACK.
    InPrack,
    /// In an UPDATE after the PRACK was answered; the answer comes in the 200 to the UPDATE.
    InUpdate,
}

/// How the dial-out to an invited user, or his expulsion, ended, in the words of the status line that the focus reports
/// (RFC 3515 2.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// He answered and the focus acknowledged: 200.
    Joined,
    /// He was busy: 486.
    Busy,
    /// He declined: 603.
    Declined,
    /// The focus gave up, or the conference ended, before he answered: 487. Also when his 200 crossed the CANCEL.
    NoAnswer,
    /// The INVITE never reached him, or he never answered the BYE: 408 (RFC 3261 8.1.3.1, Timers B and F).
    TimedOut,
    /// He was expelled: 200.
    Expelled,
    /// He was to be expelled and is not in the conference: 404.
    Absent,
}

impl Outcome {
    /// Every outcome, in the order of the declaration.
    pub const ALL: [Self; 7] =
        [Self::Joined, Self::Busy, Self::Declined, Self::NoAnswer, Self::TimedOut, Self::Expelled, Self::Absent];

    /// Whether an invitation can end so.
    #[must_use]
    pub const fn is_of_invitation(self) -> bool {
        !matches!(self, Self::Expelled | Self::Absent)
    }

    /// Whether an expulsion can end so.
    #[must_use]
    pub const fn is_of_expulsion(self) -> bool {
        matches!(self, Self::Expelled | Self::Absent | Self::TimedOut)
    }

    /// The status code of the sipfrag body that reports it.
    #[must_use]
    pub const fn status_code(self) -> u16 {
        match self {
            Self::Joined | Self::Expelled => 200,
            Self::Busy => 486,
            Self::Declined => 603,
            Self::NoAnswer => 487,
            Self::TimedOut => 408,
            Self::Absent => 404,
        }
    }
}

/// An invited user's row in a roster document (RFC 4575 5.7.3). Transient statuses are suppressed, as 5.7.3 allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// No row: he has never been in the conference.
    #[default]
    Absent,
    /// `connected`, joining method `dialed-out`.
    Connected,
    /// `disconnected` after having been in the conference.
    Disconnected,
    /// `on-hold`: in the conference, and held by himself or by the focus.
    OnHold,
}

/// Who sends or receives a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The user equipment that creates the conference.
    Ue,
    /// The conference focus with its factory.
    Focus,
    /// An invited user.
    Participant(Invited),
}
