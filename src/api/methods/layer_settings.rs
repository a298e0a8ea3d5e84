//! Methods that change what a layer is called, where it stands and how it is drawn.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::schema::Schema;
use super::super::{BoxParam, LayerRef, Value};
use super::layers::{ListedLayer, Opacity};
use crate::voxel::BlendMode;

/// A layer that must be given: its id or name; 0 means the active one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyLayer(pub LayerRef);

impl Value<'_> for AnyLayer {
    const SCHEMA: Schema = <LayerRef as Value<'static>>::SCHEMA;
    fn parse(raw: &str) -> Option<Self> {
        LayerRef::parse(raw).map(AnyLayer)
    }
}

/// A blend mode, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub BlendMode);

/// The names of the blend modes, in the order of [`BlendMode::ALL`].
pub const MODE_NAMES: [&str; 9] = [
    "over",
    "subtract",
    "subtract_clamp",
    "paint",
    "max",
    "intersect",
    "intersect_fill",
    "multiply_alpha",
    "replace",
];

impl Value<'_> for Mode {
    const SCHEMA: Schema = Schema::Word(&MODE_NAMES);
    fn parse(raw: &str) -> Option<Self> {
        let name = super::super::json::string(raw)?.to_ascii_lowercase();
        let name = match &*name {
            "add" => "over",
            "sub" => "subtract",
            other => other,
        };
        let index = MODE_NAMES.iter().position(|&known| known == name)?;
        Some(Mode(BlendMode::ALL[index]))
    }
}

result! {
    /// A layer after a change.
    pub struct LayerState {
        /// Always true.
        success: bool,
        /// Its id.
        layer_id: i32,
        /// The layer as it is now.
        layer: ListedLayer,
        /// Revision of the project.
        revision: u64,
    }
}

params! {
    /// Which layer.
    pub struct NamedLayerParams {
        /// The layer's id or name.
        layer_id | "layer" | "id": AnyLayer,
    }
}

method! {
    /// Makes a layer the one that edits go to when they name none.
    SetActiveLayer = "goxel.set_active_layer" | "goxel.select_layer" | "layer.select",
    NamedLayerParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[1]", by_name: r#"{"layer_id":1}"#,
}

params! {
    /// A layer and its new name.
    pub struct RenameLayerParams<'a> {
        /// The layer; 0 means the active one.
        layer_id | "layer" | "id": AnyLayer,
        /// The new name: 1 to 255 bytes.
        name: Cow<'a, str>,
    }
}

method! {
    /// Gives a layer another name.
    RenameLayer = "goxel.rename_layer",
    RenameLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"[1,"Walls"]"#, by_name: r#"{"layer_id":1,"name":"Walls"}"#,
}

params! {
    /// A layer and its new place.
    pub struct ReorderLayerParams {
        /// The layer; 0 means the active one.
        layer_id | "layer" | "id": AnyLayer,
        /// Its new place: 0 is the bottom; beyond the top means the top.
        index | "position": u32,
    }
}

method! {
    /// Moves a layer to another place in the stack.
    ReorderLayer = "goxel.reorder_layer" | "goxel.set_layer_order",
    ReorderLayerParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[1,0]", by_name: r#"{"layer_id":1,"index":0}"#,
}

params! {
    /// A layer to copy.
    pub struct DuplicateLayerParams<'a> {
        /// The layer; absent or 0 means the active one.
        layer_id | "layer" | "id": LayerRef,
        /// The copy's name; absent: the name of the original and "copy".
        name: Option<Cow<'a, str>>,
    }
}

method! {
    /// Copies a layer with all its settings, puts the copy above it and makes it the active one.
    DuplicateLayer = "goxel.duplicate_layer",
    DuplicateLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"[1,"Walls, second try"]"#, by_name: r#"{"layer_id":1}"#,
}

params! {
    /// A layer and its opacity.
    pub struct SetLayerOpacityParams {
        /// The layer; 0 means the active one.
        layer_id | "layer" | "id": AnyLayer,
        /// 0 transparent to 1 opaque.
        opacity: Opacity,
    }
}

method! {
    /// Sets how opaque a layer is drawn. Its voxels keep their own alpha.
    SetLayerOpacity = "goxel.set_layer_opacity",
    SetLayerOpacityParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[1,0.5]", by_name: r#"{"layer_id":1,"opacity":0.5}"#,
}

params! {
    /// A layer and its blend mode.
    pub struct SetLayerModeParams {
        /// The layer; 0 means the active one.
        layer_id | "layer" | "id": AnyLayer,
        /// How it combines with the layers below.
        mode | "blend_mode": Mode,
    }
}

method! {
    /// Sets how a layer combines with the layers below it.
    SetLayerMode = "goxel.set_layer_mode" | "goxel.set_layer_blend_mode",
    SetLayerModeParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"[1,"subtract"]"#, by_name: r#"{"layer_id":1,"mode":"subtract"}"#,
}

params! {
    /// Any settings of a layer; what is absent stays as it is.
    pub struct UpdateLayerParams<'a> {
        /// The layer; absent or 0 means the active one.
        layer_id | "layer" | "id": LayerRef,
        /// Its name: 1 to 255 bytes.
        name: Option<Cow<'a, str>>,
        /// Whether it is drawn.
        visible: Option<bool>,
        /// 0 transparent to 1 opaque.
        opacity: Option<Opacity>,
        /// How it combines with the layers below.
        mode | "blend_mode": Option<Mode>,
        /// The box that the layer is bounded by.
        bounds: Option<BoxParam>,
        /// true takes the bounds away.
        unbounded: bool = "false",
    }
}

method! {
    /// Changes several settings of a layer in one step.
    UpdateLayer = "goxel.update_layer" | "goxel.set_layer",
    UpdateLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"[1,"Glass",true,0.4]"#,
    by_name: r#"{"layer_id":1,"name":"Glass","opacity":0.4,"bounds":{"min":[0,0,0],"max":[15,15,15]}}"#,
}
