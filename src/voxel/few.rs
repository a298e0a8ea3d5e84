//! The first form of a block that is written voxel by voxel: its few voxels with their places.
//!
//! A lone voxel costs a hundred bytes in it instead of the 16 KiB of a dense block. Invariants: no
//! place occurs twice, no colour is empty, and places beyond the first `count` are [`NOWHERE`].

use super::slab::Stored;
use super::{BLOCK_VOXELS, BlockVersion, Mask, Rgba, generation};
use crate::memory;

/// The most voxels of a block in this form.
pub(crate) const MOST: usize = 8;
/// A place that no voxel has.
const NOWHERE: u16 = u16::MAX;

/// A block of a few voxels.
#[derive(Clone)]
pub(crate) struct Few {
    places: [u16; MOST],
    colors: [Rgba; MOST],
    count: u32,
    /// When it was written last; see `generation`.
    pub(crate) stamp: u64,
    /// That of the block that was packed, until it is written: its voxels are the same.
    pub(crate) packed: Option<BlockVersion>,
}

impl Stored for Few {
    const KIND: memory::Kind = memory::Kind::Voxels;
}

impl Few {
    /// No voxel at all, which must not stay so.
    pub(crate) fn new() -> Few {
        Few {
            places: [NOWHERE; MOST],
            colors: [Rgba::EMPTY; MOST],
            count: 0,
            stamp: generation::now(),
            packed: None,
        }
    }

    /// The voxels of a mask; `None` if they are too many.
    pub(crate) fn of_masked(voxels: &[Rgba; BLOCK_VOXELS], mask: &Mask) -> Option<Few> {
        let mut few = Few::new();
        for (word, &bits) in mask.iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                let place = word * 64 + left.trailing_zeros() as usize;
                if !few.put(place, voxels[place]) {
                    return None;
                }
                left &= left - 1;
            }
        }
        Some(few)
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    #[inline]
    fn number(&self, place: usize) -> Option<usize> {
        self.places.iter().position(|&there| usize::from(there) == place)
    }

    #[inline]
    pub(crate) fn get(&self, place: usize) -> Rgba {
        self.number(place).map_or(Rgba::EMPTY, |number| self.colors[number])
    }

    /// Sets a voxel to a colour that is `EMPTY` if it is empty; false, and nothing done, if there
    /// is no room for it.
    pub(crate) fn put(&mut self, place: usize, color: Rgba) -> bool {
        match self.number(place) {
            Some(number) if color.is_empty() => self.remove(number),
            Some(number) => self.colors[number] = color,
            None if color.is_empty() => return true,
            None if self.count as usize == MOST => return false,
            None => {
                let number = self.count as usize;
                (self.places[number], self.colors[number]) = (place as u16, color);
                self.count += 1;
            }
        }
        (self.stamp, self.packed) = (generation::now(), None);
        true
    }

    fn remove(&mut self, number: usize) {
        self.count -= 1;
        let last = self.count as usize;
        self.places.swap(number, last);
        self.colors.swap(number, last);
        (self.places[last], self.colors[last]) = (NOWHERE, Rgba::EMPTY);
    }

    /// Its voxels with their places, in no particular order.
    pub(crate) fn voxels(&self) -> impl Iterator<Item = (usize, Rgba)> + '_ {
        let places = self.places.iter().map(|&place| usize::from(place));
        places.zip(self.colors).take(self.count as usize)
    }

    pub(crate) fn copy_to(&self, voxels: &mut [Rgba; BLOCK_VOXELS]) {
        voxels.fill(Rgba::EMPTY);
        self.voxels().for_each(|(place, color)| voxels[place] = color);
    }

    pub(crate) fn mask(&self) -> Mask {
        let mut mask = [0; 64];
        self.voxels().for_each(|(place, _)| mask[place >> 6] |= 1 << (place & 63));
        mask
    }

    /// What has to be set in this block to make it another one: each voxel that differs, with its
    /// colour there.
    pub(crate) fn difference(&self, other: &Few) -> Vec<(u16, Rgba)> {
        // What goes makes room for what comes.
        let gone = self.voxels().filter(|&(place, _)| other.get(place).is_empty());
        let gone = gone.map(|(place, _)| (place, Rgba::EMPTY));
        let set = other.voxels().filter(|&(place, color)| self.get(place) != color);
        gone.chain(set).map(|(place, color)| (place as u16, color)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_voxels_are_set_changed_and_removed_like_in_a_plain_block() {
        let (mut few, mut plain) = (Few::new(), [Rgba::EMPTY; BLOCK_VOXELS]);
        for step in 0..2000usize {
            let place = step * 7919 % 13 * 300;
            let color = if step % 3 == 0 { Rgba::EMPTY } else { Rgba::opaque(step as u8, 1, 2) };
            if few.put(place, color) {
                plain[place] = color;
            } else {
                assert_eq!(few.count() as usize, MOST);
            }
            let mut copy = [Rgba::WHITE; BLOCK_VOXELS];
            few.copy_to(&mut copy);
            assert!(copy == plain && few.get(place) == plain[place]);
            let again = Few::of_masked(&plain, &few.mask()).unwrap();
            assert_eq!(again.count(), few.count());
            assert!(few.difference(&again).is_empty());
        }
    }

    #[test]
    fn the_difference_makes_one_block_of_the_other() {
        let mut blocks = [Few::new(), Few::new()];
        for place in 0..6 {
            blocks[0].put(place, Rgba::opaque(place as u8, 0, 0));
            blocks[1].put(place + 3, Rgba::opaque(place as u8 + 4, 0, 0));
        }
        let mut changed = blocks[0].clone();
        for (place, color) in blocks[0].difference(&blocks[1]) {
            assert!(changed.put(usize::from(place), color));
        }
        assert_eq!(changed.difference(&blocks[1]), vec![]);
    }
}
