//! The notifier of RFC 6665 section 4.2.2 for any event package: what is owed to the subscriber, one NOTIFY at a time.
//!
//! It knows *that* something is to be reported, not what: the package above writes the body when [`Notifier::next`]
//! says that a NOTIFY goes out. Changes that come while one is in flight are gathered into the next. Several notifiers
//! that share a dialog take turns through [`next_owed`]. Read `State` first.

use std::time::Duration;

use super::{Reason, ends_subscription};
use crate::dialog::EventKey;
use crate::time::{Time, Timer, TimerClass};

/// The state that a NOTIFY declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotifyStatus {
    /// Not decided yet.
    Pending {
        /// Remaining seconds.
        expires: u32,
    },
    /// Reporting.
    Active {
        /// Remaining seconds.
        expires: u32,
    },
    /// Over: never with `expires` (RFC 6665 section 8.2.3).
    Terminated {
        /// Why.
        reason: Reason,
        /// When to come back, in seconds.
        retry_after: Option<u32>,
    },
}

/// A NOTIFY to be sent now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notification {
    /// Its Event.
    pub event: EventKey,
    /// Its Subscription-State.
    pub status: NotifyStatus,
    /// Whether it answers a SUBSCRIBE and so has to carry the whole state (RFC 6665 section 4.2.1.2).
    pub full: bool,
}

/// What the answer to a NOTIFY, or the passing of time, did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotifierOutput {
    /// The subscription goes on.
    Nothing,
    /// The terminating NOTIFY is through: the subscription is over.
    Finished,
    /// The subscriber does not know the subscription or is gone: it is over, and nothing more is sent.
    Removed,
}

/// The states of the figure in RFC 6665 section 4.2.2, without its first, in which nothing is remembered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotifierState {
    /// Not authorised yet.
    Pending,
    /// Reporting.
    Active,
    /// Ended; the terminating NOTIFY is owed or in flight.
    Terminating,
    /// Nothing is left to be sent.
    Terminated,
}

/// What the subscriber has to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owed {
    #[default]
    Nothing,
    /// Something changed.
    Change,
    /// A SUBSCRIBE was accepted: the whole state, at once.
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum State {
    Pending {
        expires_at: Time,
        owed: Owed,
        in_flight: bool,
    },
    Active {
        expires_at: Time,
        owed: Owed,
        in_flight: bool,
    },
    /// The terminating NOTIFY waits for the answer to the one before it, if that is `in_flight`.
    Ending {
        reason: Reason,
        retry_after: Option<u32>,
        full: bool,
        in_flight: bool,
    },
    /// The terminating NOTIFY is in flight.
    LastInFlight,
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Input {
    Subscribe { now: Time, expires: u32 },
    Authorise,
    Change,
    End { reason: Reason, retry_after: Option<u32> },
    Next { now: Time },
    Answer { code: u16 },
    Timeout { now: Time },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Output {
    Nothing,
    Send(NotifyStatus, bool),
    NoSubscription,
    Finished,
    Removed,
}

fn remaining(now: Time, expires_at: Time) -> u32 {
    u32::try_from(expires_at.since(now).as_secs()).unwrap_or(u32::MAX)
}

impl State {
    fn on(self, input: Input) -> (Self, Output) {
        match (self, input) {
            (Self::Pending { in_flight, .. }, Input::Subscribe { now, expires }) => {
                (Self::subscribed(now, expires, in_flight, false), Output::Nothing)
            }
            (Self::Active { in_flight, .. }, Input::Subscribe { now, expires }) => {
                (Self::subscribed(now, expires, in_flight, true), Output::Nothing)
            }
            (Self::Pending { expires_at, in_flight, .. }, Input::Authorise) => {
                (Self::Active { expires_at, owed: Owed::Full, in_flight }, Output::Nothing)
            }
            // What is pending hears nothing of the state.
            (state @ Self::Pending { .. }, Input::Change) => (state, Output::Nothing),
            (Self::Active { expires_at, owed, in_flight }, Input::Change) => {
                (Self::Active { expires_at, owed: owed.max(Owed::Change), in_flight }, Output::Nothing)
            }
            (state @ Self::Active { .. }, Input::Authorise) => (state, Output::Nothing),
            (
                Self::Pending { owed, in_flight, .. } | Self::Active { owed, in_flight, .. },
                Input::End { reason, retry_after },
            ) => (Self::Ending { reason, retry_after, full: owed == Owed::Full, in_flight }, Output::Nothing),
            (state @ (Self::Pending { .. } | Self::Active { .. }), Input::Next { now }) => state.send_owed(now),
            (state @ (Self::Pending { .. } | Self::Active { .. }), Input::Answer { code }) => state.answered(code),
            (state @ (Self::Pending { .. } | Self::Active { .. }), Input::Timeout { now }) => {
                (state.on_time(now), Output::Nothing)
            }

            (Self::Ending { reason, retry_after, full, in_flight: false }, Input::Next { .. }) => {
                (Self::LastInFlight, Output::Send(NotifyStatus::Terminated { reason, retry_after }, full))
            }
            (state @ Self::Ending { in_flight: true, .. }, Input::Next { .. }) => (state, Output::Nothing),
            (Self::Ending { reason, retry_after, full, in_flight: true }, Input::Answer { code }) => {
                if removes(code) {
                    (Self::Terminated, Output::Removed)
                } else {
                    (Self::Ending { reason, retry_after, full, in_flight: false }, Output::Nothing)
                }
            }
            (state @ Self::Ending { in_flight: false, .. }, Input::Answer { .. }) => (state, Output::Nothing),
            // Whatever the answer, nothing follows the terminating NOTIFY.
            (Self::LastInFlight, Input::Answer { code }) => {
                (Self::Terminated, if removes(code) { Output::Removed } else { Output::Finished })
            }
            (state @ Self::LastInFlight, Input::Next { .. }) => (state, Output::Nothing),
            (state @ Self::Terminated, Input::Next { .. } | Input::Answer { .. }) => (state, Output::Nothing),
            (state @ (Self::Ending { .. } | Self::LastInFlight | Self::Terminated), Input::Subscribe { .. }) => {
                (state, Output::NoSubscription)
            }
            // It ends once, for the first reason given.
            (
                state @ (Self::Ending { .. } | Self::LastInFlight | Self::Terminated),
                Input::Authorise | Input::Change | Input::End { .. } | Input::Timeout { .. },
            ) => (state, Output::Nothing),
        }
    }

    /// An accepted SUBSCRIBE sets the duration anew; 0 ends the subscription (RFC 6665 sections 4.2.1.1, 4.2.1.4).
    fn subscribed(now: Time, expires: u32, in_flight: bool, active: bool) -> Self {
        let expires_at = now + Duration::from_secs(u64::from(expires));
        match (expires, active) {
            (0, _) => Self::Ending { reason: Reason::Timeout, retry_after: None, full: true, in_flight },
            (_, true) => Self::Active { expires_at, owed: Owed::Full, in_flight },
            (_, false) => Self::Pending { expires_at, owed: Owed::Full, in_flight },
        }
    }

    fn send_owed(self, now: Time) -> (Self, Output) {
        match self {
            Self::Pending { expires_at, owed: Owed::Full | Owed::Change, in_flight: false } => {
                let status = NotifyStatus::Pending { expires: remaining(now, expires_at) };
                (Self::Pending { expires_at, owed: Owed::Nothing, in_flight: true }, Output::Send(status, true))
            }
            Self::Active { expires_at, owed: owed @ (Owed::Full | Owed::Change), in_flight: false } => {
                let status = NotifyStatus::Active { expires: remaining(now, expires_at) };
                let state = Self::Active { expires_at, owed: Owed::Nothing, in_flight: true };
                (state, Output::Send(status, owed == Owed::Full))
            }
            state => (state, Output::Nothing),
        }
    }

    fn answered(self, code: u16) -> (Self, Output) {
        match self {
            Self::Pending { in_flight: true, .. } | Self::Active { in_flight: true, .. } if removes(code) => {
                (Self::Terminated, Output::Removed)
            }
            Self::Pending { expires_at, owed, .. } => {
                (Self::Pending { expires_at, owed, in_flight: false }, Output::Nothing)
            }
            Self::Active { expires_at, owed, .. } => {
                (Self::Active { expires_at, owed, in_flight: false }, Output::Nothing)
            }
            state => (state, Output::Nothing),
        }
    }

    /// The end of the time: the notifier ends the subscription itself (RFC 6665 section 4.2.1.4).
    fn on_time(self, now: Time) -> Self {
        match self {
            Self::Pending { expires_at, in_flight, .. } | Self::Active { expires_at, in_flight, .. }
                if expires_at <= now =>
            {
                Self::Ending { reason: Reason::Timeout, retry_after: None, full: false, in_flight }
            }
            state => state,
        }
    }
}

/// Whether this answer to a NOTIFY removes the subscription; 408 stands for no answer (RFC 6665 section 4.2.2).
const fn removes(code: u16) -> bool {
    code == 408 || ends_subscription(code)
}

/// One subscription as its notifier sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notifier {
    event: EventKey,
    state: State,
    expiry: TimerClass,
}

impl Notifier {
    /// A SUBSCRIBE (or REFER) was accepted now for `expires` seconds: its NOTIFY is owed at once. 0 means that only the
    /// present state is wanted. `expiry` is what the timer of the end counts as.
    pub fn new(now: Time, event: EventKey, expires: u32, authorised: bool, expiry: TimerClass) -> Self {
        Self { event, state: State::subscribed(now, expires, false, authorised), expiry }
    }

    fn step(&mut self, input: Input) -> Output {
        let (state, output) = std::mem::replace(&mut self.state, State::Terminated).on(input);
        self.state = state;
        output
    }

    /// Package and `id`.
    pub const fn event(&self) -> &EventKey {
        &self.event
    }

    /// State of the figure.
    pub const fn state(&self) -> NotifierState {
        match self.state {
            State::Pending { .. } => NotifierState::Pending,
            State::Active { .. } => NotifierState::Active,
            State::Ending { .. } | State::LastInFlight => NotifierState::Terminating,
            State::Terminated => NotifierState::Terminated,
        }
    }

    /// Whether a NOTIFY waits for its answer.
    pub const fn is_in_flight(&self) -> bool {
        matches!(
            self.state,
            State::Pending { in_flight: true, .. }
                | State::Active { in_flight: true, .. }
                | State::Ending { in_flight: true, .. }
                | State::LastInFlight
        )
    }

    /// Whether a NOTIFY has to be sent, now or after the answer to the one in flight.
    pub const fn is_owing(&self) -> bool {
        matches!(
            self.state,
            State::Pending { owed: Owed::Change | Owed::Full, .. }
                | State::Active { owed: Owed::Change | Owed::Full, .. }
                | State::Ending { .. }
        )
    }

    /// Whether a NOTIFY is owed for no other reason than a change, which may be gathered with others for a while.
    pub const fn is_owing_change(&self) -> bool {
        matches!(self.state, State::Active { owed: Owed::Change, .. })
    }

    /// Whether the NOTIFY that is owed answers a SUBSCRIBE.
    pub const fn is_owing_full(&self) -> bool {
        matches!(
            self.state,
            State::Pending { owed: Owed::Full, .. }
                | State::Active { owed: Owed::Full, .. }
                | State::Ending { full: true, .. }
        )
    }

    /// A SUBSCRIBE for this subscription was accepted with this duration in seconds; its NOTIFY is owed at once.
    /// Returns `false` if the subscription is over: answer 481.
    #[must_use = "a SUBSCRIBE for an ended subscription is answered 481"]
    pub fn on_subscribe(&mut self, now: Time, expires: u32) -> bool {
        self.step(Input::Subscribe { now, expires }) != Output::NoSubscription
    }

    /// The subscription may see the state from now on.
    pub fn authorise(&mut self) {
        self.step(Input::Authorise);
    }

    /// Something changed that the subscriber should learn.
    pub fn change(&mut self) {
        self.step(Input::Change);
    }

    /// Ends the subscription by a terminating NOTIFY with this reason; only the first call counts.
    pub fn terminate(&mut self, reason: Reason, retry_after: Option<u32>) {
        self.step(Input::End { reason, retry_after });
    }

    /// The NOTIFY to send now, if one is owed and none is in flight; it is in flight from then on.
    pub fn next(&mut self, now: Time) -> Option<Notification> {
        // It is asked after every input, and mostly nothing is owed.
        if !self.is_owing() {
            return None;
        }
        match self.step(Input::Next { now }) {
            Output::Send(status, full) => Some(Notification { event: self.event.clone(), status, full }),
            Output::Nothing | Output::NoSubscription | Output::Finished | Output::Removed => None,
        }
    }

    /// The NOTIFY in flight was answered with `code`; 408 if not at all.
    pub fn on_response(&mut self, code: u16) -> NotifierOutput {
        match self.step(Input::Answer { code }) {
            Output::Finished => NotifierOutput::Finished,
            Output::Removed => NotifierOutput::Removed,
            Output::Nothing | Output::Send(..) | Output::NoSubscription => NotifierOutput::Nothing,
        }
    }

    /// Lets the timer fire if it is due: the subscription ends, its terminating NOTIFY is owed.
    pub fn on_timeout(&mut self, now: Time) {
        // Most of many notifiers have no timer that is due.
        if self.timer().is_some_and(|timer| timer.at <= now) {
            self.step(Input::Timeout { now });
        }
    }

    /// The pending timer.
    pub fn timer(&self) -> Option<Timer> {
        match self.state {
            State::Pending { expires_at, .. } | State::Active { expires_at, .. } => {
                Some(Timer { at: expires_at, class: self.expiry })
            }
            State::Ending { .. } | State::LastInFlight | State::Terminated => None,
        }
    }
}

/// Which of the subscriptions that share a dialog sends next: none while any of them has a NOTIFY in flight, else the
/// first in the given order that owes one. A careful notifier does so because a NOTIFY that is overtaken by the next
/// one is refused for its lower `CSeq` number (RFC 3261 section 12.2.2).
pub fn next_owed<'a, Key>(notifiers: impl IntoIterator<Item = (Key, &'a Notifier)>) -> Option<Key> {
    let mut first = None;
    for (key, notifier) in notifiers {
        if notifier.is_in_flight() {
            return None;
        }
        if first.is_none() && notifier.is_owing() {
            first = Some(key);
        }
    }
    first
}

#[cfg(test)]
mod tests;
