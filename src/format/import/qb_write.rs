//! Writing `.qb`: one matrix for each layer that has voxels, hidden ones too, compressed, in
//! Goxel's axes. A run of cells is a unit of work.

use super::CELLS_A_UNIT;
use super::qb_read::{NAME, NEXT_SLICE, RUN};
use crate::document::{Document, Layer};
use crate::format::builder::measure;
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::{Bounds, Point, Volume};

/// The most cells of one matrix; its empty ones are looked at too.
const CELLS_MAX: u128 = 1 << 33;
const NAME_MAX: usize = 255;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut matrices = Vec::new();
    for layer in document.layers() {
        if let Some(bounds) = measure(&layer.volume, &slice).await {
            matrices.push(Matrix { name: name(layer), bounds, volume: layer.volume.clone() });
        }
    }
    slice.expect(matrices.iter().map(|matrix| matrix.cells() as u64).sum());
    let mut content = Pieces::new();
    // Version 1.1, RGBA, right-handed, compressed, no masks.
    [257, 0, 1, 1, 0, matrices.len() as u32].into_iter().for_each(|value| content.put_u32(value));
    for matrix in &matrices {
        matrix.write_head(&mut content)?;
        let (mut next, mut run) = (0, (0, 0));
        while next < matrix.cells() {
            let end = matrix.write_cells(next, &mut run, &mut content);
            slice.count((end - next) as u64);
            slice.spend(1).await;
            next = end;
        }
    }
    Ok(Written::new(content, Report::default()))
}

/// A layer's name, as far as the file has room for it.
fn name(layer: &Layer) -> Vec<u8> {
    let name = &layer.name;
    let end = (0..=NAME_MAX.min(name.len())).rev().find(|&end| name.is_char_boundary(end));
    name.as_bytes()[..end.unwrap_or(0)].to_vec()
}

struct Matrix {
    name: Vec<u8>,
    bounds: Bounds,
    volume: Volume,
}

impl Matrix {
    fn write_head(&self, out: &mut Pieces) -> Result<(), FormatError> {
        if self.bounds.capacity() > CELLS_MAX {
            let name = String::from_utf8_lossy(&self.name);
            let what = format!("layer '{name}' spans {} cells", self.bounds.capacity());
            return Err(FormatError::DoesNotFit { format: NAME, what });
        }
        out.put(&[self.name.len() as u8]);
        out.put(&self.name);
        let ([x, y, z], [width, depth, height]) = (self.bounds.min, self.bounds.dimensions());
        [width, height, depth, x, z, y].into_iter().for_each(|value| out.put_i32(value as i32));
        Ok(())
    }

    /// How many cells there are.
    fn cells(&self) -> i64 {
        self.bounds.capacity().min(CELLS_MAX) as i64
    }

    /// Writes some cells from one on; `run` holds those that may go on. A slice, all cells of one
    /// y, has an end of its own.
    fn write_cells(&self, first: i64, run: &mut (u32, u32), out: &mut Pieces) -> i64 {
        let [width, _, height] = self.bounds.dimensions();
        let end = self.cells().min(first + CELLS_A_UNIT);
        for cell in first..end {
            let offset = [cell % width, cell / width / height, cell / width % height];
            let at = [0, 1, 2].map(|axis| (self.bounds.min[axis] + offset[axis]) as i32);
            let color = self.volume.get(Point::from(at));
            let word = if color.is_empty() { 0 } else { u32::from_le_bytes(color.bytes()) };
            if word != run.1 || run.0 == u32::MAX {
                put_run(*run, out);
                *run = (0, word);
            }
            run.0 += 1;
            if (cell + 1) % (width * height) == 0 {
                put_run(*run, out);
                *run = (0, 0);
                out.put_u32(NEXT_SLICE);
            }
        }
        end
    }
}

fn put_run((count, word): (u32, u32), out: &mut Pieces) {
    if count > 3 {
        [RUN, count, word].into_iter().for_each(|value| out.put_u32(value));
    } else {
        (0..count).for_each(|_| out.put_u32(word));
    }
}
