//! The conference subscription: SUBSCRIBE in a dialog of its own, NOTIFYs, the roster that they give (RFC 6665
//! section 4.1, RFC 4575 section 4.6).

use super::call::Call;
use super::{Command, Event, Ue, headers, not_now};
use crate::body::conference_info::{self, Applied, Roster};
use crate::dialog::{Dialog, EventKey, InitialRequest, Party, Request, Usage};
use crate::error::CommandError;
use crate::role::config::UeConfig;
use crate::role::endpoint::dialog_id;
use crate::time::{Time, TimerClass};
use crate::transaction::{ClientKey, ServerKey};
use crate::usage::{self, Ending, NotifyVerdict, Received, Subscriber, SubscriberOutput, Terms};
use crate::view::{RosterEntry, SubscriberState, SubscriptionView};
use crate::wire::{Builder, Message, Method, Name};

/// What the identifiers of the subscription are made from: the user's command, given once.
const CAUSE: &[u8] = b"subscribe";

/// The subscription to the state of the conference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConferenceSubscription {
    initial: InitialRequest,
    /// The SUBSCRIBE that waits for its final response.
    subscribe: Option<ClientKey>,
    /// Made by the first NOTIFY, not by the 2xx (RFC 6665 section 4.4.1).
    pub(super) dialog: Option<Dialog>,
    pub(super) subscriber: Subscriber,
    roster: Roster,
    was_active: bool,
}

/// The roster as a list, without what the UE does not show.
fn entries(roster: &Roster) -> Vec<RosterEntry> {
    let users = roster.conference().users.iter().flat_map(|users| &users.rows);
    users.map(|(entity, user)| RosterEntry { entity: entity.clone(), connected: user.is_present() }).collect()
}

impl ConferenceSubscription {
    pub(super) fn view(&self) -> SubscriptionView {
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
        SubscriptionView { state, version: self.roster.version(), roster: entries(&self.roster) }
    }

    /// Whether a request belongs to the subscription: its Call-ID, our tag, and, once there is a dialog, the peer's
    /// tag; only one NOTIFY may make the dialog (RFC 4575 section 3.8).
    fn owns(&self, request: &Message<'_>) -> bool {
        let Some(id) = dialog_id(request) else { return false };
        match &self.dialog {
            Some(dialog) => *dialog.id() == id,
            None => id.call_id == self.initial.call_id && id.local_tag == self.initial.local_tag,
        }
    }

    /// The request for another `expires` seconds: in the dialog, or, as long as there is none, the initial one once
    /// more with the next number.
    fn next_request(&mut self) -> Option<Request> {
        match &mut self.dialog {
            Some(dialog) => dialog.request(Method::Subscribe).ok(),
            None => {
                self.initial.cseq += 1;
                Some(self.initial.request())
            }
        }
    }
}

/// The header fields of a SUBSCRIBE (TS 34.229-1 A.5.1).
fn finish(config: &UeConfig, builder: Builder, expires: u32) -> Builder {
    headers::contact(config, builder)
        .event("conference", None)
        .field(Name::Accept, conference_info::MEDIA_TYPE)
        .expires(expires)
}

impl Ue {
    /// Subscribes to the conference's state.
    pub(super) fn subscribe(&mut self, now: Time) -> Result<(), CommandError> {
        let command = Command::Subscribe;
        let Some(conference) = self.conference.clone().filter(|_| self.call == Call::Confirmed) else {
            return Err(not_now(&command, "there is no confirmed call to a focus"));
        };
        if self.subscription.is_some() {
            return Err(not_now(&command, "this UE has subscribed before"));
        }
        let expires = self.config.conference_expires;
        let initial = InitialRequest {
            method: Method::Subscribe,
            call_id: self.endpoint.identifiers().token("call-id", &[CAUSE], 0).into(),
            local: Party::new(self.config.user.clone()),
            local_tag: self.endpoint.tag(&[CAUSE]),
            remote: Party::new(conference.clone()),
            cseq: 1,
            target: conference,
            routes: self.preloaded_routes()?,
        };
        let config = &self.config;
        let subscribe = self
            .endpoint
            .request(now, &initial.request(), |builder| finish(config, builder, expires))
            .map_err(|_| not_now(&command, "the first hop cannot be reached"))?;
        let terms = Terms {
            duration: expires,
            timer_n: self.endpoint.timers().timeout(),
            refreshes: true,
            expiry: TimerClass::Expiry,
        };
        self.subscription = Some(ConferenceSubscription {
            initial,
            subscribe: Some(subscribe),
            dialog: None,
            subscriber: Subscriber::new(now, EventKey::conference(), terms),
            roster: Roster::new(),
            was_active: false,
        });
        Ok(())
    }

    /// The final response to a SUBSCRIBE; `None` if none came.
    pub(super) fn on_subscribe_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) {
        let code = response.and_then(Message::status).unwrap_or(408);
        let Some(subscription) = &mut self.subscription else { return };
        if code < 200 || subscription.subscribe.as_ref() != Some(client) {
            return;
        }
        subscription.subscribe = None;
        if let (Some(dialog), Some(response)) = (&mut subscription.dialog, response) {
            // A malformed Contact leaves the target as it is.
            let _ = dialog.on_response(response);
        }
        let expires = response.and_then(|response| response.expires().ok());
        let min_expires = response.and_then(|response| response.min_expires().ok());
        let output = subscription.subscriber.on_response(now, code, expires, min_expires);
        self.on_subscriber_output(now, output);
    }

    pub(super) fn on_subscriber_output(&mut self, now: Time, output: SubscriberOutput) {
        let Some(subscription) = &mut self.subscription else { return };
        match output {
            SubscriberOutput::Nothing => {}
            SubscriberOutput::Subscribe { expires } => {
                let config = &self.config;
                let endpoint = &mut self.endpoint;
                let send =
                    |request: Request| endpoint.request(now, &request, |builder| finish(config, builder, expires)).ok();
                subscription.subscribe = subscription.next_request().and_then(send);
                if subscription.subscribe.is_none() {
                    // It counts as a transaction that nobody answered.
                    let output = subscription.subscriber.on_response(now, 408, None, None);
                    debug_assert!(!matches!(output, SubscriberOutput::Subscribe { .. }), "408 is never retried");
                    self.on_subscriber_output(now, output);
                }
            }
            SubscriberOutput::Ended(ending) => self.on_subscription_ended(&ending),
        }
    }

    fn on_subscription_ended(&mut self, ending: &Ending) {
        if let Some(subscription) = &mut self.subscription {
            subscription.dialog = None;
            subscription.subscribe = None;
        }
        let reason = match ending {
            Ending::Notified { reason: Some(reason), .. } => reason.to_string(),
            Ending::Notified { reason: None, .. } => "terminated".to_owned(),
            Ending::Refused(code) => code.to_string(),
            Ending::NoNotify => "no NOTIFY".to_owned(),
            Ending::Expired => "expired".to_owned(),
        };
        self.events.push_back(Event::SubscriptionEnded { reason });
    }

    /// A NOTIFY of the conference package: answered at once, without asking the user (RFC 6665 section 4.1.3).
    pub(super) fn on_conference_notify(&mut self, now: Time, server: &ServerKey, notify: &Message<'_>) {
        let Some(subscription) = self.subscription.as_mut().filter(|subscription| subscription.owns(notify)) else {
            return self.answer(now, server, 481);
        };
        let refresh = match subscription.dialog.as_mut().map(|dialog| dialog.on_request(notify)) {
            Some(Ok(refresh)) => Some(refresh),
            Some(Err(_)) => return self.answer(now, server, 500),
            None => None,
        };
        let read = notify.subscription_state().map_err(|_| 400);
        let (state, document) = match read.and_then(|state| document(notify).map(|document| (state, document))) {
            Ok(read) => read,
            Err(code) => return self.refuse_notify(now, server, code),
        };
        let made = match &subscription.dialog {
            Some(_) => None,
            None => match Dialog::from_notify(&subscription.initial, notify) {
                Ok(dialog) => Some(dialog),
                Err(_) => return self.answer(now, server, 400),
            },
        };
        let verdict = subscription.subscriber.on_notify(now, Received::from(&state));
        if verdict == NotifyVerdict::Unmatched {
            return self.answer(now, server, 481);
        }
        if let Some(mut dialog) = made {
            dialog.begin(Usage::Subscriber(EventKey::conference()));
            subscription.dialog = Some(dialog);
        }
        if let (Some(dialog), Some(refresh)) = (&mut subscription.dialog, refresh) {
            dialog.on_answered(refresh, 200);
        }
        let before = entries(&subscription.roster);
        let applied = document.map(|document| subscription.roster.apply(&document));
        let after = entries(&subscription.roster);
        let first = verdict == NotifyVerdict::Taken && !std::mem::replace(&mut subscription.was_active, true);
        self.answer(now, server, 200);
        if first {
            self.events.push_back(Event::Subscribed);
        }
        if before != after {
            self.events.push_back(Event::RosterChanged(after));
        }
        match verdict {
            NotifyVerdict::Ended(ending) => self.on_subscription_ended(&ending),
            NotifyVerdict::Taken | NotifyVerdict::Unmatched => self.on_applied(now, applied),
        }
    }

    fn refuse_notify(&mut self, now: Time, server: &ServerKey, code: u16) {
        let Some(response) = self.endpoint.response(server, code, None) else { return };
        let response = match code {
            415 => response.field(Name::Accept, conference_info::MEDIA_TYPE),
            _ => response,
        };
        self.endpoint.respond(now, server, response);
    }

    /// A gap in the versions asks for the whole state (RFC 4575 section 4.6), the end of the conference for the end of
    /// the subscription.
    fn on_applied(&mut self, now: Time, applied: Option<Applied>) {
        let Some(subscription) = &mut self.subscription else { return };
        let output = match applied {
            Some(Applied::Gap { refresh: true, .. }) => subscription.subscriber.refresh(now),
            Some(Applied::Ended) => subscription.subscriber.unsubscribe(now),
            Some(Applied::First | Applied::Updated | Applied::Discarded(_) | Applied::Gap { refresh: false, .. })
            | None => SubscriberOutput::Nothing,
        };
        self.on_subscriber_output(now, output);
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
    conference_info::read(notify.body()).map(|reading| Some(reading.document)).map_err(|_| 400)
}
