//! Reads that look at every block of a layer: at once if there are few, else in slices over a snapshot.

use super::context::{Context, Outcome, Task};
use super::error::RpcError;
use crate::job::{Budget, Progress, Step};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockRef, BlockWalk, Bounds, Point, Rgba, Volume};

/// Blocks that are looked at in one go. All voxels of a block may have to be written.
const BLOCKS_AT_ONCE: u64 = 8;

/// What is made of the blocks.
pub(super) trait Collect {
    /// What comes out.
    type Output;

    /// Looks at a block; false if nothing more is wanted.
    fn block(&mut self, block: Looked<'_>) -> bool;

    /// Ends.
    fn finish(self) -> Self::Output;
}

/// One block of a scan.
#[derive(Clone, Copy)]
pub(super) struct Looked<'a> {
    at: BlockPos,
    block: BlockRef<'a>,
    within: Option<Bounds>,
}

impl<'a> Looked<'a> {
    /// How many voxels it holds, if all of it is wanted.
    pub(super) fn whole_count(&self) -> Option<u64> {
        self.within.is_none().then(|| u64::from(self.block.count()))
    }

    /// The one colour of all its voxels, if there is just one and all of it is wanted.
    pub(super) fn uniform(&self) -> Option<Rgba> {
        self.within.is_none().then(|| self.block.uniform()).flatten()
    }

    /// The voxels that are wanted, x fastest, then y, then z.
    pub(super) fn voxels(self) -> impl Iterator<Item = (Point, Rgba)> + use<'a> {
        let o = self.at.origin();
        (0..BLOCK_VOXELS).filter_map(move |index| {
            let color = self.block.get(index);
            let [x, y, z] = [index & 15, (index >> 4) & 15, index >> 8].map(|v| v as i32);
            let point = Point::new(o.x + x, o.y + y, o.z + z);
            let inside = || self.within.is_none_or(|bounds| bounds.contains(point));
            (!color.is_empty() && inside()).then_some((point, color))
        })
    }
}

struct Scan<C, F> {
    volume: Volume,
    walk: BlockWalk,
    /// Blocks that were looked at.
    looked: u64,
    within: Option<Bounds>,
    collect: Option<C>,
    finish: Option<F>,
}

impl<C: Collect, F> Scan<C, F> {
    /// True at the end.
    fn run(&mut self, budget: &mut Budget) -> bool {
        let Some(collect) = &mut self.collect else { return true };
        while let Some(at) = self.walk.next(&self.volume) {
            self.looked += 1;
            let Some(block) = self.volume.block(at) else { continue };
            // Blocks that lie inside the box wholly need no look at it.
            let own = at.bounds();
            let within = self.within.filter(|bounds| bounds.intersect(&own) != Some(own));
            if !collect.block(Looked { at, block, within }) {
                return true;
            }
            if !budget.spend(1) {
                return false;
            }
        }
        true
    }
}

impl<R, C, F> Task<R> for Scan<C, F>
where
    C: Collect,
    F: FnOnce(C::Output) -> Result<R, RpcError>,
{
    fn step(&mut self, _: &mut Context<'_>, budget: &mut Budget) -> Result<Step<R>, RpcError> {
        if !self.run(budget) {
            return Ok(Step::More);
        }
        let (Some(collect), Some(finish)) = (self.collect.take(), self.finish.take()) else {
            return Err(RpcError::internal("a scan ended twice"));
        };
        finish(collect.finish()).map(Step::Done)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.looked, total: self.volume.block_count() as u64 }
    }
}

/// Looks at the blocks of a volume in the order z, y, x, within a box if one is given.
pub(super) fn scan<R, C>(
    volume: &Volume,
    within: Option<Bounds>,
    collect: C,
    finish: impl FnOnce(C::Output) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError>
where
    C: Collect + 'static,
{
    let (walk, volume) = (BlockWalk::within(volume, within), volume.clone());
    let (collect, finish) = (Some(collect), Some(finish));
    let mut scan = Scan { volume, walk, looked: 0, within, collect, finish };
    if !scan.run(&mut Budget::units(BLOCKS_AT_ONCE)) {
        return Ok(Outcome::Later(Box::new(scan)));
    }
    let (Some(collect), Some(finish)) = (scan.collect, scan.finish) else {
        return Err(RpcError::internal("a scan ended early"));
    };
    finish(collect.finish()).map(Outcome::Done)
}
