//! A block: 16x16x16 voxels, x fastest, then y, then z.

use super::{Point, Rgba};

/// Voxels along one edge of a block.
pub const BLOCK_SIZE: usize = 16;
/// Voxels in a block.
pub const BLOCK_VOXELS: usize = BLOCK_SIZE * BLOCK_SIZE * BLOCK_SIZE;

/// Where a block lies, in units of blocks: voxel coordinate divided by 16, rounded down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BlockPos {
    /// Block column in x.
    pub x: i32,
    /// Block column in y.
    pub y: i32,
    /// Block layer in z.
    pub z: i32,
}

impl BlockPos {
    /// The block that holds a voxel.
    pub const fn of(point: Point) -> Self {
        BlockPos { x: point.x >> 4, y: point.y >> 4, z: point.z >> 4 }
    }

    /// The voxel at the block's lowest corner.
    pub const fn origin(self) -> Point {
        Point::new(self.x << 4, self.y << 4, self.z << 4)
    }
}

/// The index of a voxel inside its block.
pub(crate) const fn index_in_block(point: Point) -> usize {
    (point.x & 15) as usize | ((point.y & 15) as usize) << 4 | ((point.z & 15) as usize) << 8
}

/// Which voxels of a block are not empty: bit `i & 63` of word `i >> 6` for voxel index `i`.
pub type Mask = [u64; BLOCK_VOXELS / 64];

/// The voxels of one block.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) voxels: Box<[Rgba; BLOCK_VOXELS]>,
}

impl Block {
    pub(crate) fn empty() -> Self {
        Block { voxels: Box::new([Rgba::EMPTY; BLOCK_VOXELS]) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.voxels.iter().all(|color| color.is_empty())
    }
}

/// A read-only look at one block of a volume.
#[derive(Clone, Copy)]
pub struct BlockRef<'a> {
    pub(crate) block: &'a std::sync::Arc<Block>,
}

impl<'a> BlockRef<'a> {
    /// The colour of the voxel with this index (`x + 16 y + 256 z`, each 0..16).
    pub fn get(&self, index: usize) -> Rgba {
        self.block.voxels[index]
    }

    /// Copies all voxels out.
    pub fn copy_to(&self, voxels: &mut [Rgba; BLOCK_VOXELS]) {
        *voxels = *self.block.voxels;
    }

    /// Which voxels are not empty.
    pub fn mask(&self) -> Mask {
        let mut mask = [0; BLOCK_VOXELS / 64];
        for (index, color) in self.block.voxels.iter().enumerate() {
            mask[index >> 6] |= u64::from(!color.is_empty()) << (index & 63);
        }
        mask
    }

    /// How many voxels are not empty.
    pub fn count(&self) -> u32 {
        self.mask().iter().map(|word| word.count_ones()).sum()
    }

    /// The one colour of all voxels, if the block is known to have just one.
    pub fn uniform(&self) -> Option<Rgba> {
        let first = self.block.voxels[0];
        self.block.voxels.iter().all(|&color| color == first).then_some(first)
    }

    /// A number that two looks share only if they see the same storage, and that changes when the
    /// block is written to while somebody else shares it: for finding blocks that are stored once.
    pub fn identity(&self) -> usize {
        std::sync::Arc::as_ptr(self.block) as usize
    }
}
