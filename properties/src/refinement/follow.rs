//! The other direction: a path through the model becomes a schedule that the implementation follows.
//!
//! The implementation is prompter than the model has to be (it sends a NOTIFY that it owes at once), so the actions
//! that it takes by itself are passed over, and where the model lets a timer fire while something is in flight the
//! schedule first delivers it. Whether the schedule shows what the path was to show is for the caller to check.

use imsconf_model::{Action, CallMessage, Change, Message, ReferMessage};
use thiserror::Error;

use super::alpha::alpha;
use super::flight;
use crate::schedule::{Schedule, SecondOffer, Settings, Step};
use crate::world::{Happened, Move, World};

/// The most timers that are let fire for one action.
const MAX_FIRES: u32 = 200;

/// Why a path cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the implementation does not follow {action:?} (action {index} of the path): {why}")]
pub struct Unfollowed {
    /// Which action.
    pub action: Action,
    /// Its place in the path.
    pub index: usize,
    /// What is missing.
    pub why: &'static str,
}

/// The schedule that takes the implementation along `path`.
///
/// # Errors
/// The implementation cannot be brought to do an action of the path.
pub fn follow(settings: Settings, path: &[Action]) -> Result<Schedule, Unfollowed> {
    let mut follower = Follower { world: World::new(settings, None), steps: Vec::new() };
    let path = timers_first(path);
    for (index, action) in path.iter().enumerate() {
        follower.action(*action).map_err(|why| Unfollowed { action: *action, index, why })?;
    }
    Ok(Schedule::new(settings, follower.steps))
}

/// The same run with every no-answer timer before what the user says: the timer fires only when nothing is in flight,
/// so an answer crosses the CANCEL only if it is given after it was sent.
fn timers_first(path: &[Action]) -> Vec<Action> {
    let mut ordered: Vec<Action> = Vec::with_capacity(path.len());
    for action in path {
        let place = match action {
            Action::GiveUp(user) => ordered.iter().position(|earlier| says(*earlier, *user)),
            _ => None,
        };
        ordered.insert(place.unwrap_or(ordered.len()), *action);
    }
    ordered
}

fn says(action: Action, user: imsconf_model::Invited) -> bool {
    matches!(action, Action::Answer(own) | Action::Busy(own) | Action::Decline(own) if own == user)
}

struct Follower {
    world: World,
    steps: Vec<Step>,
}

impl Follower {
    fn action(&mut self, action: Action) -> Result<(), &'static str> {
        let user = |invited: imsconf_model::Invited| u8::try_from(invited.index()).unwrap_or(u8::MAX);
        match action {
            Action::Create(imsconf_model::SecondOffer::InPrack) => self.command(Step::Create(SecondOffer::Prack)),
            Action::Create(imsconf_model::SecondOffer::InUpdate) => self.command(Step::Create(SecondOffer::Update)),
            Action::Subscribe => self.command(Step::Subscribe),
            Action::Cancel => self.command(Step::Cancel),
            Action::Refresh => self.command(Step::Refresh),
            Action::Unsubscribe => self.command(Step::Unsubscribe),
            Action::FocusWithdraws => self.command(Step::WithdrawCreation(500)),
            Action::Leave => self.command(Step::Leave),
            Action::Invite(invited) => self.command(Step::Invite(user(invited))),
            Action::Expel(invited) => self.command(Step::Expel(user(invited))),
            Action::InviteQuietly(invited) => self.command(Step::InviteQuietly(user(invited))),
            Action::Ring(invited) => self.command(Step::Ring(user(invited))),
            Action::Answer(invited) => self.command(Step::Answer(user(invited))),
            Action::Busy(invited) => self.command(Step::Busy(user(invited))),
            Action::Decline(invited) => self.command(Step::Decline(user(invited))),
            Action::UserLeaves(invited) => self.command(Step::UserLeaves(user(invited))),
            Action::UserSubscribes(invited) => self.command(Step::UserSubscribes(user(invited))),
            // Who calls makes no difference to the model: either has to come up.
            Action::Converse(invited) if self.steps.is_empty() => self.command(Step::UserCalls(user(invited))),
            Action::Converse(invited) => self.command(Step::UeCalls(user(invited))),
            Action::HangUp(invited) => self.command(Step::HangUp(user(invited))),
            Action::UserHangsUp(invited) => self.command(Step::UserHangsUp(user(invited))),
            Action::UserAsks(invited) | Action::UserThinksBetter(invited) => {
                let end = alpha(&self.world).leg(invited).hold;
                // Who thinks better of it wants what he has.
                let hold = end.holds == (end.change == Change::BackingOff);
                let step = if hold { Step::UserHolds } else { Step::UserResumes };
                self.command(step(user(invited)))
            }
            Action::FocusAsks(invited) | Action::FocusThinksBetter(invited) => {
                let end = alpha(&self.world).leg(invited).focus.hold;
                let hold = end.holds == (end.change == Change::BackingOff);
                let step = if hold { Step::FocusHolds } else { Step::FocusResumes };
                self.command(step(user(invited)))
            }
            Action::UserAsksAgain(invited) => {
                self.fire_until(|world| alpha(world).leg(invited).hold.change != Change::BackingOff)
            }
            Action::FocusAsksAgain(invited) => {
                self.fire_until(|world| alpha(world).leg(invited).focus.hold.change != Change::BackingOff)
            }
            Action::UserRestEnds(invited) => {
                self.fire_until(|world| alpha(world).leg(invited).hold.change != Change::Resting)
            }
            Action::FocusRestEnds(invited) => {
                self.fire_until(|world| alpha(world).leg(invited).focus.hold.change != Change::Resting)
            }
            Action::FocusAdmitsCreation => {
                self.decided(Step::RefuseCreation(false), Message::Call(CallMessage::Invite))
            }
            Action::FocusRejectsCreation => {
                self.decided(Step::RefuseCreation(true), Message::Call(CallMessage::Invite))
            }
            Action::FocusAcceptsRefer(invited) => {
                if alpha(&self.world).legs.get(invited.index()).is_some_and(|leg| leg.network.quiet) {
                    self.command(Step::InsistOnReports(true))?;
                }
                self.decided(Step::RefuseRefer(false), Message::Refer(invited, ReferMessage::Refer))
            }
            Action::FocusAcceptsReferQuietly(invited) => {
                self.command(Step::InsistOnReports(false))?;
                self.decided(Step::RefuseRefer(false), Message::Refer(invited, ReferMessage::Refer))
            }
            Action::FocusRefusesRefer(invited) => {
                let kinds = [ReferMessage::Refer, ReferMessage::OvertakenRefer];
                let mut messages = kinds.into_iter().map(|kind| Message::Refer(invited, kind));
                let message = messages.find(|message| self.place(*message).is_some());
                self.decided(Step::RefuseRefer(true), message.ok_or("no REFER for him is in flight")?)
            }
            Action::FocusAcceptsExpulsion(invited) => {
                self.decided(Step::RefuseRefer(false), Message::Expel(invited, ReferMessage::Refer))
            }
            Action::FocusRefusesExpulsion(invited) => {
                let kinds = [ReferMessage::Refer, ReferMessage::OvertakenRefer];
                let mut messages = kinds.into_iter().map(|kind| Message::Expel(invited, kind));
                let message = messages.find(|message| self.place(*message).is_some());
                self.decided(Step::RefuseRefer(true), message.ok_or("no REFER to expel him is in flight")?)
            }
            Action::Deliver(message) => self.deliver(message),
            Action::NotifyRoster
            | Action::NotifyEnd
            | Action::NotifyLast
            | Action::NotifyUser(_)
            | Action::NotifyUserEnd(_)
            | Action::NotifyReferrer(_)
            | Action::NotifyExpulsion(_)
            | Action::FocusCancels(_) => Ok(()),
            Action::CreationExpires => self.fire_until(|world| !alpha(world).focus.is_promised()),
            Action::GiveUp(invited) => self.fire_until(|world| {
                let leg = alpha(world).legs.get(invited.index()).map(|leg| leg.focus.dial);
                !matches!(leg, Some(imsconf_model::DialOut::Calling | imsconf_model::DialOut::Alerting))
            }),
            Action::ReferExpires(invited) => self.fire_until(|world| {
                let refer = alpha(world).legs.get(invited.index()).map(|leg| leg.ue.refer);
                refer == Some(imsconf_model::Refer::Unknown)
            }),
            Action::ExpulsionExpires(invited) => self.fire_until(|world| {
                let refer = alpha(world).legs.get(invited.index()).map(|leg| leg.expel.ue);
                refer == Some(imsconf_model::Refer::Unknown)
            }),
            Action::SubscribeExpires => {
                self.fire_until(|world| alpha(world).ue.subscription == imsconf_model::Subscription::Failed)
            }
            Action::SubscriptionExpires => {
                self.fire_until(|world| alpha(world).ue.subscription == imsconf_model::Subscription::Ended)
            }
            Action::RefreshExpires => {
                self.fire_until(|world| alpha(world).ue.subscription == imsconf_model::Subscription::Lapsed)
            }
            Action::RefreshNotifyTooLate => {
                let kinds = [
                    imsconf_model::SubscriptionMessage::Notify,
                    imsconf_model::SubscriptionMessage::NotifyLast,
                    imsconf_model::SubscriptionMessage::NotifyEnd,
                    // The NOTIFY waits for the answer to the one before it.
                    imsconf_model::SubscriptionMessage::NotifyOk,
                ];
                let mut messages = kinds.into_iter().map(Message::Subscription);
                let notify = messages.find(|message| self.place(*message).is_some());
                self.too_late(notify.ok_or("no NOTIFY is in flight")?, |world| {
                    alpha(world).ue.subscription == imsconf_model::Subscription::Lapsed
                })
            }
            Action::UserSubscribeExpires(invited) => self.fire_until(|world| {
                alpha(world).leg(invited).subscription.subscriber == imsconf_model::Subscription::Failed
            }),
            Action::UserSubscriptionExpires(invited) => self.fire_until(|world| {
                alpha(world).leg(invited).subscription.subscriber == imsconf_model::Subscription::Ended
            }),
            Action::UserNotifyTooLate(invited) => {
                let notify = Message::Subscriber(invited, imsconf_model::SubscriptionMessage::Notify);
                self.too_late(notify, |world| {
                    alpha(world).leg(invited).subscription.subscriber == imsconf_model::Subscription::Failed
                })
            }
            Action::NotifyTooLate => self
                .too_late(Message::Subscription(imsconf_model::SubscriptionMessage::Notify), |world| {
                    alpha(world).ue.subscription == imsconf_model::Subscription::Failed
                }),
            Action::ReferNotifyTooLate(invited) => {
                self.too_late(Message::Refer(invited, ReferMessage::Trying), |world| {
                    let refer = alpha(world).legs.get(invited.index()).map(|leg| leg.ue.refer);
                    refer == Some(imsconf_model::Refer::Unknown)
                })
            }
            Action::ExpulsionNotifyTooLate(invited) => {
                self.too_late(Message::Expel(invited, ReferMessage::Trying), |world| {
                    let refer = alpha(world).legs.get(invited.index()).map(|leg| leg.expel.ue);
                    refer == Some(imsconf_model::Refer::Unknown)
                })
            }
            Action::Lose(message) => self.lose(message),
        }
    }

    fn command(&mut self, step: Step) -> Result<(), &'static str> {
        self.steps.push(step);
        if !matches!(self.world.apply(Move::Command(step)).happened, Happened::Command(_)) {
            return Err("the command is not possible");
        }
        while step.runs_through() && !self.world.in_flight().is_empty() {
            self.world.apply(Move::Deliver(0));
        }
        Ok(())
    }

    fn decided(&mut self, policy: Step, message: Message) -> Result<(), &'static str> {
        self.command(policy)?;
        self.deliver(message)
    }

    /// Where a datagram of this message is in flight.
    fn place(&self, message: Message) -> Option<usize> {
        self.world.in_flight().iter().position(|datagram| flight::named(&self.world, datagram) == Some(message))
    }

    fn deliver(&mut self, message: Message) -> Result<(), &'static str> {
        loop {
            let place = self.place(message).ok_or("no datagram of this message is in flight")?;
            self.steps.push(Step::Deliver(u16::try_from(place).unwrap_or(u16::MAX)));
            if matches!(self.world.apply(Move::Deliver(place)).happened, Happened::Arrival(_)) {
                return Ok(());
            }
        }
    }

    fn lose(&mut self, message: Message) -> Result<(), &'static str> {
        self.too_late(message, |world| !super::image::in_flight(&alpha(world)).any(|own| own == message))
    }

    /// Keeps a message from arriving until the wait for it has ended.
    fn too_late(&mut self, message: Message, ended: impl Fn(&World) -> bool) -> Result<(), &'static str> {
        let place = self.place(message).ok_or("no datagram of this message is in flight")?;
        self.steps.push(Step::Lose(u16::try_from(place).unwrap_or(u16::MAX)));
        if self.world.apply(Move::Lose(place)).happened != Happened::Lost {
            return Err("this message cannot be lost for good");
        }
        self.fire_until(ended)
    }

    /// Lets timers fire, and everything that they send arrive, until `done`.
    fn fire_until(&mut self, done: impl Fn(&World) -> bool) -> Result<(), &'static str> {
        for _ in 0..MAX_FIRES {
            if done(&self.world) {
                return Ok(());
            }
            if self.world.in_flight().is_empty() {
                self.steps.push(Step::Fire);
                self.world.apply(Move::Fire);
            } else {
                self.steps.push(Step::Deliver(0));
                self.world.apply(Move::Deliver(0));
            }
        }
        Err("no timer brings it about")
    }
}
