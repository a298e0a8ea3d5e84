//! Materials, cameras, the light and layers as records, both ways.

use super::dict::{Dict, PutEntry};
use super::{LAYER_NAME_MAX, SHORT_NAME_MAX, VALUE_MAX};
use crate::document::{
    BlendMode, Camera, Layer, LayerContent, LayerId, Light, Material, Matrix, ShapeKind,
};
use crate::voxel::{Bounds, Rgba};

pub(super) fn read_material(mut dict: Dict, number: usize, warnings: &mut Vec<String>) -> Material {
    const KNOWN: &[&str] = &["name", "color", "metallic", "roughness", "emission"];
    let default = Material::default();
    // One writer stores the colour in four bytes instead of four floats.
    let short =
        |value: &[u8]| <[u8; 4]>::try_from(value).ok().map(|v| v.map(|c| f32::from(c) / 255.0));
    let color = dict.floats("color").or_else(|| dict.take("color", short));
    Material {
        name: dict.string("name").unwrap_or_else(|| format!("Material.{number}")),
        color: color.unwrap_or(default.color),
        metallic: dict.f32("metallic").unwrap_or(default.metallic),
        roughness: dict.f32("roughness").unwrap_or(default.roughness),
        emission: dict.floats("emission").unwrap_or(default.emission),
        preserved: dict.rest(KNOWN, &format!("material {number}"), warnings),
    }
}

pub(super) fn write_material(material: &Material) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_text("name", &material.name, SHORT_NAME_MAX);
    out.put_floats("color", &material.color);
    out.put_floats("metallic", &[material.metallic]);
    out.put_floats("roughness", &[material.roughness]);
    out.put_floats("emission", &material.emission);
    out.put_preserved(&material.preserved);
    out
}

/// The camera, and whether it is the active one.
pub(super) fn read_camera(
    mut dict: Dict,
    number: usize,
    warnings: &mut Vec<String>,
) -> (Camera, bool) {
    const KNOWN: &[&str] = &["name", "dist", "ortho", "mat", "active"];
    let default = Camera::default();
    let active = dict.take("active", |_| Some(())).is_some();
    let camera = Camera {
        name: dict.string("name").unwrap_or_else(|| format!("Camera.{number}")),
        distance: dict.f32("dist").unwrap_or(default.distance),
        orthographic: dict.bool("ortho").unwrap_or(default.orthographic),
        matrix: dict.matrix("mat").unwrap_or(default.matrix),
        preserved: dict.rest(KNOWN, &format!("camera {number}"), warnings),
    };
    (camera, active)
}

pub(super) fn write_camera(camera: &Camera, active: bool) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_text("name", &camera.name, SHORT_NAME_MAX);
    out.put_floats("dist", &[camera.distance]);
    out.put_entry("ortho", &[u8::from(camera.orthographic)]);
    out.put_matrix("mat", &camera.matrix);
    if active {
        out.put_entry("active", &[]);
    }
    out.put_preserved(&camera.preserved);
    out
}

pub(super) fn read_light(dict: &mut Dict) -> Light {
    let default = Light::default();
    Light {
        pitch: dict.f32("pitch").unwrap_or(default.pitch),
        yaw: dict.f32("yaw").unwrap_or(default.yaw),
        intensity: dict.f32("intensity").unwrap_or(default.intensity),
        fixed: dict.bool("fixed").unwrap_or(default.fixed),
        ambient: dict.f32("ambient").unwrap_or(default.ambient),
        shadow: dict.f32("shadow").unwrap_or(default.shadow),
    }
}

pub(super) fn write_light(light: &Light) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_floats("pitch", &[light.pitch]);
    out.put_floats("yaw", &[light.yaw]);
    out.put_floats("intensity", &[light.intensity]);
    out.put_entry("fixed", &[u8::from(light.fixed)]);
    out.put_floats("ambient", &[light.ambient]);
    out.put_floats("shadow", &[light.shadow]);
    out
}

/// The box that an entry holds; the entry stays if it holds none.
pub(super) fn read_box(dict: &mut Dict, key: &str) -> Option<Bounds> {
    let index = |matrix: Matrix| (matrix.0[3][3] != 0.0).then(|| matrix.to_bounds()).flatten();
    let bounds = dict.matrix(key);
    bounds.and_then(index)
}

/// A layer without voxels, the id that the file gives it (0 for none) and that of its base.
pub(super) struct LayerRecord {
    pub(super) layer: Layer,
    pub(super) file_id: i32,
    pub(super) file_base: i32,
}

const LAYER_KEYS: &[&str] =
    &["name", "mat", "id", "base_id", "material", "mode", "box", "visible", "opacity"];

/// Reads a layer's record. `materials` is how many materials the file has had so far.
pub(super) fn read_layer(
    mut dict: Dict,
    materials: usize,
    warnings: &mut Vec<String>,
) -> LayerRecord {
    let file_id = dict.i32("id").unwrap_or(0);
    let file_base = dict.i32("base_id").unwrap_or(0);
    let mut layer = Layer::new(LayerId(0), &dict.string("name").unwrap_or_default());
    layer.matrix = dict.matrix("mat").unwrap_or_default();
    layer.material = match dict.i32("material") {
        Some(index) => usize::try_from(index).ok().filter(|&index| index < materials),
        None => materials.checked_sub(1),
    };
    match dict.i32("mode") {
        Some(number) => match BlendMode::from_number(number) {
            Some(mode) => layer.mode = mode,
            None => warnings.push(format!(
                "layer '{}' has the unknown blend mode {number}; it is drawn over instead",
                layer.name
            )),
        },
        None => layer.mode = BlendMode::Over,
    }
    layer.visible = dict.bool("visible").unwrap_or(true);
    layer.opacity = dict.f32("opacity").unwrap_or(1.0).clamp(0.0, 1.0);
    if dict.has("box") {
        layer.bounds = read_box(&mut dict, "box");
        if layer.bounds.is_none() {
            warnings.push(format!("layer '{}' has a box that is none; it is left out", layer.name));
        }
    }
    layer.content = read_content(&mut dict, file_base);
    layer.preserved = dict.rest(LAYER_KEYS, &format!("layer '{}'", layer.name), warnings);
    LayerRecord { layer, file_id, file_base }
}

fn read_content(dict: &mut Dict, file_base: i32) -> LayerContent {
    if file_base != 0 {
        return LayerContent::Clone { base: LayerId(0) };
    }
    if let Some(kind) = dict.take("shape", shape_kind) {
        let color = dict.take("color", |value| Some(Rgba::from(<[u8; 4]>::try_from(value).ok()?)));
        return LayerContent::Shape { kind, color: color.unwrap_or(Rgba::WHITE) };
    }
    match dict.string("img-path") {
        Some(path) => LayerContent::Image { path },
        None => LayerContent::Voxels,
    }
}

fn shape_kind(value: &[u8]) -> Option<ShapeKind> {
    ShapeKind::from_name(std::str::from_utf8(value).ok()?)
}

/// Writes a layer's record with the ids that the file shall show.
pub(super) fn write_layer(layer: &Layer, file_id: i32, file_base: i32) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_text("name", &layer.name, LAYER_NAME_MAX);
    out.put_matrix("mat", &layer.matrix);
    out.put_entry("id", &file_id.to_le_bytes());
    out.put_entry("base_id", &file_base.to_le_bytes());
    let material = layer.material.map_or(-1, |index| index as i32);
    out.put_entry("material", &material.to_le_bytes());
    out.put_entry("mode", &(layer.mode as i32).to_le_bytes());
    match &layer.content {
        LayerContent::Image { path } => out.put_text("img-path", path, VALUE_MAX),
        LayerContent::Shape { kind, color } => {
            out.put_entry("shape", kind.name().as_bytes());
            out.put_entry("color", &color.bytes());
        }
        LayerContent::Voxels | LayerContent::Clone { .. } => {}
    }
    if let Some(bounds) = &layer.bounds {
        out.put_box("box", bounds);
    }
    out.put_entry("visible", &[u8::from(layer.visible)]);
    if layer.opacity != 1.0 {
        out.put_floats("opacity", &[layer.opacity]);
    }
    let kept = layer.preserved.iter().filter(|(key, _)| key != FILE_ID && key != FILE_BASE);
    kept.for_each(|(key, value)| out.put_entry(key, value));
    out
}

/// Keys of [`Layer::preserved`] under which the ids are kept that the file gave, where ours differ.
pub(super) const FILE_ID: &str = "id";
pub(super) const FILE_BASE: &str = "base_id";

/// An id kept under one of the keys above.
pub(super) fn preserved_id(layer: &Layer, key: &str) -> Option<i32> {
    let (_, value) = layer.preserved.iter().find(|(known, _)| known == key)?;
    Some(i32::from_le_bytes(value.as_slice().try_into().ok()?))
}
