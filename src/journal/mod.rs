//! What makes the open projects survive: every change as a record in a log, and the way back from it.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `record` | the form of a log and its records, the chain that holds them together |
//! | `reader` | a log read to its end, and what that end is like |
//! | `notes` | what a call changed, taken down where it becomes a step of the history |
//! | `document`, `bytes` | documents and what steps made of them, as bytes |
//! | `replay` | from a log back to what it tells, for whoever makes it happen again |
//! | `compaction` | a log written anew while the old one goes on |
//! | `files` | what is done with the files at the start, and how they are written |
//! | `manifest` | which files are the journal |
//! | `disk` | the files behind a seam, and the helper that syncs |
//! | `place` | where the journal of a socket is, and who has it |
//!
//! A [`Journal`] is written to once a turn. Invariants: the log on the disk is the good part of it up to `written`, and
//! nothing else; what is not written yet is in the buffer, in order; a record is never in both.

mod bytes;
mod compaction;
pub mod disk;
mod document;
mod files;
mod manifest;
mod notes;
mod place;
mod reader;
mod record;
mod replay;

use std::io;
use std::time::{Duration, Instant};

pub use bytes::{Malformed, Put, Take};
pub use disk::{Disk, DiskFile, RealDisk};
pub use document::apply as apply_document;
pub use manifest::{BadManifest, MANIFEST, Manifest, log_name};
pub use notes::{Facts, Notes, Standing, difference};
pub use place::{Place, PlaceError, of_socket};
pub use reader::{End, Good, Reader};
pub use record::{
    BadHead, Chain, Kind, LOG_HEAD, NoRecord, Record, Tag, VERSION, log_head, write as write_record,
};
pub use replay::{Repeat, Replayed, replay};

use compaction::Compaction;
use files::{append_all, find_manifest, keep_damaged, new_salt, put_manifest, remove_leftovers};
use notes::LogEnd;

/// When records are brought to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SyncPolicy {
    /// Before the call is answered.
    Always,
    /// Within a second or two.
    #[default]
    Second,
    /// When the system likes.
    No,
}

/// Time between the first record that is not synced and the sync.
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// Time between two attempts to write after one has failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Time between two attempts to write the log anew after one has failed, unless there is no other way to go on.
const COMPACT_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Room for records that is kept from turn to turn.
const ROOM_KEPT: usize = 1 << 20;

/// The log of a running daemon.
pub struct Journal {
    disk: Box<dyn Disk>,
    log: Box<dyn DiskFile>,
    manifest: Manifest,
    notes: Notes,
    end: LogEnd,
    /// Records that are not written yet.
    buffer: Vec<u8>,
    /// Bytes of the log that are written, and of them that are synced.
    written: u64,
    synced: u64,
    /// What the sync under way covers.
    syncing: Option<u64>,
    sync_due: Option<Instant>,
    policy: SyncPolicy,
    trouble: Option<Trouble>,
    /// Since when something is not synced.
    unsynced_since: Option<Instant>,
    was_damaged: bool,
    /// A new log under way.
    compaction: Option<Box<Compaction>>,
    /// Whether the log must be written anew because a sync of it has failed.
    must_renew: bool,
    /// When a new log may be tried again after one could not be written.
    compact_again: Option<Instant>,
    /// Bytes of the log that were carried from the one before.
    carried: u64,
    /// What positions are ahead of the log, so that they rise also when the log is written anew.
    shift: u64,
    /// The log before this one, until the disk knows that it is not in force.
    outdated: Option<String>,
    /// Keeps others out of the directory.
    place: Option<Place>,
}

/// Why nothing can be written at present.
struct Trouble {
    what: String,
    retry_at: Instant,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    /// A log of a newer program.
    #[error(
        "the log {name} was written by a newer program (its format is {version}, ours {VERSION}); start that one, or begin anew with --fresh"
    )]
    Newer {
        /// The log.
        name: String,
        /// Its version.
        version: u32,
    },
    /// A record that a newer program wrote.
    #[error(
        "the log {0} says what this program does not know; start the program that wrote it, or begin anew with --fresh"
    )]
    Unknown(String),
    /// The system.
    #[error("cannot {action} {name} of the journal: {error}")]
    System {
        /// What was tried.
        action: &'static str,
        /// On which file.
        name: String,
        /// The reason.
        error: io::Error,
    },
}

fn system<'a>(action: &'static str, name: &'a str) -> impl FnOnce(io::Error) -> JournalError + 'a {
    move |error| JournalError::System { action, name: name.to_owned(), error }
}

/// How a journal was found.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Records that were made again.
    pub records: u64,
    /// Bytes of a torn tail that were cut off.
    pub torn: u64,
    /// What was damaged, if anything was, and where it is kept.
    pub damage: Option<String>,
}

impl Journal {
    /// Opens the journal of a directory: what it holds is made again, then it goes on.
    pub fn open(
        mut disk: Box<dyn Disk>,
        policy: SyncPolicy,
        socket: &str,
        repeat: &mut dyn Repeat,
    ) -> Result<(Journal, Recovery), JournalError> {
        let manifest = match find_manifest(&mut *disk)? {
            Some(manifest) => manifest,
            None => {
                let generation = 1;
                let manifest =
                    Manifest { generation, socket: socket.to_owned(), bases: Vec::new() };
                return Ok((Journal::begin(disk, policy, manifest)?, Recovery::default()));
            }
        };
        let name = manifest.log();
        remove_leftovers(&mut *disk, &name);
        let bytes = disk.read(&name).map_err(system("read", &name))?;
        let reader = match Reader::new(&bytes) {
            Ok(reader) => reader,
            Err(BadHead::Newer(version)) => return Err(JournalError::Newer { name, version }),
            Err(BadHead::NoLog) => {
                let damage = keep_damaged(&mut *disk, &name, &bytes);
                let recovery = Recovery { damage: Some(damage), ..Recovery::default() };
                return Ok((Journal::begin(disk, policy, manifest)?, recovery));
            }
        };
        let replayed = replay(reader, repeat);
        if replayed.end == End::Unknown {
            return Err(JournalError::Unknown(name));
        }
        let Replayed { good, end, problem, records } = replayed;
        let mut recovery = Recovery { records, ..Recovery::default() };
        match end {
            End::Torn(bytes) => recovery.torn = bytes,
            End::Damaged => {
                let place = keep_damaged(&mut *disk, &name, &bytes);
                recovery.damage = Some(match problem {
                    Some(problem) => format!("{place}: {problem}"),
                    None => place,
                });
            }
            End::Clean | End::Unknown => {}
        }
        let mut log = disk.open(&name).map_err(system("open", &name))?;
        if (good.end as u64) < bytes.len() as u64 {
            log.cut(good.end as u64).map_err(system("cut", &name))?;
        }
        let end = LogEnd { chain: good.chain, sequence: good.sequence };
        let journal = Journal::on(disk, log, manifest, policy, end);
        let was_damaged = recovery.damage.is_some();
        Ok((Journal { written: good.end as u64, was_damaged, ..journal }, recovery))
    }

    /// A new log with nothing in it.
    fn begin(
        mut disk: Box<dyn Disk>,
        policy: SyncPolicy,
        manifest: Manifest,
    ) -> Result<Journal, JournalError> {
        let name = manifest.log();
        let salt = new_salt();
        let head = log_head(manifest.generation, salt);
        let mut log = disk.create(&name).map_err(system("make", &name))?;
        append_all(&mut *log, &head).map_err(|(_, error)| system("write", &name)(error))?;
        put_manifest(&mut *disk, &manifest).map_err(system("write", MANIFEST))?;
        let end = LogEnd { chain: Chain::new(salt), sequence: 1 };
        let journal = Journal::on(disk, log, manifest, policy, end);
        Ok(Journal { written: head.len() as u64, ..journal })
    }

    fn on(
        disk: Box<dyn Disk>,
        log: Box<dyn DiskFile>,
        manifest: Manifest,
        policy: SyncPolicy,
        end: LogEnd,
    ) -> Journal {
        Journal {
            disk,
            log,
            manifest,
            notes: Notes::default(),
            end,
            buffer: Vec::new(),
            written: 0,
            synced: 0,
            syncing: None,
            sync_due: None,
            policy,
            trouble: None,
            unsynced_since: None,
            was_damaged: false,
            compaction: None,
            must_renew: false,
            compact_again: None,
            carried: 0,
            shift: 0,
            outdated: None,
            place: None,
        }
    }

    /// Keeps a lock as long as the journal lives.
    pub fn hold(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// Where changes are noted.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// What was noted at the start becomes records; they are no reason to keep the journal.
    pub fn begin_run(&mut self) {
        self.notes.seal(None, &mut self.end, &mut self.buffer);
    }

    /// Ends a call, or a part of one: what it changed becomes records, the last of them with its session and answer.
    /// True if it changed anything.
    #[inline]
    pub fn end_call(&mut self, tag: Option<Tag<'_>>) -> bool {
        if self.notes.is_empty() {
            return false;
        }
        self.notes.seal(tag, &mut self.end, &mut self.buffer)
    }

    /// Notes the answer of a call whose changes became records before it was known.
    pub fn answer(&mut self, tag: Tag<'_>) {
        self.end.write(Record::answer(tag), &mut self.buffer);
    }

    /// Where the log will end when all records are written. Rises with each record.
    pub fn position(&self) -> u64 {
        self.shift.wrapping_add(self.written + self.buffer.len() as u64)
    }

    /// The position up to which calls may be answered.
    pub fn safe_position(&self) -> u64 {
        match self.policy {
            SyncPolicy::Always => self.shift.wrapping_add(self.synced),
            SyncPolicy::Second | SyncPolicy::No => self.shift.wrapping_add(self.written),
        }
    }

    /// Why edits are refused at present, if they are.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| &*trouble.what)
    }

    /// Whether there is nothing to do now.
    pub fn is_idle(&self) -> bool {
        let is_synced = self.written == self.synced && self.syncing.is_none();
        self.buffer.is_empty() && is_synced && self.outdated.is_none() && self.compaction.is_none()
    }

    /// Writes what waits, and looks after syncs. Call it once a turn, before answers are sent.
    pub fn turn(&mut self, now: Instant) {
        if self.is_idle() {
            return;
        }
        self.unsynced_since.get_or_insert(now);
        self.end_sync(now);
        self.end_compaction(now);
        if !self.buffer.is_empty()
            && !self.must_renew
            && self.trouble.as_ref().is_none_or(|t| t.retry_at <= now)
        {
            self.write(now);
        }
        let needs_sync = self.synced < self.written || self.outdated.is_some();
        if self.syncing.is_none() && needs_sync && !self.must_renew {
            self.sync_when_due(now);
        }
        if self.is_idle() {
            self.unsynced_since = None;
        }
        self.notes.tell(Facts {
            generation: self.manifest.generation,
            bytes: self.position(),
            synced: self.synced,
            unsynced_since: self.unsynced_since,
            is_failing: self.trouble.is_some(),
            was_damaged: self.was_damaged,
        });
    }

    /// Until where the log must be safe before a call may be answered that began when it ended at `before`; `None` if it
    /// need not be.
    #[inline]
    pub fn hold_until(&self, before: u64) -> Option<u64> {
        let position = self.position();
        let is_needed = match self.policy {
            // What it read may not be on the disk either.
            SyncPolicy::Always => position > self.safe_position(),
            SyncPolicy::Second | SyncPolicy::No => position != before,
        };
        is_needed.then_some(position)
    }

    fn write(&mut self, now: Instant) {
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
                let what =
                    if is_cut { error.to_string() } else { format!("{error}, and not cut back") };
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
                self.remove_outdated();
                return;
            }
        };
        if due <= now {
            self.sync_due = None;
            self.syncing = Some(self.written);
            self.log.start_sync();
            // A simulated disk may be done at once.
            self.end_sync(now);
        }
    }

    fn end_sync(&mut self, now: Instant) {
        let Some(covered) = self.syncing else { return };
        match self.log.ended_sync() {
            None => {}
            Some(Ok(())) => {
                (self.synced, self.syncing) = (covered, None);
                self.remove_outdated();
            }
            Some(Err(error)) => {
                self.syncing = None;
                // The system may have dropped what it could not write, and would call the next sync a success.
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
        retry.map(|trouble| trouble.retry_at).or(self.sync_due)
    }

    /// The end of a clean run: everything is written and synced. If there was nothing worth keeping the files go.
    pub fn finish(mut self, has_anything: bool) -> io::Result<()> {
        if !has_anything {
            for name in [MANIFEST.to_owned(), self.manifest.log()] {
                self.disk.remove(&name)?;
            }
            if let Some(place) = self.place.take() {
                place.remove();
            }
            return Ok(());
        }
        append_all(&mut *self.log, &self.buffer).map_err(|(_, error)| error)?;
        self.log.sync()?;
        self.disk.sync_names()
    }
}
