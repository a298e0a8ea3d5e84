//! The index of a volume: super-chunks of 16x16x16 blocks (256^3 voxels) with one table each.
//!
//! Invariants: a chunk in the index has at least one block that is not empty; a chunk's `occupied`
//! bits say which, and its `bytes` what they take; both change in [`Chunk::replace`] alone, since nothing else
//! changes the form of a block. How many voxels a chunk has is counted when somebody asks, and kept with the stamp
//! as of then: a later write has another one. Chunks are shared copy-on-write, so a snapshot costs one handle a
//! chunk.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::block::Slot;
use super::dense::Dense;
use super::slab::{Shared, Stored};
use super::{BlockPos, Bounds, Rgba, generation};
use crate::job::leftovers;

/// Where a chunk lies: block coordinate divided by 16, rounded down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ChunkPos {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) z: i32,
}

impl ChunkPos {
    #[inline]
    pub(crate) const fn of(at: BlockPos) -> ChunkPos {
        ChunkPos { x: at.x >> 4, y: at.y >> 4, z: at.z >> 4 }
    }

    /// The box of its voxels.
    pub(crate) fn bounds(self) -> Bounds {
        let min = [self.x, self.y, self.z].map(|value| i64::from(value) << 8);
        Bounds { min, max: min.map(|value| value + 256) }
    }

    /// The block with a place in this chunk.
    pub(crate) const fn block(self, place: usize) -> BlockPos {
        BlockPos {
            x: self.x << 4 | (place & 15) as i32,
            y: self.y << 4 | (place >> 4 & 15) as i32,
            z: self.z << 4 | (place >> 8) as i32,
        }
    }
}

/// The place of a block in its chunk: x fastest, then y, then z.
#[inline]
pub(crate) const fn place_in_chunk(at: BlockPos) -> usize {
    (at.x & 15) as usize | ((at.y & 15) as usize) << 4 | ((at.z & 15) as usize) << 8
}

/// One bit for each place of a chunk.
pub(crate) type Places = [u64; 64];

/// A table of 4096 blocks.
pub(crate) struct Chunk {
    /// When something in the chunk was written last; see `generation`.
    pub(crate) stamp: u64,
    /// The recording of marks that `touched` belongs to; see `marks`.
    pub(crate) session: u64,
    /// Which places that recording has an entry for.
    pub(crate) touched: Places,
    /// Which places are not empty.
    occupied: Places,
    /// Bytes of its blocks on the heap.
    bytes: u64,
    counted: Counted,
    slots: [Slot; 4096],
}

/// How many voxels a chunk had when it was counted last, and its stamp as of then. Two readers at once write the
/// same numbers.
#[derive(Default)]
struct Counted {
    stamp: AtomicU64,
    voxels: AtomicU64,
}

impl Counted {
    fn as_of(&self, stamp: u64) -> Option<u64> {
        let is_known = self.stamp.load(Ordering::Acquire) == stamp;
        is_known.then(|| self.voxels.load(Ordering::Relaxed))
    }

    fn set(&self, stamp: u64, voxels: u64) {
        generation::seen(stamp);
        self.voxels.store(voxels, Ordering::Relaxed);
        self.stamp.store(stamp, Ordering::Release);
    }
}

impl Stored for Chunk {}

impl Clone for Chunk {
    fn clone(&self) -> Self {
        Chunk {
            stamp: generation::now(),
            session: self.session,
            touched: self.touched,
            occupied: self.occupied,
            bytes: self.bytes,
            counted: Counted::default(),
            slots: self.slots.clone(),
        }
    }
}

impl Chunk {
    fn new() -> Chunk {
        Chunk {
            stamp: generation::now(),
            session: 0,
            touched: [0; 64],
            occupied: [0; 64],
            bytes: 0,
            counted: Counted::default(),
            slots: [const { Slot::Empty }; 4096],
        }
    }

    #[inline]
    pub(crate) fn slot(&self, place: usize) -> &Slot {
        &self.slots[place & 4095]
    }

    /// A slot to write into. It must keep its form: use [`Chunk::replace`] to change that. A writer sets the
    /// chunk's stamp.
    #[inline]
    pub(crate) fn slot_mut(&mut self, place: usize) -> &mut Slot {
        &mut self.slots[place & 4095]
    }

    /// Puts another block in a place and returns what was there.
    pub(crate) fn replace(&mut self, place: usize, slot: Slot) -> Slot {
        let bit = 1 << (place & 63);
        if slot.is_empty() {
            self.occupied[place >> 6] &= !bit;
        } else {
            self.occupied[place >> 6] |= bit;
        }
        self.stamp = generation::now();
        self.bytes += slot.memory();
        let before = std::mem::replace(self.slot_mut(place), slot);
        self.bytes -= before.memory();
        before
    }

    /// Bytes of its blocks on the heap.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many voxels are not empty. A look at each block, if something was written since the last time.
    pub(crate) fn voxels(&self) -> u64 {
        self.counted.as_of(self.stamp).unwrap_or_else(|| {
            let in_block = |place| u64::from(self.slot(place).count());
            let voxels = set_places(&self.occupied).map(in_block).sum();
            self.counted.set(self.stamp, voxels);
            voxels
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.occupied == [0; 64]
    }

    pub(crate) fn count(&self) -> usize {
        self.occupied.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn occupied(&self) -> &Places {
        &self.occupied
    }

    /// The places of a row of blocks along x that are not empty, as bits.
    pub(crate) fn row(&self, row: usize) -> u16 {
        (self.occupied[row >> 2] >> (16 * (row & 3))) as u16
    }
}

/// The places whose bits are set, in order.
pub(crate) fn set_places(places: &Places) -> impl Iterator<Item = usize> + '_ {
    places.iter().enumerate().filter(|(_, bits)| **bits != 0).flat_map(|(word, &bits)| {
        std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)))
            .take_while(|bits| *bits != 0)
            .map(move |bits| word * 64 + bits.trailing_zeros() as usize)
    })
}

/// Blocks of a chunk from which on they are freed in slices.
const MANY_BLOCKS: usize = 64;

impl Chunk {
    /// Frees the blocks of a row of places; false once there is none left.
    fn free_some(&mut self) -> bool {
        let Some(word) = self.occupied.iter().position(|&word| word != 0) else { return false };
        self.occupied[word] = 0;
        let slots = &mut self.slots[word * 64..][..64];
        self.bytes -= slots.iter().map(Slot::memory).sum::<u64>();
        slots.fill(const { Slot::Empty });
        true
    }
}

/// Lets go of chunks. Those with many blocks that no other volume has are left to be freed in slices.
pub(crate) fn leave_chunks(mut chunks: Vec<(ChunkPos, Shared<Chunk>)>) {
    let is_large = |chunk: &mut Chunk| chunk.count() > MANY_BLOCKS;
    chunks.retain_mut(|(_, chunk)| chunk.get_mut().is_some_and(is_large));
    if chunks.is_empty() {
        return;
    }
    leftovers::leave(std::iter::from_fn(move || {
        let (_, last) = chunks.last_mut()?;
        // A chunk that is shared meanwhile cannot be: its last handle is here.
        if !last.get_mut().is_some_and(Chunk::free_some) {
            chunks.pop();
        }
        Some(())
    }));
}

impl Drop for Index {
    fn drop(&mut self) {
        leave_chunks(std::mem::take(&mut self.chunks));
    }
}

/// Every chunk of a volume.
#[derive(Default)]
pub(crate) struct Index {
    chunks: Vec<(ChunkPos, Shared<Chunk>)>,
    places: FxHashMap<ChunkPos, u32>,
    /// The chunk that was asked for last: most accesses go there again.
    last: AtomicU32,
    /// The lowest and the highest chunk in each direction since there was none: a box that holds all of them.
    reach: Option<[[i32; 3]; 2]>,
}

impl Clone for Index {
    fn clone(&self) -> Self {
        Index {
            chunks: self.chunks.clone(),
            places: self.places.clone(),
            last: AtomicU32::new(self.last.load(Ordering::Relaxed)),
            reach: self.reach,
        }
    }
}

impl Index {
    #[inline]
    fn find(&self, pos: ChunkPos) -> Option<usize> {
        let last = self.last.load(Ordering::Relaxed) as usize;
        match self.chunks.get(last) {
            Some((there, _)) if *there == pos => Some(last),
            _ => self.look_up(pos),
        }
    }

    fn look_up(&self, pos: ChunkPos) -> Option<usize> {
        let place = *self.places.get(&pos)?;
        self.last.store(place, Ordering::Relaxed);
        Some(place as usize)
    }

    #[inline]
    pub(crate) fn chunk(&self, pos: ChunkPos) -> Option<&Shared<Chunk>> {
        self.find(pos).map(|place| &self.chunks[place].1)
    }

    /// The block at a position, if it is not empty.
    #[inline]
    pub(crate) fn slot(&self, at: BlockPos) -> Option<&Slot> {
        let slot = self.chunk(ChunkPos::of(at))?.slot(place_in_chunk(at));
        (!slot.is_empty()).then_some(slot)
    }

    /// A chunk to write into, if there is one that no snapshot shares.
    #[inline]
    pub(crate) fn own_chunk(&mut self, pos: ChunkPos) -> Option<&mut Chunk> {
        let place = self.find(pos)?;
        self.chunks[place].1.get_mut()
    }

    /// A chunk to write into, made if there was none. It must not stay empty.
    pub(crate) fn chunk_or_new(&mut self, pos: ChunkPos) -> &mut Chunk {
        let place = match self.find(pos) {
            Some(place) => place,
            None => {
                let place = self.chunks.len();
                self.chunks.push((pos, Shared::new(Chunk::new())));
                self.places.insert(pos, place as u32);
                self.last.store(place as u32, Ordering::Relaxed);
                self.extend_reach(pos);
                place
            }
        };
        self.chunks[place].1.unshared()
    }

    fn extend_reach(&mut self, pos: ChunkPos) {
        let at = [pos.x, pos.y, pos.z];
        // The chunks that went left a box behind that is too large; with the last of them it goes.
        let [low, high] = self.reach.filter(|_| self.chunks.len() > 1).unwrap_or([at, at]);
        let low = std::array::from_fn(|axis| low[axis].min(at[axis]));
        self.reach = Some([low, std::array::from_fn(|axis| high[axis].max(at[axis]))]);
    }

    /// A box of whole chunks around all voxels, perhaps larger than need be, without a look at any of them.
    pub(crate) fn reach(&self) -> Option<Bounds> {
        let [low, high] = self.reach.filter(|_| !self.chunks.is_empty())?;
        let max = high.map(|value| (i64::from(value) + 1) << 8);
        Some(Bounds { min: low.map(|value| i64::from(value) << 8), max })
    }

    /// Forgets a chunk that has become empty.
    pub(crate) fn drop_if_empty(&mut self, pos: ChunkPos) {
        let Some(place) = self.find(pos) else { return };
        if !self.chunks[place].1.is_empty() {
            return;
        }
        self.chunks.swap_remove(place);
        self.places.remove(&pos);
        if let Some((moved, _)) = self.chunks.get(place) {
            self.places.insert(*moved, place as u32);
        }
    }

    /// A block in its dense form, to write into, made from whatever was there. It must not stay
    /// empty.
    pub(crate) fn dense(&mut self, at: BlockPos) -> &mut Dense {
        let place = place_in_chunk(at);
        let chunk = self.chunk_or_new(ChunkPos::of(at));
        if !matches!(chunk.slot(place), Slot::Dense(_)) {
            let mut dense = Shared::<Dense>::zeroed();
            let block = dense.own();
            match chunk.slot(place) {
                Slot::Uniform(color) => block.fill(*color),
                Slot::Packed(packed) => {
                    packed.copy_to(&mut block.voxels);
                    block.recount();
                }
                Slot::Empty | Slot::Dense(_) => {}
            }
            chunk.replace(place, Slot::Dense(dense));
        }
        chunk.stamp = generation::now();
        let Slot::Dense(dense) = chunk.slot_mut(place) else {
            unreachable!("the block was just made dense")
        };
        let dense = dense.own();
        dense.stamp = generation::now();
        dense
    }

    /// Puts another block at a position and returns what was there. The chunk may be empty then; see
    /// [`Index::drop_if_empty`].
    pub(crate) fn replace(&mut self, at: BlockPos, slot: Slot) -> Slot {
        if slot.is_empty() && self.slot(at).is_none() {
            return Slot::Empty;
        }
        self.chunk_or_new(ChunkPos::of(at)).replace(place_in_chunk(at), slot)
    }

    /// Sets voxels of a block and returns what they were. The chunk may be empty then.
    pub(crate) fn set_points(&mut self, at: BlockPos, points: &[(u16, Rgba)]) -> Vec<(u16, Rgba)> {
        let dense = self.dense(at);
        let set = |&(index, color): &(u16, Rgba)| {
            let old = dense.voxels[usize::from(index)];
            dense.put(usize::from(index), color);
            (index, old)
        };
        let before = points.iter().map(set).collect();
        if dense.count == 0 {
            self.replace(at, Slot::Empty);
        }
        before
    }

    /// The chunks in no particular order.
    pub(crate) fn chunks(&self) -> &[(ChunkPos, Shared<Chunk>)] {
        &self.chunks
    }

    /// A chunk by its number, to put another one with the same voxels in its place.
    pub(crate) fn chunk_mut(&mut self, number: usize) -> Option<&mut Shared<Chunk>> {
        self.chunks.get_mut(number).map(|(_, chunk)| chunk)
    }

    /// Puts a chunk with the same voxels in the place of another one, if that is still the one with this
    /// address; returns the other one.
    pub(crate) fn exchange(
        &mut self,
        pos: ChunkPos,
        address: usize,
        new: &Shared<Chunk>,
    ) -> Option<Shared<Chunk>> {
        let place = self.find(pos)?;
        let old = &mut self.chunks[place].1;
        (old.address() == address).then(|| std::mem::replace(old, new.clone()))
    }

    /// Bytes of the index itself.
    pub(crate) fn memory(&self) -> u64 {
        let table = self.chunks.capacity() * size_of::<(ChunkPos, Shared<Chunk>)>();
        let places = self.places.capacity() * (size_of::<(ChunkPos, u32)>() + 1);
        (table + places + self.chunks.len() * Shared::<Chunk>::BYTES) as u64
    }

    /// The blocks that are not empty, in the order z, y, x.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (BlockPos, &Slot)> {
        let mut chunks: Row<'_> = self.chunks.iter().collect();
        chunks.sort_unstable_by_key(|(pos, _)| (pos.z, pos.y, pos.x));
        let layers: Vec<Vec<Row<'_>>> = chunks
            .chunk_by(|a, b| a.0.z == b.0.z)
            .map(|layer| layer.chunk_by(|a, b| a.0.y == b.0.y).map(<[_]>::to_vec).collect())
            .collect();
        layers.into_iter().flat_map(|layer| {
            let heights = 0..16usize;
            heights.flat_map(move |z| layer.clone().into_iter().flat_map(move |row| rows(row, z)))
        })
    }
}

/// A row of chunks along x.
type Row<'a> = Vec<&'a (ChunkPos, Shared<Chunk>)>;

/// The blocks of one layer of blocks in a row of chunks.
fn rows(chunks: Row<'_>, z: usize) -> impl Iterator<Item = (BlockPos, &Slot)> {
    (0..16usize).flat_map(move |y| {
        chunks.clone().into_iter().flat_map(move |(pos, chunk)| {
            let row = z * 16 + y;
            let bits = chunk.row(row);
            (0..16usize)
                .filter(move |x| bits >> x & 1 == 1)
                .map(move |x| (pos.block(row * 16 + x), chunk.slot(row * 16 + x)))
        })
    })
}
