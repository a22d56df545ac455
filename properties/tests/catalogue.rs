//! The catalogue that the crate carries: readable, complete in form, and in step with the checks that it names.

mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use imsconf_model::Conference;
use imsconf_properties::catalogue::{Catalogue, CheckKind, Counts};
use imsconf_properties::invariants::Observers;

use rules::rules;

fn catalogue() -> Catalogue {
    Catalogue::load().unwrap_or_else(|error| panic!("{error:?}"))
}

fn crate_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// At most this many of a hundred requirements are waived.
const MOST_WAIVED: usize = 15;

#[test]
fn the_catalogue_is_valid_and_waives_little() {
    let Counts { covered, waived, total } = catalogue().counts();
    assert_eq!(covered + waived, total);
    assert!(total >= 150 && waived * 100 <= total * MOST_WAIVED, "{waived} of {total} are waived");
}

#[test]
fn ids_have_the_form_of_their_section() {
    for requirement in catalogue().requirements() {
        let (prefix, number) = requirement.id.split_once('-').unwrap_or_default();
        assert!(["CR", "EV", "RF", "FA", "DM", "TP", "NW"].contains(&prefix), "{}", requirement.id);
        assert!(number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()), "{}", requirement.id);
    }
}

#[test]
fn every_check_that_is_named_exists() {
    let claims: BTreeSet<&str> = imsconf_model::claims::<Conference>().iter().map(|claim| claim.name).collect();
    for requirement in catalogue().requirements() {
        for check in requirement.checks() {
            let exists = match check.kind {
                CheckKind::Invariant => Observers::names().contains(&check.name.as_str()),
                CheckKind::Claim => claims.contains(check.name.as_str()),
                CheckKind::Unit => has_unit_tests(&check.name),
                CheckKind::Trace => crate_directory().join("traces").join(&check.name).exists(),
            };
            assert!(exists, "{} names {check:?}, which does not exist", requirement.id);
        }
    }
}

/// Whether `file::function` is a flow of the implementation, or the module `a::b` has unit tests, in its file or below.
fn has_unit_tests(name: &str) -> bool {
    let implementation = crate_directory().join("../impl");
    if let Some((file, function)) = name.split_once("::")
        && let Ok(text) = fs::read_to_string(implementation.join("tests").join(file).with_extension("rs"))
    {
        return text.contains(&format!("fn {function}("));
    }
    let module = implementation.join("src").join(name.replace("::", "/"));
    let mut open = vec![module.with_extension("rs"), module];
    while let Some(path) = open.pop() {
        if let Ok(entries) = fs::read_dir(&path) {
            open.extend(entries.map(|entry| entry.expect("a directory entry").path()));
        } else if fs::read_to_string(&path).is_ok_and(|text| text.contains("#[test]")) {
            return true;
        }
    }
    false
}

#[test]
fn every_rule_is_a_row_that_names_its_invariant() {
    let (catalogue, rules) = (catalogue(), rules());
    assert!(rules.len() > 100, "the rules are read from the source: {}", rules.len());
    // What is judged inside is none of the wire's and has tests of its own.
    let of_the_wire = |invariant: &str| Observers::names().contains(&invariant);
    for (invariant, id) in rules.iter().filter(|(own, id)| of_the_wire(own) && !id.starts_with("SD-")) {
        let row = catalogue.requirement(id).unwrap_or_else(|| panic!("{invariant} checks {id}, which is no row"));
        let named = row.checks().iter().any(|check| check.kind == CheckKind::Invariant && check.name == *invariant);
        assert!(named, "{id} does not say that {invariant} checks it");
    }
}

#[test]
fn every_invariant_is_wanted_by_a_row() {
    let catalogue = catalogue();
    for name in Observers::names() {
        assert!(catalogue.checked_by(CheckKind::Invariant, name).next().is_some(), "no row names {name}");
    }
}
