//! What is done with a document that was read, before it is handed on: chosen turns and places, a
//! filled inside, layers merged into one, other colours.

use super::builder::{Allowance, VolumeBuilder, measure};
use super::merged::merged;
use super::place::{Way, place_all};
use super::{FormatError, Limits};
use crate::document::Document;
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Point, Rgba, Volume};

/// How a document is changed when it is read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ImportOptions {
    /// Quarters about the upright axis, counter-clockwise seen from above.
    pub turns: i64,
    /// How far everything is moved, after it was turned.
    pub position: [i64; 3],
    /// Empty cells that nothing reaches from outside get the colour of the surface beside them.
    pub fill: bool,
    /// What is seen becomes one layer.
    pub into_one: bool,
    /// Each colour becomes the nearest of these, if there are any.
    pub palette: Vec<Rgba>,
}

/// The most cells of a layer that is filled.
const CELLS_MAX: u128 = 1 << 32;
/// Rows of cells that are looked at in one unit of work.
const ROWS_A_UNIT: usize = 1 << 8;

/// Changes a document that was read.
pub(super) async fn adapt(
    document: &mut Document,
    options: &ImportOptions,
    limits: Limits,
    slice: &Slice,
) -> Result<(), FormatError> {
    if options.into_one && document.layers().len() > 1 {
        let seen = merged(document, slice).await;
        *document = document.flattened(seen);
    }
    if options.fill {
        let mut allowance = Allowance::new(limits);
        for layer in document.layers_mut() {
            fill(&mut layer.volume, &mut allowance, slice).await?;
        }
    }
    if !options.palette.is_empty() {
        for layer in document.layers_mut() {
            layer.volume = nearest(&layer.volume, &options.palette, slice).await;
        }
    }
    let way = Way { by: options.position, ..Way::turning(options.turns) };
    place_all(document, way, slice).await?;
    Ok(())
}

/// Cells of a box, a bit each, with one row more on each side.
struct Cells {
    words: usize,
    size: [usize; 3],
    bits: Vec<u64>,
}

impl Cells {
    fn row(&self, y: usize, z: usize) -> std::ops::Range<usize> {
        let start = (z * self.size[1] + y) * self.words;
        start..start + self.words
    }
}

/// Fills what nothing reaches from outside.
async fn fill(
    volume: &mut Volume,
    allowance: &mut Allowance,
    slice: &Slice,
) -> Result<(), FormatError> {
    let Some(bounds) = measure(volume, slice).await else { return Ok(()) };
    let size = bounds.dimensions().map(|edge| edge as usize + 2);
    let cells = size.iter().map(|&edge| edge as u128).product::<u128>();
    if cells > CELLS_MAX {
        return Err(FormatError::Limit {
            what: "the cells of a layer whose inside is filled".to_owned(),
            limit_name: "the most cells",
            limit: CELLS_MAX as u64,
            got: u64::try_from(cells).unwrap_or(u64::MAX),
        });
    }
    let words = size[0].div_ceil(64);
    let count = words * size[1] * size[2];
    allowance.take(16 * count as u64)?;
    let at = |x: usize, y: usize, z: usize| {
        let cell = [x, y, z].map(|value| value as i64 - 1);
        Point::from([0, 1, 2].map(|axis| (bounds.min[axis] + cell[axis]) as i32))
    };
    let mut open = Cells { words, size, bits: vec![0; count] };
    for z in 0..size[2] {
        for y in 0..size[1] {
            let row = open.row(y, z);
            for x in 0..size[0] {
                let is_empty = x == 0 || x + 1 == size[0] || volume.get(at(x, y, z)).is_empty();
                open.bits[row.start + x / 64] |= u64::from(is_empty) << (x % 64);
            }
        }
        slice.spend(size[1] as u64 / 4 + 1).await;
    }
    let reached = reach(&open, slice).await;
    let mut filled = VolumeBuilder::new();
    for z in 1..size[2] - 1 {
        for y in 1..size[1] - 1 {
            let row = open.row(y, z);
            let inside = |x: usize| {
                let word = row.start + x / 64;
                (open.bits[word] & !reached.bits[word]) >> (x % 64) & 1 == 1
            };
            let mut last = Rgba::WHITE;
            if !(row.clone()).any(|word| open.bits[word] & !reached.bits[word] != 0) {
                continue;
            }
            for x in 1..size[0] - 1 {
                let own = volume.get(at(x, y, z));
                if !own.is_empty() {
                    last = own;
                } else if inside(x) {
                    filled.set(at(x, y, z), last, allowance)?;
                }
            }
        }
        slice.spend(size[1] as u64 / 4 + 1).await;
    }
    add_to(volume, filled, slice).await;
    Ok(())
}

/// Puts voxels into a volume where it has none.
async fn add_to(volume: &mut Volume, mut filled: VolumeBuilder, slice: &Slice) {
    let mut added = Volume::new();
    while filled.move_block(&mut added) {
        slice.spend(1).await;
    }
    let mut walk = BlockWalk::new();
    while let Some(place) = walk.next_in(&added, slice).await {
        let Some(block) = added.block(place) else { continue };
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        if let Some(own) = volume.block(place) {
            own.copy_to(&mut voxels);
        }
        for (index, voxel) in voxels.iter_mut().enumerate().filter(|(_, v)| v.is_empty()) {
            *voxel = block.get(index);
        }
        volume.set_block(place, &voxels);
        slice.spend(1).await;
    }
}

/// The open cells that are reached from the first corner, row by row.
async fn reach(open: &Cells, slice: &Slice) -> Cells {
    let Cells { words, size, .. } = *open;
    let mut reached = Cells { words, size, bits: vec![0; open.bits.len()] };
    reached.bits[0] = 1;
    let mut due = vec![(0, 0)];
    let mut looked_at = 0;
    while let Some((y, z)) = due.pop() {
        let row = open.row(y, z);
        spread(&open.bits[row.clone()], &mut reached.bits[row.clone()]);
        let beside = [(y.wrapping_sub(1), z), (y + 1, z), (y, z.wrapping_sub(1)), (y, z + 1)];
        for (y, z) in beside.into_iter().filter(|&(y, z)| y < size[1] && z < size[2]) {
            let other = open.row(y, z);
            let mut is_new = false;
            for word in 0..words {
                let seed = reached.bits[row.start + word] & open.bits[other.start + word];
                is_new |= seed & !reached.bits[other.start + word] != 0;
                reached.bits[other.start + word] |= seed;
            }
            if is_new {
                due.push((y, z));
            }
        }
        looked_at += 1;
        if looked_at % ROWS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    reached
}

/// Lets what is reached in a row spread along it, both ways.
fn spread(open: &[u64], reached: &mut [u64]) {
    let mut carry = 0;
    for (open, reached) in open.iter().zip(reached.iter_mut()) {
        *reached |= carry & open;
        let mut step = 1;
        let mut through = *open;
        while step < 64 {
            *reached |= through & (*reached << step);
            through &= through << step;
            step *= 2;
        }
        carry = *reached >> 63;
    }
    carry = 0;
    for (open, reached) in open.iter().zip(reached.iter_mut()).rev() {
        *reached |= (carry << 63) & open;
        let mut step = 1;
        let mut through = *open;
        while step < 64 {
            *reached |= through & (*reached >> step);
            through &= through >> step;
            step *= 2;
        }
        carry = *reached & 1;
    }
}

/// A volume in the nearest colours of a palette.
async fn nearest(volume: &Volume, palette: &[Rgba], slice: &Slice) -> Volume {
    let mut known = rustc_hash::FxHashMap::default();
    let distance = |a: Rgba, b: Rgba| -> i32 {
        let difference = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        difference(a.r, b.r) + difference(a.g, b.g) + difference(a.b, b.b)
    };
    let (mut changed, mut walk) = (Volume::new(), BlockWalk::new());
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next_in(volume, slice).await {
        let Some(block) = volume.block(at) else { continue };
        block.copy_to(&mut voxels);
        for voxel in voxels.iter_mut().filter(|voxel| !voxel.is_empty()) {
            let own = *voxel;
            let near = *known.entry(own).or_insert_with(|| {
                palette.iter().copied().min_by_key(|&other| distance(own, other)).unwrap_or(own)
            });
            *voxel = Rgba { a: own.a, ..near };
        }
        changed.set_block(at, &voxels);
        slice.spend(1).await;
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Layer, LayerId, canvas_for_size};
    use crate::job::{Job, Work};
    use crate::voxel::Bounds;

    fn adapted(volume: &Volume, options: &ImportOptions) -> Volume {
        let mut layer = Layer::new(LayerId(1), "one");
        layer.volume = volume.clone();
        let document = Document::with_layers("", canvas_for_size([8; 3]), vec![layer]);
        let options = options.clone();
        let work = Work::new(|slice| async move {
            let mut document = document;
            adapt(&mut document, &options, Limits::default(), &slice).await.map(|()| document)
        });
        work.finish().unwrap().merged()
    }

    #[test]
    fn what_is_closed_is_filled_and_what_is_open_is_not() {
        for edge in [5, 70, 130] {
            let (mut shell, mut solid) = (Volume::new(), Volume::new());
            let bounds = Bounds { min: [-3, 4, 90], max: [edge - 3, 11, 99] };
            solid.fill(bounds, Rgba::opaque(9, 8, 7));
            shell.fill(bounds, Rgba::opaque(9, 8, 7));
            let inside = Bounds {
                min: bounds.min.map(|value| value + 1),
                max: bounds.max.map(|value| value - 1),
            };
            shell.fill(inside, Rgba::EMPTY);
            let options = ImportOptions { fill: true, ..ImportOptions::default() };
            assert_eq!(adapted(&shell, &options).state_hash(), solid.state_hash(), "{edge}");
            shell.set([0, 4, 95].into(), Rgba::EMPTY);
            assert_eq!(adapted(&shell, &options).state_hash(), shell.state_hash(), "{edge}");
        }
    }

    #[test]
    fn four_turns_are_none_and_one_goes_counter_clockwise() {
        let mut volume = Volume::new();
        volume.set([2, 0, 5].into(), Rgba::WHITE);
        volume.set([-3, 7, -5].into(), Rgba::opaque(1, 2, 3));
        let turned = |turns| adapted(&volume, &ImportOptions { turns, ..ImportOptions::default() });
        assert_eq!(turned(1).get([-1, 2, 5].into()), Rgba::WHITE);
        assert_eq!(turned(4).state_hash(), volume.state_hash());
        let options = ImportOptions { turns: -1, position: [10, 0, 0], ..ImportOptions::default() };
        assert_eq!(adapted(&volume, &options).get([10, -3, 5].into()), Rgba::WHITE);
    }
}
