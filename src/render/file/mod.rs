//! Pictures as files: one picture, or the frames of a moving one, written one after the other.
//!
//! PNG is encoded in slices. The encoders of the other formats know no slices, so they work where
//! file calls are made: on a helper thread, while others have the loop.

mod colors;
mod moving;
mod png_file;
mod still;

use png::EncodingError;

use super::picture::Picture;
use crate::job::Slice;
use crate::job::pieces::Pieces;

use moving::{ApngWriter, GifWriter};
pub(crate) use png_file::encode_samples;

/// The quality of a JPEG that does not say one, 1 to 100.
pub const DEFAULT_QUALITY: u8 = 90;

/// The format of a picture's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FileKind {
    /// Any picture, exactly.
    #[default]
    Png,
    /// Small and nearly exact; opaque.
    Jpeg,
    /// Any picture, exactly, and smaller than PNG.
    WebP,
    /// Moving, of at most 256 colours a frame.
    Gif,
    /// Moving, exactly.
    Apng,
}

impl FileKind {
    /// All of them.
    pub const ALL: [FileKind; 5] =
        [FileKind::Png, FileKind::Jpeg, FileKind::WebP, FileKind::Gif, FileKind::Apng];

    /// Its name, which is also the ending of its files.
    pub const fn name(self) -> &'static str {
        match self {
            FileKind::Png => "png",
            FileKind::Jpeg => "jpeg",
            FileKind::WebP => "webp",
            FileKind::Gif => "gif",
            FileKind::Apng => "apng",
        }
    }

    /// The format of a name or an ending, in any case.
    pub fn from_name(name: &str) -> Option<FileKind> {
        if name.eq_ignore_ascii_case("jpg") {
            return Some(FileKind::Jpeg);
        }
        FileKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Whether it can have several frames.
    pub const fn moves(self) -> bool {
        matches!(self, FileKind::Gif | FileKind::Apng)
    }
}

/// What a file is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileSettings {
    /// The format.
    pub kind: FileKind,
    /// The quality of a JPEG, 1 to 100.
    pub quality: u8,
    /// Frames of a moving picture.
    pub frames: u32,
    /// How long each is shown, in milliseconds.
    pub delay: u16,
}

impl Default for FileSettings {
    fn default() -> Self {
        FileSettings { kind: FileKind::Png, quality: DEFAULT_QUALITY, frames: 1, delay: 100 }
    }
}

/// A picture as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFile {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The format.
    pub kind: FileKind,
    /// How many frames it has.
    pub frames: u32,
    /// Samples of each pixel, if they were traced, else 0.
    pub samples: u32,
    /// The file.
    pub bytes: Pieces,
}

/// Why a picture could not become a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// PNG.
    #[error("the PNG cannot be written: {0}")]
    Png(#[from] EncodingError),
    /// Another format.
    #[error("the {kind} cannot be written: {reason}")]
    Other {
        /// Which one.
        kind: &'static str,
        /// What its encoder says.
        reason: String,
    },
}

impl FileError {
    fn other(kind: FileKind, reason: impl ToString) -> FileError {
        FileError::Other { kind: kind.name(), reason: reason.to_string() }
    }
}

/// Writes frames into a file.
pub struct FileWriter {
    settings: FileSettings,
    form: Form,
    /// The least of the frames.
    samples: u32,
}

enum Form {
    /// Nothing was added yet.
    Empty,
    Still(PictureFile),
    Gif(Box<GifWriter>, [u32; 2]),
    Apng(Box<ApngWriter>, [u32; 2]),
}

impl FileWriter {
    /// For a file without frames so far.
    pub fn new(settings: FileSettings) -> FileWriter {
        FileWriter { settings, form: Form::Empty, samples: u32::MAX }
    }

    /// Adds a frame; all of one file have one size.
    ///
    /// # Errors
    /// What the encoder refuses.
    pub async fn add(&mut self, picture: Picture, slice: &Slice) -> Result<(), FileError> {
        let (settings, size) = (self.settings, [picture.width(), picture.height()]);
        self.samples = self.samples.min(picture.samples());
        if let Form::Empty = self.form {
            self.form = match settings.kind {
                FileKind::Png | FileKind::Jpeg | FileKind::WebP => {
                    self.form = Form::Still(still::encode(picture, &settings, slice).await?);
                    return Ok(());
                }
                FileKind::Gif => Form::Gif(Box::new(GifWriter::new(size, &settings)?), size),
                FileKind::Apng => Form::Apng(Box::new(ApngWriter::new(size, &settings)?), size),
            };
        }
        match &mut self.form {
            Form::Gif(writer, _) => writer.add(picture, slice).await,
            Form::Apng(writer, _) => writer.add(&picture, slice).await,
            Form::Empty | Form::Still(_) => {
                Err(FileError::other(settings.kind, "it has one frame only"))
            }
        }
    }

    /// The file.
    ///
    /// # Errors
    /// A file without frames, or with fewer than were promised.
    pub fn finish(self) -> Result<PictureFile, FileError> {
        let FileSettings { kind, frames, .. } = self.settings;
        let (bytes, [width, height]) = match self.form {
            Form::Empty => return Err(FileError::other(kind, "it has no frame")),
            Form::Still(file) => return Ok(PictureFile { samples: self.samples, ..file }),
            Form::Gif(writer, size) => (writer.finish()?, size),
            Form::Apng(writer, size) => (writer.finish()?, size),
        };
        Ok(PictureFile { width, height, kind, frames, samples: self.samples, bytes })
    }
}

impl PictureFile {
    /// A PNG of a picture.
    ///
    /// # Errors
    /// Only a picture without pixels cannot be a PNG.
    pub async fn png(picture: Picture, slice: &Slice) -> Result<PictureFile, FileError> {
        still::encode(picture, &FileSettings::default(), slice).await
    }
}

#[cfg(test)]
mod tests;
