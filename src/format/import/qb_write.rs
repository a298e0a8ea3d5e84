//! Writing `.qb`: one matrix for each layer that has voxels, hidden ones too, compressed, in Goxel's
//! axes. A slice is a unit of work.

use super::qb_read::{NAME, NEXT_SLICE, RUN};
use crate::document::{Document, Layer};
use crate::format::bytes::Put;
use crate::format::steps::Advance;
use crate::format::{FormatError, Pieces, Written};
use crate::voxel::{Bounds, Point, Volume};

/// The most cells of one matrix; its empty ones are looked at too.
const CELLS_MAX: u128 = 1 << 33;
const NAME_MAX: usize = 255;

pub(super) struct Writer {
    matrices: Vec<Matrix>,
    out: Pieces,
    matrix: usize,
    slice: i64,
    warnings: Vec<String>,
}

struct Matrix {
    name: Vec<u8>,
    bounds: Bounds,
    volume: Volume,
}

impl Writer {
    pub(super) fn new(document: &Document) -> Self {
        let matrix = |layer: &Layer| {
            let mut end = layer.name.len().min(NAME_MAX);
            while !layer.name.is_char_boundary(end) {
                end -= 1;
            }
            let bounds = layer.volume.bounds()?;
            let name = layer.name.as_bytes()[..end].to_vec();
            Some(Matrix { name, bounds, volume: layer.volume.clone() })
        };
        let matrices: Vec<Matrix> = document.layers().iter().filter_map(matrix).collect();
        let mut out = Pieces::new();
        // Version 1.1, RGBA, right-handed, compressed, no masks.
        [257, 0, 1, 1, 0, matrices.len() as u32].into_iter().for_each(|value| out.put_u32(value));
        let hidden = document.layers().iter().filter(|layer| !layer.visible).count();
        let warning = format!("{hidden} hidden layers are written as visible ones");
        let warnings = if hidden > 0 { vec![warning] } else { Vec::new() };
        Writer { matrices, out, matrix: 0, slice: 0, warnings }
    }
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

    /// Writes the cells of one y, row by row upwards.
    fn write_slice(&self, y: i64, out: &mut Pieces) {
        let mut run = (0u32, 0u32);
        for z in self.bounds.min[2]..self.bounds.max[2] {
            for x in self.bounds.min[0]..self.bounds.max[0] {
                let color = self.volume.get(Point::new(x as i32, y as i32, z as i32));
                let word = if color.is_empty() { 0 } else { u32::from_le_bytes(color.bytes()) };
                if word != run.1 || run.0 == u32::MAX {
                    put_run(run, out);
                    run = (0, word);
                }
                run.0 += 1;
            }
        }
        put_run(run, out);
        out.put_u32(NEXT_SLICE);
    }
}

fn put_run((count, word): (u32, u32), out: &mut Pieces) {
    if count > 3 {
        [RUN, count, word].into_iter().for_each(|value| out.put_u32(value));
    } else {
        (0..count).for_each(|_| out.put_u32(word));
    }
}

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        let Some(matrix) = self.matrices.get(self.matrix) else {
            let content = std::mem::take(&mut self.out);
            let warnings = std::mem::take(&mut self.warnings);
            return Ok(Some(Written { content, warnings, cache: Default::default() }));
        };
        if self.slice == 0 {
            matrix.write_head(&mut self.out)?;
        }
        matrix.write_slice(matrix.bounds.min[1] + self.slice, &mut self.out);
        self.slice += 1;
        if self.slice == matrix.bounds.dimensions()[1] {
            (self.matrix, self.slice) = (self.matrix + 1, 0);
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (self.matrix as u64, self.matrices.len() as u64)
    }
}
