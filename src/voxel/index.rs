//! The index of a volume: super-chunks of 16x16x16 blocks (256^3 voxels), see `chunk`.
//!
//! Invariants: a chunk in the index has at least one block that is not empty, and `blocks` is how
//! many of those there are in all: blocks come and go here alone. Chunks are shared
//! copy-on-write, and so are pages of them: see `chunks`.

use std::sync::atomic::{AtomicU32, Ordering};

use super::block::Slot;
pub(crate) use super::chunk::{Chunk, place_in_chunk};
use super::chunks::{Chunks, Entry};
use super::dense::Dense;
use super::few::Few;
use super::slab::Shared;
use super::{BlockPos, Bounds, Rgba, generation};
use crate::job::{effort, leftovers};

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

    /// A number that grows in the order z, y, x.
    #[inline]
    pub(crate) const fn order(self) -> u128 {
        const SIGN: u32 = 1 << 31;
        let [z, y, x] = [self.z as u32 ^ SIGN, self.y as u32 ^ SIGN, self.x as u32 ^ SIGN];
        (z as u128) << 64 | ((y as u64) << 32 | x as u64) as u128
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

/// One bit for each place of a chunk.
pub(crate) type Places = [u64; 64];

/// The places whose bits are set, in order.
pub(crate) fn set_places(places: &Places) -> impl Iterator<Item = usize> + '_ {
    places.iter().enumerate().filter(|(_, bits)| **bits != 0).flat_map(|(word, &bits)| {
        std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)))
            .take_while(|bits| *bits != 0)
            .map(move |bits| word * 64 + bits.trailing_zeros() as usize)
    })
}

/// The places whose bits are set, in order.
pub(crate) fn into_set_places(places: Places) -> impl Iterator<Item = usize> {
    let mut left = places;
    let mut word = 0;
    std::iter::from_fn(move || {
        while *left.get(word)? == 0 {
            word += 1;
        }
        let bits = left.get_mut(word)?;
        let bit = bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        Some(word * 64 + bit)
    })
}

/// Blocks of a chunk, and chunks of a volume, from which on they are freed in slices.
const MANY: usize = 64;

/// Lets go of chunks. Those with many blocks that no other volume has are left to be freed in
/// slices, and so are all if they are many.
pub(crate) fn leave_chunks(mut chunks: Vec<Entry>) {
    if chunks.len() <= MANY {
        chunks.retain_mut(|(_, chunk)| chunk.is_own() && chunk.count() > MANY);
    }
    if chunks.is_empty() {
        return;
    }
    leftovers::leave(std::iter::from_fn(move || free_some_of(&mut chunks).then_some(())));
}

/// Frees a bit of the last chunk of a list, or lets it go if others share it; false if there is
/// none left.
pub(super) fn free_some_of(chunks: &mut Vec<Entry>) -> bool {
    let Some((_, last)) = chunks.last_mut() else { return false };
    if !last.free_some() {
        chunks.pop();
    }
    true
}

/// Where no chunk lies.
const NOWHERE: ChunkPos = ChunkPos { x: i32::MAX, y: i32::MAX, z: i32::MAX };

/// Every chunk of a volume.
pub(crate) struct Index {
    chunks: Chunks,
    /// The number of the chunk that was asked for last: most accesses go there again.
    last: AtomicU32,
    /// The chunk that was written last and its number, so that writing on takes no look at where it
    /// lies. Forgotten when numbers change.
    written: (ChunkPos, u32),
    /// The lowest and the highest chunk in each direction since there was none: a box that holds
    /// all of them.
    reach: Option<[[i32; 3]; 2]>,
    /// Blocks that are not empty. Kept, not counted, since long work asks with each step.
    blocks: usize,
}

impl Default for Index {
    fn default() -> Self {
        let (chunks, last) = (Chunks::default(), AtomicU32::default());
        Index { chunks, last, written: (NOWHERE, 0), reach: None, blocks: 0 }
    }
}

impl Clone for Index {
    fn clone(&self) -> Self {
        let last = AtomicU32::new(self.last.load(Ordering::Relaxed));
        let Index { ref chunks, written, reach, blocks, .. } = *self;
        Index { chunks: chunks.clone(), last, written, reach, blocks }
    }
}

impl Index {
    /// The number of a chunk.
    #[inline]
    fn find(&self, pos: ChunkPos) -> Option<u32> {
        effort::note(1);
        let last = self.last.load(Ordering::Relaxed);
        match self.chunks.get(last) {
            Some((there, _)) if *there == pos => Some(last),
            _ => self.look_up(pos),
        }
    }

    fn look_up(&self, pos: ChunkPos) -> Option<u32> {
        let number = self.chunks.find(pos).ok()?;
        self.last.store(number, Ordering::Relaxed);
        Some(number)
    }

    #[inline]
    pub(crate) fn chunk(&self, pos: ChunkPos) -> Option<&Chunk> {
        self.chunks.get(self.find(pos)?).map(|(_, chunk)| chunk)
    }

    /// The block at a position, if it is not empty.
    #[inline]
    pub(crate) fn slot(&self, at: BlockPos) -> Option<&Slot> {
        let slot = self.chunk(ChunkPos::of(at))?.slot(place_in_chunk(at));
        (!slot.is_empty()).then_some(slot)
    }

    /// A block to write into and the stamp of its chunk, if no snapshot shares the chunk; see
    /// [`Chunk::own_slot`].
    #[inline]
    pub(crate) fn own_slot(&mut self, at: BlockPos) -> Option<(&mut Slot, &mut u64)> {
        let pos = ChunkPos::of(at);
        if self.written.0 != pos {
            self.written = (pos, self.find(pos)?);
        }
        self.written_chunk(pos)?.own_slot(place_in_chunk(at))
    }

    /// The same if the block lies in the chunk that was written last, which has a table: what most
    /// writers want, without a call on the way.
    #[inline]
    pub(crate) fn slot_at_hand(&mut self, at: BlockPos) -> Option<(&mut Slot, &mut u64)> {
        self.written_chunk(ChunkPos::of(at))?.own_slot_of_table(place_in_chunk(at))
    }

    /// The chunk that was written last, if it lies there and nobody else has it.
    #[inline]
    fn written_chunk(&mut self, pos: ChunkPos) -> Option<&mut Chunk> {
        let (there, number) = self.written;
        if there != pos {
            return None;
        }
        debug_assert!(self.chunks.get(number).is_some_and(|(found, _)| *found == pos));
        self.chunks.get_own(number)
    }

    /// How many blocks are not empty.
    pub(crate) fn block_count(&self) -> usize {
        self.blocks
    }

    /// A chunk to write into, made if there was none. It must not stay empty, and no block may
    /// come to it or go from it but by [`Index::replace`].
    pub(crate) fn chunk_or_new(&mut self, pos: ChunkPos) -> &mut Chunk {
        let number = self.find(pos).unwrap_or_else(|| {
            let number = self.chunks.insert(pos, Chunk::new());
            self.written.0 = NOWHERE;
            self.last.store(number, Ordering::Relaxed);
            self.extend_reach(pos);
            number
        });
        let Some(chunk) = self.chunks.get_mut(number) else {
            unreachable!("the chunk was just found or made")
        };
        chunk.unshare();
        chunk
    }

    fn extend_reach(&mut self, pos: ChunkPos) {
        let at = [pos.x, pos.y, pos.z];
        // The chunks that went left a box behind that is too large; with the last of them it goes.
        let [low, high] = self.reach.filter(|_| self.chunks.len() > 1).unwrap_or([at, at]);
        let low = std::array::from_fn(|axis| low[axis].min(at[axis]));
        self.reach = Some([low, std::array::from_fn(|axis| high[axis].max(at[axis]))]);
    }

    /// A box of whole chunks around all voxels, perhaps larger than need be, without a look at any
    /// of them.
    pub(crate) fn reach(&self) -> Option<Bounds> {
        let [low, high] = self.reach.filter(|_| self.chunks.len() > 0)?;
        let max = high.map(|value| (i64::from(value) + 1) << 8);
        Some(Bounds { min: low.map(|value| i64::from(value) << 8), max })
    }

    /// Forgets a chunk that has become empty.
    pub(crate) fn drop_if_empty(&mut self, pos: ChunkPos) {
        if let Some(number) = self.find(pos)
            && self.chunks.get(number).is_some_and(|(_, chunk)| chunk.is_empty())
        {
            self.chunks.remove(number);
            self.written.0 = NOWHERE;
        }
    }

    /// A block in its dense form, to write into, made from whatever was there. It must not stay
    /// empty.
    pub(crate) fn dense(&mut self, at: BlockPos) -> &mut Dense {
        let place = place_in_chunk(at);
        if self.slot(at).is_none() {
            self.blocks += 1;
        }
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
                Slot::Few(few) => few.voxels().for_each(|(index, color)| block.put(index, color)),
                Slot::Empty | Slot::Dense(_) => {}
            }
            chunk.replace(place, Slot::Dense(dense));
        }
        chunk.set_stamp();
        let Some(Slot::Dense(dense)) = chunk.slot_mut(place) else {
            unreachable!("the block was just made dense")
        };
        let dense = dense.own();
        dense.stamp = generation::now();
        dense
    }

    /// Puts another block at a position and returns what was there. The chunk may be empty then;
    /// see [`Index::drop_if_empty`].
    pub(crate) fn replace(&mut self, at: BlockPos, slot: Slot) -> Slot {
        if slot.is_empty() && self.slot(at).is_none() {
            return Slot::Empty;
        }
        let comes = usize::from(!slot.is_empty());
        let before = self.chunk_or_new(ChunkPos::of(at)).replace(place_in_chunk(at), slot);
        self.blocks = self.blocks + comes - usize::from(!before.is_empty());
        before
    }

    /// Sets a voxel of a block that has few or none; false, and nothing done, if it is in another
    /// form or full. The chunk may be empty then.
    pub(crate) fn put_few(&mut self, at: BlockPos, index: usize, color: Rgba) -> bool {
        let place = place_in_chunk(at);
        let chunk = self.chunk_or_new(ChunkPos::of(at));
        if matches!(chunk.slot(place), Slot::Empty) {
            let mut few = Few::new();
            few.put(index, color);
            self.replace(at, Slot::of_few(few));
            return true;
        }
        let Some(Slot::Few(few)) = chunk.slot_mut(place) else { return false };
        let few = few.unshared();
        let done = few.put(index, color);
        let is_empty = few.count() == 0;
        chunk.set_stamp();
        if is_empty {
            self.replace(at, Slot::Empty);
        }
        done
    }

    /// Sets voxels of a block that has few or none and will have; what they were, or `None`, and
    /// nothing done, if they become many or the block is in another form.
    fn set_few(&mut self, at: BlockPos, points: &[(u16, Rgba)]) -> Option<Vec<(u16, Rgba)>> {
        let mut few = match self.slot(at) {
            None => Few::new(),
            Some(Slot::Few(few)) => Few::clone(few),
            Some(_) => return None,
        };
        let mut before = Vec::with_capacity(points.len());
        for &(index, color) in points {
            before.push((index, few.get(usize::from(index))));
            if !few.put(usize::from(index), color) {
                return None;
            }
        }
        self.replace(at, Slot::of_few(few));
        Some(before)
    }

    /// Sets voxels of a block and returns what they were. The chunk may be empty then.
    pub(crate) fn set_points(&mut self, at: BlockPos, points: &[(u16, Rgba)]) -> Vec<(u16, Rgba)> {
        if let Some(before) = self.set_few(at, points) {
            return before;
        }
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

    /// The chunks in the order z, y, x.
    pub(crate) fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// A chunk by its number, to put blocks with the same voxels in the place of others, if no
    /// snapshot shares it.
    pub(crate) fn own_chunk(&mut self, number: u32) -> Option<&mut Chunk> {
        let chunk = self.chunks.get_own(number)?;
        chunk.is_own().then_some(chunk)
    }

    /// Puts a chunk with the same voxels in the place of another one, if that is still the one with
    /// this address; returns the other one.
    pub(crate) fn exchange(&mut self, pos: ChunkPos, address: usize, new: &Chunk) -> Option<Chunk> {
        let number = self.find(pos)?;
        self.chunks.get(number).filter(|(_, old)| old.address() == address)?;
        self.chunks.get_mut(number).map(|old| std::mem::replace(old, new.clone()))
    }

    /// Bytes of the list of chunks, those of its pages aside.
    pub(crate) fn place_bytes(&self) -> u64 {
        self.chunks.bytes()
    }

    /// Bytes of the index and of its chunks, but for their blocks.
    pub(crate) fn memory(&self) -> u64 {
        self.place_bytes() + self.chunks.page_bytes() + self.chunks.chunk_bytes().tables
    }

    /// The blocks that are not empty, in the order z, y, x.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (BlockPos, &Slot)> {
        let chunks: Row<'_> = self.chunks.iter().collect();
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
type Row<'a> = Vec<&'a Entry>;

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
