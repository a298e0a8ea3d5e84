//! Named binary tags that are written: big-endian, nested, in a gzip stream.

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::format::Pieces;
use crate::format::pack::{PIECE, pack};
use crate::job::Slice;
use crate::job::leftovers::leave_buffer;
use crate::job::pieces::SharedPieces;

/// Tags in the making. A compound is ended by [`Tags::end`].
#[derive(Default)]
pub(super) struct Tags(pub(super) Vec<u8>);

impl Tags {
    fn name(&mut self, kind: u8, name: &str) {
        self.0.push(kind);
        self.text_bytes(name);
    }

    fn text_bytes(&mut self, text: &str) {
        let most = usize::from(u16::MAX).min(text.len());
        let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let text = &text[..end];
        self.0.extend((text.len() as u16).to_be_bytes());
        self.0.extend(text.as_bytes());
    }

    pub(super) fn compound(&mut self, name: &str) {
        self.name(10, name);
    }

    pub(super) fn end(&mut self) {
        self.0.push(0);
    }

    pub(super) fn short(&mut self, name: &str, value: i64) {
        self.name(2, name);
        self.0.extend((value as u16).to_be_bytes());
    }

    pub(super) fn int(&mut self, name: &str, value: i64) {
        self.name(3, name);
        self.0.extend((value as i32).to_be_bytes());
    }

    pub(super) fn long(&mut self, name: &str, value: i64) {
        self.name(4, name);
        self.0.extend(value.to_be_bytes());
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(8, name);
        self.text_bytes(value);
    }

    pub(super) async fn bytes(&mut self, name: &str, value: &[u8], slice: &Slice) {
        self.name(7, name);
        self.0.extend((value.len() as u32).to_be_bytes());
        pack(&mut self.0, value, slice).await;
    }

    pub(super) fn ints(&mut self, name: &str, values: &[i64]) {
        self.name(11, name);
        self.0.extend((values.len() as u32).to_be_bytes());
        values.iter().for_each(|&value| self.0.extend((value as i32).to_be_bytes()));
    }

    pub(super) async fn longs(&mut self, name: &str, values: &[u64], slice: &Slice) {
        self.name(12, name);
        self.0.extend((values.len() as u32).to_be_bytes());
        for part in values.chunks(PIECE / 8) {
            part.iter().for_each(|value| self.0.extend(value.to_be_bytes()));
            slice.spend(1).await;
        }
    }

    /// Begins a list, whose parts of this type follow without names.
    pub(super) fn list(&mut self, name: &str, kind: u8, length: usize) {
        self.name(9, name);
        self.0.push(if length == 0 { 0 } else { kind });
        self.0.extend((length as u32).to_be_bytes());
    }

    pub(super) fn vector(&mut self, name: &str, [x, y, z]: [i64; 3]) {
        self.compound(name);
        [("x", x), ("y", y), ("z", z)].into_iter().for_each(|(name, value)| self.int(name, value));
        self.end();
    }

    /// The file.
    pub(super) async fn gzip(self, slice: &Slice) -> Pieces {
        let file = SharedPieces::default();
        let mut encoder = GzEncoder::new(file.clone(), Compression::fast());
        pack(&mut encoder, &self.0, slice).await;
        // Writing to memory cannot fail.
        let _ = encoder.finish();
        leave_buffer(self.0);
        file.take()
    }
}
