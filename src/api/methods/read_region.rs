//! Boxes of voxels in forms for programs: runs, or raw bytes.

use std::borrow::Cow;

use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::source::Source;
use super::super::value::InRange;
use super::super::words::words;

/// The most cells that one page of raw bytes holds (16 MiB of bytes).
pub const MAX_PAGE_CELLS: i64 = 1 << 22;
/// The largest box that is read, in cells.
pub const MAX_REGION_CELLS: u128 = 1 << 40;
/// The most runs that one page holds.
pub const MAX_PAGE_RUNS: usize = 100_000;

words! {
    /// How voxels are written.
    pub enum Encoding {
        /// Pairs of a count and an index into a palette.
        Runs = "runs" | "rle",
        /// Bytes r, g, b, a of every cell, in base64.
        Base64 = "base64" | "rgba",
    }
}

params! {
    /// Which box, and how.
    pub struct ReadRegionParams<'a> {
        /// One corner of the box, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
        /// "runs": pairs of a count and an index into the palette; "base64": the bytes r, g, b, a
        /// of every cell.
        encoding | "format": Encoding = "\"runs\"",
        /// What to read: a layer's id, 0 or "active" for the active layer, -2 or "visible" for all
        /// visible layers merged.
        layer_id | "layer": Source = "\"visible\"",
        /// Where the last page ended: its `next_cursor`. Absent: from the start.
        cursor: Option<Cow<'a, str>>,
        /// The most cells of a page; a page of runs may hold fewer.
        limit: InRange<1, MAX_PAGE_CELLS> = "262144",
    }
}

result! {
    /// One page of a box.
    pub struct ReadRegionResult {
        /// How the voxels are written: "runs" or "base64".
        encoding: &'static str,
        /// The lowest corner of the box.
        min: [i64; 3],
        /// The highest corner of the box.
        max: [i64; 3],
        /// Cells of the box along x, y and z.
        size: [i64; 3],
        /// Cells of the box in all. Cells are counted x fastest, then y, then z.
        total_cells: u64,
        /// The first cell of this page, counted from 0.
        offset: u64,
        /// Cells of this page.
        cells: u64,
        /// With runs: the colours, `#RRGGBBAA`; the first one is the empty cell.
        palette: Option<Vec<String>>,
        /// With runs: count, index, count, index and so on.
        runs: Option<Spelt<Vec<u64>>>,
        /// With base64: the bytes r, g, b, a of every cell.
        data: Option<Spelt<String>>,
        /// What to ask the next page with; absent at the end of the box.
        next_cursor: Option<String>,
        /// The layer that was read; absent for all visible ones.
        layer_id: Option<i32>,
        /// What was looked at: the name of a layer, or "visible".
        layer: String,
        /// Revision of the project. All pages of a box are of one revision: if the project changes
        /// in between, the next page is refused with error 1003.
        revision: u64,
    }
}

method! {
    /// Reads a box of voxels page by page, as runs or raw bytes.
    ReadRegion = "goxel.read_region",
    ReadRegionParams<'a> -> ReadRegionResult,
    effect: Read, lenient: false,
    by_position: r#"[[0,0,0],[7,7,7]]"#,
    by_name: r#"{"min":[0,0,0],"max":[7,7,7],"encoding":"base64","limit":256}"#,
    errors: [1002, 1003, 1004],
}
