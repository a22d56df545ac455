//! The rows of a table (RFC 4575 section 4.5), in the order of their keys.
//!
//! A user has mostly one endpoint and that one medium: so a table is one piece of memory with room for the rows that it
//! has, where a tree would begin with room for eleven. A document lists at most [`super::MAX_ROWS`] of them, mostly in
//! order, so that a new row mostly stands at the end.

use std::slice;
use std::vec;

use compact_str::CompactString;

/// A table: rows by their key, which is literal text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rows<R> {
    /// In the order of the keys, none twice.
    rows: Vec<(CompactString, R)>,
}

impl<R> Rows<R> {
    /// No row.
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where the row of this key stands, or would stand.
    fn place(&self, key: &str) -> Result<usize, usize> {
        match self.rows.last() {
            Some((last, _)) if key <= last.as_str() => self.rows.binary_search_by(|(other, _)| other.as_str().cmp(key)),
            _ => Err(self.rows.len()),
        }
    }

    /// The row of this key.
    pub fn get(&self, key: &str) -> Option<&R> {
        self.place(key).ok().and_then(|at| self.rows.get(at)).map(|(_, row)| row)
    }

    /// The row of this key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut R> {
        self.place(key).ok().and_then(|at| self.rows.get_mut(at)).map(|(_, row)| row)
    }

    /// Whether there is a row of this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_ok()
    }

    /// Puts a row in the place of the one that has this key, or adds it; returns the former one.
    pub fn insert(&mut self, key: impl Into<CompactString>, row: R) -> Option<R> {
        match self.insert_new(key.into(), row) {
            Ok(()) => None,
            Err((key, row)) => self.get_mut(&key).map(|held| std::mem::replace(held, row)),
        }
    }

    /// Adds a row, unless there is one of that key; then key and row come back.
    pub(super) fn insert_new(&mut self, key: CompactString, row: R) -> Result<(), (CompactString, R)> {
        match self.place(&key) {
            Ok(_) => Err((key, row)),
            Err(at) => {
                if self.rows.is_empty() {
                    self.rows.reserve_exact(1);
                }
                if at == self.rows.len() {
                    self.rows.push((key, row));
                } else {
                    self.rows.insert(at, (key, row));
                }
                Ok(())
            }
        }
    }

    /// Takes the row of this key away.
    pub fn remove(&mut self, key: &str) -> Option<R> {
        self.place(key).ok().map(|at| self.rows.remove(at).1)
    }

    /// Takes all rows away for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut R) -> bool) {
        self.rows.retain_mut(|(key, row)| keep(key, row));
    }

    /// Keys and rows in the order of the keys.
    pub fn iter(&self) -> Iter<'_, R> {
        Iter { rows: self.rows.iter() }
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(key, _)| key.as_str())
    }

    /// The keys in their order, without the rows.
    pub fn into_keys(self) -> impl Iterator<Item = String> {
        self.rows.into_iter().map(|(key, _)| key.into_string())
    }

    /// The rows in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &R> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// The rows in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.rows.iter_mut().map(|(_, row)| row)
    }

    /// The rows in the order of their keys, without those.
    pub fn into_values(self) -> impl Iterator<Item = R> {
        self.rows.into_iter().map(|(_, row)| row)
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Keys and rows of a table.
#[derive(Clone, Debug)]
pub struct Iter<'r, R> {
    rows: slice::Iter<'r, (CompactString, R)>,
}

impl<'r, R> Iterator for Iter<'r, R> {
    type Item = (&'r str, &'r R);

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|(key, row)| (key.as_str(), row))
    }
}

impl<'r, R> IntoIterator for &'r Rows<R> {
    type Item = (&'r str, &'r R);
    type IntoIter = Iter<'r, R>;

    fn into_iter(self) -> Iter<'r, R> {
        self.iter()
    }
}

impl<R> IntoIterator for Rows<R> {
    type Item = (CompactString, R);
    type IntoIter = vec::IntoIter<(CompactString, R)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

/// Of two rows of one key the later one stays.
impl<K: Into<CompactString>, R> Extend<(K, R)> for Rows<R> {
    fn extend<T: IntoIterator<Item = (K, R)>>(&mut self, rows: T) {
        for (key, row) in rows {
            self.insert(key, row);
        }
    }
}

impl<K: Into<CompactString>, R> FromIterator<(K, R)> for Rows<R> {
    fn from_iter<T: IntoIterator<Item = (K, R)>>(rows: T) -> Self {
        let mut table = Self::new();
        table.extend(rows);
        table
    }
}

impl<K: Into<CompactString>, R, const N: usize> From<[(K, R); N]> for Rows<R> {
    fn from(rows: [(K, R); N]) -> Self {
        rows.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::arbitrary::cases;
    use super::*;

    proptest! {
        #![proptest_config(cases(200))]

        /// What a map of the standard library does, whatever the order.
        #[test]
        fn a_table_is_a_map(steps in vec((any::<bool>(), 0..12_u8, any::<u8>()), 0..40)) {
            let (mut rows, mut map) = (Rows::new(), BTreeMap::<CompactString, u8>::new());
            for (inserts, key, row) in steps {
                let key = CompactString::from(key.to_string());
                if inserts {
                    prop_assert_eq!(rows.insert(key.clone(), row), map.insert(key.clone(), row));
                    prop_assert_eq!(rows.insert_new(key.clone(), row), Err((key, row)));
                } else {
                    prop_assert_eq!(rows.get_mut(&key), map.get_mut(&key));
                    prop_assert_eq!(rows.contains_key(&key), map.contains_key(&key));
                    prop_assert_eq!(rows.remove(&key), map.remove(&key));
                }
                prop_assert_eq!(rows.get("7"), map.get("7"));
                prop_assert!(rows.iter().eq(map.iter().map(|(key, row)| (key.as_str(), row))));
            }
            rows.retain(|_, row| *row > 99);
            map.retain(|_, row| *row > 99);
            prop_assert_eq!((rows.len(), rows.is_empty()), (map.len(), map.is_empty()));
            prop_assert_eq!(rows.clone(), map.clone().into_iter().collect());
            prop_assert!(rows.into_iter().eq(map));
        }
    }
}
