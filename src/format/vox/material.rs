//! Materials of single colours (`MATL`) as materials of layers, and back.
//!
//! What a file says of a material is kept with ours entry by entry, so that it is written again as
//! it was as long as nobody changes it.

use crate::document::Material;
use crate::format::fidelity::is_plain;
use crate::voxel::Rgba;

/// Texts of a record.
pub(super) type Entries = Vec<(String, String)>;

/// What stands before a key of the file among the kept entries of a material or a camera.
const KEPT: &str = "vox";

fn number(entries: &Entries, key: &str) -> Option<f32> {
    let (_, text) = entries.iter().find(|(known, _)| known == key)?;
    text.trim().parse().ok().filter(|value: &f32| value.is_finite())
}

/// The material that some entries mean for a colour; `None` if it is the plain one.
pub(super) fn material_of(index: i32, entries: &Entries, color: Rgba) -> Option<Material> {
    let kind = entries.iter().find(|(key, _)| key == "_type").map_or("", |(_, kind)| kind.as_str());
    let get = |keys: &[&str]| keys.iter().find_map(|key| number(entries, key));
    let mut material = Material::default();
    let (mut opacity, mut title) = (1.0, "Blend");
    match kind {
        "_glass" | "_cloud" | "_media" => {
            opacity = 1.0 - get(&["_trans", "_alpha", "_weight"]).unwrap_or(0.5);
            title = "Glass";
        }
        "_metal" => {
            material.metallic = get(&["_metal", "_weight"]).unwrap_or(1.0).clamp(0.0, 1.0);
            title = "Metal";
        }
        "_emit" => {
            let strength = get(&["_emit", "_weight"]).unwrap_or(1.0).max(0.0);
            let strength = strength * (1.0 + get(&["_flux"]).unwrap_or(0.0).max(0.0));
            material.emission = [color.r, color.g, color.b].map(|byte| linear(byte) * strength);
            title = "Emission";
        }
        "_blend" => {
            material.metallic = get(&["_metal"]).unwrap_or(0.0).clamp(0.0, 1.0);
            let trans = get(&["_trans"]).unwrap_or(0.0);
            opacity = 1.0 - if trans > 0.0 { get(&["_alpha"]).unwrap_or(trans) } else { 0.0 };
        }
        _ => return None,
    }
    material.color[3] = opacity.clamp(0.05, 1.0);
    if is_plain(&material) || (kind == "_blend" && material.metallic == 0.0 && opacity >= 1.0) {
        return None;
    }
    material.roughness = get(&["_rough"]).unwrap_or(0.1).clamp(0.0, 1.0);
    material.name = format!("{title} {index}");
    material.preserved = kept(entries);
    Some(material)
}

/// Entries of the file as entries that are kept.
pub(super) fn kept(entries: &Entries) -> Vec<(String, Vec<u8>)> {
    let short = entries.iter().filter(|(key, value)| key.len() < 100 && value.len() < 200);
    short.map(|(key, value)| (format!("{KEPT}{key}"), value.as_bytes().to_vec())).collect()
}

/// The other way round.
pub(super) fn unkept(preserved: &[(String, Vec<u8>)]) -> Entries {
    let ours = preserved.iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(KEPT)?;
        Some((key.to_owned(), String::from_utf8_lossy(value).into_owned()))
    });
    ours.collect()
}

/// What a file says of a material of ours.
pub(super) fn entries_of(material: &Material, color: Rgba) -> Entries {
    let kept = unkept(&material.preserved);
    if let Some(same) = material_of(0, &kept, color)
        && near(&same, material)
    {
        return kept;
    }
    let strength = material.emission.iter().fold(0.0f32, |most, &value| most.max(value));
    let mut entries: Vec<(&str, String)> = vec![("_rough", material.roughness.to_string())];
    if strength > 0.0 {
        let flux = (strength.ceil() - 1.0).clamp(0.0, 4.0);
        entries.push(("_type", "_emit".to_owned()));
        entries.push(("_emit", (strength / (1.0 + flux)).min(1.0).to_string()));
        entries.push(("_flux", flux.to_string()));
    } else if material.color[3] < 1.0 {
        let trans = (1.0 - material.color[3]).to_string();
        entries.push(("_type", "_glass".to_owned()));
        entries.push(("_trans", trans.clone()));
        entries.push(("_alpha", trans));
        entries.push(("_ior", "0.3".to_owned()));
    } else {
        entries.push(("_type", "_metal".to_owned()));
        entries.push(("_metal", material.metallic.to_string()));
        entries.push(("_sp", "1".to_owned()));
    }
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Whether two materials look the same, whatever their names. Light may have the colour of another
/// voxel.
fn near(a: &Material, b: &Material) -> bool {
    let close = |x: f32, y: f32| (x - y).abs() < 1e-3;
    let most = |m: &Material| m.emission.iter().fold(0.0f32, |most, &value| most.max(value));
    close(a.metallic, b.metallic)
        && close(a.roughness, b.roughness)
        && close(a.color[3], b.color[3])
        && (most(a) > 0.0) == (most(b) > 0.0)
}

fn linear(byte: u8) -> f32 {
    let value = f32::from(byte) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}
