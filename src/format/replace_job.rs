//! Replacing a file in slices; helpers do it.

use std::path::Path;

use super::replacement::Replacement;
use super::{FormatError, Pieces};
use crate::disk;
use crate::job::{Budget, Job, Progress, Slice, Step, Work};

/// Bytes that a helper writes before its work can be seen to go on, or is given up.
const PORTION: u64 = 4 << 20;

/// Puts pieces into a file; see [`super::SaveJob`] for what is promised. The result is how many bytes the file has.
pub struct ReplaceJob(Work<Result<u64, FormatError>>);

impl ReplaceJob {
    /// Of a file that may be there or not.
    pub fn new(path: &Path, content: Pieces) -> ReplaceJob {
        let path = path.to_owned();
        ReplaceJob(Work::new(|slice| async move { replace(&path, content, &slice).await }))
    }
}

impl Job for ReplaceJob {
    type Output = Result<u64, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        self.0.step(budget)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// Refuses a path that cannot be written to. A file is made beside it and removed: there is no better answer.
pub(super) async fn check_target(path: &Path, slice: &Slice) -> Result<(), FormatError> {
    let (failed, own) = (|source| FormatError::io("write", path, source), path.to_owned());
    disk::require_not_stuck(path).map_err(failed)?;
    let checked = disk::run(slice, path, move |note| Replacement::create(&own, note).map(drop));
    checked.await.map_err(failed)
}

/// Puts pieces into a file.
pub(super) async fn replace(
    path: &Path,
    mut content: Pieces,
    slice: &Slice,
) -> Result<u64, FormatError> {
    let (failed, own) = (|source| FormatError::io("write", path, source), path.to_owned());
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
    committed.await.map_err(|source| FormatError::io("replace", path, source))?;
    Ok(total)
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
