//! A look at the blocks of a volume, one after another, for those who read voxels in slices.

use super::block::point_in_block;
use super::index::into_set_places;
use super::{BlockPos, BlockRef, BlockWalk, Bounds, Point, Rgba, Volume};
use crate::job::Slice;

/// The blocks of a volume in the order z, y, x, as far as a box touches them. Looks at a copy, so
/// the volume may change meanwhile.
///
/// ```
/// use goxel_daemon::voxel::{Bounds, Look, Rgba, Volume};
/// let mut volume = Volume::new();
/// volume.fill(Bounds::inclusive([0, 0, 0], [99, 20, 9]), Rgba::WHITE);
/// let mut look = Look::new(&volume, Some(Bounds::inclusive([15, 0, 0], [16, 0, 0])));
/// let mut found = 0;
/// while let Some(block) = look.next() {
///     found += block.voxels().count();
/// }
/// assert_eq!(found, 2);
/// ```
pub struct Look {
    volume: Volume,
    walk: BlockWalk,
    within: Option<Bounds>,
}

/// One block of a look.
#[derive(Clone, Copy)]
pub struct Looked<'a> {
    at: BlockPos,
    block: BlockRef<'a>,
    within: Option<Bounds>,
}

impl Look {
    /// At a volume, within a box if one is given.
    pub fn new(volume: &Volume, within: Option<Bounds>) -> Self {
        Look { volume: volume.clone(), walk: BlockWalk::within(within), within }
    }

    /// What is looked at.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// The next block, looked for in slices.
    pub(crate) async fn next_in(&mut self, slice: &Slice) -> Option<Looked<'_>> {
        while !self.walk.look_ahead(&self.volume) {
            slice.spend(1).await;
        }
        self.next()
    }

    /// The next block; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "what it gives borrows from it")]
    pub fn next(&mut self) -> Option<Looked<'_>> {
        let at = self.walk.next(&self.volume)?;
        let block = self.volume.block(at)?;
        // Blocks that lie inside the box wholly need no look at it.
        let own = at.bounds();
        let within = self.within.filter(|bounds| bounds.intersect(&own) != Some(own));
        Some(Looked { at, block, within })
    }
}

impl<'a> Looked<'a> {
    /// How many voxels it holds, if all of it is wanted.
    pub fn whole_count(&self) -> Option<u64> {
        self.within.is_none().then(|| u64::from(self.block.count()))
    }

    /// The one colour of all its voxels, if there is just one and all of it is wanted.
    pub fn uniform(&self) -> Option<Rgba> {
        self.within.is_none().then(|| self.block.uniform()).flatten()
    }

    /// The voxels that are wanted, x fastest, then y, then z.
    pub fn voxels(self) -> impl Iterator<Item = (Point, Rgba)> + use<'a> {
        // A block has as many voxels as a cube of blocks has blocks.
        into_set_places(self.block.mask()).filter_map(move |index| {
            let point = point_in_block(self.at, index);
            let is_inside = self.within.is_none_or(|bounds| bounds.contains(point));
            is_inside.then(|| (point, self.block.get(index)))
        })
    }
}
