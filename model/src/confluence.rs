//! The same conference in which answers that change nothing for anybody else arrive at once.
//!
//! What is under way multiplies the states, and much of it is an answer that its receiver does nothing with but stop
//! waiting: whether it arrives now or later, and what happens in between, comes to the same. Such a delivery is
//! *confluent*: it commutes with whatever else can happen, nothing takes it away for good, and it takes nothing away.
//! So every run of the conference is one of this model with those arrivals put first, and every state in which none of
//! them is under way is the same in both; the quiescent states are among those. What is left out are states in which
//! such an answer is late, and so it is for configurations that are too large with them; smaller ones are explored
//! with every order, and `tests/confluence.rs` holds this model to them: it tries every such arrival against every
//! other action in every state of two invited users, and compares claims, ends and sightings.
//!
//! Losses are not for this model: whatever is lost does not arrive. Nor are the optional procedures, of which nobody
//! has shown the above. Read first: `system.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::claims::claims;
use crate::conference::Conference;
use crate::message::{CallMessage, DialMessage, Message, ReferMessage, SubscriptionMessage};
use crate::procedures::Procedures;
use crate::system::State;

/// A [`Conference`] whose confluent answers arrive at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Confluent(Conference);

impl Confluent {
    /// The same as `conference`, if it is one of those for which confluence holds: nothing is lost, and there are no
    /// optional procedures.
    #[must_use]
    pub fn new(conference: Conference) -> Option<Self> {
        (conference.losses == 0 && conference.procedures == Procedures::NONE).then_some(Self(conference))
    }

    /// The delivery that comes before anything else in `state`, if there is one.
    #[must_use]
    pub fn first(state: &State, conference: &Conference) -> Option<Action> {
        let between = state.network.call.iter().map(Message::Call);
        let between = between.chain(state.network.subscription.iter().map(Message::Subscription));
        let legs = conference.invited().flat_map(|i| {
            let network = state.leg(i).network;
            let refer = network.refer.iter().map(move |kind| Message::Refer(i, kind));
            refer.chain(network.dial.iter().map(move |kind| Message::Dial(i, kind)))
        });
        between.chain(legs).find(|message| is_confluent(*message)).map(Action::Deliver)
    }

    /// What the confluent answers of `state` lead to when all of them arrive.
    #[must_use]
    pub fn arrived(&self, state: State) -> State {
        let mut state = state;
        while let Some(next) = Self::first(&state, &self.0).and_then(|action| self.0.next_state(&state, action)) {
            state = next;
        }
        state
    }
}

/// Whether `message` is an answer whose arrival commutes with everything else.
///
/// Not all of those are here: where a sighting is about an answer that is late, the model keeps it.
const fn is_confluent(message: Message) -> bool {
    match message {
        Message::Call(kind) => matches!(kind, CallMessage::ByeAnswered),
        Message::Subscription(kind) => matches!(
            kind,
            SubscriptionMessage::SubscribeOk | SubscriptionMessage::SubscribeRefused | SubscriptionMessage::NotifyOk
        ),
        Message::Refer(_, kind) => matches!(kind, ReferMessage::Accepted | ReferMessage::NotifyOk),
        Message::Dial(_, kind) => matches!(
            kind,
            DialMessage::Ack | DialMessage::Terminated | DialMessage::FocusByeAnswered | DialMessage::UserByeAnswered
        ),
        Message::Expel(..) | Message::Subscriber(..) | Message::Plain(..) | Message::Hold(..) => false,
    }
}

impl Model for Confluent {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.0.init_states()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.0.actions(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.0.next_state(state, action).map(|next| self.arrived(next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        claims()
    }
}
