//! Files of several frames.

use png::{BitDepth, BlendOp, ColorType, Compression};

use super::still::elsewhere;
use super::{FileError, FileKind, FileSettings, Picture};
use crate::job::Slice;
use crate::job::pieces::{Pieces, SharedPieces};

/// How fast colours are chosen for a GIF that has too many: 1 is best, 30 fastest.
const SPEED: i32 = 10;
/// Alpha from which a pixel of a GIF is there.
const THERE: u8 = 128;

/// A GIF, frame by frame. Each has its own palette.
pub(super) struct GifWriter {
    encoder: gif::Encoder<SharedPieces>,
    file: SharedPieces,
    /// Hundredths of a second.
    delay: u16,
}

impl GifWriter {
    pub(super) fn new(
        [width, height]: [u32; 2],
        settings: &FileSettings,
    ) -> Result<Self, FileError> {
        let failed = |error: gif::EncodingError| FileError::other(FileKind::Gif, error);
        let file = SharedPieces::default();
        let (width, height) = (width as u16, height as u16);
        let mut encoder = gif::Encoder::new(file.clone(), width, height, &[]).map_err(failed)?;
        if settings.frames > 1 {
            encoder.set_repeat(gif::Repeat::Infinite).map_err(failed)?;
        }
        Ok(GifWriter { encoder, file, delay: settings.delay.div_ceil(10) })
    }

    pub(super) async fn add(&mut self, picture: Picture, slice: &Slice) -> Result<(), FileError> {
        let frame = elsewhere(FileKind::Gif, slice, move || Ok(frame_of(picture))).await?;
        let frame = gif::Frame { delay: self.delay, ..frame };
        let written = self.encoder.write_lzw_pre_encoded_frame(&frame);
        written.map_err(|error| FileError::other(FileKind::Gif, error))
    }

    pub(super) fn finish(self) -> Result<Pieces, FileError> {
        let ended = self.encoder.into_inner();
        ended.map_err(|error| FileError::other(FileKind::Gif, error))?;
        Ok(self.file.take())
    }
}

/// A frame of at most 256 colours, compressed.
fn frame_of(picture: Picture) -> gif::Frame<'static> {
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let mut pixels = picture.bytes().to_vec();
    for pixel in pixels.as_chunks_mut::<4>().0 {
        if pixel[3] < THERE {
            *pixel = [0; 4];
        }
    }
    let mut frame = gif::Frame::from_rgba_speed(width, height, &mut pixels, SPEED);
    frame.dispose = gif::DisposalMethod::Background;
    frame.make_lzw_pre_encoded();
    frame
}

/// An APNG, frame by frame.
pub(super) struct ApngWriter {
    writer: png::Writer<SharedPieces>,
    file: SharedPieces,
}

impl ApngWriter {
    pub(super) fn new(
        [width, height]: [u32; 2],
        settings: &FileSettings,
    ) -> Result<Self, FileError> {
        let file = SharedPieces::default();
        let mut encoder = png::Encoder::new(file.clone(), width, height);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        encoder.set_compression(Compression::Fast);
        encoder.set_animated(settings.frames.max(1), 0)?;
        encoder.set_frame_delay(settings.delay, 1000)?;
        encoder.set_blend_op(BlendOp::Source)?;
        Ok(ApngWriter { writer: encoder.write_header()?, file })
    }

    pub(super) async fn add(&mut self, picture: &Picture, slice: &Slice) -> Result<(), FileError> {
        // The encoder's streams do not begin a new one for each frame, so a frame is written in one
        // go.
        self.writer.write_image_data(picture.bytes())?;
        slice.spend(1).await;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Pieces, FileError> {
        self.writer.finish()?;
        Ok(self.file.take())
    }
}
