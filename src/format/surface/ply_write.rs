//! Writing `.ply`: ASCII 1.0, vertices with `uchar` red, green, blue and alpha, and quads.

use super::quads::Quads;
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::steps::{Advance, Steps};
use crate::format::{Encoded, FormatError, WriteJob, WriteOptions};

pub(in crate::format) fn writer(document: Document, options: WriteOptions) -> WriteJob {
    let quads = Quads::new(&document, options.surface);
    Box::new(Steps(Writer { quads, vertices: Vec::new(), faces: Vec::new(), face_count: 0 }))
}

struct Writer {
    quads: Quads,
    vertices: Vec<u8>,
    faces: Vec<u8>,
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
    fn finish(&mut self) -> Encoded {
        let header = format!(
            "ply\nformat ascii 1.0\ncomment goxel-daemon\nelement vertex {}\n\
             property float x\nproperty float y\nproperty float z\n\
             property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n\
             element face {}\nproperty list uchar uint vertex_indices\nend_header\n",
            self.quads.vertices(),
            self.face_count
        );
        let mut bytes = header.into_bytes();
        bytes.reserve_exact(self.vertices.len() + self.faces.len());
        bytes.append(&mut self.vertices);
        bytes.append(&mut self.faces);
        Encoded { bytes, warnings: Vec::new(), cache: Default::default() }
    }
}

impl Advance for Writer {
    type Output = Encoded;

    fn advance(&mut self) -> Result<Option<Encoded>, FormatError> {
        let Writer { quads, vertices, faces, face_count } = self;
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
        Ok(if more { None } else { Some(self.finish()) })
    }

    fn units(&self) -> (u64, u64) {
        self.quads.units()
    }
}
