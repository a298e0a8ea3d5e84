//! Where a camera stands, as eye, target and up: the form people think in. Files keep a matrix.

use super::matrix::{cross, dot};
use super::{Camera, Document, Matrix, View};
use crate::voxel::{Bounds, sin_cos};

/// Half the field of view of a document's cameras, in degrees, as Goxel has it.
const HALF_FIELD_OF_VIEW: f64 = 10.0;
/// Room around a model that is fitted into the frame.
const MARGIN: f64 = 1.05;

/// Where a camera stands and how it looks. Lengths in voxels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pose {
    /// Where it is.
    pub eye: [f64; 3],
    /// What it looks at.
    pub target: [f64; 3],
    /// The direction that is up in the picture.
    pub up: [f64; 3],
    /// Whether far things keep their size.
    pub orthographic: bool,
    /// Of an orthographic camera: voxels from left to right.
    pub width: f64,
}

impl Camera {
    /// Where it stands.
    pub fn pose(&self) -> Pose {
        let [up, back, eye] = [1, 2, 3].map(|index| self.matrix.column(index));
        let distance = f64::from(self.distance);
        let target = std::array::from_fn(|axis| eye[axis] - back[axis] * distance);
        Pose { eye, target, up, orthographic: self.orthographic, width: 2.0 * distance }
    }

    /// Puts it somewhere; false, and nothing changed, if eye and target are one point.
    ///
    /// A file keeps one number for both the distance to the target and the width of an orthographic
    /// view, so the target of an orthographic camera comes back at half the width from the eye.
    pub fn set_pose(&mut self, pose: &Pose) -> bool {
        let to_eye: [f64; 3] = std::array::from_fn(|axis| pose.eye[axis] - pose.target[axis]);
        let Some(back) = unit(to_eye) else { return false };
        let fallback = [0.0, if back[2] < 0.0 { -1.0 } else { 1.0 }, 0.0];
        let sideways = |up: [f64; 3]| unit(cross(up, back));
        let right = sideways(pose.up).or_else(|| sideways(fallback));
        let Some(right) = right.or_else(|| sideways([0.0, 0.0, 1.0])) else { return false };
        let columns = [right, cross(back, right), back, pose.eye];
        let mut matrix = Matrix::IDENTITY;
        for (column, values) in columns.iter().enumerate() {
            (0..3).for_each(|axis| matrix.0[column][axis] = values[axis] as f32);
        }
        self.matrix = matrix;
        self.orthographic = pose.orthographic;
        let distance =
            if pose.orthographic { pose.width / 2.0 } else { dot(to_eye, to_eye).sqrt() };
        self.distance = distance as f32;
        true
    }
}

fn unit(vector: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(vector, vector).sqrt();
    (length.is_finite() && length > 1e-9).then(|| vector.map(|value| value / length))
}

impl Document {
    /// What a camera should show: the visible voxels, or the canvas if there are none.
    pub fn framed(&self) -> Bounds {
        self.merged_bounds().unwrap_or(self.canvas)
    }

    /// The pose of a named view that shows all of the document.
    pub fn pose_of(&self, view: View) -> Pose {
        let bounds = self.framed();
        let center: [f64; 3] =
            std::array::from_fn(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0);
        let size = bounds.dimensions().map(|length| length as f64);
        let radius = (dot(size, size).sqrt() / 2.0 * MARGIN).max(1.0);
        let (sin, _) = sin_cos(HALF_FIELD_OF_VIEW.to_radians());
        let distance = radius / sin;
        let (direction, up) = direction_of(view);
        let eye = std::array::from_fn(|axis| center[axis] + direction[axis] * distance);
        let orthographic = view.is_isometric();
        Pose { eye, target: center, up, orthographic, width: 2.0 * radius }
    }
}

/// From the middle to the eye, and what is up in the picture.
fn direction_of(view: View) -> ([f64; 3], [f64; 3]) {
    const UP: [f64; 3] = [0.0, 0.0, 1.0];
    let third = 1.0 / 3f64.sqrt();
    match view {
        View::Front => ([0.0, -1.0, 0.0], UP),
        View::Back => ([0.0, 1.0, 0.0], UP),
        View::Left => ([-1.0, 0.0, 0.0], UP),
        View::Right => ([1.0, 0.0, 0.0], UP),
        View::Top => (UP, [0.0, 1.0, 0.0]),
        View::Bottom => ([0.0, 0.0, -1.0], [0.0, -1.0, 0.0]),
        View::Isometric => ([third, -third, third], UP),
        View::IsoBack => ([-third, third, third], UP),
        View::IsoLeft => ([-third, -third, third], UP),
        View::IsoRight => ([third, third, third], UP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: [f64; 3], b: [f64; 3]) -> bool {
        (0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-3)
    }

    #[test]
    fn a_camera_comes_back_from_where_it_was_put() {
        let mut camera = Camera::default();
        let target = [0.0, 0.0, 8.0];
        for eye in [[10.0, -30.0, 12.0], [0.0, 0.0, 50.0], [0.0, 0.0, -50.0], [-5.0, 0.0, 8.0]] {
            let up = [0.0, 0.0, 1.0];
            let pose = Pose { eye, target, up, orthographic: false, width: 1.0 };
            assert!(camera.set_pose(&pose));
            let back = camera.pose();
            assert!(close(back.eye, eye) && close(back.target, target), "{eye:?} {back:?}");
            let axes = [0, 1, 2].map(|index| camera.matrix.column(index));
            assert!(close(cross(axes[0], axes[1]), axes[2]), "not right-handed: {axes:?}");
        }
    }

    #[test]
    fn a_camera_that_looks_nowhere_stays_where_it_was() {
        let mut camera = Camera::default();
        let (eye, up) = ([1.0; 3], [0.0, 0.0, 1.0]);
        let pose = Pose { eye, target: eye, up, orthographic: false, width: 1.0 };
        assert!(!camera.set_pose(&pose));
        assert_eq!(camera, Camera::default());
    }
}
