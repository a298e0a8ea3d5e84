//! Views of a picture: by name, by a camera of the document, or by a camera that is described.

use std::borrow::Cow;

use super::refusal::Refusal;
use crate::api::args::shown;
use crate::api::json::{Elements, few_members, string};
use crate::api::methods::pictures::RenderScenePlain;
use crate::api::notes::{note, note_unknown, note_value};
use crate::api::value::{Raw, read};
use crate::api::{ParamError, PartRef};
use crate::document::{Document, Pose, View as NamedView};
use crate::likeness::nearest;
use crate::render::{Lens, Viewpoint};

/// A view with its label.
pub type View = (String, Viewpoint);

/// A view by its name, or a camera that is described; `index` is its place in a list.
pub fn view(document: &Document, raw: &str, index: usize) -> Result<View, Refusal> {
    let Some(name) = string(raw) else {
        let viewpoint = if raw.starts_with('{') {
            viewpoint_of(CameraForm::read(raw)?, None, None)?
        } else {
            named_camera(document, read(raw, "views")?)?
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

/// The views that a list names, or one alone; `param` is its name.
///
/// # Errors
/// No view, or one that is not understood.
pub fn views(
    document: &Document,
    raw: Option<Raw<'_>>,
    param: &'static str,
) -> Result<Vec<View>, Refusal> {
    let raw = raw.map_or("\"iso\"", |Raw(raw)| raw);
    let views: Vec<View> = if raw.starts_with('[') {
        (0..)
            .zip(Elements::new(raw).take(MOST_VIEWS + 1))
            .map(|(index, raw)| view(document, raw, index))
            .collect::<Result<_, _>>()?
    } else {
        vec![view(document, raw, 0)?]
    };
    if (1..=MOST_VIEWS).contains(&views.len()) {
        return Ok(views);
    }
    let message = match views.len() {
        0 => format!("'{param}' is empty; it must name at least one view, such as \"iso\""),
        _ => format!("'{param}' has more than {MOST_VIEWS} views; ask for fewer"),
    };
    Err(ParamError::rule(param, message).into())
}

/// Views of one picture at most.
const MOST_VIEWS: usize = 256;

fn unknown_view(document: &Document, name: &str) -> Refusal {
    let cameras = document.cameras.iter().map(|camera| camera.name.as_str());
    let known: Vec<&str> = ["iso"].into_iter().chain(view_names()).chain(cameras).collect();
    let near = nearest(name, known.iter().copied());
    let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
    let views = ["iso"].into_iter().chain(view_names()).collect::<Vec<_>>().join(", ");
    let message = format!("\"{}\" is no view and no camera{hint}; views are {views}", shown(name));
    Refusal::from(ParamError::rule("views", message)).with("known", known)
}

/// The names of the views.
fn view_names() -> Vec<&'static str> {
    NamedView::ALL.into_iter().map(NamedView::name).collect()
}

/// The named view if it is known, else the camera that is given, else the isometric view.
pub fn viewpoint(document: &Document, params: &RenderScenePlain<'_>) -> Result<Viewpoint, Refusal> {
    if let Some(name) = params.camera_preset.as_deref().filter(|name| !name.is_empty()) {
        if let Some(view) = NamedView::from_name(name) {
            if params.camera.is_some() || params.camera_position.is_some() {
                note("the camera is not used beside 'camera_preset'");
            }
            return Ok(Viewpoint::Named(view));
        }
        let used = if params.camera.is_some() || params.camera_position.is_some() {
            "the camera"
        } else {
            NamedView::Isometric.name()
        };
        note_value("camera_preset", name, used, &view_names());
    }
    let camera = match params.camera {
        Some(Raw(raw)) if raw.starts_with('{') => CameraForm::read(raw)?,
        Some(Raw(raw)) => return named_camera(document, read(raw, "camera")?),
        None => CameraForm::default(),
    };
    viewpoint_of(camera, params.camera_position, params.camera_target).map_err(Refusal::from)
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
        return Ok(match target {
            Some(target) => Viewpoint::Free { eye, target, up, lens },
            None => Viewpoint::Standing { eye, up, lens },
        });
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
fn named_camera(document: &Document, wanted: PartRef<'_>) -> Result<Viewpoint, Refusal> {
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
fn camera_of(document: &Document, wanted: PartRef<'_>) -> Result<Viewpoint, Refusal> {
    let active = match &wanted {
        PartRef::Name(name) if *name == ACTIVE => document.active_camera,
        _ => None,
    };
    let found = match &wanted {
        PartRef::Index(index) => document.cameras.get(*index),
        PartRef::Name(name) => document.cameras.iter().find(|camera| camera.name == *name),
    };
    let found = found.or_else(|| document.cameras.get(active?));
    let camera = found.ok_or_else(|| no_such_camera(document, &wanted))?;
    let Pose { eye, target, up, orthographic, width } = camera.pose();
    let lens = if orthographic {
        Lens::Orthographic { width: Some(width) }
    } else {
        Lens::Perspective { fov: Lens::DOCUMENT_FOV }
    };
    Ok(Viewpoint::Free { eye, target, up, lens })
}

fn no_such_camera(document: &Document, wanted: &PartRef<'_>) -> Refusal {
    let names = || document.cameras.iter().map(|camera| camera.name.as_str());
    let (shown, near) = match wanted {
        PartRef::Index(index) => (index.to_string(), None),
        PartRef::Name(name) => (format!("'{}'", shown(name)), nearest(name, names())),
    };
    let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
    let message = format!("No such camera: {shown}{hint}");
    Refusal::from(ParamError::rule("camera", message)).with("known", names())
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
        if orthographic {
            Lens::Orthographic { width: self.width }
        } else {
            Lens::Perspective { fov: self.fov.unwrap_or(Lens::DEFAULT_FOV) }
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
