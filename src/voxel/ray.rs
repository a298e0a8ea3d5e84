//! Rays through a volume, straight on its blocks: nothing is prepared, so one ray costs its way only.
//!
//! A grid walk after Amanatides and Woo (1987) on two grids: blocks, and the voxels of those that hold some.

use super::{Axis, BlockPos, Bounds, Point, Volume};

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

    /// Where it enters and leaves a box, and the axis across which it enters; `None` if it misses it.
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

impl Volume {
    /// The first voxel that a ray enters, or is in at its origin, up to a distance.
    pub fn first_hit(&self, ray: &Ray, most: f64) -> Option<RayHit> {
        let bounds = self.block_bounds()?;
        let (near, _, across) = ray.through(&bounds)?;
        let start = near.max(0.0);
        let across = if near > 0.0 { across } else { ray.steepest() };
        let blocks = Bounds { min: bounds.min.map(|v| v >> 4), max: bounds.max.map(|v| v >> 4) };
        let mut walk = Walk::new(ray, 4, blocks, start, across);
        loop {
            if walk.distance > most {
                return None;
            }
            let [x, y, z] = walk.cell.map(|v| v as i32);
            if let Some(hit) = self.hit_in_block(BlockPos { x, y, z }, &walk) {
                return (hit.distance <= most).then_some(hit);
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
