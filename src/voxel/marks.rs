//! Recording what edits overwrite, at the cost of the touched blocks.
//!
//! While a recording runs, each block that is touched gets one entry. A dense block that is edited
//! voxel by voxel is not copied: its overwritten colours go to a log, up to [`POINTS`] of them; only
//! then a copy of the block as it was takes their place. A block in any other form, or one that is
//! replaced as a whole, is kept by its handle.
//!
//! The first voxel of a recording is only noted: most recordings are one voxel, and then nothing else has
//! to be kept about it. Before anything else is recorded, [`Marks::enter_single`] makes an entry of it.
//!
//! Who knows what: a chunk's `touched` bits say which of its blocks have an entry (valid if the
//! chunk's `session` is ours); a dense block's `MarkState` says where its log ends (valid if its
//! `session` is ours and the entry it names is for its position).

use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{Slot, point_in_block};
use super::dense::{Dense, MarkState};
use super::index::{Chunk, ChunkPos, Index, place_in_chunk};
use super::slab::Shared;
use super::{BlockPos, Bounds, Mask, Packer, Point, Rgba, Volume};
use crate::job::{Budget, leftovers};

/// How many points of one block are logged one by one before the block is copied.
const POINTS: u32 = 256;
/// Changes of up to this many blocks are packed at once; larger ones wait for a [`Packer`].
const PACK_AT_ONCE: usize = 64;
/// Memory that an idle recording keeps for the next one, in entries and points.
const KEPT: usize = 4096;
const NO_POINT: u32 = u32::MAX;

static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

/// One block that was touched.
struct Entry {
    at: BlockPos,
    /// The block as it was; `None` if the log has the points.
    before: Option<Slot>,
}

/// A voxel that was overwritten.
struct Logged {
    color: Rgba,
    /// The point of the same block that was logged before this one.
    previous: u32,
    index: u16,
}

/// A recording, under way if `session` is not 0.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) session: u64,
    /// The first voxel, as long as nothing else was recorded: where it is and what it was.
    single: Option<(BlockPos, usize, Rgba)>,
    entries: Vec<Entry>,
    log: Vec<Logged>,
}

/// What a block was before an edit.
#[derive(Clone)]
enum Before {
    /// The voxels that changed, each once.
    Points(Box<[(u16, Rgba)]>),
    /// All of it.
    Image(Slot),
}

#[derive(Clone)]
struct BlockChange {
    at: BlockPos,
    before: Before,
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

/// Changes of many blocks; what is left of them is freed in slices.
#[derive(Clone, Default)]
struct BlockChanges(Vec<BlockChange>);

impl Drop for BlockChanges {
    fn drop(&mut self) {
        if self.0.len() > PACK_AT_ONCE {
            leftovers::leave(std::mem::take(&mut self.0).into_iter());
        }
    }
}

impl Marks {
    pub(crate) fn start(&mut self) {
        self.single = None;
        self.entries.clear();
        self.log.clear();
        self.session = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes an overwritten voxel of a dense block if it is the first thing to be recorded.
    #[inline]
    pub(crate) fn note_single(&mut self, at: BlockPos, index: usize, color: Rgba) -> bool {
        let is_first = self.entries.is_empty() && self.single.is_none();
        if is_first {
            self.single = Some((at, index, color));
        }
        is_first
    }

    /// Makes an entry of the voxel that was noted, if there is one. Call it before anything else is recorded
    /// and before its block changes again.
    pub(crate) fn enter_single(&mut self, volume: &mut Index) {
        let Some((at, index, color)) = self.single.take() else { return };
        let chunk = volume.chunk_or_new(ChunkPos::of(at));
        let place = place_in_chunk(at);
        self.is_touched(chunk, place);
        let Slot::Dense(dense) = chunk.slot_mut(place) else {
            unreachable!("a block stays dense after one of its voxels was set")
        };
        let dense = dense.own();
        dense.marks = MarkState { session: self.session, entry: 0, newest: NO_POINT, left: POINTS };
        self.entries.push(Entry { at, before: None });
        self.log(&mut dense.marks, index, color);
    }

    /// Logs an overwritten voxel of a block that has points left. False if the block must be
    /// converted first.
    #[inline]
    pub(crate) fn log(&mut self, state: &mut MarkState, index: usize, color: Rgba) -> bool {
        if state.left == 1 {
            return false;
        }
        let place = self.log.len() as u32;
        self.log.push(Logged { color, previous: state.newest, index: index as u16 });
        state.newest = place;
        state.left -= 1;
        true
    }

    /// Whether a dense block's log belongs to this recording and this position.
    fn has_log(&self, at: BlockPos, state: &MarkState) -> bool {
        state.session == self.session
            && state.left > 0
            && self
                .entries
                .get(state.entry as usize)
                .is_some_and(|entry| entry.at == at && entry.before.is_none())
    }

    /// Prepares a chunk for this recording and tells whether a block in it has an entry.
    fn is_touched(&self, chunk: &mut Chunk, place: usize) -> bool {
        if chunk.session != self.session {
            chunk.session = self.session;
            chunk.touched = [0; 64];
        }
        let (word, bit) = (place >> 6, 1 << (place & 63));
        let touched = chunk.touched[word] & bit != 0;
        chunk.touched[word] |= bit;
        touched
    }

    /// Makes sure that a block can be restored after it is replaced.
    pub(crate) fn block(&mut self, chunk: &mut Chunk, at: BlockPos) {
        let place = place_in_chunk(at);
        if !self.is_touched(chunk, place) {
            let before = Some(chunk.slot(place).clone());
            self.entries.push(Entry { at, before });
        } else if let Slot::Dense(dense) = chunk.slot(place)
            && self.has_log(at, &dense.marks)
        {
            let state = dense.marks;
            self.entries[state.entry as usize].before = Some(self.image(dense, state.newest));
            if let Slot::Dense(dense) = chunk.slot_mut(place)
                && let Some(dense) = dense.get_mut()
            {
                dense.marks.left = 0;
            }
        }
    }

    /// Makes sure that a voxel can be restored after it is set. Afterwards the block needs no more
    /// than [`Marks::adopt`].
    pub(crate) fn point(&mut self, chunk: &mut Chunk, at: BlockPos, index: usize, last: bool) {
        let place = place_in_chunk(at);
        let Slot::Dense(_) = chunk.slot(place) else { return self.block(chunk, at) };
        let touched = self.is_touched(chunk, place);
        let Slot::Dense(dense) = chunk.slot_mut(place) else { return };
        if !touched {
            let entry = self.entries.len() as u32;
            self.entries.push(Entry { at, before: None });
            let dense = dense.own();
            dense.marks =
                MarkState { session: self.session, entry, newest: NO_POINT, left: POINTS };
        }
        if !self.has_log(at, &dense.marks) {
            return;
        }
        let dense = dense.own();
        let color = dense.voxels[index];
        if last || !self.log(&mut dense.marks, index, color) {
            self.block(chunk, at);
        }
    }

    /// Makes a dense block that is about to be written known to this recording.
    pub(crate) fn adopt(&self, dense: &mut Dense, at: BlockPos) {
        if !self.has_log(at, &dense.marks) {
            dense.marks = MarkState { session: self.session, ..MarkState::NONE };
        }
    }

    /// A block as it was before its logged points changed.
    fn image(&self, dense: &Dense, newest: u32) -> Slot {
        let mut image = Shared::copy_of(dense);
        let restored = image.own();
        restored.stamp = super::generation::now();
        for point in self.chain(newest) {
            restored.put(usize::from(point.index), point.color);
        }
        if restored.count == 0 { Slot::Empty } else { Slot::Dense(image) }
    }

    /// The logged points of a block, newest first.
    fn chain(&self, newest: u32) -> impl Iterator<Item = &Logged> {
        let at = |place: u32| self.log.get(place as usize);
        std::iter::successors(at(newest), move |point| at(point.previous))
    }

    /// The logged points of a block, each voxel once with its first colour.
    fn points(&self, newest: u32) -> Vec<(u16, Rgba)> {
        let mut points: Vec<_> = self.chain(newest).map(|p| (p.index, p.color)).collect();
        points.reverse();
        let mut seen: Mask = [0; 64];
        points.retain(|(index, _)| {
            let (word, bit) = (usize::from(index >> 6), 1 << (index & 63));
            let fresh = seen[word] & bit == 0;
            seen[word] |= bit;
            fresh
        });
        points
    }

    /// Whether something was recorded.
    pub(crate) fn is_any(&self) -> bool {
        self.session != 0 && (self.single.is_some() || !self.entries.is_empty())
    }

    /// Boxes around what was recorded, one for each block; `None` if there are more than `most`.
    pub(crate) fn boxes(&self, index: &Index, most: usize) -> Option<Vec<Bounds>> {
        if let Some((at, index, _)) = self.single {
            return Some(vec![Bounds::of_point(point_in_block(at, index))]);
        }
        let around = |entry: &Entry| {
            let points = self.chain(newest_point(index, entry.at)).map(|logged| {
                Bounds::of_point(point_in_block(entry.at, usize::from(logged.index)))
            });
            let points = points.reduce(|a, b| a.union(&b));
            points.filter(|_| entry.before.is_none()).unwrap_or(entry.at.bounds())
        };
        (self.entries.len() <= most).then(|| self.entries.iter().map(around).collect())
    }

    /// Ends the recording. `index` is that of the volume which was recorded.
    pub(crate) fn take(&mut self, index: &mut Index) -> VolumeChange {
        if self.session == 0 {
            return VolumeChange::default();
        }
        if let Some((at, index, color)) = self.single.take() {
            self.session = 0;
            return VolumeChange { kind: Kind::Point(point_in_block(at, index), color) };
        }
        let mut entries = std::mem::take(&mut self.entries);
        let kind = match entries.as_mut_slice() {
            [] => Kind::Nothing,
            [only] => self.kind_of_one(index, only),
            entries => {
                let changes = entries.iter_mut().map(|entry| self.change(index, entry));
                Kind::Blocks(BlockChanges(changes.collect()))
            }
        };
        self.entries = entries;
        self.session = 0;
        let mut last = None;
        for entry in self.entries.drain(..) {
            let pos = ChunkPos::of(entry.at);
            if last != Some(pos) {
                index.drop_if_empty(pos);
                last = Some(pos);
            }
        }
        self.log.clear();
        self.entries.shrink_to(KEPT);
        self.log.shrink_to(KEPT);
        let mut change = VolumeChange { kind };
        change.compact_if_small();
        change
    }

    fn kind_of_one(&self, index: &Index, entry: &mut Entry) -> Kind {
        let newest = newest_point(index, entry.at);
        if entry.before.is_none()
            && let Some(point) = self.log.get(newest as usize)
            && point.previous == NO_POINT
        {
            return Kind::Point(point_in_block(entry.at, usize::from(point.index)), point.color);
        }
        Kind::Block(self.change(index, entry))
    }

    /// Makes an entry a change; the block as it was is taken out of it.
    fn change(&self, index: &Index, entry: &mut Entry) -> BlockChange {
        let before = match entry.before.take() {
            Some(slot) => Before::Image(slot),
            None => Before::Points(self.points(newest_point(index, entry.at)).into()),
        };
        BlockChange { at: entry.at, before }
    }
}

fn newest_point(index: &Index, at: BlockPos) -> u32 {
    match index.slot(at) {
        Some(Slot::Dense(dense)) => dense.marks.newest,
        _ => NO_POINT,
    }
}

impl VolumeChange {
    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Nothing)
    }

    fn blocks(&self) -> &[BlockChange] {
        match &self.kind {
            Kind::Nothing | Kind::Point(..) => &[],
            Kind::Block(block) => std::slice::from_ref(block),
            Kind::Blocks(blocks) => &blocks.0,
        }
    }

    /// How many blocks it holds something of.
    pub fn block_count(&self) -> usize {
        self.blocks().len() + usize::from(matches!(self.kind, Kind::Point(..)))
    }

    /// A box around everything touched, to the voxel where single voxels were set, else to the block.
    pub fn bounds(&self) -> Option<Bounds> {
        if let Kind::Point(point, _) = self.kind {
            return Some(Bounds::of_point(point));
        }
        self.blocks().iter().filter_map(BlockChange::bounds).reduce(|a, b| a.union(&b))
    }

    /// Bytes this change keeps alive beside its own few.
    pub fn memory(&self) -> u64 {
        let table = match &self.kind {
            Kind::Blocks(blocks) => blocks.0.capacity() * size_of::<BlockChange>(),
            _ => 0,
        };
        table as u64 + self.blocks().iter().map(BlockChange::memory).sum::<u64>()
    }

    /// Packs the blocks that it keeps and that nobody else shares: a few microseconds a block. Small
    /// changes are packed from the start; call this for others when there is time.
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

    /// Puts the change into an index and returns what undoes that. Entries are applied last to first,
    /// so the inverse lists them in the order that the next call needs.
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

/// A change put into a volume block by block. The change itself stays as it is, so that this can be given up.
#[derive(Default)]
pub struct Applying {
    done: usize,
    /// What undoes it so far, and its bytes.
    inverse: VolumeChange,
    memory: u64,
}

impl Applying {
    /// Puts the next block back; false if there was none left. Not for use while marks are recorded.
    pub fn next_block(&mut self, change: &VolumeChange, volume: &mut Volume) -> bool {
        match &change.kind {
            Kind::Blocks(blocks) => {
                let next = blocks.0.len().checked_sub(self.done + 1);
                let Some(block) = next.and_then(|next| blocks.0.get(next)) else { return false };
                let inverse = block.clone().apply(&mut volume.index);
                self.memory += inverse.memory();
                match &mut self.inverse.kind {
                    Kind::Blocks(inverses) => inverses.0.push(inverse),
                    kind => {
                        let mut inverses = Vec::with_capacity(blocks.0.len());
                        inverses.push(inverse);
                        *kind = Kind::Blocks(BlockChanges(inverses));
                    }
                }
            }
            _ if self.done > 0 => return false,
            _ => {
                self.inverse = volume.apply(change.clone());
                self.memory = self.inverse.memory();
            }
        }
        self.done += 1;
        true
    }

    /// What undoes it, and the bytes that this keeps alive.
    pub fn finish(mut self) -> (VolumeChange, u64) {
        let few = self.inverse.blocks().len() <= PACK_AT_ONCE;
        self.inverse.compact_if_small();
        let memory = match &self.inverse.kind {
            Kind::Blocks(blocks) if !few => {
                self.memory + (blocks.0.capacity() * size_of::<BlockChange>()) as u64
            }
            _ => self.inverse.memory(),
        };
        (self.inverse, memory)
    }
}

impl BlockChange {
    fn bounds(&self) -> Option<Bounds> {
        match &self.before {
            Before::Image(_) => Some(self.at.bounds()),
            Before::Points(points) => points
                .iter()
                .map(|(index, _)| Bounds::of_point(point_in_block(self.at, usize::from(*index))))
                .reduce(|a, b| a.union(&b)),
        }
    }

    fn memory(&self) -> u64 {
        match &self.before {
            Before::Points(points) => size_of_val(&**points) as u64,
            Before::Image(slot) => slot.memory(),
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
