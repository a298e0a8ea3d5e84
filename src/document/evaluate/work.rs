//! The work on one layer, in units: its voxels are built whole and then exchanged block by block, or only
//! those parts are computed anew that show what changed of its base.

use super::effort::{Effort, positions};
use super::origin::{Origin, Wanted, image_of_bounds, inverse_of, sample};
use crate::document::{Affine, Layer, Matrix};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, DifferenceWalk, Point, Rgba, Volume};

/// Cells that are computed in one unit of work.
const CELLS_A_UNIT: u64 = BLOCK_VOXELS as u64;
/// A change that shows in more cells has the whole layer computed anew.
const MAX_CELLS: u128 = 1 << 22;

/// What is done to a layer.
pub(super) enum Work {
    Build(Box<Build>),
    Exchange(Box<Exchange>),
    Parts(Box<Parts>),
}

/// What a unit of work came to.
pub(super) enum Unit {
    Done,
    More,
}

impl Work {
    /// Exchanges a layer's voxels for others.
    pub(super) fn exchange(old: &Volume, new: Volume) -> Work {
        Work::Exchange(Box::new(Exchange::new(old, new)))
    }

    /// Builds a layer's voxels anew.
    pub(super) fn build(old: &Volume, wanted: Wanted) -> Work {
        match wanted {
            None => Work::exchange(old, Volume::new()),
            Some((origin, range)) => {
                let left: Box<dyn Iterator<Item = BlockPos> + Send> = Box::new(positions(range));
                Work::Build(Box::new(Build { origin, left, built: Volume::new() }))
            }
        }
    }

    /// One unit of work; an error says why the layer cannot be computed.
    pub(super) fn unit(
        &mut self,
        volume: &mut Volume,
        effort: &mut Effort,
    ) -> Result<Unit, String> {
        match self {
            Work::Build(build) => {
                if !build.next_block(effort)? {
                    *self = Work::exchange(volume, std::mem::take(&mut build.built));
                }
                Ok(Unit::More)
            }
            Work::Exchange(exchange) => Ok(exchange.next_block(volume)),
            Work::Parts(parts) => Ok(parts.some_cells(volume)),
        }
    }
}

/// A layer's voxels in the making.
pub(super) struct Build {
    origin: Origin,
    left: Box<dyn Iterator<Item = BlockPos> + Send>,
    built: Volume,
}

impl Build {
    fn next_block(&mut self, effort: &mut Effort) -> Result<bool, String> {
        let Some(at) = self.left.next() else { return Ok(false) };
        let corner = at.origin().array().map(i64::from);
        if self.origin.reaches(corner) {
            effort.compute_block()?;
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            if self.origin.fill(corner, &mut voxels) {
                self.built.set_block(at, &voxels);
            }
        }
        Ok(true)
    }
}

/// New voxels put in place of old ones. Blocks that stay the same are left alone, so that a recording of marks sees
/// what changes, and what is kept about them holds.
pub(super) struct Exchange {
    old: Volume,
    new: Volume,
    walk: DifferenceWalk,
}

impl Exchange {
    fn new(old: &Volume, new: Volume) -> Self {
        let walk = DifferenceWalk::new([old, &new]);
        Exchange { old: old.clone(), new, walk }
    }

    fn next_block(&mut self, volume: &mut Volume) -> Unit {
        let mut differing = None;
        let goes_on = self.walk.next([&self.old, &self.new], &mut differing);
        if let Some(at) = differing {
            match self.new.block(at) {
                None => volume.remove_block(at),
                Some(block) if !self.is_same(at) => volume.share_block(at, block),
                Some(_) => {}
            }
        }
        if goes_on { Unit::More } else { Unit::Done }
    }

    fn is_same(&self, at: BlockPos) -> bool {
        let (Some(old), Some(new)) = (self.old.block(at), self.new.block(at)) else { return false };
        let (mut before, mut after) = ([Rgba::EMPTY; BLOCK_VOXELS], [Rgba::EMPTY; BLOCK_VOXELS]);
        old.copy_to(&mut before);
        new.copy_to(&mut after);
        before == after
    }
}

/// Those parts of a clone that show what changed of its base.
pub(super) struct Parts {
    base: Volume,
    /// The way back to the base; `None` if the clone is the base.
    inverse: Option<Affine>,
    /// In the clone.
    boxes: Vec<Bounds>,
    /// The cell of the last box that is next.
    next: u64,
}

impl Parts {
    /// Of a base that changed in some boxes; `None` if the whole clone is to be computed.
    pub(super) fn new(layer: &Layer, base: &Volume, changed: &[Bounds]) -> Option<Parts> {
        if layer.matrix == Matrix::IDENTITY {
            let (base, boxes) = (base.clone(), changed.to_vec());
            return Some(Parts { base, inverse: None, boxes, next: 0 });
        }
        let inverse = Some(inverse_of(&layer.matrix)?);
        let images = changed.iter().map(|bounds| image_of_bounds(&layer.matrix, bounds));
        let boxes: Vec<Bounds> = images.collect::<Option<_>>()?;
        let cells = boxes.iter().fold(0u128, |sum, bounds| sum.saturating_add(bounds.capacity()));
        let base = base.clone();
        (cells <= MAX_CELLS).then_some(Parts { base, inverse, boxes, next: 0 })
    }

    fn some_cells(&mut self, volume: &mut Volume) -> Unit {
        let Some(bounds) = self.boxes.last().copied() else { return Unit::Done };
        let Some(inverse) = &self.inverse else {
            share_block_around(volume, &self.base, &bounds);
            self.boxes.pop();
            return Unit::More;
        };
        let size = bounds.dimensions().map(|length| length as u64);
        let total: u64 = size.iter().product();
        let end = (self.next + CELLS_A_UNIT).min(total);
        for index in self.next..end {
            let steps = [index % size[0], index / size[0] % size[1], index / size[0] / size[1]];
            let cell: [i64; 3] = std::array::from_fn(|axis| bounds.min[axis] + steps[axis] as i64);
            let color = sample(&self.base, inverse, cell);
            volume.set(cell.map(|value| value as i32).into(), color);
        }
        self.next = end;
        if end == total {
            self.boxes.pop();
            self.next = 0;
        }
        Unit::More
    }
}

/// Shares the block that a box lies in.
fn share_block_around(volume: &mut Volume, base: &Volume, bounds: &Bounds) {
    let at = BlockPos::of(Point::from(bounds.min.map(|value| value as i32)));
    match base.block(at) {
        Some(block) => volume.share_block(at, block),
        None => volume.remove_block(at),
    }
}
