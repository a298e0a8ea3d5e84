//! Methods about layers whose voxels are computed: clones, shapes, images.

use std::borrow::Cow;

use super::super::json::Elements;
use super::super::macros::{method, params};
use super::super::schema::{Describe, Schema};
use super::super::value::number;
use super::super::words::words;
use super::super::{BoxParam, Color, LayerRef, Value};
use super::layer_settings::{AnyLayer, LayerState};
use crate::voxel::Rgba;

/// A placement: 16 finite numbers, three axis vectors and the translation, each with a fourth
/// number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatrixParam(pub [f32; 16]);

impl Value<'_> for MatrixParam {
    const SCHEMA: Schema = Schema::List(&<f32 as Describe>::SCHEMA, 16, 16);
    fn parse(raw: &str) -> Option<Self> {
        let mut numbers = [0.0; 16];
        let mut elements = Elements::new(raw);
        for value in &mut numbers {
            *value = number(elements.next()?)? as f32;
        }
        let finite = numbers.iter().all(|value| value.is_finite());
        (elements.next().is_none() && finite).then_some(MatrixParam(numbers))
    }
}

params! {
    /// A layer to clone.
    pub struct CreateCloneLayerParams<'a> {
        /// The layer whose voxels the clone shows.
        base_id | "base" | "layer_id": AnyLayer,
        /// The clone's name; absent: the name of its base and "clone".
        name: Option<Cow<'a, str>>,
        /// How far the clone is shifted, in voxels along x, y and z.
        offset: [i32; 3] = "[0,0,0]",
        /// A whole placement instead of `offset`: 16 numbers, three axis vectors and the
        /// translation, each with a fourth number.
        matrix: Option<MatrixParam>,
    }
}

method! {
    /// Adds a layer that shows another layer's voxels, moved, turned or scaled, and follows its
    /// edits.
    CreateCloneLayer = "goxel.create_clone_layer",
    CreateCloneLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"[1,"Second tower",[20,0,0]]"#, by_name: r#"{"base_id":1,"offset":[20,0,0]}"#,
}

words! {
    /// What a shape layer can be.
    pub enum LayerShape {
        /// An ellipsoid that fills its box.
        Sphere = "sphere",
        /// The whole box.
        Cube = "cube",
        /// A cylinder along z.
        Cylinder = "cylinder",
    }
}

params! {
    /// A shape that stays a shape.
    pub struct CreateShapeLayerParams<'a> {
        /// What it is.
        shape | "shape_type": LayerShape,
        /// The box that it fills, cut off at the canvas.
        bounds | "box": BoxParam,
        /// Its colour.
        color: Color = "\"#ffffff\"",
        /// The layer's name.
        name: Cow<'a, str> = "\"Shape\"",
    }
}

method! {
    /// Adds a layer that is a shape: it can be moved, resized and recoloured without redrawing.
    CreateShapeLayer = "goxel.create_shape_layer",
    CreateShapeLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r##"["sphere",{"min":[-4,-4,0],"max":[4,4,8]},"#ff8800","Ball"]"##,
    by_name: r#"{"shape":"cube","bounds":{"min":[0,0,0],"max":[3,3,3]},"color":"teal"}"#,
}

params! {
    /// A picture to place.
    pub struct CreateImageLayerParams<'a> {
        /// The picture's file, kept as a reference; it is not read.
        path | "image_path": Cow<'a, str>,
        /// The layer's name.
        name: Cow<'a, str> = "\"Image\"",
        /// Placement of the picture's square from -1 to 1: 16 numbers, three axis vectors and the
        /// translation, each with a fourth number. Absent: as it stands.
        matrix: Option<MatrixParam>,
    }
}

method! {
    /// Adds a layer that refers to a picture to build after. It has no voxels.
    CreateImageLayer = "goxel.create_image_layer",
    CreateImageLayerParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: r#"["sketch.png","Sketch"]"#, by_name: r#"{"path":"sketch.png"}"#,
}

params! {
    /// What changes about a clone, shape or image; what is absent stays as it is.
    pub struct PlaceLayerParams {
        /// The layer; absent or 0 means the active one.
        layer_id | "layer" | "id": LayerRef,
        /// The box that a shape fills.
        bounds | "box": Option<BoxParam>,
        /// How far a clone is shifted, in voxels along x, y and z; of a layer with voxels of its
        /// own, the point it turns around.
        offset: Option<[i32; 3]>,
        /// A whole placement: 16 numbers, three axis vectors and the translation, each with a
        /// fourth number.
        matrix: Option<MatrixParam>,
        /// The colour of a shape.
        color: Option<Rgba>,
        /// Another shape.
        shape | "shape_type": Option<LayerShape>,
    }
}

method! {
    /// Moves, resizes or recolours a clone, shape or image layer, or sets a layer's pivot.
    PlaceLayer = "goxel.place_layer",
    PlaceLayerParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "", by_name: r#"{"layer_id":1,"offset":[4,4,0]}"#,
}

params! {
    /// Which layer.
    pub struct DetachLayerParams {
        /// The layer; absent or 0 means the active one.
        layer_id | "layer" | "id": LayerRef,
    }
}

method! {
    /// Turns the computed voxels of a clone or shape layer into voxels of its own, so that they can
    /// be edited.
    DetachLayer = "goxel.detach_layer",
    DetachLayerParams -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[1]", by_name: r#"{"layer_id":1}"#,
}
