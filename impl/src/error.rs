//! Faults of the caller. A peer's faults are data ([`crate::violation`]), our own are assertions.

use thiserror::Error;

/// Why a user's command was not carried out; nothing was changed or sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum CommandError {
    /// The command makes no sense in the present state.
    #[error("`{command}` is not possible now: {why}")]
    NotNow {
        /// Name of the command.
        command: &'static str,
        /// What it needs, said to the user.
        why: &'static str,
    },
    /// A bounded table is full.
    #[error("no room for another {table} (limit {limit}); end one first")]
    LimitReached {
        /// What the table holds.
        table: &'static str,
        /// Its named limit.
        limit: usize,
    },
    /// The command carried a value that cannot be put into a message.
    #[error("`{value}` is not usable as {what}")]
    BadValue {
        /// What the value was meant to be.
        what: &'static str,
        /// The value.
        value: String,
    },
}
