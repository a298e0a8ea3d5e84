//! The journal of a service: calls end in it, sessions come back from it, and it is written anew
//! between calls.

use std::time::Instant;

use super::error::{JOURNAL, RpcError};
use super::service::Service;
use super::session::SessionTag;
use crate::job::Budget;
use crate::journal::{Disk, Journal, JournalError, Notes, Recovery, SyncPolicy, Tag};
use crate::workspace::Replay;

/// Bytes of records after which the journal is written anew when nobody has changed anything for a
/// while.
const COMPACTED_AT_REST: u64 = 1 << 20;

/// Bytes of records after which the journal is written anew unless told otherwise.
pub const DEFAULT_COMPACT_BYTES: u64 = 64 << 20;

impl Service {
    /// Opens a journal and goes on with what it holds: projects, histories, and the answers of
    /// sessions. The projects that were open are closed. From then on every change is noted in it.
    /// `progress` is called again and again meanwhile.
    pub fn recover(
        &mut self,
        disk: Box<dyn Disk>,
        policy: SyncPolicy,
        socket: &str,
        progress: &mut dyn FnMut(),
    ) -> Result<Recovery, JournalError> {
        let (sessions, now) = (&mut self.sessions, Instant::now());
        let take_tag = |tag: Tag<'_>| sessions.restore(tag, now);
        let mut replay = Replay::begin(&mut self.workspace, take_tag, progress);
        let opened = Journal::open(disk, policy, socket, &mut replay);
        let instances = replay.end();
        let (journal, recovery) = opened?;
        self.sessions.restore_runs(instances);
        journal.notes().run(self.daemon.instance.as_str());
        self.workspace.note_changes(journal.notes().clone());
        self.journal = Some(Box::new(journal));
        Ok(recovery)
    }

    /// The journal, if there is one.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_deref()
    }

    /// The journal, to have it written.
    pub fn journal_mut(&mut self) -> Option<&mut Journal> {
        self.journal.as_deref_mut()
    }

    /// Ends the journal of a clean run; it keeps nothing if there is nothing to keep.
    pub fn finish_journal(&mut self) -> std::io::Result<()> {
        let has_anything = !self.workspace.is_blank();
        let Some(mut journal) = self.journal.take() else { return Ok(()) };
        journal.end_call(None);
        journal.finish(has_anything)
    }

    /// Brings all of the journal to the disk, so that another process can go on with it; false if
    /// there is none.
    pub fn settle_journal(&mut self) -> std::io::Result<bool> {
        let Some(journal) = &mut self.journal else { return Ok(false) };
        if let Some((carrying, _)) = self.carrying.take() {
            self.workspace.leave_carried(carrying);
        }
        journal.end_call(None);
        journal.settle()?;
        Ok(true)
    }

    /// Whether the journal is being written anew, so that [`Service::compact_journal`] has more to
    /// do.
    pub fn is_carrying(&self) -> bool {
        self.carrying.is_some()
    }

    /// Writes the journal anew, if it is time, or goes on with that for a slice. Call it between
    /// calls.
    pub fn compact_journal(&mut self, now: Instant, budget: &mut Budget) {
        let Some(journal) = &mut self.journal else { return };
        let is_at_rest = std::mem::take(&mut self.is_at_rest);
        let at_rest = if is_at_rest { COMPACTED_AT_REST } else { u64::MAX };
        let least = self.compact_bytes.min(at_rest);
        if self.carrying.is_none() && journal.wants_compaction(least, now) {
            // Rather a long turn than a log that never ends.
            let is_urgent = journal.wants_compaction(least.saturating_mul(2), now);
            if !is_urgent && !self.workspace.can_carry() {
                return;
            }
            let instance = self.daemon.instance;
            let runs = self.sessions.runs().chain([instance.as_str()]);
            journal.begin_compaction(runs, self.sessions.answers(), now);
            if journal.is_compacting() {
                self.carrying = Some((self.workspace.carry(), Notes::default()));
            }
        }
        self.go_on_carrying(now, budget);
    }

    fn go_on_carrying(&mut self, now: Instant, budget: &mut Budget) {
        let (Some((mut carrying, notes)), Some(journal)) =
            (self.carrying.take(), &mut self.journal)
        else {
            return;
        };
        let is_more = match self.workspace.copy_carried(&mut carrying, budget) {
            Some(true) => true,
            Some(false) => {
                let is_more = carrying.step(&notes, budget);
                journal.take_carried(&notes, now);
                if !is_more {
                    journal.all_carried(now);
                }
                is_more
            }
            None => {
                journal.put_off_compaction(now);
                false
            }
        };
        if is_more && journal.is_compacting() {
            self.carrying = Some((carrying, notes));
        } else {
            self.workspace.leave_carried(carrying);
        }
    }

    /// Says that nobody has changed anything for a while, so that there is time to write the
    /// journal anew.
    pub fn note_rest(&mut self) {
        self.is_at_rest = true;
    }

    /// Whether a call had anything to do with documents since this was asked last, so that its
    /// answer may tell of what is not on the disk yet.
    pub fn take_looked(&mut self) -> bool {
        std::mem::take(&mut self.has_looked)
    }

    /// Refuses a change that could not be kept.
    pub(super) fn check_journal(&self) -> Result<(), RpcError> {
        let trouble = self.journal.as_ref().and_then(|journal| journal.trouble());
        let Some(trouble) = trouble else { return Ok(()) };
        Err(RpcError::new(JOURNAL, format!("journal: {trouble}. Nothing was changed."))
            .with("reason", trouble)
            .hint("make room on the disk of the journal; it is tried again each second, and reads and saves go on"))
    }

    /// Makes records of what a call has changed so far. True if it has changed anything.
    #[inline]
    pub(super) fn note_call(&mut self, tag: Option<&SessionTag>, answer: Option<&[u8]>) -> bool {
        match &mut self.journal {
            None => false,
            Some(journal) => journal.end_call(tag.map(|tag| tag.with_answer(answer))),
        }
    }
}
