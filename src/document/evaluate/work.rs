//! The work on one layer, in units: its voxels are built whole and then exchanged block by block,
//! or only those parts are computed anew that show what changed of its base.

use super::effort::{Effort, positions};
use super::origin::{Origin, Wanted, image_of_bounds, inverse_of, sample};
use super::turned::{Turn, block_of};
use crate::document::{Affine, Layer, Matrix};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, DifferenceWalk, Rgba, Volume};

/// Cells that are computed in one unit of work.
const CELLS_A_UNIT: u64 = BLOCK_VOXELS as u64;
/// A change that shows in more cells has the whole layer computed anew.
const MAX_CELLS: u128 = 1 << 22;

/// What is done to a layer.
pub(super) enum Work {
    Build(Box<Build>),
    Lay(Box<Lay>),
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

    /// Builds the voxels of a clone that is turned by quarters and moved; `None` if that is not
    /// all.
    pub(super) fn lay(base: &Volume, matrix: &Matrix) -> Option<Work> {
        let turn = Turn::of(matrix)?;
        let is_whole = base.bounds().is_none_or(|bounds| turn.shows(&bounds));
        let (empty, built) = (Volume::new(), Volume::new());
        let walk = DifferenceWalk::new();
        is_whole.then(|| Work::Lay(Box::new(Lay { base: base.clone(), turn, walk, empty, built })))
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
            Work::Lay(lay) => {
                if !lay.next_block(effort)? {
                    *self = Work::exchange(volume, std::mem::take(&mut lay.built));
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

/// A turned clone's voxels in the making: the blocks of its base are laid one after another.
pub(super) struct Lay {
    base: Volume,
    turn: Turn,
    /// From nothing to the base.
    walk: DifferenceWalk,
    empty: Volume,
    built: Volume,
}

impl Lay {
    fn next_block(&mut self, effort: &mut Effort) -> Result<bool, String> {
        let mut found = None;
        let goes_on = self.walk.next([&self.base, &self.empty], &mut found);
        if let Some(at) = found {
            effort.compute_block()?;
            self.turn.show(&self.base, at, &mut self.built);
        }
        Ok(goes_on)
    }
}

/// New voxels put in place of old ones. Blocks that stay the same are left alone, so that a
/// recording of marks sees what changes, and what is kept about them holds.
pub(super) struct Exchange {
    old: Volume,
    new: Volume,
    walk: DifferenceWalk,
}

impl Exchange {
    fn new(old: &Volume, new: Volume) -> Self {
        let walk = DifferenceWalk::new();
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
    way: Way,
    /// In the base, or if the way is back, in the clone.
    boxes: Vec<Bounds>,
    /// The cell of the last box that is next.
    next: u64,
}

/// From a base to its clone.
enum Way {
    /// They are the same.
    None,
    Turn(Turn),
    /// The way back to the base.
    Back(Affine),
}

impl Parts {
    /// Of a base that changed in some boxes, each within a block; `None` if the whole clone is to
    /// be computed.
    pub(super) fn new(layer: &Layer, base: &Volume, changed: &[Bounds]) -> Option<Parts> {
        let parts = |way, boxes| Some(Parts { base: base.clone(), way, boxes, next: 0 });
        if layer.matrix == Matrix::IDENTITY {
            return parts(Way::None, changed.to_vec());
        }
        if let Some(turn) = Turn::of(&layer.matrix)
            && changed.iter().all(|bounds| turn.shows(bounds))
        {
            return parts(Way::Turn(turn), changed.to_vec());
        }
        let inverse = inverse_of(&layer.matrix)?;
        let images = changed.iter().map(|bounds| image_of_bounds(&layer.matrix, bounds));
        let boxes: Vec<Bounds> = images.collect::<Option<_>>()?;
        let cells = boxes.iter().fold(0u128, |sum, bounds| sum.saturating_add(bounds.capacity()));
        if cells > MAX_CELLS {
            return None;
        }
        parts(Way::Back(inverse), boxes)
    }

    fn some_cells(&mut self, volume: &mut Volume) -> Unit {
        let Some(bounds) = self.boxes.last().copied() else { return Unit::Done };
        let is_whole = match &self.way {
            Way::None => {
                share_block_around(volume, &self.base, &bounds);
                true
            }
            Way::Turn(turn) => {
                turn.show(&self.base, block_of(&bounds), volume);
                true
            }
            Way::Back(inverse) => {
                let next = &mut self.next;
                sample_some(&self.base, inverse, &bounds, next, volume)
            }
        };
        if is_whole {
            self.boxes.pop();
            self.next = 0;
        }
        Unit::More
    }
}

/// Computes some cells of a box, from one with a number on; whether those were the last.
fn sample_some(
    base: &Volume,
    inverse: &Affine,
    bounds: &Bounds,
    next: &mut u64,
    volume: &mut Volume,
) -> bool {
    let size = bounds.dimensions().map(|length| length as u64);
    let total: u64 = size.iter().product();
    let end = (*next + CELLS_A_UNIT).min(total);
    for index in *next..end {
        let steps = [index % size[0], index / size[0] % size[1], index / size[0] / size[1]];
        let cell: [i64; 3] = std::array::from_fn(|axis| bounds.min[axis] + steps[axis] as i64);
        let color = sample(base, inverse, cell);
        volume.set(cell.map(|value| value as i32).into(), color);
    }
    *next = end;
    end == total
}

/// Shares the block that a box lies in.
fn share_block_around(volume: &mut Volume, base: &Volume, bounds: &Bounds) {
    let at = block_of(bounds);
    match base.block(at) {
        Some(block) => volume.share_block(at, block),
        None => volume.remove_block(at),
    }
}
