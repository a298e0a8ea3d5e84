//! Sums on masks: 4096 bits in 64 words of four rows each (x in a row, then y, then z).

use super::{BLOCK_VOXELS, Mask, Rgba};

/// No voxel of a block.
pub(crate) const NONE: Mask = [0; 64];
/// All voxels of a block.
pub(crate) const ALL: Mask = [!0; 64];

/// The lowest and the highest voxel of each of the four rows in a word.
const ROW_FIRST: u64 = 0x0001_0001_0001_0001;
const ROW_LAST: u64 = ROW_FIRST << 15;

/// Which of 4096 colours pass a test. The test should have no branches: it then runs on many voxels
/// at a time.
#[inline]
pub(crate) fn mask_where(voxels: &[Rgba; BLOCK_VOXELS], test: impl Fn(Rgba) -> bool) -> Mask {
    std::array::from_fn(|word| {
        let mut hits = [0u8; 64];
        for (hit, &voxel) in hits.iter_mut().zip(&voxels[word * 64..word * 64 + 64]) {
            *hit = u8::from(test(voxel));
        }
        gather(&hits)
    })
}

/// Which of 4096 numbers are not 0.
pub(crate) fn mask_of_numbers(numbers: &[u8; BLOCK_VOXELS]) -> Mask {
    let runs = numbers.as_chunks::<64>().0;
    std::array::from_fn(|word| gather(&runs[word].map(|number| u8::from(number != 0))))
}

/// Which of 4096 colours differ.
pub(crate) fn mask_of_difference(a: &[Rgba; BLOCK_VOXELS], b: &[Rgba; BLOCK_VOXELS]) -> Mask {
    std::array::from_fn(|word| {
        let run = word * 64..word * 64 + 64;
        let mut hits = [0u8; 64];
        for (hit, (a, b)) in hits.iter_mut().zip(a[run.clone()].iter().zip(&b[run])) {
            *hit = u8::from(a != b);
        }
        gather(&hits)
    })
}

/// Up to 64 bytes of 0 or 1, a multiple of 8 of them, as bits.
#[inline]
pub(crate) fn gather<const N: usize>(hits: &[u8; N]) -> u64 {
    hits.as_chunks::<8>().0.iter().enumerate().fold(0, |bits, (part, hits)| {
        // Gathers the lowest bits of eight bytes into the highest byte.
        let eight = u64::from_le_bytes(*hits).wrapping_mul(0x0102_0408_1020_4080);
        bits | (eight >> 56) << (8 * part)
    })
}

/// The bits that two masks share.
pub(crate) fn both(a: &Mask, b: &Mask) -> Mask {
    std::array::from_fn(|word| a[word] & b[word])
}

/// The bits of `a` that `b` does not have.
pub(crate) fn without(a: &Mask, b: &Mask) -> Mask {
    std::array::from_fn(|word| a[word] & !b[word])
}

/// How many bits are set.
pub(crate) fn count(mask: &Mask) -> u32 {
    mask.iter().map(|word| word.count_ones()).sum()
}

/// The 6 sides of a block: axis 0 to 2, low or high.
pub(crate) const SIDES: [(usize, i32); 6] = [(0, -1), (0, 1), (1, -1), (1, 1), (2, -1), (2, 1)];

/// The voxels beyond a side that touch the set voxels of that side: bits of the neighbour's mask.
pub(crate) fn across(mask: &Mask, axis: usize, step: i32) -> Mask {
    let mut beyond = NONE;
    match (axis, step > 0) {
        (0, true) => (0..64).for_each(|w| beyond[w] = mask[w] >> 15 & ROW_FIRST),
        (0, false) => (0..64).for_each(|w| beyond[w] = mask[w] << 15 & ROW_LAST),
        (1, true) => (0..64).step_by(4).for_each(|w| beyond[w] = mask[w + 3] >> 48),
        (1, false) => (0..64).step_by(4).for_each(|w| beyond[w + 3] = mask[w] << 48),
        (_, true) => beyond[..4].copy_from_slice(&mask[60..]),
        (_, false) => beyond[60..].copy_from_slice(&mask[..4]),
    }
    beyond
}

/// Each voxel's neighbour along an axis: bit i is set if the voxel one step from i is set; what
/// lies beyond the block comes from the neighbour's mask.
pub(crate) fn neighbors(mask: &Mask, beyond: &Mask, axis: usize, step: i32) -> Mask {
    let inside: Mask = match (axis, step > 0) {
        (0, true) => std::array::from_fn(|w| (mask[w] & !ROW_FIRST) >> 1),
        (0, false) => std::array::from_fn(|w| (mask[w] & !ROW_LAST) << 1),
        (1, true) => {
            std::array::from_fn(|w| mask[w] >> 16 | if w & 3 < 3 { mask[w + 1] << 48 } else { 0 })
        }
        (1, false) => {
            std::array::from_fn(|w| mask[w] << 16 | if w & 3 > 0 { mask[w - 1] >> 48 } else { 0 })
        }
        (_, true) => std::array::from_fn(|w| if w < 60 { mask[w + 4] } else { 0 }),
        (_, false) => std::array::from_fn(|w| if w >= 4 { mask[w - 4] } else { 0 }),
    };
    let outside = across(beyond, axis, -step);
    std::array::from_fn(|w| inside[w] | outside[w])
}

/// Spreads set bits along their rows as far as `free` reaches.
#[inline]
fn spread_rows(start: u64, free: u64) -> u64 {
    let (mut up, mut open) = (start, free & !ROW_FIRST);
    for step in [1, 2, 4, 8] {
        up |= open & up << step;
        open &= open << step;
    }
    let (mut down, mut open) = (up, free & !ROW_LAST);
    for step in [1, 2, 4, 8] {
        down |= open & down >> step;
        open &= open >> step;
    }
    down
}

/// Spreads set bits through `free` within a block, to all that hangs together (6 neighbours).
/// `seeds` must be part of `free`.
pub(crate) fn flood(seeds: &Mask, free: &Mask) -> Mask {
    if *free == ALL {
        return ALL;
    }
    let mut reached = *seeds;
    loop {
        let mut moved = false;
        let mut visit = |reached: &mut Mask, word: usize| {
            let own = reached[word];
            if own == free[word] {
                return;
            }
            let mut near = own | own << 16 | own >> 16;
            if word & 3 > 0 {
                near |= reached[word - 1] >> 48;
            }
            if word & 3 < 3 {
                near |= reached[word + 1] << 48;
            }
            if word >= 4 {
                near |= reached[word - 4];
            }
            if word < 60 {
                near |= reached[word + 4];
            }
            let next = spread_rows(near & free[word], free[word]);
            moved |= next != own;
            reached[word] = next;
        };
        (0..64).for_each(|word| visit(&mut reached, word));
        (0..64).rev().for_each(|word| visit(&mut reached, word));
        if !moved {
            return reached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mask of about one in `one_in` bits.
    fn scattered(seed: u64, one_in: u64) -> Mask {
        let mut state = seed;
        std::array::from_fn(|_| {
            (0..64).fold(0, |word, bit| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                word | u64::from((state >> 33).is_multiple_of(one_in)) << bit
            })
        })
    }

    fn bit(mask: &Mask, at: [i32; 3]) -> bool {
        let index = (at[0] | at[1] << 4 | at[2] << 8) as usize;
        at.iter().all(|v| (0..16).contains(v)) && mask[index >> 6] >> (index & 63) & 1 == 1
    }

    fn points() -> impl Iterator<Item = [i32; 3]> {
        (0..4096).map(|index| [index & 15, index >> 4 & 15, index >> 8])
    }

    #[test]
    fn neighbours_are_one_step_away_within_and_beyond_the_block() {
        let (mask, beyond) = (scattered(1, 2), scattered(2, 2));
        for (axis, step) in SIDES {
            let moved = neighbors(&mask, &beyond, axis, step);
            for at in points() {
                let mut there = at;
                there[axis] += step;
                let expected = if (0..16).contains(&there[axis]) {
                    bit(&mask, there)
                } else {
                    there[axis] = there[axis].rem_euclid(16);
                    bit(&beyond, there)
                };
                assert_eq!(bit(&moved, at), expected, "{axis} {step} {at:?}");
            }
        }
    }

    #[test]
    fn a_flood_reaches_what_a_walk_reaches() {
        for (seed, one_in) in [(3, 1), (4, 2), (5, 3), (6, 4), (7, 9)] {
            let free = without(&ALL, &scattered(seed, one_in + 1));
            let seeds = both(&free, &scattered(seed + 100, 400));
            let mut walked = seeds;
            let mut left: Vec<[i32; 3]> = points().filter(|&at| bit(&seeds, at)).collect();
            while let Some(at) = left.pop() {
                for (axis, step) in SIDES {
                    let mut there = at;
                    there[axis] += step;
                    if bit(&free, there) && !bit(&walked, there) {
                        let index = (there[0] | there[1] << 4 | there[2] << 8) as usize;
                        walked[index >> 6] |= 1 << (index & 63);
                        left.push(there);
                    }
                }
            }
            assert!(flood(&seeds, &free) == walked, "{seed}");
        }
    }

    #[test]
    fn a_mask_of_a_test_has_a_bit_for_each_hit() {
        let voxels = std::array::from_fn(|index| Rgba::new(index as u8, (index >> 8) as u8, 0, 1));
        let mask = mask_where(&voxels, |color| color.r.is_multiple_of(3) && color.g < 9);
        for (index, color) in voxels.iter().enumerate() {
            let hit = mask[index >> 6] >> (index & 63) & 1 == 1;
            assert_eq!(hit, color.r.is_multiple_of(3) && color.g < 9);
        }
    }
}
