//! How much evaluating may cost.

use crate::voxel::{BlockPos, Bounds};

/// How many blocks may be looked at for each that may be computed.
const VISITS_PER_BLOCK: u64 = 16;

/// The first and the last block in each direction.
pub(super) type BlockRange = ([i64; 3], [i64; 3]);

/// What evaluating may still cost.
pub(super) struct Effort {
    max_blocks: u64,
    blocks: u64,
    visits: u64,
}

impl Effort {
    pub(super) fn new(max_blocks: u64) -> Self {
        let visits = max_blocks.saturating_mul(VISITS_PER_BLOCK);
        Effort { max_blocks, blocks: max_blocks, visits }
    }

    /// The first and last block of a box in each direction, if there are not too many between them.
    pub(super) fn visit(&mut self, bounds: &Bounds) -> Result<BlockRange, String> {
        let range = (bounds.min.map(|v| v >> 4), bounds.max_inside().map(|v| v >> 4));
        let count = count(&range);
        let left = u64::try_from(count).ok().and_then(|count| self.visits.checked_sub(count));
        self.visits = left.ok_or_else(|| format!("spans {count} blocks, which is too many"))?;
        Ok(range)
    }

    pub(super) fn compute_block(&mut self) -> Result<(), String> {
        let left = self.blocks.checked_sub(1);
        self.blocks = left.ok_or_else(|| {
            format!("needs too many blocks: {} are the limit for all such layers", self.max_blocks)
        })?;
        Ok(())
    }

    /// Counts blocks that a layer has already.
    pub(super) fn keep_blocks(&mut self, blocks: u64) {
        self.blocks = self.blocks.saturating_sub(blocks);
    }
}

fn count((low, high): &BlockRange) -> u128 {
    (0..3).map(|axis| (high[axis] - low[axis] + 1) as u128).product()
}

/// The blocks, x fastest.
pub(super) fn positions((low, high): BlockRange) -> impl Iterator<Item = BlockPos> {
    (low[2]..=high[2]).flat_map(move |z| {
        (low[1]..=high[1]).flat_map(move |y| {
            (low[0]..=high[0]).map(move |x| BlockPos { x: x as i32, y: y as i32, z: z as i32 })
        })
    })
}
