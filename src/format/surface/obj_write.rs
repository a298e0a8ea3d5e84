//! Writing `.obj`: `v x y z r g b` with colours from 0 to 1, six normals, and a quad for each visible
//! face, as Goxel writes it and Blender and MeshLab read it. Colours are the stored sRGB values.

use super::quads::{Corners, QUADS_A_UNIT, Quads};
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::fidelity::Report;
use crate::format::merged::merged;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::mesh::Face;

/// The number of a face's normal in the file.
const fn normal_number(face: Face) -> u8 {
    b'1' + face as u8
}

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut quads = Quads::new(merged(&document, &slice).await, options.surface);
    let (mut content, mut faces, shades) = (head(&quads), Vec::new(), shades());
    loop {
        let vertices = content.room(4 * QUADS_A_UNIT * VERTEX_MAX);
        let more = quads.advance(
            |corner, color| {
                vertices.push(b'v');
                for value in corner {
                    vertices.push(b' ');
                    put_integer(vertices, value);
                }
                for channel in [color.r, color.g, color.b] {
                    vertices.extend_from_slice(&shades[usize::from(channel)]);
                }
                vertices.push(b'\n');
            },
            |corners| put_face(&corners, &mut faces),
        );
        // Faces follow the vertices that they name.
        content.put(&faces);
        faces.clear();
        if !more {
            break;
        }
        quads.rest(&slice).await;
    }
    let mut report = Report::default();
    report.lose_alpha(quads.translucent());
    Ok(Written::new(content, report))
}

/// A comment and the normals.
fn head(quads: &Quads) -> Pieces {
    let mut out = b"# goxel-daemon\n".to_vec();
    for face in Face::ALL {
        out.extend_from_slice(b"vn");
        for value in quads.turn(face.normal().map(i64::from)) {
            out.push(b' ');
            put_integer(&mut out, value);
        }
        out.push(b'\n');
    }
    out.into()
}

fn put_face(corners: &Corners, out: &mut Vec<u8>) {
    out.push(b'f');
    for number in corners.numbers {
        out.push(b' ');
        put_integer(out, number as i64 + 1);
        out.extend_from_slice(&[b'/', b'/', normal_number(corners.face)]);
    }
    out.push(b'\n');
}

/// The text of each channel value as a number from 0 to 1.
fn shades() -> Vec<Vec<u8>> {
    (0..=255u32)
        .map(|value| {
            let text = format!(" {:.4}", f64::from(value) / 255.0);
            text.trim_end_matches('0').trim_end_matches('.').as_bytes().to_vec()
        })
        .collect()
}

/// The most bytes of a vertex's line: three coordinates of up to eleven characters and three channels.
const VERTEX_MAX: usize = 1 + 3 * 12 + 3 * 7 + 1;
