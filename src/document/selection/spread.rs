//! Growing and shrinking a mask along the axes, block by block.

use super::masks::put_bits;
use crate::job::{Progress, Slice};
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockWalk, Mask, Rgba, Volume};

/// Grows a mask by its neighbours along the axes, `steps` times.
pub async fn grow(mask: Volume, steps: u32, slice: &Slice) -> Volume {
    spread(mask, Rule::Grow, steps, slice).await
}

/// Takes from a mask what has a neighbour along the axes that is not selected, `steps` times.
pub async fn shrink(mask: Volume, steps: u32, slice: &Slice) -> Volume {
    spread(mask, Rule::Shrink, steps, slice).await
}

/// What becomes of a voxel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// It is selected if it or one of its six neighbours was.
    Grow,
    /// It stays selected if all of its six neighbours were.
    Shrink,
}

const NOTHING: Mask = [0; BLOCK_VOXELS / 64];

/// Some steps of a rule. Each step walks over the blocks of the mask as the step before has left
/// it.
async fn spread(mut mask: Volume, rule: Rule, steps: u32, slice: &Slice) -> Volume {
    for done in 0..steps {
        slice.progress(Progress { done: u64::from(done), total: u64::from(steps) });
        let (mut walk, mut spread) = (BlockWalk::new(), Volume::new());
        while let Some(at) = walk.next_in(&mask, slice).await {
            spread_block(&mask, rule, at, &mut spread);
            slice.spend(1).await;
        }
        mask = spread;
        slice.spend(1).await;
    }
    mask
}

/// Works on a block and, if the mask may spread there, on those beside it that it has not reached
/// yet.
fn spread_block(mask: &Volume, rule: Rule, at: BlockPos, spread: &mut Volume) {
    if is_inside(mask, at) {
        return spread.set_uniform_block(at, Rgba::WHITE);
    }
    put(mask, rule, at, spread);
    if rule == Rule::Grow {
        let near = (0..3).flat_map(|axis| [at.neighbor(axis, -1), at.neighbor(axis, 1)]);
        for at in near.flatten() {
            if mask.block(at).is_none() && spread.block(at).is_none() {
                put(mask, rule, at, spread);
            }
        }
    }
}

/// Whether a block and all those beside it are selected as a whole.
fn is_inside(mask: &Volume, at: BlockPos) -> bool {
    let is_whole = |at: BlockPos| mask.block(at).is_some_and(|block| block.uniform().is_some());
    let near = |axis, step| at.neighbor(axis, step).is_some_and(is_whole);
    is_whole(at) && (0..3).all(|axis| near(axis, -1) && near(axis, 1))
}

fn put(mask: &Volume, rule: Rule, at: BlockPos, into: &mut Volume) {
    let own = bits(mask, at);
    let spread = (0..6).fold(own, |all, side| {
        let seen = seen(mask, &own, at, side);
        match rule {
            Rule::Grow => std::array::from_fn(|word| all[word] | seen[word]),
            Rule::Shrink => std::array::from_fn(|word| all[word] & seen[word]),
        }
    });
    put_bits(into, at, &spread);
}

fn bits(mask: &Volume, at: BlockPos) -> Mask {
    mask.block(at).map_or(NOTHING, |block| block.mask())
}

/// For each voxel of a block whether its neighbour on a side (axis = side / 2; odd is the higher
/// one) is selected.
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
