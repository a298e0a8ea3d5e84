//! A map of many entries that grows without delay.
//!
//! A hash table that grows is copied as a whole, which takes milliseconds for a hundred thousand
//! entries. Here they are spread over many tables as soon as there are too many for one.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// How many tables many entries are spread over, as a power of 2.
const TABLES_BITS: u32 = 8;
/// Entries of a map that is one table.
const MOST_IN_ONE: usize = 2048;

/// A hash map in many tables.
#[derive(Clone, Debug)]
pub(crate) struct SpreadMap<K, V> {
    /// While the entries are few.
    one: FxHashMap<K, V>,
    /// In which they are after that; none before.
    tables: Vec<FxHashMap<K, V>>,
}

impl<K, V> Default for SpreadMap<K, V> {
    fn default() -> Self {
        SpreadMap { one: FxHashMap::default(), tables: Vec::new() }
    }
}

impl<K, V> SpreadMap<K, V> {
    fn all(&self) -> impl Iterator<Item = &FxHashMap<K, V>> {
        std::iter::once(&self.one).chain(&self.tables)
    }

    pub(crate) fn len(&self) -> usize {
        self.all().map(FxHashMap::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().all(FxHashMap::is_empty)
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.all().map(FxHashMap::capacity).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.all().flatten()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.all().flat_map(FxHashMap::keys)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.all().flat_map(FxHashMap::values)
    }
}

impl<K: Hash + Eq, V> SpreadMap<K, V> {
    fn number(key: &K) -> usize {
        // The tables themselves use the highest and the lowest bits.
        (FxBuildHasher.hash_one(key) >> 32) as usize & ((1 << TABLES_BITS) - 1)
    }

    #[inline]
    fn table(&self, key: &K) -> &FxHashMap<K, V> {
        if self.tables.is_empty() { &self.one } else { &self.tables[Self::number(key)] }
    }

    #[inline]
    fn table_mut(&mut self, key: &K) -> &mut FxHashMap<K, V> {
        if self.tables.is_empty() { &mut self.one } else { &mut self.tables[Self::number(key)] }
    }

    /// The table for an entry that may be new.
    #[inline]
    fn table_with_room(&mut self, key: &K) -> &mut FxHashMap<K, V> {
        if self.one.len() >= MOST_IN_ONE {
            self.spread();
        }
        self.table_mut(key)
    }

    #[cold]
    fn spread(&mut self) {
        self.tables = (0..1 << TABLES_BITS).map(|_| FxHashMap::default()).collect();
        for (key, value) in std::mem::take(&mut self.one) {
            self.tables[Self::number(&key)].insert(key, value);
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.table(key).get(key)
    }

    #[inline]
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.table(key).contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.table_with_room(&key).insert(key, value)
    }

    pub(crate) fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        self.table_with_room(&key).entry(key)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.table_mut(key).remove(key)
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for SpreadMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(key, value)| other.get(key).is_some_and(|other| other == value))
    }
}

impl<K: Hash + Eq, V: Eq> Eq for SpreadMap<K, V> {}

/// The entries of a map that is taken apart.
pub(crate) type IntoEntries<K, V> = std::iter::Flatten<
    std::iter::Chain<std::iter::Once<FxHashMap<K, V>>, std::vec::IntoIter<FxHashMap<K, V>>>,
>;

impl<K, V> IntoIterator for SpreadMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoEntries<K, V>;

    /// Each table is freed once it is gone through.
    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.one).chain(self.tables).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_wherever_they_are_spread() {
        let (mut map, mut backwards) = (SpreadMap::default(), SpreadMap::default());
        for key in 0..10_000 {
            assert!(map.insert(key, key * 3).is_none());
            assert_eq!(map.tables.is_empty(), map.len() <= MOST_IN_ONE);
            backwards.insert(9_999 - key, (9_999 - key) * 3);
        }
        assert!(map == backwards);
        assert_eq!((map.len(), map.get(&77), map.get(&10_000)), (10_000, Some(&231), None));
        assert!(map.tables.iter().all(|table| (5..100).contains(&table.len())));
        *map.entry(5).or_default() += 1;
        assert!(map != backwards && map.contains_key(&5) && !map.contains_key(&-5));
        assert_eq!((map.insert(5, 7), map.remove(&6), map.remove(&6)), (Some(16), Some(18), None));
        let sum = map.values().sum::<i32>();
        assert_eq!(sum, map.iter().map(|(_, value)| value).sum::<i32>());
        assert_eq!(sum, map.into_iter().map(|(_, value)| value).sum::<i32>());
    }
}
