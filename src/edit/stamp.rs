//! Volumes put into volumes, block by block.

use std::collections::BTreeSet;

use super::work::{Refusal, Work};
use crate::job::Progress;
use crate::voxel::{BLOCK_VOXELS, BlendMode, BlockPos, BlockRef, EditReport, Rgba, Volume};

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
    blocks: Vec<BlockPos>,
    next: usize,
    mode: BlendMode,
}

impl Stamp {
    /// With modes that keep only what both have, everything outside the source goes. Replace replaces where
    /// the source has voxels.
    pub(super) fn new(target: &Volume, source: Volume, mode: BlendMode) -> Self {
        let mut blocks: Vec<BlockPos> = source.blocks().map(|(at, _)| at).collect();
        if mode.erases_outside() && mode != BlendMode::Replace {
            let beyond = |at: &BlockPos| source.block(*at).is_none();
            blocks.extend(target.blocks().map(|(at, _)| at).filter(beyond));
        }
        Stamp { source, blocks, next: 0, mode }
    }
}

impl Work for Stamp {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let Some(&at) = self.blocks.get(self.next) else { return Ok(false) };
        self.next += 1;
        let block = self.source.block(at);
        if let Some(block) = block
            && matches!(self.mode, BlendMode::Over | BlendMode::Replace)
            && volume.block(at).is_none()
        {
            share(volume, at, block, report);
            return Ok(true);
        }
        let (old, source) = (read_block(volume, at), voxels_of(block));
        let mut new = old;
        for (voxel, &color) in new.iter_mut().zip(&source) {
            if self.mode != BlendMode::Replace || !color.is_empty() {
                *voxel = self.mode.blend(*voxel, color);
            }
        }
        write_block(volume, at, &old, &new, report);
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next as u64, total: self.blocks.len() as u64 }
    }
}

/// A volume put in place of another one.
pub(super) struct Exchange {
    new: Volume,
    blocks: std::vec::IntoIter<BlockPos>,
}

impl Exchange {
    pub(super) fn new(old: &Volume, new: Volume) -> Self {
        let key = |at: BlockPos| (at.z, at.y, at.x);
        let differs = |at: &BlockPos| {
            old.block(*at).map(|block| block.identity()) != new.block(*at).map(|b| b.identity())
        };
        let positions = old.blocks().chain(new.blocks()).map(|(at, _)| at);
        let keys: BTreeSet<_> = positions.filter(differs).map(key).collect();
        let blocks: Vec<_> = keys.into_iter().map(|(z, y, x)| BlockPos { x, y, z }).collect();
        Exchange { new, blocks: blocks.into_iter() }
    }
}

impl Work for Exchange {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let Some(at) = self.blocks.next() else { return Ok(false) };
        match self.new.block(at) {
            Some(block) => share(volume, at, block, report),
            None => {
                let old = read_block(volume, at);
                write_block(volume, at, &old, &[Rgba::EMPTY; BLOCK_VOXELS], report);
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: 0, total: self.blocks.len() as u64 }
    }
}
