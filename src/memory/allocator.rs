//! The allocator of the programs: the system's, with a reserve, and with what it says of itself.
//!
//! A small allocation cannot be refused politely. For those a reserve is kept: when the system has nothing left, the
//! reserve is given up and the allocation made from it; growth is refused from then on until there is a reserve again.
//!
//! The argument for soundness: memory is given out by the system's allocator alone, with the layouts that were asked
//! for. The reserve is a pointer that this module alone holds; whoever takes it out of its place by an atomic exchange
//! frees it, once, with the layout that it was made with. The functions of the C library that are declared here take
//! and return plain numbers.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::IS_SHORT;

/// Bytes of the reserve.
const RESERVE: usize = 4 << 20;
const RESERVE_LAYOUT: Layout = match Layout::from_size_align(RESERVE, 4096) {
    Ok(layout) => layout,
    Err(_) => panic!("pages are aligned"),
};

static KEPT: AtomicPtr<u8> = AtomicPtr::new(null_mut());

/// The system's allocator with a reserve.
pub struct Allocator;

impl Allocator {
    /// Gives the reserve up; false if there is none.
    #[cold]
    fn give_up_reserve() -> bool {
        let reserve = KEPT.swap(null_mut(), Ordering::AcqRel);
        IS_SHORT.store(true, Ordering::Relaxed);
        if !reserve.is_null() {
            // SAFETY: made with this layout, and nobody else has it any more.
            unsafe { System.dealloc(reserve, RESERVE_LAYOUT) };
        }
        !reserve.is_null()
    }
}

// SAFETY: see the module.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the system's.
        let memory = unsafe { System.alloc(layout) };
        if memory.is_null() && layout.size() < RESERVE / 2 && Allocator::give_up_reserve() {
            // SAFETY: as above.
            return unsafe { System.alloc(layout) };
        }
        memory
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the system's.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if memory.is_null() && layout.size() < RESERVE / 2 && Allocator::give_up_reserve() {
            // SAFETY: as above.
            return unsafe { System.alloc_zeroed(layout) };
        }
        memory
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the system's.
        unsafe { System.dealloc(memory, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the system's.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if moved.is_null() && size < RESERVE / 2 && Allocator::give_up_reserve() {
            // SAFETY: as above; what failed left the old memory as it was.
            return unsafe { System.realloc(memory, layout, size) };
        }
        moved
    }
}

/// Sees to it that there is a reserve; false if the system has nothing left for it.
pub fn keep_reserve() -> bool {
    if KEPT.load(Ordering::Acquire).is_null() {
        // SAFETY: the layout is not empty.
        let reserve = unsafe { System.alloc(RESERVE_LAYOUT) };
        if reserve.is_null() {
            return false;
        }
        let before = KEPT.swap(reserve, Ordering::AcqRel);
        if !before.is_null() {
            // SAFETY: made with this layout, and nobody else has it any more.
            unsafe { System.dealloc(before, RESERVE_LAYOUT) };
        }
    }
    IS_SHORT.store(false, Ordering::Relaxed);
    true
}

/// What the allocator says of itself.
#[derive(Clone, Copy, Default, Debug)]
pub struct Heap {
    /// Bytes that are used.
    pub used: u64,
    /// Bytes that it holds and nobody uses.
    pub free: u64,
}

/// What the allocator holds, where it tells.
pub fn heap() -> Option<Heap> {
    c_library::heap()
}

/// Gives what the allocator holds and nobody uses back to the system.
pub fn give_back() {
    c_library::trim();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod c_library {
    use super::Heap;

    /// The C library's `struct mallinfo2`.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        arena: usize,
        ordblks: usize,
        smblks: usize,
        hblks: usize,
        hblkhd: usize,
        usmblks: usize,
        fsmblks: usize,
        uordblks: usize,
        fordblks: usize,
        keepcost: usize,
    }

    unsafe extern "C" {
        safe fn mallinfo2() -> Info;
        safe fn malloc_trim(pad: usize) -> i32;
    }

    pub(super) fn heap() -> Option<Heap> {
        let info = mallinfo2();
        let used = (info.uordblks + info.hblkhd) as u64;
        Some(Heap { used, free: info.fordblks as u64 })
    }

    pub(super) fn trim() {
        malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod c_library {
    use super::Heap;

    pub(super) fn heap() -> Option<Heap> {
        None
    }

    pub(super) fn trim() {}
}
