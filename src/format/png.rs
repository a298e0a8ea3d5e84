//! Pictures: a PNG becomes a layer one voxel thick that stands upright and is seen from the front;
//! and `png slices`, the layers of a volume side by side in one PNG, both ways.
//!
//! Slices have pixel (x + z * width, y) for voxel (x, y, z), counted from the canvas' lowest
//! corner. A text chunk in the file tells the size and the corner, so that it is read back in
//! place. Without it a picture is only read as slices if the format is named, and then slices are
//! as wide as high. A rendered picture of a document is not a file format: that is the renderer's
//! work.

use std::io::Write;

use png::{Compression, StreamWriter};

use super::builder::{Allowance, VolumeBuilder};
use super::bytes::{Bytes, FileBytes};
use super::fidelity::{Kind, Report};
use super::image::{self, Decoding, Raster};
use super::merged::merged;
use super::{FormatError, Loaded, ReadOptions, WriteOptions, Written, canvas_around};
use crate::document::{Document, Layer, LayerId};
use crate::job::pieces::SharedPieces;
use crate::job::{Progress, Slice};
use crate::plain_words::in_words;
use crate::voxel::{Bounds, Point, Rgba, Volume};

const NAME: &str = "png";
const SLICES: &str = "png slices";
/// The keyword of the text chunk that tells about slices: width, depth, height, then x, y, z.
const KEYWORD: &str = "goxel-slices";
/// The most pixels that are written.
const PIXELS_MAX: u64 = 1 << 26;

pub(super) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

/// Pixels that become voxels in one unit of work; each sixteen of them may get the memory for a
/// block.
const PLACED_A_UNIT: usize = 1 << 11;
/// Pixels that are written in one unit of work.
const WRITTEN_A_UNIT: usize = 1 << 12;

/// How a volume lies in a picture of slices.
#[derive(Clone, Copy)]
struct Slices {
    size: [i64; 3],
    corner: [i64; 3],
}

/// The error that a file is no picture.
fn invalid(found: String) -> FormatError {
    Bytes::new(&[], NAME).invalid(found, "a PNG picture")
}

pub(super) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    read_picture(bytes, options, false, &slice).await
}

pub(super) async fn read_slices(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    read_picture(bytes, options, true, &slice).await
}

/// Decoding is the first half of the work, placing the pixels the second.
async fn read_picture(
    bytes: FileBytes,
    options: ReadOptions,
    as_slices: bool,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let mut allowance = Allowance::new(options.limits);
    let limits = options.limits;
    image::check_size(&bytes, ("max_picture_pixels", limits.max_picture_pixels))?;
    // Its pixels take memory as voxels do.
    image::check_size(&bytes, ("max_voxel_bytes", limits.max_voxel_bytes / 4))?;
    let mut decoding = Decoding::start(bytes, u64::MAX).map_err(invalid)?;
    while decoding.advance().map_err(invalid)? {
        let (done, total) = decoding.progress();
        slice.progress(Progress { done, total: 2 * total });
        slice.spend(1).await;
    }
    let told = decoding.text(KEYWORD).and_then(|text| Slices::parse(&text));
    let picture = decoding.into_raster();
    let slices = Slices::of(&picture, told, as_slices)?;
    let mut builder = VolumeBuilder::new();
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    let mut first = 0;
    loop {
        let placed = place_some(&picture, slices, first, &mut builder, &mut allowance)?;
        if placed == 0 {
            break;
        }
        first += placed;
        slice.progress(Progress { done: pixels + first as u64, total: 2 * pixels });
        slice.spend(1).await;
    }
    let name = options.name.unwrap_or_default();
    let mut layer = Layer::new(LayerId(1), if name.is_empty() { "Layer.1" } else { &name });
    while builder.move_block(&mut layer.volume) {
        slice.spend(1).await;
    }
    let canvas = slices.map_or_else(|| canvas_around(builder.bounds()), |slices| slices.bounds());
    let format = if slices.is_some() { SLICES } else { NAME };
    let document = Document::with_layers(&name, canvas, vec![layer]);
    Ok(Loaded::new(document, format, Report::default()))
}

/// Makes some pixels voxels; how many.
fn place_some(
    picture: &Raster,
    slices: Option<Slices>,
    first: usize,
    builder: &mut VolumeBuilder,
    allowance: &mut Allowance,
) -> Result<usize, FormatError> {
    let (width, height) = (picture.width as usize, i64::from(picture.height));
    let pixels = picture.pixels(first, PLACED_A_UNIT);
    for (index, &color) in (first..).zip(&pixels).filter(|(_, color)| !color.is_empty()) {
        let (column, row) = ((index % width) as i64, (index / width) as i64);
        let point = match slices {
            Some(slices) => slices.point(column, row),
            None => {
                let x = column - (width / 2) as i64;
                Point::new(x as i32, 0, (height - 1 - row) as i32)
            }
        };
        builder.set(point, color, allowance)?;
    }
    Ok(pixels.len())
}

impl Slices {
    /// How a picture is read: as it tells itself, or as a guess if it has to be slices.
    fn of(
        picture: &Raster,
        told: Option<Slices>,
        must_be: bool,
    ) -> Result<Option<Slices>, FormatError> {
        let told = told.filter(|slices| slices.fits(picture));
        if told.is_some() || !must_be {
            return Ok(told);
        }
        let guess = Slices::guess(picture).ok_or_else(|| {
            let what = format!("slices in a picture of {} x {}", picture.width, picture.height);
            Bytes::new(&[], NAME).invalid(what, "a width that is a multiple of the height")
        });
        guess.map(Some)
    }

    fn bounds(&self) -> Bounds {
        let max = [0, 1, 2].map(|axis| self.corner[axis] + self.size[axis]);
        Bounds { min: self.corner, max }
    }

    fn parse(text: &str) -> Option<Slices> {
        let numbers: Option<Vec<i64>> = text.split(' ').map(|word| word.parse().ok()).collect();
        let [width, depth, height, x, y, z] = numbers?.try_into().ok()?;
        Some(Slices { size: [width, depth, height], corner: [x, y, z] })
    }

    fn fits(&self, image: &Raster) -> bool {
        let [width, depth, height] = self.size;
        let reach = |axis: usize| self.corner[axis].checked_add(self.size[axis]);
        let inside = (0..3).all(|axis| {
            self.size[axis] > 0
                && self.corner[axis] >= i64::from(i32::MIN)
                && reach(axis).is_some_and(|end| end <= i64::from(i32::MAX))
        });
        inside
            && width.checked_mul(height) == Some(i64::from(image.width))
            && depth == i64::from(image.height)
    }

    fn guess(image: &Raster) -> Option<Slices> {
        let (width, height) = (i64::from(image.width), i64::from(image.height));
        let count = width / height;
        let whole = width % height == 0 && count > 0;
        whole.then_some(Slices {
            size: [height, height, count],
            corner: [-(height / 2), -(height / 2), 0],
        })
    }

    fn point(&self, column: i64, row: i64) -> Point {
        let [width, _, _] = self.size;
        let at = [column % width, row, column / width];
        Point::from([0, 1, 2].map(|axis| (self.corner[axis] + at[axis]) as i32))
    }
}

pub(super) async fn write_slices(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let volume = merged(&document, &slice).await;
    let (canvas, out) = (document.canvas, SharedPieces::default());
    let mut stream = start_stream(canvas, out.clone())?;
    let pixels = canvas.capacity() as i64;
    slice.expect(pixels as u64);
    let (mut next, mut inside) = (0, 0);
    while next < pixels {
        let end = pixels.min(next + WRITTEN_A_UNIT as i64);
        let run: Vec<[u8; 4]> =
            (next..end).map(|index| color_at(&volume, canvas, index).bytes()).collect();
        inside += run.iter().filter(|pixel| pixel[3] > 0).count() as u64;
        stream.write_all(run.as_flattened()).map_err(cannot_encode)?;
        slice.count((end - next) as u64);
        slice.spend(1).await;
        next = end;
    }
    stream.finish().map_err(cannot_encode)?;
    let (outside, mut report) = (volume.count() - inside, Report::default());
    let said = ["voxel outside the canvas is left out", "voxels outside the canvas are left out"];
    report.lose(Kind::Alpha, outside, in_words(outside, said));
    Ok(Written::new(out.take(), report))
}

/// The error of an encoder, which writes to memory.
fn cannot_encode(error: impl std::fmt::Display) -> FormatError {
    FormatError::DoesNotFit { format: SLICES, what: error.to_string() }
}

fn start_stream(
    canvas: Bounds,
    out: SharedPieces,
) -> Result<StreamWriter<'static, SharedPieces>, FormatError> {
    let pixels = canvas.capacity();
    let [width, depth, height] = canvas.dimensions();
    if pixels > u128::from(PIXELS_MAX) || width * height > i64::from(image::WIDTH_MAX) {
        let most = image::WIDTH_MAX;
        let what = format!(
            "a picture of {pixels} pixels, {} a row; at most {PIXELS_MAX} are written, {most} a row",
            width * height
        );
        return Err(FormatError::DoesNotFit { format: SLICES, what });
    }
    let [x, y, z] = canvas.min;
    let text = format!("{width} {depth} {height} {x} {y} {z}");
    let (columns, rows) = ((width * height) as u32, depth as u32);
    let mut encoder = image::encoder(out, columns, rows, Compression::Fast);
    let text = encoder.add_text_chunk(KEYWORD.to_owned(), text);
    let header = text.and_then(|()| encoder.write_header()).map_err(cannot_encode)?;
    header.into_stream_writer_with_size(4 * WRITTEN_A_UNIT).map_err(cannot_encode)
}

/// The voxel of a pixel, counted row by row from the top.
fn color_at(volume: &Volume, canvas: Bounds, index: i64) -> Rgba {
    let [width, _, height] = canvas.dimensions();
    let at = [index % width, index / width / height, index / width % height];
    volume.get([0, 1, 2].map(|axis| (canvas.min[axis] + at[axis]) as i32).into())
}
