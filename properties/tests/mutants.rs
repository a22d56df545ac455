//! The list of the mutants that no test catches, `mutation/survivors.toml`: its figures fit together, and each mutant
//! is there once: with the reason, among those that nobody has explained yet, or with what has settled it since.

use std::collections::BTreeSet;

const SURVIVORS: &str = include_str!("../mutation/survivors.toml");

#[test]
fn each_survivor_is_listed_once_and_the_figures_fit() {
    let list: toml::Table = SURVIVORS.parse().expect("survivors.toml can be read");
    let rows = list["survivor"].as_array().expect("survivors");
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    let explained = rows.iter().map(|row| text(&row["mutant"]));
    let open = list["open"].as_array().expect("open ones").iter().map(text);
    let settled = list["settled"].as_array().expect("settled ones");
    assert!(settled.iter().all(|row| !text(&row["by"]).is_empty()));
    let all: Vec<String> = explained.chain(open).chain(settled.iter().map(|row| text(&row["mutant"]))).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "a mutant stands twice");
    let runs = list["run"].as_array().expect("runs");
    let mut listed = 0;
    for run in runs {
        let figure =
            |name: &str| run[name].as_integer().and_then(|number| usize::try_from(number).ok()).expect("a number");
        let within = all.iter().filter(|mutant| mutant.starts_with(&text(&run["within"]))).count();
        assert_eq!(figure("viable") - figure("caught"), within, "{run}");
        assert!(figure("viable") <= figure("sample") && figure("timed_out") <= figure("caught"));
        listed += within;
    }
    assert_eq!(listed, all.len(), "a mutant is of no run, or of two");
    for row in rows {
        assert!(text(&row["reason"]).split_whitespace().count() >= 4, "no reason: {row}");
    }
}
