//! What is done with the files of a journal at the start, and how they are written.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};

use super::compaction::NEW_MANIFEST;
use super::{Disk, DiskFile, JournalError, MANIFEST, Manifest, system};

/// Bytes of a log that are copied at a time.
const COPIED: usize = 64 << 10;

/// Different for each log, so that no record of one passes for one of another.
pub(super) fn new_salt() -> [u8; 16] {
    // Each RandomState is seeded by the system's random numbers.
    let half = || RandomState::new().build_hasher().finish().to_le_bytes();
    let (mut salt, halves) = ([0; 16], [half(), half()]);
    salt.copy_from_slice(halves.as_flattened());
    salt
}

/// Appends all bytes; after an error also how many were.
pub(super) fn append_all(file: &mut dyn DiskFile, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut count = 0;
    while count < bytes.len() {
        match file.append(&bytes[count..]) {
            Ok(0) => return Err((count, io::ErrorKind::WriteZero.into())),
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((count, error)),
        }
    }
    Ok(())
}

pub(super) fn put_manifest(disk: &mut dyn Disk, manifest: &Manifest) -> io::Result<()> {
    let mut file = disk.create(NEW_MANIFEST)?;
    append_all(&mut *file, &manifest.to_bytes()).map_err(|(_, error)| error)?;
    file.sync()?;
    disk.rename(NEW_MANIFEST, MANIFEST)
}

/// The manifest, if the directory holds a journal. A log without one is that of a start that a
/// power cut ended.
pub(super) fn find_manifest(disk: &mut dyn Disk) -> Result<Option<Manifest>, JournalError> {
    match disk.read(MANIFEST) {
        Ok(bytes) => Ok(Some(Manifest::read(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(system("read", MANIFEST)(error)),
    }
}

/// Removes what a kill has left of another log, once the one in force is on the disk: that of
/// before may be all that a power cut leaves.
pub(super) fn remove_leftovers(disk: &mut dyn Disk, log: &str) {
    let is_left = |name: &String| {
        let is_log = name.starts_with("log-") && !name.contains(".damaged") && name != log;
        is_log || name == NEW_MANIFEST
    };
    let names = disk.names().unwrap_or_default();
    if !names.iter().any(is_left) {
        return;
    }
    let is_safe = disk.sync_names().and_then(|()| disk.open(log)?.sync());
    if let Err(error) = is_safe {
        log::warn!("what is left of an earlier log of the journal stays: {error}");
        return;
    }
    for name in names.iter().filter(|name| is_left(name)) {
        // What cannot be removed is in nobody's way.
        let _ = disk.remove(name);
    }
}

/// Keeps a copy of a log that is damaged; its name.
pub(super) fn keep_damaged(disk: &mut dyn Disk, name: &str) -> String {
    let kept = format!("{name}.damaged");
    let copied = disk.log(name).and_then(|log| {
        let (mut log, mut file) = (log.begin()?, disk.create(&kept)?);
        let mut piece = Vec::with_capacity(COPIED);
        while log.by_ref().take(COPIED as u64).read_to_end(&mut piece)? > 0 {
            append_all(&mut *file, &piece).map_err(|(_, error)| error)?;
            piece.clear();
        }
        file.sync()
    });
    match copied {
        Ok(()) => kept,
        Err(error) => format!("{kept} (which cannot be written: {error})"),
    }
}
