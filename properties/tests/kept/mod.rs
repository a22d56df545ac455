//! The schedules that are kept in the tree, and the captures of their runs.

use std::fs;
use std::path::{Path, PathBuf};

use imsconf_properties::deviation::Deviation;
use imsconf_properties::run::{Report, run_recorded};
use imsconf_properties::schedule::Schedule;

/// Every schedule in a folder of this crate, with the name of its file.
pub(crate) fn schedules(folder: &str) -> Vec<(String, Schedule)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    assert!(!files.is_empty());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("readable");
        (path.display().to_string(), Schedule::from_json(&text).expect("a schedule"))
    };
    files.into_iter().map(read).collect()
}

/// A schedule's run, and the file that was captured at every host.
pub(crate) fn recorded(schedule: &Schedule) -> (Report, Vec<u8>) {
    let deviation = schedule.deviation.as_deref().map(|name| Deviation::named(name).expect("a known deviation"));
    let (report, recording) = run_recorded(schedule, deviation);
    (report, recording.pcapng().expect("every message fits into a datagram"))
}
