//! The codec beside those of others and beside what no codec can be faster than, all in one run:
//!
//! ```sh
//! cargo bench -p imsconf-benches --features rsiprtp --bench codec
//! cargo run --release -p imsconf-benches --example results
//! ```
//!
//! The second command writes what the first one measured into `RESULTS.md`.

mod codec;
mod corpus;
mod limits;
mod ours;
mod peers;

use std::hint::black_box;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use imsconf::wire::{Message, verdict};

use codec::{Codec, Fresh};
use ours::Ours;
use peers::{ezk::Ezk, rsip::Rsip, rsipstack::Rsipstack, sipx::Sipx};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A group whose throughput is messages per second.
fn group<'a>(criterion: &'a mut Criterion, name: &str, messages: usize) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(messages as u64));
    group
}

/// The messages as a codec takes them; says what it refuses.
fn taken<C: Codec>(messages: &[&[u8]]) -> Vec<Bytes> {
    let mut refused = Vec::new();
    let taken = messages.iter().enumerate().filter_map(|(index, message)| {
        let softened = corpus::softened(message, |bytes| C::split(bytes).is_some());
        let (bytes, done) = softened.map_or((None, vec!["not at all"]), |(bytes, done)| (Some(bytes), done));
        if let Some(last) = done.last() {
            refused.push(format!("message {} ({last})", index + 1));
        }
        bytes
    });
    let taken: Vec<_> = taken.collect();
    if !refused.is_empty() {
        eprintln!("{} refuses {} of {}: {}", C::NAME, refused.len(), messages.len(), refused.join(", "));
    }
    assert_eq!(taken.len(), messages.len(), "{}: a message that cannot be softened", C::NAME);
    taken
}

fn split<C: Codec>(group: &mut Group<'_>, messages: &[&[u8]]) {
    let messages = taken::<C>(messages);
    group.bench_function(C::NAME, |bencher| {
        bencher.iter(|| messages.iter().for_each(|bytes| drop(black_box(C::split(black_box(bytes))))));
    });
}

fn typed<C: Codec>(group: &mut Group<'_>, messages: &[&[u8]]) {
    let messages = taken::<C>(messages);
    group.bench_function(C::NAME, |bencher| {
        bencher.iter(|| {
            for bytes in &messages {
                if let Some(message) = C::split(black_box(bytes)) {
                    C::typed(&message);
                }
            }
        });
    });
}

fn render<C: Codec>(group: &mut Group<'_>, messages: &[&[u8]]) {
    let messages = taken::<C>(messages);
    let parsed: Vec<_> = messages.iter().filter_map(C::split).collect();
    group.bench_function(C::NAME, |bencher| {
        bencher.iter(|| parsed.iter().for_each(|message| drop(black_box(C::render(black_box(message))))));
    });
}

fn notify<C: Codec + Fresh>(group: &mut Group<'_>) {
    let dialog = C::dialog();
    group.bench_function(C::NAME, |bencher| bencher.iter(|| drop(black_box(C::notify(black_box(&dialog))))));
}

fn refer<C: Codec + Fresh>(group: &mut Group<'_>) {
    let dialog = C::dialog();
    group.bench_function(C::NAME, |bencher| bencher.iter(|| drop(black_box(C::refer(black_box(&dialog))))));
}

/// Runs a measurement for every codec.
macro_rules! every_codec {
    ($measure:ident($($argument:expr),*)) => {
        $measure::<Ours>($($argument),*);
        $measure::<Rsipstack>($($argument),*);
        $measure::<Rsip>($($argument),*);
        $measure::<Ezk>($($argument),*);
        $measure::<Sipx>($($argument),*);
        #[cfg(feature = "rsiprtp")]
        $measure::<peers::rsiprtp::Rsiprtp>($($argument),*);
    };
}

/// Runs a measurement for every codec that builds messages.
macro_rules! every_builder {
    ($measure:ident($($argument:expr),*)) => {
        $measure::<Ours>($($argument),*);
        $measure::<Rsipstack>($($argument),*);
        $measure::<Sipx>($($argument),*);
        #[cfg(feature = "rsiprtp")]
        $measure::<peers::rsiprtp::Rsiprtp>($($argument),*);
    };
}

fn reading(criterion: &mut Criterion) {
    for (name, messages) in [
        ("split, seven messages", corpus::CONFERENCE),
        ("split, one small message", corpus::SMALL),
        ("split, sixty header fields", corpus::LARGE),
    ] {
        let mut group = group(criterion, name, messages.len());
        every_codec!(split(&mut group, messages));
        group.bench_function("limit: bare splitter", |bencher| {
            let field = |name: &[u8], value: &[u8]| {
                black_box((name, value));
            };
            bencher.iter(|| messages.iter().for_each(|bytes| limits::split(black_box(bytes), field)));
        });
        group.bench_function("limit: memchr over line ends", |bencher| {
            bencher.iter(|| messages.iter().map(|bytes| limits::scan(black_box(bytes))).sum::<usize>());
        });
        group.finish();
    }
    let messages = corpus::CONFERENCE;
    let mut group = group(criterion, "split and typed, seven messages", messages.len());
    every_codec!(typed(&mut group, messages));
    group.bench_function("imsconf, whole values", |bencher| {
        let messages = taken::<Ours>(messages);
        bencher.iter(|| {
            for bytes in &messages {
                if let Some(message) = Ours::split(black_box(bytes)) {
                    ours::typed_whole(&message);
                }
            }
        });
    });
    group.bench_function("limit: bare splitter", |bencher| {
        bencher.iter(|| messages.iter().for_each(|bytes| limits::split(black_box(bytes), limits::typed)));
    });
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let messages = corpus::CONFERENCE;
    let mut parsed = group(criterion, "render a parsed message, seven messages", messages.len());
    every_codec!(render(&mut parsed, messages));
    parsed.bench_function("limit: memcpy", |bencher| {
        bencher.iter(|| messages.iter().for_each(|bytes| drop(black_box(black_box(bytes).to_vec()))));
    });
    parsed.finish();
    let mut fresh = group(criterion, "build and render a NOTIFY", 1);
    every_builder!(notify(&mut fresh));
    fresh.finish();
    let mut fresh = group(criterion, "build and render a REFER", 1);
    every_builder!(refer(&mut fresh));
    fresh.finish();
}

fn judging(criterion: &mut Criterion) {
    let mut group = group(criterion, "verdict, seven messages", corpus::CONFERENCE.len());
    group.bench_function(Ours::NAME, |bencher| {
        let judged = |bytes: &&[u8]| Message::parse(black_box(bytes)).map_or(0, |message| verdict(&message).len());
        bencher.iter(|| corpus::CONFERENCE.iter().map(judged).sum::<usize>());
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    reading(&mut criterion);
    writing(&mut criterion);
    judging(&mut criterion);
    criterion.final_summary();
}
