//! Selections: a box, or a mask of single voxels, and what can be done to them.
//!
//! A mask is a volume whose voxels are white where they are selected. Operations work on bits, 64 voxels
//! at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{BlendMode, Document, draw_volume};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Mask, Point, Rgba, Volume};

/// How a new selection goes together with the one that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Combine {
    /// The new one alone.
    #[default]
    Replace,
    /// Both.
    Add,
    /// The old one without the new one.
    Subtract,
    /// What both have.
    Intersect,
}

impl Combine {
    /// The way with a name, in any case.
    pub fn from_name(name: &str) -> Option<Combine> {
        let all = [
            ("replace", Combine::Replace),
            ("add", Combine::Add),
            ("subtract", Combine::Subtract),
            ("intersect", Combine::Intersect),
        ];
        all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, way)| way)
    }
}

impl Document {
    /// Selects the voxels of a mask.
    pub fn select(&mut self, mask: &Volume, how: Combine) {
        match how {
            Combine::Replace => self.mask = mask.clone(),
            Combine::Add => draw_volume(&mut self.mask, mask, BlendMode::Over, 1.0),
            Combine::Subtract => draw_volume(&mut self.mask, mask, BlendMode::Subtract, 1.0),
            Combine::Intersect => draw_volume(&mut self.mask, mask, BlendMode::Intersect, 1.0),
        }
    }

    /// Selects nothing, neither box nor voxels.
    pub fn select_nothing(&mut self) {
        self.selection = None;
        self.mask = Volume::new();
    }

    /// Whether edits are to reach a voxel: it lies in the box, if there is one, and in the mask, if that
    /// selects anything.
    pub fn is_selected(&self, point: Point) -> bool {
        self.selection.is_none_or(|bounds| bounds.contains(point))
            && (self.mask.is_empty() || !self.mask.get(point).is_empty())
    }
}

/// A mask of all voxels of a volume.
pub fn mask_of(volume: &Volume) -> Volume {
    let mut mask = Volume::new();
    for (at, block) in volume.blocks() {
        put_bits(&mut mask, at, &block.mask());
    }
    mask
}

/// A mask of all voxels of a volume that have a colour, give or take `tolerance` in each channel.
pub fn mask_of_color(volume: &Volume, color: Rgba, tolerance: u8) -> Volume {
    let near = |other: Rgba| {
        let mut pairs = color.bytes().into_iter().zip(other.bytes());
        !other.is_empty() && pairs.all(|(a, b)| a.abs_diff(b) <= tolerance)
    };
    let mut mask = Volume::new();
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    for (at, block) in volume.blocks() {
        block.copy_to(&mut voxels);
        let mut bits = [0; BLOCK_VOXELS / 64];
        for (index, &voxel) in voxels.iter().enumerate() {
            bits[index >> 6] |= u64::from(near(voxel)) << (index & 63);
        }
        put_bits(&mut mask, at, &bits);
    }
    mask
}

/// A mask of all cells of a box.
pub fn mask_of_box(bounds: Bounds) -> Volume {
    let mut mask = Volume::new();
    mask.fill(bounds, Rgba::WHITE);
    mask
}

/// Grows a mask by its neighbours along the axes, `steps` times.
pub fn grow(mask: &Volume, steps: u32) -> Volume {
    repeat(mask, steps, |bits, at| {
        let own = bits.get(at);
        (0..6).map(|side| bits.seen(at, side)).fold(own, |all, seen| join(all, seen, |a, b| a | b))
    })
}

/// Takes from a mask what has a neighbour along the axes that is not selected, `steps` times.
pub fn shrink(mask: &Volume, steps: u32) -> Volume {
    repeat(mask, steps, |bits, at| {
        let own = bits.get(at);
        (0..6).map(|side| bits.seen(at, side)).fold(own, |all, seen| join(all, seen, |a, b| a & b))
    })
}

/// All cells of a box that a mask does not select.
pub fn invert(mask: &Volume, within: Bounds) -> Volume {
    let mut inverse = mask_of_box(within);
    draw_volume(&mut inverse, mask, BlendMode::Subtract, 1.0);
    inverse
}

fn join(a: Mask, b: Mask, with: impl Fn(u64, u64) -> u64) -> Mask {
    std::array::from_fn(|word| with(a[word], b[word]))
}

fn put_bits(mask: &mut Volume, at: BlockPos, bits: &Mask) {
    if bits.iter().all(|&word| word == u64::MAX) {
        mask.set_uniform_block(at, Rgba::WHITE);
        return;
    }
    let voxel = |index: usize| match bits[index >> 6] >> (index & 63) & 1 {
        1 => Rgba::WHITE,
        _ => Rgba::EMPTY,
    };
    mask.set_block(at, &std::array::from_fn(voxel));
}

/// A mask as bits, block by block; keys are z, y, x.
struct Bits(BTreeMap<(i32, i32, i32), Mask>);

fn key(at: BlockPos) -> (i32, i32, i32) {
    (at.z, at.y, at.x)
}

impl Bits {
    fn get(&self, at: BlockPos) -> Mask {
        self.0.get(&key(at)).copied().unwrap_or([0; BLOCK_VOXELS / 64])
    }

    /// For each voxel of a block whether its neighbour on a side (axis = side / 2; odd is the higher one)
    /// is selected.
    fn seen(&self, at: BlockPos, side: usize) -> Mask {
        let (axis, up) = (side / 2, side % 2 == 1);
        let own = self.get(at);
        let next = at.neighbor(axis, if up { 1 } else { -1 }).map_or([0; 64], |at| self.get(at));
        match (axis, up) {
            // Four rows of 16 voxels lie in a word, four words in a layer.
            (0, true) => std::array::from_fn(|w| {
                own[w] >> 1 & !0x8000_8000_8000_8000 | next[w] << 15 & 0x8000_8000_8000_8000
            }),
            (0, false) => std::array::from_fn(|w| {
                own[w] << 1 & !0x0001_0001_0001_0001 | next[w] >> 15 & 0x0001_0001_0001_0001
            }),
            (1, true) => std::array::from_fn(|w| {
                let above = if w % 4 == 3 { next[w - 3] } else { own[w + 1] };
                own[w] >> 16 | above << 48
            }),
            (1, false) => std::array::from_fn(|w| {
                let below = if w % 4 == 0 { next[w + 3] } else { own[w - 1] };
                own[w] << 16 | below >> 48
            }),
            (_, true) => std::array::from_fn(|w| if w < 60 { own[w + 4] } else { next[w - 60] }),
            (_, false) => std::array::from_fn(|w| if w >= 4 { own[w - 4] } else { next[w + 60] }),
        }
    }
}

fn repeat(mask: &Volume, steps: u32, change: impl Fn(&Bits, BlockPos) -> Mask) -> Volume {
    let mut bits = Bits(mask.blocks().map(|(at, block)| (key(at), block.mask())).collect());
    for _ in 0..steps {
        let mut places: BTreeSet<(i32, i32, i32)> = BTreeSet::new();
        for &(z, y, x) in bits.0.keys() {
            let at = BlockPos { x, y, z };
            places.insert(key(at));
            let near = (0..3).flat_map(|axis| [at.neighbor(axis, -1), at.neighbor(axis, 1)]);
            places.extend(near.flatten().map(key));
        }
        let changed = places.into_iter().map(|place| {
            let (z, y, x) = place;
            (place, change(&bits, BlockPos { x, y, z }))
        });
        bits = Bits(changed.filter(|(_, mask)| mask.iter().any(|&word| word != 0)).collect());
    }
    let mut volume = Volume::new();
    for ((z, y, x), mask) in &bits.0 {
        put_bits(&mut volume, BlockPos { x: *x, y: *y, z: *z }, mask);
    }
    volume
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: &[[i32; 3]]) -> Volume {
        let mut mask = Volume::new();
        points.iter().for_each(|&point| {
            mask.set(point.into(), Rgba::WHITE);
        });
        mask
    }

    fn same(a: &Volume, b: &Volume) -> bool {
        a.count() == b.count() && a.voxels().all(|(point, _)| !b.get(point).is_empty())
    }

    #[test]
    fn growing_adds_the_six_neighbours_across_blocks_too() {
        for point in [[0, 0, 0], [15, 15, 15], [-1, 7, 16], [8, 8, 8], [3, 4, 15], [16, 3, 4]] {
            let grown = grow(&of(&[point]), 1);
            let mut expected = vec![point];
            for axis in 0..3 {
                for step in [-1, 1] {
                    let mut near = point;
                    near[axis] += step;
                    expected.push(near);
                }
            }
            assert!(same(&grown, &of(&expected)), "{point:?}");
        }
    }

    #[test]
    fn growing_twice_is_an_octahedron_and_shrinking_takes_it_back() {
        let one = of(&[[15, 0, -1]]);
        let grown = grow(&one, 2);
        assert_eq!(grown.count(), 25);
        assert!(same(&shrink(&grown, 2), &one));
        assert!(shrink(&one, 1).is_empty());
    }

    #[test]
    fn shrinking_a_box_takes_a_layer_off_each_side() {
        let bounds = Bounds { min: [-20, 3, 0], max: [20, 30, 17] };
        let inner = Bounds { min: [-19, 4, 1], max: [19, 29, 16] };
        assert!(same(&shrink(&mask_of_box(bounds), 1), &mask_of_box(inner)));
    }

    #[test]
    fn inverting_twice_gives_the_mask_within_the_box() {
        let within = Bounds { min: [0, 0, 0], max: [20, 20, 20] };
        let mask = of(&[[1, 2, 3], [17, 18, 19]]);
        let inverse = invert(&mask, within);
        assert_eq!(inverse.count(), 8000 - 2);
        assert!(same(&invert(&inverse, within), &mask));
    }

    #[test]
    fn selections_are_combined() {
        let mut document = Document::default();
        document.select(&of(&[[0, 0, 0], [1, 0, 0]]), Combine::Replace);
        document.select(&of(&[[2, 0, 0]]), Combine::Add);
        assert_eq!(document.mask.count(), 3);
        document.select(&of(&[[0, 0, 0]]), Combine::Subtract);
        document.select(&of(&[[2, 0, 0], [3, 0, 0]]), Combine::Intersect);
        assert!(same(&document.mask, &of(&[[2, 0, 0]])));
        assert!(document.is_selected([2, 0, 0].into()) && !document.is_selected([1, 0, 0].into()));
        document.select_nothing();
        assert!(document.is_selected([1, 0, 0].into()));
    }

    #[test]
    fn voxels_are_selected_by_colour() {
        let mut volume = of(&[[0, 0, 0]]);
        volume.set([1, 0, 0].into(), Rgba::opaque(250, 250, 250));
        volume.set([2, 0, 0].into(), Rgba::opaque(200, 250, 250));
        assert_eq!(mask_of_color(&volume, Rgba::WHITE, 5).count(), 2);
        assert_eq!(mask_of(&volume).count(), 3);
    }
}
