//! Volumes built voxel by voxel, fast and within a limit.

use super::{FormatError, Limits};
use crate::job::spread::SpreadMap;
use crate::job::{Slice, leftovers};
use crate::memory;
use crate::voxel::{
    BLOCK_VOXELS, BlockPos, BlockWalk, Bounds, Point, Rgba, Volume, memory_in_use, memory_limit,
};

/// Bytes that a block counts for, however it is stored.
pub(crate) const BLOCK_BYTES: u64 = BLOCK_VOXELS as u64 * 4;

/// Memory for voxels that a reader has left: of its own limit, or of the process's if that is less.
#[derive(Clone, Copy)]
pub(crate) struct Allowance {
    limit: u64,
    limit_name: &'static str,
    used: u64,
}

impl Allowance {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut left = memory_limit().saturating_sub(memory_in_use());
        if left < limits.max_voxel_bytes && leftovers::free_all() {
            left = memory_limit().saturating_sub(memory_in_use());
        }
        let (limit, limit_name) = match limits.max_voxel_bytes {
            own if own <= left => (own, "max_voxel_bytes"),
            _ => (left, "memory_limit (less what is in use)"),
        };
        Allowance { limit, limit_name, used: 0 }
    }

    /// Takes bytes for voxels.
    pub(crate) fn take(&mut self, bytes: u64) -> Result<(), FormatError> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit {
            return Err(FormatError::Limit {
                what: "memory for the file's voxels in bytes".to_owned(),
                limit_name: self.limit_name,
                limit: self.limit,
                got: self.used,
            });
        }
        // What the process has is looked at, whatever the file's own share is.
        memory::admit().map_err(over_memory)
    }

    pub(crate) fn block(&mut self) -> Result<(), FormatError> {
        self.take(BLOCK_BYTES)
    }

    /// How many more blocks there is room for.
    pub(crate) fn blocks_left(&self) -> u64 {
        (self.limit - self.used.min(self.limit)) / BLOCK_BYTES
    }
}

/// The refusal of what the process has no memory for.
pub(crate) fn over_memory(refused: memory::MemoryLimit) -> FormatError {
    let memory::MemoryLimit { limit, in_use, of, flag } = refused;
    let limit_name = if flag == "--max-memory" { "max_memory" } else { "max_voxel_memory" };
    FormatError::Limit { what: format!("memory of {of} in bytes"), limit_name, limit, got: in_use }
}

/// The box around all voxels of some blocks. Asking a volume for it would go through all of its
/// blocks at once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Around(pub(crate) Option<Bounds>);

impl Around {
    /// Takes in the voxels of a block that has just been put into a volume.
    pub(crate) fn add(&mut self, volume: &Volume, at: BlockPos) {
        let holds_all = self.0.is_some_and(|known| known.union(&at.bounds()) == known);
        if !holds_all && let Some(block) = volume.block(at) {
            self.0 = Bounds::union_of(self.0, block.bounds(at));
        }
    }
}

/// Blocks looked at in one unit of work.
const MEASURED_A_UNIT: usize = 256;

/// Finds the box around all voxels of a volume.
pub(crate) async fn measure(volume: &Volume, slice: &Slice) -> Option<Bounds> {
    let (mut walk, mut around, mut looked_at) = (BlockWalk::new(), Around::default(), 0);
    while let Some(at) = walk.next_in(volume, slice).await {
        around.add(volume, at);
        looked_at += 1;
        if looked_at % MEASURED_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    around.0
}

/// The voxels of a block in the making. Memory for all of them takes ten times as long to get as to
/// set the few that many blocks have, and thousands of blocks may be new in one unit of work.
enum Voxels {
    /// Their places and colours; later ones win.
    Few(Vec<(u16, Rgba)>),
    Many(Box<[Rgba; BLOCK_VOXELS]>),
}

/// The most voxels that are kept as [`Voxels::Few`].
const FEW_MAX: usize = 16;

impl Voxels {
    #[inline]
    fn set(&mut self, place: u16, color: Rgba) {
        match self {
            Voxels::Many(voxels) => voxels[usize::from(place)] = color,
            Voxels::Few(_) => self.set_in_few(place, color),
        }
    }

    #[cold]
    fn set_in_few(&mut self, place: u16, color: Rgba) {
        match self {
            Voxels::Few(few) if few.len() < FEW_MAX => few.push((place, color)),
            Voxels::Few(few) => {
                let mut many = spread_out(few);
                many[usize::from(place)] = color;
                *self = Voxels::Many(many);
            }
            Voxels::Many(_) => self.set(place, color),
        }
    }

    fn into_all(self) -> Box<[Rgba; BLOCK_VOXELS]> {
        match self {
            Voxels::Few(few) => spread_out(&few),
            Voxels::Many(voxels) => voxels,
        }
    }
}

/// All voxels of a block, of which some are known.
fn spread_out(few: &[(u16, Rgba)]) -> Box<[Rgba; BLOCK_VOXELS]> {
    let mut voxels = Box::new([Rgba::EMPTY; BLOCK_VOXELS]);
    few.iter().for_each(|&(place, color)| voxels[usize::from(place)] = color);
    voxels
}

/// A volume in the making. Voxels that come in runs within a block cost a few nanoseconds each.
pub(crate) struct VolumeBuilder {
    index: SpreadMap<BlockPos, usize>,
    blocks: Vec<(BlockPos, Voxels)>,
    last: (BlockPos, usize),
    around: Around,
}

/// No voxel lies in this block, so it can stand for "none yet".
const NOWHERE: BlockPos = BlockPos { x: i32::MAX, y: i32::MAX, z: i32::MAX };

impl VolumeBuilder {
    pub(crate) fn new() -> Self {
        let (index, blocks, around) = Default::default();
        VolumeBuilder { index, blocks, last: (NOWHERE, 0), around }
    }

    /// Sets a voxel; a later one at the same place wins.
    pub(crate) fn set(
        &mut self,
        point: Point,
        color: Rgba,
        allowance: &mut Allowance,
    ) -> Result<(), FormatError> {
        let at = BlockPos::of(point);
        if self.last.0 != at {
            self.last = (at, self.find(at, allowance)?);
        }
        let index = (point.x & 15) | (point.y & 15) << 4 | (point.z & 15) << 8;
        self.blocks[self.last.1].1.set(index as u16, color);
        Ok(())
    }

    #[cold]
    fn find(&mut self, at: BlockPos, allowance: &mut Allowance) -> Result<usize, FormatError> {
        if let Some(&known) = self.index.get(&at) {
            return Ok(known);
        }
        allowance.block()?;
        self.index.insert(at, self.blocks.len());
        self.blocks.push((at, Voxels::Few(Vec::new())));
        Ok(self.blocks.len() - 1)
    }

    /// The box around all voxels that are moved.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.around.0
    }

    /// How many blocks are left to be moved.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Moves one block into a volume; false if there is none left.
    pub(crate) fn move_block(&mut self, volume: &mut Volume) -> bool {
        self.last = (NOWHERE, 0);
        match self.blocks.pop() {
            Some((at, voxels)) => {
                self.index.remove(&at);
                volume.set_block(at, &voxels.into_all());
                self.around.add(volume, at);
                true
            }
            None => false,
        }
    }

    /// The finished volume.
    #[cfg(test)]
    pub(crate) fn into_volume(mut self) -> Volume {
        let mut volume = Volume::new();
        while self.move_block(&mut volume) {}
        volume
    }
}

impl Drop for VolumeBuilder {
    /// A reader that is given up leaves its blocks to be freed in slices.
    fn drop(&mut self) {
        leftovers::leave(std::mem::take(&mut self.blocks).into_iter());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_built_from_voxels_in_any_order() {
        let mut allowance = Allowance::new(Limits::default());
        let mut builder = VolumeBuilder::new();
        let points = [[0, 0, 0], [15, 0, 0], [16, 0, 0], [-1, -1, -1], [0, 0, 1], [16, 0, 0]];
        for (index, point) in points.into_iter().enumerate() {
            let color = Rgba::opaque(index as u8, 0, 0);
            assert!(builder.set(point.into(), color, &mut allowance).is_ok());
        }
        let volume = builder.into_volume();
        assert_eq!(volume.count(), 5);
        assert_eq!(volume.get([16, 0, 0].into()), Rgba::opaque(5, 0, 0));
        assert_eq!(volume.get([-1, -1, -1].into()), Rgba::opaque(3, 0, 0));
    }

    #[test]
    fn a_block_is_the_same_with_few_voxels_and_with_many() {
        let mut allowance = Allowance::new(Limits::default());
        for count in [1, FEW_MAX, FEW_MAX + 1, 100, 9000] {
            let (mut builder, mut expected) = (VolumeBuilder::new(), Volume::new());
            for number in 0..count as i32 {
                let point = Point::new(number * 7 % 16, number / 3 % 16, number / 16 % 16);
                let color = Rgba::new(number as u8, 1, 2, 255 * (number % 5).min(1) as u8);
                assert!(builder.set(point, color, &mut allowance).is_ok());
                expected.set(point, color);
            }
            assert_eq!(builder.into_volume().state_hash(), expected.state_hash(), "{count}");
        }
    }

    #[test]
    fn the_allowance_ends_before_the_memory_does() {
        let limits = Limits { max_voxel_bytes: 2 * BLOCK_BYTES, ..Limits::default() };
        let mut allowance = Allowance::new(limits);
        let mut builder = VolumeBuilder::new();
        let results = (0..3)
            .map(|x| builder.set(Point::new(16 * x, 0, 0), Rgba::WHITE, &mut allowance).is_ok());
        assert_eq!(results.collect::<Vec<_>>(), [true, true, false]);
    }
}
