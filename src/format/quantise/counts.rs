//! How many voxels have which colour.

use super::{ByRange, Recent, rgb};
use crate::format::long_list::LongList;
use crate::voxel::Rgba;

/// Counts colours.
pub(crate) struct ColorCounts {
    /// The first one is the empty voxel.
    pub(super) counts: LongList<(Rgba, u64)>,
    places: ByRange<Rgba, u32>,
    recent: Recent<u32>,
}

impl Default for ColorCounts {
    fn default() -> Self {
        let mut counts = LongList::default();
        counts.push((Rgba::EMPTY, 0));
        ColorCounts { counts, places: ByRange::default(), recent: Recent::new(0) }
    }
}

impl ColorCounts {
    /// How many colours there are, the empty voxel among them.
    pub(crate) fn colors(&self) -> usize {
        self.counts.len()
    }

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
        if let Some(count) = self.counts.get_mut(place as usize) {
            count.1 += number;
        }
    }
}
