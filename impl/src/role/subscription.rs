//! A subscription to the state of a conference, as any user agent has it: SUBSCRIBE in a dialog of its own, NOTIFYs,
//! the roster that they give (RFC 6665 section 4.1, RFC 4575 section 4.6).
//!
//! The UE and the invited users share it. Read [`ConferenceSubscription`] first; the states are those of
//! [`crate::usage::Subscriber`].

use crate::body::conference_info::{self, Applied, Roster};
use crate::dialog::{Dialog, DialogName, EventKey, InitialRequest, Party, Request, RouteSet, Usage};
use crate::role::endpoint::{Endpoint, Unsendable};
use crate::role::roster_change;
use crate::time::{Time, Timer, TimerClass};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{self, Ending, NotifyVerdict, Received, Subscriber, SubscriberOutput, Terms};
use crate::view::{RosterChange, SubscriberState, SubscriptionView};
use crate::wire::{Message, Method, Name, OwnedUri};

/// What the identifiers of a subscription are made from, with the number of the user's command.
const CAUSE: &[u8] = b"subscribe";

/// What a user hears of his subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The first NOTIFY came.
    Subscribed,
    /// The roster changed.
    RosterChanged(RosterChange),
    /// It was terminated, or never came about.
    Ended {
        /// The reason of the terminating NOTIFY, or the code of the response that refused the SUBSCRIBE.
        reason: String,
    },
}

/// The user agent that has the subscription, while it handles one input.
pub(crate) struct Owner<'a> {
    pub(crate) now: Time,
    pub(crate) endpoint: &'a mut Endpoint,
    contact: &'a OwnedUri,
    /// Feature tags of the Contact.
    features: &'a str,
    /// What there is to tell its user.
    pub(crate) news: Vec<News>,
}

impl<'a> Owner<'a> {
    pub(crate) const fn new(now: Time, endpoint: &'a mut Endpoint, contact: &'a OwnedUri, features: &'a str) -> Self {
        Self { now, endpoint, contact, features, news: Vec::new() }
    }

    /// Answers with a status.
    pub(crate) fn answer(&mut self, server: &ServerKey, code: u16) {
        let Some(response) = self.endpoint.response(server, code, None) else { return };
        let response = match code {
            415 => response.field(Name::Accept, conference_info::MEDIA_TYPE),
            _ => response,
        };
        self.endpoint.respond(self.now, server, response);
    }

    /// Sends a SUBSCRIBE (TS 34.229-1 A.5.1).
    fn send(&mut self, request: &Request, expires: u32) -> Result<ClientKey, Unsendable> {
        let (contact, features) = (self.contact, self.features);
        self.endpoint.request(self.now, request, |builder| {
            builder
                .contact(contact, features)
                .event("conference", None)
                .field(Name::Accept, conference_info::MEDIA_TYPE)
                .expires(expires)
        })
    }
}

/// Who subscribes to what, and for how long.
pub(crate) struct Wish {
    /// The subscriber.
    pub(crate) user: OwnedUri,
    /// The conference URI.
    pub(crate) conference: OwnedUri,
    /// The preloaded route.
    pub(crate) routes: RouteSet,
    /// Asked length in seconds; 0 asks for the present state only (RFC 6665 section 4.4.3).
    pub(crate) expires: u32,
    /// How many subscriptions the same user agent had before: each has a Call-ID and a tag of its own.
    pub(crate) number: u32,
}

/// The subscription to the state of a conference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConferenceSubscription {
    initial: InitialRequest,
    /// The SUBSCRIBE that waits for its final response.
    subscribe: Option<ClientKey>,
    /// Made by the first NOTIFY, not by the 2xx (RFC 6665 section 4.4.1).
    dialog: Option<Dialog>,
    subscriber: Subscriber,
    roster: Roster,
    was_active: bool,
}

impl ConferenceSubscription {
    /// Subscribes.
    ///
    /// # Errors
    /// The first hop cannot be reached.
    pub(crate) fn start(owner: &mut Owner<'_>, wish: Wish) -> Result<Self, Unsendable> {
        let Wish { user, conference, routes, expires, number } = wish;
        let identifiers = owner.endpoint.identifiers();
        let initial = InitialRequest {
            method: Method::Subscribe,
            call_id: identifiers.token("call-id", &[CAUSE], number).into(),
            local: Party::new(user),
            local_tag: identifiers.token("tag", &[CAUSE], number).into(),
            remote: Party::new(conference.clone()),
            cseq: 1,
            target: conference,
            routes,
        };
        let subscribe = owner.send(&initial.request(), expires)?;
        let terms = Terms {
            duration: expires,
            timer_n: owner.endpoint.timers().timeout(),
            refreshes: true,
            expiry: TimerClass::Expiry,
        };
        Ok(Self {
            initial,
            subscribe: Some(subscribe),
            dialog: None,
            subscriber: Subscriber::new(owner.now, EventKey::conference(), terms),
            roster: Roster::new(),
            was_active: false,
        })
    }

    pub(crate) fn view(&self) -> SubscriptionView {
        let state = match (self.subscriber.state(), self.subscriber.ending()) {
            (usage::SubscriberState::NotifyWait, _) => {
                SubscriberState::Subscribing { answered: self.subscriber.is_accepted() }
            }
            (usage::SubscriberState::Pending | usage::SubscriberState::Active, _) => SubscriberState::Active,
            (usage::SubscriberState::Terminated, Some(Ending::Refused(_) | Ending::NoNotify)) if !self.was_active => {
                SubscriberState::Failed
            }
            (usage::SubscriberState::Terminated, _) => SubscriberState::Ended,
        };
        SubscriptionView {
            state,
            refreshing: self.subscriber.awaits_notify(),
            leaving: self.subscriber.is_leaving(),
            open: self.subscribe.is_some(),
            unnotified: self.subscriber.ending().is_some_and(|ending| !matches!(ending, Ending::Notified { .. })),
            version: self.roster.version(),
            roster: roster_change::entries(&self.roster),
        }
    }

    /// Its dialog, as long as there is one.
    pub(crate) const fn dialog(&self) -> Option<&Dialog> {
        self.dialog.as_ref()
    }

    /// Whether it is over, or never came about.
    pub(crate) fn is_over(&self) -> bool {
        self.subscriber.state() == usage::SubscriberState::Terminated
    }

    /// Whether a SUBSCRIBE that refreshes or ends it may be sent now.
    pub(crate) const fn may_subscribe(&self) -> bool {
        self.subscriber.may_subscribe()
    }

    /// Asks for the whole state and for the usual duration from now on.
    pub(crate) fn refresh(&mut self, owner: &mut Owner<'_>) {
        let output = self.subscriber.refresh(owner.now);
        self.on_output(owner, output);
    }

    /// Ends it: NOTIFYs are answered until the terminating one comes (RFC 6665 section 4.1.2.3).
    pub(crate) fn unsubscribe(&mut self, owner: &mut Owner<'_>) {
        let output = self.subscriber.unsubscribe(owner.now);
        self.on_output(owner, output);
    }

    /// The pending timers.
    pub(crate) fn timers(&self) -> impl Iterator<Item = Timer> + use<> {
        self.subscriber.timers()
    }

    /// Whether a request belongs to the subscription: its Call-ID, our tag, and, once there is a dialog, the peer's
    /// tag; only one NOTIFY may make the dialog (RFC 4575 section 3.8).
    pub(crate) fn owns(&self, request: &Message<'_>) -> bool {
        let Some(name) = DialogName::of(request) else { return false };
        match &self.dialog {
            Some(dialog) => *dialog.id() == name,
            None => {
                let InitialRequest { call_id, local_tag, .. } = &self.initial;
                (call_id.as_bytes(), local_tag.as_bytes()) == (name.call_id, name.local_tag)
            }
        }
    }

    /// The request for another duration: in the dialog, or, as long as there is none, the initial one once more with
    /// the next number.
    fn next_request(&mut self) -> Option<Request> {
        match &mut self.dialog {
            Some(dialog) => dialog.request(Method::Subscribe).ok(),
            None => {
                self.initial.cseq += 1;
                Some(self.initial.request())
            }
        }
    }

    /// A challenge to the SUBSCRIBE that is open came, which can be met: the number under which it goes out again, if
    /// it is still wanted.
    pub(crate) fn renumber(&mut self, now: Time, client: &ClientKey) -> Option<u32> {
        if self.subscribe.as_ref() != Some(client) || !self.subscriber.on_challenge(now) {
            return None;
        }
        self.next_request().map(|request| request.cseq)
    }

    /// The final response to a SUBSCRIBE; `None` if none came.
    pub(crate) fn on_response(&mut self, owner: &mut Owner<'_>, client: &ClientKey, response: Option<&Message<'_>>) {
        let code = response.and_then(Message::status).unwrap_or(408);
        if code < 200 || self.subscribe.as_ref() != Some(client) {
            return;
        }
        self.subscribe = None;
        if let (Some(dialog), Some(response)) = (&mut self.dialog, response) {
            // A malformed Contact leaves the target as it is.
            let _ = dialog.on_response(response);
        }
        let expires = response.and_then(|response| response.expires().ok());
        let min_expires = response.and_then(|response| response.min_expires().ok());
        let output = self.subscriber.on_response(owner.now, code, expires, min_expires);
        self.on_output(owner, output);
    }

    /// Lets the timers that are due fire.
    pub(crate) fn on_timeout(&mut self, owner: &mut Owner<'_>) {
        let output = self.subscriber.on_timeout(owner.now);
        self.on_output(owner, output);
    }

    fn on_output(&mut self, owner: &mut Owner<'_>, output: SubscriberOutput) {
        match output {
            SubscriberOutput::Nothing => {}
            SubscriberOutput::Subscribe { expires } => {
                self.subscribe = self.next_request().and_then(|request| owner.send(&request, expires).ok());
                if self.subscribe.is_none() {
                    // It counts as a transaction that nobody answered.
                    let output = self.subscriber.on_response(owner.now, 408, None, None);
                    debug_assert!(!matches!(output, SubscriberOutput::Subscribe { .. }), "408 is never retried");
                    self.on_output(owner, output);
                }
            }
            SubscriberOutput::Ended(ending) => self.on_ended(owner, &ending),
        }
    }

    fn on_ended(&mut self, owner: &mut Owner<'_>, ending: &Ending) {
        self.dialog = None;
        self.subscribe = None;
        let reason = match ending {
            Ending::Notified { reason: Some(reason), .. } => reason.to_string(),
            Ending::Notified { reason: None, .. } => "terminated".to_owned(),
            Ending::Refused(code) => code.to_string(),
            Ending::NoNotify => "no NOTIFY".to_owned(),
            Ending::Expired => "expired".to_owned(),
        };
        owner.news.push(News::Ended { reason });
    }

    /// A NOTIFY that belongs to the subscription: answered at once, without asking the user (RFC 6665 section 4.1.3).
    pub(crate) fn on_notify(&mut self, owner: &mut Owner<'_>, server: &ServerKey, notify: &Message<'_>) {
        let refresh = match self.dialog.as_mut().map(|dialog| dialog.on_request(notify)) {
            Some(Ok(refresh)) => Some(refresh),
            Some(Err(_)) => return owner.answer(server, 500),
            None => None,
        };
        let read = notify.subscription_state().map_err(|_| 400);
        let document = read.and_then(|state| Ok((state, document(notify)?)));
        let (state, document) = match document {
            Ok(read) => read,
            Err(code) => return owner.answer(server, code),
        };
        let made = match &self.dialog {
            Some(_) => None,
            None => match Dialog::from_notify(&self.initial, notify) {
                Ok(dialog) => Some(dialog),
                Err(_) => return owner.answer(server, 400),
            },
        };
        let verdict = self.subscriber.on_notify(owner.now, Received::from(&state));
        if verdict == NotifyVerdict::Unmatched {
            return owner.answer(server, 481);
        }
        if let Some(mut dialog) = made {
            dialog.begin(Usage::Subscriber(EventKey::conference()));
            self.dialog = Some(dialog);
        }
        if let (Some(dialog), Some(refresh)) = (&mut self.dialog, refresh) {
            dialog.on_answered(refresh, 200);
        }
        let (applied, change) = document.map(|document| roster_change::apply(&mut self.roster, document)).unzip();
        let first = verdict == NotifyVerdict::Taken && !std::mem::replace(&mut self.was_active, true);
        owner.answer(server, 200);
        if first {
            owner.news.push(News::Subscribed);
        }
        owner.news.extend(change.filter(|change| !change.is_empty()).map(News::RosterChanged));
        match verdict {
            NotifyVerdict::Ended(ending) => self.on_ended(owner, &ending),
            NotifyVerdict::Taken | NotifyVerdict::Unmatched => self.on_applied(owner, applied),
        }
    }

    /// A gap in the versions asks for the whole state (RFC 4575 section 4.6), the end of the conference for the end of
    /// the subscription.
    fn on_applied(&mut self, owner: &mut Owner<'_>, applied: Option<Applied>) {
        let output = match applied {
            Some(Applied::Gap { refresh: true, .. }) => self.subscriber.refresh(owner.now),
            Some(Applied::Ended) => self.subscriber.unsubscribe(owner.now),
            Some(Applied::First | Applied::Updated | Applied::Discarded(_) | Applied::Gap { refresh: false, .. })
            | None => SubscriberOutput::Nothing,
        };
        self.on_output(owner, output);
    }
}

/// The document in a NOTIFY; none in one without a body, which is legal (RFC 6665 section 4.1.2.3). Otherwise the code
/// of the refusal, which hurts the transaction only.
fn document(notify: &Message<'_>) -> Result<Option<conference_info::Document>, u16> {
    if notify.body().is_empty() {
        return Ok(None);
    }
    if !notify.content_type().is_ok_and(|media_type| media_type.is(conference_info::MEDIA_TYPE)) {
        return Err(415);
    }
    conference_info::Document::read(notify.body()).map(Some).map_err(|_| 400)
}
