//! From voxel space to the picture and back: a viewpoint with a model and a frame to fit it into.
//!
//! Pixel coordinates run right and down; the centre of the top left pixel is (0.5, 0.5).

use super::silhouette::Silhouette;
use super::vector::{Vec3, add, dot, scale, sin_cos, sub};
use super::viewpoint::{Frame, Lens, Viewpoint, ViewpointError};
use crate::mesh::Face;
use crate::voxel::Bounds;

/// The share of the frame's width and height that stays free on each side of a fitted model.
pub const MARGIN: f64 = 0.05;
/// A fitted orthographic view gets whole pixels a voxel if its margin changes by no more than this.
const SNAP: f64 = 0.01;
/// Halvings by which the slope of the looser axis of a fitted view is found.
const HALVINGS: usize = 24;
/// Nothing nearer than this to the eye of a perspective camera is drawn, in voxels.
pub(crate) const NEAR: f64 = 1.0 / 64.0;

/// The kind of projection with its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Pixels a voxel.
    Parallel(f64),
    /// Pixels for a tangent of 1.
    Focal(f64),
}

/// Maps points to pixels and pixels to rays.
#[derive(Clone, Debug)]
pub(crate) struct Projector {
    /// The eye, or for a parallel projection the point that is drawn at `center`.
    pub(crate) eye: Vec3,
    pub(crate) frame: Frame,
    pub(crate) scale: Scale,
    /// Where the eye looks, in pixels.
    pub(crate) center: [f64; 2],
}

/// A half line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it starts.
    pub origin: [f64; 3],
    /// Where it goes; any length but 0.
    pub direction: [f64; 3],
}

impl Ray {
    /// The point at a distance counted in lengths of the direction.
    pub fn at(&self, t: f64) -> [f64; 3] {
        add(self.origin, scale(self.direction, t))
    }
}

impl Projector {
    /// Places a viewpoint before a model. Views that say nothing of distance and target are fitted
    /// to the silhouette: it touches the margin on the tighter axis and lies in the middle.
    pub(crate) fn new(
        viewpoint: &Viewpoint,
        model: &Silhouette,
        [width, height]: [u32; 2],
    ) -> Result<Projector, ViewpointError> {
        let pose = viewpoint.pose()?;
        let frame = pose.frame;
        let size = [f64::from(width), f64::from(height)];
        let center = size.map(|length| length / 2.0);
        let middle = || pose.target.unwrap_or_else(|| model.middle());
        let back_from = |target: Vec3, distance: f64| sub(target, scale(frame.forward, distance));
        let (scale, eye) = match pose.lens {
            Lens::Orthographic { width: across } => {
                let (fitted, target) = fit_parallel(&frame, model, pose.target, size);
                let pixels = across.map_or_else(|| snap(&frame, fitted), |across| size[0] / across);
                (Scale::Parallel(pixels), back_from(target, pose.distance.unwrap_or(0.0)))
            }
            Lens::Perspective { fov } => {
                let focal = focal(fov, size);
                let slopes = slopes(fov, size);
                let eye = match (pose.distance, pose.target) {
                    (Some(distance), _) => back_from(middle(), distance),
                    (None, Some(target)) => {
                        back_from(target, distance_from(&frame, model, target, slopes))
                    }
                    (None, None) => fit_perspective(&frame, model, slopes),
                };
                (Scale::Focal(focal), eye)
            }
        };
        let mut projector = Projector { eye, frame, scale, center };
        projector.align_to_pixels();
        Ok(projector)
    }

    /// Moves an axis-aligned view with whole pixels a voxel so that voxel edges meet pixel edges.
    fn align_to_pixels(&mut self) {
        let Scale::Parallel(scale) = self.scale else { return };
        if !is_axis_aligned(&self.frame) || scale.fract() != 0.0 {
            return;
        }
        // Any corner of any voxel will do.
        let (x, y) = self.project_relative(sub([0.0; 3], self.eye));
        self.center[0] += (self.center[0] + x).round() - (self.center[0] + x);
        self.center[1] += (self.center[1] + y).round() - (self.center[1] + y);
    }

    /// The same view with its top left corner at another pixel.
    pub(crate) fn moved(mut self, by: [u32; 2]) -> Projector {
        self.center = [0, 1].map(|i| self.center[i] + f64::from(by[i]));
        self
    }

    /// The same view on a grid `samples` times as fine.
    pub(crate) fn finer(&self, samples: u32) -> Projector {
        let factor = f64::from(samples);
        let mut finer = self.clone();
        finer.center = self.center.map(|value| value * factor);
        finer.scale = match self.scale {
            Scale::Parallel(scale) => Scale::Parallel(scale * factor),
            Scale::Focal(focal) => Scale::Focal(focal * factor),
        };
        finer
    }

    /// Whether this is a parallel projection.
    pub(crate) fn is_parallel(&self) -> bool {
        matches!(self.scale, Scale::Parallel(_))
    }

    fn project_relative(&self, from_eye: Vec3) -> (f64, f64) {
        let (x, y) = (dot(from_eye, self.frame.right), dot(from_eye, self.frame.up));
        match self.scale {
            Scale::Parallel(scale) => (x * scale, -y * scale),
            Scale::Focal(focal) => {
                let depth = dot(from_eye, self.frame.forward);
                (x / depth * focal, -y / depth * focal)
            }
        }
    }

    /// Where a point is drawn and how far along the view it lies. Behind a perspective eye the
    /// pixel means nothing.
    pub(crate) fn project(&self, point: Vec3) -> ([f64; 2], f64) {
        let from_eye = sub(point, self.eye);
        let (x, y) = self.project_relative(from_eye);
        ([self.center[0] + x, self.center[1] + y], dot(from_eye, self.frame.forward))
    }

    /// Pixels a voxel at a depth along the view.
    pub(crate) fn pixels_per_voxel(&self, depth: f64) -> f64 {
        match self.scale {
            Scale::Parallel(scale) => scale,
            Scale::Focal(focal) => focal / depth.max(NEAR),
        }
    }

    /// The rays of all pixels.
    pub(crate) fn rays(&self) -> RayField {
        let (right, up) = (self.frame.right, self.frame.up);
        let step = match self.scale {
            Scale::Parallel(scale) | Scale::Focal(scale) => 1.0 / scale,
        };
        let across = [scale(right, step), scale(up, -step)];
        let corner = add(scale(across[0], -self.center[0]), scale(across[1], -self.center[1]));
        let still = [[0.0; 3]; 2];
        match self.scale {
            Scale::Parallel(_) => RayField {
                origin: add(self.eye, corner),
                origin_step: across,
                direction: self.frame.forward,
                direction_step: still,
                is_parallel: true,
            },
            Scale::Focal(_) => RayField {
                origin: self.eye,
                origin_step: still,
                direction: add(self.frame.forward, corner),
                direction_step: across,
                is_parallel: false,
            },
        }
    }

    /// Whether any face of this kind inside a box can be seen from the front.
    pub(crate) fn may_see(&self, face: Face, model: &Bounds) -> bool {
        let axis = face.axis();
        if self.is_parallel() {
            let along = self.frame.forward[axis];
            return if face.is_positive() { along < -1e-9 } else { along > 1e-9 };
        }
        if face.is_positive() {
            self.eye[axis] > model.min[axis] as f64
        } else {
            self.eye[axis] < model.max[axis] as f64
        }
    }
}

/// The rays of a picture, affine in the pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RayField {
    pub(crate) origin: Vec3,
    pub(crate) origin_step: [Vec3; 2],
    pub(crate) direction: Vec3,
    pub(crate) direction_step: [Vec3; 2],
    /// Whether all of them go the same way.
    pub(crate) is_parallel: bool,
}

impl RayField {
    /// The ray through a point of the picture. The direction's part along the view is 1.
    #[inline]
    pub(crate) fn ray(&self, x: f64, y: f64) -> Ray {
        let along = |start: Vec3, step: &[Vec3; 2]| -> Vec3 {
            std::array::from_fn(|axis| start[axis] + x * step[0][axis] + y * step[1][axis])
        };
        Ray {
            origin: along(self.origin, &self.origin_step),
            direction: along(self.direction, &self.direction_step),
        }
    }
}

/// The corners of a box; the first is the lowest, the last the highest.
pub(crate) fn corners(bounds: &Bounds) -> [Vec3; 8] {
    std::array::from_fn(|corner| {
        std::array::from_fn(|axis| {
            let side = if corner >> axis & 1 == 1 { bounds.max } else { bounds.min };
            side[axis] as f64
        })
    })
}

/// Pixels for a tangent of 1, with a field of view in degrees.
fn focal(fov: f64, size: [f64; 2]) -> f64 {
    let (sin, cos) = sin_cos(fov.to_radians() / 2.0);
    size[1] / 2.0 * cos / sin
}

/// How far to the side of the middle, per unit ahead, a fitted model may reach.
pub(super) fn slopes(fov: f64, size: [f64; 2]) -> [f64; 2] {
    let focal = focal(fov, size);
    size.map(|length| length / 2.0 * (1.0 - 2.0 * MARGIN) / focal)
}

/// Pixels a voxel with which a model fits, and what is in the middle of the picture then.
pub(super) fn fit_parallel(
    frame: &Frame,
    model: &Silhouette,
    target: Option<Vec3>,
    size: [f64; 2],
) -> (f64, Vec3) {
    let axes = [frame.right, frame.up];
    let ends = axes.map(|axis| [-model.reach(scale(axis, -1.0)), model.reach(axis)]);
    if ends[0][0] > ends[0][1] {
        return (1.0, target.unwrap_or_default());
    }
    let target = target.unwrap_or_else(|| {
        let middle = ends.map(|[low, high]| (low + high) / 2.0);
        add(scale(axes[0], middle[0]), scale(axes[1], middle[1]))
    });
    let pixels = [0, 1].map(|index| {
        let middle = dot(target, axes[index]);
        let [low, high] = ends[index];
        size[index] * (0.5 - MARGIN) / (high - middle).max(middle - low)
    });
    (pixels[0].min(pixels[1]), target)
}

fn is_axis_aligned(frame: &Frame) -> bool {
    [frame.right, frame.up]
        .iter()
        .all(|axis| axis.iter().all(|&part| part == 0.0 || part.abs() == 1.0))
}

/// Whole pixels a voxel for axis-aligned views, whole pixels a step to the side for the isometric
/// ones, where the margin stays within [`SNAP`] of what it should be.
fn snap(frame: &Frame, fitted: f64) -> f64 {
    let diagonal = (frame.right[0].abs() - frame.right[1].abs()).abs() < 1e-12;
    let unit = match (is_axis_aligned(frame), diagonal && frame.right[2] == 0.0) {
        (true, _) => 1.0,
        (false, true) => frame.right[0].abs(),
        _ => return fitted,
    };
    let share = |margin: f64| (0.5 - margin) / (0.5 - MARGIN);
    let whole = (fitted * share(MARGIN - SNAP) * unit).floor() / unit;
    if whole >= fitted * share(MARGIN + SNAP) { whole } else { fitted }
}

/// How far a model reaches beyond the planes through the origin that bound what a perspective eye
/// sees to one side, per unit of slope; first to the right or up, then to the left or down.
fn beyond(model: &Silhouette, forward: Vec3, axis: Vec3, slope: f64) -> [f64; 2] {
    [1.0, -1.0].map(|side| model.reach(sub(scale(axis, side), scale(forward, slope))))
}

/// How far away from a target the eye must be for the model to be within the slopes.
pub(super) fn distance_from(
    frame: &Frame,
    model: &Silhouette,
    target: Vec3,
    slopes: [f64; 2],
) -> f64 {
    let needed = [(frame.right, slopes[0]), (frame.up, slopes[1])].map(|(axis, slope)| {
        let [high, low] = beyond(model, frame.forward, axis, slope);
        let (side, ahead) = (dot(target, axis), dot(target, frame.forward));
        let least = (high - side + slope * ahead).max(low + side + slope * ahead);
        least / slope
    });
    needed.into_iter().filter(|distance| distance.is_finite()).fold(2.0 * NEAR, f64::max)
}

/// Where the eye must be for the model to touch the margin on the tighter axis and to lie in the
/// middle of both.
fn fit_perspective(frame: &Frame, model: &Silhouette, slopes: [f64; 2]) -> Vec3 {
    let axes = [frame.right, frame.up];
    // The planes that touch the model on both sides meet here, as counted along the view.
    let apex = |index: usize, slope: f64| {
        let [high, low] = beyond(model, frame.forward, axes[index], slope);
        (-(high + low) / (2.0 * slope), (high - low) / 2.0)
    };
    let nearest = -model.reach(scale(frame.forward, -1.0)) - 2.0 * NEAR;
    let depth = [0, 1].map(|index| apex(index, slopes[index]).0);
    let depth = depth[0].min(depth[1]).min(nearest);
    if !depth.is_finite() {
        return scale(frame.forward, -1.0);
    }
    let side = [0, 1].map(|index| {
        // The smaller the slope, the farther away the planes meet.
        let [mut low, mut high] = [0.0, slopes[index]];
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if apex(index, middle).0 < depth { low = middle } else { high = middle }
        }
        apex(index, high).1
    });
    let across = add(scale(axes[0], side[0]), scale(axes[1], side[1]));
    add(across, scale(frame.forward, depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::View;

    const BOX: Bounds = Bounds { min: [-3, 10, 0], max: [17, 20, 44] };

    #[test]
    fn a_fitted_model_keeps_its_margin_in_every_view() {
        let orbit =
            |yaw, pitch, lens| Viewpoint::Orbit { yaw, pitch, distance: None, target: None, lens };
        let mut views: Vec<Viewpoint> = View::ALL.map(Viewpoint::Named).to_vec();
        views.push(orbit(33.0, 20.0, Lens::default()));
        views.push(orbit(200.0, -60.0, Lens::Perspective { fov: 100.0 }));
        for size in [[640, 480], [100, 300]] {
            for view in &views {
                let projector = Projector::new(view, &BOX.into(), size).unwrap();
                let pixels = corners(&BOX).map(|corner| projector.project(corner).0);
                for axis in 0..2 {
                    let length = f64::from(size[axis]);
                    let low = pixels.iter().map(|p| p[axis]).fold(f64::MAX, f64::min);
                    let high = pixels.iter().map(|p| p[axis]).fold(f64::MIN, f64::max);
                    assert!(low >= length * (MARGIN - SNAP) - 1.0, "{view:?} {low}");
                    assert!(high <= length * (1.0 - MARGIN + SNAP) + 1.0, "{view:?} {high}");
                }
            }
        }
    }

    #[test]
    fn straight_views_have_whole_pixels_a_voxel_on_whole_pixels() {
        let view = Viewpoint::Named(View::Front);
        let projector = Projector::new(&view, &BOX.into(), [641, 481]).unwrap();
        assert_eq!(projector.scale, Scale::Parallel(10.0));
        for corner in corners(&BOX) {
            assert!(projector.project(corner).0.iter().all(|value| value.fract() == 0.0));
        }
    }

    #[test]
    fn rays_and_projection_agree() {
        for lens in [Lens::default(), Lens::Orthographic { width: Some(30.0) }] {
            let (eye, target) = ([30.0, -40.0, 25.0], [1.0, 2.0, 3.0]);
            let view = Viewpoint::Free { eye, target, up: [0.0, 0.0, 1.0], lens };
            let projector = Projector::new(&view, &BOX.into(), [320, 200]).unwrap().finer(2);
            let ray = projector.rays().ray(123.25, 77.5);
            let ([x, y], depth) = projector.project(ray.at(50.0));
            assert!((x - 123.25).abs() < 1e-9 && (y - 77.5).abs() < 1e-9 && depth > 0.0);
        }
    }
}
