//! The shape of the text: what a reader of any file may rely on. A failing test names file and line.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file under `src`.
const MAX_LINES: usize = 650;
/// The most characters of a line.
const MAX_WIDTH: usize = 120;
/// Folders of the workspace that hold Rust.
const CRATES: [&str; 6] = ["model", "impl", "properties", "cli", "benches", "fuzz"];

/// What stands nowhere. Written apart, so that this file does not hold it either.
const UNFINISHED: [&str; 4] =
    [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!("), concat!("#[ig", "nore")];
/// What the implementation does not do outside its tests: whatever comes from outside must not end it.
const PANICS: [&str; 5] = [".unwrap()", ".expect(", "panic!(", "unreachable!(", ".unwrap_err()"];
/// The folder of somebody's machine.
const PRIVATE: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ho", "me/")];

/// A file of the repository: its path from the root, and its text.
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }

    /// Whether the whole file is compiled for tests only.
    fn is_test(&self) -> bool {
        let name = self.path.file_name().unwrap_or_default();
        name == "tests.rs" || name == "testing.rs" || !self.path.components().any(|part| part.as_os_str() == "src")
    }

    /// Numbered lines, without those after the start of the file's tests.
    fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        lines(&self.text).take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path.display())
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// Folders below `fuzz` that fuzzing makes, which `.gitignore` leaves out.
const MADE: [&str; 4] = ["target", "corpus", "artifacts", "coverage"];

fn collect(path: &Path, found: &mut Vec<File>) {
    if path.file_name().is_some_and(|name| MADE.iter().any(|made| name == *made)) {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a readable folder") {
            collect(&entry.expect("a readable entry").path(), found);
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        let path = path.strip_prefix(root()).expect("below the root").to_owned();
        found.push(File { path, text });
    }
}

/// Every file in UTF-8 that belongs to the repository.
fn files() -> Vec<File> {
    let mut found = Vec::new();
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Cargo.toml", "deny.toml", ".ci"];
    for name in CRATES.iter().chain(&top) {
        collect(&root().join(name), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 100, "only {} files found", found.len());
    found
}

#[track_caller]
fn assert_none(offenders: &[String]) {
    assert!(offenders.is_empty(), "\n{}\n", offenders.join("\n"));
}

fn too_long(file: &File) -> Vec<String> {
    let in_src = file.is_rust() && file.path.components().any(|part| part.as_os_str() == "src");
    let count = file.text.lines().count();
    if in_src && count > MAX_LINES { vec![file.at(count, "the file is too long")] } else { Vec::new() }
}

/// A message or a document that a test shows as it is on the wire may be as wide as it is.
fn too_wide(file: &File) -> Vec<String> {
    let text = if file.is_test() { 0 } else { file.lines_before_tests().count() };
    let own = |(number, line): &(usize, &str)| *number <= text || line.trim_start().starts_with("//");
    let wide = lines(&file.text).filter(|(_, line)| file.is_rust() && line.chars().count() > MAX_WIDTH);
    wide.filter(own)
        .map(|(number, line)| file.at(number, &format!("{} characters wide", line.chars().count())))
        .collect()
}

fn mentions(file: &File, words: &[&str]) -> Vec<String> {
    let found = |line: &str| words.iter().copied().find(|word| line.contains(word));
    lines(&file.text).filter_map(|(number, line)| Some(file.at(number, found(line)?))).collect()
}

fn panics(file: &File) -> Vec<String> {
    if !file.is_rust() || file.is_test() || !file.path.starts_with("impl") {
        return Vec::new();
    }
    let code = file.lines_before_tests().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = |line: &str| PANICS.iter().copied().find(|word| line.contains(word));
    code.filter_map(|(number, line)| Some(file.at(number, found(line)?))).collect()
}

#[test]
fn no_source_file_is_too_long_to_be_read_at_once() {
    assert_none(&files().iter().flat_map(too_long).collect::<Vec<_>>());
}

#[test]
fn no_line_is_wider_than_the_formatter_makes_it() {
    assert_none(&files().iter().flat_map(too_wide).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_unfinished() {
    let rust = files().into_iter().filter(File::is_rust).collect::<Vec<_>>();
    assert_none(&rust.iter().flat_map(|file| mentions(file, &UNFINISHED)).collect::<Vec<_>>());
}

#[test]
fn nothing_from_outside_can_end_the_implementation() {
    assert_none(&files().iter().flat_map(panics).collect::<Vec<_>>());
}

#[test]
fn nothing_points_to_the_machine_it_was_written_on() {
    assert_none(&files().iter().flat_map(|file| mentions(file, &PRIVATE)).collect::<Vec<_>>());
}

#[test]
fn each_check_sees_what_it_is_for() {
    let file = |path: &str, text: &str| File { path: path.into(), text: text.to_owned() };
    let source = |text: &str| file("impl/src/wire/x.rs", text);
    assert_eq!(too_long(&source(&"\n".repeat(MAX_LINES + 1))), ["impl/src/wire/x.rs:651: the file is too long"]);
    assert!(too_long(&source(&"\n".repeat(MAX_LINES))).is_empty());
    let wide = "é".repeat(MAX_WIDTH + 1);
    assert_eq!(too_wide(&source(&format!("\n{wide}"))), ["impl/src/wire/x.rs:2: 121 characters wide"]);
    assert!(too_wide(&source(&wide[2..])).is_empty());
    assert!(too_wide(&source(&format!("#[cfg(test)]\nmod tests {{ {wide} }}"))).is_empty());
    assert_eq!(too_wide(&file("impl/tests/x.rs", &format!("// {wide}"))).len(), 1);
    assert_eq!(mentions(&source(&format!("fn f() {{ {}() }}", UNFINISHED[0])), &UNFINISHED).len(), 1);
    for (text, expected) in [("x.unwrap();", 1), ("// x.unwrap()", 0), ("#[cfg(test)]\nmod tests { x.unwrap() }", 0)] {
        assert_eq!(panics(&source(text)).len(), expected, "{text}");
    }
    assert!(panics(&file("impl/src/wire/x/tests.rs", "x.unwrap();")).is_empty());
    assert!(panics(&file("impl/tests/x.rs", "x.unwrap();")).is_empty());
}
