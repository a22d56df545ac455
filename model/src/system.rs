//! The whole system: its state, its actions, and the `stateright::Model` over them.
//!
//! Read first: `message.rs`, `ue.rs`, `focus.rs`, `participant.rs`. Next: `claims.rs`.

use stateright::{Model, Property};

use crate::focus::{Focus, FocusLeg};
use crate::message::Message;
use crate::network::{LegNetwork, Network};
use crate::participant::Participant;
use crate::terms::{Invited, MAX_INVITED, SecondOffer};
use crate::ue::{Ue, UeLeg};

/// Everything about one invited user. Blocks of different users can be exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Leg {
    /// What the UE holds of him.
    pub ue: UeLeg,
    /// What the focus holds of him.
    pub focus: FocusLeg,
    /// He himself.
    pub participant: Participant,
    /// What is in flight for him.
    pub network: LegNetwork,
}

/// A state of the whole system.
///
/// Always in normal form ([`State::normal_form`]): whoever builds one from elsewhere has to apply it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    /// The UE.
    pub ue: Ue,
    /// The focus.
    pub focus: Focus,
    /// What is in flight between them, apart from the REFERs.
    pub network: Network,
    /// How many messages may still be lost.
    pub losses: u8,
    /// The invited users; those beyond [`Conference::invited`] stay as they are by default.
    pub legs: [Leg; MAX_INVITED],
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The UE's user creates a conference.
    Create(SecondOffer),
    /// The UE's user subscribes to the conference package.
    Subscribe,
    /// The UE's user invites somebody.
    Invite(Invited),
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

    /// A message arrives and its receiver reacts. Not for the factory INVITE nor for an acceptable REFER: there the focus has a choice.
    Deliver(Message),
    /// The factory INVITE arrives and is accepted.
    FocusAdmitsCreation,
    /// The factory INVITE arrives and is refused.
    FocusRejectsCreation,
    /// A REFER arrives and is accepted.
    FocusAcceptsRefer(Invited),
    /// A REFER arrives and is refused: by policy (603), or because the call is over (481).
    FocusRefusesRefer(Invited),

    /// The focus tells the roster to its subscriber.
    NotifyRoster,
    /// The focus tells its subscriber that the conference is over.
    NotifyEnd,
    /// The focus sends the NOTIFY that it owes the referrer: first 100, then the outcome.
    NotifyReferrer(Invited),
    /// The focus' no-answer timer fires: CANCEL.
    GiveUp(Invited),
    /// A CANCEL put off at the end of the conference becomes possible (a 100 came) and is sent.
    FocusCancels(Invited),

    /// Timer N at the UE: SUBSCRIBE accepted, the NOTIFY was lost.
    SubscribeExpires,
    /// The UE's conference subscription runs out; the focus had removed its side.
    SubscriptionExpires,
    /// The refer subscription runs out at the UE; the focus had removed its side.
    ReferExpires(Invited),

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
    /// A loss.
    Loss,
}

impl Action {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::Create(_)
            | Self::Subscribe
            | Self::Invite(_)
            | Self::Leave
            | Self::Ring(_)
            | Self::Answer(_)
            | Self::Busy(_)
            | Self::Decline(_)
            | Self::UserLeaves(_) => ActionKind::Command,
            Self::Deliver(_)
            | Self::FocusAdmitsCreation
            | Self::FocusRejectsCreation
            | Self::FocusAcceptsRefer(_)
            | Self::FocusRefusesRefer(_)
            | Self::NotifyRoster
            | Self::NotifyEnd
            | Self::NotifyReferrer(_)
            | Self::GiveUp(_)
            | Self::FocusCancels(_)
            | Self::SubscribeExpires
            | Self::ReferExpires(_) => ActionKind::Protocol,
            Self::SubscriptionExpires => ActionKind::Expiry,
            Self::Lose(_) => ActionKind::Loss,
        }
    }
}

/// The model: one UE, one focus, some users to invite, and a budget of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conference {
    /// How many users may be invited, 0 to [`MAX_INVITED`].
    pub invited: u8,
    /// How many messages may be lost in a run.
    pub losses: u8,
}

impl State {
    /// Clears what can no longer matter, so that states which differ only in that are one.
    #[must_use]
    pub fn normal_form(self) -> Self {
        todo!("first landing: types only")
    }
}

impl Model for Conference {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { losses: self.losses, ..State::default() }]
    }

    fn actions(&self, _state: &State, _actions: &mut Vec<Action>) {
        todo!("first landing: types only")
    }

    fn next_state(&self, _state: &State, _action: Action) -> Option<State> {
        todo!("first landing: types only")
    }

    fn properties(&self) -> Vec<Property<Self>> {
        todo!("first landing: types only")
    }
}
