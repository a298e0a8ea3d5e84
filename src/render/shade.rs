//! From what lies under a sample to light, and from the samples of a pixel to its bytes.

use super::light::FaceLight;
use super::projector::{Projector, Ray, RayField};
use super::reflection::{self, Glance};
use super::scene::Scene;
use super::settings::RenderSettings;
use super::srgb::{Srgb, srgb};
use super::surface::{Surface, SurfaceCache};
use super::through::{self, Entry, Run};
use super::vector::length;
use crate::job::Slice;
use crate::mesh::Face;
use crate::voxel::Rgba;

/// Below this many pixels a voxel corners are not drawn one by one: a side is evenly dark.
const CORNERS_FROM_PIXELS: f64 = 2.0;
/// Voxels of depth after which a half of what is left shines through something translucent.
const DEPTH: f32 = 10.0;
/// The colour of great depth, as a share of the colour of the surface.
const DEEP: f32 = 0.35;

/// Light with alpha, premultiplied, linear.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Light4 {
    pub(crate) rgb: [f32; 3],
    pub(crate) alpha: f32,
}

impl Light4 {
    /// Adds another sample.
    #[inline]
    pub(crate) fn add(&mut self, other: Light4) {
        (0..3).for_each(|i| self.rgb[i] += other.rgb[i]);
        self.alpha += other.alpha;
    }

    /// The sum of so many samples like this one.
    #[inline]
    pub(crate) fn scaled(self, by: f32) -> Light4 {
        Light4 { rgb: self.rgb.map(|part| part * by), alpha: self.alpha * by }
    }
}

/// A place on a surface that a sample shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) voxel: [i32; 3],
    pub(crate) face: Face,
    /// The way along the sample's ray.
    pub(crate) distance: f64,
}

/// Shades samples of one picture.
pub(crate) struct Shader {
    pub(crate) rays: RayField,
    light: FaceLight,
    cache: SurfaceCache,
    srgb: &'static Srgb,
    pub(crate) background: Light4,
    lit: bool,
    /// See [`Shader::even_light`].
    even: Option<[f32; 6]>,
    /// How far surfaces may be for their corners to be drawn one by one.
    corners_until: f64,
    /// Translucent voxels that rays went through.
    pub(crate) looked_through: u64,
    runs: Vec<Run>,
}

impl Shader {
    /// `fine` is the projector of the samples, `projector` that of the pixels.
    pub(crate) fn new(
        settings: &RenderSettings,
        projector: &Projector,
        fine: &Projector,
        light: FaceLight,
    ) -> Self {
        let (cache, lit) = (SurfaceCache::new(settings, light.clone()), settings.shading.lit);
        Shader {
            rays: fine.rays(),
            even: if lit { cache.even_light() } else { Some([1.0; 6]) },
            cache,
            light,
            srgb: srgb(),
            background: premultiplied(srgb(), settings.background),
            lit,
            corners_until: match projector.is_parallel() {
                true if projector.pixels_per_voxel(1.0) >= CORNERS_FROM_PIXELS => f64::INFINITY,
                true => f64::NEG_INFINITY,
                false => projector.pixels_per_voxel(1.0) / CORNERS_FROM_PIXELS,
            },
            looked_through: 0,
            runs: Vec::new(),
        }
    }

    /// Makes what darkens corners quick to find.
    pub(crate) async fn prepare(&mut self, scene: &Scene, slice: &Slice) {
        self.cache.prepare(scene, slice).await;
    }

    /// The light of each kind of side, if it is the same wherever a side lies.
    pub(crate) fn even_light(&self) -> Option<[f32; 6]> {
        self.even
    }

    /// The colour that all voxels are drawn in, if it is one.
    #[inline]
    pub(crate) fn clay(&self) -> Option<Rgba> {
        self.cache.clay()
    }

    /// The light of a place on an opaque surface, seen at a place of the picture.
    #[inline]
    pub(crate) fn opaque(&mut self, scene: &Scene, [x, y]: [f64; 2], seen: &Seen) -> Light4 {
        if let Some(light) = self.even.filter(|_| scene.finishes.is_plain()) {
            // What lies around does not matter.
            let Rgba { r, g, b, .. } = self.clay().unwrap_or_else(|| scene.color(seen.voxel));
            let light = light[seen.face as usize];
            return Light4 {
                rgb: [r, g, b].map(|code| self.srgb.decode(code) * light),
                alpha: 1.0,
            };
        }
        let until = self.corners_until;
        let surface = self.cache.get(scene, seen.voxel, seen.face);
        if !self.lit || surface.is_plain && is_evenly_lit(seen, surface, until) {
            return Light4 { rgb: surface.shown, alpha: 1.0 };
        }
        let surface = *surface;
        let ray = self.rays.ray(x, y);
        let light = self.light(&ray, seen, &surface);
        let rgb = surface.albedo.map(|part| part * light);
        let rgb =
            if surface.is_plain { rgb } else { self.finished(scene, &ray, seen, &surface, rgb) };
        Light4 { rgb, alpha: 1.0 }
    }

    /// The same as a pixel, of a picture of one sample a pixel.
    #[inline]
    pub(crate) fn opaque_pixel(&mut self, scene: &Scene, at: [f64; 2], seen: &Seen) -> [u8; 4] {
        let until = self.corners_until;
        let surface = self.cache.get(scene, seen.voxel, seen.face);
        if !self.lit || surface.is_plain && is_evenly_lit(seen, surface, until) {
            return surface.pixel;
        }
        let light = self.opaque(scene, at, seen);
        self.resolve(light, 1.0)
    }

    /// Whether no place on any side is lighter than another, as small as they are.
    #[inline]
    pub(crate) fn is_coarse(&self) -> bool {
        self.corners_until == f64::NEG_INFINITY
    }

    /// How much light a place gets.
    #[inline]
    fn light(&self, ray: &Ray, seen: &Seen, surface: &Surface) -> f32 {
        if is_evenly_lit(seen, surface, self.corners_until) {
            return surface.mean_light();
        }
        let at = |axis: usize| {
            let point = ray.origin[axis] + ray.direction[axis] * seen.distance;
            ((point - f64::from(seen.voxel[axis])) as f32).clamp(0.0, 1.0)
        };
        surface.light(at(seen.face.u_axis()), at(seen.face.v_axis()))
    }

    /// The light of a place whose material is not the plain one, from what a matt one of its colour
    /// would have.
    fn finished(
        &self,
        scene: &Scene,
        ray: &Ray,
        seen: &Seen,
        surface: &Surface,
        matt: [f32; 3],
    ) -> [f32; 3] {
        let finish = scene.finish(seen.voxel);
        let mut rgb = matt;
        if finish.reflects() {
            let normal = surface.normal;
            let glance = Glance::new(ray, seen, normal, finish.roughness);
            let mirrored = reflection::seen_from(scene, &self.light, &self.cache, &glance);
            let coat = glance.fresnel() * finish.polish;
            for i in 0..3 {
                let through_coat = matt[i] * (1.0 - coat) + mirrored[i] * coat;
                let metal = mirrored[i] * surface.albedo[i];
                rgb[i] = through_coat * (1.0 - finish.metal) + metal * finish.metal;
            }
        }
        dazzling(std::array::from_fn(|i| rgb[i] + finish.emission[i]))
    }

    /// Finds what translucent voxels there are before a surface. False if there are none.
    pub(crate) fn look_through(
        &mut self,
        scene: &Scene,
        ray: &Ray,
        entry: Entry,
        seen: Option<&Seen>,
    ) -> bool {
        let until = seen.map_or(f64::INFINITY, |seen| seen.distance);
        self.looked_through += through::collect(scene, ray, entry, until, &mut self.runs);
        if let Some(clay) = self.cache.clay() {
            self.runs.iter_mut().for_each(|run| run.color = Rgba { a: run.color.a, ..clay });
        }
        !self.runs.is_empty()
    }

    /// The light of a sample: what [`Shader::look_through`] found before the surface or the
    /// background.
    pub(crate) fn before(&mut self, scene: &Scene, ray: &Ray, behind: Light4) -> Light4 {
        let runs = std::mem::take(&mut self.runs);
        let light = if self.lit {
            self.lit_before(scene, ray, &runs, behind)
        } else {
            let color = through::flat(&runs, Rgba::from(self.resolve(behind, 1.0)));
            premultiplied(self.srgb, color)
        };
        self.runs = runs;
        light
    }

    /// Blended as layers are, but darker with depth, and with the sky on the first surface.
    fn lit_before(&mut self, scene: &Scene, ray: &Ray, runs: &[Run], behind: Light4) -> Light4 {
        let (srgb, step) = (self.srgb, length(ray.direction) as f32);
        let mut alpha = behind.alpha;
        let mut codes =
            behind.rgb.map(|part| if alpha > 0.0 { srgb.code(part / alpha) * alpha } else { 0.0 });
        for (index, run) in runs.iter().enumerate().rev() {
            let seen = Seen { voxel: run.voxel, face: run.face, distance: run.from };
            let surface = *self.cache.get(scene, seen.voxel, seen.face);
            let light = self.light(ray, &seen, &surface);
            let finish = scene.finish(run.voxel);
            let shown = |i: usize| srgb.code(surface.albedo[i] * light + finish.emission[i]);
            let colors: [f32; 3] = std::array::from_fn(shown);
            let covers = f32::from(run.color.a) / 255.0;
            let through = (1.0 - covers) * transmittance((run.to - run.from) as f32 * step);
            let deep = (1.0 - covers - through) * DEEP;
            let glance = Glance::new(ray, &seen, surface.normal, finish.roughness.min(0.3));
            let sky = if index == 0 { glance.fresnel() } else { 0.0 };
            let shine = if index == 0 { reflection::sky(&self.light, &glance) } else { [0.0; 3] };
            for i in 0..3 {
                let inside = colors[i] * (covers + deep) + codes[i] * through;
                codes[i] = inside * (1.0 - sky) + srgb.code(shine[i]) * sky;
            }
            let own = 1.0 - through + alpha * through;
            alpha = own * (1.0 - sky) + sky;
        }
        let rgb = codes.map(|code| srgb.light(code / alpha.max(1e-6)) * alpha);
        Light4 { rgb, alpha }
    }

    /// The bytes of a pixel from the sum of its samples.
    #[inline]
    pub(crate) fn resolve(&self, sum: Light4, samples: f32) -> [u8; 4] {
        if sum.alpha <= 0.0 {
            return [0; 4];
        }
        let by = 1.0 / sum.alpha;
        let [r, g, b] = sum.rgb.map(|part| self.srgb.encode(part * by));
        [r, g, b, (sum.alpha / samples * 255.0 + 0.5) as u8]
    }
}

/// Whether a surface shows its mean light, even or too far away for more.
#[inline]
fn is_evenly_lit(seen: &Seen, surface: &Surface, corners_until: f64) -> bool {
    surface.is_even() || seen.distance >= corners_until
}

/// What is brighter than can be shown in its hue, a little whiter the brighter it is.
pub(crate) fn dazzling(rgb: [f32; 3]) -> [f32; 3] {
    let most = rgb.iter().fold(0.0f32, |most, &part| most.max(part));
    if most <= 1.0 {
        return rgb;
    }
    let white = (1.0 - 1.0 / most) * 0.4;
    rgb.map(|part| part / most + (1.0 - part / most) * white)
}

/// How much of what shines through a surface is left after so many voxels: all of it after one.
fn transmittance(depth: f32) -> f32 {
    let x = (depth - 1.0).max(0.0) / DEPTH;
    1.0 / (1.0 + x + x * x * 0.5)
}

fn premultiplied(srgb: &Srgb, color: Rgba) -> Light4 {
    let alpha = f32::from(color.a) / 255.0;
    Light4 { rgb: [color.r, color.g, color.b].map(|code| srgb.decode(code) * alpha), alpha }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voxel_of_water_is_clear_and_more_of_it_is_darker_with_each() {
        assert_eq!(transmittance(1.0), 1.0);
        let depths: Vec<f32> = (1..200).map(|depth| transmittance(depth as f32)).collect();
        assert!(depths.windows(2).all(|pair| pair[1] < pair[0]));
        assert!(depths[198] < 0.01 && depths[9] > 0.4);
    }
}
