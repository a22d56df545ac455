//! What shows that each rule of the observers can fail: a deviation, or a mutant of one message.
//!
//! The table is the file `requirements/sensitivity.toml`; a test holds every row of it to what its run shows, and
//! demands a row for every rule. Read first: `deviation/mutant.rs`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

const TABLE: &str = include_str!("../requirements/sensitivity.toml");

/// The table is not what it should be.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("requirements/sensitivity.toml: {0}")]
pub struct SensitivityError(#[from] toml::de::Error);

/// One rule that was seen failing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The requirement that the rule checks.
    pub requirement: String,
    /// The invariant that the rule is part of.
    pub invariant: String,
    /// The deviation or the mutant that breaks it.
    pub by: String,
    /// The kept schedule in which it does: its name below `regressions`.
    pub schedule: String,
}

/// A rule that is not seen failing, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unshown {
    /// The requirement that the rule checks.
    pub requirement: String,
    /// The invariant that the rule is part of.
    pub invariant: String,
    /// The reason.
    pub reason: String,
}

/// Every rule, seen failing or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// The rules that were.
    #[serde(default)]
    pub shown: Vec<Shown>,
    /// The rules that were not.
    #[serde(default)]
    pub unshown: Vec<Unshown>,
}

impl Sensitivity {
    /// The table that the crate carries.
    ///
    /// # Errors
    /// It cannot be read; a test makes sure that it can.
    pub fn load() -> Result<Self, SensitivityError> {
        Ok(toml::from_str(TABLE)?)
    }

    /// What shows that this invariant can find this requirement broken, or find anything broken if it has no rule of
    /// that name.
    pub fn of(&self, invariant: &str, requirement: &str) -> Option<&Shown> {
        let own = || self.shown.iter().filter(|shown| shown.invariant == invariant);
        let exact = own().find(|shown| shown.requirement == requirement);
        let is_unshown = |unshown: &Unshown| unshown.invariant == invariant && unshown.requirement == requirement;
        exact.or_else(|| own().next().filter(|_| !self.unshown.iter().any(is_unshown)))
    }
}
