//! A closed surface of rectangles, for slicers: every edge belongs to exactly two triangles, and no
//! vertex lies within an edge of another triangle.
//!
//! Rectangles of the greedy mesher get further vertices wherever a corner of another one lies on
//! their edges. Where solids meet only along an edge or in a corner, each has vertices of its own:
//! a vertex is a point and one of the solids around it that hang together there by faces. An edge
//! at which two solids meet gets a vertex in its middle, since its ends may be shared.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::job::{Progress, Slice};
use crate::mesh::{Merge, Mesher, Quad, Solidity, Triangles};
use crate::voxel::{Point, Volume};

/// Quads that are cut in one unit of work.
const QUADS_A_UNIT: usize = 64;

/// All quads of a volume.
pub(in crate::format) async fn quads_of(volume: &Volume, merge: Merge, slice: &Slice) -> Vec<Quad> {
    let mut mesher = Mesher::with_solidity(volume.clone(), merge, Solidity::Present);
    let (mut quads, mut steps, total) = (Vec::new(), 0, 4 * volume.block_count() as u64);
    while mesher.advance(&mut quads) {
        steps += 1;
        slice.progress(Progress { done: steps.min(total), total: 2 * total });
        slice.spend(1).await;
    }
    quads
}

/// The closed surface of a volume.
pub(in crate::format) async fn closed(volume: &Volume, merge: Merge, slice: &Slice) -> Triangles {
    let quads = quads_of(volume, merge, slice).await;
    let mut corners = FxHashSet::default();
    for run in quads.chunks(QUADS_A_UNIT * 16) {
        corners.extend(run.iter().flat_map(Quad::corners));
        slice.spend(1).await;
    }
    let mut builder =
        Builder { volume, corners, known: FxHashMap::default(), out: Triangles::default() };
    for run in quads.chunks(QUADS_A_UNIT) {
        run.iter().for_each(|quad| builder.add(quad));
        slice.spend(1).await;
    }
    builder.out
}

struct Builder<'a> {
    volume: &'a Volume,
    corners: FxHashSet<[i64; 3]>,
    /// Numbers of vertices, by place in half voxels and by the solid there.
    known: FxHashMap<([i64; 3], u8), u32>,
    out: Triangles,
}

impl Builder<'_> {
    fn is_solid(&self, cell: [i64; 3]) -> bool {
        let [Ok(x), Ok(y), Ok(z)] = cell.map(i32::try_from) else { return false };
        !self.volume.get(Point::new(x, y, z)).is_empty()
    }

    fn add(&mut self, quad: &Quad) {
        let corners = quad.corners();
        let mut ring = Vec::with_capacity(8);
        for side in 0..4 {
            let (from, to) = (corners[side], corners[(side + 1) % 4]);
            let step = [0, 1, 2].map(|axis| (to[axis] - from[axis]).signum());
            let length = (0..3).map(|axis| (to[axis] - from[axis]).abs()).sum::<i64>();
            for place in 0..length {
                let at = [0, 1, 2].map(|axis| from[axis] + place * step[axis]);
                if place == 0 || self.corners.contains(&at) {
                    ring.push(self.vertex(at.map(|value| 2 * value), quad));
                }
                if self.is_pinched(at, step) {
                    let middle = [0, 1, 2].map(|axis| 2 * at[axis] + step[axis]);
                    ring.push(self.vertex(middle, quad));
                }
            }
        }
        if ring.len() == 4 {
            self.out.triangles.push(([ring[0], ring[1], ring[2]], quad.color));
            self.out.triangles.push(([ring[0], ring[2], ring[3]], quad.color));
            return;
        }
        // All are around the middle, so that no triangle is flat.
        let middle = [0, 1, 2].map(|axis| corners[0][axis] + corners[2][axis]);
        let center = self.out.vertices.len() as u32;
        self.out.vertices.push(halved(middle));
        for (index, &vertex) in ring.iter().enumerate() {
            let next = ring[(index + 1) % ring.len()];
            self.out.triangles.push(([center, vertex, next], quad.color));
        }
    }

    /// Whether two solids meet along the edge from a point, and nothing else is around it.
    fn is_pinched(&self, at: [i64; 3], step: [i64; 3]) -> bool {
        let along = (0..3).find(|&axis| step[axis] != 0).unwrap_or(0);
        let (u, v) = ((along + 1) % 3, (along + 2) % 3);
        let mut cell = at;
        cell[along] += step[along].min(0);
        let around = |du: i64, dv: i64| {
            let mut cell = cell;
            cell[u] -= du;
            cell[v] -= dv;
            self.is_solid(cell)
        };
        let (a, b, c, d) = (around(0, 0), around(1, 0), around(1, 1), around(0, 1));
        a == c && b == d && a != b
    }

    /// The vertex at a place in half voxels, as the solid under a quad has it.
    fn vertex(&mut self, at: [i64; 3], quad: &Quad) -> u32 {
        let solid = self.solid_at(at, quad);
        let next = self.out.vertices.len() as u32;
        let number = *self.known.entry((at, solid)).or_insert(next);
        if number == next {
            self.out.vertices.push(halved(at));
        }
        number
    }

    /// Which of the solids around a place a quad's voxels belong to, as the lowest of its cells
    /// there.
    fn solid_at(&self, at: [i64; 3], quad: &Quad) -> u8 {
        // Around the middle of an edge there are but two layers of cells that matter, with the same
        // cells twice.
        let cell = |part: usize| {
            [0, 1, 2].map(|axis| {
                let half = at[axis].rem_euclid(2);
                at[axis].div_euclid(2) - if half == 1 { 0 } else { 1 - (part >> axis & 1) as i64 }
            })
        };
        let solid: Vec<bool> = (0..8).map(|part| self.is_solid(cell(part))).collect();
        let low = quad.voxel.map(i64::from);
        let (u, v) = (quad.face.u_axis(), quad.face.v_axis());
        let inside = |cell: [i64; 3]| {
            cell[quad.face.axis()] == low[quad.face.axis()]
                && (low[u]..low[u] + i64::from(quad.size[0])).contains(&cell[u])
                && (low[v]..low[v] + i64::from(quad.size[1])).contains(&cell[v])
        };
        let own = (0..8).find(|&part| solid[part] && inside(cell(part))).unwrap_or(0);
        let mut reached = 1u8 << own;
        for _ in 0..4 {
            for part in 0..8 {
                if reached >> part & 1 == 1 {
                    for axis in 0..3 {
                        let other = part ^ (1 << axis);
                        reached |= u8::from(solid[other]) << other;
                    }
                }
            }
        }
        reached.trailing_zeros() as u8
    }
}

/// From half voxels to voxels.
fn halved(at: [i64; 3]) -> [f64; 3] {
    at.map(|half| half as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::job::{Job, Work};
    use crate::voxel::Rgba;

    fn surface(volume: Volume, merge: Merge) -> Triangles {
        Work::new(|slice| async move { closed(&volume, merge, &slice).await }).finish()
    }

    #[test]
    fn every_edge_has_two_triangles_whatever_the_model() {
        let mut seed = 3u32;
        for (edge, share) in [(2, 2), (3, 2), (4, 3), (5, 2), (9, 2), (9, 5), (6, 7)] {
            for _ in 0..20 {
                let mut volume = Volume::new();
                for index in 0..edge * edge * edge {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let at = [index % edge, index / edge % edge, index / edge / edge];
                    if !(seed >> 20).is_multiple_of(share) {
                        volume.set(at.into(), Rgba::opaque((seed >> 30) as u8, 0, 0));
                    }
                }
                for merge in [Merge::Color, Merge::Shape, Merge::Nothing] {
                    let closed = surface(volume.clone(), merge);
                    let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
                    for (corners, _) in &closed.triangles {
                        for side in 0..3 {
                            let edge = (corners[side], corners[(side + 1) % 3]);
                            *edges.entry(edge).or_default() += 1;
                        }
                    }
                    for (&(from, to), &count) in &edges {
                        assert_eq!((count, edges.get(&(to, from))), (1, Some(&1)), "{merge:?}");
                    }
                    let area: i64 = closed.triangles.iter().map(|(c, _)| area(&closed, *c)).sum();
                    assert_eq!(area, 8 * crate::mesh::faces(&volume).len() as i64);
                }
            }
        }
    }

    /// Twice the area in half voxels; none is flat.
    fn area(closed: &Triangles, corners: [u32; 3]) -> i64 {
        let halves = |at: [f64; 3]| at.map(|value| (2.0 * value) as i64);
        let [a, b, c] = corners.map(|corner| halves(closed.vertices[corner as usize]));
        let (p, q) = ([0, 1, 2].map(|i| b[i] - a[i]), [0, 1, 2].map(|i| c[i] - a[i]));
        let cross =
            [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
        let area = cross.iter().map(|value| value.abs()).sum();
        assert!(area > 0);
        area
    }
}
