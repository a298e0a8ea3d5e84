//! How much is looked at, counted where it costs time: for tests that prove that no turn of the
//! loop does more than its share. Debug builds count; in release builds nothing is left of it.
//!
//! A unit of a [`Budget`](super::Budget) says what the author thought; this says what was done.
//! What counts are looks at blocks and tables of blocks, handles that are copied, layers, and
//! members of JSON texts.

#[cfg(debug_assertions)]
use std::cell::Cell;

#[cfg(debug_assertions)]
thread_local! {
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// Counts looks on this thread.
#[inline]
pub fn note(looks: usize) {
    #[cfg(debug_assertions)]
    LOOKS.set(LOOKS.get() + looks as u64);
    #[cfg(not(debug_assertions))]
    let _ = looks;
}

/// The looks on this thread since this was asked last; none in release builds.
pub fn take() -> u64 {
    #[cfg(debug_assertions)]
    return LOOKS.replace(0);
    #[cfg(not(debug_assertions))]
    0
}
