//! Writing `.qb`: one matrix for each layer that has voxels, hidden ones too, compressed, in Goxel's
//! axes. A run of cells is a unit of work.

use super::CELLS_A_UNIT;
use super::qb_read::{NAME, NEXT_SLICE, RUN};
use crate::document::{Document, Layer};
use crate::format::builder::Measuring;
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
    /// The next cell of the matrix: y slowest, then z, and x fastest.
    next: i64,
    /// The run that is not written yet: how many cells, and their colour.
    run: (u32, u32),
    warnings: Vec<String>,
    /// The box around the matrix `matrix` is found; all are found before any is written.
    measuring: Option<Measuring>,
}

struct Matrix {
    name: Vec<u8>,
    /// The box around its voxels, once it is found.
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
            let name = layer.name.as_bytes()[..end].to_vec();
            Matrix {
                name,
                bounds: Bounds { min: [0; 3], max: [0; 3] },
                volume: layer.volume.clone(),
            }
        };
        let layers = document.layers().iter().filter(|layer| !layer.volume.is_empty());
        let matrices: Vec<Matrix> = layers.map(matrix).collect();
        let mut out = Pieces::new();
        // Version 1.1, RGBA, right-handed, compressed, no masks.
        [257, 0, 1, 1, 0, matrices.len() as u32].into_iter().for_each(|value| out.put_u32(value));
        let hidden = document.layers().iter().filter(|layer| !layer.visible).count();
        let warning = format!("{hidden} hidden layers are written as visible ones");
        let warnings = if hidden > 0 { vec![warning] } else { Vec::new() };
        let measuring = matrices.first().map(|matrix| Measuring::new(&matrix.volume));
        Writer { matrices, out, matrix: 0, next: 0, run: (0, 0), warnings, measuring }
    }

    /// Finds the boxes around the matrices a bit further.
    fn measure(&mut self, mut measuring: Measuring) {
        let matrix = &mut self.matrices[self.matrix];
        if measuring.advance(&matrix.volume) {
            self.measuring = Some(measuring);
            return;
        }
        matrix.bounds = measuring.bounds().unwrap_or(matrix.bounds);
        self.matrix += 1;
        match self.matrices.get(self.matrix) {
            Some(next) => self.measuring = Some(Measuring::new(&next.volume)),
            None => self.matrix = 0,
        }
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

    /// How many cells there are.
    fn cells(&self) -> i64 {
        self.bounds.capacity().min(CELLS_MAX) as i64
    }

    /// Writes some cells from one on; `run` holds those that may go on. A slice, all cells of one y, has an end of
    /// its own.
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

impl Advance for Writer {
    type Output = Written;

    fn advance(&mut self) -> Result<Option<Written>, FormatError> {
        if let Some(measuring) = self.measuring.take() {
            self.measure(measuring);
            return Ok(None);
        }
        let Some(matrix) = self.matrices.get(self.matrix) else {
            let content = std::mem::take(&mut self.out);
            let warnings = std::mem::take(&mut self.warnings);
            return Ok(Some(Written { content, warnings, cache: Default::default() }));
        };
        if self.next == 0 {
            matrix.write_head(&mut self.out)?;
        }
        self.next = matrix.write_cells(self.next, &mut self.run, &mut self.out);
        if self.next == matrix.cells() {
            (self.matrix, self.next) = (self.matrix + 1, 0);
        }
        Ok(None)
    }

    /// In cells.
    fn units(&self) -> (u64, u64) {
        if self.measuring.is_some() {
            return (0, 0);
        }
        let cells = |matrices: &[Matrix]| matrices.iter().map(|m| m.cells() as u64).sum::<u64>();
        let done = cells(&self.matrices[..self.matrix.min(self.matrices.len())]);
        (done + self.next as u64, cells(&self.matrices))
    }
}
