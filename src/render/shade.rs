//! From what lies under a sample to light, and from the samples of a pixel to its bytes.

use super::light::FaceLight;
use super::march::{March, first_hit};
use super::projector::{Projector, Ray, RayField};
use super::scene::Scene;
use super::settings::RenderSettings;
use super::srgb::{Srgb, srgb};
use super::surface::{SurfaceCache, side_light};
use crate::mesh::Face;
use crate::voxel::Rgba;

/// Below this many pixels a voxel corners are not drawn one by one: a side is evenly dark.
const CORNERS_FROM_PIXELS: f64 = 2.0;
/// Shadow rays start this far outside their surface, so that they do not hit it.
const SHADOW_OFFSET: f64 = 1e-3;
/// What shines through less than this is not followed further.
const LEAST_TRANSMITTANCE: f32 = 1.0 / 512.0;

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

    /// Adds what lies behind.
    fn over(self, behind: Light4) -> Light4 {
        let through = 1.0 - self.alpha;
        Light4 {
            rgb: std::array::from_fn(|i| self.rgb[i] + behind.rgb[i] * through),
            alpha: self.alpha + behind.alpha * through,
        }
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
    /// Whether voxels throw shadows.
    pub(crate) shadows: bool,
    /// How far surfaces may be for their corners to be drawn one by one.
    corners_until: f64,
    /// Translucent voxels that rays went through.
    pub(crate) looked_through: u64,
}

impl Shader {
    /// `fine` is the projector of the samples, `projector` that of the pixels.
    pub(crate) fn new(
        settings: &RenderSettings,
        projector: &Projector,
        fine: &Projector,
        light: FaceLight,
    ) -> Self {
        let shading = settings.shading;
        Shader {
            rays: fine.rays(),
            light,
            cache: SurfaceCache::new(shading.lit && shading.occlusion, settings.clay),
            srgb: srgb(),
            background: premultiplied(srgb(), settings.background),
            lit: shading.lit,
            shadows: shading.lit && shading.shadows,
            corners_until: match projector.is_parallel() {
                true if projector.pixels_per_voxel(1.0) >= CORNERS_FROM_PIXELS => f64::INFINITY,
                true => f64::NEG_INFINITY,
                false => projector.pixels_per_voxel(1.0) / CORNERS_FROM_PIXELS,
            },
            looked_through: 0,
        }
    }

    /// The light of a place on an opaque surface. The ray is made only if it is needed.
    #[inline]
    pub(crate) fn opaque(&mut self, scene: &Scene, ray: impl Fn() -> Ray, seen: &Seen) -> Light4 {
        let surface = self.cache.get(scene, seen.voxel, seen.face);
        if !self.lit {
            return Light4 { rgb: surface.albedo, alpha: 1.0 };
        }
        let closed_in = match surface.open {
            true => 1.0,
            false if seen.distance < self.corners_until => {
                let ray = ray();
                let at = |axis: usize| {
                    let point = ray.origin[axis] + ray.direction[axis] * seen.distance;
                    ((point - f64::from(seen.voxel[axis])) as f32).clamp(0.0, 1.0)
                };
                surface.occlusion(at(seen.face.u_axis()), at(seen.face.v_axis()))
            }
            false => surface.mean_occlusion(),
        };
        let albedo = surface.albedo;
        let in_shadow = self.shadows && self.in_shadow(scene, &ray(), seen);
        let light = side_light(&self.light, seen.face, in_shadow) * closed_in;
        Light4 { rgb: albedo.map(|part| part * light), alpha: 1.0 }
    }

    fn in_shadow(&self, scene: &Scene, ray: &Ray, seen: &Seen) -> bool {
        let normal = seen.face.normal();
        let toward: f64 =
            (0..3).map(|axis| self.light.toward_key[axis] * f64::from(normal[axis])).sum();
        if toward <= 0.0 {
            return false;
        }
        let mut origin = ray.at(seen.distance);
        let axis = seen.face.axis();
        let plane = seen.voxel[axis] as f64 + f64::from(seen.face.is_positive());
        origin[axis] = plane + SHADOW_OFFSET * f64::from(normal[axis]);
        let toward_light = Ray { origin, direction: self.light.toward_key };
        first_hit(&scene.opaque, &toward_light, 0.0, f64::INFINITY).is_some()
    }

    /// The light of a sample: translucent voxels up to the surface, the surface, the background.
    pub(crate) fn sample(
        &mut self,
        scene: &Scene,
        ray: &Ray,
        near: f64,
        seen: Option<Seen>,
    ) -> Light4 {
        let front = self.translucent(scene, ray, near, seen.map(|seen| seen.distance));
        if front.alpha >= 1.0 - LEAST_TRANSMITTANCE {
            return front;
        }
        let behind = match &seen {
            Some(seen) => self.opaque(scene, || *ray, seen),
            None => self.background,
        };
        front.over(behind)
    }

    /// What translucent voxels add before a distance. Between neighbours of one colour there is no
    /// surface: a block of glass is not darker for being thick.
    fn translucent(&mut self, scene: &Scene, ray: &Ray, near: f64, until: Option<f64>) -> Light4 {
        let mut sum = Light4::default();
        let Some(voxels) = &scene.translucent else { return sum };
        let until = until.unwrap_or(f64::INFINITY);
        let Some(mut march) = March::new(voxels, ray, near, until) else { return sum };
        let mut last: Option<(Rgba, [i32; 3])> = None;
        while let Some(hit) = march.seek(true) {
            self.looked_through += 1;
            let color = self.cache.shown(scene.color(hit.voxel));
            let touching = last.is_some_and(|(before, voxel)| {
                before == color && (0..3).all(|axis| (hit.voxel[axis] - voxel[axis]).abs() <= 1)
            });
            if !touching {
                let light = if self.lit { self.light.full[hit.face as usize] } else { 1.0 };
                let mut layer = premultiplied(self.srgb, color);
                layer.rgb = layer.rgb.map(|part| part * light);
                sum = sum.over(layer);
            }
            last = Some((color, hit.voxel));
            if sum.alpha >= 1.0 - LEAST_TRANSMITTANCE || !march.step() {
                break;
            }
        }
        sum
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

fn premultiplied(srgb: &Srgb, color: Rgba) -> Light4 {
    let alpha = f32::from(color.a) / 255.0;
    Light4 { rgb: [color.r, color.g, color.b].map(|code| srgb.decode(code) * alpha), alpha }
}
