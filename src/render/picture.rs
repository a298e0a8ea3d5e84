//! A picture: rows of RGBA pixels, and its PNG form.

use super::file::{FileError, PictureFile};
use crate::job::{Job, Work, leftovers};
use crate::voxel::Rgba;

/// Pixels filled in one unit of work.
const PIXELS_A_UNIT: usize = 1 << 14;

/// Pixels with straight alpha in sRGB, 8 bits a channel, rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// Samples of each pixel, if they were traced.
    samples: u32,
}

impl Drop for Picture {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.pixels));
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

impl Picture {
    /// A picture of one colour.
    pub fn filled(width: u32, height: u32, color: Rgba) -> Self {
        let count = width as usize * height as usize;
        Picture { width, height, pixels: color.bytes().repeat(count), samples: 0 }
    }

    /// A picture of one colour of which no pixel is there yet: see [`Picture::fill_some`].
    pub(crate) fn to_be_filled(width: u32, height: u32) -> Self {
        let count = width as usize * height as usize;
        Picture { width, height, pixels: Vec::with_capacity(4 * count), samples: 0 }
    }

    /// Adds some more of the pixels; false once all are there.
    pub(crate) fn fill_some(&mut self, color: Rgba) -> bool {
        let missing = self.width as usize * self.height as usize - self.pixels.len() / 4;
        let some = missing.min(PIXELS_A_UNIT);
        self.pixels.extend(std::iter::repeat_n(color.bytes(), some).flatten());
        some < missing
    }

    /// How many samples each pixel has at least, of a picture by paths of light; 0 of others.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    pub(crate) fn set_samples(&mut self, samples: u32) {
        self.samples = samples;
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes r, g, b, a of all pixels, row by row from the top.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// A pixel, counted from the top left; `None` outside.
    pub fn get(&self, x: u32, y: u32) -> Option<Rgba> {
        let place = self.place(x, y)?;
        let bytes: [u8; 4] = self.pixels[place..place + 4].try_into().ok()?;
        Some(bytes.into())
    }

    /// Sets a pixel; outside the picture nothing happens.
    pub fn set(&mut self, x: u32, y: u32, color: Rgba) {
        if let Some(place) = self.place(x, y) {
            self.pixels[place..place + 4].copy_from_slice(&color.bytes());
        }
    }

    /// One row of pixels, to draw into.
    pub(crate) fn row_mut(&mut self, y: u32) -> &mut [u8] {
        let length = self.width as usize * 4;
        &mut self.pixels[y as usize * length..][..length]
    }

    /// Copies a picture into this one with its top left corner at a place; what does not fit is
    /// cut.
    pub fn paste(&mut self, picture: &Picture, left: u32, top: u32) {
        (0..picture.height).for_each(|row| self.paste_row(picture, row, left, top));
    }

    /// Copies a row of a picture that lies with its top left corner at a place.
    pub(crate) fn paste_row(&mut self, picture: &Picture, row: u32, left: u32, top: u32) {
        let count = picture.width.min(self.width.saturating_sub(left)) as usize * 4;
        let from = row as usize * picture.width as usize * 4;
        let start = left as usize * 4;
        if count > 0 && row < self.height.saturating_sub(top) {
            self.row_mut(top + row)[start..start + count]
                .copy_from_slice(&picture.pixels[from..from + count]);
        }
    }

    /// The picture as a PNG file, at once.
    ///
    /// # Errors
    /// Only a picture without pixels cannot be a PNG.
    pub fn encode_png(&self) -> Result<Vec<u8>, FileError> {
        let picture = self.clone();
        let encoding = Work::new(|slice| async move { PictureFile::png(picture, &slice).await });
        Ok(encoding.finish()?.bytes.into_vec())
    }

    /// The picture that a PNG holds.
    ///
    /// # Errors
    /// Bytes that are no PNG.
    pub fn decode_png(bytes: &[u8]) -> Result<Picture, png::DecodingError> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let wanted = png::Transformations::EXPAND
            | png::Transformations::STRIP_16
            | png::Transformations::ALPHA;
        decoder.set_transformations(wanted);
        let mut reader = decoder.read_info()?;
        let length = reader.output_buffer_size().unwrap_or(0);
        let mut pixels = vec![0; length];
        let info = reader.next_frame(&mut pixels)?;
        let color = |pixel: &[u8]| match *pixel {
            [grey, a] => [grey, grey, grey, a],
            [r, g, b, a] => [r, g, b, a],
            _ => [0; 4],
        };
        let pixels = pixels.chunks_exact(info.color_type.samples()).flat_map(color).collect();
        Ok(Picture { width: info.width, height: info.height, pixels, samples: 0 })
    }

    fn place(&self, x: u32, y: u32) -> Option<usize> {
        let inside = x < self.width && y < self.height;
        inside.then(|| (y as usize * self.width as usize + x as usize) * 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_picture_is_cut_at_the_edge() {
        let mut sheet = Picture::filled(4, 4, Rgba::EMPTY);
        sheet.paste(&Picture::filled(3, 3, Rgba::WHITE), 2, 3);
        sheet.paste(&Picture::filled(3, 3, Rgba::WHITE), 9, 0);
        let white = (0..16).filter(|i| sheet.get(i % 4, i / 4) == Some(Rgba::WHITE)).count();
        assert_eq!(white, 2);
        assert_eq!(sheet.get(4, 0), None);
    }
}
