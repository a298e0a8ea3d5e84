//! `.qbcl`, projects of Qubicle: a tree of matrices, each compressed; y up. A layer a matrix.
//!
//! The matrix of a compound holds what its children hold, so the layers of these are hidden.

use super::{CELLS_A_UNIT, Sink, add, turned};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::unpack::{Unpacking, most_from};
use crate::job::{Progress, Slice};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qbcl";
/// The deepest nesting of nodes.
const DEPTH_MAX: usize = 64;
/// What a matrix may have as its place, so that no cell is out of reach.
const PLACE_MAX: i64 = 1 << 30;

/// Nodes whose children are read: how many are left, and whether they are hidden.
struct Open {
    left: u32,
    is_hidden: bool,
}

pub(super) async fn decode(
    file: &FileBytes,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<&'static str, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"QBCL" {
        return Err(bytes.invalid_at(0, "another magic", "\"QBCL\""));
    }
    bytes.take(8, "the versions")?;
    let [width, height] = [bytes.u32("the thumbnail")?, bytes.u32("the thumbnail")?];
    let pixels = (u64::from(width) * u64::from(height)).saturating_mul(4);
    bytes.take(usize::try_from(pixels).unwrap_or(usize::MAX), "the thumbnail")?;
    for _ in 0..7 {
        let length = bytes.length("a text's length")?;
        bytes.take(length, "a text")?;
    }
    bytes.take(16, "the identity")?;
    let mut open = vec![Open { left: 1, is_hidden: false }];
    while let Some(last) = open.last_mut() {
        if last.left == 0 {
            open.pop();
            continue;
        }
        last.left -= 1;
        let is_hidden = last.is_hidden;
        if open.len() > DEPTH_MAX {
            return Err(bytes.invalid("nodes too deep", format!("at most {DEPTH_MAX} deep")));
        }
        let children = read_node(file, &mut bytes, is_hidden, sink, slice).await?;
        open.extend(children);
        slice.progress(Progress { done: bytes.offset(), total: 2 * file.len() as u64 });
    }
    Ok(NAME)
}

/// Reads a node, but for its children.
async fn read_node(
    file: &FileBytes,
    bytes: &mut Bytes<'_>,
    is_hidden: bool,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<Option<Open>, FormatError> {
    let start = bytes.offset();
    let kind = bytes.u32("a node's type")?;
    bytes.u32("a node's number")?;
    let length = bytes.length("a name's length")?;
    let name = String::from_utf8_lossy(bytes.take(length, "a name")?).into_owned();
    let visible = bytes.take(3, "a node's flags")?[0] != 0;
    match kind {
        0 => {
            read_matrix(file, bytes, (&name, visible, is_hidden), sink, slice).await?;
            Ok(None)
        }
        1 => {
            bytes.take(36, "a model's axes")?;
            Ok(Some(Open { left: bytes.u32("the number of children")?, is_hidden }))
        }
        2 => {
            read_matrix(file, bytes, (&name, visible, is_hidden), sink, slice).await?;
            Ok(Some(Open { left: bytes.u32("the number of children")?, is_hidden: true }))
        }
        _ => Err(bytes.invalid_at(start, format!("a node of type {kind}"), "type 0, 1 or 2")),
    }
}

async fn read_matrix(
    file: &FileBytes,
    bytes: &mut Bytes<'_>,
    (name, visible, is_hidden): (&str, bool, bool),
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let start = bytes.offset();
    let [x, y, z] = [0; 3].map(|_| bytes.u32("a matrix's size"));
    let size = [x?, y?, z?].map(i64::from);
    let [x, y, z] = [0; 3].map(|_| bytes.i32("a matrix's place"));
    let corner = [x?, y?, z?].map(i64::from);
    bytes.take(12, "a matrix's pivot")?;
    let length = bytes.length("a matrix's length")?;
    let from = bytes.position();
    bytes.take(length, "a matrix")?;
    let is_far = corner.iter().any(|value| value.abs() > PLACE_MAX);
    if is_far || size.iter().any(|&edge| edge > 1 << 16) {
        let what = format!("a matrix of {size:?} at {corner:?}");
        return Err(bytes.invalid_at(start, what, "edges of at most 65536, places of 2^30"));
    }
    sink.layer(name, visible && !is_hidden)?;
    let most = most_from(length).min(usize::try_from(sink.limits.max_unpacked_bytes).unwrap_or(0));
    let mut unpacking = Unpacking::zlib(file, from..from + length, most);
    let damaged = |error: std::io::Error| {
        Bytes::new(&[], NAME).invalid_at(from as u64, error.to_string(), "a zlib stream")
    };
    while unpacking.advance().map_err(damaged)? {
        slice.spend(1).await;
    }
    let data = unpacking.into_bytes();
    place(&data, size, corner, sink, slice).await
}

/// Places the voxels of a matrix: columns, x slowest, then z, each of entries that rise.
async fn place(
    data: &[u8],
    [width, height, depth]: [i64; 3],
    corner: [i64; 3],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let mut bytes = Bytes::new(data, NAME);
    for column in 0..width * depth {
        let (x, z) = (column / depth, column % depth);
        let count = bytes.take(2, "a column's length")?;
        let mut left = usize::from(count[0]) | usize::from(count[1]) << 8;
        let mut y = 0;
        while left > 0 {
            let [r, g, b, mask] = bytes.u32("an entry")?.to_le_bytes();
            left -= 1;
            let (run, color) = match mask {
                2 if left > 0 => {
                    let [red, green, blue, solid] = bytes.u32("a run's colour")?.to_le_bytes();
                    left -= 1;
                    (i64::from(r), (solid != 0).then(|| Rgba::opaque(red, green, blue)))
                }
                0 | 2 => (1, None),
                _ => (1, Some(Rgba::opaque(r, g, b))),
            };
            if y + run > height {
                let what = format!("a column of {} voxels", y + run);
                return Err(bytes.invalid(what, format!("at most {height}")));
            }
            if let Some(color) = color {
                for y in y..y + run {
                    sink.set(turned(add(corner, [x, y, z])), color)?;
                }
            }
            y += run;
        }
        if column % (CELLS_A_UNIT / 16) == 0 {
            slice.spend(1).await;
        }
    }
    Ok(())
}
