//! CSeq (RFC 3261 section 20.16) and RAck (RFC 3262 section 7.2).

use super::Malformed;
use crate::wire::Method;

/// Sequence number and method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CSeq<'a> {
    /// Sequence number, below 2^31 (section 8.1.1.5).
    pub number: u32,
    /// Method of the request, also in the response.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It is not a number of 32 bits and a method.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }
}

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RAck<'a> {
    /// RSeq of the response.
    pub rseq: u32,
    /// CSeq number of the response.
    pub cseq: u32,
    /// Method in the CSeq of the response.
    pub method: Method<'a>,
}

impl<'a> RAck<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// It is not two numbers of 32 bits and a method.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let _ = value;
        todo!()
    }
}
