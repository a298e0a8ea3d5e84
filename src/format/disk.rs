//! What the disk is doing, asked and told without waiting for it.
//!
//! A write goes to the system's cache and from there to the disk, later. One sync at the end waits for
//! all of it, a tenth of a second for a hundred megabytes. Here the system is told to begin with a part while
//! the next one is made, and asked whether a part has arrived. Reading is the same the other way round.
//!
//! Only Linux can be asked. On other systems, and on file systems that do not tell, the answer is that
//! nothing is known; whoever asks must then do without, and wait in a sync or a read.

use std::fs::File;
use std::io;

/// Bytes of a page of the system's cache, or a multiple of them.
const PAGE: u64 = 4096;

/// Tells the system to begin writing a part of a file to the disk.
#[cfg(target_os = "linux")]
pub(super) fn start_writing(file: &File, from: u64, count: u64) {
    forget_cached(file, from, count);
}

/// Tells the system that a part of a file will not be needed soon: what the disk has of it leaves the cache,
/// the rest is written.
#[cfg(target_os = "linux")]
pub(super) fn forget_cached(file: &File, from: u64, count: u64) {
    use rustix::fs::{Advice, fadvise};
    // It is only advice: a file system that knows none of it loses nothing but time.
    let _ = fadvise(file, from, std::num::NonZeroU64::new(count), Advice::DontNeed);
}

/// Whether the disk has the page that ends at `end`; `None` if that cannot be told.
///
/// The page is dropped from the cache, which the system does only if the disk has it; then it is looked for
/// there.
#[cfg(target_os = "linux")]
pub(super) fn has_arrived(file: &File, end: u64) -> Option<bool> {
    let page = end.saturating_sub(1) / PAGE * PAGE;
    forget_cached(file, page, PAGE);
    match read_if_cached(file, &mut [0], page) {
        Ok(None) => Some(true),
        Ok(Some(_)) => Some(false),
        Err(_) => None,
    }
}

/// Whether a file lies in memory alone, so that there is no disk to wait for.
#[cfg(target_os = "linux")]
pub(super) fn is_in_memory(file: &File) -> bool {
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    rustix::fs::fstatfs(file).is_ok_and(|stat| [TMPFS, RAMFS].contains(&(stat.f_type as u32)))
}

/// Tells the system to fetch a part of a file from the disk.
#[cfg(target_os = "linux")]
pub(super) fn start_reading(file: &File, from: u64, count: u64) {
    use rustix::fs::{Advice, fadvise};
    let _ = fadvise(file, from, std::num::NonZeroU64::new(count), Advice::WillNeed);
}

/// Reads bytes at a place of a file if they are in the cache; `None` if they have to be fetched. An error
/// may also mean that it cannot be told.
#[cfg(target_os = "linux")]
pub(super) fn read_if_cached(
    file: &File,
    buffer: &mut [u8],
    from: u64,
) -> io::Result<Option<usize>> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let mut buffers = [io::IoSliceMut::new(buffer)];
    match preadv2(file, &mut buffers, from, ReadWriteFlags::NOWAIT) {
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::*;

    pub(in super::super) fn start_writing(_: &File, _: u64, _: u64) {}
    pub(in super::super) fn forget_cached(_: &File, _: u64, _: u64) {}
    pub(in super::super) fn has_arrived(_: &File, _: u64) -> Option<bool> {
        None
    }
    pub(in super::super) fn is_in_memory(_: &File) -> bool {
        false
    }
    pub(in super::super) fn start_reading(_: &File, _: u64, _: u64) {}
    pub(in super::super) fn read_if_cached(
        _: &File,
        _: &mut [u8],
        _: u64,
    ) -> io::Result<Option<usize>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::*;
