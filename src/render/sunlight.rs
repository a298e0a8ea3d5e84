//! Which rays toward the sun are free, for a sun that all rays rise to along one axis.
//!
//! Most rays that are free are so because they start above everything that lies in their way. A
//! table knows for each column from which height on that is certain, for all points of the sun at
//! once; the others walk voxel by voxel until they hit something or get as high as that.
//!
//! Heights are counted along the axis toward the sun. A ray that crosses a whole column sideways
//! rises by a known height at least, so the table is one sweep over the tops of columns, from where
//! rays go to where they come from.

use super::corner_light::start;
use super::grid::Grid;
use super::march::floor;
use super::vector::{Vec3, scale};
use crate::job::Slice;
use crate::mesh::Face;

/// No voxel is as low.
const NOTHING: i32 = i32::MIN / 2;
/// What rays rise by is taken for so much less: it was rounded.
const NEARLY: f64 = 0.999;
/// Points closer than this to the edge of a voxel may be taken for beyond it.
const NEAR: f64 = 1e-5;

/// The sun over a grid.
pub(crate) struct Sunlight {
    /// The axis along which rays rise to the sun, and whether they do so upward.
    axis: usize,
    is_upward: bool,
    /// The axes across it; columns run along the first.
    across: [usize; 2],
    columns: usize,
    /// From which height on rays are free, by the column.
    free: Vec<i32>,
    rays: Vec<SunRay>,
    /// Where rays start from the corners of a side of each kind.
    sides: [Starts; 6],
}

/// Where rays from the corners of a side start.
#[derive(Default)]
struct Starts {
    /// Whether no ray leaves the side, or all do.
    is_averted: bool,
    is_lit: bool,
    /// The columns and the lowest heights in them, as seen from the side's voxel.
    places: Vec<(isize, i32)>,
}

/// The rays toward one point of the sun.
struct SunRay {
    direction: Vec3,
    inverse: Vec3,
    /// The sides of the box of blocks through which it may leave them.
    ends: Vec3,
    /// How the number of a voxel, its coordinates and its column change with a step.
    steps: [isize; 3],
    forward: [bool; 3],
    columns: [isize; 3],
}

/// How rays go from column to column.
struct Drift {
    /// The axis that they go along most, out of those across, and which way.
    along: usize,
    is_forward: bool,
    /// How they leave that line: to lower ones, to higher ones.
    aside: [bool; 2],
    /// What they rise by at least from column to column.
    rise: f64,
}

impl Drift {
    /// Of rays in some directions that rise along an axis; `None` if they go all ways.
    fn new(axis: usize, across: [usize; 2], sun: &[Vec3]) -> Option<Drift> {
        let most =
            |axis: usize| sun.iter().fold(0.0f64, |most, toward| toward[axis].abs().max(most));
        let along = usize::from(most(across[1]) > most(across[0]));
        let (main, other) = (across[along], across[1 - along]);
        let is_forward = sun.iter().all(|toward| toward[main] > 0.0);
        let is_one_way = is_forward || sun.iter().all(|toward| toward[main] < 0.0);
        let is_narrow = sun.iter().all(|toward| toward[other].abs() <= toward[main].abs());
        let least = |rise: f64, toward: &Vec3| rise.min((toward[axis] / toward[main]).abs());
        let aside = [
            sun.iter().any(|toward| toward[other] < 0.0),
            sun.iter().any(|toward| toward[other] > 0.0),
        ];
        let rise = sun.iter().fold(f64::INFINITY, least) * NEARLY;
        (is_one_way && is_narrow).then_some(Drift { along, is_forward, aside, rise })
    }
}

impl Sunlight {
    /// For rays toward some points of the sun; `None` if they have no axis in common to rise
    /// along, or go all ways.
    pub(crate) async fn new(grid: &Grid, sun: &[Vec3], slice: &Slice) -> Option<Sunlight> {
        let least = |axis: usize| {
            let is_upward = sun[0][axis] > 0.0;
            let part = |toward: &Vec3| if is_upward { toward[axis] } else { -toward[axis] };
            sun.iter().map(part).fold(f64::INFINITY, f64::min)
        };
        let axis = (1..3).fold(0, |best, axis| if least(axis) > least(best) { axis } else { best });
        if least(axis) <= 0.0 {
            return None;
        }
        let is_upward = sun[0][axis] > 0.0;
        let across = if axis == 0 { [1, 2] } else { [0, 3 - axis] };
        let drift = Drift::new(axis, across, sun)?;
        let tops = tops(grid, (axis, is_upward), slice).await;
        let sizes = across.map(|axis| grid.size[axis]);
        let free = sweep(&tops, sizes, &drift, slice).await;
        let columns = sizes[0];
        let rays = sun.iter().map(|&direction| SunRay::new(grid, direction, across)).collect();
        let sides = Default::default();
        let sunlight = Sunlight { axis, is_upward, across, columns, free, rays, sides };
        let sides = Face::ALL.map(|face| sunlight.starts(face));
        Some(Sunlight { sides, ..sunlight })
    }

    fn starts(&self, face: Face) -> Starts {
        let points: Vec<Vec3> = self
            .rays
            .iter()
            .filter_map(|ray| start(ray.direction, face).map(|by| scale(ray.direction, by)))
            .collect();
        let mut places: Vec<(isize, i32)> = Vec::new();
        for (index, point) in (0..4).flat_map(|index| points.iter().map(move |at| (index, at))) {
            let mut at = *point;
            at[face.axis()] += f64::from(u8::from(face.is_positive()));
            at[face.u_axis()] += f64::from(index & 1);
            at[face.v_axis()] += f64::from(index >> 1);
            // Rounding may put a start to either side of a voxel's edge.
            let below = at[self.axis] + if self.is_upward { -NEAR } else { NEAR };
            let height = if self.is_upward { floor(below) } else { -floor(below) } as i32;
            for side in 0..4 {
                let cell = [0, 1].map(|i| {
                    let by = if side >> i & 1 == 0 { -NEAR } else { NEAR };
                    floor(at[self.across[i]] + by) as isize
                });
                let column = cell[0] + self.columns as isize * cell[1];
                match places.iter_mut().find(|(other, _)| *other == column) {
                    Some((_, lowest)) => *lowest = height.min(*lowest),
                    None => places.push((column, height)),
                }
            }
        }
        let is_lit = points.len() == self.rays.len();
        Starts { is_averted: points.is_empty(), is_lit, places }
    }

    /// How much of the sun gets to all corners of a side, where the table alone tells.
    #[inline]
    pub(crate) fn of_side(&self, grid: &Grid, voxel: [i32; 3], face: Face) -> Option<f32> {
        let Starts { is_averted, is_lit, places } = &self.sides[face as usize];
        if *is_averted {
            return Some(0.0);
        }
        grid.place(voxel).filter(|_| *is_lit)?;
        let at: [i32; 3] = std::array::from_fn(|axis| voxel[axis].wrapping_sub(grid.low[axis]));
        let column = at[self.across[0]] as usize + self.columns * at[self.across[1]] as usize;
        let along = at[self.axis];
        let height = if self.is_upward { along } else { !along };
        let is_above = |(by, above): &(isize, i32)| {
            let free = self.free.get(column.wrapping_add_signed(*by));
            free.is_none_or(|&free| height + above >= free)
        };
        places.iter().all(is_above).then_some(1.0)
    }

    /// Whether nothing lies between a point and a point of the sun, from a distance on.
    pub(crate) fn is_free(&self, grid: &Grid, number: usize, origin: Vec3, from: f64) -> bool {
        let ray = &self.rays[number];
        let end = |axis: usize| (ray.ends[axis] - origin[axis]) * ray.inverse[axis];
        // A walk through blocks ends where they do, even one that starts there.
        if from >= end(0) || from >= end(1) || from >= end(2) {
            return true;
        }
        let start: [i32; 3] =
            std::array::from_fn(|axis| floor(origin[axis] + ray.direction[axis] * from) as i32);
        let Some(place) = grid.place(start) else { return true };
        let mut at: [i32; 3] = std::array::from_fn(|axis| start[axis].wrapping_sub(grid.low[axis]));
        let mut column = at[self.across[0]] as usize + self.columns * at[self.across[1]] as usize;
        if self.is_above(at, column) {
            return true;
        }
        let mut sides: Vec3 = std::array::from_fn(|axis| {
            let side = i64::from(start[axis]) + i64::from(ray.forward[axis]);
            let way = (side as f64 - origin[axis]) * ray.inverse[axis];
            if ray.direction[axis] == 0.0 { f64::INFINITY } else { way }
        });
        let mut step = 0;
        loop {
            if grid.is_filled(place, step) {
                return false;
            }
            let out = if sides[0] <= sides[1] && sides[0] <= sides[2] {
                0
            } else if sides[1] <= sides[2] {
                1
            } else {
                2
            };
            at[out] += if ray.forward[out] { 1 } else { -1 };
            if at[out] as u32 as usize >= grid.size[out] {
                return true;
            }
            step += ray.steps[out];
            sides[out] += ray.inverse[out].abs();
            column = column.wrapping_add_signed(ray.columns[out]);
            if self.is_above(at, column) {
                return true;
            }
        }
    }

    /// Whether a voxel is so high in its column that whatever ray is in it is free.
    #[inline]
    fn is_above(&self, at: [i32; 3], column: usize) -> bool {
        let along = at[self.axis];
        let height = if self.is_upward { along } else { !along };
        self.free.get(column).is_none_or(|&free| height >= free)
    }
}

impl SunRay {
    fn new(grid: &Grid, direction: Vec3, across: [usize; 2]) -> SunRay {
        let forward = direction.map(|part| part > 0.0);
        let sign = |axis: usize| if forward[axis] { 1 } else { -1 };
        let unit = |axis: usize| std::array::from_fn(|other| i32::from(other == axis));
        let mut columns = [0; 3];
        columns[across[0]] = sign(across[0]);
        columns[across[1]] = sign(across[1]) * grid.size[across[0]] as isize;
        SunRay {
            direction,
            inverse: direction.map(|part| if part == 0.0 { f64::INFINITY } else { 1.0 / part }),
            ends: std::array::from_fn(|axis| match direction[axis] {
                0.0 => f64::INFINITY,
                part if part > 0.0 => grid.blocks.max[axis] as f64,
                _ => grid.blocks.min[axis] as f64,
            }),
            steps: std::array::from_fn(|axis| sign(axis) * grid.step(unit(axis))),
            forward,
            columns,
        }
    }
}

/// The height above the highest voxel of each column of a grid along an axis, upward or downward.
async fn tops(grid: &Grid, (axis, is_upward): (usize, bool), slice: &Slice) -> Vec<i32> {
    let [width, depth, height] = grid.size;
    let words = width / 16;
    let row = |y: usize, z: usize| &grid.rows[(y + depth * z) * words..][..words];
    let above = |along: usize| if is_upward { along as i32 + 1 } else { -(along as i32) };
    let mut tops = Vec::new();
    if axis == 0 {
        for z in 0..height {
            tops.extend((0..depth).map(|y| {
                let mut filled = row(y, z).iter().enumerate().filter(|(_, bits)| **bits != 0);
                let first = if is_upward { filled.next_back() } else { filled.next() };
                let highest = first.map(|(word, bits)| {
                    let bit =
                        if is_upward { 15 - bits.leading_zeros() } else { bits.trailing_zeros() };
                    word * 16 + bit as usize
                });
                highest.map_or(NOTHING, above)
            }));
            slice.spend(1).await;
        }
        return tops;
    }
    let other = 3 - axis;
    let mut seen = vec![0u16; words];
    for line in 0..grid.size[other] {
        let start = tops.len();
        tops.resize(start + width, NOTHING);
        seen.fill(0);
        for step in 0..grid.size[axis] {
            let along = if is_upward { grid.size[axis] - 1 - step } else { step };
            let (y, z) = if axis == 1 { (along, line) } else { (line, along) };
            for (word, (bits, seen)) in row(y, z).iter().zip(&mut seen).enumerate() {
                let mut new = bits & !*seen;
                *seen |= bits;
                while new != 0 {
                    tops[start + word * 16 + new.trailing_zeros() as usize] = above(along);
                    new &= new - 1;
                }
            }
        }
        slice.spend(1).await;
    }
    tops
}

/// From which height on rays are free in each column.
async fn sweep(tops: &[i32], sizes: [usize; 2], drift: &Drift, slice: &Slice) -> Vec<i32> {
    let strides = [1, sizes[0]];
    let (lines, length) = (sizes[drift.along], sizes[1 - drift.along]);
    let (line_stride, stride) = (strides[drift.along], strides[1 - drift.along]);
    let nothing = f64::from(NOTHING);
    let mut free = vec![NOTHING; tops.len()];
    // From which height on rays are free that come into a column of the line after this one; with
    // one more at both ends.
    let mut next = vec![nothing; length + 2];
    let mut heights = vec![nothing; length + 2];
    for count in 0..lines {
        let line = if drift.is_forward { lines - 1 - count } else { count };
        let at = |place: usize| line * line_stride + place * stride;
        for place in 0..length {
            heights[place + 1] = f64::from(tops[at(place)]);
        }
        let around = |list: &[f64], place: usize| {
            let [before, after] = [list[place], list[place + 2]];
            let before = if drift.aside[0] { before } else { nothing };
            list[place + 1].max(before).max(if drift.aside[1] { after } else { nothing })
        };
        let mut entered = vec![nothing; length + 2];
        for place in 0..length {
            let (here, beyond) = (around(&heights, place), around(&next, place));
            free[at(place)] = whole_above(here.max(beyond));
            entered[place + 1] = here.max(beyond - drift.rise);
        }
        next = entered;
        slice.spend(1).await;
    }
    free
}

/// The least whole number that is not below another.
fn whole_above(value: f64) -> i32 {
    -floor(-value) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};
    use crate::mesh::{Occupancy, Solidity};
    use crate::render::march::first_hit;
    use crate::render::projector::Ray;
    use crate::voxel::{Point, Rgba, Volume};

    /// Hills under a few slabs, with a hole here and there.
    fn hills() -> Occupancy {
        let mut volume = Volume::new();
        for (x, y) in (-16..32i32).flat_map(|x| (-25..16i32).map(move |y| (x, y))) {
            let height = (x * x / 9 - y * y / 7 + x * y / 11).rem_euclid(17);
            for z in (-3..height).filter(|z| (x * 5 + y * 3 + z * 7) % 11 != 0) {
                volume.set(Point::new(x, y, z), Rgba::WHITE);
            }
            if (x / 6 + y / 5) % 4 == 0 {
                volume.set(Point::new(x, y, 25), Rgba::WHITE);
            }
        }
        Occupancy::new(&volume, Solidity::Opaque)
    }

    /// What is told of a side at once holds for each ray from each of its corners.
    fn sides_are_told_rightly(
        occupancy: &Occupancy,
        grid: &Grid,
        sunlight: &Sunlight,
        points: &[Vec3],
    ) {
        let mut told = 0;
        let voxels = (0..8000).map(|i| [i % 20 * 2 - 16, i / 20 % 20 * 2 - 21, i / 400 - 3]);
        for (voxel, face) in voxels.flat_map(|at| Face::ALL.map(|face| (at, face))) {
            let Some(sun) = sunlight.of_side(grid, voxel, face) else { continue };
            for (index, &direction) in (0..4).flat_map(|i| points.iter().map(move |d| (i, d))) {
                let mut corner = voxel;
                corner[face.axis()] += i32::from(face.is_positive());
                corner[face.u_axis()] += index & 1;
                corner[face.v_axis()] += index >> 1;
                let ray = Ray { origin: corner.map(f64::from), direction };
                let is_free = start(direction, face)
                    .is_some_and(|by| first_hit(occupancy, &ray, by, f64::INFINITY).is_none());
                assert_eq!(sun == 1.0, is_free, "{voxel:?} {face:?} {ray:?}");
                told += u32::from(is_free);
            }
        }
        assert!(told > 1000, "{told}");
    }

    #[test]
    fn rays_toward_the_sun_are_free_where_a_walk_through_blocks_hits_nothing() {
        for index in 0..24 {
            // The longest part on each axis, the second on each other one, all signs.
            let sign = |bit: u32| if index >> bit & 1 == 0 { 1.0 } else { -1.0 };
            let mut sun = [0.91 * sign(0), 0.37 * sign(1), 0.183 * sign(2)];
            sun.rotate_right(index as usize / 8);
            let points = [[0.01, 0.02, -0.013], [-0.017, -0.012, 0.021]];
            let points = points.map(|by| [sun[0] + by[0], sun[1] + by[1], sun[2] + by[2]]);
            Work::new(|slice| async move {
                let occupancy = hills();
                let grid = Grid::of(&occupancy, &slice).await.unwrap();
                let sunlight = Sunlight::new(&grid, &points, &slice).await.unwrap();
                sides_are_told_rightly(&occupancy, &grid, &sunlight, &points);
                for place in 0..20 * 20 * 20 {
                    let corner = [place % 20 * 2 - 16, place / 20 % 20 * 2 - 21, place / 400 - 3];
                    let origin = corner.map(f64::from);
                    for (number, &direction) in points.iter().enumerate() {
                        let ray = Ray { origin, direction };
                        // One voxel away along each axis: exactly between two voxels.
                        for from in direction.map(|part| (1.0 / part).abs()) {
                            let hit = first_hit(&occupancy, &ray, from, f64::INFINITY);
                            let is_free = sunlight.is_free(&grid, number, origin, from);
                            assert_eq!(is_free, hit.is_none(), "{ray:?} {from} {hit:?}");
                        }
                    }
                }
            })
            .finish();
        }
    }
}
