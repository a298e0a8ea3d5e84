//! Memory for something large, asked for as a whole before any of it is used.
//!
//! What is claimed counts as resident until it is: a file of a gigabyte takes its place when it is
//! opened, not when its last byte is read.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{MemoryLimit, RESIDENT_FLAG, admit_bytes, allocator, resident_limit};

static CLAIMED: AtomicU64 = AtomicU64::new(0);

/// Bytes that are claimed by all.
pub(super) fn claimed() -> u64 {
    CLAIMED.load(Ordering::Relaxed)
}

/// Bytes that will be used. They are given up when this is dropped.
#[derive(Debug)]
pub struct Claim(u64);

impl Claim {
    /// Claims some bytes.
    pub fn new(bytes: u64) -> Result<Claim, MemoryLimit> {
        admit_bytes(bytes)?;
        CLAIMED.fetch_add(bytes, Ordering::Relaxed);
        Ok(Claim(bytes))
    }

    /// Notes that so many of the bytes are in use, and so resident.
    pub fn used(&mut self, bytes: u64) {
        let used = bytes.min(self.0);
        self.0 -= used;
        CLAIMED.fetch_sub(used, Ordering::Relaxed);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A buffer with room for so many values, and the claim of its memory; refused rather than failed.
pub fn buffer<T>(count: usize) -> Result<(Vec<T>, Claim), MemoryLimit> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let claim = Claim::new(bytes)?;
    let mut buffer = Vec::new();
    // Nobody takes the reserve for what can be refused.
    let is_there = allocator::is_there(usize::try_from(bytes).unwrap_or(usize::MAX));
    let reserved = is_there.then(|| buffer.try_reserve_exact(count));
    match reserved {
        Some(Ok(())) => Ok((buffer, claim)),
        _ => Err(MemoryLimit {
            in_use: bytes,
            limit: resident_limit(),
            of: "the system",
            flag: RESIDENT_FLAG,
        }),
    }
}

/// A list with room for so many values, if that can be had; else it begins with none and grows as
/// it needs.
pub fn roomy<T>(count: usize) -> Vec<T> {
    let mut list = Vec::new();
    if allocator::is_there(count.saturating_mul(size_of::<T>())) {
        // What is not there for it after all is had bit by bit.
        let _ = list.try_reserve_exact(count);
    }
    list
}

/// Whether there is memory for so many bytes now, for those who get it by ways that cannot fail.
pub fn probe(bytes: usize) -> Result<(), MemoryLimit> {
    buffer::<u8>(bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_refused() {
        assert!(buffer::<u64>(usize::MAX / 8).is_err());
        let (buffer, mut claim) = buffer::<u8>(1000).unwrap();
        assert!(buffer.capacity() >= 1000);
        claim.used(2000);
        assert_eq!(claim.0, 0);
        assert!(roomy::<u64>(1000).capacity() >= 1000);
        assert_eq!(roomy::<u64>(usize::MAX / 8).capacity(), 0);
    }
}
