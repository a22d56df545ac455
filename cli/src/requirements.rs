//! `imsconf requirements`: the catalogue, row by row, and how much of it is checked.

use std::fmt::Write as _;

use imsconf_properties::catalogue::{Catalogue, Check, CheckKind, Counts, Keyword, Requirement, Role};
use imsconf_properties::sensitivity::Sensitivity;
use serde::Serialize;

use crate::arguments;
use crate::error::CommandError;
use crate::printer::Printer;
use crate::report::{Outcome, SCHEMA, write_json};

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    verdict: Outcome,
    total: usize,
    covered: usize,
    waived: usize,
    sections: Vec<Part>,
    uncovered: Vec<&'a str>,
    requirements: Vec<Row<'a>>,
}

/// How much of one section is checked.
#[derive(Serialize)]
struct Part {
    section: String,
    total: usize,
    covered: usize,
    waived: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    requirement: &'a str,
    section: String,
    title: &'a str,
    rule: &'a str,
    source: &'a str,
    level: &'static str,
    role: Vec<&'static str>,
    checked_by: Vec<String>,
    /// The deviations and mutants that show that these checks can fail.
    seen_failing: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<&'a str>,
}

pub(crate) fn requirements(
    arguments: &arguments::Requirements,
    printer: &mut Printer,
) -> Result<Outcome, CommandError> {
    let catalogue = Catalogue::load()?;
    let sensitivity = Sensitivity::load()?;
    let uncovered = catalogue.uncovered();
    if arguments.uncovered {
        printer.print(rows(uncovered.iter().copied(), &sensitivity))?;
        printer.line(format_args!("{} of {} uncovered", uncovered.len(), catalogue.counts().total))?;
    } else {
        printer.print(rows(catalogue.requirements(), &sensitivity))?;
        printer.print(counts(&catalogue))?;
        let shown = |row: &&Requirement| row.checks().iter().any(|check| breaks(&sensitivity, row, check).is_some());
        let shown = catalogue.requirements().filter(shown).count();
        let (rules, total) = (sensitivity.shown.len(), sensitivity.shown.len() + sensitivity.unshown.len());
        printer.line(format_args!(
            "\nseen failing by a deviation, a mutant or a wrong model: the checks of {shown} requirements; \
             {rules} of {total} rules of the invariants"
        ))?;
    }
    let verdict = Outcome::of(!arguments.uncovered || uncovered.is_empty());
    let Counts { covered, waived, total } = catalogue.counts();
    let section = |(section, counts): (_, Counts)| {
        let Counts { covered, waived, total } = counts;
        Part { section: format!("{section}"), total, covered, waived }
    };
    let json = Json {
        schema: SCHEMA,
        verdict,
        total,
        covered,
        waived,
        sections: catalogue.counts_by_section().into_iter().map(section).collect(),
        uncovered: uncovered.iter().map(|row| row.id.as_str()).collect(),
        requirements: catalogue.requirements().map(|own| row(own, &sensitivity)).collect(),
    };
    write_json(arguments.output.json.as_deref(), &json)?;
    Ok(verdict)
}

/// One line a row, and one for each thing that checks it, or the reason why nothing does.
fn rows<'a>(all: impl Iterator<Item = &'a Requirement>, sensitivity: &Sensitivity) -> String {
    let mut text = String::new();
    for row in all {
        let _ = writeln!(text, "{:<6} {:<6} {} ({})", row.id, level(row), row.title, row.source);
        for check in row.checks() {
            let broken_by = breaks(sensitivity, row, check).map(|by| format!("; fails with {by}")).unwrap_or_default();
            let _ = writeln!(text, "              {}{broken_by}", check_name(check));
        }
        if let Some(reason) = row.waiver() {
            let _ = writeln!(text, "              waived: {reason}");
        }
    }
    text
}

fn counts(catalogue: &Catalogue) -> String {
    let mut text = String::from("\nsection    covered  waived   total\n");
    let mut line = |name: &str, counts: Counts| {
        let Counts { covered, waived, total } = counts;
        let _ = writeln!(text, "{name:<10} {covered:>7} {waived:>7} {total:>7}");
    };
    for (section, counts) in catalogue.counts_by_section() {
        line(&format!("{section}"), counts);
    }
    line("all", catalogue.counts());
    text
}

/// What shows that this check of a requirement can fail.
fn breaks<'s>(sensitivity: &'s Sensitivity, row: &Requirement, check: &Check) -> Option<&'s str> {
    match check.kind {
        CheckKind::Invariant => sensitivity.of(&check.name, &row.id).map(|shown| shown.by.as_str()),
        CheckKind::Claim => Some("a wrong model"),
        CheckKind::Unit | CheckKind::Trace => None,
    }
}

fn row<'a>(requirement: &'a Requirement, sensitivity: &'a Sensitivity) -> Row<'a> {
    Row {
        requirement: &requirement.id,
        section: format!("{}", requirement.section),
        title: &requirement.title,
        rule: &requirement.rule,
        source: &requirement.source,
        level: level(requirement),
        role: requirement.role.iter().map(|role| role_name(*role)).collect(),
        checked_by: requirement.checks().iter().map(check_name).collect(),
        seen_failing: requirement.checks().iter().filter_map(|own| breaks(sensitivity, requirement, own)).collect(),
        waiver: requirement.waiver(),
    }
}

const fn level(requirement: &Requirement) -> &'static str {
    match requirement.keyword {
        Keyword::May => "may",
        Keyword::Should => "should",
        Keyword::Must => "must",
    }
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Ue => "ue",
        Role::Focus => "focus",
        Role::Participant => "participant",
        Role::Proxy => "proxy",
        Role::Any => "any",
    }
}

fn check_name(check: &Check) -> String {
    let kind = match check.kind {
        CheckKind::Invariant => "invariant",
        CheckKind::Claim => "claim",
        CheckKind::Unit => "test",
        CheckKind::Trace => "capture",
    };
    format!("{kind} {}", check.name)
}
