//! Methods about materials: how the surface of a layer takes light.

use std::borrow::Cow;

use super::super::json::Elements;
use super::super::macros::{method, params, result};
use super::super::schema::Schema;
use super::super::value::{number, whole};
use super::super::{LayerRef, PartRef, Value};
use super::layer_settings::LayerState;
use super::layers::Opacity;
use super::system::NoParams;

/// A material, or none: -1.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialOrNone<'a>(pub Option<PartRef<'a>>);

impl<'a> Value<'a> for MaterialOrNone<'a> {
    const SCHEMA: Schema = Schema::OneOf(&[Schema::Integer(-1, i32::MAX as i64), Schema::Text]);
    fn parse(raw: &'a str) -> Option<Self> {
        match whole(raw) {
            Some(-1) => Some(MaterialOrNone(None)),
            _ => PartRef::parse(raw).map(|material| MaterialOrNone(Some(material))),
        }
    }
}

/// Linear light: N numbers from 0 up to a limit.
fn linear<const N: usize>(raw: &str, most: f64) -> Option<[f32; N]> {
    let mut channels = [0.0; N];
    let mut elements = Elements::new(raw);
    for channel in &mut channels {
        let value = number(elements.next()?)?;
        *channel = (0.0..=most).contains(&value).then_some(value as f32)?;
    }
    elements.next().is_none().then_some(channels)
}

/// A material's colour: linear red, green and blue from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearColor(pub [f32; 3]);

impl Value<'_> for LinearColor {
    const SCHEMA: Schema = Schema::List(&Schema::Number(0.0, 1.0), 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        linear(raw, 1.0).map(LinearColor)
    }
}

/// The strongest glow of a material, per channel.
const MAX_EMISSION: f64 = 1000.0;

/// A material's glow: linear red, green and blue from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Emission(pub [f32; 3]);

impl Value<'_> for Emission {
    const SCHEMA: Schema = Schema::List(&Schema::Number(0.0, MAX_EMISSION), 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        linear(raw, MAX_EMISSION).map(Emission)
    }
}

result! {
    /// One material.
    pub struct ListedMaterial {
        /// Its index, by which layers and calls name it.
        material: usize,
        /// Its name.
        name: String,
        /// Linear red, green and blue from 0 to 1 that multiply the voxels' colours.
        color: [f32; 3],
        /// 0 transparent to 1 opaque.
        opacity: f32,
        /// 0 dielectric to 1 metal.
        metallic: f32,
        /// 0 mirror to 1 matt.
        roughness: f32,
        /// Linear red, green and blue that the surface gives off; 0 is no glow.
        emission: [f32; 3],
        /// Ids of the layers that are made of it.
        layers: Vec<i32>,
    }
}

result! {
    /// All materials.
    pub struct MaterialList {
        /// How many there are.
        count: usize,
        /// The materials, in the order of the file.
        materials: Vec<ListedMaterial>,
    }
}

method! {
    /// Lists the materials and the layers made of them.
    ListMaterials = "goxel.list_materials",
    NoParams -> MaterialList,
    effect: Read, lenient: false,
    by_position: "[]", by_name: "{}",
}

result! {
    /// A material after a change.
    pub struct MaterialState {
        /// Always true.
        success: bool,
        /// The material as it is now.
        material: ListedMaterial,
        /// Revision of the project.
        revision: u64,
    }
}

params! {
    /// A new material; what is absent is as in a new document.
    pub struct CreateMaterialParams<'a> {
        /// Its name: 1 to 127 bytes. Absent: "Material." and a number.
        name: Option<Cow<'a, str>>,
        /// Linear red, green and blue from 0 to 1 that multiply the voxels' colours.
        color: Option<LinearColor>,
        /// 0 transparent to 1 opaque.
        opacity: Option<Opacity>,
        /// 0 dielectric to 1 metal.
        metallic: Option<Opacity>,
        /// 0 mirror to 1 matt.
        roughness: Option<Opacity>,
        /// Linear red, green and blue that the surface gives off; 0 is no glow.
        emission: Option<Emission>,
    }
}

method! {
    /// Adds a material.
    CreateMaterial = "goxel.create_material",
    CreateMaterialParams<'a> -> MaterialState,
    effect: Edit, lenient: false,
    by_position: r#"["Glass",[0.9,0.95,1],0.3,0,0.05]"#,
    by_name: r#"{"name":"Lamp","color":[1,0.9,0.6],"emission":[4,3.5,2]}"#,
}

params! {
    /// Any settings of a material; what is absent stays as it is.
    pub struct UpdateMaterialParams<'a> {
        /// Its index or its name.
        material: PartRef<'a>,
        /// Its new name: 1 to 127 bytes.
        name: Option<Cow<'a, str>>,
        /// Linear red, green and blue from 0 to 1 that multiply the voxels' colours.
        color: Option<LinearColor>,
        /// 0 transparent to 1 opaque.
        opacity: Option<Opacity>,
        /// 0 dielectric to 1 metal.
        metallic: Option<Opacity>,
        /// 0 mirror to 1 matt.
        roughness: Option<Opacity>,
        /// Linear red, green and blue that the surface gives off; 0 is no glow.
        emission: Option<Emission>,
    }
}

method! {
    /// Changes a material; all layers made of it follow.
    UpdateMaterial = "goxel.update_material",
    UpdateMaterialParams<'a> -> MaterialState,
    effect: Edit, lenient: false,
    by_position: r#"[0,"Stone"]"#, by_name: r#"{"material":0,"metallic":1,"roughness":0.2}"#,
}

params! {
    /// Which material.
    pub struct DeleteMaterialParams<'a> {
        /// Its index or its name.
        material: PartRef<'a>,
    }
}

result! {
    /// What is left.
    pub struct DeleteMaterialResult {
        /// Always true.
        success: bool,
        /// How many materials are left.
        count: usize,
        /// Ids of the layers that were made of it and have none now.
        layers: Vec<i32>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Removes a material. Layers made of it have none afterwards; the indices above it go down by
    /// one.
    DeleteMaterial = "goxel.delete_material",
    DeleteMaterialParams<'a> -> DeleteMaterialResult,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"material":0}"#,
}

params! {
    /// A layer and what it is made of.
    pub struct SetLayerMaterialParams<'a> {
        /// The material: its index or its name; -1 for none.
        material: MaterialOrNone<'a>,
        /// The layer; absent or 0 means the active one.
        layer_id | "layer" | "id": LayerRef,
    }
}

method! {
    /// Makes a layer of a material.
    SetLayerMaterial = "goxel.set_layer_material" | "goxel.assign_material",
    SetLayerMaterialParams<'a> -> LayerState,
    effect: Edit, lenient: false,
    by_position: "[0,1]", by_name: r#"{"material":0,"layer_id":1}"#,
}
