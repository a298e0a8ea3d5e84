//! `.qbt`, Qubicle Binary Tree: matrices in a tree of models, one layer each; y up. A compound holds the
//! voxels of its parts too, so its parts are passed over.

use super::{Sink, inflate, turned};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::Bytes;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qbt";
/// The deepest nesting of nodes.
const DEPTH_MAX: u32 = 64;

pub(super) fn decode(file: &[u8], sink: &mut Sink) -> Result<(), FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"QB 2" {
        return Err(bytes.invalid_at(0, "another magic", "\"QB 2\""));
    }
    bytes.take(2 + 12, "version and scale")?;
    let mut colors = Vec::new();
    while bytes.remaining() > 0 {
        let start = bytes.offset();
        match bytes.take(8, "a section")? {
            b"COLORMAP" => {
                let count = bytes.u32("the number of colours")? as usize;
                let raw = bytes.take(count.saturating_mul(4), "the colours")?;
                colors = raw.as_chunks::<4>().0.iter().map(|&[r, g, b, _]| [r, g, b]).collect();
            }
            b"DATATREE" => read_node(&mut bytes, &colors, sink, 0)?,
            _ => return Err(bytes.invalid_at(start, "another section", "COLORMAP or DATATREE")),
        }
    }
    if !colors.is_empty() {
        let colors = colors.iter().map(|&[r, g, b]| Rgba::opaque(r, g, b));
        sink.palette = Some(Palette::of_colors("", colors));
    }
    Ok(())
}

fn read_node(
    bytes: &mut Bytes<'_>,
    colors: &[[u8; 3]],
    sink: &mut Sink,
    depth: u32,
) -> Result<(), FormatError> {
    let start = bytes.offset();
    let kind = bytes.u32("a node's type")?;
    let length = bytes.u32("a node's length")? as usize;
    let mut node = bytes.sub(length, "a node")?;
    if depth > DEPTH_MAX {
        return Err(node.invalid_at(
            start,
            "nodes too deep",
            format!("at most {DEPTH_MAX} levels"),
        ));
    }
    match kind {
        // A compound begins like a matrix.
        0 | 2 => read_matrix(&mut node, colors, sink),
        1 => {
            let count = node.u32("a model's number of nodes")?;
            (0..count).try_for_each(|_| read_node(&mut node, colors, sink, depth + 1))
        }
        _ => Err(node.invalid_at(start, format!("a node of type {kind}"), "type 0, 1 or 2")),
    }
}

fn read_matrix(
    node: &mut Bytes<'_>,
    colors: &[[u8; 3]],
    sink: &mut Sink,
) -> Result<(), FormatError> {
    let length = node.u32("a name's length")? as usize;
    let name = String::from_utf8_lossy(node.take(length, "a name")?).into_owned();
    let [x, y, z] = [0; 3].map(|_| node.i32("a matrix's place"));
    let corner = [x?, y?, z?].map(i64::from);
    node.take(12 + 12, "a matrix's scale and pivot")?;
    let start = node.offset();
    let [x, y, z] = [0; 3].map(|_| node.u32("a matrix's size"));
    let [width, height, depth] = [x?, y?, z?].map(i64::from);
    let packed = node.u32("the length of voxels")? as usize;
    let packed = node.take(packed, "the voxels")?;
    let cells = width.checked_mul(height).and_then(|cells| cells.checked_mul(depth));
    let bytes = cells.and_then(|cells| usize::try_from(cells.checked_mul(4)?).ok());
    let expected = "voxels of that size";
    let length = bytes.ok_or_else(|| node.invalid_at(start, "a matrix too large", expected))?;
    sink.allowance.take(length as u64)?;
    let raw = inflate(packed, length).map_err(|found| node.invalid_at(start, found, expected))?;
    sink.layer(&name, true)?;
    for (index, &[r, g, b, mask]) in (0i64..).zip(raw.as_chunks::<4>().0) {
        if mask != 0 {
            let [r, g, b] = match colors.is_empty() {
                true => [r, g, b],
                false => colors.get(usize::from(r)).copied().unwrap_or_default(),
            };
            let cell = [index / height / depth, index % height, index / height % depth];
            let at = [0, 1, 2].map(|axis| corner[axis] + cell[axis]);
            sink.set(turned(at), Rgba::opaque(r, g, b))?;
        }
    }
    Ok(())
}
