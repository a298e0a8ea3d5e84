//! `.txt`: one line `X Y Z RRGGBB` for each visible voxel, z up, as Goxel writes it.
//!
//! Lines that begin with `#` are comments. Reading also takes `#RRGGBB` and `RRGGBBAA`. Writing gives
//! the layers as they are seen, opaque.

use super::ascii::{BYTES_A_UNIT, Line, Lines, hex, integer, put_integer};
use super::builder::{Allowance, VolumeBuilder};
use super::merged::merged;
use super::steps::{Advance, Steps};
use super::{
    FormatError, Loaded, Pieces, ReadJob, ReadOptions, WriteJob, WriteOptions, Written,
    canvas_around,
};
use crate::document::{Document, Layer, LayerId};
use crate::format::bytes::FileBytes;
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

pub(super) fn reader(bytes: FileBytes, options: ReadOptions) -> ReadJob {
    let allowance = Allowance::new(options.limits);
    let (builder, volume) = (VolumeBuilder::new(), Volume::new());
    Box::new(Steps(Reader { bytes, at: 0, options, allowance, builder, volume }))
}

struct Reader {
    bytes: FileBytes,
    at: usize,
    options: ReadOptions,
    allowance: Allowance,
    builder: VolumeBuilder,
    volume: Volume,
}

fn voxel(line: &Line<'_>) -> Option<(Point, Rgba)> {
    let mut words = line.words();
    let mut coordinate = || i32::try_from(integer(words.next()?)?).ok();
    let point = Point::new(coordinate()?, coordinate()?, coordinate()?);
    let word = words.next()?;
    let word = word.strip_prefix(b"#").unwrap_or(word);
    let opaque = || hex(word).map(|[r, g, b]| Rgba::opaque(r, g, b));
    let color = opaque().or_else(|| hex(word).map(|rgba: [u8; 4]| Rgba::from(rgba)))?;
    words.next().is_none().then_some((point, color))
}

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        if self.at < self.bytes.len() {
            let mut lines = Lines::new(&self.bytes, self.at, NAME).within(BYTES_A_UNIT);
            for line in lines.by_ref() {
                if line.text.is_empty() || line.text.starts_with(b"# ") || line.text == b"#" {
                    continue;
                }
                let (point, color) = voxel(&line).ok_or_else(|| {
                    line.invalid("X Y Z RRGGBB, for example '1 -2 3 ff8800', or '# comment'")
                })?;
                self.builder.set(point, color, &mut self.allowance)?;
            }
            self.at = lines.position();
            return Ok(None);
        }
        if self.builder.move_block(&mut self.volume) {
            return Ok(None);
        }
        let mut layer = Layer::new(LayerId(1), "Layer.1");
        layer.volume = std::mem::take(&mut self.volume);
        let canvas = canvas_around(self.builder.bounds());
        let name = self.options.name.take().unwrap_or_default();
        let document = Document::with_layers(&name, canvas, vec![layer]);
        Ok(Some(Loaded { document, format: NAME, warnings: Vec::new(), version: None }))
    }

    fn units(&self) -> (u64, u64) {
        (self.at as u64, self.bytes.len() as u64)
    }
}

pub(super) fn writer(document: Document, _options: WriteOptions) -> WriteJob {
    merged(&document, |volume| {
        let (walk, out) = (BlockWalk::new(&volume), HEADER.to_vec().into());
        Box::new(Steps(Writer { volume, walk, done: 0, translucent: 0, out }))
    })
}

/// The most bytes that a voxel's line takes.
const LINE_MAX: usize = 3 * 12 + 7;

struct Writer {
    volume: Volume,
    walk: BlockWalk,
    /// Blocks written.
    done: u64,
    translucent: u64,
    out: Pieces,
}

impl Writer {
    fn write_block(&mut self, at: BlockPos) {
        let Some(block) = self.volume.block(at) else { return };
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        block.copy_to(&mut voxels);
        let origin = at.origin();
        let out = self.out.room(LINE_MAX * block.count() as usize);
        for (index, color) in voxels.iter().enumerate() {
            if color.is_empty() {
                continue;
            }
            self.translucent += u64::from(color.a < 255);
            let cell = [index & 15, index >> 4 & 15, index >> 8].map(|value| value as i32);
            for (start, offset) in origin.array().into_iter().zip(cell) {
                put_integer(out, i64::from(start + offset));
                out.push(b' ');
            }
            put_hex(out, *color);
            out.push(b'\n');
        }
    }
}

fn put_hex(out: &mut Vec<u8>, color: Rgba) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for channel in [color.r, color.g, color.b] {
        out.push(DIGITS[usize::from(channel >> 4)]);
        out.push(DIGITS[usize::from(channel & 15)]);
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        if let Some(at) = self.walk.next(&self.volume) {
            self.write_block(at);
            self.done += 1;
            return Ok(None);
        }
        let warnings = match self.translucent {
            0 => Vec::new(),
            count => vec![format!("{count} voxels with alpha below 255 are written opaque")],
        };
        let content = std::mem::take(&mut self.out);
        Ok(Some(Written { content, warnings, cache: Default::default() }))
    }

    fn units(&self) -> (u64, u64) {
        (self.done, self.volume.block_count() as u64)
    }
}
