//! The shape of the source tree: which crate may use which, and the layer order inside `impl`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LAYERS: [&str; 6] = ["wire", "body", "transaction", "dialog", "usage", "role"];

/// Which workspace crates each crate may depend on, tests included.
const DIRECTIONS: [(&str, &[&str]); 5] = [
    ("imsconf-model", &[]),
    ("imsconf", &[]),
    ("imsconf-properties", &["imsconf", "imsconf-model"]),
    ("imsconf-cli", &["imsconf-properties"]),
    ("imsconf-benches", &["imsconf", "imsconf-properties"]),
];

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

fn workspace_dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace_root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let members: Vec<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().expect("dependencies").iter().map(name);
            (name(package), uses.filter(|used| members.contains(used)).collect())
        })
        .collect()
}

#[test]
fn crates_depend_only_in_the_allowed_direction() {
    let actual = workspace_dependencies();
    assert_eq!(actual.len(), DIRECTIONS.len(), "a new crate needs a row in DIRECTIONS: {actual:?}");
    for (name, allowed) in DIRECTIONS {
        for used in &actual[name] {
            assert!(allowed.contains(&used.as_str()), "{name} must not depend on {used}");
        }
    }
}

/// Layers named in one line, as `crate::layer` or as `super::super::layer`.
fn layers_used(line: &str) -> impl Iterator<Item = usize> + '_ {
    LAYERS.iter().enumerate().filter_map(move |(index, layer)| {
        let named = |prefix: &str| {
            let path = format!("{prefix}{layer}");
            line.match_indices(&path)
                .any(|(at, _)| !line[at + path.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        };
        (named("crate::") || named("super::super::") || grouped(line, layer)).then_some(index)
    })
}

/// `use crate::{wire, dialog};` names layers without a path prefix of their own.
fn grouped(line: &str, layer: &str) -> bool {
    line.trim_start()
        .strip_prefix("use crate::{")
        .is_some_and(|group| group.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == layer))
}

fn violations(layer: usize, source: &str) -> Vec<String> {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| layers_used(line).any(|used| used > layer))
        .map(str::to_owned)
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn layers_of_the_implementation_use_only_lower_ones() {
    let source = workspace_root().join("impl/src");
    for (index, layer) in LAYERS.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&source.join(layer), &mut files);
        assert!(!files.is_empty(), "layer {layer} has no files");
        for file in files {
            let upwards = violations(index, &fs::read_to_string(&file).expect("UTF-8 source"));
            assert!(upwards.is_empty(), "{} reaches upwards: {upwards:#?}", file.display());
        }
    }
}

#[test]
fn the_layer_check_sees_an_upward_reference() {
    for line in ["use crate::role::Ue;", "    crate::dialog::Dialog::new()", "use crate::{wire, usage};"] {
        assert_eq!(violations(2, line).len(), 1, "{line}");
    }
    for line in ["use crate::wire::Message;", "// crate::role is above", "use crate::roles_of_the_game;"] {
        assert!(violations(2, line).is_empty(), "{line}");
    }
}
