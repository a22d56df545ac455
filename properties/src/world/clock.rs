//! The virtual clock: which timer fires next, and which of them may.
//!
//! A timer fires only when nothing is in flight; time stands still otherwise.

use std::sync::Arc;

use imsconf::agent::{Agent, Transmit};
use imsconf::time::{Time, TimerClass};
use imsconf::view::{NotifierState, SubscriberState};

use super::{Happened, Node, Outcome, World};

impl World {
    pub(super) fn fire(&mut self) -> Outcome {
        let next = self.next_timer().filter(|_| self.flight.is_empty());
        let Some((at, class, node)) = next.filter(|(_, class, _)| self.may_fire(*class)) else {
            return Outcome::of(Happened::Nothing);
        };
        if self.refreshes_by_itself(class) {
            Arc::make_mut(&mut self.ledger).expect_control(false);
        }
        let elapsed = at.since(self.now);
        self.now = self.now.max(at);
        let sent = self.time_out(node);
        Outcome { sent: self.put(node, sent), elapsed, ..Outcome::of(Happened::Fired) }
    }

    /// Whether a timer of this class is within the model. To refresh a subscription that lives at both ends is not:
    /// there it just goes on. Nor is the end of a session that only one end still has, because something of the other
    /// was lost for good.
    pub(crate) fn may_fire(&self, class: TimerClass) -> bool {
        match class {
            TimerClass::Refresh | TimerClass::Expiry => !self.subscription_lives(),
            TimerClass::Session => !self.has_losses(),
            TimerClass::Protocol | TimerClass::Linger => true,
        }
    }

    /// Whether a timer of this class has the UE refresh its subscription, without its user's wish.
    pub(crate) fn refreshes_by_itself(&self, class: TimerClass) -> bool {
        let subscription = self.ue.view().subscription;
        let waits = subscription.refreshing || subscription.leaving;
        is_idle(class) && subscription.state == SubscriberState::Active && !waits
    }

    /// Has the agent at a node look at its clock; what it wants sent then.
    pub(crate) fn time_out(&mut self, node: Node) -> Vec<Transmit> {
        let now = self.now;
        match node {
            Node::Ue => Arc::make_mut(&mut self.ue).handle_timeout(now),
            Node::Focus => Arc::make_mut(&mut self.focus).handle_timeout(now),
            Node::User(user) => {
                if let Some(user) = self.users.get_mut(usize::from(user)) {
                    Arc::make_mut(user).handle_timeout(now);
                }
            }
            Node::PCscf | Node::SCscf => {}
        }
        self.collect(node)
    }

    pub(super) fn next_timer(&self) -> Option<(Time, TimerClass, Node)> {
        let users = (0..).zip(&self.users).map(|(number, user)| (Node::User(number), user.timers()));
        let agents = [(Node::Ue, self.ue.timers()), (Node::Focus, self.focus.timers())].into_iter().chain(users);
        agents.flat_map(|(node, timers)| timers.into_iter().map(move |timer| (timer.at, timer.class, node))).min()
    }

    /// What the timer is for that fires next when nothing is in flight; none if none may.
    pub fn next_class(&self) -> Option<TimerClass> {
        let class = self.next_timer().map(|(_, class, _)| class)?;
        self.may_fire(class).then_some(class)
    }

    fn subscription_lives(&self) -> bool {
        let conferences = self.focus.view().conferences;
        let mut subscriptions = conferences.iter().flat_map(|conference| &conference.subscriptions);
        subscriptions.any(|subscription| subscription.state == NotifierState::Active)
    }
}

/// Whether it is a timer of somebody who waits for nothing.
const fn is_idle(class: TimerClass) -> bool {
    matches!(class, TimerClass::Refresh | TimerClass::Expiry)
}
