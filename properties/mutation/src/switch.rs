//! Which mutant is switched on. Copied into the mutated crates, where each mutated expression asks here.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

enum Mode {
    Off,
    On(u32),
    /// None is on; the number of each that could have been is written to this file.
    Trace(Mutex<BTreeSet<u32>>, String),
}

fn mode() -> &'static Mode {
    static MODE: OnceLock<Mode> = OnceLock::new();
    MODE.get_or_init(|| match (std::env::var("MUTANT"), std::env::var("MUTANT_TRACE")) {
        (Ok(number), _) => Mode::On(number.parse().expect("MUTANT is a number")),
        (_, Ok(path)) => Mode::Trace(Mutex::default(), path),
        _ => Mode::Off,
    })
}

fn trace(numbers: &[u32], seen: &Mutex<BTreeSet<u32>>, path: &str) {
    let mut seen = seen.lock().expect("no thread panics here");
    for number in numbers {
        if seen.insert(*number) {
            let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the trace can be written");
            file.write_all(format!("{number}\n").as_bytes()).expect("the trace can be written");
        }
    }
}

/// Whether this one is on.
#[inline]
pub fn is(number: u32) -> bool {
    any(&[number])
}

/// Whether one of these is on.
#[inline]
pub fn any(numbers: &[u32]) -> bool {
    match mode() {
        Mode::Off => false,
        Mode::On(number) => numbers.contains(number),
        Mode::Trace(seen, path) => {
            trace(numbers, seen, path);
            false
        }
    }
}

/// What a body gives that may borrow from what it takes along.
pub fn once<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// What a function returns that returns some iterator: the mutant's, or its own.
#[derive(Clone, Debug)]
pub enum Either<M, O> {
    Mutant(M),
    Own(O),
}

impl<T, M: Iterator<Item = T>, O: Iterator<Item = T>> Iterator for Either<M, O> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Mutant(iterator) => iterator.next(),
            Self::Own(iterator) => iterator.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Mutant(iterator) => iterator.size_hint(),
            Self::Own(iterator) => iterator.size_hint(),
        }
    }
}
