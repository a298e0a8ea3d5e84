//! How surfaces send light on: matt, as metal, through glass. All of it for sides of voxels, whose
//! normals lie along axes.
//!
//! No surface sends on more light than it gets: the weights of this module are at most 1, or the
//! colour of the surface.

use crate::mesh::Face;
use crate::render::vector::{Vec3, add, cross, dot, scale, unit};

/// What lies on the way along the circle, a turn being 1: cosine and sine, the same on every
/// machine.
#[inline]
pub(crate) fn circle(turn: f64) -> [f64; 2] {
    let quarter = (turn * 4.0 + 0.5) as i64;
    let x = (turn - quarter as f64 * 0.25) * std::f64::consts::TAU;
    let s = x * x;
    let sin = x * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0))));
    let cos =
        1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0 * (1.0 - s / 90.0))));
    match quarter & 3 {
        0 => [cos, sin],
        1 => [-sin, cos],
        2 => [-cos, -sin],
        _ => [sin, -cos],
    }
}

/// Two directions across one of length 1.
pub(crate) fn frame_around(direction: Vec3) -> [Vec3; 2] {
    let other = if direction[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let across = unit(cross(other, direction)).unwrap_or([1.0, 0.0, 0.0]);
    [across, cross(direction, across)]
}

/// The frame of a side: a direction is told by its parts along u, v and the normal.
#[derive(Clone, Copy)]
pub(crate) struct Side {
    axes: [usize; 3],
    sign: f64,
}

impl Side {
    /// The outside of a face, or its inside.
    pub(crate) fn new(face: Face, is_outside: bool) -> Self {
        let sign = if face.is_positive() == is_outside { 1.0 } else { -1.0 };
        Side { axes: [face.u_axis(), face.v_axis(), face.axis()], sign }
    }

    #[inline]
    pub(crate) fn local(&self, direction: Vec3) -> Vec3 {
        let [u, v, n] = self.axes.map(|axis| direction[axis]);
        [u, v, n * self.sign]
    }

    #[inline]
    pub(crate) fn world(&self, [u, v, n]: Vec3) -> Vec3 {
        let mut direction = [0.0; 3];
        direction[self.axes[0]] = u;
        direction[self.axes[1]] = v;
        direction[self.axes[2]] = n * self.sign;
        direction
    }
}

/// A direction of a matt surface, as often as the light there counts.
#[inline]
pub(crate) fn matt([u, v]: [f64; 2]) -> Vec3 {
    let (radius, [x, y]) = (u.sqrt(), circle(v));
    [radius * x, radius * y, (1.0 - u).max(0.0).sqrt()]
}

/// The share that a clear surface mirrors of light at an angle (Fresnel), and the cosine behind it;
/// `None` if all of it is.
pub(crate) fn fresnel(cosine: f64, ratio: f64) -> Option<(f64, f64)> {
    // `ratio`: how much slower light is behind than before the surface.
    let behind = 1.0 - (1.0 - cosine * cosine) / (ratio * ratio);
    if behind <= 0.0 {
        return None;
    }
    let behind = behind.sqrt();
    let along = (ratio * cosine - behind) / (ratio * cosine + behind);
    let across = (cosine - ratio * behind) / (cosine + ratio * behind);
    Some(((along * along + across * across) / 2.0, behind))
}

/// Where a ray goes on behind a clear surface.
pub(crate) fn refracted(toward: Vec3, ratio: f64, behind: f64) -> Vec3 {
    [-toward[0] / ratio, -toward[1] / ratio, -behind]
}

/// A surface of small mirrors (Walter et al. 2007), by the square of its roughness.
#[derive(Clone, Copy)]
pub(crate) struct Mirrors {
    alpha: f64,
}

impl Mirrors {
    pub(crate) fn new(roughness: f32) -> Self {
        Mirrors { alpha: f64::from(roughness * roughness).max(1e-4) }
    }

    /// Whether it is so smooth that light goes one way only.
    pub(crate) fn is_smooth(&self) -> bool {
        self.alpha < 0.01
    }

    /// How much of what goes along a direction is not hidden by other small mirrors.
    fn unhidden(&self, cosine: f64) -> f64 {
        let square = self.alpha * self.alpha;
        2.0 * cosine / (cosine + (square + (1.0 - square) * cosine * cosine).sqrt())
    }

    /// A mirrored direction with its weight, for a look from a direction; both point away from the
    /// surface (Heitz 2018).
    pub(crate) fn sample(&self, from: Vec3, [u, v]: [f64; 2]) -> Option<(Vec3, f64)> {
        let a = self.alpha;
        let stretched = unit([a * from[0], a * from[1], from[2]])?;
        let [across, along] = frame_of(stretched);
        let (radius, [x, y]) = (u.sqrt(), circle(v));
        let (x, half) = (radius * x, 0.5 * (1.0 + stretched[2]));
        let y = (1.0 - half) * (1.0 - x * x).max(0.0).sqrt() + half * radius * y;
        let z = (1.0 - x * x - y * y).max(0.0).sqrt();
        let bent = add(add(scale(across, x), scale(along, y)), scale(stretched, z));
        let mirror = unit([a * bent[0], a * bent[1], bent[2].max(0.0)])?;
        let toward = add(scale(mirror, 2.0 * dot(from, mirror)), scale(from, -1.0));
        (toward[2] > 0.0).then(|| (toward, self.unhidden(toward[2])))
    }

    /// What a look from one direction sees of light from another one, times pi and the cosine.
    pub(crate) fn value(&self, from: Vec3, toward: Vec3) -> f64 {
        let Some(mirror) = unit(add(from, toward)) else { return 0.0 };
        let square = self.alpha * self.alpha;
        let spread = mirror[2] * mirror[2] * (square - 1.0) + 1.0;
        let density = square / (spread * spread);
        density * self.unhidden(from[2]) * self.unhidden(toward[2]) / (4.0 * from[2])
    }
}

/// Two directions across one that points up.
fn frame_of(direction: Vec3) -> [Vec3; 2] {
    let across = unit([-direction[1], direction[0], 0.0]).unwrap_or([1.0, 0.0, 0.0]);
    [across, cross(direction, across)]
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    #[test]
    fn the_circle_agrees_with_the_platform() {
        for step in 0..1000 {
            let turn = f64::from(step) / 1000.0;
            let [x, y] = circle(turn);
            let angle = turn * std::f64::consts::TAU;
            assert!((x - angle.cos()).abs() < 1e-6 && (y - angle.sin()).abs() < 1e-6, "{turn}");
        }
    }

    #[test]
    fn glass_mirrors_four_percent_straight_on_and_all_beyond_the_critical_angle() {
        let (share, behind) = fresnel(1.0, 1.5).unwrap();
        assert!((share - 0.04).abs() < 1e-12 && (behind - 1.0).abs() < 1e-12);
        // From inside: sine 2/3 is the limit.
        let cosine = |sine: f64| (1.0 - sine * sine).sqrt();
        assert!(fresnel(cosine(0.66), 1.0 / 1.5).is_some());
        assert!(fresnel(cosine(0.67), 1.0 / 1.5).is_none());
        // Brewster's angle: the tangent is 1.5, and light along the plane is not mirrored at all.
        let (share, _) = fresnel(1.0 / (1.0f64 + 2.25).sqrt(), 1.5).unwrap();
        let across = ((2.25 - 1.0) / (2.25 + 1.0f64)).powi(2);
        assert!((share - across / 2.0).abs() < 1e-12);
    }

    #[test]
    fn refraction_obeys_snell() {
        let toward = unit([0.6, -0.2, 0.5]).unwrap();
        let (_, behind) = fresnel(toward[2], 1.5).unwrap();
        let inside = refracted(toward, 1.5, behind);
        assert!((dot(inside, inside) - 1.0).abs() < 1e-12);
        let sine = |v: Vec3| (v[0] * v[0] + v[1] * v[1]).sqrt();
        assert!((sine(toward) - 1.5 * sine(inside)).abs() < 1e-12);
    }

    /// What a rough metal sends on of even light, by sampling and by adding up its values: never
    /// more than it gets.
    #[test]
    fn small_mirrors_never_send_on_more_than_they_get() {
        for roughness in [0.05, 0.3, 0.6, 1.0] {
            let mirrors = Mirrors::new(roughness);
            for cosine in [0.1, 0.5, 0.95f64] {
                let from = [(1.0 - cosine * cosine).sqrt(), 0.0, cosine];
                let count = 4000;
                let mut random = Random::new(1, [0, 0], 0);
                let (mut sampled, mut summed) = (0.0, 0.0);
                for _ in 0..count {
                    let (u, v) = (random.next(), random.next());
                    sampled += mirrors.sample(from, [u, v]).map_or(0.0, |(_, weight)| weight);
                    // Matt directions are as dense as their cosine, which `value` has in it.
                    let toward = matt([u, v]);
                    summed += mirrors.value(from, toward) / toward[2].max(1e-9);
                }
                let [sampled, summed] = [sampled, summed].map(|sum| sum / f64::from(count));
                assert!(sampled <= 1.0 && sampled > 0.3, "{roughness} {cosine}: {sampled}");
                let is_spread = roughness > 0.5;
                assert!(!is_spread || (sampled - summed).abs() < 0.05, "{sampled} {summed}");
            }
        }
    }
}
