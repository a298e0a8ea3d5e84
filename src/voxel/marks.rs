//! Recording what edits overwrite, at the cost of the touched blocks.
//!
//! While a recording runs, each block that is touched gets one entry. A dense block that is edited
//! voxel by voxel is not copied: its overwritten colours go to a log, up to [`POINTS`] of them;
//! only then a copy of the block as it was takes their place. A block in any other form, or one
//! that is replaced as a whole, is kept by its handle.
//!
//! The first voxel of a recording is only noted: most recordings are one voxel, and then nothing
//! else has to be kept about it. Before anything else is recorded, [`Marks::enter_single`] makes an
//! entry of it.
//!
//! Who knows what: a chunk's `touched` bits say which of its blocks have an entry (valid if the
//! chunk's `session` is ours); a dense block's `MarkState` says where its log ends (valid if its
//! `session` is ours and the entry it names is for its position).

use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{Slot, point_in_block};
use super::change::{Before, BlockChange, BlockChanges, Kept, MeasuredChange};
use super::dense::{Dense, MarkState};
use super::few::Few;
use super::index::{Chunk, ChunkPos, Index, place_in_chunk};
use super::slab::Shared;
use super::{BlockPos, Bounds, Mask, Rgba, Volume, VolumeChange};
use crate::job::leftovers;

/// How many points of one block are logged one by one before the block is copied.
const POINTS: u32 = 256;
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

    /// Makes an entry of the voxel that was noted, if there is one. Call it before anything else is
    /// recorded and before its block changes again.
    pub(crate) fn enter_single(&mut self, volume: &mut Index) {
        let Some((at, index, color)) = self.single.take() else { return };
        let chunk = volume.chunk_or_new(ChunkPos::of(at));
        let place = place_in_chunk(at);
        chunk.touch(self.session, place);
        match chunk.slot_mut(place) {
            Some(Slot::Dense(dense)) => {
                let (session, newest) = (self.session, NO_POINT);
                let dense = dense.own();
                dense.marks = MarkState { session, entry: 0, newest, left: POINTS };
                self.entries.push(Entry { at, before: None });
                self.log(&mut dense.marks, index, color);
            }
            Some(Slot::Few(few)) => {
                let mut before = Few::clone(few);
                // It had room for this voxel: it is the one that was set since.
                before.put(index, color);
                self.entries.push(Entry { at, before: Some(Slot::of_few(before)) });
            }
            _ => unreachable!("a block keeps its form after one of its voxels was set"),
        }
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

    /// Makes sure that a block can be restored after it is replaced.
    pub(crate) fn block(&mut self, chunk: &mut Chunk, at: BlockPos) {
        let place = place_in_chunk(at);
        if !chunk.touch(self.session, place) {
            let before = Some(chunk.slot(place).clone());
            self.entries.push(Entry { at, before });
        } else if let Slot::Dense(dense) = chunk.slot(place)
            && self.has_log(at, &dense.marks)
        {
            let state = dense.marks;
            self.entries[state.entry as usize].before = Some(self.image(dense, state.newest));
            if let Some(Slot::Dense(dense)) = chunk.slot_mut(place)
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
        let touched = chunk.touch(self.session, place);
        let Some(Slot::Dense(dense)) = chunk.slot_mut(place) else { return };
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
    pub(crate) fn take(&mut self, index: &mut Index) -> MeasuredChange {
        if self.session == 0 {
            return MeasuredChange::default();
        }
        if let Some((at, index, color)) = self.single.take() {
            self.session = 0;
            let change = VolumeChange::of_point(point_in_block(at, index), color);
            return MeasuredChange::of(change);
        }
        if let [only] = self.entries.as_slice()
            && let Some(change) = self.only_point(index, only)
        {
            index.drop_if_empty(ChunkPos::of(only.at));
            self.end();
            return MeasuredChange::of(change);
        }
        let mut ending = EndingMarks::default();
        while ending.take_next(self, index) {}
        ending.finish(self, index)
    }

    /// The change that the only touched block makes if it was touched in a single voxel.
    fn only_point(&self, index: &Index, only: &Entry) -> Option<VolumeChange> {
        if let Some(before) = &only.before {
            let Before::Points(points) = of_few(before, index.slot(only.at))? else { return None };
            let [(place, color)] = *points else { return None };
            return Some(VolumeChange::of_point(point_in_block(only.at, place.into()), color));
        }
        let point = self.log.get(newest_point(index, only.at) as usize)?;
        let is_single = only.before.is_none() && point.previous == NO_POINT;
        let at = point_in_block(only.at, usize::from(point.index));
        is_single.then(|| VolumeChange::of_point(at, point.color))
    }

    /// What a touched block was before; taken out of its entry.
    fn take_block(&mut self, index: &Index, number: usize) -> Option<BlockChange> {
        let entry = self.entries.get_mut(number)?;
        let (at, before) = (entry.at, entry.before.take());
        let before = match before {
            Some(slot) => of_few(&slot, index.slot(at)).unwrap_or(Before::Image(slot)),
            None => Before::Points(self.points(newest_point(index, at)).into()),
        };
        Some(BlockChange { at, before })
    }

    /// What takes back all that was recorded so far. The recording goes on.
    pub(crate) fn so_far(&mut self, index: &mut Index) -> VolumeChange {
        self.enter_single(index);
        let change = |entry: &Entry| {
            let before = match &entry.before {
                Some(slot) => Before::Image(slot.clone()),
                None => Before::Points(self.points(newest_point(index, entry.at)).into()),
            };
            BlockChange { at: entry.at, before }
        };
        VolumeChange::of_blocks(BlockChanges(self.entries.iter().map(change).collect()))
    }

    /// Forgets what was recorded and records no more.
    fn end(&mut self) {
        self.session = 0;
        self.leave_many_entries();
        self.entries.clear();
        self.log.clear();
        self.log.shrink_to(KEPT);
    }

    /// Has many entries freed in slices.
    fn leave_many_entries(&mut self) {
        if self.entries.len() > KEPT {
            leftovers::leave(std::mem::take(&mut self.entries).into_iter());
        }
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        self.leave_many_entries();
    }
}

/// A recording that is ended in slices: it becomes a change block by block. Nothing may change the
/// volume meanwhile.
#[derive(Default)]
pub struct EndingMarks {
    changes: BlockChanges,
    bounds: Option<Bounds>,
    kept: Kept,
    /// The chunk that is dropped if the recording emptied it, once the next one is come to.
    chunk: Option<ChunkPos>,
}

impl EndingMarks {
    /// Takes the next touched block of a volume; false if there was none left.
    pub fn next_block(&mut self, volume: &mut Volume) -> bool {
        self.take_next(&mut volume.marks, &mut volume.index)
    }

    /// Ends the recording, once no block is left.
    pub fn finish_in(self, volume: &mut Volume) -> MeasuredChange {
        // A recording of one voxel has no entry of it.
        match volume.marks.single {
            Some(_) => volume.end_marks(),
            None => self.finish(&mut volume.marks, &mut volume.index),
        }
    }

    fn take_next(&mut self, marks: &mut Marks, index: &mut Index) -> bool {
        let Some(change) = marks.take_block(index, self.changes.0.len()) else { return false };
        let pos = ChunkPos::of(change.at);
        if let Some(left) = self.chunk.replace(pos)
            && left != pos
        {
            index.drop_if_empty(left);
        }
        self.bounds = Bounds::union_of(self.bounds, change.bounds());
        self.kept += change.kept();
        if self.changes.0.is_empty() {
            self.changes.0.reserve_exact(marks.entries.len());
        }
        self.changes.0.push(change);
        true
    }

    fn finish(self, marks: &mut Marks, index: &mut Index) -> MeasuredChange {
        if let Some(left) = self.chunk {
            index.drop_if_empty(left);
        }
        marks.end();
        VolumeChange::of_blocks(self.changes).measured(self.bounds, self.kept)
    }
}

/// What a block was before, as voxels, if it has few now and had few or none before.
fn of_few(before: &Slot, now: Option<&Slot>) -> Option<Before> {
    let none = Few::new();
    let (before, now) = (few_of(Some(before), &none)?, few_of(now, &none)?);
    Some(Before::Points(now.difference(before).into()))
}

fn few_of<'a>(slot: Option<&'a Slot>, none: &'a Few) -> Option<&'a Few> {
    match slot {
        None | Some(Slot::Empty) => Some(none),
        Some(Slot::Few(few)) => Some(few),
        Some(_) => None,
    }
}

fn newest_point(index: &Index, at: BlockPos) -> u32 {
    match index.slot(at) {
        Some(Slot::Dense(dense)) => dense.marks.newest,
        _ => NO_POINT,
    }
}
