//! Notes of what calls change: taken where a change becomes a step of the history, and made records
//! at the end of the call.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use super::bytes::{Put, put_measured};
use super::document;
use super::record::{self, Chain, Kind, Record, Tag};
use crate::document::history::NewStep;
use crate::document::{Document, LayerId};
use crate::voxel::{BlockPos, Volume, VolumeChange, stored};

/// What one call has changed so far. All open projects share it.
#[derive(Clone, Default)]
pub struct Notes(Rc<Shared>);

#[derive(Default)]
struct Shared {
    pending: RefCell<Pending>,
    facts: Cell<Facts>,
}

/// How the journal is, for whoever asks about health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Which log it is.
    pub generation: u64,
    /// Bytes of the log, and of them those that are on the disk for sure.
    pub bytes: u64,
    /// See `bytes`.
    pub synced: u64,
    /// Since when something is not on the disk for sure.
    pub unsynced_since: Option<Instant>,
    /// Whether it cannot be written, so that edits are refused.
    pub is_failing: bool,
    /// Whether the log of the last run was damaged.
    pub was_damaged: bool,
}

#[derive(Default)]
struct Pending {
    /// The payloads, one after the other.
    payloads: Vec<u8>,
    notes: Vec<Note>,
}

/// One change.
struct Note {
    kind: Kind,
    project: u32,
    revision: u64,
    /// Where its payload ends.
    end: usize,
}

/// Where a project stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The number that the journal knows it by.
    pub project: u32,
    /// Its revision.
    pub revision: u64,
    /// The oldest revision that its history knows.
    pub oldest: u64,
}

impl Notes {
    fn note(&self, kind: Kind, standing: Standing, write: impl FnOnce(&mut Vec<u8>)) {
        let Pending { payloads, notes } = &mut *self.0.pending.borrow_mut();
        write(payloads);
        let Standing { project, revision, .. } = standing;
        notes.push(Note { kind, project, revision, end: payloads.len() });
    }

    /// Whether nothing was changed since the last record.
    pub fn is_empty(&self) -> bool {
        self.0.pending.borrow().notes.is_empty()
    }

    /// Whether a document was changed since the last record; files, names and ends of projects are
    /// no such change.
    pub(super) fn has_edits(&self) -> bool {
        let is_edit = |note: &Note| {
            !matches!(note.kind, Kind::Files | Kind::File | Kind::Close | Kind::Rename)
        };
        self.0.pending.borrow().notes.iter().any(is_edit)
    }

    /// Bytes that notes hold.
    pub(super) fn memory(&self) -> usize {
        self.0.pending.borrow().payloads.capacity()
    }

    /// How the journal is.
    pub fn facts(&self) -> Facts {
        self.0.facts.get()
    }

    pub(super) fn tell(&self, facts: Facts) {
        self.0.facts.set(facts);
    }

    /// A run of the daemon began.
    pub fn run(&self, instance: &str) {
        let nowhere = Standing { project: 0, revision: 0, oldest: 0 };
        self.note(Kind::Run, nowhere, |out| out.put_text(instance));
    }

    /// A project was opened.
    pub fn open(&self, standing: Standing, name: &str, document: &Document) {
        self.note(Kind::Open, standing, |out| {
            out.put_text(name);
            document::write_whole(document, out);
        });
    }

    /// A project is open whose voxels follow.
    pub fn open_frame(&self, standing: Standing, name: &str, document: &Document) {
        self.note(Kind::Open, standing, |out| {
            out.put_text(name);
            document::write_frame(document, out);
        });
    }

    /// Some voxels of a project as it was opened.
    pub fn base(&self, standing: Standing, layer: LayerId, volume: &Volume, blocks: &[BlockPos]) {
        self.note(Kind::Base, standing, |out| {
            out.put_i32(layer.0);
            stored::write_blocks(volume, blocks, out);
        });
    }

    /// The present revision of a project is the one of its standing, and these came back to earlier
    /// states.
    pub fn revisions(&self, standing: Standing, returns: &[(u64, u64)]) {
        self.note(Kind::Revisions, standing, |out| {
            for (revision, made_by) in returns {
                out.put_u64(*revision);
                out.put_u64(*made_by);
            }
        });
    }

    /// A project was closed.
    pub fn close(&self, standing: Standing) {
        self.note(Kind::Close, standing, |_| {});
    }

    /// A project got another name.
    pub fn rename(&self, standing: Standing, name: &str) {
        self.note(Kind::Rename, standing, |out| out.put_text(name));
    }

    /// A step changed voxels.
    pub fn voxels<'a>(
        &self,
        standing: Standing,
        label: &str,
        changes: impl Iterator<Item = (LayerId, &'a VolumeChange, &'a Volume)>,
    ) {
        self.note(Kind::Voxels, standing, |out| {
            write_step(standing, label, out);
            for (layer, change, volume) in changes {
                out.put_i32(layer.0);
                put_measured(out, |out| stored::write_touched(change, volume, out));
            }
        });
    }

    /// A step changed anything, right after it was made.
    pub fn step(&self, standing: Standing, label: &str, step: &NewStep<'_>) {
        self.note(Kind::Document, standing, |out| {
            write_step(standing, label, out);
            super::step::write(step, out);
        });
    }

    /// The history was forgotten.
    pub fn clear(&self, standing: Standing) {
        self.note(Kind::Clear, standing, |_| {});
    }

    /// A project went to the state that a revision made.
    pub fn go(&self, standing: Standing, made_by: u64) {
        self.note(Kind::Go, standing, |out| out.put_u64(made_by));
    }

    /// The present state got a name.
    pub fn checkpoint(&self, standing: Standing, name: &str) {
        self.note(Kind::Checkpoint, standing, |out| out.put_text(name));
    }

    /// It was told which file one document of a history is of, and what of it is saved.
    pub fn file(&self, standing: Standing, write: impl FnOnce(&mut Vec<u8>)) {
        self.note(Kind::File, standing, write);
    }

    /// The same of all documents of a history.
    pub fn files(&self, standing: Standing, write: impl FnOnce(&mut Vec<u8>)) {
        self.note(Kind::Files, standing, write);
    }

    /// Makes records of all notes, which belong to one call. True if there were any.
    pub(super) fn seal(&self, tag: Option<Tag<'_>>, end: &mut LogEnd, out: &mut Vec<u8>) -> bool {
        let Pending { payloads, notes } = &mut *self.0.pending.borrow_mut();
        let (mut start, last) = (0, notes.len().saturating_sub(1));
        for (index, note) in notes.iter().enumerate() {
            let Note { kind, project, revision, end: stop } = *note;
            let is_continued = index < last;
            let tag = tag.filter(|_| !is_continued);
            let payload = payloads.get(start..stop).unwrap_or_default();
            end.write(
                Record { sequence: 0, kind, project, revision, is_continued, tag, payload },
                out,
            );
            start = stop;
        }
        let are_any = !notes.is_empty();
        notes.clear();
        payloads.clear();
        payloads.shrink_to(ROOM_KEPT);
        are_any
    }
}

/// Bytes of room for payloads that are kept from call to call.
const ROOM_KEPT: usize = 1 << 20;

/// The pieces of a document but for its layers' voxels; those that differ if another document is
/// given.
pub fn frame(before: Option<&Document>, document: &Document) -> Vec<u8> {
    let mut out = Vec::new();
    match before {
        None => document::write_frame(document, &mut out),
        Some(before) => document::write_frame_difference(before, document, &mut out),
    }
    out
}

/// The end of a log that is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogEnd {
    pub(super) chain: Chain,
    pub(super) sequence: u64,
}

impl LogEnd {
    /// Appends a record with the next number.
    pub(super) fn write(&mut self, record: Record<'_>, out: &mut Vec<u8>) {
        record::write(&Record { sequence: self.sequence, ..record }, &mut self.chain, out);
        self.sequence += 1;
    }
}

fn write_step(standing: Standing, label: &str, out: &mut Vec<u8>) {
    out.put_u64(standing.oldest);
    out.put_text(label);
}
