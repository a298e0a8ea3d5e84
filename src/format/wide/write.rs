//! Encoding.
//!
//! The `png` crate writes head and chunks, but filters and packs whole rows. Here a row's bytes are the differences to
//! the pixel on the left, so that nothing of the row above has to be kept.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use png::{EncodingError, Writer, chunk};

/// Packed bytes that make up a chunk.
const CHUNK: usize = 1 << 15;
/// The filter that gives differences to the pixel on the left.
const SUB: u8 = 1;

/// A picture of RGBA pixels in the making.
pub(in crate::format) struct WideWriter<W: Write> {
    out: Writer<W>,
    packer: ZlibEncoder<Vec<u8>>,
    columns: usize,
    column: usize,
    left: [u8; 4],
}

impl<W: Write> WideWriter<W> {
    /// Begins with the pixels, behind the head.
    pub(in crate::format) fn new(out: Writer<W>, columns: usize) -> Self {
        let packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        WideWriter { out, packer, columns, column: 0, left: [0; 4] }
    }

    /// Writes some pixels, row by row from the top.
    pub(in crate::format) fn write(&mut self, pixels: &[[u8; 4]]) -> Result<(), EncodingError> {
        let mut filtered = Vec::with_capacity(4 * pixels.len() + pixels.len() / self.columns + 2);
        for &pixel in pixels {
            if self.column == 0 {
                filtered.push(SUB);
                self.left = [0; 4];
            }
            let difference = |channel: usize| pixel[channel].wrapping_sub(self.left[channel]);
            filtered.extend_from_slice(&[0, 1, 2, 3].map(difference));
            self.left = pixel;
            self.column = (self.column + 1) % self.columns;
        }
        self.packer.write_all(&filtered)?;
        if self.packer.get_ref().len() >= CHUNK {
            let packed = std::mem::take(self.packer.get_mut());
            self.out.write_chunk(chunk::IDAT, &packed)?;
        }
        Ok(())
    }

    /// Ends the picture after its last pixel.
    pub(in crate::format) fn finish(mut self) -> Result<(), EncodingError> {
        let packed = self.packer.finish()?;
        self.out.write_chunk(chunk::IDAT, &packed)?;
        self.out.finish()
    }
}
