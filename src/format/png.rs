//! Pictures: a PNG becomes a layer one voxel thick that stands upright and is seen from the front; and
//! `png slices`, the layers of a volume side by side in one PNG, both ways.
//!
//! Slices have pixel (x + z * width, y) for voxel (x, y, z), counted from the canvas' lowest corner. A
//! text chunk in the file tells the size and the corner, so that it is read back in place. Without it
//! a picture is only read as slices if the format is named, and then slices are as wide as high.
//! A rendered picture of a document is not a file format: that is the renderer's work.

use crate::format::bytes::FileBytes;
use png::Compression;

use super::builder::{Allowance, VolumeBuilder};
use super::bytes::Bytes;
use super::image::{self, Image};
use super::steps::{Advance, Steps};
use super::{
    FormatError, Loaded, ReadJob, ReadOptions, WriteJob, WriteOptions, Written, canvas_around,
};
use crate::document::{Document, Layer, LayerId};
use crate::voxel::{Bounds, Point, Volume};

const NAME: &str = "png";
const SLICES: &str = "png slices";
/// The keyword of the text chunk that tells about slices: width, depth, height, then x, y, z.
const KEYWORD: &str = "goxel-slices";
/// The most pixels that are read or written.
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
    bytes: FileBytes,
    options: ReadOptions,
    allowance: Allowance,
    as_slices: bool,
    image: Option<(Image, Option<Slices>)>,
    row: u32,
    builder: VolumeBuilder,
    volume: Volume,
}

/// How a volume lies in a picture of slices.
#[derive(Clone, Copy)]
struct Slices {
    size: [i64; 3],
    corner: [i64; 3],
}

impl Reader {
    fn new(bytes: FileBytes, options: ReadOptions, as_slices: bool) -> Self {
        let allowance = Allowance::new(options.limits);
        let (builder, volume) = (VolumeBuilder::new(), Volume::new());
        Reader { bytes, options, allowance, as_slices, image: None, row: 0, builder, volume }
    }

    fn decode(&mut self) -> Result<(), FormatError> {
        let bytes = Bytes::new(&self.bytes, NAME);
        let max_pixels = PIXELS_MAX.min(self.options.limits.max_voxel_bytes / 4);
        let image = image::decode(&self.bytes, max_pixels)
            .map_err(|found| bytes.invalid(found, "a PNG picture"))?;
        let told = image::text(&self.bytes, KEYWORD).and_then(|text| Slices::parse(&text));
        let told = told.filter(|slices| slices.fits(&image));
        let slices = match (told, self.as_slices) {
            (Some(slices), _) => Some(slices),
            (None, false) => None,
            (None, true) => Some(Slices::guess(&image).ok_or_else(|| {
                let what = format!("slices in a picture of {} x {}", image.width, image.height);
                bytes.invalid(what, "a width that is a multiple of the height")
            })?),
        };
        self.image = Some((image, slices));
        Ok(())
    }
}

impl Slices {
    fn parse(text: &str) -> Option<Slices> {
        let numbers: Option<Vec<i64>> = text.split(' ').map(|word| word.parse().ok()).collect();
        let [width, depth, height, x, y, z] = numbers?.try_into().ok()?;
        Some(Slices { size: [width, depth, height], corner: [x, y, z] })
    }

    fn fits(&self, image: &Image) -> bool {
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

    fn guess(image: &Image) -> Option<Slices> {
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
        let Some((image, slices)) = &self.image else {
            self.decode()?;
            return Ok(None);
        };
        if self.row < image.height {
            let (width, row) = (image.width as usize, self.row as usize);
            let pixels = &image.pixels[row * width..(row + 1) * width];
            for (column, &color) in pixels.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
                let (column, row) = (column as i64, row as i64);
                let point = match slices {
                    Some(slices) => slices.point(column, row),
                    None => {
                        let x = column - i64::from(image.width / 2);
                        Point::new(x as i32, 0, (i64::from(image.height) - 1 - row) as i32)
                    }
                };
                self.builder.set(point, color, &mut self.allowance)?;
            }
            self.row += 1;
            return Ok(None);
        }
        if self.builder.move_block(&mut self.volume) {
            return Ok(None);
        }
        let name = self.options.name.take().unwrap_or_default();
        let mut layer = Layer::new(LayerId(1), if name.is_empty() { "Layer.1" } else { &name });
        layer.volume = std::mem::take(&mut self.volume);
        let told = slices.map(|slices| Bounds {
            min: slices.corner,
            max: [0, 1, 2].map(|axis| slices.corner[axis] + slices.size[axis]),
        });
        let canvas = told.unwrap_or_else(|| canvas_around([&layer.volume].into_iter()));
        let format = if slices.is_some() { SLICES } else { NAME };
        let document = Document::with_layers(&name, canvas, vec![layer]);
        Ok(Some(Loaded { document, format, warnings: Vec::new(), version: None }))
    }

    fn units(&self) -> (u64, u64) {
        let height = self.image.as_ref().map_or(0, |(image, _)| image.height);
        (u64::from(self.row), u64::from(height))
    }
}

pub(super) fn slices_writer(document: Document, _options: WriteOptions) -> WriteJob {
    let canvas = document.canvas;
    let size = canvas.dimensions();
    Box::new(Steps(Writer { volume: document.merged(), canvas, size, z: 0, pixels: Vec::new() }))
}

struct Writer {
    volume: Volume,
    canvas: Bounds,
    size: [i64; 3],
    z: i64,
    pixels: Vec<u8>,
}

impl Writer {
    fn start(&mut self) -> Result<(), FormatError> {
        let pixels = self.canvas.capacity();
        let [width, _, height] = self.size;
        if pixels > u128::from(PIXELS_MAX) || width * height > i64::from(i32::MAX) {
            let what = format!("a picture of {pixels} pixels; at most {PIXELS_MAX} are written");
            return Err(FormatError::DoesNotFit { format: SLICES, what });
        }
        self.pixels = vec![0; 4 * pixels as usize];
        Ok(())
    }

    fn write_slice(&mut self) {
        let [width, depth, height] = self.size;
        let min = self.canvas.min;
        for y in 0..depth {
            let start = 4 * (y * width * height + self.z * width) as usize;
            let row = &mut self.pixels[start..start + 4 * width as usize];
            for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let at = [min[0] + x as i64, min[1] + y, min[2] + self.z].map(|v| v as i32);
                *pixel = self.volume.get(at.into()).bytes();
            }
        }
        self.z += 1;
    }

    fn finish(&mut self) -> Written {
        let [width, depth, height] = self.size;
        let [x, y, z] = self.canvas.min;
        let text = format!("{width} {depth} {height} {x} {y} {z}");
        let (columns, rows) = ((width * height) as u32, depth as u32);
        let bytes = image::encode_with_text(
            columns,
            rows,
            &self.pixels,
            Compression::Fast,
            Some((KEYWORD, &text)),
        );
        let inside = self.pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 0).count();
        let outside = self.volume.count() - inside as u64;
        let warnings = match outside {
            0 => Vec::new(),
            count => vec![format!("{count} voxels outside the canvas are left out")],
        };
        Written { content: bytes.into(), warnings, cache: Default::default() }
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        if self.pixels.is_empty() {
            self.start()?;
        } else if self.z < self.size[2] {
            self.write_slice();
        } else {
            return Ok(Some(self.finish()));
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.z as u64, self.size[2] as u64)
    }
}
