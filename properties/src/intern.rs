//! Values by number, and results that are worked out once: what lets an exploration keep millions of situations that
//! are made of a few thousand parts.
//!
//! Two values with the same [fingerprint](crate::world::Fingerprint) are taken for one. A value keeps its number for
//! ever; a result may be forgotten and is worked out again then.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use imsconf::time::Time;

use crate::world::{Fingerprint, fingerprint};

type Table<K, V> = HashMap<K, V, BuildHasherDefault<Fingerprint>>;

/// How many values the first box of a [`Shelf`] holds; each further one holds twice as many as the one before.
const FIRST: u32 = 64;

/// Enough for every number.
const BOXES: usize = 27;

/// Values by number, which are read without waiting.
#[derive(Debug)]
struct Shelf<T> {
    boxes: [OnceLock<Box<[OnceLock<T>]>>; BOXES],
}

/// In which box a number is, and where in it.
const fn place(number: u32) -> (u32, u64) {
    let counted = number as u64 + FIRST as u64;
    let first = counted.ilog2();
    (first - FIRST.ilog2(), counted - (1 << first))
}

impl<T> Shelf<T> {
    fn get(&self, number: u32) -> Option<&T> {
        let (one, place) = place(number);
        self.boxes.get(one as usize)?.get()?.get(usize::try_from(place).ok()?)?.get()
    }

    fn put(&self, number: u32, value: T) {
        let (one, place) = place(number);
        let room = || (0..FIRST << one).map(|_| OnceLock::new()).collect();
        let own = self.boxes.get(one as usize).map(|own| own.get_or_init(room));
        let own = own.and_then(|own| own.get(usize::try_from(place).ok()?));
        assert!(own.is_some_and(|own| own.set(value).is_ok()), "a number is given once");
    }
}

/// Numbers for values, in the order in which they were first met.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    numbers: Mutex<Table<u64, u32>>,
    values: Shelf<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        let values = Shelf { boxes: std::array::from_fn(|_| OnceLock::new()) };
        Self { numbers: Mutex::default(), values }
    }
}

impl<T> Interner<T> {
    /// The number of the value with this fingerprint.
    pub(crate) fn number(&self, fingerprint: u64, value: impl FnOnce() -> T) -> u32 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbers.get(&fingerprint) {
            return *number;
        }
        let number = u32::try_from(numbers.len()).unwrap_or_else(|_| unreachable!("memory ends before the numbers do"));
        self.values.put(number, value());
        numbers.insert(fingerprint, number);
        number
    }

    /// The value with this number.
    pub(crate) fn get(&self, number: u32) -> &T {
        self.values.get(number).unwrap_or_else(|| unreachable!("a number comes from this table"))
    }
}

impl<T: Clone + Hash> Interner<T> {
    /// The number of a value in which no point in time occurs.
    pub(crate) fn note(&self, value: &T) -> u32 {
        self.number(fingerprint(value, Time::EPOCH), || value.clone())
    }
}

/// How many threads can use a [`Memo`] without waiting for each other.
const SHARDS: usize = 16;

/// The results of a function of `K`: all of them, or those of late.
#[derive(Debug)]
pub(crate) struct Memo<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    /// How many results a shard keeps before it forgets the older ones.
    most: usize,
}

/// Results in two generations: what is asked for again becomes young again.
#[derive(Debug)]
struct Shard<K, V> {
    young: Table<K, V>,
    old: Table<K, V>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self::of_late(usize::MAX)
    }
}

impl<K, V> Memo<K, V> {
    /// Results of which at least the last `most` are kept, and at most twice as many.
    pub(crate) fn of_late(most: usize) -> Self {
        let shard = |_| Mutex::new(Shard { young: Table::default(), old: Table::default() });
        Self { shards: std::array::from_fn(shard), most: most.div_ceil(SHARDS) }
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// The result for `key`, worked out if it is not known.
    pub(crate) fn get(&self, key: K, work_out: impl FnOnce() -> V) -> V {
        let known = self.shard(&key).known(&key, self.most);
        known.unwrap_or_else(|| {
            let value = work_out();
            self.shard(&key).keep(key, value, self.most)
        })
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let mut hasher = Fingerprint::default();
        key.hash(&mut hasher);
        // The table itself goes by the low bits.
        let place = (hasher.finish() >> 32) as usize % SHARDS;
        let [first, ..] = &self.shards;
        self.shards.get(place).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Clone> Shard<K, V> {
    fn known(&mut self, key: &K, most: usize) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        Some(self.keep(key, value, most))
    }

    fn keep(&mut self, key: K, value: V, most: usize) -> V {
        if self.young.len() >= most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.entry(key).or_insert(value).clone()
    }
}

#[cfg(test)]
impl<K, V: Clone> Memo<K, V> {
    /// Has keys of which `part` is the same share one result, as if nothing else of them counted.
    pub(crate) fn blur<P: Hash + Eq>(&self, part: impl Fn(&K) -> P) {
        let mut first = HashMap::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let Shard { young, old } = &mut *shard;
            for (key, value) in young.iter_mut().chain(old) {
                *value = first.entry(part(key)).or_insert_with(|| value.clone()).clone();
            }
        }
    }

    pub(crate) fn forget(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            *shard = Shard { young: Table::default(), old: Table::default() };
        }
    }

    pub(crate) fn results(&self) -> Vec<V> {
        let all = |shard: &Mutex<Shard<K, V>>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.values().chain(shard.old.values()).cloned().collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(all).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_a_place_of_its_own() {
        assert_eq!([0, 63, 64, 191, 192].map(place), [(0, 0), (0, 63), (1, 0), (1, 127), (2, 0)]);
        assert_eq!(place(u32::MAX), (26, 63));
        let known = Interner::default();
        let numbers: Vec<_> = (0..1000_u64).map(|value| known.note(&value)).collect();
        assert!(
            numbers.iter().zip(0..).all(|(number, value)| *number == value && *known.get(value) == u64::from(value))
        );
    }

    #[test]
    fn equal_values_have_one_number_and_results_are_worked_out_once() {
        let known = Interner::default();
        let numbers: Vec<_> = ["a", "b", "a", "c", "b"].into_iter().map(|text| known.note(&text)).collect();
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
        assert_eq!((*known.get(2), *known.get(0)), ("c", "a"));
        let memo = Memo::default();
        let mut worked = Vec::new();
        let squares: Vec<_> = [3, 4, 3]
            .into_iter()
            .map(|number: u32| {
                memo.get(number, || {
                    worked.push(number);
                    number * number
                })
            })
            .collect();
        assert_eq!((squares, worked), (vec![9, 16, 9], vec![3, 4]));
    }
}
