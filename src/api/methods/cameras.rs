//! Methods about cameras and the light.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::schema::Schema;
use super::super::value::{InRange, number};
use super::super::words::words;
use super::super::{PartRef, Value};
use super::system::NoParams;

/// The farthest that a camera or what it looks at may be, in voxels.
const FARTHEST: f64 = 1e9;

/// A place in space, in voxels; fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place(pub [f64; 3]);

impl Value<'_> for Place {
    const SCHEMA: Schema = Schema::List(&Schema::Number(-FARTHEST, FARTHEST), 3, 3);
    fn parse(raw: &str) -> Option<Self> {
        let place = <[f64; 3] as Value>::parse(raw)?;
        place.iter().all(|value| value.abs() <= FARTHEST).then_some(Place(place))
    }
}

/// How many voxels an orthographic camera shows from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewWidth(pub f64);

impl Value<'_> for ViewWidth {
    const SCHEMA: Schema = Schema::Number(0.001, FARTHEST);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|width| (0.001..=FARTHEST).contains(width)).map(ViewWidth)
    }
}

words! {
    /// A view with a name, that a camera is put to.
    pub enum NamedView {
        /// From -y.
        Front = "front",
        /// From +y.
        Back = "back",
        /// From -x.
        Left = "left",
        /// From +x.
        Right = "right",
        /// From +z.
        Top = "top",
        /// From -z.
        Bottom = "bottom",
        /// From the direction (1,-1,1), orthographic.
        Isometric = "isometric" | "iso",
    }
}

result! {
    /// One camera.
    pub struct ListedCamera {
        /// Its index, by which calls name it.
        camera: usize,
        /// Its name.
        name: String,
        /// Whether it is the active one: what a picture is taken with that asks for the camera
        /// "active".
        is_active: bool,
        /// Where it is, in voxels.
        eye: [f64; 3],
        /// The point that it looks at and turns around, in voxels.
        target: [f64; 3],
        /// The direction that is up in the picture.
        up: [f64; 3],
        /// Whether far things keep their size.
        orthographic: bool,
        /// Of an orthographic camera: how many voxels it shows from left to right.
        width: Option<f64>,
    }
}

result! {
    /// All cameras.
    pub struct CameraList {
        /// How many there are.
        count: usize,
        /// The cameras, in the order of the file.
        cameras: Vec<ListedCamera>,
    }
}

method! {
    /// Lists the cameras of the document.
    ListCameras = "goxel.list_cameras",
    NoParams -> CameraList,
    effect: Read, lenient: false,
    by_position: "[]", by_name: "{}",
}

result! {
    /// A camera after a change.
    pub struct CameraState {
        /// Always true.
        success: bool,
        /// The camera as it is now.
        camera: ListedCamera,
        /// Revision of the project.
        revision: u64,
    }
}

params! {
    /// A new camera.
    pub struct CreateCameraParams<'a> {
        /// Its name: 1 to 127 bytes. Absent: "Camera." and a number.
        name: Option<Cow<'a, str>>,
        /// Where it is, in voxels.
        eye | "position": Option<Place>,
        /// What it looks at, in voxels; absent: the middle of what is visible.
        target: Option<Place>,
        /// The direction that is up in the picture.
        up: Option<Place>,
        /// Whether far things keep their size.
        orthographic: Option<bool>,
        /// Of an orthographic camera: how many voxels it shows from left to right.
        width: Option<ViewWidth>,
        /// A named view that shows all that is visible, instead of `eye`; absent with `eye` absent:
        /// isometric.
        view | "camera_preset": Option<NamedView>,
    }
}

method! {
    /// Adds a camera and makes it the one that pictures are taken with.
    CreateCamera = "goxel.create_camera",
    CreateCameraParams<'a> -> CameraState,
    effect: Edit, lenient: false,
    by_position: r#"["From the gate",[0,-80,20],[0,0,10]]"#,
    by_name: r#"{"name":"Plan","view":"top"}"#,
}

params! {
    /// Any settings of a camera; what is absent stays as it is.
    pub struct UpdateCameraParams<'a> {
        /// Its index or its name.
        camera: PartRef<'a>,
        /// Its new name: 1 to 127 bytes.
        name: Option<Cow<'a, str>>,
        /// Where it is, in voxels.
        eye | "position": Option<Place>,
        /// What it looks at, in voxels.
        target: Option<Place>,
        /// The direction that is up in the picture.
        up: Option<Place>,
        /// Whether far things keep their size.
        orthographic: Option<bool>,
        /// Of an orthographic camera: how many voxels it shows from left to right.
        width: Option<ViewWidth>,
        /// A named view that shows all that is visible, instead of `eye`.
        view | "camera_preset": Option<NamedView>,
    }
}

method! {
    /// Moves, turns or renames a camera.
    UpdateCamera = "goxel.update_camera",
    UpdateCameraParams<'a> -> CameraState,
    effect: Edit, lenient: false,
    by_position: r#"[0,"Close",[10,-30,12],[0,0,8]]"#, by_name: r#"{"camera":0,"view":"front"}"#,
}

params! {
    /// Which camera.
    pub struct NamedCameraParams<'a> {
        /// Its index or its name.
        camera: PartRef<'a>,
    }
}

method! {
    /// Chooses the camera that pictures are taken with.
    SetActiveCamera = "goxel.set_active_camera" | "goxel.select_camera",
    NamedCameraParams<'a> -> CameraState,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"camera":0}"#,
}

result! {
    /// What is left.
    pub struct DeleteCameraResult {
        /// Always true.
        success: bool,
        /// How many cameras are left.
        count: usize,
        /// Index of the camera that pictures are taken with, if there is one.
        active_camera: Option<usize>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Removes a camera; the indices above it go down by one.
    DeleteCamera = "goxel.delete_camera",
    NamedCameraParams<'a> -> DeleteCameraResult,
    effect: Edit, lenient: false,
    by_position: "[0]", by_name: r#"{"camera":0}"#,
}

result! {
    /// The light.
    pub struct LightState {
        /// Angle of the light from straight up, in degrees.
        pitch: f64,
        /// Turn of the light around z, in degrees.
        yaw: f64,
        /// Strength; 1 is neutral.
        intensity: f32,
        /// Whether it turns with the camera.
        fixed: bool,
        /// Share of light that comes from everywhere, 0 to 1.
        ambient: f32,
        /// Strength of shadows, 0 to 1.
        shadow: f32,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Tells the light of the document.
    GetLight = "goxel.get_light",
    NoParams -> LightState,
    effect: Read, lenient: false,
    by_position: "[]", by_name: "{}",
}

/// A number from 0 to N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpTo<const N: u32>(pub f32);

impl<const N: u32> Value<'_> for UpTo<N> {
    const SCHEMA: Schema = Schema::Number(0.0, N as f64);
    fn parse(raw: &str) -> Option<Self> {
        number(raw).filter(|value| (0.0..=f64::from(N)).contains(value)).map(|v| UpTo(v as f32))
    }
}

/// A turn in degrees.
pub type Degrees = InRange<-360, 360>;

params! {
    /// Any settings of the light; what is absent stays as it is.
    pub struct SetLightParams {
        /// Angle of the light from straight up, in degrees.
        pitch: Option<UpTo<180>>,
        /// Turn of the light around z, in whole degrees.
        yaw: Option<Degrees>,
        /// Strength; 1 is neutral.
        intensity: Option<UpTo<10>>,
        /// Share of light that comes from everywhere.
        ambient: Option<UpTo<1>>,
        /// Strength of shadows.
        shadow: Option<UpTo<1>>,
        /// Whether it turns with the camera.
        fixed: Option<bool>,
    }
}

method! {
    /// Changes the light of the document.
    SetLight = "goxel.set_light" | "goxel.update_light",
    SetLightParams -> LightState,
    effect: Edit, lenient: false,
    by_position: "[45,120,1.5]", by_name: r#"{"pitch":30,"ambient":0.4,"shadow":0.5}"#,
}
