//! One model of a file that is written: which blocks it takes, where it lies, and its bytes.

use crate::format::Pieces;
use crate::format::bytes::Put;
use crate::format::quantise::Numbers;
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockPos, BlockRef, Bounds, Rgba, Volume};

/// A model of up to 256 voxels along each axis.
#[derive(Default)]
pub(super) struct Model {
    blocks: Vec<BlockPos>,
    bounds: Option<Bounds>,
    voxels: u64,
}

impl Model {
    /// Takes one more block, which is not empty.
    pub(super) fn add(&mut self, at: BlockPos, block: BlockRef<'_>) {
        self.blocks.push(at);
        self.bounds = Bounds::union_of(self.bounds, block.bounds(at));
        self.voxels += u64::from(block.count());
    }

    pub(super) fn size(&self) -> [i64; 3] {
        self.bounds.map_or([1; 3], |bounds| bounds.dimensions())
    }

    /// The lowest corner.
    pub(super) fn min(&self) -> [i64; 3] {
        self.bounds.map_or([0; 3], |bounds| bounds.min)
    }

    /// Where the model's pivot is.
    pub(super) fn place(&self) -> [i64; 3] {
        let (min, size) = (self.min(), self.size());
        [0, 1, 2].map(|axis| min[axis] + size[axis] / 2)
    }

    /// Writes what comes before the voxels.
    pub(super) fn write_head(&self, out: &mut impl Put) {
        let mut size = Vec::new();
        self.size().into_iter().for_each(|length| size.put_i32(length as i32));
        put_chunk(out, b"SIZE", &size);
        out.put(b"XYZI");
        out.put_u32(4 * self.voxels as u32 + 4);
        out.put_u32(0);
        out.put_u32(self.voxels as u32);
    }

    /// Writes the model with its voxels, which are in this volume.
    pub(super) async fn write(
        &self,
        volume: &Volume,
        out: &mut Pieces,
        numbers: &mut Numbers,
        slice: &Slice,
    ) {
        self.write_head(out);
        for &at in &self.blocks {
            if let Some(block) = volume.block(at) {
                put_block(out, block, at, self.min(), numbers);
            }
            slice.advance(1).await;
        }
    }
}

/// Writes the voxels of a block: four bytes each, counted from `min`.
fn put_block(
    out: &mut Pieces,
    block: BlockRef<'_>,
    at: BlockPos,
    min: [i64; 3],
    numbers: &mut Numbers,
) {
    let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
    let voxels = block.voxels_or_copy(&mut copy);
    let origin = at.origin().array();
    let first = [0, 1, 2].map(|axis| i64::from(origin[axis]) - min[axis]);
    let byte = |axis: usize, step: usize| (first[axis] + step as i64) as u8;
    let mut list = [[0u8; 4]; BLOCK_VOXELS];
    let mut length = 0;
    for (row, colors) in voxels.as_chunks::<16>().0.iter().enumerate() {
        let (y, z) = (byte(1, row & 15), byte(2, row >> 4));
        let mut put = |x: usize, number: u8| {
            // Empty voxels are written too and then written over: cheaper than to ask.
            list[length] = [byte(0, x), y, z, number];
            length += usize::from(number != 0);
        };
        if *colors == [colors[0]; 16] {
            let number = numbers.of(colors[0]);
            (0..16).for_each(|x| put(x, number));
        } else {
            (0..16).for_each(|x| put(x, numbers.of(colors[x])));
        }
    }
    out.put(list[..length].as_flattened());
}

pub(super) fn put_chunk(out: &mut impl Put, kind: &[u8; 4], data: &[u8]) {
    out.put(kind);
    out.put_u32(data.len() as u32);
    out.put_u32(0);
    out.put(data);
}
