//! What the focus tells: the state of the conference to its subscribers (RFC 4575); for the reports on REFERs see
//! `report.rs`. One NOTIFY in flight per dialog; what changes meanwhile is told in the next.

use super::conference::{Conference, Host};
use super::creator::ISFOCUS;
use super::roster::{LastTold, Roster};
use super::{Event, Policy};
use crate::body::conference_info::{self, Document, Versions};
use crate::dialog::{Dialog, DialogState, EventKey, Request, Usage};
use crate::time::{Alarm, Time, Timer, TimerClass, earliest};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{Notification, Notifier, NotifierOutput, NotifierState, NotifyStatus, Reason};
use crate::view::{self, NotifierView};
use crate::wire::{Builder, Message, Method, Name, NameAddr, OwnedUri, SubscriptionStatus};

/// Most subscriptions to one conference, those that are over included.
pub const MAX_SUBSCRIPTIONS: usize = 64;

/// Version of the first document of a subscription.
const FIRST_VERSION: u32 = 1;

/// One subscription to the conference event package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subscription {
    /// Who subscribed.
    subscriber: String,
    /// Gone when the subscription is over.
    pub(super) dialog: Option<Dialog>,
    pub(super) notifier: Notifier,
    documents: Versions,
    /// What the last document told.
    told: Option<LastTold>,
    version: Option<u32>,
    /// The NOTIFY that waits for its final response.
    notify: Option<ClientKey>,
    removed: bool,
    /// Before this, a change is not told: it is gathered with others (RFC 4575 section 3.9).
    next_change_at: Option<Time>,
}

impl Subscription {
    pub(super) fn view(&self) -> NotifierView {
        let state = match self.notifier.state() {
            NotifierState::Terminated if self.removed => view::NotifierState::Removed,
            NotifierState::Terminated => view::NotifierState::Closed,
            NotifierState::Terminating if self.notifier.is_owing() => view::NotifierState::Terminating,
            NotifierState::Terminating => view::NotifierState::Terminated,
            NotifierState::Pending | NotifierState::Active => view::NotifierState::Active,
        };
        NotifierView {
            subscriber: self.subscriber.clone(),
            state,
            version: self.version,
            in_flight: self.notifier.is_in_flight(),
            owing: self.notifier.is_owing(),
            full: self.notifier.is_owing_full(),
        }
    }

    /// Whether it is this user's.
    pub(super) fn is_of(&self, user: &OwnedUri) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| dialog.remote().uri.same_user(user))
    }

    /// The document that a NOTIFY carries. A terminating one has none, unless it answers a SUBSCRIBE: one that only
    /// polls gets the whole state in it (RFC 6665 section 4.4.3). Of a conference that is over there is no state, and
    /// none is for who was expelled.
    fn document(&mut self, notification: &Notification, roster: &Roster, live: bool) -> Option<Document> {
        match &notification.status {
            NotifyStatus::Terminated { reason: Reason::Rejected, .. } => return None,
            NotifyStatus::Terminated { .. } if !notification.full || !live => return None,
            NotifyStatus::Terminated { .. } | NotifyStatus::Active { .. } | NotifyStatus::Pending { .. } => {}
        }
        let change = match self.told.as_ref().filter(|_| !notification.full) {
            Some(told) => {
                let (before, after) = roster.since(told);
                self.documents.between(before, after).ok().flatten()
            }
            None => None,
        };
        let document = change.or_else(|| self.documents.full(roster.conference()).ok())?;
        self.told = Some(LastTold::all(roster));
        self.version = Some(document.version);
        Some(document)
    }

    /// Whether something is owed and may be told now.
    fn owes(&self, now: Time) -> bool {
        let waits = self.notifier.is_owing_change() && self.next_change_at.is_some_and(|at| at > now);
        self.notifier.is_owing() && !waits
    }

    /// The pending timers: the end of its time, and of the time in which changes are gathered.
    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        let gathers = self.notifier.is_owing_change() && !self.notifier.is_in_flight();
        let change = self.next_change_at.filter(|_| gathers);
        self.notifier.timer().into_iter().chain(change.map(|at| Timer { at, class: TimerClass::Protocol }))
    }

    fn on_answer(&mut self, code: u16) -> NotifierOutput {
        let output = self.notifier.on_response(code);
        self.removed |= output == NotifierOutput::Removed;
        if self.notifier.state() == NotifierState::Terminated {
            self.dialog = None;
        }
        output
    }
}

impl Alarm for Subscription {
    fn alarm(&self) -> Option<Time> {
        earliest(self.timers())
    }
}

/// The Event and Subscription-State of a NOTIFY.
pub(super) fn describe(builder: Builder, notification: &Notification) -> Builder {
    let builder = builder.event(&notification.event.package, notification.event.id.as_deref());
    match &notification.status {
        NotifyStatus::Pending { expires } => {
            builder.subscription_state(SubscriptionStatus::Pending, Some(*expires), None)
        }
        NotifyStatus::Active { expires } => {
            builder.subscription_state(SubscriptionStatus::Active, Some(*expires), None)
        }
        NotifyStatus::Terminated { reason, retry_after } => {
            debug_assert!(retry_after.is_none(), "this focus never asks a subscriber to come back");
            builder.subscription_state(SubscriptionStatus::Terminated, None, Some(reason.token()))
        }
    }
}

/// Refuses a SUBSCRIBE; 423 says what would not be too brief (RFC 6665 section 4.2.1.1).
fn refuse_subscribe(host: &mut Host<'_>, server: &ServerKey, code: u16) {
    let minimum = host.config.shortest_subscription;
    let refusal = host.endpoint.response(server, code, None);
    host.respond(
        server,
        refusal.map(|refusal| match code {
            423 => refusal.number(Name::MinExpires, minimum),
            _ => refusal,
        }),
    );
}

impl Conference {
    /// A SUBSCRIBE to the conference URI outside any dialog (RFC 6665 section 4.2.1).
    pub(super) fn on_subscribe(&mut self, host: &mut Host<'_>, server: &ServerKey, subscribe: &Message<'_>) {
        let expires = match Policy::subscription(subscribe, host.config) {
            Ok(expires) => expires,
            Err(code) => return refuse_subscribe(host, server, code),
        };
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            self.subscriptions.rearrange(|all| all.retain(|subscription| subscription.dialog.is_some()));
        }
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return host.answer(server, 503);
        }
        let shut_out = |from: NameAddr<'_>| self.is_shut_out(&from.uri.to_owned());
        if subscribe.from().is_ok_and(shut_out) {
            return host.answer(server, 403);
        }
        let from = subscribe.from_tag().ok().flatten().unwrap_or_default();
        let tag = host.endpoint.tag(&[subscribe.call_id().unwrap_or_default(), from]);
        let Ok(mut dialog) = Dialog::from_request(subscribe, tag.clone(), DialogState::Confirmed) else {
            return host.answer(server, 400);
        };
        dialog.begin(Usage::Notifier(EventKey::conference()));
        self.accept_subscribe(host, server, &tag, expires);
        self.subscriptions.push(Subscription {
            subscriber: dialog.remote().uri.to_string(),
            dialog: Some(dialog),
            notifier: Notifier::new(host.now, EventKey::conference(), expires, true, TimerClass::Expiry),
            documents: Versions::new(self.uri.as_str(), FIRST_VERSION),
            told: None,
            version: None,
            notify: None,
            removed: false,
            next_change_at: None,
        });
        host.events.push_back(Event::Subscribed { conference: self.uri.to_string() });
    }

    pub(super) fn accept_subscribe(
        &self,
        host: &mut Host<'_>,
        server: &ServerKey,
        tag: &crate::dialog::Tag,
        expires: u32,
    ) {
        let response = host.endpoint.dialog_response(server, 200, tag);
        host.respond(server, response.map(|response| response.contact(&self.uri, ISFOCUS).expires(expires)));
    }

    /// A request inside a subscription's dialog: a SUBSCRIBE that refreshes or ends it.
    pub(super) fn on_subscriber_request(
        &mut self,
        host: &mut Host<'_>,
        place: usize,
        server: &ServerKey,
        request: &Message<'_>,
    ) {
        let Some(subscription) = self.subscriptions.get_mut(place) else { return };
        let Some(dialog) = &mut subscription.dialog else { return host.answer(server, 481) };
        let Ok(refresh) = dialog.on_request(request) else { return host.answer(server, 500) };
        if request.method() != Some(Method::Subscribe) {
            return host.answer(server, 481);
        }
        let expires = match Policy::subscription(request, host.config) {
            Ok(expires) => expires,
            Err(code) => return refuse_subscribe(host, server, code),
        };
        // An `id` makes it another subscription, which this dialog does not have (RFC 6665 section 8.2.1).
        let other = request.event().is_ok_and(|event| event.id().is_some());
        if other || !subscription.notifier.on_subscribe(host.now, expires) {
            return host.answer(server, 481);
        }
        dialog.on_answered(refresh, 200);
        let tag = dialog.id().local_tag.clone();
        self.accept_subscribe(host, server, &tag, expires);
    }

    /// Sends every NOTIFY that is owed and may be sent now, the reports first as in TS 34.229-5 A.20.
    pub(super) fn notify(&mut self, host: &mut Host<'_>) {
        self.report(host);
        self.note_news();
        for place in 0..self.subscriptions.len() {
            self.tell(host, place);
        }
    }

    /// What changed in the roster is not what the subscribers were told.
    fn note_news(&mut self) {
        if !self.roster.has_news() {
            return;
        }
        let news = self.roster.take_news();
        for told in self.subscriptions.iter_mut().filter_map(|subscription| subscription.told.as_mut()) {
            told.note(&news, &self.roster);
        }
    }

    /// The state of the conference, to one subscriber.
    fn tell(&mut self, host: &mut Host<'_>, place: usize) {
        let live = self.is_live();
        if !self.subscriptions.get(place).is_some_and(|subscription| subscription.owes(host.now)) {
            return;
        }
        let Some(subscription) = self.subscriptions.get_mut(place) else { return };
        let Some(notification) = subscription.notifier.next(host.now) else { return };
        subscription.next_change_at = host.config.notification_interval.map(|interval| host.now + interval);
        let document = subscription.document(&notification, &self.roster, live);
        let request = subscription.dialog.as_mut().and_then(|dialog| dialog.request(Method::Notify).ok());
        let uri = &self.uri;
        let send = |request: Request| {
            let finish = |builder: Builder| {
                let builder = describe(builder.contact(uri, ISFOCUS), &notification);
                match document {
                    Some(document) => builder.body(conference_info::MEDIA_TYPE, document.write()),
                    None => builder,
                }
            };
            host.endpoint.request(host.now, &request, finish).ok()
        };
        subscription.notify = request.and_then(send);
        if subscription.notify.is_none() {
            // It counts as a NOTIFY that nobody answered.
            subscription.on_answer(408);
        }
    }

    /// The place of the subscription whose NOTIFY this is.
    fn subscription_of(&self, notify: &ClientKey) -> Option<usize> {
        self.subscriptions.iter().position(|subscription| subscription.notify.as_ref() == Some(notify))
    }

    /// The final response to a NOTIFY, 408 if there was none.
    pub(super) fn on_notify_answered(&mut self, host: &mut Host<'_>, client: &ClientKey, code: u16) {
        if let Some(cseq) = self.report_of(client) {
            return self.on_report_answered(cseq, code);
        }
        let told = self.subscription_of(client).and_then(|place| self.subscriptions.get_mut(place));
        let Some(subscription) = told else { return };
        subscription.notify = None;
        if subscription.on_answer(code) != NotifierOutput::Nothing {
            host.events.push_back(Event::Unsubscribed { conference: self.uri.to_string() });
        }
    }

    /// The answer to a NOTIFY may refresh the target of its dialog (RFC 6665 section 3.2).
    pub(super) fn on_notify_response(&mut self, client: &ClientKey, response: &Message<'_>) {
        let report = self.report_of(client).is_some();
        let dialog = match self.subscription_of(client) {
            Some(place) => self.subscriptions.get_mut(place).and_then(|subscription| subscription.dialog.as_mut()),
            None => self.creator.dialog.as_mut().filter(|_| report),
        };
        if let Some(dialog) = dialog {
            // A malformed Contact leaves the target as it is.
            let _ = dialog.on_response(response);
        }
    }
}
