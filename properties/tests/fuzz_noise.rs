//! The bodies of the fuzz targets over arbitrary bytes and over heavy damage to the committed inputs: no oracle fails,
//! nothing panics or loops, and memory stays within a bound.
//!
//! `NOISE_CASES=100000` asks for more than the usual number of inputs for each target; with `--release` that is a
//! matter of minutes.

mod fuzz_support;

use std::panic::{catch_unwind, resume_unwind};

use allocation_counter::measure;
use imsconf_properties::fuzz::{Body, TARGETS};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::fuzz_support::seeds;

/// How many inputs a target gets without `NOISE_CASES`.
const CASES: u32 = 300;
/// How much memory may be in use at a time for an input of a codec, and for each of its bytes: findings, trees of XML
/// and the table of header fields are several times as large as what they stand for.
const CODEC: Bound = Bound { fixed: 256 * 1024, per_byte: 600 };
/// The same for agents, which are cloned with all that they hold.
const AGENT: Bound = Bound { fixed: 4 * 1024 * 1024, per_byte: 600 };

struct Bound {
    fixed: u64,
    per_byte: u64,
}

/// What the bytes of an input become.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, usize),
    Put(Index, Vec<u8>),
    /// A piece of the input stands there twice, or many times.
    Repeat(Index, usize, usize),
    /// The rest is that of another input from there on.
    Splice(Index, Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Self::Cut(at, size) => drop(bytes.drain(at.index(length)..length.min(at.index(length) + size))),
            Self::Put(at, more) => drop(bytes.splice(at.index(length)..at.index(length), more.iter().copied())),
            Self::Repeat(at, size, times) => {
                let piece = at.index(length)..length.min(at.index(length) + size);
                let more = bytes[piece.clone()].repeat(*times);
                bytes.splice(piece.start..piece.start, more);
            }
            Self::Splice(at, other) => {
                let other = other.get(seeds);
                bytes.truncate(at.index(length));
                bytes.extend_from_slice(other.get(other.len().min(at.index(length))..).unwrap_or_default());
            }
        }
    }
}

/// What grammars of text trip over.
const MARKS: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r\n ",
    b"\0",
    b"\xff",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"<>",
    b"&",
    b"&#0;",
    b";",
    b"=",
    b",",
    b":",
    b"%",
    b"[",
    b"]",
    b"@",
    b"4294967296",
    b"-1",
    b"<!--",
    b"]]>",
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let mark = prop_oneof![3 => select(&MARKS[..]).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 1..8)];
    prop_oneof![
        (at(), 1_u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (at(), 1_usize..80).prop_map(|(at, size)| Damage::Cut(at, size)),
        (at(), mark).prop_map(|(at, more)| Damage::Put(at, more)),
        (at(), 1_usize..60, 1_usize..100).prop_map(|(at, size, times)| Damage::Repeat(at, size, times)),
        (at(), at()).prop_map(|(at, other)| Damage::Splice(at, other)),
    ]
}

fn noise(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let damaged = (select(seeds.clone()), vec(damage(), 0..6)).prop_map(move |(mut bytes, damages)| {
        damages.iter().for_each(|damage| damage.apply(&mut bytes, &seeds));
        bytes
    });
    prop_oneof![1 => vec(any::<u8>(), 0..400), 9 => damaged]
}

fn cases() -> u32 {
    std::env::var("NOISE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

/// The first input that breaks something, made as small as it goes.
fn first_broken(target: &str, body: Body, bound: &Bound) -> Result<(), String> {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let seeds: Vec<_> = seeds(target).into_iter().map(|(_, bytes)| bytes).collect();
    // What is made once and kept is none of an input's.
    let _ = body(b"");
    let outcome = runner.run(&noise(seeds), |bytes| {
        let mut held = Ok(Ok(()));
        // A panic must not leave what is measured.
        let peak = measure(|| held = catch_unwind(|| body(&bytes))).bytes_max;
        let held = held.unwrap_or_else(|panic| resume_unwind(panic));
        held.map_err(|broken| TestCaseError::fail(format!("{broken}\n{}", bytes.escape_ascii())))?;
        let most = bound.fixed + bound.per_byte * bytes.len() as u64;
        prop_assert!(peak <= most, "{peak} bytes of memory for {} of input, {most} are allowed", bytes.len());
        Ok(())
    });
    outcome.map_err(|error| error.to_string())
}

fn runs(target: &str, bound: &Bound) {
    let (_, body) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    first_broken(target, body, bound).unwrap_or_else(|broken| panic!("{target}: {broken}"));
}

/// One test for each target, so that they run side by side.
macro_rules! noise_at {
    ($($test:ident: $target:literal, $bound:expr;)*) => {
        $(#[test]
        fn $test() {
            runs($target, $bound);
        })*

        #[test]
        fn no_target_is_left_out() {
            let tested = [$($target),*];
            assert!(TARGETS.iter().all(|(name, _)| tested.contains(name)));
        }
    };
}

noise_at! {
    messages: "message", &CODEC;
    header_fields: "header", &CODEC;
    uris: "uri", &CODEC;
    fragments: "sipfrag", &CODEC;
    streams: "stream", &CODEC;
    bodies_of_several_parts: "multipart", &CODEC;
    session_descriptions: "sdp", &CODEC;
    conference_documents: "conference_info", &CODEC;
    agents: "agent", &AGENT;
    schedules: "schedule", &AGENT;
}

#[test]
fn what_is_wrong_is_seen() {
    let never: Body = |bytes| {
        assert!(!bytes.contains(&0xff), "a panic");
        Ok(())
    };
    assert!(first_broken("uri", never, &CODEC).expect_err("a panic").contains("a panic"));
    let greedy: Body = |bytes| {
        std::hint::black_box(vec![0_u8; if bytes.contains(&b'@') { 1 << 20 } else { 0 }]);
        Ok(())
    };
    assert!(first_broken("uri", greedy, &CODEC).expect_err("too much memory").contains("bytes of memory"));
}
