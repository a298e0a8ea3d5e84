//! How many voxels have which colour.

use super::{ByRange, Recent, rgb};
use crate::voxel::Rgba;

/// Counts colours.
pub(crate) struct ColorCounts {
    /// The first one is the empty voxel.
    pub(super) counts: Vec<(Rgba, u64)>,
    places: ByRange<Rgba, u32>,
    recent: Recent<u32>,
}

impl Default for ColorCounts {
    fn default() -> Self {
        ColorCounts {
            counts: vec![(Rgba::EMPTY, 0)],
            places: ByRange::default(),
            recent: Recent::new(0),
        }
    }
}

impl ColorCounts {
    /// Counts some voxels of one colour; empty ones count for nothing.
    #[inline]
    pub(crate) fn add(&mut self, color: Rgba, number: u64) {
        let (counts, places) = (&mut self.counts, &mut self.places);
        let place = self.recent.get(color, || {
            *places.of_mut(rgb(color)).entry(color).or_insert_with(|| {
                counts.push((color, 0));
                counts.len() as u32 - 1
            })
        });
        self.counts[place as usize].1 += number;
    }
}
