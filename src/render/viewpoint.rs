//! Where a picture is taken from: named views, turntable angles, free cameras.

use super::vector::{Vec3, add, cross, dot, scale, sin_cos, sub, unit};
use crate::document::{Camera, View};

/// How a camera draws depth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Lens {
    /// Far things are smaller.
    Perspective {
        /// The vertical field of view in degrees, above 0 and below 180.
        fov: f64,
    },
    /// Far things keep their size.
    Orthographic {
        /// Voxels across the width of the picture; `None` fits the model into the frame.
        width: Option<f64>,
    },
}

impl Lens {
    /// The field of view of a free camera that does not name one, in degrees.
    pub const DEFAULT_FOV: f64 = 45.0;
    /// The field of view of the cameras of a document, in degrees, as Goxel has it.
    pub const DOCUMENT_FOV: f64 = 20.0;
}

impl Default for Lens {
    fn default() -> Self {
        Lens::Perspective { fov: Lens::DEFAULT_FOV }
    }
}

/// Where a picture is taken from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Viewpoint {
    /// A view with a name: orthographic, the model fitted into the frame.
    Named(View),
    /// On a sphere around a point. Angles in degrees: yaw 0 is the front, 90 the right side; pitch
    /// 90 looks straight down.
    Orbit {
        /// Turn around the vertical axis.
        yaw: f64,
        /// Height above the horizon.
        pitch: f64,
        /// From the eye to the target, in voxels; `None` fits the model into the frame.
        distance: Option<f64>,
        /// What to look at; `None` is the middle of the model.
        target: Option<[f64; 3]>,
        /// The projection.
        lens: Lens,
    },
    /// Anywhere, looking at the middle of what is drawn.
    Standing {
        /// Where the camera is.
        eye: [f64; 3],
        /// Which way is up in the picture.
        up: [f64; 3],
        /// The projection.
        lens: Lens,
    },
    /// Anywhere.
    Free {
        /// Where the camera is.
        eye: [f64; 3],
        /// What it looks at.
        target: [f64; 3],
        /// Which way is up in the picture.
        up: [f64; 3],
        /// The projection.
        lens: Lens,
    },
}

impl Default for Viewpoint {
    fn default() -> Self {
        Viewpoint::Named(View::Isometric)
    }
}

impl From<View> for Viewpoint {
    fn from(view: View) -> Self {
        Viewpoint::Named(view)
    }
}

impl From<&Camera> for Viewpoint {
    fn from(camera: &Camera) -> Self {
        let [_, up, back, eye] = camera.matrix.0.map(|v| [0, 1, 2].map(|i| f64::from(v[i])));
        let distance = f64::from(camera.distance);
        let lens = if camera.orthographic {
            Lens::Orthographic { width: Some(2.0 * distance) }
        } else {
            Lens::Perspective { fov: Lens::DOCUMENT_FOV }
        };
        Viewpoint::Free { eye, target: sub(eye, scale(back, distance.max(1e-3))), up, lens }
    }
}

/// Why no picture can be taken from a viewpoint.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ViewpointError {
    /// Eye and target are the same point, or not finite.
    #[error(
        "the camera looks nowhere: its eye {eye:?} and its target {target:?} must be two different finite points"
    )]
    NoDirection {
        /// The eye.
        eye: [f64; 3],
        /// The target.
        target: [f64; 3],
    },
    /// The field of view is out of range.
    #[error("the field of view is {0} degrees; it must be above 0 and below 180")]
    FieldOfView(f64),
    /// A distance, width or angle that is not a usable number.
    #[error("the camera's {name} is {value}; it must be {expected}")]
    BadNumber {
        /// Which number.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
}

/// A right-handed frame: the directions of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) right: Vec3,
    pub(crate) up: Vec3,
    pub(crate) forward: Vec3,
}

impl Frame {
    /// Looks along a direction; where `up` does not help, +y is up for a look down, -y for a look
    /// up.
    fn looking(direction: Vec3, up: Vec3) -> Option<Frame> {
        let forward = unit(direction)?;
        let fallback = [0.0, if forward[2] > 0.0 { -1.0 } else { 1.0 }, 0.0];
        let sideways = |up: Vec3| unit(up).and_then(|up| usable(cross(forward, up)));
        let right =
            sideways(up).or_else(|| sideways(fallback)).or_else(|| sideways([0.0, 0.0, 1.0]))?;
        Some(Frame { right, up: cross(right, forward), forward })
    }
}

fn usable(sideways: Vec3) -> Option<Vec3> {
    (dot(sideways, sideways) > 1e-12).then(|| unit(sideways)).flatten()
}

/// What is settled about a camera before the model is known.
pub(crate) struct Pose {
    pub(crate) frame: Frame,
    /// What it looks at, if that is not left to the model.
    pub(crate) target: Option<Vec3>,
    /// How far the target is, if that is not left to the model.
    pub(crate) distance: Option<f64>,
    pub(crate) lens: Lens,
}

impl Viewpoint {
    /// The same once it is known where the middle of the model is.
    pub(crate) fn toward(self, middle: Vec3) -> Viewpoint {
        let Viewpoint::Standing { eye, up, lens } = self else { return self };
        // From the very middle to the north.
        let target = if middle == eye { add(eye, [0.0, 1.0, 0.0]) } else { middle };
        Viewpoint::Free { eye, target, up, lens }
    }

    /// The directions and the lens; those of a view whose target is not known yet are of no use.
    pub(crate) fn pose(&self) -> Result<Pose, ViewpointError> {
        let pose = match self.toward([0.0; 3]) {
            // Made into the next one.
            Viewpoint::Standing { .. } => named(View::Isometric),
            Viewpoint::Named(view) => named(view),
            Viewpoint::Orbit { yaw, pitch, distance, target, lens } => {
                orbit(yaw, pitch, distance, target, lens)?
            }
            Viewpoint::Free { eye, target, up, lens } => {
                let direction = sub(target, eye);
                let frame = Frame::looking(direction, up)
                    .ok_or(ViewpointError::NoDirection { eye, target })?;
                let distance = Some(dot(direction, frame.forward));
                Pose { frame, target: Some(target), distance, lens }
            }
        };
        check_lens(pose.lens)?;
        Ok(pose)
    }
}

fn check_lens(lens: Lens) -> Result<(), ViewpointError> {
    match lens {
        Lens::Perspective { fov } if !(fov > 0.0 && fov < 180.0) => {
            Err(ViewpointError::FieldOfView(fov))
        }
        Lens::Orthographic { width: Some(width) } => positive("width", width).map(|_| ()),
        _ => Ok(()),
    }
}

fn positive(name: &'static str, value: f64) -> Result<f64, ViewpointError> {
    let expected = "a number above 0";
    let fine = value > 0.0 && value.is_finite();
    if fine { Ok(value) } else { Err(ViewpointError::BadNumber { name, value, expected }) }
}

fn named(view: View) -> Pose {
    let z = [0.0, 0.0, 1.0];
    let (forward, up) = match view {
        View::Front => ([0.0, 1.0, 0.0], z),
        View::Back => ([0.0, -1.0, 0.0], z),
        View::Left => ([1.0, 0.0, 0.0], z),
        View::Right => ([-1.0, 0.0, 0.0], z),
        View::Top => ([0.0, 0.0, -1.0], [0.0, 1.0, 0.0]),
        View::Bottom => ([0.0, 0.0, 1.0], [0.0, -1.0, 0.0]),
        View::Isometric => ([-1.0, 1.0, -1.0], z),
        View::IsoBack => ([1.0, -1.0, -1.0], z),
        View::IsoLeft => ([1.0, 1.0, -1.0], z),
        View::IsoRight => ([-1.0, -1.0, -1.0], z),
    };
    // The fall-back is never taken: no direction above is zero or along its up.
    let frame = Frame::looking(forward, up).unwrap_or(Frame { right: z, up, forward });
    Pose { frame, target: None, distance: None, lens: Lens::Orthographic { width: None } }
}

fn orbit(
    yaw: f64,
    pitch: f64,
    distance: Option<f64>,
    target: Option<Vec3>,
    lens: Lens,
) -> Result<Pose, ViewpointError> {
    for (name, value) in [("yaw", yaw), ("pitch", pitch)] {
        if value.is_nan() || value.abs() > 1e6 {
            let expected = "an angle in degrees";
            return Err(ViewpointError::BadNumber { name, value, expected });
        }
    }
    let distance = distance.map(|distance| positive("distance", distance)).transpose()?;
    let (sin_yaw, cos_yaw) = sin_cos((yaw % 360.0).to_radians());
    let (sin_pitch, cos_pitch) = sin_cos((pitch % 360.0).to_radians());
    let forward = [-sin_yaw * cos_pitch, cos_yaw * cos_pitch, -sin_pitch];
    // The derivative by pitch: it is up in the picture at the poles too.
    let up = [-sin_yaw * sin_pitch, cos_yaw * sin_pitch, cos_pitch];
    let none = || ViewpointError::NoDirection { eye: [0.0; 3], target: forward };
    let frame = Frame::looking(forward, up).ok_or_else(none)?;
    if let Some(target) = target
        && !target.iter().all(|value| value.is_finite())
    {
        let eye = add(target, scale(forward, -1.0));
        return Err(ViewpointError::NoDirection { eye, target });
    }
    Ok(Pose { frame, target, distance, lens })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Vec3, b: Vec3) -> bool {
        (0..3).all(|i| (a[i] - b[i]).abs() < 1e-9)
    }

    #[test]
    fn named_views_look_along_their_axes_and_have_their_right_side_right() {
        let expected: [(View, Vec3, Vec3); 6] = [
            (View::Front, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]),
            (View::Back, [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]),
            (View::Left, [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            (View::Right, [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
            (View::Top, [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]),
            (View::Bottom, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
        ];
        for (view, forward, right) in expected {
            let frame = named(view).frame;
            assert_eq!((frame.forward, frame.right), (forward, right), "{view:?}");
        }
        assert_eq!(named(View::Top).frame.up, [0.0, 1.0, 0.0]);
        let isometric = named(View::Isometric).frame;
        let third = (1.0f64 / 3.0).sqrt();
        assert!(close(isometric.forward, [-third, third, -third]));
        assert!(close(isometric.right, [0.5f64.sqrt(), 0.5f64.sqrt(), 0.0]));
    }

    #[test]
    fn turntable_angles_meet_the_named_views() {
        let at = |yaw, pitch| {
            let lens = Lens::default();
            let view = Viewpoint::Orbit { yaw, pitch, distance: None, target: None, lens };
            view.pose().unwrap().frame
        };
        let pitch = 0.5f64.sqrt().atan().to_degrees();
        for (frame, view) in [
            (at(0.0, 0.0), View::Front),
            (at(90.0, 0.0), View::Right),
            (at(180.0, 0.0), View::Back),
            (at(-90.0, 0.0), View::Left),
            (at(0.0, 90.0), View::Top),
            (at(0.0, -90.0), View::Bottom),
            (at(45.0, pitch), View::Isometric),
        ] {
            let named = named(view).frame;
            assert!(close(frame.forward, named.forward), "{view:?} {frame:?}");
            assert!(close(frame.up, named.up), "{view:?} {frame:?}");
        }
    }

    #[test]
    fn a_camera_that_looks_nowhere_is_refused() {
        let free = |eye, fov| Viewpoint::Free {
            eye,
            target: [1.0, 2.0, 3.0],
            up: [0.0, 0.0, 1.0],
            lens: Lens::Perspective { fov },
        };
        assert!(matches!(
            free([1.0, 2.0, 3.0], 45.0).pose(),
            Err(ViewpointError::NoDirection { .. })
        ));
        assert!(matches!(
            free([f64::NAN; 3], 45.0).pose(),
            Err(ViewpointError::NoDirection { .. })
        ));
        assert_eq!(free([0.0; 3], 180.0).pose().err(), Some(ViewpointError::FieldOfView(180.0)));
        assert!(free([0.0; 3], 60.0).pose().is_ok());
    }

    #[test]
    fn a_camera_of_a_document_looks_down_its_own_z_axis() {
        let Viewpoint::Free { eye, target, .. } = Viewpoint::from(&Camera::default()) else {
            panic!("a camera is free")
        };
        assert_eq!((eye, target), ([0.0, 0.0, 96.0], [0.0, 0.0, 0.0]));
    }
}
