//! Quads into a buffer of ids: for each sample the nearest quad that covers it.
//!
//! Corners are rounded to 1/256 sample and edges are tested in integers, so the same corner is the
//! same point in every quad. Greedy quads have corners in the middle of their neighbours' edges,
//! where rounding could open a crack; each quad is therefore taken 1/256 sample larger on every
//! side, which covers any rounding error, and the depth decides who wins the overlap. Depth is a
//! function of the plane and the sample alone: quads of one plane never disagree about it.

use super::projector::{NEAR, Projector, RayField, Scale};
use super::vector::{Vec3, dot, scale, sub};
use crate::mesh::Quad;

/// Steps of a sample that corners are rounded to.
const SUB: i64 = 256;
/// Corners may lie this far off, in steps; beyond it a polygon is clipped first.
const GUARD: i64 = 1 << 28;
/// A polygon up to this many samples wide is tested sample by sample, a wider one row by row.
const NARROW: i64 = 16;
/// The longest side, in steps, for which edge functions fit 32 bits.
const SHORT: i64 = 1 << 14;
/// Samples drawn in one go before the caller gets its say again.
const SAMPLES_A_PART: i64 = 1 << 15;
/// Samples emptied in one go.
const CLEARED_A_PART: usize = 1 << 16;
/// A square cut at near plane and at four sides of the guard band.
const MOST_CORNERS: usize = 9;

/// No quad: what the ids of a buffer start as.
pub(crate) const NO_QUAD: u32 = u32::MAX;

/// Some rows of samples.
pub(crate) struct Band {
    width: i64,
    /// The first row, and the row after the last.
    pub(crate) top: i64,
    pub(crate) bottom: i64,
    depth: Vec<f32>,
    pub(crate) ids: Vec<u32>,
}

impl Band {
    pub(crate) fn new(width: u32) -> Self {
        Band { width: width.into(), top: 0, bottom: 0, depth: Vec::new(), ids: Vec::new() }
    }

    /// Moves the band to other rows, to be emptied by [`Band::clear`].
    pub(crate) fn reset(&mut self, top: u32, bottom: u32) {
        (self.top, self.bottom) = (top.into(), bottom.into());
        self.depth.clear();
        self.ids.clear();
    }

    /// Empties a part of the band. False once all of it is empty.
    pub(crate) fn clear(&mut self) -> bool {
        let samples = (self.width * (self.bottom - self.top)) as usize;
        let end = (self.ids.len() + CLEARED_A_PART).min(samples);
        self.depth.resize(end, f32::NEG_INFINITY);
        self.ids.resize(end, NO_QUAD);
        end < samples
    }

    /// How near what is in a sample is: larger is nearer.
    #[inline]
    pub(crate) fn nearness(&self, x: u32, y: u32) -> f32 {
        let row = (i64::from(y) - self.top) * self.width;
        self.depth[(row + i64::from(x)) as usize]
    }

    /// The ids of one row.
    pub(crate) fn row(&self, y: u32) -> &[u32] {
        let start = (i64::from(y) - self.top) * self.width;
        &self.ids[start as usize..][..self.width as usize]
    }
}

/// A corner in steps.
type Corner = [i64; 2];

/// The nearness of a plane as a function of the sample: larger is nearer.
#[derive(Clone, Copy)]
struct Nearness {
    start: f64,
    across: f64,
    down: f64,
}

impl Nearness {
    #[inline]
    fn row(&self, y: i64) -> f32 {
        (self.start + self.across * 0.5 + self.down * (y as f64 + 0.5)) as f32
    }
}

/// Draws quads.
pub(crate) struct Rasterizer {
    eye: Vec3,
    right: Vec3,
    down: Vec3,
    forward: Vec3,
    center: [f64; 2],
    parallel: bool,
    rays: RayField,
}

/// A quad that is not finished: the row to go on with.
pub(crate) type Rest = Option<i64>;

impl Rasterizer {
    /// For the projector of the samples.
    pub(crate) fn new(projector: &Projector) -> Self {
        let (Scale::Parallel(by) | Scale::Focal(by)) = projector.scale;
        Rasterizer {
            eye: projector.eye,
            right: scale(projector.frame.right, by),
            down: scale(projector.frame.up, -by),
            forward: projector.frame.forward,
            center: projector.center,
            parallel: projector.is_parallel(),
            rays: projector.rays(),
        }
    }

    /// A point right, down and along the view; divide by the last for the sample.
    #[inline]
    fn view(&self, point: Vec3) -> Vec3 {
        let from_eye = sub(point, self.eye);
        let along = if self.parallel { 1.0 } else { dot(from_eye, self.forward) };
        [dot(from_eye, self.right), dot(from_eye, self.down), along]
    }

    #[inline]
    fn corner(&self, [x, y, along]: Vec3) -> Corner {
        let (x, y) = if self.parallel { (x, y) } else { (x / along, y / along) };
        let steps = |value: f64| super::march::floor(value * SUB as f64 + 0.5);
        [steps(self.center[0] + x), steps(self.center[1] + y)]
    }

    #[inline]
    fn nearness(&self, axis: usize, plane: f64) -> Nearness {
        if self.parallel {
            let by = 1.0 / self.rays.direction[axis];
            return Nearness {
                start: (self.rays.origin[axis] - plane) * by,
                across: self.rays.origin_step[0][axis] * by,
                down: self.rays.origin_step[1][axis] * by,
            };
        }
        let by = 1.0 / (plane - self.eye[axis]);
        Nearness {
            start: self.rays.direction[axis] * by,
            across: self.rays.direction_step[0][axis] * by,
            down: self.rays.direction_step[1][axis] * by,
        }
    }

    /// Draws a quad, from a row on; a big one not to its end.
    #[inline]
    pub(crate) fn draw(&self, band: &mut Band, quad: &Quad, id: u32, from: Rest) -> Rest {
        let corners = match (self.parallel, quad.face.axis()) {
            (true, 0) => Some(self.corners::<0, 1, 2>(quad)),
            (true, 1) => Some(self.corners::<1, 0, 2>(quad)),
            (true, _) => Some(self.corners::<2, 0, 1>(quad)),
            (false, _) => self.corners_before(quad),
        };
        let nearness = || self.nearness(quad.face.axis(), quad.plane() as f64);
        if let Some(corners) = corners {
            let farthest = corners.as_flattened().iter().fold(0, |most, v| v.abs().max(most));
            if farthest < GUARD {
                return fill(band, &corners, nearness, id, from);
            }
        }
        let mut clipped = [[0; 2]; MOST_CORNERS];
        let views = corner_points(quad).map(|point| self.view(point));
        let count = self.clip(&views, &mut clipped);
        if count < 3 { None } else { fill(band, &clipped[..count], nearness, id, from) }
    }

    /// The corners of a quad in a parallel projection, with the axes of the quad known to the
    /// compiler. Sums are those of [`Rasterizer::view`], term by term, but none is found twice.
    #[inline]
    fn corners<const AXIS: usize, const U: usize, const V: usize>(
        &self,
        quad: &Quad,
    ) -> [Corner; 4] {
        let term = |axis: usize, at: f64| {
            let from_eye = at - self.eye[axis];
            [from_eye * self.right[axis], from_eye * self.down[axis]]
        };
        let [u, v] = [U, V].map(|axis| f64::from(quad.voxel[axis]));
        let plane = term(AXIS, quad.plane() as f64);
        let (left, right) = (term(U, u), term(U, u + f64::from(quad.size[0])));
        let (low, high) = (term(V, v), term(V, v + f64::from(quad.size[1])));
        let corner = |u: [f64; 2], v: [f64; 2]| {
            let mut terms = [[0.0; 2]; 3];
            (terms[AXIS], terms[U], terms[V]) = (plane, u, v);
            self.corner([
                terms[0][0] + terms[1][0] + terms[2][0],
                terms[0][1] + terms[1][1] + terms[2][1],
                1.0,
            ])
        };
        [corner(left, low), corner(right, low), corner(right, high), corner(left, high)]
    }

    /// The corners of a quad that lies before a perspective eye.
    #[inline]
    fn corners_before(&self, quad: &Quad) -> Option<[Corner; 4]> {
        let views = corner_points(quad).map(|point| self.view(point));
        let is_before = views.iter().all(|view| view[2] >= NEAR);
        is_before.then(|| views.map(|view| self.corner(view)))
    }

    /// Cuts off what lies before the near plane or outside the guard band.
    fn clip(&self, views: &[Vec3; 4], corners: &mut [Corner; MOST_CORNERS]) -> usize {
        let limit = (GUARD / SUB / 2) as f64;
        let sides: [&dyn Fn(&Vec3) -> f64; 5] = [
            &|v| v[2] - NEAR,
            &|v| limit * v[2] - v[0],
            &|v| limit * v[2] + v[0],
            &|v| limit * v[2] - v[1],
            &|v| limit * v[2] + v[1],
        ];
        let mut polygon = views.to_vec();
        for side in sides {
            polygon = cut(&polygon, side);
        }
        let count = polygon.len().min(MOST_CORNERS);
        (0..count).for_each(|i| corners[i] = self.corner(polygon[i]));
        count
    }
}

/// The corners of a quad, one after the other around it.
#[inline]
fn corner_points(quad: &Quad) -> [Vec3; 4] {
    match quad.face.axis() {
        0 => corners_of::<0, 1, 2>(quad),
        1 => corners_of::<1, 0, 2>(quad),
        _ => corners_of::<2, 0, 1>(quad),
    }
}

#[inline]
fn corners_of<const AXIS: usize, const U: usize, const V: usize>(quad: &Quad) -> [Vec3; 4] {
    let [left, low] = [U, V].map(|axis| f64::from(quad.voxel[axis]));
    let (right, high) = (left + f64::from(quad.size[0]), low + f64::from(quad.size[1]));
    let plane = quad.plane() as f64;
    [[left, low], [right, low], [right, high], [left, high]].map(|[u, v]| {
        let mut point = [0.0; 3];
        (point[AXIS], point[U], point[V]) = (plane, u, v);
        point
    })
}

/// The part of a convex polygon on the good side of a plane (Sutherland and Hodgman).
fn cut(polygon: &[Vec3], side: &dyn Fn(&Vec3) -> f64) -> Vec<Vec3> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (index, point) in polygon.iter().enumerate() {
        let next = &polygon[(index + 1) % polygon.len()];
        let (here, there) = (side(point), side(next));
        if here >= 0.0 {
            kept.push(*point);
        }
        if (here >= 0.0) != (there >= 0.0) {
            let share = here / (here - there);
            kept.push(std::array::from_fn(|i| point[i] + (next[i] - point[i]) * share));
        }
    }
    kept
}

/// An edge as a function that is not negative inside, in steps: `a x + b y + c`.
#[derive(Clone, Copy, Default)]
struct Edge {
    a: i64,
    b: i64,
    c: i64,
}

impl Edge {
    /// The edge between two corners, moved outward by a step in x and y.
    #[inline]
    fn new(from: Corner, to: Corner, inward: i64) -> Edge {
        let (a, b) = ((from[1] - to[1]) * inward, (to[0] - from[0]) * inward);
        Edge { a, b, c: -(a * from[0] + b * from[1]) + a.abs() + b.abs() }
    }

    #[inline]
    fn at(&self, x: i64, y: i64) -> i64 {
        self.a * x + self.b * y + self.c
    }
}

/// The samples whose centres may be covered: left, right, top, bottom, all inside.
struct Extent {
    x: [i64; 2],
    y: [i64; 2],
    /// The longer side of the box around the corners, in steps.
    longest: i64,
}

#[inline]
fn extent(band: &Band, corners: &[Corner], from: Rest) -> Option<Extent> {
    let (mut low, mut high) = (corners[0], corners[0]);
    for corner in &corners[1..] {
        for axis in 0..2 {
            low[axis] = low[axis].min(corner[axis]);
            high[axis] = high[axis].max(corner[axis]);
        }
    }
    // The centre of sample n lies at n * SUB + SUB / 2; one step more for the enlargement.
    let first = |low: i64| (low - 1 + SUB / 2 - 1).div_euclid(SUB);
    let last = |high: i64| (high + 1 - SUB / 2).div_euclid(SUB);
    let x = [first(low[0]).max(0), last(high[0]).min(band.width - 1)];
    let top = from.unwrap_or(band.top).max(band.top);
    let y = [first(low[1]).max(top), last(high[1]).min(band.bottom - 1)];
    let longest = (high[0] - low[0]).max(high[1] - low[1]);
    (x[0] <= x[1] && y[0] <= y[1]).then_some(Extent { x, y, longest })
}

#[inline]
fn twice_area(corners: &[Corner]) -> i64 {
    if let [a, b, c, d] = *corners {
        // That of a quadrilateral is the product of its diagonals.
        return (c[0] - a[0]) * (d[1] - b[1]) - (c[1] - a[1]) * (d[0] - b[0]);
    }
    let origin = corners[0];
    let from = |corner: Corner| [corner[0] - origin[0], corner[1] - origin[1]];
    let term = |p: [i64; 2], q: [i64; 2]| p[0] * q[1] - q[0] * p[1];
    corners.windows(2).map(|pair| term(from(pair[0]), from(pair[1]))).sum()
}

#[inline]
fn fill(
    band: &mut Band,
    corners: &[Corner],
    nearness: impl Fn() -> Nearness,
    id: u32,
    from: Rest,
) -> Rest {
    let extent = extent(band, corners, from)?;
    let inward = twice_area(corners).signum();
    if inward == 0 {
        return None;
    }
    let width = extent.x[1] - extent.x[0] + 1;
    if let Ok(corners) = <&[Corner; 4]>::try_from(corners)
        && width <= NARROW
        && extent.longest < SHORT
    {
        fill_narrow(band, &extent, corners, inward as i32, nearness(), id);
        return None;
    }
    let mut edges = [Edge::default(); MOST_CORNERS];
    for (index, edge) in edges[..corners.len()].iter_mut().enumerate() {
        *edge = Edge::new(corners[index], corners[(index + 1) % corners.len()], inward);
    }
    let end = (extent.y[0] + (SAMPLES_A_PART / width).max(1)).min(extent.y[1] + 1);
    fill_rows(band, &extent, end, &edges[..corners.len()], nearness(), id);
    (end <= extent.y[1]).then_some(end)
}

/// Puts a quad into a sample that it covers if it is nearer than what is there. Without a branch:
/// which of two quads is nearer is not to be foreseen.
#[inline]
fn draw_sample(depth: &mut f32, slot: &mut u32, covers: bool, near: f32, id: u32) {
    let is_shown = covers & (near > *depth);
    *depth = if is_shown { near } else { *depth };
    *slot = if is_shown { id } else { *slot };
}

/// Tests each sample of the box against the four edges, in 32 bits.
#[inline]
fn fill_narrow(
    band: &mut Band,
    extent: &Extent,
    corners: &[Corner; 4],
    inward: i32,
    near: Nearness,
    id: u32,
) {
    let [left, right] = extent.x;
    // Seen from the first sample, all numbers are small.
    let start = [left * SUB + SUB / 2, extent.y[0] * SUB + SUB / 2];
    let xs = corners.map(|corner| (corner[0] - start[0]) as i32);
    let ys = corners.map(|corner| (corner[1] - start[1]) as i32);
    let a: [i32; 4] = std::array::from_fn(|i| (ys[i] - ys[(i + 1) & 3]) * inward);
    let b: [i32; 4] = std::array::from_fn(|i| (xs[(i + 1) & 3] - xs[i]) * inward);
    let mut rows: [i32; 4] =
        std::array::from_fn(|i| a[i].abs() + b[i].abs() - a[i] * xs[i] - b[i] * ys[i]);
    let across = a.map(|a| a * SUB as i32);
    let down = b.map(|b| b * SUB as i32);
    let step = near.across as f32;
    for y in extent.y[0]..=extent.y[1] {
        let place = ((y - band.top) * band.width) as usize;
        let (from, to) = (place + left as usize, place + right as usize);
        let base = near.row(y);
        let mut values = rows;
        let samples = band.depth[from..=to].iter_mut().zip(&mut band.ids[from..=to]);
        for (x, (depth, slot)) in (left as i32..).zip(samples) {
            let covers = values[0] | values[1] | values[2] | values[3] >= 0;
            draw_sample(depth, slot, covers, base + x as f32 * step, id);
            (0..4).for_each(|i| values[i] = values[i].wrapping_add(across[i]));
        }
        (0..4).for_each(|i| rows[i] = rows[i].wrapping_add(down[i]));
    }
}

/// Finds the span of each row by division, exactly.
fn fill_rows(band: &mut Band, extent: &Extent, end: i64, edges: &[Edge], near: Nearness, id: u32) {
    let step = near.across as f32;
    for y in extent.y[0]..end {
        let [mut left, mut right] = extent.x;
        for edge in edges {
            let value = edge.at(SUB / 2, y * SUB + SUB / 2);
            let slope = edge.a * SUB;
            if slope > 0 {
                left = left.max((slope - 1 - value).div_euclid(slope));
            } else if slope < 0 {
                right = right.min(value.div_euclid(-slope));
            } else if value < 0 {
                right = left - 1;
            }
        }
        if left > right {
            continue;
        }
        let place = ((y - band.top) * band.width) as usize;
        let (from, to) = (place + left as usize, place + right as usize);
        let base = near.row(y);
        let samples = band.depth[from..=to].iter_mut().zip(&mut band.ids[from..=to]);
        for (x, (depth, slot)) in (left..).zip(samples) {
            draw_sample(depth, slot, true, base + x as f32 * step, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(corners: &[Corner]) -> Vec<(i64, i64)> {
        let mut band = Band::new(40);
        band.reset(0, 30);
        while band.clear() {}
        let near = Nearness { start: 1.0, across: 0.0, down: 0.0 };
        let mut rest = fill(&mut band, corners, || near, 7, None);
        while rest.is_some() {
            rest = fill(&mut band, corners, || near, 7, rest);
        }
        let hits = band.ids.iter().enumerate().filter(|(_, id)| **id == 7);
        hits.map(|(i, _)| (i as i64 % 40, i as i64 / 40)).collect()
    }

    /// Whether a sample lies inside by more than a step, or outside by more than two.
    fn expected(corners: &[Corner], x: i64, y: i64) -> Option<bool> {
        let inward = twice_area(corners).signum();
        let mut inside = true;
        for i in 0..corners.len() {
            let edge = Edge::new(corners[i], corners[(i + 1) % corners.len()], inward);
            let value = edge.at(x * SUB + 128, y * SUB + 128);
            if value.abs() <= 2 * (edge.a.abs() + edge.b.abs()) {
                return None;
            }
            inside &= value > 0;
        }
        Some(inside)
    }

    #[test]
    fn narrow_and_wide_polygons_cover_the_samples_inside() {
        let mut state = 7u64;
        let mut random = |range: i64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as i64 % range
        };
        for round in 0..400 {
            let size = if round % 2 == 0 { 10 * SUB } else { 60 * SUB };
            let origin = [random(50 * SUB) - 10 * SUB, random(40 * SUB) - 10 * SUB];
            let (p, q) = ([random(size), -random(size)], [random(size), random(size)]);
            let corners = [
                origin,
                [origin[0] + p[0], origin[1] + p[1]],
                [origin[0] + p[0] + q[0], origin[1] + p[1] + q[1]],
                [origin[0] + q[0], origin[1] + q[1]],
            ];
            if twice_area(&corners) == 0 {
                continue;
            }
            let drawn = drawn(&corners);
            for (x, y) in (0..30).flat_map(|y| (0..40).map(move |x| (x, y))) {
                if let Some(inside) = expected(&corners, x, y) {
                    assert_eq!(drawn.contains(&(x, y)), inside, "{corners:?} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn the_nearest_quad_wins_and_the_first_of_equals() {
        let square = [[0, 0], [2560, 0], [2560, 2560], [0, 2560]];
        let mut band = Band::new(10);
        band.reset(0, 10);
        while band.clear() {}
        for (id, start) in [(1, 0.5), (2, 0.25), (3, 0.5), (4, 0.75)] {
            let near = Nearness { start, across: 0.0, down: 0.0 };
            fill(&mut band, &square, || near, id, None);
            let expected = if id == 4 { 4 } else { 1 };
            assert!(band.ids.iter().all(|&found| found == expected));
        }
    }
}
