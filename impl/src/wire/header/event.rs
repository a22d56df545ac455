//! Event and Subscription-State (RFC 6665 sections 8.2.1 and 8.2.3).

use super::params::token_and_params;
use super::{Malformed, Params};
use crate::wire::text::decimal;

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
        let (package, params) = token_and_params(value, "no event package")?;
        Ok(Self { package, params })
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

impl<'a> SubscriptionStatus<'a> {
    /// The token as it stands on the wire.
    pub const fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Active => b"active",
            Self::Pending => b"pending",
            Self::Terminated => b"terminated",
            Self::Other(token) => token,
        }
    }
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
        let (token, params) = token_and_params(value, "no subscription state")?;
        let known = [
            ("active", SubscriptionStatus::Active),
            ("pending", SubscriptionStatus::Pending),
            ("terminated", SubscriptionStatus::Terminated),
        ];
        let status = known
            .into_iter()
            .find(|(name, _)| token.eq_ignore_ascii_case(name.as_bytes()))
            .map_or(SubscriptionStatus::Other(token), |(_, status)| status);
        Ok(Self { status, params })
    }

    /// Remaining seconds; `None` if it is missing or no number.
    pub fn expires(&self) -> Option<u32> {
        self.params.get("expires").and_then(decimal)
    }

    /// Why the subscription ended, such as `noresource`.
    pub fn reason(&self) -> Option<&'a [u8]> {
        self.params.get("reason")
    }

    /// Seconds to wait before subscribing again.
    pub fn retry_after(&self) -> Option<u32> {
        self.params.get("retry-after").and_then(decimal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_matches_its_absence_and_other_parameters_do_not_count() {
        let event = |value: &'static [u8]| Event::parse(value).unwrap();
        for (one, two, matches) in [
            (&b"refer;id=104"[..], &b"refer ; x=y;id=104"[..], true),
            (b"conference", b"conference;q=1", true),
            (b"refer;id=104", b"refer", false),
            (b"refer;id=104", b"refer;id=0104", false),
            (b"refer", b"Refer", false),
        ] {
            assert_eq!(event(one).matches(&event(two)), matches, "{one:?} {two:?}");
        }
        assert!(Event::parse(b";id=1").is_err());
    }

    #[test]
    fn subscription_states() {
        let state = SubscriptionState::parse(b"Active; expires=60").unwrap();
        assert_eq!((state.status, state.expires(), state.reason()), (SubscriptionStatus::Active, Some(60), None));
        let state = SubscriptionState::parse(b"terminated;reason=noresource;retry-after=5").unwrap();
        assert_eq!(state.status, SubscriptionStatus::Terminated);
        assert_eq!((state.reason(), state.retry_after(), state.expires()), (Some(&b"noresource"[..]), Some(5), None));
        let state = SubscriptionState::parse(b"waiting").unwrap();
        assert_eq!(state.status, SubscriptionStatus::Other(b"waiting"));
        assert_eq!(SubscriptionState::parse(b"active:expires=60").unwrap_err().at, 6);
    }
}
