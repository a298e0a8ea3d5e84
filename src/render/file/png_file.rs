//! PNG in slices: some rows are a unit of work.

use std::io::Write;

use png::{BitDepth, ColorType, Compression, DeflateCompression, Filter};

use super::colors::Colors;
use super::{FileError, FileKind, Picture, PictureFile};
use crate::job::pieces::SharedPieces;
use crate::job::{Progress, Slice};

/// Bytes of pixels that are encoded in one go.
const PIECE: usize = 1 << 15;
/// How hard pictures of few colours are compressed: their rows repeat, and it costs little.
const PALETTE_LEVEL: u8 = 4;

/// Encodes a picture: with a palette if it has few colours, without alpha if it needs none.
pub(super) async fn encode(picture: &Picture, slice: &Slice) -> Result<PictureFile, FileError> {
    let colors = Colors::of(picture, slice).await;
    let (width, height) = (picture.width(), picture.height());
    let file = SharedPieces::default();
    let mut encoder = png::Encoder::new(file.clone(), width, height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    encoder.set_compression(Compression::Fast);
    match colors.palette() {
        Some(palette) => {
            encoder.set_color(ColorType::Indexed);
            let rgb: Vec<u8> =
                palette.iter().flat_map(|color| [color[0], color[1], color[2]]).collect();
            let alpha: Vec<u8> =
                palette.iter().map(|color| color[3]).take_while(|alpha| *alpha < 255).collect();
            encoder.set_palette(rgb);
            if !alpha.is_empty() {
                encoder.set_trns(alpha);
            }
            encoder.set_filter(Filter::NoFilter);
            encoder.set_deflate_compression(DeflateCompression::Level(PALETTE_LEVEL));
        }
        None if colors.is_opaque => encoder.set_color(ColorType::Rgb),
        None => encoder.set_color(ColorType::Rgba),
    }
    let mut writer = encoder.write_header()?.into_stream_writer_with_size(PIECE)?;
    let total = picture.bytes().len() as u64;
    slice.spend(1).await;
    let mut row = Vec::with_capacity(PIECE);
    for (count, piece) in (0..).zip(picture.bytes().chunks(PIECE)) {
        slice.progress(Progress { done: count * PIECE as u64, total });
        row.clear();
        match (colors.palette(), colors.is_opaque) {
            (Some(_), _) => colors.indexes(piece, &mut row),
            (None, true) => row.extend(without_alpha(piece)),
            (None, false) => row.extend_from_slice(piece),
        }
        writer.write_all(&row).map_err(png::EncodingError::from)?;
        slice.spend(1).await;
    }
    writer.finish()?;
    Ok(made([width, height], &file))
}

fn made([width, height]: [u32; 2], file: &SharedPieces) -> PictureFile {
    let bytes = file.take();
    PictureFile { width, height, kind: FileKind::Png, frames: 1, samples: 0, bytes }
}

/// The colours of pixels without their alpha.
pub(super) fn without_alpha(pixels: &[u8]) -> impl Iterator<Item = u8> + '_ {
    pixels.as_chunks::<4>().0.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
}

/// Encodes samples of 16 bits: one channel is grey, three are colours.
///
/// # Errors
/// Only a picture without pixels cannot be a PNG.
pub(crate) async fn encode_samples(
    [width, height]: [u32; 2],
    channels: usize,
    samples: &[u16],
    slice: &Slice,
) -> Result<PictureFile, FileError> {
    let file = SharedPieces::default();
    let mut encoder = png::Encoder::new(file.clone(), width, height);
    encoder.set_depth(BitDepth::Sixteen);
    encoder.set_color(if channels == 1 { ColorType::Grayscale } else { ColorType::Rgb });
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?.into_stream_writer_with_size(PIECE)?;
    for piece in samples.chunks(PIECE / 2) {
        let bytes: Vec<u8> = piece.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        writer.write_all(&bytes).map_err(png::EncodingError::from)?;
        slice.spend(1).await;
    }
    writer.finish()?;
    Ok(made([width, height], &file))
}
