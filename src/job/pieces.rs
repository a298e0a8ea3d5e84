//! Bytes in pieces, such as the content of a file.
//!
//! One buffer that grows is moved again and again, and is freed at once at the end; both take tens
//! of milliseconds for a file of a hundred megabytes, while everybody waits. Pieces are never
//! moved, and are left to be freed in slices.
//!
//! The first pieces are small. Those after them are so large that allocators fetch each from the
//! system and give it back page by page; of many smaller ones the allocator keeps all until the
//! last one is freed, and then gives all back at once. Room that is not written to costs no memory.

#[cfg(feature = "engine")]
use std::cell::RefCell;
use std::collections::VecDeque;
#[cfg(feature = "engine")]
use std::rc::Rc;

use super::leftovers;

/// Bytes of the first pieces.
const SMALL: usize = 1 << 16;
/// Bytes of all small pieces together.
const SMALL_TOTAL: u64 = 1 << 20;
/// Bytes of a large piece. The C library of Linux takes no more than 32 MiB out of a heap of its
/// own.
const LARGE: usize = 33 << 20;

/// Many bytes, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    full: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    /// Bytes of the full ones.
    before: u64,
}

/// An empty piece with room for so many bytes, and for more if there is memory for it.
fn piece(count: usize, length: usize) -> Vec<u8> {
    let mut piece = Vec::new();
    match piece.try_reserve_exact(count.max(length)) {
        Ok(()) => piece,
        // Where the address space is narrow small ones have to do; whether those can be had is
        // asked between slices.
        Err(_) => Vec::with_capacity(count.max(SMALL)),
    }
}

impl Pieces {
    /// No bytes.
    pub fn new() -> Self {
        Pieces::default()
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.before + self.last.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A buffer that takes up to `count` more bytes without being moved.
    pub(crate) fn room(&mut self, count: usize) -> &mut Vec<u8> {
        if self.last.capacity() - self.last.len() < count {
            self.end_piece();
            let length = if self.before < SMALL_TOTAL { SMALL } else { LARGE };
            self.last = piece(count, length);
        }
        &mut self.last
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(SMALL) {
            self.room(part.len()).extend_from_slice(part);
        }
    }

    /// Appends the bytes of others without copying them.
    pub(crate) fn append(&mut self, mut others: Pieces) {
        self.end_piece();
        self.before += others.before;
        self.full.append(&mut others.full);
        self.last = std::mem::take(&mut others.last);
    }

    /// Takes the first piece out; `None` once there are no bytes left.
    #[cfg(feature = "engine")]
    pub(crate) fn take_first(&mut self) -> Option<Vec<u8>> {
        self.end_piece();
        let first = self.full.pop_front()?;
        self.before -= first.len() as u64;
        Some(first)
    }

    /// Writes over bytes that are there, within the first piece.
    #[cfg(feature = "engine")]
    pub(crate) fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        let first = self.full.front_mut().unwrap_or(&mut self.last);
        if let Some(place) = first.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// The bytes, piece by piece.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// The bytes from a place on, as far as they lie side by side; none beyond the end.
    pub fn from_place(&self, place: u64) -> &[u8] {
        let mut before = 0;
        for piece in self.iter() {
            if place - before < piece.len() as u64 {
                return &piece[(place - before) as usize..];
            }
            before += piece.len() as u64;
        }
        &[]
    }

    /// All bytes in one buffer.
    pub fn into_vec(mut self) -> Vec<u8> {
        if self.full.is_empty() {
            return std::mem::take(&mut self.last);
        }
        let mut all = Vec::with_capacity(self.len() as usize);
        self.iter().for_each(|piece| all.extend_from_slice(piece));
        all
    }

    fn end_piece(&mut self) {
        if !self.last.is_empty() {
            self.before += self.last.len() as u64;
            self.full.push_back(std::mem::take(&mut self.last));
        }
    }
}

impl From<Vec<u8>> for Pieces {
    fn from(bytes: Vec<u8>) -> Self {
        let mut pieces = Pieces::default();
        pieces.last = bytes;
        pieces
    }
}

/// Pieces that an encoder writes to, of which somebody else keeps a handle.
#[cfg(feature = "engine")]
#[derive(Clone, Default)]
pub(crate) struct SharedPieces(Rc<RefCell<Pieces>>);

#[cfg(feature = "engine")]
impl SharedPieces {
    /// What was written so far, which is no longer here then.
    pub(crate) fn take(&self) -> Pieces {
        self.0.take()
    }
}

#[cfg(feature = "engine")]
impl std::io::Write for SharedPieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.full.drain(..).for_each(leftovers::leave_buffer);
        leftovers::leave_buffer(std::mem::take(&mut self.last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in order, put in runs of all lengths.
    fn numbers(count: usize) -> (Pieces, Vec<u8>) {
        let all: Vec<u8> = (0..count).map(|number| (number % 251) as u8).collect();
        let (mut pieces, mut left) = (Pieces::new(), &all[..]);
        for length in (0..).map(|step: usize| step * step % 70_001) {
            let (run, rest) = left.split_at(length.min(left.len()));
            pieces.put(run);
            left = rest;
            if left.is_empty() {
                return (pieces, all);
            }
        }
        unreachable!("the lengths go on for ever")
    }

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        for count in [0, 1, SMALL, SMALL_TOTAL as usize * 3 + 17] {
            let (mut pieces, all) = numbers(count);
            assert_eq!(pieces.len(), count as u64);
            assert!(pieces.iter().collect::<Vec<_>>().concat() == all);
            assert!(pieces.clone().into_vec() == all);
            for place in [0, count / 3, count / 2, count.saturating_sub(1), count] {
                let found = pieces.from_place(place as u64);
                assert!(all[place..].starts_with(found) && found.is_empty() == (place == count));
            }
            let taken: Vec<_> = std::iter::from_fn(|| pieces.take_first()).collect();
            assert!(taken.concat() == all && pieces.is_empty());
        }
    }

    #[test]
    fn a_long_run_gets_room_in_one_piece() {
        let (mut pieces, _) = numbers(2 * SMALL);
        let before = pieces.len();
        let room = pieces.room(3 * SMALL);
        assert!(room.capacity() - room.len() >= 3 * SMALL);
        room.resize(room.len() + 3 * SMALL, 0);
        assert_eq!(pieces.len(), before + 3 * SMALL as u64);
    }

    #[test]
    fn pieces_are_appended_and_the_start_is_written_over() {
        let (mut first, mut expected) = numbers(SMALL + 5);
        let (second, all) = numbers(3 * SMALL);
        first.append(second);
        first.put(b"end");
        expected.extend(all);
        expected.extend(b"end");
        first.overwrite(4, b"four");
        expected[4..8].copy_from_slice(b"four");
        assert_eq!(first.len(), expected.len() as u64);
        assert!(first.into_vec() == expected);
    }
}
