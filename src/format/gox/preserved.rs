//! Chunks that this program does not understand, from load to save.
//!
//! Such a chunk may have hundreds of megabytes, so it is kept in parts: a run of entries of
//! [`Document::preserved`] of its type, each of exactly [`PART`] bytes but for the last one, which
//! has fewer and perhaps none. So neither reading nor writing copies more than a part at a time.
//!
//! [`Document::preserved`]: crate::document::Document::preserved

use std::ops::Range;

use super::chunk_length;
use crate::document::PreservedChunk;
use crate::format::bytes::{FileBytes, Put};
use crate::format::{FormatError, Pieces};
use crate::job::Slice;

/// Bytes of a part; a unit of work.
pub(super) const PART: usize = 1 << 18;

/// A chunk whose bytes are copied.
pub(super) struct Preserving {
    kind: [u8; 4],
    left: Range<usize>,
}

impl Preserving {
    /// Begins with a part of the file.
    pub(super) fn new(kind: [u8; 4], part: Range<usize>) -> Self {
        Preserving { kind, left: part }
    }

    /// Copies the next part; false after the last one.
    pub(super) fn advance(&mut self, file: &FileBytes, to: &mut Vec<PreservedChunk>) -> bool {
        let end = self.left.end.min(self.left.start + PART);
        let data = &file[self.left.start..end];
        to.push(PreservedChunk { kind: self.kind, data: data.into() });
        self.left.start = end;
        data.len() == PART
    }
}

/// Adds a chunk at once.
pub(super) fn add(to: &mut Vec<PreservedChunk>, kind: [u8; 4], data: Vec<u8>) {
    let file = FileBytes::from(data);
    let mut preserving = Preserving::new(kind, 0..file.len());
    while preserving.advance(&file, to) {}
}

/// The entries that make up the chunk that begins with the entry `first`.
pub(super) fn parts_of(all: &[PreservedChunk], first: usize) -> Range<usize> {
    let Some(chunk) = all.get(first) else { return first..first };
    let mut end = first + 1;
    while all[end - 1].data.len() == PART
        && all.get(end).is_some_and(|next| next.kind == chunk.kind)
    {
        end += 1;
    }
    first..end
}

/// The parts of the first chunk of a type; none if there is no such chunk.
pub(super) fn find(all: &[PreservedChunk], kind: [u8; 4]) -> Range<usize> {
    let first = all.iter().position(|chunk| chunk.kind == kind);
    first.map_or(0..0, |first| parts_of(all, first))
}

/// Writes the chunk that some entries make up, part by part; with none of them nothing is written.
pub(super) async fn copy(
    all: &[PreservedChunk],
    parts: Range<usize>,
    out: &mut Pieces,
    slice: &Slice,
) -> Result<(), FormatError> {
    let parts = &all[parts];
    let Some(first) = parts.first() else { return Ok(()) };
    out.put(&first.kind);
    out.put_i32(chunk_length(parts.iter().map(|part| part.data.len() as u64).sum())?);
    for part in parts {
        out.put(&part.data);
        slice.spend(1).await;
    }
    out.put_i32(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_any_length_are_told_apart() {
        let lengths = [0, 7, PART - 1, PART, PART, 2 * PART, 3 * PART + 1, 0];
        let mut all = Vec::new();
        for (number, length) in lengths.into_iter().enumerate() {
            add(&mut all, *b"SAME", vec![number as u8; length]);
        }
        let mut first = 0;
        for (number, length) in lengths.into_iter().enumerate() {
            let parts = parts_of(&all, first);
            assert_eq!((parts.start, parts.len()), (first, length / PART + 1));
            let data: Vec<u8> = all[parts.clone()].iter().flat_map(|p| p.data.to_vec()).collect();
            assert!(data == vec![number as u8; length], "chunk {number}");
            first = parts.end;
        }
        assert_eq!(first, all.len());
        assert_eq!((find(&all, *b"SAME"), find(&all, *b"NONE")), (0..1, 0..0));
    }
}
