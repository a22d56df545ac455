//! The mutants of the tool `cargo mutants`, and a sample of them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Failure;

/// The files whose mutants are looked at.
const FILES: [&str; 6] = [
    "impl/src/body/**/*.rs",
    "impl/src/transaction/**/*.rs",
    "impl/src/dialog/**/*.rs",
    "impl/src/usage/**/*.rs",
    "impl/src/role/**/*.rs",
    "model/src/**/*.rs",
];

/// Line and column in characters, from 1.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Point {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is replaced.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Point,
    pub(crate) end: Point,
}

/// The kinds of mutants of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

/// A mutant as the tool lists it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    /// File, line, column and change; after `sample`, without line and column, and with a count if others are alike.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) span: Span,
    pub(crate) replacement: String,
    pub(crate) genre: Genre,
}

impl Mutant {
    /// Its line now, and its name.
    pub(crate) fn place(&self) -> String {
        format!("line {} of {}", self.span.start.line, self.name)
    }
}

/// Every mutant of the files, each with a name that does not change with the lines above it.
pub(crate) fn population(root: &Path) -> Result<Vec<Mutant>, Failure> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["mutants", "--list", "--json", "--no-config", "--workspace"]);
    for file in FILES {
        command.args(["--file", file]);
    }
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo mutants (cargo install cargo-mutants --locked): {said}").into());
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&output.stdout)?;
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for mutant in &mut mutants {
        let change = mutant.name.splitn(4, ':').nth(3).unwrap_or_default().trim();
        let change = change.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = format!("{}: {change}", mutant.file);
        let count = alike.entry(name.clone()).or_default();
        *count += 1;
        mutant.name = if *count == 1 { name } else { format!("{name} #{count}") };
    }
    Ok(mutants)
}

/// So many of them, chosen by their names and the seed: a change of the code leaves most of the sample as it is.
pub(crate) fn sample(mut mutants: Vec<Mutant>, size: usize, seed: u64) -> Vec<Mutant> {
    mutants.sort_by_cached_key(|mutant| {
        let mut hasher = DefaultHasher::new();
        (seed, &mutant.name).hash(&mut hasher);
        (hasher.finish(), mutant.name.clone())
    });
    mutants.truncate(size);
    mutants.sort_by(|one, other| one.name.cmp(&other.name));
    mutants
}
