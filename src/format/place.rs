//! Volumes whose voxels go to other places.

use super::builder::{Allowance, VolumeBuilder};
use super::{FormatError, Limits};
use crate::document::{Document, LayerContent, Matrix};
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Bounds, Point, Rgba, Volume, point_in_block};

/// Where voxels go: turned about the origin first, then moved.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// For each axis the one that it comes from, and whether against it.
    pub(crate) from: [usize; 3],
    pub(crate) signs: [i64; 3],
    pub(crate) by: [i64; 3],
}

impl Way {
    pub(crate) const NONE: Way = Way { from: [0, 1, 2], signs: [1; 3], by: [0; 3] };

    /// Moves without a turn.
    pub(crate) fn moving(by: [i64; 3]) -> Way {
        Way { by, ..Way::NONE }
    }

    /// So many quarters about the upright axis, counter-clockwise seen from above.
    pub(crate) fn turning(quarters: i64) -> Way {
        let (from, signs) = match quarters.rem_euclid(4) {
            1 => ([1, 0, 2], [-1, 1, 1]),
            2 => ([0, 1, 2], [-1, -1, 1]),
            3 => ([1, 0, 2], [1, -1, 1]),
            _ => ([0, 1, 2], [1, 1, 1]),
        };
        Way { from, signs, by: [0; 3] }
    }

    fn is_none(&self) -> bool {
        self.from == [0, 1, 2] && self.signs == [1; 3] && self.by == [0; 3]
    }

    /// Where a voxel goes.
    fn cell(&self, at: [i64; 3]) -> [i64; 3] {
        [0, 1, 2].map(|axis| {
            let value = at[self.from[axis]];
            (if self.signs[axis] < 0 { -1 - value } else { value }) + self.by[axis]
        })
    }

    /// Where a box goes.
    fn bounds(&self, bounds: Bounds) -> Bounds {
        let ends = [self.cell(bounds.min), self.cell(bounds.max.map(|end| end - 1))];
        Bounds {
            min: [0, 1, 2].map(|axis| ends[0][axis].min(ends[1][axis])),
            max: [0, 1, 2].map(|axis| ends[0][axis].max(ends[1][axis]) + 1),
        }
    }

    /// Where a place goes.
    fn place(&self, matrix: &mut Matrix) {
        let old = matrix.0[3];
        for axis in 0..3 {
            let value = old[self.from[axis]];
            matrix.0[3][axis] = value * self.signs[axis] as f32 + self.by[axis] as f32;
        }
    }
}

/// A volume in another place.
pub(crate) async fn placed(
    volume: &Volume,
    way: Way,
    slice: &Slice,
) -> Result<Volume, FormatError> {
    let mut allowance = Allowance::new(Limits::default());
    let (mut builder, mut walk) = (VolumeBuilder::new(), BlockWalk::new());
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next_in(volume, slice).await {
        let Some(block) = volume.block(at) else { continue };
        block.copy_to(&mut voxels);
        for (index, &color) in voxels.iter().enumerate().filter(|(_, color)| !color.is_empty()) {
            let to = way.cell(point_in_block(at, index).array().map(i64::from));
            if let [Ok(x), Ok(y), Ok(z)] = to.map(i32::try_from) {
                builder.set(Point::new(x, y, z), color, &mut allowance)?;
            }
        }
        slice.spend(1).await;
    }
    let mut moved = Volume::new();
    while builder.move_block(&mut moved) {
        slice.spend(1).await;
    }
    Ok(moved)
}

/// Puts all of a document into another place; how many clones and shapes became plain voxels.
pub(crate) async fn place_all(
    document: &mut Document,
    way: Way,
    slice: &Slice,
) -> Result<u64, FormatError> {
    let mut made = 0;
    if way.is_none() {
        return Ok(made);
    }
    for layer in document.layers_mut() {
        layer.volume = placed(&layer.volume, way, slice).await?;
        layer.bounds = layer.bounds.map(|bounds| way.bounds(bounds));
        // Clones and shapes whose voxels were moved are plain from then on.
        let is_own = matches!(layer.content, LayerContent::Voxels | LayerContent::Image { .. });
        if !is_own {
            made += 1;
            layer.content = LayerContent::Voxels;
            layer.matrix = Matrix::IDENTITY;
        }
        way.place(&mut layer.matrix);
    }
    document.canvas = way.bounds(document.canvas);
    Ok(made)
}
