//! A picture written as PNG in slices: some rows are a unit of work.

use std::io::Write;

use png::EncodingError;

use super::picture::Picture;
use crate::job::pieces::{Pieces, SharedPieces};
use crate::job::{Progress, Slice};

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

impl PngFile {
    /// Encodes a picture.
    ///
    /// # Errors
    /// Only a picture without pixels cannot be a PNG.
    pub async fn encode(picture: &Picture, slice: &Slice) -> Result<PngFile, EncodingError> {
        let file = SharedPieces::default();
        let writer = picture.png_encoder(file.clone()).write_header()?;
        let mut writer = writer.into_stream_writer_with_size(PIECE)?;
        let total = picture.bytes().len() as u64;
        slice.spend(1).await;
        for (count, piece) in (0..).zip(picture.bytes().chunks(PIECE)) {
            slice.progress(Progress { done: count * PIECE as u64, total });
            writer.write_all(piece)?;
            slice.spend(1).await;
        }
        writer.finish()?;
        Ok(PngFile { width: picture.width(), height: picture.height(), bytes: file.take() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Job, Step, Work};
    use crate::render::{RenderSettings, drawing};
    use crate::voxel::{Point, Rgba, Volume};

    #[test]
    fn a_picture_encoded_in_slices_has_the_pixels_of_one_drawn_at_once() {
        let mut volume = Volume::new();
        (0..9).for_each(|i| _ = volume.set(Point::new(i, i * i % 5, i % 2), Rgba::WHITE));
        let settings = RenderSettings { width: 333, height: 111, ..Default::default() };
        let picture = drawing(volume, settings).unwrap().finish();
        let encoded = picture.clone();
        let mut work = Work::new(|slice| async move { PngFile::encode(&encoded, &slice).await });
        let mut slices = 0;
        let file = loop {
            slices += 1;
            if let Step::Done(file) = work.step(&mut Budget::units(1)) {
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
