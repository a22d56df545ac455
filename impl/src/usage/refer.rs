//! The `refer` package on top of the two subscription machines (RFC 3515): the referrer's view of each REFER it sent,
//! and the report of the one who carries a REFER out.
//!
//! Each REFER in a dialog has its own subscription, named by the `CSeq` number of the REFER (section 2.4.6). Ending it
//! says nothing about the reference itself. Read [`ReferralState`] first.

use thiserror::Error;

use super::Reason;
use super::notifier::{Notification, Notifier, NotifierOutput, NotifierState, NotifyStatus};
use super::subscriber::{Ending, NotifyVerdict, Received, Subscriber, SubscriberOutput, SubscriberState, Terms};
use crate::dialog::EventKey;
use crate::time::{Alarm, Time, Timed, Timer, TimerClass, earliest};

/// Most REFERs of one dialog that a referrer keeps track of.
pub const MAX_REFERRALS: usize = 64;

/// What the referrer knows of a REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferralState {
    /// Sent; neither answered nor reported on.
    Sent,
    /// Answered 2xx, which promises nothing about the reference; no NOTIFY yet.
    Accepted,
    /// A NOTIFY came, the subscription is open.
    Trying,
    /// We unsubscribed and wait for the terminating NOTIFY.
    Closing,
    /// Over. `None`: how the reference ended was never reported.
    Done(Option<u16>),
    /// Refused with this code; 408 if there was no answer at all. The reference was not carried out on our behalf.
    Refused(u16),
    /// Accepted without a subscription, as we asked (RFC 4488 section 4): nothing will be reported.
    NoSubscription,
}

/// One REFER as its sender sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Referral {
    subscriber: Subscriber,
    /// The newest status code reported.
    reported: Option<u16>,
    subscribed: bool,
}

impl Referral {
    /// The REFER with `cseq` goes out now.
    pub fn new(now: Time, cseq: u32, terms: Terms) -> Self {
        let subscriber = Subscriber::new(now, EventKey::refer(cseq), terms);
        Self { subscriber, reported: None, subscribed: true }
    }

    /// The subscription.
    pub const fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    /// The newest status code reported, provisional ones included.
    pub const fn reported(&self) -> Option<u16> {
        self.reported
    }

    /// What is known.
    pub fn state(&self) -> ReferralState {
        let outcome = self.reported.filter(|code| *code >= 200);
        match (self.subscriber.state(), self.subscriber.ending()) {
            _ if !self.subscribed => ReferralState::NoSubscription,
            (SubscriberState::NotifyWait, _) if self.subscriber.is_accepted() => ReferralState::Accepted,
            (SubscriberState::NotifyWait, _) => ReferralState::Sent,
            (SubscriberState::Pending | SubscriberState::Active, _) if self.subscriber.is_leaving() => {
                ReferralState::Closing
            }
            (SubscriberState::Pending | SubscriberState::Active, _) => ReferralState::Trying,
            (SubscriberState::Terminated, Some(Ending::Refused(code))) if self.reported.is_none() => {
                ReferralState::Refused(*code)
            }
            (SubscriberState::Terminated, _) => ReferralState::Done(outcome),
        }
    }

    /// Whether a NOTIFY may still come.
    pub fn is_open(&self) -> bool {
        self.subscribed && self.subscriber.state() != SubscriberState::Terminated
    }

    /// The final answer to the REFER; `code` 408 if there was none. `without_subscription` says that a 2xx echoed
    /// `Refer-Sub: false` (RFC 4488), or that `nosub` or `explicitsub` was required (RFC 7614).
    pub fn on_response(&mut self, now: Time, code: u16, without_subscription: bool) -> SubscriberOutput {
        if !self.subscribed {
            return SubscriberOutput::Nothing;
        }
        let unreported = self.subscriber.state() == SubscriberState::NotifyWait;
        if without_subscription && unreported && (200..=299).contains(&code) {
            self.subscribed = false;
            return SubscriberOutput::Nothing;
        }
        self.subscriber.on_response(now, code, None, None)
    }

    /// A NOTIFY of this REFER came. `status` is the code in its sipfrag body, if that could be read.
    pub fn on_notify(&mut self, now: Time, received: Received, status: Option<u16>) -> NotifyVerdict {
        if !self.is_open() {
            return NotifyVerdict::Unmatched;
        }
        self.reported = status.or(self.reported);
        self.subscriber.on_notify(now, received)
    }

    /// A challenge to the SUBSCRIBE that is open came, which can be met: whether it is to be sent again.
    #[must_use = "what is not to be sent again has failed"]
    pub fn on_challenge(&mut self, now: Time) -> bool {
        self.is_open() && self.subscriber.on_challenge(now)
    }

    /// Asks for the present status by a SUBSCRIBE (RFC 3515 section 2.4.4); never by another REFER, which would ask for
    /// the same thing once more.
    pub fn refresh(&mut self, now: Time) -> SubscriberOutput {
        self.subscriber.refresh(now)
    }

    /// The final answer to a SUBSCRIBE for this subscription; `code` 408 if there was none. `expires` is in seconds.
    pub fn on_subscribe_response(&mut self, now: Time, code: u16, expires: Option<u32>) -> SubscriberOutput {
        self.subscriber.on_response(now, code, expires, None)
    }

    /// Ends the subscription; the reference goes on (RFC 3515 section 2.4.4).
    pub fn unsubscribe(&mut self, now: Time) -> SubscriberOutput {
        self.subscriber.unsubscribe(now)
    }

    /// Lets the timers that are due fire.
    pub fn on_timeout(&mut self, now: Time) -> SubscriberOutput {
        if self.subscribed { self.subscriber.on_timeout(now) } else { SubscriberOutput::Nothing }
    }

    /// The pending timers.
    pub fn timers(&self) -> impl Iterator<Item = Timer> + use<> {
        self.subscriber.timers().filter({
            let subscribed = self.subscribed;
            move |_| subscribed
        })
    }
}

/// How a NOTIFY was found to belong to a REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matched {
    /// Its `id` names the REFER with this `CSeq` number.
    ById(u32),
    /// It has no `id`: legal for the first REFER of a dialog, a guess for any other (RFC 3515 section 2.4.6).
    WithoutId(u32),
    /// None: answer 481.
    None,
}

/// Too many REFERs in one dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{MAX_REFERRALS} REFERs in one dialog are tracked already")]
pub struct ReferralsFull;

/// The REFERs that one end sent in one dialog, in the order of their `CSeq` numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Referrals(Timed<Sent>);

/// A REFER and its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sent {
    cseq: u32,
    referral: Referral,
}

impl Alarm for Sent {
    fn alarm(&self) -> Option<Time> {
        earliest(self.referral.timers())
    }
}

impl Referrals {
    /// A REFER with `cseq` goes out now.
    ///
    /// # Errors
    /// The table is full of REFERs that are not over.
    pub fn start(&mut self, now: Time, cseq: u32, terms: Terms) -> Result<(), ReferralsFull> {
        if self.0.len() >= MAX_REFERRALS {
            self.0.rearrange(|all| all.retain(|sent| sent.referral.is_open()));
        }
        if self.0.len() >= MAX_REFERRALS {
            return Err(ReferralsFull);
        }
        self.insert(cseq, Referral::new(now, cseq, terms));
        Ok(())
    }

    /// Puts a REFER where its number belongs, mostly the end; one with this number would be replaced.
    fn insert(&mut self, cseq: u32, referral: Referral) {
        let sent = Sent { cseq, referral };
        match self.place(cseq) {
            Err(place) if place == self.0.len() => self.0.push(sent),
            Err(place) => self.0.rearrange(|all| all.insert(place, sent)),
            Ok(place) => {
                if let Some(known) = self.0.get_mut(place) {
                    *known = sent;
                }
            }
        }
    }

    /// The place of the REFER with this number, or where it would be.
    fn place(&self, cseq: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&cseq, |sent| sent.cseq)
    }

    /// A challenge to the REFER with `cseq` came, which can be met: it goes out again as `next`, and that is what its
    /// subscription is named after (RFC 3515 section 2.4.6). `false`: it was accepted or is over, and is not to be sent
    /// again.
    #[must_use = "what is not to be sent again has failed"]
    pub fn renumber(&mut self, now: Time, cseq: u32, next: u32) -> bool {
        let Ok(place) = self.place(cseq) else { return false };
        let referral = self.0.get_mut(place).map(|sent| &mut sent.referral);
        let Some(referral) = referral.filter(|referral| referral.state() == ReferralState::Sent) else { return false };
        if !referral.on_challenge(now) {
            return false;
        }
        let mut referral = referral.clone();
        referral.subscriber.rename(EventKey::refer(next));
        self.0.rearrange(|all| drop(all.remove(place)));
        self.insert(next, referral);
        true
    }

    /// Which REFER a NOTIFY with Event `refer` and this `id` parameter belongs to.
    pub fn matching(&self, id: Option<&[u8]>) -> Matched {
        match id {
            Some(id) => {
                let number = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
                let open = number.filter(|cseq| self.referral(*cseq).is_some_and(Referral::is_open));
                let known = open.filter(|cseq| cseq.to_string().as_bytes() == id);
                known.map_or(Matched::None, Matched::ById)
            }
            // The first REFER if it is still open, else the earliest that is.
            None => {
                let first = self.iter().find(|(_, referral)| referral.is_open());
                first.map_or(Matched::None, |(cseq, _)| Matched::WithoutId(cseq))
            }
        }
    }

    /// The REFER with this `CSeq` number.
    pub fn referral(&self, cseq: u32) -> Option<&Referral> {
        self.0.get(self.place(cseq).ok()?).map(|sent| &sent.referral)
    }

    /// The REFER with this `CSeq` number, to hand it an input.
    pub fn referral_mut(&mut self, cseq: u32) -> Option<&mut Referral> {
        let place = self.place(cseq).ok()?;
        self.0.get_mut(place).map(|sent| &mut sent.referral)
    }

    /// All of them, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Referral)> {
        self.0.iter().map(|sent| (sent.cseq, &sent.referral))
    }

    /// When the first timer of all fires.
    pub(crate) fn alarm(&mut self) -> Option<Time> {
        self.0.alarm()
    }

    /// The `CSeq` numbers of those that have a timer due at `now`.
    pub(crate) fn due(&mut self, now: Time) -> Vec<u32> {
        let places = self.0.due(now);
        places.into_iter().filter_map(|place| self.0.get(place)).map(|sent| sent.cseq).collect()
    }

    /// Lets every timer that is due fire: what came of it, by `CSeq` number.
    pub fn on_timeout(&mut self, now: Time) -> Vec<(u32, SubscriberOutput)> {
        let due = self.due(now).into_iter();
        let outputs = due.filter_map(|cseq| Some((cseq, self.referral_mut(cseq)?.on_timeout(now))));
        outputs.filter(|(_, output)| *output != SubscriberOutput::Nothing).collect()
    }
}

/// What the one who carries a REFER out has to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Report {
    /// Under way; the first NOTIFY says so.
    Trying { told: bool },
    /// Over with this status code, told in the terminating NOTIFY.
    Outcome { code: u16, trying_told: bool },
}

/// The report on one accepted REFER: `100 Trying` at once, the final status in the terminating NOTIFY, both always sent
/// (RFC 3515 sections 2.4.4 and 2.4.5). No intermediate 18x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReferNotifier {
    notifier: Notifier,
    report: Report,
}

impl ReferNotifier {
    /// The REFER with `cseq` was accepted now; `expires` seconds should outlast the referenced request.
    pub fn new(now: Time, cseq: u32, expires: u32) -> Self {
        let notifier = Notifier::new(now, EventKey::refer(cseq), expires, true, TimerClass::Expiry);
        Self { notifier, report: Report::Trying { told: false } }
    }

    /// The subscription, for [`super::next_owed`].
    pub const fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// The referenced request got its final response with `code`; only the first call counts.
    pub fn outcome(&mut self, code: u16) {
        if let Report::Trying { told } = self.report {
            self.report = Report::Outcome { code, trying_told: told };
            if told {
                self.notifier.terminate(Reason::Noresource, None);
            }
        }
    }

    /// The NOTIFY to send now and the status code of its sipfrag body.
    pub fn next(&mut self, now: Time) -> Option<(Notification, u16)> {
        let mut notification = self.notifier.next(now)?;
        let last = matches!(notification.status, NotifyStatus::Terminated { .. });
        if let (NotifyStatus::Terminated { reason, .. }, Report::Outcome { .. }) =
            (&mut notification.status, self.report)
        {
            // Whatever ended it, with the final status there is nothing left to report (section 2.4.7).
            *reason = Reason::Noresource;
        }
        let code = match self.report {
            Report::Trying { .. } => {
                self.report = Report::Trying { told: true };
                100
            }
            // The first NOTIFY is the one owed to the REFER; the outcome follows it.
            Report::Outcome { code, trying_told: false } if !last => {
                self.report = Report::Outcome { code, trying_told: true };
                self.notifier.terminate(Reason::Noresource, None);
                100
            }
            // Whatever a SUBSCRIBE asks for in between, it hears the newest status.
            Report::Outcome { code, .. } => code,
        };
        Some((notification, code))
    }

    /// A SUBSCRIBE for this subscription came. `false`: answer 481.
    #[must_use = "a SUBSCRIBE for an ended subscription is answered 481"]
    pub fn on_subscribe(&mut self, now: Time, expires: u32) -> bool {
        self.notifier.on_subscribe(now, expires)
    }

    /// The NOTIFY in flight was answered with `code`; 408 if not at all. The reference goes on whatever it was.
    pub fn on_response(&mut self, code: u16) -> NotifierOutput {
        self.notifier.on_response(code)
    }

    /// Lets the timer fire if it is due: the present status goes out in a terminating NOTIFY with reason `timeout`.
    pub fn on_timeout(&mut self, now: Time) {
        self.notifier.on_timeout(now);
    }

    /// The pending timer.
    pub fn timer(&self) -> Option<Timer> {
        self.notifier.timer()
    }

    /// Whether the subscription is over and nothing is left to be sent.
    pub fn is_over(&self) -> bool {
        self.notifier.state() == NotifierState::Terminated
    }
}

#[cfg(test)]
mod tests;
