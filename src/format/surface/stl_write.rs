//! Writing `.stl`, binary or as text: a closed surface for slicers, z up, a voxel a millimetre. It
//! has no colours.

use super::frame::Frame;
use super::made::made_closed;
use super::parts::inside;
use crate::document::Document;
use crate::format::ascii::put_number;
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{Axes, FormatError, MeshCounts, MeshKind, Pieces, WriteOptions, Written};
use crate::job::Slice;

/// Triangles written in one unit of work.
const TRIANGLES_A_UNIT: usize = 1 << 12;

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let frame = Frame::of(&document, &options.export, Axes::Z_UP, &slice).await;
    let kind = options.export.mesh.unwrap_or(MeshKind::GreedyClosed);
    let (volume, mut report) = (merged(&document, &slice).await, Report::default());
    report.lose_inside(inside(&volume, &slice).await);
    let surface = made_closed(&volume, kind, false, &slice).await;
    let is_text = options.export.plain;
    let mut out = Pieces::new();
    if is_text {
        out.put(b"solid goxel-daemon\n");
    } else {
        let mut head = b"goxel-daemon, 1 unit = 1 mm".to_vec();
        head.resize(80, b' ');
        out.put(&head);
        out.put_u32(surface.triangles.len() as u32);
    }
    for run in surface.triangles.chunks(TRIANGLES_A_UNIT) {
        let room = out.room(if is_text { TEXT_MAX } else { 50 } * run.len());
        for (corners, _) in run {
            let places = corners.map(|corner| frame.place(surface.vertices[corner as usize]));
            let places = frame.turned(places);
            if is_text {
                put_text(room, normal(places), places);
                continue;
            }
            for vector in [normal(places)].into_iter().chain(places) {
                vector.iter().for_each(|&value| room.extend((value as f32).to_le_bytes()));
            }
            room.extend([0, 0]);
        }
        slice.spend(1).await;
    }
    if is_text {
        out.put(b"endsolid goxel-daemon\n");
    }
    let (vertices, triangles) = (surface.vertices.len() as u64, surface.triangles.len() as u64);
    let written = Written::new(out, report);
    Ok(Written {
        mesh: Some(MeshCounts { vertices, triangles, ..MeshCounts::default() }),
        ..written
    })
}

/// About the most bytes of a triangle as text.
const TEXT_MAX: usize = 4 * 50 + 60;

fn put_text(out: &mut Vec<u8>, normal: [f64; 3], places: [[f64; 3]; 3]) {
    let mut put = |word: &[u8], vector: [f64; 3]| {
        out.extend_from_slice(word);
        for value in vector {
            out.push(b' ');
            put_number(out, f64::from(value as f32));
        }
        out.push(b'\n');
    };
    put(b"facet normal", normal);
    // Lines without numbers stand between.
    let [a, b, c] = places;
    put(b"outer loop\nvertex", a);
    put(b"vertex", b);
    put(b"vertex", c);
    out.extend_from_slice(b"endloop\nendfacet\n");
}

fn normal([a, b, c]: [[f64; 3]; 3]) -> [f64; 3] {
    let (p, q) = ([0, 1, 2].map(|i| b[i] - a[i]), [0, 1, 2].map(|i| c[i] - a[i]));
    let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    let length = cross.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length > 0.0 { cross.map(|value| value / length) } else { [0.0; 3] }
}
