//! Materials of a glTF file: their colours and textures, and what of them is a material of ours.

use std::rc::Rc;

use super::File;
use super::data::{self, Buffers};
use super::json::{Look, Root, Transform};
use crate::document::Material;
use crate::format::fidelity::{Kind, Report};
use crate::format::surface::skin::Texture;
use crate::format::{FormatError, ReadOptions};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

/// A material of a file.
pub(super) struct Known {
    /// As a material of ours, with its factor as its colour.
    pub(super) material: Material,
    pub(super) texture: Option<Rc<Texture>>,
    /// Which of the places of vertices the texture is laid on, and how they are moved before.
    pub(super) places: usize,
    pub(super) transform: Option<Transform>,
    /// Voxels below this alpha are none; those above are opaque.
    pub(super) cutoff: Option<f32>,
    /// Whether it lets no light through, whatever its colours say.
    pub(super) is_opaque: bool,
}

/// All materials of a file.
pub(super) struct Looks(pub(super) Vec<Known>);

impl Looks {
    pub(super) async fn read(
        file: &File,
        root: &Root,
        buffers: &Buffers,
        options: &ReadOptions,
        report: &mut Report,
        slice: &Slice,
    ) -> Result<Looks, FormatError> {
        let mut pictures: Vec<Option<Option<Rc<Texture>>>> = vec![None; root.images.len()];
        let (mut known, mut missing) = (Vec::new(), 0);
        for look in &root.materials {
            let told = look.pbr_metallic_roughness.base_color_texture.as_ref();
            let mut texture = None;
            if let Some(told) = told {
                let source = root.textures.get(told.index);
                let webp = |source: &super::json::Texture| source.extensions.webp.as_ref()?.source;
                let image = source.and_then(|source| source.source.or_else(|| webp(source)));
                if let Some(slot) = image.and_then(|image| pictures.get_mut(image)) {
                    if slot.is_none() {
                        let image = image.unwrap_or(0);
                        *slot = Some(picture(file, root, image, buffers, options, slice).await?);
                    }
                    texture = slot.clone().flatten();
                }
                missing += u64::from(texture.is_none());
            }
            let transform = told.and_then(|told| told.extensions.transform.clone());
            let own = transform.as_ref().and_then(|transform| transform.tex_coord);
            let places = own.or(told.map(|told| told.tex_coord)).unwrap_or(0);
            known.push(known_as(look, texture, places, transform));
        }
        let said = ["texture is not found or no picture", "textures are not found or no pictures"];
        let note = in_words(missing, said) + " that can be read";
        report.lose(Kind::Color, missing, note);
        Ok(Looks(known))
    }
}

async fn picture(
    file: &File,
    root: &Root,
    index: usize,
    buffers: &Buffers,
    options: &ReadOptions,
    slice: &Slice,
) -> Result<Option<Rc<Texture>>, FormatError> {
    let image = root.images.get(index).ok_or_else(|| data::missing("image", index))?;
    let bytes = match (&image.uri, image.buffer_view) {
        (Some(address), _) => {
            data::fetch(address, file, options, slice).await?.map(|bytes| bytes.to_vec())
        }
        (None, Some(view)) => Some(buffers.view(root, view)?.to_vec()),
        (None, None) => None,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let max = options.limits.max_picture_pixels;
    let Ok(mut texture) = Texture::decode(bytes, max, slice).await else { return Ok(None) };
    texture.is_upside_down = true;
    Ok(Some(Rc::new(texture)))
}

fn known_as(
    look: &Look,
    texture: Option<Rc<Texture>>,
    places: usize,
    transform: Option<Transform>,
) -> Known {
    let surface = &look.pbr_metallic_roughness;
    let strength = look.extensions.strength.as_ref().and_then(|told| told.emissive_strength);
    let emission = look.emissive_factor.unwrap_or_default();
    let share = |value: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { 1.0 };
    let material = Material {
        name: look.name.chars().take(60).collect(),
        color: surface.base_color_factor.unwrap_or([1.0; 4]).map(share),
        metallic: share(surface.metallic_factor.unwrap_or(1.0)),
        roughness: share(surface.roughness_factor.unwrap_or(1.0)),
        emission: emission.map(|value| (value * strength.unwrap_or(1.0)).clamp(0.0, 1e4)),
        preserved: Vec::new(),
    };
    let mode = look.alpha_mode.as_deref().unwrap_or("OPAQUE");
    let cutoff = (mode == "MASK").then(|| look.alpha_cutoff.unwrap_or(0.5));
    Known { material, texture, places, transform, cutoff, is_opaque: mode == "OPAQUE" }
}

/// A linear share as a byte of sRGB.
pub(super) fn stored(linear: f32) -> u8 {
    let value =
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round().clamp(0.0, 255.0) as u8
}

/// A linear colour as voxels have it.
pub(super) fn color_of([r, g, b, a]: [f32; 4]) -> Rgba {
    Rgba::new(stored(r), stored(g), stored(b), (a * 255.0).round().clamp(0.0, 255.0) as u8)
}

impl Known {
    /// A place in the texture, as the texture's own rule moves it.
    pub(super) fn moved(&self, place: [f32; 2]) -> [f32; 2] {
        let Some(Transform { offset, rotation, scale, .. }) = &self.transform else { return place };
        let [u, v] = place.map(f64::from);
        let ([sx, sy], [ox, oy]) = (scale.unwrap_or([1.0; 2]), offset.unwrap_or_default());
        let (sine, cosine) = crate::voxel::sin_cos(*rotation);
        let (x, y) = (u * sx, v * sy);
        [(cosine * x + sine * y + ox) as f32, (cosine * y - sine * x + oy) as f32]
    }
}
