//! A model made ready for drawing: a snapshot of its voxels with the bits of what hides and what
//! shines through.

use super::finish::{Finish, Finishes, Materials};
use crate::job::Slice;
use crate::mesh::{Occupancy, Solidity, box_mask};
use crate::voxel::{BlockPos, BlockRef, BlockWalk, Bounds, Mask, Point, Rgba, Volume};

/// A model made ready for drawing.
pub(crate) struct Scene {
    pub(crate) volume: Volume,
    /// Voxels that hide what is behind them.
    pub(crate) opaque: Occupancy,
    /// Voxels that do not, if there are any.
    pub(crate) translucent: Option<Occupancy>,
    /// What the translucent voxels of each block are alike in, by the slots of their occupancy.
    alike: Vec<Option<Rgba>>,
    /// The layers of these blocks, by z, in which no voxel is empty.
    full: Vec<u16>,
    /// How voxels take light.
    pub(crate) finishes: Finishes,
    /// The box around all of both.
    pub(crate) bounds: Option<Bounds>,
}

impl Scene {
    /// The stored colour of a voxel.
    pub(crate) fn color(&self, voxel: [i32; 3]) -> Rgba {
        self.volume.get(Point::from(voxel))
    }

    /// The same of many voxels that mostly lie near each other.
    pub(crate) fn colors(&self) -> Colors<'_> {
        Colors { volume: &self.volume, known: None }
    }

    /// How a voxel takes light.
    #[inline]
    pub(crate) fn finish(&self, voxel: [i32; 3]) -> &Finish {
        self.finishes.get(voxel)
    }

    /// The colour of a translucent voxel, with the opacity of its material.
    pub(crate) fn clear_color(&self, voxel: [i32; 3]) -> Rgba {
        self.finish(voxel).color(self.color(voxel))
    }

    /// The same of all translucent voxels of a block, if they have one colour.
    pub(crate) fn clear_color_of_block(&self, block: [i32; 3]) -> Option<Rgba> {
        self.clear_color_of_slot(self.translucent.as_ref()?.slot(block)?)
    }

    /// The same by the number of the block among those with translucent voxels.
    #[inline]
    pub(crate) fn clear_color_of_slot(&self, slot: usize) -> Option<Rgba> {
        self.alike.get(slot).copied().flatten()
    }

    /// Whether no voxel of a block with translucent ones is empty from a layer of it on, downward
    /// or upward.
    #[inline]
    pub(crate) fn is_full_from(&self, slot: usize, layer: i64, is_upward: bool) -> bool {
        let layers = if is_upward { !0 << layer } else { !0 >> (15 - layer) };
        self.full.get(slot).is_some_and(|full| !full & layers == 0)
    }
}

/// Looks up colours; keeps the block of the last one.
pub(crate) struct Colors<'a> {
    volume: &'a Volume,
    known: Option<(BlockPos, Option<BlockRef<'a>>)>,
}

impl Colors<'_> {
    /// The stored colour of a voxel.
    #[inline]
    pub(crate) fn get(&mut self, voxel: [i32; 3]) -> Rgba {
        let at = BlockPos::of(Point::from(voxel));
        let block = match self.known {
            Some((there, block)) if there == at => block,
            _ => self.known.insert((at, self.volume.block(at))).1,
        };
        let [x, y, z] = voxel.map(|part| (part & 15) as usize);
        block.map_or(Rgba::EMPTY, |block| block.get(x | y << 4 | z << 8))
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
    alike: Vec<Option<Rgba>>,
    full: Vec<u16>,
    finishes: Finishes,
}

impl SceneBuilder {
    /// [`SceneBuilder::new`] after what it asks of the volume was found out in slices.
    pub(crate) async fn of(
        volume: Volume,
        crop: Option<Bounds>,
        materials: Materials,
        slice: &Slice,
    ) -> Self {
        volume.bounds_in_slices(false, slice).await;
        SceneBuilder::new(volume, crop, materials)
    }

    pub(crate) fn new(volume: Volume, crop: Option<Bounds>, materials: Materials) -> Self {
        SceneBuilder {
            walk: BlockWalk::within(crop),
            done: 0,
            opaque: Occupancy::with_room_for(&volume, crop),
            translucent: Occupancy::with_room_for(&volume, crop),
            alike: Vec::new(),
            full: Vec::new(),
            finishes: Finishes::new(materials),
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
        if !self.walk.look_ahead(&self.volume) {
            return true;
        }
        let Some(at) = self.walk.next(&self.volume) else { return false };
        self.done += 1;
        if let Some(block) = self.volume.block(at) {
            let inside = self.crop.map_or([u64::MAX; 64], |crop| box_mask(at, &crop));
            let clear = self.finishes.note(at);
            let mut opaque = Solidity::Opaque.mask(block);
            let present = block.mask();
            (0..64).for_each(|word| opaque[word] &= inside[word] & !clear[word]);
            let rest: Mask = std::array::from_fn(|i| present[i] & inside[i] & !opaque[i]);
            let is_full = |layer: usize| {
                (4 * layer..4 * layer + 4).all(|word| opaque[word] | rest[word] == u64::MAX)
            };
            let full = (0..16).map(|layer| u16::from(is_full(layer)) << layer).sum();
            self.opaque.insert(at, opaque);
            if rest != [0; 64] {
                self.translucent.insert(at, rest);
                self.full.push(full);
                self.alike.push(self.shared_color(at, &rest));
            }
        }
        true
    }

    /// The colour of some translucent voxels of a block, if they have one.
    fn shared_color(&self, at: BlockPos, mask: &Mask) -> Option<Rgba> {
        let finish = self.finishes.of_block([at.x, at.y, at.z], mask)?;
        let block = self.volume.block(at)?;
        let mut seen = None;
        for (word, &bits) in mask.iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                let color = block.get(word * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
                if *seen.get_or_insert(color) != color {
                    return None;
                }
            }
        }
        seen.map(|color| finish.color(color))
    }

    pub(crate) fn finish(self) -> Scene {
        let bounds = Bounds::union_of(self.opaque.bounds(), self.translucent.bounds());
        let translucent = (!self.translucent.is_empty()).then_some(self.translucent);
        Scene {
            volume: self.volume,
            opaque: self.opaque,
            translucent,
            alike: self.alike,
            full: self.full,
            finishes: self.finishes,
            bounds,
        }
    }
}
