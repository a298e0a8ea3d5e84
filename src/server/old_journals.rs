//! Journals whose socket has had no daemon for a long time: those with nothing unsaved go at the
//! start of another daemon.
//!
//! Those with unsaved changes stay until somebody gives them up (`goxelctl recover --discard`), and
//! are told of.

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::journal::Place;
use crate::workspace::{FoundJournal, found_journals, size_and_age};

/// So long nobody came.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longer logs are not read at a start.
const LONGEST_READ: u64 = 1 << 20;

/// Looks through the journals below a state directory, but for our own.
pub fn sweep(state: &Path, own: &Path) {
    for directory in found_journals(state).iter().filter(|directory| *directory != own) {
        let Some((bytes, used)) = size_and_age(directory) else { continue };
        let age = SystemTime::now().duration_since(used).unwrap_or_default();
        if age < OLD || Place::is_used(directory) {
            continue;
        }
        let place = directory.display();
        let found = (bytes <= LONGEST_READ).then(|| FoundJournal::open(directory));
        match found {
            Some(Ok(found)) if found.unsaved().next().is_none() => match found.remove() {
                Ok(()) => log::info!("the journal {place} was old, with nothing unsaved: removed"),
                Err(error) => log::warn!("the old journal {place} cannot be removed: {error}"),
            },
            _ => log::warn!(
                "nobody has used the journal {place} for {} days; see goxelctl recover --list",
                age.as_secs() / 86400
            ),
        }
    }
}
