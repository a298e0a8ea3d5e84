//! A document as a format can write it: chosen layers, a region, another origin, fewer colours,
//! merged where the format knows no blend modes.

use super::recolor::recolor;
use super::{Axes, ExportOptions, Origin};
use crate::document::{BlendMode, Document, Layer, LayerContent};
use crate::format::FormatError;
use crate::format::builder::measure;
use crate::format::fidelity::{Holds, Kind, Places, Report};
use crate::format::import::standing;
use crate::format::merged::merged;
use crate::format::place::{Way, place_all};
use crate::job::Slice;
use crate::plain_words::in_words;
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
    native: Axes,
    options: &ExportOptions,
    slice: &Slice,
) -> Result<Prepared, FormatError> {
    if let Some(name) = &options.name {
        document.name.clone_from(name);
    }
    let had_any = has_voxels(&document);
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
    if had_any && !has_voxels(&document) {
        let what = if options.region.is_some() { "the region" } else { "the layers" };
        report.warn(format!("there is no voxel in {what} to be written: the file is empty"));
    }
    if holds.layers && !holds.modes && !shows_as_is(&document) {
        let shown = document.layers().iter().any(|layer| layer.visible);
        document = merged_visible(&document, holds, slice).await;
        let empty = document.layers().iter().filter(|layer| layer.visible);
        let empty = empty.filter(|layer| layer.volume.is_empty()).count() as u64;
        let empty = if holds.drops_empty && shown { empty } else { 0 };
        report.lose_quietly(Kind::Layer, empty, "a layer of which nothing is seen is left out");
    }
    let mut made = 0;
    if !holds.is_surface && options.origin != Origin::Keep {
        let by = to_origin(&document, options.origin, slice).await;
        made += place_all(&mut document, Way::moving(by), slice).await?;
    }
    if let Some(axes) = options.axes.filter(|_| !holds.is_surface) {
        // What the writer makes of our axes is undone first.
        let way = |axis: usize| {
            let place = (0..3).find(|&place| native.from[place] == axis).unwrap_or(axis);
            (axes.from[place], axes.signs[place] * native.signs[place])
        };
        let (from, signs) = ([0, 1, 2].map(|axis| way(axis).0), [0, 1, 2].map(|axis| way(axis).1));
        made += place_all(&mut document, Way { from, signs, by: [0; 3] }, slice).await?;
    }
    let made = if holds.instances { made } else { 0 };
    report.lose(
        Kind::Instance,
        made,
        in_words(made, ["clone or shape is", "clones or shapes are"])
            + " plain voxels where they were moved to",
    );
    if holds.places != Places::Kept {
        lose_place(&document, holds.places, &mut report, slice).await;
    }
    if holds.is_surface && holds.colors == Some(0) {
        lose_colors(&document, &mut report, slice).await;
    }
    if let Some(colors) = options.quantize {
        recolor(&mut document, colors, options.dither, &mut report, slice).await;
    }
    Ok(Prepared { document, report })
}

/// Tells if a model would come back in another place: in the middle of its base.
async fn lose_place(document: &Document, places: Places, report: &mut Report, slice: &Slice) {
    let mut bounds = None;
    for layer in document.layers().iter().filter(|layer| layer.visible) {
        bounds = Bounds::union_of(bounds, measure(&layer.volume, slice).await);
    }
    let is_known = places == Places::Standing;
    let is_moved = bounds.is_some_and(|b| !is_known || b.min != standing(b.dimensions()));
    let note = "where the model lies is not in the file: it stands at the origin when it is read";
    report.lose_quietly(Kind::Layer, u64::from(is_moved), note);
}

/// Tells how many voxels have a colour, where a file has none at all.
async fn lose_colors(document: &Document, report: &mut Report, slice: &Slice) {
    let mut count = 0;
    for layer in document.layers().iter().filter(|layer| layer.visible) {
        for (_, block) in layer.volume.blocks() {
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            block.copy_to(&mut voxels);
            let is_lost = |color: &&Rgba| !color.is_empty() && color.bytes()[..3] != [255; 3];
            count += voxels.iter().filter(is_lost).count() as u64;
            slice.spend(1).await;
        }
    }
    report.lose_quietly(Kind::Color, count, format!("the colours of {count} voxels are left out"));
}

fn has_voxels(document: &Document) -> bool {
    document.layers().iter().any(|layer| !layer.volume.is_empty())
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

/// The visible layers as one where the lowest of them is, and the hidden ones where the format can
/// hide them. A layer that is the only visible one keeps its name and its material.
async fn merged_visible(document: &Document, holds: Holds, slice: &Slice) -> Document {
    let seen = merged(document, slice).await;
    let flat = document.flattened(seen);
    let mut shown = document.layers().iter().filter(|layer| layer.visible);
    let (first, is_only) = (shown.next(), shown.next().is_none());
    let mut one = flat.layers().first().cloned();
    if let (Some(one), Some(first)) = (&mut one, first) {
        one.id = first.id;
        if is_only {
            one.name.clone_from(&first.name);
            one.material = first.material;
        }
    }
    let mut layers = Vec::new();
    for layer in document.layers() {
        if layer.visible {
            layers.extend(one.take());
        } else if holds.hidden {
            let mut layer = layer.clone();
            as_voxels(&mut layer);
            layers.push(layer);
        }
    }
    // Nothing is seen, and something has to be there.
    layers.extend(one.filter(|_| layers.is_empty()));
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
    let (mut cropped, mut walk) = (Volume::new(), BlockWalk::within(Some(region)));
    while let Some(at) = walk.next_in(volume, slice).await {
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
