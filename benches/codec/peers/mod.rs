//! The codecs of others, each asked in its own words.

pub(crate) mod ezk;
pub(crate) mod rsip;
#[cfg(feature = "rsiprtp")]
pub(crate) mod rsiprtp;
pub(crate) mod rsipstack;
pub(crate) mod sipx;
