//! The cells that an operation is kept to: a box, or what is selected.

use super::work::Refusal;
use crate::api::operations::richer::Within;
use crate::document::Document;
use crate::voxel::{Bounds, Point, Volume};

/// See the module.
#[derive(Clone)]
pub(super) struct Cells {
    /// The box around them.
    pub(super) bounds: Bounds,
    /// Which cells of the box, if not all: those that are not empty here.
    pub(super) mask: Option<Volume>,
}

impl Cells {
    /// The cells that are meant.
    pub(super) fn of(document: &Document, within: Within) -> Result<Self, Refusal> {
        match within {
            Within::Box(bounds) => Ok(Cells { bounds, mask: None }),
            Within::Selection => {
                let mask = Some(&document.mask).filter(|mask| !mask.is_empty());
                let around = mask.and_then(Volume::block_bounds);
                let bounds = match (document.selection, around) {
                    (Some(selection), Some(around)) => selection.intersect(&around),
                    (one, other) => one.or(other),
                };
                let nothing = "nothing is selected; goxel.select_box selects a box";
                let bounds = bounds.ok_or_else(|| Refusal::rule("within", nothing))?;
                Ok(Cells { bounds, mask: mask.cloned() })
            }
        }
    }

    /// Whether a voxel is one of them.
    pub(super) fn contains(&self, point: Point) -> bool {
        self.bounds.contains(point)
            && self.mask.as_ref().is_none_or(|mask| !mask.get(point).is_empty())
    }
}
