//! Via (RFC 3261 section 20.42), `received` and `rport` (RFC 3581), and where a response goes (RFC 3261 section 18.2.2).

use std::net::SocketAddr;

use super::{Malformed, Params};
use crate::wire::Host;

/// One Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Via<'a> {
    /// The whole value as written.
    pub raw: &'a [u8],
    /// Transport token as written, such as `UDP`; compared without case.
    pub transport: &'a [u8],
    /// The sent-by host and port as written: with the branch, the key of transaction matching (section 17.2.3).
    pub sent_by: &'a [u8],
    /// Host of sent-by.
    pub host: Host<'a>,
    /// Port of sent-by, if given.
    pub port: Option<u16>,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// It is not `SIP/2.0/transport host[:port] *(;param)`.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }

    /// The `branch` parameter.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// Whether the branch starts with the magic cookie `z9hG4bK`, so that it alone names the transaction (section 17.2.3).
    pub fn has_magic_cookie(&self) -> bool {
        self.branch().is_some_and(|branch| branch.starts_with(b"z9hG4bK"))
    }

    /// The `received` parameter.
    pub fn received(&self) -> Option<&'a [u8]> {
        self.params.get("received").filter(|address| !address.is_empty())
    }

    /// The `rport` parameter: `Some(None)` if it is there without a value (RFC 3581 section 3).
    pub fn rport(&self) -> Option<Option<u16>> {
        todo!()
    }

    /// The `maddr` parameter.
    pub fn maddr(&self) -> Option<&'a [u8]> {
        self.params.get("maddr").filter(|address| !address.is_empty())
    }

    /// Where the response to a request that came from `source` with this topmost Via goes over an unreliable transport:
    /// `maddr`, else the source address with its own port if `rport` was asked for, else with the sent-by port (section
    /// 18.2.2, RFC 3581 section 4). No name is resolved: the source stands for what `received` would say.
    pub fn reply_address(&self, source: SocketAddr) -> SocketAddr {
        let _ = source;
        todo!()
    }

    /// Whether two Vias name the same sender: hosts without case, ports with the default 5060 (section 17.2.3).
    pub fn same_sent_by(&self, other: &Via<'_>) -> bool {
        self.host == other.host && self.port.unwrap_or(5060) == other.port.unwrap_or(5060)
    }
}
