//! The memory that all volumes of the process hold, and its limit.
//!
//! Allocation itself never fails here. Edits that can grow a volume ask [`admit`] before each unit of
//! work and stop with [`MemoryLimit`]; one unit takes at most [`UNIT`] bytes, so the limit is passed
//! by no more than that.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::job::leftovers;

/// The most that one unit of work (an edit of one block) allocates, in bytes.
pub const UNIT: u64 = 256 << 10;

static IN_USE: AtomicU64 = AtomicU64::new(0);
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

/// An edit was refused because all volumes together would pass the limit. What the edit did before it
/// was refused is in the volume's marks, to be taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the memory limit of {limit} bytes is reached ({in_use} bytes of voxels are in use)")]
pub struct MemoryLimit {
    /// Bytes in use.
    pub in_use: u64,
    /// The limit.
    pub limit: u64,
}

/// Bytes that blocks and their index take in this process, shared ones counted once.
pub fn memory_in_use() -> u64 {
    IN_USE.load(Ordering::Relaxed)
}

/// The limit; `u64::MAX` means none.
pub fn memory_limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// Sets the limit for the whole process. Volumes over it stay; edits that would add to it are refused.
pub fn set_memory_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Asks for one more unit of work.
pub(crate) fn admit() -> Result<(), MemoryLimit> {
    if memory_in_use() < memory_limit() { Ok(()) } else { admit_at_the_limit() }
}

/// What has been let go of and is not yet freed does not count.
#[cold]
fn admit_at_the_limit() -> Result<(), MemoryLimit> {
    leftovers::free_all();
    let (in_use, limit) = (memory_in_use(), memory_limit());
    if in_use < limit { Ok(()) } else { Err(MemoryLimit { in_use, limit }) }
}

pub(crate) fn took(bytes: usize) {
    IN_USE.fetch_add(bytes as u64, Ordering::Relaxed);
}

pub(crate) fn gave(bytes: usize) {
    IN_USE.fetch_sub(bytes as u64, Ordering::Relaxed);
}
