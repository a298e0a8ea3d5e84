//! Drawing a prepared model: by quads, band after band, or by one ray a sample.
//!
//! Both ways find what lies under a sample and hand it to the same shader, so they give the same
//! picture but for samples within 1/256 of an edge.

use super::even::EvenLook;
use super::light::FaceLight;
use super::march::first_entered;
use super::picture::Picture;
use super::pixels::{Layers, shade_pixel, shade_single};
use super::projector::Projector;
use super::quads::{QuadFinder, rows_of};
use super::raster::{Band, Rasterizer, Rest};
use super::scene::Scene;
use super::shade::{Light4, Seen, Shader};
use super::through::Entry;

/// Pixels shaded between two looks at the budget.
const PIXELS_A_UNIT: u32 = 32;
/// Rays followed between two looks at the budget. Between voxels far apart each takes long.
const RAYS_A_UNIT: u32 = 8;
/// The same of pixels that a table knows.
const EVEN_PIXELS_A_UNIT: u32 = 512;
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

impl Stand {
    /// The bytes of a pixel from the sum of its samples.
    #[inline]
    fn resolve(&self, sum: Light4) -> [u8; 4] {
        self.shader.resolve(sum, (self.samples * self.samples) as f32)
    }
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

    /// Draws the next few pixels; `pixel` gives one, or `None` to leave the background. False once
    /// the last row is done.
    fn advance(
        &mut self,
        stand: &mut Stand,
        picture: &mut Picture,
        most: u32,
        mut pixel: impl FnMut(&mut Stand, u32, u32) -> Option<[u8; 4]>,
    ) -> bool {
        let width = picture.width();
        let end = (self.x + most).min(width);
        let enough = stand.shader.looked_through + VOXELS_A_UNIT;
        while self.x < end && stand.shader.looked_through < enough {
            let x = self.x;
            self.x += 1;
            if let Some(bytes) = pixel(stand, x, self.y) {
                picture.row_mut(self.y)[x as usize * 4..][..4].copy_from_slice(&bytes);
            }
        }
        self.end_row(width)
    }

    /// Goes on to the next row at the end of one. False once the last row is done.
    fn end_row(&mut self, width: u32) -> bool {
        if self.x == width {
            (self.x, self.y) = (0, self.y + 1);
        }
        self.y < self.bottom
    }

    /// Draws the next few pixels by rays.
    pub(crate) fn trace(&mut self, stand: &mut Stand, picture: &mut Picture) -> bool {
        let most = (RAYS_A_UNIT / stand.samples.pow(2)).max(1);
        self.advance(stand, picture, most, |stand, x, y| {
            trace_pixel(stand, x, y).map(|sum| stand.resolve(sum))
        })
    }
}

fn trace_pixel(stand: &mut Stand, x: u32, y: u32) -> Option<Light4> {
    let mut sum = Light4::default();
    let mut any = false;
    let samples = stand.samples;
    for sample in 0..samples * samples {
        let (x, y) = (x * samples + sample % samples, y * samples + sample / samples);
        let at = [x, y].map(|part| f64::from(part) + 0.5);
        let ray = stand.shader.rays.ray(at[0], at[1]);
        let seen = first_entered(&stand.scene.opaque, &ray, stand.near).map(|hit| Seen {
            voxel: hit.voxel,
            face: hit.face,
            distance: hit.distance,
        });
        let near = Entry::From(stand.near);
        let is_before = stand.scene.translucent.is_some()
            && stand.shader.look_through(&stand.scene, &ray, near, seen.as_ref());
        any |= seen.is_some() || is_before;
        let light = opaque_light(stand, seen.as_ref(), at);
        sum.add(if is_before { stand.shader.before(&stand.scene, &ray, light) } else { light });
    }
    any.then_some(sum)
}

/// The light of an opaque surface, or else of the background.
#[inline]
pub(crate) fn opaque_light(stand: &mut Stand, seen: Option<&Seen>, at: [f64; 2]) -> Light4 {
    match seen {
        Some(seen) => stand.shader.opaque(&stand.scene, at, seen),
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
    /// What is known of opaque quads, where that tells all.
    even: Option<EvenLook>,
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
            even: EvenLook::new(stand),
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
        let quads = &self.opaque.quads;
        let more = if let (Some(even), None) = (&mut self.even, &self.front) {
            let (x, y, width) = (cursor.x, cursor.y, picture.width());
            let end = (x + EVEN_PIXELS_A_UNIT).min(width);
            cursor.x = even.draw(stand, (&self.band, quads), (x, end, y), picture.row_mut(y));
            cursor.end_row(width)
        } else {
            let front_quads = self.translucent.as_ref().map_or(&[][..], |finder| &finder.quads);
            let front = self.front.as_ref();
            let layers = Layers { band: &self.band, quads, front, front_quads };
            if front.is_none() && samples == 1 && !stand.inside_translucent {
                cursor.advance(stand, picture, PIXELS_A_UNIT, |stand, x, y| {
                    shade_single(stand, &layers, x, y)
                })
            } else {
                let even = &mut self.even;
                cursor.advance(stand, picture, PIXELS_A_UNIT, |stand, x, y| {
                    if let Some(even) = even.as_mut().filter(|_| !layers.has_front(stand, [x, y])) {
                        let mut colors = stand.scene.colors();
                        return even.pixel(stand, &mut colors, (layers.band, quads), [x, y]);
                    }
                    shade_pixel(stand, &layers, x, y).map(|sum| stand.resolve(sum))
                })
            }
        };
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
