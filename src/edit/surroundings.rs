//! Which voxels there are in a block and around it, as rows of bits along x.
//!
//! A row has 48 bits: those of the block before, of the block itself and of the one behind. Rules
//! that ask for neighbours ask for all 16 voxels of a row at once.

use crate::voxel::{BlockPos, Mask, Volume};

/// How far around the block the rows reach.
pub(super) const REACH: usize = 16;
const EDGE: usize = 16 + 2 * REACH;
/// The bits of the block itself in a row.
const OWN: u64 = 0xFFFF << REACH;

/// The rows. See the module.
pub(super) struct Surroundings(Box<[[u64; EDGE]; EDGE]>);

impl Surroundings {
    pub(super) fn new() -> Self {
        Surroundings(Box::new([[0; EDGE]; EDGE]))
    }

    /// Takes over a block and those at its sides; with `corners` those at its edges and corners
    /// too, else they count as empty.
    pub(super) fn load(&mut self, volume: &Volume, at: BlockPos, corners: bool) {
        self.0.iter_mut().for_each(|layer| *layer = [0; EDGE]);
        for number in 0..27 {
            let place = [number % 3, number / 3 % 3, number / 9];
            let aside = place.iter().filter(|&&v| v != 1).count();
            if aside > 1 && !corners {
                continue;
            }
            let [x, y, z] = place.map(|v| v as i32 - 1);
            let at = BlockPos { x: at.x + x, y: at.y + y, z: at.z + z };
            if let Some(block) = volume.block(at) {
                self.put(place, &block.mask());
            }
        }
    }

    fn put(&mut self, [x, y, z]: [usize; 3], mask: &Mask) {
        for (word, &bits) in mask.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let layer = &mut self.0[z * 16 + (word >> 2)];
            for part in 0..4 {
                layer[y * 16 + (word & 3) * 4 + part] |= (bits >> (16 * part) & 0xFFFF) << (x * 16);
            }
        }
    }

    /// A mask of the block made row by row. The rule gets the rows and the place of the row in
    /// them.
    fn mask(&self, rule: impl Fn(&[[u64; EDGE]; EDGE], usize, usize) -> u64) -> Mask {
        let mut mask = [0; 64];
        for row in 0..256 {
            let bits = (rule(&self.0, (row >> 4) + REACH, (row & 15) + REACH) & OWN) >> REACH;
            mask[row >> 2] |= bits << (16 * (row & 3));
        }
        mask
    }

    /// The voxels from which no 1 to `steps` steps along an axis lead out.
    pub(super) fn inside(&self, steps: usize) -> Mask {
        self.mask(|rows, z, y| {
            (1..=steps).fold(rows[z][y], |inside, step| {
                let row = rows[z][y];
                let beside = row << step & row >> step & rows[z][y - step] & rows[z][y + step];
                inside & beside & rows[z - step][y] & rows[z + step][y]
            })
        })
    }

    /// The empty voxels from which some of 1 to `steps` steps along an axis lead to a voxel.
    pub(super) fn outside(&self, steps: usize) -> Mask {
        self.mask(|rows, z, y| {
            let near = (1..=steps).fold(0, |near, step| {
                let row = rows[z][y];
                let beside = row << step | row >> step | rows[z][y - step] | rows[z][y + step];
                near | beside | rows[z - step][y] | rows[z + step][y]
            });
            near & !rows[z][y]
        })
    }

    /// The voxels that are otherwise than most of the 27 around and with them.
    pub(super) fn outvoted(&self) -> Mask {
        self.mask(|rows, z, y| {
            // Numbers of up to 27, one bit of each in a word: ones, twos, fours, eights, sixteens.
            let mut sums = [0u64; 5];
            for layer in &rows[z - 1..=z + 1] {
                for &row in &layer[y - 1..=y + 1] {
                    for mut carry in [row << 1, row, row >> 1] {
                        for sum in &mut sums {
                            (*sum, carry) = (*sum ^ carry, *sum & carry);
                        }
                    }
                }
            }
            let [_, twos, fours, eights, sixteens] = sums;
            // 14 and more: 16 and more, or 8 + 4 + 2.
            (sixteens | eights & fours & twos) ^ rows[z][y]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    /// Voxels by chance, in clumps, across the borders of the block at 0.
    fn clumps() -> Volume {
        let mut volume = Volume::new();
        let mut seed = 5u32;
        for _ in 0..700 {
            let mut next = |span: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as i32 % span as i32
            };
            let min = [next(60) - 22, next(60) - 22, next(60) - 22].map(i64::from);
            let size = i64::from(next(6)) + 1;
            let bounds = crate::voxel::Bounds { min, max: min.map(|v| v + size) };
            volume.fill(bounds, Rgba::WHITE);
        }
        volume
    }

    fn loaded(volume: &Volume, corners: bool) -> Surroundings {
        let mut surroundings = Surroundings::new();
        surroundings.load(volume, BlockPos { x: 0, y: 0, z: 0 }, corners);
        surroundings
    }

    fn assert_is(mask: &Mask, expected: impl Fn(Point) -> bool) {
        let mut hits = 0;
        for index in 0..4096usize {
            let at = [index & 15, index >> 4 & 15, index >> 8].map(|v| v as i32).into();
            let hit = mask[index >> 6] >> (index & 63) & 1 == 1;
            assert_eq!(hit, expected(at), "{at:?}");
            hits += u32::from(hit);
        }
        assert!(hits > 0 && hits < 4096, "{hits} hits prove little");
    }

    /// Whether there is a voxel 1 to `steps` steps away, for each of the six ways.
    fn along_axes(volume: &Volume, at: Point, steps: i32) -> Vec<bool> {
        let mut found = Vec::new();
        for step in 1..=steps {
            for axis in 0..3 {
                for sign in [-1, 1] {
                    let mut there = at.array();
                    there[axis] += sign * step;
                    found.push(!volume.get(there.into()).is_empty());
                }
            }
        }
        found
    }

    #[test]
    fn insides_and_outsides_are_those_of_steps_along_the_axes() {
        let volume = clumps();
        let surroundings = loaded(&volume, false);
        for steps in [1, 2, 3] {
            assert_is(&surroundings.inside(steps), |at| {
                let around = along_axes(&volume, at, steps as i32);
                !volume.get(at).is_empty() && around.iter().all(|&found| found)
            });
        }
        let mut thin = Volume::new();
        for (at, color) in volume.voxels().step_by(60) {
            thin.set(at, color);
        }
        let surroundings = loaded(&thin, false);
        for steps in [1, 5, 16] {
            assert_is(&surroundings.outside(steps), |at| {
                let around = along_axes(&thin, at, steps as i32);
                thin.get(at).is_empty() && around.iter().any(|&found| found)
            });
        }
    }

    #[test]
    fn outvoted_is_what_the_27_voxels_say() {
        let volume = clumps();
        assert_is(&loaded(&volume, true).outvoted(), |at| {
            let around = (0..27).filter(|number| {
                let offset = [number % 3 - 1, number / 3 % 3 - 1, number / 9 - 1];
                let [x, y, z] = at.array();
                let there = Point::new(x + offset[0], y + offset[1], z + offset[2]);
                !volume.get(there).is_empty()
            });
            (around.count() >= 14) == volume.get(at).is_empty()
        });
    }
}
