//! Framings that hold for several pictures: a whole turn around a model, or a model as it grows.

use super::projector::{distance_from, fit_parallel, slopes};
use super::silhouette::Silhouette;
use super::vector::{Vec3, add, sin_cos, sub};
use super::viewpoint::{Lens, Viewpoint};
use crate::document::View;

/// Degrees that the isometric views look down.
const ISOMETRIC: f64 = 35.264_389_682_754_654;

/// A view turned around the vertical axis through a point, by degrees.
fn turned(viewpoint: &Viewpoint, by: f64, middle: Vec3) -> Viewpoint {
    match viewpoint.toward(middle) {
        Viewpoint::Named(view) => {
            let (yaw, pitch) = orbit_of(view);
            let lens = Lens::Orthographic { width: None };
            Viewpoint::Orbit { yaw: yaw + by, pitch, distance: None, target: None, lens }
        }
        Viewpoint::Orbit { yaw, pitch, distance, target, lens } => {
            Viewpoint::Orbit { yaw: yaw + by, pitch, distance, target, lens }
        }
        Viewpoint::Free { eye, target, up, lens } => {
            let around = |point: Vec3, center: Vec3| {
                let (sin, cos) = sin_cos(by.to_radians());
                let [x, y, z] = sub(point, center);
                add(center, [x * cos - y * sin, x * sin + y * cos, z])
            };
            let (eye, target) = (around(eye, middle), around(target, middle));
            Viewpoint::Free { eye, target, up: around(up, [0.0; 3]), lens }
        }
        standing @ Viewpoint::Standing { .. } => standing,
    }
}

/// Yaw and height of a named view, in degrees.
fn orbit_of(view: View) -> (f64, f64) {
    match view {
        View::Front => (0.0, 0.0),
        View::Right => (90.0, 0.0),
        View::Back => (180.0, 0.0),
        View::Left => (270.0, 0.0),
        View::Top => (0.0, 90.0),
        View::Bottom => (0.0, -90.0),
        View::Isometric => (45.0, ISOMETRIC),
        View::IsoRight => (135.0, ISOMETRIC),
        View::IsoBack => (225.0, ISOMETRIC),
        View::IsoLeft => (315.0, ISOMETRIC),
    }
}

/// A view turned by so many degrees each: all show the model as large, as large as it fits into all
/// of them.
pub(super) fn turn(
    viewpoint: &Viewpoint,
    model: &Silhouette,
    size: [u32; 2],
    degrees: &[f64],
) -> Vec<Viewpoint> {
    let middle = model.middle();
    let turned: Vec<Viewpoint> = degrees.iter().map(|&by| turned(viewpoint, by, middle)).collect();
    let size = size.map(f64::from);
    let (mut least_scale, mut farthest) = (f64::INFINITY, 0.0f64);
    for view in &turned {
        let Ok(pose) = view.pose() else { continue };
        let target = pose.target.unwrap_or(middle);
        match pose.lens {
            Lens::Orthographic { .. } => {
                let (scale, _) = fit_parallel(&pose.frame, model, Some(target), size);
                least_scale = least_scale.min(scale);
            }
            Lens::Perspective { fov } => {
                let slopes = slopes(fov, size);
                farthest = farthest.max(distance_from(&pose.frame, model, target, slopes));
            }
        }
    }
    let settled = |view: Viewpoint| match view {
        Viewpoint::Orbit { yaw, pitch, distance, target, lens } => {
            let target = Some(target.unwrap_or(middle));
            let (distance, lens) = match lens {
                Lens::Orthographic { width } => {
                    let width = Some(width.unwrap_or(size[0] / least_scale));
                    (distance, Lens::Orthographic { width })
                }
                lens => (Some(distance.unwrap_or(farthest)), lens),
            };
            Viewpoint::Orbit { yaw, pitch, distance, target, lens }
        }
        other => other,
    };
    turned.into_iter().map(settled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::projector::{Projector, corners};
    use crate::voxel::Bounds;

    const LONG: Bounds = Bounds { min: [-3, 10, 0], max: [57, 20, 14] };

    #[test]
    fn every_frame_of_a_turn_has_the_whole_model_and_the_same_scale() {
        let around =
            |lens| Viewpoint::Orbit { yaw: 20.0, pitch: 25.0, distance: None, target: None, lens };
        let degrees: Vec<f64> = (0..24).map(|step| f64::from(step) * 15.0).collect();
        for view in [View::Isometric.into(), View::Front.into(), around(Lens::default())] {
            let size = [320, 240];
            let views = turn(&view, &LONG.into(), size, &degrees);
            let mut widest = 0.0f64;
            for view in &views {
                let projector = Projector::new(view, &LONG.into(), size).unwrap();
                for corner in corners(&LONG) {
                    let ([x, y], _) = projector.project(corner);
                    assert!((10.0..=310.0).contains(&x) && (10.0..=230.0).contains(&y), "{view:?}");
                    widest = widest.max((x - 160.0).abs());
                }
            }
            assert!(widest > 120.0, "{view:?}: {widest}");
        }
    }

    #[test]
    fn a_turn_begins_with_the_view_itself() {
        for view in View::ALL {
            let views = turn(&view.into(), &LONG.into(), [64, 64], &[0.0]);
            let (turned, own) = (views[0].pose().unwrap(), Viewpoint::from(view).pose().unwrap());
            for axis in 0..3 {
                assert!((turned.frame.forward[axis] - own.frame.forward[axis]).abs() < 1e-9);
                assert!((turned.frame.up[axis] - own.frame.up[axis]).abs() < 1e-9, "{view:?}");
            }
        }
    }
}
