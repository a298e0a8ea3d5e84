//! How much of the sun and of the sky gets to the corners of sides; between corners both are even.
//!
//! Looking from corners makes shadows soft and costs a few looks a voxel instead of one a sample.
//! Looks begin as far away as a voxel is high: what steps of one voxel hide of each other is left
//! to the darkness of corners (`surface`), or shadows would break into triangles on every slope.

use super::grid::Grid;
use super::light::FaceLight;
use super::march::first_hit;
use super::projector::Ray;
use super::scene::Scene;
use super::sunlight::Sunlight;
use super::surface::{corner_levels, levels};
use super::vector::{Vec3, add, cross, dot, scale, sin_cos, unit};
use crate::job::Slice;
use crate::mesh::{Face, Occupancy};

const SLOTS: usize = 1 << 13;
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

/// The grid with what is looked up in it.
struct Around {
    grid: Grid,
    sunlight: Option<Sunlight>,
    sides: [Steps; 6],
}

/// Steps from a side's voxel, by which its number grows.
#[derive(Clone, Copy)]
struct Steps {
    /// Before the side, and along both of its axes.
    normal: isize,
    u: isize,
    v: isize,
    /// To where it is looked from a corner whether the sky is hidden.
    sky: [isize; AROUND.len()],
}

impl Around {
    async fn new(occupancy: &Occupancy, sun: Option<&[Vec3]>, slice: &Slice) -> Option<Self> {
        let grid = Grid::of(occupancy, slice).await?;
        let sunlight = match sun {
            Some(sun) => Sunlight::new(&grid, sun, slice).await,
            None => None,
        };
        let unit = |axis: usize| std::array::from_fn(|other| i32::from(other == axis));
        let sides = Face::ALL.map(|face| Steps {
            normal: grid.step(face.normal()),
            u: grid.step(unit(face.u_axis())),
            v: grid.step(unit(face.v_axis())),
            sky: AROUND.map(|around| grid.step(look(face, around))),
        });
        Some(Around { grid, sunlight, sides })
    }
}

/// Finds what gets to corners, and keeps what it found lately.
pub(crate) struct CornerLight {
    slots: Vec<Slot>,
    /// Directions to four points of the sun: two that are opposite first.
    sun: [Vec3; 4],
    shadows: bool,
    occlusion: bool,
    around: Option<Around>,
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
        CornerLight { slots, sun, shadows, occlusion, around: None }
    }

    /// Makes what is looked for quick to find, where a model is fit for that.
    pub(crate) async fn prepare(&mut self, scene: &Scene, slice: &Slice) {
        if !self.is_even() {
            let sun = self.shadows.then_some(&self.sun[..]);
            self.around = Around::new(&scene.opaque, sun, slice).await;
        }
    }

    /// Whether everything gets everywhere.
    pub(crate) fn is_even(&self) -> bool {
        !self.shadows && !self.occlusion
    }

    /// How many voxels close in each corner of a side, as [`levels`] says.
    #[inline]
    pub(crate) fn levels(&self, scene: &Scene, voxel: [i32; 3], face: Face) -> [u8; 4] {
        if !self.occlusion {
            return [0; 4];
        }
        if let Some(around) = &self.around
            && let Some(place) = around.grid.place(voxel)
        {
            let Steps { normal, u, v, .. } = around.sides[face as usize];
            return levels(|du, dv| {
                let step = normal + du as isize * u + dv as isize * v;
                u8::from(around.grid.is_filled(place, step))
            });
        }
        corner_levels(&scene.opaque, voxel, face)
    }

    /// What gets to the corners (0,0), (1,0), (0,1), (1,1) of a side.
    pub(crate) fn of_side(&mut self, scene: &Scene, voxel: [i32; 3], face: Face) -> [Reached; 4] {
        if self.is_even() {
            return [Reached::ALL; 4];
        }
        let mut low = voxel;
        low[face.axis()] = low[face.axis()].wrapping_add(i32::from(face.is_positive()));
        let (u, v) = (face.u_axis(), face.v_axis());
        let corner = |index: usize| {
            let mut corner = low;
            corner[u] = corner[u].wrapping_add(index as i32 & 1);
            corner[v] = corner[v].wrapping_add(index as i32 >> 1);
            corner
        };
        // What a grid tells is found sooner than what was kept of it.
        if let Some(sun) = self.sun_of_side(voxel, face) {
            let corners = [corner(0), corner(1), corner(2), corner(3)];
            return self.sky_of_side(scene, corners, face).map(|sky| Reached { sun, sky });
        }
        std::array::from_fn(|index| self.get(scene, corner(index), face))
    }

    /// How much of the sun gets to all corners of a side, where that is quick to tell.
    #[inline]
    fn sun_of_side(&self, voxel: [i32; 3], face: Face) -> Option<f32> {
        let around = self.around.as_ref()?;
        match &around.sunlight {
            Some(sunlight) if self.shadows => sunlight.of_side(&around.grid, voxel, face),
            _ => (!self.shadows).then_some(1.0),
        }
    }

    fn get(&mut self, scene: &Scene, corner: [i32; 3], face: Face) -> Reached {
        let mix = (corner[0] as u32).wrapping_mul(0x9E37_79B1)
            ^ (corner[1] as u32).wrapping_mul(0x85EB_CA77)
            ^ (corner[2] as u32).wrapping_mul(0xC2B2_AE3D)
            ^ (face as u32).wrapping_mul(0x27D4_EB2F);
        let place = (mix.wrapping_mul(0x9E37_79B1) >> 19) as usize & (SLOTS - 1);
        let known = &self.slots[place];
        if known.corner == corner && known.face == face as u8 {
            return known.reached;
        }
        let reached = Reached {
            sun: if self.shadows { self.sun(scene, corner, face) } else { 1.0 },
            sky: self.sky(scene, corner, face),
        };
        self.slots[place] = Slot { corner, face: face as u8, reached };
        reached
    }

    /// How much of the sun is to be seen.
    fn sun(&self, scene: &Scene, corner: [i32; 3], face: Face) -> f32 {
        let origin = corner.map(f64::from);
        let around = self.around.as_ref();
        let sunlight = around.and_then(|around| Some((&around.grid, around.sunlight.as_ref()?)));
        let is_seen = |index: usize| {
            let toward = self.sun[index];
            let Some(start) = start(toward, face) else { return false };
            if let Some((grid, sunlight)) = sunlight {
                return sunlight.is_free(grid, index, origin, start);
            }
            let ray = Ray { origin, direction: toward };
            first_hit(&scene.opaque, &ray, start, f64::INFINITY).is_none()
        };
        let [first, second] = [is_seen(0), is_seen(1)];
        if first == second {
            return if first { 1.0 } else { 0.0 };
        }
        let more = [2, 3].into_iter().filter(|&index| is_seen(index)).count();
        (1 + more) as f32 / 4.0
    }

    /// How much of the sky is to be seen from the corners of a side.
    fn sky_of_side(&self, scene: &Scene, corners: [[i32; 3]; 4], face: Face) -> [f32; 4] {
        if let Some(Around { grid, sides, .. }) = &self.around
            && face.u_axis() == 0
            && let Some(place) = grid.place(corners[0]).filter(|_| self.occlusion)
        {
            // Corners that are neighbours along x look at neighbours.
            let Steps { v, sky, .. } = &sides[face as usize];
            let count = |row: isize| {
                let spread = |pair: u32| (pair | pair << 15) & 0x1_0001;
                let sum: u32 = sky.iter().map(|&step| spread(grid.pair(place, row + step))).sum();
                [open(sum & 0xFFFF), open(sum >> 16)]
            };
            let ([a, b], [c, d]) = (count(0), count(*v));
            return [a, b, c, d];
        }
        corners.map(|corner| self.sky(scene, corner, face))
    }

    /// How much of the sky is to be seen, as what is around a corner tells.
    #[inline]
    fn sky(&self, scene: &Scene, corner: [i32; 3], face: Face) -> f32 {
        if !self.occlusion {
            return 1.0;
        }
        let near = self.around.as_ref().and_then(|near| Some((near, near.grid.place(corner)?)));
        let full: u32 = match near {
            Some((Around { grid, sides, .. }, place)) => {
                let steps = &sides[face as usize].sky;
                steps.iter().map(|&step| u32::from(grid.is_filled(place, step))).sum()
            }
            None => {
                let is_full = |around: &[i32; 3]| {
                    let step = look(face, *around);
                    let at = std::array::from_fn(|axis| corner[axis].wrapping_add(step[axis]));
                    scene.opaque.contains(at)
                };
                AROUND.iter().map(|around| u32::from(is_full(around))).sum()
            }
        };
        open(full)
    }
}

/// How much of the sky is to be seen where so much of what is looked at is full.
#[inline]
fn open(full: u32) -> f32 {
    let share = full as f32 / AROUND.len() as f32;
    1.0 - MOST_HIDDEN * share
}

/// How far from a side looks in a direction begin, if it can be seen from there.
pub(crate) fn start(toward: Vec3, face: Face) -> Option<f64> {
    let straight = dot(toward, face.normal().map(f64::from));
    (straight > 0.0).then(|| (1.0 / straight).min(FARTHEST_START))
}

/// The step from a corner to a voxel around it.
fn look(face: Face, around: [i32; 3]) -> [i32; 3] {
    // The corner lies between voxels: steps to the lower side begin one lower.
    let step = |by: i32| if by < 0 { by } else { by - 1 };
    let mut look = [0; 3];
    look[face.axis()] = step(if face.is_positive() { around[0] } else { -around[0] });
    look[face.u_axis()] = step(around[1]);
    look[face.v_axis()] = step(around[2]);
    look
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Work};
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
        let corner_light = || CornerLight::new(&light, lighting.sun_size, true, true);
        let (mut by_blocks, mut by_grid) = (corner_light(), corner_light());
        let corners = corners.to_vec();
        let reached = move |light: &mut CornerLight, scene: &Scene| -> Vec<Reached> {
            corners.iter().map(|&at| light.get(scene, at, Face::PosZ)).collect()
        };
        let expected = reached(&mut by_blocks, &scene);
        let found = Work::new(|slice| async move {
            by_grid.prepare(&scene, &slice).await;
            assert!(by_grid.around.as_ref().is_some_and(|around| around.sunlight.is_some()));
            reached(&mut by_grid, &scene)
        })
        .finish();
        assert_eq!(found, expected);
        found
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
