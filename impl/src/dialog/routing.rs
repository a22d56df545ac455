//! The route set of a dialog and how a request inside it is addressed (RFC 3261 sections 12.1 and 12.2.1.1).
//!
//! The set is made once, in reverse order at the UAC and in order at the UAS, and recomputed once by the 2xx to the
//! INVITE (section 13.2.2.4); no request or response inside the dialog changes it.

use thiserror::Error;

use crate::wire::{NameAddrs, OwnedUri};

/// Most Record-Route entries that a dialog keeps. IMS paths have four to eight.
pub const MAX_ROUTES: usize = 32;

/// The peer's message lists more proxies than [`MAX_ROUTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{entries} Record-Route entries (limit {MAX_ROUTES})")]
pub struct RouteSetTooLong {
    /// How many there are.
    pub entries: usize,
}

/// The proxies that asked to stay on the path, nearest first. URI parameters are kept, header parameters are not part
/// of it (RFC 3261 section 12.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteSet(Vec<OwnedUri>);

/// Where a request inside the dialog goes: RFC 3261 section 12.2.1.1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Routed {
    /// Request-URI.
    pub request_uri: OwnedUri,
    /// Route, topmost first; empty if there is none.
    pub route: Vec<OwnedUri>,
    /// The URI that says where the datagram goes: the nearest proxy's, or the target's (section 8.1.2).
    pub next_hop: OwnedUri,
}

impl RouteSet {
    /// A set of known proxies, nearest first: a preloaded route such as the P-CSCF and the Service-Route.
    ///
    /// # Errors
    /// There are more than [`MAX_ROUTES`].
    pub fn preloaded(proxies: Vec<OwnedUri>) -> Result<Self, RouteSetTooLong> {
        if proxies.len() > MAX_ROUTES {
            return Err(RouteSetTooLong { entries: proxies.len() });
        }
        Ok(Self(proxies))
    }

    /// At the UAS: the Record-Route of the request, in order (RFC 3261 section 12.1.1). A subscriber's set comes from
    /// the NOTIFY in the same way (RFC 6665 section 4.4.1).
    ///
    /// # Errors
    /// There are more than [`MAX_ROUTES`] entries.
    pub fn in_order(record_route: &NameAddrs<'_>) -> Result<Self, RouteSetTooLong> {
        Self::preloaded(record_route.iter().map(|entry| entry.uri.to_owned()).collect())
    }

    /// At the UAC: the Record-Route of the response, in reverse order (RFC 3261 section 12.1.2).
    ///
    /// # Errors
    /// There are more than [`MAX_ROUTES`] entries.
    pub fn reversed(record_route: &NameAddrs<'_>) -> Result<Self, RouteSetTooLong> {
        Self::preloaded(record_route.iter().rev().map(|entry| entry.uri.to_owned()).collect())
    }

    /// The proxies, nearest first.
    pub fn proxies(&self) -> &[OwnedUri] {
        &self.0
    }

    /// Addresses a request to `target` by way of this set: loose routing, or strict routing if the nearest proxy's URI
    /// has no `lr` (RFC 3261 section 12.2.1.1).
    pub fn toward(&self, target: &OwnedUri) -> Routed {
        let Some((nearest, rest)) = self.0.split_first() else {
            return Routed { request_uri: target.clone(), route: Vec::new(), next_hop: target.clone() };
        };
        if nearest.as_uri().is_loose_router() {
            return Routed { request_uri: target.clone(), route: self.0.clone(), next_hop: nearest.clone() };
        }
        let request_uri = nearest.without_headers_and_method();
        let route = rest.iter().chain([target]).cloned().collect();
        Routed { next_hop: request_uri.clone(), request_uri, route }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NameAddr;

    fn uris(texts: &[&str]) -> Vec<OwnedUri> {
        texts.iter().map(|text| text.parse().expect("a URI")).collect()
    }

    fn entries<'a>(values: &[&'a str]) -> NameAddrs<'a> {
        values.iter().map(|value| NameAddr::parse(value.as_bytes()).expect("a name-addr")).collect()
    }

    const RECORD_ROUTE: [&str; 2] = ["<sip:orig@scscf.3gpp.org;lr>;x=y", "<sip:pcscf.3gpp.org:5064;transport=tcp;lr>"];

    #[test]
    fn the_uac_reverses_the_record_route_and_the_uas_keeps_its_order() {
        let record_route = entries(&RECORD_ROUTE);
        let (scscf, pcscf) = ("sip:orig@scscf.3gpp.org;lr", "sip:pcscf.3gpp.org:5064;transport=tcp;lr");
        assert_eq!(RouteSet::reversed(&record_route).expect("short").proxies(), uris(&[pcscf, scscf]));
        assert_eq!(RouteSet::in_order(&record_route).expect("short").proxies(), uris(&[scscf, pcscf]));
    }

    /// Examples of the two kinds of routing, RFC 3261 section 12.2.1.1. `lr` counts only as a parameter of its own.
    #[test]
    fn loose_and_strict_routing() {
        let target = "sip:user@remoteua";
        let cases: [(&[&str], &str, &[&str], &str); 5] = [
            (&[], target, &[], target),
            (&["sip:p1;lr", "sip:p2;lr"], target, &["sip:p1;lr", "sip:p2;lr"], "sip:p1;lr"),
            (&["sip:p1", "sip:p2;lr", "sip:p3"], "sip:p1", &["sip:p2;lr", "sip:p3", target], "sip:p1"),
            (&["sip:p1;method=INVITE?Subject=x"], "sip:p1", &[target], "sip:p1"),
            (&["sip:lr@p1;lrx"], "sip:lr@p1;lrx", &[target], "sip:lr@p1;lrx"),
        ];
        for (proxies, request_uri, route, next_hop) in cases {
            let set = RouteSet::preloaded(uris(proxies)).expect("short");
            let routed = set.toward(&target.parse().expect("a URI"));
            assert_eq!(routed.request_uri.as_str(), request_uri, "{proxies:?}");
            assert_eq!(routed.route, uris(route), "{proxies:?}");
            assert_eq!(routed.next_hop.as_str(), next_hop, "{proxies:?}");
        }
    }

    #[test]
    fn a_route_set_is_bounded() {
        let many = vec!["<sip:p;lr>"; MAX_ROUTES + 1];
        assert_eq!(RouteSet::in_order(&entries(&many)), Err(RouteSetTooLong { entries: MAX_ROUTES + 1 }));
    }
}
