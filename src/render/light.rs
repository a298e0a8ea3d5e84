//! How much light each of the six sides of a voxel gets.
//!
//! Ambient light comes from a hemisphere, more from above than from below; the key light is
//! directional. Both are scaled together so that the brightest side that can be seen has exactly
//! 1: its stored colours are shown unchanged.

use super::projector::Projector;
use super::settings::{KeyLight, Lighting};
use super::vector::{Vec3, add, dot, scale, sin_cos, unit};
use crate::mesh::Face;
use crate::voxel::Bounds;

/// The light on each side, by the side's number.
#[derive(Clone, Debug)]
pub(crate) struct FaceLight {
    /// Light in the open.
    pub(crate) full: [f32; 6],
    /// Light in a shadow.
    pub(crate) shaded: [f32; 6],
    /// The part of it that comes from everywhere.
    pub(crate) ambient: [f32; 6],
    /// Where the key light comes from.
    pub(crate) toward_key: Vec3,
    /// The key light on a side that faces it.
    pub(crate) key: f32,
    /// The light of the sky at the horizon, and how much more of it comes from straight above:
    /// together they give matt sides their ambient light.
    pub(crate) sky: [f32; 2],
}

impl FaceLight {
    /// The light of a picture of a model.
    pub(crate) fn new(lighting: &Lighting, projector: &Projector, model: &Bounds) -> Self {
        let toward_key = direction(lighting.key, projector);
        let (share, ground) = (f64::from(lighting.ambient), f64::from(lighting.ground));
        let normal = |face: Face| face.normal().map(f64::from);
        let ambient = Face::ALL.map(|face| {
            let upward = (normal(face)[2] + 1.0) / 2.0;
            share * (ground + (1.0 - ground) * upward)
        });
        let key = Face::ALL.map(|face| (1.0 - share) * dot(normal(face), toward_key).max(0.0));
        let brightest = Face::ALL
            .into_iter()
            .filter(|&face| projector.may_see(face, model))
            .map(|face| ambient[face as usize] + key[face as usize])
            .fold(0.0, f64::max);
        let by = if brightest > 0.0 { 1.0 / brightest } else { 0.0 };
        let left = 1.0 - f64::from(lighting.shadow);
        FaceLight {
            full: std::array::from_fn(|face| ((ambient[face] + key[face]) * by) as f32),
            shaded: std::array::from_fn(|face| ((ambient[face] + key[face] * left) * by) as f32),
            ambient: ambient.map(|part| (part * by) as f32),
            toward_key,
            key: ((1.0 - share) * by) as f32,
            sky: [share * by * (1.0 + ground) / 2.0, share * by * (1.0 - ground) * 0.75]
                .map(|part| part as f32),
        }
    }
}

fn direction(key: KeyLight, projector: &Projector) -> Vec3 {
    match key {
        KeyLight::Shoulder => {
            let frame = &projector.frame;
            let back = scale(frame.forward, -0.8);
            let sideways = add(scale(frame.up, 0.75), scale(frame.right, -0.35));
            unit(add(back, sideways)).unwrap_or(back)
        }
        KeyLight::Direction(direction) => direction,
        KeyLight::Fixed { pitch, yaw } => {
            let ((sin_pitch, cos_pitch), (sin_yaw, cos_yaw)) = (sin_cos(pitch), sin_cos(yaw));
            [sin_pitch * cos_yaw, sin_pitch * sin_yaw, cos_pitch]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::View;
    use crate::render::Viewpoint;

    const MODEL: Bounds = Bounds { min: [0; 3], max: [10; 3] };

    fn light(view: View, lighting: &Lighting) -> (FaceLight, Projector) {
        let viewpoint = Viewpoint::Named(view);
        let projector = Projector::new(&viewpoint, &MODEL.into(), [100, 100]).unwrap();
        (FaceLight::new(lighting, &projector, &MODEL), projector)
    }

    #[test]
    fn the_brightest_side_in_view_shows_its_stored_colour() {
        let low = Lighting { key: KeyLight::Fixed { pitch: 0.3, yaw: 2.0 }, ..Default::default() };
        for view in View::ALL {
            for lighting in [Lighting::default(), low] {
                let (light, projector) = light(view, &lighting);
                let seen = Face::ALL.into_iter().filter(|&f| projector.may_see(f, &MODEL));
                let most = seen.map(|face| light.full[face as usize]).fold(0.0, f32::max);
                assert!((most - 1.0).abs() < 1e-6, "{view:?} {light:?}");
            }
        }
    }

    #[test]
    fn the_three_sides_of_the_isometric_view_differ_and_none_is_black() {
        let (light, _) = light(View::Isometric, &Lighting::default());
        let [top, left, right] =
            [Face::PosZ, Face::NegY, Face::PosX].map(|f| light.full[f as usize]);
        assert!(top > left * 1.2 && left > right * 1.2 && right > 0.1, "{light:?}");
        assert!(light.shaded.iter().zip(&light.full).all(|(s, f)| s <= f && *s > 0.1));
    }
}
