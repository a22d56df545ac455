//! Usages of dialogs (RFC 5057): the session of an INVITE, and subscriptions (RFC 6665) of any package.
//!
//! One subscriber and one notifier machine serve the conference package and the `refer` package alike; `refer.rs` adds
//! what RFC 3515 says on top. Pure state machines: they say what to send, the roles build and send it.
//! Read `reason.rs` and `failure.rs` for the words, then the machine you need.

mod failure;
mod notifier;
mod reason;
mod refer;
mod session;
mod subscriber;

pub use failure::{Damage, ends_subscription};
pub use notifier::{Notification, Notifier, NotifierOutput, NotifierState, NotifyStatus, next_owed};
pub use reason::{Reason, Resubscribe};
pub use refer::{MAX_REFERRALS, Matched, ReferNotifier, Referral, ReferralState, Referrals, ReferralsFull};
pub use session::{
    Callee, CalleeOutput, CalleeState, Caller, CallerOutput, Change, ChangeOutput, Expiry, ExpiryOutput,
    SessionInterval,
};
pub use subscriber::{Ending, NotifyVerdict, Received, Subscriber, SubscriberOutput, SubscriberState, Terms};
