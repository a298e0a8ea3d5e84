//! Pictures in which all sides of one kind have the same light: what a sample shows is told by its
//! side and the colour of its voxel, so nothing is looked up that a table does not know.
//!
//! Most quads are small and have one colour, which was looked for when they were found.

use super::draw::Stand;
use super::meeting::meet;
use super::raster::{Band, NO_QUAD};
use super::scene::Colors;
use super::shade::Light4;
use super::srgb::srgb;
use crate::mesh::Quad;

/// Colours looked up in one go.
const LOOK_UPS: u32 = 256;

/// The tables that make light of colours.
pub(crate) struct EvenLook {
    /// The bytes and the light of each stored byte, by the side.
    bytes: [[u8; 256]; 6],
    light: [[f32; 256]; 6],
    look_ups: u32,
}

impl EvenLook {
    /// Whether colour and side tell all that there is to see of what is opaque.
    pub(crate) fn fits(stand: &Stand) -> bool {
        stand.scene.finishes.is_plain() && stand.shader.even_light().is_some()
    }

    /// For a model that was made ready, if it fits.
    pub(crate) fn new(stand: &Stand) -> Option<EvenLook> {
        let light = stand.shader.even_light().filter(|_| EvenLook::fits(stand))?;
        let light = light.map(|by| std::array::from_fn(|code| srgb().decode(code as u8) * by));
        let bytes = light.map(|codes: [f32; 256]| codes.map(|light| srgb().encode(light)));
        Some(EvenLook { bytes, light, look_ups: 0 })
    }

    /// Draws pixels of a row up to one; fewer where many colours have to be looked up. Returns the
    /// pixel to go on with.
    pub(crate) fn draw(
        &mut self,
        stand: &Stand,
        (band, quads): (&Band, &[Quad]),
        (mut x, end, y): (u32, u32, u32),
        row: &mut [u8],
    ) -> u32 {
        self.look_ups = 0;
        let (pixels, _) = row.as_chunks_mut::<4>();
        let mut colors = stand.scene.colors();
        while x < end && self.look_ups < LOOK_UPS {
            if let Some(bytes) = self.pixel(stand, &mut colors, (band, quads), [x, y]) {
                pixels[x as usize] = bytes;
            }
            x += 1;
        }
        x
    }

    /// What a sample shows, as a pixel of its own.
    #[inline]
    fn shown(
        &mut self,
        stand: &Stand,
        colors: &mut Colors<'_>,
        quads: &[Quad],
        id: u32,
        at: [u32; 2],
    ) -> Option<[u8; 4]> {
        if id == NO_QUAD {
            return None;
        }
        let ([r, g, b], face) = self.color(stand, colors, quads, id, at);
        let table = &self.bytes[face];
        Some([table[usize::from(r)], table[usize::from(g)], table[usize::from(b)], 255])
    }

    /// A pixel that shows nothing but opaque quads, `None` for the background.
    #[inline]
    pub(crate) fn pixel(
        &mut self,
        stand: &Stand,
        colors: &mut Colors<'_>,
        (band, quads): (&Band, &[Quad]),
        [x, y]: [u32; 2],
    ) -> Option<[u8; 4]> {
        if stand.samples == 1 {
            return self.shown(stand, colors, quads, band.row(y)[x as usize], [x, y]);
        }
        self.pixel_of_samples(stand, colors, (band, quads), [x, y])
    }

    fn pixel_of_samples(
        &mut self,
        stand: &Stand,
        colors: &mut Colors<'_>,
        (band, quads): (&Band, &[Quad]),
        [x, y]: [u32; 2],
    ) -> Option<[u8; 4]> {
        let samples = stand.samples;
        let (left, top) = (x * samples, y * samples);
        let rows = top..top + samples;
        let first = band.row(top)[left as usize];
        let columns = left as usize..(left + samples) as usize;
        let is_even =
            rows.clone().all(|row| band.row(row)[columns.clone()].iter().all(|&id| id == first));
        if is_even && (first == NO_QUAD || !quads[first as usize].color.is_empty()) {
            return self.shown(stand, colors, quads, first, [left, top]);
        }
        let mut sum = Light4::default();
        for row in rows {
            for column in left..left + samples {
                let id = band.row(row)[column as usize];
                sum.add(match id {
                    NO_QUAD => stand.shader.background,
                    _ => {
                        let (color, face) = self.color(stand, colors, quads, id, [column, row]);
                        let table = &self.light[face];
                        Light4 { rgb: color.map(|code| table[usize::from(code)]), alpha: 1.0 }
                    }
                });
            }
        }
        Some(stand.shader.resolve(sum, (samples * samples) as f32))
    }

    /// The stored colour that a sample shows, and the number of its side.
    #[inline]
    fn color(
        &mut self,
        stand: &Stand,
        colors: &mut Colors<'_>,
        quads: &[Quad],
        id: u32,
        [x, y]: [u32; 2],
    ) -> ([u8; 3], usize) {
        let quad = &quads[id as usize];
        let mut color = quad.color;
        if color.is_empty() {
            self.look_ups += 1;
            let seen = meet(quad, &stand.shader.rays, f64::from(x) + 0.5, f64::from(y) + 0.5);
            color = colors.get(seen.voxel);
        }
        let color = stand.shader.clay().unwrap_or(color);
        ([color.r, color.g, color.b], quad.face as usize)
    }
}
