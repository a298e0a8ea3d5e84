//! From what lies under the samples of a pixel to its light.

use super::draw::{Stand, opaque_light};
use super::meeting::meet;
use super::raster::{Band, NO_QUAD};
use super::shade::{Light4, Seen};
use super::through::Entry;
use crate::mesh::Quad;

/// What lies under the samples of a band.
pub(crate) struct Layers<'a> {
    pub(crate) band: &'a Band,
    pub(crate) quads: &'a [Quad],
    pub(crate) front: Option<&'a Band>,
    pub(crate) front_quads: &'a [Quad],
}

/// What lies under a sample: the numbers of the opaque quad and of the translucent one before it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Under {
    opaque: u32,
    pub(crate) front: u32,
}

impl Layers<'_> {
    /// Whether there may be something translucent before a pixel.
    #[inline]
    pub(crate) fn has_front(&self, stand: &Stand, [x, y]: [u32; 2]) -> bool {
        let samples = stand.samples;
        let (left, top) = ((x * samples) as usize, y * samples);
        let is_before = |front: &Band| {
            let columns = left..left + samples as usize;
            (top..top + samples)
                .any(|row| front.row(row)[columns.clone()].iter().any(|&id| id != NO_QUAD))
        };
        stand.inside_translucent || self.front.is_some_and(is_before)
    }

    #[inline]
    fn under(&self, x: u32, y: u32) -> Under {
        let opaque = self.band.row(y)[x as usize];
        let front = match self.front {
            Some(front) if front.nearness(x, y) > self.band.nearness(x, y) => {
                front.row(y)[x as usize]
            }
            _ => NO_QUAD,
        };
        Under { opaque, front }
    }
}

/// What a pixel of one sample shows where nothing is translucent, `None` for the background.
#[inline]
pub(crate) fn shade_single(
    stand: &mut Stand,
    layers: &Layers<'_>,
    x: u32,
    y: u32,
) -> Option<[u8; 4]> {
    let quad = layers.quads.get(layers.band.row(y)[x as usize] as usize)?;
    let [x, y] = [x, y].map(|part| f64::from(part) + 0.5);
    let seen = if stand.shader.is_coarse() && quad.size == [1, 1] {
        // Where on its one voxel does not matter.
        Seen { voxel: quad.voxel, face: quad.face, distance: 0.0 }
    } else {
        meet(quad, &stand.shader.rays, x, y)
    };
    Some(stand.shader.opaque_pixel(&stand.scene, [x, y], &seen))
}

/// The sum of the light of the samples of a pixel, `None` for the background.
pub(crate) fn shade_pixel(
    stand: &mut Stand,
    layers: &Layers<'_>,
    x: u32,
    y: u32,
) -> Option<Light4> {
    let samples = stand.samples;
    let (left, top) = (x * samples, y * samples);
    if samples > 1 && !stand.inside_translucent {
        let first = layers.under(left, top);
        let mut all =
            (top..top + samples).flat_map(|y| (left..left + samples).map(move |x| (x, y)));
        if all.all(|(x, y)| layers.under(x, y) == first)
            && let Some(sum) = shade_even_pixel(stand, layers, first, [left, top])
        {
            return Some(sum);
        }
    }
    let mut sum = Light4::default();
    let mut any = false;
    for row in top..top + samples {
        for x in left..left + samples {
            let light = shade_sample(stand, layers, x, row);
            any |= light.is_some();
            sum.add(light.unwrap_or(stand.shader.background));
        }
    }
    any.then_some(sum)
}

/// The light of a pixel whose samples all show the same sides of the same voxels: looked at once,
/// in the middle.
#[inline]
fn shade_even_pixel(
    stand: &mut Stand,
    layers: &Layers<'_>,
    under: Under,
    [left, top]: [u32; 2],
) -> Option<Light4> {
    let samples = stand.samples;
    let rays = stand.shader.rays;
    let [left, top] = [left, top].map(f64::from);
    let last = f64::from(samples - 1) + 0.5;
    let half = f64::from(samples) / 2.0;
    let count = (samples * samples) as f32;
    let middle = |quad| meet(quad, &rays, left + half, top + half);
    let corners = [(0.5, 0.5), (last, 0.5), (0.5, last), (last, last)];
    let is_even = |quad: &Quad, seen: &Seen| {
        corners.iter().all(|(dx, dy)| meet(quad, &rays, left + dx, top + dy).voxel == seen.voxel)
    };
    let opaque = layers.quads.get(under.opaque as usize).map(|quad| (quad, middle(quad)));
    let front = layers.front_quads.get(under.front as usize).map(|quad| (quad, middle(quad)));
    let at = [left + half, top + half];
    let is_whole = opaque.as_ref().is_none_or(|(quad, seen)| is_even(quad, seen));
    let behind = match (&opaque, &front) {
        (Some((_, seen)), _) if is_whole => stand.shader.opaque(&stand.scene, at, seen),
        (None, Some(_)) => stand.shader.background,
        (Some((quad, _)), Some(_)) => {
            // The surface is looked at sample by sample, what is before it once.
            let mut sum = Light4::default();
            for (dx, dy) in (0..samples).flat_map(|y| (0..samples).map(move |x| (x, y))) {
                let at = [left + f64::from(dx) + 0.5, top + f64::from(dy) + 0.5];
                let seen = meet(quad, &rays, at[0], at[1]);
                sum.add(stand.shader.opaque(&stand.scene, at, &seen));
            }
            sum.scaled(1.0 / count)
        }
        _ => return None,
    };
    let Some((quad, seen)) = front else { return Some(behind.scaled(count)) };
    if !is_even_color(stand, quad, &seen, &corners.map(|(dx, dy)| [left + dx, top + dy])) {
        return None;
    }
    let (entry, until) = (Entry::At(seen), opaque.as_ref().map(|(_, seen)| seen));
    let ray = rays.ray(at[0], at[1]);
    stand.shader.look_through(&stand.scene, &ray, entry, until);
    Some(stand.shader.before(&stand.scene, &ray, behind).scaled(count))
}

/// Whether a translucent side has the same colour at some places of the picture.
fn is_even_color(stand: &Stand, quad: &Quad, seen: &Seen, places: &[[f64; 2]]) -> bool {
    let block = seen.voxel.map(|part| part >> 4);
    let of_block = stand.scene.clear_color_of_block(block);
    let color = of_block.unwrap_or_else(|| stand.scene.clear_color(seen.voxel));
    places.iter().all(|&[x, y]| {
        let voxel = meet(quad, &stand.shader.rays, x, y).voxel;
        let is_same_block = of_block.is_some() && voxel.map(|part| part >> 4) == block;
        is_same_block || stand.scene.clear_color(voxel) == color
    })
}

/// The light of a sample, `None` for the bare background.
#[inline]
fn shade_sample(stand: &mut Stand, layers: &Layers<'_>, x: u32, y: u32) -> Option<Light4> {
    let under = layers.under(x, y);
    let rays = &stand.shader.rays;
    let [x, y] = [x, y].map(|part| f64::from(part) + 0.5);
    let seen = layers.quads.get(under.opaque as usize).map(|quad| meet(quad, rays, x, y));
    let entry = match layers.front_quads.get(under.front as usize) {
        _ if stand.inside_translucent => Entry::From(stand.near),
        Some(quad) => Entry::At(meet(quad, rays, x, y)),
        None => {
            let seen = seen?;
            return Some(stand.shader.opaque(&stand.scene, [x, y], &seen));
        }
    };
    let ray = rays.ray(x, y);
    let is_before = stand.shader.look_through(&stand.scene, &ray, entry, seen.as_ref());
    if !is_before && seen.is_none() {
        return None;
    }
    let behind = opaque_light(stand, seen.as_ref(), [x, y]);
    Some(if is_before { stand.shader.before(&stand.scene, &ray, behind) } else { behind })
}
