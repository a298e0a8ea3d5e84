//! Methods about the selection: a box, and a mask of single voxels.

use super::super::macros::{method, params, result};
use super::super::source::Source;
use super::super::value::InRange;
use super::super::words::words;
use super::super::{BoxParam, Color, Corners, LayerRef, Position};
use super::layer_settings::LayerState;
use super::system::NoParams;
use crate::voxel::Rgba;

words! {
    /// How a new selection goes together with the one that is there.
    pub enum Together {
        /// The new one alone.
        Replace = "replace",
        /// Both.
        Add = "add",
        /// The old one without the new one.
        Subtract = "subtract",
        /// What both have.
        Intersect = "intersect",
    }
}

result! {
    /// The selection.
    pub struct SelectionState {
        /// Whether nothing is selected.
        empty: bool,
        /// The selected box, if there is one.
        bounds as "box": Option<Corners>,
        /// How many cells the mask selects; 0 without a mask.
        mask_count: u64,
        /// The box around the mask, if there is one.
        mask_bounds: Option<Corners>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Tells what is selected: the box, and how many cells the mask selects.
    GetSelection = "goxel.get_selection",
    NoParams -> SelectionState,
    effect: Read, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// A box to select.
    pub struct SelectBoxParams {
        /// One corner, inside.
        min: [i32; 3],
        /// The opposite corner, inside.
        max: [i32; 3],
    }
}

method! {
    /// Selects a box. If there is a mask too, what both have is selected.
    SelectBox = "goxel.select_box" | "goxel.select_region_box" | "goxel.select_region",
    SelectBoxParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[[0,0,0],[7,7,7]]", by_name: r#"{"min":[0,0,0],"max":[7,7,7]}"#,
}

params! {
    /// Voxels to select by their colour.
    pub struct SelectColorParams {
        /// The colour, in any form.
        color: Rgba,
        /// How far each channel may be from it.
        tolerance: InRange<0, 255> = "0",
        /// Whose voxels: a layer's id, 0 or "active" for the active layer, -2 or "visible" for all
        /// visible layers merged.
        layer_id | "layer": Source = "0",
        /// How it goes together with the mask that is there.
        combine: Together = "\"replace\"",
    }
}

method! {
    /// Selects all voxels of a colour.
    SelectColor = "goxel.select_color",
    SelectColorParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: r#"["red",10]"#, by_name: r#"{"color":"red","combine":"add"}"#,
}

params! {
    /// A region to select.
    pub struct SelectConnectedParams {
        /// A voxel of it.
        position: Position,
        /// How far each channel may be from that voxel's colour; 255 takes every colour.
        tolerance: InRange<0, 255> = "0",
        /// Whose voxels: a layer's id, 0 or "active" for the active layer, -2 or "visible" for all
        /// visible layers merged.
        layer_id | "layer": Source = "0",
        /// How it goes together with the mask that is there.
        combine: Together = "\"replace\"",
    }
}

method! {
    /// Selects the voxels that hang together with one, side by side, and have its colour. Nothing
    /// is found where no voxel is.
    SelectConnected = "goxel.select_connected",
    SelectConnectedParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[0,0,0,16]", by_name: r#"{"position":[0,0,0],"tolerance":255}"#,
}

params! {
    /// A layer to select.
    pub struct SelectLayerParams {
        /// Whose voxels: a layer's id, 0 or "active" for the active layer, -2 or "visible" for all
        /// visible layers merged.
        layer_id | "layer": Source = "0",
        /// How it goes together with the mask that is there.
        combine: Together = "\"replace\"",
    }
}

method! {
    /// Selects all voxels of a layer.
    SelectVoxels = "goxel.select_voxels" | "goxel.select_all",
    SelectLayerParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"layer_id":"visible"}"#,
}

params! {
    /// How far.
    pub struct StepsParams {
        /// How many voxels, along the axes.
        steps | "distance": InRange<1, 256> = "1",
    }
}

method! {
    /// Grows the selection by its neighbours along the axes; a box grows on all six sides.
    GrowSelection = "goxel.grow_selection",
    StepsParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[2]", by_name: r#"{"steps":2}"#,
}

method! {
    /// Takes the rim away from the selection; a box shrinks on all six sides.
    ShrinkSelection = "goxel.shrink_selection",
    StepsParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[2]", by_name: r#"{"steps":2}"#,
}

params! {
    /// Where to select what was not.
    pub struct InvertSelectionParams {
        /// The part of space that counts; absent: the canvas.
        within | "box": Option<BoxParam>,
    }
}

method! {
    /// Selects what is not selected, as a mask.
    InvertSelection = "goxel.invert_selection",
    InvertSelectionParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[]", by_name: r#"{"within":{"min":[0,0,0],"max":[7,7,7]}}"#,
}

method! {
    /// Selects nothing, neither box nor voxels.
    ClearSelection = "goxel.clear_selection" | "goxel.select_nothing",
    NoParams -> SelectionState,
    effect: Edit, lenient: false,
    by_position: "[]", by_name: "{}",
}

result! {
    /// What was changed.
    pub struct SelectionEdit {
        /// Always true.
        success: bool,
        /// How many cells are selected; without a selection nothing happens.
        selected: u64,
        /// Voxels of the layer before.
        before: u64,
        /// Voxels of the layer now.
        after: u64,
        /// The layer.
        layer_id: i32,
        /// Revision of the project.
        revision: u64,
    }
}

params! {
    /// What to fill the selection with.
    pub struct FillSelectionParams {
        /// The colour, in any form.
        color: Color,
        /// true recolours the voxels that are there and adds none.
        paint: bool = "false",
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Fills the selected cells of a layer with a colour, or recolours its selected voxels.
    FillSelection = "goxel.fill_selection",
    FillSelectionParams -> SelectionEdit,
    effect: Edit, lenient: false,
    by_position: r##"["#00ff00",true]"##, by_name: r#"{"color":"green","paint":true}"#,
}

params! {
    /// Where to erase.
    pub struct EraseSelectionParams {
        /// The layer; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
    }
}

method! {
    /// Erases the selected voxels of a layer.
    EraseSelection = "goxel.erase_selection" | "goxel.delete_selection",
    EraseSelectionParams -> SelectionEdit,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: "{}",
}

params! {
    /// What to copy.
    pub struct CopySelectionParams {
        /// The layer to copy from; absent or 0 means the active one.
        layer_id | "layer": LayerRef,
        /// true takes the voxels out of that layer.
        cut: bool = "false",
    }
}

method! {
    /// Copies the selected voxels of a layer to a new layer above it, which becomes the active one.
    CopySelection = "goxel.copy_selection",
    CopySelectionParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"cut":true}"#,
}
