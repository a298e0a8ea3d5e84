//! Writing `.ply`: ASCII 1.0, vertices with `uchar` red, green, blue and alpha, and quads.

use super::quads::Quads;
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::steps::{Advance, Steps};
use crate::format::{Encoded, FormatError, WriteJob, WriteOptions};

pub(in crate::format) fn writer(document: Document, options: WriteOptions) -> WriteJob {
    let quads = Quads::new(&document, options.surface);
    let (vertices, faces) = (quads.buffer(), quads.buffer());
    Box::new(Steps(Writer { quads, vertices, faces, face_count: 0, assembly: None }))
}

/// Bytes that are put together in one go.
const PIECE: usize = 1 << 18;

struct Writer {
    quads: Quads,
    vertices: Vec<u8>,
    faces: Vec<u8>,
    face_count: u64,
    assembly: Option<Assembly>,
}

/// A file in the making: its head, and how many bytes of vertices and faces together have followed.
struct Assembly {
    bytes: Vec<u8>,
    put: usize,
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
    /// Begins the file, now that it is known how much there is.
    fn start_assembly(&mut self) {
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
        self.assembly = Some(Assembly { bytes, put: 0 });
    }

    /// The bytes that come next in the file; none at its end.
    fn next_piece(&self, put: usize) -> &[u8] {
        let faces_put = put.saturating_sub(self.vertices.len());
        let left = self.vertices.get(put..).filter(|left| !left.is_empty());
        let left = left.or_else(|| self.faces.get(faces_put..)).unwrap_or_default();
        &left[..left.len().min(PIECE)]
    }

    fn assemble(&mut self, mut assembly: Assembly) -> Option<Encoded> {
        let piece = self.next_piece(assembly.put);
        if piece.is_empty() {
            let bytes = assembly.bytes;
            return Some(Encoded { bytes, warnings: Vec::new(), cache: Default::default() });
        }
        assembly.bytes.extend_from_slice(piece);
        assembly.put += piece.len();
        self.assembly = Some(assembly);
        None
    }
}

impl Advance for Writer {
    type Output = Encoded;

    fn advance(&mut self) -> Result<Option<Encoded>, FormatError> {
        if let Some(assembly) = self.assembly.take() {
            return Ok(self.assemble(assembly));
        }
        let Writer { quads, vertices, faces, face_count, .. } = self;
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
        if !more {
            self.start_assembly();
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        self.quads.units()
    }
}
