//! What some operations have to know of all voxels before they can be planned. It is measured in
//! slices, since a scattered layer has a cube of 256x256x256 voxels for each of them.

use crate::api::operations::{Form, Operation};
use crate::job::Slice;
use crate::voxel::{Bounds, Volume};

/// What was measured: as much as was asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent {
    /// The exact box of the voxels.
    pub(super) bounds: Option<Bounds>,
    pub(super) voxels: u64,
}

/// What the plan of an operation asks for.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    bounds: bool,
    voxels: bool,
}

impl Asked {
    pub(super) fn by(operation: &Operation) -> Asked {
        // What is kept to some cells is planned by the box of these.
        let is_free = operation.within.is_none();
        match &operation.form {
            Form::Rotate(fields) => {
                Asked { bounds: is_free && fields.center.is_none(), voxels: false }
            }
            Form::Scale(fields) => {
                Asked { bounds: is_free && fields.center.is_none(), voxels: true }
            }
            Form::Paint(_) => Asked { bounds: is_free, voxels: false },
            _ => Asked::default(),
        }
    }

    pub(super) fn is_any(self) -> bool {
        self.bounds || self.voxels
    }
}

impl Extent {
    /// Measures what is asked for.
    pub(super) async fn of(asked: Asked, volume: &Volume, slice: &Slice) -> Extent {
        let mut extent = Extent::default();
        if asked.bounds {
            extent.bounds = volume.bounds_in_slices(true, slice).await;
        }
        if asked.voxels {
            extent.voxels = volume.count_in_slices(slice).await;
        }
        extent
    }
}
