//! The requirements: which rule binds whom, where it comes from, and what checks it.
//!
//! The rows live in `properties/requirements/*.toml`, one file per part of the procedure, in our own words with the
//! clause as source. Every row is checked by something named or waived with a reason; a verdict quotes the row by its
//! id.
//!
//! Read first: [`Requirement`], then `requirements/refer.toml`.

mod coverage;
mod error;
mod requirement;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use coverage::Counts;
pub use error::CatalogueError;
pub use requirement::{Check, CheckKind, Coverage, Keyword, Requirement, Role, Section};

/// The sections and the files they are read from.
const FILES: [(Section, &str); 6] = [
    (Section::Creation, include_str!("../../requirements/creation.toml")),
    (Section::Event, include_str!("../../requirements/event.toml")),
    (Section::Refer, include_str!("../../requirements/refer.toml")),
    (Section::Failure, include_str!("../../requirements/failure.toml")),
    (Section::Message, include_str!("../../requirements/message.toml")),
    (Section::Network, include_str!("../../requirements/network.toml")),
];

/// Every requirement, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    requirements: BTreeMap<String, Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<requirement::Row>,
}

impl Catalogue {
    /// Reads the requirements that this crate carries.
    ///
    /// # Errors
    /// A file is not TOML of the expected form, an id stands twice, or a row is neither checked nor waived.
    pub fn load() -> Result<Self, CatalogueError> {
        Self::read(FILES)
    }

    /// Reads requirements from the text of TOML files, each with the section that its rows belong to.
    ///
    /// # Errors
    /// As [`Catalogue::load`].
    pub fn read<'a>(files: impl IntoIterator<Item = (Section, &'a str)>) -> Result<Self, CatalogueError> {
        let mut requirements = BTreeMap::new();
        for (section, text) in files {
            let file: File =
                toml::from_str(text).map_err(|source| CatalogueError::Syntax { section, source: Box::new(source) })?;
            for row in file.requirement {
                let requirement = row.into_requirement(section)?;
                let id = requirement.id.clone();
                if requirements.insert(id.clone(), requirement).is_some() {
                    return Err(CatalogueError::Duplicate { id });
                }
            }
        }
        Ok(Self { requirements })
    }

    /// The requirement with this id, such as `CR-27`.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// Every requirement, in the order of the ids.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.values()
    }

    /// The requirements that a check of this kind and name covers, in the order of the ids.
    pub fn checked_by(&self, kind: CheckKind, name: &str) -> impl Iterator<Item = &Requirement> {
        self.requirements().filter(move |requirement| {
            requirement.checks().iter().any(|check| check.kind == kind && check.name == name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"
[[requirement]]
id = "CR-01"
title = "t"
rule = "r"
source = "s"
role = ["ue"]
level = "must"
"#;

    fn read(text: &str) -> Result<Catalogue, CatalogueError> {
        Catalogue::read([(Section::Creation, text)])
    }

    #[test]
    fn rows_are_refused_for_what_is_wrong_with_them() {
        const CHECKED: &str = "checked_by = [{ kind = \"invariant\", name = \"I-OA\" }]\n";
        let cases: [(&str, String, Option<&str>); 11] = [
            ("checked", format!("{ROW}{CHECKED}"), None),
            ("waived", format!("{ROW}waiver = \"not in this scope\"\n"), None),
            ("neither", ROW.to_owned(), Some("CR-01 is neither checked nor waived")),
            ("both", format!("{ROW}{CHECKED}waiver = \"x\"\n"), Some("CR-01 is both checked and waived")),
            ("blank waiver", format!("{ROW}waiver = \" \"\n"), Some("CR-01 has an empty waiver")),
            ("no check", format!("{ROW}checked_by = []\n"), Some("CR-01 is neither checked nor waived")),
            ("twice", format!("{ROW}{CHECKED}{ROW}{CHECKED}"), Some("CR-01 stands twice in the catalogue")),
            ("unknown role", ROW.replace("\"ue\"", "\"bridge\"") + CHECKED, Some("unknown variant `bridge`")),
            ("no role", ROW.replace("\"ue\"", "") + CHECKED, Some("CR-01 has an empty role")),
            ("no id", ROW.replace("CR-01", "") + CHECKED, Some("a row of the section creation has an empty id")),
            ("misspelt key", format!("{ROW}{CHECKED}chequed = 1\n"), Some("unknown field `chequed`")),
        ];
        for (name, text, expected) in cases {
            match (read(&text), expected) {
                (Ok(catalogue), None) => assert_eq!(catalogue.counts().total, 1, "{name}"),
                (Err(error), Some(part)) => {
                    let chain = format!(
                        "{error}: {}",
                        std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
                    );
                    assert!(chain.contains(part), "{name}: {chain}");
                }
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    }

    #[test]
    fn a_requirement_is_found_by_id_and_by_check() {
        let text = format!("{ROW}checked_by = [{{ kind = \"unit\", name = \"wire::uri\" }}]\n");
        let catalogue = read(&text).expect("a valid row");
        let requirement = catalogue.requirement("CR-01").expect("the row that was read");
        assert_eq!((requirement.role.as_slice(), requirement.keyword), ([Role::Ue].as_slice(), Keyword::Must));
        assert_eq!(catalogue.checked_by(CheckKind::Unit, "wire::uri").count(), 1);
        assert_eq!(catalogue.checked_by(CheckKind::Claim, "wire::uri").count(), 0);
        assert_eq!(catalogue.requirement("CR-02"), None);
    }
}
