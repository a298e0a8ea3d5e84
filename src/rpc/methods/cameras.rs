//! Handlers about cameras and the light.

use super::layer_settings::checked_name;
use super::{entries, target};
use crate::api::methods::cameras::*;
use crate::api::methods::system::NoParams;
use crate::api::{ParamError, PartRef};
use crate::document::history::Scope;
use crate::document::{Camera, Document, Light, Pose, View};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::workspace::Project;

entries![
    ListCameras,
    CreateCamera,
    UpdateCamera,
    SetActiveCamera,
    DeleteCamera,
    GetLight,
    SetLight
];

/// The index of the camera that a call means.
pub(super) fn index_of(document: &Document, wanted: &PartRef<'_>) -> Result<usize, RpcError> {
    let names = document.cameras.iter().map(|camera| camera.name.as_str());
    target::part("camera", names.collect(), wanted)
}

fn listed(document: &Document, index: usize) -> Result<ListedCamera, RpcError> {
    let known = document.cameras.get(index);
    let camera = known.ok_or_else(|| RpcError::internal("camera vanished"))?;
    let Pose { eye, target, up, orthographic, width } = camera.pose();
    Ok(ListedCamera {
        camera: index,
        name: camera.name.clone(),
        is_active: document.active_camera == Some(index),
        eye,
        target,
        up,
        orthographic,
        width: orthographic.then_some(width),
    })
}

fn state(context: &mut Context<'_>, index: usize) -> Result<Outcome<CameraState>, RpcError> {
    let project = context.project()?;
    let camera = listed(project.document(), index)?;
    Ok(CameraState { success: true, camera, revision: project.revision() }.into())
}

impl Handle for ListCameras {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<CameraList>, RpcError> {
        let document = context.project()?.document();
        let count = document.cameras.len();
        let cameras = (0..count).map(|index| listed(document, index));
        Ok(CameraList { count, cameras: cameras.collect::<Result<_, _>>()? }.into())
    }
}

fn view_of(view: NamedView) -> View {
    match view {
        NamedView::Front => View::Front,
        NamedView::Back => View::Back,
        NamedView::Left => View::Left,
        NamedView::Right => View::Right,
        NamedView::Top => View::Top,
        NamedView::Bottom => View::Bottom,
        NamedView::Isometric => View::Isometric,
    }
}

/// What a call says about a pose.
#[derive(Default)]
struct Wanted {
    eye: Option<Place>,
    target: Option<Place>,
    up: Option<Place>,
    orthographic: Option<bool>,
    width: Option<ViewWidth>,
    view: Option<NamedView>,
}

impl Wanted {
    fn is_something(&self) -> bool {
        self.eye.is_some()
            || self.target.is_some()
            || self.up.is_some()
            || self.orthographic.is_some()
            || self.width.is_some()
            || self.view.is_some()
    }

    /// Puts a camera where the call wants it, starting from a pose.
    fn put(&self, camera: &mut Camera, document: &Document, start: Pose) -> Result<(), RpcError> {
        if self.eye.is_some() && self.view.is_some() {
            let message = "Give either 'eye' or 'view', not both";
            return Err(ParamError::rule("view", message).into());
        }
        let start = self.view.map_or(start, |view| document.pose_of(view_of(view)));
        let orthographic = self.orthographic.unwrap_or(start.orthographic && self.eye.is_none());
        let pose = Pose {
            eye: self.eye.map_or(start.eye, |eye| eye.0),
            target: self.target.map_or(start.target, |target| target.0),
            up: self.up.map_or(start.up, |up| up.0),
            orthographic,
            width: self.width.map_or(start.width, |width| width.0),
        };
        if !camera.set_pose(&pose) {
            let message = format!(
                "The camera looks nowhere: 'eye' and 'target' are both {:?}; they must differ",
                pose.eye
            );
            return Err(ParamError::rule("eye", message).into());
        }
        Ok(())
    }
}

fn free_name(document: &Document) -> String {
    let is_taken = |name: &String| document.cameras.iter().any(|known| known.name == *name);
    let mut names = (1..).map(|number| format!("Camera.{number}"));
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

impl Handle for CreateCamera {
    fn handle(
        context: &mut Context<'_>,
        params: CreateCameraParams<'_>,
    ) -> Result<Outcome<CameraState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.material)?;
        }
        let CreateCameraParams { name, eye, target, up, orthographic, width, view } = params;
        let wanted = Wanted { eye, target, up, orthographic, width, view };
        let project = context.project()?;
        let index = project.edit("create camera", Scope::Document, |document| {
            let name = name.map_or_else(|| free_name(document), |name| name.into_owned());
            let mut camera = Camera { name, ..Camera::default() };
            wanted.put(&mut camera, document, document.pose_of(View::Isometric))?;
            document.cameras.push(camera);
            document.active_camera = Some(document.cameras.len() - 1);
            Ok::<_, RpcError>(document.cameras.len() - 1)
        })?;
        state(context, index)
    }
}

impl Handle for UpdateCamera {
    fn handle(
        context: &mut Context<'_>,
        params: UpdateCameraParams<'_>,
    ) -> Result<Outcome<CameraState>, RpcError> {
        if let Some(name) = &params.name {
            checked_name(name, context.daemon.limits.names.material)?;
        }
        let project = context.project()?;
        let index = index_of(project.document(), &params.camera)?;
        let UpdateCameraParams { name, eye, target, up, orthographic, width, view, .. } = params;
        let wanted = Wanted { eye, target, up, orthographic, width, view };
        let document = project.document();
        let mut camera = document.cameras[index].clone();
        if wanted.is_something() {
            let start = camera.pose();
            wanted.put(&mut camera, document, start)?;
        }
        camera.name = name.map_or(camera.name, |name| name.into_owned());
        if camera != document.cameras[index] {
            edit(project, "update camera", |document| document.cameras[index] = camera);
        }
        state(context, index)
    }
}

/// A change that cannot fail.
fn edit(project: &mut Project, label: &str, change: impl FnOnce(&mut Document)) {
    let edited: Result<(), std::convert::Infallible> =
        project.edit(label, Scope::Document, |document| {
            change(document);
            Ok(())
        });
    match edited {
        Ok(()) => {}
    }
}

impl Handle for SetActiveCamera {
    fn handle(
        context: &mut Context<'_>,
        params: NamedCameraParams<'_>,
    ) -> Result<Outcome<CameraState>, RpcError> {
        let project = context.project()?;
        let index = index_of(project.document(), &params.camera)?;
        if project.document().active_camera != Some(index) {
            edit(project, "set active camera", |document| document.active_camera = Some(index));
        }
        state(context, index)
    }
}

impl Handle for DeleteCamera {
    fn handle(
        context: &mut Context<'_>,
        params: NamedCameraParams<'_>,
    ) -> Result<Outcome<DeleteCameraResult>, RpcError> {
        let project = context.project()?;
        let index = index_of(project.document(), &params.camera)?;
        edit(project, "delete camera", |document| {
            document.cameras.remove(index);
            document.active_camera = match document.active_camera {
                Some(active) if active > index => Some(active - 1),
                Some(active) if active == index => (!document.cameras.is_empty()).then_some(0),
                active => active,
            };
        });
        let document = project.document();
        let (count, active_camera) = (document.cameras.len(), document.active_camera);
        let revision = project.revision();
        Ok(DeleteCameraResult { success: true, count, active_camera, revision }.into())
    }
}

fn light_state(project: &Project) -> LightState {
    let Light { pitch, yaw, intensity, fixed, ambient, shadow } = project.document().light;
    let degrees = |radians: f32| (f64::from(radians).to_degrees() * 1000.0).round() / 1000.0;
    let revision = project.revision();
    let (pitch, yaw) = (degrees(pitch), degrees(yaw));
    LightState { pitch, yaw, intensity, fixed, ambient, shadow, revision }
}

impl Handle for GetLight {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<LightState>, RpcError> {
        Ok(light_state(context.project()?).into())
    }
}

impl Handle for SetLight {
    fn handle(
        context: &mut Context<'_>,
        params: SetLightParams,
    ) -> Result<Outcome<LightState>, RpcError> {
        let project = context.project()?;
        let before = project.document().light;
        let light = Light {
            pitch: params.pitch.map_or(before.pitch, |pitch| pitch.0.to_radians()),
            yaw: params.yaw.map_or(before.yaw, |yaw| (yaw.0 as f32).to_radians()),
            intensity: params.intensity.map_or(before.intensity, |value| value.0),
            fixed: params.fixed.unwrap_or(before.fixed),
            ambient: params.ambient.map_or(before.ambient, |value| value.0),
            shadow: params.shadow.map_or(before.shadow, |value| value.0),
        };
        if light != before {
            edit(project, "set light", |document| document.light = light);
        }
        Ok(light_state(project).into())
    }
}
