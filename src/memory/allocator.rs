//! The allocator of the programs: the system's, with a reserve, and with what it says of itself.
//!
//! An allocation by a way that cannot fail cannot be refused politely. For those a reserve is kept:
//! when the system has nothing left, the reserve is given up and the allocation made from it;
//! growth is refused from then on until there is a reserve again. It is memory that nobody touches,
//! so it takes addresses and no more: where those are limited it is a part of them, elsewhere as
//! much as small allocations need. It comes from the system and not from the allocator, which may
//! have room in a gap of its heap: that would be of no use to whoever needs addresses.
//!
//! What grows by doubling asks for twice of what it has, and cannot be refused either. So the
//! largest piece of memory that work has asked for is known here, and work in slices asks between
//! two of them whether twice as much could be had, and addresses for some slabs ([`room`]). That
//! matters only where the address space is limited.
//!
//! The argument for soundness: memory is given out by the system's allocator alone, with the
//! layouts that were asked for. The reserve is a pointer that this module alone holds; whoever
//! takes it out of its place by an atomic exchange frees it, once, with the size that it was made
//! with, which never changes once it was asked for. The functions of the C library that are
//! declared here take and return plain numbers.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::IS_SHORT;

/// Bytes of the reserve, at least and at most, and the part of the address space that it is, where
/// that is limited.
const LEAST_RESERVE: usize = 4 << 20;
const MOST_RESERVE: usize = 64 << 20;
const SHARE_OF_ADDRESSES: u64 = 8;
/// What the system needs beside a piece of memory, at most.
const AROUND: usize = 64 << 10;
/// Bytes of the reserve; 0 before anybody asked.
static RESERVE: AtomicUsize = AtomicUsize::new(0);

fn reserve() -> usize {
    // Whoever is first decides.
    match RESERVE.compare_exchange(0, LEAST_RESERVE, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => LEAST_RESERVE,
        Err(decided) => decided,
    }
}

static KEPT: AtomicPtr<u8> = AtomicPtr::new(null_mut());

/// Pieces of memory from this size on are taken note of.
const LARGE: usize = 1 << 20;
/// There must be room for so much at least.
const LEAST_ROOM: usize = 8 << 20;
/// The largest piece that was asked for lately.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[inline]
fn note_size(size: usize) {
    if size >= LARGE {
        LARGEST.fetch_max(size, Ordering::Relaxed);
    }
}

/// The system's allocator with a reserve.
pub struct Allocator;

impl Allocator {
    /// Gives the reserve up; false if there is none.
    #[cold]
    pub(super) fn give_up_reserve() -> bool {
        let reserve = KEPT.swap(null_mut(), Ordering::AcqRel);
        IS_SHORT.store(true, Ordering::Relaxed);
        if !reserve.is_null() {
            // SAFETY: mapped with this size, and nobody else has it any more.
            unsafe { addresses::unmap(reserve, self::reserve()) };
        }
        !reserve.is_null()
    }

    /// After an allocation has failed: whether it can be tried again, because the reserve was given
    /// up for it.
    #[cold]
    fn can_try_again(size: usize) -> bool {
        size.saturating_add(AROUND) <= reserve() && Allocator::give_up_reserve()
    }
}

// SAFETY: see the module.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note_size(layout.size());
        // SAFETY: the caller's promise is the system's.
        let memory = unsafe { System.alloc(layout) };
        if memory.is_null() && Allocator::can_try_again(layout.size()) {
            // SAFETY: as above.
            return unsafe { System.alloc(layout) };
        }
        memory
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the system's.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if memory.is_null() && Allocator::can_try_again(layout.size()) {
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
        note_size(size);
        // SAFETY: the caller's promise is the system's.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if moved.is_null() && Allocator::can_try_again(size) {
            // SAFETY: as above; what failed left the old memory as it was.
            return unsafe { System.realloc(memory, layout, size) };
        }
        moved
    }
}

/// Makes ready for a process that may address so many bytes; `None` for any number. Call it once,
/// before there are threads.
pub fn prepare(addresses: Option<u64>) {
    c_library::join_when_freed();
    let Some(addresses) = addresses else { return };
    let share = usize::try_from(addresses / SHARE_OF_ADDRESSES).unwrap_or(MOST_RESERVE);
    let share = share.clamp(LEAST_RESERVE, MOST_RESERVE);
    // Too late if somebody has asked for it already.
    let _ = RESERVE.compare_exchange(0, share, Ordering::AcqRel, Ordering::Acquire);
    c_library::save_addresses();
}

/// Sees to it that there is a reserve; false if the system has nothing left for it.
pub fn keep_reserve() -> bool {
    if KEPT.load(Ordering::Acquire).is_null() {
        let Some(reserve) = addresses::map(self::reserve()) else { return false };
        let before = KEPT.swap(reserve, Ordering::AcqRel);
        if !before.is_null() {
            // SAFETY: mapped with this size, and nobody else has it any more.
            unsafe { addresses::unmap(before, self::reserve()) };
        }
    }
    IS_SHORT.store(false, Ordering::Relaxed);
    true
}

/// Whether there is so much beside the reserve.
pub(super) fn is_there(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 4096) else { return false };
    // SAFETY: the layout is not empty.
    let memory = unsafe { System.alloc(layout) };
    if !memory.is_null() {
        // SAFETY: made with this layout a moment ago.
        unsafe { System.dealloc(memory, layout) };
    }
    !memory.is_null()
}

/// Whether twice as much as the largest piece of late could be had, so that what grows can go on;
/// else how much that is.
pub(super) fn room() -> Result<(), usize> {
    let wanted = LARGEST.load(Ordering::Relaxed).saturating_mul(2).max(LEAST_ROOM);
    let is_room = is_there(wanted) && addresses::are_there(LEAST_ROOM);
    if is_room { Ok(()) } else { Err(wanted) }
}

/// Forgets the largest piece: nobody is at work with it any more.
pub fn forget_largest() {
    LARGEST.store(0, Ordering::Relaxed);
}

/// Memory from the system, past the allocator.
#[cfg(target_os = "linux")]
mod addresses {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

    /// Maps some bytes that nobody else uses.
    pub(super) fn map(bytes: usize) -> Option<*mut u8> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh private mapping.
        let start =
            unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, access, MapFlags::PRIVATE).ok()? };
        Some(start.cast())
    }

    /// # Safety
    /// `start` came from [`map`] with as many bytes, and nobody uses it.
    pub(super) unsafe fn unmap(start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        let _ = unsafe { munmap(start.cast(), bytes) };
    }

    /// Whether so many more bytes could be mapped.
    pub(super) fn are_there(bytes: usize) -> bool {
        let mapped = map(bytes);
        // SAFETY: mapped a moment ago.
        mapped.inspect(|&start| unsafe { unmap(start, bytes) }).is_some()
    }
}

/// Where there is nothing past the allocator.
#[cfg(not(target_os = "linux"))]
mod addresses {
    use std::alloc::{GlobalAlloc, Layout, System};

    /// Takes some bytes.
    pub(super) fn map(bytes: usize) -> Option<*mut u8> {
        let layout = Layout::from_size_align(bytes.max(1), 4096).ok()?;
        // SAFETY: the layout is not empty.
        let start = unsafe { System.alloc(layout) };
        (!start.is_null()).then_some(start)
    }

    /// # Safety
    /// `start` came from [`map`] with as many bytes, and nobody uses it.
    pub(super) unsafe fn unmap(start: *mut u8, bytes: usize) {
        if let Ok(layout) = Layout::from_size_align(bytes.max(1), 4096) {
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(start, layout) };
        }
    }

    /// The allocator was asked already.
    pub(super) fn are_there(_: usize) -> bool {
        true
    }
}

/// What the allocator says of itself.
#[derive(Clone, Copy, Default, Debug)]
pub struct Heap {
    /// Bytes that are used.
    pub used: u64,
    /// Bytes that it holds and nobody uses.
    pub free: u64,
}

/// What the allocator told last, when, and how long that took.
struct Told {
    heap: Heap,
    at: Instant,
    took: Duration,
}

static TOLD: Mutex<Option<Told>> = Mutex::new(None);
/// Asking is quick up to this, and is done each time.
const QUICK: Duration = Duration::from_millis(1);
/// Of the time, asking may take this part: the allocator looks at each of its free pieces, which
/// takes tens of milliseconds where there are hundreds of thousands.
const SHARE_OF_TIME: u32 = 1000;

impl Told {
    /// Whether it is too soon to ask again.
    fn holds(&self, now: Instant) -> bool {
        self.took > QUICK && now < self.at + self.took * SHARE_OF_TIME
    }
}

/// What the allocator holds, where it tells; as of a while ago if it takes long to tell.
pub fn heap() -> Option<Heap> {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    if let Some(told) = told.as_ref().filter(|told| told.holds(began)) {
        return Some(told.heap);
    }
    let heap = c_library::heap()?;
    let at = Instant::now();
    *told = Some(Told { heap, at, took: at - began });
    Some(heap)
}

/// Gives what the allocator holds and nobody uses back to the system.
pub fn give_back() {
    c_library::trim();
    *TOLD.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
        safe fn mallopt(parameter: i32, value: i32) -> i32;
    }

    /// The C library's names of its settings.
    const M_MXFAST: i32 = 1;
    const M_MMAP_THRESHOLD: i32 = -3;
    const M_ARENA_MAX: i32 = -8;
    /// Pieces from this size on are the system's own, and go back to it when they are freed.
    const OWN_PIECE: i32 = 256 << 10;

    /// Joins small pieces with their neighbours as they are freed. Left for later, which is the
    /// default, hundreds of thousands of them are joined while somebody waits for one large piece,
    /// and that takes tens of milliseconds.
    pub(super) fn join_when_freed() {
        mallopt(M_MXFAST, 0);
    }

    /// Lets threads share one heap, which else take the addresses of 64 MiB each, and returns what
    /// is large at once.
    pub(super) fn save_addresses() {
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_THRESHOLD, OWN_PIECE);
    }

    pub(super) fn heap() -> Option<Heap> {
        let info = mallinfo2();
        let used = (info.uordblks + info.hblkhd) as u64;
        Some(Heap { used, free: info.fordblks as u64 })
    }

    pub(super) fn trim() {
        malloc_trim(0);
    }

    /// Bytes of freed pieces that are not joined with their neighbours yet.
    #[cfg(test)]
    pub(super) fn unjoined() -> usize {
        mallinfo2().fsmblks
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod c_library {
    use super::Heap;

    pub(super) fn heap() -> Option<Heap> {
        None
    }

    pub(super) fn trim() {}

    pub(super) fn join_when_freed() {}

    pub(super) fn save_addresses() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_addressed_is_not_there_and_the_reserve_comes_back() {
        assert!(addresses::are_there(1 << 20));
        assert!(!is_there(usize::MAX / 4));
        #[cfg(target_os = "linux")]
        assert!(!addresses::are_there(usize::MAX / 4));
        assert!(keep_reserve() && keep_reserve());
        assert!(Allocator::give_up_reserve());
        assert!(keep_reserve());
    }

    #[test]
    fn what_took_long_to_tell_holds_for_a_thousand_times_as_long() {
        let at = Instant::now();
        let told = |took| Told { heap: Heap::default(), at, took };
        let after = |seconds| at + Duration::from_secs(seconds);
        assert!(!told(QUICK).holds(at));
        assert!(told(Duration::from_millis(20)).holds(after(19)));
        assert!(!told(Duration::from_millis(20)).holds(after(20)));
        assert_eq!(heap().is_some(), c_library::heap().is_some());
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn small_pieces_are_joined_as_they_are_freed() {
        c_library::join_when_freed();
        // Other threads may have left some before, and none since.
        let before = c_library::unjoined();
        let pieces: Vec<Box<[u8; 40]>> = (0..20_000).map(|n| Box::new([n as u8; 40])).collect();
        drop(pieces);
        assert!(c_library::unjoined() <= before, "{} {before}", c_library::unjoined());
    }
}
