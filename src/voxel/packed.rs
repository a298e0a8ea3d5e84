//! The packed form of a block: up to 255 colours and 1, 2, 4 or 8 bits a voxel. It never changes;
//! for history and for blocks that nobody edits.

use super::bits::mask_of_numbers;
use super::slab::Stored;
use super::{BLOCK_VOXELS, BlockVersion, Mask, Rgba};

/// A packed block. Colour 0 of the palette is the empty voxel.
pub(crate) struct Packed {
    palette: Box<[Rgba]>,
    /// log2 of the bits of a voxel: 0 to 3.
    shift: u32,
    indexes: Box<[u64]>,
    pub(crate) count: u32,
    /// That of the block that was packed: its voxels are the same, so what is known of them still
    /// holds.
    pub(crate) version: BlockVersion,
}

impl Stored for Packed {
    const KIND: crate::memory::Kind = crate::memory::Kind::Voxels;

    fn heap(&self) -> usize {
        size_of_val(&*self.palette) + size_of_val(&*self.indexes)
    }
}

/// Colours to numbers, open addressing. The empty voxel has number 0, which also marks free places.
struct Numbers {
    palette: Vec<Rgba>,
    table: [(Rgba, u8); 512],
}

impl Numbers {
    fn new() -> Self {
        Numbers { palette: vec![Rgba::EMPTY], table: [(Rgba::EMPTY, 0); 512] }
    }

    /// Without a branch that noise would make unpredictable, unless two colours want one place.
    #[inline]
    fn number(&mut self, color: Rgba) -> Option<u8> {
        let place = (color.number().wrapping_mul(0x9e37_79b1) >> 23) as usize;
        let (known, number) = self.table[place];
        if known == color { Some(number) } else { self.probe(color, place) }
    }

    #[cold]
    fn probe(&mut self, color: Rgba, mut place: usize) -> Option<u8> {
        if color.is_empty() {
            return Some(0);
        }
        loop {
            match self.table[place] {
                (known, number) if known == color => return Some(number),
                (_, 0) if self.palette.len() == 256 => return None,
                (_, 0) => {
                    let number = self.palette.len() as u8;
                    self.table[place] = (color, number);
                    self.palette.push(color);
                    return Some(number);
                }
                _ => place = (place + 1) & 511,
            }
        }
    }
}

impl Packed {
    /// Packs voxels; `None` if they have too many colours. Empty voxels must be [`Rgba::EMPTY`].
    pub(crate) fn new(voxels: &[Rgba; BLOCK_VOXELS], version: BlockVersion) -> Option<Packed> {
        let mut numbers = Numbers::new();
        let mut bytes = [0u8; BLOCK_VOXELS];
        for (bytes, colors) in bytes.as_chunks_mut::<16>().0.iter_mut().zip(voxels.as_chunks().0) {
            if *colors == [colors[0]; 16] {
                *bytes = [numbers.number(colors[0])?; 16];
            } else {
                for (byte, &color) in bytes.iter_mut().zip(colors) {
                    *byte = numbers.number(color)?;
                }
            }
        }
        let shift = match numbers.palette.len() {
            0..=2 => 0,
            3..=4 => 1,
            5..=16 => 2,
            _ => 3,
        };
        let count = bytes.iter().map(|&byte| u32::from(byte != 0)).sum();
        let indexes = pack(&bytes, shift);
        Some(Packed { palette: numbers.palette.into(), shift, indexes, count, version })
    }

    /// A block that was taken apart by [`Packed::parts`]; `None` if these are not the parts of one.
    pub(crate) fn of_parts(palette: &[Rgba], shift: u32, indexes: Box<[u64]>) -> Option<Packed> {
        let most = [2, 4, 16, 256].get(shift as usize)?;
        let empty = palette.iter().filter(|color| color.is_empty()).count();
        let is_one = indexes.len() == BLOCK_VOXELS >> (6 - shift)
            && (2..=*most).contains(&palette.len())
            && palette[0].is_empty()
            && empty == 1;
        if !is_one {
            return None;
        }
        let (bits, per_word) = (1u32 << shift, 64u32 >> shift);
        let low = ((1u64 << bits) - 1) as u8;
        let (mut highest, mut count) = (0, 0);
        for &word in &indexes {
            if shift == 0 {
                (highest, count) = (highest | u8::from(word != 0), count + word.count_ones());
                continue;
            }
            for number in (0..per_word).map(|place| (word >> (place * bits)) as u8 & low) {
                highest = highest.max(number);
                count += u32::from(number != 0);
            }
        }
        let is_known = usize::from(highest) < palette.len() && count > 0;
        let (palette, version) = (palette.into(), BlockVersion::fresh());
        is_known.then_some(Packed { palette, shift, indexes, count, version })
    }

    /// Its colours, log2 of the bits of a voxel, and the numbers of the voxels.
    pub(crate) fn parts(&self) -> (&[Rgba], u32, &[u64]) {
        (&self.palette, self.shift, &self.indexes)
    }

    pub(crate) fn get(&self, index: usize) -> Rgba {
        let bits = 1 << self.shift;
        let bit = index << self.shift;
        let number = self.indexes[bit >> 6] >> (bit & 63) & ((1 << bits) - 1);
        self.palette[number as usize]
    }

    pub(crate) fn copy_to(&self, voxels: &mut [Rgba; BLOCK_VOXELS]) {
        let bits = 1u32 << self.shift;
        let low = (1u64 << bits) - 1;
        let per_word = 64 >> self.shift;
        for (run, &word) in voxels.chunks_exact_mut(per_word).zip(&self.indexes) {
            let mut left = word;
            for voxel in run {
                *voxel = self.palette[(left & low) as usize];
                left >>= bits;
            }
        }
    }

    pub(crate) fn mask(&self) -> Mask {
        if self.shift == 0 {
            return std::array::from_fn(|word| self.indexes[word]);
        }
        let (bits, per_word) = (1u32 << self.shift, 64 >> self.shift);
        let mut numbers = [0; BLOCK_VOXELS];
        for (run, &word) in numbers.chunks_exact_mut(per_word).zip(&self.indexes) {
            for (place, number) in (0u32..).zip(run) {
                *number = (word >> (place * bits)) as u8 & ((1u32 << bits) - 1) as u8;
            }
        }
        mask_of_numbers(&numbers)
    }

    /// The only colour, if the whole block has it.
    pub(crate) fn uniform(&self) -> Option<Rgba> {
        (self.palette.len() == 2 && self.count as usize == BLOCK_VOXELS).then(|| self.palette[1])
    }
}

fn pack(bytes: &[u8; BLOCK_VOXELS], shift: u32) -> Box<[u64]> {
    let (bits, per_word) = (1u32 << shift, 64 >> shift);
    bytes
        .chunks_exact(per_word)
        .map(|run| run.iter().rev().fold(0, |word, &byte| (word << bits) | u64::from(byte)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::block::mask_of;
    use super::*;

    const VERSION: BlockVersion = BlockVersion::NONE;

    fn colors(number: usize) -> [Rgba; BLOCK_VOXELS] {
        std::array::from_fn(|index| {
            let value = (index * 7919) % (number + 1);
            if value == 0 { Rgba::EMPTY } else { Rgba::new(value as u8, 3, (value >> 8) as u8, 9) }
        })
    }

    #[test]
    fn packing_keeps_every_voxel_at_every_width() {
        for number in [0, 1, 2, 3, 4, 15, 16, 17, 200, 255] {
            let voxels = colors(number);
            let packed = Packed::new(&voxels, VERSION).unwrap();
            let mut back = [Rgba::WHITE; BLOCK_VOXELS];
            packed.copy_to(&mut back);
            assert!(back == voxels, "{number}");
            assert!((0..BLOCK_VOXELS).all(|index| packed.get(index) == voxels[index]));
            assert_eq!(packed.mask(), mask_of(&voxels));
            let (palette, shift, indexes) = packed.parts();
            let again = Packed::of_parts(palette, shift, indexes.into());
            assert_eq!(again.is_some(), number > 0);
            if let Some(again) = again {
                assert_eq!((again.count, again.mask()), (packed.count, packed.mask()));
                assert!(
                    again.version
                        != Packed::of_parts(palette, shift, indexes.into()).unwrap().version
                );
                // A number that no colour has, too few numbers, a colour twice.
                assert!(Packed::of_parts(&palette[..number], shift, indexes.into()).is_none());
                assert!(Packed::of_parts(palette, shift, indexes[1..].into()).is_none());
                assert!(Packed::of_parts(&palette[1..], shift, indexes.into()).is_none());
            }
            assert_eq!(packed.count, packed.mask().iter().map(|w| w.count_ones()).sum::<u32>());
        }
    }

    #[test]
    fn too_many_colours_do_not_pack() {
        assert!(Packed::new(&colors(256), VERSION).is_none());
    }

    #[test]
    fn one_colour_takes_one_bit_a_voxel() {
        assert_eq!(Packed::new(&colors(1), VERSION).unwrap().heap(), 8 + 512);
    }
}
