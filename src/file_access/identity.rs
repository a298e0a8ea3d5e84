//! What tells whether a file is still the one that was read or written.

use rustix::fs::Stat;

/// Device, inode, size and time of change of a file: another program that writes it changes at
/// least one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl From<&Stat> for FileIdentity {
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    fn from(facts: &Stat) -> Self {
        FileIdentity {
            device: facts.st_dev as u64,
            inode: facts.st_ino,
            bytes: facts.st_size as u64,
            modified: (facts.st_mtime as i64, facts.st_mtime_nsec as i64),
        }
    }
}

impl FileIdentity {
    /// As numbers, to be kept.
    pub fn words(&self) -> [u64; 5] {
        let (seconds, nanoseconds) = self.modified;
        [self.device, self.inode, self.bytes, seconds as u64, nanoseconds as u64]
    }

    /// From the numbers that were kept.
    pub fn of_words([device, inode, bytes, seconds, nanoseconds]: [u64; 5]) -> Self {
        FileIdentity { device, inode, bytes, modified: (seconds as i64, nanoseconds as i64) }
    }
}
