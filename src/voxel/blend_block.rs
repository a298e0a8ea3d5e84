//! Blending one colour into one block.

use super::bits::{ALL, NONE};
use super::block::Slot;
use super::block_edit::EditReport;
use super::dense::{Dense, MarkState};
use super::slab::Shared;
use super::{BlendMode, BlockPos, Mask, Rgba, Volume};

impl BlendMode {
    /// The outcome, if it does not depend on what was there.
    fn constant(self, new: Rgba) -> Option<Rgba> {
        let takes_all =
            new.a == 255 && matches!(self, BlendMode::Subtract | BlendMode::SubtractClamp);
        match self {
            _ if new.is_empty() && self.erases_outside() => Some(Rgba::EMPTY),
            BlendMode::Replace => Some(new),
            BlendMode::Over if new.a == 255 => Some(new),
            _ if takes_all => Some(Rgba::EMPTY),
            _ => None,
        }
    }
}

impl Volume {
    /// Blends a colour into the voxels of a block that a mask picks.
    pub(crate) fn blend_block(
        &mut self,
        at: BlockPos,
        picked: &Mask,
        mode: BlendMode,
        color: Rgba,
        report: &mut EditReport,
    ) {
        match self.index.slot(at).cloned().unwrap_or_default() {
            Slot::Empty => self.blend_plain(at, Rgba::EMPTY, picked, mode, color, report),
            Slot::Uniform(there) => self.blend_plain(at, there, picked, mode, color, report),
            slot => match mode.constant(color) {
                Some(color) => self.map_block(at, &slot, picked, |_| color, report),
                None => self.map_block(at, &slot, picked, |old| mode.blend(old, color), report),
            },
        }
    }

    /// Blends a colour into all voxels of a block.
    pub(crate) fn blend_whole(
        &mut self,
        at: BlockPos,
        mode: BlendMode,
        color: Rgba,
        report: &mut EditReport,
    ) {
        let Some(there) = self.index.slot(at).map_or(Some(Rgba::EMPTY), Slot::plain) else {
            return self.blend_block(at, &ALL, mode, color, report);
        };
        let result = mode.blend(there, color);
        if result != there {
            report.count_whole(at, there, result);
            self.put_slot(at, Slot::of_color(result));
        }
    }

    /// Blends into a block of one colour.
    fn blend_plain(
        &mut self,
        at: BlockPos,
        there: Rgba,
        picked: &Mask,
        mode: BlendMode,
        color: Rgba,
        report: &mut EditReport,
    ) {
        let result = mode.blend(there, color);
        if result == there || *picked == NONE {
            return;
        }
        report.count_alike(at, picked, there, result);
        if *picked == ALL {
            return self.put_slot(at, Slot::of_color(result));
        }
        let mut block = Shared::<Dense>::zeroed();
        let voxels = block.own();
        if !there.is_empty() {
            voxels.fill(there);
        }
        paint(voxels, picked, result);
        let emptied = voxels.count == 0;
        self.put_slot(at, if emptied { Slot::Empty } else { Slot::Dense(block) });
    }

    /// Changes the picked voxels of a block by a function of their colour. Nothing is marked or
    /// written if no voxel changes.
    pub(crate) fn map_block(
        &mut self,
        at: BlockPos,
        slot: &Slot,
        picked: &Mask,
        change: impl Fn(Rgba) -> Rgba,
        report: &mut EditReport,
    ) {
        let mut shared = Shared::<Dense>::stale();
        let block = shared.own();
        slot.copy_to(&mut block.voxels);
        let before = slot.mask();
        let (mut changed, mut after) = (NONE, before);
        for word in (0..64).filter(|&word| picked[word] != 0) {
            let voxels = &mut block.voxels[word * 64..word * 64 + 64];
            let mut left = picked[word];
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let voxel = &mut voxels[bit as usize];
                let new = change(*voxel);
                changed[word] |= u64::from(new != *voxel) << bit;
                after[word] = after[word] & !(1 << bit) | u64::from(!new.is_empty()) << bit;
                *voxel = new;
            }
        }
        if changed == NONE {
            return;
        }
        report.count(at, &changed, &before, &after);
        block.marks = MarkState::NONE;
        block.mask = after;
        block.count = super::bits::count(&after);
        self.put_block(at, shared);
    }
}

/// Sets the picked voxels of a block to a colour.
fn paint(block: &mut Dense, picked: &Mask, color: Rgba) {
    for (row, voxels) in block.voxels.chunks_exact_mut(16).enumerate() {
        let bits = (picked[row >> 2] >> (16 * (row & 3))) as u16;
        match bits {
            0 => {}
            0xffff => voxels.fill(color),
            _ => {
                let (first, end) = (bits.trailing_zeros(), 16 - bits.leading_zeros());
                for (place, voxel) in voxels[..end as usize].iter_mut().enumerate() {
                    if place >= first as usize && bits >> place & 1 == 1 {
                        *voxel = color;
                    }
                }
            }
        }
    }
    for (mask, picked) in block.mask.iter_mut().zip(picked) {
        *mask = if color.is_empty() { *mask & !picked } else { *mask | picked };
    }
    block.count = super::bits::count(&block.mask);
}
