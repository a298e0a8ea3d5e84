//! Writing `.ply`, binary or as text: vertices with `uchar` red, green, blue and alpha, and
//! polygons.

use super::outline::{Manner, Outline, POLYGONS_A_UNIT};
use crate::document::Document;
use crate::format::ascii::{put_integer, put_number};
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{FormatError, MeshColors, MeshCounts, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::Rgba;

/// How numbers are written.
#[derive(Clone, Copy)]
struct Style {
    is_text: bool,
    has_colors: bool,
}

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let has_colors = options.export.colors != Some(MeshColors::None);
    let style = Style { is_text: options.export.plain, has_colors };
    let mut manner = Manner::of(&document, &options, &slice).await;
    manner.by_color = has_colors;
    let (volume, mut report) = (merged(&document, &slice).await, Report::default());
    let mut outline = Outline::new(volume, manner, 0, &slice).await;
    let (mut vertices, mut faces) = (Pieces::new(), Pieces::new());
    loop {
        let vertices = vertices.room(4 * POLYGONS_A_UNIT * VERTEX_MAX);
        let faces = faces.room(POLYGONS_A_UNIT * FACE_MAX);
        let more = outline.advance(
            |place, color| style.put_vertex(vertices, place, color),
            |corners| style.put_face(faces, corners.numbers),
        );
        if !more {
            break;
        }
        outline.rest(&slice).await;
    }
    report.lose_inside(outline.inside(&slice).await);
    let mut content = Pieces::new();
    content.put(style.head(outline.vertices(), outline.polygons()).as_bytes());
    content.append(vertices);
    content.append(faces);
    let written = Written::new(content, report);
    let (vertices, triangles) = (outline.vertices(), outline.triangles());
    Ok(Written {
        mesh: Some(MeshCounts { vertices, triangles, ..MeshCounts::default() }),
        ..written
    })
}

/// The most bytes of a vertex's line: three coordinates of up to eleven characters and four
/// channels.
const VERTEX_MAX: usize = 3 * 12 + 4 * 4;
/// The most bytes of a face's line: four numbers of vertices.
const FACE_MAX: usize = 2 + 4 * 21;

impl Style {
    fn head(self, vertices: u64, faces: u64) -> String {
        let format = if self.is_text { "ascii" } else { "binary_little_endian" };
        let colors = if self.has_colors {
            "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n"
        } else {
            ""
        };
        format!(
            "ply\nformat {format} 1.0\ncomment goxel-daemon\nelement vertex {vertices}\n\
             property float x\nproperty float y\nproperty float z\n{colors}\
             element face {faces}\nproperty list uchar uint vertex_indices\nend_header\n"
        )
    }

    fn put_vertex(self, out: &mut Vec<u8>, place: [f64; 3], color: Rgba) {
        if !self.is_text {
            place.iter().for_each(|&value| out.extend((value as f32).to_le_bytes()));
            if self.has_colors {
                out.extend(color.bytes());
            }
            return;
        }
        for value in place {
            put_number(out, value);
            out.push(b' ');
        }
        if self.has_colors {
            for channel in color.bytes() {
                put_integer(out, i64::from(channel));
                out.push(b' ');
            }
        }
        end_line(out);
    }

    fn put_face(self, out: &mut Vec<u8>, numbers: &[u64]) {
        if !self.is_text {
            out.push(numbers.len() as u8);
            numbers.iter().for_each(|&number| out.extend((number as u32).to_le_bytes()));
            return;
        }
        put_integer(out, numbers.len() as i64);
        for &number in numbers {
            out.push(b' ');
            put_integer(out, number as i64);
        }
        out.push(b' ');
        end_line(out);
    }
}

/// The last space ends the line.
fn end_line(out: &mut [u8]) {
    if let Some(last) = out.last_mut() {
        *last = b'\n';
    }
}
