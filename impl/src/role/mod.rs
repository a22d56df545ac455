//! Roles: the parties of a conference and the proxy hops between them, each an [`Agent`](crate::agent::Agent).
//!
//! | role | clauses |
//! |---|---|
//! | [`ue::Ue`] | TS 24.147 5.3.1: creates a conference, subscribes, invites by REFER, leaves |
//! | [`focus::Focus`] | TS 24.147 5.3.2, RFC 4579: factory, conferences, dial-out, both kinds of NOTIFY |
//! | [`participant::Participant`] | an invited user |
//! | [`proxy::Proxy`] | RFC 3261 section 16: a stateless hop that record-routes |
//!
//! Read first: [`config`], then `endpoint.rs` and `user_agent.rs`, which the user agents share, then one role's
//! `mod.rs`.

mod access;
mod authentication;
mod calls;
pub mod config;
mod edge;
mod endpoint;
pub mod focus;
mod media;
mod objection;
pub mod participant;
pub mod proxy;
mod roster_change;
mod session;
mod subscription;
pub mod ue;
mod user_agent;
mod user_index;

use crate::agent::Addr;
use crate::wire::Uri;
use crate::wire::text::find_any;

use config::Hosts;

/// Where a request for this URI goes: to a registered user's contact, else to its host (in place of RFC 3263).
pub(crate) fn next_hop(hosts: &Hosts, uri: &Uri<'_>) -> Option<Addr> {
    let text = uri.as_str();
    let end = find_any([b';', b'?'], text.as_bytes()).unwrap_or(text.len());
    let address_of_record = text.get(..end).unwrap_or_default();
    if let Some(at) = hosts.user(address_of_record) {
        return Some(at);
    }
    hosts.of(uri.host()?, uri.port())
}
