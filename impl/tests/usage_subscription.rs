//! A subscriber and a notifier against each other: every order of SUBSCRIBE, NOTIFY and their answers, with what either
//! side may want in between, lost transactions, and the timers after everything else (RFC 6665 section 4).

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use imsconf::dialog::EventKey;
use imsconf::time::{Time, TimerClass};
use imsconf::usage::{
    Notifier, NotifierState, NotifyStatus, NotifyVerdict, Reason, Received, Subscriber, SubscriberOutput,
    SubscriberState, Terms,
};

const HOUR: u32 = 3600;
const TERMS: Terms =
    Terms { duration: HOUR, timer_n: Duration::from_secs(32), refreshes: false, expiry: TimerClass::Expiry };

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Message {
    Subscribe { expires: u32 },
    Subscribed { code: u16, expires: u32 },
    Notify(NotifyStatus),
    Notified { code: u16 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Wish {
    Change,
    EndOfResource,
    Refresh,
    Unsubscribe,
    Lose,
}

const WISHES: [Wish; 4] = [Wish::Change, Wish::EndOfResource, Wish::Refresh, Wish::Unsubscribe];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pair {
    now: Time,
    subscriber: Subscriber,
    notifier: Option<Notifier>,
    network: BTreeMap<Message, u8>,
    spent: Vec<Wish>,
    /// Until when the newest accepted SUBSCRIBE lasts.
    granted_until: Time,
    terminated_sent: u8,
}

impl Pair {
    fn new() -> Self {
        let now = Time::EPOCH;
        let mut pair = Self {
            now,
            subscriber: Subscriber::new(now, EventKey::conference(), TERMS),
            notifier: None,
            network: BTreeMap::new(),
            spent: Vec::new(),
            granted_until: now,
            terminated_sent: 0,
        };
        pair.send(Message::Subscribe { expires: HOUR });
        pair
    }

    fn send(&mut self, message: Message) {
        let carries_notify = |message: &Message| matches!(message, Message::Notify(_) | Message::Notified { .. });
        let is_second = matches!(message, Message::Notify(_)) && self.network.keys().any(carries_notify);
        assert!(!is_second, "a second NOTIFY while {:?}", self.network);
        *self.network.entry(message).or_default() += 1;
    }

    fn take(&mut self, message: &Message) {
        match self.network.get_mut(message) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(self.network.remove(message)),
        }
    }

    fn subscriber_does(&mut self, output: SubscriberOutput) {
        match output {
            SubscriberOutput::Subscribe { expires } => self.send(Message::Subscribe { expires }),
            SubscriberOutput::Nothing | SubscriberOutput::Ended(_) => {}
        }
    }

    /// After whatever happened, the notifier sends what it owes.
    fn notify(&mut self) {
        let Some(notification) = self.notifier.as_mut().and_then(|notifier| notifier.next(self.now)) else { return };
        assert_eq!(self.terminated_sent, 0, "a NOTIFY after the terminating one: {self:?}");
        match notification.status {
            NotifyStatus::Active { expires } | NotifyStatus::Pending { expires } => {
                let end = self.now + Duration::from_secs(u64::from(expires));
                assert!(end <= self.granted_until, "{expires} s at {:?} is more than was granted: {self:?}", self.now);
            }
            NotifyStatus::Terminated { .. } => self.terminated_sent += 1,
        }
        self.send(Message::Notify(notification.status));
    }

    fn on_subscribe(&mut self, expires: u32) {
        let accepted = match &mut self.notifier {
            None => {
                let (event, class) = (EventKey::conference(), TimerClass::Expiry);
                self.notifier = Some(Notifier::new(self.now, event, expires, true, class));
                true
            }
            Some(notifier) => notifier.on_subscribe(self.now, expires),
        };
        if accepted {
            self.granted_until = self.now + Duration::from_secs(u64::from(expires));
        }
        let code = if accepted { 200 } else { 481 };
        self.send(Message::Subscribed { code, expires });
    }

    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Subscribe { expires } => self.on_subscribe(*expires),
            Message::Subscribed { code, expires } => {
                let output = self.subscriber.on_response(self.now, *code, Some(*expires), None);
                self.subscriber_does(output);
            }
            Message::Notify(status) => {
                let was_open = self.subscriber.state() != SubscriberState::Terminated;
                let received = match status.clone() {
                    NotifyStatus::Active { expires } => Received::Active { expires: Some(expires) },
                    NotifyStatus::Pending { expires } => Received::Pending { expires: Some(expires) },
                    NotifyStatus::Terminated { reason, retry_after } => {
                        Received::Terminated { reason: Some(reason), retry_after }
                    }
                };
                let verdict = self.subscriber.on_notify(self.now, received);
                assert_eq!(verdict != NotifyVerdict::Unmatched, was_open, "an open subscription takes every NOTIFY");
                self.send(Message::Notified { code: if was_open { 200 } else { 481 } });
            }
            Message::Notified { code } => {
                if let Some(notifier) = &mut self.notifier {
                    notifier.on_response(*code);
                }
            }
        }
        self.notify();
    }

    /// The transaction of this message times out.
    fn lose(&mut self, message: &Message) {
        match message {
            Message::Subscribe { .. } | Message::Subscribed { .. } => {
                let was_made = self.subscriber.state() != SubscriberState::NotifyWait;
                let output = self.subscriber.on_response(self.now, 408, None, None);
                assert!(!was_made || !matches!(output, SubscriberOutput::Ended(_)), "408 ends no made subscription");
                self.subscriber_does(output);
            }
            Message::Notify(_) | Message::Notified { .. } => {
                if let Some(notifier) = &mut self.notifier {
                    notifier.on_response(408);
                }
                self.notify();
            }
        }
    }

    fn grant(&mut self, wish: Wish) -> bool {
        if self.spent.contains(&wish) {
            return false;
        }
        match (wish, &mut self.notifier) {
            (Wish::Change, Some(notifier)) => notifier.change(),
            (Wish::EndOfResource, Some(notifier)) => notifier.terminate(Reason::Noresource, None),
            (Wish::Change | Wish::EndOfResource, None) => return false,
            (Wish::Refresh, _) => {
                let output = self.subscriber.refresh(self.now);
                self.subscriber_does(output);
            }
            (Wish::Unsubscribe, _) => {
                let output = self.subscriber.unsubscribe(self.now);
                self.subscriber_does(output);
            }
            (Wish::Lose, _) => return false,
        }
        self.spend(wish);
        self.notify();
        true
    }

    fn spend(&mut self, wish: Wish) {
        self.spent.push(wish);
        self.spent.sort_unstable();
    }

    /// Nothing is on its way: the earliest timer fires.
    fn wait(&mut self) -> bool {
        let timers = self.subscriber.timers().chain(self.notifier.as_ref().and_then(Notifier::timer));
        let Some(at) = timers.map(|timer| timer.at).min().filter(|_| self.network.is_empty()) else { return false };
        self.now = self.now.max(at);
        if let Some(notifier) = &mut self.notifier {
            notifier.on_timeout(self.now);
        }
        let output = self.subscriber.on_timeout(self.now);
        self.subscriber_does(output);
        self.notify();
        true
    }

    fn successors(&self) -> Vec<Self> {
        let mut successors = Vec::new();
        for message in self.network.keys() {
            let mut delivered = self.clone();
            delivered.take(message);
            let mut lost = delivered.clone();
            delivered.deliver(message);
            successors.push(delivered);
            if !self.spent.contains(&Wish::Lose) {
                lost.spend(Wish::Lose);
                lost.lose(message);
                successors.push(lost);
            }
        }
        for wish in WISHES {
            let mut granted = self.clone();
            if granted.grant(wish) {
                successors.push(granted);
            }
        }
        let mut waited = self.clone();
        if waited.wait() {
            successors.push(waited);
        }
        successors
    }
}

#[test]
fn every_subscription_ends_once_at_both_ends() {
    let mut seen = HashSet::from([Pair::new()]);
    let mut open = vec![Pair::new()];
    let mut ends = 0;
    while let Some(pair) = open.pop() {
        let successors = pair.successors();
        let timers = pair.subscriber.timers().count();
        let is_open = pair.subscriber.state() != SubscriberState::Terminated;
        assert!(!is_open || timers > 0, "an open wait without a timer: {pair:?}");
        if successors.is_empty() {
            ends += 1;
            assert_eq!(pair.subscriber.state(), SubscriberState::Terminated, "{pair:?}");
            assert!(
                pair.notifier.as_ref().is_none_or(|notifier| notifier.state() == NotifierState::Terminated),
                "the notifier leaks: {pair:?}"
            );
            assert!(pair.terminated_sent <= 1);
        }
        open.extend(successors.into_iter().filter(|next| seen.insert(next.clone())));
    }
    assert!(ends > 0 && seen.len() > 1000, "only {} situations", seen.len());
}
