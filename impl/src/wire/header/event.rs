//! Event and Subscription-State (RFC 6665 sections 8.2.1 and 8.2.3).

use super::{Malformed, Params};

/// Which event package, and which subscription of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event<'a> {
    /// Package with its templates; compared byte by byte.
    pub package: &'a [u8],
    /// Parameters; only `id` matters for matching.
    pub params: Params<'a>,
}

impl<'a> Event<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// There is no package token.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// The `id` parameter; compared byte by byte.
    pub fn id(&self) -> Option<&'a [u8]> {
        self.params.get("id")
    }

    /// Whether a NOTIFY with the one belongs to a subscription with the other: package and `id` byte by byte, nothing
    /// else (section 8.2.1); an `id` never matches its absence.
    pub fn matches(&self, other: &Event<'_>) -> bool {
        self.package == other.package && self.id() == other.id()
    }
}

/// State of a subscription as its notifier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriptionStatus<'a> {
    /// Accepted and authorised.
    Active,
    /// Received, not yet authorised.
    Pending,
    /// Over.
    Terminated,
    /// An extension token.
    Other(&'a [u8]),
}

/// Subscription-State of a NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriptionState<'a> {
    /// The state.
    pub status: SubscriptionStatus<'a>,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> SubscriptionState<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// There is no state token.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// Remaining seconds; `None` if it is missing or no number.
    pub fn expires(&self) -> Option<u32> {
        self.params.get("expires").and_then(crate::wire::text::decimal)
    }

    /// Why the subscription ended, such as `noresource`.
    pub fn reason(&self) -> Option<&'a [u8]> {
        self.params.get("reason")
    }

    /// Seconds to wait before subscribing again.
    pub fn retry_after(&self) -> Option<u32> {
        self.params.get("retry-after").and_then(crate::wire::text::decimal)
    }
}
