//! Drawing a prepared model: by quads, band after band, or by one ray a sample.
//!
//! Both ways find what lies under a sample and hand it to the same shader, so they give the same
//! picture but for samples within 1/256 of an edge.

use super::light::FaceLight;
use super::march::{first_entered, floor};
use super::picture::Picture;
use super::projector::{Projector, Ray, RayField};
use super::quads::{QuadFinder, rows_of};
use super::raster::{Band, NO_QUAD, Rasterizer, Rest};
use super::scene::Scene;
use super::shade::{Light4, Seen, Shader};
use super::through::Entry;
use crate::mesh::Quad;

/// Pixels shaded between two looks at the budget.
const PIXELS_A_UNIT: u32 = 32;
/// Translucent voxels looked at between two looks at the budget: some rays go through hundreds of
/// them.
const VOXELS_A_UNIT: u64 = 4096;
/// Quads drawn between two looks at the budget.
const QUADS_A_UNIT: usize = 64;
/// Samples in a band: 8 MiB of ids and depths.
const BAND_SAMPLES: u32 = 1 << 20;

/// A model with everything that is needed to draw it.
pub(crate) struct Stand {
    pub(crate) scene: Scene,
    pub(crate) shader: Shader,
    /// The projector of the pixels, and that of the samples.
    pub(crate) pixels: Projector,
    pub(crate) projector: Projector,
    pub(crate) light: FaceLight,
    /// Where rays start.
    pub(crate) near: f64,
    /// Samples across and down a pixel.
    pub(crate) samples: u32,
    /// Whether the eye may be inside something translucent.
    pub(crate) inside_translucent: bool,
}

/// A cursor over the pixels between two rows.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    x: u32,
    pub(crate) y: u32,
    bottom: u32,
}

impl Cursor {
    pub(crate) fn new(top: u32, bottom: u32) -> Self {
        Cursor { x: 0, y: top, bottom }
    }

    /// Draws the next few pixels; `pixel` gives the light of one, or `None` to leave the
    /// background. False once the last row is done.
    fn advance(
        &mut self,
        stand: &mut Stand,
        picture: &mut Picture,
        mut pixel: impl FnMut(&mut Stand, u32, u32) -> Option<Light4>,
    ) -> bool {
        let width = picture.width();
        let end = (self.x + PIXELS_A_UNIT).min(width);
        let samples = (stand.samples * stand.samples) as f32;
        let enough = stand.shader.looked_through + VOXELS_A_UNIT;
        while self.x < end && stand.shader.looked_through < enough {
            let x = self.x;
            self.x += 1;
            if let Some(sum) = pixel(stand, x, self.y) {
                let bytes = stand.shader.resolve(sum, samples);
                picture.row_mut(self.y)[x as usize * 4..][..4].copy_from_slice(&bytes);
            }
        }
        if self.x == width {
            (self.x, self.y) = (0, self.y + 1);
        }
        self.y < self.bottom
    }

    /// Draws the next few pixels by rays.
    pub(crate) fn trace(&mut self, stand: &mut Stand, picture: &mut Picture) -> bool {
        self.advance(stand, picture, trace_pixel)
    }
}

#[inline]
fn sample_ray(stand: &Stand, x: u32, y: u32) -> Ray {
    stand.shader.rays.ray(f64::from(x) + 0.5, f64::from(y) + 0.5)
}

fn trace_pixel(stand: &mut Stand, x: u32, y: u32) -> Option<Light4> {
    let mut sum = Light4::default();
    let mut any = false;
    let samples = stand.samples;
    for sample in 0..samples * samples {
        let (x, y) = (x * samples + sample % samples, y * samples + sample / samples);
        let ray = sample_ray(stand, x, y);
        let seen = first_entered(&stand.scene.opaque, &ray, stand.near).map(|hit| Seen {
            voxel: hit.voxel,
            face: hit.face,
            distance: hit.distance,
        });
        let near = Entry::From(stand.near);
        let is_before = stand.scene.translucent.is_some()
            && stand.shader.look_through(&stand.scene, &ray, near, seen.as_ref());
        any |= seen.is_some() || is_before;
        let light = opaque_light(stand, seen.as_ref(), || ray);
        sum.add(if is_before { stand.shader.before(&stand.scene, &ray, light) } else { light });
    }
    any.then_some(sum)
}

/// The light of an opaque surface, or else of the background.
#[inline]
fn opaque_light(stand: &mut Stand, seen: Option<&Seen>, ray: impl Fn() -> Ray) -> Light4 {
    match seen {
        Some(seen) => stand.shader.opaque(&stand.scene, ray, seen),
        None => stand.shader.background,
    }
}

/// Drawing by quads.
pub(crate) struct QuadDrawing {
    opaque: QuadFinder,
    translucent: Option<QuadFinder>,
    rasterizer: Rasterizer,
    band: Band,
    /// The sides of translucent voxels, as near as anything opaque or nearer.
    front: Option<Band>,
    height: u32,
    phase: Phase,
}

enum Phase {
    /// The band is emptied.
    Clear,
    /// Quads go into the band: of the translucent ones or not, the group, the quad, its rest.
    Fill { translucent: bool, group: usize, quad: usize, rest: Rest },
    /// Pixels of the band are shaded.
    Shade(Cursor),
}

const FIRST: Phase = Phase::Fill { translucent: false, group: 0, quad: 0, rest: None };

impl QuadDrawing {
    pub(crate) fn new(
        opaque: QuadFinder,
        translucent: Option<QuadFinder>,
        stand: &Stand,
        picture: &Picture,
    ) -> Self {
        let mut drawing = QuadDrawing {
            opaque,
            translucent,
            rasterizer: Rasterizer::new(&stand.projector),
            band: Band::new(picture.width() * stand.samples),
            front: None,
            height: picture.height(),
            phase: Phase::Clear,
        };
        let translucent = drawing.translucent.as_ref();
        drawing.front = translucent.map(|_| Band::new(picture.width() * stand.samples));
        drawing.start_band(0, picture.width(), stand.samples);
        drawing
    }

    fn start_band(&mut self, top: u32, width: u32, samples: u32) {
        let rows = (BAND_SAMPLES / (width * samples * samples)).max(1);
        let bottom = (top + rows).min(self.height);
        for band in [Some(&mut self.band), self.front.as_mut()].into_iter().flatten() {
            band.reset(top * samples, bottom * samples);
        }
        self.phase = Phase::Clear;
    }

    /// The row that is being worked on.
    pub(crate) fn row(&self, samples: u32) -> u32 {
        match &self.phase {
            Phase::Clear | Phase::Fill { .. } => self.band.top as u32 / samples,
            Phase::Shade(cursor) => cursor.y,
        }
    }

    /// Does a little. False once the picture is done.
    pub(crate) fn advance(&mut self, stand: &mut Stand, picture: &mut Picture) -> bool {
        let samples = stand.samples;
        if let Phase::Clear = self.phase {
            if !self.band.clear() && !self.front.as_mut().is_some_and(Band::clear) {
                self.phase = FIRST;
            }
            return true;
        }
        if let Phase::Fill { .. } = self.phase {
            if !self.fill(stand) {
                let (top, bottom) = (self.band.top as u32, self.band.bottom as u32);
                self.phase = Phase::Shade(Cursor::new(top / samples, bottom / samples));
            }
            return true;
        }
        let Phase::Shade(mut cursor) = self.phase else { return true };
        let layers = Layers {
            band: &self.band,
            quads: &self.opaque.quads,
            front: self.front.as_ref(),
            front_quads: self.translucent.as_ref().map_or(&[], |finder| &finder.quads),
        };
        let more = cursor.advance(stand, picture, |stand, x, y| shade_pixel(stand, &layers, x, y));
        self.phase = Phase::Shade(cursor);
        if !more && cursor.y < self.height {
            self.start_band(cursor.y, picture.width(), samples);
            return true;
        }
        more
    }

    /// Draws the next few quads into the band. False once there is none left.
    fn fill(&mut self, stand: &Stand) -> bool {
        let Phase::Fill { translucent, group, quad, rest } = &mut self.phase else { return false };
        let finder = match (&*translucent, &self.translucent) {
            (false, _) => &self.opaque,
            (true, Some(finder)) => finder,
            (true, None) => return false,
        };
        let Some(current) = finder.groups.get(*group) else {
            (*translucent, *group, *quad) = (!*translucent, 0, 0);
            return *translucent;
        };
        let (top, bottom) = (self.band.top as f64, self.band.bottom as f64);
        let outside = rows_of(&stand.projector, &current.bounds)
            .is_some_and(|[low, high]| high < top - 1.0 || low > bottom + 1.0);
        if outside {
            *quad = current.end;
        }
        let end = (*quad + QUADS_A_UNIT).min(current.end);
        while *quad < end {
            let band = match &mut self.front {
                Some(front) if *translucent => front,
                _ => &mut self.band,
            };
            *rest = self.rasterizer.draw(band, &finder.quads[*quad], *quad as u32, *rest);
            if rest.is_some() {
                return true;
            }
            *quad += 1;
        }
        if *quad == current.end {
            *group += 1;
        }
        true
    }
}

/// Where the ray of a place in the picture meets a quad: the place on it, and the voxel, which is
/// one of the quad's even where rounding puts the place beside it.
#[inline]
fn meet(quad: &Quad, rays: &RayField, x: f64, y: f64) -> Seen {
    match quad.face.axis() {
        0 => meet_plane::<0, 1, 2>(quad, rays, x, y),
        1 => meet_plane::<1, 0, 2>(quad, rays, x, y),
        _ => meet_plane::<2, 0, 1>(quad, rays, x, y),
    }
}

/// [`meet`] with the axes of the quad known to the compiler, which saves half the time.
#[inline]
fn meet_plane<const AXIS: usize, const U: usize, const V: usize>(
    quad: &Quad,
    rays: &RayField,
    x: f64,
    y: f64,
) -> Seen {
    let ray = rays.ray(x, y);
    let plane = f64::from(quad.voxel[AXIS]) + f64::from(u8::from(quad.face.is_positive()));
    let distance = (plane - ray.origin[AXIS]) / ray.direction[AXIS];
    let place = |axis: usize, size: u8| {
        let at = floor(ray.origin[axis] + ray.direction[axis] * distance);
        let low = i64::from(quad.voxel[axis]);
        at.clamp(low, low + i64::from(size) - 1) as i32
    };
    let mut voxel = quad.voxel;
    voxel[U] = place(U, quad.size[0]);
    voxel[V] = place(V, quad.size[1]);
    Seen { voxel, face: quad.face, distance }
}

/// What lies under the samples of a band.
struct Layers<'a> {
    band: &'a Band,
    quads: &'a [Quad],
    front: Option<&'a Band>,
    front_quads: &'a [Quad],
}

/// What lies under a sample: the numbers of the opaque quad and of the translucent one before it.
#[derive(Clone, Copy, PartialEq)]
struct Under {
    opaque: u32,
    front: u32,
}

impl Layers<'_> {
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

fn shade_pixel(stand: &mut Stand, layers: &Layers<'_>, x: u32, y: u32) -> Option<Light4> {
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
    let ray = || rays.ray(left + half, top + half);
    let is_whole = opaque.as_ref().is_none_or(|(quad, seen)| is_even(quad, seen));
    let behind = match (&opaque, &front) {
        (Some((_, seen)), _) if is_whole => stand.shader.opaque(&stand.scene, ray, seen),
        (None, Some(_)) => stand.shader.background,
        (Some((quad, _)), Some(_)) => {
            // The surface is looked at sample by sample, what is before it once.
            let mut sum = Light4::default();
            for (dx, dy) in (0..samples).flat_map(|y| (0..samples).map(move |x| (x, y))) {
                let at = [left + f64::from(dx) + 0.5, top + f64::from(dy) + 0.5];
                let seen = meet(quad, &rays, at[0], at[1]);
                sum.add(stand.shader.opaque(&stand.scene, || rays.ray(at[0], at[1]), &seen));
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
    stand.shader.look_through(&stand.scene, &ray(), entry, until);
    Some(stand.shader.before(&stand.scene, &ray(), behind).scaled(count))
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
    let rays = stand.shader.rays;
    let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
    let seen = layers.quads.get(under.opaque as usize).map(|quad| meet(quad, &rays, x, y));
    let entry = match layers.front_quads.get(under.front as usize) {
        _ if stand.inside_translucent => Entry::From(stand.near),
        Some(quad) => Entry::At(meet(quad, &rays, x, y)),
        None => {
            let seen = seen?;
            return Some(stand.shader.opaque(&stand.scene, || rays.ray(x, y), &seen));
        }
    };
    let ray = rays.ray(x, y);
    let is_before = stand.shader.look_through(&stand.scene, &ray, entry, seen.as_ref());
    if !is_before && seen.is_none() {
        return None;
    }
    let behind = opaque_light(stand, seen.as_ref(), || ray);
    Some(if is_before { stand.shader.before(&stand.scene, &ray, behind) } else { behind })
}
