//! Writing `.qef`: text with a palette and a line per voxel; y up, counted from the lowest corner.

use rustc_hash::FxHashMap;

use super::qef::{MAGIC, NAME};
use crate::document::Document;
use crate::format::ascii::put_integer;
use crate::format::dense::Cells;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Rgba, point_in_block};

const CELLS_MAX: u64 = 1 << 40;
/// The most colours that are read again.
const COLORS_MAX: usize = super::COLORS_MAX;
const LINE_MAX: usize = 64;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let Cells { volume, bounds } = Cells::of(&document, NAME, CELLS_MAX, &slice).await?;
    let (mut numbers, mut colors) = (FxHashMap::default(), Pieces::new());
    let (mut lines, mut translucent) = (Pieces::new(), 0);
    let mut walk = BlockWalk::new();
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next_in(&volume, &slice).await {
        let Some(block) = volume.block(at) else { continue };
        block.copy_to(&mut voxels);
        let lines = lines.room(LINE_MAX * block.count() as usize);
        for (index, &color) in voxels.iter().enumerate().filter(|(_, color)| !color.is_empty()) {
            translucent += u64::from(color.a < 255);
            let color = Rgba { a: 255, ..color };
            let next = numbers.len() as i64;
            let number = *numbers.entry(color).or_insert(next);
            if number == next {
                let [r, g, b] = [color.r, color.g, color.b].map(|v| f64::from(v) / 255.0);
                colors.put(format!("{r:.6} {g:.6} {b:.6}\n").as_bytes());
            }
            let at = point_in_block(at, index).array().map(i64::from);
            let cell = [at[0] - bounds.min[0], at[2] - bounds.min[2], bounds.max[1] - 1 - at[1]];
            for value in cell.into_iter().chain([number]) {
                put_integer(lines, value);
                lines.push(b' ');
            }
            // All sides may be seen.
            lines.extend_from_slice(b"127\n");
        }
        slice.spend(1).await;
    }
    if numbers.len() > COLORS_MAX {
        let what = format!("{} colours; at most {COLORS_MAX} are written", numbers.len());
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let [width, depth, height] = bounds.dimensions();
    let mut out = Pieces::new();
    let head = format!(
        "{MAGIC}\nVersion 0.2\nwww.minddesk.com\n{width} {depth} {height}\n{}\n",
        numbers.len()
    );
    out.put(head.as_bytes());
    out.append(colors);
    out.append(lines);
    let mut report = Report::default();
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}
