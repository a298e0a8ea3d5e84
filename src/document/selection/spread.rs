//! Growing and shrinking a mask along the axes, block by block.

use super::jobs::put_bits;
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockWalk, Mask, MemoryLimit, Rgba, Volume};

/// What becomes of a voxel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It is selected if it or one of its six neighbours was.
    Grow,
    /// It stays selected if all of its six neighbours were.
    Shrink,
}

const NOTHING: Mask = [0; BLOCK_VOXELS / 64];

/// Some steps of a rule. Each step walks over the blocks of the mask as the step before has left it.
pub(super) struct Spread {
    rule: Rule,
    steps: u32,
    steps_left: u32,
    mask: Volume,
    walk: BlockWalk,
    spread: Volume,
}

impl Spread {
    pub(super) fn new(mask: &Volume, rule: Rule, steps: u32) -> Self {
        let (walk, spread) = (BlockWalk::new(mask), Volume::new());
        Spread { rule, steps, steps_left: steps, mask: mask.clone(), walk, spread }
    }

    /// Works on the next block and, if the mask may spread there, on those beside it that it has not reached yet.
    fn next_block(&mut self) -> bool {
        let Some(at) = self.walk.next(&self.mask) else { return false };
        if self.is_inside(at) {
            self.spread.set_uniform_block(at, Rgba::WHITE);
            return true;
        }
        self.put(at);
        if self.rule == Rule::Grow {
            let near = (0..3).flat_map(|axis| [at.neighbor(axis, -1), at.neighbor(axis, 1)]);
            for at in near.flatten() {
                if self.mask.block(at).is_none() && self.spread.block(at).is_none() {
                    self.put(at);
                }
            }
        }
        true
    }

    /// Whether a block and all those beside it are selected as a whole.
    fn is_inside(&self, at: BlockPos) -> bool {
        let is_whole =
            |at: BlockPos| self.mask.block(at).is_some_and(|block| block.uniform().is_some());
        let near = |axis, step| at.neighbor(axis, step).is_some_and(is_whole);
        is_whole(at) && (0..3).all(|axis| near(axis, -1) && near(axis, 1))
    }

    fn put(&mut self, at: BlockPos) {
        let own = bits(&self.mask, at);
        let spread = (0..6).fold(own, |all, side| {
            let seen = seen(&self.mask, &own, at, side);
            match self.rule {
                Rule::Grow => std::array::from_fn(|word| all[word] | seen[word]),
                Rule::Shrink => std::array::from_fn(|word| all[word] & seen[word]),
            }
        });
        put_bits(&mut self.spread, at, &spread);
    }

    fn next_step(&mut self) {
        self.mask = std::mem::take(&mut self.spread);
        self.walk = BlockWalk::new(&self.mask);
        self.steps_left -= 1;
    }
}

impl Job for Spread {
    type Output = Result<Volume, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        while self.steps_left > 0 {
            if !self.next_block() {
                self.next_step();
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(Ok(std::mem::take(&mut self.mask)))
    }

    fn progress(&self) -> Progress {
        Progress { done: u64::from(self.steps - self.steps_left), total: u64::from(self.steps) }
    }
}

fn bits(mask: &Volume, at: BlockPos) -> Mask {
    mask.block(at).map_or(NOTHING, |block| block.mask())
}

/// For each voxel of a block whether its neighbour on a side (axis = side / 2; odd is the higher one) is selected.
fn seen(mask: &Volume, own: &Mask, at: BlockPos, side: usize) -> Mask {
    let (axis, up) = (side / 2, side % 2 == 1);
    let next = at.neighbor(axis, if up { 1 } else { -1 }).map_or(NOTHING, |at| bits(mask, at));
    match (axis, up) {
        // Four rows of 16 voxels lie in a word, four words in a layer.
        (0, true) => std::array::from_fn(|w| {
            own[w] >> 1 & !0x8000_8000_8000_8000 | next[w] << 15 & 0x8000_8000_8000_8000
        }),
        (0, false) => std::array::from_fn(|w| {
            own[w] << 1 & !0x0001_0001_0001_0001 | next[w] >> 15 & 0x0001_0001_0001_0001
        }),
        (1, true) => std::array::from_fn(|w| {
            let above = if w % 4 == 3 { next[w - 3] } else { own[w + 1] };
            own[w] >> 16 | above << 48
        }),
        (1, false) => std::array::from_fn(|w| {
            let below = if w % 4 == 0 { next[w + 3] } else { own[w - 1] };
            own[w] << 16 | below >> 48
        }),
        (_, true) => std::array::from_fn(|w| if w < 60 { own[w + 4] } else { next[w - 60] }),
        (_, false) => std::array::from_fn(|w| if w >= 4 { own[w - 4] } else { next[w + 60] }),
    }
}
