//! What is seen of a document, for formats without layers: the visible ones merged in slices.

use crate::document::Document;
use crate::job::Slice;
use crate::voxel::{MergeCache, MergeJob, Volume};

/// The visible layers as one volume.
pub(crate) async fn merged(document: &Document, slice: &Slice) -> Volume {
    let stack = document.stack();
    if stack.len() < 2 {
        return document.merged();
    }
    let snapshots = stack.into_iter().map(|(volume, blend)| (volume.clone(), blend)).collect();
    slice.run(MergeJob::new(snapshots, MergeCache::new())).await.merged().clone()
}

#[cfg(test)]
mod tests {
    use crate::document::{BlendMode, Document, Layer, LayerId, canvas_for_size};
    use crate::format::{FinishBoxed, by_name};
    use crate::job::{Budget, Step};
    use crate::voxel::{Bounds, Rgba};

    /// Layers of several blocks that overlap, one of them lets through and one hides.
    fn layered() -> Document {
        let layers = (0..4).map(|number| {
            let mut layer = Layer::new(LayerId(number + 1), "layer");
            let at = 9 * i64::from(number);
            let bounds = Bounds { min: [at, 0, 0], max: [at + 40, 30, 20] };
            layer.volume.fill(bounds, Rgba::new(50 * number as u8 + 9, 7, 200, 255));
            match number {
                1 => layer.opacity = 0.5,
                2 => layer.mode = BlendMode::Subtract,
                _ => {}
            }
            layer
        });
        Document::with_layers("", canvas_for_size([80; 3]), layers.collect())
    }

    #[test]
    fn layers_merged_in_slices_are_written_as_layers_merged_at_once() {
        let mut flat = Document::default();
        flat.canvas = layered().canvas;
        flat.layers_mut().for_each(|layer| layer.volume = layered().merged());
        for name in ["text", "obj", "ply", "png slices"] {
            let format = by_name(name).unwrap();
            let mut job = format.writer(layered(), Default::default()).unwrap();
            let mut slices = 0;
            let written = loop {
                slices += 1;
                if let Step::Done(written) = job.step(&mut Budget::units(1)) {
                    break written.unwrap();
                }
            };
            let plain = format.writer(flat.clone(), Default::default()).unwrap();
            let plain = plain.finish_boxed().unwrap();
            assert!(slices > 20, "{name}: {slices}");
            assert!(written.content.into_vec() == plain.content.into_vec(), "{name}");
        }
    }
}
