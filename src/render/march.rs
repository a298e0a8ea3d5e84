//! Rays through blocks: what a ray hits first.
//!
//! A grid walk after Amanatides and Woo (1987), one voxel a step inside blocks that hold something,
//! one empty cube a step elsewhere. It is the picking of the renderer, the way of its shadows, its
//! choice where there are more faces than pixels, and the oracle of its tests.

use super::projector::Ray;
use crate::mesh::{Face, Occupancy, Solidity};
use crate::voxel::{Rgba, Volume};

/// What a ray hit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// The voxel.
    pub voxel: [i32; 3],
    /// The side through which the ray came in.
    pub face: Face,
    /// The way to it, in lengths of the ray's direction.
    pub distance: f64,
}

/// A walk along a ray through the voxels of an occupancy's box.
pub(crate) struct March<'a> {
    occupancy: &'a Occupancy,
    origin: [f64; 3],
    direction: [f64; 3],
    inverse: [f64; 3],
    voxel: [i64; 3],
    /// The axis that was crossed last.
    crossed: usize,
    /// Where the walk is, and where it must end.
    pub(crate) t: f64,
    end: f64,
}

impl<'a> March<'a> {
    /// Starts where the ray enters the box; `None` if it misses it between the two distances.
    pub(crate) fn new(occupancy: &'a Occupancy, ray: &Ray, from: f64, to: f64) -> Option<Self> {
        let bounds = occupancy.block_bounds()?;
        let Ray { origin, direction } = *ray;
        let inverse = direction.map(|part| 1.0 / part);
        let (mut t, mut end, mut crossed) = (from, to, steepest(direction));
        for axis in 0..3 {
            let (min, max) = (bounds.min[axis] as f64, bounds.max[axis] as f64);
            if direction[axis] == 0.0 {
                if origin[axis] < min || origin[axis] >= max {
                    return None;
                }
                continue;
            }
            let (a, b) =
                ((min - origin[axis]) * inverse[axis], (max - origin[axis]) * inverse[axis]);
            if a.min(b) > t {
                (t, crossed) = (a.min(b), axis);
            }
            end = end.min(a.max(b));
        }
        if t.is_nan() || end.is_nan() || t >= end {
            return None;
        }
        let start: [i64; 3] = std::array::from_fn(|axis| {
            let at = floor(origin[axis] + direction[axis] * t);
            at.clamp(bounds.min[axis], bounds.max[axis] - 1)
        });
        Some(March { occupancy, origin, direction, inverse, voxel: start, crossed, t, end })
    }

    /// Starts at a voxel that the ray is known to enter across an axis, at a distance.
    pub(crate) fn inside(
        occupancy: &'a Occupancy,
        ray: &Ray,
        (voxel, crossed): ([i32; 3], usize),
        [from, to]: [f64; 2],
    ) -> Self {
        let Ray { origin, direction } = *ray;
        let inverse = direction.map(|part| 1.0 / part);
        let voxel = voxel.map(i64::from);
        March { occupancy, origin, direction, inverse, voxel, crossed, t: from, end: to }
    }

    /// Where the walk is if it left the box, else where it must end.
    pub(crate) fn last(&self) -> f64 {
        if self.is_inside() { self.end } else { self.t }
    }

    /// Goes on while there are voxels of one colour. Blocks of which `of_block` knows one are
    /// crossed without a look at their colours, and those that are `full` from the walk's layer on
    /// in one step: the walk ends where it meets anything but these voxels in them. Blocks are
    /// named by their number in the occupancy. False at the end.
    pub(crate) fn cross(
        &mut self,
        color: Rgba,
        of_block: impl Fn(usize) -> Option<Rgba>,
        full: impl Fn(usize, i64, bool) -> bool,
        of_voxel: impl Fn([i32; 3]) -> Rgba,
    ) -> bool {
        let occupancy = self.occupancy;
        loop {
            let block = self.voxel.map(|v| (v >> 4) as i32);
            let found = occupancy.slot(block).and_then(|slot| Some((slot, occupancy.mask(slot)?)));
            let Some((slot, mask)) = found else { return true };
            let mut shift = 0;
            match of_block(slot) {
                Some(same) if same != color => return true,
                Some(_) if full(slot, self.voxel[2] & 15, self.direction[2] > 0.0) => shift = 4,
                Some(_) => {
                    if self.walk_block(mask, false) {
                        return true;
                    }
                }
                None => {
                    let voxel = self.voxel.map(|v| v as i32);
                    if !crate::mesh::mask_bit(mask, voxel) || of_voxel(voxel) != color {
                        return true;
                    }
                }
            }
            if !self.leave(shift) || !self.is_inside() {
                return false;
            }
        }
    }

    /// Where the ray leaves the cube of this edge (a power of two) around the walk's voxel.
    fn exit(&self, shift: u32) -> (f64, usize) {
        let (mut nearest, mut axis_out) = (f64::INFINITY, 0);
        for axis in 0..3 {
            let low = self.voxel[axis] >> shift << shift;
            let side = if self.direction[axis] > 0.0 { low + (1 << shift) } else { low };
            let t = (side as f64 - self.origin[axis]) * self.inverse[axis];
            if self.direction[axis] != 0.0 && t < nearest {
                (nearest, axis_out) = (t, axis);
            }
        }
        (nearest, axis_out)
    }

    /// Goes on to the first voxel beyond the cube of this edge around the walk's voxel.
    fn leave(&mut self, shift: u32) -> bool {
        let (t, out) = self.exit(shift);
        if t >= self.end {
            return false;
        }
        self.t = self.t.max(t);
        self.crossed = out;
        for axis in 0..3 {
            let low = self.voxel[axis] >> shift << shift;
            let high = low + (1 << shift) - 1;
            if axis == out {
                self.voxel[axis] = if self.direction[axis] > 0.0 { high + 1 } else { low - 1 };
            } else if shift > 0 {
                let at = floor(self.origin[axis] + self.direction[axis] * t);
                self.voxel[axis] = at.clamp(low, high);
            }
        }
        true
    }

    /// Walks inside the block of the walk's voxel while its bits are as `wanted` is not. True if
    /// it stopped at a voxel whose bit is `wanted`, false if it left the block or came to the end.
    fn walk_block(&mut self, mask: &crate::voxel::Mask, wanted: bool) -> bool {
        let mut local = self.voxel.map(|v| (v & 15) as i32);
        let forward = self.direction.map(|part| part > 0.0);
        let mut sides: [f64; 3] = std::array::from_fn(|axis| {
            let side = self.voxel[axis] + i64::from(forward[axis]);
            if self.direction[axis] == 0.0 {
                f64::INFINITY
            } else {
                (side as f64 - self.origin[axis]) * self.inverse[axis]
            }
        });
        let steps = self.inverse.map(f64::abs);
        let base: [i64; 3] = std::array::from_fn(|axis| self.voxel[axis] & !15);
        loop {
            let found = crate::mesh::mask_bit(mask, local) == wanted;
            let out = match (sides[0] <= sides[1], sides[0] <= sides[2], sides[1] <= sides[2]) {
                (true, true, _) => 0,
                (false, _, true) => 1,
                _ => 2,
            };
            let next = local[out] + if forward[out] { 1 } else { -1 };
            if found || !(0..16).contains(&next) || sides[out] >= self.end {
                self.voxel = std::array::from_fn(|axis| base[axis] + i64::from(local[axis]));
                return found;
            }
            local[out] = next;
            self.t = self.t.max(sides[out]);
            self.crossed = out;
            sides[out] += steps[out];
        }
    }

    /// Walks on to the first voxel, this one included, whose bit is `wanted`.
    pub(crate) fn seek(&mut self, wanted: bool) -> Option<Hit> {
        loop {
            let block = self.voxel.map(|v| (v >> 4) as i32);
            let shift = match self.occupancy.block(block) {
                Some(mask) => {
                    if self.walk_block(mask, wanted) {
                        return Some(self.hit());
                    }
                    0
                }
                None if !wanted => return Some(self.hit()),
                None => self.occupancy.empty_cube(block),
            };
            if !self.leave(shift) || !self.is_inside() {
                return None;
            }
        }
    }

    fn is_inside(&self) -> bool {
        self.occupancy.block_bounds().is_some_and(|bounds| {
            (0..3).all(|axis| (bounds.min[axis]..bounds.max[axis]).contains(&self.voxel[axis]))
        })
    }

    /// The voxel of the walk.
    pub(crate) fn hit(&self) -> Hit {
        Hit {
            voxel: self.voxel.map(|v| v as i32),
            face: Face::new(self.crossed, self.direction[self.crossed] < 0.0),
            distance: self.t,
        }
    }
}

/// The first voxel that a ray enters between two distances. A voxel around the start counts as
/// entered through the side that faces the ray most.
pub fn first_hit(occupancy: &Occupancy, ray: &Ray, from: f64, to: f64) -> Option<Hit> {
    March::new(occupancy, ray, from, to)?.seek(true)
}

/// The first voxel, of whatever alpha, that a ray from a point meets: picking. For many rays make
/// the [`Occupancy`] once and call [`first_hit`].
pub fn raycast(volume: &Volume, origin: [f64; 3], direction: [f64; 3]) -> Option<Hit> {
    let finite = origin.iter().chain(&direction).all(|value| value.is_finite());
    if !finite || direction == [0.0; 3] {
        return None;
    }
    let occupancy = Occupancy::new(volume, Solidity::Present);
    first_hit(&occupancy, &Ray { origin, direction }, 0.0, f64::INFINITY)
}

/// Like [`first_hit`], but what the ray starts in is left first: what an eye inside a voxel sees.
pub(crate) fn first_entered(occupancy: &Occupancy, ray: &Ray, from: f64) -> Option<Hit> {
    let mut march = March::new(occupancy, ray, from, f64::INFINITY)?;
    if march.t <= from {
        march.seek(false)?;
    }
    march.seek(true)
}

fn steepest(direction: [f64; 3]) -> usize {
    (0..3).fold(
        0,
        |best, axis| if direction[axis].abs() > direction[best].abs() { axis } else { best },
    )
}

/// The floor as an integer, without the library call that `f64::floor` is on plain x86-64.
#[inline]
pub(crate) fn floor(value: f64) -> i64 {
    let whole = value as i64;
    whole - i64::from((whole as f64) > value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    fn volume(points: &[[i32; 3]]) -> Occupancy {
        let mut volume = Volume::new();
        points.iter().for_each(|&point| _ = volume.set(Point::from(point), Rgba::WHITE));
        Occupancy::new(&volume, Solidity::Present)
    }

    fn hit(occupancy: &Occupancy, origin: [f64; 3], direction: [f64; 3]) -> Option<Hit> {
        first_hit(occupancy, &Ray { origin, direction }, 0.0, f64::INFINITY)
    }

    #[test]
    fn a_ray_hits_the_first_voxel_in_its_way_from_each_side() {
        let grid = volume(&[[5, -7, 100], [5, -7, 101], [40, 40, 40]]);
        let middle = [5.5, -6.5, 100.5];
        for face in Face::ALL {
            let normal = face.normal().map(f64::from);
            let origin = std::array::from_fn(|axis| middle[axis] + 50.0 * normal[axis]);
            let found = hit(&grid, origin, normal.map(|n| -2.0 * n)).unwrap();
            let (voxel, way) =
                if face == Face::PosZ { ([5, -7, 101], 48.5) } else { ([5, -7, 100], 49.5) };
            assert_eq!((found.voxel, found.face), (voxel, face));
            assert!((found.distance - way / 2.0).abs() < 1e-9);
        }
        assert!(hit(&grid, [5.5, -6.5, 200.0], [0.0, 0.0, 1.0]).is_none());
    }

    #[test]
    fn a_ray_crosses_the_whole_world_in_few_steps() {
        let grid = volume(&[[i32::MIN, 0, 0], [i32::MAX, 0, 0], [0, i32::MAX, i32::MIN]]);
        let found = hit(&grid, [-2.0e9, 0.5, 0.5], [1.0, 0.0, 0.0]).unwrap();
        assert_eq!((found.voxel, found.face), ([i32::MAX, 0, 0], Face::NegX));
        let back = hit(&grid, [2.0e9, 0.5, 0.5], [-1.0, 0.0, 0.0]).unwrap();
        assert_eq!((back.voxel, back.face), ([i32::MIN, 0, 0], Face::PosX));
    }

    #[test]
    fn an_eye_inside_a_voxel_sees_what_lies_beyond() {
        let grid = volume(&[[0, 0, 0], [1, 0, 0], [5, 0, 0]]);
        let ray = Ray { origin: [0.5, 0.5, 0.5], direction: [1.0, 0.0, 0.0] };
        assert_eq!(first_entered(&grid, &ray, 0.0).unwrap().voxel, [5, 0, 0]);
        assert_eq!(first_hit(&grid, &ray, 0.0, 9.0).unwrap().voxel, [0, 0, 0]);
    }

    #[test]
    fn every_ray_agrees_with_small_steps_through_the_grid() {
        let mut state = 12345u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let points: Vec<[i32; 3]> =
            (0..300).map(|_| [0; 3].map(|_| (random() * 40.0) as i32 - 20)).collect();
        let grid = volume(&points);
        for _ in 0..60 {
            let origin = [0; 3].map(|_| random() * 80.0 - 40.0);
            let direction = [0; 3].map(|_| random() * 2.0 - 1.0);
            let naive = (0..80_000).map(|step| f64::from(step) * 2e-3).find(|t| {
                let at = Ray { origin, direction }.at(*t).map(|v| v.floor() as i32);
                grid.contains(at)
            });
            let found = hit(&grid, origin, direction);
            match (naive, found) {
                (Some(t), Some(found)) => assert!(found.distance <= t && t - found.distance < 0.05),
                (None, Some(found)) => assert!(found.distance > 100.0),
                (naive, found) => assert_eq!(naive.is_some(), found.is_some()),
            }
        }
    }
}
