//! What an edit did to a volume, and how that is put back.
//!
//! A change of one voxel takes no memory of its own; one of several blocks lists them in the order
//! in which they were touched. It is applied last to first, so the inverse lists them in the order
//! that the next call needs.

use super::block::Slot;
use super::block_edit::bounds_of_used;
use super::index::{ChunkPos, Index};
use super::{BlockPos, Bounds, Packer, Point, Rgba, Volume};
use crate::job::{Budget, leftovers};

/// Changes of up to this many blocks are packed at once; larger ones wait for a [`Packer`].
pub(super) const PACK_AT_ONCE: usize = 64;

/// What a block was before an edit.
#[derive(Clone)]
pub(super) enum Before {
    /// The voxels that changed, each once.
    Points(Box<[(u16, Rgba)]>),
    /// All of it.
    Image(Slot),
}

/// What an edit did to a block.
#[derive(Clone)]
pub(super) struct BlockChange {
    pub(super) at: BlockPos,
    pub(super) before: Before,
}

/// What an edit did to a volume: enough to undo it, at the cost of the touched blocks only.
#[derive(Clone, Default)]
pub struct VolumeChange {
    kind: Kind,
}

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Nothing,
    /// One voxel. The commonest edit of all, so it takes no memory of its own.
    Point(Point, Rgba),
    /// One block.
    Block(BlockChange),
    Blocks(BlockChanges),
}

/// Changes of blocks; what is left of many is freed in slices.
#[derive(Clone, Default)]
pub(super) struct BlockChanges(pub(super) Vec<BlockChange>);

impl Drop for BlockChanges {
    fn drop(&mut self) {
        if self.0.len() > PACK_AT_ONCE {
            leftovers::leave(std::mem::take(&mut self.0).into_iter());
        }
    }
}

/// Bytes that something keeps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Kept {
    /// Of its own.
    pub own: u64,
    /// In blocks and their tables, which others may share.
    pub blocks: u64,
}

impl Kept {
    /// All of them.
    pub fn total(self) -> u64 {
        self.own + self.blocks
    }
}

impl std::ops::AddAssign for Kept {
    fn add_assign(&mut self, other: Kept) {
        self.own += other.own;
        self.blocks += other.blocks;
    }
}

impl std::iter::Sum for Kept {
    fn sum<I: Iterator<Item = Kept>>(all: I) -> Kept {
        all.fold(Kept::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// A change, and what is known of it without another look at its blocks.
#[derive(Default)]
pub struct MeasuredChange {
    /// The change.
    pub change: VolumeChange,
    /// As [`VolumeChange::bounds`] tells.
    pub bounds: Option<Bounds>,
    /// As [`VolumeChange::kept`] tells.
    pub kept: Kept,
}

impl MeasuredChange {
    /// Looks at each block of a change.
    pub fn of(change: VolumeChange) -> Self {
        MeasuredChange { bounds: change.bounds(), kept: change.kept(), change }
    }
}

/// What a change touched of a block.
pub(super) enum Touched<'a> {
    /// One voxel.
    Voxel(u16),
    /// Some voxels, here with what they were.
    Points(&'a [(u16, Rgba)]),
    /// All of it, perhaps.
    Block,
}

impl VolumeChange {
    /// Of one voxel, which was of a colour before.
    pub(crate) fn of_point(point: Point, before: Rgba) -> Self {
        VolumeChange { kind: Kind::Point(point, before) }
    }

    /// Of blocks, in the order in which they were touched.
    pub(super) fn of_blocks(mut blocks: BlockChanges) -> Self {
        let kind = match blocks.0.len() {
            0 | 1 => blocks.0.pop().map_or(Kind::Nothing, Kind::Block),
            _ => Kind::Blocks(blocks),
        };
        let mut change = VolumeChange { kind };
        change.compact_if_small();
        change
    }

    /// With the box around its blocks and their bytes; those of small changes are counted again, as
    /// they were packed.
    pub(super) fn measured(self, bounds: Option<Bounds>, mut blocks: Kept) -> MeasuredChange {
        if self.block_count() <= PACK_AT_ONCE {
            blocks = self.blocks().iter().map(BlockChange::kept).sum();
        }
        let kept = Kept { own: blocks.own + self.table_bytes(), ..blocks };
        MeasuredChange { change: self, bounds, kept }
    }

    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Nothing)
    }

    /// Whether it is of one voxel, which it keeps nothing beside itself for.
    pub fn is_of_point(&self) -> bool {
        matches!(self.kind, Kind::Point(..))
    }

    fn blocks(&self) -> &[BlockChange] {
        match &self.kind {
            Kind::Nothing | Kind::Point(..) => &[],
            Kind::Block(block) => std::slice::from_ref(block),
            Kind::Blocks(blocks) => &blocks.0,
        }
    }

    /// Tells what it touched of each block.
    pub(super) fn for_each_touched(&self, tell: &mut dyn FnMut(BlockPos, Touched<'_>)) {
        if let Kind::Point(point, _) = self.kind {
            let index = super::block::index_in_block(point) as u16;
            tell(BlockPos::of(point), Touched::Voxel(index));
        }
        for block in self.blocks() {
            match &block.before {
                Before::Points(points) => tell(block.at, Touched::Points(points)),
                Before::Image(_) => tell(block.at, Touched::Block),
            }
        }
    }

    /// How many blocks it holds something of.
    pub fn block_count(&self) -> usize {
        self.blocks().len() + usize::from(matches!(self.kind, Kind::Point(..)))
    }

    /// A box around everything touched, to the voxel where single voxels were set, else to the
    /// block.
    pub fn bounds(&self) -> Option<Bounds> {
        if let Kind::Point(point, _) = self.kind {
            return Some(Bounds::of_point(point));
        }
        self.blocks().iter().filter_map(BlockChange::bounds).reduce(|a, b| a.union(&b))
    }

    /// Bytes this change keeps alive beside its own few.
    pub fn memory(&self) -> u64 {
        self.kept().total()
    }

    /// The same, those in blocks apart.
    pub fn kept(&self) -> Kept {
        let blocks: Kept = self.blocks().iter().map(BlockChange::kept).sum();
        Kept { own: blocks.own + self.table_bytes(), ..blocks }
    }

    fn table_bytes(&self) -> u64 {
        match &self.kind {
            Kind::Blocks(blocks) => (blocks.0.capacity() * size_of::<BlockChange>()) as u64,
            _ => 0,
        }
    }

    /// Packs the blocks that it keeps and that nobody else shares: a few microseconds a block.
    /// Small changes are packed from the start; call this for others when there is time.
    pub fn compact(&mut self) {
        match &mut self.kind {
            Kind::Nothing | Kind::Point(..) => {}
            Kind::Block(block) => block.compact(),
            Kind::Blocks(blocks) => {
                blocks.0.iter_mut().for_each(BlockChange::compact);
                blocks.0.shrink_to_fit();
            }
        }
    }

    /// Packs the blocks that it keeps from one on, in slices. Returns the one to go on with, if the
    /// budget ended it, and how many bytes less it takes now.
    pub(crate) fn pack(
        &mut self,
        packer: &mut Packer,
        first: usize,
        budget: &mut Budget,
    ) -> (Option<usize>, u64) {
        let blocks = match &mut self.kind {
            Kind::Nothing | Kind::Point(..) => return (None, 0),
            Kind::Block(block) => std::slice::from_mut(block),
            Kind::Blocks(blocks) => &mut blocks.0,
        };
        let mut saved = 0;
        for (number, block) in blocks.iter_mut().enumerate().skip(first) {
            let Before::Image(slot) = &mut block.before else { continue };
            if let Some(packed) = packer.packed_form(slot) {
                saved += slot.memory().saturating_sub(packed.memory());
                *slot = packed;
            }
            if !budget.spend(1) {
                return (Some(number + 1), saved);
            }
        }
        (None, saved)
    }

    fn compact_if_small(&mut self) {
        if self.blocks().len() <= PACK_AT_ONCE {
            self.compact();
        }
    }

    /// Puts the change into an index and returns what undoes that. Entries are applied last to
    /// first, so the inverse lists them in the order that the next call needs.
    pub(crate) fn apply(self, index: &mut Index) -> VolumeChange {
        let kind = match self.kind {
            Kind::Nothing => Kind::Nothing,
            Kind::Point(point, color) => {
                let place = super::block::index_in_block(point);
                let at = BlockPos::of(point);
                let before = index.set_points(at, &[(place as u16, color)]);
                index.drop_if_empty(ChunkPos::of(at));
                Kind::Point(point, before[0].1)
            }
            Kind::Block(block) => Kind::Block(block.apply(index)),
            Kind::Blocks(mut blocks) => {
                let blocks = std::mem::take(&mut blocks.0).into_iter().rev();
                Kind::Blocks(BlockChanges(blocks.map(|block| block.apply(index)).collect()))
            }
        };
        let mut change = VolumeChange { kind };
        change.compact_if_small();
        change
    }
}

/// A change put into a volume block by block. The change itself stays as it is, so that this can be
/// given up.
#[derive(Default)]
pub struct Applying {
    /// What undoes it so far, with the box around it and its bytes.
    inverse: BlockChanges,
    bounds: Option<Bounds>,
    kept: Kept,
    /// What undoes it, if it is a single voxel.
    point: Option<VolumeChange>,
}

impl Applying {
    /// Puts the next block back; false if there was none left. Not for use while marks are
    /// recorded.
    pub fn next_block(&mut self, change: &VolumeChange, volume: &mut Volume) -> bool {
        if let Kind::Point(..) = change.kind {
            let is_first = self.point.is_none();
            if is_first {
                self.point = Some(volume.apply(change.clone()));
            }
            return is_first;
        }
        let blocks = change.blocks();
        let next = blocks.len().checked_sub(self.inverse.0.len() + 1);
        let Some(block) = next.and_then(|next| blocks.get(next)) else { return false };
        let inverse = block.clone().apply(&mut volume.index);
        self.bounds = Bounds::union_of(self.bounds, inverse.bounds());
        self.kept += inverse.kept();
        if self.inverse.0.is_empty() {
            self.inverse.0.reserve_exact(blocks.len());
        }
        self.inverse.0.push(inverse);
        true
    }

    /// What undoes it.
    pub fn finish(self) -> MeasuredChange {
        match self.point {
            Some(point) => MeasuredChange::of(point),
            None => VolumeChange::of_blocks(self.inverse).measured(self.bounds, self.kept),
        }
    }
}

impl BlockChange {
    pub(super) fn bounds(&self) -> Option<Bounds> {
        match &self.before {
            Before::Image(_) => Some(self.at.bounds()),
            Before::Points(points) => {
                let mut used = [0; 3];
                for (index, _) in points {
                    used[0] |= 1 << (index & 15);
                    used[1] |= 1 << (index >> 4 & 15);
                    used[2] |= 1 << (index >> 8 & 15);
                }
                bounds_of_used(self.at, used)
            }
        }
    }

    pub(super) fn kept(&self) -> Kept {
        match &self.before {
            // With what the allocator adds to so small a piece.
            Before::Points(points) => Kept { own: 16 + size_of_val(&**points) as u64, blocks: 0 },
            Before::Image(slot) => Kept { own: 0, blocks: slot.memory() },
        }
    }

    fn compact(&mut self) {
        if let Before::Image(slot) = &mut self.before
            && let Slot::Dense(dense) = slot
            && dense.get_mut().is_some()
            && let Some(packed) = slot.packed()
        {
            *slot = packed;
        }
    }

    fn apply(self, index: &mut Index) -> BlockChange {
        let before = match self.before {
            Before::Points(points) => Before::Points(index.set_points(self.at, &points).into()),
            Before::Image(slot) => Before::Image(index.replace(self.at, slot)),
        };
        index.drop_if_empty(ChunkPos::of(self.at));
        BlockChange { at: self.at, before }
    }
}
