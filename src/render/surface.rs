//! The look of one side of one voxel: its colour in light, and how dark its corners are.
//!
//! Neighbouring samples mostly show the same side, so looks are kept in a small direct-mapped
//! cache; what is in it never changes a pixel, only the time it takes.

use super::corner_light::{CornerLight, Reached};
use super::light::FaceLight;
use super::reflection::{ROW, normal};
use super::scene::Scene;
use super::settings::{RenderSettings, Shading};
use super::srgb::{Srgb, srgb};
use crate::job::Slice;
use crate::mesh::{Face, Occupancy, mask_bit};
use crate::voxel::Rgba;

/// Light left in a corner where none, one, two or three of the voxels around it close it in.
const CORNER_LIGHT: [f32; 4] = [1.0, 0.85, 0.72, 0.61];

/// The look of one side of one voxel.
#[derive(Clone, Copy)]
pub(crate) struct Surface {
    voxel: [i32; 3],
    /// The side's number, or [`NO_FACE`].
    face: u8,
    /// Whether all corners have the same light.
    open: bool,
    /// Whether it is opaque and matt in its stored colour.
    pub(crate) is_plain: bool,
    /// What is seen of it where all of it has its mean light, and the same as a pixel: what most
    /// samples show.
    pub(crate) shown: [f32; 3],
    pub(crate) pixel: [u8; 4],
    /// Colour in linear light, not lit.
    pub(crate) albedo: [f32; 3],
    /// The normal of the form that it belongs to, if it mirrors anything.
    pub(crate) normal: [f32; 3],
    /// The light at the corners (0,0), (1,0), (0,1), (1,1) of the side.
    corners: [f32; 4],
}

const NO_FACE: u8 = 255;
const VACANT: Surface = Surface {
    voxel: [0; 3],
    face: NO_FACE,
    open: true,
    is_plain: true,
    shown: [0.0; 3],
    pixel: [0; 4],
    albedo: [0.0; 3],
    normal: [0.0; 3],
    corners: [1.0; 4],
};
const SLOTS: usize = 1 << 12;

/// Surfaces seen lately.
pub(crate) struct SurfaceCache {
    slots: Vec<Surface>,
    srgb: &'static Srgb,
    light: FaceLight,
    corner_light: CornerLight,
    clay: Option<Rgba>,
    lit: bool,
    /// Whether samples are pixels.
    is_single: bool,
}

impl SurfaceCache {
    pub(crate) fn new(settings: &RenderSettings, light: FaceLight) -> Self {
        let Shading { lit, occlusion, shadows } = settings.shading;
        let (occlusion, shadows) = (lit && occlusion, lit && shadows);
        let sun_size = settings.lighting.sun_size;
        SurfaceCache {
            slots: vec![VACANT; SLOTS],
            srgb: srgb(),
            corner_light: CornerLight::new(&light, sun_size, shadows, occlusion),
            light,
            clay: settings.clay,
            lit,
            is_single: settings.samples == 1,
        }
    }

    /// Makes what darkens corners quick to find.
    pub(crate) async fn prepare(&mut self, scene: &Scene, slice: &Slice) {
        self.corner_light.prepare(scene, slice).await;
    }

    /// The look of a side of a voxel.
    #[inline]
    pub(crate) fn get(&mut self, scene: &Scene, voxel: [i32; 3], face: Face) -> &Surface {
        let slot = slot_of(voxel, face);
        let known = &self.slots[slot];
        if known.voxel != voxel || known.face != face as u8 {
            self.slots[slot] = self.look(scene, voxel, face);
        }
        &self.slots[slot]
    }

    /// The colour that all voxels are drawn in, if it is one.
    pub(crate) fn clay(&self) -> Option<Rgba> {
        self.clay
    }

    /// The light of each kind of side, if nothing darkens any corner.
    pub(crate) fn even_light(&self) -> Option<[f32; 6]> {
        let light =
            |face| Surface { corners: self.corners(face, [0; 4], [Reached::ALL; 4]), ..VACANT };
        self.corner_light.is_even().then(|| std::array::from_fn(|face| light(face).mean_light()))
    }

    /// The colour of a voxel in linear light, not lit.
    pub(crate) fn albedo(&self, scene: &Scene, voxel: [i32; 3]) -> [f32; 3] {
        let color = self.clay.unwrap_or_else(|| scene.color(voxel));
        let tint = &scene.finish(voxel).tint;
        let light = [color.r, color.g, color.b].map(|code| self.srgb.decode(code));
        std::array::from_fn(|i| light[i] * tint[i])
    }

    /// The light at the corners of a side, by what closes them in and what gets there.
    #[inline]
    fn corners(&self, side: usize, levels: [u8; 4], reached: [Reached; 4]) -> [f32; 4] {
        let light = &self.light;
        let corner = |index: usize| {
            let Reached { sun, sky } = reached[index];
            let hidden = light.ambient[side] * (1.0 - sky)
                + (light.full[side] - light.shaded[side]) * (1.0 - sun);
            (light.full[side] - hidden) * CORNER_LIGHT[usize::from(levels[index])]
        };
        [corner(0), corner(1), corner(2), corner(3)]
    }

    fn look(&mut self, scene: &Scene, voxel: [i32; 3], face: Face) -> Surface {
        let levels = self.corner_light.levels(scene, voxel, face);
        let reached = self.corner_light.of_side(scene, voxel, face);
        let corners = self.corners(face as usize, levels, reached);
        let finish = scene.finish(voxel);
        let translucent = scene.translucent.as_ref().filter(|voxels| voxels.contains(voxel));
        let is_plain = translucent.is_none() && !finish.reflects() && !finish.shines();
        let mut surface = Surface {
            voxel,
            face: face as u8,
            open: corners.iter().all(|&light| light == corners[0]),
            is_plain,
            albedo: self.albedo(scene, voxel),
            normal: if is_plain { [0.0; 3] } else { form(scene, translucent, voxel, face) },
            corners,
            ..VACANT
        };
        let light = if self.lit { surface.mean_light() } else { 1.0 };
        surface.shown = surface.albedo.map(|part| part * light);
        if self.is_single {
            let [r, g, b] = surface.shown.map(|part| self.srgb.encode(part));
            surface.pixel = [r, g, b, 255];
        }
        surface
    }
}

/// The normal of the form that a side belongs to. Water does not end where it touches a shore: what
/// is opaque belongs to the form of what is not.
fn form(scene: &Scene, clear: Option<&Occupancy>, voxel: [i32; 3], face: Face) -> [f32; 3] {
    let opaque = |at| scene.opaque.bits_along_x(at, ROW);
    match clear {
        Some(clear) => normal(|at| clear.bits_along_x(at, ROW) | opaque(at), voxel, face),
        None => normal(opaque, voxel, face),
    }
}

#[inline]
fn slot_of(voxel: [i32; 3], face: Face) -> usize {
    let mix = (voxel[0] as u32).wrapping_mul(0x9E37_79B1)
        ^ (voxel[1] as u32).wrapping_mul(0x85EB_CA77)
        ^ (voxel[2] as u32).wrapping_mul(0xC2B2_AE3D)
        ^ (face as u32).wrapping_mul(0x27D4_EB2F);
    (mix.wrapping_mul(0x9E37_79B1) >> 20) as usize & (SLOTS - 1)
}

impl Surface {
    /// Whether all of the side has the same light.
    #[inline]
    pub(crate) fn is_even(&self) -> bool {
        self.open
    }

    /// The light at a place on the side, each coordinate 0 to 1.
    #[inline]
    pub(crate) fn light(&self, u: f32, v: f32) -> f32 {
        let [a, b, c, d] = self.corners;
        let low = a + (b - a) * u;
        let high = c + (d - c) * u;
        low + (high - low) * v
    }

    /// The mean light.
    #[inline]
    pub(crate) fn mean_light(&self) -> f32 {
        (self.corners[0] + self.corners[1] + self.corners[2] + self.corners[3]) * 0.25
    }
}

/// How many voxels close in each corner of a side, 0 to 3: in the layer before the side the two
/// that touch the corner along an edge and the one across. Two along edges count as three.
pub(crate) fn corner_levels(occupancy: &Occupancy, voxel: [i32; 3], face: Face) -> [u8; 4] {
    let (u, v) = (face.u_axis(), face.v_axis());
    let normal = face.normal();
    let middle: [i32; 3] = std::array::from_fn(|axis| voxel[axis].wrapping_add(normal[axis]));
    let beside = |du: i32, dv: i32| {
        let mut at = middle;
        at[u] = at[u].wrapping_add(du);
        at[v] = at[v].wrapping_add(dv);
        at
    };
    let within = |axis: usize| (1..15).contains(&(middle[axis] & 15));
    if within(u) && within(v) {
        // The usual case: all neighbours are in one block.
        let Some(mask) = occupancy.block(middle.map(|value| value >> 4)) else { return [0; 4] };
        return levels(|du, dv| u8::from(mask_bit(mask, beside(du, dv))));
    }
    levels(|du, dv| u8::from(occupancy.contains(beside(du, dv))))
}

#[inline]
pub(crate) fn levels(solid: impl Fn(i32, i32) -> u8) -> [u8; 4] {
    let (west, east, south, north) = (solid(-1, 0), solid(1, 0), solid(0, -1), solid(0, 1));
    let corner = |side_u: u8, side_v: u8, du, dv| match side_u + side_v {
        2 => 3,
        sides => sides + solid(du, dv),
    };
    [
        corner(west, south, -1, -1),
        corner(east, south, 1, -1),
        corner(west, north, -1, 1),
        corner(east, north, 1, 1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Solidity;
    use crate::voxel::{Point, Volume};

    fn levels(others: &[[i32; 3]]) -> [u8; 4] {
        let mut volume = Volume::new();
        volume.set(Point::new(0, 0, 0), Rgba::WHITE);
        others.iter().for_each(|&at| _ = volume.set(Point::from(at), Rgba::WHITE));
        corner_levels(&Occupancy::new(&volume, Solidity::Opaque), [0; 3], Face::PosZ)
    }

    #[test]
    fn a_side_in_the_open_has_light_corners() {
        assert_eq!(levels(&[[1, 0, 0], [0, 1, 0], [0, 0, 2]]), [0; 4]);
    }

    #[test]
    fn a_wall_darkens_the_two_corners_beside_it_and_two_walls_close_one() {
        assert_eq!(levels(&[[1, 0, 1]]), [0, 1, 0, 1]);
        assert_eq!(levels(&[[1, 0, 1], [0, 1, 1]]), [0, 1, 1, 3]);
        assert_eq!(levels(&[[1, 1, 1]]), [0, 0, 0, 1]);
        assert_eq!(levels(&[[1, 0, 1], [1, 1, 1]]), [0, 1, 0, 2]);
    }
}
