//! The light of path tracing: a sun of some size and a sky that is lighter above than below. Both
//! give a matt surface in the open exactly the light that it has in `lit` pictures.

use super::scatter::{circle, frame_around};
use crate::render::light::FaceLight;
use crate::render::vector::{Vec3, add, dot, scale, sin_cos};

/// The light.
pub(crate) struct Sky {
    /// The light of the sky at the horizon, and how much more of it there is straight above.
    level: f32,
    rise: f32,
    /// The light of the sun on a matt white surface that faces it.
    pub(crate) sun: f32,
    toward: Vec3,
    around: [Vec3; 2],
    /// The cosine of half of the angle that the sun is wide.
    edge: f64,
}

impl Sky {
    /// The light of a picture; the sun is so many degrees wide.
    pub(crate) fn new(light: &FaceLight, sun_size: f64) -> Self {
        let (_, cos) = sin_cos(sun_size.to_radians() / 2.0);
        Sky {
            level: light.sky[0],
            rise: light.sky[1],
            sun: light.key,
            toward: light.toward_key,
            around: frame_around(light.toward_key),
            edge: cos.min(1.0 - 1e-7),
        }
    }

    /// The light that comes from a direction of length 1.
    #[inline]
    pub(crate) fn light(&self, direction: Vec3) -> f32 {
        self.level + self.rise * direction[2] as f32
    }

    /// The light of the sun in a direction of length 1.
    pub(crate) fn sun_in(&self, direction: Vec3) -> f32 {
        // Spread over the part of the half sphere that the sun takes: its light is pi times what a
        // matt surface shows.
        let share = 2.0 * (1.0 - self.edge);
        if dot(direction, self.toward) >= self.edge { self.sun / share as f32 } else { 0.0 }
    }

    /// A direction toward some point of the sun.
    pub(crate) fn toward_sun(&self, [u, v]: [f64; 2]) -> Vec3 {
        let cos = 1.0 - u * (1.0 - self.edge);
        let sin = (1.0 - cos * cos).max(0.0).sqrt();
        let [x, y] = circle(v);
        let aside = add(scale(self.around[0], x * sin), scale(self.around[1], y * sin));
        add(aside, scale(self.toward, cos))
    }
}
