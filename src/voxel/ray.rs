//! Rays through a volume, straight on its blocks: nothing is prepared, so one ray costs its way
//! only.
//!
//! A grid walk after Amanatides and Woo (1987) on three grids: cubes of 256x256x256 voxels, the
//! blocks of those that hold some, and their voxels.

use super::index::ChunkPos;
use super::{Axis, BlockPos, Bounds, Point, Volume};
use crate::job::{Job, Slice, Work};

/// A ray.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    origin: [f64; 3],
    direction: [f64; 3],
}

/// What a ray hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RayHit {
    /// The voxel.
    pub voxel: Point,
    /// The axis across the side through which the ray came in.
    pub axis: Axis,
    /// Whether that side is the high one.
    pub is_high: bool,
    /// The way to it, in voxels.
    pub distance: f64,
}

impl Ray {
    /// From a point in a direction of any length; `None` if the direction has no length.
    pub fn new(origin: [f64; 3], direction: [f64; 3]) -> Option<Ray> {
        let length = direction.iter().map(|value| value * value).sum::<f64>().sqrt();
        let usable = length.is_finite() && length > 0.0 && origin.iter().all(|v| v.is_finite());
        usable.then(|| Ray { origin, direction: direction.map(|value| value / length) })
    }

    /// The point at a distance from the origin.
    pub fn at(&self, distance: f64) -> [f64; 3] {
        std::array::from_fn(|axis| self.origin[axis] + self.direction[axis] * distance)
    }

    /// Where it enters and leaves a box, and the axis across which it enters; `None` if it misses
    /// it.
    fn through(&self, bounds: &Bounds) -> Option<(f64, f64, usize)> {
        let (mut near, mut far, mut across) = (f64::NEG_INFINITY, f64::INFINITY, self.steepest());
        for axis in 0..3 {
            let (min, max) = (bounds.min[axis] as f64, bounds.max[axis] as f64);
            if self.direction[axis] == 0.0 {
                if !(min..max).contains(&self.origin[axis]) {
                    return None;
                }
                continue;
            }
            let a = (min - self.origin[axis]) / self.direction[axis];
            let b = (max - self.origin[axis]) / self.direction[axis];
            if a.min(b) > near {
                (near, across) = (a.min(b), axis);
            }
            far = far.min(a.max(b));
        }
        (near < far && far > 0.0).then_some((near, far, across))
    }

    fn steepest(&self) -> usize {
        (0..3)
            .max_by(|&a, &b| self.direction[a].abs().total_cmp(&self.direction[b].abs()))
            .unwrap_or(0)
    }
}

/// A walk through the cells of a grid with cells of `1 << shift` voxels, inside a box of cells.
struct Walk<'r> {
    ray: &'r Ray,
    shift: u32,
    cells: Bounds,
    cell: [i64; 3],
    distance: f64,
    across: usize,
}

impl<'r> Walk<'r> {
    /// Starts in the cell that a ray is in at a distance, having come in across an axis.
    fn new(ray: &'r Ray, shift: u32, cells: Bounds, distance: f64, across: usize) -> Self {
        let point = ray.at(distance);
        let cell = std::array::from_fn(|axis| {
            // Rounding may put the point just beside the box that the ray is known to be in.
            let cell = (point[axis].floor() as i64) >> shift;
            cell.clamp(cells.min[axis], cells.max[axis] - 1)
        });
        Walk { ray, shift, cells, cell, distance, across }
    }

    /// The distance at which the ray leaves the cell, and the axis across which it does.
    fn exit(&self) -> (f64, usize) {
        let mut exit = (f64::INFINITY, 0);
        for axis in 0..3 {
            let direction = self.ray.direction[axis];
            if direction != 0.0 {
                let side = (self.cell[axis] + i64::from(direction > 0.0)) << self.shift;
                let distance = (side as f64 - self.ray.origin[axis]) / direction;
                if distance < exit.0 {
                    exit = (distance, axis);
                }
            }
        }
        exit
    }

    /// Goes to the next cell; false if that is outside the box.
    fn step(&mut self) -> bool {
        let (distance, axis) = self.exit();
        self.distance = self.distance.max(distance);
        self.across = axis;
        self.cell[axis] += if self.ray.direction[axis] > 0.0 { 1 } else { -1 };
        (self.cells.min[axis]..self.cells.max[axis]).contains(&self.cell[axis])
    }
}

/// Cubes of 256x256x256 voxels that are passed, or looked at, in one unit of work.
const CHUNKS_A_UNIT: u64 = 32;

impl Volume {
    /// The first voxel that a ray enters, or is in at its origin, up to a distance.
    pub fn first_hit(&self, ray: &Ray, most: f64) -> Option<RayHit> {
        let (volume, ray) = (self.clone(), *ray);
        Work::new(move |slice| async move { volume.first_hit_in_slices(&ray, most, &slice).await })
            .finish()
    }

    /// The same in slices. The way leads from one cube of 256x256x256 voxels to the next; where
    /// that is further than there are such cubes, those that the ray goes through are picked
    /// instead.
    pub async fn first_hit_in_slices(&self, ray: &Ray, most: f64, slice: &Slice) -> Option<RayHit> {
        let reach = self.index.reach()?;
        let (near, _, across) = ray.through(&reach)?;
        let start = near.max(0.0);
        let across = if near > 0.0 { across } else { ray.steepest() };
        let cells = Bounds { min: reach.min.map(|v| v >> 8), max: reach.max.map(|v| v >> 8) };
        let steps: i64 = cells.dimensions().into_iter().sum();
        if steps as usize > self.index.chunks().len() {
            return self.first_hit_of_picked(ray, most, slice).await;
        }
        let mut walk = Walk::new(ray, 8, cells, start, across);
        while walk.distance <= most {
            let [x, y, z] = walk.cell.map(|v| v as i32);
            if let Some(hit) = self.hit_in_chunk(ChunkPos { x, y, z }, &walk) {
                return (hit.distance <= most).then_some(hit);
            }
            if !walk.step() {
                return None;
            }
            slice.spend(1).await;
        }
        None
    }

    async fn first_hit_of_picked(&self, ray: &Ray, most: f64, slice: &Slice) -> Option<RayHit> {
        let mut picked = Vec::new();
        for (number, (pos, _)) in self.index.chunks().iter().enumerate() {
            if let Some((near, _, across)) = ray.through(&pos.bounds())
                && near <= most
            {
                picked.push((near, across, *pos));
            }
            if number as u64 % CHUNKS_A_UNIT == CHUNKS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        picked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        for (near, across, pos) in picked {
            let across = if near > 0.0 { across } else { ray.steepest() };
            let cell = Bounds {
                min: [pos.x, pos.y, pos.z].map(i64::from),
                max: [pos.x, pos.y, pos.z].map(|value| i64::from(value) + 1),
            };
            let walk = Walk::new(ray, 8, cell, near.max(0.0), across);
            if let Some(hit) = self.hit_in_chunk(pos, &walk) {
                return (hit.distance <= most).then_some(hit);
            }
            slice.spend(1).await;
        }
        None
    }

    fn hit_in_chunk(&self, pos: ChunkPos, outer: &Walk<'_>) -> Option<RayHit> {
        self.index.chunk(pos)?;
        let bounds = pos.bounds();
        let cells = Bounds { min: bounds.min.map(|v| v >> 4), max: bounds.max.map(|v| v >> 4) };
        let mut walk = Walk::new(outer.ray, 4, cells, outer.distance, outer.across);
        loop {
            let [x, y, z] = walk.cell.map(|v| v as i32);
            if let Some(hit) = self.hit_in_block(BlockPos { x, y, z }, &walk) {
                return Some(hit);
            }
            if !walk.step() {
                return None;
            }
        }
    }

    fn hit_in_block(&self, at: BlockPos, outer: &Walk<'_>) -> Option<RayHit> {
        let mask = self.block(at)?.mask();
        let mut walk = Walk::new(outer.ray, 0, at.bounds(), outer.distance, outer.across);
        loop {
            let [x, y, z] = walk.cell;
            let index = (x & 15 | (y & 15) << 4 | (z & 15) << 8) as usize;
            if mask[index >> 6] >> (index & 63) & 1 == 1 {
                return Some(RayHit {
                    voxel: Point::new(x as i32, y as i32, z as i32),
                    axis: Axis::ALL[walk.across],
                    is_high: outer.ray.direction[walk.across] < 0.0,
                    distance: walk.distance,
                });
            }
            if !walk.step() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Step};
    use crate::voxel::Rgba;
    use proptest::prelude::*;

    fn volume(points: &[[i32; 3]]) -> Volume {
        let mut volume = Volume::new();
        for &point in points {
            volume.set(point.into(), Rgba::WHITE);
        }
        volume
    }

    #[test]
    fn a_ray_comes_in_through_the_side_that_faces_it() {
        let volume = volume(&[[5, 5, 5]]);
        for (axis, step) in [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)] {
            let (mut origin, mut direction) = ([5.5; 3], [0.0; 3]);
            origin[axis] -= 100.0 * step;
            direction[axis] = 2.0 * step;
            let hit = volume.first_hit(&Ray::new(origin, direction).unwrap(), 1e6).unwrap();
            assert_eq!(
                (hit.voxel, hit.axis.index(), hit.is_high),
                ([5; 3].into(), axis, step < 0.0)
            );
            assert!((hit.distance - 99.5).abs() < 1e-9, "{hit:?}");
            assert_eq!(volume.first_hit(&Ray::new(origin, direction).unwrap(), 99.0), None);
        }
    }

    #[test]
    fn a_ray_without_direction_is_none() {
        assert!(Ray::new([0.0; 3], [0.0; 3]).is_none());
        assert!(Ray::new([f64::NAN, 0.0, 0.0], [1.0, 0.0, 0.0]).is_none());
    }

    #[test]
    fn a_ray_beside_scattered_voxels_takes_no_walk_over_all_of_them() {
        let mut volume = Volume::new();
        for n in 0..2000 {
            volume.set(Point::new(n % 10 * 300, n / 10 % 10 * 300, n / 100 * 300), Rgba::WHITE);
        }
        let units = |volume: &Volume, direction: [f64; 3]| {
            let ray = Ray::new([-5.0, 7.5, 8.5], direction).unwrap();
            let volume = volume.clone();
            let mut work = Work::new(move |slice| async move {
                volume.first_hit_in_slices(&ray, 1e9, &slice).await
            });
            let mut units = 1;
            while let Step::More = work.step(&mut Budget::units(1)) {
                units += 1;
            }
            units
        };
        assert!(units(&volume, [1.0, 0.01, 0.02]) < 100);
        // One voxel a billion away does not make the way longer than there are cubes.
        volume.set(Point::new(1_000_000_000, 0, 0), Rgba::WHITE);
        assert!(units(&volume, [1.0, 0.01, 0.02]) < 200);
    }

    #[test]
    fn a_voxel_far_behind_others_is_hit() {
        let mut volume = Volume::new();
        let far = Point::new(1_000_000_000, 3, 4);
        volume.set(far, Rgba::WHITE);
        volume.set(Point::new(500, 30, 4), Rgba::WHITE);
        let ray = Ray::new([-5.0, 3.5, 4.5], [1.0, 0.0, 0.0]).unwrap();
        assert_eq!(volume.first_hit(&ray, 2e9).map(|hit| hit.voxel), Some(far));
        assert_eq!(volume.first_hit(&ray, 1e8), None);
        volume.set(far, Rgba::EMPTY);
        assert_eq!(volume.first_hit(&ray, 2e9), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_hit_agrees_with_small_steps_along_the_ray(
            points in prop::collection::vec(prop::array::uniform3(-20..20i32), 1..60),
            origin in prop::array::uniform3(-30.0..30.0f64),
            direction in prop::array::uniform3(-1.0..1.0f64),
        ) {
            let volume = volume(&points);
            let Some(ray) = Ray::new(origin, direction) else { return Ok(()) };
            let hit = volume.first_hit(&ray, 200.0);
            let there = |distance: f64| {
                let point = ray.at(distance).map(|value| value.floor() as i32);
                (!volume.get(point.into()).is_empty()).then_some(point)
            };
            let stepped = (0..40_000).map(|step| f64::from(step) * 0.005)
                .find_map(|distance| there(distance).map(|point| (distance, point)));
            match (hit, stepped) {
                (Some(hit), Some((distance, _))) => {
                    prop_assert!(hit.distance <= distance + 1e-9);
                    let inside = there(hit.distance + 1e-7);
                    let grazes = inside.is_none() || distance - hit.distance > 0.0051;
                    prop_assert!(grazes || inside == Some(hit.voxel.array()));
                }
                (None, Some(stepped)) => prop_assert!(false, "missed {stepped:?}"),
                // Steps may jump over a corner that the ray grazes.
                (Some(hit), None) => {
                    let inside = there(hit.distance + 1e-4);
                    prop_assert!(inside.is_none() || inside == Some(hit.voxel.array()));
                }
                (None, None) => {}
            }
        }
    }
}
