//! `.txt`: one line `X Y Z RRGGBB` for each visible voxel, z up, as Goxel writes it.
//!
//! Lines that begin with `#` are comments. Reading also takes `#RRGGBB` and `RRGGBBAA`. Writing
//! gives the layers as they are seen, opaque.

use super::ascii::{BYTES_A_UNIT, Line, Lines, hex, integer, put_integer};
use super::builder::{Allowance, VolumeBuilder};
use super::fidelity::Report;
use super::merged::merged;
use super::{FormatError, Loaded, Pieces, ReadOptions, WriteOptions, Written, canvas_around};
use crate::document::{Document, Layer, LayerId};
use crate::format::bytes::FileBytes;
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockWalk, Point, Rgba, Volume};

const NAME: &str = "text";
const HEADER: &[u8] = b"# goxel-daemon\n# One line per voxel\n# X Y Z RRGGBB\n";

/// Whether the first line that is no comment is a voxel.
pub(super) fn detect(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    let is_comment = |line: &Line<'_>| line.text.is_empty() || line.text.starts_with(b"#");
    let first = Lines::new(start, 0, NAME).find(|line| !is_comment(line));
    first.is_some_and(|line| voxel(&line).is_some()) || bytes.starts_with(HEADER)
}

pub(super) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let mut allowance = Allowance::new(options.limits);
    let (mut builder, mut layer) = (VolumeBuilder::new(), Layer::new(LayerId(1), "Layer.1"));
    slice.expect(bytes.len() as u64);
    let mut at = 0;
    while at < bytes.len() {
        let mut lines = Lines::new(&bytes, at, NAME).within(BYTES_A_UNIT);
        for line in lines.by_ref() {
            if line.text.is_empty() || line.text.starts_with(b"# ") || line.text == b"#" {
                continue;
            }
            let (point, color) = voxel(&line).ok_or_else(|| {
                let expected = "X Y Z RRGGBB, for example '1 -2 3 ff8800', or '# comment'";
                line.misfit(0, fits, expected)
            })?;
            builder.set(point, color, &mut allowance)?;
        }
        let read = lines.position() - at;
        at += read;
        slice.count(read as u64);
        slice.spend(1).await;
    }
    while builder.move_block(&mut layer.volume) {
        slice.spend(1).await;
    }
    let canvas = canvas_around(builder.bounds());
    let document = Document::with_layers(&options.name.unwrap_or_default(), canvas, vec![layer]);
    Ok(Loaded::new(document, NAME, Report::default()))
}

fn voxel(line: &Line<'_>) -> Option<(Point, Rgba)> {
    let mut words = line.words();
    let mut number = || coordinate(words.next()?);
    let point = Point::new(number()?, number()?, number()?);
    let color = color(words.next()?)?;
    words.next().is_none().then_some((point, color))
}

fn coordinate(word: &[u8]) -> Option<i32> {
    i32::try_from(integer(word)?).ok()
}

fn color(word: &[u8]) -> Option<Rgba> {
    let word = word.strip_prefix(b"#").unwrap_or(word);
    let opaque = || hex(word).map(|[r, g, b]| Rgba::opaque(r, g, b));
    opaque().or_else(|| hex(word).map(|rgba: [u8; 4]| Rgba::from(rgba)))
}

/// Whether a word can be the one of that number in a voxel's line.
fn fits(number: usize, word: &[u8]) -> bool {
    if number < 3 { coordinate(word).is_some() } else { color(word).is_some() }
}

pub(super) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let volume = merged(&document, &slice).await;
    let (mut walk, mut content, mut translucent) = (BlockWalk::new(), Pieces::new(), 0);
    content.put(HEADER);
    slice.expect(volume.block_count() as u64);
    while let Some(at) = walk.next_in(&volume, &slice).await {
        translucent += write_block(&volume, at, &mut content);
        slice.advance(1).await;
    }
    let mut report = Report::default();
    report.lose_alpha(translucent);
    Ok(Written::new(content, report))
}

/// The most bytes that a voxel's line takes.
const LINE_MAX: usize = 3 * 12 + 7;

/// Writes the lines of a block; how many of its voxels let light through.
fn write_block(volume: &Volume, at: BlockPos, out: &mut Pieces) -> u64 {
    let Some(block) = volume.block(at) else { return 0 };
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    block.copy_to(&mut voxels);
    let (origin, mut translucent) = (at.origin().array(), 0);
    let out = out.room(LINE_MAX * block.count() as usize);
    for (index, color) in voxels.iter().enumerate().filter(|(_, color)| !color.is_empty()) {
        translucent += u64::from(color.a < 255);
        let cell = [index & 15, index >> 4 & 15, index >> 8].map(|value| value as i32);
        for (start, offset) in origin.into_iter().zip(cell) {
            put_integer(out, i64::from(start + offset));
            out.push(b' ');
        }
        put_hex(out, *color);
        out.push(b'\n');
    }
    translucent
}

fn put_hex(out: &mut Vec<u8>, color: Rgba) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for channel in [color.r, color.g, color.b] {
        out.push(DIGITS[usize::from(channel >> 4)]);
        out.push(DIGITS[usize::from(channel & 15)]);
    }
}
