//! How much of the sun and of the sky gets to the corners of sides; between corners both are even.
//!
//! Looking from corners makes shadows soft and costs a few looks a voxel instead of one a sample.
//! Looks begin as far away as a voxel is high: what steps of one voxel hide of each other is left
//! to the darkness of corners (`surface`), or shadows would break into triangles on every slope.

use super::light::FaceLight;
use super::march::first_hit;
use super::projector::Ray;
use super::scene::Scene;
use super::vector::{Vec3, add, cross, dot, scale, sin_cos, unit};
use crate::mesh::Face;

const SLOTS: usize = 1 << 15;
const VACANT: u8 = 255;
/// Looks begin no farther away than this, in voxels, however slanting they are.
const FARTHEST_START: f64 = 2.5;
/// How much of the light of the sky is gone where all that is looked at is full.
const MOST_HIDDEN: f32 = 0.8;
/// Where it is looked whether the sky is hidden: steps along the normal and along both axes of the
/// side, 2 to 8 voxels off.
const AROUND: [[i32; 3]; 12] = [
    [2, 2, 0],
    [2, -2, 0],
    [2, 0, 2],
    [2, 0, -2],
    [3, 4, 4],
    [3, -4, 4],
    [3, 4, -4],
    [3, -4, -4],
    [5, 6, 0],
    [5, -6, 0],
    [5, 0, 6],
    [5, 0, -6],
];

/// What gets to a corner, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reached {
    pub(crate) sun: f32,
    pub(crate) sky: f32,
}

impl Reached {
    pub(crate) const ALL: Reached = Reached { sun: 1.0, sky: 1.0 };
}

#[derive(Clone, Copy)]
struct Slot {
    corner: [i32; 3],
    face: u8,
    reached: Reached,
}

/// Finds what gets to corners, and keeps what it found lately.
pub(crate) struct CornerLight {
    slots: Vec<Slot>,
    /// Directions to four points of the sun: two that are opposite first.
    sun: [Vec3; 4],
    shadows: bool,
    occlusion: bool,
}

impl CornerLight {
    pub(crate) fn new(light: &FaceLight, sun_size: f32, shadows: bool, occlusion: bool) -> Self {
        let vacant = Slot { corner: [0; 3], face: VACANT, reached: Reached::ALL };
        let toward = light.toward_key;
        let other = if toward[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
        let across = unit(cross(other, toward)).unwrap_or(other);
        let along = cross(toward, across);
        let (sin, cos) = sin_cos(f64::from(sun_size).to_radians() * 0.5 * 0.7);
        let point = |x: f64, y: f64| {
            add(scale(toward, cos), add(scale(across, x * sin), scale(along, y * sin)))
        };
        let sun = [point(0.8, 0.6), point(-0.8, -0.6), point(-0.6, 0.8), point(0.6, -0.8)];
        let slots = if shadows || occlusion { vec![vacant; SLOTS] } else { Vec::new() };
        CornerLight { slots, sun, shadows, occlusion }
    }

    /// What gets to the corners (0,0), (1,0), (0,1), (1,1) of a side.
    pub(crate) fn of_side(&mut self, scene: &Scene, voxel: [i32; 3], face: Face) -> [Reached; 4] {
        if self.slots.is_empty() {
            return [Reached::ALL; 4];
        }
        let mut low = voxel;
        low[face.axis()] = low[face.axis()].wrapping_add(i32::from(face.is_positive()));
        std::array::from_fn(|index| {
            let mut corner = low;
            let (u, v) = (face.u_axis(), face.v_axis());
            corner[u] = corner[u].wrapping_add(index as i32 & 1);
            corner[v] = corner[v].wrapping_add(index as i32 >> 1);
            self.get(scene, corner, face)
        })
    }

    fn get(&mut self, scene: &Scene, corner: [i32; 3], face: Face) -> Reached {
        let mix = (corner[0] as u32).wrapping_mul(0x9E37_79B1)
            ^ (corner[1] as u32).wrapping_mul(0x85EB_CA77)
            ^ (corner[2] as u32).wrapping_mul(0xC2B2_AE3D)
            ^ (face as u32).wrapping_mul(0x27D4_EB2F);
        let place = (mix.wrapping_mul(0x9E37_79B1) >> 17) as usize & (SLOTS - 1);
        let known = &self.slots[place];
        if known.corner == corner && known.face == face as u8 {
            return known.reached;
        }
        let reached = Reached {
            sun: if self.shadows { self.sun(scene, corner, face) } else { 1.0 },
            sky: if self.occlusion { sky(scene, corner, face) } else { 1.0 },
        };
        self.slots[place] = Slot { corner, face: face as u8, reached };
        reached
    }

    /// How much of the sun is to be seen.
    fn sun(&self, scene: &Scene, corner: [i32; 3], face: Face) -> f32 {
        let normal = face.normal().map(f64::from);
        let origin = corner.map(f64::from);
        let is_seen = |toward: &Vec3| {
            let straight = dot(*toward, normal);
            if straight <= 0.0 {
                return false;
            }
            let start = (1.0 / straight).min(FARTHEST_START);
            let ray = Ray { origin, direction: *toward };
            first_hit(&scene.opaque, &ray, start, f64::INFINITY).is_none()
        };
        let [first, second] = [0, 1].map(|index| is_seen(&self.sun[index]));
        if first == second {
            return if first { 1.0 } else { 0.0 };
        }
        let more = [2, 3].into_iter().filter(|&index| is_seen(&self.sun[index])).count();
        (1 + more) as f32 / 4.0
    }
}

/// How much of the sky is to be seen, as what is around a corner tells.
fn sky(scene: &Scene, corner: [i32; 3], face: Face) -> f32 {
    let (axis, u, v) = (face.axis(), face.u_axis(), face.v_axis());
    // The corner lies between voxels: steps to the lower side begin one lower.
    let step = |at: i32, by: i32| at.wrapping_add(if by < 0 { by } else { by - 1 });
    let full = AROUND.iter().filter(|around| {
        let mut at = corner;
        let up = if face.is_positive() { around[0] } else { -around[0] };
        at[axis] = step(at[axis], up);
        at[u] = step(at[u], around[1]);
        at[v] = step(at[v], around[2]);
        scene.opaque.contains(at)
    });
    let share = full.count() as f32 / AROUND.len() as f32;
    1.0 - MOST_HIDDEN * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::finish::Materials;
    use crate::render::projector::Projector;
    use crate::render::scene::SceneBuilder;
    use crate::render::settings::{KeyLight, Lighting};
    use crate::render::viewpoint::Viewpoint;
    use crate::voxel::{Bounds, Rgba, Volume};

    fn reached(volume: &Volume, corners: &[[i32; 3]]) -> Vec<Reached> {
        let mut builder = SceneBuilder::new(volume.clone(), None, Materials::default());
        while builder.advance() {}
        let scene = builder.finish();
        let model = scene.bounds.unwrap();
        let key = KeyLight::Fixed { pitch: 0.8, yaw: std::f64::consts::PI };
        let lighting = Lighting { key, sun_size: 8.0, ..Default::default() };
        let projector = Projector::new(&Viewpoint::default(), &model.into(), [9, 9]).unwrap();
        let light = FaceLight::new(&lighting, &projector, &model);
        let mut corner_light = CornerLight::new(&light, lighting.sun_size, true, true);
        corners.iter().map(|&at| corner_light.get(&scene, at, Face::PosZ)).collect()
    }

    fn floor() -> Volume {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([-30, -30, -1], [30, 30, -1]), Rgba::WHITE);
        volume
    }

    #[test]
    fn a_wall_hides_the_sun_up_to_a_soft_edge() {
        let mut volume = floor();
        volume.fill(Bounds::inclusive([0, -30, 0], [0, 30, 15]), Rgba::WHITE);
        // The corner in the edge of wall and floor sees half of the sky.
        let row: Vec<[i32; 3]> = (2..30).map(|x| [x, 0, 0]).collect();
        let found: Vec<f32> = reached(&volume, &row).iter().map(|reached| reached.sun).collect();
        assert!(found.windows(2).all(|pair| pair[0] <= pair[1]), "{found:?}");
        assert!(found[3] == 0.0 && found[27] == 1.0, "{found:?}");
        assert!(found.iter().any(|&sun| sun > 0.0 && sun < 1.0), "{found:?}");
    }

    #[test]
    fn steps_of_one_voxel_throw_no_shadows_on_each_other() {
        let mut volume = floor();
        for step in 0..12 {
            volume.fill(Bounds::inclusive([-step, -9, 0], [9 - step, 9, 11 - step]), Rgba::WHITE);
        }
        let corners: Vec<[i32; 3]> = (1..11).map(|step| [-step, 0, 12 - step]).collect();
        assert!(reached(&volume, &corners).iter().all(|reached| reached.sun == 1.0));
    }

    #[test]
    fn the_foot_of_a_wall_sees_less_sky_than_the_open_floor() {
        let mut volume = floor();
        volume.fill(Bounds::inclusive([0, -30, 0], [4, 30, 15]), Rgba::WHITE);
        let found = reached(&volume, &[[5, 0, 0], [8, 0, 0], [20, 0, 0]]);
        let sky: Vec<f32> = found.iter().map(|reached| reached.sky).collect();
        assert!(sky[0] < sky[1] && sky[1] < sky[2] && sky[2] == 1.0, "{sky:?}");
    }
}
