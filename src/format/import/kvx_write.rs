//! Writing `.kvx`: the voxels of the surface as slabs, column by column; z down, y towards the
//! viewer. The inside is filled again by those who read it. One level of detail, a palette of 6
//! bits a channel.

use super::kv6_write::{color, open_faces};
use super::kvx::{NAME, color6};
use crate::document::Document;
use crate::format::bytes::Put;
use crate::format::dense::Cells;
use crate::format::fidelity::{HIDDEN_COLORS, Kind, Report};
use crate::format::quantise::{ColorCounts, Numbers, choose};
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

const CELLS_MAX: u64 = 1 << 24;
/// The longest edges, and the most bytes of a row of columns: 16 bits tell where each begins.
const EDGES_MAX: [i64; 3] = [256, 256, 255];
const ROW_MAX: usize = u16::MAX as usize;
const SLAB_MAX: usize = 255;
/// The sides of a slab that are the same for all of its voxels.
const AROUND: u8 = 15;

/// A channel of 8 bits in 6.
fn six(channel: u8) -> u8 {
    ((u32::from(channel) * 63 + 127) / 255) as u8
}

/// A colour as its six bits give it back.
fn told(color: Rgba) -> Rgba {
    color6(&[six(color.r), six(color.g), six(color.b)])
}

#[derive(Default)]
struct Counts {
    inside: u64,
    translucent: u64,
    changed: u64,
}

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, NAME, CELLS_MAX, &slice).await?;
    let size = cells.bounds.dimensions();
    if (0..3).any(|axis| size[axis] > EDGES_MAX[axis]) {
        let what = format!("a box of {size:?}; edges are at most {EDGES_MAX:?}");
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    let mut colors = ColorCounts::default();
    cells.visit([0, 1, 2], |color, _| colors.add(told_if(color), 1), &slice).await;
    let chosen = choose(colors, Vec::new(), 255, &slice).await;
    let palette = chosen.palette.clone();
    let mut numbers = Numbers::new(chosen.index);
    let mut counts = Counts::default();
    let [width, depth, height] = size;
    let table = 4 * (width as usize + 1) + 2 * width as usize * (depth as usize + 1);
    let (mut rows, mut columns, mut slabs) = (Vec::new(), Vec::new(), Vec::new());
    for x in 0..width {
        rows.put_u32((table + slabs.len()) as u32);
        let row = slabs.len();
        for y in (0..depth).rev() {
            columns.put(&((slabs.len() - row) as u16).to_le_bytes());
            let number = |color: Rgba, counts: &mut Counts| {
                let number = numbers.of(told_if(color)).wrapping_sub(1);
                let [r, g, b] = palette.get(usize::from(number)).copied().unwrap_or_default();
                let now = told(Rgba::opaque(r, g, b));
                counts.changed += u64::from(now != Rgba { a: 255, ..color });
                number
            };
            put_column(&cells, [x, y, height], number, &mut counts, &mut slabs);
            if slabs.len() - row > ROW_MAX {
                let what = format!("a row of columns of {} bytes", slabs.len() - row);
                return Err(FormatError::DoesNotFit { format: NAME, what });
            }
            slice.advance(height as u64).await;
        }
        columns.put(&((slabs.len() - row) as u16).to_le_bytes());
    }
    rows.put_u32((table + slabs.len()) as u32);
    let mut out = Pieces::new();
    out.put_u32((24 + table + slabs.len()) as u32);
    size.iter().for_each(|&edge| out.put_u32(edge as u32));
    let pivot = [-cells.bounds.min[0], -cells.bounds.min[1], cells.bounds.max[2]];
    let pivot = pivot.map(|value| i32::try_from(256 * value).unwrap_or(0));
    pivot.iter().for_each(|&value| out.put_i32(value));
    [rows, columns, slabs].into_iter().for_each(|part| out.append(part.into()));
    let mut last = vec![0; 768];
    for (place, &[r, g, b]) in last.as_chunks_mut::<3>().0.iter_mut().zip(&palette) {
        *place = [r, g, b].map(six);
    }
    out.put(&last);
    let Counts { inside, translucent, changed } = counts;
    let mut report = Report::default();
    let said = in_words(changed, ["voxel gets", "voxels get"]);
    let note = format!("{said} one of {} colours of 6 bits a channel", palette.len());
    report.lose(Kind::Color, changed, note);
    report.lose(Kind::Color, inside, in_words(inside, HIDDEN_COLORS));
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}

fn told_if(color: Rgba) -> Rgba {
    if color.is_empty() { color } else { told(color) }
}

/// Writes the slabs of a column from the top down.
fn put_column(
    cells: &Cells,
    [x, y, height]: [i64; 3],
    mut number: impl FnMut(Rgba, &mut Counts) -> u8,
    counts: &mut Counts,
    out: &mut Vec<u8>,
) {
    // Where the slab that goes on has its head, and where its next voxel would be.
    let mut slab: Option<(usize, i64)> = None;
    for top in 0..height {
        let cell = [x, y, height - 1 - top];
        let own = color(cells, cell);
        if own.is_empty() {
            slab = None;
            continue;
        }
        counts.translucent += u64::from(own.a < 255);
        let open = open_faces(cells, cell);
        if open == 0 {
            counts.inside += 1;
            slab = None;
            continue;
        }
        let goes_on = slab.filter(|&(head, next)| {
            let fits = usize::from(out[head + 1]) < SLAB_MAX;
            next == top && fits && out[head + 2] & AROUND == open & AROUND
        });
        let head = goes_on.map_or(out.len(), |(head, _)| head);
        if goes_on.is_none() {
            out.extend([top as u8, 0, 0]);
        }
        out[head + 1] += 1;
        out[head + 2] |= open;
        let number = number(own, counts);
        out.push(number);
        slab = Some((head, top + 1));
    }
}
