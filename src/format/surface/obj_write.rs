//! Writing `.obj`: `v x y z r g b` with colours from 0 to 1, six normals, and a quad for each visible
//! face, as Goxel writes it and Blender and MeshLab read it. Colours are the stored sRGB values.

use super::quads::{QUADS_A_UNIT, Quads};
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::merged::merged;
use crate::format::steps::{Advance, Steps};
use crate::format::{FormatError, Pieces, WriteJob, WriteOptions, Written};
use crate::mesh::Face;

/// The number of a face's normal in the file.
const fn normal_number(face: Face) -> u8 {
    b'1' + face as u8
}

pub(in crate::format) fn writer(document: Document, options: WriteOptions) -> WriteJob {
    merged(&document, move |volume| start(Quads::new(volume, options.surface)))
}

fn start(quads: Quads) -> WriteJob {
    let mut out = b"# goxel-daemon\n".to_vec();
    for face in Face::ALL {
        out.extend_from_slice(b"vn");
        for value in quads.turn(face.normal().map(i64::from)) {
            out.push(b' ');
            put_integer(&mut out, value);
        }
        out.push(b'\n');
    }
    Box::new(Steps(Writer { quads, out: out.into(), faces: Vec::new(), shades: shades() }))
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

struct Writer {
    quads: Quads,
    out: Pieces,
    faces: Vec<u8>,
    shades: Vec<Vec<u8>>,
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        let Writer { quads, out, faces, shades } = self;
        let vertices = out.room(4 * QUADS_A_UNIT * VERTEX_MAX);
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
            |corners| {
                faces.push(b'f');
                for number in corners.numbers {
                    faces.push(b' ');
                    put_integer(faces, number as i64 + 1);
                    faces.extend_from_slice(&[b'/', b'/', normal_number(corners.face)]);
                }
                faces.push(b'\n');
            },
        );
        // Faces follow the vertices that they name.
        out.put(faces);
        faces.clear();
        if more {
            return Ok(None);
        }
        let translucent = "voxels with alpha below 255 are written opaque".to_owned();
        let warnings = if quads.translucent() { vec![translucent] } else { Vec::new() };
        let content = std::mem::take(out);
        Ok(Some(Written { content, warnings, cache: Default::default() }))
    }

    fn units(&self) -> (u64, u64) {
        self.quads.units()
    }
}
