//! Where the vertices of a surface go in its file: axes, scale and origin.

use crate::document::Document;
use crate::format::builder::measure;
use crate::format::{Axes, ExportOptions, Origin};
use crate::job::Slice;
use crate::voxel::Bounds;

/// From voxels to units of a file.
#[derive(Clone, Copy)]
pub(in crate::format) struct Frame {
    pub(in crate::format) axes: Axes,
    pub(in crate::format) scale: f64,
    /// What is taken off a place first, in voxels.
    origin: [f64; 3],
}

impl Frame {
    /// The frame that people chose for a document, with a format's own axes where they chose none.
    pub(in crate::format) async fn of(
        document: &Document,
        options: &ExportOptions,
        axes: Axes,
        slice: &Slice,
    ) -> Frame {
        let (axes, scale) = (options.axes.unwrap_or(axes), options.scale.unwrap_or(1.0));
        let mut frame = Frame { axes, scale, origin: [0.0; 3] };
        if options.origin == Origin::Pivot {
            frame.origin = document.layers()[0].matrix.0[3][..3].try_into().map_or([0.0; 3], pivot);
        } else if options.origin != Origin::Keep {
            let mut bounds: Option<Bounds> = None;
            for layer in document.layers().iter().filter(|layer| layer.visible) {
                bounds = Bounds::union_of(bounds, measure(&layer.volume, slice).await);
            }
            if let Some(bounds) = bounds {
                frame.origin = [0, 1, 2].map(|axis| match options.origin {
                    Origin::Center => (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0,
                    _ => bounds.min[axis] as f64,
                });
            }
        }
        frame
    }

    /// A place in the file.
    pub(in crate::format) fn place(&self, at: [f64; 3]) -> [f64; 3] {
        let moved = [0, 1, 2].map(|axis| (at[axis] - self.origin[axis]) * self.scale);
        self.axes.apply(moved)
    }

    /// A direction in the file.
    pub(in crate::format) fn direction(&self, vector: [i32; 3]) -> [i32; 3] {
        self.axes.apply(vector)
    }

    /// Whether left becomes right, so that corners have to be turned.
    pub(in crate::format) fn is_mirror(&self) -> bool {
        self.axes.is_mirror()
    }

    /// Corners in the order that looks outward in the file.
    pub(in crate::format) fn turned<T: Copy>(&self, corners: [T; 3]) -> [T; 3] {
        let [a, b, c] = corners;
        if self.axes.is_mirror() { [a, c, b] } else { corners }
    }
}

fn pivot(pivot: [f32; 3]) -> [f64; 3] {
    pivot.map(f64::from)
}
