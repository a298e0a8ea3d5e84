//! Pictures: a PNG becomes a layer one voxel thick that stands upright and is seen from the front; and
//! `png slices`, the layers of a volume side by side in one PNG, both ways.
//!
//! Slices have pixel (x + z * width, y) for voxel (x, y, z), counted from the canvas' lowest corner. A
//! text chunk in the file tells the size and the corner, so that it is read back in place. Without it
//! a picture is only read as slices if the format is named, and then slices are as wide as high.
//! A rendered picture of a document is not a file format: that is the renderer's work.

use std::io::Write;

use png::{Compression, StreamWriter};

use super::builder::{Allowance, VolumeBuilder};
use super::bytes::{Bytes, FileBytes};
use super::image::{self, Decoding, Raster};
use super::merged::merged;
use super::steps::{Advance, Steps};
use super::wide::WideWriter;
use super::{
    FormatError, Loaded, ReadJob, ReadOptions, WriteJob, WriteOptions, Written, canvas_around,
};
use crate::document::{Document, Layer, LayerId};
use crate::job::pieces::SharedPieces;
use crate::voxel::{Bounds, Point, Volume};

const NAME: &str = "png";
const SLICES: &str = "png slices";
/// The keyword of the text chunk that tells about slices: width, depth, height, then x, y, z.
const KEYWORD: &str = "goxel-slices";
/// The most pixels that are written.
const PIXELS_MAX: u64 = 1 << 26;

pub(super) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

pub(super) fn reader(bytes: FileBytes, options: ReadOptions) -> ReadJob {
    Box::new(Steps(Reader::new(bytes, options, false)))
}

pub(super) fn slices_reader(bytes: FileBytes, options: ReadOptions) -> ReadJob {
    Box::new(Steps(Reader::new(bytes, options, true)))
}

struct Reader {
    stage: Stage,
    options: ReadOptions,
    allowance: Allowance,
    as_slices: bool,
    builder: VolumeBuilder,
    volume: Volume,
}

/// What is done with a file, in this order.
enum Stage {
    Ready(FileBytes),
    Decoding(Box<Decoding<FileBytes>>),
    /// The pixels up to `next` are voxels.
    Placing {
        picture: Raster,
        slices: Option<Slices>,
        next: usize,
    },
    Over,
}

/// Pixels that become voxels in one unit of work; each sixteen of them may get the memory for a block.
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

impl Reader {
    fn new(bytes: FileBytes, options: ReadOptions, as_slices: bool) -> Self {
        let (stage, allowance) = (Stage::Ready(bytes), Allowance::new(options.limits));
        let (builder, volume) = (VolumeBuilder::new(), Volume::new());
        Reader { stage, options, allowance, as_slices, builder, volume }
    }

    fn start_to_decode(&self, bytes: FileBytes) -> Result<Stage, FormatError> {
        let limits = self.options.limits;
        image::check_size(&bytes, ("max_picture_pixels", limits.max_picture_pixels))?;
        // Its pixels take memory as voxels do.
        image::check_size(&bytes, ("max_voxel_bytes", limits.max_voxel_bytes / 4))?;
        let decoding = Decoding::start(bytes, u64::MAX).map_err(invalid)?;
        Ok(Stage::Decoding(Box::new(decoding)))
    }

    fn decode_some(&self, mut decoding: Box<Decoding<FileBytes>>) -> Result<Stage, FormatError> {
        if decoding.advance().map_err(invalid)? {
            return Ok(Stage::Decoding(decoding));
        }
        let told = decoding.text(KEYWORD).and_then(|text| Slices::parse(&text));
        let picture = decoding.into_raster();
        let told = told.filter(|slices| slices.fits(&picture));
        let slices = match (told, self.as_slices) {
            (Some(slices), _) => Some(slices),
            (None, false) => None,
            (None, true) => Some(Slices::guess(&picture).ok_or_else(|| {
                let (width, height) = (picture.width, picture.height);
                let what = format!("slices in a picture of {width} x {height}");
                let expected = "a width that is a multiple of the height";
                Bytes::new(&[], NAME).invalid(what, expected)
            })?),
        };
        Ok(Stage::Placing { picture, slices, next: 0 })
    }

    /// Makes some pixels voxels; how many.
    fn place_some(
        &mut self,
        picture: &Raster,
        slices: Option<Slices>,
        first: usize,
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
            self.builder.set(point, color, &mut self.allowance)?;
        }
        Ok(pixels.len())
    }

    fn finish(&mut self, slices: Option<Slices>) -> Loaded {
        let name = self.options.name.take().unwrap_or_default();
        let mut layer = Layer::new(LayerId(1), if name.is_empty() { "Layer.1" } else { &name });
        layer.volume = std::mem::take(&mut self.volume);
        let told = slices.map(|slices| Bounds {
            min: slices.corner,
            max: [0, 1, 2].map(|axis| slices.corner[axis] + slices.size[axis]),
        });
        let canvas = told.unwrap_or_else(|| canvas_around(self.builder.bounds()));
        let format = if slices.is_some() { SLICES } else { NAME };
        let document = Document::with_layers(&name, canvas, vec![layer]);
        Loaded { document, format, warnings: Vec::new(), version: None }
    }
}

impl Slices {
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

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(bytes) => self.start_to_decode(bytes)?,
            Stage::Decoding(decoding) => self.decode_some(decoding)?,
            Stage::Placing { picture, slices, next } => {
                let placed = self.place_some(&picture, slices, next)?;
                if placed == 0 && !self.builder.move_block(&mut self.volume) {
                    return Ok(Some(self.finish(slices)));
                }
                Stage::Placing { picture, slices, next: next + placed }
            }
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    /// Decoding is the first half of the work.
    fn units(&self) -> (u64, u64) {
        match &self.stage {
            Stage::Decoding(decoding) => {
                let (done, total) = decoding.progress();
                (done, 2 * total)
            }
            Stage::Placing { picture, next, .. } => {
                let total = u64::from(picture.width) * u64::from(picture.height);
                (total + *next as u64, 2 * total)
            }
            Stage::Ready(_) | Stage::Over => (0, 0),
        }
    }
}

pub(super) fn slices_writer(document: Document, _options: WriteOptions) -> WriteJob {
    let canvas = document.canvas;
    merged(&document, move |volume| {
        let (size, out) = (canvas.dimensions(), SharedPieces::default());
        Box::new(Steps(Writer { volume, canvas, size, stream: None, out, next: 0, inside: 0 }))
    })
}

struct Writer {
    volume: Volume,
    canvas: Bounds,
    size: [i64; 3],
    stream: Option<Stream>,
    out: SharedPieces,
    /// The next pixel, row by row from the top, and how many before it show a voxel.
    next: i64,
    inside: u64,
}

/// Where the pixels go.
enum Stream {
    Rows(Box<StreamWriter<'static, SharedPieces>>),
    /// Rows that are too long for a unit of work.
    Wide(Box<WideWriter<SharedPieces>>),
}

impl Stream {
    fn write(&mut self, pixels: &[[u8; 4]]) -> Result<(), FormatError> {
        match self {
            Stream::Rows(rows) => rows.write_all(pixels.as_flattened()).map_err(cannot_encode),
            Stream::Wide(wide) => wide.write(pixels).map_err(cannot_encode),
        }
    }

    fn finish(self) -> Result<(), FormatError> {
        match self {
            Stream::Rows(rows) => rows.finish().map_err(cannot_encode),
            Stream::Wide(wide) => wide.finish().map_err(cannot_encode),
        }
    }
}

/// The error of an encoder, which writes to memory.
fn cannot_encode(error: impl std::fmt::Display) -> FormatError {
    FormatError::DoesNotFit { format: SLICES, what: error.to_string() }
}

impl Writer {
    fn start(&self) -> Result<Stream, FormatError> {
        let pixels = self.canvas.capacity();
        let [width, depth, height] = self.size;
        if pixels > u128::from(PIXELS_MAX) || width * height > i64::from(i32::MAX) {
            let what = format!("a picture of {pixels} pixels; at most {PIXELS_MAX} are written");
            return Err(FormatError::DoesNotFit { format: SLICES, what });
        }
        let [x, y, z] = self.canvas.min;
        let text = format!("{width} {depth} {height} {x} {y} {z}");
        let (columns, rows) = ((width * height) as u32, depth as u32);
        let mut encoder = image::encoder(self.out.clone(), columns, rows, Compression::Fast);
        let text = encoder.add_text_chunk(KEYWORD.to_owned(), text);
        let header = text.and_then(|()| encoder.write_header()).map_err(cannot_encode)?;
        if 4 * columns as usize > image::WIDE {
            return Ok(Stream::Wide(Box::new(WideWriter::new(header, columns as usize))));
        }
        let stream = header.into_stream_writer_with_size(4 * WRITTEN_A_UNIT);
        stream.map(Box::new).map(Stream::Rows).map_err(cannot_encode)
    }

    /// The next pixels.
    fn next_pixels(&mut self, count: i64) -> Vec<[u8; 4]> {
        let [width, _, height] = self.size;
        let end = count.min(self.canvas.capacity() as i64 - self.next);
        let mut pixels = Vec::with_capacity(end as usize);
        for index in self.next..self.next + end {
            let at = [index % width, index / width / height, index / width % height];
            let at = [0, 1, 2].map(|axis| (self.canvas.min[axis] + at[axis]) as i32);
            let color = self.volume.get(at.into());
            self.inside += u64::from(!color.is_empty());
            pixels.push(color.bytes());
        }
        self.next += end;
        pixels
    }

    fn finish(&self) -> Written {
        let warnings = match self.volume.count() - self.inside {
            0 => Vec::new(),
            count => vec![format!("{count} voxels outside the canvas are left out")],
        };
        Written { content: self.out.take(), warnings, cache: Default::default() }
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        let Some(mut stream) = self.stream.take() else {
            self.stream = Some(self.start()?);
            return Ok(None);
        };
        let pixels = self.next_pixels(WRITTEN_A_UNIT as i64);
        if pixels.is_empty() {
            stream.finish()?;
            return Ok(Some(self.finish()));
        }
        stream.write(&pixels)?;
        self.stream = Some(stream);
        Ok(None)
    }

    /// In pixels.
    fn units(&self) -> (u64, u64) {
        (self.next as u64, self.canvas.capacity().min(u128::from(PIXELS_MAX)) as u64)
    }
}
