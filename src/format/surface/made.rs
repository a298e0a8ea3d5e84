//! A volume's surface as people chose it, in one piece.

use super::closed::{closed, quads_of};
use crate::format::MeshKind;
use crate::job::{Progress, Slice};
use crate::mesh::{Marching, Merge, Quad, Triangles};
use crate::voxel::{Rgba, Volume};

/// A surface.
pub(super) enum Made {
    Quads(Vec<Quad>),
    Triangles(Triangles),
}

impl Made {
    /// How many quads or triangles it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Made::Quads(quads) => quads.len(),
            Made::Triangles(mesh) => mesh.triangles.len(),
        }
    }

    /// The colour of one of them.
    pub(super) fn color(&self, index: usize) -> Rgba {
        match self {
            Made::Quads(quads) => quads[index].color,
            Made::Triangles(mesh) => mesh.triangles[index].1,
        }
    }
}

/// Makes a surface.
pub(super) async fn made(volume: &Volume, kind: MeshKind, has_colors: bool, slice: &Slice) -> Made {
    match kind {
        MeshKind::Faces => Made::Quads(quads_of(volume, Merge::Nothing, slice).await),
        MeshKind::Greedy => Made::Quads(quads_of(volume, merge(has_colors), slice).await),
        kind => Made::Triangles(made_closed(volume, kind, has_colors, slice).await),
    }
}

fn merge(has_colors: bool) -> Merge {
    if has_colors { Merge::Color } else { Merge::Shape }
}

/// Makes a surface that is closed, as slicers need it, whatever was chosen.
pub(super) async fn made_closed(
    volume: &Volume,
    kind: MeshKind,
    has_colors: bool,
    slice: &Slice,
) -> Triangles {
    match kind {
        MeshKind::Faces => closed(volume, Merge::Nothing, slice).await,
        MeshKind::Greedy | MeshKind::GreedyClosed => closed(volume, merge(has_colors), slice).await,
        MeshKind::Marching => marching(volume, false, slice).await,
        MeshKind::MarchingSmooth => marching(volume, true, slice).await,
    }
}

async fn marching(volume: &Volume, is_smooth: bool, slice: &Slice) -> Triangles {
    let (mut marching, mut out) = (Marching::new(volume.clone(), is_smooth), Triangles::default());
    let (mut steps, total) = (0, volume.block_count() as u64);
    while marching.advance(&mut out) {
        steps += 1;
        slice.progress(Progress { done: steps.min(total), total: 2 * total });
        slice.spend(1).await;
    }
    out
}
