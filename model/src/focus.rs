//! The focus with its factory: admits the creator, dials out, reports, notifies.
//!
//! Read first: RFC 4579 5.4, 5.5 and 5.12, RFC 6665 4.2, RFC 3515 2.4.4, RFC 4575 3.3. Next: `participant.rs`.

use crate::hold::HoldEnd;
use crate::message::{CallMessage, DialMessage, ReferMessage, SubscriptionMessage};
use crate::network::{LegNetwork, Messages};
use crate::subscription::{Notifier, Owed};
use crate::terms::{Outcome, Presence};

/// The focus' view of the creator's call, D1, and so of the conference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hosting {
    /// No call: the INVITE has not come, was refused or was cancelled.
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
    /// How many versions the last document sent is ahead of the last one that the UE applied: 0 or 1 as long as all
    /// is well. 0 whenever the notifier is neither `Active` nor `Notifying`.
    pub ahead: u8,
    /// What is owed in D2 because of a SUBSCRIBE. `Nothing` whenever no document is to be sent any more.
    pub owed: Owed,
    /// Whether the roster changed since the last document to the UE and says again what that said: its subscriber is
    /// told so. `false` whenever something else is to be told, or nothing.
    pub behind: bool,
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
    /// Who holds his call, as the focus knows it.
    pub hold: HoldEnd,
}

impl FocusLeg {
    /// His row in the roster as the focus would tell it now.
    #[must_use]
    pub const fn row(self) -> Presence {
        match (self.dial, self.outcome) {
            (DialOut::Joined, _) if self.hold.on_hold() => Presence::OnHold,
            (DialOut::Joined, _) => Presence::Connected,
            (DialOut::Leaving | DialOut::Over, Some(Outcome::Joined)) => Presence::Disconnected,
            _ => Presence::Absent,
        }
    }
}

impl Focus {
    /// Whether a conference is promised in a 183 and does not exist yet.
    #[must_use]
    pub const fn is_promised(self) -> bool {
        matches!(self.hosting, Hosting::Early | Hosting::Pracked)
    }

    /// Whether a NOTIFY is owed to the UE whatever becomes of the roster: for a SUBSCRIBE, or because the conference is
    /// over.
    #[must_use]
    pub fn owes_subscriber(&self) -> bool {
        self.owed != Owed::Nothing || (self.hosting == Hosting::Over && self.notifier.is_live())
    }

    /// Whether the conference exists: it can be joined, subscribed to and left.
    #[must_use]
    pub const fn is_up(self) -> bool {
        matches!(self.hosting, Hosting::Answered | Hosting::Confirmed)
    }

    /// Reacts to a message in D1 other than the factory INVITE; tells whether it ended the conference.
    pub(crate) fn on_call(&mut self, message: CallMessage, sent: &mut Messages<CallMessage>) -> bool {
        match (self.hosting, message) {
            (Hosting::Early, CallMessage::Prack) => {
                sent.insert(CallMessage::PrackOk);
                self.hosting = Hosting::Pracked;
            }
            (Hosting::Early, CallMessage::PrackWithOffer) => {
                sent.insert(CallMessage::PrackOkWithAnswer);
                sent.insert(CallMessage::Ok);
                self.hosting = Hosting::Answered;
            }
            (Hosting::Pracked, CallMessage::Update) => {
                sent.insert(CallMessage::UpdateOk);
                sent.insert(CallMessage::Ok);
                self.hosting = Hosting::Answered;
            }
            // 487; after the 200 a CANCEL has no effect (RFC 3261 9.2).
            (Hosting::Early | Hosting::Pracked, CallMessage::Cancel) => self.refuse(sent),
            (Hosting::Answered, CallMessage::Ack) => self.hosting = Hosting::Confirmed,
            (Hosting::Answered | Hosting::Confirmed, CallMessage::Bye) => {
                sent.insert(CallMessage::ByeAnswered);
                self.hosting = Hosting::Over;
                return true;
            }
            // An ACK that the BYE overtook revives nothing (RFC 5407 3.1.6).
            _ => {}
        }
        false
    }

    /// Ends a call that was only promised: nothing is left of it.
    pub(crate) fn refuse(&mut self, sent: &mut Messages<CallMessage>) {
        sent.insert(CallMessage::Reject);
        self.hosting = Hosting::None;
    }

    /// Sends a document, one version above the last.
    pub(crate) fn send_document(&mut self, sent: &mut Messages<SubscriptionMessage>) {
        sent.insert(SubscriptionMessage::Notify);
        self.notifier = Notifier::Notifying;
        self.ahead += 1;
        self.owed = Owed::Nothing;
        self.behind = false;
    }

    /// Sends the last document, which ends the subscription.
    pub(crate) fn send_last(&mut self, sent: &mut Messages<SubscriptionMessage>) {
        sent.insert(SubscriptionMessage::NotifyLast);
        self.notifier = Notifier::Ending;
        self.owed = Owed::Nothing;
    }

    /// Reacts to a SUBSCRIBE inside D2 after which it owes `owed`; tells what has to be sent at once.
    pub(crate) fn on_control(&mut self, owed: Owed, sent: &mut Messages<SubscriptionMessage>) -> Owed {
        if !self.is_up() || !self.notifier.is_live() {
            sent.insert(SubscriptionMessage::RefreshRefused);
            return Owed::Nothing;
        }
        sent.insert(SubscriptionMessage::RefreshOk);
        if self.notifier == Notifier::Active {
            return owed;
        }
        self.owed = owed;
        Owed::Nothing
    }
}

impl Report {
    /// Whether a NOTIFY of it is unanswered.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::TryingSent | Self::FinalSent)
    }

    /// Whether a NOTIFY of it is owed, `outcome` being what is known of the end of what it is about.
    #[must_use]
    pub const fn is_owed(self, outcome: Option<Outcome>) -> bool {
        match self {
            Self::OwesTrying => true,
            Self::Waiting => outcome.is_some(),
            Self::None | Self::TryingSent | Self::FinalSent | Self::Closed | Self::Removed => false,
        }
    }

    /// Sends the NOTIFY that is owed.
    pub(crate) fn send(&mut self, outcome: Option<Outcome>, sent: &mut Messages<ReferMessage>) {
        match (*self, outcome) {
            (Self::OwesTrying, _) => {
                sent.insert(ReferMessage::Trying);
                *self = Self::TryingSent;
            }
            (Self::Waiting, Some(outcome)) => {
                sent.insert(ReferMessage::Report(outcome));
                *self = Self::FinalSent;
            }
            _ => {}
        }
    }

    /// Reacts to a message about the REFER other than an acceptable REFER.
    pub(crate) fn on_message(&mut self, message: ReferMessage, sent: &mut Messages<ReferMessage>) {
        match message {
            ReferMessage::OvertakenRefer => sent.insert(ReferMessage::OutOfOrder),
            ReferMessage::NotifyOk => {
                *self = match *self {
                    Self::TryingSent => Self::Waiting,
                    Self::FinalSent => Self::Closed,
                    report => report,
                };
            }
            ReferMessage::NotifyRefused => *self = Self::Removed,
            ReferMessage::Refer
            | ReferMessage::Accepted
            | ReferMessage::AcceptedQuietly
            | ReferMessage::Refused
            | ReferMessage::OutOfOrder
            | ReferMessage::Trying
            | ReferMessage::Report(_) => {}
        }
    }
}

impl FocusLeg {
    /// Accepts the REFER for this user: the subscription starts, unless none is wanted, and he is dialled at once.
    pub(crate) fn accept_refer(&mut self, quietly: bool, sent: &mut LegNetwork) {
        if quietly {
            sent.refer.insert(ReferMessage::AcceptedQuietly);
        } else {
            sent.refer.insert(ReferMessage::Accepted);
            self.report = Report::OwesTrying;
        }
        sent.dial.insert(DialMessage::Invite);
        self.dial = DialOut::Calling;
    }

    /// Reacts to a message in D3(i).
    pub(crate) fn on_dial(&mut self, message: DialMessage, sent: &mut Messages<DialMessage>) {
        let pending =
            matches!(self.dial, DialOut::Calling | DialOut::Alerting | DialOut::Abandoned | DialOut::Cancelling);
        match message {
            DialMessage::Ringing => match self.dial {
                DialOut::Calling => self.dial = DialOut::Alerting,
                DialOut::Abandoned => self.cancel(sent),
                DialOut::Idle
                | DialOut::Alerting
                | DialOut::Cancelling
                | DialOut::Joined
                | DialOut::Leaving
                | DialOut::Over => {}
            },
            DialMessage::Answer if pending => {
                sent.insert(DialMessage::Ack);
                if matches!(self.dial, DialOut::Calling | DialOut::Alerting) {
                    self.dial = DialOut::Joined;
                    self.outcome = Some(Outcome::Joined);
                } else {
                    // His 200 crossed our giving up: he is not wanted any more (RFC 5407 3.1.2).
                    sent.insert(DialMessage::FocusBye);
                    self.dial = DialOut::Leaving;
                    self.outcome = Some(Outcome::NoAnswer);
                }
            }
            DialMessage::Busy if pending => self.fail(Outcome::Busy),
            DialMessage::Decline if pending => self.fail(Outcome::Declined),
            DialMessage::Terminated if pending => self.fail(Outcome::NoAnswer),
            DialMessage::UserBye => {
                sent.insert(DialMessage::UserByeAnswered);
                if self.dial == DialOut::Joined {
                    self.dial = DialOut::Over;
                }
            }
            DialMessage::FocusByeAnswered => self.dial = DialOut::Over,
            DialMessage::Answer
            | DialMessage::Busy
            | DialMessage::Decline
            | DialMessage::Terminated
            | DialMessage::Invite
            | DialMessage::Ack
            | DialMessage::Cancel
            | DialMessage::FocusBye
            | DialMessage::UserByeAnswered => {}
        }
    }

    /// Sends the CANCEL.
    pub(crate) fn cancel(&mut self, sent: &mut Messages<DialMessage>) {
        sent.insert(DialMessage::Cancel);
        self.dial = DialOut::Cancelling;
    }

    /// The dial-out ended without a dialog.
    pub(crate) fn fail(&mut self, outcome: Outcome) {
        self.dial = DialOut::Over;
        self.outcome = Some(outcome);
    }

    /// The conference is over: everybody goes.
    pub(crate) fn on_conference_over(&mut self, sent: &mut Messages<DialMessage>) {
        match self.dial {
            DialOut::Calling => self.dial = DialOut::Abandoned,
            DialOut::Alerting => self.cancel(sent),
            DialOut::Joined => {
                sent.insert(DialMessage::FocusBye);
                self.dial = DialOut::Leaving;
            }
            DialOut::Idle | DialOut::Abandoned | DialOut::Cancelling | DialOut::Leaving | DialOut::Over => {}
        }
    }
}
