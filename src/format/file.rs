//! A file read as a whole, within a limit, by a helper.

use std::fs::File;
use std::io::{self, Read};

use super::FormatError;
use super::builder::over_memory;
use crate::disk::{self, Note};
use crate::file_access::{FilePath, Purpose};
use crate::job::{Progress, Slice};
use crate::memory::{self, Claim};

/// The longest file that is read, in bytes, and what that limit is called.
type FileLimit = (&'static str, u64);

/// Bytes that a helper reads before its work can be seen to go on, or is given up.
const PIECE: u64 = 4 << 20;

/// A file of which a part was read.
struct Reading {
    /// None at the end of the file: the helper that saw it has closed it.
    file: Option<File>,
    bytes: Vec<u8>,
    /// Of what is not read yet.
    claim: Claim,
    /// Bytes of the file when it was opened.
    length: u64,
}

/// Reads a file. Its progress counts bytes, of which there are twice as many: reading is half of
/// loading.
pub(crate) async fn read_file(
    file: &FilePath,
    limit: FileLimit,
    slice: &Slice,
) -> Result<Vec<u8>, FormatError> {
    let (path, opening) = (&*file.absolute(), file.clone());
    let opened = disk::run(slice, path, move |note| {
        note.step("open")?;
        Reading::open(&opening, limit, note)
    });
    let failed = |source| FormatError::io("open", path, source);
    let mut reading = opened.await.map_err(failed)??;
    loop {
        let done = reading.bytes.len() as u64;
        check_limit(done, limit)?;
        if reading.file.is_none() {
            return Ok(reading.bytes);
        }
        slice.progress(Progress { done, total: 2 * reading.length.max(done) });
        let read = disk::run(slice, path, move |note| reading.go_on(note));
        reading = read.await.map_err(|source| FormatError::io("read", path, source))?;
    }
}

impl Reading {
    /// Opens a file and reads its first piece, which of most files is all of it.
    fn open(
        path: &FilePath,
        limit: FileLimit,
        note: &Note,
    ) -> io::Result<Result<Reading, FormatError>> {
        let file = path.resolve(Purpose::Read)?.open_to_read()?;
        let length = file.metadata()?.len();
        if let Err(error) = check_limit(length, limit) {
            return Ok(Err(error));
        }
        let (bytes, claim) = match memory::buffer(length as usize) {
            Ok(room) => room,
            Err(refused) => return Ok(Err(over_memory(refused))),
        };
        Reading { file: Some(file), bytes, claim, length }.go_on(note).map(Ok)
    }

    fn go_on(mut self, note: &Note) -> io::Result<Reading> {
        note.step("read")?;
        let Some(file) = &mut self.file else { return Ok(self) };
        let count = file.take(PIECE).read_to_end(&mut self.bytes)?;
        self.claim.used(count as u64);
        if (count as u64) < PIECE {
            note.step("close")?;
            self.file = None;
        }
        Ok(self)
    }
}

fn check_limit(got: u64, (limit_name, limit): FileLimit) -> Result<(), FormatError> {
    if got > limit {
        let what = "the file's size in bytes".to_owned();
        return Err(FormatError::Limit { what, limit_name, limit, got });
    }
    Ok(())
}
