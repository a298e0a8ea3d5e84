//! Methods about layers.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::schema::Schema;
use super::super::{Color, Corners, LayerRef, Value};
use super::edit::Detail;

result! {
    /// One layer of a list.
    pub struct ListedLayer {
        /// Its id.
        id: i32,
        /// Its id once more, under the name that other methods take.
        layer_id: Option<i32>,
        /// Its name.
        name: String,
        /// Whether it is drawn.
        visible: bool,
        /// 0 transparent to 1 opaque.
        opacity: Option<f32>,
        /// Whether it is the active one.
        is_active: bool,
        /// How many voxels it has.
        voxel_count: u64,
        /// How it combines with the layers below: a blend mode.
        mode: Option<&'static str>,
        /// Index of its material, if it has one.
        material: Option<usize>,
        /// Where its voxels come from: "voxels" are its own, "clone" copies another layer, "shape"
        /// is computed, "image" is a picture without voxels.
        kind: &'static str,
        /// The layer that a clone copies.
        base_id: Option<i32>,
        /// What a shape layer is: sphere, cube or cylinder.
        shape: Option<&'static str>,
        /// The colour of a shape layer, 0 to 255 each.
        color: Option<[u8; 4]>,
        /// The file of an image layer.
        image_path: Option<String>,
        /// Placement of a clone, shape or image layer: 16 numbers, three axis vectors and the
        /// translation, each with a fourth number.
        matrix: Option<[f32; 16]>,
        /// The box that the layer is bounded by, if it is.
        bounds: Option<Corners>,
    }
}

result! {
    /// All layers.
    pub struct LayerList {
        /// How many there are.
        count: usize,
        /// The layers, bottom first.
        layers: Vec<ListedLayer>,
        /// Id of the active layer.
        active_layer: i32,
        /// How many there are, under the name of the older documents.
        total_layers: usize,
    }
}

params! {
    /// How much to tell of each layer.
    pub struct ListLayersParams {
        /// "brief" tells id, name, visibility, voxels and kind of each, and which one is active.
        detail: Detail = "\"full\"",
    }
}

method! {
    /// Lists the layers, bottom first.
    ListLayers = "goxel.list_layers" | "get_layers",
    ListLayersParams -> LayerList,
    effect: Read, lenient: true,
    by_position: "[]", by_name: "{}",
}

params! {
    /// A new layer.
    pub struct CreateLayerParams<'a> {
        /// Its name.
        name: Cow<'a, str> = "\"New Layer\"",
        /// Its marker colour; echoed.
        color: Color = "\"#ffffff\"",
        /// Whether it is drawn.
        visible: bool = "true",
        /// 0 transparent to 1 opaque.
        opacity: Opacity = "1",
    }
}

/// An opacity from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opacity(pub f32);

impl super::super::Value<'_> for Opacity {
    const SCHEMA: super::super::schema::Schema = super::super::schema::Schema::Number(0.0, 1.0);
    fn parse(raw: &str) -> Option<Self> {
        let value = super::super::value::number(raw)?;
        (0.0..=1.0).contains(&value).then_some(Opacity(value as f32))
    }
}

result! {
    /// The new layer.
    pub struct CreateLayerResult {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
        /// Whether it is drawn.
        visible: bool,
        /// The marker colour, 0 to 255 each.
        color: [u8; 3],
        /// Its id.
        id: i32,
        /// Its id once more, under the name that other methods take.
        layer_id: i32,
    }
}

method! {
    /// Adds a layer on top and makes it the active one.
    CreateLayer = "goxel.create_layer" | "layer.add",
    CreateLayerParams<'a> -> CreateLayerResult,
    effect: Edit, lenient: true,
    by_position: r##"["Roof","#c85028",true]"##, by_name: r#"{"name":"Roof","visible":true}"#,
}

params! {
    /// Which layer, and how exactly.
    pub struct BoundingBoxParams {
        /// The layer; absent, 0 or -1 means the active one, -2 all layers.
        layer_id | "layer": BoxLayer,
        /// false rounds the box up to whole blocks of 16, which is cheaper.
        exact: bool = "true",
    }
}

result! {
    /// A layer that a call did not look at.
    pub struct OtherLayer {
        /// Its name.
        layer: String,
        /// Its id.
        layer_id: i32,
        /// Voxels in it.
        voxels: u64,
    }
}

/// A layer id, or -2 for all layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoxLayer {
    /// All layers, hidden ones too: -2.
    All,
    /// One of them.
    One(LayerRef),
}

/// The number that stands for all layers.
const ALL_LAYERS: &str = "-2";

impl Value<'_> for BoxLayer {
    const SCHEMA: Schema = <LayerRef as Value<'_>>::SCHEMA;
    const OPTIONAL: bool = true;

    fn parse(raw: &str) -> Option<Self> {
        match raw {
            ALL_LAYERS => Some(BoxLayer::All),
            _ => LayerRef::parse(raw).map(BoxLayer::One),
        }
    }

    fn absent() -> Option<Self> {
        Some(BoxLayer::One(LayerRef::Active))
    }
}

result! {
    /// The box around the voxels; both corners are inside.
    pub struct BoundingBoxResult {
        /// Whether there is no voxel at all; then the other members are absent.
        empty: bool,
        /// The lowest corner.
        min: Option<[i64; 3]>,
        /// The highest corner.
        max: Option<[i64; 3]>,
        /// Voxels along x, y and z: max - min + 1.
        dimensions: Option<[i64; 3]>,
        /// The layer that was looked at: its name, or "all".
        layer: String,
        /// Its id.
        layer_id: Option<i32>,
        /// What other layers hold, those with any voxels; absent if all were looked at.
        others: Option<Vec<OtherLayer>>,
    }
}

method! {
    /// The box around a layer's voxels.
    GetBoundingBox = "goxel.get_bounding_box",
    BoundingBoxParams -> BoundingBoxResult,
    effect: Read, lenient: true,
    by_position: "[-1,true]", by_name: r#"{"layer_id":-2}"#,
}
