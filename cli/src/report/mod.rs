//! What the commands print and write: text for people, JSON (schema 1) for programs.

pub(crate) mod campaign;
pub(crate) mod canaries;
pub(crate) mod excerpt;
pub(crate) mod model;
pub(crate) mod witness;

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::error::CommandError;

/// Version of the JSON that the commands write.
pub(crate) const SCHEMA: u32 = 1;

/// The overall result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Pass,
    Fail,
    Inconclusive,
}

impl Outcome {
    pub(crate) const fn of(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }

    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Inconclusive => 3,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Writes `value` as JSON where the user wants it.
pub(crate) fn write_json(path: Option<&Path>, value: &impl Serialize) -> Result<(), CommandError> {
    let Some(path) = path else { return Ok(()) };
    let text =
        serde_json::to_string_pretty(value).unwrap_or_else(|error| unreachable!("plain data has a JSON form: {error}"));
    fs::write(path, text + "\n").map_err(|error| CommandError::Write { path: path.to_owned(), error })
}

/// A number with a blank after every three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1 000"), (7_361_975, "7 361 975")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
