//! Volumes put into volumes, block by block.

use super::work::{Refusal, Work, unmarked};
use crate::job::Progress;
use crate::voxel::{
    BLOCK_VOXELS, BlendMode, BlockPos, BlockRef, BlockWalk, DifferenceWalk, EditReport, Rgba,
    Volume,
};

type Voxels = [Rgba; BLOCK_VOXELS];

fn voxels_of(block: Option<BlockRef<'_>>) -> Voxels {
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    if let Some(block) = block {
        block.copy_to(&mut voxels);
    }
    voxels
}

/// Puts new voxels in place of a block's, counting what changes.
pub(super) fn write_block(
    volume: &mut Volume,
    at: BlockPos,
    old: &Voxels,
    new: &Voxels,
    report: &mut EditReport,
) {
    if report.count_difference(at, old, new) {
        volume.set_block(at, new);
    }
}

/// The voxels of a block as they are, to be worked on.
pub(super) fn read_block(volume: &Volume, at: BlockPos) -> Voxels {
    voxels_of(volume.block(at))
}

/// Shares a block of another volume in place of what is there, counting what changes.
fn share(volume: &mut Volume, at: BlockPos, new: BlockRef<'_>, report: &mut EditReport) {
    let (old, new_voxels) = (read_block(volume, at), voxels_of(Some(new)));
    if report.count_difference(at, &old, &new_voxels) {
        volume.share_block(at, new);
    }
}

/// A volume drawn into another one.
pub(super) struct Stamp {
    source: Volume,
    walk: BlockWalk,
    /// The blocks of what is drawn into, if those that the source lacks are to be visited, too.
    beyond: Option<(Volume, BlockWalk)>,
    done: u64,
    total: u64,
    mode: BlendMode,
}

impl Stamp {
    /// With modes that keep only what both have, everything outside the source goes. Replace
    /// replaces where the source has voxels.
    pub(super) fn new(target: &Volume, source: Volume, mode: BlendMode) -> Self {
        let erases_outside = mode.erases_outside() && mode != BlendMode::Replace;
        let beyond = erases_outside.then(|| (unmarked(target), BlockWalk::new()));
        let count = |volume: &Volume| volume.block_count() as u64;
        let total = count(&source) + beyond.as_ref().map_or(0, |(target, _)| count(target));
        Stamp { walk: BlockWalk::new(), source, beyond, done: 0, total, mode }
    }

    fn draw(&self, volume: &mut Volume, at: BlockPos, report: &mut EditReport) {
        let block = self.source.block(at);
        if let Some(block) = block
            && matches!(self.mode, BlendMode::Over | BlendMode::Replace)
            && volume.block(at).is_none()
        {
            return share(volume, at, block, report);
        }
        let (old, source) = (read_block(volume, at), voxels_of(block));
        let mut new = old;
        for (voxel, &color) in new.iter_mut().zip(&source) {
            if self.mode != BlendMode::Replace || !color.is_empty() {
                *voxel = self.mode.blend(*voxel, color);
            }
        }
        write_block(volume, at, &old, &new, report);
    }
}

impl Work for Stamp {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if !self.walk.look_ahead(&self.source) {
            return Ok(true);
        }
        self.done += 1;
        if let Some(at) = self.walk.next(&self.source) {
            self.draw(volume, at, report);
            return Ok(true);
        }
        let Some((target, walk)) = &mut self.beyond else { return Ok(false) };
        if !walk.look_ahead(target) {
            return Ok(true);
        }
        let Some(at) = walk.next(target) else { return Ok(false) };
        if self.source.block(at).is_none() {
            self.draw(volume, at, report);
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.total }
    }
}

/// A volume put in place of another one.
pub(super) struct Exchange {
    old: Volume,
    new: Volume,
    walk: DifferenceWalk,
    total: u64,
}

impl Exchange {
    pub(super) fn new(old: &Volume, new: Volume) -> Self {
        let walk = DifferenceWalk::new();
        let total = old.block_count().max(new.block_count()) as u64;
        Exchange { old: unmarked(old), new, walk, total }
    }
}

impl Work for Exchange {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let mut differing = None;
        let goes_on = self.walk.next([&self.old, &self.new], &mut differing);
        let Some(at) = differing else { return Ok(goes_on) };
        match self.new.block(at) {
            Some(block) => share(volume, at, block, report),
            None => {
                let old = read_block(volume, at);
                write_block(volume, at, &old, &[Rgba::EMPTY; BLOCK_VOXELS], report);
            }
        }
        Ok(goes_on)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.walk.passed().min(self.total), total: self.total }
    }
}
