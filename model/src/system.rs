//! The whole system: its state and the `stateright::Model` over it.
//!
//! Read first: `ue.rs`, `focus.rs`, `participant.rs`, `action.rs`. Next: `claims.rs`.

use stateright::{Model, Property};

use crate::action::Action;
use crate::claims::claims;
use crate::focus::{DialOut, Focus, FocusLeg, Hosting, Notifier, Report};
use crate::message::{CallMessage, DialMessage, Message, ReferMessage, SubscriptionMessage};
use crate::network::{LegNetwork, Network};
use crate::participant::Participant;
use crate::sightings::sightings;
use crate::terms::{Invited, MAX_INVITED, Outcome, Party, Presence, SecondOffer};
use crate::ue::{Call, Refer, Subscription, Ue, UeLeg};

/// Everything about one invited user. Blocks of different users can be exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// The UE.
    pub ue: Ue,
    /// The focus.
    pub focus: Focus,
    /// What is in flight between them, apart from the REFERs.
    pub network: Network,
    /// How many messages have been lost for good, or came too late.
    pub lost: u8,
    /// The invited users; those beyond [`Conference::invited`] stay as they are by default.
    pub legs: [Leg; MAX_INVITED],
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
    /// Clears what can no longer matter and counts ranks without gaps, so that states which differ only in that are
    /// one.
    #[must_use]
    pub fn normal_form(mut self) -> Self {
        let versions_matter = matches!(self.ue.subscription, Subscription::Subscribing { .. } | Subscription::Active)
            && matches!(self.focus.notifier, Notifier::Active | Notifier::Notifying);
        if !versions_matter {
            self.focus.ahead = 0;
        }
        self.drop_dead_letters();
        let ranks = self.legs.map(|leg| leg.rank());
        for leg in &mut self.legs {
            let below = |rank: u8| ranks.iter().flatten().filter(|other| **other < rank).count();
            // At most MAX_INVITED of them: fits.
            leg.network.rank = leg.rank().map_or(0, |rank| below(rank) as u8);
        }
        if self.ue.has_left() {
            self.legs.iter_mut().for_each(|leg| leg.ue.known = Presence::Absent);
        }
        if self.focus.hosting == Hosting::Over {
            self.legs.iter_mut().for_each(|leg| leg.focus.told = Presence::Absent);
        }
        self
    }

    /// Takes away the messages that their receivers will ignore whenever they arrive.
    fn drop_dead_letters(&mut self) {
        let call = &mut self.network.call;
        if !matches!(self.ue.call, Call::Early { .. }) {
            call.remove(CallMessage::PrackOk);
            call.remove(CallMessage::PrackOkWithAnswer);
            call.remove(CallMessage::UpdateOk);
        }
        if self.focus.hosting != Hosting::Answered {
            call.remove(CallMessage::Ack);
        }
        if self.ue.subscription != (Subscription::Subscribing { answered: false }) {
            self.network.subscription.remove(SubscriptionMessage::SubscribeOk);
        }
        for leg in &mut self.legs {
            if leg.ue.refer != Refer::Sent {
                leg.network.refer.remove(ReferMessage::Accepted);
            }
            if !matches!(leg.focus.dial, DialOut::Calling | DialOut::Abandoned) {
                leg.network.dial.remove(DialMessage::Ringing);
            }
            if leg.participant != Participant::Answered {
                leg.network.dial.remove(DialMessage::Ack);
            }
            if !leg.participant.is_offered() {
                leg.network.dial.remove(DialMessage::Cancel);
            }
        }
    }

    /// Whether `message` is in flight.
    #[must_use]
    pub fn in_flight(&self, message: Message) -> bool {
        match message {
            Message::Call(kind) => self.network.call.contains(kind),
            Message::Subscription(kind) => self.network.subscription.contains(kind),
            Message::Refer(invited, kind) => self.leg(invited).network.refer.contains(kind),
            Message::Dial(invited, kind) => self.leg(invited).network.dial.contains(kind),
        }
    }

    /// Whether nothing at all is in flight.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.network == Network::default()
            && self.legs.iter().all(|leg| leg.network.refer.is_empty() && leg.network.dial.is_empty())
    }

    /// How many messages are in flight.
    #[must_use]
    pub fn in_flight_count(&self) -> u32 {
        let between = self.network.call.len() + self.network.subscription.len();
        self.legs.iter().map(|leg| leg.network.refer.len() + leg.network.dial.len()).sum::<u32>() + between
    }

    /// The block of one invited user.
    #[must_use]
    pub fn leg(&self, invited: Invited) -> &Leg {
        &self.legs[invited.index()]
    }

    fn leg_mut(&mut self, invited: Invited) -> &mut Leg {
        &mut self.legs[invited.index()]
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Call(kind) => self.network.call.remove(kind),
            Message::Subscription(kind) => self.network.subscription.remove(kind),
            Message::Refer(invited, kind) => self.leg_mut(invited).network.refer.remove(kind),
            Message::Dial(invited, kind) => self.leg_mut(invited).network.dial.remove(kind),
        };
    }

    /// Every REFER in flight with a rank below `rank` has been overtaken.
    fn overtake(&mut self, rank: u8) {
        for leg in &mut self.legs {
            if leg.rank().is_some_and(|other| other < rank) {
                leg.network.refer.remove(ReferMessage::Refer);
                leg.network.refer.insert(ReferMessage::OvertakenRefer);
            }
        }
    }

    /// The full or partial document brings the focus' `told` column up to date.
    fn tell_roster(&mut self) {
        self.focus.send_document(&mut self.network.subscription);
        for leg in &mut self.legs {
            leg.focus.told = leg.focus.row();
        }
    }

    /// `message` leaves the network and its receiver reacts.
    fn deliver(&mut self, message: Message) {
        self.take(message);
        match (message, message.receiver()) {
            (Message::Call(kind), Party::Ue) => self.ue.on_call(kind, &mut self.network.call),
            (Message::Call(kind), _) => {
                if self.focus.on_call(kind, &mut self.network.call) {
                    self.overtake(u8::MAX);
                    for leg in &mut self.legs {
                        leg.focus.on_conference_over(&mut leg.network.dial);
                    }
                }
            }
            (Message::Subscription(kind), Party::Ue) => {
                let sent = &mut self.network.subscription;
                if self.ue.on_subscription(kind, sent) {
                    self.focus.ahead = 0;
                    for leg in &mut self.legs {
                        leg.ue.known = leg.focus.told;
                    }
                }
            }
            (Message::Subscription(kind), _) => {
                let mut sent = self.network.subscription;
                let subscribed = self.focus.on_subscription(kind, &mut sent);
                self.network.subscription = sent;
                if subscribed {
                    self.tell_roster();
                }
            }
            (Message::Refer(invited, kind), Party::Ue) => {
                let leg = self.leg_mut(invited);
                leg.ue.on_refer(kind, &mut leg.network.refer);
            }
            (Message::Refer(invited, kind), _) => {
                let leg = self.leg_mut(invited);
                leg.focus.on_refer(kind, &mut leg.network.refer);
            }
            (Message::Dial(invited, kind), Party::Participant(_)) => {
                let leg = self.leg_mut(invited);
                leg.participant.on_dial(kind, &mut leg.network.dial);
            }
            (Message::Dial(invited, kind), _) => {
                let leg = self.leg_mut(invited);
                leg.focus.on_dial(kind, &mut leg.network.dial);
            }
        }
    }

    /// `message` is lost: whoever sent the request of its transaction sees the time-out.
    fn lose(&mut self, message: Message) {
        self.take(message);
        self.lost += 1;
        match message {
            Message::Call(_) => self.ue.on_call_timeout(),
            Message::Subscription(kind) => match kind {
                SubscriptionMessage::Subscribe
                | SubscriptionMessage::SubscribeOk
                | SubscriptionMessage::SubscribeRefused => self.ue.on_subscribe_timeout(),
                SubscriptionMessage::Notify
                | SubscriptionMessage::NotifyEnd
                | SubscriptionMessage::NotifyOk
                | SubscriptionMessage::NotifyRefused => self.focus.notifier = Notifier::Removed,
            },
            Message::Refer(invited, kind) => {
                let leg = self.leg_mut(invited);
                match kind {
                    ReferMessage::Refer
                    | ReferMessage::OvertakenRefer
                    | ReferMessage::Accepted
                    | ReferMessage::Refused
                    | ReferMessage::OutOfOrder => leg.ue.on_refer_timeout(),
                    ReferMessage::Trying
                    | ReferMessage::Report(_)
                    | ReferMessage::NotifyOk
                    | ReferMessage::NotifyRefused => leg.focus.report = Report::Removed,
                }
            }
            Message::Dial(invited, kind) => {
                let leg = self.leg_mut(invited);
                match kind {
                    DialMessage::Invite => leg.focus.fail(Outcome::TimedOut),
                    DialMessage::FocusBye | DialMessage::FocusByeAnswered => {
                        leg.focus.dial = DialOut::Over;
                    }
                    _ => leg.participant = Participant::Over,
                }
            }
        }
    }

    fn command(&mut self, action: Action) {
        match action {
            Action::Create(second_offer) => {
                self.network.call.insert(CallMessage::Invite);
                self.ue.call = Call::Calling { second_offer };
            }
            Action::Subscribe => {
                self.network.subscription.insert(SubscriptionMessage::Subscribe);
                self.ue.subscription = Subscription::Subscribing { answered: false };
            }
            Action::Invite(invited) => {
                // At most MAX_INVITED of them: fits.
                let rank = self.legs.iter().filter_map(|leg| leg.rank()).count() as u8;
                let leg = self.leg_mut(invited);
                leg.network.refer.insert(ReferMessage::Refer);
                leg.network.rank = rank;
                leg.ue.refer = Refer::Sent;
            }
            Action::Leave => {
                self.network.call.insert(CallMessage::Bye);
                self.ue.call = Call::Leaving;
            }
            Action::Ring(invited) => self.answer(invited, DialMessage::Ringing, Participant::Ringing),
            Action::Answer(invited) => self.answer(invited, DialMessage::Answer, Participant::Answered),
            Action::Busy(invited) => self.answer(invited, DialMessage::Busy, Participant::Over),
            Action::Decline(invited) => self.answer(invited, DialMessage::Decline, Participant::Over),
            Action::UserLeaves(invited) => self.answer(invited, DialMessage::UserBye, Participant::Leaving),
            _ => {}
        }
    }

    /// The invited user says `message` in D3(i).
    fn answer(&mut self, invited: Invited, message: DialMessage, next: Participant) {
        let leg = self.leg_mut(invited);
        leg.network.dial.insert(message);
        leg.participant = next;
    }

    /// The focus reacts to the REFER for `invited`, in order or not.
    fn decide_refer(&mut self, invited: Invited, accepted: bool) {
        let rank = self.leg(invited).rank();
        self.take(Message::Refer(invited, ReferMessage::Refer));
        self.take(Message::Refer(invited, ReferMessage::OvertakenRefer));
        if let Some(rank) = rank {
            self.overtake(rank);
        }
        let leg = self.leg_mut(invited);
        if accepted {
            leg.focus.accept_refer(&mut leg.network);
        } else {
            leg.network.refer.insert(ReferMessage::Refused);
        }
    }
}

impl Leg {
    /// The rank of its REFER, if one is in flight and has not been overtaken.
    fn rank(&self) -> Option<u8> {
        self.network.refer.contains(ReferMessage::Refer).then_some(self.network.rank)
    }
}

impl Conference {
    /// The invited users of this configuration.
    pub fn invited(&self) -> impl Iterator<Item = Invited> {
        Invited::ALL.into_iter().take(usize::from(self.invited))
    }

    /// Whether `action` can happen in `state`.
    #[must_use]
    pub fn enabled(&self, state: &State, action: Action) -> bool {
        let confirmed = state.ue.call == Call::Confirmed;
        match action {
            Action::Create(_) => state.ue.call == Call::Idle,
            Action::Subscribe => confirmed && state.ue.subscription == Subscription::None,
            Action::Invite(i) => {
                confirmed && i.index() < usize::from(self.invited) && state.leg(i).ue.refer == Refer::Idle
            }
            Action::Leave => confirmed,
            Action::Ring(i) => state.leg(i).participant == Participant::Offered,
            Action::Answer(i) | Action::Busy(i) | Action::Decline(i) => state.leg(i).participant.is_offered(),
            Action::UserLeaves(i) => state.leg(i).participant == Participant::InCall,
            Action::Deliver(message) => {
                let choice =
                    matches!(message, Message::Call(CallMessage::Invite) | Message::Refer(_, ReferMessage::Refer));
                !choice && state.in_flight(message)
            }
            Action::FocusAdmitsCreation | Action::FocusRejectsCreation => {
                state.in_flight(Message::Call(CallMessage::Invite))
            }
            Action::FocusAcceptsRefer(i) => state.in_flight(Message::Refer(i, ReferMessage::Refer)),
            Action::FocusRefusesRefer(i) => {
                let message = if state.focus.is_up() { ReferMessage::Refer } else { ReferMessage::OvertakenRefer };
                state.in_flight(Message::Refer(i, message))
            }
            Action::Lose(message) => state.lost < self.losses && message.may_be_lost() && state.in_flight(message),
            Action::NotifyTooLate => {
                state.lost < self.losses
                    && state.ue.subscription == (Subscription::Subscribing { answered: true })
                    && state.network.subscription.contains(SubscriptionMessage::Notify)
            }
            Action::ReferNotifyTooLate(i) => {
                let leg = state.leg(i);
                // It may also wait behind a NOTIFY about somebody else that does not get through.
                let coming = leg.focus.report == Report::OwesTrying || leg.network.refer.contains(ReferMessage::Trying);
                state.lost < self.losses && leg.ue.refer == Refer::Accepted && coming
            }
            _ => Self::due(state, action),
        }
    }

    /// [`Self::enabled`] for what the focus sends on its own and for the timers.
    fn due(state: &State, action: Action) -> bool {
        let notifier = state.focus.notifier;
        match action {
            Action::NotifyRoster => {
                notifier == Notifier::Active
                    && state.focus.is_up()
                    && state.legs.iter().any(|leg| leg.focus.told != leg.focus.row())
            }
            Action::NotifyEnd => notifier == Notifier::Active && state.focus.hosting == Hosting::Over,
            Action::NotifyReferrer(i) => {
                state.leg(i).focus.owes_report() && !state.legs.iter().any(|leg| leg.focus.report_is_open())
            }
            Action::GiveUp(i) => {
                let leg = state.leg(i);
                matches!(leg.focus.dial, DialOut::Calling | DialOut::Alerting)
                    && !leg.network.dial.contains(DialMessage::Invite)
            }
            Action::FocusCancels(i) => {
                let leg = state.leg(i);
                leg.focus.dial == DialOut::Abandoned && !leg.network.dial.contains(DialMessage::Invite)
            }
            Action::SubscribeExpires => {
                state.ue.subscription == (Subscription::Subscribing { answered: true }) && notifier == Notifier::Removed
            }
            Action::SubscriptionExpires => {
                state.ue.subscription == Subscription::Active && notifier == Notifier::Removed
            }
            Action::ReferExpires(i) => {
                let leg = state.leg(i);
                matches!(leg.ue.refer, Refer::Accepted | Refer::Trying) && leg.focus.report == Report::Removed
            }
            _ => false,
        }
    }
}

impl Model for Conference {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut offer = |action| {
            if self.enabled(state, action) {
                actions.push(action);
            }
        };
        for action in [
            Action::Create(SecondOffer::InPrack),
            Action::Create(SecondOffer::InUpdate),
            Action::Subscribe,
            Action::Leave,
            Action::FocusAdmitsCreation,
            Action::FocusRejectsCreation,
            Action::NotifyRoster,
            Action::NotifyEnd,
            Action::SubscribeExpires,
            Action::SubscriptionExpires,
            Action::NotifyTooLate,
        ] {
            offer(action);
        }
        for message in state.network.call.iter().map(Message::Call) {
            offer(Action::Deliver(message));
            offer(Action::Lose(message));
        }
        for message in state.network.subscription.iter().map(Message::Subscription) {
            offer(Action::Deliver(message));
            offer(Action::Lose(message));
        }
        for i in self.invited() {
            for action in [
                Action::Invite(i),
                Action::FocusAcceptsRefer(i),
                Action::FocusRefusesRefer(i),
                Action::NotifyReferrer(i),
                Action::Ring(i),
                Action::Answer(i),
                Action::Busy(i),
                Action::Decline(i),
                Action::UserLeaves(i),
                Action::GiveUp(i),
                Action::FocusCancels(i),
                Action::ReferExpires(i),
                Action::ReferNotifyTooLate(i),
            ] {
                offer(action);
            }
            let network = state.leg(i).network;
            for message in network.refer.iter().map(|kind| Message::Refer(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
            for message in network.dial.iter().map(|kind| Message::Dial(i, kind)) {
                offer(Action::Deliver(message));
                offer(Action::Lose(message));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        if !self.enabled(state, action) {
            return None;
        }
        let mut next = *state;
        match action {
            Action::Create(_)
            | Action::Subscribe
            | Action::Invite(_)
            | Action::Leave
            | Action::Ring(_)
            | Action::Answer(_)
            | Action::Busy(_)
            | Action::Decline(_)
            | Action::UserLeaves(_) => next.command(action),
            Action::Deliver(message) => next.deliver(message),
            Action::FocusAdmitsCreation => {
                next.take(Message::Call(CallMessage::Invite));
                next.network.call.insert(CallMessage::Progress);
                next.focus.hosting = Hosting::Early;
            }
            Action::FocusRejectsCreation => {
                next.take(Message::Call(CallMessage::Invite));
                next.network.call.insert(CallMessage::Reject);
            }
            Action::FocusAcceptsRefer(i) => next.decide_refer(i, true),
            Action::FocusRefusesRefer(i) => next.decide_refer(i, false),
            Action::NotifyRoster => next.tell_roster(),
            Action::NotifyEnd => {
                next.network.subscription.insert(SubscriptionMessage::NotifyEnd);
                next.focus.notifier = Notifier::Ending;
            }
            Action::NotifyReferrer(i) => {
                let leg = next.leg_mut(i);
                leg.focus.send_report(&mut leg.network.refer);
            }
            Action::GiveUp(i) | Action::FocusCancels(i) => {
                let leg = next.leg_mut(i);
                leg.focus.cancel(&mut leg.network.dial);
            }
            Action::SubscribeExpires => next.ue.subscription = Subscription::Failed,
            Action::SubscriptionExpires => next.ue.subscription = Subscription::Ended,
            Action::ReferExpires(i) => next.leg_mut(i).ue.refer = Refer::Unknown,
            Action::NotifyTooLate => {
                next.lost += 1;
                next.ue.subscription = Subscription::Failed;
            }
            Action::ReferNotifyTooLate(i) => {
                next.lost += 1;
                next.leg_mut(i).ue.refer = Refer::Unknown;
            }
            Action::Lose(message) => next.lose(message),
        }
        Some(next.normal_form())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = claims();
        properties.extend(sightings(usize::from(self.invited)));
        properties
    }
}
