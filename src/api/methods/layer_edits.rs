//! Methods that remove, merge and hide layers.

use std::borrow::Cow;

use super::super::LayerRef;
use super::super::macros::{method, params, result};

params! {
    /// The layer to delete.
    pub struct DeleteLayerParams<'a> {
        /// Its id, 1 or more.
        layer_id | "layer" | "id": LayerRef,
        /// Its name, instead of the id; it must be the only layer of that name.
        layer_name | "name": Option<Cow<'a, str>>,
    }
}

result! {
    /// The layer that was deleted.
    pub struct DeleteLayerResult {
        /// Always true.
        success: bool,
        /// Its id.
        layer_id: i32,
        /// Its name.
        name: String,
        /// Voxels that it had.
        voxel_count: u64,
        /// Id of the layer that is active now.
        active_layer: i32,
    }
}

method! {
    /// Deletes a layer. The last one is replaced by an empty layer "unnamed".
    DeleteLayer = "goxel.delete_layer",
    DeleteLayerParams<'a> -> DeleteLayerResult,
    effect: Edit, lenient: true,
    by_position: "[1]", by_name: r#"{"layer_name":"Layer.1"}"#,
}

params! {
    /// Two layers.
    pub struct MergeLayersParams {
        /// Id of the layer that is drawn over the other one and then deleted.
        source_layer_id | "source": LayerRef,
        /// Id of the layer that is drawn upon.
        target_layer_id | "target": LayerRef,
    }
}

result! {
    /// The layer that both became.
    pub struct MergeLayersResult {
        /// Always true.
        success: bool,
        /// Its id.
        layer_id: i32,
        /// Voxels that it has now.
        voxel_count: u64,
        /// Id of the layer that is active now.
        active_layer: i32,
    }
}

method! {
    /// Draws a layer over another one, by its opacity and blend mode, and deletes it.
    MergeLayers = "goxel.merge_layers",
    MergeLayersParams -> MergeLayersResult,
    effect: Edit, lenient: true,
    by_position: "[2,1]", by_name: r#"{"source_layer_id":2,"target_layer_id":1}"#,
}

params! {
    /// A layer to show or hide.
    pub struct SetLayerVisibilityParams {
        /// Its id, 1 or more.
        layer_id | "layer" | "id": LayerRef,
        /// Whether it is drawn.
        visible: bool = "true",
    }
}

result! {
    /// The layer.
    pub struct SetLayerVisibilityResult {
        /// Always true.
        success: bool,
        /// Whether it is drawn.
        visible: bool,
        /// Its id.
        layer_id: i32,
    }
}

method! {
    /// Shows or hides a layer.
    SetLayerVisibility = "goxel.set_layer_visibility",
    SetLayerVisibilityParams -> SetLayerVisibilityResult,
    effect: Edit, lenient: true,
    by_position: "[1,false]", by_name: r#"{"layer_id":1,"visible":false}"#,
}
