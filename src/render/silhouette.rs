//! How far a model reaches in any direction, to the voxel: what views are framed by.

use super::finish::Materials;
use super::scene::{Scene, SceneBuilder};
use super::vector::Vec3;
use crate::job::{Slice, leftovers};
use crate::mesh::Occupancy;
use crate::voxel::{BlockPos, Bounds, Mask, Volume, mask_bounds};

/// Blocks looked at in one unit of work.
const BLOCKS_A_UNIT: usize = 256;
/// Voxels along the edge of a block.
const EDGE: i64 = 16;

/// Parts from which on they are freed in slices.
const MANY: usize = 256;
/// Parts that have a box in common.
const GROUP: usize = 64;

/// The parts of a model that may be the farthest in some direction.
#[derive(Default)]
pub(crate) struct Silhouette {
    parts: Vec<Part>,
    /// The boxes around each [`GROUP`] of parts: of a model of voxels far apart, most groups are
    /// passed over by a look at theirs.
    boxes: Vec<Bounds>,
}

/// Voxels of a block.
struct Part {
    /// The smallest box around them.
    bounds: Bounds,
    /// Without a mask they fill the box.
    mask: Option<Box<Mask>>,
}

impl Drop for Silhouette {
    fn drop(&mut self) {
        if self.parts.len() > MANY {
            leftovers::leave(std::mem::take(&mut self.parts).into_iter());
        }
    }
}

impl From<Bounds> for Silhouette {
    fn from(bounds: Bounds) -> Self {
        let mut silhouette = Silhouette::default();
        silhouette.push(Part { bounds, mask: None });
        silhouette
    }
}

impl Silhouette {
    /// Of a model that is ready for drawing.
    pub(crate) async fn of(scene: &Scene, slice: &Slice) -> Silhouette {
        let mut silhouette = Silhouette::default();
        for voxels in [Some(&scene.opaque), scene.translucent.as_ref()].into_iter().flatten() {
            for (count, (at, mask)) in voxels.blocks().enumerate() {
                if !is_outdone(voxels, at, mask)
                    && let Some(part) = Part::of(at, mask)
                {
                    silhouette.push(part);
                }
                if count % BLOCKS_A_UNIT == BLOCKS_A_UNIT - 1 {
                    slice.spend(1).await;
                }
            }
        }
        silhouette
    }

    fn push(&mut self, part: Part) {
        match self.boxes.last_mut() {
            Some(around) if !self.parts.len().is_multiple_of(GROUP) => {
                *around = around.union(&part.bounds)
            }
            _ => self.boxes.push(part.bounds),
        }
        self.parts.push(part);
    }

    /// What views of a model are fitted to: the model, or the box around it.
    pub(crate) async fn fitted(scene: &Scene, to_box: bool, slice: &Slice) -> Silhouette {
        match scene.bounds.filter(|_| to_box) {
            Some(bounds) => bounds.into(),
            None => Silhouette::of(scene, slice).await,
        }
    }

    /// Of what of a volume lies in a box.
    pub(crate) async fn of_volume(
        volume: &Volume,
        crop: Option<Bounds>,
        to_box: bool,
        slice: &Slice,
    ) -> Silhouette {
        let materials = Materials::default();
        let mut builder = SceneBuilder::of(volume.clone(), crop, materials, slice).await;
        while builder.advance() {
            slice.spend(1).await;
        }
        Silhouette::fitted(&builder.finish(), to_box, slice).await
    }

    /// The greatest product of a direction with a point of the model; minus infinity of an empty
    /// one.
    pub(crate) fn reach(&self, direction: Vec3) -> f64 {
        let mut farthest = f64::NEG_INFINITY;
        for (around, parts) in self.boxes.iter().zip(self.parts.chunks(GROUP)) {
            if reach_of_box(around, direction) <= farthest {
                continue;
            }
            for part in parts {
                let most = reach_of_box(&part.bounds, direction);
                if most > farthest {
                    let exact = part.mask.as_ref().map_or(most, |mask| part.reach(mask, direction));
                    farthest = farthest.max(exact);
                }
            }
        }
        farthest
    }

    /// The middle of the box around it; the origin of an empty one.
    pub(crate) fn middle(&self) -> Vec3 {
        let all = self.boxes.iter().copied().reduce(|a, b| a.union(&b));
        let middle = |all: Bounds| {
            std::array::from_fn(|axis| (all.min[axis] as f64 + all.max[axis] as f64) / 2.0)
        };
        all.map_or([0.0; 3], middle)
    }
}

/// Whether on both sides of a block along some axis there is one with all of its voxels: then one
/// of the two is farther in whatever direction.
fn is_outdone(voxels: &Occupancy, at: [i32; 3], mask: &Mask) -> bool {
    let has_all = |axis: usize, step: i32| {
        let mut beside = at;
        beside[axis] += step;
        let other = voxels.block(beside);
        other.is_some_and(|other| mask.iter().zip(other).all(|(bits, others)| bits & !others == 0))
    };
    (0..3).any(|axis| has_all(axis, 1) && has_all(axis, -1))
}

fn reach_of_box(bounds: &Bounds, direction: Vec3) -> f64 {
    (0..3)
        .map(|axis| {
            let side = if direction[axis] > 0.0 { bounds.max[axis] } else { bounds.min[axis] };
            direction[axis] * side as f64
        })
        .sum()
}

impl Part {
    /// The voxels of a block; `None` if there are none.
    fn of(at: [i32; 3], mask: &Mask) -> Option<Part> {
        let [x, y, z] = at;
        let bounds = mask_bounds(BlockPos { x, y, z }, mask)?;
        let voxels = mask.iter().map(|bits| u128::from(bits.count_ones())).sum::<u128>();
        let is_box = voxels == bounds.capacity();
        Some(Part { bounds, mask: (!is_box).then(|| Box::new(*mask)) })
    }

    /// The same as [`Silhouette::reach`], of these voxels, row by row.
    fn reach(&self, mask: &Mask, direction: Vec3) -> f64 {
        let [x, y, z] = direction;
        let far = |part: f64| i32::from(part > 0.0);
        let mut farthest = f64::NEG_INFINITY;
        for (word, &bits) in mask.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            for row in 0..4 {
                let row_bits = (bits >> (16 * row)) as u16;
                if row_bits == 0 {
                    continue;
                }
                let end = if x > 0.0 {
                    16 - row_bits.leading_zeros() as i32
                } else {
                    row_bits.trailing_zeros() as i32
                };
                let (row, layer) = (word as i32 % 4 * 4 + row, word as i32 / 4);
                let at = x * f64::from(end)
                    + y * f64::from(row + far(y))
                    + z * f64::from(layer + far(z));
                farthest = farthest.max(at);
            }
        }
        // Of the block: its voxels are in it.
        let corner = self.bounds.min.map(|part| part.div_euclid(EDGE) * EDGE);
        let corner = corner.map(|part| part as f64);
        farthest + x * corner[0] + y * corner[1] + z * corner[2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};
    use crate::voxel::{Point, Rgba, Volume};

    fn silhouette(volume: &Volume) -> Silhouette {
        let mut builder = SceneBuilder::new(volume.clone(), None, Materials::default());
        while builder.advance() {}
        let scene = builder.finish();
        Work::new(|slice| async move { Silhouette::of(&scene, &slice).await }).finish()
    }

    #[test]
    fn a_model_reaches_as_far_as_its_farthest_voxel() {
        let mut volume = Volume::new();
        let ball = |x: i32, y: i32, z: i32| x * x + y * y + z * z <= 30 * 30;
        for (x, y, z) in (-30..=30)
            .flat_map(|x| (-30..=30).flat_map(move |y| (-30..=30).map(move |z| (x, y, z))))
            .filter(|&(x, y, z)| ball(x, y, z))
        {
            volume.set(Point::new(x, y, z), Rgba::WHITE);
        }
        let silhouette = silhouette(&volume);
        for direction in [[1.0, 0.0, 0.0], [0.3, -0.8, 0.2], [-0.5, -0.5, -0.7], [0.0, 0.01, 1.0]] {
            let of_voxel = |(point, _): (Point, Rgba)| {
                let at = point.array().map(i64::from);
                reach_of_box(&Bounds { min: at, max: at.map(|part| part + 1) }, direction)
            };
            let expected = volume.voxels().map(of_voxel).fold(f64::NEG_INFINITY, f64::max);
            let found = silhouette.reach(direction);
            assert!((found - expected).abs() < 1e-9, "{direction:?}: {found} {expected}");
        }
        assert_eq!(silhouette.middle(), [0.5; 3]);
    }

    #[test]
    fn what_lies_inside_is_not_kept() {
        let mut volume = Volume::new();
        volume.fill(Bounds { min: [0; 3], max: [160; 3] }, Rgba::WHITE);
        assert_eq!(silhouette(&volume).parts.len(), 8, "the corners");
        assert_eq!(Silhouette::default().reach([1.0, 0.0, 0.0]), f64::NEG_INFINITY);
    }
}
