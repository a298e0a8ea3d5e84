//! Pictures side by side with their names, for daemons that draw one view at a time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::render::{Picture, write_label};
use crate::voxel::Rgba;

/// Pixels above each picture for its name.
const STRIP: u32 = 13;

fn columns(views: usize) -> u32 {
    match views {
        0 | 1 => 1,
        2..=4 => 2,
        _ => 3,
    }
}

/// The side of one picture on a sheet of a size.
pub fn cell(size: u32, views: usize) -> u32 {
    size / columns(views)
}

/// Puts pictures in base64 on one sheet, as a PNG.
pub fn compose(pictures: &[String], names: &[&str], cell: u32) -> Result<Vec<u8>, String> {
    let columns = columns(pictures.len());
    let rows = (pictures.len() as u32).div_ceil(columns);
    let white = Rgba::WHITE;
    let mut sheet = Picture::filled(cell * columns, (cell + STRIP) * rows, white);
    for (index, (picture, name)) in (0..).zip(pictures.iter().zip(names)) {
        let [left, top] = [index % columns * cell, index / columns * (cell + STRIP)];
        sheet.paste(&decode(picture)?, left, top + STRIP);
        write_label(&mut sheet, [left + 3, top + 3], name, Rgba::opaque(0, 0, 0));
    }
    sheet.encode_png().map_err(|error| error.to_string())
}

fn decode(base64: &str) -> Result<Picture, String> {
    let bytes = STANDARD.decode(base64).map_err(|error| error.to_string())?;
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    let mut picture = Picture::filled(info.width, info.height, Rgba::WHITE);
    let channels = info.color_type.samples();
    let places = (0..info.height).flat_map(|y| (0..info.width).map(move |x| (x, y)));
    for ((x, y), pixel) in places.zip(pixels.chunks_exact(channels)) {
        let color = match *pixel {
            [r, g, b, a] => Rgba::new(r, g, b, a),
            [r, g, b] => Rgba::opaque(r, g, b),
            [gray, ..] => Rgba::opaque(gray, gray, gray),
            [] => Rgba::WHITE,
        };
        picture.set(x, y, color);
    }
    Ok(picture)
}
