//! A subscription to the conference package, both ends of it: the same machines for the UE's, D2, and for those of the
//! invited users.
//!
//! Of the document that an extra subscriber was sent last, only whether it is out of date is kept: who compares the
//! rosters of all subscribers row by row has a state space that is their product. Read first: RFC 6665 4.1.2 and 4.2.2,
//! RFC 4575 3.6. Next: `participant.rs`.

use crate::message::SubscriptionMessage;
use crate::network::Messages;

/// The subscriber's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subscription {
    /// Not subscribed yet.
    #[default]
    None,
    /// SUBSCRIBE sent, no NOTIFY yet.
    Subscribing {
        /// Whether the 2xx came.
        answered: bool,
    },
    /// A NOTIFY came (also when the 2xx has not: RFC 6665 4.1.2.4).
    Active,
    /// The focus ended it, or it ran out.
    Ended,
    /// Refused, timed out, or no NOTIFY within Timer N.
    Failed,
    /// Active, and a refresh was sent whose NOTIFY has not come.
    Refreshing,
    /// Active, and unsubscribed: the last NOTIFY has not come.
    Leaving,
    /// A refresh was refused, or no NOTIFY followed it within Timer N: over, without a last NOTIFY. The focus need not
    /// know, and its last NOTIFY may be on its way.
    Lapsed,
}

/// The focus' end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notifier {
    /// Nobody subscribed.
    #[default]
    None,
    /// Active, no NOTIFY unanswered.
    Active,
    /// Active, a NOTIFY unanswered.
    Notifying,
    /// The last NOTIFY (terminated) is unanswered.
    Ending,
    /// The last NOTIFY was answered.
    Terminated,
    /// A NOTIFY failed: removed without another word (RFC 6665 4.2.2).
    Removed,
}

/// What the focus owes because of a SUBSCRIBE that came while a NOTIFY was unanswered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owed {
    /// Nothing.
    #[default]
    Nothing,
    /// The whole roster.
    Full,
    /// The last NOTIFY, with the whole roster.
    Last,
}

/// The subscription of one invited user, a dialog of its own beside his D3(i).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegSubscription {
    /// His end.
    pub subscriber: Subscription,
    /// The focus' end.
    pub notifier: Notifier,
    /// How many versions the last document sent is ahead of the last one that he applied: 0 or 1 as long as all is
    /// well. 0 whenever either end is not alive.
    pub ahead: u8,
    /// Whether the roster has changed since the last document sent. `false` whenever nothing more is to be told.
    pub behind: bool,
}

impl Subscription {
    /// Whether a NOTIFY is awaited or came, and the end did not.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Subscribing { .. } | Self::Active | Self::Refreshing | Self::Leaving)
    }

    /// Reacts to a message; tells whether it was a document that it applied.
    pub(crate) fn on_message(
        &mut self,
        message: SubscriptionMessage,
        sent: &mut Messages<SubscriptionMessage>,
    ) -> bool {
        match message {
            SubscriptionMessage::Notify | SubscriptionMessage::NotifyEnd | SubscriptionMessage::NotifyLast
                if !self.is_live() =>
            {
                sent.insert(SubscriptionMessage::NotifyRefused);
                return false;
            }
            SubscriptionMessage::Notify => {
                sent.insert(SubscriptionMessage::NotifyOk);
                // Until the last one comes, who unsubscribed goes on answering (RFC 6665 4.1.2.3).
                if *self != Self::Leaving {
                    *self = Self::Active;
                }
                return true;
            }
            SubscriptionMessage::NotifyLast => {
                sent.insert(SubscriptionMessage::NotifyOk);
                *self = Self::Ended;
                return true;
            }
            SubscriptionMessage::RefreshRefused => *self = Self::Lapsed,
            SubscriptionMessage::NotifyEnd => {
                sent.insert(SubscriptionMessage::NotifyOk);
                *self = Self::Ended;
            }
            SubscriptionMessage::SubscribeOk => {
                if *self == (Self::Subscribing { answered: false }) {
                    *self = Self::Subscribing { answered: true };
                }
            }
            SubscriptionMessage::SubscribeRefused => {
                if *self == (Self::Subscribing { answered: false }) {
                    *self = Self::Failed;
                }
            }
            SubscriptionMessage::Subscribe
            | SubscriptionMessage::NotifyOk
            | SubscriptionMessage::NotifyRefused
            | SubscriptionMessage::Refresh
            | SubscriptionMessage::Unsubscribe
            | SubscriptionMessage::RefreshOk => {}
        }
        false
    }

    /// Its refresh timed out: Timer N, which runs as long, ends the wait for the NOTIFY too.
    pub(crate) fn on_refresh_timeout(&mut self) {
        if matches!(self, Self::Refreshing | Self::Leaving) {
            *self = Self::Lapsed;
        }
    }

    /// Its SUBSCRIBE timed out. A NOTIFY that came first has made the subscription all the same (RFC 6665 4.1.2.4).
    pub(crate) fn on_subscribe_timeout(&mut self) {
        if *self == (Self::Subscribing { answered: false }) {
            *self = Self::Failed;
        }
    }
}

impl Notifier {
    /// Whether documents are sent.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Notifying)
    }

    /// Reacts to a message, in a conference that is `up` or not; tells whether it accepted a SUBSCRIBE, so that the
    /// full document goes out at once.
    pub(crate) fn on_message(
        &mut self,
        up: bool,
        message: SubscriptionMessage,
        sent: &mut Messages<SubscriptionMessage>,
    ) -> bool {
        match message {
            SubscriptionMessage::Subscribe if up => {
                sent.insert(SubscriptionMessage::SubscribeOk);
                return true;
            }
            SubscriptionMessage::Subscribe => sent.insert(SubscriptionMessage::SubscribeRefused),
            SubscriptionMessage::NotifyOk => {
                *self = match *self {
                    Self::Notifying => Self::Active,
                    Self::Ending => Self::Terminated,
                    notifier => notifier,
                };
            }
            SubscriptionMessage::NotifyRefused => *self = Self::Removed,
            SubscriptionMessage::SubscribeOk
            | SubscriptionMessage::SubscribeRefused
            | SubscriptionMessage::Notify
            | SubscriptionMessage::NotifyEnd
            | SubscriptionMessage::Refresh
            | SubscriptionMessage::Unsubscribe
            | SubscriptionMessage::RefreshOk
            | SubscriptionMessage::RefreshRefused
            | SubscriptionMessage::NotifyLast => {}
        }
        false
    }
}

impl LegSubscription {
    /// Whether versions can be compared: both ends are alive.
    #[must_use]
    pub const fn versions_matter(self) -> bool {
        self.subscriber.is_live() && self.notifier.is_live()
    }

    /// Clears what can no longer matter in a conference that is `up` or not.
    pub(crate) fn normalise(&mut self, up: bool) {
        if !self.versions_matter() {
            self.ahead = 0;
        }
        self.behind &= up && self.notifier.is_live();
    }

    /// He subscribes.
    pub(crate) fn subscribe(&mut self, sent: &mut Messages<SubscriptionMessage>) {
        sent.insert(SubscriptionMessage::Subscribe);
        self.subscriber = Subscription::Subscribing { answered: false };
    }

    /// He reacts to a message.
    pub(crate) fn on_subscriber_message(
        &mut self,
        message: SubscriptionMessage,
        sent: &mut Messages<SubscriptionMessage>,
    ) {
        if self.subscriber.on_message(message, sent) {
            self.ahead = 0;
        }
    }

    /// The focus, whose conference is `up` or not, reacts to a message.
    pub(crate) fn on_notifier_message(
        &mut self,
        up: bool,
        message: SubscriptionMessage,
        sent: &mut Messages<SubscriptionMessage>,
    ) {
        if self.notifier.on_message(up, message, sent) {
            self.send_document(sent);
        }
    }

    /// The focus sends a document, one version above the last, that says all there is to say.
    pub(crate) fn send_document(&mut self, sent: &mut Messages<SubscriptionMessage>) {
        sent.insert(SubscriptionMessage::Notify);
        self.notifier = Notifier::Notifying;
        self.ahead += 1;
        self.behind = false;
    }

    /// The focus sends the last NOTIFY.
    pub(crate) fn send_end(&mut self, sent: &mut Messages<SubscriptionMessage>) {
        sent.insert(SubscriptionMessage::NotifyEnd);
        self.notifier = Notifier::Ending;
    }

    /// `message` was lost for good.
    pub(crate) fn on_lost(&mut self, message: SubscriptionMessage) {
        match message {
            SubscriptionMessage::Subscribe
            | SubscriptionMessage::SubscribeOk
            | SubscriptionMessage::SubscribeRefused => self.subscriber.on_subscribe_timeout(),
            SubscriptionMessage::Refresh
            | SubscriptionMessage::Unsubscribe
            | SubscriptionMessage::RefreshOk
            | SubscriptionMessage::RefreshRefused => self.subscriber.on_refresh_timeout(),
            SubscriptionMessage::NotifyLast
            | SubscriptionMessage::Notify
            | SubscriptionMessage::NotifyEnd
            | SubscriptionMessage::NotifyOk
            | SubscriptionMessage::NotifyRefused => self.notifier = Notifier::Removed,
        }
    }

    /// The roster changed.
    pub(crate) const fn on_change(&mut self) {
        self.behind = true;
    }

    /// Whether both ends agree on where it stands, and it is not half open, in a conference that is `up`, `over`, or
    /// neither, for this user.
    pub(crate) fn is_settled(self, up: bool, over: bool) -> bool {
        match (self.subscriber, self.notifier) {
            (Subscription::None, Notifier::None) | (Subscription::Ended, Notifier::Terminated) => true,
            (Subscription::Active, Notifier::Active) => up,
            // Subscribed too late: 404, or 403 to who was expelled.
            (Subscription::Failed, Notifier::None) => over,
            _ => false,
        }
    }
}
