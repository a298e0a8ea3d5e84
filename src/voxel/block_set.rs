//! Sets of blocks.
//!
//! A set holds one bit a block, in tables of 16x16x16 blocks, so that adding one never has a large
//! table copied.

use super::BlockPos;
use super::index::{ChunkPos, Places, place_in_chunk, set_places};
use crate::job::spread::{IntoEntries, SpreadMap};

/// A set of blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockSet {
    /// No table is empty.
    tables: SpreadMap<ChunkPos, Box<Places>>,
    count: u64,
}

impl BlockSet {
    /// Adds a block; whether it is new.
    pub(crate) fn insert(&mut self, at: BlockPos) -> bool {
        let table = self.tables.entry(ChunkPos::of(at)).or_insert_with(|| Box::new([0; 64]));
        let place = place_in_chunk(at);
        let (word, bit) = (place >> 6, 1 << (place & 63));
        let is_new = table[word] & bit == 0;
        table[word] |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    /// Adds some blocks of a cube of 16x16x16 of them.
    pub(crate) fn insert_places(&mut self, pos: ChunkPos, places: &Places) {
        for place in set_places(places) {
            self.insert(pos.block(place));
        }
    }
}

impl IntoIterator for BlockSet {
    type Item = BlockPos;
    type IntoIter = IntoBlocks;

    /// Blocks that lie close together come one after the other.
    fn into_iter(self) -> IntoBlocks {
        IntoBlocks { left: self.count, tables: self.tables.into_iter(), current: None }
    }
}

/// The blocks of a set.
pub(crate) struct IntoBlocks {
    tables: IntoEntries<ChunkPos, Box<Places>>,
    /// The table that is taken apart.
    current: Option<(ChunkPos, Box<Places>)>,
    left: u64,
}

impl IntoBlocks {
    /// How many are left.
    pub(crate) fn len(&self) -> u64 {
        self.left
    }
}

impl Iterator for IntoBlocks {
    type Item = BlockPos;

    fn next(&mut self) -> Option<BlockPos> {
        loop {
            if let Some((pos, table)) = &mut self.current
                && let Some(place) = take_first(table)
            {
                self.left -= 1;
                return Some(pos.block(place));
            }
            self.current = Some(self.tables.next()?);
        }
    }
}

/// Clears the first bit that is set, and tells which that was.
pub(super) fn take_first(places: &mut Places) -> Option<usize> {
    let word = places.iter().position(|&word| word != 0)?;
    let bit = places[word].trailing_zeros() as usize;
    places[word] &= places[word] - 1;
    Some(word * 64 + bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_once() {
        let mut set = BlockSet::default();
        let at = |n: i32| BlockPos { x: n % 40 - 20, y: n / 40 % 30, z: -n / 1200 };
        assert!((0..3000).all(|n| set.insert(at(n))));
        assert!((0..3000).all(|n| !set.insert(at(n))));
        let mut left = set.into_iter();
        assert_eq!(left.len(), 3000);
        let mut blocks: Vec<BlockPos> = left.by_ref().collect();
        assert_eq!((blocks.len(), left.len()), (3000, 0));
        blocks.sort_by_key(|at| (at.z, at.y, at.x));
        blocks.dedup();
        assert_eq!(blocks.len(), 3000);
    }
}
