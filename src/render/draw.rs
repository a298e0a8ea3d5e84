//! Drawing a prepared model: by quads, band after band, or by one ray a sample.
//!
//! Both ways find what lies under a sample and hand it to the same shader, so they give the same
//! picture but for samples within 1/256 of an edge.

use super::march::{first_entered, floor};
use super::picture::Picture;
use super::projector::{Projector, Ray, RayField};
use super::quads::{QuadFinder, rows_of};
use super::raster::{Band, NO_QUAD, Rasterizer, Rest, TRANSLUCENT};
use super::scene::Scene;
use super::shade::{Light4, Seen, Shader};
use crate::mesh::Quad;

/// Pixels shaded between two looks at the budget.
const PIXELS_A_UNIT: u32 = 32;
/// Translucent voxels looked at between two looks at the budget: some rays go through hundreds of them.
const VOXELS_A_UNIT: u64 = 4096;
/// Quads drawn between two looks at the budget.
const QUADS_A_UNIT: usize = 64;
/// Samples in a band: 8 MiB of ids and depths.
const BAND_SAMPLES: u32 = 1 << 20;

/// A model with everything that is needed to draw it.
pub(crate) struct Stand {
    pub(crate) scene: Scene,
    pub(crate) shader: Shader,
    /// The projector of the samples.
    pub(crate) projector: Projector,
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
        any |= seen.is_some() || stand.scene.translucent.is_some();
        sum.add(stand.shader.sample(&stand.scene, &ray, stand.near, seen));
    }
    any.then_some(sum)
}

/// Drawing by quads.
pub(crate) struct QuadDrawing {
    opaque: QuadFinder,
    translucent: Option<QuadFinder>,
    rasterizer: Rasterizer,
    band: Band,
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
            height: picture.height(),
            phase: Phase::Clear,
        };
        drawing.start_band(0, picture.width(), stand.samples);
        drawing
    }

    fn start_band(&mut self, top: u32, width: u32, samples: u32) {
        let rows = (BAND_SAMPLES / (width * samples * samples)).max(1);
        let bottom = (top + rows).min(self.height);
        self.band.reset(top * samples, bottom * samples);
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
            if !self.band.clear() {
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
        let (band, quads) = (&self.band, &self.opaque.quads);
        let more =
            cursor.advance(stand, picture, |stand, x, y| shade_pixel(stand, band, quads, x, y));
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
            let id = if *translucent { TRANSLUCENT } else { *quad as u32 };
            *rest = self.rasterizer.draw(&mut self.band, &finder.quads[*quad], id, *rest);
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

fn shade_pixel(stand: &mut Stand, band: &Band, quads: &[Quad], x: u32, y: u32) -> Option<Light4> {
    let samples = stand.samples;
    if let Some(sum) = shade_even_pixel(stand, band, quads, x, y) {
        return Some(sum);
    }
    let mut sum = Light4::default();
    let mut any = false;
    for row in y * samples..(y + 1) * samples {
        let ids = &band.row(row)[(x * samples) as usize..][..samples as usize];
        for (x, &id) in (x * samples..).zip(ids) {
            let light = shade_sample(stand, quads, id, x, row);
            any |= light.is_some();
            sum.add(light.unwrap_or(stand.shader.background));
        }
    }
    any.then_some(sum)
}

/// The light of a pixel whose samples all show the same side of the same voxel: looked at once, in
/// the middle. Shadows have edges inside a side and are always looked at sample by sample.
#[inline]
fn shade_even_pixel(
    stand: &mut Stand,
    band: &Band,
    quads: &[Quad],
    x: u32,
    y: u32,
) -> Option<Light4> {
    let samples = stand.samples;
    if samples == 1 || stand.shader.shadows || stand.inside_translucent {
        return None;
    }
    let id = band.row(y * samples)[(x * samples) as usize];
    let quad = quads.get(id as usize)?;
    let rows = y * samples..(y + 1) * samples;
    let same = |row: u32| {
        band.row(row)[(x * samples) as usize..][..samples as usize].iter().all(|&other| other == id)
    };
    if !rows.clone().all(same) {
        return None;
    }
    let [left, top] = [x, y].map(|at| f64::from(at * samples));
    let last = f64::from(samples - 1) + 0.5;
    let rays = stand.shader.rays;
    let half = f64::from(samples) / 2.0;
    let seen = meet(quad, &rays, left + half, top + half);
    let corners = [(0.5, 0.5), (last, 0.5), (0.5, last), (last, last)];
    if !corners.iter().all(|&(dx, dy)| meet(quad, &rays, left + dx, top + dy).voxel == seen.voxel) {
        return None;
    }
    let light = stand.shader.opaque(&stand.scene, || rays.ray(left + half, top + half), &seen);
    let count = (samples * samples) as f32;
    Some(Light4 { rgb: light.rgb.map(|part| part * count), alpha: light.alpha * count })
}

/// The light of a sample, `None` for the bare background.
#[inline]
fn shade_sample(stand: &mut Stand, quads: &[Quad], id: u32, x: u32, y: u32) -> Option<Light4> {
    let through = id & TRANSLUCENT != 0 || stand.inside_translucent;
    if id & NO_QUAD == NO_QUAD && !through {
        return None;
    }
    let rays = stand.shader.rays;
    let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
    let seen = quads.get((id & NO_QUAD) as usize).map(|quad| meet(quad, &rays, x, y));
    Some(match (&seen, through) {
        (Some(seen), false) => stand.shader.opaque(&stand.scene, || rays.ray(x, y), seen),
        _ => stand.shader.sample(&stand.scene, &rays.ray(x, y), stand.near, seen),
    })
}
