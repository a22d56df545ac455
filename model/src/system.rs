//! The state of the whole system, and how each part of it reacts to a message.
//!
//! Read first: `ue.rs`, `focus.rs`, `participant.rs`, `action.rs`. Next: `conference.rs`.

use crate::action::Action;
use crate::expulsion::Expulsion;
use crate::focus::{DialOut, Focus, FocusLeg, Hosting, Report};
use crate::hold::{End, HoldEnd};
use crate::message::{CallMessage, DialMessage, Message, PlainMessage, ReferMessage, SubscriptionMessage};
use crate::network::{LegNetwork, Messages, Network};
use crate::participant::Participant;
use crate::plain::{PlainCall, PlainEnd};
use crate::subscription::{LegSubscription, Notifier, Owed, Subscription};
use crate::terms::{Invited, MAX_INVITED, Outcome, Party, Presence};
use crate::ue::{Call, Refer, Ue, UeLeg};

/// Everything about one invited user. Blocks of different users can be exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// What the UE holds of him.
    pub ue: UeLeg,
    /// What the focus holds of him.
    pub focus: FocusLeg,
    /// His expulsion.
    pub expel: Expulsion,
    /// He himself.
    pub participant: Participant,
    /// Who holds his call, as he knows it.
    pub hold: HoldEnd,
    /// His own subscription to the conference package.
    pub subscription: LegSubscription,
    /// The call that he and the UE have beside the conference.
    pub plain: PlainCall,
    /// What is in flight for him.
    pub network: LegNetwork,
}

/// What the focus makes of a REFER that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It does what it is asked to, and reports.
    Accept,
    /// It does what it is asked to, without a report, as was asked.
    AcceptQuietly,
    /// It does nothing.
    Refuse,
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
    /// The invited users; those beyond [`Conference::invited`](crate::Conference::invited) stay as they are by default.
    pub legs: [Leg; MAX_INVITED],
}

impl State {
    /// Clears what can no longer matter and counts ranks without gaps, so that states which differ only in that are
    /// one.
    #[must_use]
    pub fn normal_form(mut self) -> Self {
        if !(self.ue.subscription.is_live() && self.focus.notifier.is_live()) {
            self.focus.ahead = 0;
        }
        let up = self.focus.is_up();
        if !up || !self.focus.notifier.is_live() {
            self.focus.owed = Owed::Nothing;
        }
        self.legs.iter_mut().for_each(|leg| leg.subscription.normalise(up && !leg.expel.shuts_out()));
        self.legs.iter_mut().for_each(Leg::normalise_hold);
        let told = self.legs.iter().all(|leg| leg.focus.told == leg.focus.row());
        self.focus.behind &= up && self.focus.notifier.is_live() && self.focus.owed == Owed::Nothing && told;
        self.drop_dead_letters();
        let ranks = self.legs.map(|leg| [leg.rank(), leg.expel.rank()]);
        for leg in &mut self.legs {
            // At most 2 * MAX_INVITED of them: fits.
            let below = |rank: u8| ranks.iter().flatten().flatten().filter(|other| **other < rank).count() as u8;
            leg.network.rank = leg.rank().map_or(0, below);
            leg.expel.rank = leg.expel.rank().map_or(0, below);
            leg.network.quiet &= leg.rank().is_some();
            leg.plain.normalise(&leg.network);
        }
        if self.ue.has_left() {
            self.legs.iter_mut().for_each(|leg| leg.ue.known = Presence::Absent);
        }
        if self.focus.hosting == Hosting::Over {
            self.legs.iter_mut().for_each(|leg| leg.focus.told = Presence::Absent);
        }
        self
    }

    /// Every REFER and the reporting on it.
    pub(crate) fn referrals(&self) -> impl Iterator<Item = Referral> {
        self.legs.iter().flat_map(Leg::referrals)
    }

    /// Takes away the messages that their receivers will ignore whenever they arrive.
    fn drop_dead_letters(&mut self) {
        let call = &mut self.network.call;
        if !matches!(self.ue.call, Call::Early { .. }) {
            call.remove(CallMessage::PrackOk);
            call.remove(CallMessage::PrackOkWithAnswer);
            call.remove(CallMessage::UpdateOk);
        }
        let calling = matches!(self.ue.call, Call::Calling { .. }) || self.ue.gives_up();
        if !calling {
            call.remove(CallMessage::Progress);
        }
        if !calling && !matches!(self.ue.call, Call::Early { .. }) {
            call.remove(CallMessage::Reject);
        }
        if self.focus.hosting != Hosting::Answered {
            call.remove(CallMessage::Ack);
        }
        if !self.focus.is_promised() {
            call.remove(CallMessage::Cancel);
        }
        if self.ue.subscription != (Subscription::Subscribing { answered: false }) {
            self.network.subscription.remove(SubscriptionMessage::SubscribeOk);
        }
        let subscribed = [Subscription::Active, Subscription::Refreshing, Subscription::Leaving];
        if !subscribed.contains(&self.ue.subscription) {
            // A refresh that is on its way ends with its subscription.
            for kind in SubscriptionMessage::OF_REFRESH {
                self.network.subscription.remove(kind);
            }
        }
        for leg in &mut self.legs {
            if leg.ue.refer != Refer::Sent {
                leg.network.refer.remove(ReferMessage::Accepted);
                leg.network.refer.remove(ReferMessage::AcceptedQuietly);
            }
            if leg.subscription.subscriber != (Subscription::Subscribing { answered: false }) {
                leg.network.subscription.remove(SubscriptionMessage::SubscribeOk);
            }
            if leg.expel.ue != Refer::Sent {
                leg.expel.network.remove(ReferMessage::Accepted);
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
            Message::Expel(invited, kind) => self.leg(invited).expel.network.contains(kind),
            Message::Dial(invited, kind) => self.leg(invited).network.dial.contains(kind),
            Message::Subscriber(invited, kind) => self.leg(invited).network.subscription.contains(kind),
            Message::Plain(invited, kind) => self.leg(invited).network.plain.contains(kind),
            Message::Hold(invited, kind) => self.leg(invited).network.hold.contains(kind),
        }
    }

    /// Whether nothing at all is in flight.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.network == Network::default() && self.legs.iter().all(|leg| leg.in_flight_count() == 0)
    }

    /// How many messages are in flight.
    #[must_use]
    pub fn in_flight_count(&self) -> u32 {
        let between = self.network.call.len() + self.network.subscription.len();
        self.legs.iter().map(Leg::in_flight_count).sum::<u32>() + between
    }

    /// Whether there is a conference of which this user may be told: who is expelled is not told any more.
    pub(crate) fn tells(&self, invited: Invited) -> bool {
        self.focus.is_up() && !self.leg(invited).expel.shuts_out()
    }

    /// Whether this user's subscription has nothing to be about any more.
    pub(crate) fn is_over_for(&self, leg: &Leg) -> bool {
        self.focus.hosting == Hosting::Over || leg.expel.shuts_out()
    }

    /// The block of one invited user.
    #[must_use]
    pub fn leg(&self, invited: Invited) -> &Leg {
        &self.legs[invited.index()]
    }

    pub(crate) fn leg_mut(&mut self, invited: Invited) -> &mut Leg {
        &mut self.legs[invited.index()]
    }

    pub(crate) fn take(&mut self, message: Message) {
        match message {
            Message::Call(kind) => self.network.call.remove(kind),
            Message::Subscription(kind) => self.network.subscription.remove(kind),
            Message::Refer(invited, kind) => self.leg_mut(invited).network.refer.remove(kind),
            Message::Expel(invited, kind) => self.leg_mut(invited).expel.network.remove(kind),
            Message::Dial(invited, kind) => self.leg_mut(invited).network.dial.remove(kind),
            Message::Subscriber(invited, kind) => self.leg_mut(invited).network.subscription.remove(kind),
            Message::Plain(invited, kind) => self.leg_mut(invited).network.plain.remove(kind),
            Message::Hold(invited, kind) => self.leg_mut(invited).network.hold.remove(kind),
        };
    }

    /// Every REFER in flight with a rank below `rank` has been overtaken.
    fn overtake(&mut self, rank: u8) {
        for leg in &mut self.legs {
            if leg.rank().is_some_and(|other| other < rank) {
                leg.network.refer.remove(ReferMessage::Refer);
                leg.network.refer.insert(ReferMessage::OvertakenRefer);
            }
            if leg.expel.rank().is_some_and(|other| other < rank) {
                leg.expel.network.remove(ReferMessage::Refer);
                leg.expel.network.insert(ReferMessage::OvertakenRefer);
            }
        }
    }

    /// The full or partial document brings the focus' `told` column up to date.
    pub(crate) fn tell_roster(&mut self) {
        self.focus.send_document(&mut self.network.subscription);
        for leg in &mut self.legs {
            leg.focus.told = leg.focus.row();
        }
    }

    /// The last document, which ends the subscription.
    pub(crate) fn tell_last(&mut self) {
        self.focus.send_last(&mut self.network.subscription);
        for leg in &mut self.legs {
            leg.focus.told = leg.focus.row();
        }
    }

    /// The UE sends a SUBSCRIBE inside D2.
    fn control(&mut self, message: SubscriptionMessage, next: Subscription) {
        self.network.subscription.insert(message);
        self.ue.subscription = next;
    }

    /// Whoever subscribed has to learn of what is in the roster now and was not `before`.
    pub(crate) fn note_changes(&mut self, before: &Self) {
        // A row says which way the media flow, and so which end holds.
        let row = |leg: &Leg| {
            let HoldEnd { holds, held, .. } = leg.focus.hold;
            (leg.focus.row(), holds, held)
        };
        let rows = |state: &Self| state.legs.map(|leg| row(&leg));
        if rows(self) != rows(before) {
            self.legs.iter_mut().for_each(|leg| leg.subscription.on_change());
            self.focus.behind = true;
        }
    }

    /// `message` leaves the network and its receiver reacts.
    pub(crate) fn deliver(&mut self, message: Message) {
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
                if self.ue.subscription.on_message(kind, sent) {
                    self.focus.ahead = 0;
                    for leg in &mut self.legs {
                        leg.ue.known = leg.focus.told;
                    }
                }
            }
            (Message::Subscription(kind @ (SubscriptionMessage::Refresh | SubscriptionMessage::Unsubscribe)), _) => {
                let owed = if kind == SubscriptionMessage::Refresh { Owed::Full } else { Owed::Last };
                match self.focus.on_control(owed, &mut self.network.subscription) {
                    Owed::Nothing => {}
                    Owed::Full => self.tell_roster(),
                    Owed::Last => self.tell_last(),
                }
            }
            (Message::Subscription(kind), _) => {
                let up = self.focus.is_up();
                if self.focus.notifier.on_message(up, kind, &mut self.network.subscription) {
                    self.tell_roster();
                }
            }
            (Message::Refer(invited, kind), Party::Ue) => {
                let leg = self.leg_mut(invited);
                leg.ue.refer.on_message(kind, &mut leg.network.refer);
            }
            (Message::Refer(invited, kind), _) => {
                let leg = self.leg_mut(invited);
                leg.focus.report.on_message(kind, &mut leg.network.refer);
            }
            (Message::Expel(invited, kind), receiver) => {
                let expel = &mut self.leg_mut(invited).expel;
                match receiver {
                    Party::Ue => expel.ue.on_message(kind, &mut expel.network),
                    _ => expel.report.on_message(kind, &mut expel.network),
                }
            }
            (Message::Subscriber(invited, kind), Party::Participant(_)) => {
                let leg = self.leg_mut(invited);
                leg.subscription.on_subscriber_message(kind, &mut leg.network.subscription);
            }
            (Message::Subscriber(invited, kind), _) => {
                let up = self.tells(invited);
                let leg = self.leg_mut(invited);
                leg.subscription.on_notifier_message(up, kind, &mut leg.network.subscription);
            }
            (Message::Plain(invited, kind), Party::Ue) => {
                let leg = self.leg_mut(invited);
                leg.plain.on_ue_message(kind, &mut leg.network.plain);
            }
            (Message::Plain(invited, kind), _) => {
                let leg = self.leg_mut(invited);
                leg.plain.on_user_message(kind, &mut leg.network.plain);
            }
            (Message::Hold(invited, kind), _) => self.leg_mut(invited).on_hold(kind),
            (Message::Dial(invited, DialMessage::Invite), Party::Participant(_)) if self.leg(invited).plain.named => {
                let leg = self.leg_mut(invited);
                leg.plain.give_way(&mut leg.participant, &mut leg.network);
            }
            (Message::Dial(invited, kind), Party::Participant(_)) => {
                let leg = self.leg_mut(invited);
                leg.participant.on_dial(kind, &mut leg.network.dial);
            }
            (Message::Dial(invited, kind), _) => {
                let leg = self.leg_mut(invited);
                leg.focus.on_dial(kind, &mut leg.network.dial);
                if kind == DialMessage::FocusByeAnswered {
                    leg.expel.on_bye_over(true);
                }
            }
        }
    }

    /// `message` is lost: whoever sent the request of its transaction sees the time-out.
    pub(crate) fn lose(&mut self, message: Message) {
        self.take(message);
        self.lost += 1;
        match message {
            Message::Call(_) => self.ue.on_call_timeout(),
            Message::Subscription(kind) => match kind {
                SubscriptionMessage::Subscribe
                | SubscriptionMessage::SubscribeOk
                | SubscriptionMessage::SubscribeRefused => self.ue.subscription.on_subscribe_timeout(),
                SubscriptionMessage::Refresh
                | SubscriptionMessage::Unsubscribe
                | SubscriptionMessage::RefreshOk
                | SubscriptionMessage::RefreshRefused => self.ue.subscription.on_refresh_timeout(),
                SubscriptionMessage::NotifyLast
                | SubscriptionMessage::Notify
                | SubscriptionMessage::NotifyEnd
                | SubscriptionMessage::NotifyOk
                | SubscriptionMessage::NotifyRefused => self.focus.notifier = Notifier::Removed,
            },
            Message::Refer(invited, kind) => {
                let leg = self.leg_mut(invited);
                lose_about_refer(kind, &mut leg.ue.refer, &mut leg.focus.report);
            }
            Message::Expel(invited, kind) => {
                let expel = &mut self.leg_mut(invited).expel;
                lose_about_refer(kind, &mut expel.ue, &mut expel.report);
            }
            Message::Subscriber(invited, kind) => self.leg_mut(invited).subscription.on_lost(kind),
            Message::Plain(invited, kind) => self.leg_mut(invited).plain.on_lost(kind),
            // It is never lost.
            Message::Hold(..) => {}
            Message::Dial(invited, kind) => {
                let leg = self.leg_mut(invited);
                match kind {
                    DialMessage::Invite => leg.focus.fail(Outcome::TimedOut),
                    DialMessage::FocusBye | DialMessage::FocusByeAnswered => {
                        leg.focus.dial = DialOut::Over;
                        leg.expel.on_bye_over(false);
                    }
                    _ => leg.participant = Participant::Over,
                }
            }
        }
    }

    pub(crate) fn command(&mut self, action: Action) {
        match action {
            Action::Create(second_offer) => {
                self.network.call.insert(CallMessage::Invite);
                self.ue.call = Call::Calling { second_offer };
            }
            Action::Subscribe => {
                self.network.subscription.insert(SubscriptionMessage::Subscribe);
                self.ue.subscription = Subscription::Subscribing { answered: false };
                // A new subscription knows nothing of an earlier one, its versions included (RFC 4575 4.6).
                for leg in &mut self.legs {
                    leg.ue.known = Presence::Absent;
                    leg.focus.told = Presence::Absent;
                }
            }
            Action::Refresh => self.control(SubscriptionMessage::Refresh, Subscription::Refreshing),
            Action::Unsubscribe => self.control(SubscriptionMessage::Unsubscribe, Subscription::Leaving),
            Action::Invite(invited) | Action::InviteQuietly(invited) => {
                let rank = self.next_rank();
                let leg = self.leg_mut(invited);
                leg.network.refer.insert(ReferMessage::Refer);
                leg.network.rank = rank;
                leg.network.quiet = matches!(action, Action::InviteQuietly(_));
                leg.ue.refer = Refer::Sent;
                leg.plain.named = leg.plain.ue == PlainEnd::Up;
            }
            Action::Cancel => self.ue.give_up(&mut self.network.call),
            Action::Expel(invited) => {
                let rank = self.next_rank();
                let expel = &mut self.leg_mut(invited).expel;
                expel.network.insert(ReferMessage::Refer);
                expel.rank = rank;
                expel.ue = Refer::Sent;
            }
            Action::Leave => {
                self.network.call.insert(CallMessage::Bye);
                self.ue.call = Call::Leaving;
            }
            Action::Ring(invited) => self.answer(invited, DialMessage::Ringing, Participant::Ringing),
            Action::Answer(invited) => self.answer(invited, DialMessage::Answer, Participant::Answered),
            Action::Busy(invited) => self.answer(invited, DialMessage::Busy, Participant::Over),
            Action::Decline(invited) => self.answer(invited, DialMessage::Decline, Participant::Over),
            Action::Converse(invited) => self.leg_mut(invited).plain.begin(),
            Action::HangUp(invited) => {
                let leg = self.leg_mut(invited);
                leg.network.plain.insert(PlainMessage::UeBye);
                leg.plain.ue = PlainEnd::Leaving;
            }
            Action::UserHangsUp(invited) => {
                let leg = self.leg_mut(invited);
                leg.network.plain.insert(PlainMessage::UserBye);
                leg.plain.user = PlainEnd::Leaving;
            }
            Action::UserSubscribes(invited) => {
                let leg = self.leg_mut(invited);
                leg.subscription.subscribe(&mut leg.network.subscription);
            }
            Action::UserLeaves(invited) => self.answer(invited, DialMessage::UserBye, Participant::Leaving),
            Action::UserAsks(invited) => self.leg_mut(invited).ask(End::User),
            Action::FocusAsks(invited) => self.leg_mut(invited).ask(End::Focus),
            Action::UserThinksBetter(invited) => self.leg_mut(invited).think_better(End::User),
            Action::FocusThinksBetter(invited) => self.leg_mut(invited).think_better(End::Focus),
            _ => {}
        }
    }

    /// The rank of a REFER that is sent now: above all in flight.
    fn next_rank(&self) -> u8 {
        // At most 2 * MAX_INVITED of them: fits.
        self.legs.iter().flat_map(|leg| [leg.rank(), leg.expel.rank()]).flatten().count() as u8
    }

    /// The focus reacts to the REFER to expel `invited`, in order or not.
    pub(crate) fn decide_expulsion(&mut self, invited: Invited, accepted: bool) {
        let rank = self.leg(invited).expel.rank();
        self.take(Message::Expel(invited, ReferMessage::Refer));
        self.take(Message::Expel(invited, ReferMessage::OvertakenRefer));
        if let Some(rank) = rank {
            self.overtake(rank);
        }
        let leg = self.leg_mut(invited);
        if accepted {
            leg.expel.accept(&mut leg.focus, &mut leg.network);
        } else {
            leg.expel.network.insert(ReferMessage::Refused);
        }
    }

    /// The invited user says `message` in D3(i).
    fn answer(&mut self, invited: Invited, message: DialMessage, next: Participant) {
        let leg = self.leg_mut(invited);
        leg.network.dial.insert(message);
        leg.participant = next;
    }

    /// The focus reacts to the REFER for `invited`, in order or not.
    pub(crate) fn decide_refer(&mut self, invited: Invited, decision: Decision) {
        let rank = self.leg(invited).rank();
        self.take(Message::Refer(invited, ReferMessage::Refer));
        self.take(Message::Refer(invited, ReferMessage::OvertakenRefer));
        if let Some(rank) = rank {
            self.overtake(rank);
        }
        let leg = self.leg_mut(invited);
        match decision {
            Decision::Accept => leg.focus.accept_refer(false, &mut leg.network),
            Decision::AcceptQuietly => leg.focus.accept_refer(true, &mut leg.network),
            Decision::Refuse => {
                leg.network.refer.insert(ReferMessage::Refused);
            }
        }
    }
}

/// A message about a REFER is lost: its sender, or that of the NOTIFY, sees the time-out.
fn lose_about_refer(kind: ReferMessage, refer: &mut Refer, report: &mut Report) {
    match kind {
        ReferMessage::Refer
        | ReferMessage::OvertakenRefer
        | ReferMessage::Accepted
        | ReferMessage::AcceptedQuietly
        | ReferMessage::Refused
        | ReferMessage::OutOfOrder => refer.on_timeout(),
        ReferMessage::Trying | ReferMessage::Report(_) | ReferMessage::NotifyOk | ReferMessage::NotifyRefused => {
            *report = Report::Removed;
        }
    }
}

/// One REFER and the reporting on it, whatever it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Referral {
    /// What the UE knows of it.
    pub(crate) ue: Refer,
    /// The focus' side of its subscription.
    pub(crate) report: Report,
    /// How what it asks for ended.
    pub(crate) outcome: Option<Outcome>,
    /// What is in flight of it.
    pub(crate) network: Messages<ReferMessage>,
}

impl Leg {
    /// The two REFERs about this user: to invite and to expel him.
    pub(crate) const fn referrals(&self) -> [Referral; 2] {
        let Self { ue, focus, expel, network, .. } = self;
        [
            Referral { ue: ue.refer, report: focus.report, outcome: focus.outcome, network: network.refer },
            Referral { ue: expel.ue, report: expel.report, outcome: expel.outcome, network: expel.network },
        ]
    }

    /// How many messages about him are in flight.
    fn in_flight_count(&self) -> u32 {
        self.network.len() + self.expel.network.len()
    }

    /// The rank of its REFER, if one is in flight and has not been overtaken.
    fn rank(&self) -> Option<u8> {
        self.network.refer.contains(ReferMessage::Refer).then_some(self.network.rank)
    }
}
