//! The subscriber of RFC 6665 section 4.1.2 for any event package, started by a SUBSCRIBE or by a REFER (RFC 3515).
//!
//! The NOTIFY makes the subscription, not the 2xx, and may come before it; Timer N runs from the sending of each
//! SUBSCRIBE to the next NOTIFY. Matching a NOTIFY to a subscription (dialog, package, `id`) is done by the caller, see
//! [`crate::dialog::EventKey`]. Read `State` first: the figure of the section with its data.

use std::time::Duration;

use super::{Reason, Resubscribe, ends_subscription};
use crate::dialog::EventKey;
use crate::time::{Time, Timer, TimerClass};
use crate::wire::{SubscriptionState, SubscriptionStatus};

/// What the subscriber asks for and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Terms {
    /// Duration to ask for, in seconds; also taken when no message of the notifier says how long.
    pub duration: u32,
    /// Timer N: 64*T1 (RFC 6665 section 4.1.2.4).
    pub timer_n: Duration,
    /// Whether to refresh before the end. A `refer` subscription is left to end.
    pub refreshes: bool,
    /// What the timer of the end counts as: an unresolved wait for `refer`, an ordinary expiry otherwise.
    pub expiry: TimerClass,
}

/// Why a subscription ended at the subscriber.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// A terminating NOTIFY.
    Notified {
        /// Its reason.
        reason: Option<Reason>,
        /// Its `retry-after` in seconds.
        retry_after: Option<u32>,
    },
    /// This answer to the SUBSCRIBE or REFER; 408 stands for none at all.
    Refused(u16),
    /// Timer N: no NOTIFY came.
    NoNotify,
    /// The time was over.
    Expired,
}

impl Ending {
    /// When a new subscription may be tried.
    pub fn resubscribe(&self) -> Resubscribe {
        match self {
            Self::Notified { reason, retry_after } => Reason::resubscribe(reason.as_ref(), *retry_after),
            Self::Refused(_) | Self::NoNotify | Self::Expired => Resubscribe::AnyTime,
        }
    }
}

/// What a NOTIFY says about its subscription.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Received {
    /// `active`.
    Active {
        /// Remaining seconds.
        expires: Option<u32>,
    },
    /// `pending`, or a token that we do not know.
    Pending {
        /// Remaining seconds.
        expires: Option<u32>,
    },
    /// `terminated`; its `expires` means nothing.
    Terminated {
        /// Why.
        reason: Option<Reason>,
        /// Seconds to wait before a new subscription.
        retry_after: Option<u32>,
    },
}

impl From<&SubscriptionState<'_>> for Received {
    fn from(state: &SubscriptionState<'_>) -> Self {
        match state.status {
            SubscriptionStatus::Active => Self::Active { expires: state.expires() },
            SubscriptionStatus::Pending | SubscriptionStatus::Other(_) => Self::Pending { expires: state.expires() },
            SubscriptionStatus::Terminated => {
                Self::Terminated { reason: state.reason().map(Reason::parse), retry_after: state.retry_after() }
            }
        }
    }
}

/// What to do with a NOTIFY of this subscription.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NotifyVerdict {
    /// Answer 200; the body counts.
    Taken,
    /// Answer 200; the body counts, and the subscription is over.
    Ended(Ending),
    /// Answer 481: the subscription was over before.
    Unmatched,
}

/// What the subscriber wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubscriberOutput {
    /// Nothing.
    Nothing,
    /// Send a SUBSCRIBE with this Expires: in the dialog, or, before there is one, the initial request again with the
    /// next `CSeq` number.
    Subscribe {
        /// Seconds.
        expires: u32,
    },
    /// The subscription is over.
    Ended(Ending),
}

/// The states of the figure in RFC 6665 section 4.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriberState {
    /// The request is out, no NOTIFY came.
    NotifyWait,
    /// The notifier has not decided.
    Pending,
    /// The notifier reports.
    Active,
    /// Over.
    Terminated,
}

/// The SUBSCRIBE (or REFER) transaction that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Open {
    None,
    Initial,
    Refresh { asked: u32, retried: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Live {
    expires_at: Time,
    refresh_at: Option<Time>,
    open: Open,
    /// Runs while a SUBSCRIBE inside the dialog has not been followed by a NOTIFY.
    timer_n: Option<Time>,
    /// We unsubscribed: the terminating NOTIFY is awaited.
    leaving: bool,
    /// We want to unsubscribe as soon as the open refresh is answered.
    leaves_next: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum State {
    NotifyWait { timer_n: Time, asked: u32, retried: bool, accepted: bool, granted_until: Option<Time> },
    Pending(Live),
    Active(Live),
    Terminated(Ending),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Input {
    Response { now: Time, code: u16, expires: Option<u32>, min_expires: Option<u32> },
    Notify { now: Time, received: Received },
    Subscribe { now: Time, expires: u32 },
    Challenged { now: Time },
    Timeout { now: Time },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Output {
    Nothing,
    Subscribe(u32),
    Ended(Ending),
    Unmatched,
}

const fn seconds(count: u32) -> Duration {
    Duration::from_secs(count as u64)
}

/// When to refresh what ends after `left` from `now`: 600 s before the end, or at half the time of a shorter one, as
/// TS 24.229 section 5.1.1.3 has it for the subscriptions of a UE.
fn refresh_time(now: Time, left: u32) -> Time {
    now + if left > 1200 { seconds(left - 600) } else { seconds(left) / 2 }
}

/// Whether a 423 with this Min-Expires is to be obeyed. Expires 0 asks for an end, not for a duration: no notifier may
/// find that too brief (RFC 6665 section 4.2.1.1).
const fn is_longer(minimum: u32, asked: u32) -> bool {
    asked > 0 && minimum > asked
}

impl Live {
    /// `left` seconds remain from `now` on.
    fn lasting(self, now: Time, left: u32, terms: &Terms) -> Self {
        let refresh_at = (terms.refreshes && !self.leaving).then(|| refresh_time(now, left));
        Self { expires_at: now + seconds(left), refresh_at, ..self }
    }

    /// A NOTIFY that does not end it. It stops Timer N, unless the terminating one is awaited.
    fn notified(self, now: Time, expires: Option<u32>, terms: &Terms) -> Self {
        let live = Self { timer_n: self.timer_n.filter(|_| self.leaving), ..self };
        match expires {
            Some(left) => live.lasting(now, left, terms),
            None => live,
        }
    }
}

impl State {
    fn on(self, input: Input, terms: &Terms) -> (Self, Output) {
        match (self, input) {
            (state @ Self::NotifyWait { .. }, Input::Response { now, code, expires, min_expires }) => {
                state.initial_answered(now, code, expires, min_expires, terms)
            }
            (state @ Self::NotifyWait { .. }, Input::Notify { now, received }) => {
                state.first_notify(now, received, terms)
            }
            // There is no dialog yet to send it in.
            (state @ Self::NotifyWait { .. }, Input::Subscribe { .. }) => (state, Output::Nothing),
            (Self::NotifyWait { asked, retried, accepted: false, .. }, Input::Challenged { now }) => {
                let (timer_n, accepted, granted_until) = (now + terms.timer_n, false, None);
                (Self::NotifyWait { timer_n, asked, retried, accepted, granted_until }, Output::Subscribe(asked))
            }
            // What was accepted is not asked for twice.
            (state @ Self::NotifyWait { .. }, Input::Challenged { .. }) => (state, Output::Nothing),
            (Self::NotifyWait { timer_n, .. }, Input::Timeout { now }) if timer_n <= now => {
                Self::ended(Ending::NoNotify)
            }
            (state @ Self::NotifyWait { .. }, Input::Timeout { .. }) => (state, Output::Nothing),

            (state @ (Self::Pending(_) | Self::Active(_)), Input::Response { now, code, expires, min_expires }) => {
                state.with_live(|live| live.answered(now, code, expires, min_expires, terms))
            }
            (Self::Pending(live), Input::Notify { now, received: Received::Active { expires } })
            | (
                Self::Active(live),
                // There is no way back from active: the state stays, the duration counts.
                Input::Notify { now, received: Received::Active { expires } | Received::Pending { expires } },
            ) => (Self::Active(live.notified(now, expires, terms)), Output::Nothing),
            (Self::Pending(live), Input::Notify { now, received: Received::Pending { expires } }) => {
                (Self::Pending(live.notified(now, expires, terms)), Output::Nothing)
            }
            (
                Self::Pending(_) | Self::Active(_),
                Input::Notify { received: Received::Terminated { reason, retry_after }, .. },
            ) => Self::ended(Ending::Notified { reason, retry_after }),
            (state @ (Self::Pending(_) | Self::Active(_)), Input::Subscribe { now, expires }) => {
                state.with_live(|live| Ok(live.subscribe(now, expires, terms)))
            }
            (state @ (Self::Pending(_) | Self::Active(_)), Input::Challenged { now }) => {
                state.with_live(|live| Ok(live.challenged(now, terms)))
            }
            (state @ (Self::Pending(_) | Self::Active(_)), Input::Timeout { now }) => {
                state.with_live(|live| live.on_time(now, terms))
            }

            (state @ Self::Terminated(_), Input::Notify { .. }) => (state, Output::Unmatched),
            (
                state @ Self::Terminated(_),
                Input::Response { .. } | Input::Subscribe { .. } | Input::Challenged { .. } | Input::Timeout { .. },
            ) => (state, Output::Nothing),
        }
    }

    fn ended(ending: Ending) -> (Self, Output) {
        (Self::Terminated(ending.clone()), Output::Ended(ending))
    }

    /// Lets `change` work on the data of pending or active; `Err` ends the subscription.
    fn with_live(self, change: impl FnOnce(Live) -> Result<(Live, Output), Ending>) -> (Self, Output) {
        let (again, live): (fn(Live) -> Self, Live) = match self {
            Self::Pending(live) => (Self::Pending, live),
            Self::Active(live) => (Self::Active, live),
            Self::NotifyWait { .. } | Self::Terminated(_) => return (self, Output::Nothing),
        };
        match change(live) {
            Ok((live, output)) => (again(live), output),
            Err(ending) => Self::ended(ending),
        }
    }

    /// The answer to the request that started it: a 2xx changes nothing but the duration, 423 is obeyed once.
    fn initial_answered(
        self,
        now: Time,
        code: u16,
        expires: Option<u32>,
        min_expires: Option<u32>,
        terms: &Terms,
    ) -> (Self, Output) {
        let Self::NotifyWait { timer_n, asked, retried, .. } = self else { return (self, Output::Nothing) };
        match (code, min_expires) {
            (200..=299, _) => {
                let granted_until = expires.map(|granted| now + seconds(granted));
                (Self::NotifyWait { timer_n, asked, retried, accepted: true, granted_until }, Output::Nothing)
            }
            (..200, _) => (self, Output::Nothing),
            (423, Some(minimum)) if !retried && is_longer(minimum, asked) => {
                let timer_n = now + terms.timer_n;
                let (retried, accepted, granted_until) = (true, false, None);
                let state = Self::NotifyWait { timer_n, asked: minimum, retried, accepted, granted_until };
                (state, Output::Subscribe(minimum))
            }
            _ => Self::ended(Ending::Refused(code)),
        }
    }

    fn first_notify(self, now: Time, received: Received, terms: &Terms) -> (Self, Output) {
        let Self::NotifyWait { asked, accepted, granted_until, .. } = self else { return (self, Output::Nothing) };
        let left = |expires: Option<u32>| {
            let granted = granted_until.map(|end| u32::try_from(end.since(now).as_secs()).unwrap_or(u32::MAX));
            expires.or(granted).unwrap_or(asked)
        };
        // Without a 2xx so far its transaction is still open; whatever comes there does not count any more.
        let open = if accepted { Open::None } else { Open::Initial };
        let live = Live { expires_at: now, refresh_at: None, open, timer_n: None, leaving: false, leaves_next: false };
        match received {
            Received::Active { expires } => (Self::Active(live.lasting(now, left(expires), terms)), Output::Nothing),
            Received::Pending { expires } => (Self::Pending(live.lasting(now, left(expires), terms)), Output::Nothing),
            Received::Terminated { reason, retry_after } => Self::ended(Ending::Notified { reason, retry_after }),
        }
    }
}

impl Live {
    /// The answer to a SUBSCRIBE inside the dialog, or a late one to the request that started it.
    fn answered(
        self,
        now: Time,
        code: u16,
        expires: Option<u32>,
        min_expires: Option<u32>,
        terms: &Terms,
    ) -> Result<(Self, Output), Ending> {
        let answered = Self { open: Open::None, ..self };
        match (self.open, code) {
            (Open::None, _) | (_, ..200) => Ok((self, Output::Nothing)),
            (Open::Initial, _) => Ok((answered, Output::Nothing)),
            (Open::Refresh { .. }, 200..=299) => {
                let live = match expires {
                    // It is over as soon as the terminating NOTIFY comes.
                    Some(0) => Self { leaving: true, refresh_at: None, ..answered },
                    // A NOTIFY that came first is newer than this.
                    Some(granted) if self.timer_n.is_some() => answered.lasting(now, granted, terms),
                    Some(_) | None => answered,
                };
                Ok(live.leave_if_wanted(now, terms))
            }
            (Open::Refresh { asked, retried: false }, 423)
                if min_expires.is_some_and(|minimum| is_longer(minimum, asked)) =>
            {
                let asked = min_expires.unwrap_or(asked);
                let open = Open::Refresh { asked, retried: true };
                let live = Self { open, timer_n: Some(now + terms.timer_n), ..self };
                Ok((live, Output::Subscribe(asked)))
            }
            (Open::Refresh { .. }, _) if ends_subscription(code) => Err(Ending::Refused(code)),
            (Open::Refresh { .. }, _) => Ok(answered.leave_if_wanted(now, terms)),
        }
    }

    fn leave_if_wanted(self, now: Time, terms: &Terms) -> (Self, Output) {
        if self.leaves_next { self.subscribe(now, 0, terms) } else { (self, Output::Nothing) }
    }

    /// A SUBSCRIBE inside the dialog; one at a time.
    fn subscribe(self, now: Time, expires: u32, terms: &Terms) -> (Self, Output) {
        if self.leaving {
            return (self, Output::Nothing);
        }
        if matches!(self.open, Open::Refresh { .. }) {
            return (Self { leaves_next: self.leaves_next || expires == 0, ..self }, Output::Nothing);
        }
        let live = Self {
            open: Open::Refresh { asked: expires, retried: false },
            timer_n: Some(now + terms.timer_n),
            refresh_at: None,
            leaving: expires == 0,
            ..self
        };
        (live, Output::Subscribe(expires))
    }

    /// The SUBSCRIBE that is open goes out again; the NOTIFY that has to follow it has as long as ever.
    fn challenged(self, now: Time, terms: &Terms) -> (Self, Output) {
        match self.open {
            Open::Refresh { asked, .. } => {
                (Self { timer_n: Some(now + terms.timer_n), ..self }, Output::Subscribe(asked))
            }
            Open::None | Open::Initial => (self, Output::Nothing),
        }
    }

    fn on_time(self, now: Time, terms: &Terms) -> Result<(Self, Output), Ending> {
        if self.timer_n.is_some_and(|due| due <= now) {
            return Err(Ending::NoNotify);
        }
        if self.expires_at <= now {
            return Err(Ending::Expired);
        }
        if self.refresh_at.is_some_and(|due| due <= now) {
            return Ok(self.subscribe(now, terms.duration, terms));
        }
        Ok((self, Output::Nothing))
    }
}

/// One subscription as its subscriber sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subscriber {
    event: EventKey,
    terms: Terms,
    state: State,
}

impl Subscriber {
    /// The SUBSCRIBE (with Expires `terms.duration`) or the REFER goes out now. A duration of 0 polls the state once.
    pub fn new(now: Time, event: EventKey, terms: Terms) -> Self {
        let timer_n = now + terms.timer_n;
        let asked = terms.duration;
        let state = State::NotifyWait { timer_n, asked, retried: false, accepted: false, granted_until: None };
        Self { event, terms, state }
    }

    fn step(&mut self, input: Input) -> Output {
        let state = std::mem::replace(&mut self.state, State::Terminated(Ending::Expired));
        let (state, output) = state.on(input, &self.terms);
        self.state = state;
        output
    }

    fn output(output: Output) -> SubscriberOutput {
        match output {
            Output::Nothing | Output::Unmatched => SubscriberOutput::Nothing,
            Output::Subscribe(expires) => SubscriberOutput::Subscribe { expires },
            Output::Ended(ending) => SubscriberOutput::Ended(ending),
        }
    }

    /// The request that starts it goes out under another number, after which it is named.
    pub(super) fn rename(&mut self, event: EventKey) {
        self.event = event;
    }

    /// Package and `id`.
    pub const fn event(&self) -> &EventKey {
        &self.event
    }

    /// State of the figure.
    pub const fn state(&self) -> SubscriberState {
        match self.state {
            State::NotifyWait { .. } => SubscriberState::NotifyWait,
            State::Pending(_) => SubscriberState::Pending,
            State::Active(_) => SubscriberState::Active,
            State::Terminated(_) => SubscriberState::Terminated,
        }
    }

    /// Why it ended.
    pub const fn ending(&self) -> Option<&Ending> {
        match &self.state {
            State::Terminated(ending) => Some(ending),
            State::NotifyWait { .. } | State::Pending(_) | State::Active(_) => None,
        }
    }

    /// Whether the initial request was answered 2xx while no NOTIFY has come.
    pub const fn is_accepted(&self) -> bool {
        matches!(self.state, State::NotifyWait { accepted: true, .. })
    }

    /// Whether we unsubscribed and wait for the terminating NOTIFY.
    pub const fn is_leaving(&self) -> bool {
        matches!(self.state, State::Pending(Live { leaving: true, .. }) | State::Active(Live { leaving: true, .. }))
    }

    /// Whether a SUBSCRIBE may be sent inside the dialog: there is one, no other waits for its answer, and we have not
    /// unsubscribed.
    pub const fn may_subscribe(&self) -> bool {
        match &self.state {
            State::Pending(live) | State::Active(live) => !live.leaving && !matches!(live.open, Open::Refresh { .. }),
            State::NotifyWait { .. } | State::Terminated(_) => false,
        }
    }

    /// Whether Timer N runs after a SUBSCRIBE inside the dialog: its NOTIFY has not come.
    pub const fn awaits_notify(&self) -> bool {
        matches!(
            self.state,
            State::Pending(Live { timer_n: Some(_), .. }) | State::Active(Live { timer_n: Some(_), .. })
        )
    }

    /// Whether a SUBSCRIBE inside the dialog waits for its answer or its NOTIFY.
    pub const fn is_refreshing(&self) -> bool {
        match &self.state {
            State::Pending(live) | State::Active(live) => {
                matches!(live.open, Open::Refresh { .. }) || live.timer_n.is_some()
            }
            State::NotifyWait { .. } | State::Terminated(_) => false,
        }
    }

    /// The final answer to the SUBSCRIBE or REFER; `code` 408 if there was none. `expires` and `min_expires` are the
    /// header fields of that name, in seconds.
    pub fn on_response(
        &mut self,
        now: Time,
        code: u16,
        expires: Option<u32>,
        min_expires: Option<u32>,
    ) -> SubscriberOutput {
        Self::output(self.step(Input::Response { now, code, expires, min_expires }))
    }

    /// A NOTIFY that matches this subscription came.
    pub fn on_notify(&mut self, now: Time, received: Received) -> NotifyVerdict {
        match self.step(Input::Notify { now, received }) {
            Output::Nothing | Output::Subscribe(_) => NotifyVerdict::Taken,
            Output::Ended(ending) => NotifyVerdict::Ended(ending),
            Output::Unmatched => NotifyVerdict::Unmatched,
        }
    }

    /// Asks for the whole state now, by a refresh with the usual duration. Nothing if one is under way already.
    pub fn refresh(&mut self, now: Time) -> SubscriberOutput {
        let expires = self.terms.duration;
        Self::output(self.step(Input::Subscribe { now, expires }))
    }

    /// Ends the subscription by a SUBSCRIBE with Expires 0, once an open refresh is answered; it lives on until the
    /// terminating NOTIFY or Timer N.
    pub fn unsubscribe(&mut self, now: Time) -> SubscriberOutput {
        Self::output(self.step(Input::Subscribe { now, expires: 0 }))
    }

    /// A challenge to the SUBSCRIBE or REFER that is open came, which can be met (RFC 3261 section 22): whether it is
    /// to be sent again. Timer N then starts anew.
    #[must_use = "what is not to be sent again has failed"]
    pub fn on_challenge(&mut self, now: Time) -> bool {
        matches!(self.step(Input::Challenged { now }), Output::Subscribe(_))
    }

    /// Lets the timers that are due fire.
    pub fn on_timeout(&mut self, now: Time) -> SubscriberOutput {
        Self::output(self.step(Input::Timeout { now }))
    }

    /// The pending timers.
    pub fn timers(&self) -> impl Iterator<Item = Timer> + use<> {
        let timer = |class: TimerClass| move |at: Time| Timer { at, class };
        let (timer_n, refresh, expiry) = match &self.state {
            State::NotifyWait { timer_n, .. } => (Some(*timer_n), None, None),
            State::Pending(live) | State::Active(live) => (live.timer_n, live.refresh_at, Some(live.expires_at)),
            State::Terminated(_) => (None, None, None),
        };
        let expiry = expiry.map(timer(self.terms.expiry));
        timer_n
            .map(timer(TimerClass::Protocol))
            .into_iter()
            .chain(refresh.map(timer(TimerClass::Refresh)))
            .chain(expiry)
    }
}

#[cfg(test)]
mod tests;
