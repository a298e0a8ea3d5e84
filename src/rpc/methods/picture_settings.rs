//! What a picture should look like, from the params of a call and the document.

use std::borrow::Cow;

use super::cameras;
use crate::api::args::{nearest, shown};
use crate::api::json::{Elements, few_members, string};
use crate::api::methods::cameras::UpTo;
use crate::api::methods::pictures::RenderScenePlain;
use crate::api::notes::{note, note_unknown, note_value};
use crate::api::value::{Raw, number, read};
use crate::api::{ParamError, PartRef, Value};
use crate::document::{Document, Light, Pose, View as NamedView};
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

/// A view with its label.
pub(super) type View = (String, Viewpoint);

/// A view by its name, or a camera that is described; `index` is its place in a list.
pub(super) fn view(document: &Document, raw: &str, index: usize) -> Result<View, RpcError> {
    let Some(name) = string(raw) else {
        let viewpoint = match raw.starts_with('{') {
            true => viewpoint_of(CameraForm::read(raw)?, None, None)?,
            false => named_camera(document, read(raw, "views")?)?,
        };
        return Ok((format!("view {}", index + 1), viewpoint));
    };
    let camera = PartRef::Name(Cow::Borrowed(&name));
    let viewpoint = match NamedView::from_name(&name) {
        Some(view) => Viewpoint::Named(view),
        None => camera_of(document, camera).map_err(|_| unknown_view(document, &name))?,
    };
    Ok((name.into_owned(), viewpoint))
}

fn unknown_view(document: &Document, name: &str) -> RpcError {
    let cameras = document.cameras.iter().map(|camera| camera.name.as_str());
    let known: Vec<&str> = ["iso"].into_iter().chain(view_names()).chain(cameras).collect();
    let near = nearest(name, known.iter().copied());
    let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
    let message =
        format!("'views' names \"{}\", which is no view and no camera{hint}", shown(name));
    RpcError::from(ParamError::rule("views", message)).with("known", known)
}

/// The light of a picture: the document's if it was ever set, else this one.
pub(super) fn lighting_of(document: &Document, default: Lighting) -> Lighting {
    match document.light == Light::default() {
        true => default,
        false => Lighting::from(&document.light),
    }
}

/// The names of the views.
fn view_names() -> Vec<&'static str> {
    NamedView::ALL.into_iter().map(NamedView::name).collect()
}

/// The named view if it is known, else the camera that is given, else the isometric view.
fn viewpoint(document: &Document, params: &RenderScenePlain<'_>) -> Result<Viewpoint, RpcError> {
    if let Some(name) = params.camera_preset.as_deref().filter(|name| !name.is_empty()) {
        if let Some(view) = NamedView::from_name(name) {
            if params.camera.is_some() || params.camera_position.is_some() {
                note("the camera is not used beside 'camera_preset'");
            }
            return Ok(Viewpoint::Named(view));
        }
        let used = match params.camera.is_some() || params.camera_position.is_some() {
            true => "the camera",
            false => NamedView::Isometric.name(),
        };
        note_value("camera_preset", name, used, &view_names());
    }
    let camera = match params.camera {
        Some(Raw(raw)) if raw.starts_with('{') => CameraForm::read(raw)?,
        Some(Raw(raw)) => return named_camera(document, read(raw, "camera")?),
        None => CameraForm::default(),
    };
    viewpoint_of(camera, params.camera_position, params.camera_target).map_err(RpcError::from)
}

/// The view of a camera that is described; its place and its target may be given beside.
fn viewpoint_of(
    camera: CameraForm,
    position: Option<[f64; 3]>,
    target: Option<[f64; 3]>,
) -> Result<Viewpoint, ParamError> {
    let lens = camera.lens();
    let target = target.or(camera.target);
    if let Some(eye) = position.or(camera.position) {
        if camera.turns() {
            note("yaw, pitch, elevation and distance are not used beside the camera's position");
        }
        let up = camera.up.unwrap_or([0.0, 0.0, 1.0]);
        return Ok(Viewpoint::Free { eye, target: target.unwrap_or_default(), up, lens });
    }
    if camera.up.is_some() {
        note("'camera.up' is not used without a position of the camera");
    }
    if camera.is_plain() && target.is_none() {
        return Ok(Viewpoint::default());
    }
    let isometric = !camera.turns();
    let (yaw, elevation) = if isometric { ISOMETRIC } else { (0.0, 0.0) };
    // The pitch is that of the line of sight: negative looks down, from a place that is higher.
    let elevation = camera.elevation.or(camera.pitch.map(|pitch| -pitch)).unwrap_or(elevation);
    if camera.elevation.is_some() && camera.pitch.is_some() {
        note("'camera.pitch' is not used beside 'camera.elevation'");
    }
    let (yaw, distance) = (camera.yaw.unwrap_or(yaw), camera.distance);
    Ok(Viewpoint::Orbit { yaw, pitch: elevation, distance, target, lens })
}

/// Yaw and elevation of the isometric view, in degrees.
const ISOMETRIC: (f64, f64) = (45.0, 35.264_389_682_754_654);

/// The view of one of the document's cameras, or a view by its name where no camera has it.
fn named_camera(document: &Document, wanted: PartRef<'_>) -> Result<Viewpoint, RpcError> {
    let view = match &wanted {
        PartRef::Name(name) => NamedView::from_name(name),
        PartRef::Index(_) => None,
    };
    camera_of(document, wanted).or_else(|error| match view {
        Some(view) => Ok(Viewpoint::Named(view)),
        None => Err(error.with("views", view_names())),
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
    let mut lighting = lighting_of(document, Lighting::default());
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
const LIGHTING: [&str; 4] = ["ambient", "diffuse", "shadow", "sun_direction"];

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
    elevation: Option<f64>,
    orthographic: Option<bool>,
    width: Option<f64>,
}

impl CameraForm {
    /// The names of the members.
    const NAMES: [&'static str; 10] = [
        "position",
        "target",
        "up",
        "fov",
        "distance",
        "yaw",
        "pitch",
        "elevation",
        "orthographic",
        "width",
    ];

    /// Whether it says where the camera stands around what it looks at.
    fn turns(&self) -> bool {
        let angles = [self.yaw, self.pitch, self.elevation, self.distance];
        angles.iter().any(Option::is_some)
    }

    /// Whether it says nothing.
    fn is_plain(&self) -> bool {
        !self.turns() && self.fov.or(self.width).is_none() && self.orthographic != Some(true)
    }

    /// The projection: an orthographic one has no angle, and a width only that one.
    fn lens(&self) -> Lens {
        let orthographic = self.orthographic.unwrap_or(self.width.is_some());
        match (orthographic, self.fov, self.width) {
            (true, Some(_), _) => note("'camera.fov' is not used of an orthographic camera"),
            (false, _, Some(_)) => note("'camera.width' is only used of an orthographic camera"),
            _ => {}
        }
        match orthographic {
            true => Lens::Orthographic { width: self.width },
            false => Lens::Perspective { fov: self.fov.unwrap_or(Lens::DEFAULT_FOV) },
        }
    }

    fn read(raw: &str) -> Result<Self, ParamError> {
        let mut form = CameraForm::default();
        for (name, value) in few_members(raw).filter(|(_, value)| *value != "null") {
            match &*name {
                "position" => form.position = Some(read(value, "camera.position")?),
                "target" => form.target = Some(read(value, "camera.target")?),
                "up" => form.up = Some(read(value, "camera.up")?),
                "fov" => form.fov = Some(read(value, "camera.fov")?),
                "distance" => form.distance = Some(read(value, "camera.distance")?),
                "yaw" => form.yaw = Some(read(value, "camera.yaw")?),
                "pitch" => form.pitch = Some(read(value, "camera.pitch")?),
                "elevation" => form.elevation = Some(read(value, "camera.elevation")?),
                "orthographic" => form.orthographic = Some(read(value, "camera.orthographic")?),
                "width" => form.width = Some(read(value, "camera.width")?),
                other => note_unknown("camera.", other, &Self::NAMES),
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
        if let Some(Raw(raw)) = raw.filter(|raw| !raw.0.starts_with('{')) {
            note(format!("options {} is no object and was not used", shown(raw)));
        }
        for (name, value) in raw.iter().flat_map(|raw| few_members(raw.0)) {
            match &*name {
                "return_mode" => {
                    let mode = string(value).unwrap_or(Cow::Borrowed(value));
                    options.keep = mode == RETURN_MODES[0];
                    if !RETURN_MODES.contains(&&*mode) && value != "null" {
                        note_value("options.return_mode", &mode, "none", &RETURN_MODES);
                    }
                }
                "background_color" if value != "null" => {
                    options.background = Some(background(value)?);
                }
                "background_color" => {}
                other => note_unknown("options.", other, &OPTIONS),
            }
        }
        Ok(options)
    }
}

/// The members of `options`.
const OPTIONS: [&str; 2] = ["return_mode", "background_color"];
/// The values of `options.return_mode`; only the first one changes anything.
const RETURN_MODES: [&str; 3] = ["file_path", "legacy", "default"];

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
