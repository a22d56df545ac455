//! A copy of the tree with all mutants of the sample in it, and the checks that are built from it.
//!
//! What the compiler refuses is no mutant ("unviable"): each error lies in the text of one, which is taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::checks::Check;
use crate::population::Mutant;
use crate::rewrite::{Misfit, mutant_at, rewrite};
use crate::{Failure, read_or_default};

/// Folders of the tree that are no part of it.
const MADE: [&str; 5] = ["target", "corpus", "artifacts", "coverage", ".git"];
/// The mutated crates.
const MUTATED: [&str; 2] = ["impl/src", "model/src"];
/// What is built: the crates whose tests are the checks.
const PACKAGES: [&str; 6] = ["-p", "imsconf", "-p", "imsconf-model", "-p", "imsconf-properties"];
const SWITCH: &str = include_str!("switch.rs");

/// Why a mutant of the sample is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excluded {
    /// It does not compile.
    Unviable,
    /// It is part of what the compiler computes: it cannot be switched on at run time.
    Constant,
}

pub(crate) struct Copy<'a> {
    root: PathBuf,
    place: PathBuf,
    sample: &'a [Mutant],
    pub(crate) excluded: BTreeMap<u32, Excluded>,
    learned: Learned,
}

/// What the compiler said, kept for the next run: a copy that is written as it was need not be built again.
#[derive(Default, Serialize, Deserialize)]
struct Learned {
    /// Mutants that do not compile.
    unviable: BTreeSet<String>,
    /// Functions that are called where only a constant may stand.
    constants: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    rendered: Option<String>,
    code: Option<Code>,
    spans: Vec<ErrorSpan>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct ErrorSpan {
    file_name: PathBuf,
    byte_start: usize,
    is_primary: bool,
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| MADE.iter().any(|made| name == *made)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

impl<'a> Copy<'a> {
    /// Mutants are numbered from 1 in the order of the sample.
    pub(crate) fn new(root: &Path, place: &Path, sample: &'a [Mutant]) -> Result<Self, Failure> {
        let (root, place) = (root.to_owned(), place.join("tree"));
        let learned: Learned = read_or_default(&place.with_file_name("learned.json"))?;
        let is_unviable = |mutant: &Mutant| learned.unviable.contains(&mutant.name);
        let numbered = (1..).zip(sample).filter(|(_, mutant)| is_unviable(mutant));
        let excluded = numbered.map(|(number, _)| (number, Excluded::Unviable)).collect();
        Ok(Self { root, place, sample, excluded, learned })
    }

    /// Writes the copy, takes out what does not compile, builds the tests, and lists them.
    pub(crate) fn build(&mut self) -> Result<Vec<Check>, Failure> {
        self.write()?;
        loop {
            let errors = self.errors()?;
            if errors.is_empty() {
                break;
            }
            self.learn(&errors)?;
            eprintln!("{} mutants do not compile so far", self.excluded.len());
            self.write()?;
        }
        let unviable =
            (1..).zip(self.sample).filter(|(number, _)| self.excluded.get(number) == Some(&Excluded::Unviable));
        self.learned.unviable.extend(unviable.map(|(_, mutant)| mutant.name.clone()));
        fs::write(self.place.with_file_name("learned.json"), serde_json::to_vec_pretty(&self.learned)?)?;
        self.checks()
    }

    /// Only what changes is written, so that only that is built again.
    fn write(&mut self) -> Result<(), Failure> {
        let mut files = Vec::new();
        collect(&self.root, &mut files)?;
        let mut expected = BTreeSet::new();
        for file in files {
            let name = file.strip_prefix(&self.root)?.to_owned();
            let is_rust = name.extension().is_some_and(|extension| extension == "rs");
            let mutated = is_rust && MUTATED.iter().any(|folder| name.starts_with(folder));
            let bytes = if mutated { self.mutated(&name)?.into_bytes() } else { fs::read(&file)? };
            self.put(&name, &bytes)?;
            expected.insert(self.place.join(name));
        }
        for folder in MUTATED {
            let name = Path::new(folder).join("mutant.rs");
            self.put(&name, SWITCH.as_bytes())?;
            expected.insert(self.place.join(name));
        }
        let mut found = Vec::new();
        collect(&self.place, &mut found)?;
        for stale in found.iter().filter(|path| !expected.contains(*path)) {
            fs::remove_file(stale)?;
        }
        Ok(())
    }

    fn put(&self, name: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.place.join(name);
        if fs::read(&path).is_ok_and(|present| present == bytes) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(&self.place))?;
        Ok(fs::write(path, bytes)?)
    }

    fn mutated(&mut self, name: &Path) -> Result<String, Failure> {
        let source = fs::read_to_string(self.root.join(name))?;
        let numbered = (1..).zip(self.sample).filter(|(number, mutant)| {
            Path::new(&mutant.file) == name && self.excluded.get(number) != Some(&Excluded::Unviable)
        });
        let numbered: Vec<(u32, &Mutant)> = numbered.collect();
        let done = rewrite(&source, &numbered, &|function| self.learned.constants.contains(function))
            .map_err(|error| format!("{}: {error}", name.display()))?;
        for (number, misfit) in done.misfits {
            let excluded = match misfit {
                Misfit::LetChain => Excluded::Unviable,
                Misfit::Constant => Excluded::Constant,
                Misfit::Unknown => {
                    return Err(format!("no place for {:?}", numbered.iter().find(|one| one.0 == number)).into());
                }
            };
            self.excluded.insert(number, excluded);
        }
        let is_root = name.file_name().is_some_and(|name| name == "lib.rs");
        let switch = if is_root { "\n#[allow(missing_docs)]\n#[doc(hidden)]\npub mod mutant;\n" } else { "" };
        Ok(done.text + switch)
    }

    fn cargo(&self, command: &str, arguments: &[&str]) -> Result<(bool, Vec<Line>), Failure> {
        let output = Command::new("cargo")
            .current_dir(&self.place)
            .env("CARGO_TARGET_DIR", self.place.with_file_name("build"))
            .args([command, "--message-format=json"])
            .args(PACKAGES)
            .arg("--tests")
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let lines = text.lines().filter(|line| line.starts_with('{')).map(serde_json::from_str);
        Ok((output.status.success(), lines.collect::<Result<_, _>>()?))
    }

    fn errors(&self) -> Result<Vec<Message>, Failure> {
        let (good, lines) = self.cargo("check", &["--keep-going"])?;
        let messages = lines.into_iter().filter_map(|line| line.message);
        let errors = messages.filter(|message| message.level == "error" && !message.spans.is_empty());
        let errors: Vec<Message> = errors.collect();
        if !good && errors.is_empty() { Err("the copy cannot be checked".into()) } else { Ok(errors) }
    }

    /// Each error shows a mutant that is none, or a function that has to be a constant one.
    fn learn(&mut self, errors: &[Message]) -> Result<(), Failure> {
        let known = self.excluded.len() + self.learned.constants.len();
        for error in errors {
            if error.code.as_ref().is_some_and(|code| code.code == "E0015") {
                let name = error.message.split('`').nth(1).unwrap_or_default();
                let name = name.rsplit("::").find(|part| !part.starts_with('<')).unwrap_or_default();
                self.learned.constants.insert(name.to_owned());
                continue;
            }
            for span in error.spans.iter().filter(|span| span.is_primary) {
                let text = fs::read_to_string(self.place.join(&span.file_name))?;
                let number = mutant_at(&text, span.byte_start);
                self.excluded.extend(number.map(|number| (number, Excluded::Unviable)));
            }
        }
        if self.excluded.len() + self.learned.constants.len() == known {
            let rendered = errors.iter().filter_map(|error| error.rendered.as_deref()).collect::<String>();
            return Err(format!("the copy does not compile outside its mutants:\n{rendered}").into());
        }
        Ok(())
    }

    fn checks(&self) -> Result<Vec<Check>, Failure> {
        let (built, lines) = self.cargo("test", &["--no-run"])?;
        if !built {
            return Err("the tests of the copy do not build".into());
        }
        let mut checks = Vec::new();
        for line in lines.iter().filter(|line| line.reason == "compiler-artifact") {
            let (Some(program), Some(target)) = (&line.executable, &line.target) else { continue };
            let folder = line.manifest_path.parent().unwrap_or(&self.place);
            let package = folder.file_name().unwrap_or_default().to_string_lossy();
            checks.extend(Check::list(program, folder, &format!("{package} {}", target.name))?);
        }
        checks.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(checks)
    }
}
