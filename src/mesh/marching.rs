//! Marching cubes: a closed surface that runs between the middles of voxels and of those beside
//! them.
//!
//! The 256 cases are not a table of somebody's but follow from one rule: on each side of a cube, a
//! line goes around every run of solid corners. Both cubes at a side see the same lines, so every
//! edge of the surface belongs to two triangles. Solids that meet along an edge or in a corner are
//! kept apart. No triangle's edge runs across a side of a cube other than such a line, so that no
//! two cubes can share it by chance.

use rustc_hash::FxHashMap;

use crate::voxel::{BlockPos, BlockRef, BlockWalk, Rgba, Volume};

/// Triangles with shared vertices.
#[derive(Default, Debug)]
pub struct Triangles {
    /// In voxels.
    pub vertices: Vec<[f64; 3]>,
    /// Counter-clockwise seen from outside, each with its colour.
    pub triangles: Vec<([u32; 3], Rgba)>,
}

/// An edge of a cube: its axis, and the corner at which it begins (bit 0 x, bit 1 y, bit 2 z).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Edge {
    axis: u8,
    corner: u8,
}

impl Edge {
    /// Between two corners that differ in one axis.
    fn between(a: u8, b: u8) -> Edge {
        Edge { axis: (a ^ b).trailing_zeros() as u8, corner: a & b }
    }

    /// Whether both lie in one side of the cube.
    fn shares_side(self, other: Edge) -> bool {
        (0..3).any(|axis| {
            let bit = 1 << axis;
            axis != self.axis && axis != other.axis && self.corner & bit == other.corner & bit
        })
    }
}

/// A corner of a triangle of a case: on an edge, or in the middle of a ring of edges.
#[derive(Clone, Copy, Debug)]
enum Corner {
    On(Edge),
    Middle(u8),
}

/// What is drawn into a cube with certain solid corners.
#[derive(Default, Debug)]
struct Case {
    /// The rings that need a vertex in their middle.
    middles: Vec<Vec<Edge>>,
    /// Corners, and the solid corner of the cube that gives the colour.
    triangles: Vec<([Corner; 3], u8)>,
}

/// The corners of a side in the order that is counter-clockwise seen from outside.
fn side_corners(axis: u8, is_high: bool) -> [u8; 4] {
    let (u, v) = (1 << ((axis + 1) % 3), 1 << ((axis + 2) % 3));
    let base = if is_high { 1 << axis } else { 0 };
    let ring = [base, base | u, base | u | v, base | v];
    if is_high { ring } else { [ring[0], ring[3], ring[2], ring[1]] }
}

fn case_of(solid: u8) -> Case {
    let is_solid = |corner: u8| solid >> corner & 1 == 1;
    let mut lines: Vec<(Edge, Edge)> = Vec::new();
    for (axis, is_high) in (0..3).flat_map(|axis| [(axis, false), (axis, true)]) {
        let ring = side_corners(axis, is_high);
        for start in 0..4 {
            // A run of solid corners ends here; its line leads here from where the run began.
            let (corner, next) = (ring[start], ring[(start + 1) % 4]);
            if !is_solid(corner) || is_solid(next) {
                continue;
            }
            let mut first = start;
            while is_solid(ring[(first + 3) % 4]) {
                first = (first + 3) % 4;
            }
            let before = ring[(first + 3) % 4];
            lines.push((Edge::between(before, ring[first]), Edge::between(corner, next)));
        }
    }
    let mut case = Case::default();
    while let Some((from, mut to)) = lines.pop() {
        let mut ring = vec![from];
        while to != from {
            ring.push(to);
            let Some(next) = lines.iter().position(|line| line.0 == to) else { break };
            to = lines.swap_remove(next).1;
        }
        case.add(&ring, solid);
    }
    case
}

impl Case {
    fn add(&mut self, ring: &[Edge], solid: u8) {
        let color_of = |edge: Edge| match solid >> edge.corner & 1 {
            1 => edge.corner,
            _ => edge.corner | 1 << edge.axis,
        };
        match cut(ring) {
            Some(parts) => self.triangles.extend(parts.into_iter().map(|[a, b, c]| {
                let [x, y, z] = [a, b, c].map(color_of);
                let color = if y == z { y } else { x };
                ([Corner::On(a), Corner::On(b), Corner::On(c)], color)
            })),
            None => {
                let middle = Corner::Middle(self.middles.len() as u8);
                self.middles.push(ring.to_vec());
                for (index, &from) in ring.iter().enumerate() {
                    let to = ring[(index + 1) % ring.len()];
                    self.triangles
                        .push(([middle, Corner::On(from), Corner::On(to)], color_of(from)));
                }
            }
        }
    }
}

/// A ring cut into triangles without a cut across a side of the cube; `None` if there is no such
/// way.
fn cut(ring: &[Edge]) -> Option<Vec<[Edge; 3]>> {
    if let [a, b, c] = *ring {
        return Some(vec![[a, b, c]]);
    }
    (0..ring.len()).find_map(|ear| {
        let (before, after) =
            (ring[(ear + ring.len() - 1) % ring.len()], ring[(ear + 1) % ring.len()]);
        if before.shares_side(after) {
            return None;
        }
        let mut rest = ring.to_vec();
        rest.remove(ear);
        let mut parts = cut(&rest)?;
        parts.push([before, ring[ear], after]);
        Some(parts)
    })
}

/// Middles of voxels along an axis that are looked at for one block: its own, one before it and two
/// behind.
const SAMPLES: usize = 19;
/// Middles of voxels along an axis at which edges of its cubes begin.
const STARTS: usize = 17;

/// The surface of a volume, block by block.
pub struct Marching {
    volume: Volume,
    is_smooth: bool,
    walk: BlockWalk,
    /// Places of cubes that are still to be done for the block that was visited last.
    due: Vec<[i32; 3]>,
    cases: Vec<Case>,
    /// Which voxels are there, a bit for each along x, from the one before the block on.
    rows: Box<[[u32; SAMPLES]; SAMPLES]>,
    /// Numbers of vertices on the edges within a block, by the edge.
    own: Vec<u32>,
    /// And of those that other blocks have too, by the place of the edge.
    shared: FxHashMap<([i32; 3], u8), u32>,
}

const NONE: u32 = u32::MAX;

impl Marching {
    /// The surface of a volume; smooth, or with every vertex halfway between two voxels.
    pub fn new(volume: Volume, is_smooth: bool) -> Self {
        Marching {
            walk: BlockWalk::new(),
            volume,
            is_smooth,
            due: Vec::new(),
            cases: (0..=255).map(case_of).collect(),
            rows: Box::new([[0; SAMPLES]; SAMPLES]),
            own: Vec::new(),
            shared: FxHashMap::default(),
        }
    }

    /// Adds the triangles of one more block of cubes; false once there are no more.
    pub fn advance(&mut self, out: &mut Triangles) -> bool {
        let at = loop {
            if let Some(at) = self.due.pop() {
                break at;
            }
            if !self.walk.look_ahead(&self.volume) {
                return true;
            }
            let Some(block) = self.walk.next(&self.volume) else { return false };
            let block = [block.x, block.y, block.z];
            // Cubes reach into the next blocks, so those before this one have some too.
            let is_first = |at: &[i32; 3]| {
                let first =
                    (0..8).map(|part| above(*at, part)).find(|&at| self.block(at).is_some());
                first == Some(block)
            };
            self.due = (0..8).map(|part| below(block, part)).filter(is_first).collect();
        };
        self.load(at);
        self.march(at, out);
        true
    }

    fn block(&self, [x, y, z]: [i32; 3]) -> Option<BlockRef<'_>> {
        self.volume.block(BlockPos { x, y, z })
    }

    /// Looks which voxels around a block are there.
    fn load(&mut self, at: [i32; 3]) {
        self.rows.iter_mut().for_each(|layer| layer.fill(0));
        for part in 0..27 {
            let step = [part % 3 - 1, part / 3 % 3 - 1, part / 9 - 1];
            let other = [0, 1, 2].map(|axis| at[axis] + step[axis]);
            let Some(block) = self.volume.block(BlockPos { x: other[0], y: other[1], z: other[2] })
            else {
                continue;
            };
            let mask = block.mask();
            // Of the block before this one the last voxel counts, of the one behind the first two.
            let range = |step: i32| match step {
                -1 => 15..16,
                0 => 0..16,
                _ => 0..2,
            };
            for z in range(step[2]) {
                for y in range(step[1]) {
                    let row = mask[4 * z + y / 4] >> (y % 4 * 16) & 0xffff;
                    let row = row as u32;
                    let place = |step: i32, value: usize| (16 * step + value as i32 + 1) as usize;
                    let bits = match step[0] {
                        -1 => row >> 15,
                        0 => row << 1,
                        _ => (row & 3) << 17,
                    };
                    self.rows[place(step[2], z)][place(step[1], y)] |= bits;
                }
            }
        }
    }

    fn march(&mut self, at: [i32; 3], out: &mut Triangles) {
        self.own.clear();
        self.own.resize(STARTS * STARTS * STARTS * 3, NONE);
        for z in 0..16 {
            for y in 0..16 {
                let rows = [(0, 0), (1, 0), (0, 1), (1, 1)];
                let rows = rows.map(|(dy, dz)| self.rows[z + dz + 1][y + dy + 1] >> 1);
                let any = rows.iter().fold(0, |any, row| any | row);
                let all = rows.iter().fold(!0, |all, row| all & row);
                let mut left = (any | any >> 1) & !(all & all >> 1) & 0xffff;
                while left != 0 {
                    let x = left.trailing_zeros() as usize;
                    left &= left - 1;
                    let solid =
                        rows.iter().rev().fold(0, |bits, row| bits << 2 | (row >> x & 3) as u8);
                    self.draw(at, [x, y, z], solid, out);
                }
            }
        }
    }

    /// Draws one cube.
    fn draw(&mut self, at: [i32; 3], cube: [usize; 3], solid: u8, out: &mut Triangles) {
        let cases = std::mem::take(&mut self.cases);
        let case = &cases[usize::from(solid)];
        let mut middles = [0; 4];
        for (number, ring) in middles.iter_mut().zip(&case.middles) {
            let places: Vec<[f64; 3]> = ring
                .iter()
                .map(|&edge| {
                    let number = self.vertex(at, cube, edge, out);
                    out.vertices[number as usize]
                })
                .collect();
            let count = places.len() as f64;
            *number = out.vertices.len() as u32;
            out.vertices.push([0, 1, 2].map(|i| places.iter().map(|p| p[i]).sum::<f64>() / count));
        }
        for &(corners, color) in &case.triangles {
            let corners = corners.map(|corner| match corner {
                Corner::On(edge) => self.vertex(at, cube, edge, out),
                Corner::Middle(index) => middles[usize::from(index)],
            });
            out.triangles.push((corners, self.color(at, cube, color)));
        }
        self.cases = cases;
    }

    /// The colour of the voxel at a corner of a cube.
    fn color(&self, at: [i32; 3], cube: [usize; 3], corner: u8) -> Rgba {
        let place = [0, 1, 2].map(|axis| cube[axis] + usize::from(corner >> axis & 1));
        let block = [0, 1, 2].map(|axis| at[axis] + (place[axis] >> 4) as i32);
        let index = (place[0] & 15) | (place[1] & 15) << 4 | (place[2] & 15) << 8;
        self.block(block).map_or(Rgba::EMPTY, |block| block.get(index))
    }

    /// The number of the vertex on an edge of a cube.
    fn vertex(&mut self, at: [i32; 3], cube: [usize; 3], edge: Edge, out: &mut Triangles) -> u32 {
        let start = [0, 1, 2].map(|axis| cube[axis] + usize::from(edge.corner >> axis & 1));
        let axis = usize::from(edge.axis);
        let is_shared = (0..3).any(|other| other != axis && matches!(start[other], 0 | 16));
        let next = out.vertices.len() as u32;
        let slot = if is_shared {
            // The place may lie beyond what 32 bits tell; as a key it may well turn around.
            let place = [0, 1, 2].map(|i| at[i].wrapping_mul(16).wrapping_add(start[i] as i32));
            self.shared.entry((place, edge.axis)).or_insert(NONE)
        } else {
            let place = (start[2] * STARTS + start[1]) * STARTS + start[0];
            &mut self.own[3 * place + axis]
        };
        if *slot != NONE {
            return *slot;
        }
        *slot = next;
        let mut place = [0, 1, 2].map(|i| 16.0 * f64::from(at[i]) + start[i] as f64 + 0.5);
        place[axis] += if self.is_smooth { self.share(start, axis) } else { 0.5 };
        out.vertices.push(place);
        next
    }

    /// Where along an edge the smoothed field is half.
    fn share(&self, start: [usize; 3], axis: usize) -> f64 {
        let mut end = start;
        end[axis] += 1;
        let (low, high) = (self.field(start), self.field(end));
        let share = if low == high { 0.5 } else { (32.0 - low) / (high - low) };
        share.clamp(0.1, 0.9)
    }

    /// How much of what is around a voxel's middle is there, from 0 to 64.
    fn field(&self, [x, y, z]: [usize; 3]) -> f64 {
        let mut sum = 0;
        for (dz, wz) in [(0, 1), (1, 2), (2, 1)] {
            for (dy, wy) in [(0, 1), (1, 2), (2, 1)] {
                let row = self.rows[z + dz][y + dy] >> x;
                sum += wz * wy * ((row & 1) + 2 * (row >> 1 & 1) + (row >> 2 & 1));
            }
        }
        f64::from(sum)
    }
}

fn below(at: [i32; 3], part: i32) -> [i32; 3] {
    [0, 1, 2].map(|axis| at[axis] - (part >> axis & 1))
}

fn above(at: [i32; 3], part: i32) -> [i32; 3] {
    [0, 1, 2].map(|axis| at[axis] + (part >> axis & 1))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn surface(volume: &Volume, is_smooth: bool) -> Triangles {
        let (mut marching, mut out) =
            (Marching::new(volume.clone(), is_smooth), Triangles::default());
        while marching.advance(&mut out) {}
        out
    }

    /// Six times the volume within; every edge has two triangles, one each way, and no vertex is
    /// there twice.
    fn six_volumes(surface: &Triangles) -> f64 {
        let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
        let mut sum = 0.0;
        for (corners, _) in &surface.triangles {
            for side in 0..3 {
                *edges.entry((corners[side], corners[(side + 1) % 3])).or_default() += 1;
            }
            let [a, b, c] = corners.map(|corner| surface.vertices[corner as usize]);
            sum += a[0] * (b[1] * c[2] - b[2] * c[1])
                + a[1] * (b[2] * c[0] - b[0] * c[2])
                + a[2] * (b[0] * c[1] - b[1] * c[0]);
        }
        for (&(from, to), &count) in &edges {
            assert_eq!((count, edges.get(&(to, from))), (1, Some(&1)));
        }
        sum
    }

    #[test]
    fn a_voxel_is_an_octahedron_and_a_box_has_about_its_volume() {
        let mut volume = Volume::new();
        volume.set([15, -16, 31].into(), Rgba::WHITE);
        let one = surface(&volume, false);
        assert_eq!((one.vertices.len(), one.triangles.len()), (6, 8));
        assert!((six_volumes(&one) - 1.0).abs() < 1e-9);
        let bounds = crate::voxel::Bounds { min: [-20, 0, 5], max: [20, 30, 25] };
        volume.clear();
        volume.fill(bounds, Rgba::WHITE);
        for is_smooth in [false, true] {
            let share = six_volumes(&surface(&volume, is_smooth)) / 6.0 / (40.0 * 30.0 * 20.0);
            assert!((0.9..1.0).contains(&share), "{share}");
        }
    }

    #[test]
    fn every_edge_has_two_triangles_whatever_the_model() {
        let mut seed = 3u32;
        for (edge, share) in [(2, 2), (3, 2), (4, 3), (9, 2), (9, 5), (20, 2), (6, 7)] {
            for offset in [0, 13, -9] {
                let mut volume = Volume::new();
                for index in 0..edge * edge * edge {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let at = [index % edge, index / edge % edge, index / edge / edge];
                    if !(seed >> 20).is_multiple_of(share) {
                        let at = at.map(|value| value + offset);
                        volume.set(at.into(), Rgba::opaque((seed >> 30) as u8, 0, 0));
                    }
                }
                let (flat, smooth) = (surface(&volume, false), surface(&volume, true));
                assert!(six_volumes(&flat) > 0.0 && six_volumes(&smooth) > 0.0);
                assert_eq!(flat.triangles, smooth.triangles);
                assert!(flat.triangles.iter().all(|(_, color)| !color.is_empty()));
            }
        }
    }
}
