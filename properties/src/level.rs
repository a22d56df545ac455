//! Which documents decide, and how serious a broken rule is: what a rule needs to be stated.
//!
//! What rules add up to is in `verdict.rs`.

use serde::{Deserialize, Serialize};

/// Which documents decide where they conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// TS 34.229 as the procedures are written there; the default.
    #[default]
    #[serde(rename = "3gpp")]
    ThreeGpp,
    /// RFC 6665 and RFC 7647 where they are stricter.
    Ietf,
}

/// How serious it is that a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Legal, yet worth saying: an ambiguity of the documents was met.
    Note,
    /// The observation does not suffice to decide.
    Inconclusive,
    /// A SHOULD is not met, or a 3GPP table contradicts an RFC.
    NonStrict,
    /// A MUST is broken.
    Fail,
}
