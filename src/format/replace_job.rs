//! Replacing a file in slices; helpers do it.

use super::replacement::Replacement;
use super::{FormatError, Pieces};
use crate::disk;
use crate::file_access::{FileIdentity, FilePath};
use crate::job::{Budget, Job, Progress, Slice, Step, Work};

/// Bytes that a helper writes before its work can be seen to go on, or is given up.
const PORTION: u64 = 4 << 20;

/// A file that was replaced.
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    /// How many bytes it has.
    pub bytes: u64,
    /// What it is like, so that a change by others can be seen.
    pub identity: FileIdentity,
}

/// Puts pieces into a file; see [`super::SaveJob`] for what is promised.
pub struct ReplaceJob(Work<Result<Replaced, FormatError>>);

impl ReplaceJob {
    /// Of a file that may be there or not.
    pub fn new(file: impl Into<FilePath>, content: Pieces) -> ReplaceJob {
        let file = file.into();
        ReplaceJob(Work::new(|slice| async move { replace(&file, content, &slice).await }))
    }
}

impl Job for ReplaceJob {
    type Output = Result<Replaced, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        self.0.step(budget)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// Refuses a path that cannot be written to. A file is made beside it and removed: there is no
/// better answer.
pub(super) async fn check_target(file: &FilePath, slice: &Slice) -> Result<(), FormatError> {
    let (path, own) = (&*file.absolute(), file.clone());
    let failed = |source| FormatError::io("write", path, source);
    disk::require_not_stuck(path).map_err(failed)?;
    let checked = disk::run(slice, path, move |note| Replacement::create(&own, note).map(drop));
    checked.await.map_err(failed)
}

/// Puts pieces into a file.
pub(super) async fn replace(
    file: &FilePath,
    mut content: Pieces,
    slice: &Slice,
) -> Result<Replaced, FormatError> {
    let (path, own) = (&*file.absolute(), file.clone());
    let failed = |source| FormatError::io("write", path, source);
    disk::require_not_stuck(path).map_err(failed)?;
    let (total, mut done) = (content.len(), 0);
    let created = disk::run(slice, path, move |note| Replacement::create(&own, note));
    let mut file = created.await.map_err(failed)?;
    loop {
        slice.progress(Progress { done, total });
        let portion = take_portion(&mut content);
        if portion.is_empty() {
            break;
        }
        done += portion.iter().map(|piece| piece.len() as u64).sum::<u64>();
        // The bytes are freed by the helper as well.
        let written = disk::run(slice, path, move |note| {
            portion.into_iter().try_for_each(|piece| file.write(&piece, note)).map(|()| file)
        });
        file = written.await.map_err(failed)?;
    }
    let committed = disk::run(slice, path, move |note| file.commit(note));
    let identity = committed.await.map_err(|source| FormatError::io("replace", path, source))?;
    Ok(Replaced { bytes: total, identity })
}

fn take_portion(content: &mut Pieces) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    std::iter::from_fn(|| {
        let piece = (bytes < PORTION).then(|| content.take_first()).flatten()?;
        bytes += piece.len() as u64;
        Some(piece)
    })
    .collect()
}
