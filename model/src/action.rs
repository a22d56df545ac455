//! What can happen: users' wishes, deliveries with the focus' choices, what is owed, timers, losses.
//!
//! Read first: `message.rs`. Next: `system.rs`.

use crate::message::Message;
use crate::procedures::Procedure;
use crate::terms::{Invited, SecondOffer};

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The UE's user creates a conference.
    Create(SecondOffer),
    /// The UE's user subscribes to the conference package.
    Subscribe,
    /// The UE refreshes its conference subscription.
    Refresh,
    /// The UE ends its conference subscription.
    Unsubscribe,
    /// The UE's user invites somebody.
    Invite(Invited),
    /// The UE's user invites somebody and does not want to be told what becomes of it (RFC 4488).
    InviteQuietly(Invited),
    /// The UE's user gives up his call before it is established.
    Cancel,
    /// The UE's user has somebody expelled.
    Expel(Invited),
    /// The UE's user leaves; his conference ends.
    Leave,
    /// The invited user's phone rings: 180.
    Ring(Invited),
    /// The invited user answers: 200.
    Answer(Invited),
    /// The invited user is busy: 486.
    Busy(Invited),
    /// The invited user declines: 603.
    Decline(Invited),
    /// An invited user who is in the conference leaves it: BYE.
    UserLeaves(Invited),
    /// An invited user who is in the conference subscribes to the conference package.
    UserSubscribes(Invited),
    /// Before there is a conference, an invited user and the UE call each other, and talk.
    Converse(Invited),
    /// The UE's user hangs up the call that he has with an invited user beside the conference.
    HangUp(Invited),
    /// The invited user hangs up that call.
    UserHangsUp(Invited),
    /// An invited user who is in the conference puts his call on hold, or resumes it: re-INVITE.
    UserAsks(Invited),
    /// The focus does that.
    FocusAsks(Invited),
    /// The invited user no longer wants the change that was refused with 491.
    UserThinksBetter(Invited),
    /// The focus no longer wants it.
    FocusThinksBetter(Invited),

    /// A message arrives and its receiver reacts. Not for the factory INVITE nor for an acceptable REFER: there the
    /// focus has a choice.
    Deliver(Message),
    /// The factory INVITE arrives and is accepted.
    FocusAdmitsCreation,
    /// The factory INVITE arrives and is refused.
    FocusRejectsCreation,
    /// A REFER arrives and is accepted.
    FocusAcceptsRefer(Invited),
    /// A REFER that wants no subscription arrives, and is accepted without one.
    FocusAcceptsReferQuietly(Invited),
    /// A REFER arrives and is refused: by policy (603), or because the call is over (481).
    FocusRefusesRefer(Invited),

    /// The focus takes back the conference that it promised in a 183: a failure response.
    FocusWithdraws,
    /// The UE is gone and its CANCEL was lost: the focus takes its promise back (504).
    CreationExpires,
    /// A REFER to expel somebody arrives and is accepted.
    FocusAcceptsExpulsion(Invited),
    /// A REFER to expel somebody arrives and is refused: by policy (603), or because the call is over (481).
    FocusRefusesExpulsion(Invited),

    /// The focus tells the roster to its subscriber.
    NotifyRoster,
    /// The focus tells its subscriber that the conference is over.
    NotifyEnd,
    /// The focus sends the last NOTIFY to a subscriber that has unsubscribed.
    NotifyLast,
    /// The focus tells the roster to an invited user who subscribed.
    NotifyUser(Invited),
    /// The focus tells an invited user who subscribed that the conference is over.
    NotifyUserEnd(Invited),
    /// The focus sends the NOTIFY that it owes the referrer: first 100, then the outcome.
    NotifyReferrer(Invited),
    /// The focus sends the NOTIFY that it owes about an expulsion.
    NotifyExpulsion(Invited),
    /// The focus' no-answer timer fires: CANCEL.
    GiveUp(Invited),
    /// A CANCEL put off at the end of the conference becomes possible (a 100 came) and is sent.
    FocusCancels(Invited),

    /// The time of an invited user whose re-INVITE was refused with 491 has come: he asks once more.
    UserAsksAgain(Invited),
    /// The time of the focus has come.
    FocusAsksAgain(Invited),
    /// That time comes for an invited user who wants no change any more.
    UserRestEnds(Invited),
    /// That time comes for a focus that wants none.
    FocusRestEnds(Invited),

    /// Timer N at the UE: SUBSCRIBE accepted, the NOTIFY was lost.
    SubscribeExpires,
    /// The UE's conference subscription runs out; the focus had removed its side.
    SubscriptionExpires,
    /// Timer N at the UE: no NOTIFY came after a refresh; the focus had removed its side.
    RefreshExpires,
    /// The refer subscription runs out at the UE; the focus had removed its side.
    ReferExpires(Invited),
    /// Timer N at an invited user: SUBSCRIBE accepted, the NOTIFY was lost.
    UserSubscribeExpires(Invited),
    /// An invited user's conference subscription runs out; the focus had removed its side.
    UserSubscriptionExpires(Invited),

    /// The refer subscription of an expulsion runs out at the UE; the focus had removed its side.
    ExpulsionExpires(Invited),

    /// Timer N at the UE fires while the first conference NOTIFY is still on its way: as good as a loss, and
    /// counted as one.
    NotifyTooLate,
    /// Timer N at the UE fires while the first refer NOTIFY is still on its way: as good as a loss, and counted as
    /// one.
    ReferNotifyTooLate(Invited),
    /// Timer N at the UE fires while the NOTIFY of a refresh is still on its way: likewise.
    RefreshNotifyTooLate,
    /// Timer N at an invited user fires while the first conference NOTIFY is still on its way to him: likewise.
    UserNotifyTooLate(Invited),
    /// The same for the first NOTIFY about an expulsion.
    ExpulsionNotifyTooLate(Invited),
    /// This message is lost in all its copies and the sender of the request sees a time-out.
    Lose(Message),
}

/// What an action is, seen from the question "who has to move next".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionKind {
    /// A user's will: may happen or not.
    Command,
    /// Owed: delivery, a message to be sent, a running protocol timer.
    Protocol,
    /// A subscription runs out at its natural end, hours later.
    Expiry,
    /// A loss, or what counts as one.
    Loss,
}

impl Action {
    /// The same action for the first invited user.
    #[must_use]
    pub const fn of_first(self) -> Self {
        const FIRST: Invited = Invited::ALL[0];
        match self {
            Self::Create(_)
            | Self::Subscribe
            | Self::Cancel
            | Self::Leave
            | Self::FocusWithdraws
            | Self::CreationExpires
            | Self::FocusAdmitsCreation
            | Self::FocusRejectsCreation
            | Self::NotifyRoster
            | Self::NotifyEnd
            | Self::SubscribeExpires
            | Self::SubscriptionExpires
            | Self::Refresh
            | Self::Unsubscribe
            | Self::NotifyLast
            | Self::RefreshExpires
            | Self::RefreshNotifyTooLate
            | Self::NotifyTooLate => self,
            Self::Invite(_) => Self::Invite(FIRST),
            Self::InviteQuietly(_) => Self::InviteQuietly(FIRST),
            Self::Expel(_) => Self::Expel(FIRST),
            Self::FocusAcceptsExpulsion(_) => Self::FocusAcceptsExpulsion(FIRST),
            Self::FocusRefusesExpulsion(_) => Self::FocusRefusesExpulsion(FIRST),
            Self::NotifyExpulsion(_) => Self::NotifyExpulsion(FIRST),
            Self::ExpulsionExpires(_) => Self::ExpulsionExpires(FIRST),
            Self::ExpulsionNotifyTooLate(_) => Self::ExpulsionNotifyTooLate(FIRST),
            Self::Ring(_) => Self::Ring(FIRST),
            Self::Answer(_) => Self::Answer(FIRST),
            Self::Busy(_) => Self::Busy(FIRST),
            Self::Decline(_) => Self::Decline(FIRST),
            Self::UserLeaves(_) => Self::UserLeaves(FIRST),
            Self::UserSubscribes(_) => Self::UserSubscribes(FIRST),
            Self::Converse(_) => Self::Converse(FIRST),
            Self::HangUp(_) => Self::HangUp(FIRST),
            Self::UserHangsUp(_) => Self::UserHangsUp(FIRST),
            Self::UserAsks(_) => Self::UserAsks(FIRST),
            Self::FocusAsks(_) => Self::FocusAsks(FIRST),
            Self::UserThinksBetter(_) => Self::UserThinksBetter(FIRST),
            Self::FocusThinksBetter(_) => Self::FocusThinksBetter(FIRST),
            Self::UserAsksAgain(_) => Self::UserAsksAgain(FIRST),
            Self::FocusAsksAgain(_) => Self::FocusAsksAgain(FIRST),
            Self::UserRestEnds(_) => Self::UserRestEnds(FIRST),
            Self::FocusRestEnds(_) => Self::FocusRestEnds(FIRST),
            Self::NotifyUser(_) => Self::NotifyUser(FIRST),
            Self::NotifyUserEnd(_) => Self::NotifyUserEnd(FIRST),
            Self::UserSubscribeExpires(_) => Self::UserSubscribeExpires(FIRST),
            Self::UserSubscriptionExpires(_) => Self::UserSubscriptionExpires(FIRST),
            Self::UserNotifyTooLate(_) => Self::UserNotifyTooLate(FIRST),
            Self::Deliver(message) => Self::Deliver(message.of_first()),
            Self::FocusAcceptsRefer(_) => Self::FocusAcceptsRefer(FIRST),
            Self::FocusAcceptsReferQuietly(_) => Self::FocusAcceptsReferQuietly(FIRST),
            Self::FocusRefusesRefer(_) => Self::FocusRefusesRefer(FIRST),
            Self::NotifyReferrer(_) => Self::NotifyReferrer(FIRST),
            Self::GiveUp(_) => Self::GiveUp(FIRST),
            Self::FocusCancels(_) => Self::FocusCancels(FIRST),
            Self::ReferExpires(_) => Self::ReferExpires(FIRST),
            Self::ReferNotifyTooLate(_) => Self::ReferNotifyTooLate(FIRST),
            Self::Lose(message) => Self::Lose(message.of_first()),
        }
    }

    /// The optional procedure without which it cannot happen.
    #[must_use]
    pub const fn procedure(self) -> Option<Procedure> {
        match self {
            Self::Cancel | Self::FocusWithdraws | Self::CreationExpires => Some(Procedure::GivingUp),
            Self::InviteQuietly(_) | Self::FocusAcceptsReferQuietly(_) => Some(Procedure::QuietReferral),
            Self::Refresh
            | Self::Unsubscribe
            | Self::NotifyLast
            | Self::RefreshExpires
            | Self::RefreshNotifyTooLate => Some(Procedure::SubscriptionControl),
            Self::UserSubscribes(_)
            | Self::NotifyUser(_)
            | Self::NotifyUserEnd(_)
            | Self::UserSubscribeExpires(_)
            | Self::UserSubscriptionExpires(_)
            | Self::UserNotifyTooLate(_) => Some(Procedure::ManySubscribers),
            Self::Expel(_)
            | Self::FocusAcceptsExpulsion(_)
            | Self::FocusRefusesExpulsion(_)
            | Self::NotifyExpulsion(_)
            | Self::ExpulsionExpires(_)
            | Self::ExpulsionNotifyTooLate(_) => Some(Procedure::Expulsion),
            Self::Converse(_) | Self::HangUp(_) | Self::UserHangsUp(_) => Some(Procedure::Replacement),
            Self::UserAsks(_)
            | Self::FocusAsks(_)
            | Self::UserThinksBetter(_)
            | Self::FocusThinksBetter(_)
            | Self::UserAsksAgain(_)
            | Self::FocusAsksAgain(_)
            | Self::UserRestEnds(_)
            | Self::FocusRestEnds(_) => Some(Procedure::Hold),
            Self::Deliver(message) | Self::Lose(message) => message.procedure(),
            _ => None,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::Create(_)
            | Self::Subscribe
            | Self::Invite(_)
            | Self::InviteQuietly(_)
            | Self::Cancel
            | Self::Expel(_)
            | Self::FocusWithdraws
            | Self::Leave
            | Self::Ring(_)
            | Self::Answer(_)
            | Self::Busy(_)
            | Self::Decline(_)
            | Self::UserLeaves(_)
            | Self::UserSubscribes(_)
            | Self::Converse(_)
            | Self::HangUp(_)
            | Self::UserHangsUp(_)
            | Self::UserAsks(_)
            | Self::FocusAsks(_)
            | Self::UserThinksBetter(_)
            | Self::FocusThinksBetter(_)
            | Self::Refresh
            | Self::Unsubscribe => ActionKind::Command,
            Self::Deliver(_)
            | Self::FocusAdmitsCreation
            | Self::FocusRejectsCreation
            | Self::FocusAcceptsRefer(_)
            | Self::FocusAcceptsReferQuietly(_)
            | Self::FocusRefusesRefer(_)
            | Self::CreationExpires
            | Self::FocusAcceptsExpulsion(_)
            | Self::FocusRefusesExpulsion(_)
            | Self::NotifyExpulsion(_)
            | Self::ExpulsionExpires(_)
            | Self::NotifyRoster
            | Self::NotifyEnd
            | Self::NotifyLast
            | Self::RefreshExpires
            | Self::NotifyUser(_)
            | Self::NotifyUserEnd(_)
            | Self::NotifyReferrer(_)
            | Self::GiveUp(_)
            | Self::FocusCancels(_)
            | Self::UserAsksAgain(_)
            | Self::FocusAsksAgain(_)
            | Self::UserRestEnds(_)
            | Self::FocusRestEnds(_)
            | Self::SubscribeExpires
            | Self::UserSubscribeExpires(_)
            | Self::ReferExpires(_) => ActionKind::Protocol,
            Self::SubscriptionExpires | Self::UserSubscriptionExpires(_) => ActionKind::Expiry,
            Self::NotifyTooLate
            | Self::ReferNotifyTooLate(_)
            | Self::UserNotifyTooLate(_)
            | Self::ExpulsionNotifyTooLate(_)
            | Self::RefreshNotifyTooLate
            | Self::Lose(_) => ActionKind::Loss,
        }
    }
}
