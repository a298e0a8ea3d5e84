//! What smooth surfaces mirror in lit pictures: the sky, the sun, and what stands around them.
//!
//! The sky of this module is for mirrors only: brighter than what matt surfaces get of it, so that
//! metal looks like metal. The normals that are mirrored at are those of the form that the voxels
//! stand for, not of their sides: a ball of gold has one highlight, not three even shades.

use super::light::FaceLight;
use super::march::first_hit;
use super::projector::Ray;
use super::scene::Scene;
use super::shade::Seen;
use super::surface::SurfaceCache;
use super::vector::{Vec3, add, dot, scale, sub, unit};
use crate::mesh::Face;

/// How far away things are mirrored, in voxels.
const FARTHEST: f64 = 96.0;
/// What a surface that is looked at straight mirrors, of what is no metal.
const STRAIGHT: f32 = 0.04;
/// Voxels around one whose form tells its normal.
const REACH: i32 = 2;
/// Voxels in a row of them.
pub(crate) const ROW: u32 = 2 * REACH as u32 + 1;
/// How much the side that is seen counts for its normal, beside the form.
const OWN_SIDE: f64 = 0.55;
const HORIZON: [f32; 3] = [0.86, 0.9, 0.95];
const ZENITH: [f32; 3] = [0.62, 0.74, 0.92];
const EARTH: [f32; 3] = [0.2, 0.19, 0.18];

/// A look that is mirrored.
pub(crate) struct Glance {
    from: Vec3,
    /// Where it goes on.
    toward: Vec3,
    /// How straight the surface is looked at, 0 to 1.
    straight: f32,
    roughness: f32,
}

impl Glance {
    pub(crate) fn new(ray: &Ray, seen: &Seen, normal: [f32; 3], roughness: f32) -> Self {
        let side = seen.face.normal().map(f64::from);
        let look = unit(ray.direction).unwrap_or(side);
        let normal = normal.map(f64::from);
        let straight = -dot(look, normal);
        let mut toward = sub(look, scale(normal, -2.0 * straight.max(0.0)));
        // Never into the side.
        let into = dot(toward, side);
        if into < 0.05 {
            toward = add(toward, scale(side, 0.05 - into));
        }
        let from = add(ray.at(seen.distance), scale(side, 1e-3));
        let toward = unit(toward).unwrap_or(side);
        Glance { from, toward, straight: straight.clamp(0.0, 1.0) as f32, roughness }
    }

    /// The share of light that a clear coat mirrors (Schlick 1994).
    pub(crate) fn fresnel(&self) -> f32 {
        let aside = 1.0 - self.straight;
        let square = aside * aside;
        STRAIGHT + (1.0 - STRAIGHT) * square * square * aside
    }
}

/// The light that comes from where a look is mirrored to, of the open sky.
pub(crate) fn sky(light: &FaceLight, glance: &Glance) -> [f32; 3] {
    let up = glance.toward[2] as f32;
    // From below the horizon to above it; the rougher, the softer.
    let soft = 0.08 + 0.6 * glance.roughness;
    let above = ((up / soft + 1.0) * 0.5).clamp(0.0, 1.0);
    let above = above * above * (3.0 - 2.0 * above);
    let high = up.max(0.0);
    let sun = dot(glance.toward, light.toward_key).max(0.0) as f32;
    let shine = sun_spot(sun, glance.roughness);
    std::array::from_fn(|i| {
        let sky = HORIZON[i] + (ZENITH[i] - HORIZON[i]) * high;
        EARTH[i] + (sky - EARTH[i]) * above + shine
    })
}

/// The sun in a surface: the smoother, the smaller and the brighter.
fn sun_spot(cosine: f32, roughness: f32) -> f32 {
    let doublings = 1 + ((1.0 - roughness) * 6.0) as u32;
    let power = (0..doublings).fold(cosine, |power, _| power * power);
    power * (0.4 + 2.0 * (1.0 - roughness))
}

/// The light that comes from where a look is mirrored to.
pub(crate) fn seen_from(
    scene: &Scene,
    light: &FaceLight,
    cache: &SurfaceCache,
    glance: &Glance,
) -> [f32; 3] {
    let open = sky(light, glance);
    let ray = Ray { origin: glance.from, direction: glance.toward };
    let Some(hit) = first_hit(&scene.opaque, &ray, 0.0, FARTHEST) else { return open };
    let albedo = cache.albedo(scene, hit.voxel);
    let finish = scene.finish(hit.voxel);
    let lit = light.full[hit.face as usize];
    // What is far away is lost in roughness.
    let near = 1.0 - (hit.distance / FARTHEST) as f32;
    let clear = near * (1.0 - 0.7 * glance.roughness);
    std::array::from_fn(|i| {
        let matt = albedo[i] * lit + finish.emission[i];
        open[i] * (1.0 - clear) * (0.4 + 0.6 * (1.0 - near)) + matt * clear
    })
}

/// The normal of the form that a side of a voxel belongs to. `row` gives the bits of the voxels of
/// the form that lie from one on along x, [`ROW`] of them.
pub(crate) fn normal(row: impl Fn([i32; 3]) -> u32, voxel: [i32; 3], face: Face) -> [f32; 3] {
    let side = face.normal().map(f64::from);
    let mut away = [0i32; 3];
    for (y, z) in (-REACH..=REACH).flat_map(|z| (-REACH..=REACH).map(move |y| (y, z))) {
        let step = [-REACH, y, z];
        let bits = row(std::array::from_fn(|axis| voxel[axis].wrapping_add(step[axis])));
        let bit = |x: i32| (bits >> (x + REACH) & 1) as i32;
        let count = bits.count_ones() as i32;
        away[0] -= (-REACH..=REACH).map(|x| x * bit(x)).sum::<i32>();
        away[1] -= y * count;
        away[2] -= z * count;
    }
    let away = away.map(f64::from);
    let form = unit(away).unwrap_or(side);
    let bent = add(scale(side, OWN_SIDE), scale(form, 1.0 - OWN_SIDE));
    unit(bent).unwrap_or(side).map(|part| part as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Occupancy, Solidity};
    use crate::voxel::{Bounds, Rgba, Volume};

    #[test]
    fn the_middle_of_a_wall_has_its_own_normal_and_an_edge_leans_outward() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([0, 0, 0], [20, 20, 20]), Rgba::WHITE);
        let occupancy = Occupancy::new(&volume, Solidity::Opaque);
        let row = |at| occupancy.bits_along_x(at, ROW);
        let middle = normal(row, [10, 10, 20], Face::PosZ);
        assert!((middle[2] - 1.0).abs() < 1e-6, "{middle:?}");
        let edge = normal(row, [20, 10, 20], Face::PosZ);
        assert!(edge[0] > 0.2 && edge[1].abs() < 1e-6, "{edge:?}");
    }

    #[test]
    fn a_coat_mirrors_little_when_looked_at_straight_and_all_when_looked_at_along() {
        let glance = |direction| {
            let ray = Ray { origin: [0.0; 3], direction };
            let seen = Seen { voxel: [0; 3], face: Face::PosZ, distance: 1.0 };
            Glance::new(&ray, &seen, [0.0, 0.0, 1.0], 0.1).fresnel()
        };
        assert!((glance([0.0, 0.0, -1.0]) - STRAIGHT).abs() < 1e-6);
        assert!(glance([1.0, 0.0, -1e-4]) > 0.99);
    }
}
