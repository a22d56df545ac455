//! The focus with its factory: admits the creator, dials out, reports, notifies.
//!
//! Read first: RFC 4579 5.4, 5.5 and 5.12, RFC 6665 4.2, RFC 3515 2.4.4, RFC 4575 3.3. Next: `participant.rs`.

use crate::terms::{Outcome, Presence};

/// The focus' view of the creator's call, D1, and so of the conference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hosting {
    /// No call: the INVITE has not come, or was refused.
    #[default]
    None,
    /// 183 sent, not acknowledged.
    Early,
    /// PRACK came without an offer; waiting for the UPDATE.
    Pracked,
    /// 200 sent, no ACK yet. From here on the conference exists.
    Answered,
    /// ACK received.
    Confirmed,
    /// The creator left: the conference is over.
    Over,
}

/// The focus' side of the conference subscription, D2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notifier {
    /// Nobody subscribed.
    #[default]
    None,
    /// Active, no NOTIFY unanswered.
    Active,
    /// Active, a NOTIFY unanswered.
    Notifying,
    /// The last NOTIFY (terminated) is unanswered.
    Ending,
    /// The last NOTIFY was answered.
    Terminated,
    /// A NOTIFY failed: removed without another word (RFC 6665 4.2.2).
    Removed,
}

/// The focus' side of D3(i).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DialOut {
    /// Not dialled.
    #[default]
    Idle,
    /// INVITE sent, no 180.
    Calling,
    /// 180 received.
    Alerting,
    /// The conference ended while no 180 had come: to be cancelled as soon as a 1xx allows it (RFC 3261 9.1).
    Abandoned,
    /// CANCEL sent, no final response.
    Cancelling,
    /// 200 received, ACK sent.
    Joined,
    /// BYE sent, not answered.
    Leaving,
    /// No dialog left.
    Over,
}

/// The focus' side of the refer subscription S(i).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Report {
    /// No REFER accepted for him.
    #[default]
    None,
    /// The first NOTIFY (100) is owed.
    OwesTrying,
    /// The first NOTIFY is unanswered.
    TryingSent,
    /// The first NOTIFY was answered. With an outcome at hand the last one is owed.
    Waiting,
    /// The last NOTIFY is unanswered.
    FinalSent,
    /// The last NOTIFY was answered.
    Closed,
    /// A NOTIFY failed: removed without another word.
    Removed,
}

/// The focus apart from what it holds per invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Focus {
    /// D1 and the conference.
    pub hosting: Hosting,
    /// D2.
    pub notifier: Notifier,
    /// How many versions the last document sent is ahead of the last one that the UE applied: 0 or 1 as long as all is well.
    /// 0 whenever the notifier is neither `Active` nor `Notifying`.
    pub ahead: u8,
}

/// What the focus holds per invited user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FocusLeg {
    /// D3(i).
    pub dial: DialOut,
    /// How the dial-out ended, once it did. Stays `Joined` when he leaves later.
    pub outcome: Option<Outcome>,
    /// S(i).
    pub report: Report,
    /// His row after the last document sent; `Absent` again once the conference is over.
    pub told: Presence,
}

impl FocusLeg {
    /// His row in the roster as the focus would tell it now.
    #[must_use]
    pub const fn row(self) -> Presence {
        match (self.dial, self.outcome) {
            (DialOut::Joined, _) => Presence::Connected,
            (DialOut::Leaving | DialOut::Over, Some(Outcome::Joined)) => Presence::Disconnected,
            _ => Presence::Absent,
        }
    }
}
