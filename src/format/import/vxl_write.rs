//! Writing `.vxl`, maps of Ace of Spades: 512 x 512 columns of 64 voxels, z down, placed as they
//! are read. Voxels that nothing uncovers have no colour in the file; what lies outside of the map
//! is left out.

use super::vxl::{EARTH, EDGE, HEIGHT};
use crate::document::Document;
use crate::format::bytes::Put;
use crate::format::fidelity::{HIDDEN_COLORS, Kind, Report};
use crate::format::merged::merged;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::{BlockPos, Rgba, Volume};

/// A column without a voxel.
const NOTHING: [u8; 4] = [0, HEIGHT as u8, HEIGHT as u8 - 1, 0];
/// How much light a voxel has.
const LIGHT: u8 = 127;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let volume = merged(&document, &slice).await;
    let (mut out, mut counts) = (Pieces::new(), Counts::default());
    for y in 0..EDGE {
        let room = out.room(4 * EDGE as usize);
        for first in (0..EDGE).step_by(16) {
            // Sixteen columns share their blocks.
            let is_empty = !(-2..2).any(|z| {
                let at = [255 - first, y - 256, 16 * z].map(|value| value as i32);
                volume.block(BlockPos::of(at.into())).is_some()
            });
            for x in first..first + 16 {
                if is_empty {
                    room.put(&NOTHING);
                } else {
                    Column { volume: &volume, x, y }.put(room, &mut counts);
                }
            }
            if !is_empty {
                slice.spend(1).await;
            }
        }
        slice.spend(1).await;
    }
    let mut report = Report::default();
    let Counts { voxels, hidden, translucent } = counts;
    let outside = volume.count() - voxels;
    let said = ["voxel outside", "voxels outside"];
    let note = in_words(outside, said) + " of the map of 512 x 512 x 64 left out";
    report.lose(Kind::Alpha, outside, note);
    report.lose(Kind::Color, hidden, in_words(hidden, HIDDEN_COLORS));
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}

#[derive(Default)]
struct Counts {
    voxels: u64,
    hidden: u64,
    translucent: u64,
}

/// A column of the map; z counts from the top.
struct Column<'a> {
    volume: &'a Volume,
    x: i64,
    y: i64,
}

impl Column<'_> {
    fn at(&self, dx: i64, dy: i64, z: i64) -> Rgba {
        let at = [255 - (self.x + dx), self.y + dy - 256, 31 - z];
        self.volume.get(at.map(|value| value as i32).into())
    }

    fn is_solid(&self, z: i64) -> bool {
        z < HEIGHT && !self.at(0, 0, z).is_empty()
    }

    /// Whether something uncovers a voxel. Below and beside the map there is nothing to look from.
    fn is_seen(&self, z: i64) -> bool {
        let inside = |value: i64| (0..EDGE).contains(&value);
        let beside = [(-1, 0), (1, 0), (0, -1), (0, 1)].into_iter();
        let mut beside = beside.filter(|&(dx, dy)| inside(self.x + dx) && inside(self.y + dy));
        self.is_solid(z)
            && (z == 0
                || !self.is_solid(z - 1)
                || (z + 1 < HEIGHT && !self.is_solid(z + 1))
                || beside.any(|(dx, dy)| self.at(dx, dy, z).is_empty()))
    }

    fn put(&self, out: &mut Vec<u8>, counts: &mut Counts) {
        let run = |from: i64, goes_on: &dyn Fn(i64) -> bool| {
            (from..HEIGHT).find(|&z| !goes_on(z)).unwrap_or(HEIGHT)
        };
        let seen = |z| self.is_seen(z);
        let mut air = 0;
        loop {
            let top = run(air, &|z| !self.is_solid(z));
            let top_end = run(top, &seen);
            let hidden_end = run(top_end, &|z| self.is_solid(z) && !self.is_seen(z));
            let bottom_end = run(hidden_end, &seen);
            // What is seen down to the end of the map belongs to a span of its own.
            let is_last_run = bottom_end == HEIGHT && hidden_end < HEIGHT && hidden_end > top_end;
            let end = if is_last_run { hidden_end } else { bottom_end };
            let colors = (top..top_end).chain(hidden_end..end);
            let is_over = end == HEIGHT;
            let words = if is_over { 0 } else { (top_end - top) + (end - hidden_end).max(0) + 1 };
            out.put(&[words as u8, top as u8, (top_end - 1) as u8, air as u8]);
            for z in colors {
                let color = self.at(0, 0, z);
                counts.translucent += u64::from(color.a < 255);
                out.put(&[color.b, color.g, color.r, LIGHT]);
            }
            for z in top_end..hidden_end {
                counts.hidden += u64::from(self.at(0, 0, z) != EARTH);
            }
            counts.voxels += (end - top) as u64;
            if is_over {
                return;
            }
            air = end;
        }
    }
}
