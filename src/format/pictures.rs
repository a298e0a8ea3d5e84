//! Pictures other than PNG, as layers and as textures: JPEG, WebP, and GIF with its frames.
//!
//! Their decoders know no pauses, so helpers run them, away from the thread that serves.

use std::io::{self, Cursor};
use std::path::Path;

use png::ColorType;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::builder::{Allowance, VolumeBuilder};
use super::bytes::{Bytes, FileBytes};
use super::fidelity::{Kind, Report};
use super::image::{Raster, WIDTH_MAX};
use super::{FormatError, Loaded, ReadOptions, canvas_around, too_many_layers};
use crate::disk;
use crate::document::{Document, Layer, LayerId};
use crate::job::Slice;
use crate::memory;
use crate::plain_words::in_words;
use crate::voxel::{Bounds, Point};

/// Pixels that become voxels in one unit of work; each sixteen of them may get the memory for a
/// block.
const PLACED_A_UNIT: usize = 1 << 11;

/// What a picture is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Picture {
    Gif,
    Jpeg,
    Webp,
}

impl Picture {
    /// What bytes are, by how they begin.
    pub(crate) fn of(bytes: &[u8]) -> Option<Picture> {
        let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        match bytes {
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Picture::Gif),
            [0xff, 0xd8, 0xff, ..] => Some(Picture::Jpeg),
            _ => is_webp.then_some(Picture::Webp),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Picture::Gif => "gif",
            Picture::Jpeg => "jpeg",
            Picture::Webp => "webp",
        }
    }
}

/// The frames of a picture, of which there is one if it does not move.
struct Frames {
    frames: Vec<Raster>,
    /// Frames that are not among them.
    left_out: u64,
}

/// Decodes a picture that is no PNG; its first frame, or all.
async fn decode_frames(
    kind: Picture,
    bytes: Vec<u8>,
    max_pixels: u64,
    all: bool,
    slice: &Slice,
) -> Result<Frames, String> {
    let decoded = disk::run(slice, Path::new("a picture"), move |note| {
        note.step("decode")?;
        let decoded = match kind {
            Picture::Gif => gif_frames(&bytes, max_pixels, all),
            Picture::Jpeg => jpeg(&bytes, max_pixels).map(Pixels::alone),
            Picture::Webp => webp(&bytes, max_pixels).map(Pixels::alone),
        };
        decoded.map_err(|found| io::Error::new(io::ErrorKind::InvalidData, found))
    });
    let (pixels, left_out) = decoded.await.map_err(|error| error.to_string())?;
    let frames = pixels.into_iter().map(Pixels::into_raster).collect();
    Ok(Frames { frames, left_out })
}

/// Decodes a picture that is no PNG, the first frame if it moves.
pub(crate) async fn decode(
    kind: Picture,
    bytes: Vec<u8>,
    max_pixels: u64,
    slice: &Slice,
) -> Result<Raster, String> {
    let frames = decode_frames(kind, bytes, max_pixels, false, slice).await?.frames;
    frames.into_iter().next().ok_or_else(|| "a picture without a frame".to_owned())
}

/// Pixels on their way from a helper.
struct Pixels {
    width: u32,
    height: u32,
    color: ColorType,
    raw: Vec<u8>,
}

impl Pixels {
    fn alone(self) -> (Vec<Pixels>, u64) {
        (vec![self], 0)
    }

    fn into_raster(self) -> Raster {
        Raster::new(self.width, self.height, self.color, self.raw)
    }
}

fn check_size(width: usize, height: usize, max_pixels: u64) -> Result<(u32, u32), String> {
    let count = width as u64 * height as u64;
    if count > max_pixels || width > WIDTH_MAX as usize || count == 0 {
        return Err(format!("a picture of {width} x {height} pixels (at most {max_pixels})"));
    }
    memory::probe(4 * count as usize).map_err(|refused| refused.to_string())?;
    Ok((width as u32, height as u32))
}

fn jpeg(bytes: &[u8], max_pixels: u64) -> Result<Pixels, String> {
    let most = WIDTH_MAX as usize;
    let options = DecoderOptions::default().set_max_width(most).set_max_height(most);
    let options = options.jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("a picture without a size")?;
    let (width, height) = check_size(width, height, max_pixels)?;
    let raw = decoder.decode().map_err(|error| error.to_string())?;
    if raw.len() != 3 * width as usize * height as usize {
        return Err(format!("{} bytes of pixels", raw.len()));
    }
    Ok(Pixels { width, height, color: ColorType::Rgb, raw })
}

fn webp(bytes: &[u8], max_pixels: u64) -> Result<Pixels, String> {
    let decoder = image_webp::WebPDecoder::new(Cursor::new(bytes));
    let mut decoder = decoder.map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize, max_pixels)?;
    let length = decoder.output_buffer_size().ok_or("a picture too large")?;
    let mut raw = vec![0; length];
    decoder.read_image(&mut raw).map_err(|error| error.to_string())?;
    let color = if decoder.has_alpha() { ColorType::Rgba } else { ColorType::Rgb };
    Ok(Pixels { width, height, color, raw })
}

/// The frames of a GIF, each as it is seen, and how many are left out.
fn gif_frames(bytes: &[u8], max_pixels: u64, all: bool) -> Result<(Vec<Pixels>, u64), String> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let (wide, high) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let (width, height) = check_size(wide, high, max_pixels)?;
    let pixels = wide * high;
    let mut screen = vec![[0u8; 4]; pixels];
    let (mut frames, mut left_out) = (Vec::new(), 0);
    let most = max_pixels as usize / pixels;
    while let Some(frame) = decoder.read_next_frame().map_err(|error| error.to_string())? {
        if frames.len() >= if all { most } else { 1 } {
            left_out += 1;
            continue;
        }
        let before = screen.clone();
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        let (columns, rows) = (usize::from(frame.width), usize::from(frame.height));
        let place = |index: usize| {
            let (x, y) = (left + index % columns.max(1), top + index / columns.max(1));
            (x < wide && y < high).then_some(y * wide + x)
        };
        for (index, pixel) in frame.buffer.as_chunks::<4>().0.iter().enumerate() {
            if let Some(place) = place(index).filter(|_| pixel[3] > 0) {
                screen[place] = *pixel;
            }
        }
        let raw = screen.as_flattened().to_vec();
        memory::probe(raw.len()).map_err(|refused| refused.to_string())?;
        frames.push(Pixels { width, height, color: ColorType::Rgba, raw });
        match frame.dispose {
            gif::DisposalMethod::Background => {
                for place in (0..columns * rows).filter_map(place) {
                    screen[place] = [0; 4];
                }
            }
            gif::DisposalMethod::Previous => screen = before,
            _ => {}
        }
    }
    Ok((frames, left_out))
}

pub(super) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let invalid = |found: String| {
        Bytes::new(&[], "picture").invalid(found, "a picture, whole: GIF, JPEG or WebP")
    };
    let kind = Picture::of(&bytes).ok_or_else(|| invalid("no picture".to_owned()))?;
    let limits = options.limits;
    // Its pixels take memory as voxels do.
    let max = limits.max_picture_pixels.min(limits.max_voxel_bytes / 4);
    let all = options.frames;
    let decoded = decode_frames(kind, bytes.to_vec(), max, all, &slice).await;
    let Frames { frames, left_out } = decoded.map_err(invalid)?;
    if frames.len() > limits.max_file_layers {
        return Err(too_many_layers(frames.len() as u64, limits.max_file_layers));
    }
    let mut report = Report::default();
    report.lose(
        Kind::Frame,
        left_out,
        in_words(left_out, ["further frame is left out", "further frames are left out"]),
    );
    let name = options.name.unwrap_or_default();
    let (mut layers, mut bounds) = (Vec::new(), None);
    let mut allowance = Allowance::new(limits);
    for (number, frame) in (1..).zip(&frames) {
        let mut builder = VolumeBuilder::new();
        place(frame, &mut builder, &mut allowance, &slice).await?;
        let title = match (frames.len(), name.is_empty()) {
            (1, false) => name.clone(),
            _ => format!("Layer.{number}"),
        };
        let mut layer = Layer::new(LayerId(number), &title);
        layer.visible = number == 1;
        while builder.move_block(&mut layer.volume) {
            slice.spend(1).await;
        }
        bounds = Bounds::union_of(bounds, builder.bounds());
        layers.push(layer);
    }
    let document = Document::with_layers(&name, canvas_around(bounds), layers);
    Ok(Loaded::new(document, kind.name(), report))
}

/// Makes the pixels of a picture voxels that stand upright, seen from the front.
async fn place(
    picture: &Raster,
    builder: &mut VolumeBuilder,
    allowance: &mut Allowance,
    slice: &Slice,
) -> Result<(), FormatError> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    for first in (0..width * height).step_by(PLACED_A_UNIT) {
        let pixels = picture.pixels(first, PLACED_A_UNIT);
        for (index, &color) in (first..).zip(&pixels).filter(|(_, color)| !color.is_empty()) {
            let x = (index % width) as i64 - (width / 2) as i64;
            let z = (height - 1 - index / width) as i32;
            builder.set(Point::new(x as i32, 0, z), color, allowance)?;
        }
        slice.spend(1).await;
    }
    Ok(())
}
