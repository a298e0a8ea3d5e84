//! Writing `.ply`: ASCII 1.0, vertices with `uchar` red, green, blue and alpha, and quads.

use super::quads::{QUADS_A_UNIT, Quads};
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut quads = Quads::new(merged(&document, &slice).await, options.surface);
    let (mut vertices, mut faces, mut face_count) = (Pieces::new(), Pieces::new(), 0);
    loop {
        let vertices = vertices.room(4 * QUADS_A_UNIT * VERTEX_MAX);
        let faces = faces.room(QUADS_A_UNIT * FACE_MAX);
        let more = quads.advance(
            |corner, color| {
                put_line(vertices, corner.into_iter().chain(color.bytes().map(i64::from)))
            },
            |corners| {
                let numbers = corners.numbers.map(|number| number as i64);
                put_line(faces, std::iter::once(4).chain(numbers));
                face_count += 1;
            },
        );
        if !more {
            break;
        }
        quads.rest(&slice).await;
    }
    let mut content = Pieces::new();
    content.put(head(quads.vertices(), face_count).as_bytes());
    content.append(vertices);
    content.append(faces);
    Ok(Written::new(content, Report::default()))
}

fn head(vertices: u64, faces: u64) -> String {
    format!(
        "ply\nformat ascii 1.0\ncomment goxel-daemon\nelement vertex {vertices}\n\
         property float x\nproperty float y\nproperty float z\n\
         property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n\
         element face {faces}\nproperty list uchar uint vertex_indices\nend_header\n"
    )
}

/// The most bytes of a vertex's line: three coordinates of up to eleven characters and four channels.
const VERTEX_MAX: usize = 3 * 12 + 4 * 4;
/// The most bytes of a face's line: four numbers of vertices.
const FACE_MAX: usize = 2 + 4 * 21;

fn put_line(out: &mut Vec<u8>, values: impl IntoIterator<Item = i64>) {
    for value in values {
        put_integer(out, value);
        out.push(b' ');
    }
    if let Some(last) = out.last_mut() {
        *last = b'\n';
    }
}
