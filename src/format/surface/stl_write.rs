//! Writing `.stl`, binary: a closed surface for slicers, z up, a voxel a millimetre. It has no colours.

use super::closed::closed;
use super::frame::Frame;
use crate::document::Document;
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{Axes, FormatError, MeshKind, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::mesh::Merge;

/// Triangles written in one unit of work.
const TRIANGLES_A_UNIT: usize = 1 << 12;

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let frame = Frame::of(&document, &options.export, Axes::Z_UP, &slice).await;
    let merge = match options.export.mesh {
        Some(MeshKind::Faces) => Merge::Nothing,
        _ => Merge::Shape,
    };
    let surface = closed(&merged(&document, &slice).await, merge, &slice).await;
    let mut out = Pieces::new();
    let mut head = b"goxel-daemon, 1 unit = 1 mm".to_vec();
    head.resize(80, b' ');
    out.put(&head);
    out.put_u32(surface.triangles.len() as u32);
    for run in surface.triangles.chunks(TRIANGLES_A_UNIT) {
        let room = out.room(50 * run.len());
        for (corners, _) in run {
            let corners = corners.map(|corner| surface.vertices[corner as usize]);
            let places = corners.map(|at| frame.place(at.map(|half| half as f64 / 2.0)));
            let places = frame.turned(places);
            for vector in [normal(places)].into_iter().chain(places) {
                vector.iter().for_each(|&value| room.extend((value as f32).to_le_bytes()));
            }
            room.extend([0, 0]);
        }
        slice.spend(1).await;
    }
    Ok(Written::new(out, Report::default()))
}

fn normal([a, b, c]: [[f64; 3]; 3]) -> [f64; 3] {
    let (p, q) = ([0, 1, 2].map(|i| b[i] - a[i]), [0, 1, 2].map(|i| c[i] - a[i]));
    let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    let length = cross.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length > 0.0 { cross.map(|value| value / length) } else { [0.0; 3] }
}
