//! Holds an IMS conference implementation to its model: schedules, world, observers, refinement, traces.
//!
//! Read first: [`observe`], the boundary between whatever produces messages and whatever judges them.

pub mod catalogue;
pub mod generate;
pub mod invariants;
pub mod ladder;
pub mod observe;
pub mod oracle;
pub mod schedule;
pub mod trace;
pub mod verdict;
