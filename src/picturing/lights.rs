//! The light of a picture: that of the document, and what a call says about it.

use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::json::few_members;
use crate::api::methods::cameras::UpTo;
use crate::api::notes::note_unknown;
use crate::api::value::{Raw, read};
use crate::document::{Document, Light};
use crate::render::{KeyLight, Lighting};

/// The light of a picture: the document's if it was ever set, else this one.
fn lighting_of(document: &Document, default: Lighting) -> Lighting {
    if document.light == Light::default() { default } else { Lighting::from(&document.light) }
}

/// The light of a picture: the document's if it was ever set, and what the call says about it.
pub fn lighting(
    document: &Document,
    given: Option<Raw<'_>>,
    default: Lighting,
) -> Result<Lighting, ParamError> {
    let mut lighting = lighting_of(document, default);
    let Some(Raw(raw)) = given else { return Ok(lighting) };
    if !raw.starts_with('{') {
        let (expected, got) = ("an object".to_owned(), shown(raw));
        return Err(ParamError::Mismatch { param: "lighting".into(), expected, got });
    }
    let (mut ambient, mut diffuse) = (None, None);
    for (name, value) in few_members(raw) {
        match &*name {
            "ambient" => ambient = Some(read::<Share>(value, "lighting.ambient")?.0),
            "diffuse" => diffuse = Some(read::<Share>(value, "lighting.diffuse")?.0),
            "ground" => lighting.ground = read::<Share>(value, "lighting.ground")?.0,
            "sun_size" => lighting.sun_size = read::<f64>(value, "lighting.sun_size")? as f32,
            "shadow" => lighting.shadow = read::<Share>(value, "lighting.shadow")?.0,
            "sun_direction" => {
                lighting.key = sun(read(value, "lighting.sun_direction")?)?;
            }
            other => note_unknown("lighting.", other, &LIGHTING),
        }
    }
    // Only the shares count: the brightest side shows its stored colour in any case.
    lighting.ambient = match (ambient, diffuse) {
        (None, None) => lighting.ambient,
        (Some(ambient), None) => ambient,
        (None, Some(diffuse)) => 1.0 - diffuse,
        (Some(ambient), Some(diffuse)) if ambient + diffuse > 0.0 => ambient / (ambient + diffuse),
        (Some(_), Some(_)) => 1.0,
    };
    Ok(lighting)
}

/// The members of `lighting`.
const LIGHTING: [&str; 6] = ["ambient", "diffuse", "shadow", "sun_direction", "sun_size", "ground"];

/// A share of the light.
type Share = UpTo<1>;

/// The light from where the sun is. A direction that points below the horizon is the way of its
/// rays.
fn sun(direction: [f64; 3]) -> Result<KeyLight, ParamError> {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        let message = "'lighting.sun_direction' must not be zero; [1,-1,2] is a sun at the right of the front";
        return Err(ParamError::rule("lighting.sun_direction", message));
    }
    let upward = if direction[2] < 0.0 { -1.0 } else { 1.0 };
    Ok(KeyLight::Direction(direction.map(|part| part * upward / length)))
}
