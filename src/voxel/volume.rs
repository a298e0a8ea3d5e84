//! A sparse volume of voxels.
//!
//! Invariants: no stored block is wholly empty; iteration order is z, then y, then x of the blocks and
//! does not depend on the history of edits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::block::{Block, index_in_block};
use super::block_edit::EditReport;
use super::block_range::block_bounds;
use super::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Point, Rgba};
use super::{BlendMode, Mask};

type Key = (i32, i32, i32);

fn key(pos: BlockPos) -> Key {
    (pos.z, pos.y, pos.x)
}

fn pos((z, y, x): Key) -> BlockPos {
    BlockPos { x, y, z }
}

/// An unbounded sparse grid of voxels. Cloning shares all blocks.
#[derive(Clone, Default)]
pub struct Volume {
    blocks: BTreeMap<Key, Arc<Block>>,
    /// While marks are recorded: what each touched block was before it was first touched.
    marks: Option<BTreeMap<Key, Option<Arc<Block>>>>,
}

/// What an edit did to a volume: enough to undo it, at the cost of the touched blocks only.
#[derive(Clone, Default)]
pub struct VolumeChange {
    blocks: BTreeMap<Key, Option<Arc<Block>>>,
}

impl VolumeChange {
    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A box around everything touched, aligned to blocks.
    pub fn bounds(&self) -> Option<Bounds> {
        self.blocks.keys().map(|&k| block_bounds(pos(k))).reduce(|a, b| a.union(&b))
    }

    /// Bytes this change keeps alive.
    pub fn memory(&self) -> u64 {
        self.blocks.values().flatten().count() as u64 * (BLOCK_VOXELS as u64 * 4)
    }
}

impl Volume {
    /// An empty volume.
    pub fn new() -> Self {
        Volume::default()
    }

    /// The colour of a voxel; [`Rgba::EMPTY`] where nothing is.
    pub fn get(&self, point: Point) -> Rgba {
        match self.blocks.get(&key(BlockPos::of(point))) {
            Some(block) => block.voxels[index_in_block(point)],
            None => Rgba::EMPTY,
        }
    }

    /// Sets a voxel and returns what it was. Alpha 0 erases.
    pub fn set(&mut self, point: Point, color: Rgba) -> Rgba {
        let old = self.get(point);
        if old == color || (old.is_empty() && color.is_empty()) {
            return old;
        }
        let k = key(BlockPos::of(point));
        self.mark(k);
        let block = self.blocks.entry(k).or_insert_with(|| Arc::new(Block::empty()));
        let block = Arc::make_mut(block);
        block.voxels[index_in_block(point)] = if color.is_empty() { Rgba::EMPTY } else { color };
        if color.is_empty() && block.is_empty() {
            self.blocks.remove(&k);
        }
        old
    }

    /// Fills a box with one colour (alpha 0 erases) and returns how many voxels changed.
    pub fn fill(&mut self, bounds: Bounds, color: Rgba) -> u64 {
        let Some(bounds) = bounds.intersect(&Bounds::ALL) else { return 0 };
        let mut changed = 0;
        for z in bounds.min[2]..bounds.max[2] {
            for y in bounds.min[1]..bounds.max[1] {
                for x in bounds.min[0]..bounds.max[0] {
                    changed +=
                        u64::from(self.set([x as i32, y as i32, z as i32].into(), color) != color);
                }
            }
        }
        changed
    }

    /// Removes every voxel.
    pub fn clear(&mut self) {
        for k in self.blocks.keys().copied().collect::<Vec<_>>() {
            self.mark(k);
            self.blocks.remove(&k);
        }
    }

    /// Replaces one block by 4096 voxels in block order.
    pub fn set_block(&mut self, at: BlockPos, voxels: &[Rgba; BLOCK_VOXELS]) {
        let k = key(at);
        self.mark(k);
        let mut block = Block { voxels: Box::new(*voxels) };
        block.voxels.iter_mut().filter(|c| c.is_empty()).for_each(|c| *c = Rgba::EMPTY);
        if block.is_empty() {
            self.blocks.remove(&k);
        } else {
            self.blocks.insert(k, Arc::new(block));
        }
    }

    /// Blends a colour into the voxels of a block that a mask picks.
    pub(crate) fn blend_block(
        &mut self,
        at: BlockPos,
        picked: &Mask,
        mode: BlendMode,
        color: Rgba,
        report: &mut EditReport,
    ) {
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        if let Some(block) = self.block(at) {
            block.copy_to(&mut voxels);
        }
        let (mut changed, mut before, mut after) = ([0; 64], [0; 64], [0; 64]);
        for (index, voxel) in voxels.iter_mut().enumerate() {
            let (word, bit) = (index >> 6, index & 63);
            let old = *voxel;
            if picked[word] >> bit & 1 == 1 {
                *voxel = mode.blend(old, color);
            }
            changed[word] |= u64::from(old != *voxel) << bit;
            before[word] |= u64::from(!old.is_empty()) << bit;
            after[word] |= u64::from(!voxel.is_empty()) << bit;
        }
        if changed != [0; 64] {
            self.set_block(at, &voxels);
        }
        report.count(at, &changed, &before, &after);
    }

    /// Replaces one block by a block seen in any volume, sharing its storage.
    pub fn share_block(&mut self, at: BlockPos, block: BlockRef<'_>) {
        let k = key(at);
        self.mark(k);
        self.blocks.insert(k, Arc::clone(block.block));
    }

    /// Whether there is no voxel at all.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many voxels are not empty.
    pub fn count(&self) -> u64 {
        self.blocks().map(|(_, block)| u64::from(block.count())).sum()
    }

    /// The smallest box around all voxels.
    pub fn bounds(&self) -> Option<Bounds> {
        self.voxels().map(|(point, _)| Bounds::of_point(point)).reduce(|a, b| a.union(&b))
    }

    /// The smallest box of whole blocks around all voxels.
    pub fn block_bounds(&self) -> Option<Bounds> {
        self.blocks().map(|(at, _)| block_bounds(at)).reduce(|a, b| a.union(&b))
    }

    /// The blocks, in the order z, y, x of their positions.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockPos, BlockRef<'_>)> {
        self.blocks.iter().map(|(&k, block)| (pos(k), BlockRef { block }))
    }

    /// How many blocks are stored.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// One block, if it holds anything.
    pub fn block(&self, at: BlockPos) -> Option<BlockRef<'_>> {
        self.blocks.get(&key(at)).map(|block| BlockRef { block })
    }

    /// All voxels that are not empty, block by block.
    pub fn voxels(&self) -> impl Iterator<Item = (Point, Rgba)> + '_ {
        self.blocks().flat_map(|(at, block)| {
            let o = at.origin();
            (0..BLOCK_VOXELS).filter_map(move |index| {
                let color = block.get(index);
                let offset = [index & 15, (index >> 4) & 15, index >> 8].map(|v| v as i32);
                let point = Point::new(o.x + offset[0], o.y + offset[1], o.z + offset[2]);
                (!color.is_empty()).then_some((point, color))
            })
        })
    }

    /// Bytes that this volume keeps alive, shared blocks counted in full.
    pub fn memory(&self) -> u64 {
        self.blocks.len() as u64 * (BLOCK_VOXELS as u64 * 4 + 64)
    }

    /// Starts to record what edits overwrite, until [`Volume::take_marks`].
    pub fn start_marks(&mut self) {
        self.marks = Some(BTreeMap::new());
    }

    /// Ends the recording and returns the change; give it to [`Volume::apply`] to undo it.
    pub fn take_marks(&mut self) -> VolumeChange {
        VolumeChange { blocks: self.marks.take().unwrap_or_default() }
    }

    /// Puts back what a change recorded and returns the change that undoes this in turn.
    pub fn apply(&mut self, change: VolumeChange) -> VolumeChange {
        let mut inverse = BTreeMap::new();
        for (k, block) in change.blocks {
            let current = match block {
                Some(block) => self.blocks.insert(k, block),
                None => self.blocks.remove(&k),
            };
            inverse.insert(k, current);
        }
        VolumeChange { blocks: inverse }
    }

    fn mark(&mut self, k: Key) {
        if let Some(marks) = &mut self.marks
            && let Entry::Vacant(entry) = marks.entry(k)
        {
            entry.insert(self.blocks.get(&k).cloned());
        }
    }
}
