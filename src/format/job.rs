//! Loading and saving as jobs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{FileReader, Reading};
use super::registry::readable;
use super::replace_job::ReplaceJob;
use super::replacement::Replacement;
use super::{
    Format, FormatError, Loaded, ReadJob, ReadOptions, SaveCache, Saved, WriteJob, WriteOptions,
    Written, by_content, by_extension,
};
use crate::document::Document;
use crate::job::{Budget, Job, Progress, Step};

/// How long a job rests when it has to wait for the disk.
pub(super) const REST: Duration = Duration::from_millis(1);

/// Reads a file in slices: a piece of the file or a block of voxels is a unit of work.
pub struct LoadJob {
    path: Option<PathBuf>,
    stage: LoadStage,
}

enum LoadStage {
    Reading { file: FileReader, format: Option<&'static Format>, options: ReadOptions },
    Decoding(ReadJob),
    Over,
}

impl LoadJob {
    /// Opens a file. Without a format, its content tells, and its ending where the content does not.
    pub fn open(
        path: &Path,
        format: Option<&'static Format>,
        mut options: ReadOptions,
    ) -> Result<Self, FormatError> {
        let file = FileReader::open(path, ("max_file_bytes", options.limits.max_file_bytes))?;
        if options.name.is_none() {
            options.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        }
        let stage = LoadStage::Reading { file, format, options };
        Ok(LoadJob { path: Some(path.to_owned()), stage })
    }

    /// Reads from memory.
    pub fn from_bytes(
        bytes: Vec<u8>,
        format: Option<&'static Format>,
        options: ReadOptions,
    ) -> Result<Self, FormatError> {
        let decoder = start_decoding(bytes, None, format, options)?;
        Ok(LoadJob { path: None, stage: LoadStage::Decoding(decoder) })
    }

    fn advance(&mut self, budget: &mut Budget) -> Result<Option<Loaded>, FormatError> {
        loop {
            match std::mem::replace(&mut self.stage, LoadStage::Over) {
                LoadStage::Reading { mut file, format, options } => {
                    let reading = file.read_or_rest(budget)?;
                    self.stage = if reading == Reading::Ended {
                        let path = self.path.as_deref();
                        let bytes = file.into_bytes();
                        LoadStage::Decoding(start_decoding(bytes, path, format, options)?)
                    } else {
                        LoadStage::Reading { file, format, options }
                    };
                    if reading == Reading::NotYet || !budget.spend(1) {
                        return Ok(None);
                    }
                }
                LoadStage::Decoding(mut decoder) => {
                    if let Step::Done(loaded) = decoder.step(budget) {
                        return loaded.map(Some);
                    }
                    self.stage = LoadStage::Decoding(decoder);
                    return Ok(None);
                }
                LoadStage::Over => unreachable!("a finished job is not stepped again"),
            }
        }
    }
}

fn start_decoding(
    bytes: Vec<u8>,
    path: Option<&Path>,
    format: Option<&'static Format>,
    options: ReadOptions,
) -> Result<ReadJob, FormatError> {
    let format = format.or_else(|| by_content(&bytes)).or_else(|| path.and_then(by_extension));
    let format = format.ok_or_else(|| FormatError::Unrecognised {
        path: path.unwrap_or(Path::new("")).to_owned(),
        known: readable(),
    })?;
    format.reader(bytes, options)
}

impl Job for LoadJob {
    type Output = Result<Loaded, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.advance(budget) {
            Ok(None) => Step::More,
            Ok(Some(loaded)) => Step::Done(Ok(loaded)),
            Err(error) => Step::Done(Err(error.in_file_of(self.path.as_deref()))),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            LoadStage::Reading { file, .. } => {
                Progress { done: file.read_so_far(), total: 2 * file.length() }
            }
            LoadStage::Decoding(decoder) => decoder.progress(),
            LoadStage::Over => Progress { done: 1, total: 1 },
        }
    }
}

/// Writes a document to a file in slices: a block of voxels or a piece of the file is a unit of work.
///
/// The bytes go to a temporary file beside the target, which is synced to disk and renamed onto the
/// target; then the directory is synced. So the target is always the whole old file or the whole new
/// one. Permissions of an existing file are kept; its owner, extended attributes and hard links are
/// not. A job that fails or is dropped leaves no temporary file.
pub struct SaveJob {
    format: &'static str,
    path: PathBuf,
    stage: SaveStage,
}

enum SaveStage {
    Encoding(WriteJob),
    Writing { job: Box<ReplaceJob>, warnings: Vec<String>, cache: SaveCache },
    Over,
}

impl SaveJob {
    /// Starts to save. A path that cannot be written to is refused at once.
    pub fn create(
        document: Document,
        path: &Path,
        format: &'static Format,
        options: WriteOptions,
    ) -> Result<Self, FormatError> {
        let writer = format.writer(document, options)?;
        drop(Replacement::create(path)?);
        let stage = SaveStage::Encoding(writer);
        Ok(SaveJob { format: format.name, path: path.to_owned(), stage })
    }

    fn advance(&mut self, budget: &mut Budget) -> Result<Option<Saved>, FormatError> {
        match std::mem::replace(&mut self.stage, SaveStage::Over) {
            SaveStage::Encoding(mut writer) => match writer.step(budget) {
                Step::More => self.stage = SaveStage::Encoding(writer),
                Step::Done(written) => {
                    let Written { content, warnings, cache } = written?;
                    let job = Box::new(ReplaceJob::create(&self.path, content)?);
                    self.stage = SaveStage::Writing { job, warnings, cache };
                }
            },
            SaveStage::Writing { mut job, warnings, cache } => match job.step(budget) {
                Step::More => self.stage = SaveStage::Writing { job, warnings, cache },
                Step::Done(bytes) => {
                    let bytes = bytes?;
                    return Ok(Some(Saved { format: self.format, bytes, warnings, cache }));
                }
            },
            SaveStage::Over => unreachable!("a finished job is not stepped again"),
        }
        Ok(None)
    }
}

impl Job for SaveJob {
    type Output = Result<Saved, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.advance(budget) {
            Ok(None) => Step::More,
            Ok(Some(saved)) => Step::Done(Ok(saved)),
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            SaveStage::Encoding(writer) => writer.progress(),
            SaveStage::Writing { job, .. } => job.progress(),
            SaveStage::Over => Progress { done: 1, total: 1 },
        }
    }
}
