//! The headerless `.vox` files of SLAB6 and Voxlap: a dense box of palette indexes, z downwards.
//!
//! y is turned round too, so that a model is turned and not mirrored.

use super::NAME;
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::job::Slice;
use crate::voxel::{Point, Rgba};

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

/// Reads a file; a column of voxels is a unit of work.
pub(super) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let size = size(&file).filter(|_| detect(&file)).ok_or_else(|| {
        Bytes::new(&file, NAME).invalid("another length", "12 + x * y * z + 768 bytes")
    })?;
    let [width, depth, height] = size;
    let mut allowance = Allowance::new(options.limits);
    let (mut builder, mut layer) = (VolumeBuilder::new(), Layer::new(LayerId(1), "Layer.1"));
    slice.expect((width * depth) as u64);
    for (column, indexes) in file[12..].chunks(height).take(width * depth).enumerate() {
        let (x, y) = (column / depth, column % depth);
        for (down, &index) in indexes.iter().enumerate().filter(|(_, index)| **index != EMPTY) {
            let at = [x, depth - 1 - y, height - 1 - down];
            let at = [0, 1, 2].map(|axis| at[axis] as i32 - (size[axis] / 2) as i32);
            builder.set(Point::from(at), color(&file, index), &mut allowance)?;
        }
        slice.advance(1).await;
    }
    while builder.move_block(&mut layer.volume) {
        slice.spend(1).await;
    }
    let name = options.name.unwrap_or_default();
    let mut document = Document::with_layers(&name, canvas_around(builder.bounds()), vec![layer]);
    let colors = (0..EMPTY).map(|index| (color(&file, index), None)).collect();
    document.palette = Palette { name, colors };
    Ok(Loaded::new(document, NAME, Report::default()))
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
