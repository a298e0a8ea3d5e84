//! The chunks of a volume in the order z, y, x of where they lie.
//!
//! Few of them are one plain list: that is every model of ordinary size, and the way to a voxel
//! passes here. More are in pages, which copies of the list share until one of them is written: to
//! copy a million scattered chunks costs a handle for each page, and to find what differs in two
//! copies a look at each page. Since the order is kept, nobody has to sort. A page keeps what was
//! asked of its chunks as a whole.
//!
//! Invariants: either `few` or `pages` is empty; no page is. Positions grow from entry to entry,
//! and those of a page are not below its `low`, which is above all of the page before. The room of
//! a page never changes, so that what it takes is counted with it. Whoever gets a chunk of a page
//! to write into makes the page forget what it kept.

mod page;

use std::iter;

use self::page::{Bytes, Entries, Page, union_of_blocks};
use super::Bounds;
use super::index::{Chunk, ChunkPos, free_some_of, leave_chunks};
use super::measure::{extended, reaches_a_side};
use super::slab::{Shared, Stored};
use crate::job::{effort, leftovers};

/// A chunk and where it lies.
pub(crate) type Entry = (ChunkPos, Chunk);

/// The most chunks of a page, and of a list without pages.
const MOST: usize = 64;
/// Chunks up to which a page is joined with the next one, once one of them has lost some.
const JOINED: usize = MOST / 2;

/// The chunks of a volume. Numbers tell where an entry is: they grow with the order, not always by
/// one, and hold until an entry comes or goes.
#[derive(Default)]
pub(crate) struct Chunks {
    few: Vec<Entry>,
    pages: Vec<Page>,
    /// How many there are.
    count: usize,
}

impl Clone for Chunks {
    fn clone(&self) -> Self {
        effort::note(1 + self.few.len() + self.pages.len());
        Chunks { few: self.few.clone(), pages: self.pages.clone(), count: self.count }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        leave_chunks(std::mem::take(&mut self.few));
        let mut pages = std::mem::take(&mut self.pages);
        if pages.is_empty() {
            return;
        }
        leftovers::leave(iter::from_fn(move || {
            let own = pages.last_mut()?.entries.get_mut();
            if !own.is_some_and(|entries| free_some_of(&mut entries.list)) {
                pages.pop();
            }
            Some(())
        }));
    }
}

/// The number of an entry of a page.
const fn number_of(page: usize, place: usize) -> u32 {
    (page * MOST + place) as u32
}

/// The page of a number, and the place there.
const fn place_of(number: u32) -> (usize, usize) {
    (number as usize / MOST, number as usize % MOST)
}

impl Chunks {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The entry with a number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Entry> {
        // A list with pages has no few: ordinary models are found with one look.
        match self.few.get(number as usize) {
            Some(entry) => Some(entry),
            None => self.get_paged(number),
        }
    }

    fn get_paged(&self, number: u32) -> Option<&Entry> {
        let (page, place) = place_of(number);
        self.pages.get(page)?.entries.list.get(place)
    }

    /// The same to write into, if no copy of the list shares its page.
    #[inline]
    pub(crate) fn get_own(&mut self, number: u32) -> Option<&mut Chunk> {
        match self.few.get_mut(number as usize) {
            Some((_, chunk)) => Some(chunk),
            None => own_of_pages(&mut self.pages, number),
        }
    }

    /// The same, from a copy of the page if it is shared.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Chunk> {
        let entry = match self.few.get_mut(number as usize) {
            Some(entry) => Some(entry),
            None => {
                let (page, place) = place_of(number);
                self.pages.get_mut(page)?.entries.unshared().written().get_mut(place)
            }
        };
        entry.map(|(_, chunk)| chunk)
    }

    /// The number of the chunk at a position, or the number that it would get.
    pub(crate) fn find(&self, pos: ChunkPos) -> Result<u32, u32> {
        let in_list = |list: &[Entry]| list.binary_search_by_key(&pos.order(), |at| at.0.order());
        if self.pages.is_empty() {
            return in_list(&self.few).map(|place| place as u32).map_err(|place| place as u32);
        }
        let page = self.page_of(pos);
        let number = |place| number_of(page, place);
        // A full page has no number for one behind its last: it is the next page's first.
        in_list(&self.pages[page].entries.list).map(number).map_err(number)
    }

    /// The page that a position belongs to.
    fn page_of(&self, pos: ChunkPos) -> usize {
        let above = self.pages.partition_point(|page| page.low.order() <= pos.order());
        above.saturating_sub(1)
    }

    /// Puts a chunk at a position where there is none; its number.
    pub(crate) fn insert(&mut self, pos: ChunkPos, chunk: Chunk) -> u32 {
        self.count += 1;
        if self.pages.is_empty() {
            let order = |entry: &Entry| entry.0.order() < pos.order();
            let place = self.few.partition_point(order);
            self.few.insert(place, (pos, chunk));
            if self.few.len() <= MOST {
                return place as u32;
            }
            let mut entries = std::mem::take(&mut self.few);
            let upper = entries.split_off(MOST / 2);
            for part in [entries, upper] {
                let low = part[0].0;
                self.pages.push(Page::of(part.into_iter(), low));
            }
            let (Ok(number) | Err(number)) = self.find(pos);
            return number;
        }
        let mut page = self.page_of(pos);
        let mut place =
            self.pages[page].entries.list.partition_point(|at| at.0.order() < pos.order());
        if self.pages[page].entries.list.len() == MOST {
            // Behind all others a page of its own, so that pages are full that are filled in order.
            let is_last = page + 1 == self.pages.len() && place == MOST;
            let kept = if is_last { MOST } else { MOST / 2 };
            let upper = self.pages[page].entries.unshared().written().drain(kept..);
            let low = upper.as_slice().first().map_or(pos, |at| at.0);
            let upper = Page::of(upper, low);
            self.pages.insert(page + 1, upper);
            if place >= kept && pos.order() >= low.order() {
                (page, place) = (page + 1, place - kept);
            }
        }
        let Page { low, entries } = &mut self.pages[page];
        if pos.order() < low.order() {
            *low = pos;
        }
        entries.unshared().written().insert(place, (pos, chunk));
        number_of(page, place)
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, number: u32) {
        if self.pages.is_empty() {
            self.few.remove(number as usize);
            self.count -= 1;
            return;
        }
        let (page, place) = place_of(number);
        self.pages[page].entries.unshared().written().remove(place);
        self.count -= 1;
        if self.pages[page].entries.list.is_empty() {
            self.pages.remove(page);
        } else {
            let are_few = |first: &usize| {
                let count = |pages: &[Page]| {
                    pages.iter().map(|page| page.entries.list.len()).sum::<usize>()
                };
                self.pages.get(*first..first + 2).is_some_and(|two| count(two) <= JOINED)
            };
            if let Some(first) = (page.saturating_sub(1)..=page).find(are_few) {
                let next = self.pages.remove(first + 1);
                self.pages[first]
                    .entries
                    .unshared()
                    .written()
                    .extend(next.entries.list.iter().cloned());
            }
        }
    }

    /// The entries, page by page.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &[Entry]> + Clone {
        let few = iter::once(self.few.as_slice()).filter(|few| !few.is_empty());
        few.chain(self.pages.iter().map(|page| page.entries.list.as_slice()))
    }

    /// All entries in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.pages().flatten()
    }

    /// The first entry with at least that number, and its number.
    pub(crate) fn at_least(&self, number: u32) -> Option<(u32, &Entry)> {
        if let Some(entry) = self.get(number) {
            return Some((number, entry));
        }
        let first_of_next = number_of(place_of(number).0 + 1, 0);
        self.get_paged(first_of_next).map(|entry| (first_of_next, entry))
    }

    /// The entries of a box of chunks, whose corners both belong to it. What lies beside the box is
    /// passed over, not looked at one by one.
    pub(crate) fn within(&self, low: ChunkPos, high: ChunkPos) -> impl Iterator<Item = &Entry> {
        let (Ok(mut number) | Err(mut number)) = self.find(low);
        iter::from_fn(move || {
            loop {
                let (at, entry) = self.at_least(number)?;
                let ChunkPos { x, y, z } = entry.0;
                let next = if z > high.z {
                    return None;
                } else if y < low.y {
                    ChunkPos { z, ..low }
                } else if y > high.y {
                    ChunkPos { z: z + 1, ..low }
                } else if x < low.x {
                    ChunkPos { x: low.x, y, z }
                } else if x > high.x {
                    ChunkPos { x: low.x, y: y + 1, z }
                } else {
                    number = at + 1;
                    return Some(entry);
                };
                effort::note(1);
                let (Ok(found) | Err(found)) = self.find(next);
                number = found;
            }
        })
    }

    /// How many voxels they have. What was counted and not written since is not counted again.
    pub(crate) fn voxels(&self) -> u64 {
        effort::note(self.few.len() + self.pages.len());
        let few = self.few.iter().map(|(_, chunk)| chunk.voxels()).sum::<u64>();
        few + self.pages.iter().map(|page| page.entries.voxels()).sum::<u64>()
    }

    /// Counts the voxels of a chunk for [`Chunks::voxels`], or sees that those of its page are
    /// counted; the number to go on with, `None` behind the last.
    pub(crate) fn count_next(&self, number: u32) -> Option<u32> {
        if let Some((_, chunk)) = self.few.get(number as usize) {
            chunk.voxels();
            return Some(number + 1);
        }
        let (page, place) = place_of(number);
        let entries = &self.pages.get(page)?.entries;
        match entries.list.get(place) {
            Some((_, chunk)) if !entries.are_counted() => {
                chunk.voxels();
                if place + 1 < entries.list.len() {
                    return Some(number + 1);
                }
                entries.find_all();
            }
            _ => {}
        }
        Some(number_of(page + 1, 0))
    }

    /// Bytes that they take.
    pub(crate) fn chunk_bytes(&self) -> Bytes {
        effort::note(self.pages.len());
        let pages = self.pages.iter().map(|page| page.entries.bytes());
        pages.fold(Bytes::of(&self.few), |sum, page| Bytes {
            blocks: sum.blocks + page.blocks,
            tables: sum.tables + page.tables,
        })
    }

    /// The smallest box of whole blocks around all voxels.
    pub(crate) fn block_bounds(&self) -> Option<Bounds> {
        effort::note(self.pages.len());
        let few = union_of_blocks(&self.few);
        self.pages.iter().fold(few, |all, page| Bounds::union_of(all, page.entries.blocks()))
    }

    /// The same, a page at a time: each box around the blocks of a page.
    pub(crate) fn boxes_of_pages(&self) -> impl Iterator<Item = Option<Bounds>> {
        let few = iter::once_with(|| union_of_blocks(&self.few));
        few.chain(self.pages.iter().map(|page| page.entries.blocks()))
    }

    /// The boxes around the voxels of each page, together the smallest box around all voxels. Pages
    /// that lie inside `all`, the box around all blocks, have none.
    pub(crate) fn tight_boxes<'a>(
        &'a self,
        all: &'a Bounds,
    ) -> impl Iterator<Item = Option<Bounds>> + 'a {
        let few = iter::once_with(move || {
            effort::note(self.few.len());
            self.few.iter().fold(None, |bounds, entry| extended(bounds, all, entry))
        });
        let is_outside = |own: Bounds| reaches_a_side(&own, all);
        few.chain(self.pages.iter().map(move |page| {
            page.entries.blocks().filter(|own| is_outside(*own))?;
            page.entries.tight()
        }))
    }

    /// Whether both have the same chunks, not only equal ones, in the same places.
    pub(crate) fn is_shared_with(&self, other: &Chunks) -> bool {
        self.count == other.count && self.differing(other).next().is_none()
    }

    /// The positions at which two lists have not the same chunk, with what both have there, in
    /// order. What they share is passed over page by page.
    pub(crate) fn differing<'a>(
        &'a self,
        other: &'a Chunks,
    ) -> impl Iterator<Item = (ChunkPos, [Option<&'a Chunk>; 2])> {
        let lists = [self, other];
        let mut numbers = [0; 2];
        iter::from_fn(move || {
            loop {
                while let Some(next) = next_page_if_shared(lists, numbers) {
                    numbers = next;
                }
                let entries: [_; 2] = std::array::from_fn(|n| lists[n].at_least(numbers[n]));
                let at = entries.iter().flatten().map(|(_, entry)| entry.0);
                let at = at.min_by_key(|pos| pos.order())?;
                let there = entries.map(|entry| entry.filter(|(_, entry)| entry.0 == at));
                for (number, there) in numbers.iter_mut().zip(&there) {
                    *number = there.map_or(*number, |(there, _)| there + 1);
                }
                let chunks = there.map(|there| there.map(|(_, entry)| &entry.1));
                let [first, second] = chunks.map(|chunk| chunk.map(Chunk::address));
                if first != second {
                    return Some((at, chunks));
                }
            }
        })
    }

    /// Bytes that are not counted with pages or chunks.
    pub(crate) fn bytes(&self) -> u64 {
        let few = self.few.capacity() * size_of::<Entry>();
        (few + self.pages.capacity() * size_of::<Page>()) as u64
    }

    /// Bytes of the pages.
    pub(crate) fn page_bytes(&self) -> u64 {
        let page = |page: &Page| (Shared::<Entries>::BYTES + page.entries.heap()) as u64;
        self.pages.iter().map(page).sum()
    }
}

/// The chunk with a number to write into, if nobody else has its page.
#[inline]
fn own_of_pages(pages: &mut [Page], number: u32) -> Option<&mut Chunk> {
    let (page, place) = place_of(number);
    let entries = pages.get_mut(page)?.entries.get_mut()?;
    entries.written().get_mut(place).map(|(_, chunk)| chunk)
}

/// The numbers behind the pages at which two lists are, if that is the start of the same page.
fn next_page_if_shared(lists: [&Chunks; 2], numbers: [u32; 2]) -> Option<[u32; 2]> {
    let mut pages = [0; 2];
    for ((page, list), number) in pages.iter_mut().zip(lists).zip(numbers) {
        let there = list.at_least(number).filter(|_| !list.pages.is_empty())?.0;
        let place;
        (*page, place) = place_of(there);
        if place != 0 {
            return None;
        }
    }
    let address = |n: usize| lists[n].pages.get(pages[n]).map(|page| page.entries.address());
    (address(0)? == address(1)?).then(|| pages.map(|page| number_of(page + 1, 0)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % most
        }

        fn pos(&mut self, most: u64) -> ChunkPos {
            let [x, y, z] = [0; 3].map(|_| self.below(most) as i32 - most as i32 / 2);
            ChunkPos { x, y, z }
        }
    }

    /// The same as a map, with the addresses of the chunks.
    type Plain = BTreeMap<(i32, i32, i32), usize>;

    fn key(pos: ChunkPos) -> (i32, i32, i32) {
        (pos.z, pos.y, pos.x)
    }

    fn check(chunks: &Chunks, plain: &Plain) {
        assert_eq!(chunks.len(), plain.len());
        let listed = chunks.iter().map(|(pos, chunk)| (key(*pos), chunk.address()));
        assert!(listed.eq(plain.iter().map(|(pos, chunk)| (*pos, *chunk))));
        assert!(chunks.few.is_empty() || chunks.pages.is_empty());
        for (number, page) in chunks.pages.iter().enumerate() {
            let entries = &page.entries.list;
            assert!(!entries.is_empty() && entries.len() <= MOST && entries.capacity() == MOST);
            assert!(page.low.order() <= entries[0].0.order());
            if let Some(next) = chunks.pages.get(number + 1) {
                assert!(entries[entries.len() - 1].0.order() < next.low.order());
            }
        }
        let mut number = 0;
        let mut walked = 0;
        while let Some((at, (pos, _))) = chunks.at_least(number) {
            assert_eq!(chunks.find(*pos), Ok(at));
            (number, walked) = (at + 1, walked + 1);
        }
        assert_eq!(walked, plain.len());
    }

    #[test]
    fn chunks_come_and_go_like_in_a_plain_map_and_copies_keep_theirs() {
        for (seed, most) in [(1, 8), (2, 12), (3, 60)] {
            let (mut numbers, mut chunks) = (Numbers(seed), Chunks::default());
            let (mut plain, mut copies) = (Plain::new(), Vec::new());
            for step in 0..6000 {
                let pos = numbers.pos(most);
                let is_growing = step / 1000 % 2 == 0;
                match chunks.find(pos) {
                    Ok(number) if !is_growing => {
                        chunks.remove(number);
                        plain.remove(&key(pos));
                    }
                    Ok(number) if step % 3 == 0 => {
                        let chunk = chunks.get_mut(number).expect("it was found");
                        *chunk = Chunk::new();
                        plain.insert(key(pos), chunk.address());
                    }
                    Err(_) if is_growing => {
                        let chunk = Chunk::new();
                        plain.insert(key(pos), chunk.address());
                        let number = chunks.insert(pos, chunk);
                        assert_eq!(chunks.find(pos), Ok(number));
                    }
                    _ => {
                        let other = numbers.pos(most);
                        let corners = [[pos.x, other.x], [pos.y, other.y], [pos.z, other.z]];
                        let [x, y, z] = corners.map(|[a, b]| a.min(b)..=a.max(b));
                        let low = ChunkPos { x: *x.start(), y: *y.start(), z: *z.start() };
                        let high = ChunkPos { x: *x.end(), y: *y.end(), z: *z.end() };
                        let found = chunks.within(low, high).map(|(pos, _)| key(*pos));
                        let is_inside = |at: &&(i32, i32, i32)| {
                            z.contains(&at.0) && y.contains(&at.1) && x.contains(&at.2)
                        };
                        assert!(found.eq(plain.keys().filter(is_inside).copied()));
                    }
                }
                if step % 500 == 499 {
                    check(&chunks, &plain);
                    copies.push((chunks.clone(), plain.clone()));
                }
            }
            for (copy, plain) in &copies {
                check(copy, plain);
                assert!(copy.is_shared_with(&copy.clone()));
                assert_eq!(copy.is_shared_with(&chunks), *plain == self::plain_of(&chunks));
                let differing = copy
                    .differing(&chunks)
                    .map(|(pos, there)| (key(pos), there.map(|chunk| chunk.map(Chunk::address))));
                let now = self::plain_of(&chunks);
                let mut expected = BTreeMap::new();
                for at in plain.keys().chain(now.keys()) {
                    let both = [plain.get(at).copied(), now.get(at).copied()];
                    if both[0] != both[1] {
                        expected.insert(*at, both);
                    }
                }
                assert!(differing.eq(expected));
            }
        }
    }

    fn plain_of(chunks: &Chunks) -> Plain {
        chunks.iter().map(|(pos, chunk)| (key(*pos), chunk.address())).collect()
    }

    #[test]
    fn a_copy_of_many_costs_a_handle_a_page_and_what_differs_a_look_at_each() {
        let mut chunks = Chunks::default();
        for n in 0..20_000 {
            chunks.insert(ChunkPos { x: n % 20, y: n / 20 % 20, z: n / 400 }, Chunk::new());
        }
        assert_eq!(chunks.pages.len(), 20_000usize.div_ceil(MOST));
        effort::take();
        let mut copy = chunks.clone();
        assert!(effort::take() < 400);
        copy.remove(copy.find(ChunkPos { x: 3, y: 3, z: 3 }).expect("it is there"));
        assert!(effort::take() < 100);
        assert_eq!(chunks.differing(&copy).count(), 1);
        assert!(!chunks.is_shared_with(&copy));
    }
}
