//! Memory of blocks: counted shared pointers, and slabs for dense blocks.
//!
//! This is the one module of the engine with `unsafe` code. What it promises to the rest:
//!
//! * [`Shared`] is a counted pointer like `std::sync::Arc` without weak references, so that "am I
//!   the only owner?" is one plain load: it is asked at every point edit, and the read-modify-write
//!   that `Arc::get_mut` needs would cost more than the edit.
//! * Values of the size of a dense block come from slabs of 2 MiB with a free list, which are
//!   advised to be huge pages where those come quickly: a fresh block costs no page faults, a freed
//!   one is used again.
//!
//! The argument for soundness:
//!
//! * A `Shared` points at a live `Inner` from [`Shared::place`] until the count drops to 0. The
//!   count is raised by `clone` alone and lowered by `drop` alone, so it equals the number of
//!   handles.
//! * `get_mut` hands out `&mut T` only if the count is 1. It holds `&mut` of that only handle for
//!   the life of the borrow, so nobody can clone it meanwhile. The `Acquire` load pairs with the
//!   `Release` of the drop that made it 1, so other threads' reads have ended.
//! * `drop` frees after a `Release` decrement and an `Acquire` fence, as `Arc` does.
//! * A cell is on its slab's free list or owned by one `Shared`, never both: `Pool::take` unlinks
//!   it, `Pool::give` links it. All of it happens under one mutex. Cells are as large and as
//!   aligned as asked, and never overlap each other or the slab's head.
//! * A cell that was never used is zero because its slab came zeroed from the system and cells are
//!   written by their owners alone.
//! * A slab is given back to the system only when none of its cells is in use.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::dense::Dense;
use super::page_size::PageSize;
use crate::memory;

/// Bytes in a slab, and its alignment: a huge page.
const SLAB: usize = 2 << 20;
/// Bytes at the start of a slab that describe it.
const HEAD: usize = 64;
/// Bytes in a cell: a dense block with its count.
pub(crate) const CELL: usize = size_of::<Inner<Dense>>();
/// Slabs without a used cell that are kept (16 MiB), so that steady work asks nothing of the
/// system.
const IDLE_SLABS: usize = 8;
const CELLS: usize = (SLAB - HEAD) / CELL;
const CELL_ALIGN: usize = 64;
const _: () = assert!(CELL.is_multiple_of(CELL_ALIGN) && CELLS > 100);

const SLAB_LAYOUT: Layout = match Layout::from_size_align(SLAB, SLAB) {
    Ok(layout) => layout,
    Err(_) => panic!("a slab is a power of two"),
};

/// A type that is valid whatever its bytes are and that may be copied byte by byte.
///
/// # Safety
/// Both must hold.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: a dense block is `Copy` and made of numbers and arrays of numbers.
unsafe impl Plain for Dense {}
impl Stored for Dense {
    const KIND: memory::Kind = memory::Kind::Voxels;
}

/// Memory that a value holds beside its own bytes.
pub(crate) trait Stored {
    /// What the value is counted as.
    const KIND: memory::Kind;

    /// Bytes on the heap; constant while the value is shared. Whoever changes them while it is not
    /// counts that.
    fn heap(&self) -> usize {
        0
    }
}

/// A value and the number of its handles.
#[repr(C)]
pub(crate) struct Inner<T> {
    count: AtomicUsize,
    value: T,
}

/// A counted pointer to a value.
pub(crate) struct Shared<T: Stored> {
    inner: NonNull<Inner<T>>,
}

// SAFETY: like Arc: handles on several threads give `&T` to all of them and drop T on any.
unsafe impl<T: Stored + Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Stored + Send + Sync> Sync for Shared<T> {}

impl<T: Stored> Shared<T> {
    const LAYOUT: Layout = Layout::new::<Inner<T>>();
    const POOLED: bool = Self::LAYOUT.size() == CELL && Self::LAYOUT.align() <= CELL_ALIGN;

    /// Bytes that a value takes, its heap aside.
    pub(crate) const BYTES: usize = Self::LAYOUT.size();

    /// Places a value in memory of its own.
    pub(crate) fn new(value: T) -> Self {
        memory::took(T::KIND, value.heap());
        let inner = Self::place();
        // SAFETY: `place` gives memory for an `Inner<T>` that nobody else has.
        unsafe { inner.write(Inner { count: AtomicUsize::new(1), value }) };
        Shared { inner }
    }

    /// Memory for one value, not initialised.
    fn place() -> NonNull<Inner<T>> {
        memory::took(T::KIND, Self::BYTES);
        if Self::POOLED {
            return pool().take().0.cast();
        }
        // SAFETY: the layout is not empty, it holds at least the count.
        let memory = unsafe { alloc(Self::LAYOUT) };
        NonNull::new(memory.cast()).unwrap_or_else(|| handle_alloc_error(Self::LAYOUT))
    }

    /// The value, if this is its only handle.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: `inner` is live; see the module's argument for the exclusive borrow.
        unsafe {
            let inner = self.inner.as_ptr();
            ((*inner).count.load(Ordering::Acquire) == 1).then(|| &mut (*inner).value)
        }
    }

    /// Where the value lies: the same for all handles of it.
    pub(crate) fn address(&self) -> usize {
        self.inner.as_ptr() as usize
    }
}

impl<T: Stored + Clone> Shared<T> {
    /// The value to write to: if others share it, a copy that nobody else has.
    #[inline]
    pub(crate) fn unshared(&mut self) -> &mut T {
        if self.get_mut().is_none() {
            self.become_a_copy();
        }
        // SAFETY: the only handle before, or just made from a value: nobody else can have one.
        unsafe { &mut (*self.inner.as_ptr()).value }
    }

    /// Out of the way of those who need no copy: a large one passes the stack.
    #[cold]
    #[inline(never)]
    fn become_a_copy(&mut self) {
        *self = Shared::new(T::clone(self));
    }
}

impl<T: Stored + Plain> Shared<T> {
    /// A value of zero bytes.
    pub(crate) fn zeroed() -> Self {
        let (inner, is_zero) = Self::place_pooled();
        // SAFETY: the memory is ours, and zero bytes are a valid T by `Plain`, like all others.
        unsafe {
            if !is_zero {
                inner.as_ptr().cast::<u8>().write_bytes(0, Self::BYTES);
            }
            (*inner.as_ptr()).count = AtomicUsize::new(1);
        }
        Shared { inner }
    }

    /// A value that is whatever the memory held before: for those who write all of it.
    pub(crate) fn stale() -> Self {
        if !Self::POOLED {
            return Self::zeroed();
        }
        let (inner, _) = Self::place_pooled();
        // SAFETY: the memory is ours. Cells of slabs come zeroed from the system and only values
        // were written to them since, so their bytes are defined, and any bytes are a valid T by
        // `Plain`.
        unsafe { (*inner.as_ptr()).count = AtomicUsize::new(1) };
        Shared { inner }
    }

    /// Memory for one value, and whether it is known to be zero: cells of a slab that were never
    /// used are as the system gave them.
    fn place_pooled() -> (NonNull<Inner<T>>, bool) {
        if !Self::POOLED {
            return (Self::place(), false);
        }
        memory::took(T::KIND, Self::BYTES);
        let (cell, is_zero) = pool().take();
        (cell.cast(), is_zero)
    }

    /// [`Shared::unshared`] without a detour over the stack.
    #[inline]
    pub(crate) fn own(&mut self) -> &mut T {
        if self.get_mut().is_none() {
            *self = Shared::copy_of(self);
        }
        // SAFETY: the only handle before, or just made as the first one: nobody else can have one.
        unsafe { &mut (*self.inner.as_ptr()).value }
    }

    /// A copy of a value, without a detour over the stack.
    pub(crate) fn copy_of(value: &T) -> Self {
        let inner = Self::place();
        // SAFETY: the memory is ours and does not overlap `value`; T may be copied by `Plain`.
        unsafe {
            (&raw mut (*inner.as_ptr()).count).write(AtomicUsize::new(1));
            (&raw mut (*inner.as_ptr()).value).copy_from_nonoverlapping(value, 1);
        }
        Shared { inner }
    }
}

impl<T: Stored> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `inner` is live while a handle exists, and `get_mut` excludes other handles.
        unsafe { &self.inner.as_ref().value }
    }
}

impl<T: Stored> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // SAFETY: `inner` is live. Relaxed is enough: a handle is passed on by other means.
        unsafe { self.inner.as_ref() }.count.fetch_add(1, Ordering::Relaxed);
        Shared { inner: self.inner }
    }
}

impl<T: Stored> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: `inner` is live until the count that we give up here is the last.
        unsafe {
            if self.inner.as_ref().count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            fence(Ordering::Acquire);
            memory::gave(T::KIND, self.inner.as_ref().value.heap() + Self::BYTES);
            self.inner.drop_in_place();
            if Self::POOLED {
                pool().give(self.inner.cast());
            } else {
                dealloc(self.inner.as_ptr().cast(), Self::LAYOUT);
            }
        }
    }
}

/// The start of a slab.
struct Slab {
    /// The first free cell; each free cell begins with a pointer to the next.
    free: Option<NonNull<Cell>>,
    /// Cells in use.
    used: usize,
    /// Cells never used so far, at the end of the slab: they need no link.
    untouched: usize,
    /// Its place in `Pool::open` while it has a free cell.
    place: usize,
}
const _: () = assert!(size_of::<Slab>() <= HEAD);

struct Cell {
    next: Option<NonNull<Cell>>,
}

/// All slabs with a free cell. Full slabs are known to their blocks alone.
struct Pool {
    open: Vec<NonNull<Slab>>,
    /// How many of them have no used cell.
    idle: usize,
    pages: PageSize,
}

// SAFETY: the pointers are used under the pool's mutex alone.
unsafe impl Send for Pool {}

static POOL: Mutex<Pool> = Mutex::new(Pool { open: Vec::new(), idle: 0, pages: PageSize::new() });

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives memory that nobody uses back to the system: slabs, then what the allocator holds.
pub fn give_back_memory() {
    pool().remove_idle();
    memory::give_back();
}

/// Bytes that slabs of blocks hold and nobody uses.
pub fn free_slab_bytes() -> u64 {
    pool().free_bytes()
}

impl Pool {
    /// A free cell, and whether it was never used and is therefore zero.
    fn take(&mut self) -> (NonNull<Cell>, bool) {
        let slab = match self.open.last() {
            Some(&slab) => slab,
            None => self.add_slab(),
        };
        // SAFETY: slabs in `open` are live and have a free or untouched cell.
        unsafe {
            let head = &mut *slab.as_ptr();
            self.idle -= usize::from(head.used == 0);
            head.used += 1;
            let cell = match head.free {
                Some(cell) => {
                    head.free = (*cell.as_ptr()).next;
                    (cell, false)
                }
                None => {
                    head.untouched -= 1;
                    let offset = HEAD + (CELLS - 1 - head.untouched) * CELL;
                    (slab.cast::<u8>().add(offset).cast(), true)
                }
            };
            if head.used == CELLS {
                self.open.pop();
            }
            cell
        }
    }

    fn give(&mut self, cell: NonNull<Cell>) {
        let start = cell.as_ptr() as usize & !(SLAB - 1);
        // SAFETY: cells lie within a slab, which starts at a multiple of its size; the slab is live
        // because this cell was in use.
        unsafe {
            let slab: NonNull<Slab> = cell.cast::<u8>().sub(cell.as_ptr() as usize - start).cast();
            let head = &mut *slab.as_ptr();
            cell.write(Cell { next: head.free });
            head.free = Some(cell);
            if head.used == CELLS {
                head.place = self.open.len();
                self.open.push(slab);
            }
            head.used -= 1;
            if head.used == 0 {
                self.idle += 1;
                if self.idle > IDLE_SLABS {
                    self.remove_slab(slab);
                }
            }
        }
    }

    fn add_slab(&mut self) -> NonNull<Slab> {
        let is_huge = self.pages.is_huge();
        let again = || memory::give_up_reserve().then(|| map_slab(is_huge)).flatten();
        let Some(slab) = map_slab(is_huge).or_else(again) else { handle_alloc_error(SLAB_LAYOUT) };
        let mapped = Instant::now();
        let slab: NonNull<Slab> = slab.cast();
        let place = self.open.len();
        // SAFETY: the memory is ours, large enough and aligned.
        unsafe { slab.write(Slab { free: None, used: 0, untouched: CELLS, place }) };
        if is_huge {
            self.pages.huge_page_took(mapped.elapsed());
        }
        self.open.push(slab);
        self.idle += 1;
        slab
    }

    /// Gives all idle slabs back to the system.
    fn remove_idle(&mut self) {
        let mut number = 0;
        while let Some(&slab) = self.open.get(number) {
            // SAFETY: slabs in `open` are live.
            if unsafe { slab.as_ref() }.used == 0 {
                self.remove_slab(slab);
            } else {
                number += 1;
            }
        }
    }

    /// Bytes of cells that were used once and are not now.
    fn free_bytes(&self) -> u64 {
        let of_slab = |slab: &NonNull<Slab>| {
            // SAFETY: slabs in `open` are live.
            let slab = unsafe { slab.as_ref() };
            (CELLS - slab.used - slab.untouched) * CELL
        };
        self.open.iter().map(of_slab).sum::<usize>() as u64
    }

    /// Gives an idle slab back to the system.
    fn remove_slab(&mut self, slab: NonNull<Slab>) {
        self.idle -= 1;
        // SAFETY: the slab is live, open and without used cells; nobody points at it afterwards.
        unsafe {
            let place = slab.as_ref().place;
            self.open.swap_remove(place);
            if let Some(moved) = self.open.get_mut(place) {
                moved.as_mut().place = place;
            }
            unmap_slab(slab.cast());
        }
    }
}

/// Zeroed memory for a slab, straight from the system so that it is zero without being written:
/// twice what is needed is mapped, and what lies outside the aligned part is given back.
#[cfg(target_os = "linux")]
fn map_slab(is_huge: bool) -> Option<NonNull<u8>> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
    // SAFETY: a fresh private mapping that nobody else knows; the parts that are unmapped are not
    // used. The advice changes no contents. It may be refused: the slab then has small pages, which
    // is slower and else the same.
    unsafe {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        let start = mmap_anonymous(std::ptr::null_mut(), 2 * SLAB, access, flags).ok()?;
        let before = start.cast::<u8>().align_offset(SLAB);
        let slab = start.cast::<u8>().add(before);
        if before > 0 {
            let _ = munmap(start, before);
        }
        let _ = munmap(slab.add(SLAB).cast(), SLAB - before);
        let advice = if is_huge { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
        let _ = madvise(slab.cast(), SLAB, advice);
        NonNull::new(slab)
    }
}

#[cfg(target_os = "linux")]
fn unmap_slab(slab: NonNull<u8>) {
    // SAFETY: called with what `map_slab` returned, once, when nothing points into it any more.
    let _ = unsafe { rustix::mm::munmap(slab.as_ptr().cast(), SLAB) };
}

#[cfg(not(target_os = "linux"))]
fn map_slab(_: bool) -> Option<NonNull<u8>> {
    // SAFETY: the layout is not empty.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(SLAB_LAYOUT) })
}

#[cfg(not(target_os = "linux"))]
fn unmap_slab(slab: NonNull<u8>) {
    // SAFETY: called with what `map_slab` returned, once, when nothing points into it any more.
    unsafe { dealloc(slab.as_ptr(), SLAB_LAYOUT) };
}

#[cfg(test)]
mod tests {
    use super::super::Rgba;
    use super::*;

    struct Counted<'a>(&'a AtomicUsize, u64);
    impl Stored for Counted<'_> {
        const KIND: memory::Kind = memory::Kind::Voxels;
    }
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_value_lives_until_its_last_handle_goes() {
        let dropped = AtomicUsize::new(0);
        let mut first = Shared::new(Counted(&dropped, 7));
        first.get_mut().unwrap().1 = 8;
        let second = first.clone();
        assert!(first.get_mut().is_none());
        assert_eq!(first.address(), second.address());
        drop(first);
        assert_eq!((dropped.load(Ordering::Relaxed), second.1), (0, 8));
        drop(second);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn blocks_do_not_overlap_and_are_used_again() {
        let mut blocks: Vec<Shared<Dense>> = (0..3 * CELLS as u32 + 5)
            .map(|number| {
                let mut block = Shared::<Dense>::zeroed();
                block.get_mut().unwrap().voxels = [Rgba::from(number.to_le_bytes()); 4096];
                block
            })
            .collect();
        for round in 0..3u32 {
            for (number, block) in blocks.iter().enumerate() {
                let color = Rgba::from((number as u32 + round * 0x10_0000).to_le_bytes());
                assert!(block.voxels.iter().all(|&voxel| voxel == color));
            }
            let odd: Vec<_> = (0..blocks.len()).filter(|number| number % 2 == 1).collect();
            for &number in odd.iter().rev() {
                drop(blocks.remove(number));
            }
            for &number in &odd {
                blocks.insert(number, Shared::zeroed());
            }
            for (number, block) in blocks.iter_mut().enumerate() {
                let color = Rgba::from((number as u32 + (round + 1) * 0x10_0000).to_le_bytes());
                block.get_mut().unwrap().voxels.fill(color);
            }
        }
    }

    #[test]
    fn a_fresh_block_is_zero_though_its_cell_was_used_before() {
        for _ in 0..3 {
            let mut block = Shared::<Dense>::zeroed();
            assert!(block.voxels.iter().all(|voxel| voxel.is_empty()) && block.mask == [0; 64]);
            block.get_mut().unwrap().voxels.fill(Rgba::WHITE);
        }
    }

    #[test]
    fn handles_may_be_cloned_and_dropped_on_many_threads() {
        let dropped = AtomicUsize::new(0);
        let value = Shared::new(Counted(&dropped, 3));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let value = value.clone();
                scope.spawn(move || (0..1000).map(|_| value.clone().1).sum::<u64>());
            }
        });
        drop(value);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn threads_share_the_pool() {
        std::thread::scope(|scope| {
            for seed in 0..4u8 {
                scope.spawn(move || {
                    for round in 0..50u8 {
                        let color = Rgba::new(seed, round, 0, 255);
                        let mut blocks: Vec<_> =
                            (0..20).map(|_| Shared::<Dense>::zeroed()).collect();
                        for block in &mut blocks {
                            block.get_mut().unwrap().voxels.fill(color);
                        }
                        assert!(blocks.iter().all(|block| block.voxels == [color; 4096]));
                    }
                });
            }
        });
    }
}
