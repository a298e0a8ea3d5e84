//! Bytes in pieces, such as the content of a file.
//!
//! One buffer that grows is moved again and again, and is freed at once at the end; both take tens of
//! milliseconds for a file of a hundred megabytes, while everybody waits. Pieces are never moved, and each
//! is freed when it is written.

/// Bytes of a piece. One that was made elsewhere, or for one long run of bytes, may be longer.
pub(crate) const PIECE: usize = 1 << 18;

/// Many bytes, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// Bytes of the full ones.
    before: u64,
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
            self.last = Vec::with_capacity(count.max(PIECE));
        }
        &mut self.last
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(PIECE) {
            self.room(part.len()).extend_from_slice(part);
        }
    }

    /// Appends the bytes of others without copying them.
    pub(crate) fn append(&mut self, others: Pieces) {
        self.end_piece();
        self.before += others.before;
        self.full.extend(others.full);
        self.last = others.last;
    }

    /// Writes over bytes that are there, within the first piece.
    pub(crate) fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        let first = self.full.first_mut().unwrap_or(&mut self.last);
        if let Some(place) = first.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// The bytes, piece by piece.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// All bytes in one buffer.
    pub fn into_vec(mut self) -> Vec<u8> {
        if self.full.is_empty() {
            return self.last;
        }
        self.end_piece();
        let mut all = Vec::with_capacity(self.before as usize);
        self.full.into_iter().for_each(|piece| all.extend_from_slice(&piece));
        all
    }

    fn end_piece(&mut self) {
        if !self.last.is_empty() {
            self.before += self.last.len() as u64;
            self.full.push(std::mem::take(&mut self.last));
        }
    }
}

impl From<Vec<u8>> for Pieces {
    fn from(bytes: Vec<u8>) -> Self {
        Pieces { last: bytes, ..Pieces::default() }
    }
}

impl IntoIterator for Pieces {
    type Item = Vec<u8>;
    type IntoIter = std::vec::IntoIter<Vec<u8>>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.end_piece();
        self.full.into_iter()
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
        for count in [0, 1, PIECE, 5 * PIECE + 17] {
            let (pieces, all) = numbers(count);
            assert_eq!(pieces.len(), count as u64);
            assert!(pieces.clone().into_vec() == all);
            assert!(pieces.into_iter().collect::<Vec<_>>().concat() == all);
        }
    }

    #[test]
    fn no_piece_is_longer_than_a_piece_or_a_single_run() {
        let (mut pieces, _) = numbers(4 * PIECE);
        pieces.room(2 * PIECE).resize(2 * PIECE, 0);
        let longest = pieces.into_iter().map(|piece| piece.len()).collect::<Vec<_>>();
        assert!(longest.iter().filter(|&&length| length > PIECE).count() <= 1, "{longest:?}");
    }

    #[test]
    fn pieces_are_appended_and_the_start_is_written_over() {
        let (mut first, mut expected) = numbers(PIECE + 5);
        let (second, all) = numbers(3 * PIECE);
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
