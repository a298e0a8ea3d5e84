//! One path: from the eye through a pixel, from surface to surface, to the sun and the sky.
//!
//! Light of the sun is looked for at each matt or rough surface; the sky and what shines are met by
//! going on. Through what is translucent paths go on bent, and looks at the sun go straight.

use super::random::Random;
use super::scatter::{Mirrors, Side, fresnel, matt, refracted};
use super::sky::Sky;
use crate::mesh::Face;
use crate::render::finish::Finish;
use crate::render::march::{Hit, March, first_entered, first_hit};
use crate::render::projector::{Ray, RayField};
use crate::render::scene::Scene;
use crate::render::settings::Tracing;
use crate::render::srgb::srgb;
use crate::render::through::{self, Entry, Run};
use crate::render::vector::{Vec3, add, scale, sub, unit};
use crate::voxel::Rgba;

/// Paths start this far off the surfaces that they leave.
const OFF: f64 = 1e-4;
/// Bounces after which paths may end by chance.
const SURE: u32 = 3;
/// How much slower light is in glass and in water than in air.
const GLASS: f64 = 1.5;
const WATER: f64 = 1.33;
/// Voxels in which something translucent takes away as much as its colour does.
const DEPTH: f32 = 5.0;

/// What a path came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Found {
    pub(crate) rgb: [f32; 3],
    /// How much of the background the path does not show.
    pub(crate) alpha: f32,
}

/// What the middle of a pixel shows, to tell pixels of one surface from others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Feature {
    /// Colour of a matt surface.
    pub(crate) albedo: [f32; 3],
    pub(crate) face: Option<Face>,
    pub(crate) place: [f32; 3],
}

/// All that paths need.
pub(crate) struct Tracer<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) rays: RayField,
    pub(crate) sky: Sky,
    pub(crate) near: f64,
    pub(crate) tracing: Tracing,
    /// For depth of field: right and up in the picture, and how far away things are sharp.
    pub(crate) lens: Option<([Vec3; 2], f64)>,
    /// One colour for all, instead of their own.
    pub(crate) clay: Option<Rgba>,
}

/// A path on its way.
struct Path {
    ray: Ray,
    through: [f32; 3],
    found: Found,
    /// Whether it met nothing but what is clear or mirrors.
    is_sharp: bool,
    /// Whether it met nothing but what is clear.
    is_clear: bool,
    /// What it is inside of.
    inside: Option<Medium>,
    random: Random,
}

#[derive(Clone, Copy)]
struct Medium {
    color: Rgba,
    absorbs: [f32; 3],
    slower: f64,
    voxel: [i32; 3],
    axis: usize,
}

enum Next {
    Goes,
    Ends,
}

impl Tracer<'_> {
    /// The light of a sample of a pixel.
    pub(crate) fn trace(&self, x: u32, y: u32, sample: u32) -> Found {
        let random = Random::new(self.tracing.seed, [x, y], sample);
        let [dx, dy] = random.spread(0);
        let ray = self.rays.ray(f64::from(x) + dx, f64::from(y) + dy);
        let mut path = Path {
            ray,
            through: [1.0; 3],
            found: Found { alpha: 1.0, ..Found::default() },
            is_sharp: true,
            is_clear: true,
            inside: None,
            random,
        };
        if let Some((axes, focus)) = self.lens {
            path.ray = self.through_lens(&mut path.random, &path.ray, axes, focus);
        }
        for bounce in 0..=self.tracing.bounces {
            let is_first = bounce == 0;
            if let Next::Ends = self.advance(&mut path, bounce, is_first) {
                return path.found;
            }
        }
        path.found
    }

    /// What the middle of a pixel shows first.
    pub(crate) fn feature(&self, x: u32, y: u32) -> Feature {
        let ray = self.rays.ray(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let seen = self.nearest(&ray, self.near, true);
        let Some((hit, is_clear)) = seen else {
            return Feature { albedo: [1.0; 3], face: None, place: [0.0; 3] };
        };
        let finish = self.scene.finish(hit.voxel);
        let is_matt = !is_clear && !finish.reflects() && !finish.shines();
        let albedo = if is_matt { self.albedo(hit.voxel, finish) } else { [1.0; 3] };
        let place = ray.at(hit.distance).map(|part| part as f32);
        Feature { albedo, face: Some(hit.face), place }
    }

    fn through_lens(&self, random: &mut Random, ray: &Ray, axes: [Vec3; 2], focus: f64) -> Ray {
        let [x, y] = super::scatter::circle(random.next());
        let radius = random.next().sqrt() * self.tracing.aperture;
        let aside = add(scale(axes[0], x * radius), scale(axes[1], y * radius));
        let origin = add(ray.origin, aside);
        // The part of the direction along the view is 1.
        let direction = scale(sub(ray.at(focus), origin), 1.0 / focus);
        Ray { origin, direction }
    }

    fn albedo(&self, voxel: [i32; 3], finish: &Finish) -> [f32; 3] {
        let color = self.clay.unwrap_or_else(|| self.scene.color(voxel));
        let light = [color.r, color.g, color.b].map(|code| srgb().decode(code));
        std::array::from_fn(|i| light[i] * finish.tint[i])
    }

    /// What a ray in the air meets first, and whether it is translucent.
    fn nearest(&self, ray: &Ray, from: f64, is_first: bool) -> Option<(Hit, bool)> {
        let opaque = if is_first {
            first_entered(&self.scene.opaque, ray, from)
        } else {
            first_hit(&self.scene.opaque, ray, from, f64::INFINITY)
        };
        let until = opaque.map_or(f64::INFINITY, |hit| hit.distance);
        let clear = self.scene.translucent.as_ref().and_then(|voxels| {
            first_hit(voxels, ray, from, until).filter(|hit| hit.distance < until)
        });
        clear.map(|hit| (hit, true)).or(opaque.map(|hit| (hit, false)))
    }

    /// Goes on to the next surface.
    fn advance(&self, path: &mut Path, bounce: u32, is_first: bool) -> Next {
        let from = if is_first { self.near } else { 0.0 };
        if let Some(medium) = path.inside {
            return self.cross(path, medium, bounce);
        }
        let Some((hit, is_clear)) = self.nearest(&path.ray, from, is_first) else {
            return self.escape(path);
        };
        if is_clear {
            self.meet_clear(path, &hit, bounce)
        } else {
            self.meet_opaque(path, &hit, bounce)
        }
    }

    fn escape(&self, path: &mut Path) -> Next {
        if path.is_clear {
            path.found.alpha -= path.through.iter().sum::<f32>() / 3.0;
            return Next::Ends;
        }
        let direction = unit(path.ray.direction).unwrap_or([0.0, 0.0, 1.0]);
        let mut light = self.sky.light(direction);
        if path.is_sharp {
            light += self.sky.sun_in(direction);
        }
        self.add(path, [light; 3]);
        Next::Ends
    }

    fn add(&self, path: &mut Path, light: [f32; 3]) {
        (0..3).for_each(|i| path.found.rgb[i] += path.through[i] * light[i]);
    }

    fn meet_opaque(&self, path: &mut Path, hit: &Hit, bounce: u32) -> Next {
        let finish = *self.scene.finish(hit.voxel);
        let albedo = self.albedo(hit.voxel, &finish);
        if finish.shines() {
            self.add(path, finish.emission);
        }
        let side = Side::new(hit.face, true);
        let at = place(&path.ray, hit);
        path.is_clear = false;
        if !finish.reflects() {
            return self.scatter(path, side, at, albedo, bounce);
        }
        let from = side.local(scale(unit(path.ray.direction).unwrap_or([0.0; 3]), -1.0));
        let mirrors = Mirrors::new(finish.roughness);
        if path.random.next() < f64::from(finish.metal) {
            return self.mirror(path, side, at, from, mirrors, Some(albedo));
        }
        let coat = fresnel(from[2].clamp(1e-6, 1.0), GLASS).map_or(1.0, |(share, _)| share);
        if path.random.next() < coat * f64::from(finish.polish) {
            self.mirror(path, side, at, from, mirrors, None)
        } else {
            self.scatter(path, side, at, albedo, bounce)
        }
    }

    /// Goes on from a matt surface.
    fn scatter(
        &self,
        path: &mut Path,
        side: Side,
        at: Vec3,
        albedo: [f32; 3],
        bounce: u32,
    ) -> Next {
        path.through = multiplied(path.through, albedo);
        let (spread, is_first) = ([path.random.spread(1), path.random.spread(2)], bounce == 0);
        let mut pair = |index: usize| {
            if is_first { spread[index] } else { [path.random.next(), path.random.next()] }
        };
        let (sun, toward) = (pair(0), matt(pair(1)));
        let light = self.sunlight(side, at, sun, |toward| toward[2] as f32);
        self.add(path, light);
        if bounce >= SURE {
            let most = path.through.iter().fold(0.0f32, |most, &part| most.max(part)).min(1.0);
            if path.random.next() >= f64::from(most) {
                return Next::Ends;
            }
            path.through = path.through.map(|part| part / most);
        }
        path.is_sharp = false;
        path.ray = Ray { origin: off(at, side), direction: side.world(toward) };
        Next::Goes
    }

    /// Goes on from a metal or from a coat, in some colour.
    fn mirror(
        &self,
        path: &mut Path,
        side: Side,
        at: Vec3,
        from: Vec3,
        mirrors: Mirrors,
        color: Option<[f32; 3]>,
    ) -> Next {
        // What is seen along its surface is white in any metal (Schlick 1994).
        let color = color.map_or([1.0; 3], |color| {
            let aside = (1.0 - from[2].clamp(0.0, 1.0)) as f32;
            let white = aside * aside * aside * aside * aside;
            color.map(|part| part + (1.0 - part) * white)
        });
        path.through = multiplied(path.through, color);
        let from = if from[2] < 1e-4 { [from[0], from[1], 1e-4] } else { from };
        if !mirrors.is_smooth() {
            let point = [path.random.next(), path.random.next()];
            let value = |toward: Vec3| mirrors.value(from, toward) as f32;
            let light = self.sunlight(side, at, point, value);
            self.add(path, light);
            path.is_sharp = false;
        }
        let point = [path.random.next(), path.random.next()];
        let Some((toward, weight)) = mirrors.sample(from, point) else { return Next::Ends };
        path.through = path.through.map(|part| part * weight as f32);
        path.ray = Ray { origin: off(at, side), direction: side.world(toward) };
        Next::Goes
    }

    /// The light of the sun at a place, for a surface that sends on a share of it.
    fn sunlight(
        &self,
        side: Side,
        at: Vec3,
        point: [f64; 2],
        share: impl Fn(Vec3) -> f32,
    ) -> [f32; 3] {
        let direction = self.sky.toward_sun(point);
        let local = side.local(direction);
        if local[2] <= 0.0 || self.sky.sun <= 0.0 {
            return [0.0; 3];
        }
        let ray = Ray { origin: off(at, side), direction };
        if first_hit(&self.scene.opaque, &ray, 0.0, f64::INFINITY).is_some() {
            return [0.0; 3];
        }
        let light = self.sky.sun * share(local);
        if self.scene.translucent.is_none() {
            return [light; 3];
        }
        let mut runs: Vec<Run> = Vec::new();
        through::collect(self.scene, &ray, Entry::From(0.0), f64::INFINITY, &mut runs);
        runs.iter().fold([light; 3], |light, run| {
            let medium = self.medium(run.color, run.voxel, run.face.axis());
            let passes = 1.0 - haze(run.color);
            let left = left_after(&medium.absorbs, (run.to - run.from) as f32);
            std::array::from_fn(|i| light[i] * left[i] * passes)
        })
    }

    fn medium(&self, color: Rgba, voxel: [i32; 3], axis: usize) -> Medium {
        let finish = self.scene.finish(voxel);
        let albedo = self.albedo(voxel, finish);
        let covers = f32::from(color.a) / 255.0;
        let slower = if finish.opacity < 1.0 { GLASS } else { WATER };
        let absorbs = albedo.map(|part| covers * (1.0 - part) / DEPTH);
        Medium { color, absorbs, slower, voxel, axis }
    }

    /// Meets something translucent from outside.
    fn meet_clear(&self, path: &mut Path, hit: &Hit, bounce: u32) -> Next {
        let color = self.scene.clear_color(hit.voxel);
        let finish = *self.scene.finish(hit.voxel);
        if finish.shines() {
            self.add(path, finish.emission);
        }
        let medium = self.medium(color, hit.voxel, hit.face.axis());
        let (side, at) = (Side::new(hit.face, true), place(&path.ray, hit));
        if path.random.next() < f64::from(haze(color)) {
            path.is_clear = false;
            return self.scatter(path, side, at, self.albedo(hit.voxel, &finish), bounce);
        }
        self.pass(path, (side, at), medium.slower, Some(medium))
    }

    /// Mirrors or goes through a clear surface, into a medium or out into the air.
    fn pass(
        &self,
        path: &mut Path,
        (side, at): (Side, Vec3),
        ratio: f64,
        into: Option<Medium>,
    ) -> Next {
        let from = side.local(scale(unit(path.ray.direction).unwrap_or([0.0; 3]), -1.0));
        let from = [from[0], from[1], from[2].clamp(1e-9, 1.0)];
        let bent = fresnel(from[2], ratio);
        let (toward, passes) = match bent {
            Some((share, behind)) if path.random.next() >= share => {
                (refracted(from, ratio, behind), true)
            }
            _ => ([-from[0], -from[1], from[2]], false),
        };
        if passes {
            path.inside = into;
        } else {
            // What is mirrored, inside too, is not the background that lies straight behind.
            path.is_clear = false;
        }
        let inward = if passes { -1.0 } else { 1.0 };
        let origin = add(at, side.world([0.0, 0.0, inward * OFF]));
        path.ray = Ray { origin, direction: side.world(toward) };
        Next::Goes
    }

    /// Goes through what the path is inside of, to its other side.
    fn cross(&self, path: &mut Path, medium: Medium, bounce: u32) -> Next {
        let Some(voxels) = &self.scene.translucent else { return Next::Ends };
        let opaque = first_hit(&self.scene.opaque, &path.ray, 0.0, f64::INFINITY);
        let until = opaque.map_or(f64::INFINITY, |hit| hit.distance);
        let mut march = March::inside(voxels, &path.ray, (medium.voxel, medium.axis), [0.0, until]);
        let scene = self.scene;
        let goes_on = march.cross(
            medium.color,
            |slot| scene.clear_color_of_slot(slot),
            |_, _, _| false,
            |voxel| scene.clear_color(voxel),
        );
        let out = if goes_on { march.t } else { march.last() };
        path.through = multiplied(path.through, left_after(&medium.absorbs, out as f32));
        if let Some(hit) = opaque.filter(|hit| hit.distance <= out) {
            path.inside = None;
            let next = self.meet_opaque(path, &hit, bounce);
            // It goes back into what lies on the surface.
            let voxel = beside(&hit);
            path.inside = Some(Medium { voxel, axis: hit.face.axis(), ..medium });
            return next;
        }
        let hit = march.hit();
        let at = place(&path.ray, &hit);
        // The side of the next voxel, looked at from here.
        let side = Side::new(hit.face, true);
        let next = voxels.contains(hit.voxel).then(|| {
            let color = scene.clear_color(hit.voxel);
            self.medium(color, hit.voxel, hit.face.axis())
        });
        let ratio = next.map_or(1.0, |next| next.slower) / medium.slower;
        path.inside = Some(Medium { voxel: beside(&hit), axis: hit.face.axis(), ..medium });
        self.pass(path, (side, at), ratio, next)
    }
}

/// The voxel before the side through which a ray comes in.
fn beside(hit: &Hit) -> [i32; 3] {
    let normal = hit.face.normal();
    std::array::from_fn(|axis| hit.voxel[axis].wrapping_add(normal[axis]))
}

/// How much of what is translucent scatters like something matt: little of glass, much of milk.
fn haze(color: Rgba) -> f32 {
    let covers = f32::from(color.a) / 255.0;
    covers * covers
}

/// What is left of light after a way through something that absorbs it.
fn left_after(absorbs: &[f32; 3], way: f32) -> [f32; 3] {
    absorbs.map(|part| fading(part * way.max(0.0)))
}

/// The exponential function of a negative number, the same on every machine.
fn fading(x: f32) -> f32 {
    let mut part = 1.0 / (1.0 + (x / 64.0) * (1.0 + (x / 128.0) * (1.0 + x / 192.0)));
    (0..6).for_each(|_| part *= part);
    part
}

fn multiplied(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|i| a[i] * b[i])
}

/// Where a ray meets a side, exactly on its plane.
fn place(ray: &Ray, hit: &Hit) -> Vec3 {
    let mut at = ray.at(hit.distance);
    let axis = hit.face.axis();
    at[axis] = f64::from(hit.voxel[axis]) + f64::from(u8::from(hit.face.is_positive()));
    at
}

fn off(at: Vec3, side: Side) -> Vec3 {
    add(at, side.world([0.0, 0.0, OFF]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_fades_as_the_exponential_function_does() {
        for step in 0..400 {
            let x = step as f32 * 0.02;
            assert!((fading(x) - (-x).exp()).abs() < 2e-3, "{x} {} {}", fading(x), (-x).exp());
        }
        assert!(fading(1e9) == 0.0 && fading(0.0) == 1.0);
    }
}
