//! Masks in the making: voxels become a mask, masks become others, in units of about a block.

use crate::document::{BlendMode, drawing_of};
use crate::job::{Progress, Slice};
use crate::voxel::{
    BLOCK_VOXELS, BlockPos, BlockRef, BlockWalk, Bounds, Brush, Mask, MemoryLimit, Rgba, Selection,
    Shape, Volume,
};

/// A mask of all voxels of a volume.
pub async fn mask_of(volume: Volume, slice: &Slice) -> Volume {
    mapped(volume, |mask, at, block| put_bits(mask, at, &block.mask()), slice).await
}

/// A mask of all voxels of a volume that have a colour, give or take `tolerance` in each channel.
pub async fn mask_of_color(volume: Volume, color: Rgba, tolerance: u8, slice: &Slice) -> Volume {
    let near = move |other: Rgba| {
        let mut pairs = color.bytes().into_iter().zip(other.bytes());
        !other.is_empty() && pairs.all(|(a, b)| a.abs_diff(b) <= tolerance)
    };
    let map = |mask: &mut Volume, at, block: BlockRef<'_>| {
        if let Some(color) = block.uniform() {
            let all = if near(color) { [u64::MAX; BLOCK_VOXELS / 64] } else { [0; _] };
            return put_bits(mask, at, &all);
        }
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        let mut bits: Mask = [0; BLOCK_VOXELS / 64];
        for (index, &voxel) in block.voxels_or_copy(&mut voxels).iter().enumerate() {
            bits[index >> 6] |= u64::from(near(voxel)) << (index & 63);
        }
        put_bits(mask, at, &bits);
    };
    mapped(volume, map, slice).await
}

/// A mask of all cells of a box.
///
/// # Errors
/// The memory limit is reached.
pub async fn mask_of_box(bounds: Bounds, slice: &Slice) -> Result<Volume, MemoryLimit> {
    let brush = Brush::new(Rgba::WHITE).mode(BlendMode::Replace);
    let drawn = slice.run(Volume::new().draw_job(&Shape::cuboid(bounds), &brush)).await?;
    Ok(drawn.volume)
}

/// A mask of a set of voxels.
///
/// # Errors
/// The memory limit is reached.
pub async fn mask_of_set(set: Selection, slice: &Slice) -> Result<Volume, MemoryLimit> {
    let job = Volume::new().blend_selection_job(set, BlendMode::Replace, Rgba::WHITE);
    Ok(slice.run(job).await?.volume)
}

/// All cells of a box that a mask does not select.
///
/// # Errors
/// The memory limit is reached.
pub async fn invert(mask: &Volume, within: Bounds, slice: &Slice) -> Result<Volume, MemoryLimit> {
    let all = mask_of_box(within, slice).await?;
    laid(all, mask, BlendMode::Subtract, slice).await
}

/// A volume laid on another one.
///
/// # Errors
/// The memory limit is reached.
pub async fn laid(
    mut lower: Volume,
    upper: &Volume,
    mode: BlendMode,
    slice: &Slice,
) -> Result<Volume, MemoryLimit> {
    let mut laying = drawing_of(upper, mode, 1.0);
    while laying.lay_next(&mut lower)? {
        slice.progress(laying.progress());
        slice.spend(1).await;
    }
    Ok(lower)
}

/// The voxels of a mask in one colour.
pub async fn in_color(mask: Volume, color: Rgba, slice: &Slice) -> Volume {
    let map = |colored: &mut Volume, at, block: BlockRef<'_>| match block.uniform() {
        Some(_) => colored.set_uniform_block(at, color),
        None => {
            let bits = block.mask();
            let cell = |index: usize| match bits[index >> 6] >> (index & 63) & 1 {
                1 => color,
                _ => Rgba::EMPTY,
            };
            colored.set_block(at, &std::array::from_fn(cell));
        }
    };
    mapped(mask, map, slice).await
}

/// What lies within some cells, and what does not.
pub struct Cut {
    /// The voxels of the volume within the cells.
    pub part: Volume,
    /// The others.
    pub rest: Volume,
}

/// A volume cut in two at the edge of some cells.
///
/// # Errors
/// The memory limit is reached.
pub async fn cut(volume: &Volume, cells: &Volume, slice: &Slice) -> Result<Cut, MemoryLimit> {
    let part = laid(volume.clone(), cells, BlendMode::Intersect, slice).await?;
    let rest = laid(volume.clone(), cells, BlendMode::Subtract, slice).await?;
    Ok(Cut { part, rest })
}

pub(super) fn put_bits(mask: &mut Volume, at: BlockPos, bits: &Mask) {
    if bits.iter().all(|&word| word == u64::MAX) {
        mask.set_uniform_block(at, Rgba::WHITE);
    } else if bits.iter().any(|&word| word != 0) {
        let voxel = |index: usize| match bits[index >> 6] >> (index & 63) & 1 {
            1 => Rgba::WHITE,
            _ => Rgba::EMPTY,
        };
        mask.set_block(at, &std::array::from_fn(voxel));
    }
}

/// A volume each of whose blocks is made from the same block of another one.
async fn mapped(
    volume: Volume,
    map: impl Fn(&mut Volume, BlockPos, BlockRef<'_>),
    slice: &Slice,
) -> Volume {
    let (mut walk, mut made) = (BlockWalk::new(), Volume::new());
    slice.progress(Progress { done: 0, total: volume.block_count() as u64 });
    while let Some(at) = walk.next_in(&volume, slice).await {
        if let Some(block) = volume.block(at) {
            map(&mut made, at, block);
        }
        slice.advance(1).await;
    }
    made
}
