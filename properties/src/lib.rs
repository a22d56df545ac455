//! Holds an IMS conference implementation to its model: schedules, world, observers, refinement, traces.

pub mod catalogue;
pub mod generate;
pub mod schedule;
