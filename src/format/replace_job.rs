//! Replacing a file in slices.

use std::fs::File;
use std::path::Path;

use super::job::REST;
use super::release::release;
use super::replacement::Replacement;
use super::{FormatError, Pieces, disk};
use crate::job::{Budget, Job, Progress, Step, leftovers};

/// Bytes written in one unit of work.
const UNIT: usize = 1 << 17;
/// Bytes of the old file that leave the cache in one unit of work.
const FORGET: u64 = 1 << 20;

/// Puts pieces into a file in slices; see [`super::SaveJob`] for what is promised. The result is how many
/// bytes the file has.
///
/// The disk begins with the first bytes while the others are still written. Where it tells, the job rests until
/// it has all of them before it syncs, so that the sync has little left to wait for.
pub struct ReplaceJob {
    stage: Stage,
    total: u64,
    written: u64,
}

enum Stage {
    Writing {
        file: Replacement,
        content: Pieces,
        piece: Vec<u8>,
        at: usize,
    },
    Settling(Replacement),
    /// The old file's bytes leave the cache: else all of them are freed by the rename.
    Forgetting {
        file: Replacement,
        old: File,
        length: u64,
        done: u64,
    },
    Renaming {
        file: Replacement,
        old: Option<File>,
    },
    Releasing {
        file: Replacement,
        old: Option<File>,
    },
    Over,
}

impl ReplaceJob {
    /// Begins to write beside the file that is to be replaced.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn create(path: &Path, content: Pieces) -> Result<Self, FormatError> {
        let (file, total) = (Replacement::create(path)?, content.len());
        let stage = Stage::Writing { file, content, piece: Vec::new(), at: 0 };
        Ok(ReplaceJob { stage, total, written: 0 })
    }

    /// Does a unit of work; true if the next one has to wait for the disk.
    fn advance(&mut self) -> Result<bool, FormatError> {
        let mut must_rest = false;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Writing { mut file, mut content, mut piece, mut at } => {
                must_rest = file.is_congested();
                if at == piece.len() {
                    let next = content.take_first().unwrap_or_default();
                    leftovers::leave_buffer(std::mem::replace(&mut piece, next));
                    at = 0;
                }
                let part = &piece[at..piece.len().min(at + UNIT)];
                file.write(part)?;
                at += part.len();
                self.written += part.len() as u64;
                match part.is_empty() {
                    true => Stage::Settling(file),
                    false => Stage::Writing { file, content, piece, at },
                }
            }
            Stage::Settling(mut file) => {
                must_rest = !file.is_settled();
                if must_rest { Stage::Settling(file) } else { sync(file)? }
            }
            Stage::Forgetting { file, old, length, done } => {
                disk::forget_cached(&old, done, FORGET);
                let done = done + FORGET;
                match done < length {
                    true => Stage::Forgetting { file, old, length, done },
                    false => Stage::Renaming { file, old: Some(old) },
                }
            }
            Stage::Renaming { mut file, old } => {
                file.rename()?;
                Stage::Releasing { file, old }
            }
            Stage::Releasing { file, old } => {
                file.sync_directory();
                if let Some(old) = old {
                    release(old);
                }
                Stage::Over
            }
            Stage::Over => Stage::Over,
        };
        Ok(must_rest)
    }
}

/// Syncs the new file and looks what the old one has in the cache.
fn sync(mut file: Replacement) -> Result<Stage, FormatError> {
    file.sync()?;
    let old = file.old_file();
    let length = old.as_ref().and_then(|old| old.metadata().ok()).map_or(0, |facts| facts.len());
    Ok(match old {
        Some(old) if length > FORGET => Stage::Forgetting { file, old, length, done: 0 },
        old => Stage::Renaming { file, old },
    })
}

impl Job for ReplaceJob {
    type Output = Result<u64, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            match self.advance() {
                Err(error) => return Step::Done(Err(error)),
                Ok(_) if matches!(self.stage, Stage::Over) => return Step::Done(Ok(self.total)),
                Ok(true) if budget.rest(REST) => return Step::More,
                // Who cannot rest waits in the sync.
                Ok(true) => self.stop_asking(),
                Ok(false) => {}
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { done: self.written, total: self.total }
    }
}

impl ReplaceJob {
    fn stop_asking(&mut self) {
        if let Stage::Writing { file, .. } | Stage::Settling(file) = &mut self.stage {
            file.stop_asking();
        }
    }
}
