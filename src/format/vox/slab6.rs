//! The headerless `.vox` files of SLAB6 and Voxlap: a dense box of palette indexes, z downwards.
//!
//! y is turned round too, so that a model is turned and not mirrored.

use super::NAME;
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::steps::Advance;
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::voxel::{Point, Rgba, Volume};

/// Bytes of the palette at the end: 256 colours of three 6-bit channels.
const PALETTE_BYTES: usize = 768;
/// The index of no voxel.
const EMPTY: u8 = 255;

fn size(bytes: &[u8]) -> Option<[usize; 3]> {
    let (numbers, _) = bytes.get(..12)?.as_chunks::<4>();
    let size = [0, 1, 2].map(|axis| u32::from_le_bytes(numbers[axis]) as usize);
    size.iter().all(|&length| (1..=1 << 16).contains(&length)).then_some(size)
}

/// The length of the file tells the format, as it has no magic number.
pub(super) fn detect(bytes: &[u8]) -> bool {
    let cells = size(bytes).and_then(|[x, y, z]| x.checked_mul(y)?.checked_mul(z));
    cells.is_some_and(|cells| bytes.len() == 12 + cells + PALETTE_BYTES)
}

/// A reader at work; a column of voxels is a unit of work.
pub(super) struct Reader {
    file: FileBytes,
    options: ReadOptions,
    allowance: Allowance,
    column: usize,
    builder: VolumeBuilder,
    volume: Volume,
}

impl Reader {
    pub(super) fn new(file: FileBytes, options: ReadOptions) -> Self {
        Reader {
            file,
            allowance: Allowance::new(options.limits),
            options,
            column: 0,
            builder: VolumeBuilder::new(),
            volume: Volume::new(),
        }
    }

    fn finish(&mut self) -> Loaded {
        let name = self.options.name.take().unwrap_or_default();
        let mut layer = Layer::new(LayerId(1), "Layer.1");
        layer.volume = std::mem::take(&mut self.volume);
        let canvas = canvas_around(self.builder.bounds());
        let mut document = Document::with_layers(&name, canvas, vec![layer]);
        let colors = (0..EMPTY).map(|index| (color(&self.file, index), None)).collect();
        document.palette = Palette { name, colors };
        Loaded { document, format: NAME, warnings: Vec::new(), version: None }
    }
}

/// A colour of the palette at the end of the file, 6 bits spread to 8.
fn color(file: &[u8], index: u8) -> Rgba {
    let start = file.len() - PALETTE_BYTES + 3 * usize::from(index);
    let channel = |offset: usize| {
        let value = u32::from(file[start + offset].min(63));
        ((value * 255 + 31) / 63) as u8
    };
    Rgba::opaque(channel(0), channel(1), channel(2))
}

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        let size = size(&self.file).filter(|_| detect(&self.file)).ok_or_else(|| {
            Bytes::new(&self.file, NAME).invalid("another length", "12 + x * y * z + 768 bytes")
        })?;
        let [width, depth, height] = size;
        if self.column < width * depth {
            let start = 12 + self.column * height;
            let (x, y) = (self.column / depth, self.column % depth);
            for (down, &index) in self.file[start..start + height].iter().enumerate() {
                if index != EMPTY {
                    let at = [x, depth - 1 - y, height - 1 - down];
                    let at = [0, 1, 2].map(|axis| at[axis] as i32 - (size[axis] / 2) as i32);
                    let color = color(&self.file, index);
                    self.builder.set(Point::from(at), color, &mut self.allowance)?;
                }
            }
            self.column += 1;
            return Ok(None);
        }
        if self.builder.move_block(&mut self.volume) {
            return Ok(None);
        }
        Ok(Some(self.finish()))
    }

    fn units(&self) -> (u64, u64) {
        let [width, depth, _] = size(&self.file).unwrap_or_default();
        (self.column as u64, (width * depth) as u64)
    }
}
