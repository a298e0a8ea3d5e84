//! A file read as a whole, within a limit and without waiting for the disk where that can be avoided.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::job::REST;
use super::{FormatError, disk};
use crate::file_access;
use crate::job::Budget;

/// The longest file that is read, in bytes, and what that limit is called.
type FileLimit = (&'static str, u64);

/// Reads a file piece by piece, up to a limit.
pub(crate) struct FileReader {
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
    limit: FileLimit,
    /// Bytes that were asked of the disk.
    asked_for: u64,
    /// Tries since bytes came; with [`PATIENCE`] of them, or if it cannot be told, the disk is waited for.
    tries: u32,
}

/// Bytes read in one go; a unit of work of load jobs.
pub(crate) const PIECE: usize = 1 << 17;
/// Bytes that the disk is asked for ahead of those that are read.
const AHEAD: u64 = 4 << 20;
/// Tries without bytes after which a read waits.
const PATIENCE: u32 = 250;

/// What an attempt to read came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// Some bytes came.
    More,
    /// The disk still fetches them.
    NotYet,
    /// The file has ended.
    Ended,
}

impl FileReader {
    pub(crate) fn open(path: &Path, limit: FileLimit) -> Result<Self, FormatError> {
        let failed = |source| FormatError::io("open", path, source);
        let file = file_access::open_to_read(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        check_limit(length, limit)?;
        let bytes = Vec::with_capacity(length as usize);
        Ok(FileReader { path: path.to_owned(), file, bytes, limit, asked_for: 0, tries: 0 })
    }

    /// Reads the next piece. Unless `may_wait`, it comes back without one where the disk has to fetch it.
    pub(crate) fn read_piece(&mut self, may_wait: bool) -> Result<Reading, FormatError> {
        let from = self.bytes.len() as u64;
        if self.asked_for < from + AHEAD && self.asked_for < self.length() {
            let until = (from + AHEAD + PIECE as u64).min(self.length());
            disk::start_reading(&self.file, self.asked_for, until - self.asked_for);
            self.asked_for = until;
        }
        let may_wait = may_wait || self.tries >= PATIENCE;
        let count = match may_wait {
            true => self.read_waiting(),
            false => self.read_cached(from),
        };
        match count.map_err(|source| FormatError::io("read", &self.path, source))? {
            None => {
                self.tries += 1;
                return Ok(Reading::NotYet);
            }
            Some(0) => return Ok(Reading::Ended),
            Some(_) => self.tries = 0,
        }
        check_limit(self.bytes.len() as u64, self.limit)?;
        Ok(Reading::More)
    }

    /// Reads the next piece. Where the disk has to fetch it, the job rests, or waits if it cannot rest.
    pub(crate) fn read_or_rest(&mut self, budget: &mut Budget) -> Result<Reading, FormatError> {
        match self.read_piece(false)? {
            Reading::NotYet if !budget.rest(REST) => self.read_piece(true),
            reading => Ok(reading),
        }
    }

    fn read_waiting(&mut self) -> std::io::Result<Option<usize>> {
        use std::io::{Seek, SeekFrom};
        (&self.file).seek(SeekFrom::Start(self.bytes.len() as u64))?;
        (&self.file).take(PIECE as u64).read_to_end(&mut self.bytes).map(Some)
    }

    /// Reads into what room there is, so that the buffer moves only if the file grows meanwhile.
    fn read_cached(&mut self, from: u64) -> std::io::Result<Option<usize>> {
        let before = self.bytes.len();
        let room = PIECE.min(self.bytes.capacity() - before);
        let mut beyond = [0; 32];
        self.bytes.resize(before + room, 0);
        let buffer = if room > 0 { &mut self.bytes[before..] } else { &mut beyond[..] };
        let read = disk::read_if_cached(&self.file, buffer, from);
        let count = read.as_ref().map_or(0, |count| count.unwrap_or(0));
        match room {
            0 => self.bytes.extend_from_slice(&beyond[..count]),
            _ => self.bytes.truncate(before + count),
        }
        match read {
            // Where it cannot be told, the disk is waited for.
            Err(_) => self.read_waiting(),
            told => told,
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.capacity() as u64
    }

    pub(crate) fn read_so_far(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn check_limit(got: u64, (limit_name, limit): FileLimit) -> Result<(), FormatError> {
    if got > limit {
        let what = "the file's size in bytes".to_owned();
        return Err(FormatError::Limit { what, limit_name, limit, got });
    }
    Ok(())
}
