//! A map of many entries that grows without delay.
//!
//! A hash table that grows is copied as a whole, which takes milliseconds for a hundred thousand
//! entries. Here they are spread over many tables, each of which is small.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// How many tables there are, as a power of 2.
const TABLES_BITS: u32 = 6;

/// A hash map in many tables.
pub(crate) struct SpreadMap<K, V>(Vec<FxHashMap<K, V>>);

impl<K: Hash + Eq, V> Default for SpreadMap<K, V> {
    fn default() -> Self {
        SpreadMap((0..1 << TABLES_BITS).map(|_| FxHashMap::default()).collect())
    }
}

impl<K: Hash + Eq, V> SpreadMap<K, V> {
    fn place(key: &K) -> usize {
        // The tables themselves use the highest and the lowest bits.
        (FxBuildHasher.hash_one(key) >> 32) as usize & ((1 << TABLES_BITS) - 1)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0[Self::place(key)].get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0[Self::place(&key)].insert(key, value)
    }

    pub(crate) fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        self.0[Self::place(&key)].entry(key)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.0[Self::place(key)].remove(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(FxHashMap::len).sum()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().flat_map(FxHashMap::values)
    }
}

impl<K, V> IntoIterator for SpreadMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<FxHashMap<K, V>>>;

    /// Each table is freed once it is gone through.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_wherever_they_are_spread() {
        let mut map = SpreadMap::default();
        assert!((0..10_000).all(|key| map.insert(key, key * 3).is_none()));
        assert_eq!((map.len(), map.get(&77), map.get(&10_000)), (10_000, Some(&231), None));
        assert!(map.0.iter().all(|table| (50..400).contains(&table.len())));
        *map.entry(5).or_default() += 1;
        assert_eq!((map.insert(5, 7), map.remove(&6), map.remove(&6)), (Some(16), Some(18), None));
        let sum = map.values().sum::<i32>();
        assert_eq!(sum, map.into_iter().map(|(_, value)| value).sum::<i32>());
    }
}
