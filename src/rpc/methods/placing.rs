//! A picture put where the caller wants it: into a file, into the store, or into the answer. All in slices: a
//! picture of eight million pixels takes milliseconds to sum up and to write.

use std::io::Write;
use std::time::SystemTime;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::write::EncoderWriter;
use sha2::{Digest, Sha256};

use super::drawing::FileDrawing;
use super::files::file_error;
use super::own_files::{Intent, Looked, Target, look, not_written};
use crate::api::json::Spelt;
use crate::file_access::{FilePath, Purpose};
use crate::format::{FormatError, ReplaceJob, Replaced};
use crate::job::pieces::{Pieces, SharedPieces};
use crate::job::{Budget, Job, Progress, Step, Work};
use crate::render::PngFile;
use crate::render_store::{NewRender, RenderStoreError, StoredRender};
use crate::rpc::context::{Context, Outcome, Task};
use crate::rpc::error::{OVER_LIMIT, RpcError};

/// Where a picture goes.
pub(super) enum Destination {
    /// To a path, even if it is the file of an open project.
    Path { path: String, overwrite: bool },
    /// To such a path and into the answer.
    Both { path: String, overwrite: bool },
    /// To the store.
    Store,
    /// Into the answer.
    Answer,
}

/// A picture that is where it belongs.
pub(super) struct Placed {
    pub(super) size: [u32; 2],
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// Its path, if it went to one.
    pub(super) path: Option<String>,
    /// What the store knows of it, if it went there.
    pub(super) stored: Option<StoredRender>,
    /// The file itself in base64, if it goes into the answer.
    pub(super) text: Option<Spelt<String>>,
}

/// The error code of a picture that cannot be written, and what could not be done.
pub(super) type Blame = (i32, &'static str);

/// Draws a picture, puts it where it belongs, and has the answer made.
pub(super) fn place<R: 'static>(
    drawing: FileDrawing,
    destination: Destination,
    blame: Blame,
    answer: impl FnOnce(&mut Context<'_>, Placed) -> Result<R, RpcError> + 'static,
) -> Outcome<R> {
    let stage = Stage::Drawing { job: Box::new(drawing), destination };
    Outcome::Later(Box::new(Placing { stage, blame, answer: Some(answer) }))
}

/// Bytes of a picture that go into its check sum in one slice.
const SUMMED_AT_ONCE: usize = 1 << 17;
/// Bytes of a picture that are written as text in one slice.
const SPELT_AT_ONCE: usize = 3 << 16;

struct Placing<F> {
    stage: Stage,
    blame: Blame,
    answer: Option<F>,
}

enum Stage {
    Drawing {
        job: Box<FileDrawing>,
        destination: Destination,
    },
    /// The check sum of a picture for the store.
    Summing {
        png: PngFile,
        new: NewRender,
        sum: Box<Sha256>,
        done: u64,
    },
    /// The base64 of a picture for the answer.
    Spelling {
        png: PngFile,
        text: SharedPieces,
        encoder: Box<EncoderWriter<'static, GeneralPurpose, SharedPieces>>,
        done: u64,
        /// Where the file goes, too.
        path: Option<(String, bool)>,
    },
    /// Where the path of the caller leads to.
    Looking {
        job: Box<Work<Result<Looked, FormatError>>>,
        png: PngFile,
        path: String,
        overwrite: bool,
        text: Option<Spelt<String>>,
    },
    Writing {
        job: Box<ReplaceJob>,
        path: String,
        size: [u32; 2],
        purpose: Purposed,
        text: Option<Spelt<String>>,
    },
    Over,
}

/// Notes that a picture is in its file.
fn written(
    context: &mut Context<'_>,
    Replaced { bytes, identity }: Replaced,
    (path, size): (String, [u32; 2]),
    purpose: Purposed,
    text: Option<Spelt<String>>,
) -> Placed {
    let (path, stored) = match purpose {
        Purposed::Store(new, sum) => {
            let (now, sum) = (SystemTime::now(), sum.finalize());
            let renders = &mut context.daemon.renders;
            (None, Some(renders.keep(new, size, &sum, now).clone()))
        }
        Purposed::Client(target) => {
            target.written(context, &path, identity, None);
            (Some(path), None)
        }
    };
    Placed { size, bytes, path, stored, text }
}

impl<F> Placing<F> {
    /// Does some work; the picture once it is in place.
    fn advance(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Placed>, RpcError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Drawing { mut job, destination } => match job.step(budget) {
                Step::More => Stage::Drawing { job, destination },
                Step::Done(drawn) => match (drawn?.into_picture(context), destination) {
                    (png, Destination::Answer) => Stage::spell(png, None),
                    (png, Destination::Both { path, overwrite }) => {
                        Stage::spell(png, Some((path, overwrite)))
                    }
                    (png, Destination::Path { path, overwrite }) => {
                        Stage::look(context, png, (path, overwrite), None)
                    }
                    (png, Destination::Store) => {
                        let renders = &mut context.daemon.renders;
                        let new = renders.make_room(png.bytes.len(), SystemTime::now());
                        let new = new.map_err(|error| self.store_error(&error))?;
                        Stage::Summing { png, new, sum: Box::default(), done: 0 }
                    }
                },
            },
            Stage::Summing { png, new, mut sum, done } => {
                let part = png.bytes.from_place(done);
                let part = &part[..part.len().min(SUMMED_AT_ONCE)];
                sum.update(part);
                let done = done + part.len() as u64;
                if done < png.bytes.len() {
                    Stage::Summing { png, new, sum, done }
                } else {
                    let path = new.path.to_string_lossy().into_owned();
                    let file = FilePath::from(&*new.path);
                    Stage::write(png, path, file, Purposed::Store(new, sum), None)
                }
            }
            Stage::Spelling { png, text, mut encoder, done, path } => {
                let part = png.bytes.from_place(done);
                let part = &part[..part.len().min(SPELT_AT_ONCE)];
                // Writing to memory cannot fail.
                let _ = encoder.write_all(part);
                let done = done + part.len() as u64;
                if done == png.bytes.len() {
                    let _ = encoder.finish();
                    let placed = in_answer(&png, text.take());
                    match path {
                        None => return Ok(Some(placed)),
                        Some(path) => Stage::look(context, png, path, placed.text),
                    }
                } else {
                    Stage::Spelling { png, text, encoder, done, path }
                }
            }
            Stage::Looking { mut job, png, path, overwrite, text } => match job.step(budget) {
                Step::More => Stage::Looking { job, png, path, overwrite, text },
                Step::Done(looked) => {
                    let intent = Intent::Export { overwrite };
                    let target = intent.check(context, &path, looked, self.blame)?;
                    let file = context.file(&path);
                    Stage::write(png, path, file, Purposed::Client(target), text)
                }
            },
            Stage::Writing { mut job, path, size, purpose, text } => match job.step(budget) {
                Step::More => Stage::Writing { job, path, size, purpose, text },
                Step::Done(Err(error)) => {
                    return Err(not_written(context, &path, &error, self.blame));
                }
                Step::Done(Ok(replaced)) => {
                    return Ok(Some(written(context, replaced, (path, size), purpose, text)));
                }
            },
            Stage::Over => return Err(RpcError::internal("a picture was placed twice")),
        };
        Ok(None)
    }

    fn file_error(&self, path: &str, error: &FormatError) -> RpcError {
        file_error(self.blame.0, self.blame.1, path, error)
    }

    fn store_error(&self, error: &RenderStoreError) -> RpcError {
        match error {
            RenderStoreError::File(file) => {
                let path = file.path().map(|path| path.to_string_lossy().into_owned());
                self.file_error(&path.unwrap_or_default(), file)
            }
            RenderStoreError::TooLarge { .. } => RpcError::new(OVER_LIMIT, error.to_string()),
        }
    }
}

/// Whom a picture is written for.
enum Purposed {
    /// For the store, with its check sum.
    Store(NewRender, Box<Sha256>),
    /// For a client, who named the path.
    Client(Target),
}

impl Stage {
    /// Looks where the path of the caller leads to.
    fn look(
        context: &Context<'_>,
        png: PngFile,
        (path, overwrite): (String, bool),
        text: Option<Spelt<String>>,
    ) -> Stage {
        let job = Box::new(look(context.file(&path), Purpose::Write));
        Stage::Looking { job, png, path, overwrite, text }
    }

    fn write(
        png: PngFile,
        path: String,
        file: FilePath,
        purpose: Purposed,
        text: Option<Spelt<String>>,
    ) -> Stage {
        let (size, job) = ([png.width, png.height], Box::new(ReplaceJob::new(file, png.bytes)));
        Stage::Writing { job, path, size, purpose, text }
    }

    /// Begins to write a picture as text.
    fn spell(png: PngFile, path: Option<(String, bool)>) -> Stage {
        let mut text = SharedPieces::default();
        let _ = text.write_all(b"\"");
        let encoder = Box::new(EncoderWriter::new(text.clone(), &STANDARD));
        Stage::Spelling { png, text, encoder, done: 0, path }
    }
}

/// A picture whose text is complete but for the quote behind it.
fn in_answer(png: &PngFile, mut text: Pieces) -> Placed {
    text.put(b"\"");
    let (size, bytes) = ([png.width, png.height], png.bytes.len());
    Placed { size, bytes, path: None, stored: None, text: Some(Spelt::new(text)) }
}

impl<R, F> Task<R> for Placing<F>
where
    F: FnOnce(&mut Context<'_>, Placed) -> Result<R, RpcError>,
{
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<R>, RpcError> {
        let Some(placed) = self.advance(context, budget)? else { return Ok(Step::More) };
        let twice = || RpcError::internal("a picture was answered twice");
        let answer = self.answer.take().ok_or_else(twice)?;
        answer(context, placed).map(Step::Done)
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Drawing { job, .. } => job.progress(),
            Stage::Summing { png, done, .. } | Stage::Spelling { png, done, .. } => {
                Progress { done: *done, total: png.bytes.len() }
            }
            Stage::Looking { .. } => Progress::default(),
            Stage::Writing { job, .. } => job.progress(),
            Stage::Over => Progress::default(),
        }
    }
}
