//! Memory of empty buffers, kept to be used again: connections own none while they are idle.

use std::ops::RangeInclusive;

/// Blocks of memory.
pub(super) struct Spare {
    blocks: Vec<Vec<u8>>,
    /// How many are kept.
    most: usize,
    /// The sizes that are kept, in bytes.
    sizes: RangeInclusive<usize>,
}

impl Spare {
    /// Nothing yet.
    pub(super) const fn new(most: usize, sizes: RangeInclusive<usize>) -> Self {
        Spare { blocks: Vec::new(), most, sizes }
    }

    /// A block, if there is one.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.blocks.pop()
    }

    /// Keeps a block if it is of a usual size and there are not too many.
    pub(super) fn put(&mut self, block: Option<Vec<u8>>) {
        if let Some(block) = block
            && self.blocks.len() < self.most
            && self.sizes.contains(&block.capacity())
        {
            self.blocks.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_blocks_of_usual_size_are_kept() {
        let mut spare = Spare::new(2, 100..=1000);
        for size in [99, 100, 5000, 500, 700] {
            spare.put(Some(Vec::with_capacity(size)));
        }
        spare.put(None);
        let kept: Vec<_> =
            std::iter::from_fn(|| spare.take()).map(|kept| kept.capacity()).collect();
        assert_eq!(kept, [500, 100]);
    }
}
