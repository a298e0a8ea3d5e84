//! When something was written, for caches that want to know whether it was written again.
//!
//! Blocks and chunks carry the generation of their last write (or of their making). The generation
//! moves on only when somebody looks at a stamp that equals it, so writers just read one number,
//! and whoever saw a stamp sees another one after any later write. Memory that is used again gets a
//! new stamp, so (address, stamp) never comes back.

use std::sync::atomic::{AtomicU64, Ordering};

static NOW: AtomicU64 = AtomicU64::new(1);

/// The stamp for a write.
#[inline]
pub(crate) fn now() -> u64 {
    NOW.load(Ordering::Relaxed)
}

/// A stamp that no write has had or will have: for what never changes.
pub(crate) fn own() -> u64 {
    NOW.fetch_add(2, Ordering::Relaxed) + 1
}

/// Tells that somebody saw a stamp: later writes get another one.
#[inline]
pub(crate) fn seen(stamp: u64) {
    if stamp == now() {
        let _ = NOW.compare_exchange(stamp, stamp + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}
