//! What the journal does in a turn of the loop: it writes what waits, syncs what is due, and has
//! changes wait while the disk lags behind.

use std::io;
use std::time::Instant;

use rustix::io::Errno;

use super::files::append_all;
use super::notes::Facts;
use super::{
    BRAKE_SLACK, Journal, LONGEST_LAG, MOST_UNSYNCED, RETRY_AFTER, ROOM_KEPT, SYNC_AFTER,
    SyncPolicy, Trouble,
};
use crate::memory;

/// What an error of the disk is called.
fn told(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSPC) => "no space: the disk is full".to_owned(),
        Some(Errno::DQUOT) => "no space: the quota of the disk is used up".to_owned(),
        _ => error.to_string(),
    }
}

impl Journal {
    /// Writes what waits, and looks after syncs. Call it once a turn, before answers are sent.
    pub fn turn(&mut self, now: Instant) {
        if self.is_idle() {
            return;
        }
        if !self.buffer.is_empty() {
            self.unsynced_since.get_or_insert(now);
        }
        self.end_sync(now);
        self.end_compaction(now);
        if !self.buffer.is_empty()
            && !self.must_renew
            && self.trouble.as_ref().is_none_or(|t| t.retry_at <= now)
        {
            self.write(now);
        }
        let needs_sync = self.synced < self.written || !self.outdated.is_empty();
        if self.syncing.is_none() && needs_sync && !self.must_renew {
            self.sync_when_due(now);
        }
        self.brake(now);
        self.count_memory();
        self.notes.tell(Facts {
            generation: self.manifest.generation,
            bytes: self.position(),
            synced: self.synced,
            unsynced_since: self.lags_since(),
            is_failing: self.trouble.is_some(),
            was_damaged: self.was_damaged,
        });
    }

    /// Until where the log must be safe before a call may be answered that began when it ended at
    /// `before`; `None` if it need not be. `has_looked` tells whether the call had anything to do
    /// with documents.
    #[inline]
    pub fn hold_until(&self, before: u64, has_looked: bool) -> Option<u64> {
        let position = self.position();
        let is_edit = self.edits_end > before;
        let is_needed = match self.policy {
            // Nobody waits for room on the disk but whoever changes documents.
            _ if self.trouble.is_some() => is_edit,
            // What it read may not be on the disk either.
            SyncPolicy::Always => has_looked && position > self.safe_position(),
            // What else was noted is written before answers are sent, if it can be.
            SyncPolicy::Second | SyncPolicy::No => is_edit,
        };
        is_needed.then_some(position)
    }

    fn count_memory(&self) {
        let compaction = self.compaction.as_ref().map_or(0, |compaction| compaction.memory());
        let bytes = self.buffer.capacity() + self.notes.memory() + compaction;
        memory::note(memory::Kind::Journal, bytes as u64);
    }

    /// Since when something waits for a sync.
    fn lags_since(&self) -> Option<Instant> {
        self.syncing.map(|(_, since)| since).or(self.unsynced_since)
    }

    /// Makes changes wait while a sync takes too long, or too much waits for it.
    fn brake(&mut self, now: Instant) {
        let is_late =
            |(_, since): (u64, Instant)| now.saturating_duration_since(since) > LONGEST_LAG;
        let is_much = self.written.saturating_sub(self.synced) > MOST_UNSYNCED;
        let is_braked = self.policy == SyncPolicy::Second
            && self.syncing.is_some_and(|sync| is_late(sync) || is_much);
        if is_braked != self.is_braked {
            self.is_braked = is_braked;
            if is_braked {
                log::warn!("the disk of the journal lags behind: changes wait for it");
            } else {
                log::info!("the disk of the journal keeps up again");
            }
        }
    }

    pub(super) fn write(&mut self, now: Instant) {
        match append_all(&mut *self.log, &self.buffer) {
            Ok(()) => {
                self.written += self.buffer.len() as u64;
                if let Some(compaction) = &mut self.compaction {
                    compaction.note_written(&self.buffer);
                }
                self.buffer.clear();
                self.buffer.shrink_to(ROOM_KEPT);
                if self.trouble.take().is_some() {
                    log::warn!("the journal is written again");
                }
            }
            Err((count, error)) => {
                // What was written of it goes away again, so that the log ends with a whole call.
                let is_cut = count == 0 || self.log.cut(self.written).is_ok();
                if self.trouble.is_none() {
                    log::error!(
                        "the journal cannot be written: {error}; edits are refused until it can"
                    );
                }
                let what = told(&error);
                let what = if is_cut { what } else { format!("{what}, and not cut back") };
                self.trouble = Some(Trouble { what, retry_at: now + RETRY_AFTER });
            }
        }
    }

    fn sync_when_due(&mut self, now: Instant) {
        let due = match self.policy {
            SyncPolicy::Always => now,
            SyncPolicy::Second => *self.sync_due.get_or_insert(now + SYNC_AFTER),
            SyncPolicy::No => {
                self.synced = self.written;
                self.unsynced_since = None;
                self.remove_outdated();
                return;
            }
        };
        if due <= now {
            self.sync_due = None;
            self.syncing = Some((self.written, self.unsynced_since.take().unwrap_or(now)));
            self.log.start_sync();
            // A simulated disk may be done at once.
            self.end_sync(now);
        }
    }

    fn end_sync(&mut self, now: Instant) {
        let Some((covered, _)) = self.syncing else { return };
        match self.log.ended_sync() {
            None => {}
            Some(Ok(())) => {
                (self.synced, self.syncing) = (covered, None);
                self.remove_outdated();
            }
            Some(Err(error)) => {
                self.syncing = None;
                // The system may have dropped what it could not write, and would call the next sync
                // a success.
                self.must_renew = true;
                log::error!("the journal cannot be synced: {error}; it is written anew");
                let what = format!("a sync failed: {error}");
                self.trouble = Some(Trouble { what, retry_at: now + RETRY_AFTER });
            }
        }
    }

    /// When [`Journal::turn`] must be called next, if nothing happens before.
    pub fn next(&self) -> Option<Instant> {
        let retry = self.trouble.as_ref().filter(|_| !self.buffer.is_empty() || self.must_renew);
        let brake = self.syncing.filter(|_| !self.is_braked && self.policy == SyncPolicy::Second);
        let brake = brake.map(|(_, since)| since + LONGEST_LAG + BRAKE_SLACK);
        let retry = retry.map(|trouble| trouble.retry_at);
        [retry, self.sync_due, brake].into_iter().flatten().min()
    }
}
