//! `.xraw` of MagicaVoxel: a head, then a colour or a number for each cell, x fastest, then y and
//! z; z up.

use super::Cells;
use crate::document::Document;
use crate::format::bytes::{Bytes, FileBytes, Put};
use crate::format::fidelity::Report;
use crate::format::import::{Sink, finish_read, standing};
use crate::format::{FormatError, Loaded, Pieces, ReadOptions, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::Rgba;

const NAME: &str = "xraw";
const CELLS_MAX: u64 = 1 << 28;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, NAME, CELLS_MAX, &slice).await?;
    let mut out = Pieces::new();
    // Unsigned channels, four of eight bits, and no palette.
    out.put(b"XRAW\0\x04\x08\0");
    cells.bounds.dimensions().iter().for_each(|&edge| out.put_i32(edge as i32));
    out.put_u32(0);
    let put = |color: Rgba, _| out.put(&if color.is_empty() { [0; 4] } else { color.bytes() });
    cells.visit([2, 1, 0], put, &slice).await;
    Ok(Written::new(out, Report::default()))
}

pub(in crate::format) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let mut bytes = Bytes::new(&file, NAME);
    if bytes.take(4, "the magic")? != b"XRAW" {
        return Err(bytes.invalid_at(0, "another magic", "\"XRAW\""));
    }
    let [kind, channels] = [bytes.u8("the channels' type")?, bytes.u8("the channels")?];
    let [bits, index_bits] = [bytes.u8("a channel's bits")?, bytes.u8("an index' bits")?];
    let known = matches!((kind, channels, bits), (0, 3 | 4, 8)) && matches!(index_bits, 0 | 8 | 16);
    if !known {
        let what =
            format!("type {kind}, {channels} channels of {bits} bits, indices of {index_bits}");
        let expected = "3 or 4 unsigned channels of 8 bits, indices of 0, 8 or 16";
        return Err(bytes.invalid_at(4, what, expected));
    }
    let [x, y, z] = [0; 3].map(|_| bytes.u32("the size"));
    let size = [x?, y?, z?].map(i64::from);
    let colors = bytes.u32("the palette's size")? as usize;
    let channels = usize::from(channels);
    let cell = if index_bits > 0 { usize::from(index_bits) / 8 } else { channels };
    let count = size.iter().try_fold(1i64, |all, &edge| all.checked_mul(edge));
    let count = count.and_then(|count| usize::try_from(count).ok()?.checked_mul(cell));
    let wanted = count.filter(|&count| count <= bytes.remaining()).ok_or_else(|| {
        bytes.invalid_at(8, format!("a box of {size:?}"), "as many cells as there are bytes for")
    })?;
    let data = bytes.take(wanted, "the cells")?;
    let palette = match index_bits {
        0 => &[][..],
        _ => bytes.take(colors.saturating_mul(channels), "the palette")?,
    };
    let color = |bytes: &[u8]| match *bytes {
        [r, g, b] => Rgba::opaque(r, g, b),
        [r, g, b, a] => Rgba::new(r, g, b, a),
        _ => Rgba::EMPTY,
    };
    let mut sink = Sink::of(&options);
    let corner = standing(size);
    for (index, bytes) in (0i64..).zip(data.chunks(cell)) {
        let color = match *bytes {
            [0] | [0, 0] => Rgba::EMPTY,
            [low] => color(palette.chunks(channels).nth(usize::from(low)).unwrap_or_default()),
            [low, high] => {
                let number = usize::from(low) | usize::from(high) << 8;
                color(palette.chunks(channels).nth(number).unwrap_or_default())
            }
            _ => color(bytes),
        };
        if !color.is_empty() {
            let at = [index % size[0], index / size[0] % size[1], index / size[0] / size[1]];
            sink.set([0, 1, 2].map(|axis| corner[axis] + at[axis]), color)?;
        }
        if index % 2048 == 0 {
            slice.spend(1).await;
        }
    }
    finish_read(sink, NAME, options, &slice).await
}
