//! The INVITE usage of a dialog, at its two ends: [`Caller`] and [`Callee`] (RFC 3261 sections 9, 13 and 15);
//! [`Change`], what either end asks for once it stands (section 14); and [`Expiry`], how long it lasts (RFC 4028).
//!
//! Their states are those of RFC 5407 section 2: the names Preparative, Early, Moratorium, Established, Mortal and
//! Morgue are its words, and the crossings of its section 3 are what the two are tested against each other with.

mod callee;
mod caller;
mod change;
mod expiry;

pub use callee::{Callee, CalleeOutput, CalleeState};
pub use caller::{Caller, CallerOutput};
pub use change::{Change, ChangeOutput};
pub use expiry::{Expiry, ExpiryOutput, SessionInterval};
