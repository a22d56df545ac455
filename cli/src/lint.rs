//! `imsconf lint`: every rule that a message or a body breaks by itself, with an excerpt.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};

use imsconf_properties::lint::{Finding, Kind, Level, Linter, Unreadable, recognise};
use imsconf_properties::verdict::Verdict;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::excerpt::Excerpt;
use crate::report::{Outcome, SCHEMA, write_json};

/// How many findings of one rule are printed; the JSON has them all.
const MOST_OF_ONE_RULE: usize = 3;

#[derive(Serialize)]
struct Json {
    schema: u32,
    verdict: Outcome,
    files: Vec<File>,
}

/// What was found in one file.
#[derive(Serialize)]
struct File {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Outcome>,
    findings: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Row {
    rule: &'static str,
    clause: String,
    level: Level,
    start: usize,
    end: usize,
    line: usize,
    column: usize,
    text: String,
    excerpt: String,
    #[serde(skip)]
    mark: String,
}

pub(crate) fn lint(arguments: &arguments::Lint, printer: &mut Printer) -> Result<Outcome, CommandError> {
    let standard_input = [PathBuf::from("-")];
    let paths = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let linter = Linter::new(arguments.judged.profile())?;
    let mut files = Vec::new();
    for path in paths {
        let file = judged(path, arguments.kind.map(arguments::KindName::kind), &linter)?;
        printer.print(text(&file))?;
        files.push(file);
    }
    let unread = files.iter().filter(|file| file.error.is_some()).count();
    let verdict = Outcome::of(files.iter().all(|file| file.verdict != Some(Outcome::Fail)));
    let json = Json { schema: SCHEMA, verdict, files };
    write_json(arguments.output.json.as_deref(), &json)?;
    match unread {
        0 => Ok(verdict),
        unread => Err(CommandError::Lint { unread, files: json.files.len() }),
    }
}

fn judged(path: &Path, kind: Option<Kind>, linter: &Linter) -> Result<File, CommandError> {
    let is_standard_input = path == Path::new("-");
    let file = if is_standard_input { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = if is_standard_input {
        let mut bytes = Vec::new();
        stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(|error| CommandError::Read { path: path.to_owned(), error })?;
    let found = kind.map_or_else(|| recognise(&bytes), Ok).map(|kind| (kind, linter.lint(&bytes, kind)));
    Ok(match found {
        Ok((kind, Ok(findings))) => {
            let breaks = findings.iter().any(|finding| finding.level == Level::Fail);
            let findings = findings.into_iter().map(|finding| row(finding, &bytes)).collect();
            File { file, kind: Some(kind.word()), verdict: Some(Outcome::of(!breaks)), findings, error: None }
        }
        Ok((kind, Err(error))) => unread(file, Some(kind), &error),
        Err(error) => unread(file, None, &error),
    })
}

fn unread(file: String, kind: Option<Kind>, error: &Unreadable) -> File {
    File { file, kind: kind.map(Kind::word), verdict: None, findings: Vec::new(), error: Some(error.to_string()) }
}

fn row(finding: Finding, bytes: &[u8]) -> Row {
    let Finding { rule, clause, level, at, text } = finding;
    let Excerpt { line, column, text: excerpt, mark } = Excerpt::of(bytes, &at);
    Row { rule, clause, level, start: at.start, end: at.end, line, column, text, excerpt, mark }
}

/// A line for the file, then its findings in the order of the octets.
fn text(file: &File) -> String {
    let kind = file.kind.map_or_else(String::new, |kind| format!(" ({kind})"));
    if let Some(error) = &file.error {
        return format!("{}{kind}: {error}\n", file.file);
    }
    let mut text = match file.findings.len() {
        0 => format!("{}{kind}: no rule broken\n", file.file),
        1 => format!("{}{kind}: 1 finding\n", file.file),
        count => format!("{}{kind}: {count} findings\n", file.file),
    };
    for (index, row) in file.findings.iter().enumerate() {
        let of_rule = |rows: &[Row]| rows.iter().filter(|other| other.rule == row.rule).count();
        let earlier = of_rule(&file.findings[..index]);
        if earlier < MOST_OF_ONE_RULE {
            write_row(&mut text, row);
        } else if earlier == MOST_OF_ONE_RULE {
            let more = of_rule(&file.findings[index..]);
            let _ = writeln!(text, "  and {more} more of {}", row.rule);
        }
    }
    text
}

fn write_row(text: &mut String, row: &Row) {
    let Row { rule, clause, level, start, end, line, column, text: what, excerpt, mark } = row;
    let level = Verdict::from(*level);
    // Writing into a string cannot fail.
    let _ = writeln!(text, "  {level:<12} {rule}: {what} ({clause})");
    let _ = writeln!(text, "    octets {start}..{end}, line {line} column {column}");
    let _ = writeln!(text, "    | {excerpt}");
    let _ = writeln!(text, "    | {mark}");
}
