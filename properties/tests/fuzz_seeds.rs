//! The bodies of the fuzz targets on stable: over the committed inputs, and over simple damage to each of them.

mod fuzz_support;

use std::fs;
use std::path::PathBuf;

use imsconf_properties::fuzz::{Body, Broken, TARGETS};

use crate::fuzz_support::{root, seeds};

/// How thoroughly the inputs of a target are damaged: every so many bytes one cut, and one flipped bit.
struct Effort {
    cut: usize,
    flip: usize,
}

/// A run of a schedule and a datagram for every agent everywhere take longer than a look at a message.
fn effort(target: &str) -> Effort {
    match target {
        "agent" => Effort { cut: 61, flip: 29 },
        "schedule" => Effort { cut: 2, flip: 2 },
        _ => Effort { cut: 1, flip: 1 },
    }
}

/// The input itself, cut at each place, and with one bit flipped at each place.
fn damaged<'a>(bytes: &'a [u8], effort: &Effort) -> impl Iterator<Item = Vec<u8>> + 'a {
    let cuts = (0..bytes.len()).step_by(effort.cut).map(|length| bytes[..length].to_vec());
    let flips = (0..bytes.len()).step_by(effort.flip).map(|place| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1 << (place % 8);
        bytes
    });
    std::iter::once(bytes.to_vec()).chain(cuts).chain(flips)
}

/// The first input for which the body's oracle does not hold.
fn first_broken(target: &str, body: Body) -> Result<usize, String> {
    let mut count = 0;
    for (path, bytes) in seeds(target) {
        for input in damaged(&bytes, &effort(target)) {
            count += 1;
            body(&input).map_err(|broken| {
                format!("{}: {broken}\n{}", path.display(), String::from_utf8_lossy(&input).escape_debug())
            })?;
        }
    }
    Ok(count)
}

fn runs(target: &str) {
    let (_, body) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    match first_broken(target, body) {
        Ok(count) => assert!(count > 50, "{target}: only {count} inputs"),
        Err(broken) => panic!("{broken}"),
    }
}

#[test]
fn messages() {
    runs("message");
}

#[test]
fn conference_documents() {
    runs("conference_info");
}

#[test]
fn fragments() {
    runs("sipfrag");
}

#[test]
fn uris() {
    runs("uri");
}

#[test]
fn header_fields() {
    runs("header");
}

#[test]
fn streams() {
    runs("stream");
}

#[test]
fn bodies_of_several_parts() {
    runs("multipart");
}

#[test]
fn session_descriptions() {
    runs("sdp");
}

#[test]
fn agents() {
    runs("agent");
}

#[test]
fn schedules() {
    runs("schedule");
}

#[test]
fn every_target_has_its_file_and_its_inputs() {
    let mut expected: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort();
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("a readable folder");
        let stem = |path: PathBuf| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let mut names: Vec<String> = entries.filter_map(|entry| stem(entry.expect("an entry").path())).collect();
        names.sort();
        names
    };
    assert_eq!(names(root().join("fuzz-seeds")), expected);
    assert_eq!(names(root().join("../fuzz/fuzz_targets")), expected);
}

#[test]
fn a_body_whose_oracle_does_not_hold_is_seen() {
    let wrong: Body = |bytes| if bytes.ends_with(b"SIP/2.0") { Err(Broken::new("cut there")) } else { Ok(()) };
    let broken = first_broken("message", wrong).expect_err("one cut of a request ends there");
    assert!(broken.contains("cut there"), "{broken}");
}
