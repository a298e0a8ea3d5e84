//! Which blocks of the document are there, and what of it a call needs.
//!
//! Blocks come as cubes of 64x64x64 voxels, and as larger ones the more of a layer was asked for:
//! who looks at a place gets little, and who looks at everything does not ask for each of its
//! cubes.

use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::operations::{Operation, read_operations};
use crate::api::words::Mode;
use crate::document::{Document, LayerContent, LayerId};
use crate::edit::shape_of;
use crate::voxel::{Bounds, Point};

/// A cube has `1 << CUBE_BITS` voxels along each edge.
const CUBE_BITS: u32 = 6;
/// Larger cubes have up to so many times as many, as a power of two.
const MOST_LEVELS: u32 = 5;
/// Cubes of one size that are asked for before larger ones are.
const AT_A_LEVEL: u32 = 8;

/// The cube that a place lies in.
#[inline]
pub(super) fn cube_of(at: Point) -> [i32; 3] {
    [at.x, at.y, at.z].map(|value| value >> CUBE_BITS)
}

/// A layer of which not all blocks are there.
pub(super) struct Partial {
    pub(super) layer: LayerId,
    /// Blocks that are not there yet.
    left: u64,
    /// Cubes that are there: how large, and where.
    cubes: FxHashSet<(u32, [i32; 3])>,
    asked: u32,
}

impl Partial {
    pub(super) fn new(layer: LayerId, blocks: u64) -> Partial {
        Partial { layer, left: blocks, cubes: FxHashSet::default(), asked: 0 }
    }

    /// Whether there is nothing to ask for any more.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }

    /// Takes note of blocks that came.
    pub(super) fn came(&mut self, blocks: u64) {
        self.left = self.left.saturating_sub(blocks);
    }

    fn has(&self, cube: [i32; 3]) -> bool {
        (0..=MOST_LEVELS).any(|level| self.cubes.contains(&(level, cube.map(|at| at >> level))))
    }

    /// The box to ask for if a cube is not there; it is taken to be there from now on.
    pub(super) fn lacks(&mut self, cube: [i32; 3]) -> Option<Bounds> {
        if self.is_whole() || self.has(cube) {
            return None;
        }
        let level = (self.asked / AT_A_LEVEL).min(MOST_LEVELS);
        self.asked += 1;
        let place = cube.map(|at| at >> level);
        self.cubes.insert((level, place));
        let edge = 1_i64 << (CUBE_BITS + level);
        let min = place.map(|at| i64::from(at) * edge);
        Bounds::new(min, min.map(|at| at + edge))
    }
}

/// What of a document a call needs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Need {
    /// No voxel.
    Nothing,
    /// Those of a box, in all layers.
    Box(Bounds),
    /// All.
    Everything,
}

/// Methods that neither look at voxels nor tell of them.
const OF_SETTINGS: [&str; 17] = [
    "goxel.create_layer",
    "goxel.list_materials",
    "goxel.create_material",
    "goxel.update_material",
    "goxel.delete_material",
    "goxel.list_palettes",
    "goxel.get_palette",
    "goxel.list_cameras",
    "goxel.create_camera",
    "goxel.update_camera",
    "goxel.set_active_camera",
    "goxel.delete_camera",
    "goxel.get_light",
    "goxel.set_light",
    "goxel.get_selection",
    "goxel.select_box",
    "goxel.clear_selection",
];

/// Methods that look at a box if one is given, and at nothing else.
const OF_A_BOX: [&str; 2] = ["goxel.read_region", "goxel.get_voxels_region"];

#[derive(Deserialize)]
struct Corners {
    min: [i32; 3],
    max: [i32; 3],
}

#[derive(Deserialize)]
struct Edits<'a> {
    #[serde(borrow)]
    operations: &'a RawValue,
}

impl Need {
    /// What a call needs; everything if that is not plain to see.
    pub(super) fn of(method: &str, params: &str, document: &Document) -> Need {
        if OF_SETTINGS.contains(&method) {
            return Need::Nothing;
        }
        // A layer that follows from others is made of what lies elsewhere.
        let is_plain = |content: &LayerContent| matches!(content, LayerContent::Voxels);
        if !document.layers().iter().all(|layer| is_plain(&layer.content)) {
            return Need::Everything;
        }
        if OF_A_BOX.contains(&method) {
            return match serde_json::from_str::<Corners>(params) {
                Ok(Corners { min, max }) => Need::Box(Bounds::inclusive(min, max)),
                Err(_) => Need::Everything,
            };
        }
        match method {
            "goxel.edit" => Need::of_edits(params).map_or(Need::Everything, Need::Box),
            _ => Need::Everything,
        }
    }

    /// The box that operations which only draw shapes touch.
    fn of_edits(params: &str) -> Option<Bounds> {
        let edits: Edits<'_> = serde_json::from_str(params).ok()?;
        let operations = read_operations(edits.operations.get(), |_| None).ok()?;
        let mut all = None;
        for operation in &operations {
            all = Bounds::union_of(all, Some(drawn(operation)?));
        }
        all
    }
}

/// The box that an operation draws in, if it looks at nothing else.
fn drawn(operation: &Operation) -> Option<Bounds> {
    let Operation { form, mode, within, symmetry, .. } = operation;
    if *mode == Mode::Intersect || within.is_some() || symmetry.is_some() {
        return None;
    }
    shape_of(form)?.ok()?.bounds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_are_asked_for_once_and_larger_ones_the_more_is_asked_for() {
        let mut partial = Partial::new(LayerId(1), 1_000_000);
        let first = partial.lacks([-1, 0, 0]).unwrap();
        assert_eq!((first.min, first.max), ([-64, 0, 0], [0, 64, 64]));
        assert_eq!(partial.lacks([-1, 0, 0]), None);
        let asked = (0..4096).filter(|x| partial.lacks([*x, 0, 0]).is_some()).count();
        assert!(asked < 200, "{asked}");
        partial.came(1_000_000);
        assert!(partial.is_whole() && partial.lacks([9, 99, 9]).is_none());
    }

    #[test]
    fn shapes_need_their_box_settings_nothing_and_questions_everything() {
        let document = Document::default();
        let need = |method: &str, params: &str| Need::of(method, params, &document);
        let edit =
            |operation: &str| need("goxel.edit", &format!("{{\"operations\":[{operation}]}}"));
        assert_eq!(need("goxel.create_layer", "{}"), Need::Nothing);
        assert_eq!(need("goxel.measure", "{}"), Need::Everything);
        let box_of = |min, max| Need::Box(Bounds::inclusive(min, max));
        let drawn = r#"{"op":"box","min":[0,0,0],"max":[9,9,9],"color":"red"}"#;
        assert_eq!(edit(drawn), box_of([0; 3], [9; 3]));
        let ball = r#"{"op":"sphere","center":[20,0,0],"radius":2,"color":"red"}"#;
        assert_eq!(edit(&format!("{drawn},{ball}")), box_of([0, -2, -2], [22, 9, 9]));
        let keeps = drawn.replace("\"op\"", "\"mode\":\"intersect\",\"op\"");
        assert_eq!(edit(&keeps), Need::Everything);
        assert_eq!(edit(r#"{"op":"hollow"}"#), Need::Everything);
        assert_eq!(edit("{"), Need::Everything);
        let region = need("goxel.read_region", r#"{"min":[0,0,0],"max":[1,1,1]}"#);
        assert_eq!(region, box_of([0; 3], [1; 3]));
    }
}
