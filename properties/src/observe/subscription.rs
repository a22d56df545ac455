//! Subscriptions, explicit (SUBSCRIBE) and implicit (REFER), from both ends (RFC 6665, RFC 3515).

use crate::observe::Party;
use crate::oracle::Text;

/// One subscription: which request made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionKey {
    /// The Call-ID.
    pub call_id: Text,
    /// The subscriber's tag: From of the SUBSCRIBE or REFER, To of the NOTIFYs.
    pub subscriber_tag: Text,
    /// The event package, `conference` or `refer` here.
    pub package: Text,
    /// The CSeq number of the SUBSCRIBE or REFER that made it; 0 when only NOTIFYs were seen.
    pub cause: u32,
}

/// What both ends did about a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription {
    /// Who subscribed, if that was seen.
    pub subscriber: Option<Party>,
    /// Who notifies, if that was seen.
    pub notifier: Option<Party>,
    /// The `id` of the Event header field that the subscriber gave or the notifier chose.
    pub event_id: Option<Text>,
    /// Whether the request that makes it was seen.
    pub requested: bool,
    /// The final answer that the notifier gave to that request.
    pub answered: Option<u16>,
    /// The final answer that the subscriber was handed.
    pub answer_delivered: Option<u16>,
    /// Whether that answer said that there is no subscription: it echoed `Refer-Sub: false` (RFC 4488).
    pub suppressed: bool,
    /// How many different NOTIFYs the notifier sent, up to 255.
    pub notified: u8,
    /// The state in the last NOTIFY sent.
    pub state_sent: Option<Text>,
    /// The state in the last NOTIFY delivered.
    pub state_delivered: Option<Text>,
    /// Whether a NOTIFY that ends it was sent.
    pub terminated_sent: bool,
    /// Whether a NOTIFY that ends it was delivered.
    pub terminated_delivered: bool,
    /// The answer to a NOTIFY that made the notifier remove it (RFC 6665 section 4.2.2), once delivered.
    pub removed_by: Option<u16>,
}

impl Subscription {
    /// Whether the notifier accepted it and neither side has ended it, from what the notifier sent and was handed.
    pub fn is_live(&self) -> bool {
        let accepted = self.answered.is_some_and(|code| (200..300).contains(&code)) || self.notified > 0;
        accepted && !self.suppressed && !self.terminated_sent && self.removed_by.is_none()
    }

    /// Whether a proxy challenged the request that would have made it, so that the notifier never saw that (RFC 3261
    /// section 22.3).
    pub fn is_challenged(&self) -> bool {
        [self.answered, self.answer_delivered].contains(&Some(407))
    }
}

/// Whether this answer to a NOTIFY removes the subscription (RFC 6665 section 4.2.2).
pub(super) const fn removes(code: u16) -> bool {
    matches!(code, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}
