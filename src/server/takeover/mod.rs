//! A daemon that takes the place of the one that runs, without a moment in which nobody listens.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `ask` | the new daemon's side |
//! | `give` | the running daemon's side |
//! | `rights` | descriptors on their way through a socket |
//!
//! The new daemon calls `goxel.hand_over` on an ordinary connection. After the answer the
//! connection is theirs alone:
//!
//! 1. The running daemon stops reading, answers what has come, brings its journal to the disk and
//!    stands still. It sends a line of JSON, an `Offer`, with the descriptors of its listeners and
//!    locks; or one that says why not.
//! 2. The new one makes everything again from the journal, which it does not write to, and says
//!    `ALIVE` meanwhile.
//! 3. It says `READY`; the running one answers `YOURS`. From then on the files are the new one's:
//!    it writes its number into the pid file and closes the connection, and the other one ends.
//!
//! If the new one ends or is silent for `SILENCE`, the running one says `BACK` and goes on as if
//! nothing had happened: nobody was refused, and clients have waited in the queues. The running one
//! decides alone, so there is never more than one owner; if it ends without a word while it stands
//! still, the new one is the owner.

mod ask;
pub mod give;
mod rights;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use ask::{Handed, ask};

/// The new daemon works on.
const ALIVE: u8 = b'.';
/// The new daemon could serve now.
const READY: u8 = b'R';
/// Everything belongs to the new daemon.
const YOURS: u8 = b'Y';
/// The running daemon goes on.
const BACK: u8 = b'B';

/// After so much silence the other one is given up.
const SILENCE: Duration = Duration::from_secs(5);

/// What the running daemon offers. The descriptors come in this order: for each socket the listener
/// and, if it has a path, its lock; the pid file; the lock of the journal.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Offer {
    /// Why nothing is handed over; then everything else is empty.
    refused: Option<String>,
    /// The process that offers.
    pid: u32,
    /// Its version.
    version: String,
    sockets: Vec<OfferedSocket>,
    pid_file: Option<PathBuf>,
    /// The directory of the journal.
    journal: Option<PathBuf>,
}

/// A listener; without a path it is a service manager's.
#[derive(Debug, Serialize, Deserialize)]
struct OfferedSocket {
    path: Option<PathBuf>,
    /// Device and inode of the socket file.
    identity: (u64, u64),
}
