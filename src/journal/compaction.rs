//! A log written anew, while the old one goes on: what is carried first, then what happened
//! meanwhile.
//!
//! The old log stays in force until the new one is on the disk and the manifest names it. A kill
//! before that leaves the old one as it is, and the next start removes what there is of the new
//! one.

use std::io;
use std::time::Instant;

use super::files::{append_all, new_salt};
use super::notes::LogEnd;
use super::record::{self, Record};
use super::{Chain, DiskFile, Journal, MANIFEST, Manifest, Notes, Tag, log_head, log_name};

/// The name of a manifest that is not in force yet.
pub(super) const NEW_MANIFEST: &str = "manifest.new";

/// Bytes that are gathered before they are written.
const WRITTEN_AT_ONCE: usize = 256 << 10;

/// A new log under way.
pub(super) struct Compaction {
    manifest: Manifest,
    manifest_file: Box<dyn DiskFile>,
    log: Box<dyn DiskFile>,
    end: LogEnd,
    buffer: Vec<u8>,
    written: u64,
    /// What was written to the old log since the beginning, and the chain there.
    since: Vec<u8>,
    since_chain: Chain,
    /// Whether everything is carried, so that the new log is being synced.
    is_syncing: bool,
    /// Which of the two files is synced.
    is_synced: [bool; 2],
}

impl Compaction {
    /// Takes note of what was written to the old log.
    pub(super) fn note_written(&mut self, bytes: &[u8]) {
        self.since.extend_from_slice(bytes);
    }

    /// Bytes that it holds.
    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity() + self.since.capacity()
    }

    fn write(&mut self, least: usize) -> io::Result<()> {
        if self.buffer.len() >= least {
            append_all(&mut *self.log, &self.buffer).map_err(|(_, error)| error)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Repeats what happened to the old log meanwhile.
    fn catch_up(&mut self) -> io::Result<()> {
        let since = std::mem::take(&mut self.since);
        let mut rest = &*since;
        while let Ok((record, length, chain)) = record::read(rest, self.since_chain) {
            self.end.write(record, &mut self.buffer);
            (rest, self.since_chain) = (&rest[length..], chain);
        }
        if rest.is_empty() {
            self.write(1)
        } else {
            Err(io::Error::other("own records do not check"))
        }
    }

    /// Whether both files are on the disk.
    fn is_on_disk(&mut self) -> io::Result<bool> {
        let files = [&mut self.log, &mut self.manifest_file];
        for (file, is_synced) in files.into_iter().zip(&mut self.is_synced) {
            if let Some(ended) = (!*is_synced).then(|| file.ended_sync()).flatten() {
                ended?;
                *is_synced = true;
            }
        }
        Ok(self.is_synced == [true; 2])
    }
}

impl Journal {
    /// Whether the log has grown by so many bytes, and so much that it should be written anew, or
    /// has to be for another reason.
    pub fn wants_compaction(&self, bytes: u64, now: Instant) -> bool {
        let added = self.written.saturating_sub(self.carried);
        let is_long = added > bytes.max(self.carried) || self.is_older;
        let is_time = self.compact_again.is_none_or(|again| again <= now);
        self.compaction.is_none()
            && is_time
            && (is_long && self.trouble.is_none() || self.must_renew)
    }

    /// Whether a new log is under way.
    pub fn is_compacting(&self) -> bool {
        self.compaction.is_some()
    }

    /// Begins a new log with what is known of sessions. Then all projects as they are at this
    /// moment have to be carried.
    pub fn begin_compaction<'a>(
        &mut self,
        runs: impl Iterator<Item = &'a str>,
        answers: impl Iterator<Item = Tag<'a>>,
        now: Instant,
    ) {
        if self.must_renew {
            // What could not be written is part of what is carried; who waits for it waits for the
            // new log.
            self.dropped += self.buffer.len() as u64;
            self.buffer.clear();
        } else if !self.buffer.is_empty() {
            self.write(now);
        }
        if !self.buffer.is_empty() {
            return;
        }
        match self.new_log() {
            Ok(mut compaction) => {
                for run in runs {
                    let notes = Notes::default();
                    notes.run(run);
                    notes.seal(None, &mut compaction.end, &mut compaction.buffer);
                }
                for tag in answers {
                    compaction.end.write(Record::answer(tag), &mut compaction.buffer);
                }
                self.compaction = Some(Box::new(compaction));
            }
            Err(error) => self.give_up_compaction(&error, now),
        }
    }

    fn new_log(&mut self) -> io::Result<Compaction> {
        let generation = self.manifest.generation + 1;
        let manifest = Manifest { generation, ..self.manifest.clone() };
        let salt = new_salt();
        let mut log = self.disk.create(&manifest.log())?;
        let head = log_head(generation, salt);
        append_all(&mut *log, &head).map_err(|(_, error)| error)?;
        let mut manifest_file = self.disk.create(NEW_MANIFEST)?;
        append_all(&mut *manifest_file, &manifest.to_bytes()).map_err(|(_, error)| error)?;
        Ok(Compaction {
            manifest,
            manifest_file,
            log,
            end: LogEnd { chain: Chain::new(salt), sequence: self.end.sequence },
            buffer: Vec::new(),
            written: head.len() as u64,
            since: Vec::new(),
            since_chain: self.end.chain,
            is_syncing: false,
            is_synced: [false; 2],
        })
    }

    /// Takes what was carried a moment ago.
    pub fn take_carried(&mut self, notes: &Notes, now: Instant) {
        let Some(compaction) = &mut self.compaction else { return };
        notes.seal(None, &mut compaction.end, &mut compaction.buffer);
        if let Err(error) = compaction.write(WRITTEN_AT_ONCE) {
            self.give_up_compaction(&error, now);
        }
    }

    /// All is carried: the new log goes to the disk and then takes the place of the old one.
    pub fn all_carried(&mut self, now: Instant) {
        let Some(compaction) = &mut self.compaction else { return };
        match compaction.catch_up() {
            Ok(()) => {
                compaction.is_syncing = true;
                compaction.log.start_sync();
                compaction.manifest_file.start_sync();
            }
            Err(error) => self.give_up_compaction(&error, now),
        }
    }

    /// Puts the new log in place once it is on the disk.
    pub(super) fn end_compaction(&mut self, now: Instant) {
        let Some(compaction) = self.compaction.as_mut().filter(|it| it.is_syncing) else { return };
        let ended = match compaction.is_on_disk() {
            Ok(false) => return,
            Ok(true) => {
                let synced = compaction.written;
                compaction.catch_up().map(|()| synced)
            }
            Err(error) => Err(error),
        };
        let switched = ended.and_then(|synced| {
            self.disk.rename(NEW_MANIFEST, MANIFEST)?;
            Ok(synced)
        });
        match (switched, self.compaction.take()) {
            (Ok(synced), Some(compaction)) => self.switch_to(*compaction, synced),
            (Err(error), compaction) => {
                self.compaction = compaction;
                self.give_up_compaction(&error, now);
            }
            (Ok(_), None) => {}
        }
    }

    fn switch_to(&mut self, compaction: Compaction, synced: u64) {
        let position = self.position();
        let old = std::mem::replace(&mut self.manifest, compaction.manifest).log();
        // Opened again, its first sync brings the names of the files along.
        self.log = self.disk.open(&self.manifest.log()).unwrap_or(compaction.log);
        // What waits in the buffer continues the old chain: it is written as what it says.
        let mut pending = std::mem::take(&mut self.buffer);
        let (mut rest, mut chain, mut end) = (&*pending, compaction.since_chain, compaction.end);
        let mut again = Vec::new();
        while let Ok((record, length, next)) = record::read(rest, chain) {
            end.write(record, &mut again);
            (rest, chain) = (&rest[length..], next);
        }
        pending.clear();
        (self.buffer, self.end) = (again, end);
        (self.written, self.synced, self.syncing) = (compaction.written, synced, None);
        self.carried = compaction.written;
        self.dropped = 0;
        self.shift = position.wrapping_sub(self.written + self.buffer.len() as u64);
        (self.must_renew, self.is_older, self.trouble) = (false, false, None);
        self.outdated.push(old);
        log::info!(
            "the journal was written anew: {} bytes in {}",
            self.written,
            log_name(self.manifest.generation)
        );
    }

    /// Removes the logs before this one, once the disk knows that they are not in force any more.
    pub(super) fn remove_outdated(&mut self) {
        for old in self.outdated.drain(..) {
            if let Err(error) = self.disk.remove(&old) {
                log::warn!("{old} of the journal cannot be removed: {error}");
            }
        }
    }

    /// Forgets a new log under way: what there is of it is removed now or by the next start.
    pub(super) fn abandon_compaction(&mut self) {
        let _ = self.disk.remove(&log_name(self.manifest.generation + 1));
        let _ = self.disk.remove(NEW_MANIFEST);
        self.compaction = None;
    }

    /// Gives up the new log under way and tries again later.
    pub fn put_off_compaction(&mut self, now: Instant) {
        self.abandon_compaction();
        self.compact_again = Some(now + super::RETRY_AFTER);
    }

    fn give_up_compaction(&mut self, error: &io::Error, now: Instant) {
        log::warn!("the journal cannot be written anew: {error}");
        self.abandon_compaction();
        let pause = if self.must_renew { super::RETRY_AFTER } else { super::COMPACT_AGAIN_AFTER };
        self.compact_again = Some(now + pause);
    }
}
