//! The rules of the observers, as their source has them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// An invariant and a requirement that it checks.
pub(crate) type Rule = (String, String);

/// Every `Rule::new(NAME, "ID", ...)` of the observers, and every `Rule::new("NAME", "ID", ...)` of `inside.rs`.
pub(crate) fn rules() -> BTreeSet<Rule> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let directory = source.join("invariants");
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let files = files.map(|file| file.expect("a directory entry").path()).chain([source.join("inside.rs")]);
    let mut rules = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = text.split_once("const NAME: &str = ").map(|(_, name)| quoted(name, 0));
        for rule in text.split("Rule::new(").skip(1) {
            let own = rule.trim_start().starts_with("NAME");
            match &name {
                Some(name) if own => rules.insert((name.clone(), quoted(rule, 0))),
                None if own => continue,
                _ => rules.insert((quoted(rule, 0), quoted(rule, 1))),
            };
        }
    }
    rules
}

/// The string literal with this number.
fn quoted(text: &str, number: usize) -> String {
    text.split('"').nth(2 * number + 1).unwrap_or_default().to_owned()
}
