//! PNG bytes to pixels and back, within limits.

use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations};

use crate::voxel::Rgba;

/// A picture in memory: rows from top to bottom.
pub(crate) struct Image {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<Rgba>,
}

/// Width and height from the header, without decoding anything else.
pub(crate) fn size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.get(..24)?;
    let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| header[at + i]));
    (header[..8] == *b"\x89PNG\r\n\x1a\n" && header[12..16] == *b"IHDR")
        .then(|| (number(16), number(20)))
}

/// Decodes a PNG of any colour type to RGBA with 8 bits a channel. `max_pixels` bounds the memory.
pub(crate) fn decode(png: &[u8], max_pixels: u64) -> Result<Image, String> {
    let (width, height) = size(png).ok_or("no PNG header")?;
    let count = u64::from(width) * u64::from(height);
    if count > max_pixels {
        return Err(format!("a picture of {width} x {height} pixels (at most {max_pixels})"));
    }
    let limits = Limits { bytes: count as usize * 8 + (1 << 20) };
    let mut decoder = Decoder::new_with_limits(Cursor::new(png), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let length = reader.output_buffer_size().ok_or("picture too large")?;
    let mut raw = vec![0; length];
    let info = reader.next_frame(&mut raw).map_err(|error| error.to_string())?;
    raw.truncate(info.buffer_size());
    Ok(Image { width, height, pixels: to_rgba(&raw, info.color_type)? })
}

fn to_rgba(raw: &[u8], color: ColorType) -> Result<Vec<Rgba>, String> {
    let pixels = match color {
        ColorType::Rgba => raw.as_chunks::<4>().0.iter().map(|&p| Rgba::from(p)).collect(),
        ColorType::Rgb => {
            raw.as_chunks::<3>().0.iter().map(|&[r, g, b]| Rgba::opaque(r, g, b)).collect()
        }
        ColorType::GrayscaleAlpha => {
            raw.as_chunks::<2>().0.iter().map(|&[v, a]| Rgba::new(v, v, v, a)).collect()
        }
        ColorType::Grayscale => raw.iter().map(|&v| Rgba::opaque(v, v, v)).collect(),
        ColorType::Indexed => return Err("indexed colours that were not expanded".to_owned()),
    };
    Ok(pixels)
}

/// Encodes RGBA bytes (4 a pixel, rows from the top) as a PNG.
pub(crate) fn encode(width: u32, height: u32, rgba: &[u8], effort: Compression) -> Vec<u8> {
    encode_with_text(width, height, rgba, effort, None)
}

/// The same with a text chunk: its keyword and its text.
pub(crate) fn encode_with_text(
    width: u32,
    height: u32,
    rgba: &[u8],
    effort: Compression,
    text: Option<(&str, &str)>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(rgba.len() / 8 + 128);
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(effort);
    encoder.set_filter(Filter::Up);
    let text = text.map_or(Ok(()), |(keyword, text)| {
        encoder.add_text_chunk(keyword.to_owned(), text.to_owned())
    });
    // Writing to memory cannot fail, and the length of the data follows from the size.
    let written =
        text.and_then(|()| encoder.write_header()).and_then(|mut out| out.write_image_data(rgba));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}

/// The text of a text chunk that stands before the pixels.
pub(crate) fn text(png: &[u8], keyword: &str) -> Option<String> {
    let limits = Limits { bytes: 1 << 20 };
    let reader = Decoder::new_with_limits(Cursor::new(png), limits).read_info().ok()?;
    let chunks = &reader.info().uncompressed_latin1_text;
    chunks.iter().find(|chunk| chunk.keyword == keyword).map(|chunk| chunk.text.clone())
}
