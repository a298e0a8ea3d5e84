//! Whether a surface is closed, and how many of its vertices lie within edges of others: what a
//! report tells.

use rustc_hash::{FxHashMap, FxHashSet};

use super::made::{Made, made};
use super::parts::parts;
use crate::document::Document;
use crate::format::{MeshCheck, MeshKind, WriteOptions};
use crate::job::Slice;

/// Polygons that are looked at in one unit of work.
const POLYGONS_A_UNIT: usize = 1 << 10;

/// A place in half voxels, as a key; places between have the bits of their numbers.
type Key = [i64; 3];

fn key(at: [f64; 3]) -> Key {
    at.map(|value| {
        let half = 2.0 * value;
        if half.fract() == 0.0 { half as i64 } else { i64::MIN | half.to_bits() as i64 }
    })
}

/// Looks at the surface that a format makes of a document.
pub(in crate::format) async fn check(
    document: &Document,
    format: &str,
    options: &WriteOptions,
    slice: &Slice,
) -> MeshCheck {
    let (plain, as_one) = match format {
        "stl" | "3mf" => (MeshKind::GreedyClosed, true),
        "glb" | "gltf" => (MeshKind::Greedy, false),
        _ if options.surface.merge => (MeshKind::Greedy, true),
        _ => (MeshKind::Faces, true),
    };
    let mut kind = options.export.mesh.unwrap_or(plain);
    if matches!(format, "stl" | "3mf") && kind == MeshKind::Greedy {
        kind = MeshKind::GreedyClosed;
    }
    let has_colors = format != "stl";
    let mut found = MeshCheck { is_closed: true, t_junctions: 0 };
    for (_, volume) in parts(document, options.export.merge.unwrap_or(as_one), slice).await {
        let polygons: Vec<Vec<Key>> = match made(&volume, kind, has_colors, slice).await {
            Made::Quads(quads) => {
                let corners = |quad: &crate::mesh::Quad| {
                    quad.corners().map(|corner| corner.map(|value| 2 * value)).to_vec()
                };
                quads.iter().map(corners).collect()
            }
            Made::Triangles(mesh) => {
                let corners = |(corners, _): &([u32; 3], _)| {
                    corners.map(|corner: u32| key(mesh.vertices[corner as usize])).to_vec()
                };
                mesh.triangles.iter().map(corners).collect()
            }
        };
        let one = check_polygons(&polygons, slice).await;
        found.is_closed &= one.is_closed;
        found.t_junctions += one.t_junctions;
    }
    found
}

async fn check_polygons(polygons: &[Vec<Key>], slice: &Slice) -> MeshCheck {
    let mut places: FxHashSet<Key> = FxHashSet::default();
    let mut edges: FxHashMap<(Key, Key), i64> = FxHashMap::default();
    let sides = |polygon: &[Key]| -> Vec<(Key, Key)> {
        (0..polygon.len())
            .map(|side| (polygon[side], polygon[(side + 1) % polygon.len()]))
            .collect()
    };
    for run in polygons.chunks(POLYGONS_A_UNIT) {
        for polygon in run {
            places.extend(polygon);
            for (from, to) in sides(polygon) {
                let (edge, way) = if from < to { ((from, to), 1) } else { ((to, from), -1) };
                *edges.entry(edge).or_default() += way;
            }
        }
        slice.spend(1).await;
    }
    let (mut t_junctions, mut is_closed, mut looked_at) = (0, true, 0);
    for (&(from, to), &sum) in &edges {
        is_closed &= sum == 0;
        let along = (0..3).filter(|&axis| from[axis] != to[axis]);
        let along: Vec<usize> = along.collect();
        // Only edges along an axis have others' corners within.
        if let [axis] = along[..]
            && from[axis].unsigned_abs().max(to[axis].unsigned_abs()) < 1 << 40
        {
            let mut at = from;
            for place in from[axis] + 1..to[axis] {
                at[axis] = place;
                t_junctions += u64::from(places.contains(&at));
            }
        }
        looked_at += 1;
        if looked_at % POLYGONS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    MeshCheck { is_closed, t_junctions }
}
