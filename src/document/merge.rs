//! Layers on top of each other: the merged volume, and the blend modes' names.

use std::collections::BTreeMap;

use super::{BlendMode, Document, Layer, LayerId};
use crate::voxel::{Blend, Bounds, Laying, Rgba, Volume};

/// Alpha scaled by an opacity from 0 to 1, rounded to the nearest.
pub fn with_opacity(color: Rgba, opacity: f32) -> Rgba {
    let share = u32::from(share(opacity));
    Rgba { a: ((u32::from(color.a) * share + 127) / 255) as u8, ..color }
}

/// An opacity from 0 to 1 as a share of 255.
fn share(opacity: f32) -> u8 {
    (opacity.clamp(0.0, 1.0) * 255.0).round() as u8
}

impl BlendMode {
    /// The mode with a number, as files store it.
    pub fn from_number(number: i32) -> Option<BlendMode> {
        BlendMode::ALL.into_iter().find(|&mode| mode as i32 == number)
    }

    /// The mode's name.
    pub fn name(self) -> &'static str {
        match self {
            BlendMode::Over => "over",
            BlendMode::Subtract => "subtract",
            BlendMode::SubtractClamp => "subtract_clamp",
            BlendMode::Paint => "paint",
            BlendMode::Max => "max",
            BlendMode::Intersect => "intersect",
            BlendMode::IntersectFill => "intersect_fill",
            BlendMode::MultiplyAlpha => "multiply_alpha",
            BlendMode::Replace => "replace",
        }
    }

    /// The mode with a name, in any case; "add" is another name of over, "sub" of subtract.
    pub fn from_name(name: &str) -> Option<BlendMode> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        match () {
            () if is("add") => Some(BlendMode::Over),
            () if is("sub") => Some(BlendMode::Subtract),
            () => BlendMode::ALL.into_iter().find(|mode| is(mode.name())),
        }
    }
}

/// Draws a volume over another one in a blend mode, its alpha scaled by `opacity`.
pub fn draw_volume(target: &mut Volume, source: &Volume, mode: BlendMode, opacity: f32) {
    target.lay(source, Blend { mode, opacity: share(opacity) });
}

/// [`draw_volume`] in units of work.
pub fn drawing_of(source: &Volume, mode: BlendMode, opacity: f32) -> Laying {
    Laying::new(source, Blend { mode, opacity: share(opacity) })
}

impl Layer {
    /// The box that the layer fills: its own if it is bounded, else the exact box of its voxels.
    pub fn extent(&self) -> Option<Bounds> {
        self.bounds.or_else(|| self.volume.bounds())
    }
}

impl Document {
    /// What is seen: the visible layers from the bottom up, in their blend modes and opacities.
    /// Blocks that only one layer has are shared with it.
    pub fn merged(&self) -> Volume {
        let mut visible = self.layers.iter().filter(|layer| layer.visible && layer.opacity > 0.0);
        let mut merged = match visible.clone().next() {
            Some(first) if first.opacity >= 1.0 && starts_as_is(first.mode) => {
                visible.next();
                first.volume.clone()
            }
            _ => Volume::new(),
        };
        visible
            .for_each(|layer| draw_volume(&mut merged, &layer.volume, layer.mode, layer.opacity));
        merged
    }

    /// The document as it is seen: in the place of its layers a single one of these voxels, which
    /// are what [`Document::merged`] or a merge in slices came to.
    pub fn flattened(&self, merged: Volume) -> Document {
        let mut layer = Layer::new(LayerId(1), &self.name);
        layer.volume = merged;
        let active = layer.id;
        let mut flat = self.without_layers();
        flat.swap_layers(&mut vec![layer]);
        flat.active = active;
        flat
    }

    /// The visible layers from the bottom up, as the engine merges them.
    pub fn stack(&self) -> Vec<(&Volume, Blend)> {
        self.stack_of(|layer| layer.visible)
    }

    /// The same of chosen layers, hidden ones too.
    pub fn stack_of(&self, is_chosen: impl Fn(&Layer) -> bool) -> Vec<(&Volume, Blend)> {
        let chosen = self.layers.iter().filter(|layer| is_chosen(layer) && layer.opacity > 0.0);
        let blend = |layer: &Layer| Blend { mode: layer.mode, opacity: share(layer.opacity) };
        chosen.map(|layer| (&layer.volume, blend(layer))).collect()
    }

    /// The exact box around all visible voxels.
    pub fn merged_bounds(&self) -> Option<Bounds> {
        if self.layers.iter().all(|layer| !layer.visible || layer.mode == BlendMode::Over) {
            let visible = self.layers.iter().filter(|layer| layer.visible && layer.opacity > 0.0);
            return visible.fold(None, |all, layer| Bounds::union_of(all, layer.volume.bounds()));
        }
        self.merged().bounds()
    }

    /// How many different colours the visible layers have, most frequent first, with their counts.
    pub fn color_counts(&self) -> Vec<(Rgba, u64)> {
        let mut counts: BTreeMap<Rgba, u64> = BTreeMap::new();
        self.merged().voxels().for_each(|(_, color)| *counts.entry(color).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|&(color, count)| (std::cmp::Reverse(count), color));
        counts
    }
}

/// Whether a layer in this mode over nothing is the layer as it is.
fn starts_as_is(mode: BlendMode) -> bool {
    matches!(mode, BlendMode::Over | BlendMode::Max | BlendMode::Replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(id: i32, points: &[[i32; 3]], color: Rgba) -> Layer {
        let mut layer = Layer::new(LayerId(id), "");
        points.iter().for_each(|&point| {
            layer.volume.set(point.into(), color);
        });
        layer
    }

    #[test]
    fn merging_equals_blending_each_voxel() {
        let points = [[0, 0, 0], [1, 0, 0], [40, 0, 0]];
        for mode in BlendMode::ALL {
            let below = layer(1, &points[..2], Rgba::new(250, 10, 0, 255));
            let mut above = layer(2, &points[1..], Rgba::new(0, 100, 255, 77));
            above.mode = mode;
            above.opacity = 0.5;
            let canvas = crate::document::canvas_for_size([8; 3]);
            let expected = points.map(|point| {
                let high = with_opacity(above.volume.get(point.into()), 0.5);
                mode.blend(below.volume.get(point.into()), high)
            });
            let document = Document::with_layers("", canvas, vec![below, above]);
            let merged = document.merged();
            for (point, expected) in points.into_iter().zip(expected) {
                let got = merged.get(point.into());
                let both_empty = got.is_empty() && expected.is_empty();
                assert!(got == expected || both_empty, "{mode:?} {point:?} {got:?} {expected:?}");
            }
        }
    }

    #[test]
    fn hidden_layers_are_not_merged() {
        let mut hidden = layer(1, &[[0, 0, 0]], Rgba::WHITE);
        hidden.visible = false;
        let canvas = crate::document::canvas_for_size([8; 3]);
        let document = Document::with_layers("", canvas, vec![hidden]);
        assert!(document.merged().is_empty());
        assert_eq!(document.merged_bounds(), None);
    }
}
