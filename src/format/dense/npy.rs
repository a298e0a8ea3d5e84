//! `.npy` and `.npz` of NumPy: bytes `[x, y, z, channel]` of RGBA, or numbers of a palette
//! `[x, y, z]`, which an `.npz` holds as `palette` beside `voxels`.

use super::Cells;
use crate::document::{Document, Palette};
use crate::format::bytes::{Bytes, FileBytes, Put};
use crate::format::fidelity::{Kind, Report};
use crate::format::import::{Sink, finish_read, standing};
use crate::format::quantise::{ColorCounts, Numbers, choose};
use crate::format::zip::{ZipWriter, read_entry};
use crate::format::{FormatError, Loaded, MeshColors, Pieces, ReadOptions, WriteOptions, Written};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

const NPY: &str = "npy";
const NPZ: &str = "npz";
const CELLS_MAX: u64 = 1 << 29;
const MAGIC: &[u8; 6] = b"\x93NUMPY";

pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The head of an array of bytes.
fn head(shape: &[i64]) -> Vec<u8> {
    let list: Vec<String> = shape.iter().map(i64::to_string).collect();
    let list = list.join(", ");
    let mut text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({list},), }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut out = MAGIC.to_vec();
    out.put(&[1, 0]);
    out.put(&(text.len() as u16).to_le_bytes());
    out.put(text.as_bytes());
    out
}

/// The array of voxels, and its palette if it has one.
async fn arrays(
    document: &Document,
    options: &WriteOptions,
    format: &'static str,
    report: &mut Report,
    slice: &Slice,
) -> Result<(Pieces, Option<Vec<[u8; 3]>>), FormatError> {
    let cells = Cells::of(document, format, CELLS_MAX, slice).await?;
    let size = cells.bounds.dimensions();
    let mut out = Pieces::new();
    if options.export.colors != Some(MeshColors::Palette) {
        out.put(&head(&[size[0], size[1], size[2], 4]));
        let put = |color: Rgba, _| out.put(&if color.is_empty() { [0; 4] } else { color.bytes() });
        cells.visit([0, 1, 2], put, slice).await;
        return Ok((out, None));
    }
    let mut counts = ColorCounts::default();
    cells.visit([0, 1, 2], |color, _| counts.add(color, 1), slice).await;
    let chosen = choose(counts, Vec::new(), 255, slice).await;
    let changed = if chosen.error > 0 { chosen.colors as u64 } else { 0 };
    report.lose(
        Kind::Color,
        changed,
        format!(
            "{} written as one of 255 (RMS {:.1})",
            in_words(changed, ["colour is", "colours are"]),
            chosen.rms()
        ),
    );
    report.lose_alpha(chosen.translucent);
    let palette = chosen.palette.clone();
    let mut numbers = Numbers::new(chosen.index);
    out.put(&head(&size));
    cells.visit([0, 1, 2], |color, _| out.put(&[numbers.of(color)]), slice).await;
    Ok((out, Some(palette)))
}

pub(in crate::format) async fn write_npy(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut report = Report::default();
    let (array, palette) = arrays(&document, &options, NPY, &mut report, &slice).await?;
    let count = palette.map_or(0, |palette| palette.len() as u64);
    report.lose(Kind::Color, count, "an .npy file has no place for the palette; .npz has");
    Ok(Written::new(array, report))
}

pub(in crate::format) async fn write_npz(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut report = Report::default();
    let (array, palette) = arrays(&document, &options, NPZ, &mut report, &slice).await?;
    let mut zip = ZipWriter::default();
    zip.add("voxels.npy", &array, &slice).await;
    if let Some(palette) = palette {
        // Number 0 is no voxel.
        let mut rows = head(&[palette.len() as i64 + 1, 4]);
        rows.put(&[0; 4]);
        palette.iter().for_each(|&[r, g, b]| rows.put(&[r, g, b, 255]));
        zip.add("palette.npy", &rows.into(), &slice).await;
    }
    Ok(Written::new(zip.finish(), report))
}

/// An array of bytes: its shape, and where its bytes begin.
fn parse(file: &[u8], format: &'static str) -> Result<(Vec<i64>, usize), FormatError> {
    let mut bytes = Bytes::new(file, format);
    if bytes.take(6, "the magic")? != MAGIC {
        return Err(bytes.invalid_at(0, "another magic", "\"\\x93NUMPY\""));
    }
    let version = bytes.u8("the version")?;
    bytes.u8("the version")?;
    let length = match version {
        1 => usize::from(bytes.u8("a length")?) | usize::from(bytes.u8("a length")?) << 8,
        _ => bytes.length("a length")?,
    };
    let text = String::from_utf8_lossy(bytes.take(length, "the head")?).replace('"', "'");
    let is_bytes =
        ["'|u1'", "'u1'", "'|b1'", "'<u1'", "'|i1'"].iter().any(|kind| text.contains(kind));
    if !is_bytes || text.replace(' ', "").contains("'fortran_order':True") {
        return Err(bytes.invalid_at(10, "another array", "an array of bytes (|u1) in C order"));
    }
    let shape = text.split_once("'shape'").and_then(|(_, rest)| rest.split_once('('));
    let shape = shape.and_then(|(_, rest)| rest.split_once(')')).map(|(shape, _)| shape);
    let numbers: Option<Vec<i64>> = shape.map(|shape| {
        let words = shape.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.filter_map(|word| word.parse().ok()).collect()
    });
    let numbers = numbers.unwrap_or_default();
    let count = numbers.iter().try_fold(1i64, |all, &edge| all.checked_mul(edge.max(0)));
    let room = bytes.remaining() as i64;
    if count != Some(room) {
        let expected = format!("{room} bytes, as many as follow");
        return Err(bytes.invalid_at(10, "an array of another size", expected));
    }
    Ok((numbers, bytes.position()))
}

pub(in crate::format) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    read_array(&bytes, None, NPY, options, slice).await
}

pub(in crate::format) async fn read_npz(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let max = options.limits.max_voxel_bytes;
    let none = || Bytes::new(&[], NPZ).invalid("an archive without voxels", "voxels.npy in it");
    let voxels = match read_entry(&bytes, "voxels.npy", max, &slice).await {
        None => read_entry(&bytes, ".npy", max, &slice).await,
        voxels => voxels,
    };
    let voxels = FileBytes::from(voxels.ok_or_else(none)?);
    let palette = match read_entry(&bytes, "palette.npy", 1 << 20, &slice).await {
        Some(rows) => {
            let (shape, start) = parse(&rows, NPZ)?;
            let width = shape.last().copied().unwrap_or(0);
            let row = |row: &[u8]| match *row {
                [r, g, b] => Rgba::opaque(r, g, b),
                [r, g, b, a] => Rgba::new(r, g, b, a),
                _ => Rgba::EMPTY,
            };
            Some(rows[start..].chunks(width.max(1) as usize).map(row).collect())
        }
        None => None,
    };
    read_array(&voxels, palette, NPZ, options, slice).await
}

/// The colour that a number has without a palette: a grey.
fn gray(number: u8) -> Rgba {
    Rgba::opaque(number, number, number)
}

async fn read_array(
    file: &FileBytes,
    palette: Option<Vec<Rgba>>,
    format: &'static str,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let (shape, start) = parse(file, format)?;
    let (size, channels) = match shape[..] {
        [x, y, z] => ([x, y, z], 1),
        [x, y, z, channels @ (1 | 3 | 4)] => ([x, y, z], channels as usize),
        _ => {
            let what = format!("an array of {} axes", shape.len());
            let expected = "x, y, z, or x, y, z and 3 or 4 channels";
            return Err(Bytes::new(&[], format).invalid(what, expected));
        }
    };
    let mut sink = Sink::of(&options);
    let [width, depth, height] = size;
    let corner = standing(size);
    let cells = file[start..].chunks(channels);
    for (index, cell) in (0i64..).zip(cells) {
        let color = match *cell {
            [0] => Rgba::EMPTY,
            [number] => match &palette {
                Some(palette) => palette.get(usize::from(number)).copied().unwrap_or(gray(number)),
                None => gray(number),
            },
            [r, g, b] => Rgba::new(r, g, b, if r | g | b == 0 { 0 } else { 255 }),
            [r, g, b, a] => Rgba::new(r, g, b, a),
            _ => Rgba::EMPTY,
        };
        if !color.is_empty() {
            let at =
                [index / height / depth % width.max(1), index / height % depth, index % height];
            sink.set([0, 1, 2].map(|axis| corner[axis] + at[axis]), color)?;
        }
        if index % 2048 == 0 {
            slice.spend(1).await;
        }
    }
    sink.palette = palette.map(|colors| Palette::of_colors("", colors.into_iter().skip(1)));
    finish_read(sink, format, options, &slice).await
}
