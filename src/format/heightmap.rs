//! Height maps: a grey picture that tells how high each column is, 1 to 255, and a picture of the
//! columns' colours beside it, `NAME_color.png` for `NAME.png`. Seen from above, north up: the
//! first row of pixels is the farthest.
//!
//! A text chunk in the file tells the lowest corner, so that it is read back in place.

use std::io::Write;

use png::Compression;

use super::beside::read_beside;
use super::builder::{Allowance, VolumeBuilder};
use super::bytes::{Bytes, FileBytes};
use super::dense::Cells;
use super::fidelity::{Kind, Report};
use super::image::{self, Decoding};
use super::{
    Beside, FormatError, Loaded, Pieces, ReadOptions, WriteOptions, Written, canvas_around,
};
use crate::document::{Document, Layer, LayerId};
use crate::job::Slice;
use crate::job::pieces::SharedPieces;
use crate::plain_words::in_words;
use crate::voxel::{Point, Rgba};

const NAME: &str = "heightmap";
/// The keyword of the text chunk that tells the lowest corner: x, y, z.
const KEYWORD: &str = "goxel-heights";
const CELLS_MAX: u64 = 1 << 29;
const HEIGHT_MAX: i64 = 255;
/// Columns that are filled in one unit of work.
const COLUMNS_A_UNIT: usize = 64;

fn colors_beside(stem: &str) -> String {
    format!("{stem}_color.png")
}

fn invalid(found: impl Into<String>) -> FormatError {
    Bytes::new(&[], NAME).invalid(found, "a PNG picture of heights")
}

pub(super) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let limits = options.limits;
    image::check_size(&bytes, ("max_picture_pixels", limits.max_picture_pixels))?;
    image::check_size(&bytes, ("max_voxel_bytes", limits.max_voxel_bytes / 4))?;
    let mut decoding = Decoding::start(bytes, u64::MAX).map_err(invalid)?;
    while decoding.advance().map_err(invalid)? {
        slice.spend(1).await;
    }
    let corner = decoding.text(KEYWORD).and_then(|text| {
        let numbers: Option<Vec<i32>> = text.split(' ').map(|word| word.parse().ok()).collect();
        <[i32; 3]>::try_from(numbers?).ok()
    });
    let heights = decoding.into_raster();
    let (width, depth) = (heights.width as usize, heights.height as usize);
    let corner = corner.unwrap_or([-(width as i32 / 2), -(depth as i32 / 2), 0]);
    let mut report = Report::default();
    let name = options.name.clone().unwrap_or_default();
    let beside = read_beside(options.directory.as_ref(), &colors_beside(&name), &slice).await?;
    let colors = match beside {
        Some(bytes) => image::decode_any(bytes, limits.max_picture_pixels, &slice).await.ok(),
        None => None,
    };
    let colors =
        colors.filter(|colors| (colors.width, colors.height) == (heights.width, heights.height));
    if colors.is_none() {
        let file = colors_beside(&name);
        report.warn(format!("there is no {file} of the same size beside it: columns are grey"));
    }
    let (mut allowance, mut builder) = (Allowance::new(limits), VolumeBuilder::new());
    for pixel in 0..width * depth {
        let height = heights.pixel(pixel);
        let color = colors.as_ref().map_or(Rgba { a: 255, ..height }, |colors| colors.pixel(pixel));
        if !height.is_empty() && !color.is_empty() {
            let x = corner[0].saturating_add((pixel % width) as i32);
            let y = corner[1].saturating_add((depth - 1 - pixel / width) as i32);
            for z in 0..i32::from(height.r) {
                let at = Point::new(x, y, corner[2].saturating_add(z));
                builder.set(at, color, &mut allowance)?;
            }
        }
        if pixel % COLUMNS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    let mut layer = Layer::new(LayerId(1), if name.is_empty() { "Layer.1" } else { &name });
    while builder.move_block(&mut layer.volume) {
        slice.spend(1).await;
    }
    let document = Document::with_layers(&name, canvas_around(builder.bounds()), vec![layer]);
    Ok(Loaded::new(document, NAME, report))
}

/// A column as it is seen from above.
#[derive(Clone, Copy, Default)]
struct Column {
    height: u8,
    top: Rgba,
}

pub(super) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, NAME, CELLS_MAX, &slice).await?;
    let [width, depth, height] = cells.bounds.dimensions();
    let too_wide = width > i64::from(image::WIDTH_MAX) || depth > i64::from(image::WIDTH_MAX);
    if height > HEIGHT_MAX || too_wide {
        let what = format!("a box of {width} x {depth} x {height}; {HEIGHT_MAX} high at most");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let mut columns = vec![Column::default(); (width * depth) as usize];
    let (mut hollow, mut others) = (0u64, 0u64);
    let (mut voxels, mut below) = (0i64, Vec::new());
    let put = |color: Rgba, [x, y, z]: [i64; 3]| {
        if z == 0 {
            voxels = 0;
            below.clear();
        }
        let column = &mut columns[((depth - 1 - y) * width + x) as usize];
        if !color.is_empty() {
            *column = Column { height: z as u8 + 1, top: color };
            voxels += 1;
            below.push(color);
        }
        if z + 1 == height {
            hollow += (i64::from(column.height) - voxels) as u64;
            others += below.iter().filter(|&&other| other != column.top).count() as u64;
        }
    };
    cells.visit([1, 0, 2], put, &slice).await;
    let mut report = Report::default();
    report.lose(
        Kind::Alpha,
        hollow,
        in_words(hollow, ["empty cell", "empty cells"]) + " below the surface made solid",
    );
    let said = ["voxel below the surface gets", "voxels below the surface get"];
    let note = in_words(others, said) + " the colour above";
    report.lose(Kind::Color, others, note);
    let [x, y, z] = cells.bounds.min;
    let (wide, high) = (width as u32, depth as u32);
    let row = |row: usize| &columns[row * width as usize..][..width as usize];
    let gray = |Column { height, .. }: &Column| {
        [*height, *height, *height, u8::MAX * u8::from(*height > 0)]
    };
    let text = Some(format!("{x} {y} {z}"));
    let heights =
        picture([wide, high], text, |y| row(y).iter().map(gray).collect(), &slice).await?;
    let mut written = Written::new(heights, Report::default());
    match &options.stem {
        Some(stem) => {
            let color = |column: &Column| column.top.bytes();
            let colors = |y| row(y).iter().map(color).collect();
            let content = picture([wide, high], None, colors, &slice).await?;
            written.beside.push(Beside { name: colors_beside(stem), content });
        }
        None => {
            let count = columns.iter().filter(|column| column.height > 0).count() as u64;
            report.lose(Kind::Color, count, "there is no place for the picture of colours");
        }
    }
    (written.warnings, written.lost) = (report.warnings, report.lost);
    Ok(written)
}

/// A picture whose rows are made one after the other.
async fn picture(
    [width, height]: [u32; 2],
    text: Option<String>,
    row: impl Fn(usize) -> Vec<[u8; 4]>,
    slice: &Slice,
) -> Result<Pieces, FormatError> {
    let failed = |error: &dyn std::fmt::Display| FormatError::DoesNotFit {
        format: NAME,
        what: error.to_string(),
    };
    let out = SharedPieces::default();
    let mut encoder = image::encoder(out.clone(), width, height, Compression::Fast);
    if let Some(text) = text {
        encoder.add_text_chunk(KEYWORD.to_owned(), text).map_err(|error| failed(&error))?;
    }
    let header = encoder.write_header().map_err(|error| failed(&error))?;
    let stream = header.into_stream_writer_with_size(1 << 16);
    let mut stream = stream.map_err(|error| failed(&error))?;
    for y in 0..height as usize {
        stream.write_all(row(y).as_flattened()).map_err(|error| failed(&error))?;
        slice.spend(1).await;
    }
    stream.finish().map_err(|error| failed(&error))?;
    Ok(out.take())
}
