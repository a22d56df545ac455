//! What a user equipment says to its network in each of its messages: the access that it uses (RFC 7315 section 5.4, TS
//! 24.229 section 5.1.2A), the security agreement with its P-CSCF (RFC 3329 section 2.3.1), and, outside a dialog, the
//! identity that it wants to be known by (RFC 3325 section 9.2).
//!
//! It belongs to no procedure, so the endpoint puts it in, and no procedure can forget it. ACK and CANCEL carry none of
//! it, nor does an answer to CANCEL.

use crate::dialog::Request;
use crate::wire::{Builder, Method, Name, OwnedUri};

/// The option tag of the security agreement (RFC 3329 section 2.3.1).
const SEC_AGREE: &str = "sec-agree";

/// The values, as far as the user equipment has any. An element of the network has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    /// Value of P-Access-Network-Info.
    pub(crate) network: Option<String>,
    /// Value of Security-Verify: what the P-CSCF said in Security-Server, unchanged.
    pub(crate) security_verify: Option<String>,
    /// The identity that the P-CSCF is asked to assert.
    pub(crate) preferred_identity: Option<OwnedUri>,
}

/// Whether messages of this method say anything of it.
fn concerned(method: Method<'_>) -> bool {
    !matches!(method, Method::Ack | Method::Cancel)
}

impl Access {
    /// Adds to a request what belongs into it.
    pub(crate) fn request(&self, request: &Request, builder: Builder) -> Builder {
        if !concerned(request.method) {
            return builder;
        }
        let builder = self.response(request.method, builder);
        let builder = match &self.security_verify {
            Some(verify) => builder
                .field(Name::SecurityVerify, verify)
                .require(&[SEC_AGREE])
                .tokens(Name::ProxyRequire, [SEC_AGREE]),
            None => builder,
        };
        match &self.preferred_identity {
            Some(identity) if request.is_initial() => {
                builder.parts(Name::PPreferredIdentity, &[b"<", identity.as_bytes(), b">"])
            }
            Some(_) | None => builder,
        }
    }

    /// Adds to a response to `method` what belongs into it.
    pub(crate) fn response(&self, method: Method<'_>, builder: Builder) -> Builder {
        match &self.network {
            Some(network) if concerned(method) => builder.field(Name::PAccessNetworkInfo, network),
            Some(_) | None => builder,
        }
    }
}
