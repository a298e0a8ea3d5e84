//! A picture put where the caller wants it: into a file, into the store, or into the answer. All in
//! slices: a picture of eight million pixels takes milliseconds to sum up and to write.

use std::fs::File;
use std::io::Write;
use std::time::SystemTime;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::write::EncoderWriter;
use sha2::{Digest, Sha256};

use super::drawing::{FileDrawing, draw_wish};
use super::files::file_error;
use super::own_files::{Intent, Looked, Target, look, not_written};
use crate::api::json::Spelt;
use crate::disk;
use crate::file_access::{FilePath, Purpose};
use crate::format::{FormatError, ReplaceJob, Replaced};
use crate::job::pieces::{Pieces, SharedPieces};
use crate::job::{Budget, Job, Progress, Step, Work};
use crate::picturing::Wish;
use crate::render::{FileKind, PictureFile};
use crate::render_store::{NewRender, RenderStore, StoredRender};
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
    pub(super) kind: FileKind,
    pub(super) frames: u32,
    /// Samples of each pixel, if they were traced, else 0.
    pub(super) samples: u32,
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// Its path, if it went to one.
    pub(super) path: Option<String>,
    /// The same, from the root of the file system on.
    pub(super) absolute_path: Option<String>,
    /// What the store knows of it, if it went there.
    pub(super) stored: Option<StoredRender>,
    /// The file itself in base64, if it goes into the answer.
    pub(super) text: Option<Spelt<String>>,
}

/// What is told of a picture's file.
#[derive(Clone, Copy)]
struct Facts {
    size: [u32; 2],
    kind: FileKind,
    frames: u32,
    samples: u32,
}

impl Facts {
    fn of(picture: &PictureFile) -> Facts {
        let PictureFile { width, height, kind, frames, samples, .. } = *picture;
        Facts { size: [width, height], kind, frames, samples }
    }
}

/// The error code of a picture that cannot be written, and what could not be done.
pub(super) type Blame = (i32, &'static str);

/// Draws a picture, puts it where it belongs, and has the answer made.
pub(super) fn place<R: 'static>(
    context: &mut Context<'_>,
    wish: Wish,
    destination: Destination,
    blame: Blame,
    answer: impl FnOnce(&mut Context<'_>, Placed) -> Result<R, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError> {
    draw_wish(context, wish, move |drawing| {
        let stage = Stage::Drawing { job: Box::new(drawing), destination };
        Outcome::Later(Box::new(Placing { stage, blame, answer: Some(answer) }))
    })
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
    /// The directory of the store.
    Preparing {
        job: Box<Work<Result<Option<File>, FormatError>>>,
        picture: PictureFile,
        new: NewRender,
    },
    /// The check sum of a picture for the store.
    Summing {
        picture: PictureFile,
        new: NewRender,
        sum: Box<Sha256>,
        done: u64,
    },
    /// The base64 of a picture for the answer.
    Spelling {
        picture: PictureFile,
        text: SharedPieces,
        encoder: Box<EncoderWriter<'static, GeneralPurpose, SharedPieces>>,
        done: u64,
        /// Where the file goes, too.
        path: Option<(String, bool)>,
    },
    /// Where the path of the caller leads to.
    Looking {
        job: Box<Work<Result<Looked, FormatError>>>,
        picture: PictureFile,
        path: String,
        overwrite: bool,
        text: Option<Spelt<String>>,
    },
    Writing {
        job: Box<ReplaceJob>,
        path: String,
        facts: Facts,
        purpose: Purposed,
        text: Option<Spelt<String>>,
    },
    Over,
}

/// Notes that a picture is in its file.
fn written(
    context: &mut Context<'_>,
    Replaced { bytes, identity }: Replaced,
    (path, facts): (String, Facts),
    purpose: Purposed,
    text: Option<Spelt<String>>,
) -> Placed {
    let (path, absolute_path, stored) = match purpose {
        Purposed::Store(new, sum) => {
            let (now, sum) = (SystemTime::now(), sum.finalize());
            let renders = &mut context.daemon.renders;
            (None, None, Some(renders.keep(new, facts.size, &sum, now).clone()))
        }
        Purposed::Client(target) => {
            target.written(context, &path, identity, None);
            (Some(path), Some(target.absolute_path()), None)
        }
    };
    let Facts { size, kind, frames, samples } = facts;
    Placed { size, kind, frames, samples, bytes, path, absolute_path, stored, text }
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
                Step::Done(drawn) => {
                    Stage::drawn(drawn?.into_picture(context), destination, context)?
                }
            },
            Stage::Preparing { mut job, picture, new } => match job.step(budget) {
                Step::More => Stage::Preparing { job, picture, new },
                Step::Done(prepared) => {
                    let path = context.daemon.renders.settings().directory.to_string_lossy();
                    let failed = |error| file_error(self.blame.0, self.blame.1, &path, &error);
                    let directory = prepared.map_err(failed)?;
                    directory.into_iter().for_each(|open| context.daemon.renders.hold(open));
                    Stage::Summing { picture, new, sum: Box::default(), done: 0 }
                }
            },
            Stage::Summing { picture, new, mut sum, done } => {
                let part = picture.bytes.from_place(done);
                let part = &part[..part.len().min(SUMMED_AT_ONCE)];
                sum.update(part);
                let done = done + part.len() as u64;
                if done < picture.bytes.len() {
                    Stage::Summing { picture, new, sum, done }
                } else {
                    let path = new.path.to_string_lossy().into_owned();
                    let file = FilePath::from(&*new.path);
                    Stage::write(picture, path, file, Purposed::Store(new, sum), None)
                }
            }
            Stage::Spelling { picture, text, mut encoder, done, path } => {
                let part = picture.bytes.from_place(done);
                let part = &part[..part.len().min(SPELT_AT_ONCE)];
                // Writing to memory cannot fail.
                let _ = encoder.write_all(part);
                let done = done + part.len() as u64;
                if done == picture.bytes.len() {
                    let _ = encoder.finish();
                    let placed = in_answer(&picture, text.take());
                    match path {
                        None => return Ok(Some(placed)),
                        Some(path) => Stage::look(context, picture, path, placed.text),
                    }
                } else {
                    Stage::Spelling { picture, text, encoder, done, path }
                }
            }
            Stage::Looking { mut job, picture, path, overwrite, text } => match job.step(budget) {
                Step::More => Stage::Looking { job, picture, path, overwrite, text },
                Step::Done(looked) => {
                    let intent = Intent::Export { overwrite };
                    let target = intent.check(context, &path, looked, self.blame)?;
                    let file = context.file(&path);
                    Stage::write(picture, path, file, Purposed::Client(target), text)
                }
            },
            Stage::Writing { mut job, path, facts, purpose, text } => match job.step(budget) {
                Step::More => Stage::Writing { job, path, facts, purpose, text },
                Step::Done(Err(error)) => {
                    return Err(not_written(context, &path, &error, self.blame));
                }
                Step::Done(Ok(replaced)) => {
                    return Ok(Some(written(context, replaced, (path, facts), purpose, text)));
                }
            },
            Stage::Over => return Err(RpcError::internal("a picture was placed twice")),
        };
        Ok(None)
    }
}

/// Makes and opens the directory of the store, if that is not done.
fn prepare(renders: &RenderStore) -> Work<Result<Option<File>, FormatError>> {
    let (path, make) = (renders.settings().directory.clone(), renders.directory());
    Work::new(|slice| async move {
        let Some(make) = make else { return Ok(None) };
        let made = disk::run(&slice, &path, move |note| {
            note.step("mkdir")?;
            make()
        });
        let failed = |source| FormatError::io("use the directory", &path, source);
        made.await.map(Some).map_err(failed)
    })
}

/// Whom a picture is written for.
enum Purposed {
    /// For the store, with its check sum.
    Store(NewRender, Box<Sha256>),
    /// For a client, who named the path.
    Client(Target),
}

impl Stage {
    /// What comes after drawing.
    fn drawn(
        picture: PictureFile,
        destination: Destination,
        context: &mut Context<'_>,
    ) -> Result<Stage, RpcError> {
        Ok(match destination {
            Destination::Answer => Stage::spell(picture, None),
            Destination::Both { path, overwrite } => Stage::spell(picture, Some((path, overwrite))),
            Destination::Path { path, overwrite } => {
                Stage::look(context, picture, (path, overwrite), None)
            }
            Destination::Store => {
                let renders = &mut context.daemon.renders;
                let new = renders.make_room(picture.bytes.len(), SystemTime::now());
                let new = new.map_err(|error| RpcError::new(OVER_LIMIT, error.to_string()))?;
                Stage::Preparing { job: Box::new(prepare(renders)), picture, new }
            }
        })
    }

    /// Looks where the path of the caller leads to.
    fn look(
        context: &Context<'_>,
        picture: PictureFile,
        (path, overwrite): (String, bool),
        text: Option<Spelt<String>>,
    ) -> Stage {
        let job = Box::new(look(context.file(&path), Purpose::Write));
        Stage::Looking { job, picture, path, overwrite, text }
    }

    fn write(
        picture: PictureFile,
        path: String,
        file: FilePath,
        purpose: Purposed,
        text: Option<Spelt<String>>,
    ) -> Stage {
        let facts = Facts::of(&picture);
        let job = Box::new(ReplaceJob::new(file, picture.bytes));
        Stage::Writing { job, path, facts, purpose, text }
    }

    /// Begins to write a picture as text.
    fn spell(picture: PictureFile, path: Option<(String, bool)>) -> Stage {
        let mut text = SharedPieces::default();
        let _ = text.write_all(b"\"");
        let encoder = Box::new(EncoderWriter::new(text.clone(), &STANDARD));
        Stage::Spelling { picture, text, encoder, done: 0, path }
    }
}

/// A picture whose text is complete but for the quote behind it.
fn in_answer(picture: &PictureFile, mut text: Pieces) -> Placed {
    text.put(b"\"");
    let (Facts { size, kind, frames, samples }, bytes) = (Facts::of(picture), picture.bytes.len());
    Placed {
        size,
        kind,
        frames,
        samples,
        bytes,
        path: None,
        absolute_path: None,
        stored: None,
        text: Some(Spelt::new(text)),
    }
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
            Stage::Summing { picture, done, .. } | Stage::Spelling { picture, done, .. } => {
                Progress { done: *done, total: picture.bytes.len() }
            }
            Stage::Looking { .. } | Stage::Preparing { .. } => Progress::default(),
            Stage::Writing { job, .. } => job.progress(),
            Stage::Over => Progress::default(),
        }
    }
}
