//! What a picture should look like, from the params of a call and the document.

use super::cameras;
use crate::api::args::shown;
use crate::api::json::{Elements, Members, string};
use crate::api::methods::cameras::UpTo;
use crate::api::methods::pictures::RenderScenePlain;
use crate::api::value::{Raw, number, read};
use crate::api::{ParamError, PartRef, Value};
use crate::document::{Document, Light, Pose, View};
use crate::render::{KeyLight, Lens, Lighting, RenderSettings, Viewpoint};
use crate::rpc::error::RpcError;
use crate::voxel::Rgba;

/// The size of a picture where a call asks for 0 or less.
const DEFAULT_PIXELS: u32 = 512;

/// The settings of a picture. `background` is that of the options.
pub(super) fn settings(
    document: &Document,
    params: &RenderScenePlain<'_>,
    background: Option<Rgba>,
) -> Result<RenderSettings, RpcError> {
    let background = match params.background_color {
        Some(Raw(raw)) => Some(read(raw, "background_color")?),
        None => background,
    };
    let pixels = |value: i32| u32::try_from(value).ok().filter(|&value| value > 0);
    let mut settings = RenderSettings {
        width: pixels(params.width).unwrap_or(DEFAULT_PIXELS),
        height: pixels(params.height).unwrap_or(DEFAULT_PIXELS),
        viewpoint: viewpoint(document, params)?,
        lighting: lighting(document, params.lighting)?,
        ..RenderSettings::default()
    };
    settings.background = background.unwrap_or(settings.background);
    settings.shading.shadows = params.shadows;
    Ok(settings)
}

/// The named view if it is known, else the camera that is given, else the isometric view.
fn viewpoint(document: &Document, params: &RenderScenePlain<'_>) -> Result<Viewpoint, RpcError> {
    if let Some(view) = params.camera_preset.as_deref().and_then(View::from_name) {
        return Ok(Viewpoint::Named(view));
    }
    let camera = match params.camera {
        Some(Raw(raw)) if raw.starts_with('{') => CameraForm::read(raw)?,
        Some(Raw(raw)) => return camera_of(document, read(raw, "camera")?),
        None => CameraForm::default(),
    };
    let eye = params.camera_position.or(camera.position);
    let target = params.camera_target.or(camera.target);
    let lens = Lens::Perspective { fov: camera.fov.unwrap_or(Lens::DEFAULT_FOV) };
    Ok(match (eye, camera.yaw, camera.pitch, camera.distance) {
        (Some(eye), ..) => Viewpoint::Free {
            eye,
            target: target.unwrap_or_default(),
            up: camera.up.unwrap_or([0.0, 0.0, 1.0]),
            lens,
        },
        (None, None, None, None) => Viewpoint::default(),
        (None, yaw, pitch, distance) => {
            let (yaw, pitch) = (yaw.unwrap_or_default(), pitch.unwrap_or_default());
            Viewpoint::Orbit { yaw, pitch, distance, target, lens }
        }
    })
}

/// The name that stands for the active camera of the document, unless a camera has it.
const ACTIVE: &str = "active";

/// The view of one of the document's cameras.
fn camera_of(document: &Document, wanted: PartRef<'_>) -> Result<Viewpoint, RpcError> {
    let active = match &wanted {
        PartRef::Name(name) if *name == ACTIVE => document.active_camera,
        _ => None,
    };
    let index = cameras::index_of(document, &wanted).or_else(|error| active.ok_or(error))?;
    let camera = document.cameras.get(index).ok_or_else(|| RpcError::internal("no camera"))?;
    let Pose { eye, target, up, orthographic, width } = camera.pose();
    let lens = match orthographic {
        true => Lens::Orthographic { width: Some(width) },
        false => Lens::Perspective { fov: Lens::DOCUMENT_FOV },
    };
    Ok(Viewpoint::Free { eye, target, up, lens })
}

/// The light of a picture: the document's if it was ever set, and what the call says about it.
fn lighting(document: &Document, given: Option<Raw<'_>>) -> Result<Lighting, ParamError> {
    let mut lighting = match document.light == Light::default() {
        true => Lighting::default(),
        false => Lighting::from(&document.light),
    };
    let Some(Raw(raw)) = given else { return Ok(lighting) };
    if !raw.starts_with('{') {
        let (expected, got) = ("an object".to_owned(), shown(raw));
        return Err(ParamError::Mismatch { param: "lighting".into(), expected, got });
    }
    let (mut ambient, mut diffuse) = (None, None);
    for (name, value) in Members::new(raw) {
        match &*name {
            "ambient" => ambient = Some(read::<Share>(value, "lighting.ambient")?.0),
            "diffuse" => diffuse = Some(read::<Share>(value, "lighting.diffuse")?.0),
            "shadow" => lighting.shadow = read::<Share>(value, "lighting.shadow")?.0,
            "sun_direction" => {
                lighting.key = sun(read(value, "lighting.sun_direction")?)?;
            }
            _ => {}
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

/// A share of the light.
type Share = UpTo<1>;

/// The light from where the sun is. A direction that points below the horizon is the way of its rays.
fn sun(direction: [f64; 3]) -> Result<KeyLight, ParamError> {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        let message = "'lighting.sun_direction' must not be zero; [1,-1,2] is a sun at the right of the front";
        return Err(ParamError::rule("lighting.sun_direction", message));
    }
    let upward = if direction[2] < 0.0 { -1.0 } else { 1.0 };
    let [x, y, z] = direction.map(|part| part * upward / length);
    Ok(KeyLight::Fixed { pitch: z.clamp(-1.0, 1.0).acos(), yaw: y.atan2(x) })
}

/// The members of `camera`.
#[derive(Default)]
struct CameraForm {
    position: Option<[f64; 3]>,
    target: Option<[f64; 3]>,
    up: Option<[f64; 3]>,
    fov: Option<f64>,
    distance: Option<f64>,
    yaw: Option<f64>,
    pitch: Option<f64>,
}

impl CameraForm {
    fn read(raw: &str) -> Result<Self, ParamError> {
        let mut form = CameraForm::default();
        for (name, value) in Members::new(raw) {
            match &*name {
                "position" => form.position = Some(read(value, "camera.position")?),
                "target" => form.target = Some(read(value, "camera.target")?),
                "up" => form.up = Some(read(value, "camera.up")?),
                "fov" => form.fov = Some(read(value, "camera.fov")?),
                "distance" => form.distance = Some(read(value, "camera.distance")?),
                "yaw" => form.yaw = Some(read(value, "camera.yaw")?),
                "pitch" => form.pitch = Some(read(value, "camera.pitch")?),
                _ => {}
            }
        }
        Ok(form)
    }
}

/// The members of `options`.
#[derive(Default)]
pub(super) struct Options {
    /// Whether the daemon keeps the picture.
    pub(super) keep: bool,
    pub(super) background: Option<Rgba>,
}

impl Options {
    pub(super) fn read(raw: Option<Raw<'_>>) -> Result<Self, ParamError> {
        let mut options = Options::default();
        for (name, value) in raw.iter().flat_map(|raw| Members::new(raw.0)) {
            match &*name {
                "return_mode" => {
                    options.keep = string(value).is_some_and(|mode| mode == "file_path")
                }
                "background_color" if value != "null" => {
                    options.background = Some(background(value)?);
                }
                _ => {}
            }
        }
        Ok(options)
    }
}

/// A background colour. The reference clamps numbers in an array here, so old clients may send any.
fn background(raw: &str) -> Result<Rgba, ParamError> {
    let clamp = |value: f64| value.clamp(0.0, 255.0) as u8;
    Rgba::parse(raw)
        .or_else(|| {
            let parts: Vec<f64> = Elements::new(raw).map(number).collect::<Option<_>>()?;
            match parts[..] {
                [r, g, b] => Some(Rgba::opaque(clamp(r), clamp(g), clamp(b))),
                [r, g, b, a] => Some(Rgba::new(clamp(r), clamp(g), clamp(b), clamp(a))),
                _ => None,
            }
        })
        .ok_or_else(|| {
            ParamError::mismatch("options.background_color", &<Rgba as Value>::SCHEMA, raw)
        })
}
