//! A document as a format can write it: chosen layers, a region, another origin, fewer colours, merged where the format
//! knows no blend modes.

use super::recolor::recolor;
use super::{ExportOptions, Origin};
use crate::document::{BlendMode, Document, Layer, LayerContent};
use crate::format::builder::{Allowance, VolumeBuilder, measure};
use crate::format::fidelity::{Holds, Report};
use crate::format::merged::merged;
use crate::format::{FormatError, Limits};
use crate::job::Slice;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Bounds, Point, Rgba, Volume};

/// A document that is ready, and what it lost on the way.
pub(crate) struct Prepared {
    pub(crate) document: Document,
    pub(crate) report: Report,
}

/// Makes a document ready for a format.
pub(crate) async fn prepare(
    mut document: Document,
    holds: Holds,
    options: &ExportOptions,
    slice: &Slice,
) -> Result<Prepared, FormatError> {
    if let Some(name) = &options.name {
        document.name.clone_from(name);
    }
    if let Some(chosen) = options.choose(&document) {
        document = with_layers(&document, chosen);
    }
    let mut report = holds.losses(&document);
    if let Some(region) = options.region {
        document.canvas = region;
        for layer in document.layers_mut() {
            layer.volume = cropped(&layer.volume, region, slice).await;
            as_voxels(layer);
        }
    }
    if holds.layers && !holds.modes && !shows_as_is(&document) {
        document = merged_visible(&document, holds, slice).await;
    }
    if !holds.is_surface && options.origin != Origin::Keep {
        let by = to_origin(&document, options.origin, slice).await;
        for layer in document.layers_mut() {
            layer.volume = moved(&layer.volume, by, slice).await?;
            as_voxels(layer);
            for (axis, by) in by.into_iter().enumerate() {
                layer.matrix.0[3][axis] += by as f32;
            }
        }
        document.canvas = Bounds {
            min: [0, 1, 2].map(|axis| document.canvas.min[axis] + by[axis]),
            max: [0, 1, 2].map(|axis| document.canvas.max[axis] + by[axis]),
        };
    }
    if let Some(colors) = options.quantize {
        recolor(&mut document, colors, options.dither, &mut report, slice).await;
    }
    Ok(Prepared { document, report })
}

/// Clones and shapes whose voxels were changed are plain from then on.
fn as_voxels(layer: &mut Layer) {
    if !matches!(layer.content, LayerContent::Voxels | LayerContent::Image { .. }) {
        layer.content = LayerContent::Voxels;
        layer.matrix = crate::document::Matrix::IDENTITY;
    }
}

fn with_layers(document: &Document, layers: Vec<Layer>) -> Document {
    let mut chosen = Document::with_layers(&document.name, document.canvas, layers);
    let Document { materials, cameras, active_camera, light, palette, .. } = document.clone();
    (chosen.materials, chosen.cameras) = (materials, cameras);
    (chosen.active_camera, chosen.light, chosen.palette) = (active_camera, light, palette);
    chosen.preserved.clone_from(&document.preserved);
    chosen
}

/// Whether the layers of a document show it as it is without blend modes.
fn shows_as_is(document: &Document) -> bool {
    let plain = |layer: &Layer| layer.mode == BlendMode::Over && layer.opacity >= 1.0;
    document.layers().iter().all(|layer| !layer.visible || plain(layer))
}

/// The visible layers as one, and the hidden ones where the format can hide them.
async fn merged_visible(document: &Document, holds: Holds, slice: &Slice) -> Document {
    let seen = merged(document, slice).await;
    let mut layers = document.flattened(seen).layers().to_vec();
    if holds.hidden {
        let hidden = document.layers().iter().filter(|layer| !layer.visible).cloned();
        layers.extend(hidden.map(|mut layer| {
            as_voxels(&mut layer);
            layer
        }));
    }
    with_layers(document, layers)
}

/// How far everything is moved.
async fn to_origin(document: &Document, origin: Origin, slice: &Slice) -> [i64; 3] {
    let mut bounds = None;
    for layer in document.layers().iter().filter(|layer| layer.visible) {
        bounds = Bounds::union_of(bounds, measure(&layer.volume, slice).await);
    }
    let Some(bounds) = bounds else { return [0; 3] };
    [0, 1, 2].map(|axis| match origin {
        Origin::Keep => 0,
        Origin::Corner => -bounds.min[axis],
        Origin::Center => -(bounds.min[axis] + bounds.max[axis]).div_euclid(2),
        Origin::Pivot => -(document.layers()[0].matrix.0[3][axis].floor() as i64),
    })
}

/// The voxels of a volume within a box.
async fn cropped(volume: &Volume, region: Bounds, slice: &Slice) -> Volume {
    let (mut cropped, mut walk) = (Volume::new(), BlockWalk::within(volume, Some(region)));
    while let Some(at) = walk.next(volume) {
        let Some(block) = volume.block(at) else { continue };
        if at.bounds().union(&region) == region {
            cropped.share_block(at, block);
        } else {
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            block.copy_to(&mut voxels);
            for (index, voxel) in voxels.iter_mut().enumerate() {
                if !region.contains(point(at.origin(), index)) {
                    *voxel = Rgba::EMPTY;
                }
            }
            cropped.set_block(at, &voxels);
        }
        slice.spend(1).await;
    }
    cropped
}

fn point(origin: Point, index: usize) -> Point {
    let cell = [index & 15, index >> 4 & 15, index >> 8].map(|value| value as i32);
    Point::new(origin.x + cell[0], origin.y + cell[1], origin.z + cell[2])
}

/// A volume in another place.
async fn moved(volume: &Volume, by: [i64; 3], slice: &Slice) -> Result<Volume, FormatError> {
    let mut allowance = Allowance::new(Limits::default());
    let (mut builder, mut walk) = (VolumeBuilder::new(), BlockWalk::new(volume));
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next(volume) {
        let Some(block) = volume.block(at) else { continue };
        block.copy_to(&mut voxels);
        for (index, &color) in voxels.iter().enumerate().filter(|(_, color)| !color.is_empty()) {
            let at = point(at.origin(), index).array();
            let to = [0, 1, 2].map(|axis| i32::try_from(i64::from(at[axis]) + by[axis]).ok());
            if let [Some(x), Some(y), Some(z)] = to {
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
