//! Holds an IMS conference implementation to its model: schedules, world, observers, refinement, traces.
//!
//! Read first: [`observe`], the boundary between whatever produces messages and whatever judges them.

pub mod campaign;
pub mod canary;
pub mod catalogue;
pub mod corner;
pub mod deviation;
pub mod exploration;
pub mod export;
pub mod fuzz;
pub mod generate;
pub mod hunt;
pub mod inside;
mod intern;
pub mod invariants;
pub mod ladder;
mod level;
pub mod lint;
pub mod observe;
pub mod oracle;
pub mod refinement;
pub mod run;
pub mod schedule;
pub mod sensitivity;
mod starvation;
pub mod trace;
pub mod verdict;
pub mod witness;
pub mod world;

/// The model to which the implementation is held.
pub use imsconf_model as model;

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
