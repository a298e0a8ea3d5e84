//! What of a document becomes a mesh of its own.

use crate::document::Document;
use crate::format::merged::merged;
use crate::job::Slice;
use crate::mesh::{Occupancy, hidden_in_block};
use crate::voxel::{BlockWalk, Volume};

/// Blocks that are looked at in one unit of work.
const BLOCKS_A_UNIT: usize = 64;

/// How many voxels of a volume are covered by others on all sides: block by block, so that no
/// memory is asked for.
pub(super) async fn inside(volume: &Volume, slice: &Slice) -> u64 {
    let (mut walk, mut count, mut looked_at) = (BlockWalk::new(), 0, 0);
    while let Some(at) = walk.next_in(volume, slice).await {
        count += u64::from(hidden_in_block(volume, at));
        looked_at += 1;
        if looked_at % BLOCKS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    count
}

/// How many of the voxels that were taken in are covered by others on all sides.
pub(super) async fn hidden(taken: &Occupancy, slice: &Slice) -> u64 {
    let mut count = 0;
    for slot in 0..taken.len() {
        count += u64::from(taken.hidden_in(slot));
        if slot % BLOCKS_A_UNIT == BLOCKS_A_UNIT - 1 {
            slice.spend(1).await;
        }
    }
    count
}

/// What is seen as one part, or a part for each visible layer that is not empty, with their names.
pub(super) async fn parts(
    document: &Document,
    as_one: bool,
    slice: &Slice,
) -> Vec<(String, Volume)> {
    if as_one {
        return vec![(document.name.clone(), merged(document, slice).await)];
    }
    let shown = document.layers().iter().filter(|layer| layer.visible && !layer.volume.is_empty());
    shown.map(|layer| (layer.name.clone(), layer.volume.clone())).collect()
}
