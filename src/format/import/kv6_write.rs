//! Writing `.kv6`: the voxels of the surface, column by column; z down, y towards the viewer. The
//! inside is filled again by those who read it.

use super::kv6::NAME;
use crate::document::Document;
use crate::format::bytes::Put;
use crate::format::dense::Cells;
use crate::format::fidelity::{HIDDEN_COLORS, Kind, Report};
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

const CELLS_MAX: u64 = 1 << 28;
/// The longest edge that a file can have.
const EDGE_MAX: i64 = 1 << 16;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, NAME, CELLS_MAX, &slice).await?;
    let size = cells.bounds.dimensions();
    if size.iter().any(|&edge| edge > EDGE_MAX - 1) {
        let what = format!("a box of {size:?}; edges are below {EDGE_MAX}");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let [width, depth, height] = size;
    let (mut voxels, mut rows, mut columns) = (Pieces::new(), Vec::new(), Vec::new());
    let (mut count, mut inside, mut translucent) = (0u32, 0, 0);
    for x in 0..width {
        let in_row = count;
        for y in (0..depth).rev() {
            let before = count;
            for z in (0..height).rev() {
                let color = color(&cells, [x, y, z]);
                if color.is_empty() {
                    continue;
                }
                translucent += u64::from(color.a < 255);
                let open = open_faces(&cells, [x, y, z]);
                if open == 0 {
                    inside += 1;
                    continue;
                }
                voxels.put(&[color.b, color.g, color.r, 128]);
                voxels.put(&((height - 1 - z) as u16).to_le_bytes());
                voxels.put(&[open, 0]);
                count += 1;
            }
            columns.put(&((count - before) as u16).to_le_bytes());
            slice.advance(height as u64).await;
        }
        rows.put_u32(count - in_row);
    }
    let mut out = Pieces::new();
    out.put(b"Kvxl");
    size.iter().for_each(|&edge| out.put_u32(edge as u32));
    let pivot = [-cells.bounds.min[0], -cells.bounds.min[1], cells.bounds.max[2]];
    pivot.iter().for_each(|&value| out.put(&(value as f32).to_le_bytes()));
    out.put_u32(count);
    out.append(voxels);
    out.put(&rows);
    out.put(&columns);
    let mut report = Report::default();
    report.lose(Kind::Color, inside, in_words(inside, HIDDEN_COLORS));
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}

pub(super) fn color(cells: &Cells, cell: [i64; 3]) -> Rgba {
    let at = [0, 1, 2].map(|axis| (cells.bounds.min[axis] + cell[axis]) as i32);
    cells.volume.get(at.into())
}

/// The faces that nothing covers, as the file has them: -x, +x, -y, +y, above, below; its y runs
/// against ours.
pub(super) fn open_faces(cells: &Cells, [x, y, z]: [i64; 3]) -> u8 {
    let beside =
        [[x - 1, y, z], [x + 1, y, z], [x, y + 1, z], [x, y - 1, z], [x, y, z + 1], [x, y, z - 1]];
    (0..6).map(|face| u8::from(color(cells, beside[face]).is_empty()) << face).sum()
}
