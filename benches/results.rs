//! Writes what the last benchmarks measured into `RESULTS.md`: a table per group, each row with the ratio to ours.
//!
//! Criterion leaves its estimates in `target/criterion`; nothing is measured here. What is no longer measured stays
//! there until that folder is removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use serde_json::Value;

/// The peer that is measured with its feature only.
const OPTIONAL_PEER: &str = "rsiprtp";

/// The row that the others are compared with.
const OURS: &str = "imsconf";

/// One benchmark.
struct Row {
    name: String,
    /// Median, in nanoseconds per iteration.
    nanoseconds: f64,
    /// What an iteration handles, in messages or other elements.
    elements: f64,
}

/// The benchmarks of one group.
type Tables = BTreeMap<String, Vec<Row>>;

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

impl Row {
    /// Nanoseconds for each message or other element.
    fn each(&self) -> f64 {
        self.nanoseconds / self.elements
    }
}

/// A benchmark by its group and its name.
type Place = (&'static str, &'static str);

/// How many times as fast as the second the first benchmark has to be.
const TARGETS: [(Place, Place, f64); 6] = [
    (("split, seven messages", OURS), ("split, seven messages", "rsipstack"), 4.0),
    (("split, seven messages", OURS), ("split, seven messages", "limit: bare splitter"), 0.4),
    (("split and typed, seven messages", OURS), ("split and typed, seven messages", "rsipstack"), 5.0),
    (("build and render a NOTIFY", OURS), (PARSED, OPTIONAL_PEER), 1.0),
    (("build and render a REFER", OURS), (PARSED, OPTIONAL_PEER), 1.0),
    ((PARSED, OURS), (PARSED, "limit: memcpy"), 1.0 / 1.3),
];

const PARSED: &str = "render a parsed message, seven messages";

/// The same for conference documents, by the number of users.
const DOCUMENT_TARGETS: [(&str, &str, f64); 3] =
    [("read", "roxmltree", 0.75), ("read", "NsReader", 0.8), ("write", "Writer", 0.9)];
const DOCUMENTS: [&str; 3] = ["conference-info 3", "conference-info 30", "conference-info 300"];

/// Each target, and whether it is met; those of which nothing was measured are left out.
fn targets(tables: &Tables) -> String {
    let each = |(group, name): Place| {
        let row = tables.get(group)?.iter().find(|row| row.name == name);
        row.map(Row::each)
    };
    let of_documents = DOCUMENTS.iter().flat_map(|group| {
        DOCUMENT_TARGETS.iter().map(move |(ours, peer, wanted)| ((*group, *ours), (*group, *peer), *wanted))
    });
    let mut text = "\n## Targets\n\n| | as fast as | times | wanted | |\n|---|---|---:|---:|---|\n".to_owned();
    for (ours, peer, wanted) in TARGETS.into_iter().chain(of_documents) {
        if let (Some(own), Some(other)) = (each(ours), each(peer)) {
            let verdict = if other / own >= wanted { "met" } else { "missed" };
            let [(group, name), (_, other_name)] = [ours, peer];
            let ratio = other / own;
            text += &format!("| {group}: {name} | {other_name} | {ratio:.2} | {wanted:.2} | {verdict} |\n");
        }
    }
    text
}

/// Every benchmark below a folder of criterion's.
fn collect(folder: &Path, tables: &mut Tables) -> io::Result<()> {
    let benchmark = folder.join("benchmark.json");
    if folder.ends_with("new") && benchmark.exists() {
        if let (Some(benchmark), Some(estimates)) = (json(&benchmark), json(&folder.join("estimates.json"))) {
            let text = |name: &str| benchmark[name].as_str().unwrap_or_default().to_owned();
            let group = [text("group_id"), text("value_str")].join(" ").trim_end().to_owned();
            let elements = benchmark["throughput"]["Elements"].as_f64().unwrap_or(1.0);
            let nanoseconds = estimates["median"]["point_estimate"].as_f64().unwrap_or(f64::NAN);
            tables.entry(group).or_default().push(Row { name: text("function_id"), nanoseconds, elements });
        }
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tables)?;
        }
    }
    Ok(())
}

fn table(group: &str, rows: &mut [Row]) -> String {
    rows.sort_by(|one, two| one.nanoseconds.total_cmp(&two.nanoseconds));
    let ours = rows.iter().find(|row| row.name == OURS).map(|row| row.nanoseconds);
    let mut text = format!("\n## {group}\n\n| | ns each | thousand/s | {OURS} is |\n|---|---:|---:|---:|\n");
    for row in rows {
        let each = row.each();
        let ratio = match ours {
            Some(ours) if row.name != OURS => format!("{:.2} times as fast", row.nanoseconds / ours),
            _ => String::new(),
        };
        text += &format!("| {} | {each:.1} | {:.0} | {ratio} |\n", row.name, 1e6 / each);
    }
    text
}

/// The commands that these tables come from. `options` is what criterion was given, and this program after it.
fn commands(tables: &Tables, options: &[String]) -> String {
    let with_peer = tables.values().flatten().any(|row| row.name == OPTIONAL_PEER);
    let feature = if with_peer { format!(" --features {OPTIONAL_PEER}") } else { String::new() };
    let options = if options.is_empty() { String::new() } else { format!(" -- {}", options.join(" ")) };
    let documents = if tables.contains_key(DOCUMENTS[0]) { " --bench conference_info" } else { "" };
    format!(
        "cargo bench -p imsconf-benches{feature} --bench codec{documents}{options}\n\
         cargo run --release -p imsconf-benches --example results{options}"
    )
}

/// The first line that a command prints.
fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("unknown").to_owned()
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!(
        "{}, {cores} cores (one used), load average {load} when written",
        model.trim_start_matches(['\t', ':', ' '])
    )
}

fn main() -> io::Result<()> {
    // `target/release/examples/results`
    let program = env::current_exe()?;
    let target = program.ancestors().nth(3).map_or_else(|| PathBuf::from("target"), Path::to_path_buf);
    let mut tables = Tables::new();
    collect(&target.join("criterion"), &mut tables)?;
    let mut text = format!(
        "# Results\n\nMedians of criterion's samples, all of one table measured in one run. {}, {}, {}.\n\n```sh\n{}\n```\n",
        said("date", &["-u", "+%-d %B %Y"]),
        machine(),
        said("rustc", &["--version"]),
        commands(&tables, &env::args().skip(1).collect::<Vec<_>>()),
    );
    text += &targets(&tables);
    for (group, rows) in &mut tables {
        text += &table(group, rows);
    }
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md"), text)
}
