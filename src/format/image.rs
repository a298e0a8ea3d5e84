//! PNG bytes to pixels and back, within limits.

use std::io::{Cursor, Write};

use png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, Encoder, Filter, InterlaceInfo,
    Limits, Reader, Transformations,
};

use super::FormatError;
use super::pictures::{self, Picture};
use crate::job::{Slice, leftovers};
use crate::memory;
use crate::voxel::Rgba;

/// Width and height from the header, without decoding anything else.
pub(crate) fn size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.get(..24)?;
    let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| header[at + i]));
    (header[..8] == *b"\x89PNG\r\n\x1a\n" && header[12..16] == *b"IHDR")
        .then(|| (number(16), number(20)))
}

/// Refuses a picture of more pixels than a limit, which has a name.
pub(crate) fn check_size(
    png: &[u8],
    (limit_name, limit): (&'static str, u64),
) -> Result<(), FormatError> {
    let Some((width, height)) = size(png) else { return Ok(()) };
    let got = u64::from(width) * u64::from(height);
    if got > limit {
        let what = format!("a picture of {width} x {height} pixels");
        return Err(FormatError::Limit { what, limit_name, limit, got });
    }
    Ok(())
}

/// Decodes a PNG of any colour type to RGBA with 8 bits a channel. `max_pixels` bounds the memory.
pub(crate) fn decode(png: &[u8], max_pixels: u64) -> Result<Vec<Rgba>, String> {
    let mut decoding = Decoding::start(png, max_pixels)?;
    while decoding.advance()? {}
    let raster = decoding.into_raster();
    Ok(to_rgba(&raster.raw, raster.color))
}

/// Decodes a picture in slices.
pub(crate) async fn decode_any(
    bytes: Vec<u8>,
    max_pixels: u64,
    slice: &Slice,
) -> Result<Raster, String> {
    if let Some(kind) = Picture::of(&bytes) {
        return pictures::decode(kind, bytes, max_pixels, slice).await;
    }
    let mut decoding = Decoding::start(bytes, max_pixels)?;
    while decoding.advance()? {
        slice.spend(1).await;
    }
    Ok(decoding.into_raster())
}

/// Bytes of pixels decoded in one unit of work, if a row does not have more.
const PIECE: usize = 1 << 16;
/// The most pixels of a row: a row is decoded, or encoded, in one unit of work.
pub(crate) const WIDTH_MAX: u32 = 1 << 17;
/// Bytes of zeros that are written in one unit of work to make room for the pixels. Of less the
/// allocator has zeros soon enough, and of more than `HEAP_MAX` always: then it gets them from the
/// system.
const ROOM_A_UNIT: usize = 1 << 19;
const HEAP_MAX: usize = 33 << 20;

/// A PNG that is decoded some rows at a time.
pub(crate) struct Decoding<R: AsRef<[u8]>> {
    reader: Reader<Cursor<R>>,
    raster: Raster,
    /// Bytes of all pixels.
    length: usize,
    rows: u64,
}

impl<R: AsRef<[u8]>> Decoding<R> {
    /// Reads what stands before the pixels.
    pub(crate) fn start(png: R, max_pixels: u64) -> Result<Self, String> {
        let (width, height) = size(png.as_ref()).ok_or("no PNG header")?;
        let count = u64::from(width) * u64::from(height);
        if count > max_pixels {
            return Err(format!("a picture of {width} x {height} pixels (at most {max_pixels})"));
        }
        if width > WIDTH_MAX {
            return Err(format!("a picture {width} pixels wide (at most {WIDTH_MAX})"));
        }
        let limits = Limits { bytes: count as usize * 8 + (1 << 20) };
        let mut decoder = Decoder::new_with_limits(Cursor::new(png), limits);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let reader = decoder.read_info().map_err(|error| error.to_string())?;
        let length = reader.output_buffer_size().ok_or("picture too large")?;
        let (color, _) = reader.output_color_type();
        if color == ColorType::Indexed {
            return Err("indexed colours that were not expanded".to_owned());
        }
        memory::probe(length).map_err(|refused| refused.to_string())?;
        let raw = if (ROOM_A_UNIT..HEAP_MAX).contains(&length) {
            Vec::with_capacity(length)
        } else {
            vec![0; length]
        };
        let raster = Raster { width, height, color, raw };
        Ok(Decoding { reader, raster, length, rows: 0 })
    }

    /// The text of a text chunk that stands before the pixels.
    pub(crate) fn text(&self, keyword: &str) -> Option<String> {
        let chunks = &self.reader.info().uncompressed_latin1_text;
        chunks.iter().find(|chunk| chunk.keyword == keyword).map(|chunk| chunk.text.clone())
    }

    /// Rows decoded, and all. A picture whose rows come in seven passes has almost twice as many.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let height = u64::from(self.raster.height);
        (self.rows, if self.reader.info().interlaced { height * 15 / 8 } else { height })
    }

    /// Makes some room, or decodes some rows; false once all are decoded.
    pub(crate) fn advance(&mut self) -> Result<bool, String> {
        let room = self.raster.raw.len();
        if room < self.length {
            self.raster.raw.resize(self.length.min(room + ROOM_A_UNIT), 0);
            return Ok(true);
        }
        for _ in 0..(PIECE / self.raster.stride().max(1)).max(1) {
            if !self.decode_row().map_err(|error| error.to_string())? {
                return Ok(false);
            }
            self.rows += 1;
        }
        Ok(true)
    }

    fn decode_row(&mut self) -> Result<bool, DecodingError> {
        let stride = self.raster.stride();
        let Raster { raw, color, .. } = &mut self.raster;
        if !self.reader.info().interlaced {
            // Behind the last row there is room for none, and none comes.
            let start = raw.len().min(self.rows as usize * stride);
            return Ok(self.reader.read_row(&mut raw[start..])?.is_some());
        }
        let Some(row) = self.reader.next_interlaced_row()? else { return Ok(false) };
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            let bits = 8 * color.samples() as u8;
            png::expand_interlaced_row(raw, stride, row.data(), pass, bits);
        }
        Ok(true)
    }

    /// The picture, once all is decoded.
    pub(crate) fn into_raster(self) -> Raster {
        self.raster
    }
}

/// A picture in memory, with the channels that it has in the file: rows from top to bottom.
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    color: ColorType,
    raw: Vec<u8>,
}

impl Raster {
    /// Bytes of a row.
    fn stride(&self) -> usize {
        self.width as usize * self.color.samples()
    }

    /// Of pixels that are decoded already.
    pub(crate) fn new(width: u32, height: u32, color: ColorType, raw: Vec<u8>) -> Self {
        Raster { width, height, color, raw }
    }

    /// A pixel, counted row by row from the top; empty behind the last one.
    pub(crate) fn pixel(&self, index: usize) -> Rgba {
        let samples = self.color.samples();
        match self.raw.get(index * samples..(index + 1) * samples) {
            Some(&[v]) => Rgba::opaque(v, v, v),
            Some(&[v, a]) => Rgba::new(v, v, v, a),
            Some(&[r, g, b]) => Rgba::opaque(r, g, b),
            Some(&[r, g, b, a]) => Rgba::new(r, g, b, a),
            _ => Rgba::EMPTY,
        }
    }

    /// Some pixels, counted row by row from the top; fewer at the end.
    pub(crate) fn pixels(&self, first: usize, count: usize) -> Vec<Rgba> {
        let samples = self.color.samples();
        let [start, end] = [first, first + count].map(|at| self.raw.len().min(at * samples));
        to_rgba(&self.raw[start..end], self.color)
    }
}

impl Drop for Raster {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.raw));
    }
}

fn to_rgba(raw: &[u8], color: ColorType) -> Vec<Rgba> {
    match color {
        ColorType::Rgba => raw.as_chunks::<4>().0.iter().map(|&p| Rgba::from(p)).collect(),
        ColorType::Rgb => {
            raw.as_chunks::<3>().0.iter().map(|&[r, g, b]| Rgba::opaque(r, g, b)).collect()
        }
        ColorType::GrayscaleAlpha => {
            raw.as_chunks::<2>().0.iter().map(|&[v, a]| Rgba::new(v, v, v, a)).collect()
        }
        ColorType::Grayscale | ColorType::Indexed => {
            raw.iter().map(|&v| Rgba::opaque(v, v, v)).collect()
        }
    }
}

/// Encodes RGBA bytes (4 a pixel, rows from the top) as a PNG.
pub(crate) fn encode(width: u32, height: u32, rgba: &[u8], effort: Compression) -> Vec<u8> {
    let mut out = Vec::with_capacity(rgba.len() / 8 + 128);
    // Writing to memory cannot fail, and the length of the data follows from the size.
    let encoder = encoder(&mut out, width, height, effort);
    let written = encoder.write_header().and_then(|mut out| out.write_image_data(rgba));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}

/// An encoder of RGBA pictures.
pub(crate) fn encoder<W: Write>(
    out: W,
    width: u32,
    height: u32,
    effort: Compression,
) -> Encoder<'static, W> {
    let mut encoder = Encoder::new(out, width, height);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(effort);
    encoder.set_filter(Filter::Up);
    encoder
}
