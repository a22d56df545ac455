//! The conference subscription of an invited user: he learns from the INVITE that a focus calls him, and under which
//! URI (RFC 4579 section 4.2), and subscribes as the creator does. Leaving the call leaves it alone: the two are
//! independent dialogs (RFC 5057 section 4.2).

use super::{Command, Event, Participant};
use crate::dialog::RouteSet;
use crate::error::CommandError;
use crate::role::subscription::{ConferenceSubscription, News, Owner, Wish};
use crate::time::Time;
use crate::transaction::{ClientKey, ServerKey};
use crate::wire::Message;

const fn not_now(why: &'static str) -> CommandError {
    CommandError::NotNow { command: Command::Subscribe.name(), why }
}

impl Participant {
    /// Subscribes to the state of the conference that the user is in.
    pub(super) fn subscribe(&mut self, now: Time) -> Result<(), CommandError> {
        let Some((user, conference)) = self.call.as_ref().and_then(super::Call::conference) else {
            return Err(not_now("there is no confirmed call with a focus"));
        };
        if self.subscription.is_some() {
            return Err(not_now("this user has subscribed before"));
        }
        let wish =
            Wish { user, conference, routes: RouteSet::default(), expires: self.config.conference_expires, number: 0 };
        let mut owner = Owner::new(now, &mut self.endpoint, &self.config.contact, "");
        let subscription = ConferenceSubscription::start(&mut owner, wish);
        self.subscription = Some(subscription.map_err(|_| not_now("the focus cannot be reached"))?);
        Ok(())
    }

    /// Lets the subscription handle one input, and tells the user what comes of it.
    fn with_subscription(&mut self, now: Time, handle: impl FnOnce(&mut ConferenceSubscription, &mut Owner<'_>)) {
        let Some(subscription) = &mut self.subscription else { return };
        let mut owner = Owner::new(now, &mut self.endpoint, &self.config.contact, "");
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

    /// A NOTIFY: of the conference package, without `id` and in the subscription's dialog, or of nothing that is known
    /// here (RFC 6665 section 4.1.3).
    pub(super) fn on_notify(&mut self, now: Time, server: &ServerKey, notify: &Message<'_>) {
        let conference = notify.event().is_ok_and(|event| event.package == b"conference" && event.id().is_none());
        if !conference || !self.subscription.as_ref().is_some_and(|subscription| subscription.owns(notify)) {
            return self.endpoint.answer(now, server, 481, None);
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
