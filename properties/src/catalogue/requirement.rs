//! One row of the catalogue.

use std::fmt;

use serde::Deserialize;

use super::CatalogueError;

/// The part of the procedure that a requirement belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Creation by factory URI and the rules of the call's dialog.
    Creation,
    /// The conference event package.
    Event,
    /// Invitation by REFER to the focus.
    Refer,
    /// Refusals, time-outs, losses and races.
    Failure,
    /// Contents of single messages.
    Message,
    /// What proxies add and remove.
    Network,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Creation => "creation",
            Self::Event => "event",
            Self::Refer => "refer",
            Self::Failure => "failure",
            Self::Message => "message",
            Self::Network => "network",
        })
    }
}

/// Whom a requirement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The user agent that creates the conference and invites.
    Ue,
    /// The conference factory and focus.
    Focus,
    /// An invited user.
    Participant,
    /// A proxy on the path.
    Proxy,
    /// Every SIP element that gets into the situation.
    Any,
}

/// How strongly the source demands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keyword {
    /// It is permitted, and others have to cope with it.
    May,
    /// A breach needs a good reason.
    Should,
    /// A breach is a fault.
    Must,
}

/// What kind of thing checks a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// An observer of the wire, by the name of its invariant.
    Invariant,
    /// A claim of the model, by its name.
    Claim,
    /// Tests of the implementation: a module of the crate `imsconf` by its path, with all its unit tests, or one of the
    /// flows in its folder `tests`, as `file::function`.
    Unit,
    /// A committed capture, by the name of its file.
    Trace,
}

/// Something that checks a requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What kind of check it is.
    pub kind: CheckKind,
    /// Its name among the checks of this kind.
    pub name: String,
}

/// Whether a requirement is checked, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// By these, at least one.
    Checked(Vec<Check>),
    /// Not at all, for this reason.
    Waived(String),
}

/// One requirement, in our own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The id that verdicts quote, such as `RF-12`.
    pub id: String,
    /// A few words for a report.
    pub title: String,
    /// The rule.
    pub rule: String,
    /// Documents and clauses that it comes from.
    pub source: String,
    /// Whom it binds, at least one.
    pub role: Vec<Role>,
    /// How strongly.
    pub keyword: Keyword,
    /// The part of the procedure.
    pub section: Section,
    /// What checks it, or why nothing does.
    pub coverage: Coverage,
}

impl Requirement {
    /// What checks the requirement; nothing if it is waived.
    pub fn checks(&self) -> &[Check] {
        match &self.coverage {
            Coverage::Checked(checks) => checks,
            Coverage::Waived(_) => &[],
        }
    }

    /// Why nothing checks the requirement, if that is so.
    pub fn waiver(&self) -> Option<&str> {
        match &self.coverage {
            Coverage::Checked(_) => None,
            Coverage::Waived(reason) => Some(reason),
        }
    }
}

/// A row as the files spell it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    id: String,
    title: String,
    rule: String,
    source: String,
    role: Vec<Role>,
    level: Keyword,
    #[serde(default)]
    checked_by: Vec<Check>,
    waiver: Option<String>,
}

impl Row {
    /// Checks what the types do not: nothing empty, and either checked or waived.
    pub(super) fn into_requirement(self, section: Section) -> Result<Requirement, CatalogueError> {
        let Self { id, title, rule, source, role, level: keyword, checked_by, waiver } = self;
        if id.trim().is_empty() {
            return Err(CatalogueError::NoId { section });
        }
        let texts = [("title", title.as_str()), ("rule", &rule), ("source", &source)];
        let empty = texts.iter().find(|(_, text)| text.trim().is_empty()).map(|(field, _)| *field);
        let empty = empty.or_else(|| role.is_empty().then_some("role"));
        let empty = empty.or_else(|| waiver.as_ref().filter(|reason| reason.trim().is_empty()).map(|_| "waiver"));
        if let Some(field) = empty {
            return Err(CatalogueError::Empty { id, field });
        }
        let coverage = match (checked_by.is_empty(), waiver) {
            (false, None) => Coverage::Checked(checked_by),
            (true, Some(reason)) => Coverage::Waived(reason),
            (true, None) => return Err(CatalogueError::Unchecked { id }),
            (false, Some(_)) => return Err(CatalogueError::CheckedAndWaived { id }),
        };
        Ok(Requirement { id, title, rule, source, role, keyword, section, coverage })
    }
}
