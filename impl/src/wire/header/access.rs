//! P-Access-Network-Info (RFC 7315 section 5.4).

use super::params::token_and_params;
use super::{Malformed, Params};

/// The access network of the UE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessNetworkInfo<'a> {
    /// Access type or class, such as `3GPP-E-UTRAN-FDD`.
    pub access: &'a [u8],
    /// Parameters, such as `utran-cell-id-3gpp`.
    pub params: Params<'a>,
}

impl<'a> AccessNetworkInfo<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// There is no access type token.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (access, params) = token_and_params(value, "no access type")?;
        Ok(Self { access, params })
    }
}
