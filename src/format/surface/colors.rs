//! The colours of a surface that is written: each has a place in a palette.

use rustc_hash::FxHashMap;

use crate::format::image;
use crate::voxel::Rgba;

/// Colours in the order in which they came.
#[derive(Default)]
pub(in crate::format) struct ColorTable {
    places: FxHashMap<Rgba, u32>,
    pub(in crate::format) colors: Vec<Rgba>,
}

impl ColorTable {
    /// The place of a colour.
    pub(in crate::format) fn place(&mut self, color: Rgba) -> u32 {
        let next = self.colors.len() as u32;
        let place = *self.places.entry(color).or_insert(next);
        if place == next {
            self.colors.push(color);
        }
        place
    }

    /// The edge of a square picture that has a pixel for each colour.
    pub(in crate::format) fn edge(&self) -> u32 {
        let root = (self.colors.len().max(1) as f64).sqrt().ceil() as u32;
        root.next_power_of_two()
    }

    /// Where the middle of a colour's pixel is, from the upper left corner.
    pub(in crate::format) fn middle(&self, place: u32) -> [f32; 2] {
        let edge = self.edge();
        [(place % edge) as f32 + 0.5, (place / edge) as f32 + 0.5].map(|value| value / edge as f32)
    }

    /// The picture as PNG.
    pub(in crate::format) fn png(&self) -> Vec<u8> {
        let edge = self.edge();
        let mut pixels: Vec<u8> = self.colors.iter().flat_map(|color| color.bytes()).collect();
        pixels.resize(4 * (edge * edge) as usize, 255);
        image::encode(edge, edge, &pixels, png::Compression::Balanced)
    }
}
