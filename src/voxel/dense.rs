//! The dense form of a block: 4096 voxels as they are, with a mask of those that are not empty.
//!
//! Invariants: bit i of the mask is set exactly if voxel i is not empty; `count` is the number of
//! set bits; empty voxels are [`Rgba::EMPTY`].

use super::bits::{count, mask_of_numbers};
use super::block::mask_of;
use super::{BLOCK_VOXELS, Mask, Rgba, generation};

/// Where a block stands in the recording of marks; see `marks`.
#[derive(Clone, Copy)]
pub(crate) struct MarkState {
    /// The recording that the other fields belong to; 0 is none.
    pub(crate) session: u64,
    /// The entry of this block in that recording.
    pub(crate) entry: u32,
    /// The newest logged point of this block, or `NO_POINT`.
    pub(crate) newest: u32,
    /// How many more points may be logged one by one; 0 if edits need no log.
    pub(crate) left: u32,
}

/// A dense block.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Dense {
    pub(crate) marks: MarkState,
    /// When the block was written last; see `generation`.
    pub(crate) stamp: u64,
    pub(crate) count: u32,
    /// Fills the head up to whole cache lines, so that rows of voxels do not straddle them.
    spare: [u32; 5],
    pub(crate) mask: Mask,
    pub(crate) voxels: [Rgba; BLOCK_VOXELS],
}

impl MarkState {
    /// No recording.
    pub(crate) const NONE: MarkState =
        MarkState { session: 0, entry: u32::MAX, newest: u32::MAX, left: 0 };
}

impl Dense {
    /// Becomes a block of some voxels, whatever it was before. Empty ones become [`Rgba::EMPTY`].
    pub(crate) fn set_voxels(&mut self, voxels: &[Rgba; BLOCK_VOXELS]) {
        for (to, voxel) in self.voxels.iter_mut().zip(voxels) {
            // As one number: channel by channel it takes ten times as long.
            let bits = u32::from_le_bytes(voxel.bytes());
            let [r, g, b, a] = (if bits >> 24 == 0 { 0 } else { bits }).to_le_bytes();
            *to = Rgba { r, g, b, a };
        }
        self.marks = MarkState::NONE;
        self.recount();
    }

    /// Sets a voxel to a colour that is `EMPTY` if it is empty, and keeps mask and count.
    #[inline]
    pub(crate) fn put(&mut self, index: usize, color: Rgba) {
        let old = std::mem::replace(&mut self.voxels[index], color);
        if old.is_empty() != color.is_empty() {
            self.mask[index >> 6] ^= 1 << (index & 63);
            if color.is_empty() {
                self.count -= 1;
            } else {
                self.count += 1;
            }
        }
    }

    /// Fills the whole block.
    pub(crate) fn fill(&mut self, color: Rgba) {
        self.voxels.fill(color);
        self.mask = if color.is_empty() { [0; 64] } else { [!0; 64] };
        self.count = if color.is_empty() { 0 } else { BLOCK_VOXELS as u32 };
    }

    /// Restores mask and count after the voxels were written one by one.
    pub(crate) fn recount(&mut self) {
        self.mask = mask_of(&self.voxels);
        self.count = self.mask.iter().map(|word| word.count_ones()).sum();
    }

    /// Becomes a block of voxels that are numbers of colours, whatever it was before. Number 0 is
    /// the empty voxel; no other colour that occurs may be empty.
    pub(crate) fn set_numbers(&mut self, numbers: &[u8; BLOCK_VOXELS], colors: &[Rgba; 256]) {
        self.marks = MarkState::NONE;
        self.stamp = generation::now();
        self.mask = mask_of_numbers(numbers);
        self.count = count(&self.mask);
        for (voxel, &number) in self.voxels.iter_mut().zip(numbers) {
            *voxel = colors[usize::from(number)];
        }
        debug_assert!(self.mask == mask_of(&self.voxels), "an empty colour has a number");
    }

    /// The one colour of all voxels, if there is one.
    pub(crate) fn uniform(&self) -> Option<Rgba> {
        let first = self.voxels[0];
        let full = self.count == 0 || self.count as usize == BLOCK_VOXELS;
        (full && self.voxels.iter().all(|&voxel| voxel == first)).then_some(first)
    }
}
