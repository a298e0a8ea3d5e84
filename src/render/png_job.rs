//! A picture written as PNG in slices: some rows are a unit of work.

use std::io::Write;

use png::{EncodingError, StreamWriter};

use super::picture::Picture;
use crate::job::pieces::{Pieces, SharedPieces};
use crate::job::{Budget, Job, Progress, Step};

/// Bytes of pixels that are encoded in one go.
const PIECE: usize = 1 << 15;

/// A picture as a PNG file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PngFile {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The file.
    pub bytes: Pieces,
}

/// Encodes a picture.
///
/// # Errors
/// Only a picture without pixels cannot be a PNG.
pub struct PngJob {
    stage: Stage,
    file: SharedPieces,
}

enum Stage {
    Ready(Picture),
    Encoding(Box<Encoding>),
    Over,
}

struct Encoding {
    picture: Picture,
    written: usize,
    writer: StreamWriter<'static, SharedPieces>,
}

impl PngJob {
    /// Begins to encode.
    pub fn new(picture: Picture) -> Self {
        PngJob { stage: Stage::Ready(picture), file: SharedPieces::default() }
    }

    fn start_to_encode(&self, picture: Picture) -> Result<Stage, EncodingError> {
        let writer = picture.png_encoder(self.file.clone()).write_header()?;
        let writer = writer.into_stream_writer_with_size(PIECE)?;
        Ok(Stage::Encoding(Box::new(Encoding { picture, written: 0, writer })))
    }

    /// Does a unit of work; the file once it is complete.
    fn advance(&mut self) -> Result<Option<PngFile>, EncodingError> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(picture) => self.stage = self.start_to_encode(picture)?,
            Stage::Encoding(mut encoding) => {
                let left = &encoding.picture.bytes()[encoding.written..];
                if left.is_empty() {
                    encoding.writer.finish()?;
                    let (width, height) = (encoding.picture.width(), encoding.picture.height());
                    return Ok(Some(PngFile { width, height, bytes: self.file.take() }));
                }
                let piece = &left[..left.len().min(PIECE)];
                encoding.writer.write_all(piece)?;
                encoding.written += piece.len();
                self.stage = Stage::Encoding(encoding);
            }
            Stage::Over => {}
        }
        Ok(None)
    }
}

impl Job for PngJob {
    type Output = Result<PngFile, EncodingError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            match self.advance() {
                Ok(None) if budget.spend(1) => {}
                Ok(None) => return Step::More,
                Ok(Some(file)) => return Step::Done(Ok(file)),
                Err(error) => return Step::Done(Err(error)),
            }
        }
    }

    /// In bytes of pixels.
    fn progress(&self) -> Progress {
        let Stage::Encoding(encoding) = &self.stage else { return Progress::default() };
        let total = encoding.picture.bytes().len() as u64;
        Progress { done: encoding.written as u64, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{RenderJob, RenderSettings};
    use crate::voxel::{Point, Rgba, Volume};

    fn drawing() -> RenderJob {
        let mut volume = Volume::new();
        (0..9).for_each(|i| _ = volume.set(Point::new(i, i * i % 5, i % 2), Rgba::WHITE));
        let settings = RenderSettings { width: 333, height: 111, ..Default::default() };
        RenderJob::new(volume, settings).unwrap()
    }

    #[test]
    fn a_picture_encoded_in_slices_has_the_pixels_of_one_drawn_at_once() {
        let picture = drawing().finish();
        let mut job = PngJob::new(picture.clone());
        let mut slices = 0;
        let file = loop {
            slices += 1;
            if let Step::Done(file) = job.step(&mut Budget::units(1)) {
                break file.unwrap();
            }
        };
        assert!(slices > 5);
        assert_eq!((file.width, file.height), (333, 111));
        let decoder = png::Decoder::new(std::io::Cursor::new(file.bytes.into_vec()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        assert!(bytes == picture.bytes(), "the pixels differ");
    }
}
