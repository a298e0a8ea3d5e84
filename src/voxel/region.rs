//! Regions: the voxels that hang together with one and look like it.
//!
//! The search goes block by block. Within a block whole rows of bits spread at once; what reaches a
//! side seeds the neighbour, which waits in a queue until its turn comes. A block is visited again
//! only if it gets seeds in places that it has not reached. A unit of work is a visit.

use std::sync::Arc;

use super::bits::{ALL, NONE, SIDES, across, both, count, flood, mask_where, without};
use super::block::{Slot, index_in_block};
use super::index::{ChunkPos, place_in_chunk};
use super::{BlockPos, Bounds, Mask, Point, Rgba, Selection, Shape, Volume};
use crate::job::spread::SpreadMap;
use crate::job::{Budget, Job, Progress, Step, leftovers};

/// Which voxels look like the one that a region starts at: empty ones if that is empty, else those
/// whose channels differ by no more than a tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The colour at the start.
    pub color: Rgba,
    /// How far each of r, g, b and a may be from it.
    pub tolerance: [u8; 4],
}

impl Alike {
    /// Exactly one colour.
    pub fn exactly(color: Rgba) -> Alike {
        Alike { color, tolerance: [0; 4] }
    }

    /// Whether a colour is like the one at the start.
    #[inline]
    pub fn matches(&self, color: Rgba) -> bool {
        if self.color.is_empty() {
            return color.is_empty();
        }
        let near = |a: u8, b: u8, most: u8| a.abs_diff(b) <= most;
        let (own, most) = (self.color, self.tolerance);
        !color.is_empty()
            & near(color.r, own.r, most[0])
            & near(color.g, own.g, most[1])
            & near(color.b, own.b, most[2])
            & near(color.a, own.a, most[3])
    }

    /// Which voxels of a block match.
    fn mask(&self, slot: &Slot) -> Mask {
        let all = |matches: bool| if matches { ALL } else { NONE };
        match slot {
            Slot::Empty => all(self.color.is_empty()),
            Slot::Uniform(color) => all(self.matches(*color)),
            slot if self.color.is_empty() => without(&ALL, &slot.mask()),
            Slot::Dense(dense) => self.mask_of(&dense.voxels),
            slot => {
                let mut voxels = [Rgba::EMPTY; 4096];
                slot.copy_to(&mut voxels);
                self.mask_of(&voxels)
            }
        }
    }

    fn mask_of(&self, voxels: &[Rgba; 4096]) -> Mask {
        let number = |color: Rgba| u32::from_le_bytes(color.bytes());
        if self.tolerance == [0; 4] {
            let own = number(self.color);
            return mask_where(voxels, |color| number(color) == own);
        }
        mask_where(voxels, |color| self.matches(color))
    }
}

/// A region was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the region has more than {limit} voxels")]
pub struct RegionTooLarge {
    /// How many it may have.
    pub limit: u64,
}

/// The place of no node.
const NO_NODE: u32 = u32::MAX;

/// What is known of a block.
struct Node {
    at: BlockPos,
    /// What the region may enter; `None` for all of it.
    free: Option<Box<Mask>>,
    /// What it has reached; `None` for all of it.
    reached: Option<Box<Mask>>,
    /// What neighbours have seeded since the last visit.
    seeds: Option<Box<Mask>>,
}

impl Node {
    fn reached(&self) -> Mask {
        self.reached.as_ref().map_or(ALL, |mask| **mask)
    }

    fn free(&self) -> Mask {
        self.free.as_ref().map_or(ALL, |mask| **mask)
    }
}

/// Nodes by their numbers, in pages: a long list that grows is copied.
#[derive(Default)]
struct Nodes {
    /// All are full but the last.
    pages: Vec<Vec<Node>>,
}

impl Nodes {
    const PAGE: usize = 4096;

    fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * Self::PAGE + last.len())
    }

    /// Adds a node; its number.
    fn push(&mut self, node: Node) -> u32 {
        let number = self.len();
        if number == self.pages.len() * Self::PAGE {
            self.pages.push(Vec::new());
        }
        self.pages[number / Self::PAGE].push(node);
        number as u32
    }

    fn at(&mut self, number: u32) -> &mut Node {
        &mut self.pages[number as usize / Self::PAGE][number as usize % Self::PAGE]
    }

    /// Takes the last node.
    fn pop(&mut self) -> Option<Node> {
        let page = self.pages.last_mut()?;
        let node = page.pop();
        if page.is_empty() {
            self.pages.pop();
        }
        node
    }
}

/// The search for a region, as a job on a snapshot.
pub struct RegionJob {
    volume: Arc<Volume>,
    alike: Alike,
    within: Bounds,
    limit: u64,
    found: u64,
    nodes: Nodes,
    /// Where the nodes are, in tables of 16x16x16 blocks: of a large table, growing takes long.
    places: SpreadMap<ChunkPos, Box<[u32; 4096]>>,
    waiting: Vec<u32>,
    /// What was reached, once the search is over.
    reached: Selection,
}

impl Drop for RegionJob {
    fn drop(&mut self) {
        leftovers::leave(std::mem::take(&mut self.nodes.pages).into_iter().flatten());
    }
}

impl RegionJob {
    /// The region around a voxel within a box, of at most `limit` voxels. Empty if the voxel lies
    /// outside the box.
    pub fn new(
        volume: &Volume,
        start: Point,
        tolerance: [u8; 4],
        within: Bounds,
        limit: u64,
    ) -> RegionJob {
        let alike = Alike { color: volume.get(start), tolerance };
        RegionJob::of_alike(Arc::new(volume.clone()), start, alike, within, limit)
    }

    /// All that hangs together with a voxel and is not empty, whatever its colour.
    pub(super) fn of_part(volume: &Arc<Volume>, start: Point) -> RegionJob {
        let any = Alike { color: Rgba::WHITE, tolerance: [255; 4] };
        RegionJob::of_alike(Arc::clone(volume), start, any, Bounds::ALL, u64::MAX)
    }

    fn of_alike(
        volume: Arc<Volume>,
        start: Point,
        alike: Alike,
        within: Bounds,
        limit: u64,
    ) -> RegionJob {
        let mut job = RegionJob {
            volume,
            alike,
            within,
            limit,
            found: 0,
            nodes: Nodes::default(),
            places: SpreadMap::default(),
            waiting: Vec::new(),
            reached: Selection::new(),
        };
        let index = index_in_block(start);
        let mut seeds = NONE;
        seeds[index >> 6] = 1 << (index & 63);
        job.seed(BlockPos::of(start), &seeds);
        job
    }

    /// How many voxels have been found.
    pub fn found(&self) -> u64 {
        self.found
    }

    fn free(&self, at: BlockPos) -> Mask {
        let bounds = at.bounds();
        let Some(part) = self.within.intersect(&bounds) else { return NONE };
        let mask = self.alike.mask(self.volume.index.slot(at).unwrap_or(&Slot::Empty));
        if part == bounds { mask } else { both(&mask, &Shape::cuboid(part).mask(at)) }
    }

    /// Notes that the region enters a block at some voxels.
    fn seed(&mut self, at: BlockPos, seeds: &Mask) {
        let place = match self.places.get(&ChunkPos::of(at)).map(|table| table[place_in_chunk(at)])
        {
            Some(place) if place != NO_NODE => place,
            _ => self.add_node(at),
        };
        let node = self.nodes.at(place);
        let Some(reached) = &node.reached else { return };
        let fresh: Mask = match &node.free {
            Some(free) => std::array::from_fn(|w| seeds[w] & free[w] & !reached[w]),
            None => without(seeds, reached),
        };
        if fresh == NONE {
            return;
        }
        match &mut node.seeds {
            Some(seeds) => seeds.iter_mut().zip(fresh).for_each(|(seeds, fresh)| *seeds |= fresh),
            None => {
                node.seeds = Some(Box::new(fresh));
                self.waiting.push(place);
            }
        }
    }

    fn add_node(&mut self, at: BlockPos) -> u32 {
        let free = self.free(at);
        let free = (free != ALL).then(|| Box::new(free));
        let reached = Some(Box::new(NONE));
        let place = self.nodes.push(Node { at, free, reached, seeds: None });
        let table =
            self.places.entry(ChunkPos::of(at)).or_insert_with(|| Box::new([NO_NODE; 4096]));
        table[place_in_chunk(at)] = place;
        place
    }

    /// Spreads the seeds of a block and hands on what reaches its sides.
    fn visit(&mut self, place: u32) {
        let node = self.nodes.at(place);
        let Some(seeds) = node.seeds.take() else { return };
        let (before, free) = (node.reached(), node.free());
        let start = std::array::from_fn(|word| before[word] | seeds[word]);
        let after = flood(&start, &free);
        let fresh = without(&after, &before);
        self.found += u64::from(count(&fresh));
        let at = node.at;
        if after == ALL {
            node.reached = None;
        } else {
            node.reached = Some(Box::new(after));
        }
        for (axis, step) in SIDES {
            let beyond = across(&fresh, axis, step);
            if beyond != NONE
                && let Some(there) = at.neighbor(axis, step)
            {
                self.seed(there, &beyond);
            }
        }
    }

    /// Moves what was reached of one more block; false once there is none left.
    fn take_block(&mut self) -> bool {
        let Some(node) = self.nodes.pop() else { return false };
        self.reached.put(node.at, node.reached());
        true
    }
}

impl Job for RegionJob {
    type Output = Result<Selection, RegionTooLarge>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        while let Some(place) = self.waiting.pop() {
            self.visit(place);
            if self.found > self.limit {
                return Step::Done(Err(RegionTooLarge { limit: self.limit }));
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
        while self.take_block() {
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(Ok(std::mem::take(&mut self.reached)))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.found, total: 0 }
    }
}

impl Volume {
    /// The voxels that hang together with one and look like it, within a box.
    ///
    /// ```
    /// use goxel_daemon::voxel::{BlendMode, Bounds, Point, Rgba, Volume};
    /// let mut volume = Volume::new();
    /// volume.fill(Bounds::inclusive([0, 0, 0], [9, 9, 0]), Rgba::WHITE);
    /// volume.fill(Bounds::inclusive([5, 0, 0], [5, 9, 0]), Rgba::EMPTY);
    /// let region = volume.region(Point::new(0, 0, 0), [0; 4], Bounds::ALL, 1000)?;
    /// assert_eq!(region.count(), 50);
    /// volume.blend_selection(&region, BlendMode::Replace, Rgba::opaque(255, 0, 0))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn region(
        &self,
        start: Point,
        tolerance: [u8; 4],
        within: Bounds,
        limit: u64,
    ) -> Result<Selection, RegionTooLarge> {
        RegionJob::new(self, start, tolerance, within, limit).finish()
    }

    /// How many faces of voxels are open: have an empty voxel beside them.
    pub fn surface_area(&self) -> u64 {
        self.blocks().map(|(at, _)| u64::from(self.open_faces(at))).sum()
    }

    /// How many faces of voxels of one block are open.
    pub fn open_faces(&self, at: BlockPos) -> u32 {
        let mask = |block: BlockPos| self.block(block).map_or(NONE, |block| block.mask());
        super::selection::open_faces(at, mask)
    }
}
