//! A model made ready for drawing: a snapshot of its voxels with the bits of what hides and what
//! shines through.

use crate::mesh::{Occupancy, Solidity, box_mask};
use crate::voxel::{BlockWalk, Bounds, Mask, Point, Rgba, Volume};

/// A model made ready for drawing.
pub(crate) struct Scene {
    pub(crate) volume: Volume,
    /// Voxels that hide what is behind them.
    pub(crate) opaque: Occupancy,
    /// Voxels that do not, if there are any.
    pub(crate) translucent: Option<Occupancy>,
    /// The box around all of both.
    pub(crate) bounds: Option<Bounds>,
}

impl Scene {
    /// The stored colour of a voxel.
    pub(crate) fn color(&self, voxel: [i32; 3]) -> Rgba {
        self.volume.get(Point::from(voxel))
    }
}

/// Makes a [`Scene`] block by block.
pub(crate) struct SceneBuilder {
    volume: Volume,
    crop: Option<Bounds>,
    walk: BlockWalk,
    done: usize,
    opaque: Occupancy,
    translucent: Occupancy,
}

impl SceneBuilder {
    pub(crate) fn new(volume: Volume, crop: Option<Bounds>) -> Self {
        SceneBuilder {
            walk: BlockWalk::within(&volume, crop),
            done: 0,
            opaque: Occupancy::with_room_for(&volume, crop),
            translucent: Occupancy::with_room_for(&volume, crop),
            volume,
            crop,
        }
    }

    /// Blocks done and blocks in all.
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.volume.block_count())
    }

    /// Takes in one more block; false once there is none left.
    pub(crate) fn advance(&mut self) -> bool {
        let Some(at) = self.walk.next(&self.volume) else { return false };
        self.done += 1;
        if let Some(block) = self.volume.block(at) {
            let inside = self.crop.map_or([u64::MAX; 64], |crop| box_mask(at, &crop));
            let opaque = Solidity::Opaque.mask(block);
            let present = block.mask();
            let rest: Mask = std::array::from_fn(|i| present[i] & !opaque[i] & inside[i]);
            self.opaque.insert(at, std::array::from_fn(|i| opaque[i] & inside[i]));
            self.translucent.insert(at, rest);
        }
        true
    }

    pub(crate) fn finish(self) -> Scene {
        let bounds = Bounds::union_of(self.opaque.bounds(), self.translucent.bounds());
        let translucent = (!self.translucent.is_empty()).then_some(self.translucent);
        Scene { volume: self.volume, opaque: self.opaque, translucent, bounds }
    }
}
