//! Writing `.ply`: ASCII 1.0, vertices with `uchar` red, green, blue and alpha, and quads.

use super::quads::{QUADS_A_UNIT, Quads};
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::merged::merged;
use crate::format::steps::{Advance, Steps};
use crate::format::{FormatError, Pieces, WriteJob, WriteOptions, Written};

pub(in crate::format) fn writer(document: Document, options: WriteOptions) -> WriteJob {
    merged(&document, move |volume| {
        let quads = Quads::new(volume, options.surface);
        let (vertices, faces) = (Pieces::new(), Pieces::new());
        Box::new(Steps(Writer { quads, vertices, faces, face_count: 0 }))
    })
}

/// The most bytes of a vertex's line: three coordinates of up to eleven characters and four channels.
const VERTEX_MAX: usize = 3 * 12 + 4 * 4;
/// The most bytes of a face's line: four numbers of vertices.
const FACE_MAX: usize = 2 + 4 * 21;

struct Writer {
    quads: Quads,
    vertices: Pieces,
    faces: Pieces,
    face_count: u64,
}

fn put_line(out: &mut Vec<u8>, values: impl IntoIterator<Item = i64>) {
    for value in values {
        put_integer(out, value);
        out.push(b' ');
    }
    if let Some(last) = out.last_mut() {
        *last = b'\n';
    }
}

impl Writer {
    /// The whole file, now that it is known how much there is.
    fn assemble(&mut self) -> Pieces {
        let mut content = Pieces::new();
        let header = format!(
            "ply\nformat ascii 1.0\ncomment goxel-daemon\nelement vertex {}\n\
             property float x\nproperty float y\nproperty float z\n\
             property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n\
             element face {}\nproperty list uchar uint vertex_indices\nend_header\n",
            self.quads.vertices(),
            self.face_count
        );
        content.put(header.as_bytes());
        content.append(std::mem::take(&mut self.vertices));
        content.append(std::mem::take(&mut self.faces));
        content
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        let Writer { quads, vertices, faces, face_count, .. } = self;
        let vertices = vertices.room(4 * QUADS_A_UNIT * VERTEX_MAX);
        let faces = faces.room(QUADS_A_UNIT * FACE_MAX);
        let more = quads.advance(
            |corner, color| {
                put_line(vertices, corner.into_iter().chain(color.bytes().map(i64::from)))
            },
            |corners| {
                let numbers = corners.numbers.map(|number| number as i64);
                put_line(faces, std::iter::once(4).chain(numbers));
                *face_count += 1;
            },
        );
        if more {
            return Ok(None);
        }
        let (content, cache) = (self.assemble(), Default::default());
        Ok(Some(Written { content, warnings: Vec::new(), cache }))
    }

    fn units(&self) -> (u64, u64) {
        self.quads.units()
    }
}
