//! `.qbt`, Qubicle Binary Tree: matrices in a tree of models, one layer each; y up. A compound
//! holds the voxels of its parts too, so its parts are passed over.

use std::ops::Range;

use super::{CELLS_A_UNIT, COLORS_MAX, Parts, Sink, add, turned};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::unpack::Packed;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "qbt";
/// Colours of the palette read in one unit of work.
const COLORS_A_UNIT: usize = 1 << 12;
/// Bytes of the longest name of a matrix.
const NAME_MAX: usize = 1 << 16;
/// The deepest nesting of nodes.
const DEPTH_MAX: usize = 64;

pub(super) fn start(file: &FileBytes, sink: &mut Sink) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"QB 2" {
        return Err(bytes.invalid_at(0, "another magic", "\"QB 2\""));
    }
    bytes.take(2 + 12, "version and scale")?;
    let file = file.clone();
    let (at, palette) = (bytes.position(), Palette::default());
    let mut tree = Tree { file, at, colors: 0..0, palette, open: vec![], matrix: None };
    sink.progress = (tree.at, tree.file.len());
    Ok(Box::new(move |_, sink| {
        let more = tree.advance(sink)?;
        sink.progress.0 = tree.at;
        if !more && !tree.palette.colors.is_empty() {
            sink.palette = Some(std::mem::take(&mut tree.palette));
        }
        Ok(more)
    }))
}

/// A file whose sections are read node by node.
struct Tree {
    file: FileBytes,
    at: usize,
    /// Where the colours are, four bytes each.
    colors: Range<usize>,
    /// The colours that are read.
    palette: Palette,
    /// The nodes around the next one, outermost first.
    open: Vec<Open>,
    matrix: Option<Matrix>,
}

/// A node whose children are read.
struct Open {
    end: usize,
    /// Children to come.
    left: u32,
}

impl Tree {
    /// Reads some voxels, some colours, a node's head or a section's; false at the end of the file.
    fn advance(&mut self, sink: &mut Sink) -> Result<bool, FormatError> {
        if let Some(matrix) = &mut self.matrix {
            let colors = self.file[self.colors.clone()].as_chunks::<4>().0;
            if !matrix.advance(colors, sink)? {
                self.at = matrix.node_end;
                self.matrix = None;
            }
            return Ok(true);
        }
        if self.palette.colors.len() < self.colors.len() / 4 {
            self.read_colors();
            return Ok(true);
        }
        match self.open.last_mut() {
            Some(Open { end, left: 0 }) => {
                self.at = *end;
                self.open.pop();
            }
            Some(open) => {
                open.left -= 1;
                let end = open.end;
                self.read_node(end, sink)?;
            }
            None if self.at == self.file.len() => return Ok(false),
            None => self.read_section(sink)?,
        }
        Ok(true)
    }

    fn read_section(&mut self, sink: &mut Sink) -> Result<(), FormatError> {
        let file = self.file.clone();
        let mut bytes = Bytes::new(&file, NAME).at(self.at);
        let start = bytes.offset();
        match bytes.take(8, "a section")? {
            b"COLORMAP" => {
                let count = bytes.u32("the number of colours")? as usize;
                if count > COLORS_MAX {
                    let expected = format!("at most {COLORS_MAX}");
                    return Err(bytes.invalid(format!("{count} colours"), expected));
                }
                let first = bytes.position();
                bytes.take(count.saturating_mul(4), "the colours")?;
                self.at = bytes.position();
                self.colors = first..self.at;
                self.palette = Palette { name: String::new(), colors: Vec::with_capacity(count) };
                Ok(())
            }
            b"DATATREE" => {
                self.at = bytes.position();
                self.read_node(file.len(), sink)
            }
            _ => Err(bytes.invalid_at(start, "another section", "COLORMAP or DATATREE")),
        }
    }

    /// Reads the head of a node in a part of the file that ends at `end`.
    fn read_node(&mut self, end: usize, sink: &mut Sink) -> Result<(), FormatError> {
        let file = self.file.clone();
        let mut bytes = Bytes::new(&file[..end], NAME).at(self.at);
        let start = bytes.offset();
        let kind = bytes.u32("a node's type")?;
        let length = bytes.u32("a node's length")? as usize;
        let end = bytes.position() + bytes.clone().sub(length, "a node")?.remaining();
        let mut node = Bytes::new(&file[..end], NAME).at(bytes.position());
        if self.open.len() > DEPTH_MAX {
            let expected = format!("at most {DEPTH_MAX} levels");
            return Err(node.invalid_at(start, "nodes too deep", expected));
        }
        match kind {
            // A compound begins like a matrix.
            0 | 2 => self.matrix = Some(Matrix::read_head(&file, node, end, sink)?),
            1 => {
                let left = node.u32("a model's number of nodes")?;
                self.at = node.position();
                self.open.push(Open { end, left });
            }
            _ => {
                let what = format!("a node of type {kind}");
                return Err(node.invalid_at(start, what, "type 0, 1 or 2"));
            }
        }
        Ok(())
    }

    /// Reads some colours of the palette.
    fn read_colors(&mut self) {
        let all = self.file[self.colors.clone()].as_chunks::<4>().0;
        let read = self.palette.colors.len();
        let run = all[read..].iter().take(COLORS_A_UNIT);
        self.palette.colors.extend(run.map(|&[r, g, b, _]| (Rgba::opaque(r, g, b), None)));
    }
}

/// A matrix whose voxels are unpacked, then read.
struct Matrix {
    name: String,
    corner: [i64; 3],
    height: i64,
    depth: i64,
    /// Where the size is in the file, and where the node ends.
    start: u64,
    node_end: usize,
    /// Red, green, blue and a mask of each cell: x slowest, y, which points up, fastest.
    voxels: Packed,
}

/// What is expected of a matrix's voxels.
const EXPECTED: &str = "voxels of that size";

impl Matrix {
    fn read_head(
        file: &FileBytes,
        mut node: Bytes<'_>,
        node_end: usize,
        sink: &mut Sink,
    ) -> Result<Self, FormatError> {
        let length = node.u32("a name's length")? as usize;
        if length > NAME_MAX {
            let expected = format!("at most {NAME_MAX}");
            return Err(node.invalid(format!("a name of {length} bytes"), expected));
        }
        let name = String::from_utf8_lossy(node.take(length, "a name")?).into_owned();
        let [x, y, z] = [0; 3].map(|_| node.i32("a matrix's place"));
        let corner = [x?, y?, z?].map(i64::from);
        node.take(12 + 12, "a matrix's scale and pivot")?;
        let start = node.offset();
        let [x, y, z] = [0; 3].map(|_| node.u32("a matrix's size"));
        let [width, height, depth] = [x?, y?, z?].map(i64::from);
        let packed = node.u32("the length of voxels")? as usize;
        let first = node.position();
        node.take(packed, "the voxels")?;
        let cells = width.checked_mul(height).and_then(|cells| cells.checked_mul(depth));
        let bytes = cells.and_then(|cells| usize::try_from(cells.checked_mul(4)?).ok());
        let length = bytes.ok_or_else(|| node.invalid_at(start, "a matrix too large", EXPECTED))?;
        sink.allowance.take(length as u64)?;
        let voxels = Packed::new(file, first..first + packed, length)
            .map_err(|found| node.invalid_at(start, found, EXPECTED))?;
        Ok(Matrix { name, corner, height, depth, start, node_end, voxels })
    }

    /// Unpacks or reads some voxels; false once all are read.
    fn advance(&mut self, colors: &[[u8; 4]], sink: &mut Sink) -> Result<bool, FormatError> {
        let unpacked = self
            .voxels
            .unpack()
            .map_err(|found| Bytes::new(&[], NAME).invalid_at(self.start, found, EXPECTED))?;
        if !unpacked {
            return Ok(true);
        }
        let (first, run) = self.voxels.run(4 * CELLS_A_UNIT as usize);
        if first == 0 {
            sink.layer(&self.name, true)?;
        }
        let [height, depth] = [self.height, self.depth];
        for (index, &voxel) in (first as i64 / 4..).zip(run.as_chunks::<4>().0) {
            if voxel[3] != 0 {
                let [r, g, b, _] = if colors.is_empty() {
                    voxel
                } else {
                    colors.get(usize::from(voxel[0])).copied().unwrap_or_default()
                };
                let cell = [index / height / depth, index % height, index / height % depth];
                sink.set(turned(add(self.corner, cell)), Rgba::opaque(r, g, b))?;
            }
        }
        Ok(!self.voxels.is_over())
    }
}
