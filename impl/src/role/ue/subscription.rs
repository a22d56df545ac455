//! The UE's conference subscription: its user's commands and what he hears of it. The subscription itself is
//! [`ConferenceSubscription`].

use super::call::Call;
use super::headers::MMTEL;
use super::{Command, Event, Ue, not_now};
use crate::error::CommandError;
use crate::role::subscription::{ConferenceSubscription, News, Owner, Wish};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::wire::Message;

impl Ue {
    /// Subscribes to the conference's state for `expires` seconds, anew if an earlier subscription is over.
    pub(super) fn subscribe(&mut self, now: Time, command: &Command, expires: u32) -> Result<(), CommandError> {
        let Some(conference) = self.conference.clone().filter(|_| self.call == Call::Confirmed) else {
            return Err(not_now(command, "there is no confirmed call to a focus"));
        };
        if self.subscription.as_ref().is_some_and(|subscription| !subscription.is_over()) {
            return Err(not_now(command, "this UE is subscribed"));
        }
        let wish = Wish {
            user: self.config.user.clone(),
            conference,
            routes: self.preloaded_routes()?,
            expires,
            number: self.subscriptions,
        };
        let mut owner = Owner::new(now, &mut self.endpoint, &self.config.contact, MMTEL);
        let subscription = ConferenceSubscription::start(&mut owner, wish);
        self.subscription = Some(subscription.map_err(|_| not_now(command, "the first hop cannot be reached"))?);
        self.subscriptions = self.subscriptions.saturating_add(1);
        Ok(())
    }

    /// Refreshes the subscription, or ends it.
    pub(super) fn resubscribe(&mut self, now: Time, command: &Command) -> Result<(), CommandError> {
        if !self.subscription.as_ref().is_some_and(ConferenceSubscription::may_subscribe) {
            return Err(not_now(command, "there is no subscription, or its last SUBSCRIBE is not answered"));
        }
        let handle = match command {
            Command::Unsubscribe => ConferenceSubscription::unsubscribe,
            _ => ConferenceSubscription::refresh,
        };
        self.with_subscription(now, handle);
        Ok(())
    }

    /// Lets the subscription handle one input, and tells the user what comes of it.
    fn with_subscription(&mut self, now: Time, handle: impl FnOnce(&mut ConferenceSubscription, &mut Owner<'_>)) {
        let Some(subscription) = &mut self.subscription else { return };
        let mut owner = Owner::new(now, &mut self.endpoint, &self.config.contact, MMTEL);
        handle(subscription, &mut owner);
        self.events.extend(owner.news.into_iter().map(Event::from));
    }

    /// The final response to a SUBSCRIBE; `None` if none came.
    pub(super) fn on_subscribe_response(&mut self, now: Time, client: &ClientKey, response: Option<&Message<'_>>) {
        self.with_subscription(now, |subscription, owner| subscription.on_response(owner, client, response));
    }

    pub(super) fn on_subscription_timeout(&mut self, now: Time) {
        self.with_subscription(now, ConferenceSubscription::on_timeout);
    }

    /// A NOTIFY of the conference package.
    pub(super) fn on_conference_notify(&mut self, now: Time, server: &ServerKey, notify: &Message<'_>) {
        if !self.subscription.as_ref().is_some_and(|subscription| subscription.owns(notify)) {
            return self.answer(now, server, 481);
        }
        self.with_subscription(now, |subscription, owner| subscription.on_notify(owner, server, notify));
    }
}

impl From<News> for Event {
    fn from(news: News) -> Self {
        match news {
            News::Subscribed => Self::Subscribed,
            News::RosterChanged(change) => Self::RosterChanged(change),
            News::Ended { reason } => Self::SubscriptionEnded { reason },
        }
    }
}
