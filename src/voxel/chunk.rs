//! A chunk: the blocks of a cube of 16x16x16 blocks (256^3 voxels), in one of two forms.
//!
//! The first form lists its blocks and grows with them, so that a lone voxel does not cost a table
//! of 4096 places; up to [`list::SCANNED`] blocks are looked for one by one, more have a byte for
//! each place. From [`list::MOST_LISTED`] blocks on there is a table. A [`Chunk`] is a counted
//! handle: clones share the blocks until one of them is written.
//!
//! Invariants: `bytes` is what the blocks take, and changes in [`Chunk::replace`] alone, since
//! nothing else changes the form of a block. How many voxels a chunk has is counted when somebody
//! asks, and kept with the stamp as of then: a later write has another one.

mod list;

use std::sync::atomic::{AtomicU64, Ordering};

use self::list::List;
use super::block::Slot;
use super::block_edit::{bounds_of_used, mask_bounds};
use super::index::{ChunkPos, Places, set_places};
use super::slab::{Shared, Stored};
use super::{BLOCK_SIZE, BlockPos, Bounds, generation};
use crate::memory::Kind;

/// What both forms have.
struct Head {
    /// When something in the chunk was written last; see `generation`.
    stamp: u64,
    /// The recording of marks that `touched` belongs to; see `marks`.
    session: u64,
    /// Bytes of its blocks on the heap.
    bytes: u64,
    counted: Counted,
}

impl Head {
    fn new() -> Head {
        Head { stamp: generation::now(), session: 0, bytes: 0, counted: Counted::default() }
    }

    /// That of a copy, which is written next.
    fn copied(&self) -> Head {
        Head { session: self.session, bytes: self.bytes, ..Head::new() }
    }
}

/// How many voxels a chunk had when it was counted last, and its stamp as of then. Two readers at
/// once write the same numbers.
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

/// A table with a place for each block.
pub(crate) struct Table {
    head: Head,
    /// Which places the recording has an entry for.
    touched: Places,
    /// Which places are not empty.
    occupied: Places,
    slots: [Slot; 4096],
}

impl Stored for Table {
    const KIND: Kind = Kind::Tables;
}

impl Clone for Table {
    fn clone(&self) -> Self {
        let Table { head, touched, occupied, slots } = self;
        let (touched, occupied, slots) = (*touched, *occupied, slots.clone());
        Table { head: head.copied(), touched, occupied, slots }
    }
}

impl Table {
    fn replace(&mut self, place: usize, slot: Slot) -> Slot {
        let (word, bit) = (place >> 6 & 63, 1 << (place & 63));
        if slot.is_empty() {
            self.occupied[word] &= !bit;
        } else {
            self.occupied[word] |= bit;
        }
        std::mem::replace(&mut self.slots[place & 4095], slot)
    }

    /// Frees the blocks of a row of places; false once there is none left.
    fn free_some(&mut self) -> bool {
        let Some(word) = self.occupied.iter().position(|&word| word != 0) else { return false };
        self.occupied[word] = 0;
        let slots = &mut self.slots[word * 64..][..64];
        self.head.bytes -= slots.iter().map(Slot::memory).sum::<u64>();
        slots.fill(const { Slot::Empty });
        true
    }
}

/// A handle of a chunk.
#[derive(Clone)]
pub(crate) enum Chunk {
    /// In the first form.
    List(Shared<List>),
    /// With a place for each block.
    Table(Shared<Table>),
}

impl Chunk {
    /// An empty chunk. It must not stay empty.
    pub(crate) fn new() -> Chunk {
        Chunk::List(Shared::new(List::new()))
    }

    #[inline]
    fn head(&self) -> &Head {
        match self {
            Chunk::Table(table) => &table.head,
            Chunk::List(list) => &list.head,
        }
    }

    fn head_mut(&mut self) -> &mut Head {
        match self {
            Chunk::Table(table) => &mut table.unshared().head,
            Chunk::List(list) => &mut list.unshared().head,
        }
    }

    #[inline]
    pub(crate) fn slot(&self, place: usize) -> &Slot {
        match self {
            Chunk::Table(table) => &table.slots[place & 4095],
            Chunk::List(list) => list.slot(place),
        }
    }

    /// A slot to write into and the chunk's stamp, which a writer sets, if nobody else has the
    /// chunk. The slot must keep its form: use [`Chunk::replace`] to change that.
    pub(crate) fn own_slot(&mut self, place: usize) -> Option<(&mut Slot, &mut u64)> {
        match self {
            Chunk::Table(_) => self.own_slot_of_table(place),
            Chunk::List(list) => {
                let list = list.get_mut()?;
                let number = list.number(place)?;
                Some((&mut list.slots[number], &mut list.head.stamp))
            }
        }
    }

    /// The same of a chunk that has a table.
    #[inline]
    pub(crate) fn own_slot_of_table(&mut self, place: usize) -> Option<(&mut Slot, &mut u64)> {
        let Chunk::Table(table) = self else { return None };
        let table = table.get_mut()?;
        Some((&mut table.slots[place & 4095], &mut table.head.stamp))
    }

    /// The same, from a copy of the chunk if others share it; `None` if the place has no slot.
    pub(crate) fn slot_mut(&mut self, place: usize) -> Option<&mut Slot> {
        self.unshare();
        self.own_slot(place).map(|(slot, _)| slot)
    }

    /// Makes sure that nobody else has the chunk.
    #[inline]
    pub(crate) fn unshare(&mut self) {
        match self {
            Chunk::Table(table) => _ = table.unshared(),
            Chunk::List(list) => _ = list.unshared(),
        }
    }

    /// Whether nobody else has the chunk.
    pub(crate) fn is_own(&mut self) -> bool {
        match self {
            Chunk::Table(table) => table.get_mut().is_some(),
            Chunk::List(list) => list.get_mut().is_some(),
        }
    }

    /// The same for all handles of a chunk.
    pub(crate) fn address(&self) -> usize {
        match self {
            Chunk::Table(table) => table.address(),
            Chunk::List(list) => list.address(),
        }
    }

    /// When something in it was written last; see `generation`.
    pub(crate) fn stamp(&self) -> u64 {
        self.head().stamp
    }

    /// Notes that it is written.
    pub(crate) fn set_stamp(&mut self) {
        self.head_mut().stamp = generation::now();
    }

    /// Puts another block in a place and returns what was there.
    pub(crate) fn replace(&mut self, place: usize, slot: Slot) -> Slot {
        let bytes = slot.memory();
        let before = match self {
            Chunk::Table(table) => table.unshared().replace(place, slot),
            Chunk::List(list) => {
                let list = list.unshared();
                match list.number_or_new(place) {
                    Some(number) => std::mem::replace(&mut list.slots[number], slot),
                    None => {
                        self.become_table();
                        return self.replace(place, slot);
                    }
                }
            }
        };
        let head = self.head_mut();
        head.stamp = generation::now();
        head.bytes = head.bytes + bytes - before.memory();
        before
    }

    /// Takes the second form. A table passes the stack, so this is out of the way of those who do
    /// not need it.
    #[cold]
    #[inline(never)]
    fn become_table(&mut self) {
        if let Chunk::List(list) = self {
            let table = list.unshared().make_table();
            *self = Chunk::Table(Shared::new(table));
        }
    }

    /// Notes that a recording has an entry for a place; whether it had one before.
    pub(crate) fn touch(&mut self, session: u64, place: usize) -> bool {
        match self {
            Chunk::Table(table) => {
                let table = table.unshared();
                if table.head.session != session {
                    table.head.session = session;
                    table.touched = [0; 64];
                }
                let (word, bit) = (place >> 6, 1 << (place & 63));
                let touched = table.touched[word] & bit != 0;
                table.touched[word] |= bit;
                touched
            }
            Chunk::List(list) => {
                let list = list.unshared();
                if list.head.session != session {
                    list.head.session = session;
                    list.touched = 0;
                }
                let Some(number) = list.number_or_new(place) else {
                    self.become_table();
                    return self.touch(session, place);
                };
                let touched = list.touched >> number & 1 == 1;
                list.touched |= 1 << number;
                touched
            }
        }
    }

    /// Bytes of its blocks on the heap.
    pub(crate) fn bytes(&self) -> u64 {
        self.head().bytes
    }

    /// Bytes of the chunk itself.
    pub(crate) fn own_bytes(&self) -> u64 {
        let bytes = match self {
            Chunk::Table(_) => Shared::<Table>::BYTES,
            Chunk::List(list) => Shared::<List>::BYTES + list.heap(),
        };
        bytes as u64
    }

    /// How many voxels are not empty. A look at each block, if something was written since the last
    /// time.
    pub(crate) fn voxels(&self) -> u64 {
        let Head { counted, stamp, .. } = self.head();
        counted.as_of(*stamp).unwrap_or_else(|| {
            let mut voxels = 0;
            self.for_each_block(|_, slot| voxels += u64::from(slot.count()));
            counted.set(*stamp, voxels);
            voxels
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Chunk::Table(table) => table.occupied == [0; 64],
            Chunk::List(list) => list.slots.iter().all(Slot::is_empty),
        }
    }

    /// How many blocks are not empty.
    pub(crate) fn count(&self) -> usize {
        match self {
            Chunk::Table(table) => table.occupied.iter().map(|w| w.count_ones() as usize).sum(),
            Chunk::List(list) => list.slots.iter().filter(|slot| !slot.is_empty()).count(),
        }
    }

    /// The places that are not empty.
    pub(crate) fn occupied(&self) -> Places {
        match self {
            Chunk::Table(table) => table.occupied,
            Chunk::List(list) => list.occupied(),
        }
    }

    /// Its blocks that are not empty, with their places, in order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (usize, &Slot)> {
        super::index::into_set_places(self.occupied()).map(|place| (place, self.slot(place)))
    }

    /// Shows its blocks that are not empty, with their places, in no particular order.
    pub(crate) fn for_each_block(&self, mut see: impl FnMut(usize, &Slot)) {
        match self {
            Chunk::Table(table) => {
                set_places(&table.occupied).for_each(|place| see(place, &table.slots[place]));
            }
            Chunk::List(list) => {
                let there = list.places.iter().zip(&list.slots);
                let used = there.filter(|(_, slot)| !slot.is_empty());
                used.for_each(|(&place, slot)| see(usize::from(place), slot));
            }
        }
    }

    /// The places of a row of blocks along x that are not empty, as bits.
    pub(crate) fn row(&self, row: usize) -> u16 {
        match self {
            Chunk::Table(table) => (table.occupied[row >> 2 & 63] >> (16 * (row & 3))) as u16,
            Chunk::List(list) => {
                let there = list.places.iter().zip(&list.slots);
                let in_row = there.filter(|(place, _)| usize::from(**place >> 4) == row);
                in_row.fold(0, |bits, (place, slot)| {
                    bits | u16::from(!slot.is_empty()) << (place & 15)
                })
            }
        }
    }

    /// The box of whole blocks around its voxels, where it lies at a position.
    pub(crate) fn box_of_blocks(&self, pos: ChunkPos) -> Option<Bounds> {
        // A chunk has as many blocks as a block has voxels, and in the same order.
        let blocks = match self {
            Chunk::Table(table) => mask_bounds(pos.block(0), &table.occupied)?,
            Chunk::List(list) => {
                let used = list.places.iter().zip(&list.slots).filter(|(_, slot)| !slot.is_empty());
                let sides = used.fold([0u16; 3], |[x, y, z], (&place, _)| {
                    let bit = |shift: u16| 1 << (place >> shift & 15);
                    [x | bit(0), y | bit(4), z | bit(8)]
                });
                bounds_of_used(pos.block(0), sides)?
            }
        };
        let low = pos.block(0).origin().array().map(i64::from);
        let scaled = |corner: [i64; 3]| {
            std::array::from_fn(|axis| low[axis] + (corner[axis] - low[axis]) * BLOCK_SIZE as i64)
        };
        Some(Bounds { min: scaled(blocks.min), max: scaled(blocks.max) })
    }

    /// Notes which rows of blocks along x hold any: a bit for each y, at each height.
    pub(crate) fn note_rows(&self, used: &mut [u16; 16]) {
        match self {
            Chunk::Table(table) => {
                // A word holds four rows of blocks.
                let words = table.occupied.iter().enumerate().filter(|(_, bits)| **bits != 0);
                for (word, &bits) in words {
                    for part in (0..4).filter(|part| (bits >> (16 * part)) as u16 != 0) {
                        used[word >> 2 & 15] |= 1 << ((word & 3) * 4 + part);
                    }
                }
            }
            Chunk::List(list) => {
                for (&place, slot) in list.places.iter().zip(&list.slots) {
                    let bit = u16::from(!slot.is_empty()) << (place >> 4 & 15);
                    used[usize::from(place >> 8 & 15)] |= bit;
                }
            }
        }
    }

    /// Frees some of its blocks, if nobody else has the chunk; false once there is nothing left to
    /// gain by that.
    pub(crate) fn free_some(&mut self) -> bool {
        match self {
            Chunk::Table(table) => table.get_mut().is_some_and(Table::free_some),
            Chunk::List(_) => false,
        }
    }
}

/// The block at a position of a chunk: its place there, x fastest, then y, then z.
#[inline]
pub(crate) const fn place_in_chunk(at: BlockPos) -> usize {
    (at.x & 15) as usize | ((at.y & 15) as usize) << 4 | ((at.z & 15) as usize) << 8
}
