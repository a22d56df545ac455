//! Numbers that the README gives: they change with the tables that they count.

use std::fs;
use std::path::Path;

use imsconf_properties::catalogue::Catalogue;
use imsconf_properties::deviation::Deviation;

#[test]
fn the_readme_counts_what_is_there() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("the README");
    let words = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let counts = Catalogue::load().expect("the catalogue").counts();
    let sentences = [
        format!("{} deviations", Deviation::all().count()),
        format!("each of the {} requirements", counts.total),
        format!("{} of the {} requirements are waived", counts.waived, counts.total),
        format!("{} covered, {} waived with a reason, {} in total", counts.covered, counts.waived, counts.total),
    ];
    for sentence in sentences {
        assert!(words.contains(&sentence), "the README does not say `{sentence}`");
    }
}
