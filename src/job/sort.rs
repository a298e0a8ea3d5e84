//! Sorting in slices.

use super::Slice;

/// Items that are sorted, or merged, in one unit of work.
const ITEMS_A_UNIT: usize = 512;

/// Sorts by a key, in slices. Equal keys keep their order.
///
/// ```
/// use goxel_daemon::job::{Job, Work, sort_in_slices};
/// let numbers: Vec<u32> = (0..5000).map(|number| number * 7919 % 5003).collect();
/// let sorting = Work::new(|slice| async move { sort_in_slices(numbers, |n| *n, &slice).await });
/// assert!(sorting.finish().is_sorted());
/// ```
pub async fn sort_in_slices<T: Copy, K: Ord>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> K,
    slice: &Slice,
) -> Vec<T> {
    for run in items.chunks_mut(ITEMS_A_UNIT) {
        run.sort_by_key(&key);
        slice.spend(1).await;
    }
    let mut width = ITEMS_A_UNIT;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while !left.is_empty() || !right.is_empty() {
                for _ in 0..ITEMS_A_UNIT {
                    let from_left = match (left.first(), right.first()) {
                        (Some(a), Some(b)) => key(a) <= key(b),
                        (left, _) => left.is_some(),
                    };
                    let side = if from_left { &mut left } else { &mut right };
                    let Some((first, rest)) = side.split_first() else { break };
                    merged.push(*first);
                    *side = rest;
                }
                slice.spend(1).await;
            }
        }
        items = merged;
        width *= 2;
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};

    #[test]
    fn equal_keys_keep_their_order() {
        for count in [0u32, 1, 511, 512, 513, 9000] {
            let items: Vec<(u32, u32)> = (0..count).map(|n| (n * 31 % 17, n)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            let sorting =
                Work::new(
                    |slice| async move { sort_in_slices(items, |item| item.0, &slice).await },
                );
            assert_eq!(sorting.finish(), expected);
        }
    }
}
