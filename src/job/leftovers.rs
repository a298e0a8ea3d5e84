//! What finished work leaves behind, given back to the system bit by bit.
//!
//! Freeing takes time too: a hundred megabytes of blocks or of a file's bytes take ten milliseconds
//! and more. Whoever lets go of something that large hands it to [`leave`] or [`leave_buffer`]. On
//! a thread whose driver has called [`collect`], it is then freed in slices by [`free_some`]; on
//! all other threads, and so for users of the library who know nothing of this, it is freed at
//! once.
//!
//! Invariants: what is left is freed in the order in which it was left; nothing is left on a thread
//! that does not collect.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use super::Budget;

/// Bytes of a buffer that are freed in one unit of work.
const PIECE: usize = 1 << 18;

/// Frees a bit with each call of `next`.
type Pile = Box<dyn Iterator<Item = ()>>;

#[derive(Default)]
struct Leftovers {
    is_collecting: Cell<bool>,
    piles: RefCell<VecDeque<Pile>>,
}

thread_local! {
    static LEFTOVERS: Leftovers = Leftovers::default();
}

/// From now on what is left on this thread is kept for [`free_some`].
pub fn collect() {
    LEFTOVERS.with(|leftovers| leftovers.is_collecting.set(true));
}

/// Lets go of many things; each of them is freed in one unit of work.
///
/// ```
/// use goxel_daemon::job::{Budget, leftovers};
/// leftovers::collect();
/// leftovers::leave(vec![vec![0; 1000]; 3].into_iter());
/// let mut slices = 1;
/// while leftovers::free_some(&mut Budget::units(1)) {
///     slices += 1;
/// }
/// assert_eq!(slices, 4);
/// ```
pub fn leave<I>(things: I)
where
    I: Iterator + 'static,
{
    // A thread that ends has no list any more; then, too, all is freed at once.
    let _ = LEFTOVERS.try_with(|leftovers| {
        if leftovers.is_collecting.get() {
            leftovers.piles.borrow_mut().push_back(Box::new(things.map(drop)));
        }
    });
}

/// Lets go of a buffer of plain values, from its end to its start.
pub fn leave_buffer<T: Copy + 'static>(mut buffer: Vec<T>) {
    let unit = (PIECE / size_of::<T>().max(1)).max(1);
    if buffer.capacity() > 2 * unit {
        leave(std::iter::from_fn(move || {
            let left = buffer.capacity().checked_sub(unit).filter(|&left| left > 0)?;
            buffer.truncate(left);
            buffer.shrink_to(left);
            // An allocator that does not take a part back gets all of it.
            (buffer.capacity() <= left).then_some(())
        }));
    }
}

/// A buffer of plain values that is freed piece by piece, whoever lets go of it.
pub struct Large<T: Copy + 'static>(Vec<T>);

impl<T: Copy + 'static> Large<T> {
    /// An empty one with room for so many values.
    pub fn with_capacity(count: usize) -> Self {
        Large(Vec::with_capacity(count))
    }
}

impl<T: Copy + 'static> Deref for Large<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Copy + 'static> DerefMut for Large<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Copy + 'static> Drop for Large<T> {
    fn drop(&mut self) {
        leave_buffer(std::mem::take(&mut self.0));
    }
}

/// Whether something is left.
pub fn are_left() -> bool {
    LEFTOVERS.with(|leftovers| !leftovers.piles.borrow().is_empty())
}

/// Frees what was left until nothing is left or the budget is spent; whether something is still
/// left.
pub fn free_some(budget: &mut Budget) -> bool {
    // A pile is not in the list while it shrinks: what is freed may itself leave something.
    let take = || LEFTOVERS.with(|leftovers| leftovers.piles.borrow_mut().pop_front());
    while let Some(mut pile) = take() {
        while pile.next().is_some() {
            if !budget.spend(1) {
                LEFTOVERS.with(|leftovers| leftovers.piles.borrow_mut().push_front(pile));
                return true;
            }
        }
        drop(pile);
        if !budget.spend(1) {
            return are_left();
        }
    }
    false
}

/// Frees all of it at once; whether there was any. For those who need the memory now.
pub fn free_all() -> bool {
    let were_left = are_left();
    while free_some(&mut Budget::unlimited()) {}
    were_left
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    /// A thing whose end leaves another thing.
    struct Chain(u32, Rc<Cell<u32>>);

    impl Drop for Chain {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            if self.0 > 0 {
                leave(std::iter::once(Chain(self.0 - 1, Rc::clone(&self.1))));
            }
        }
    }

    #[test]
    fn without_a_collector_all_is_freed_at_once() {
        let freed = Rc::new(Cell::new(0));
        drop(Chain(3, Rc::clone(&freed)));
        assert_eq!(freed.get(), 4);
        assert!(!are_left());
    }

    #[test]
    fn a_collector_frees_as_much_as_its_budget_allows() {
        collect();
        let freed = Rc::new(Cell::new(0));
        let things: Vec<_> = (0..10).map(|_| Chain(0, Rc::clone(&freed))).collect();
        leave(things.into_iter());
        assert_eq!(freed.get(), 0);
        assert!(free_some(&mut Budget::units(4)));
        assert_eq!(freed.get(), 4);
        assert!(free_all() && !free_all());
        assert_eq!(freed.get(), 10);
    }

    #[test]
    fn what_is_freed_may_leave_something_itself() {
        collect();
        let freed = Rc::new(Cell::new(0));
        drop(Chain(5, Rc::clone(&freed)));
        assert!(free_all());
        assert_eq!(freed.get(), 6);
    }

    #[test]
    fn a_large_buffer_goes_piece_by_piece_and_a_small_one_at_once() {
        collect();
        leave_buffer(vec![0u8; 100]);
        assert!(!are_left());
        leave_buffer(vec![7u32; 10 * PIECE / 4]);
        let mut slices = 0;
        while free_some(&mut Budget::units(1)) {
            slices += 1;
        }
        assert!((1..=11).contains(&slices), "{slices}");
    }
}
