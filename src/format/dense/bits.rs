//! Writers of plain boxes: `.binvox`, Cube World's `.cub`, and a scene of POV-Ray.

use std::io::Write;

use super::Cells;
use crate::document::Document;
use crate::format::bytes::Put;
use crate::format::fidelity::{Kind, Report};
use crate::format::import::BINVOX_COLOR;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

const CELLS_MAX: u64 = 1 << 29;

/// `.binvox`: runs of ones and zeros, y fastest in the file, which is our z; no colours. All edges
/// are as long as the longest one.
pub(in crate::format) async fn write_binvox(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, "binvox", CELLS_MAX, &slice).await?;
    let size = cells.bounds.dimensions();
    let mut cells = cells;
    let edge = size.into_iter().max().unwrap_or(1);
    cells.bounds.max = cells.bounds.min.map(|min| min + edge);
    if cells.bounds.capacity() > u128::from(CELLS_MAX) {
        let what = format!("a cube of {edge} voxels an edge");
        return Err(FormatError::DoesNotFit { format: "binvox", what });
    }
    let [x, y, z] = cells.bounds.min;
    let mut out =
        format!("#binvox 1\ndim {edge} {edge} {edge}\ntranslate {x} {z} {y}\nscale {edge}\ndata\n")
            .into_bytes();
    let (mut run, mut value) = (0u8, 0u8);
    let (mut colors, mut translucent) = (0u64, 0u64);
    // The file's order is x, z, y with y up; the reader turns y up into z up.
    let put = |color: Rgba, _| {
        let own = u8::from(!color.is_empty());
        colors += u64::from(own > 0 && color.bytes()[..3] != BINVOX_COLOR.bytes()[..3]);
        translucent += u64::from(own > 0 && color.a < 255);
        if own != value || run == 255 {
            if run > 0 {
                out.extend([value, run]);
            }
            (value, run) = (own, 0);
        }
        run += 1;
    };
    let turned = Turned(&cells);
    turned.visit(put, &slice).await;
    if run > 0 {
        out.extend([value, run]);
    }
    let mut report = Report::default();
    let said = ["colour of a voxel is left out", "colours of voxels are left out"];
    report.lose(Kind::Color, colors, in_words(colors, said));
    report.lose_alpha(translucent);
    Ok(Written::new(out.into(), report))
}

/// Cells as a file with y up has them: x slowest, then its z, which runs against our y, then up.
struct Turned<'a>(&'a Cells);

impl Turned<'_> {
    async fn visit(&self, mut each: impl FnMut(Rgba, [i64; 3]), slice: &Slice) {
        let Cells { volume, bounds } = self.0;
        let [width, depth, height] = bounds.dimensions();
        for x in 0..width {
            for y in (0..depth).rev() {
                for z in 0..height {
                    let cell = [x, y, z];
                    let at = [0, 1, 2].map(|axis| (bounds.min[axis] + cell[axis]) as i32);
                    each(volume.get(at.into()), cell);
                }
                slice.advance(height as u64).await;
            }
        }
    }
}

/// `.cub`: three bytes a cell, black for none.
pub(in crate::format) async fn write_cub(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, "cub", CELLS_MAX, &slice).await?;
    let (mut out, mut report) = (Pieces::new(), Report::default());
    cells.bounds.dimensions().iter().for_each(|&edge| out.put_u32(edge as u32));
    let (mut translucent, mut black) = (0, 0);
    let put = |color: Rgba, _| {
        let is_black = !color.is_empty() && [color.r, color.g, color.b] == [0; 3];
        black += u64::from(is_black);
        translucent += u64::from(!color.is_empty() && color.a < 255);
        let color = if is_black { Rgba::opaque(1, 1, 1) } else { color };
        out.put(&if color.is_empty() { [0; 3] } else { [color.r, color.g, color.b] });
    };
    cells.visit([2, 1, 0], put, &slice).await;
    report.lose(Kind::Color, u64::from(black > 0), "black is written as almost black");
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}

/// A scene for POV-Ray: a box for each voxel that can be seen, a camera and a light; y up.
pub(in crate::format) async fn write_povray(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let cells = Cells::of(&document, "povray", CELLS_MAX, &slice).await?;
    let size = cells.bounds.dimensions();
    let middle =
        [0, 1, 2].map(|axis| (cells.bounds.min[axis] + cells.bounds.max[axis]) as f64 / 2.0);
    let far = 1.8 * size.into_iter().max().unwrap_or(1) as f64;
    let mut out = Vec::new();
    let [x, y, z] = middle;
    // POV-Ray's axes are left-handed with y up: (x, z, y).
    let head = format!(
        "#version 3.7;\nglobal_settings {{ assumed_gamma 1.0 }}\nbackground {{ rgb 1 }}\n\
         camera {{ location <{}, {}, {}> look_at <{x}, {z}, {y}> angle 40 }}\n\
         light_source {{ <{}, {}, {}> rgb 1.2 }}\n\
         #macro Voxel(X, Y, Z, C) box {{ <X, Z, Y>, <X + 1, Z + 1, Y + 1> \
         pigment {{ srgbt C }} }} #end\nunion {{\n",
        x + far,
        z + far,
        y - far,
        x + 2.0 * far,
        z + 3.0 * far,
        y - far,
    );
    out.put(head.as_bytes());
    let (volume, min) = (cells.volume.clone(), cells.bounds.min);
    let put = |color: Rgba, cell: [i64; 3]| {
        if color.is_empty() {
            return;
        }
        let at = [0, 1, 2].map(|axis| (min[axis] + cell[axis]) as i32);
        let is_open = (0..6).any(|side| {
            let mut beside = at;
            beside[side / 2] += if side % 2 == 0 { 1 } else { -1 };
            volume.get(beside.into()).a < 255
        });
        if is_open {
            let [r, g, b] = [color.r, color.g, color.b].map(|value| f64::from(value) / 255.0);
            let through = 1.0 - f64::from(color.a) / 255.0;
            let [x, y, z] = at;
            // Writing to memory cannot fail.
            let _ = writeln!(out, "Voxel({x}, {y}, {z}, <{r:.4}, {g:.4}, {b:.4}, {through:.4}>)");
        }
    };
    cells.visit([2, 1, 0], put, &slice).await;
    out.put(b"}\n");
    Ok(Written::new(out.into(), Report::default()))
}
