//! Loading and saving as jobs.

use std::path::Path;

use super::adapt::adapt;
use super::file::read_file;
use super::registry::readable;
use super::replace_job::{Replaced, check_target, replace};
use super::{
    Beside, Format, FormatError, Loaded, ReadJob, ReadOptions, Saved, WriteOptions, Written,
    by_content, by_extension, by_name,
};
use crate::document::Document;
use crate::file_access::FilePath;
use crate::job::{Budget, Job, Progress, Slice, Step, Work};

/// Reads a file in slices: a piece of the file or a block of voxels is a unit of work.
pub struct LoadJob(Work<Result<Loaded, FormatError>>);

impl LoadJob {
    /// Of a file. Without a format, its content tells, and its ending where the content does not.
    pub fn of_file(
        file: impl Into<FilePath>,
        format: Option<&'static Format>,
        mut options: ReadOptions,
    ) -> LoadJob {
        let file = file.into();
        let path = file.path();
        if options.name.is_none() {
            options.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        }
        if options.directory.is_none() {
            options.directory = file.parent();
        }
        LoadJob(Work::new(|slice| async move {
            let loaded = load(&file, format, options, &slice).await;
            loaded.map_err(|error| error.in_file(file.path()))
        }))
    }

    /// Of bytes in memory.
    pub fn of_bytes(
        bytes: Vec<u8>,
        format: Option<&'static Format>,
        options: ReadOptions,
    ) -> LoadJob {
        LoadJob(Work::new(
            |slice| async move { decode(bytes, None, format, options, &slice).await },
        ))
    }
}

async fn load(
    file: &FilePath,
    format: Option<&'static Format>,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let limit = ("max_file_bytes", options.limits.max_file_bytes);
    let bytes = read_file(file, limit, slice).await?;
    decode(bytes, Some(file.path()), format, options, slice).await
}

async fn decode(
    bytes: Vec<u8>,
    path: Option<&Path>,
    format: Option<&'static Format>,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let (import, limits) = (options.import.clone(), options.limits);
    let (voxelise, frames) = (options.voxelise, options.frames);
    let mut loaded = slice.run(start_decoding(bytes, path, format, options)?).await?;
    if let Ok(format) = by_name(loaded.format) {
        loaded.warnings.extend(format.idle_in_reading(&voxelise, frames));
        // A project may be empty; a model that is was hardly meant.
        let is_empty = loaded.document.layers().iter().all(|layer| layer.volume.is_empty());
        if is_empty && !format.holds_all() {
            loaded.warnings.push("there is no voxel in it".to_owned());
        }
    }
    adapt(&mut loaded.document, &import, limits, slice).await?;
    Ok(loaded)
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
        self.0.step(budget)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// Writes a document to a file in slices: a block of voxels or a piece of the file is a unit of
/// work.
///
/// The bytes go to a temporary file beside the target, which is synced to disk and renamed onto the
/// target; then the directory is synced. So the target is always the whole old file or the whole
/// new one. Permissions of an existing file are kept; its owner, extended attributes and hard links
/// are not. A job that fails or is dropped leaves no temporary file.
pub struct SaveJob(Work<Result<Saved, FormatError>>);

impl SaveJob {
    /// Of a document. A path that cannot be written to is refused before anything else is done.
    ///
    /// # Errors
    /// A format that cannot be written.
    pub fn new(
        document: Document,
        file: impl Into<FilePath>,
        format: &'static Format,
        options: WriteOptions,
    ) -> Result<SaveJob, FormatError> {
        let (file, mut options): (FilePath, _) = (file.into(), options);
        let stem = file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
        options.stem = options.stem.or(stem.filter(|_| file.parent().is_some()));
        let writer = format.writer(document, options)?;
        Ok(SaveJob(Work::new(|slice| async move {
            check_target(&file, &slice).await?;
            let written = slice.run(writer).await?;
            let Written { content, beside: others, mesh, warnings, lost, cache } = written;
            // What the file names is there before the file is.
            let mut beside = Vec::new();
            for Beside { name, content } in others {
                let Some(directory) = file.parent() else { continue };
                let other = directory.join(Path::new(&name));
                check_target(&other, &slice).await?;
                replace(&other, content, &slice).await?;
                beside.push(other.path().to_owned());
            }
            let Replaced { bytes, identity } = replace(&file, content, &slice).await?;
            let format = format.name;
            Ok(Saved { format, bytes, beside, mesh, identity, warnings, lost, cache })
        })))
    }
}

impl Job for SaveJob {
    type Output = Result<Saved, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        self.0.step(budget)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}
