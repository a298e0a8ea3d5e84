//! Files of one picture.

use std::io;
use std::path::Path;

use image_webp::{ColorType, WebPEncoder};

use super::png_file::{self, without_alpha};
use super::{FileError, FileKind, FileSettings, Picture, PictureFile};
use crate::disk;
use crate::job::Slice;
use crate::job::pieces::Pieces;

/// Encodes a picture.
pub(super) async fn encode(
    picture: Picture,
    settings: &FileSettings,
    slice: &Slice,
) -> Result<PictureFile, FileError> {
    let (width, height, kind) = (picture.width(), picture.height(), settings.kind);
    let bytes = match kind {
        FileKind::Jpeg => {
            let quality = settings.quality.clamp(1, 100);
            elsewhere(kind, slice, move || jpeg(&picture, quality)).await?
        }
        FileKind::WebP => elsewhere(kind, slice, move || webp(&picture)).await?,
        FileKind::Png | FileKind::Gif | FileKind::Apng => {
            return png_file::encode(&picture, slice).await;
        }
    };
    Ok(PictureFile { width, height, kind, frames: 1, samples: 0, bytes: Pieces::from(bytes) })
}

/// Has something encoded by a helper, while others have the loop.
pub(super) async fn elsewhere<T: Send + 'static>(
    kind: FileKind,
    slice: &Slice,
    encode: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, FileError> {
    let call = move |note: &disk::Note| {
        note.step("encode")?;
        encode().map_err(io::Error::other)
    };
    disk::run(slice, Path::new(kind.name()), call)
        .await
        .map_err(|error| FileError::other(kind, error))
}

fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    let pixels = over_white(picture);
    let done = encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb);
    done.map(|()| bytes).map_err(|error| error.to_string())
}

/// The pixels in front of white, without alpha.
fn over_white(picture: &Picture) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(picture.bytes().len() / 4 * 3);
    for &[r, g, b, a] in picture.bytes().as_chunks::<4>().0 {
        let over = |part: u8| {
            let (part, alpha) = (u32::from(part), u32::from(a));
            ((part * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        pixels.extend([over(r), over(g), over(b)]);
    }
    pixels
}

fn webp(picture: &Picture) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let is_opaque = picture.bytes().as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255);
    let (width, height) = (picture.width(), picture.height());
    let encoder = WebPEncoder::new(&mut bytes);
    let done = if is_opaque {
        let pixels: Vec<u8> = without_alpha(picture.bytes()).collect();
        encoder.encode(&pixels, width, height, ColorType::Rgb8)
    } else {
        encoder.encode(picture.bytes(), width, height, ColorType::Rgba8)
    };
    done.map(|()| bytes).map_err(|error| error.to_string())
}
