//! The catalogue that the crate carries: readable, complete in form, and naming checks that exist.

use imsconf_properties::catalogue::{Catalogue, Counts};

#[test]
fn the_catalogue_is_valid_and_covers_the_slice() {
    let catalogue = Catalogue::load().unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(catalogue.counts(), Counts { covered: 147, waived: 2, total: 149 });
}

#[test]
fn ids_have_the_form_of_their_section() {
    let catalogue = Catalogue::load().unwrap_or_else(|error| panic!("{error:?}"));
    for requirement in catalogue.requirements() {
        let (prefix, number) = requirement.id.split_once('-').unwrap_or_default();
        assert!(["CR", "EV", "RF", "FA", "DM", "TP"].contains(&prefix), "{}", requirement.id);
        assert!(number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()), "{}", requirement.id);
    }
}
