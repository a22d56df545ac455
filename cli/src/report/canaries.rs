//! The part of a report that shows that the checks bite: deviations that have to be caught.

use std::fmt::Write as _;

use imsconf_properties::canary::Canary;
use serde::Serialize;

/// One deviation and how it fared.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: &'static str,
    must_be_caught_by: Vec<&'static str>,
    requirements: Vec<&'static str>,
    caught: bool,
}

impl Row {
    pub(crate) fn of(canary: &Canary) -> Self {
        let must_be_caught_by = canary.spec.caught_by.iter().map(|(invariant, _)| *invariant).collect();
        let requirements = canary.findings.iter().map(|finding| finding.requirement).collect();
        Self { name: canary.spec.name, must_be_caught_by, requirements, caught: canary.is_caught() }
    }

    pub(crate) const fn is_caught(&self) -> bool {
        self.caught
    }
}

pub(crate) fn text(rows: &[Row]) -> String {
    let mut text = format!("Canaries ({} wrong implementations), and what catches them\n", rows.len());
    for Row { name, must_be_caught_by, requirements, caught } in rows {
        let (by, requirements) = (must_be_caught_by.join(", "), requirements.join(" "));
        let _ = match caught {
            true => writeln!(text, "  {name:<40}{by}  {requirements}"),
            false => writeln!(text, "  {name:<40}NOT CAUGHT by {by}"),
        };
    }
    text
}
