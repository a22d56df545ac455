//! The user equipment: creates the conference, subscribes to its package, invites by REFER, leaves.
//!
//! Read first: RFC 4579 5.4 and 5.5, RFC 3262, RFC 6665 4.1, RFC 3515 2.4. Next: `focus.rs`.

use crate::message::{CallMessage, ReferMessage};
use crate::network::Messages;
use crate::subscription::Subscription;
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
    /// The user gave up before any provisional response came, so that the CANCEL has to wait for one (RFC 3261 9.1).
    Abandoned,
    /// CANCEL sent, no final response to the INVITE.
    Cancelling,
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
    /// The user gave up: the INVITE ended with 487, with another failure, or with nothing (64*T1 after the CANCEL).
    GivenUp,
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
    /// Accepted without a subscription, as was asked: nothing will be reported (RFC 4488 4).
    Unreported,
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

impl Ue {
    /// Whether its user has given up a call of which nothing is known yet.
    #[must_use]
    pub const fn gives_up(self) -> bool {
        matches!(self.call, Call::Abandoned | Call::Cancelling)
    }

    /// Whether it has left its conference, or is leaving.
    #[must_use]
    pub const fn has_left(self) -> bool {
        matches!(self.call, Call::Leaving | Call::Over)
    }

    /// Reacts to a message in D1; `sent` is where its own go.
    pub(crate) fn on_call(&mut self, message: CallMessage, sent: &mut Messages<CallMessage>) {
        self.call = match (self.call, message) {
            (Call::Calling { second_offer }, CallMessage::Progress) => {
                sent.insert(match second_offer {
                    SecondOffer::InPrack => CallMessage::PrackWithOffer,
                    SecondOffer::InUpdate => CallMessage::Prack,
                });
                Call::Early { second_offer, stage: Stage::PrackSent }
            }
            (Call::Early { second_offer, .. }, CallMessage::PrackOk | CallMessage::PrackOkWithAnswer) => {
                if second_offer == SecondOffer::InUpdate {
                    sent.insert(CallMessage::Update);
                }
                Call::Early { second_offer, stage: Stage::PrackAnswered }
            }
            (Call::Calling { .. } | Call::Early { .. }, CallMessage::Ok) => {
                sent.insert(CallMessage::Ack);
                Call::Confirmed
            }
            (Call::Calling { .. } | Call::Early { .. }, CallMessage::Reject) => Call::Failed(CallFailure::Rejected),
            (Call::Abandoned | Call::Cancelling, CallMessage::Progress) => {
                // It is acknowledged all the same (RFC 3262 4): its sender repeats it until then.
                sent.insert(CallMessage::Prack);
                if self.call == Call::Abandoned {
                    sent.insert(CallMessage::Cancel);
                }
                Call::Cancelling
            }
            (Call::Abandoned | Call::Cancelling, CallMessage::Ok) => {
                // It crossed the CANCEL: nobody wants the conference any more (RFC 5407 3.1.2).
                sent.insert(CallMessage::Ack);
                sent.insert(CallMessage::Bye);
                Call::Leaving
            }
            (Call::Abandoned | Call::Cancelling, CallMessage::Reject) => Call::Failed(CallFailure::GivenUp),
            (Call::Leaving, CallMessage::ByeAnswered) => Call::Over,
            // A 200 to PRACK or UPDATE that the 200 to the INVITE overtook changes nothing any more.
            (call, _) => call,
        };
    }

    /// The user gives up his call while it is not established: CANCEL, as soon as one is allowed.
    pub(crate) fn give_up(&mut self, sent: &mut Messages<CallMessage>) {
        self.call = match self.call {
            Call::Calling { .. } => Call::Abandoned,
            Call::Early { .. } => {
                sent.insert(CallMessage::Cancel);
                Call::Cancelling
            }
            call => call,
        };
    }

    /// Its own request in D1 timed out.
    pub(crate) fn on_call_timeout(&mut self) {
        self.call = match self.call {
            Call::Calling { .. } => Call::Failed(CallFailure::TimedOut),
            // Timer B, or 64*T1 after the CANCEL (RFC 3261 9.1).
            Call::Abandoned | Call::Cancelling => Call::Failed(CallFailure::GivenUp),
            // The session ended when the BYE went out, whatever becomes of it (RFC 3261 15.1.1).
            Call::Leaving => Call::Over,
            call => call,
        };
    }
}

impl Refer {
    /// Reacts to a message about this REFER; `sent` is where its own go.
    pub(crate) fn on_message(&mut self, message: ReferMessage, sent: &mut Messages<ReferMessage>) {
        let alive = matches!(self, Self::Sent | Self::Accepted | Self::Trying);
        match message {
            ReferMessage::Accepted => {
                if *self == Self::Sent {
                    *self = Self::Accepted;
                }
            }
            ReferMessage::AcceptedQuietly => {
                if *self == Self::Sent {
                    *self = Self::Unreported;
                }
            }
            ReferMessage::Refused | ReferMessage::OutOfOrder => {
                if *self == Self::Sent {
                    *self = Self::Refused;
                }
            }
            ReferMessage::Trying | ReferMessage::Report(_) if !alive => {
                sent.insert(ReferMessage::NotifyRefused);
            }
            ReferMessage::Trying => {
                sent.insert(ReferMessage::NotifyOk);
                *self = Self::Trying;
            }
            ReferMessage::Report(outcome) => {
                sent.insert(ReferMessage::NotifyOk);
                *self = Self::Done(outcome);
            }
            ReferMessage::Refer
            | ReferMessage::OvertakenRefer
            | ReferMessage::NotifyOk
            | ReferMessage::NotifyRefused => {}
        }
    }

    /// The REFER timed out. A NOTIFY that came first has made the subscription all the same (RFC 3515 2.4.4).
    pub(crate) fn on_timeout(&mut self) {
        if *self == Self::Sent {
            *self = Self::Unknown;
        }
    }
}
