//! How many colours a picture has: few go into a palette, opaque ones need no alpha.

use super::Picture;
use crate::job::Slice;

/// Pixels looked at in one unit of work.
const PIXELS_A_UNIT: usize = 1 << 12;
/// Colours of a palette at most.
pub(super) const MOST: usize = 256;
/// Places of the table: a power of two, several for each colour.
const PLACES: usize = 1024;

/// The colours of a picture, as far as they fit into a palette.
pub(super) struct Colors {
    /// In the order in which they were met; transparent ones first once they are sorted.
    list: Vec<[u8; 4]>,
    /// Places of the list by hash; [`MOST`] is none.
    table: Box<[u16; PLACES]>,
    /// Whether there are more than fit.
    is_over: bool,
    pub(super) is_opaque: bool,
}

impl Colors {
    pub(super) async fn of(picture: &Picture, slice: &Slice) -> Colors {
        let mut colors = Colors {
            list: Vec::new(),
            table: Box::new([MOST as u16; PLACES]),
            is_over: false,
            is_opaque: true,
        };
        let mut last = None;
        for pixels in picture.bytes().chunks(4 * PIXELS_A_UNIT) {
            for &pixel in pixels.as_chunks::<4>().0 {
                if last != Some(pixel) {
                    last = Some(pixel);
                    colors.is_opaque &= pixel[3] == 255;
                    if !colors.is_over {
                        colors.add(pixel);
                    }
                }
            }
            if colors.is_over && !colors.is_opaque {
                break;
            }
            slice.spend(1).await;
        }
        colors.sort();
        colors
    }

    fn place(&self, color: [u8; 4]) -> usize {
        let mut place = (u32::from_le_bytes(color).wrapping_mul(0x9E37_79B1) >> 22) as usize;
        loop {
            match self.list.get(usize::from(self.table[place])) {
                Some(&known) if known != color => place = (place + 1) % PLACES,
                _ => return place,
            }
        }
    }

    fn add(&mut self, color: [u8; 4]) {
        let place = self.place(color);
        if usize::from(self.table[place]) < MOST {
            return;
        }
        match self.list.len() {
            MOST => self.is_over = true,
            index => {
                self.table[place] = index as u16;
                self.list.push(color);
            }
        }
    }

    /// Puts those first that are not opaque: alphas behind the last of them need not be written.
    fn sort(&mut self) {
        self.list.sort_unstable_by_key(|color| (color[3] == 255, *color));
        self.table.fill(MOST as u16);
        for index in 0..self.list.len() {
            // The table knows those before it only, so the place found is free.
            let place = self.free_place(self.list[index]);
            self.table[place] = index as u16;
        }
    }

    fn free_place(&self, color: [u8; 4]) -> usize {
        let mut place = (u32::from_le_bytes(color).wrapping_mul(0x9E37_79B1) >> 22) as usize;
        while usize::from(self.table[place]) < MOST {
            place = (place + 1) % PLACES;
        }
        place
    }

    /// The palette, if all fit into one.
    pub(super) fn palette(&self) -> Option<&[[u8; 4]]> {
        (!self.is_over).then_some(&*self.list)
    }

    /// Appends the places of pixels in the palette.
    pub(super) fn indexes(&self, pixels: &[u8], out: &mut Vec<u8>) {
        let mut last = ([0; 4], 0);
        let mut is_first = true;
        out.extend(pixels.as_chunks::<4>().0.iter().map(|&pixel| {
            if is_first || last.0 != pixel {
                is_first = false;
                last = (pixel, self.table[self.place(pixel)] as u8);
            }
            last.1
        }));
    }
}
