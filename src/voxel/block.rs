//! A block: 16x16x16 voxels, x fastest, then y, then z, in one of five forms.

use super::bits::mask_where;
use super::block_edit::mask_bounds;
use super::dense::Dense;
use super::few::{self, Few};
use super::packed::Packed;
use super::slab::Shared;
use super::{Bounds, Point, Rgba, generation};

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
    #[inline]
    pub const fn of(point: Point) -> Self {
        BlockPos { x: point.x >> 4, y: point.y >> 4, z: point.z >> 4 }
    }

    /// The voxel at the block's lowest corner.
    pub const fn origin(self) -> Point {
        Point::new(self.x << 4, self.y << 4, self.z << 4)
    }

    /// The box of its voxels.
    pub fn bounds(self) -> Bounds {
        let min = self.origin().array().map(i64::from);
        Bounds { min, max: min.map(|v| v + BLOCK_SIZE as i64) }
    }

    /// The block next to it along an axis (0 to 2) by -1 or 1; `None` at the end of the grid.
    pub fn neighbor(self, axis: usize, step: i32) -> Option<BlockPos> {
        let mut at = [self.x, self.y, self.z];
        at[axis] += step;
        let [x, y, z] = at;
        (i32::MIN >> 4..=i32::MAX >> 4).contains(&at[axis]).then_some(BlockPos { x, y, z })
    }
}

/// The index of a voxel inside its block.
#[inline]
pub(crate) const fn index_in_block(point: Point) -> usize {
    (point.x & 15) as usize | ((point.y & 15) as usize) << 4 | ((point.z & 15) as usize) << 8
}

/// The voxel of a block with an index.
#[inline]
pub(crate) const fn point_in_block(at: BlockPos, index: usize) -> Point {
    let origin = at.origin();
    Point::new(
        origin.x | (index & 15) as i32,
        origin.y | (index >> 4 & 15) as i32,
        origin.z | (index >> 8) as i32,
    )
}

/// Which voxels of a block are not empty: bit `i & 63` of word `i >> 6` for voxel index `i`.
pub type Mask = [u64; BLOCK_VOXELS / 64];

/// Which of some voxels are not empty.
pub(crate) fn mask_of(voxels: &[Rgba; BLOCK_VOXELS]) -> Mask {
    mask_where(voxels, |color| !color.is_empty())
}

/// A block in the index.
#[derive(Clone, Default)]
pub(crate) enum Slot {
    /// No voxel.
    #[default]
    Empty,
    /// 4096 voxels of one colour, not empty.
    Uniform(Rgba),
    /// Voxels as they are, at least one not empty.
    Dense(Shared<Dense>),
    /// Voxels as numbers of colours, at least one not empty.
    Packed(Shared<Packed>),
    /// A few voxels, at least one.
    Few(Shared<Few>),
}

impl Slot {
    /// The form for a few voxels, if there is any.
    pub(crate) fn of_few(few: Few) -> Slot {
        if few.count() == 0 { Slot::Empty } else { Slot::Few(Shared::new(few)) }
    }

    /// The form for a block of one colour.
    pub(crate) fn of_color(color: Rgba) -> Slot {
        if color.is_empty() { Slot::Empty } else { Slot::Uniform(color) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Slot::Empty)
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Rgba {
        match self {
            Slot::Empty => Rgba::EMPTY,
            Slot::Uniform(color) => *color,
            Slot::Dense(dense) => dense.voxels[index],
            Slot::Packed(packed) => packed.get(index),
            Slot::Few(few) => few.get(index),
        }
    }

    pub(crate) fn copy_to(&self, voxels: &mut [Rgba; BLOCK_VOXELS]) {
        match self {
            Slot::Empty => voxels.fill(Rgba::EMPTY),
            Slot::Uniform(color) => voxels.fill(*color),
            Slot::Dense(dense) => *voxels = dense.voxels,
            Slot::Packed(packed) => packed.copy_to(voxels),
            Slot::Few(few) => few.copy_to(voxels),
        }
    }

    pub(crate) fn mask(&self) -> Mask {
        match self {
            Slot::Empty => [0; 64],
            Slot::Uniform(_) => [!0; 64],
            Slot::Dense(dense) => dense.mask,
            Slot::Packed(packed) => packed.mask(),
            Slot::Few(few) => few.mask(),
        }
    }

    pub(crate) fn count(&self) -> u32 {
        match self {
            Slot::Empty => 0,
            Slot::Uniform(_) => BLOCK_VOXELS as u32,
            Slot::Dense(dense) => dense.count,
            Slot::Packed(packed) => packed.count,
            Slot::Few(few) => few.count(),
        }
    }

    /// The one colour of an empty or uniform block.
    pub(crate) fn plain(&self) -> Option<Rgba> {
        match self {
            Slot::Empty => Some(Rgba::EMPTY),
            Slot::Uniform(color) => Some(*color),
            Slot::Dense(_) | Slot::Packed(_) | Slot::Few(_) => None,
        }
    }

    /// Bytes on the heap.
    pub(crate) fn memory(&self) -> u64 {
        match self {
            Slot::Empty | Slot::Uniform(_) => 0,
            Slot::Dense(_) => Shared::<Dense>::BYTES as u64,
            Slot::Few(_) => Shared::<Few>::BYTES as u64,
            Slot::Packed(packed) => {
                use super::slab::Stored;
                (Shared::<Packed>::BYTES + packed.heap()) as u64
            }
        }
    }

    /// A number that two slots share only if they hold the same block.
    pub(crate) fn identity(&self) -> usize {
        match self {
            Slot::Empty => 0,
            Slot::Uniform(color) => (u32::from_le_bytes(color.bytes()) as usize) << 1 | 1,
            Slot::Dense(dense) => dense.address(),
            Slot::Packed(packed) => packed.address(),
            Slot::Few(few) => few.address(),
        }
    }

    /// Equal versions mean equal voxels; see [`BlockRef::version`].
    pub(crate) fn version(&self) -> BlockVersion {
        match self {
            Slot::Empty | Slot::Uniform(_) => BlockVersion(self.identity(), 0),
            Slot::Dense(dense) => {
                generation::seen(dense.stamp);
                BlockVersion(self.identity(), dense.stamp)
            }
            Slot::Packed(packed) => packed.version,
            Slot::Few(few) => few.packed.unwrap_or_else(|| {
                generation::seen(few.stamp);
                BlockVersion(self.identity(), few.stamp)
            }),
        }
    }

    /// The same voxels in the smallest form that this module has for them.
    pub(crate) fn packed(&self) -> Option<Slot> {
        let Slot::Dense(dense) = self else { return None };
        if dense.count <= few::MOST as u32
            && let Some(mut few) = Few::of_masked(&dense.voxels, &dense.mask)
        {
            few.packed = Some(self.version());
            return Some(Slot::Few(Shared::new(few)));
        }
        let packed = Packed::new(&dense.voxels, self.version())?;
        Some(match packed.uniform() {
            Some(color) => Slot::Uniform(color),
            None => Slot::Packed(Shared::new(packed)),
        })
    }
}

/// What a block held at some moment, as a number to compare; see [`BlockRef::version`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct BlockVersion(usize, u64);

impl BlockVersion {
    /// That of a block that nobody knows yet and that never changes.
    pub(crate) fn fresh() -> BlockVersion {
        BlockVersion(0, generation::own())
    }

    /// That of an empty block.
    #[cfg(test)]
    pub(crate) const NONE: BlockVersion = BlockVersion(0, 0);
}

/// A read-only look at one block of a volume.
#[derive(Clone, Copy)]
pub struct BlockRef<'a> {
    pub(crate) slot: &'a Slot,
}

impl<'a> BlockRef<'a> {
    /// The colour of the voxel with this index (`x + 16 y + 256 z`, each 0..16).
    #[inline]
    pub fn get(&self, index: usize) -> Rgba {
        self.slot.get(index)
    }

    /// Copies all voxels out.
    pub fn copy_to(&self, voxels: &mut [Rgba; BLOCK_VOXELS]) {
        self.slot.copy_to(voxels);
    }

    /// The voxels themselves, if they are stored as such. Uniform and packed blocks are not; see
    /// [`BlockRef::copy_to`].
    pub fn voxels(&self) -> Option<&'a [Rgba; BLOCK_VOXELS]> {
        match self.slot {
            Slot::Dense(dense) => Some(&dense.voxels),
            _ => None,
        }
    }

    /// All voxels: where they are stored, or copied to the given place.
    pub fn voxels_or_copy<'b>(
        &self,
        place: &'b mut [Rgba; BLOCK_VOXELS],
    ) -> &'b [Rgba; BLOCK_VOXELS]
    where
        'a: 'b,
    {
        self.voxels().unwrap_or_else(|| {
            self.copy_to(place);
            place
        })
    }

    /// Which voxels are not empty. Kept with the block, so this is a copy of 512 bytes.
    pub fn mask(&self) -> Mask {
        self.slot.mask()
    }

    /// How many voxels are not empty.
    pub fn count(&self) -> u32 {
        self.slot.count()
    }

    /// The one colour of all voxels, if the block is stored as such.
    pub fn uniform(&self) -> Option<Rgba> {
        match self.slot {
            Slot::Uniform(color) => Some(*color),
            _ => None,
        }
    }

    /// The smallest box around its voxels that are not empty, for a block at a position.
    pub(crate) fn bounds(&self, at: BlockPos) -> Option<Bounds> {
        match self.slot {
            Slot::Empty => None,
            Slot::Uniform(_) => Some(at.bounds()),
            slot => mask_bounds(at, &slot.mask()),
        }
    }

    /// Bytes that its voxels take, besides its place in the index.
    pub fn memory(&self) -> u64 {
        self.slot.memory()
    }

    /// A value that tells later whether the block was written to: as long as the version is the
    /// same, so are the voxels. For caches.
    pub fn version(&self) -> BlockVersion {
        self.slot.version()
    }

    /// A number that two looks share only if they see the same storage, and that changes when the
    /// block is written to while somebody else shares it: for finding blocks that are stored once.
    pub fn identity(&self) -> usize {
        self.slot.identity()
    }
}
