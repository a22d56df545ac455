//! The user equipment: creates the conference, subscribes to its package, invites by REFER, leaves.
//!
//! Read first: RFC 4579 5.4 and 5.5, RFC 3262, RFC 6665 4.1, RFC 3515 2.4. Next: `focus.rs`.

use crate::terms::{Outcome, Presence, SecondOffer};

/// The UE's view of its call, D1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// Not called yet.
    #[default]
    Idle,
    /// INVITE sent, no answer yet.
    Calling {
        /// Where offer 2 will go.
        second_offer: SecondOffer,
    },
    /// The 183 came and was acknowledged.
    Early {
        /// Where offer 2 goes.
        second_offer: SecondOffer,
        /// How far the PRACK got.
        stage: Stage,
    },
    /// 200 received and acknowledged: the conference URI is known.
    Confirmed,
    /// BYE sent, not answered.
    Leaving,
    /// BYE answered or timed out.
    Over,
    /// There never was a call.
    Failed(CallFailure),
}

/// How far an early call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// PRACK sent.
    PrackSent,
    /// PRACK answered; where offer 2 goes into an UPDATE, that was sent then.
    PrackAnswered,
}

/// Why there never was a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallFailure {
    /// The factory refused.
    Rejected,
    /// No answer to the INVITE (Timer B).
    TimedOut,
}

/// The UE's subscription to the conference package, D2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subscription {
    /// Not subscribed yet.
    #[default]
    None,
    /// SUBSCRIBE sent, no NOTIFY yet.
    Subscribing {
        /// Whether the 2xx came.
        answered: bool,
    },
    /// A NOTIFY came (also when the 2xx has not: RFC 6665 4.1.2.4).
    Active,
    /// The focus ended it, or it ran out.
    Ended,
    /// Refused, timed out, or no NOTIFY within Timer N.
    Failed,
}

/// What the UE knows of the REFER for one invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refer {
    /// Not sent.
    #[default]
    Idle,
    /// Sent; neither a response nor a NOTIFY came.
    Sent,
    /// 2xx, no NOTIFY yet.
    Accepted,
    /// NOTIFY `100 Trying`; the 2xx may still be on its way.
    Trying,
    /// The last NOTIFY came.
    Done(Outcome),
    /// The REFER was refused (603, 481, 500).
    Refused,
    /// The REFER timed out, or its subscription ran out without an outcome.
    Unknown,
}

/// The UE apart from what it holds per invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ue {
    /// D1.
    pub call: Call,
    /// D2.
    pub subscription: Subscription,
}

/// What the UE holds per invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UeLeg {
    /// The REFER for him.
    pub refer: Refer,
    /// His row in the roster as the UE knows it from the documents it applied; `Absent` again once the UE has left.
    pub known: Presence,
}
