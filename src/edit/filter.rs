//! Filters: each voxel anew from what was around it.

use rustc_hash::FxHashSet;

use super::stamp::{read_block, write_block};
use super::surroundings::Surroundings;
use super::work::{Refusal, Work, unmarked, voxel_of};
use crate::job::Progress;
use crate::mesh::box_mask;
use crate::voxel::{BlockPos, BlockWalk, Bounds, EditReport, Mask, Point, Rgba, Volume};

/// The colour of a voxel, given the volume before the filter and its colour there.
pub(super) type ColorRule = Box<dyn Fn(&Volume, Point, Rgba) -> Rgba + Send>;

/// What becomes of the voxels.
pub(super) enum Rule {
    /// It depends on a voxel's colour alone, and no empty voxel changes.
    Color(Box<dyn Fn(Rgba) -> Rgba + Send>),
    /// It depends on a voxel's place and colour.
    Place(Box<dyn Fn(Point, Rgba) -> Rgba + Send>),
    /// It depends on what is around a voxel.
    Around(Around),
}

/// A rule that asks for the neighbours.
pub(super) struct Around {
    /// Whether it asks beyond the edges and corners of a block too.
    pub(super) corners: bool,
    /// The voxels that may change: all those that do, and perhaps some more.
    pub(super) candidates: Box<dyn Fn(&Surroundings) -> Mask + Send>,
    /// What becomes of one of them, given the volume before the filter and its colour there.
    pub(super) color: ColorRule,
}

/// A rule applied to every voxel of a box.
pub(super) struct Filter {
    before: Volume,
    targets: Targets,
    within: Option<Bounds>,
    rule: Rule,
    surroundings: Surroundings,
}

/// The blocks that a filter works on, found on the way.
struct Targets {
    walk: BlockWalk,
    /// How many voxels beyond the blocks that there are it may change something.
    reach: i64,
    /// Blocks beside the last one that are to be visited.
    beside: Vec<BlockPos>,
    /// Blocks without a voxel that were found.
    beyond: FxHashSet<BlockPos>,
    done: u64,
    total: u64,
}

impl Targets {
    /// The next block, if it is soon told whether there is one to be visited; `None` at the end.
    fn next(&mut self, volume: &Volume, within: &Bounds) -> Option<Option<BlockPos>> {
        if let Some(at) = self.beside.pop() {
            self.done += 1;
            return Some(Some(at));
        }
        if !self.walk.look_ahead(volume) {
            return Some(None);
        }
        self.done += 1;
        let at = self.walk.next(volume)?;
        let own = at.bounds();
        let grown = Bounds {
            min: own.min.map(|value| value - self.reach),
            max: own.max.map(|value| value + self.reach),
        };
        let grown = grown.intersect(within);
        if let Some(grown) = grown.filter(|_| self.reach > 0) {
            self.find_beyond(volume, &grown);
        }
        Some(grown.map(|_| at))
    }

    /// Notes the blocks of a box that hold nothing and were not found before.
    fn find_beyond(&mut self, volume: &Volume, grown: &Bounds) {
        let [low, high] = [grown.min, grown.max_inside()].map(|corner| corner.map(|v| v >> 4));
        for z in low[2]..=high[2] {
            for y in low[1]..=high[1] {
                for x in low[0]..=high[0] {
                    let at = BlockPos { x: x as i32, y: y as i32, z: z as i32 };
                    if volume.block(at).is_none() && self.beyond.insert(at) {
                        self.beside.push(at);
                        self.total += 1;
                    }
                }
            }
        }
    }
}

impl Filter {
    /// Over the blocks that there are.
    pub(super) fn new(volume: &Volume, within: Option<Bounds>, rule: Rule) -> Self {
        Filter::growing(volume, within, 0, rule)
    }

    /// Over the blocks that there are and those around them as far as `reach` voxels go.
    pub(super) fn growing(volume: &Volume, within: Option<Bounds>, reach: i64, rule: Rule) -> Self {
        let targets = Targets {
            walk: BlockWalk::new(),
            reach,
            beside: Vec::new(),
            beyond: FxHashSet::default(),
            done: 0,
            total: volume.block_count() as u64,
        };
        let surroundings = Surroundings::new();
        Filter { before: unmarked(volume), targets, within, rule, surroundings }
    }
}

impl Filter {
    /// Applies a rule to some voxels of a block.
    fn apply(
        &self,
        rule: &dyn Fn(&Volume, Point, Rgba) -> Rgba,
        at: BlockPos,
        mask: &Mask,
        volume: &mut Volume,
        report: &mut EditReport,
    ) {
        if *mask == [0; 64] {
            return;
        }
        let old = read_block(&self.before, at);
        let mut new = old;
        for (word, &bits) in mask.iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                let index = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                new[index] = rule(&self.before, voxel_of(at, index), old[index]);
            }
        }
        write_block(volume, at, &old, &new, report);
    }

    /// Applies a rule of colours, once for each run of a colour.
    fn recolor(
        &self,
        rule: &dyn Fn(Rgba) -> Rgba,
        at: BlockPos,
        mask: &Mask,
        volume: &mut Volume,
        report: &mut EditReport,
    ) {
        let Some(block) = self.before.block(at) else { return };
        let plain = block.uniform();
        if plain.is_some_and(|color| rule(color) == color) {
            return;
        }
        let old = read_block(&self.before, at);
        let mut new = old;
        let mut last = (Rgba::EMPTY, Rgba::EMPTY);
        for (index, voxel) in new.iter_mut().enumerate() {
            if *voxel != last.0 {
                last = (*voxel, if voxel.is_empty() { *voxel } else { rule(*voxel) });
            }
            if mask[index >> 6] >> (index & 63) & 1 == 1 {
                *voxel = last.1;
            }
        }
        write_block(volume, at, &old, &new, report);
    }
}

impl Work for Filter {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        let within = self.within.unwrap_or(Bounds::ALL);
        let Some(next) = self.targets.next(&self.before, &within) else { return Ok(false) };
        let Some(at) = next else { return Ok(true) };
        let allowed = self.within.map_or([!0; 64], |bounds| box_mask(at, &bounds));
        match &self.rule {
            Rule::Color(rule) => self.recolor(rule, at, &allowed, volume, report),
            Rule::Place(rule) => {
                let rule = |_: &Volume, point, color| rule(point, color);
                self.apply(&rule, at, &allowed, volume, report);
            }
            Rule::Around(rule) => {
                self.surroundings.load(&self.before, at, rule.corners);
                let candidates = (rule.candidates)(&self.surroundings);
                let mask = std::array::from_fn(|word| candidates[word] & allowed[word]);
                self.apply(&*rule.color, at, &mask, volume, report);
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.targets.done.min(self.targets.total), total: self.targets.total }
    }
}
