//! The strict layer: every rule that one message breaks on its own, with its byte range (rules in [`crate::violation`]).

use super::Message;
use crate::violation::Violation;

/// Every rule that `message` breaks, in the order of the byte ranges.
pub fn verdict(message: &Message<'_>) -> Vec<Violation> {
    let _ = message;
    todo!()
}
