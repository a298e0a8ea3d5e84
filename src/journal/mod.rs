//! What makes the open projects survive: every change as a record in a log, and the way back from
//! it.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `record` | the form of a log and its records, the chain that holds them together |
//! | `reader` | a log in memory read to its end, and what that end is like |
//! | `pieces` | a log read from its disk, ahead of what is made of it |
//! | `notes` | what a call changed, taken down where it becomes a step of the history |
//! | `document`, `step`, `bytes` | documents and what steps made of them, as bytes |
//! | `replay` | from a log back to what it tells, for whoever makes it happen again |
//! | `compaction` | a log written anew while the old one goes on |
//! | `files` | what is done with the files at the start, and how they are written |
//! | `manifest` | which files are the journal |
//! | `disk` | the files behind a seam, and the helper that syncs |
//! | `place` | where the journal of a socket is, and who has it |
//!
//! A [`Journal`] is written to once a turn. Invariants: the log on the disk is the good part of it
//! up to `written`, and nothing else; what is not written yet is in the buffer, in order; a record
//! is never in both.

mod bytes;
mod compaction;
pub mod disk;
mod document;
mod files;
mod manifest;
mod notes;
mod parts;
mod pieces;
mod place;
mod reader;
mod record;
mod replay;
mod step;
mod turn;

use std::io;
use std::time::{Duration, Instant};

pub use bytes::{Malformed, Put, Take};
pub use disk::{Disk, DiskFile, RealDisk};
pub use document::{apply as apply_document, subjects};
pub use manifest::{BadManifest, MANIFEST, Manifest, log_name};
pub use notes::{Facts, Notes, Standing, frame};
pub use pieces::{Log, Unreadable};
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
/// Time between two attempts to write the log anew after one has failed, unless there is no other
/// way to go on.
const COMPACT_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Changes wait while a sync takes longer than this, counted from the first record that it covers,
/// ...
const LONGEST_LAG: Duration = Duration::from_secs(2);
/// ... or while more bytes than this are not synced.
const MOST_UNSYNCED: u64 = 64 << 20;
/// So that a look is not too early.
const BRAKE_SLACK: Duration = Duration::from_millis(1);
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
    /// Bytes of records that are not written and come with what is carried into a new log.
    dropped: u64,
    /// The position behind the last record that changes a document.
    edits_end: u64,
    /// Bytes of the log that are written, and of them that are synced.
    written: u64,
    synced: u64,
    /// What the sync under way covers, and since when that waits for it.
    syncing: Option<(u64, Instant)>,
    sync_due: Option<Instant>,
    policy: SyncPolicy,
    /// Whether changes wait because the disk lags behind.
    is_braked: bool,
    trouble: Option<Trouble>,
    /// Since when something is not synced that no sync under way covers.
    unsynced_since: Option<Instant>,
    was_damaged: bool,
    /// A new log under way.
    compaction: Option<Box<Compaction>>,
    /// Whether the log must be written anew because a sync of it has failed.
    must_renew: bool,
    /// Whether an older program began the log: it is written anew soon, so that one finds nothing
    /// in it that it would take for damage.
    is_older: bool,
    /// When a new log may be tried again after one could not be written.
    compact_again: Option<Instant>,
    /// Bytes of the log that were carried from the one before.
    carried: u64,
    /// What positions are ahead of the log, so that they rise also when the log is written anew.
    shift: u64,
    /// The logs before this one, until the disk knows that they are not in force.
    outdated: Vec<String>,
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
        let log = disk.log(&name).map_err(system("read", &name))?;
        let replayed = match replay(&*log, repeat) {
            Ok(replayed) => replayed,
            Err(Unreadable::Io(error)) => return Err(system("read", &name)(error)),
            Err(Unreadable::Head(BadHead::Newer(version))) => {
                return Err(JournalError::Newer { name, version });
            }
            Err(Unreadable::Head(BadHead::NoLog)) => {
                let damage = Some(keep_damaged(&mut *disk, &name));
                let recovery = Recovery { damage, ..Recovery::default() };
                return Ok((Journal::begin(disk, policy, manifest)?, recovery));
            }
        };
        drop(log);
        if replayed.end == End::Unknown {
            return Err(JournalError::Unknown(name));
        }
        let Replayed { version, good, end, problem, records } = replayed;
        let mut recovery = Recovery { records, ..Recovery::default() };
        match end {
            End::Torn(bytes) => recovery.torn = bytes,
            End::Damaged => {
                let place = keep_damaged(&mut *disk, &name);
                recovery.damage = Some(match problem {
                    Some(problem) => format!("{place}: {problem}"),
                    None => place,
                });
            }
            End::Clean | End::Unknown => {}
        }
        let mut log = disk.open(&name).map_err(system("open", &name))?;
        if end != End::Clean {
            log.cut(good.end as u64).map_err(system("cut", &name))?;
        }
        let is_older = version < VERSION;
        let end = LogEnd { chain: good.chain, sequence: good.sequence };
        let journal = Journal::on(disk, log, manifest, policy, end);
        let was_damaged = recovery.damage.is_some();
        let written = good.end as u64;
        Ok((Journal { written, was_damaged, is_older, ..journal }, recovery))
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
        // A manifest that a power cut leaves is whole, and its log is there.
        log.sync().and_then(|()| disk.sync_names()).map_err(system("sync", &name))?;
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
            dropped: 0,
            edits_end: 0,
            written: 0,
            synced: 0,
            syncing: None,
            sync_due: None,
            policy,
            is_braked: false,
            trouble: None,
            unsynced_since: None,
            was_damaged: false,
            compaction: None,
            must_renew: false,
            is_older: false,
            compact_again: None,
            carried: 0,
            shift: 0,
            outdated: Vec::new(),
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

    /// Ends a call, or a part of one: what it changed becomes records, the last of them with its
    /// session and answer. True if it changed anything.
    #[inline]
    pub fn end_call(&mut self, tag: Option<Tag<'_>>) -> bool {
        if self.notes.is_empty() {
            return false;
        }
        let is_edit = self.notes.has_edits();
        let has_any = self.notes.seal(tag, &mut self.end, &mut self.buffer);
        if is_edit {
            self.edits_end = self.position();
        }
        has_any
    }

    /// Notes the answer of a call whose changes became records before it was known.
    pub fn answer(&mut self, tag: Tag<'_>) {
        self.end.write(Record::answer(tag), &mut self.buffer);
    }

    /// Where the log will end when all records are written. Rises with each record.
    pub fn position(&self) -> u64 {
        self.shift.wrapping_add(self.written + self.dropped + self.buffer.len() as u64)
    }

    /// The position up to which calls may be answered.
    pub fn safe_position(&self) -> u64 {
        let safe = match self.policy {
            SyncPolicy::Always => self.synced,
            SyncPolicy::Second if self.is_braked => self.synced,
            SyncPolicy::Second | SyncPolicy::No => self.written,
        };
        let safe = self.shift.wrapping_add(safe);
        // While nothing can be written, what is no change of a document goes on.
        if self.trouble.is_some() && self.edits_end <= safe { self.position() } else { safe }
    }

    /// Why edits are refused at present, if they are.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| &*trouble.what)
    }

    /// Whether there is nothing to do now.
    pub fn is_idle(&self) -> bool {
        let is_synced = self.written == self.synced && self.syncing.is_none();
        self.buffer.is_empty() && is_synced && self.outdated.is_empty() && self.compaction.is_none()
    }

    /// Brings everything to the disk and leaves the files as they are until the next record: a log
    /// that is being written anew is given up.
    pub fn settle(&mut self) -> io::Result<()> {
        if let Some(trouble) = &self.trouble {
            return Err(io::Error::other(trouble.what.clone()));
        }
        if self.compaction.is_some() {
            self.abandon_compaction();
        }
        if let Err((count, error)) = append_all(&mut *self.log, &self.buffer) {
            if count > 0 {
                self.log.cut(self.written)?;
            }
            return Err(error);
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        self.disk.sync_names()?;
        self.log.sync()
    }

    /// The directory and its lock.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The end of a clean run: everything is written and synced. If there was nothing worth keeping
    /// the files go.
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
        self.place.iter().for_each(Place::touch);
        self.disk.sync_names()
    }
}
