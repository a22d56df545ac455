//! The messages, one enum per dialog usage, at transaction-user level.
//!
//! A copy, a 100, the ACK to a failure and the 200 to a CANCEL are invisible: the transaction layer makes and
//! absorbs them. Contents are kept as far as a claim looks at them: an SDP body is part of the kind, a roster is
//! the focus' `told` column. Read first: RFC 3261 12 and 15, RFC 3262, RFC 3515, RFC 6665. Next: `network.rs`.

use std::fmt;

use crate::hold::{End, HoldMessage};
use crate::procedures::Procedure;
use crate::terms::{Invited, Outcome, Party};

/// A kind of message that a [`Messages`](crate::Messages) set can hold.
pub trait Kind: Copy + 'static {
    /// Every kind, in the order in which actions are listed.
    const ALL: &'static [Self];

    /// Its bit in a set; a single bit, different for every kind of [`Self::ALL`].
    fn bit(self) -> u16;
}

/// The INVITE dialog between UE and focus, D1 (RFC 3261, RFC 3262, RFC 3311), without the REFERs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallMessage {
    /// INVITE to the factory, with offer 1.
    Invite,
    /// Reliable 183 with answer 1; its Contact is the temporary URI.
    Progress,
    /// PRACK without a body: the second offer will come in an UPDATE.
    Prack,
    /// PRACK with offer 2.
    PrackWithOffer,
    /// 200 to a PRACK without a body.
    PrackOk,
    /// 200 to the PRACK that had an offer: it carries answer 2.
    PrackOkWithAnswer,
    /// UPDATE with offer 2.
    Update,
    /// 200 to the UPDATE, with answer 2.
    UpdateOk,
    /// 200 to the INVITE; its Contact is the conference URI.
    Ok,
    /// ACK to that 200.
    Ack,
    /// Failure response to the INVITE; 487 after the CANCEL.
    Reject,
    /// BYE of the UE: it leaves, and its conference ends.
    Bye,
    /// Final answer to that BYE.
    ByeAnswered,
    /// CANCEL of the INVITE.
    Cancel,
}

impl Kind for CallMessage {
    const ALL: &'static [Self] = &[
        Self::Invite,
        Self::Progress,
        Self::Prack,
        Self::PrackWithOffer,
        Self::PrackOk,
        Self::PrackOkWithAnswer,
        Self::Update,
        Self::UpdateOk,
        Self::Ok,
        Self::Ack,
        Self::Reject,
        Self::Bye,
        Self::ByeAnswered,
        Self::Cancel,
    ];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The subscription dialog to the conference event package, D2 (RFC 6665, RFC 4575).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubscriptionMessage {
    /// SUBSCRIBE to the conference URI.
    Subscribe,
    /// 2xx to it.
    SubscribeOk,
    /// 404: there is no such conference any more.
    SubscribeRefused,
    /// NOTIFY, active, with a roster document: the focus' `told` column.
    Notify,
    /// The last NOTIFY: terminated, reason noresource, no document.
    NotifyEnd,
    /// 200 to either NOTIFY.
    NotifyOk,
    /// 481 to either NOTIFY: the UE has no such subscription.
    NotifyRefused,
    /// SUBSCRIBE inside the dialog.
    Refresh,
    /// SUBSCRIBE inside the dialog with Expires 0.
    Unsubscribe,
    /// 2xx to either.
    RefreshOk,
    /// 481 to either: the focus has no such subscription.
    RefreshRefused,
    /// The NOTIFY that answers the unsubscribing: terminated, reason timeout, with a roster document.
    NotifyLast,
}

impl Kind for SubscriptionMessage {
    const ALL: &'static [Self] = &[
        Self::Subscribe,
        Self::SubscribeOk,
        Self::SubscribeRefused,
        Self::Notify,
        Self::NotifyEnd,
        Self::NotifyOk,
        Self::NotifyRefused,
        Self::Refresh,
        Self::Unsubscribe,
        Self::RefreshOk,
        Self::RefreshRefused,
        Self::NotifyLast,
    ];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl SubscriptionMessage {
    /// The messages of a refresh: as long as one of them is on its way, no other refresh is sent.
    pub(crate) const OF_REFRESH: [Self; 4] = [Self::Refresh, Self::Unsubscribe, Self::RefreshOk, Self::RefreshRefused];

    /// Whether it belongs to the refreshing or ending of a subscription by its subscriber.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Refresh | Self::Unsubscribe | Self::RefreshOk | Self::RefreshRefused | Self::NotifyLast)
    }

    /// Whether the focus receives it.
    #[must_use]
    pub const fn is_to_notifier(self) -> bool {
        match self {
            Self::Subscribe | Self::NotifyOk | Self::NotifyRefused | Self::Refresh | Self::Unsubscribe => true,
            Self::SubscribeOk
            | Self::SubscribeRefused
            | Self::Notify
            | Self::NotifyEnd
            | Self::RefreshOk
            | Self::RefreshRefused
            | Self::NotifyLast => false,
        }
    }
}

/// The REFER for one invited user and its implicit subscription S(i), a usage of D1 (RFC 3515).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferMessage {
    /// REFER whose CSeq is still above every number that the focus has seen in D1.
    Refer,
    /// REFER that a later request of the UE has overtaken: its CSeq is now too low (RFC 3261 12.2.2).
    OvertakenRefer,
    /// 2xx to the REFER (202, or 200 of RFC 7647).
    Accepted,
    /// Refused by policy (603) or because the call is over (481).
    Refused,
    /// 2xx that echoes `Refer-Sub: false`: there is no S(i) (RFC 4488 4).
    AcceptedQuietly,
    /// 500: the REFER came out of order.
    OutOfOrder,
    /// First NOTIFY of S(i): `100 Trying`, active.
    Trying,
    /// Last NOTIFY of S(i): the outcome, terminated, reason noresource.
    Report(Outcome),
    /// 200 to either NOTIFY.
    NotifyOk,
    /// 481 to either NOTIFY: the UE has no such subscription.
    NotifyRefused,
}

impl Kind for ReferMessage {
    const ALL: &'static [Self] = &[
        Self::Refer,
        Self::OvertakenRefer,
        Self::Accepted,
        Self::Refused,
        Self::AcceptedQuietly,
        Self::OutOfOrder,
        Self::Trying,
        Self::Report(Outcome::Joined),
        Self::Report(Outcome::Busy),
        Self::Report(Outcome::Declined),
        Self::Report(Outcome::NoAnswer),
        Self::Report(Outcome::TimedOut),
        Self::Report(Outcome::Expelled),
        Self::Report(Outcome::Absent),
        Self::NotifyOk,
        Self::NotifyRefused,
    ];

    fn bit(self) -> u16 {
        match self {
            Self::Refer => 1,
            Self::OvertakenRefer => 1 << 1,
            Self::Accepted => 1 << 2,
            Self::Refused => 1 << 3,
            Self::OutOfOrder => 1 << 4,
            Self::Trying => 1 << 5,
            Self::NotifyOk => 1 << 6,
            Self::NotifyRefused => 1 << 7,
            Self::Report(outcome) => 1 << (8 + outcome as u16),
            Self::AcceptedQuietly => 1 << 15,
        }
    }
}

/// The dial-out dialog from the focus to one invited user, D3(i) (RFC 3261, RFC 4579 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DialMessage {
    /// INVITE of the focus.
    Invite,
    /// 180.
    Ringing,
    /// 200 to the INVITE.
    Answer,
    /// 486.
    Busy,
    /// 603.
    Decline,
    /// 487, after the CANCEL.
    Terminated,
    /// ACK to the 200.
    Ack,
    /// CANCEL of the focus.
    Cancel,
    /// BYE of the focus: the conference is over.
    FocusBye,
    /// Final answer to the focus' BYE, 200 or 481: either ends it (RFC 3261 15.1.1).
    FocusByeAnswered,
    /// BYE of the invited user: he leaves.
    UserBye,
    /// Final answer to his BYE, 200 or 481.
    UserByeAnswered,
}

impl Kind for DialMessage {
    const ALL: &'static [Self] = &[
        Self::Invite,
        Self::Ringing,
        Self::Answer,
        Self::Busy,
        Self::Decline,
        Self::Terminated,
        Self::Ack,
        Self::Cancel,
        Self::FocusBye,
        Self::FocusByeAnswered,
        Self::UserBye,
        Self::UserByeAnswered,
    ];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The call that an invited user and the UE have beside the conference (RFC 3261 15), from the time it is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlainMessage {
    /// BYE of the UE.
    UeBye,
    /// Final answer to it, 200 or 481.
    UeByeAnswered,
    /// BYE of the invited user.
    UserBye,
    /// Final answer to it, 200 or 481.
    UserByeAnswered,
}

impl Kind for PlainMessage {
    const ALL: &'static [Self] = &[Self::UeBye, Self::UeByeAnswered, Self::UserBye, Self::UserByeAnswered];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A message in flight: its dialog usage and its kind. Of each kind at most one is in flight at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Message {
    /// In D1.
    Call(CallMessage),
    /// In D2.
    Subscription(SubscriptionMessage),
    /// The REFER for this user, or its subscription S(i).
    Refer(Invited, ReferMessage),
    /// The REFER to expel this user, or its subscription.
    Expel(Invited, ReferMessage),
    /// In D3(i).
    Dial(Invited, DialMessage),
    /// In the invited user's own subscription dialog.
    Subscriber(Invited, SubscriptionMessage),
    /// In the call of the invited user and the UE beside the conference.
    Plain(Invited, PlainMessage),
    /// In D3(i): holding his call and resuming it.
    Hold(Invited, HoldMessage),
}

impl Message {
    /// Who receives it.
    #[must_use]
    pub const fn receiver(self) -> Party {
        match self {
            Self::Call(kind) => match kind {
                CallMessage::Invite
                | CallMessage::Prack
                | CallMessage::PrackWithOffer
                | CallMessage::Update
                | CallMessage::Ack
                | CallMessage::Bye
                | CallMessage::Cancel => Party::Focus,
                CallMessage::Progress
                | CallMessage::PrackOk
                | CallMessage::PrackOkWithAnswer
                | CallMessage::UpdateOk
                | CallMessage::Ok
                | CallMessage::Reject
                | CallMessage::ByeAnswered => Party::Ue,
            },
            Self::Subscription(kind) if kind.is_to_notifier() => Party::Focus,
            Self::Subscription(_) => Party::Ue,
            Self::Subscriber(_, kind) if kind.is_to_notifier() => Party::Focus,
            Self::Subscriber(invited, _) => Party::Participant(invited),
            Self::Plain(_, PlainMessage::UserBye | PlainMessage::UeByeAnswered) => Party::Ue,
            Self::Plain(invited, PlainMessage::UeBye | PlainMessage::UserByeAnswered) => Party::Participant(invited),
            Self::Hold(invited, kind) => match kind.receiver() {
                End::User => Party::Participant(invited),
                End::Focus => Party::Focus,
            },
            Self::Refer(_, kind) | Self::Expel(_, kind) => match kind {
                ReferMessage::Refer
                | ReferMessage::OvertakenRefer
                | ReferMessage::NotifyOk
                | ReferMessage::NotifyRefused => Party::Focus,
                ReferMessage::Accepted
                | ReferMessage::AcceptedQuietly
                | ReferMessage::Refused
                | ReferMessage::OutOfOrder
                | ReferMessage::Trying
                | ReferMessage::Report(_) => Party::Ue,
            },
            Self::Dial(invited, kind) => match kind {
                DialMessage::Ringing
                | DialMessage::Answer
                | DialMessage::Busy
                | DialMessage::Decline
                | DialMessage::Terminated
                | DialMessage::FocusByeAnswered
                | DialMessage::UserBye => Party::Focus,
                DialMessage::Invite
                | DialMessage::Ack
                | DialMessage::Cancel
                | DialMessage::FocusBye
                | DialMessage::UserByeAnswered => Party::Participant(invited),
            },
        }
    }

    /// The same message of the first invited user.
    #[must_use]
    pub const fn of_first(self) -> Self {
        match self {
            Self::Call(_) | Self::Subscription(_) => self,
            Self::Refer(_, kind) => Self::Refer(Invited::ALL[0], kind),
            Self::Expel(_, kind) => Self::Expel(Invited::ALL[0], kind),
            Self::Dial(_, kind) => Self::Dial(Invited::ALL[0], kind),
            Self::Subscriber(_, kind) => Self::Subscriber(Invited::ALL[0], kind),
            Self::Plain(_, kind) => Self::Plain(Invited::ALL[0], kind),
            Self::Hold(_, kind) => Self::Hold(Invited::ALL[0], kind),
        }
    }

    /// The optional procedure without which it is never sent.
    #[must_use]
    pub const fn procedure(self) -> Option<Procedure> {
        match self {
            Self::Call(CallMessage::Cancel) => Some(Procedure::GivingUp),
            Self::Refer(_, ReferMessage::AcceptedQuietly) => Some(Procedure::QuietReferral),
            Self::Subscriber(_, kind) if kind.is_control() => None,
            Self::Subscriber(..) => Some(Procedure::ManySubscribers),
            Self::Expel(..) => Some(Procedure::Expulsion),
            Self::Plain(..) => Some(Procedure::Replacement),
            Self::Hold(..) => Some(Procedure::Hold),
            Self::Subscription(kind) if kind.is_control() => Some(Procedure::SubscriptionControl),
            Self::Call(_) | Self::Subscription(_) | Self::Refer(..) | Self::Dial(..) => None,
        }
    }

    /// Whether anybody ever says it: a report fits what it is about, and every expulsion is reported on.
    #[must_use]
    pub const fn is_said(self) -> bool {
        match self {
            Self::Refer(_, ReferMessage::Report(outcome)) => outcome.is_of_invitation(),
            Self::Expel(_, ReferMessage::Report(outcome)) => outcome.is_of_expulsion(),
            Self::Expel(_, ReferMessage::AcceptedQuietly) => false,
            Self::Call(_)
            | Self::Subscription(_)
            | Self::Subscriber(..)
            | Self::Refer(..)
            | Self::Expel(..)
            | Self::Dial(..)
            | Self::Plain(..)
            | Self::Hold(..) => true,
        }
    }

    /// Whether the model may lose it for good, so that the sender of the request sees a transaction time-out.
    ///
    /// Both halves of SUBSCRIBE, REFER, NOTIFY and BYE, and the request half of the two INVITEs and of the UE's CANCEL.
    /// The rest of an INVITE (183, PRACK, UPDATE, 200, ACK) is repeated by the transaction users themselves and taken
    /// to arrive, and so is all of a re-INVITE, whose loss ends the call like that of a BYE.
    #[must_use]
    pub const fn may_be_lost(self) -> bool {
        match self {
            Self::Call(kind) => {
                matches!(kind, CallMessage::Invite | CallMessage::Bye | CallMessage::ByeAnswered | CallMessage::Cancel)
            }
            Self::Subscription(_) | Self::Refer(..) | Self::Expel(..) | Self::Subscriber(..) | Self::Plain(..) => true,
            Self::Hold(..) => false,
            Self::Dial(_, kind) => matches!(
                kind,
                DialMessage::Invite
                    | DialMessage::FocusBye
                    | DialMessage::FocusByeAnswered
                    | DialMessage::UserBye
                    | DialMessage::UserByeAnswered
            ),
        }
    }
}

impl fmt::Display for CallMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invite => "INVITE (offer 1)",
            Self::Progress => "183 (answer 1)",
            Self::Prack => "PRACK",
            Self::PrackWithOffer => "PRACK (offer 2)",
            Self::PrackOk => "200 to PRACK",
            Self::PrackOkWithAnswer => "200 to PRACK (answer 2)",
            Self::Update => "UPDATE (offer 2)",
            Self::UpdateOk => "200 to UPDATE (answer 2)",
            Self::Ok => "200 to INVITE",
            Self::Ack => "ACK",
            Self::Reject => "failure response to INVITE",
            Self::Bye => "BYE",
            Self::ByeAnswered => "answer to BYE",
            Self::Cancel => "CANCEL",
        })
    }
}

impl fmt::Display for SubscriptionMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subscribe => "SUBSCRIBE",
            Self::SubscribeOk => "200 to SUBSCRIBE",
            Self::SubscribeRefused => "404 to SUBSCRIBE",
            Self::Notify => "NOTIFY (roster)",
            Self::NotifyEnd => "NOTIFY (terminated)",
            Self::NotifyOk => "200 to NOTIFY",
            Self::NotifyRefused => "481 to NOTIFY",
            Self::Refresh => "SUBSCRIBE (refresh)",
            Self::Unsubscribe => "SUBSCRIBE (Expires 0)",
            Self::RefreshOk => "200 to SUBSCRIBE (refresh)",
            Self::RefreshRefused => "481 to SUBSCRIBE (refresh)",
            Self::NotifyLast => "NOTIFY (terminated, roster)",
        })
    }
}

impl fmt::Display for ReferMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refer => f.write_str("REFER"),
            Self::OvertakenRefer => f.write_str("REFER (overtaken)"),
            Self::Accepted => f.write_str("202 to REFER"),
            Self::Refused => f.write_str("refusal of REFER"),
            Self::AcceptedQuietly => f.write_str("202 to REFER (no subscription)"),
            Self::OutOfOrder => f.write_str("500 to REFER"),
            Self::Trying => f.write_str("NOTIFY (100)"),
            Self::Report(outcome) => write!(f, "NOTIFY ({})", outcome.status_code()),
            Self::NotifyOk => f.write_str("200 to NOTIFY"),
            Self::NotifyRefused => f.write_str("481 to NOTIFY"),
        }
    }
}

impl fmt::Display for DialMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invite => "INVITE",
            Self::Ringing => "180",
            Self::Answer => "200 to INVITE",
            Self::Busy => "486",
            Self::Decline => "603",
            Self::Terminated => "487",
            Self::Ack => "ACK",
            Self::Cancel => "CANCEL",
            Self::FocusBye => "BYE of the focus",
            Self::FocusByeAnswered => "answer to the BYE of the focus",
            Self::UserBye => "BYE of the user",
            Self::UserByeAnswered => "answer to the BYE of the user",
        })
    }
}

impl fmt::Display for PlainMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UeBye => "BYE of the UE",
            Self::UeByeAnswered => "answer to the BYE of the UE",
            Self::UserBye => "BYE of the user",
            Self::UserByeAnswered => "answer to the BYE of the user",
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(kind) => write!(f, "call: {kind}"),
            Self::Subscription(kind) => write!(f, "subscription: {kind}"),
            Self::Refer(invited, kind) => write!(f, "refer {invited}: {kind}"),
            Self::Expel(invited, kind) => write!(f, "expel {invited}: {kind}"),
            Self::Dial(invited, kind) => write!(f, "dial-out {invited}: {kind}"),
            Self::Subscriber(invited, kind) => write!(f, "subscriber {invited}: {kind}"),
            Self::Plain(invited, kind) => write!(f, "call beside {invited}: {kind}"),
            Self::Hold(invited, kind) => write!(f, "hold {invited}: {kind}"),
        }
    }
}
