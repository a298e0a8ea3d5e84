//! A list of many things that grows without being moved.
//!
//! A vector that grows is copied as a whole, which takes ten milliseconds for a million things.
//! Here they lie in pieces, which are freed one by one too.

use crate::job::leftovers;

/// Things in a piece, as a power of 2.
const PIECE_BITS: u32 = 13;
const PIECE: usize = 1 << PIECE_BITS;

/// Plain values, in order. All pieces but the last are full.
pub(crate) struct LongList<T: 'static> {
    pieces: Vec<Vec<T>>,
    length: usize,
}

impl<T> Default for LongList<T> {
    fn default() -> Self {
        LongList { pieces: Vec::new(), length: 0 }
    }
}

impl<T> LongList<T> {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn push(&mut self, value: T) {
        match self.pieces.last_mut() {
            Some(last) if self.length & (PIECE - 1) != 0 => last.push(value),
            // The first piece is small if there are few things.
            last => {
                let mut next = Vec::with_capacity(if last.is_none() { 0 } else { PIECE });
                next.push(value);
                self.pieces.push(next);
            }
        }
        self.length += 1;
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index >> PIECE_BITS)?.get(index & (PIECE - 1))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pieces.get_mut(index >> PIECE_BITS)?.get_mut(index & (PIECE - 1))
    }

    /// The things from one on, as far as they lie side by side.
    pub(crate) fn run(&self, first: usize) -> &[T] {
        let piece = self.pieces.get(first >> PIECE_BITS);
        piece.and_then(|piece| piece.get(first & (PIECE - 1)..)).unwrap_or_default()
    }
}

impl<T> Extend<T> for LongList<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T> Drop for LongList<T> {
    fn drop(&mut self) {
        if self.pieces.len() > 1 {
            leftovers::leave(std::mem::take(&mut self.pieces).into_iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_things_are_where_they_were_put() {
        let mut list = LongList::default();
        assert!(list.is_empty() && list.get(0).is_none() && list.run(0).is_empty());
        list.extend(0..3 * PIECE + 5);
        assert_eq!(list.len(), 3 * PIECE + 5);
        assert!((0..list.len()).all(|index| list.get(index) == Some(&index)));
        assert!(list.get(list.len()).is_none());
        *list.get_mut(PIECE).unwrap() += 7;
        assert_eq!(list.run(PIECE - 1), [PIECE - 1]);
        assert_eq!((list.run(PIECE).len(), list.run(PIECE)[0]), (PIECE, PIECE + 7));
        assert!(list.run(list.len()).is_empty());
    }
}
