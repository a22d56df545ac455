//! Ladder diagrams in plain text, for simulated worlds and captures alike; readable at 100 columns.

use std::time::Duration;

/// One arrow of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrow {
    /// Frame of a capture or step of a schedule.
    pub number: u32,
    /// Time since the beginning.
    pub time: Duration,
    /// Index of the column that it leaves.
    pub from: usize,
    /// Index of the column that it reaches; the same as `from` for something that happens at one party.
    pub to: usize,
    /// What is written on it.
    pub label: String,
    /// A short mark at the right edge, such as the requirement that it breaks; empty for none.
    pub mark: String,
    /// Whether it never arrives.
    pub lost: bool,
}
